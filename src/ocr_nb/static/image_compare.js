// Two pictures of one thing, of any pixel sizes, in one frame: wipe, toggle in place, side by side, their
// difference, one through a lens in the other.
//
// `mount(element, data)` builds it inside `element` and returns a cleanup; `cleanup.set(state)` changes it.
// Reads `data`: `layers` (each `label`, `caption`, `width`, `height`, optional `action`, and its pixels as
// `src` (or a promise of it), PNG `bytes` or an `<img>` `element`), the indices `before` and `after`, `mode`,
// `split`, `vertical`, `smooth`, `zoom`, `showsAfter`, `lens`, `threshold`, `signed`, `showsWords`, the `words`
// that were read with their `verdict`, and `onChange(state)`. Pan and drags stay here. Positions are fractions
// of the image. `cleanup.tell(text)` shows what is waited for, `cleanup.fail(text)` what failed,
// `cleanup.mark(words, verdict)` other words.

const MODES = ["wipe", "toggle", "side", "difference", "lens"];
const MODE_NAMES = {
  wipe: "Wipe", toggle: "Toggle", side: "Side by side", difference: "Difference", lens: "Lens",
};
const LENS_RADIUS = 110; // px, or less where the picture is small
const NOISE = 16; // of 255: where the threshold starts
const FIT_LIMIT = 4; // a fit never shows a pixel of the finest picture larger than this
const ZOOM_STEP = 1.25;
const STACK_BELOW = 560; // px: narrower, side by side becomes one above the other

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
export function describeWord({ kind, truth, texts }, labels) {
  const quote = (text) => (text ? `“${text}”` : "nothing");
  const read = labels.map((label, side) => `${label} ${quote(texts[side])}`).join(", ");
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

/** Build the comparison inside `element`; return a function that removes it and all it holds. */
export function mount(element, data) {
  if (!data.layers?.length) throw new Error("An image comparison needs at least one layer.");
  const comparison = new Comparison(element, data);
  const cleanup = () => comparison.remove();
  cleanup.set = (wanted) => comparison.change(wanted, { tell: false });
  cleanup.mark = (words, verdict) => comparison.mark(words, verdict);
  cleanup.tell = (text) => comparison.tell(text);
  cleanup.fail = (text) => comparison.fail(text);
  return cleanup;
}

/** One mounted comparison: its state, its view of the frame, and the elements that show them. */
class Comparison {
  constructor(element, { layers, onChange, words = [], verdict = "", ...wanted }) {
    this.layers = layers;
    this.onChange = onChange;
    this.frame = frameOf(layers);
    this.state = completeState(wanted, layers);
    this.blinking = false;
    this.words = [];
    this.linked = null;
    this.leaving = new AbortController();
    this.parts = build(element.ownerDocument, layers, this.leaving.signal);
    this.parts.stage.style.aspectRatio = `${this.frame.width} / ${this.frame.height}`;
    element.append(this.parts.root);
    this.placeImages();
    this.view = fitView(this.frame, this.frame);
    this.measure();
    this.zoomAsAsked();
    this.mark(words, verdict);
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.parts.stage);
    this.listen();
  }

  remove() {
    this.leaving.abort();
    cancelAnimationFrame(this.painting);
    this.watcher.disconnect();
    this.parts.root.remove();
    this.parts.giveBack();
  }

  // What is shown, and how large.

  get ratio() {
    return globalThis.devicePixelRatio || 1;
  }

  /** The room one picture has, px: the whole stage, or half of it side by side. */
  get pane() {
    const { width, height } = this.size;
    if (this.state.mode !== "side") return { width, height };
    return this.stacked ? { width, height: height / 2 } : { width: width / 2, height };
  }

  get stacked() {
    return this.state.mode === "side" && this.size.width < STACK_BELOW;
  }

  get zoomed() {
    const { width, height } = this.pane;
    return this.frame.width * this.view.scale > width + 1 || this.frame.height * this.view.scale > height + 1;
  }

  /** Whether the second picture is the one in sight, where only one is. */
  get showsAfter() {
    return this.state.showsAfter !== this.blinking;
  }

  get before() {
    return this.layers[this.state.before];
  }

  get after() {
    return this.layers[this.state.after];
  }

  get shown() {
    return this.showsAfter ? this.after : this.before;
  }

  // What changes it.

  change(wanted, { tell = true } = {}) {
    const previous = this.state;
    this.state = completeState({ ...previous, ...wanted }, this.layers);
    if (this.state.zoom !== previous.zoom) this.zoomAsAsked();
    else if (this.state.mode !== previous.mode) this.refit();
    if (this.state.before !== previous.before || this.state.after !== previous.after) this.placeImages();
    this.draw();
    if (this.state.selected !== previous.selected) {
      if (this.chosen < 0) this.link(-1);
      else this.reveal(this.chosen);
    }
    if (tell) this.onChange?.({ ...this.state });
  }

  setMode(mode) {
    this.change({ mode });
    this.say(mode === "toggle" ? `Showing ${this.shown.caption}` : MODE_NAMES[mode]);
  }

  moveLens({ x, y }) {
    this.change({ lens: [x, y] });
    this.readValues({ x: this.state.lens[0], y: this.state.lens[1] });
  }

  toggle() {
    this.change({ showsAfter: !this.state.showsAfter });
    this.say(`Showing ${this.shown.caption}`);
  }

  blink(on) {
    if (this.blinking === on) return;
    this.blinking = on;
    this.draw();
  }

  measure() {
    const { stage } = this.parts;
    this.size = { width: stage.clientWidth || 1, height: stage.clientHeight || 1 };
    this.refit();
    this.draw();
  }

  get fitted() {
    return this.state.zoom === "fit";
  }

  get middle() {
    return { x: this.pane.width / 2, y: this.pane.height / 2 };
  }

  refit() {
    const { frame, pane } = this;
    this.view = this.fitted ? fitView(frame, pane) : constrainView(this.view, frame, pane);
  }

  /** Bring the view to the state's zoom, around the middle. */
  zoomAsAsked() {
    this.refit();
    if (!this.fitted) this.view = this.viewAt(this.state.zoom / this.ratio, this.middle);
  }

  /** The view at `scale` CSS px a frame pixel, within the limits, with `point` kept. */
  viewAt(scale, point) {
    const { frame, pane } = this;
    const { low, high } = zoomLimits(frame, pane, this.ratio);
    return zoomView(this.view, clamp(scale, low, high), point, frame, pane);
  }

  zoomTo(scale, point = this.middle) {
    this.view = this.viewAt(scale, point);
    const fits = Math.abs(this.view.scale - fitView(this.frame, this.pane).scale) < 1e-9;
    this.state = { ...this.state, zoom: fits ? "fit" : this.view.scale * this.ratio };
    this.draw();
    this.say(`Zoom ${zoomText(this.view.scale, this.ratio)}`);
    this.onChange?.({ ...this.state });
  }

  zoomBy(factor, point) {
    this.zoomTo(this.view.scale * factor, point);
  }

  zoomFit() {
    this.change({ zoom: "fit" });
    this.say(`Zoom ${zoomText(this.view.scale, this.ratio)}, the whole picture`);
  }

  pan(dx, dy) {
    this.view = constrainView(
      { ...this.view, x: this.view.x + dx, y: this.view.y + dy }, this.frame, this.pane,
    );
    this.draw();
  }

  showHelp(open) {
    this.parts.help.hidden = !open;
    this.parts.keys.setAttribute("aria-expanded", String(open));
  }

  // What draws it.

  say(text) {
    this.parts.live.textContent = text;
  }

  /** Mark these words on the pictures and in the texts; `boxes` are fractions of each picture. */
  mark(words, verdict = "") {
    const { document, marks, texts } = this.parts;
    this.parts.verdict.textContent = verdict;
    this.parts.verdict.hidden = !verdict;
    this.words = words;
    this.linked = null;
    const layers = [this.before, this.after];
    const labels = layers.map((layer) => layer.label);
    layers.forEach((layer, side) => {
      const place = placeOf(layer, this.frame);
      marks[side].replaceChildren(...words.flatMap((word, index) =>
        word.boxes[side].map((box) => this.markOf(word, index, box, place))));
      texts[side].replaceChildren(
        Object.assign(document.createElement("b"), { textContent: labels[side] }), " ",
        ...words.flatMap((word, index) => {
          const span = document.createElement("span");
          span.className = "ocrnb-compare__word";
          Object.assign(span.dataset, { word: index, kind: word.kind });
          span.title = describeWord(word, labels);
          span.textContent = (side ? signOf(word.kind) : "") + (word.texts[side] || "␣");
          return [span, " "];
        }),
      );
    });
    this.link(this.chosen);
    this.draw();
  }

  /** The chosen word's number, or -1. */
  get chosen() {
    return this.words[this.state.selected] ? this.state.selected : -1;
  }

  markOf(word, index, [left, top, right, bottom], place) {
    const made = this.parts.document.createElement("span");
    made.className = "ocrnb-compare__mark";
    Object.assign(made.dataset, { word: index, kind: word.kind });
    const { width, height } = this.frame;
    const percent = (value) => `${(value * 100).toFixed(4)}%`;
    Object.assign(made.style, {
      left: percent((place.x + left * place.width) / width), top: percent((place.y + top * place.height) / height),
      width: percent(((right - left) * place.width) / width),
      height: percent(((bottom - top) * place.height) / height),
    });
    return made;
  }

  /** Set one word apart wherever it stands; none for -1. */
  link(index) {
    if (index === this.linked) return;
    this.linked = index;
    for (const one of this.parts.root.querySelectorAll("[data-word]")) {
      one.toggleAttribute("data-linked", Number(one.dataset.word) === index);
    }
    const text = this.parts.texts[1].querySelector("[data-linked]");
    if (text) this.parts.reading.scrollTop = text.offsetTop - this.parts.reading.clientHeight / 2;
  }

  /** Choose a word: everyone is told, its box comes into the middle of a zoomed picture. */
  choose(index) {
    if (!this.words[index]) return;
    if (index === this.state.selected) this.reveal(index);
    else this.change({ selected: index });
  }

  /** Bring a word's box into the middle of a zoomed picture and say what it is. */
  reveal(index) {
    const word = this.words[index];
    if (!word) return;
    this.link(index);
    const side = word.boxes[1].length ? 1 : 0;
    const [box] = word.boxes[side];
    if (box) {
      const place = placeOf(side ? this.after : this.before, this.frame);
      const { scale } = this.view;
      const x = (place.x + ((box[0] + box[2]) / 2) * place.width) * scale;
      const y = (place.y + ((box[1] + box[3]) / 2) * place.height) * scale;
      this.pan(this.middle.x - x - this.view.x, this.middle.y - y - this.view.y);
    }
    this.say(describeWord(word, [this.before.label, this.after.label]));
  }

  /** Show on the picture what is waited for; nothing when `text` is empty. */
  tell(text) {
    this.parts.waiting.textContent = text;
    this.parts.waiting.hidden = !text;
  }

  fail(text) {
    this.parts.strip.textContent = text;
    this.parts.strip.hidden = !text;
  }

  placeImages() {
    const { panes, images, choices } = this.parts;
    panes.before.replaceChildren(images[this.state.before], this.parts.marks[0]);
    panes.after.replaceChildren(images[this.state.after], this.parts.marks[1]);
    for (const button of choices) press(button, Number(button.dataset.layer) === this.state.after);
  }

  draw() {
    const { root } = this.parts;
    root.dataset.mode = this.state.mode;
    root.dataset.stacked = String(this.stacked);
    root.dataset.zoomed = String(this.zoomed);
    root.dataset.vertical = String(this.state.vertical);
    this.drawImage(this.state.before);
    this.drawImage(this.state.after);
    this.drawMarks();
    this.drawPanes();
    this.drawLens();
    this.drawHandle();
    this.drawWords();
    if (this.state.mode === "difference") this.paint();
  }

  drawImage(index) {
    const { frame, view, ratio } = this;
    const layer = this.layers[index];
    const snap = (value) => Math.round(value * ratio) / ratio;
    Object.assign(this.parts.images[index].style, {
      width: `${frame.width * view.scale}px`,
      height: `${frame.height * view.scale}px`,
      transform: `translate(${snap(view.x)}px, ${snap(view.y)}px)`,
      objectFit: sameShape(layer, frame) ? "fill" : "contain",
      imageRendering: renderingOf(layer, frame, view.scale, { ratio, smooth: this.state.smooth }),
    });
  }

  drawMarks() {
    const { marks, images, reading, wordsButton } = this.parts;
    const on = this.state.showsWords && this.words.length > 0;
    [this.state.before, this.state.after].forEach((index, side) => {
      const { width, height, transform } = images[index].style;
      Object.assign(marks[side].style, { width, height, transform });
      marks[side].hidden = !on;
    });
    reading.hidden = !on;
    wordsButton.hidden = this.words.length === 0;
    press(wordsButton, this.state.showsWords);
  }

  drawPanes() {
    const { vertical, split } = this.state;
    const length = vertical ? this.pane.height : this.pane.width;
    const { before, after } = this.parts.panes;
    const wiping = this.state.mode === "wipe";
    const divider = dividerAt(split, this.view, this.frame, this.pane, vertical);
    const other = divider > length / 2 ? 0 : length; // blinking shows what the divider hides most of
    const edge = this.blinking ? other : divider;
    const rest = length - edge;
    before.style.clipPath = wiping ? `inset(0 ${vertical ? 0 : rest}px ${vertical ? rest : 0}px 0)` : "";
    after.style.clipPath = wiping ? `inset(${vertical ? edge : 0}px 0 0 ${vertical ? 0 : edge}px)` : "";
    after.style.opacity = this.state.mode !== "toggle" || this.showsAfter ? "1" : "0";
    this.parts.handle.style.transform = vertical ? `translateY(${divider}px)` : `translateX(${divider}px)`;
  }

  drawLens() {
    if (this.state.mode !== "lens") return;
    const { width, height } = this.pane;
    const radius = Math.min(LENS_RADIUS, width * 0.4, height * 0.4);
    const x = dividerAt(this.state.lens[0], this.view, this.frame, this.pane);
    const y = dividerAt(this.state.lens[1], this.view, this.frame, this.pane, true);
    this.parts.panes.after.style.clipPath = this.blinking ? "" : `circle(${radius}px at ${x}px ${y}px)`;
    Object.assign(this.parts.ring.style, {
      width: `${2 * radius}px`, height: `${2 * radius}px`, transform: `translate(${x - radius}px, ${y - radius}px)`,
    });
  }

  /** Paint the difference once for all that changes until the next frame. */
  paint() {
    cancelAnimationFrame(this.painting);
    this.painting = requestAnimationFrame(() => {
      const [before, after] = [this.state.before, this.state.after].map((index) => this.sample(index));
      if (!before || !after) return;
      const { canvas } = this.parts;
      canvas.width = before.width;
      canvas.height = before.height;
      const result = new ImageData(before.width, before.height);
      const found = paintDifference(before.data, after.data, result.data, this.state);
      canvas.getContext("2d").putImageData(result, 0, 0);
      this.parts.values.textContent = describeDifference(found, this.state.threshold);
    });
  }

  /** The pixels of a layer as they are in sight, one for each of the screen; null while it is not loaded. */
  sample(index) {
    const image = this.parts.images[index];
    if (!image.complete || !image.naturalWidth) return null;
    const { frame, view, ratio, pane } = this;
    const layer = this.layers[index];
    const left = Math.max(0, view.x);
    const top = Math.max(0, view.y);
    const shown = {
      width: Math.min(pane.width, frame.width * view.scale), height: Math.min(pane.height, frame.height * view.scale),
    };
    const canvas = image.ownerDocument.createElement("canvas");
    canvas.width = Math.max(1, Math.round(shown.width * ratio));
    canvas.height = Math.max(1, Math.round(shown.height * ratio));
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = renderingOf(layer, frame, view.scale, { ratio, smooth: this.state.smooth }) === "auto";
    pen.imageSmoothingQuality = "high";
    const place = placeOf(layer, frame);
    const scale = view.scale * ratio;
    pen.drawImage(
      image, (view.x - left) * ratio + place.x * scale, (view.y - top) * ratio + place.y * scale,
      place.width * scale, place.height * scale,
    );
    Object.assign(this.parts.canvas.style, {
      left: `${left}px`, top: `${top}px`, width: `${shown.width}px`, height: `${shown.height}px`,
    });
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  /** Say the values of both pictures at a point of the frame; nothing beside it. */
  readValues(point) {
    if (this.state.mode === "difference") return; // the line tells of the difference
    const read = [this.state.before, this.state.after].map((index) => this.colorAt(index, point));
    this.parts.values.textContent = read.every(Boolean) ? describeValues(...read) : "";
  }

  colorAt(index, point) {
    const layer = this.layers[index];
    const image = this.parts.images[index];
    const pixel = pixelAt(point, layer, this.frame);
    if (!pixel || !image.complete || !image.naturalWidth) return null;
    this.probe ??= this.parts.canvas.cloneNode();
    this.probe.width = this.probe.height = 1; // sets it back to empty
    const pen = this.probe.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, pixel.x, pixel.y, 1, 1, 0, 0, 1, 1);
    return { label: layer.label, ...pixel, color: [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3) };
  }

  drawHandle() {
    const { handle, stage } = this.parts;
    const [before, after] = [this.before.label, this.after.label];
    handle.setAttribute("aria-valuenow", String(Math.round(this.state.split * 100)));
    handle.setAttribute("aria-valuetext", describeSplit(this.state.split, before, after));
    handle.setAttribute("aria-orientation", this.state.vertical ? "vertical" : "horizontal");
    handle.setAttribute("aria-label", `Divider between ${before} and ${after}`);
    stage.setAttribute("aria-label", `${before} and ${after}, compared`);
  }

  drawWords() {
    const { parts, state } = this;
    const single = state.mode === "toggle";
    parts.captionBefore.textContent = single ? this.shown.caption : this.before.caption;
    parts.captionAfter.textContent = single ? "" : this.after.caption;
    parts.toggle.hidden = !single;
    parts.toggle.textContent = state.showsAfter
      ? "View original image"
      : (this.after.action ?? "Upsample image");
    for (const mode of MODES) press(parts.modes[mode], mode === state.mode);
    press(parts.pixels, !state.smooth);
    press(parts.vertical, state.vertical);
    press(parts.signed, state.signed);
    parts.vertical.hidden = state.mode !== "wipe";
    parts.difference.hidden = state.mode !== "difference";
    parts.threshold.value = String(state.threshold);
    parts.thresholdText.textContent = `Threshold ${state.threshold}`;
    press(parts.fit, this.fitted);
    parts.zoom.textContent = zoomText(this.view.scale, this.ratio);
  }

  // What is listened to.

  listen() {
    const { signal } = this.leaving;
    const on = (target, kind, listener, options = {}) =>
      target.addEventListener(kind, listener, { ...options, signal });
    this.listenToPointers(on);
    this.listenToKeys(on);
    this.listenToButtons(on);
  }

  listenToPointers(on) {
    const { stage } = this.parts;
    followPointers(this, on);
    on(stage, "pointermove", (event) => {
      const point = fractionAt(this.pointIn(event), this.view, this.frame);
      if (this.state.mode === "lens") this.moveLens(point);
      else this.readValues(point);
    });
    on(stage, "pointerleave", () => {
      if (this.state.mode !== "difference") this.parts.values.textContent = "";
    });
    on(stage, "dblclick", (event) => {
      if (this.fitted) this.zoomTo(Math.max(1 / this.ratio, this.view.scale * 2), this.pointIn(event));
      else this.zoomFit();
    });
    on(stage, "wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page's own scrolling is never taken away
      event.preventDefault();
      this.zoomBy(Math.exp(-clamp(event.deltaY, -60, 60) / 100), this.pointIn(event));
    }, { passive: false });
  }

  listenToKeys(on) {
    const { root, handle } = this.parts;
    on(handle, "keydown", (event) => {
      const { split: last, vertical } = this.state;
      const split = hasModifier(event) ? null : splitAfterKey(last, event.key, event.shiftKey, vertical);
      if (split === null) return;
      event.preventDefault();
      event.stopPropagation();
      this.change({ split });
    });
    on(root, "keydown", (event) => {
      const action = hasModifier(event) ? undefined : this.actionOf(event);
      if (action === undefined) return;
      event.preventDefault();
      action();
    });
    on(root, "keyup", (event) => {
      if (event.key === " ") this.blink(false);
    });
    on(root, "focusout", () => this.blink(false));
  }

  /** What a key does here; undefined for keys that belong to a button or to the page. */
  actionOf({ key, shiftKey, target }) {
    const step = shiftKey ? 200 : 40;
    const anywhere = {
      1: () => this.setMode("wipe"),
      2: () => this.setMode("toggle"),
      3: () => this.setMode("side"),
      4: () => this.setMode("difference"),
      5: () => this.setMode("lens"),
      n: () => this.choose(nextMarked(this.words, this.chosen, 1)),
      p: () => this.choose(nextMarked(this.words, this.chosen, -1)),
      w: () => this.change({ showsWords: !this.state.showsWords }),
      v: () => this.change({ mode: "wipe", vertical: !this.state.vertical }),
      "+": () => this.zoomBy(ZOOM_STEP),
      "=": () => this.zoomBy(ZOOM_STEP),
      "-": () => this.zoomBy(1 / ZOOM_STEP),
      0: () => this.zoomFit(),
      "?": () => this.showHelp(this.parts.help.hidden),
      Escape: () => (this.parts.help.hidden ? target.blur() : this.showHelp(false)),
    };
    const lens = this.state.mode === "lens" ? lensAfterKey(this.state.lens, key, shiftKey) : null;
    const onPicture = {
      " ": () => this.blink(true),
      ...(lens && { [key]: () => this.moveLens({ x: lens[0], y: lens[1] }) }),
      ...(this.zoomed && !lens && {
        ArrowLeft: () => this.pan(step, 0),
        ArrowRight: () => this.pan(-step, 0),
        ArrowUp: () => this.pan(0, step),
        ArrowDown: () => this.pan(0, -step),
      }),
    };
    if (target === this.parts.threshold && key !== "Escape") return undefined; // its arrows are its own
    return anywhere[key] ?? (target.closest("button") ? undefined : onPicture[key]);
  }

  listenToButtons(on) {
    const { parts } = this;
    for (const mode of MODES) on(parts.modes[mode], "click", () => this.setMode(mode));
    for (const button of parts.choices) {
      on(button, "click", () => this.change({ after: Number(button.dataset.layer) }));
    }
    on(parts.toggle, "click", () => this.toggle());
    on(parts.zoomIn, "click", () => this.zoomBy(ZOOM_STEP));
    on(parts.zoomOut, "click", () => this.zoomBy(1 / ZOOM_STEP));
    on(parts.fit, "click", () => this.zoomFit());
    on(parts.actual, "click", () => this.zoomTo(1 / this.ratio));
    on(parts.pixels, "click", () => this.change({ smooth: !this.state.smooth }));
    on(parts.wordsButton, "click", () => this.change({ showsWords: !this.state.showsWords }));
    const wordAt = (event) => event.target.closest?.("[data-word]");
    on(parts.root, "pointerover", (event) => this.link(Number(wordAt(event)?.dataset.word ?? this.chosen)));
    on(parts.root, "pointerleave", () => this.link(this.chosen));
    on(parts.reading, "click", (event) => wordAt(event) && this.choose(Number(wordAt(event).dataset.word)));
    on(parts.stage, "click", (event) => wordAt(event) && this.choose(Number(wordAt(event).dataset.word)));
    on(parts.vertical, "click", () => this.change({ vertical: !this.state.vertical }));
    on(parts.signed, "click", () => this.change({ signed: !this.state.signed }));
    on(parts.threshold, "input", () => this.change({ threshold: Number(parts.threshold.value) }));
    for (const image of parts.images) on(image, "load", () => this.draw());
    on(parts.keys, "click", () => this.showHelp(parts.help.hidden));
  }

  /** Where in its pane a pointer is, px; side by side, both panes count alike. */
  pointIn({ clientX, clientY }) {
    const box = this.parts.stage.getBoundingClientRect();
    const { width, height } = this.pane;
    const x = clientX - box.left;
    const y = clientY - box.top;
    return { x: x > width ? x - width : x, y: y > height ? y - height : y };
  }
}

const press = (button, on) => button.setAttribute("aria-pressed", String(on));
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** Divider, pan and pinch from mouse, pen and fingers. */
function followPointers(comparison, on) {
  const { stage, handle } = comparison.parts;
  const pointers = new Map();
  let dragsDivider = false;
  const moveDivider = ({ x, y }) => {
    const { vertical } = comparison.state;
    comparison.change({ split: splitAt(vertical ? y : x, comparison.view, comparison.frame, vertical) });
  };

  on(stage, "pointerdown", (event) => {
    if (event.button !== 0) return;
    const onHandle = handle.contains(event.target);
    const point = comparison.pointIn(event);
    pointers.set(event.pointerId, point);
    stage.setPointerCapture(event.pointerId);
    dragsDivider = comparison.state.mode === "wipe" && (onHandle || !comparison.zoomed);
    if (!dragsDivider) return;
    event.preventDefault();
    handle.focus({ preventScroll: true });
    if (!onHandle) moveDivider(point);
  });
  on(stage, "pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (last === undefined) return;
    const now = comparison.pointIn(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other !== undefined) {
      const span = spanOf(now, other);
      comparison.zoomBy(span.distance / Math.max(1, spanOf(last, other).distance), span.middle);
    } else if (dragsDivider) moveDivider(now);
    else comparison.pan(now.x - last.x, now.y - last.y);
  });
  const release = (event) => pointers.delete(event.pointerId);
  on(stage, "pointerup", release);
  on(stage, "pointercancel", release);
}

/** All elements of one comparison, not yet in the page. */
function build(document, layers, signal) {
  const make = (tag, part, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    made.className = `ocrnb-compare__${part}`;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const button = (text, attributes = {}) => make("button", "button", { type: "button", ...attributes }, text);

  const { images, giveBack } = loadImages(document, layers, signal, (layer) => {
    strip.textContent = `The picture “${layer.label}” could not be shown: its data is damaged.`;
    strip.hidden = false;
  });
  const strip = make("p", "error", { role: "alert", hidden: "" });
  const panes = { before: make("div", "pane"), after: make("div", "pane") };
  const handle = make("div", "handle", {
    role: "slider", tabindex: "0", "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": "100",
  }, make("span", "grip", { "aria-hidden": "true" }));
  const marks = [make("div", "marks", { hidden: "" }), make("div", "marks", { hidden: "" })];
  const verdict = make("p", "verdict", { hidden: "" });
  const texts = [make("p", "text"), make("p", "text")];
  const reading = make("div", "reading", { role: "group", "aria-label": "Texts", tabindex: "0", hidden: "" }, ...texts);
  const wordsButton = button("Words", { title: "Mark the words that were read (key w; n and p: next, previous)" });
  const canvas = make("canvas", "difference", { "aria-hidden": "true" });
  const ring = make("div", "ring", { "aria-hidden": "true" });
  const values = make("div", "values");
  const waiting = make("p", "waiting", { role: "status", hidden: "" });
  const stage = make("div", "stage", { role: "group", tabindex: "0" },
    panes.before, panes.after, canvas, ring, handle, waiting,
  );
  const captionBefore = make("span", "caption");
  const captionAfter = make("span", "caption");
  const toggle = make("button", "toggle", { type: "button" });
  const modes = Object.fromEntries(
    MODES.map((mode, index) => [mode, button(MODE_NAMES[mode], { title: `Key ${index + 1}` })]),
  );
  const choices = layers.length < 3 ? [] : layers.slice(1).map((layer, index) =>
    button(layer.label, { "data-layer": String(index + 1) }));
  const zoom = make("output", "zoom");
  const zoomOut = button("−", { "aria-label": "Zoom out", title: "Zoom out (key −)" });
  const zoomIn = button("+", { "aria-label": "Zoom in", title: "Zoom in (key +)" });
  const fit = button("Fit", { title: "Show the whole picture (key 0)" });
  const actual = button("1:1", { title: "One pixel of the finest picture on one pixel of the screen" });
  const pixels = button("Pixels", { title: "On: every pixel as it is. Off: smoothed by the browser" });
  const vertical = button("Vertical", { title: "One above the other instead of side by side (key v)" });
  const signed = button("Signed", { title: "On: blue is darker, orange is lighter. Off: one color for both" });
  const thresholdText = make("span", "threshold-text");
  const threshold = make("input", "threshold", { type: "range", min: "0", max: "128", step: "1" });
  const difference = make("div", "group", { role: "group", "aria-label": "Difference" },
    signed, make("label", "threshold-label", {}, thresholdText, threshold));
  const keys = button("Keys", { "aria-expanded": "false", title: "What the keys do (key ?)" });
  const help = make("dl", "help", { hidden: "" }, ...helpEntries(make));
  const live = make("div", "live", { "aria-live": "polite" });
  const group = (name, ...children) => make("div", "group", { role: "group", "aria-label": name }, ...children);

  const root = document.createElement("div");
  root.className = "ocrnb-compare";
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes single letters and digits for commands
  if (choices.length) {
    root.append(make("div", "choice", {}, `${layers[0].label} against`, group("Compare with", ...choices)));
  }
  root.append(
    make("div", "captions", {}, captionBefore, toggle, captionAfter),
    stage,
    values,
    strip,
    make("div", "tools", {},
      group("Mode", ...MODES.map((mode) => modes[mode])),
      group("Zoom", zoomOut, zoom, zoomIn, fit, actual),
      pixels, keys, wordsButton, vertical, difference),
    verdict,
    reading,
    help,
    live,
  );
  return {
    root, stage, panes, handle, images, captionBefore, captionAfter, toggle, modes, choices, zoom,
    zoomIn, zoomOut, fit, actual, pixels, keys, help, live, strip, waiting, giveBack,
    document, marks, texts, verdict, reading, wordsButton, canvas, ring, values, vertical, signed,
    difference, threshold, thresholdText,
  };
}

function helpEntries(make) {
  const rows = [
    ["← →", "move the divider, the lens or the zoomed picture; with Shift ten times as far"],
    ["Space", "hold to see the other picture"],
    ["1 to 5", "wipe, toggle, side by side, difference, lens"],
    ["v", "wipe up and down, or left and right"],
    ["+ − 0", "zoom in, out, fit; Ctrl and wheel, pinch or double click do as well"],
    ["n p w", "next and previous word that is not right in both; marks on and off"],
    ["Esc", "leave"],
  ];
  return rows.flatMap(([key, meaning]) => [make("dt", "key", {}, key), make("dd", "meaning", {}, meaning)]);
}

/** One image element a layer, and a function that gives back what was borrowed and frees the rest. */
function loadImages(document, layers, signal, onError) {
  const undo = [];
  const images = layers.map((layer) => {
    const image = layer.element ?? document.createElement("img");
    if (layer.element) undo.push(remember(image));
    image.addEventListener("error", () => onError(layer), { signal });
    image.className = "ocrnb-compare__image";
    image.alt = layer.label;
    image.draggable = false;
    image.decoding = "sync"; // neither picture appears without the other
    if (layer.bytes) {
      image.src = URL.createObjectURL(new Blob([layer.bytes], { type: "image/png" }));
      undo.push(() => URL.revokeObjectURL(image.src));
    } else if (layer.src) {
      Promise.resolve(layer.src).then((source) => { if (!signal.aborted) image.src = source; });
    }
    return image;
  });
  return { images, giveBack: () => undo.reverse().forEach((step) => step()) };
}

/** A function that puts a borrowed image back in its place, as it was. */
function remember(image) {
  const { parentNode, nextSibling } = image;
  const names = ["class", "alt", "draggable", "decoding", "style"];
  const before = names.map((name) => [name, image.getAttribute(name)]);
  return () => {
    for (const [name, value] of before) {
      if (value === null) image.removeAttribute(name);
      else image.setAttribute(name, value);
    }
    parentNode?.insertBefore(image, nextSibling);
  };
}

export default { mount };
