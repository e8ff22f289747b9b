import assert from "node:assert/strict";
import { test } from "node:test";

import { joinPieces, offer } from "../../src/ocr_nb/static/binder_banner.js";

test("pieces are joined by their offsets, whatever their order", async () => {
  const bytes = (text) => new TextEncoder().encode(text);
  const blob = joinPieces([
    { offset: 2, bytes: bytes("cd") },
    { offset: 0, bytes: bytes("ab") },
  ]);
  assert.equal("abcd", await blob.text());
  assert.equal("application/zip", blob.type);
});

test("a file is offered under its name", () => {
  const link = { click: () => (link.clicked = true) };
  const timer = globalThis.setTimeout;
  globalThis.setTimeout = () => 0;
  offer(new Blob(["x"]), "trackers.zip", { createElement: () => link });
  globalThis.setTimeout = timer;
  assert.deepEqual([true, "trackers.zip"], [link.clicked, link.download]);
  assert.match(link.href, /^blob:/);
});
