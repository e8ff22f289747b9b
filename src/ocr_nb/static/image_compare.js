// Two pictures of one thing, of any pixel sizes, in one frame: wipe, toggle in place, side by side.
//
// `mount(element, data)` builds it inside `element` and returns a cleanup; `cleanup.set(state)` changes it.
// Reads `data`: `layers` (each `label`, `caption`, `width`, `height`, optional `action`, and its pixels as
// `src`, PNG `bytes` or an `<img>` `element`), the indices `before` and `after`, `mode`, `split`, `smooth`,
// and `onChange(state)`. Zoom, pan and drags stay here. Positions are fractions of the image.

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
  };
}

/** Build the comparison inside `element`; return a function that removes it and all it holds. */
export function mount(element, data) {
  const layers = data.layers;
  if (!layers?.length) throw new Error("An image comparison needs at least one layer.");
  const leaving = new AbortController();
  const { signal } = leaving;
  const frame = frameOf(layers);
  const parts = build(element.ownerDocument, layers, signal);
  const { root, stage, panes, handle } = parts;
  let state = completeState(data, layers);
  let view = { scale: 1, x: 0, y: 0 };
  let fitted = true;
  let blinking = false;

  const ratio = () => globalThis.devicePixelRatio || 1;
  const pane = () => {
    const { width, height } = size;
    if (state.mode !== "side") return { width, height };
    return width < STACK_BELOW ? { width, height: height / 2 } : { width: width / 2, height };
  };
  let size = { width: 1, height: 1 };

  function change(wanted, { tell = true } = {}) {
    const previous = state;
    state = completeState({ ...state, ...wanted }, layers);
    if (state.mode !== previous.mode) refit();
    if (state.before !== previous.before || state.after !== previous.after) placeImages();
    draw();
    if (tell) data.onChange?.({ ...state });
  }

  function refit() {
    view = fitted ? fitView(frame, pane()) : constrainView(view, frame, pane());
  }

  function zoomTo(scale, point) {
    const room = pane();
    const { low, high } = zoomLimits(frame, room, ratio());
    const target = clamp(scale, low, high);
    view = zoomView(view, target, point ?? { x: room.width / 2, y: room.height / 2 }, frame, room);
    fitted = Math.abs(view.scale - fitView(frame, room).scale) < 1e-9;
    draw();
    say(`Zoom ${zoomText(view.scale, ratio())}`);
  }

  function zoomFit() {
    fitted = true;
    refit();
    draw();
    say(`Zoom ${zoomText(view.scale, ratio())}, the whole picture`);
  }

  function pan(dx, dy) {
    view = constrainView({ ...view, x: view.x + dx, y: view.y + dy }, frame, pane());
    draw();
  }

  const say = (text) => {
    parts.live.textContent = text;
  };

  function setMode(mode) {
    change({ mode });
    say(mode === "toggle" ? `Showing ${shownLayer().caption}` : MODE_NAMES[mode]);
  }

  const shownLayer = () => layers[state.showsAfter !== blinking ? state.after : state.before];

  function toggle() {
    change({ showsAfter: !state.showsAfter });
    say(`Showing ${shownLayer().caption}`);
  }

  function blink(on) {
    if (blinking === on) return;
    blinking = on;
    draw();
  }

  function placeImages() {
    panes.before.replaceChildren(parts.images[state.before]);
    panes.after.replaceChildren(parts.images[state.after]);
    if (state.before === state.after) panes.before.replaceChildren();
    for (const button of parts.choices) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.layer) === state.after));
    }
  }

  function draw() {
    const before = layers[state.before];
    const after = layers[state.after];
    const room = pane();
    const snap = (value) => Math.round(value * ratio()) / ratio();
    root.dataset.mode = state.mode;
    root.dataset.stacked = String(state.mode === "side" && size.width < STACK_BELOW);
    root.dataset.zoomed = String(isZoomed(room));
    for (const index of new Set([state.before, state.after])) {
      const { style } = parts.images[index];
      style.width = `${frame.width * view.scale}px`;
      style.height = `${frame.height * view.scale}px`;
      style.transform = `translate(${snap(view.x)}px, ${snap(view.y)}px)`;
      style.objectFit = sameShape(layers[index], frame) ? "fill" : "contain";
      style.imageRendering = renderingOf(layers[index], frame, view.scale, { ratio: ratio(), smooth: state.smooth });
    }
    drawPanes(room);
    handle.setAttribute("aria-valuenow", String(Math.round(state.split * 100)));
    handle.setAttribute("aria-valuetext", describeSplit(state.split, before.label, after.label));
    handle.setAttribute("aria-label", `Divider between ${before.label} and ${after.label}`);
    stage.setAttribute("aria-label", `${before.label} and ${after.label}, compared`);
    drawWords(before, after);
  }

  function drawPanes(room) {
    const x = dividerAt(state.split, view, frame, room);
    const wiping = state.mode === "wipe";
    const edge = wiping && blinking ? (x > room.width / 2 ? 0 : room.width) : x;
    panes.before.style.clipPath = wiping ? `inset(0 ${room.width - edge}px 0 0)` : "";
    panes.after.style.clipPath = wiping ? `inset(0 0 0 ${edge}px)` : "";
    const showsAfter = state.mode !== "toggle" || state.showsAfter !== blinking;
    panes.after.style.opacity = showsAfter ? "1" : "0";
    handle.style.transform = `translateX(${x}px)`;
  }

  function drawWords(before, after) {
    const one = state.mode === "toggle";
    const first = one ? shownLayer() : before;
    parts.captionBefore.textContent = first.caption;
    parts.captionAfter.textContent = one ? "" : after.caption;
    parts.toggle.hidden = !one;
    parts.toggle.textContent = state.showsAfter
      ? "View original image"
      : (after.action ?? "Upsample image");
    for (const mode of MODES) parts.modes[mode].setAttribute("aria-pressed", String(mode === state.mode));
    parts.pixels.setAttribute("aria-pressed", String(!state.smooth));
    parts.fit.setAttribute("aria-pressed", String(fitted));
    parts.zoom.textContent = zoomText(view.scale, ratio());
  }

  const isZoomed = (room) =>
    frame.width * view.scale > room.width + 1 || frame.height * view.scale > room.height + 1;

  function pointIn(event) {
    const box = stage.getBoundingClientRect();
    const room = pane();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    return { x: x > room.width ? x - room.width : x, y: y > room.height ? y - room.height : y };
  }

  const on = (target, kind, listener, options = {}) =>
    target.addEventListener(kind, listener, { ...options, signal });

  listenToPointers({
    on, stage, handle, pointIn,
    wipes: () => state.mode === "wipe",
    zoomed: () => isZoomed(pane()),
    moveDivider: (point) => change({ split: splitAt(point.x, view, frame) }),
    pan,
    pinch: (growth, middle) => zoomTo(view.scale * growth, middle),
  });
  on(stage, "dblclick", (event) => {
    if (fitted) zoomTo(Math.max(1 / ratio(), view.scale * 2), pointIn(event));
    else zoomFit();
  });
  on(stage, "wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page's own scrolling is never taken away
    event.preventDefault();
    zoomTo(view.scale * Math.exp(-clamp(event.deltaY, -60, 60) / 100), pointIn(event));
  }, { passive: false });
  on(handle, "keydown", (event) => {
    const split = event.ctrlKey || event.metaKey || event.altKey
      ? null
      : splitAfterKey(state.split, event.key, event.shiftKey);
    if (split === null) return;
    event.preventDefault();
    event.stopPropagation();
    change({ split });
  });
  on(root, "keydown", (event) => {
    if (handleKey(event)) event.preventDefault();
  });
  on(root, "keyup", (event) => {
    if (event.key === " ") blink(false);
  });
  on(root, "focusout", () => blink(false));

  function handleKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const onButton = event.target.closest("button") !== null;
    const step = event.shiftKey ? 200 : 40;
    const actions = {
      1: () => setMode("wipe"), 2: () => setMode("toggle"), 3: () => setMode("side"),
      "+": () => zoomTo(view.scale * ZOOM_STEP), "=": () => zoomTo(view.scale * ZOOM_STEP),
      "-": () => zoomTo(view.scale / ZOOM_STEP), 0: zoomFit,
      "?": () => showHelp(parts.help.hidden),
      Escape: () => (parts.help.hidden ? event.target.blur() : showHelp(false)),
    };
    const onPicture = {
      " ": () => blink(true),
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0),
      ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
    };
    const moves = event.key.startsWith("Arrow") && !isZoomed(pane());
    const action = actions[event.key] ?? (onButton || moves ? undefined : onPicture[event.key]);
    action?.();
    return action !== undefined;
  }

  function showHelp(open) {
    parts.help.hidden = !open;
    parts.keys.setAttribute("aria-expanded", String(open));
  }

  for (const mode of MODES) on(parts.modes[mode], "click", () => setMode(mode));
  for (const button of parts.choices) {
    on(button, "click", () => change({ after: Number(button.dataset.layer) }));
  }
  on(parts.toggle, "click", toggle);
  on(parts.zoomIn, "click", () => zoomTo(view.scale * ZOOM_STEP));
  on(parts.zoomOut, "click", () => zoomTo(view.scale / ZOOM_STEP));
  on(parts.fit, "click", zoomFit);
  on(parts.actual, "click", () => zoomTo(1 / ratio()));
  on(parts.pixels, "click", () => change({ smooth: !state.smooth }));
  on(parts.keys, "click", () => showHelp(parts.help.hidden));

  const watcher = new ResizeObserver(() => {
    size = { width: stage.clientWidth || 1, height: stage.clientHeight || 1 };
    refit();
    draw();
  });
  stage.style.aspectRatio = `${frame.width} / ${frame.height}`;
  element.append(root);
  placeImages();
  size = { width: stage.clientWidth || 1, height: stage.clientHeight || 1 };
  refit();
  draw();
  watcher.observe(stage);

  const cleanup = () => {
    leaving.abort();
    watcher.disconnect();
    root.remove();
    parts.giveBack();
  };
  cleanup.set = (wanted) => change(wanted, { tell: false });
  return cleanup;
}

/** Divider, pan and pinch from mouse, pen and fingers; what each does is handed in. */
function listenToPointers({ on, stage, handle, pointIn, wipes, zoomed, moveDivider, pan, pinch }) {
  const pointers = new Map();
  let dragsDivider = false;

  on(stage, "pointerdown", (event) => {
    if (event.button !== 0) return;
    const onHandle = handle.contains(event.target);
    pointers.set(event.pointerId, pointIn(event));
    stage.setPointerCapture(event.pointerId);
    dragsDivider = wipes() && (onHandle || !zoomed());
    if (dragsDivider) {
      handle.focus({ preventScroll: true });
      if (!onHandle) moveDivider(pointIn(event));
      event.preventDefault();
    }
  });
  on(stage, "pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (last === undefined) return;
    const now = pointIn(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other !== undefined) {
      const span = spanOf(now, other);
      pinch(span.distance / Math.max(1, spanOf(last, other).distance), span.middle);
    } else if (dragsDivider) moveDivider(now);
    else pan(now.x - last.x, now.y - last.y);
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
  const stage = make("div", "stage", { role: "group", tabindex: "0" }, panes.before, panes.after, handle);
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
    zoomIn, zoomOut, fit, actual, pixels, keys, help, live, giveBack,
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
    const { className, alt, parentNode, nextSibling, draggable } = image;
    image.addEventListener("error", () => onError(layer), { signal });
    image.className = "ocrnb-compare__image";
    image.alt = layer.label;
    image.draggable = false;
    image.decoding = "async";
    if (layer.bytes) {
      image.src = URL.createObjectURL(new Blob([layer.bytes], { type: "image/png" }));
      undo.push(() => URL.revokeObjectURL(image.src));
    } else if (layer.src) {
      image.src = layer.src;
    }
    undo.push(() => {
      if (!layer.element) return;
      image.removeAttribute("style");
      Object.assign(image, { className, alt, draggable });
      parentNode?.insertBefore(image, nextSibling);
    });
    return image;
  });
  return { images, giveBack: () => undo.reverse().forEach((step) => step()) };
}

export default { mount };
