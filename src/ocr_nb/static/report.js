// Turns the report's figures into comparisons and lets its gallery be sorted. Without it the pictures stand
// side by side, as in print, and images in the order of their regressions.
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

/** Put what cannot be known last, numbers by size, names by the rules of the language. */
export function compareValues(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  const numbers = [Number(one), Number(other)];
  const areNumbers = numbers.every((number) => number === number);
  return areNumbers ? numbers[0] - numbers[1] : one.localeCompare(other, "en", { numeric: true });
}

/** Return the order of `values`, as indices; equal ones keep theirs, unknown ones stay last both ways. */
export function sortOrder(values, descending) {
  const sign = descending ? -1 : 1;
  return values
    .map((_, index) => index)
    .sort((one, other) => {
      const compared = compareValues(values[one], values[other]);
      const isUnknown = values[one] === null || values[other] === null;
      return (isUnknown ? compared : sign * compared) || one - other;
    });
}

/** Make the columns of a table sortable that have values; the images' sections follow their rows. */
export function makeSortable(table) {
  const [body] = table.tBodies;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const rows = [...body.rows];
    if (!rows.some((row) => row.cells[column].dataset.value !== undefined)) return;
    const button = head.ownerDocument.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      const present = [...body.rows];
      const values = present.map((row) => row.cells[column].dataset.value ?? null);
      const order = sortOrder(values, descending).map((index) => present[index]);
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      body.append(...order);
      const cases = order.map((row) => head.ownerDocument.getElementById(row.dataset.case)).filter(Boolean);
      cases[0]?.parentElement.append(...cases);
    });
  });
}

if (typeof document !== "undefined") {
  enhance(document, mount);
  for (const table of document.querySelectorAll("table[data-sortable]")) makeSortable(table);
}
