// The elements of the comparison of image_compare.js, made once, and the pictures that stand in them.
// Joined before image_compare.js and behind image_compare_geometry.js, whose constants it takes.

const MODE_NAMES = {
  wipe: "Wipe", toggle: "Toggle", side: "Side by side", difference: "Difference", lens: "Lens",
};

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
  const legend = make("p", "legend", { hidden: "" }, "Nobody knows the truth: words are marked by how sure the reader was. ",
    make("span", "sample", { "data-sure": "doubtful" }, `doubtful, below ${DOUBTFUL}`), " ",
    make("span", "sample", { "data-sure": "unsure" }, `unsure, below ${SURE}`));
  const wordsButton = button("Words", { title: "Mark the words that were read (key w; n and p: next, previous)" });
  const canvas = make("canvas", "difference", { "aria-hidden": "true" });
  const ring = make("div", "ring", { "aria-hidden": "true" });
  const values = make("div", "values");
  const waiting = make("p", "waiting", { role: "status", hidden: "" });
  const mapCanvas = make("canvas", "map-picture");
  const mapSight = make("div", "map-sight");
  const map = make("div", "map", { "aria-hidden": "true", hidden: "" }, mapCanvas, mapSight); // keys pan as well
  const stage = make("div", "stage", { role: "group", tabindex: "0" },
    panes.before, panes.after, canvas, ring, handle, map, waiting,
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
  // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
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
    legend,
    help,
    live,
  );
  return {
    root, stage, panes, handle, images, captionBefore, captionAfter, toggle, modes, choices, zoom,
    zoomIn, zoomOut, fit, actual, pixels, keys, help, live, strip, waiting, giveBack,
    map, mapCanvas, mapSight, legend, document, marks, texts, verdict, reading, wordsButton, canvas, ring, values, vertical, signed,
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
