// Views of one ImageCompare: asks the kernel for the pictures once, hands them to the comparison module.
// Joined behind image_compare.js into one module, from which it takes `mount`.
//
// Reads `layers` (labels and sizes, no pixels), `verdict` and `problem`; reads and writes the traits in `TRAITS`.
// Pixels arrive in pieces as messages and stay in the browser, as one blob a picture for all views. The words
// that were read come as a message too: no saved widget state shall tell what is written in a picture.

/** What the comparison calls a thing, and what the model does. */
export const TRAITS = {
  mode: "mode", split: "split", before: "before_index", after: "after_index",
  smooth: "smooth", zoom: "zoom", showsAfter: "shows_after", vertical: "vertical", lens: "lens",
  threshold: "threshold", signed: "signed", showsWords: "shows_words", selected: "selected",
};
const SAVE_EVERY = 250; // ms: a drag is told to the kernel no more often; each time JupyterLab works for some ms
// ms: what is said before the host has its subshell waits for the running cell, so it is said again.
const ASK_AGAIN = [300, 1200, 4000];

/** The comparison's state as the model has it. */
export function stateOf(model) {
  return Object.fromEntries(Object.entries(TRAITS).map(([ours, theirs]) => [ours, model.get(theirs)]));
}

/** A function that collects the pieces of `total` bytes in any order; true once nothing is missing. */
export function collector(total) {
  const bytes = new Uint8Array(total);
  const seen = new Map();
  const add = (offset, piece) => {
    bytes.set(piece, offset);
    seen.set(offset, piece.length);
    return add.received() >= total;
  };
  add.bytes = bytes;
  add.total = total;
  add.received = () => [...seen.values()].reduce((sum, length) => sum + length, 0);
  return add;
}

/** What is said while pictures are on their way; empty when all are there. */
export function waitingText(received, total) {
  if (received >= total) return "";
  const megabytes = (count) => (count / 1e6).toFixed(1);
  return received ? `Loading, ${megabytes(received)} of ${megabytes(total)} MB` : "Loading, waiting for the kernel";
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

/** The pictures of one model by their hash: each answered once, kept as object URLs while it is shown; and its words. */
export class Album {
  constructor(model, later = (run, pause) => setTimeout(run, pause)) {
    this.model = model;
    this.later = later;
    this.isGone = false;
    this.listeners = new Set();
    this.words = [];
    this.entries = new Map();
    this.hear = (message, buffers) => this.take(message, buffers);
    this.follow = () => this.renew();
    model.on("msg:custom", this.hear);
    model.on("change:layers", this.follow);
    this.renew();
  }

  /** Ask for pictures that are new, and let go of those that are no longer shown. */
  renew() {
    const layers = this.model.get("layers");
    const gone = new Map(this.entries);
    const missing = [];
    for (const { hash, byte_count } of layers) {
      gone.delete(hash);
      if (this.entries.has(hash)) continue;
      missing.push(hash);
      const entry = { collect: collector(byte_count), url: null };
      entry.arrival = new Promise((resolve) => { entry.arrived = resolve; });
      this.entries.set(hash, entry);
    }
    for (const [hash, { url }] of gone) {
      if (url) URL.revokeObjectURL(url);
      this.entries.delete(hash);
    }
    if (missing.length) this.ask({ kind: "send pictures", hashes: missing, ask: newName() }, ASK_AGAIN);
  }

  /** Ask, and again while nothing of it arrives; the kernel answers one `ask` once. */
  ask(message, [pause, ...pauses]) {
    this.model.send(message);
    if (pause === undefined) return;
    this.later(() => {
      const waiting = message.hashes.map((hash) => this.entries.get(hash)).filter(Boolean);
      if (this.isGone || !waiting.length || waiting.some(({ collect }) => collect.received())) return;
      this.ask(message, pauses);
    }, pause);
  }

  arrivalOf({ hash }) {
    return this.entries.get(hash).arrival;
  }

  get waiting() {
    const all = [...this.entries.values()];
    const sum = (measure) => all.reduce((total, entry) => total + measure(entry.collect), 0);
    return waitingText(sum((collect) => collect.received()), sum((collect) => collect.total));
  }

  take({ kind, words, ...about }, [piece] = []) {
    if (kind === "words") this.words = words;
    else if (kind !== "piece" || !this.add(about, piece)) return;
    for (const listener of this.listeners) listener(kind);
  }

  /** Add a piece of a picture; false when it is not ours, or another window's request answered to all. */
  add({ hash, offset }, piece) {
    const entry = this.entries.get(hash);
    if (!entry || entry.url) return false;
    if (entry.collect(offset, bytesOf(piece))) {
      entry.url = URL.createObjectURL(new Blob([entry.collect.bytes], { type: "image/png" }));
      entry.collect.bytes = null;
      entry.arrived(entry.url);
    }
    return true;
  }

  remove() {
    this.isGone = true;
    this.model.off("msg:custom", this.hear);
    this.model.off("change:layers", this.follow);
    for (const { url } of this.entries.values()) if (url) URL.revokeObjectURL(url);
  }
}

const newName = () => Math.random().toString(36).slice(2);

const bytesOf = (piece) =>
  piece instanceof ArrayBuffer ? new Uint8Array(piece)
    : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);

function renderView(model, el, album) {
  const chosen = teller(model, SAVE_EVERY);
  let isTelling = false; // what this view changes it has drawn already
  const told = (state) => {
    isTelling = true;
    for (const [ours, theirs] of Object.entries(TRAITS)) {
      if (chosen.get(theirs) !== state[ours]) chosen.set(theirs, state[ours]);
    }
    chosen.tell();
    isTelling = false;
  };
  const build = () => mount(el, {
    ...stateOf(chosen),
    words: album.words,
    verdict: model.get("verdict"),
    layers: model.get("layers").map((layer) => ({ ...layer, src: album.arrivalOf(layer) })),
    onChange: told,
  });
  let comparison = build();
  const wait = () => comparison.tell(album.waiting);
  const warn = () => comparison.fail(model.get("problem"));
  const stay = () => { el.firstElementChild.dataset.still = String(Boolean(model.get("leaves_still"))); };
  const renew = () => {
    const height = el.offsetHeight;
    el.style.minHeight = `${height}px`; // what stands below does not jump while it is built anew
    comparison();
    comparison = build();
    el.style.minHeight = "";
    for (const show of [wait, warn, stay]) show();
  };
  const follow = () => {
    if (!isTelling) comparison.set(stateOf(chosen));
  };
  const mark = () => comparison.mark(album.words, model.get("verdict"));
  const hear = (kind) => (kind === "words" ? mark() : wait());
  const heard = [
    ["change:layers", renew], ["change:verdict", mark], ["change:problem", warn], ["change:leaves_still", stay],
    ...Object.values(TRAITS).map((trait) => [`change:${trait}`, follow]),
  ];
  for (const [event, listener] of heard) model.on(event, listener);
  album.listeners.add(hear);
  for (const show of [wait, warn, stay]) show();
  return () => {
    for (const [event, listener] of heard) model.off(event, listener);
    album.listeners.delete(hear);
    comparison();
  };
}

/** One for each model: its views share the pictures. */
export default () => {
  let album;
  return {
    initialize({ model }) {
      album = new Album(model);
      return () => album.remove();
    },
    render: ({ model, el }) => renderView(model, el, album),
  };
};
