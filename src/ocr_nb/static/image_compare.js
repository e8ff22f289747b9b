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
// Joined behind image_compare_geometry.js and image_compare_parts.js, whose functions it takes.

const LENS_RADIUS = 110; // px, or less where the picture is small
const ZOOM_STEP = 1.25;
const STACK_BELOW = 560; // px: narrower, side by side becomes one above the other

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
    element.append(this.parts.root);
    this.placeImages();
    this.view = fitView(this.frame, this.frame);
    this.parts.stage.style.aspectRatio = `${this.frame.width} / ${this.frame.height}`;
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
    cancelAnimationFrame(this.reading);
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
    if (this.state.mode !== previous.mode) this.parts.values.textContent = ""; // it told of the other mode
    this.drawChange(previous);
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
    this.readSoon({ x: this.state.lens[0], y: this.state.lens[1] });
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
        word.boxes[side].map((box) => this.markOf(word, index, box, place, side))));
      texts[side].replaceChildren(
        Object.assign(document.createElement("b"), { textContent: labels[side] }), " ",
        ...words.flatMap((word, index) => {
          const span = document.createElement("span");
          span.className = "ocrnb-compare__word";
          Object.assign(span.dataset, { word: index, kind: word.kind });
          if (word.confidences) span.dataset.sure = sureness(word.confidences[side]);
          span.title = describeWord(word, labels);
          span.textContent = (side ? signOf(word.kind) : "") + (word.texts[side] || "␣");
          return [span, " "];
        }),
      );
    });
    const isSaid = words.some((word) => word.confidences?.some((confidence) => confidence !== null));
    this.parts.legend.hidden = !isSaid;
    this.link(this.chosen);
    this.draw();
  }

  /** The chosen word's number, or -1. */
  get chosen() {
    return this.words[this.state.selected] ? this.state.selected : -1;
  }

  markOf(word, index, [left, top, right, bottom], place, side) {
    const made = this.parts.document.createElement("span");
    made.className = "ocrnb-compare__mark";
    Object.assign(made.dataset, { word: index, kind: word.kind });
    if (word.confidences) made.dataset.sure = sureness(word.confidences[side]);
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
    const { root, stage } = this.parts;
    stage.style.aspectRatio = `${this.frame.width} / ${this.frame.height * (this.stacked ? 2 : 1)}`;
    root.dataset.mode = this.state.mode;
    root.dataset.stacked = String(this.stacked);
    root.dataset.zoomed = String(this.zoomed);
    root.dataset.vertical = String(this.state.vertical);
    this.drawImage(this.state.before);
    this.drawImage(this.state.after);
    this.drawMarks();
    this.drawPanes();
    this.drawLens();
    this.drawMap();
    this.drawHandle();
    this.drawWords();
    if (this.state.mode === "difference") this.paint();
  }

  /** Draw what changed: a drag moves the divider only, and pictures of any size stay where they are. */
  drawChange(previous) {
    const changed = Object.keys(this.state).filter((name) => this.state[name] !== previous[name] && name !== "lens");
    const moved = String(this.state.lens) !== String(previous.lens);
    if (moved || changed.some((name) => name !== "split")) this.draw();
    else if (changed.length) {
      this.drawPanes();
      this.drawHandle();
    }
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
    this.parts.legend.style.display = on ? "" : "none";
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

  /** Show on a small copy which part of the picture is in sight; only while that is not all of it. */
  drawMap() {
    const { map, mapSight } = this.parts;
    map.hidden = !this.zoomed;
    if (map.hidden) return;
    const { width, height } = mapSize(this.frame, this.pane);
    Object.assign(map.style, { width: `${width}px`, height: `${height}px` });
    const sight = sightOf(this.view, this.frame, this.pane);
    for (const [side, value] of Object.entries(sight)) mapSight.style[side] = `${value * 100}%`;
    this.paintMap(width, height);
  }

  /** Copy the second picture small, once for each size it has. */
  paintMap(width, height) {
    const { mapCanvas, images } = this.parts;
    const image = images[this.state.after];
    const painted = `${image.src.slice(0, 200)} ${width} ${height}`;
    if (this.mapped === painted || !image.complete || !image.naturalWidth) return;
    this.mapped = painted;
    mapCanvas.width = width * this.ratio;
    mapCanvas.height = height * this.ratio;
    const place = placeOf(this.after, this.frame);
    const scale = mapCanvas.width / this.frame.width;
    const pen = mapCanvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, place.x * scale, place.y * scale, place.width * scale, place.height * scale);
  }

  /** Bring what a point of the map stands for into the middle. */
  panOnMap({ clientX, clientY }) {
    const box = this.parts.map.getBoundingClientRect();
    const point = { x: clamp((clientX - box.left) / box.width, 0, 1), y: clamp((clientY - box.top) / box.height, 0, 1) };
    this.view = centerView(this.view, point, this.frame, this.pane);
    this.draw();
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

  /** Read the values once a frame: to read a pixel of a large picture takes a moment. */
  readSoon(point) {
    cancelAnimationFrame(this.reading);
    this.reading = requestAnimationFrame(() => this.readValues(point));
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
      if (event.buttons && this.state.mode !== "lens") return; // a drag: nobody reads values then
      const point = fractionAt(this.pointIn(event), this.view, this.frame);
      if (this.state.mode === "lens") this.moveLens(point);
      else this.readSoon(point);
    });
    on(stage, "pointerleave", () => {
      cancelAnimationFrame(this.reading);
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
  const { stage, handle, map } = comparison.parts;
  const pointers = new Map();
  let dragsDivider = false;
  followMap(comparison, on);
  const moveDivider = ({ x, y }) => {
    const { vertical } = comparison.state;
    comparison.change({ split: splitAt(vertical ? y : x, comparison.view, comparison.frame, vertical) });
  };

  on(stage, "pointerdown", (event) => {
    if (event.button !== 0 || map.contains(event.target)) return;
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

/** Pan by pressing or dragging on the map. */
function followMap(comparison, on) {
  const { map } = comparison.parts;
  on(map, "pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    map.setPointerCapture(event.pointerId);
    comparison.panOnMap(event);
  });
  on(map, "pointermove", (event) => {
    if (map.hasPointerCapture(event.pointerId)) comparison.panOnMap(event);
  });
  on(map, "dblclick", (event) => event.stopPropagation());
}

export default { mount };
