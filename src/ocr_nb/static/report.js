// Turns the report's figures into comparisons. Without it the pictures stand side by side, as in print.
// Joined behind image_compare.js into one module, from which it takes `mount`.

/** What the comparison module wants to know of a figure's pictures. */
export function readLayers(figure) {
  return [...figure.querySelectorAll("img")].map((element) => ({
    element,
    label: element.dataset.label,
    caption: element.dataset.caption,
    action: element.dataset.action,
    width: Number(element.getAttribute("width")),
    height: Number(element.getAttribute("height")),
  }));
}

/** Mount a comparison in every figure that has more than one picture. */
export function enhance(document, mountComparison) {
  for (const figure of document.querySelectorAll("figure[data-compare]")) {
    const layers = readLayers(figure);
    const panels = figure.querySelector(".panels");
    const state = JSON.parse(figure.dataset.state ?? "{}");
    mountComparison(figure, { after: Number(figure.dataset.after), ...state, layers });
    panels.hidden = true;
  }
}

if (typeof document !== "undefined") enhance(document, mount);
