// Two pictures of one thing, of any pixel sizes, in one frame: wipe, toggle in place, side by side.
//
// `mount(element, data)` builds it inside `element` and returns a cleanup; `cleanup.set(state)` changes it.
// Reads `data`: `layers` (each `label`, `caption`, `width`, `height`, optional `action`, and its pixels as
// `src` (or a promise of it), PNG `bytes` or an `<img>` `element`), the indices `before` and `after`, `mode`,
// `split`, `smooth`, `zoom`, `showsAfter`, and `onChange(state)`. Pan and drags stay here. Positions are
// fractions of the image. `cleanup.tell(text)` shows what is waited for, `cleanup.fail(text)` what failed.

const MODES = ["wipe", "toggle", "side"];
const MODE_NAMES = { wipe: "Wipe", toggle: "Toggle", side: "Side by side" };
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

/** Where the divider goes, as a fraction of the image, for a pointer at `x` px in the pane. */
export function splitAt(x, view, frame) {
  return clamp((x - view.x) / (frame.width * view.scale), 0, 1);
}

/** Where in the pane the divider stands, px; at the edge when the image runs on beyond it. */
export function dividerAt(split, view, frame, pane) {
  return clamp(view.x + split * frame.width * view.scale, 0, pane.width);
}

/** The divider after a key: arrows 1 % (with Shift 10 %), pages 10 %, Home and End; null for other keys. */
export function splitAfterKey(split, key, shift = false) {
  const step = shift ? 0.1 : 0.01;
  const moves = {
    ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step,
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
  };
}

/** Build the comparison inside `element`; return a function that removes it and all it holds. */
export function mount(element, data) {
  if (!data.layers?.length) throw new Error("An image comparison needs at least one layer.");
  const comparison = new Comparison(element, data);
  const cleanup = () => comparison.remove();
  cleanup.set = (wanted) => comparison.change(wanted, { tell: false });
  cleanup.tell = (text) => comparison.tell(text);
  cleanup.fail = (text) => comparison.fail(text);
  return cleanup;
}

/** One mounted comparison: its state, its view of the frame, and the elements that show them. */
class Comparison {
  constructor(element, { layers, onChange, ...wanted }) {
    this.layers = layers;
    this.onChange = onChange;
    this.frame = frameOf(layers);
    this.state = completeState(wanted, layers);
    this.blinking = false;
    this.leaving = new AbortController();
    this.parts = build(element.ownerDocument, layers, this.leaving.signal);
    this.parts.stage.style.aspectRatio = `${this.frame.width} / ${this.frame.height}`;
    element.append(this.parts.root);
    this.placeImages();
    this.view = fitView(this.frame, this.frame);
    this.measure();
    this.zoomAsAsked();
    this.draw();
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.parts.stage);
    this.listen();
  }

  remove() {
    this.leaving.abort();
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
    if (tell) this.onChange?.({ ...this.state });
  }

  setMode(mode) {
    this.change({ mode });
    this.say(mode === "toggle" ? `Showing ${this.shown.caption}` : MODE_NAMES[mode]);
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
    panes.before.replaceChildren(images[this.state.before]);
    panes.after.replaceChildren(images[this.state.after]);
    for (const button of choices) press(button, Number(button.dataset.layer) === this.state.after);
  }

  draw() {
    const { root } = this.parts;
    root.dataset.mode = this.state.mode;
    root.dataset.stacked = String(this.stacked);
    root.dataset.zoomed = String(this.zoomed);
    this.drawImage(this.state.before);
    this.drawImage(this.state.after);
    this.drawPanes();
    this.drawHandle();
    this.drawWords();
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

  drawPanes() {
    const { width } = this.pane;
    const { before, after } = this.parts.panes;
    const wiping = this.state.mode === "wipe";
    const divider = dividerAt(this.state.split, this.view, this.frame, this.pane);
    const other = divider > width / 2 ? 0 : width; // blinking shows what the divider hides most of
    const edge = this.blinking ? other : divider;
    before.style.clipPath = wiping ? `inset(0 ${width - edge}px 0 0)` : "";
    after.style.clipPath = wiping ? `inset(0 0 0 ${edge}px)` : "";
    after.style.opacity = this.state.mode !== "toggle" || this.showsAfter ? "1" : "0";
    this.parts.handle.style.transform = `translateX(${divider}px)`;
  }

  drawHandle() {
    const { handle, stage } = this.parts;
    const [before, after] = [this.before.label, this.after.label];
    handle.setAttribute("aria-valuenow", String(Math.round(this.state.split * 100)));
    handle.setAttribute("aria-valuetext", describeSplit(this.state.split, before, after));
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
      const split = hasModifier(event) ? null : splitAfterKey(this.state.split, event.key, event.shiftKey);
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
      "+": () => this.zoomBy(ZOOM_STEP),
      "=": () => this.zoomBy(ZOOM_STEP),
      "-": () => this.zoomBy(1 / ZOOM_STEP),
      0: () => this.zoomFit(),
      "?": () => this.showHelp(this.parts.help.hidden),
      Escape: () => (this.parts.help.hidden ? target.blur() : this.showHelp(false)),
    };
    const onPicture = {
      " ": () => this.blink(true),
      ...(this.zoomed && {
        ArrowLeft: () => this.pan(step, 0),
        ArrowRight: () => this.pan(-step, 0),
        ArrowUp: () => this.pan(0, step),
        ArrowDown: () => this.pan(0, -step),
      }),
    };
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
  const moveDivider = ({ x }) => comparison.change({ split: splitAt(x, comparison.view, comparison.frame) });

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
  const waiting = make("p", "waiting", { role: "status", hidden: "" });
  const stage = make("div", "stage", { role: "group", tabindex: "0" }, panes.before, panes.after, handle, waiting);
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
    strip,
    make("div", "tools", {},
      group("Mode", ...MODES.map((mode) => modes[mode])),
      group("Zoom", zoomOut, zoom, zoomIn, fit, actual),
      pixels, keys),
    help,
    live,
  );
  return {
    root, stage, panes, handle, images, captionBefore, captionAfter, toggle, modes, choices, zoom,
    zoomIn, zoomOut, fit, actual, pixels, keys, help, live, strip, waiting, giveBack,
  };
}

function helpEntries(make) {
  const rows = [
    ["← →", "move the divider, or the zoomed picture; with Shift ten times as far"],
    ["Space", "hold to see the other picture"],
    ["1 2 3", "wipe, toggle, side by side"],
    ["+ − 0", "zoom in, out, fit; Ctrl and wheel, pinch or double click do as well"],
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
