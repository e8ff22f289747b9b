// What TextDiff's views compute: which words are shown, where one goes next, how letters line up.

import assert from "node:assert/strict";
import test from "node:test";

import makeWidget, {
  choicesOf, describeWord, isRight, linesOf, marked, nextOf, placeText, runsOf, shows, signOf, textOf,
} from "../../src/ocr_nb/static/text_diff.js";

const WORDS = [
  { kind: "unchanged", text: "Best" },
  { kind: "fixed", text: "end:", columns: [["e", "c", "e"], ["n", "n", "n"], ["d", "d", "d"], [":", "", ":"]], ends: true },
  { kind: "broken", text: "lid.", columns: [["l", "l", "1"], ["i", "i", "i"], ["d", "d", "d"], ["", "", "d"], [".", ".", "."]] },
  { kind: "still wrong", text: "g", columns: [["g", "q", ""]] },
];

test("a filter shows its kind, and errors are what is not right in both", () => {
  assert.deepEqual(["all", "errors", "fixed", "broken", "still wrong"].map((filter) => shows(filter, "fixed")), [true, true, true, false, false]);
  assert.equal(shows("errors", "unchanged"), false);
  assert.equal(shows("errors", "differs"), true);
  assert.deepEqual(marked(WORDS, "all"), [1, 2, 3]);
  assert.deepEqual(marked(WORDS, "broken"), [2]);
});

test("the next error follows the chosen word, round both ends", () => {
  assert.deepEqual([-1, 0, 1, 3].map((at) => nextOf([1, 2, 3], at, 1)), [1, 1, 2, 1]);
  assert.deepEqual([-1, 0, 1, 3].map((at) => nextOf([1, 2, 3], at, -1)), [3, 3, 3, 2]);
  assert.equal(nextOf([], 0, 1), -1);
});

test("rows line up: what another row has is a gap as wide", () => {
  assert.deepEqual(runsOf(WORDS[1].columns, 0), [{ text: "end:", wrong: false, gap: 0 }]);
  assert.deepEqual(runsOf(WORDS[1].columns, 1), [
    { text: "c", wrong: true, gap: 0 }, { text: "nd", wrong: false, gap: 0 }, { text: "", wrong: true, gap: 1 },
  ]);
  assert.deepEqual(runsOf(WORDS[2].columns, 0).map(({ text, gap }) => [text, gap]), [["lid", 0], ["", 1], [".", 0]]);
});

test("a letter with its marks is one column, whatever its script", () => {
  const columns = [["שׁ", "ש", "שׁ"], ["e\u0301", "e", "e\u0301"]];
  assert.deepEqual(runsOf(columns, 1), [{ text: "שe", wrong: true, gap: 0 }]);
  assert.equal(textOf({ columns }, 2), "שׁe\u0301");
});

test("a word is said with both readings and the truth, or with what differs", () => {
  const labels = ["original", "upsampled"];
  assert.equal(describeWord(WORDS[1], labels, true), "“end:”, fixed: original “cnd”, upsampled “end:”");
  assert.equal(describeWord(WORDS[3], labels, true), "“g”, still wrong: original “q”, upsampled nothing");
  assert.equal(describeWord(WORDS[3], labels, false), "differs: original “q”, upsampled nothing");
});

test("signs stand where the second reading is", () => {
  assert.deepEqual(["fixed", "broken", "still wrong"].map((kind) => signOf(kind, 2)), ["✓", "✗", ""]);
  assert.equal(signOf("fixed", 1), "");
  assert.deepEqual([1, 2].map((row) => isRight(WORDS[2], row)), [true, false]);
});

test("without a truth there are only differences to choose", () => {
  assert.deepEqual(choicesOf(WORDS, true).map(({ name, count }) => [name, count]), [
    ["Whole text", 4], ["Errors", 3], ["Fixed", 1], ["Broken", 1], ["Still wrong", 1],
  ]);
  assert.deepEqual(choicesOf(WORDS, false).map(({ name }) => name), ["Whole text", "Differences"]);
});

test("lines are those of the truth", () => {
  assert.deepEqual(linesOf(WORDS), [[0, 1], [2, 3]]);
  assert.deepEqual(linesOf([]), []);
});

test("where one is is said in words", () => {
  assert.equal(placeText([1, 2, 3], 2, true), "2 of 3");
  assert.equal(placeText([1, 2, 3], 0, true), "3 errors");
  assert.equal(placeText([1], -1, false), "1 difference");
  assert.equal(placeText([], -1, true), "No errors");
});

test("texts are asked for again when they are replaced, and crops once each", () => {
  const listeners = new Map();
  const values = { revision: 1 };
  const model = { sent: [], get: (name) => values[name], send: (message) => model.sent.push(message),
    on: (name, listener) => listeners.set(name, listener), off: (name) => listeners.delete(name) };
  const leave = makeWidget().initialize({ model });
  assert.deepEqual(model.sent, [{ kind: "send texts" }]);
  values.revision = 2;
  listeners.get("change:revision")();
  assert.equal(model.sent.length, 2);
  listeners.get("msg:custom")({ kind: "texts", revision: 1, start: 0, count: 1, words: WORDS, known: true, texts: {} }, []); // late: no harm
  leave();
  assert.deepEqual([...listeners.keys()], []);
});
