// The workbench's pure parts: chains of steps, slopes, words.
import assert from "node:assert/strict";
import test from "node:test";

import {
  addStep, costText, duration, highestRate, modelId, moveStep, pieceCollector, placeAt, progressText, removeStep,
  setStepFactor, slopeLine, writeChain, writeConditions,
} from "../../src/ocr_nb/static/workbench.js";

const up = { name: "upsampled", factor: 3 };
const black = { name: "binarize", factor: null };
const inside = { name: "make_upsampling", factor: null };
const chains = [{ steps: [] }, { steps: [up, black] }];

test("chains are written as the kernel reads them", () => {
  assert.equal(writeChain([]), "original");
  assert.equal(writeConditions(chains), "original,upsampled:x3+binarize");
});

test("a step moves within its chain and not beyond its ends", () => {
  assert.equal(writeConditions(moveStep(chains, 1, 0, 1)), "original,binarize+upsampled:x3");
  assert.equal(moveStep(chains, 1, 0, -1), chains);
  assert.equal(moveStep(chains, 1, 1, 2), chains);
  assert.equal(writeConditions(chains), "original,upsampled:x3+binarize");
});

test("a new step comes last, but before upsampling while reading", () => {
  assert.equal(writeConditions(addStep(chains, 0, "deskew")), "deskew,upsampled:x3+binarize");
  const last = [{ steps: [black, inside] }];
  assert.equal(writeConditions(addStep(last, 0, "deskew")), "binarize+deskew+make_upsampling");
});

test("a chain without its last step is the original", () => {
  const one = removeStep(removeStep(chains, 1, 0), 1, 0);
  assert.equal(writeConditions(one), "original,original");
});

test("a factor is set on one step, or left to the advice", () => {
  assert.equal(writeConditions(setStepFactor(chains, 1, 0, 4)), "original,upsampled:x4+binarize");
  assert.equal(writeConditions(setStepFactor(chains, 1, 0, null)), "original,upsampled+binarize");
});

test("a chip lands on the nearest place, its row first", () => {
  const boxes = [
    { left: 0, top: 0, width: 100, height: 30 },
    { left: 110, top: 0, width: 100, height: 30 },
    { left: 0, top: 40, width: 100, height: 30 },
  ];
  assert.equal(placeAt(boxes, 150, 10), 1);
  assert.equal(placeAt(boxes, 150, 55), 2);
});

test("a slope falls where errors become fewer, on one scale for all rows", () => {
  const box = { width: 64, height: 34, margin: 5 };
  const rows = [{ before: { cer: 0.4 }, after: { cer: 0.1 } }, { before: { cer: null }, after: null }];
  const highest = highestRate(rows);
  assert.equal(highest, 0.4);
  const line = slopeLine(0.4, 0.1, highest, box);
  assert.deepEqual(line, { x1: 5, y1: 5, x2: 59, y2: 17 });
  assert.equal(slopeLine(2, 0, highest, box).y1, 5);
  assert.equal(slopeLine(0, 0, highest, box).y2, 29);
  assert.equal(highestRate([]), 0.05);
});

test("what a run will cost is said in words, or why it cannot be", () => {
  assert.equal(costText({ readings: 6, images: 1, cost: "No calls: this machine reads.", obstacle: "" }),
    "6 readings of 1 image. No calls: this machine reads.");
  assert.equal(costText({ readings: 0, images: 0, cost: "", obstacle: "Add an image first." }), "Add an image first.");
});

test("progress says where it is, for how long, and what was asked", () => {
  const status = { done: 1, total: 3, doing: "upsample slip.png", calls: 12 };
  assert.equal(progressText(status, 65.2), "Reading image 2 of 3 · upsample slip.png · 1 min 5 s · 12 calls");
  assert.equal(progressText({ done: 3, total: 3, doing: "", calls: 0 }, 0.44), "Reading image 3 of 3 · 0.4 s");
  assert.equal(duration(4.9), "4 s");
});

test("pieces may come in any order and more than once", () => {
  const add = pieceCollector(5);
  assert.equal(add(3, new Uint8Array([4, 5])), null);
  assert.equal(add(3, new Uint8Array([4, 5])), null);
  assert.deepEqual([...add(0, new Uint8Array([1, 2, 3]))], [1, 2, 3, 4, 5]);
});

test("a model is found however its reference is written", () => {
  assert.equal(modelId("IPY_MODEL_abc"), "abc");
  assert.equal(modelId("anywidget:abc"), "abc");
});
