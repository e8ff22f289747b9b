// The arithmetic of the comparison: views, divider, keys, words. No browser.

import assert from "node:assert/strict";
import test from "node:test";

import {
  clamp, completeState, completeZoom, constrainView, describeSplit, dividerAt, fitView, frameOf, renderingOf, sameShape,
  spanOf, splitAfterKey, splitAt, zoomLimits, zoomText, zoomView,
} from "../../src/ocr_nb/static/image_compare.js";

const frame = { width: 800, height: 600 };
const pane = { width: 400, height: 300 };

test("the frame is that of the finest layer, wherever it stands", () => {
  const layers = [{ width: 271, height: 227 }, { width: 813, height: 681 }, { width: 542, height: 454 }];
  assert.deepEqual(frameOf(layers), { width: 813, height: 681 });
});

test("rounded sizes of one shape are one shape, a turned page is not", () => {
  assert.ok(sameShape({ width: 271, height: 227 }, { width: 813, height: 681 }));
  assert.ok(sameShape({ width: 333, height: 100 }, { width: 1000, height: 300 }));
  assert.ok(!sameShape({ width: 300, height: 100 }, { width: 100, height: 300 }));
  assert.ok(!sameShape({ width: 330, height: 122 }, { width: 360, height: 160 }));
});

test("a fit shows the whole frame in the middle", () => {
  assert.deepEqual(fitView(frame, pane), { scale: 0.5, x: 0, y: 0 });
  assert.deepEqual(fitView(frame, { width: 400, height: 900 }), { scale: 0.5, x: 0, y: 300 });
});

test("a fit does not blow a tiny picture up without limit", () => {
  assert.deepEqual(fitView({ width: 10, height: 10 }, pane, 4), { scale: 4, x: 180, y: 130 });
});

test("a zoomed picture never leaves a gap, a small one stays in the middle", () => {
  assert.deepEqual(constrainView({ scale: 1, x: 50, y: -900 }, frame, pane), { scale: 1, x: 0, y: -300 });
  assert.deepEqual(constrainView({ scale: 0.25, x: 7, y: 7 }, frame, pane), { scale: 0.25, x: 100, y: 75 });
});

test("zooming keeps the point under the pointer", () => {
  const view = { scale: 1, x: -100, y: -50 };
  const point = { x: 120, y: 80 };
  const zoomed = zoomView(view, 3, point, frame, pane);
  assert.equal((point.x - view.x) / view.scale, (point.x - zoomed.x) / zoomed.scale);
  assert.equal((point.y - view.y) / view.scale, (point.y - zoomed.y) / zoomed.scale);
});

test("one may always zoom out to the fit and to 1:1", () => {
  assert.deepEqual(zoomLimits(frame, pane, 2), { low: 0.5, high: 16 });
  assert.deepEqual(zoomLimits({ width: 50, height: 50 }, pane, 1), { low: 1, high: 32 });
});

test("the divider is a fraction of the image, not of the pane", () => {
  const view = { scale: 0.25, x: 100, y: 75 };
  assert.equal(splitAt(100, view, frame), 0);
  assert.equal(splitAt(200, view, frame), 0.5);
  assert.equal(splitAt(399, view, frame), 1);
  assert.equal(dividerAt(0.5, view, frame, pane), 200);
});

test("the divider waits at the edge while its place is out of sight", () => {
  assert.equal(dividerAt(0.9, { scale: 2, x: 0, y: 0 }, frame, pane), 400);
  assert.equal(dividerAt(0.1, { scale: 2, x: -1200, y: 0 }, frame, pane), 0);
});

test("arrows move the divider by one percent, with Shift by ten, and stop at the ends", () => {
  assert.equal(splitAfterKey(0.5, "ArrowRight"), 0.51);
  assert.equal(splitAfterKey(0.5, "ArrowDown"), 0.49);
  assert.equal(splitAfterKey(0.5, "ArrowLeft", true), 0.4);
  assert.equal(splitAfterKey(0.5, "PageUp"), 0.6);
  assert.equal(splitAfterKey(0.5, "Home"), 0);
  assert.equal(splitAfterKey(0.995, "ArrowRight"), 1);
  assert.equal(splitAfterKey(0.5, "x"), null);
});

test("a hundred steps right and a hundred left come back to the start", () => {
  let split = 0;
  for (let step = 0; step < 100; step += 1) split = splitAfterKey(split, "ArrowRight");
  assert.equal(split, 1);
  for (let step = 0; step < 100; step += 1) split = splitAfterKey(split, "ArrowLeft");
  assert.equal(split, 0);
});

test("a screen reader hears which picture has how much of the frame", () => {
  assert.equal(describeSplit(0.623, "original", "upsampled ×3"), "original 62 %, upsampled ×3 38 %");
});

test("100 % is one pixel of the finest picture on one of the screen", () => {
  assert.equal(zoomText(0.5, 2), "100 %");
  assert.equal(zoomText(0.741, 1), "74 %");
});

test("pixels stay hard unless they are smaller than the screen's or smoothing is asked for", () => {
  const coarse = { width: 200, height: 150 };
  assert.equal(renderingOf(coarse, frame, 0.5, { ratio: 1, smooth: false }), "pixelated");
  assert.equal(renderingOf(frame, frame, 0.5, { ratio: 1, smooth: false }), "auto");
  assert.equal(renderingOf(frame, frame, 0.5, { ratio: 2, smooth: false }), "pixelated");
  assert.equal(renderingOf(coarse, frame, 0.5, { ratio: 1, smooth: true }), "auto");
});

test("a pinch is the distance and the middle of two fingers", () => {
  assert.deepEqual(spanOf({ x: 0, y: 0 }, { x: 6, y: 8 }), { distance: 10, middle: { x: 3, y: 4 } });
});

test("a state with gaps or nonsense is put right", () => {
  const layers = [{}, {}, {}];
  assert.deepEqual(completeState({}, layers), {
    mode: "wipe", split: 0.5, before: 0, after: 2, smooth: false, showsAfter: false, zoom: "fit",
  });
  assert.deepEqual(completeState({ mode: "lens?", split: 7, before: 9, after: 1, smooth: 1, zoom: -2 }, layers), {
    mode: "wipe", split: 1, before: 0, after: 1, smooth: true, showsAfter: false, zoom: "fit",
  });
});

test("a zoom is a fit, or screen pixels a pixel", () => {
  assert.deepEqual(["fit", 2, 0.25, 0, -1, NaN, "large", null].map(completeZoom), [
    "fit", 2, 0.25, "fit", "fit", "fit", "fit", "fit",
  ]);
});

test("a value is kept between its limits", () => {
  assert.deepEqual([clamp(-1, 0, 1), clamp(0.3, 0, 1), clamp(4, 0, 1)], [0, 0.3, 1]);
});
