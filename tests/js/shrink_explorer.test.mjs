// The axis of text heights, averaging, marks and sentences: what the explorer computes by itself.

import assert from "node:assert/strict";
import test from "node:test";

import {
  averagePlane, coverage, curveOf, gather, heightAfter, heightAt, heightText, inkiest, markPath, nearest, pathOf,
  percentText, placeKey, placeOf, sizeAt, teller, verdictText,
} from "../../src/ocr_nb/static/shrink_explorer.js";

const HEIGHTS = [2, 2.5, 3, 4, 5, 6, 8, 12, 16, 24];

test("each halving of the text is the same way on the axis", () => {
  const ways = [[24, 12], [12, 6], [6, 3]].map(([high, low]) => placeOf(high) - placeOf(low));
  for (const way of ways) assert.ok(Math.abs(way - ways[0]) < 1e-12);
  assert.deepEqual([placeOf(2), placeOf(24)], [0, 1]);
  for (const height of HEIGHTS) assert.ok(Math.abs(heightAt(placeOf(height)) - height) < 1e-9);
  assert.deepEqual([heightAt(-1), heightAt(2)], [2, 24]);
});

test("the slider stops at heights that can be measured", () => {
  assert.equal(nearest(9.6, HEIGHTS), 8);
  assert.equal(nearest(9.9, HEIGHTS), 12);
  assert.equal(nearest(1, HEIGHTS), 2);
});

test("keys go from height to height and stay on the axis", () => {
  const after = (key, from) => heightAfter(key, from, HEIGHTS);
  assert.deepEqual(["ArrowLeft", "ArrowRight", "PageDown", "Home", "End"].map((key) => after(key, 8)), [6, 12, 3, 2, 24]);
  assert.equal(after("ArrowLeft", 2), 2);
  assert.equal(after("a", 8), null);
});

test("every cell is shared out whole", () => {
  for (const [from, to] of [[10, 10], [10, 3], [7, 5], [1980, 197], [5, 1]]) {
    const cells = coverage(from, to);
    const weights = new Float64Array(from);
    for (const { first, shares } of cells) {
      assert.ok(Math.abs(shares.reduce((sum, one) => sum + one, 0) - 1) < 1e-9);
      shares.forEach((share, index) => { weights[first + index] += (share * from) / to; });
    }
    for (const weight of weights) assert.ok(Math.abs(weight - 1) < 1e-6, `${from} to ${to}: ${weight}`);
  }
});

test("a picture is averaged, not sampled", () => {
  const stripes = Float32Array.from({ length: 16 }, (_, index) => (index % 2 ? 255 : 0));
  assert.deepEqual([...averagePlane(stripes, 4, 4, 2, 2)], [127.5, 127.5, 127.5, 127.5]);
  assert.deepEqual([...averagePlane(Float32Array.of(0, 30, 60), 3, 1, 2, 1)], [10, 50]);
  assert.deepEqual([...averagePlane(stripes, 4, 4, 4, 4)], [...stripes]);
});

test("the page keeps its shape when it is shrunk", () => {
  const source = { width: 990, height: 450, x_height: 30 };
  assert.deepEqual(sizeAt(source, 5), { width: 165, height: 75 });
  assert.deepEqual(sizeAt(source, 60), { width: 990, height: 450 });
  assert.deepEqual(sizeAt({ width: 990, height: 3, x_height: 30 }, 2), { width: 66, height: 1 });
});

test("what is enlarged first holds a line of text and cuts none", () => {
  const plane = new Float32Array(120 * 120).fill(255);
  for (let y = 50; y < 62; y++) for (let x = 60; x < 110; x++) plane[y * 120 + x] = 0;
  const { x, y } = inkiest(plane, 120, 120, 0.25, 0.2);
  assert.ok(x > 0.5 && x < 0.95, `x ${x}`);
  assert.ok(y - 0.1 < 50 / 120 && y + 0.1 > 62 / 120, `y ${y}`);
});

test("rates and heights read as people write them", () => {
  assert.deepEqual([0, 0.004, 0.0312, 0.1, 0.523, 1.5, null].map(percentText), ["0 %", "0.4 %", "3.1 %", "10 %", "52 %", "150 %", "—"]);
  assert.deepEqual([12, 2.25, 3.5].map(heightText), ["12 px", "2.25 px", "3.5 px"]);
});

test("the sentence counts errors under each condition", () => {
  const conditions = [{ name: "original", label: "original" }, { name: "upsampled:x2", label: "upsampled ×2" }];
  const readings = (one, other) => new Map([["original", { edits: one, length: 128 }], ["upsampled:x2", { edits: other, length: 128 }]]);
  assert.equal(verdictText(5, conditions, readings(67, 0)), "Text 5 px high, 128 characters. Errors: 67 original, none upsampled ×2.");
  assert.equal(verdictText(24, conditions, readings(0, 0)), "Text 24 px high, 128 characters: every one is read right, whatever is done.");
  assert.equal(verdictText(24, conditions, new Map()), "");
  assert.equal(verdictText(5, conditions, new Map([["original", { edits: 1, length: 9 }]])), "Text 5 px high, 9 characters. Errors: 1 original.");
  assert.equal(verdictText(5, conditions, new Map([["original", { error: "No engine." }]])), "");
});

test("a place is known by page, height, damage and reader", () => {
  assert.equal(placeKey("notice", [5.5, "mild", "tesseract"]), "notice|5.5|mild|tesseract");
});

test("a curve is drawn from left to right, without what has no rate, and never above the plot", () => {
  const curve = curveOf(new Map([[12, 0], [3, 1.5], [5, null], [4, 0.5]]));
  assert.deepEqual(curve, [[3, 1.5], [4, 0.5], [12, 0]]);
  assert.equal(pathOf(curve, (height) => height * 10, (rate) => 100 * (1 - rate)), "M30.0 0.0L40.0 50.0L120.0 100.0");
  assert.equal(pathOf([], Number, Number), "");
});

test("every condition has a mark of its own shape", () => {
  const shapes = ["circle", "square", "triangle", "diamond", "cross"].map((shape) => markPath(shape, 8, 8, 5));
  assert.equal(new Set(shapes).size, 5);
});

test("pieces of a picture come together in any order, and twice without harm", () => {
  const parts = new Map();
  const add = (offset, ...bytes) => gather(parts, "a", { offset, total: 5 }, Uint8Array.from(bytes));
  assert.equal(add(3, 4, 5), null);
  assert.equal(add(3, 4, 5), null);
  assert.deepEqual([...add(0, 1, 2, 3)], [1, 2, 3, 4, 5]);
  assert.equal(parts.size, 0);
  assert.deepEqual([...gather(parts, "b", { offset: 0, total: 2 }, new DataView(Uint8Array.of(9, 8, 7).buffer, 1, 2))], [8, 7]);
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
