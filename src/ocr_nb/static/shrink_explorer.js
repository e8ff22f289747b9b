// Views of one ShrinkExplorer: a page shrunk at once here, what was read of it, and the curve of errors.
//
// Reads `setup` (what can be chosen), `problem`, `leaves_still`; reads and writes `x_height`, `damage`, `engine`, `page`,
// `teaching`. Pictures, readings and points come as messages: `source` and `shrunk` (PNG in pieces), `points`,
// `reading` (its errors as `spans` of kind, truth, read; a picture in pieces), `sweep`. Sends `send all`,
// `measure curve`, `cancel curve`. The slider never waits: the page is averaged here, readings follow.

const SAVE_EVERY = 80; // ms: a drag is told to the kernel no more often
const LEAST = 2; // px, left end of the axis
const MOST = 24; // px, right end
const TICKS = [2, 3, 4, 6, 8, 12, 16, 24];
const RATES = [0, 0.25, 0.5, 0.75, 1];
const PLOT = { left: 50, right: 20, top: 26, bottom: 8, height: 236 };
const LENS = { width: 10.5, height: 3.3 }; // in x-heights: a word or two of one line
const KEPT = 40; // places whose pictures are kept
const SHOWN = ["x_height", "damage", "engine", "page", "teaching", "problem", "leaves_still"]; // traits
const SHAPES = ["circle", "square", "triangle", "diamond", "cross"];
const STEPS = {
  page: "1 Shrink the page with the slider. Its pixels are averaged, as in a scanner.",
  chart: "2 Watch where the reader breaks. Each point is one reading: lower is better.",
  curve: "3 Measure the whole curve. Does the advice fit it?",
  cards: "4 Compare what the reader gets, and what it makes of it. Enlarging adds pixels, not information.",
};

/** `value`, or the nearer of the two limits. */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** Where a text height stands on the axis, 0 to 1: each halving is the same way. */
export function placeOf(height, least = LEAST, most = MOST) {
  return Math.log2(height / least) / Math.log2(most / least);
}

/** The text height at a place of the axis. */
export function heightAt(place, least = LEAST, most = MOST) {
  return least * (most / least) ** clamp(place, 0, 1);
}

/** The one of `heights` (ascending) that is nearest on the axis. */
export function nearest(height, heights) {
  const far = (one) => Math.abs(Math.log2(one / height));
  return heights.reduce((best, one) => (far(one) < far(best) ? one : best));
}

/** The text height that a key leads to; null for other keys. */
export function heightAfter(key, height, heights) {
  const at = heights.indexOf(nearest(height, heights));
  const steps = {
    ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -4, PageUp: 4, Home: -heights.length, End: heights.length,
  };
  return key in steps ? heights[clamp(at + steps[key], 0, heights.length - 1)] : null;
}

/** How each of `to` cells covers `from` cells: the first one, and the shares, which add up to 1. */
export function coverage(from, to) {
  return Array.from({ length: to }, (_, index) => {
    const low = (index * from) / to;
    const high = ((index + 1) * from) / to;
    const first = Math.floor(low + 1e-9);
    const last = Math.max(first + 1, Math.ceil(high - 1e-9));
    const shares = [];
    for (let cell = first; cell < last; cell++) {
      shares.push((Math.min(cell + 1, high) - Math.max(cell, low)) / (high - low));
    }
    return { first, shares };
  });
}

/** One plane of a picture averaged down to `toWidth` × `toHeight`. */
export function averagePlane(plane, width, height, toWidth, toHeight) {
  const across = coverage(width, toWidth);
  const down = coverage(height, toHeight);
  const narrow = new Float32Array(toWidth * height);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < toWidth; x++) {
      const { first, shares } = across[x];
      let sum = 0;
      for (let k = 0; k < shares.length; k++) sum += shares[k] * plane[row + first + k];
      narrow[y * toWidth + x] = sum;
    }
  }
  const small = new Float32Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const { first, shares } = down[y];
    for (let k = 0; k < shares.length; k++) {
      const row = (first + k) * toWidth;
      for (let x = 0; x < toWidth; x++) small[y * toWidth + x] += shares[k] * narrow[row + x];
    }
  }
  return small;
}

/** The size of the page when its text is `height` px tall. */
export function sizeAt(source, height) {
  const scale = Math.min(1, height / source.x_height);
  return { width: Math.max(1, Math.round(source.width * scale)), height: Math.max(1, Math.round(source.height * scale)) };
}

/** The middle, as fractions, of the window (`wide` × `tall`, fractions) with most ink that cuts no line of text. */
export function inkiest(plane, width, height, wide, tall) {
  const columns = Math.max(1, Math.min(width, 48));
  const rows = Math.max(1, Math.min(height, 120));
  const coarse = averagePlane(plane, width, height, columns, rows);
  const paper = [...coarse].sort((one, other) => one - other)[coarse.length >> 1];
  const w = clamp(Math.round(wide * columns), 1, columns);
  const h = clamp(Math.round(tall * rows), 1, rows);
  const inRow = (x, y) => {
    let ink = 0;
    for (let i = x; i < x + w; i++) ink += Math.abs(coarse[y * columns + i] - paper);
    return ink;
  };
  let best = { score: -Infinity, x: 0, y: 0 };
  for (let x = 0; x + w <= columns; x++) {
    const ink = Array.from({ length: rows }, (_, y) => inRow(x, y));
    for (let y = 0; y + h <= rows; y++) {
      const score = ink.slice(y, y + h).reduce((sum, one) => sum + one, 0) - h * (ink[y] + ink[y + h - 1]);
      if (score > best.score) best = { score, x, y };
    }
  }
  return { x: (best.x + w / 2) / columns, y: (best.y + h / 2) / rows };
}

/** A rate as people write it; one above 1 as it is. */
export function percentText(rate) {
  if (rate === null || rate === undefined) return "—";
  const percent = 100 * rate;
  return `${percent === 0 || percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** A text height as people write it. */
export function heightText(height) {
  return `${Number(height.toFixed(2))} px`;
}

/** What was found at a place, in a sentence: the characters, and the errors under each condition. */
export function verdictText(height, conditions, readings) {
  const known = conditions.filter(({ name }) => readings.get(name) && !readings.get(name).error);
  if (!known.length) return "";
  const { length } = readings.get(known[0].name);
  const errors = known.map(({ name }) => readings.get(name).edits);
  const start = `Text ${heightText(height)} high, ${length} characters`;
  if (known.length === conditions.length && errors.every((count) => count === 0)) {
    return `${start}: every one is read right${known.length > 1 ? ", whatever is done" : ""}.`;
  }
  return `${start}. Errors: ${known.map(({ label }, index) => `${errors[index] || "none"} ${label}`).join(", ")}.`;
}

/** What stands at a place, as one text. */
export function placeKey(page, [height, damage, engine]) {
  return [page, Number(height.toFixed(3)), damage, engine].join("|");
}

/** The points of one curve in order of height, where there is a rate. */
export function curveOf(points) {
  return [...points].filter(([, rate]) => rate !== null).sort(([one], [other]) => one - other);
}

/** An SVG path through points of heights and rates; rates above 1 run along the upper edge. */
export function pathOf(curve, toX, toY) {
  return curve.map(([height, rate], index) => `${index ? "L" : "M"}${toX(height).toFixed(1)} ${toY(Math.min(1, rate)).toFixed(1)}`).join("");
}

/** The mark of a point, as an SVG path around a middle. */
export function markPath(shape, x, y, r) {
  const at = (dx, dy) => `${(x + dx * r).toFixed(1)} ${(y + dy * r).toFixed(1)}`;
  if (shape === "square") return `M${at(-0.88, -0.88)}L${at(0.88, -0.88)}L${at(0.88, 0.88)}L${at(-0.88, 0.88)}Z`;
  if (shape === "triangle") return `M${at(0, -1.15)}L${at(1.1, 0.85)}L${at(-1.1, 0.85)}Z`;
  if (shape === "diamond") return `M${at(0, -1.25)}L${at(1.25, 0)}L${at(0, 1.25)}L${at(-1.25, 0)}Z`;
  if (shape === "cross") return `M${at(-1, -1)}L${at(1, 1)}M${at(1, -1)}L${at(-1, 1)}`;
  return `M${at(-1, 0)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

/** Puts the pieces of one picture together; gives its bytes once all are there. */
export function gather(parts, key, { offset, total }, data) {
  const found = parts.get(key) ?? { bytes: new Uint8Array(total), seen: new Map() };
  const piece = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (found.bytes.length !== total) return null;
  found.bytes.set(piece, offset);
  found.seen.set(offset, piece.length);
  parts.set(key, found);
  if ([...found.seen.values()].reduce((sum, length) => sum + length, 0) < total) return null;
  parts.delete(key);
  return found.bytes;
}

/**
 * Tells the kernel what a person chose: at once, then at most every `pause` ms, the last choice always. Until a
 * choice is told, the kernel's echo of an earlier one may overwrite it in the model; it is not lost for that.
 */
export function teller(model, pause, later = setTimeout) {
  const untold = new Map();
  let isResting = false;
  const tell = () => {
    for (const [name, value] of untold) model.set(name, value);
    untold.clear();
    isResting = true;
    model.save_changes();
    later(() => {
      isResting = false;
      if (untold.size) tell();
    }, pause);
  };
  return {
    get: (name) => (untold.has(name) ? untold.get(name) : model.get(name)),
    set(name, value) {
      untold.set(name, value);
      model.set(name, value);
    },
    tell() {
      if (!isResting) tell();
    },
  };
}

/** What came for one model: the page, points, readings with their pictures; for all views. */
class Album {
  constructor(model) {
    this.model = model;
    this.listeners = new Set();
    this.parts = new Map();
    this.clear(model.get("page"));
    this.hear = (message, buffers) => this.take(message, buffers ?? []);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send all" });
  }

  clear(page) {
    for (const place of this.places?.values() ?? []) closeAll(place);
    this.page = page;
    this.source = null;
    this.places = new Map();
    this.points = new Map();
    this.sweep = this.sweep ?? null;
  }

  async take(message, [data]) {
    const page = message.page ?? this.page;
    if (page !== this.model.get("page")) return;
    if (page !== this.page) this.clear(page);
    if (message.kind === "sweep") this.sweep = message;
    else if (message.kind === "source") {
      const bytes = gather(this.parts, `${page}|source`, message, data);
      if (!bytes) return;
      const source = await planesOf(bytes);
      if (page === this.page) this.source = source;
    }
    else if (message.kind === "points") message.points.forEach((point) => this.plot(point));
    else if (message.kind === "reading") await this.takeReading(page, message, data);
    else if (message.kind === "shrunk") await this.takeShrunk(page, message, data);
    else return;
    for (const listener of this.listeners) listener();
  }

  async takeReading(page, message, data) {
    const key = placeKey(page, message.spot);
    const name = `${key}|${message.condition}`;
    const bytes = data ? gather(this.parts, name, message, data) : null;
    if (data && !bytes) return;
    const bitmap = bytes ? await bitmapOf(bytes) : null;
    const place = this.placeAt(page, message.spot);
    const before = place.readings.get(message.condition);
    if (before?.bitmap && bitmap) before.bitmap.close();
    place.readings.set(message.condition, { ...message, bitmap: bitmap ?? before?.bitmap ?? null });
    this.plot(message);
  }

  async takeShrunk(page, message, data) {
    const bytes = gather(this.parts, `${placeKey(page, message.spot)}|`, message, data);
    if (!bytes) return;
    const place = this.placeAt(page, message.spot);
    place.shrunk?.close();
    place.shrunk = await bitmapOf(bytes);
  }

  placeAt(page, spot) {
    const key = placeKey(page, spot);
    const place = this.places.get(key) ?? { readings: new Map(), shrunk: null, height: spot[0] };
    this.places.delete(key);
    this.places.set(key, place); // the latest is the last
    for (const [old, one] of this.places) {
      if (this.places.size <= KEPT) break;
      closeAll(one);
      this.places.delete(old);
    }
    return place;
  }

  plot({ spot: [height, damage, engine], condition, cer, error }) {
    if (error) return;
    const key = [damage, engine, condition].join("|");
    if (!this.points.has(key)) this.points.set(key, new Map());
    this.points.get(key).set(height, cer);
  }

  curve(damage, engine, condition) {
    return curveOf(this.points.get([damage, engine, condition].join("|")) ?? []);
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    this.listeners.clear();
    this.clear("");
  }
}

const bitmapOf = (bytes) => createImageBitmap(new Blob([bytes], { type: "image/png" }));

function closeAll(place) {
  place.shrunk?.close();
  for (const { bitmap } of place.readings.values()) bitmap?.close();
}

/** The planes of a picture, one where it is gray, on white paper. */
async function planesOf(bytes) {
  const bitmap = await bitmapOf(bytes);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  let isGray = true;
  for (let i = 0; i < data.length && isGray; i += 4) isGray = data[i] === data[i + 1] && data[i] === data[i + 2];
  const planes = Array.from({ length: isGray ? 1 : 3 }, (_, channel) => {
    const plane = new Float32Array(width * height);
    for (let i = 0, j = channel; i < plane.length; i++, j += 4) plane[i] = data[j];
    return plane;
  });
  return { width, height, planes };
}

/** Put the page, averaged down, on a canvas of that size. */
function drawShrunk(canvas, source, size) {
  const small = source.planes.map((plane) => averagePlane(plane, source.width, source.height, size.width, size.height));
  const image = new ImageData(size.width, size.height);
  for (let i = 0, j = 0; i < small[0].length; i++, j += 4) {
    for (let channel = 0; channel < 3; channel++) image.data[j + channel] = small[channel % small.length][i];
    image.data[j + 3] = 255;
  }
  canvas.width = size.width;
  canvas.height = size.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function copyTo(canvas, picture) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

const SVG = "http://www.w3.org/2000/svg";
const make = (tag, part, attributes = {}, ...children) => fill(document.createElement(tag), part, attributes, children);
const draw = (tag, part, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), part, attributes, children);

function fill(element, part, attributes, children) {
  if (part) element.setAttribute("class", `ocrnb-shrink__${part}`);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // JupyterLab looks for this on what has the focus, and only then further out: else “d d” deletes the cell.
  if (element.matches("button, input, select, [tabindex]")) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** The text read, its errors marked by line and sign. */
function markSpans(element, spans) {
  const parts = spans.map(([kind, truth, read]) => {
    if (kind === "right") return document.createTextNode(read);
    const title = { wrong: `should be “${truth}”`, extra: "is not there", missing: "was not read" }[kind];
    return make("span", "mark", { "data-kind": kind, title }, kind === "missing" ? truth : read);
  });
  element.replaceChildren(...(parts.length ? parts : [make("i", "nothing", {}, "nothing was read")]));
}

/** One condition: what the reader gets, enlarged, and what it makes of it. */
class Card {
  constructor({ name, label, tone }, index) {
    this.name = name;
    this.rate = make("span", "rate");
    this.facts = make("p", "facts");
    this.canvas = make("canvas", "enlarged", { role: "img", "aria-label": `Enlarged: ${label}` });
    this.blank = make("span", "blank");
    this.text = make("div", "text", { tabindex: "0", role: "group", "aria-label": `Read of ${label}` });
    const sign = draw("svg", "sign", { viewBox: "0 0 16 16", "aria-hidden": "true" },
      draw("path", "mark-shape", { d: markPath(SHAPES[index % SHAPES.length], 8, 8, 5) }));
    this.element = make("article", "card", { "data-tone": tone, "aria-label": label },
      make("header", "title", {}, sign, make("h4", "name", {}, label), this.rate),
      make("div", "window", {}, this.canvas, this.blank), this.facts, this.text);
  }

  /** Show a reading; `stale` when it belongs to another place than the slider's. */
  show(reading, stale, waiting, height) {
    this.element.dataset.stale = stale;
    this.element.setAttribute("aria-busy", waiting);
    if (!reading) {
      say(this.rate, "");
      say(this.facts, waiting ? "reading" : "not read");
      this.text.replaceChildren();
      return;
    }
    say(this.rate, reading.error ? "failed" : percentText(reading.cer));
    const size = reading.left ? "left as given" : reading.width ? `${reading.width}×${reading.height} px` : "size not told";
    this.facts.title = reading.left;
    const errors = reading.edits === 0 ? "no error" : `${reading.edits} ${reading.edits === 1 ? "error" : "errors"} in ${reading.length}`;
    say(this.facts, stale ? `${waiting ? "reading" : "not read"} · below: ${heightText(height)}` : `${size} · ${errors}`);
    if (reading.error) this.text.replaceChildren(make("p", "error", {}, reading.error));
    else markSpans(this.text, reading.spans);
  }

  /** Draw the window of a picture (anything a canvas draws), each pixel as hard as it is. */
  enlarge(picture, lens, reading) {
    this.blank.hidden = Boolean(picture);
    const why = reading?.inside ? "enlarged inside the reader: not shown" : "this picture is no longer kept";
    say(this.blank, picture || !reading || reading.error ? "" : why);
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return; // out of the page for a moment: keep what was drawn
    const dense = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(clientWidth * dense));
    this.canvas.height = Math.max(1, Math.round(clientHeight * dense));
    if (!picture) return;
    const context = this.canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, lens.left * picture.width, lens.top * picture.height,
      lens.width * picture.width, lens.height * picture.height, 0, 0, this.canvas.width, this.canvas.height);
  }
}

/** One view. */
class View {
  constructor(model, el, album) {
    this.model = model;
    this.album = album;
    this.lens = null;
    this.shown = new Map();
    this.leaving = new AbortController();
    this.chosen = teller(model, SAVE_EVERY);
    this.build(el);
    this.update = () => this.refresh();
    this.rebuild = () => this.setUp();
    for (const name of SHOWN) model.on(`change:${name}`, this.update);
    model.on("change:setup", this.rebuild);
    album.listeners.add(this.update);
    this.sizes = new ResizeObserver(() => this.refresh());
    this.sizes.observe(this.root);
    this.setUp();
  }

  build(el) {
    const on = { signal: this.leaving.signal };
    this.selects = Object.fromEntries([["page", "Page"], ["engine", "Reader"], ["damage", "Damage"]].map(([name, label]) => {
      const select = make("select", "select");
      select.addEventListener("change", () => this.choose(name, select.value), on);
      return [name, { select, field: make("label", "field", {}, make("span", "label", {}, label), select) }];
    }));
    this.large = make("button", "button", { type: "button" }, "Larger labels");
    this.large.addEventListener("click", () => this.choose("teaching", !this.model.get("teaching")), on);
    this.keys = make("button", "button", { type: "button", "aria-expanded": "false", title: "What the keys do (key ?)" }, "Keys");
    this.keys.addEventListener("click", () => this.showHelp(this.help.hidden), on);
    this.help = make("dl", "help", { hidden: "" }, ...helpEntries());
    this.verdict = make("p", "verdict");
    this.live = make("p", "live", { role: "status" });
    this.problem = make("p", "problem", { role: "alert", hidden: "" });
    this.cards = make("div", "cards");
    this.key = make("p", "key");
    this.key.append("In the readings: ", make("span", "mark", { "data-kind": "wrong" }, "read wrong"), " ",
      make("span", "mark", { "data-kind": "extra" }, "not there"), " ", make("span", "mark", { "data-kind": "missing" }, "not read"));
    const step = (name) => make("p", "step", {}, STEPS[name]);
    this.root = make("section", "", { "aria-label": "Shrink explorer" },
      make("div", "bar", {}, ...Object.values(this.selects).map(({ field }) => field), make("div", "tools", {}, this.large, this.keys)),
      this.help, this.verdict,
      make("div", "main", {}, make("div", "left", {}, step("page"), this.buildPage(on)),
        make("div", "right", {}, step("chart"), this.buildChart(on), step("curve"), this.buildCurve(on))),
      step("cards"), this.cards, this.key, this.problem, this.live);
    this.root.className = "ocrnb-shrink";
    this.root.addEventListener("keydown", (event) => this.pressForHelp(event), on);
    el.append(this.root);
  }

  buildPage(on) {
    this.canvas = make("canvas", "paper");
    this.frame = make("div", "frame", {}, this.canvas);
    this.box = make("div", "lens", { role: "slider", tabindex: "0", "aria-label": "Enlarged part, moved by the arrow keys", "aria-valuemin": "0", "aria-valuemax": "100" });
    this.frame.append(this.box);
    this.caption = make("p", "caption");
    this.actual = make("canvas", "actual", { role: "img", "aria-label": "The page at its true size" });
    const point = (event) => {
      const box = this.frame.getBoundingClientRect();
      this.moveLens((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    this.frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      this.frame.setPointerCapture(event.pointerId);
      point(event);
    }, on);
    this.frame.addEventListener("pointermove", (event) => {
      if (this.frame.hasPointerCapture(event.pointerId)) point(event);
    }, on);
    this.box.addEventListener("keydown", (event) => this.pressLens(event), on);
    return make("div", "page", {}, this.frame, this.caption, make("p", "label", {}, "At its true size"),
      make("div", "actual-frame", {}, this.actual));
  }

  buildChart(on) {
    this.chart = draw("svg", "chart", { role: "img" });
    this.range = make("input", "range", { type: "range", min: "0", max: "1", step: "any", "aria-label": "Text height" });
    this.height = make("output", "height");
    this.advice = make("p", "advice");
    this.ticks = make("div", "ticks", { "aria-hidden": "true" });
    this.range.addEventListener("input", () => this.slide(heightAt(Number(this.range.value))), on);
    this.range.addEventListener("keydown", (event) => {
      const height = event.ctrlKey || event.metaKey || event.altKey ? null : heightAfter(event.key, this.chosen.get("x_height"), this.heights);
      if (height === null) return;
      event.preventDefault();
      this.slide(height);
    }, on);
    const point = (event) => {
      const box = this.chart.getBoundingClientRect();
      this.slide(heightAt((event.clientX - box.left - PLOT.left) / (box.width - PLOT.left - PLOT.right)));
    };
    this.chart.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      this.chart.setPointerCapture(event.pointerId);
      point(event);
    }, on);
    this.chart.addEventListener("pointermove", (event) => {
      if (this.chart.hasPointerCapture(event.pointerId)) point(event);
    }, on);
    return make("div", "plot", {},
      make("p", "heading", {}, make("span", "label", {}, "Text height "), this.height, this.advice),
      this.chart, this.range, this.ticks);
  }

  buildCurve(on) {
    this.measure = make("button", "button", { type: "button" }, "Measure the whole curve");
    this.measure.addEventListener("click", () => this.model.send({ kind: this.album.sweep?.running ? "cancel curve" : "measure curve" }), on);
    this.progress = make("progress", "progress", { "aria-label": "Points of the curve measured", hidden: "" });
    this.said = make("span", "said");
    return make("div", "curve", {}, this.measure, this.progress, this.said);
  }

  // ------------------------------------------------------------------ what a person does

  choose(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
    this.refresh();
  }

  slide(height) {
    const chosen = nearest(height, this.heights);
    if (chosen === this.chosen.get("x_height")) {
      this.range.value = placeOf(chosen);
      return;
    }
    this.chosen.set("x_height", chosen);
    this.chosen.tell();
    this.refresh();
  }

  moveLens(x, y) {
    const { width, height } = this.lensSize();
    this.lens = { x: clamp(x, width / 2, 1 - width / 2), y: clamp(y, height / 2, 1 - height / 2) };
    this.refresh();
  }

  /** Heard anywhere in the widget: `?` shows what the keys do, Esc puts it away. */
  pressForHelp(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "?" && (event.key !== "Escape" || this.help.hidden)) return;
    this.showHelp(event.key === "?" && this.help.hidden);
    event.preventDefault();
    event.stopPropagation();
  }

  showHelp(open) {
    this.help.hidden = !open;
    this.keys.setAttribute("aria-expanded", open);
  }

  pressLens(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in moves) || !this.lens) return;
    event.preventDefault();
    const { width, height } = this.lensSize();
    const [dx, dy] = moves[event.key];
    this.moveLens(this.lens.x + (dx * width) / 4, this.lens.y + (dy * height) / 4);
  }

  // ------------------------------------------------------------------ what is shown

  setUp() {
    const setup = this.model.get("setup");
    this.heights = setup.x_heights;
    if (this.page !== setup.page) this.lens = null;
    this.page = setup.page;
    fillSelect(this.selects.page.select, setup.pages.map(({ name, about }) => [name, about]));
    fillSelect(this.selects.engine.select, setup.engines.map(({ name, label }) => [name, label]));
    fillSelect(this.selects.damage.select, setup.damages.map(({ name }) => [name, name]));
    this.selects.engine.field.hidden = setup.engines.length === 0;
    const names = setup.conditions.map(({ name }) => name).join();
    if (this.names !== names) {
      this.names = names;
      this.list = setup.conditions.map((one, index) => new Card(one, index));
      this.cards.replaceChildren(...this.list.map(({ element }) => element));
    }
    this.refresh();
  }

  get spot() {
    return [this.chosen.get("x_height"), this.model.get("damage"), this.model.get("engine")];
  }

  lensSize() {
    const { width, height, x_height: tall } = this.model.get("setup").source;
    return { width: Math.min(1, (LENS.width * tall) / width), height: Math.min(1, (LENS.height * tall) / height) };
  }

  refresh() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (!this.leaving.signal.aborted) this.show();
    });
  }

  show() {
    const setup = this.model.get("setup");
    const height = this.chosen.get("x_height");
    const place = this.album.places.get(placeKey(this.model.get("page"), this.spot));
    this.root.dataset.teaching = this.model.get("teaching");
    this.large.setAttribute("aria-pressed", this.model.get("teaching"));
    this.root.dataset.still = Boolean(this.model.get("leaves_still"));
    for (const [name, { select }] of Object.entries(this.selects)) select.value = this.model.get(name);
    this.selects.damage.select.title = setup.damages.find(({ name }) => name === this.model.get("damage"))?.about ?? "";
    say(this.problem, this.model.get("problem"));
    this.problem.hidden = !this.model.get("problem");
    this.range.value = placeOf(height);
    this.range.setAttribute("aria-valuetext", heightText(height));
    say(this.height, heightText(height));
    this.showPage(setup, height, place);
    this.showCards(setup, height, place);
    this.showChart(setup, height, place);
    this.showVerdict(setup, height, place);
    this.showSweep();
  }

  showPage(setup, height, place) {
    const size = sizeAt(setup.source, height);
    const picture = place?.shrunk ?? place?.readings.get("original")?.bitmap;
    this.frame.style.aspectRatio = `${setup.source.width} / ${setup.source.height}`;
    const key = `${this.page}|${size.width}|${this.album.source !== null}`;
    if (picture ? this.drawn !== picture : this.album.source && this.drawn !== key) {
      if (picture) copyTo(this.canvas, picture);
      else drawShrunk(this.canvas, this.album.source, size);
      copyTo(this.actual, this.canvas);
      this.drawn = picture ?? key;
    }
    this.canvas.hidden = !this.album.source && !picture;
    this.actual.hidden = this.canvas.hidden;
    this.box.hidden = this.canvas.hidden;
    this.frame.dataset.empty = this.canvas.hidden;
    say(this.caption, `${size.width}×${size.height} px · text ${heightText(height)} high`);
    this.showLens(setup);
  }

  showLens(setup) {
    const { width, height } = this.lensSize();
    if (!this.lens && this.album.source && this.page === this.album.page) {
      const [plane] = this.album.source.planes;
      this.lens = inkiest(plane, this.album.source.width, this.album.source.height, width, height);
    }
    const { x, y } = this.lens ?? { x: width / 2, y: height / 2 };
    const left = clamp(x - width / 2, 0, 1 - width);
    const top = clamp(y - height / 2, 0, 1 - height);
    this.window = { left, top, width, height };
    Object.assign(this.box.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
    this.box.setAttribute("aria-valuenow", Math.round(100 * x));
    this.box.setAttribute("aria-valuetext", `${Math.round(100 * x)} % from the left, ${Math.round(100 * y)} % from the top`);
    this.root.style.setProperty("--ocrnb-window", `${(width * setup.source.width) / (height * setup.source.height)}`);
  }

  showCards(setup, height, place) {
    const waiting = this.model.get("problem") === "";
    const scope = `${this.page}|${this.model.get("damage")}|${this.model.get("engine")}`;
    if (this.scope !== scope) this.shown.clear();
    this.scope = scope;
    for (const card of this.list) {
      const reading = place?.readings.get(card.name);
      if (reading) this.shown.set(card.name, { reading, height });
      const last = this.shown.get(card.name);
      card.show(last?.reading, !reading && Boolean(last), waiting, last?.height ?? height);
      const picture = card.name === "original" && !this.canvas.hidden ? this.canvas : last?.reading.bitmap;
      card.enlarge(picture ?? null, this.window, last?.reading);
    }
  }

  showVerdict(setup, height, place) {
    const readings = place?.readings ?? new Map();
    const settled = setup.conditions.every(({ name }) => readings.has(name));
    const text = verdictText(height, setup.conditions, readings);
    const hint = setup.source.truth_is_read ? " Counted against what is read at full size." : "";
    this.verdict.dataset.stale = !settled;
    if (settled) say(this.verdict, text + hint);
    else say(this.verdict, this.model.get("problem") ? `Text ${heightText(height)} high` : `Reading text ${heightText(height)} high`);
    if (settled && this.live.textContent !== text) this.live.textContent = text;
  }

  showChart(setup, height, place) {
    const width = this.chart.clientWidth || this.chart.parentElement.clientWidth;
    if (!width) return;
    const toX = (one) => PLOT.left + placeOf(one) * (width - PLOT.left - PLOT.right);
    const toY = (rate) => PLOT.top + (1 - rate) * (PLOT.height - PLOT.top - PLOT.bottom);
    const low = toY(0);
    const grid = RATES.flatMap((rate) => [
      draw("line", rate === 0 ? "base" : "grid", { x1: PLOT.left, x2: width - PLOT.right, y1: toY(rate), y2: toY(rate) }),
      draw("text", "tick", { x: PLOT.left - 8, y: toY(rate) + 4, "text-anchor": "end" }, `${100 * rate} %`),
    ]);
    const [, damage, engine] = this.spot;
    const lines = setup.conditions.flatMap((one, index) => this.drawLine(one, index, toX, toY, this.album.curve(damage, engine, one.name), height));
    const here = [draw("line", "here", { x1: toX(height), x2: toX(height), y1: PLOT.top - 6, y2: PLOT.height })];
    this.chart.setAttribute("viewBox", `0 0 ${width} ${PLOT.height}`);
    this.chart.replaceChildren(draw("text", "axis", { x: PLOT.left - 42, y: 13 }, "characters wrong (CER)"),
      ...grid, ...this.drawBorder(setup, engine, toX, low, width), ...here, ...lines);
    this.chart.setAttribute("aria-label", this.describeChart(setup, damage, engine));
    this.range.style.marginInline = `${PLOT.left - 12}px ${PLOT.right - 12}px`;
    this.ticks.replaceChildren(...TICKS.map((one) => {
      const tick = make("span", "height-tick", {}, one === TICKS.at(-1) ? `${one} px` : String(one));
      tick.style.left = `${toX(one)}px`;
      return tick;
    }));
  }

  drawLine({ tone }, index, toX, toY, curve, height) {
    const shape = SHAPES[index % SHAPES.length];
    const marks = curve.map(([one, rate]) => draw("path", one === height ? "point ocrnb-shrink__point--here" : "point",
      { d: markPath(shape, toX(one), toY(Math.min(1, rate)), one === height ? 6.5 : 3.4) }));
    return [draw("g", "line", { "data-tone": tone, "data-shape": shape }, draw("path", "path", { d: pathOf(curve, toX, toY) }), ...marks)];
  }

  drawBorder(setup, engine, toX, low, width) {
    const reader = setup.engines.find(({ name }) => name === engine);
    say(this.advice, reader && reader.border === null ? `Advice for ${reader.label} at any size: do not upsample.` : "");
    if (!reader?.border) return [];
    const x = toX(reader.border);
    return [
      draw("rect", "zone", { x: PLOT.left, y: PLOT.top, width: Math.max(0, x - PLOT.left), height: low - PLOT.top }),
      draw("line", "border", { x1: x, x2: x, y1: PLOT.top - 4, y2: low }),
      draw("text", "ghost", { x: x - 7, y: PLOT.top + 13, "text-anchor": "end" }, width < 460 ? "upsample" : "advice: upsample"),
      draw("text", "ghost", { x: x + 7, y: PLOT.top + 13 }, "will not help"),
    ];
  }

  describeChart(setup, damage, engine) {
    const parts = setup.conditions.map(({ name, label }) => {
      const curve = this.album.curve(damage, engine, name);
      return `${label}: ${curve.map(([one, rate]) => `${heightText(one)} ${percentText(rate)}`).join(", ") || "no point yet"}`;
    });
    return `Characters wrong by text height. ${parts.join(". ")}.`;
  }

  showSweep() {
    const sweep = this.album.sweep;
    const running = Boolean(sweep?.running);
    say(this.measure, running ? "Cancel" : "Measure the whole curve");
    this.progress.hidden = !running;
    this.progress.max = sweep?.total || 1;
    this.progress.value = sweep?.done ?? 0;
    const ended = sweep && !running && sweep.done < sweep.total ? `stopped at ${sweep.done} of ${sweep.total} points` : "";
    say(this.said, running ? `${sweep.done} of ${sweep.total} points` : ended);
  }

  remove() {
    this.leaving.abort();
    this.sizes.disconnect();
    this.album.listeners.delete(this.update);
    for (const name of SHOWN) this.model.off(`change:${name}`, this.update);
    this.model.off("change:setup", this.rebuild);
    this.root.remove();
  }
}

function fillSelect(select, options) {
  const key = JSON.stringify(options);
  if (select.dataset.options === key) return;
  select.dataset.options = key;
  select.replaceChildren(...options.map(([value, label]) => Object.assign(document.createElement("option"), { value, textContent: label })));
}

function helpEntries() {
  const rows = [
    ["← →", "on the slider: one height smaller or larger; Page Up and Page Down four at once, Home and End to the ends"],
    ["← → ↑ ↓", "on the frame over the page: move the part that is enlarged"],
    ["Esc", "put this list away"],
  ];
  return rows.flatMap(([key, meaning]) => [make("dt", "keycap", {}, key), make("dd", "meaning", {}, meaning)]);
}

/** One for each model: its views share the pictures and the points. */
export default () => {
  let album;
  return {
    initialize({ model }) {
      album = new Album(model);
      return () => album.remove();
    },
    render({ model, el }) {
      const view = new View(model, el, album);
      return () => view.remove();
    },
  };
};
