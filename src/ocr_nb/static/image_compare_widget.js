// Views of one ImageCompare: asks the kernel for the pictures once, hands them to the comparison module.
// Joined behind image_compare.js into one module, from which it takes `mount`.
//
// Reads `layers` (labels and sizes, no pixels), `words`, `verdict` and `problem`; reads and writes the traits
// in `TRAITS`. Pixels arrive in pieces as messages and stay in the browser, as one blob a picture for all views.

/** What the comparison calls a thing, and what the model does. */
export const TRAITS = {
  mode: "mode", split: "split", before: "before_index", after: "after_index",
  smooth: "smooth", zoom: "zoom", showsAfter: "shows_after", vertical: "vertical", lens: "lens",
  threshold: "threshold", signed: "signed", showsWords: "shows_words",
};
const SAVE_EVERY = 100; // ms: a drag is told to the kernel no more often

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
  add.received = () => [...seen.values()].reduce((sum, length) => sum + length, 0);
  return add;
}

/** What is said while pictures are on their way; empty when all are there. */
export function waitingText(received, total) {
  if (received >= total) return "";
  const megabytes = (count) => (count / 1e6).toFixed(1);
  return received ? `Loading, ${megabytes(received)} of ${megabytes(total)} MB` : "Loading, waiting for the kernel";
}

/** A function that calls `save` at once, then at most every `pause` ms, and never forgets the last call. */
export function saver(save, pause, later = setTimeout) {
  let waiting = false;
  let again = false;
  const run = () => {
    waiting = again;
    if (!again) return;
    again = false;
    save();
    later(run, pause);
  };
  return () => {
    if (waiting) again = true;
    else {
      waiting = true;
      save();
      later(run, pause);
    }
  };
}

/** The pictures of one model: asked for once, kept as object URLs until the model goes. */
class Album {
  constructor(model) {
    this.model = model;
    this.listeners = new Set();
    this.entries = model.get("layers").map((layer) => {
      const entry = { collect: collector(layer.byte_count), url: null };
      entry.arrival = new Promise((resolve) => { entry.arrived = resolve; });
      return entry;
    });
    this.total = model.get("layers").reduce((sum, layer) => sum + layer.byte_count, 0);
    this.hear = (message, buffers) => this.take(message, buffers);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send pictures" });
  }

  get waiting() {
    const received = this.entries.reduce((sum, entry) => sum + entry.collect.received(), 0);
    return waitingText(received, this.total);
  }

  take({ kind, layer, offset }, [piece]) {
    const entry = kind === "piece" ? this.entries[layer] : undefined;
    if (!entry || entry.url) return; // not ours, or another window's request answered to all
    if (entry.collect(offset, bytesOf(piece))) {
      entry.url = URL.createObjectURL(new Blob([entry.collect.bytes], { type: "image/png" }));
      entry.collect.bytes = null;
      entry.arrived(entry.url);
    }
    for (const listener of this.listeners) listener();
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    for (const { url } of this.entries) if (url) URL.revokeObjectURL(url);
  }
}

const bytesOf = (piece) =>
  piece instanceof ArrayBuffer ? new Uint8Array(piece)
    : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);

function renderView(model, el, album) {
  const traits = Object.values(TRAITS);
  const save = saver(() => model.save_changes(), SAVE_EVERY);
  const comparison = mount(el, {
    ...stateOf(model),
    words: model.get("words"),
    verdict: model.get("verdict"),
    layers: model.get("layers").map((layer, index) => ({ ...layer, src: album.entries[index].arrival })),
    onChange: (state) => {
      for (const [ours, theirs] of Object.entries(TRAITS)) {
        if (model.get(theirs) !== state[ours]) model.set(theirs, state[ours]);
      }
      save();
    },
  });
  const follow = () => comparison.set(stateOf(model));
  const wait = () => comparison.tell(album.waiting);
  const warn = () => comparison.fail(model.get("problem"));
  const mark = () => comparison.mark(model.get("words"), model.get("verdict"));
  model.on("change:words", mark);
  model.on("change:verdict", mark);
  for (const trait of traits) model.on(`change:${trait}`, follow);
  model.on("change:problem", warn);
  album.listeners.add(wait);
  wait();
  warn();
  return () => {
    for (const trait of traits) model.off(`change:${trait}`, follow);
    model.off("change:problem", warn);
    model.off("change:words", mark);
    model.off("change:verdict", mark);
    album.listeners.delete(wait);
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
