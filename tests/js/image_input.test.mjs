// The pure parts of image_input.js, and its ledger with a kernel that answers from here.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Ledger, PIECE, addressIn, announcement, arrivalText, bytesText, factsText, folderNote, headingText, keyAct, nameFor,
  pick, placeAt, sentence,
} from "../../src/ocr_nb/static/image_input.js";

const row = (id, helps = true) => ({ id, name: `${id}.png`, verdict: helps ? "upsampling ×2 should help" : "upsampling will not help here", helps });

test("sizes are told as people write them", () => {
  assert.deepEqual([1, 812_000, 1_240_000, 60_700_000].map(bytesText), ["1 kB", "812 kB", "1.2 MB", "61 MB"]);
});

test("a file on its way says where it stands", () => {
  const arrival = { state: "sending", received: 12_000_000, size: 60_700_000, silent: false };
  assert.equal(arrivalText(arrival), "12 MB of 61 MB");
  assert.equal(arrivalText({ ...arrival, silent: true }), "12 MB of 61 MB, the kernel is busy or gone");
  assert.equal(arrivalText({ ...arrival, state: "measuring" }), "measuring its text");
  assert.equal(arrivalText({ ...arrival, state: "waiting" }), "waits for its turn");
  assert.equal(arrivalText({ state: "asked" }), "on its way");
});

test("facts name the height of the text only where there is text", () => {
  assert.equal(factsText({ width: 328, height: 168, xHeight: 7.16 }), "328×168 · x-height 7.2 px");
  assert.equal(factsText({ width: 328, height: 168, xHeight: 21.4 }), "328×168 · x-height 21 px");
  assert.equal(factsText({ width: 328, height: 168, xHeight: null }), "328×168");
  assert.equal(sentence("no text size found"), "No text size found");
});

test("of a folder images and their texts are taken, in the order of their numbers", () => {
  const files = ["page 10.png", "page 2.TIF", ".hidden.png", "notes.docx", "page 2.gt.txt", "a.JPEG"].map((name) => ({ name }));
  const { taken, others } = pick(files);
  assert.deepEqual(taken.map(({ name }) => name), ["a.JPEG", "page 2.gt.txt", "page 2.TIF", "page 10.png"]);
  assert.equal(others, 1);
  assert.equal(folderNote(4, 1), "1 other file of the folder was left out.");
  assert.equal(folderNote(4, 0), "");
  assert.equal(folderNote(0, 3), "There are no images in this folder.");
});

test("what has no name of its own gets a number", () => {
  assert.equal(nameFor({ name: "image.png", type: "image/png" }, "paste", 2), "pasted 2.png");
  assert.equal(nameFor({ name: "", type: "image/jpeg" }, "camera", 1), "photo 1.jpg");
  assert.equal(nameFor({ name: "scan.tif", type: "image/tiff" }, "paste", 1), "scan.tif");
});

test("only a web address is taken for one", () => {
  assert.equal(addressIn("# from\r\nhttps://a.org/b.png\r\n"), "https://a.org/b.png");
  for (const text of ["", null, "file:///etc/passwd", "javascript:alert(1)", "see https://a.org"]) assert.equal(addressIn(text), null);
});

test("a dragged row comes to stand where its middle is passed", () => {
  const middles = [10, 20, 30, 40];
  assert.deepEqual([0, 15, 25, 35, 99].map((y) => placeAt(y, middles, 0)), [0, 0, 1, 2, 3]);
  assert.deepEqual([0, 15, 25, 35, 99].map((y) => placeAt(y, middles, 3)), [0, 1, 2, 3, 3]);
});

test("keys walk, move and remove, and leave the browser's own alone", () => {
  assert.deepEqual(keyAct({ key: "ArrowDown" }, 0, 3), { act: "go", to: 1 });
  assert.deepEqual(keyAct({ key: "ArrowUp", altKey: true }, 2, 3), { act: "move", to: 1 });
  assert.deepEqual(keyAct({ key: "End" }, 0, 3), { act: "go", to: 2 });
  assert.deepEqual(keyAct({ key: "Delete" }, 1, 3), { act: "remove" });
  for (const event of [{ key: "ArrowUp" }, { key: "x" }, { key: "ArrowDown", ctrlKey: true }, { key: "Home" }]) assert.equal(keyAct(event, 0, 3), null);
});

test("the heading counts what would gain", () => {
  assert.equal(headingText([]), "No images yet");
  assert.equal(headingText([row(1)]), "1 image · upsampling should help");
  assert.equal(headingText([row(1), row(2, false)]), "2 images · upsampling should help 1 of them");
  assert.equal(headingText([row(1, false), row(2, false)]), "2 images · upsampling should help none of them");
});

test("only what is new is read out", () => {
  assert.equal(announcement([], [row(1)]), "1.png added: upsampling ×2 should help.");
  assert.equal(announcement([], [row(1), row(2)]), "2 images added.");
  assert.equal(announcement([row(1), row(2)], [row(2)]), "1.png removed.");
  assert.equal(announcement([row(1), row(2)], [row(2), row(1)]), "");
});

/** A kernel that keeps what it gets; `acknowledge` answers the next piece. */
class Kernel {
  constructor() {
    this.sent = [];
    this.listeners = [];
  }

  on(_, listener) { this.listeners.push(listener); }

  off(_, listener) { this.listeners = this.listeners.filter((one) => one !== listener); }

  send(content, _, buffers = []) { this.sent.push({ ...content, buffers }); }

  tell(content, buffers) { for (const listener of this.listeners) listener(content, buffers); }

  of(kind) { return this.sent.filter((message) => message.kind === kind); }
}

const turns = async (count = 20) => { for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };
const fileOf = (size, name = "large.png") => Object.assign(new Blob([new Uint8Array(size)], { type: "image/png" }), { name });

test("a file goes out in pieces, never more than four ahead of the kernel", async () => {
  const kernel = new Kernel();
  const ledger = new Ledger(kernel, { later: () => {} });
  ledger.send([fileOf(6.5 * PIECE)], "drop");
  await turns();
  assert.deepEqual(kernel.of("begin").map(({ name, size }) => [name, size]), [["large.png", 6.5 * PIECE]]);
  assert.deepEqual(kernel.of("piece").map(({ offset }) => offset / PIECE), [0, 1, 2, 3]);
  const { upload } = kernel.of("begin")[0];
  for (let number = 1; number <= 7; number += 1) {
    kernel.tell({ kind: "got", upload, received: Math.min(number, 6.5) * PIECE });
    await turns();
  }
  assert.deepEqual(kernel.of("piece").map(({ buffers }) => buffers[0].byteLength / PIECE), [1, 1, 1, 1, 1, 1, 0.5]);
  kernel.tell({ kind: "taken", upload });
  assert.equal(ledger.arrivals.size, 1, "the row stays until the list has the image");
  kernel.tell({ kind: "list", rows: [], refused: [], waiting: [], reader: null });
  assert.equal(ledger.arrivals.size, 0);
});

test("a stopped file sends nothing more, and the next one begins", async () => {
  const kernel = new Kernel();
  const ledger = new Ledger(kernel, { later: () => {} });
  ledger.send([fileOf(9 * PIECE, "first.png"), fileOf(10, "second.png")], "drop");
  await turns();
  const { upload } = kernel.of("begin")[0];
  ledger.stop(upload);
  await turns();
  assert.deepEqual(kernel.of("begin").map(({ name }) => name), ["first.png", "second.png"]);
  assert.equal(kernel.of("piece").filter((piece) => piece.upload === upload).length, 4);
});

test("a file over the limit is announced, so that the kernel says why, and not sent", async () => {
  const kernel = new Kernel();
  const ledger = new Ledger(kernel, { later: () => {} });
  kernel.tell({ kind: "facts", samples: [], limit: 100, keeps: false });
  ledger.send([fileOf(101)], "drop");
  await turns();
  assert.equal(kernel.of("begin").length, 1);
  assert.equal(kernel.of("piece").length, 0);
  kernel.tell({ kind: "stopped", upload: kernel.of("begin")[0].upload, name: "large.png", reason: "too large" });
  assert.equal(ledger.arrivals.size, 0);
});

test("a kernel that says nothing is called busy, until it speaks", async () => {
  const kernel = new Kernel();
  const timers = [];
  const ledger = new Ledger(kernel, { later: (call) => timers.push(call) });
  ledger.send([fileOf(2 * PIECE)], "drop");
  await turns();
  timers.shift()();
  const [arrival] = ledger.arrivals.values();
  assert.equal(arrival.silent, true);
  kernel.tell({ kind: "got", upload: kernel.of("begin")[0].upload, received: PIECE });
  assert.equal(arrival.silent, false);
});

test("thumbnails are asked for once, and let go with their row and with the model", () => {
  const made = [];
  const revoked = [];
  URL.createObjectURL = () => `blob:${made.push(1)}`;
  URL.revokeObjectURL = (url) => revoked.push(url);
  const kernel = new Kernel();
  const ledger = new Ledger(kernel);
  const list = (...ids) => kernel.tell({ kind: "list", rows: ids.map((id) => row(id)), refused: [], waiting: [], reader: null });
  list(1, 2);
  list(1, 2);
  assert.deepEqual(kernel.of("thumbnails").map(({ ids }) => ids), [[1, 2]]);
  kernel.tell({ kind: "thumbnail", id: 1 }, [new Uint8Array(4)]);
  kernel.tell({ kind: "thumbnail", id: 2 }, [new Uint8Array(4)]);
  list(2);
  assert.deepEqual(revoked, ["blob:1"]);
  ledger.remove();
  assert.deepEqual(revoked, ["blob:1", "blob:2"]);
  assert.equal(kernel.listeners.length, 0);
});
