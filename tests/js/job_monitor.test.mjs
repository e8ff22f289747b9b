// What a line of the monitor says, in which order lines stand, and what of it is told when.

import assert from "node:assert/strict";
import test from "node:test";

import {
  announcement, elapsedOf, elapsedText, factsText, Ledger, moreText, orderOf, shareOf, shortError, stateText, stepTo, summaryText,
} from "../../src/ocr_nb/static/job_monitor.js";

/** A row as the kernel tells it. */
const row = (changes = {}) => ({
  id: 0, what: "upsample page.png", state: "running", running: true, task: "", now: "", attempt: 1, elapsed: 0, calls: 0,
  progress: null, error: "", notes: [], pictured: false, again: "", curl: false, at: 0, ...changes,
});
const ended = (state, changes = {}) => row({ state, running: false, ...changes });

/** A model as anywidget gives it, with what it sent and a way to answer. */
function modelOf() {
  const listeners = new Map();
  return {
    sent: [],
    send(message) { this.sent.push(message); },
    on: (name, listener) => listeners.set(name, listener),
    off: (name) => listeners.delete(name),
    tell: (message, buffers) => listeners.get("msg:custom")?.(message, buffers),
    heard: () => [...listeners.keys()],
  };
}

test("durations read as people write them", () => {
  assert.deepEqual([0, 0.49, 4.9, 59.99, 60, 65, 3599, 3600, 7385].map(elapsedText), [
    "0.0 s", "0.4 s", "4 s", "59 s", "1 min 00 s", "1 min 05 s", "59 min 59 s", "1 h 00 min", "2 h 03 min",
  ]);
});

test("time goes on for what runs, and stands for what has ended", () => {
  assert.equal(elapsedOf(row({ elapsed: 2, at: 1000 }), 4500), 5.5);
  assert.equal(elapsedOf(ended("done", { elapsed: 2, at: 1000 }), 4500), 2);
  assert.equal(elapsedOf(row({ elapsed: 2, at: 1000 }), 900), 2);
});

test("the summary counts every state in words, the running ones together", () => {
  const rows = [row(), row({ state: "queued" }), ended("failed"), ended("done"), ended("done"), ended("timed out")];
  assert.equal(summaryText(rows), "2 running, 2 done, 1 failed, 1 timed out");
  assert.equal(summaryText([]), "");
});

test("parts are counted only while they run", () => {
  assert.equal(stateText(row({ progress: [3, 17] })), "3 of 17");
  assert.equal(stateText(row({ state: "cancelling", progress: [3, 17] })), "cancelling");
  assert.equal(stateText(ended("done", { progress: [17, 17] })), "done");
});

test("the line shows a share where there is one, and motion where nobody knows", () => {
  assert.equal(shareOf(row({ progress: [1, 4] })), 0.25);
  assert.equal(shareOf(row({ progress: [0, 0] })), null);
  assert.equal(shareOf(row()), null);
  assert.equal(shareOf(row({ state: "queued" })), 0);
  assert.equal(shareOf(ended("failed")), 1);
});

test("an error is said without what the line says already", () => {
  const guid = "5abe12c3-0000-4000-8000-0123456789ab";
  assert.equal(shortError(row({ error: "upsample page.png failed: the disk is full." })), "The disk is full.");
  assert.equal(shortError(row({ error: "upsample page.png: gone." })), "Gone.");
  assert.equal(shortError(row({ error: `Task ${guid} was not finished.` })), "Task 5abe12c3… was not finished.");
});

test("the quiet line says the task, the attempt, the part under way or what went wrong", () => {
  assert.equal(factsText(row({ task: "5abe12c3", now: "binarize page.png" })), "5abe12c3 · binarize page.png");
  assert.equal(factsText(ended("failed", { attempt: 2, error: "No." })), "attempt 2 · No.");
  assert.equal(factsText(ended("cancelled", { error: "upsample page.png was cancelled." })), "");
  assert.equal(factsText(ended("done", { notes: ["a", "b"] })), "2 notes");
  assert.equal(moreText(ended("failed", { error: "No." })), "Why");
  assert.equal(moreText(ended("cancelled", { error: "upsample page.png was cancelled." })), "");
  assert.equal(moreText(ended("done", { notes: ["a"] })), "Notes");
});

test("only failures and the end of all are read out", () => {
  const before = [row({ id: 1 }), row({ id: 2 })];
  assert.equal(announcement(before, [row({ id: 1, progress: [1, 2] }), row({ id: 2 })]), "");
  assert.equal(announcement(before, [ended("failed", { id: 1, error: "No text." }), row({ id: 2 })]), "No text.");
  assert.equal(
    announcement(before, [ended("failed", { id: 1, error: "a" }), ended("failed", { id: 2, error: "b" })]),
    "2 tasks failed. All tasks have ended: 2 failed.",
  );
  assert.equal(announcement([], [ended("failed", { error: "old" })]), "");
});

test("lines stand newest first or in the order in which they came", () => {
  assert.deepEqual(orderOf([3, 10, 1], true), [10, 3, 1]);
  assert.deepEqual(orderOf([3, 10, 1], false), [1, 3, 10]);
});

test("the arrow keys stay within the lines", () => {
  assert.deepEqual(["ArrowDown", "ArrowUp", "PageDown", "Home", "End"].map((key) => stepTo(key, 2, 20)), [3, 1, 10, 0, 19]);
  assert.equal(stepTo("ArrowUp", 0, 20), 0);
  assert.equal(stepTo("x", 2, 20), null);
  assert.equal(stepTo("ArrowDown", 0, 0), null);
});

test("however many messages come, the views are told once a frame", () => {
  const model = modelOf();
  const frames = [];
  const ledger = new Ledger(model, { nextFrame: (call) => frames.push(call), now: () => 7 });
  const told = [];
  ledger.listeners.add({ follow: (ids) => told.push(ids), copied() {} });
  assert.deepEqual(model.sent, [{ kind: "send rows" }]);
  for (let round = 0; round < 10; round++) model.tell({ kind: "rows", rows: [row({ id: 1 }), row({ id: 2, calls: round })] });
  assert.equal(frames.length, 1);
  frames.pop()();
  assert.deepEqual(told, [[1, 2]]);
  assert.equal(ledger.rows.get(2).calls, 9);
  assert.equal(ledger.rows.get(2).at, 7);
  model.tell({ kind: "gone", ids: [1] });
  frames.pop()();
  assert.deepEqual([...ledger.rows.keys()], [2]);
  assert.deepEqual(told[1], [1]);
});

test("a thumbnail is asked for once, again only after a retry, and never where there is none", () => {
  const model = modelOf();
  const ledger = new Ledger(model, { nextFrame() {}, now: () => 0 });
  model.tell({ kind: "rows", rows: [row({ id: 1, pictured: true }), row({ id: 2 })] });
  ledger.want([1, 2, 3]);
  ledger.want([1, 2]);
  assert.deepEqual(model.sent.slice(1), [{ kind: "send thumbnails", ids: [1] }]);
  model.tell({ kind: "rows", rows: [row({ id: 1, pictured: true, attempt: 2 })] });
  ledger.want([1]);
  assert.equal(model.sent.length, 3);
});

test("nothing is heard after the model has gone", () => {
  const model = modelOf();
  const ledger = new Ledger(model, { nextFrame() {}, now: () => 0 });
  assert.deepEqual(model.heard(), ["msg:custom"]);
  ledger.remove();
  assert.deepEqual(model.heard(), []);
});
