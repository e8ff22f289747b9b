// What stands between the model and the comparison: pieces put together, saves spaced out.

import assert from "node:assert/strict";
import test from "node:test";

import makeWidget, {
  Album, collector, stateOf, teller, TRAITS, waitingText,
} from "../../src/ocr_nb/static/image_compare_widget.js";

/** A model as anywidget gives it, with what it sent and a way to answer. */
function modelOf(values) {
  const listeners = new Map();
  return {
    sent: [],
    get: (name) => values[name],
    send({ ask, ...message }) { this.sent.push(message); this.asks.push(ask); },
    asks: [],
    on: (name, listener) => listeners.set(name, listener),
    off: (name) => listeners.delete(name),
    tell: (name, ...what) => listeners.get(name)?.(...what),
    heard: () => [...listeners.keys()],
  };
}

test("pieces come together in any order, and twice without harm", () => {
  const add = collector(5);
  assert.equal(add(3, Uint8Array.of(4, 5)), false);
  assert.equal(add(3, Uint8Array.of(4, 5)), false);
  assert.equal(add.received(), 2);
  assert.equal(add(0, Uint8Array.of(1, 2, 3)), true);
  assert.deepEqual([...add.bytes], [1, 2, 3, 4, 5]);
});

test("what is waited for is said in megabytes, and nothing once it is there", () => {
  assert.equal(waitingText(0, 8e6), "Loading, waiting for the kernel");
  assert.equal(waitingText(1.24e6, 8e6), "Loading, 1.2 of 8.0 MB");
  assert.equal(waitingText(8e6, 8e6), "");
});

test("a drag is told at once, then now and then, and at its end", () => {
  const queue = [];
  const told = [];
  const model = new Map();
  model.save_changes = () => told.push(model.get("x"));
  const chosen = teller(model, 80, (call) => queue.push(call));
  const choose = (value) => { chosen.set("x", value); chosen.tell(); };
  for (let move = 1; move <= 50; move++) choose(move);
  assert.deepEqual(told, [1]);
  queue.shift()();
  assert.deepEqual(told, [1, 50]);
  while (queue.length) queue.shift()();
  assert.deepEqual(told, [1, 50]);
  choose(51);
  assert.deepEqual(told, [1, 50, 51]);
});

test("the kernel's echo of an earlier choice does not undo one that waits to be told", () => {
  const queue = [];
  const told = [];
  const model = new Map();
  model.save_changes = () => told.push(model.get("x"));
  const chosen = teller(model, 80, (call) => queue.push(call));
  const choose = (value) => { chosen.set("x", value); chosen.tell(); };
  choose(7.5);
  choose(7);
  model.set("x", 7.5); // the echo
  assert.equal(chosen.get("x"), 7);
  queue.shift()();
  assert.deepEqual([model.get("x"), ...told], [7, 7.5, 7]);
  model.set("x", 12); // by code, later: nothing waits any more
  assert.equal(chosen.get("x"), 12);
});

test("the state is the model's, by the comparison's names", () => {
  const model = modelOf({ mode: "side", split: 0.2, before_index: 1, after_index: 2, smooth: true, zoom: 1, shows_after: true });
  const { mode, split, before, after, smooth, zoom, showsAfter } = stateOf(model);
  assert.deepEqual([mode, split, before, after, smooth, zoom, showsAfter], ["side", 0.2, 1, 2, true, 1, true]);
  assert.ok(Object.values(TRAITS).includes("zoom"));
});

const piece = (hash, offset = 0) => ({ kind: "piece", layer: 0, offset, hash });

test("a model asks for its pictures once and stops listening when it goes", () => {
  const model = modelOf({ layers: [{ byte_count: 2, hash: "a" }, { byte_count: 3, hash: "b" }] });
  const leave = makeWidget().initialize({ model });
  assert.deepEqual(model.sent, [{ kind: "send pictures", hashes: ["a", "b"] }]);
  const view = new DataView(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2);
  model.tell("msg:custom", piece("a"), [view]);
  model.tell("msg:custom", piece("a"), [view]);
  model.tell("msg:custom", { kind: "something else" }, []);
  leave();
  assert.deepEqual(model.heard(), []);
});

test("words that arrive are told to all who show them", () => {
  const model = modelOf({ layers: [{ byte_count: 2, hash: "a" }] });
  const album = new Album(model, () => {});
  const heard = [];
  album.listeners.add((kind) => heard.push(kind));
  model.tell("msg:custom", { kind: "words", words: [{ kind: "fixed" }] });
  assert.deepEqual([album.words, heard], [[{ kind: "fixed" }], ["words"]]);
});

test("of other pictures only those are asked for that are not there yet", () => {
  const values = { layers: [{ byte_count: 2, hash: "a" }, { byte_count: 3, hash: "b" }] };
  const model = modelOf(values);
  makeWidget().initialize({ model });
  values.layers = [{ byte_count: 2, hash: "a" }, { byte_count: 4, hash: "c" }, { byte_count: 4, hash: "c" }];
  model.tell("change:layers");
  assert.deepEqual(model.sent.at(-1), { kind: "send pictures", hashes: ["c"] });
  model.tell("msg:custom", piece("b"), [Uint8Array.of(1, 2, 3)]); // on its way when it was let go: no harm
  model.tell("change:layers");
  assert.equal(model.sent.length, 2);
});

test("a question that is not answered is asked again, under the same name, until a byte arrives", () => {
  const queue = [];
  const model = modelOf({ layers: [{ byte_count: 2, hash: "a" }, { byte_count: 3, hash: "b" }] });
  const album = new Album(model, (run) => queue.push(run));
  queue.shift()();
  assert.equal(model.sent.length, 2);
  assert.deepEqual(model.sent[0], model.sent[1]);
  assert.equal(model.asks[0], model.asks[1]);
  assert.ok(model.asks[0]);
  model.tell("msg:custom", piece("b"), [Uint8Array.of(1)]);
  queue.shift()();
  assert.deepEqual([model.sent.length, queue.length], [2, 0]);
  album.remove();
});

test("nobody asks any more for what is gone, nor for ever", () => {
  const queue = [];
  const model = modelOf({ layers: [{ byte_count: 2, hash: "a" }] });
  const album = new Album(model, (run) => queue.push(run));
  while (queue.length) queue.shift()();
  assert.equal(model.sent.length, 4);
  album.remove();
  const gone = new Album(model, (run) => queue.push(run));
  gone.remove();
  queue.shift()();
  assert.equal(model.sent.length, 5);
});
