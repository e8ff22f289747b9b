/* The limits of a public Binder, and one button that takes the tracker home. Python says what is said. */

/** Join the pieces of a file, in the order of their offsets. */
export function joinPieces(pieces) {
  const sorted = [...pieces].sort((one, other) => one.offset - other.offset);
  return new Blob(sorted.map((piece) => piece.bytes), { type: "application/zip" });
}

/** Offer `blob` as a download called `name`. */
export function offer(blob, name, doc = document) {
  const link = doc.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function render({ model, el }) {
  const leaving = new AbortController();
  const frame = document.createElement("section");
  frame.className = "ocrnb-binder";
  // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
  frame.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
  frame.setAttribute("aria-label", "About this Binder");
  const words = document.createElement("p");
  words.className = "ocrnb-binder__words";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ocrnb-binder__download";
  button.textContent = "Download the tracker";
  const said = document.createElement("output");
  said.className = "ocrnb-binder__said";
  frame.append(words, button, said);
  el.append(frame);

  const show = () => {
    words.textContent = model.get("words");
    said.textContent = model.get("problem");
  };
  model.on("change:words", show);
  model.on("change:problem", show);
  show();

  let pieces = [];
  const hear = (message, buffers) => {
    if (message.kind === "nothing") said.textContent = message.said;
    if (message.kind !== "piece") return;
    pieces.push({ offset: message.offset, bytes: buffers[0] });
    if (!message.last) return;
    offer(joinPieces(pieces), message.name);
    said.textContent = message.said;
    pieces = [];
  };
  model.on("msg:custom", hear);

  button.addEventListener(
    "click",
    () => {
      said.textContent = "Packing what this notebook measured";
      pieces = [];
      model.send({ kind: "download" });
    },
    { signal: leaving.signal },
  );

  return () => {
    leaving.abort();
    model.off("change:words", show);
    model.off("change:problem", show);
    model.off("msg:custom", hear);
  };
}

export default { render };
