// What the comparison of image_compare.js computes and says: pure functions of sizes, views, pixels and words.
//
// Views are `scale` (CSS px a frame pixel) and the frame's corner `x`, `y` in a pane, px; frames, panes and layers
// have `width` and `height`. Positions are fractions of the image. Joined before image_compare.js into one module.

const MODES = ["wipe", "toggle", "side", "difference", "lens"];
const NOISE = 16; // of 255: where the threshold starts
const FIT_LIMIT = 4; // a fit never shows a pixel of the finest picture larger than this
const MAP = { width: 160, height: 120 }; // px that the map of a zoomed picture fits in
const DOUBTFUL = 0.6; // of 1: confidences below are marked as doubtful, and
const SURE = 0.85; // below this as unsure

/** `value`, or the nearer of the two limits. */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** The size, in pixels, of the finest layer: the common frame every layer is stretched over. */
export function frameOf(layers) {
  const finest = layers.reduce((best, layer) => (layer.width > best.width ? layer : best));
  return { width: finest.width, height: finest.height };
}

/** Whether a layer has the frame's shape, give or take the rounding of its own sides to whole pixels. */
export function sameShape(layer, frame) {
  const rounding = frame.width + frame.height;
  return Math.abs(layer.width * frame.height - layer.height * frame.width) <= rounding;
}

/** The view that shows the whole frame, centered: CSS px per frame pixel and the frame's corner. */
export function fitView(frame, pane, limit = FIT_LIMIT) {
  const scale = Math.min(pane.width / frame.width, pane.height / frame.height, limit);
  return constrainView({ scale, x: 0, y: 0 }, frame, pane);
}

/** The view moved so that the frame fills the pane as far as it can, and is centered where it cannot. */
export function constrainView({ scale, x, y }, frame, pane) {
  const place = (offset, size, room) =>
    size <= room ? (room - size) / 2 : clamp(offset, room - size, 0);
  return {
    scale,
    x: place(x, frame.width * scale, pane.width),
    y: place(y, frame.height * scale, pane.height),
  };
}

/** The view zoomed to `scale` with the image point under `point` kept where it is. */
export function zoomView(view, scale, point, frame, pane) {
  const grown = scale / view.scale;
  const moved = {
    scale,
    x: point.x - (point.x - view.x) * grown,
    y: point.y - (point.y - view.y) * grown,
  };
  return constrainView(moved, frame, pane);
}

/** How far one may zoom: out to the fit or 1:1, whichever is smaller, in to 32 screen pixels a pixel. */
export function zoomLimits(frame, pane, ratio) {
  return { low: Math.min(fitView(frame, pane).scale, 1 / ratio), high: 32 / ratio };
}

/** Where the divider goes, as a fraction of the image, for a pointer at `along` px in the pane. */
export function splitAt(along, view, frame, vertical = false) {
  return vertical
    ? clamp((along - view.y) / (frame.height * view.scale), 0, 1)
    : clamp((along - view.x) / (frame.width * view.scale), 0, 1);
}

/** Where in the pane the divider stands, px; at the edge when the image runs on beyond it. */
export function dividerAt(split, view, frame, pane, vertical = false) {
  return vertical
    ? clamp(view.y + split * frame.height * view.scale, 0, pane.height)
    : clamp(view.x + split * frame.width * view.scale, 0, pane.width);
}

/**
 * The divider after a key: arrows 1 % (with Shift 10 %), pages 10 %, Home and End; null for other keys.
 * A divider that moves up and down follows the arrows up and down as they point.
 */
export function splitAfterKey(split, key, shift = false, vertical = false) {
  const step = shift ? 0.1 : 0.01;
  const down = vertical ? step : -step;
  const moves = {
    ArrowLeft: -step, ArrowDown: down, ArrowRight: step, ArrowUp: -down,
    PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1,
  };
  if (!(key in moves)) return null;
  return clamp(Math.round((split + moves[key]) * 1000) / 1000, 0, 1);
}

/** What a screen reader says of the divider. */
export function describeSplit(split, before, after) {
  const left = Math.round(split * 100);
  return `${before} ${left} %, ${after} ${100 - left} %`;
}

/** The zoom that is asked for: "fit", or screen pixels for one pixel of the finest picture. */
export function completeZoom(zoom) {
  return Number.isFinite(zoom) && zoom > 0 ? zoom : "fit";
}

/** Zoom as written: 100 % is one pixel of the finest picture on one pixel of the screen. */
export function zoomText(scale, ratio) {
  return `${Math.round(scale * ratio * 100)} %`;
}

/**
 * How the browser may draw a layer: hard pixels where one covers a screen pixel or more, so that its
 * smoothing cannot flatter the coarser picture; averaged where the layer is shrunk, as nothing else is true.
 */
export function renderingOf(layer, frame, scale, { ratio, smooth }) {
  const screenPixels = (frame.width / layer.width) * scale * ratio;
  return !smooth && screenPixels >= 1 ? "pixelated" : "auto";
}

/** The point of the image, as fractions, that is at `point` px in the pane; outside it below 0 or above 1. */
export function fractionAt(point, view, frame) {
  return {
    x: (point.x - view.x) / (frame.width * view.scale),
    y: (point.y - view.y) / (frame.height * view.scale),
  };
}

/** The lens after an arrow key, moved by 1 % of the image, with Shift by 10 %; null for other keys. */
export function lensAfterKey([x, y], key, shift = false) {
  const step = shift ? 0.1 : 0.01;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (!(key in moves)) return null;
  const round = (value) => clamp(Math.round(value * 1000) / 1000, 0, 1);
  return [round(x + moves[key][0]), round(y + moves[key][1])];
}

/** Where in the frame a layer lies, frame pixels: all of it, or as much as its own shape fills. */
export function placeOf(layer, frame) {
  if (sameShape(layer, frame)) return { x: 0, y: 0, width: frame.width, height: frame.height };
  const scale = Math.min(frame.width / layer.width, frame.height / layer.height);
  const [width, height] = [layer.width * scale, layer.height * scale];
  return { x: (frame.width - width) / 2, y: (frame.height - height) / 2, width, height };
}

/** The pixel of a layer that lies at a point of the frame (fractions), or null beside it. */
export function pixelAt(point, layer, frame) {
  const place = placeOf(layer, frame);
  const x = Math.floor(((point.x * frame.width - place.x) / place.width) * layer.width);
  const y = Math.floor(((point.y * frame.height - place.y) / place.height) * layer.height);
  return x >= 0 && y >= 0 && x < layer.width && y < layer.height ? { x, y } : null;
}

/** Gray as the eye weighs it (Rec. 601), 0 to 255, of a color from 0 to 255. */
export function lumaOf(red, green, blue) {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/**
 * Paint where two pictures differ; all three hold red, green, blue and alpha, a byte each.
 *
 * Signed: blue where the second is darker, orange where it is lighter; else one dark red. What differs by
 * `threshold` of 255 or less is left as a pale picture of the first. Returns the share of pixels that differ
 * and the largest difference.
 */
export function paintDifference(before, after, out, { threshold, signed }) {
  let [count, largest] = [0, 0];
  for (let at = 0; at < out.length; at += 4) {
    const gray = lumaOf(before[at], before[at + 1], before[at + 2]);
    const change = lumaOf(after[at], after[at + 1], after[at + 2]) - gray;
    const size = Math.abs(change);
    largest = Math.max(largest, size);
    out[at + 3] = 255;
    if (size <= threshold) {
      out[at] = out[at + 1] = out[at + 2] = 205 + gray / 5.1;
      continue;
    }
    count += 1;
    const ink = 0.35 + 0.65 * (size / 255);
    const [red, green, blue] = !signed ? [120, 0, 20] : change < 0 ? [0, 70, 170] : [200, 90, 0];
    out[at] = 255 + (red - 255) * ink;
    out[at + 1] = 255 + (green - 255) * ink;
    out[at + 2] = 255 + (blue - 255) * ink;
  }
  return { share: out.length ? count / (out.length / 4) : 0, largest: Math.round(largest) };
}

/** What the difference is, in words. */
export function describeDifference({ share, largest }, threshold) {
  const percent = share > 0 && share < 0.001 ? "less than 0.1" : (share * 100).toFixed(1);
  return share === 0
    ? `No pixel differs by more than ${threshold} of 255`
    : `${percent} % of pixels differ by more than ${threshold} of 255, the largest by ${largest}`;
}

/** The values of one point in both pictures: gray as one number, colors as three, and the change in gray. */
export function describeValues(before, after) {
  const gray = ([red, green, blue]) => red === green && green === blue;
  const say = ({ label, x, y, color }) =>
    `${label} (${x}, ${y}) ${gray(color) ? color[0] : color.slice(0, 3).join(" ")}`;
  const change = Math.round(lumaOf(...after.color) - lumaOf(...before.color));
  const sign = change > 0 ? "+" : change < 0 ? "−" : "±";
  return `${say(before)} → ${say(after)} · ${sign}${Math.abs(change)}`;
}

/** How a kind of word is said and signed; words that are right in both readings are not marked. */
export function signOf(kind) {
  return { fixed: "✓", broken: "✗" }[kind] ?? "";
}

/** What is said of one word: its kind, what both readings have, and the truth where it is known. */
export function describeWord({ kind, truth, texts, confidences = [] }, labels) {
  const quote = (text) => (text ? `“${text}”` : "nothing");
  const sure = (side) => (Number.isFinite(confidences[side]) ? ` (confidence ${confidences[side].toFixed(2)})` : "");
  const read = labels.map((label, side) => `${label} ${quote(texts[side])}${sure(side)}`).join(", ");
  return `${kind}: ${read}${truth === null ? "" : `, truth ${quote(truth)}`}`;
}

/** The next word worth looking at after `current`, `step` 1 or −1, round the ends; -1 if there is none. */
export function nextMarked(words, current, step) {
  for (let tried = 1; tried <= words.length; tried += 1) {
    const from = current < 0 && step < 0 ? 0 : current;
    const index = (((from + step * tried) % words.length) + words.length) % words.length;
    if (words[index].kind !== "unchanged") return index;
  }
  return -1;
}

/** How sure a reader was of a word, in three steps; empty where it does not say. */
export function sureness(confidence) {
  if (confidence === null || confidence === undefined) return "";
  return confidence < DOUBTFUL ? "doubtful" : confidence < SURE ? "unsure" : "sure";
}

/** The part of the frame that is in sight, as fractions: left, top, width, height. */
export function sightOf(view, frame, pane) {
  const [across, down] = [frame.width * view.scale, frame.height * view.scale];
  const left = clamp(-view.x / across, 0, 1);
  const top = clamp(-view.y / down, 0, 1);
  return {
    left, top, width: Math.min(1 - left, pane.width / across), height: Math.min(1 - top, pane.height / down),
  };
}

/** The view with the point of the frame (fractions) in the middle of the pane, as far as it can be. */
export function centerView(view, point, frame, pane) {
  const x = pane.width / 2 - point.x * frame.width * view.scale;
  const y = pane.height / 2 - point.y * frame.height * view.scale;
  return constrainView({ scale: view.scale, x, y }, frame, pane);
}

/** The size of the map of a zoomed picture, px: what fits in `MAP` and in a third of the pane. */
export function mapSize(frame, pane) {
  const scale = Math.min(MAP.width / frame.width, MAP.height / frame.height, pane.width / 3 / frame.width, pane.height / 3 / frame.height);
  return { width: Math.max(1, Math.round(frame.width * scale)), height: Math.max(1, Math.round(frame.height * scale)) };
}

/** Distance and midpoint of two pointers. */
export function spanOf(first, second) {
  return {
    distance: Math.hypot(first.x - second.x, first.y - second.y),
    middle: { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 },
  };
}

/** The state that is asked for, with what is missing or impossible put right. */
export function completeState(wanted, layers) {
  const last = layers.length - 1;
  const index = (value, otherwise) =>
    Number.isInteger(value) && value >= 0 && value <= last ? value : otherwise;
  return {
    mode: MODES.includes(wanted.mode) ? wanted.mode : "wipe",
    split: Number.isFinite(wanted.split) ? clamp(wanted.split, 0, 1) : 0.5,
    before: index(wanted.before, 0),
    after: index(wanted.after, last),
    smooth: Boolean(wanted.smooth),
    showsAfter: Boolean(wanted.showsAfter),
    zoom: completeZoom(wanted.zoom),
    vertical: Boolean(wanted.vertical),
    signed: wanted.signed === undefined || Boolean(wanted.signed),
    threshold: Number.isFinite(wanted.threshold) ? clamp(Math.round(wanted.threshold), 0, 255) : NOISE,
    lens: completeLens(wanted.lens),
    showsWords: wanted.showsWords === undefined || Boolean(wanted.showsWords),
    selected: Number.isInteger(wanted.selected) ? wanted.selected : -1,
  };
}

/** Where the lens is, as two fractions; in the middle unless it is told. */
function completeLens(lens) {
  const [x, y] = lens ?? [];
  return Number.isFinite(x) && Number.isFinite(y) ? [clamp(x, 0, 1), clamp(y, 0, 1)] : [0.5, 0.5];
}
