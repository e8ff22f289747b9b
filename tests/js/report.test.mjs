// The report's own script: what it wants to know of a figure, and how its gallery is sorted.

import assert from "node:assert/strict";
import test from "node:test";

globalThis.mount = () => {}; // stands before it in the joined module

const { compareValues, makeSortable, sortOrder } = await import("../../src/ocr_nb/static/report.js");

test("numbers are sorted by size, names by their numbers, and what is unknown comes last both ways", () => {
  assert.deepEqual([2, 0, 1, 3], sortOrder(["10", "1e999", "-0.5", null], false));
  assert.deepEqual([1, 0, 2, 3], sortOrder(["10", "1e999", "-0.5", null], true));
  assert.deepEqual([1, 0], sortOrder(["page10.png", "page9.png"], false));
  assert.ok(compareValues(null, null) === 0);
});

test("equal values keep their order", () => {
  assert.deepEqual([0, 1, 2], sortOrder(["1", "1", "1"], true));
});

class Element {
  constructor(tag, { text = "", value, children = [], id } = {}) {
    Object.assign(this, { tag, text, children, id, attributes: {}, listeners: {} });
    this.dataset = value === undefined ? {} : { value };
  }
  get childNodes() {
    return this.children;
  }
  append(...nodes) {
    for (const node of nodes) {
      node.parentElement?.children.splice(node.parentElement.children.indexOf(node), 1);
      node.parentElement = this;
      this.children.push(node);
    }
  }
  getAttribute(name) {
    return this.attributes[name] ?? null;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  removeAttribute(name) {
    delete this.attributes[name];
  }
  addEventListener(kind, listener) {
    this.listeners[kind] = listener;
  }
}

/** A table of a name, a rate and words, and a section for each image. */
function gallery(rates) {
  const sections = new Element("section");
  const body = new Element("tbody");
  const known = new Map();
  Object.defineProperty(body, "rows", { get: () => body.children });
  rates.forEach((value, index) => {
    const row = new Element("tr");
    row.dataset.case = `image-${index}`;
    row.cells = [new Element("th", { value: `page${index}` }), new Element("td", { value }), new Element("td")];
    body.append(row);
    known.set(`image-${index}`, new Element("section", { id: `image-${index}` }));
    sections.append(known.get(`image-${index}`));
  });
  const ownerDocument = {
    createElement: (tag) => new Element(tag),
    getElementById: (id) => known.get(id) ?? null,
  };
  const heads = ["Image", "CER", "In words"].map((text) => Object.assign(new Element("th", { text }), { ownerDocument }));
  return { table: { tBodies: [body], tHead: { rows: [{ cells: heads }] } }, heads, body, sections };
}

test("a click sorts the rows and the images' sections, another one turns them round", () => {
  const { table, heads, sections, body } = gallery(["0.5", "0.1", undefined, "0.3"]);
  makeSortable(table);
  assert.equal(0, heads[2].children.length, "a column without values gets no button");
  const [button] = heads[1].children;
  button.listeners.click();
  assert.equal("ascending", heads[1].getAttribute("aria-sort"));
  assert.deepEqual(["image-1", "image-3", "image-0", "image-2"], sections.children.map((one) => one.id));
  button.listeners.click();
  assert.equal("descending", heads[1].getAttribute("aria-sort"));
  assert.deepEqual(["image-0", "image-3", "image-1", "image-2"], body.children.map((row) => row.dataset.case));
  heads[0].children[0].listeners.click();
  assert.equal(null, heads[1].getAttribute("aria-sort"), "one column is the sorted one");
});
