// The arithmetic of the comparison: views, divider, keys, words. No browser.

import assert from "node:assert/strict";
import test from "node:test";

import {
  clamp, completeState, completeZoom, constrainView, describeDifference, describeSplit, describeValues, describeWord, dividerAt,
  fitView, fractionAt, frameOf, lensAfterKey, lumaOf, nextMarked, paintDifference, pixelAt, placeOf, renderingOf, sameShape,
  signOf, spanOf, splitAfterKey, splitAt, zoomLimits, zoomText, zoomView,
  centerView, mapSize, sightOf, sureness,
} from "../../src/ocr_nb/static/image_compare_geometry.js";

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
    vertical: false, signed: true, threshold: 16, lens: [0.5, 0.5],
    showsWords: true, selected: -1,
  });
  assert.deepEqual(completeState({ mode: "lens?", split: 7, before: 9, after: 1, smooth: 1, zoom: -2 }, layers), {
    mode: "wipe", split: 1, before: 0, after: 1, smooth: true, showsAfter: false, zoom: "fit",
    vertical: false, signed: true, threshold: 16, lens: [0.5, 0.5],
    showsWords: true, selected: -1,
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

test("a divider that moves up and down is measured and moved so", () => {
  const view = { scale: 0.25, x: 100, y: 75 };
  assert.equal(splitAt(75, view, frame, true), 0);
  assert.equal(splitAt(150, view, frame, true), 0.5);
  assert.equal(dividerAt(0.5, view, frame, pane, true), 150);
  assert.equal(dividerAt(1, { scale: 2, x: 0, y: 0 }, frame, pane, true), 300);
  assert.equal(splitAfterKey(0.5, "ArrowDown", false, true), 0.51);
  assert.equal(splitAfterKey(0.5, "ArrowUp", true, true), 0.4);
  assert.equal(splitAfterKey(0.5, "ArrowRight", false, true), 0.51);
});

test("the lens goes where the arrows point and stays on the picture", () => {
  assert.deepEqual(lensAfterKey([0.5, 0.5], "ArrowUp"), [0.5, 0.49]);
  assert.deepEqual(lensAfterKey([0.95, 0.5], "ArrowRight", true), [1, 0.5]);
  assert.deepEqual(lensAfterKey([0, 0], "ArrowLeft"), [0, 0]);
  assert.equal(lensAfterKey([0.5, 0.5], "Enter"), null);
});

test("a state keeps the lens on the picture and the threshold among the grays", () => {
  const state = completeState({ lens: [2, -1], threshold: 999.4, signed: false, vertical: 1 }, [{}, {}]);
  assert.deepEqual(state.lens, [1, 0]);
  assert.equal(state.threshold, 255);
  assert.deepEqual([state.signed, state.vertical], [false, true]);
  assert.deepEqual(completeState({ lens: ["a", 1] }, [{}, {}]).lens, [0.5, 0.5]);
});

test("a point of the pane is a point of the picture", () => {
  const view = { scale: 0.25, x: 100, y: 75 };
  assert.deepEqual(fractionAt({ x: 200, y: 150 }, view, frame), { x: 0.5, y: 0.5 });
  assert.ok(fractionAt({ x: 0, y: 0 }, view, frame).x < 0);
});

test("the same point is one pixel in the coarse picture and another in the fine one", () => {
  const [coarse, fine] = [{ width: 10, height: 5 }, { width: 30, height: 15 }];
  assert.deepEqual(pixelAt({ x: 0.5, y: 0.99 }, coarse, fine), { x: 5, y: 4 });
  assert.deepEqual(pixelAt({ x: 0.5, y: 0.99 }, fine, fine), { x: 15, y: 14 });
  assert.equal(pixelAt({ x: 1, y: 0.5 }, fine, fine), null);
  assert.equal(pixelAt({ x: -0.01, y: 0.5 }, fine, fine), null);
});

test("a picture of another shape lies in the middle, and has no pixel beside it", () => {
  const [tall, square] = [{ width: 50, height: 200 }, { width: 200, height: 200 }];
  assert.deepEqual(placeOf(tall, square), { x: 75, y: 0, width: 50, height: 200 });
  assert.equal(pixelAt({ x: 0.1, y: 0.5 }, tall, square), null);
  assert.deepEqual(pixelAt({ x: 0.5, y: 0.5 }, tall, square), { x: 25, y: 100 });
});

const gray = (...values) => Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255]));

test("a difference is blue where it is darker, orange where lighter, pale where there is none", () => {
  const out = new Uint8ClampedArray(16);
  const found = paintDifference(gray(200, 200, 200, 0), gray(40, 250, 210, 0), out, { threshold: 16, signed: true });
  const color = (index) => [...out.slice(4 * index, 4 * index + 4)];
  const [darker, lighter, faint, same] = [0, 1, 2, 3].map(color);
  assert.ok(darker[2] > darker[1] && darker[1] > darker[0]);
  assert.ok(lighter[0] > lighter[1] && lighter[1] > lighter[2]);
  assert.ok(faint[0] === faint[1] && faint[1] === faint[2] && faint[0] > 230);
  assert.deepEqual(same, [205, 205, 205, 255]);
  assert.deepEqual(found, { share: 0.5, largest: 160 });
});

test("without signs darker and lighter look alike, and more is darker", () => {
  const out = new Uint8ClampedArray(12);
  paintDifference(gray(100, 100, 100), gray(60, 140, 220), out, { threshold: 0, signed: false });
  assert.deepEqual(out.slice(0, 4), out.slice(4, 8));
  assert.ok(lumaOf(...out.slice(8, 11)) < lumaOf(...out.slice(4, 7)));
});

test("a threshold of 255 lets nothing through, and two equal pictures do not differ", () => {
  const out = new Uint8ClampedArray(4);
  assert.equal(paintDifference(gray(0), gray(255), out, { threshold: 255, signed: true }).share, 0);
  assert.deepEqual(paintDifference(gray(9), gray(9), out, { threshold: 0, signed: true }), { share: 0, largest: 0 });
});

test("the difference is said in words", () => {
  assert.equal(describeDifference({ share: 0, largest: 3 }, 16), "No pixel differs by more than 16 of 255");
  assert.equal(
    describeDifference({ share: 0.1234, largest: 201 }, 8),
    "12.3 % of pixels differ by more than 8 of 255, the largest by 201",
  );
  assert.match(describeDifference({ share: 0.0001, largest: 30 }, 8), /^less than 0\.1 % /);
});

test("values are one number where gray, three where colored, with the change", () => {
  const before = { label: "original", x: 4, y: 5, color: [200, 200, 200] };
  const after = { label: "upsampled ×3", x: 12, y: 15, color: [180, 180, 180] };
  assert.equal(describeValues(before, after), "original (4, 5) 200 → upsampled ×3 (12, 15) 180 · −20");
  assert.equal(
    describeValues(before, { ...after, color: [255, 255, 0] }),
    "original (4, 5) 200 → upsampled ×3 (12, 15) 255 255 0 · +26",
  );
  assert.match(describeValues(before, { ...before }), /· ±0$/);
});

test("a word is told with its kind, both readings and the truth", () => {
  const labels = ["original", "upsampled ×3"];
  assert.equal(
    describeWord({ kind: "fixed", truth: "end:", texts: ["cnd:", "end:"] }, labels),
    "fixed: original “cnd:”, upsampled ×3 “end:”, truth “end:”",
  );
  assert.equal(
    describeWord({ kind: "differs", truth: null, texts: ["", "a"] }, labels),
    "differs: original nothing, upsampled ×3 “a”",
  );
  assert.deepEqual(["fixed", "broken", "still wrong", "unchanged"].map(signOf), ["✓", "✗", "", ""]);
});

test("next and previous go round the words that are not right in both", () => {
  const words = ["unchanged", "fixed", "unchanged", "broken"].map((kind) => ({ kind }));
  assert.deepEqual([nextMarked(words, -1, 1), nextMarked(words, 1, 1), nextMarked(words, 3, 1)], [1, 3, 1]);
  assert.deepEqual([nextMarked(words, -1, -1), nextMarked(words, 3, -1), nextMarked(words, 1, -1)], [3, 1, 3]);
  assert.equal(nextMarked([{ kind: "unchanged" }], -1, 1), -1);
  assert.equal(nextMarked([], -1, 1), -1);
});

test("the map shows what is in sight, and all of it at a fit", () => {
  const [frame, pane] = [{ width: 400, height: 200 }, { width: 200, height: 100 }];
  assert.deepEqual(sightOf({ scale: 0.5, x: 0, y: 0 }, frame, pane), { left: 0, top: 0, width: 1, height: 1 });
  assert.deepEqual(sightOf({ scale: 1, x: -100, y: -50 }, frame, pane), { left: 0.25, top: 0.25, width: 0.5, height: 0.5 });
  assert.deepEqual(sightOf({ scale: 0.25, x: 50, y: 25 }, frame, pane), { left: 0, top: 0, width: 1, height: 1 });
});

test("a point of the map comes into the middle, as far as the picture reaches", () => {
  const [frame, pane] = [{ width: 400, height: 200 }, { width: 200, height: 100 }];
  assert.deepEqual(centerView({ scale: 2, x: 0, y: 0 }, { x: 0.5, y: 0.5 }, frame, pane), { scale: 2, x: -300, y: -150 });
  assert.deepEqual(centerView({ scale: 2, x: 0, y: 0 }, { x: 1, y: 0 }, frame, pane), { scale: 2, x: -600, y: 0 });
});

test("the map has the picture's shape and takes no more than a third of the pane", () => {
  assert.deepEqual(mapSize({ width: 4000, height: 2000 }, { width: 900, height: 500 }), { width: 160, height: 80 });
  assert.deepEqual(mapSize({ width: 1000, height: 4000 }, { width: 900, height: 500 }), { width: 30, height: 120 });
  assert.deepEqual(mapSize({ width: 4000, height: 2000 }, { width: 240, height: 120 }), { width: 80, height: 40 });
});

test("a confidence is one of three steps, or unknown", () => {
  assert.deepEqual([0.3, 0.6, 0.84, 0.85, 1, null, undefined].map(sureness), ["doubtful", "unsure", "unsure", "sure", "sure", "", ""]);
});
