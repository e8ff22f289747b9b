// What TrackerBoard's views compute: which rows, in which order, which of them exist, and what is said of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import {
  countOutcomes, fits, labelOf, largestOf, limitOf, percent, points, rowOf, sentenceOf, shownText, slopeAt, sorted, stepTo, windowOf,
} from "../../src/ocr_nb/static/tracker_board.js";

const ALL = { condition: "", reader: "", outcome: "", x_height: [null, null], search: "" };
const CASES = JSON.parse(readFileSync(new URL("../data/board_cases.json", import.meta.url), "utf8"));
const ROWS = CASES.rows.map((values, id) => rowOf([id, ...values]));

test("rows are filtered and sorted as Python does it", () => {
  assert.ok(CASES.cases.length >= 10);
  for (const { filter, sort_by, descending, images } of CASES.cases) {
    const found = sorted(ROWS.filter((row) => fits(row, { ...ALL, ...filter })), sort_by, descending);
    assert.deepEqual(found.map((row) => row.image), images, JSON.stringify({ filter, sort_by, descending }));
  }
});

test("infinite rates are numbers again and are written as such", () => {
  const row = rowOf([0, "a", null, null, "upsampled:x2", "r", "hurt", 0.5, "∞", "∞", 6, null]);
  assert.deepEqual([row.after, row.change], [Infinity, Infinity]);
  assert.deepEqual([percent(row.after), points(row.change), percent(null), points(null), points(0.00001)], ["∞", "+∞", "—", "—", "0.0"]);
  assert.equal(points(-0.021), "−2.1");
});

test("only rows in sight exist, with a few beyond", () => {
  assert.deepEqual(windowOf(0, 560, 56, 5000), [0, 16]);
  assert.deepEqual(windowOf(56000, 560, 56, 5000), [994, 1016]);
  assert.deepEqual(windowOf(0, 560, 56, 3), [0, 3]);
});

test("slopes share one scale, which a wild reading does not flatten", () => {
  assert.equal(largestOf([{ before: 0.2, after: 0.5 }, { before: 9, after: null }]), 1);
  assert.equal(largestOf([{ before: 0.2, after: 0.1 }]), 0.2);
  assert.equal(largestOf([]), 1);
  assert.deepEqual([0, 0.1, 0.2, 3].map((rate) => slopeAt(rate, 0.2, 20)), [20, 10, 0, 0]);
});

test("outcomes are counted among what the other filters leave", () => {
  const counts = countOutcomes(ROWS, { ...ALL, outcome: "hurt" });
  assert.equal([...counts.values()].reduce((sum, count) => sum + count, 0), ROWS.length);
  assert.equal(countOutcomes(ROWS, { ...ALL, search: "no such" }).get("hurt"), 0);
});

test("keys go from row to row and stop at the ends", () => {
  assert.deepEqual(["ArrowDown", "PageDown", "End", "Home", "ArrowUp"].map((key) => stepTo(key, 0, 50, 8)), [1, 8, 49, 0, 0]);
  assert.equal(stepTo("ArrowDown", -1, 50, 8), 0);
  assert.equal(stepTo("x", 0, 50, 8), null);
  assert.equal(stepTo("ArrowDown", -1, 0, 8), null);
});

test("numbers are said as people say them", () => {
  assert.equal(shownText(12, 5000), "12 of 5,000 rows");
  assert.equal(shownText(1, 1), "1 row");
  assert.deepEqual(["6", " 6,5 ", "", "x", "-1"].map(limitOf), [6, 6.5, null, null, null]);
  assert.equal(labelOf("upsampled:x2+binarize"), "upsampled ×2 + binarize");
  assert.equal(sentenceOf(ROWS[0]), "b.png (blurred), upsampled ×2: CER 0.0 % → 20.0 %, +20.0 points; hurt.");
});
