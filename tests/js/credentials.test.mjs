// The pure parts of credentials.js, and how what was typed leaves.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Desk, announcement, callsText, endText, lineText, missing, placeText, stateText } from "../../src/ocr_nb/static/credentials.js";

const FACTS = { state: "connected", source: "environment", client: "ab…9", host: "api.example", used: 19, limit: 150, ends: null, cloud: false };

test("a connection is one line: who, from where, what is left", () => {
  assert.equal(lineText(FACTS, 0), "Connected as ab…9 (environment) · 131 calls left this month");
  assert.equal(lineText({ ...FACTS, limit: null }, 0), "Connected as ab…9 (environment)");
  assert.equal(lineText({ ...FACTS, client: "a token", source: "typed", ends: 720, used: 149 }, 0),
    "Connected with a token (typed) · 1 call left this month · expires in 12 min");
});

test("the end of a token comes nearer in words", () => {
  assert.deepEqual([null, 0, 30.2, 89, 90, 720, 7200, 10800].map((ends) => endText(ends, 0)),
    ["", "expired", "expires in 31 s", "expires in 89 s", "expires in 2 min", "expires in 12 min", "expires in 2 h", "expires in 3 h"]);
});

test("each state has its words", () => {
  const said = (facts) => stateText({ ...FACTS, ...facts }, 0);
  assert.equal(said({ state: "absent" }), "Not connected");
  assert.equal(said({ state: "found" }), "Found: ab…9 (environment)");
  assert.equal(said({ state: "checking" }), "Asking api.example");
  assert.equal(said({ state: "refused" }), "Refused by api.example");
  assert.equal(said({ state: "expired" }), "The token has expired");
  assert.equal(said({ state: "unreachable" }), "api.example cannot be reached");
  assert.equal(said({ barred: true }), "No secrets on a public Binder");
});

test("calls are told used and left, or made where nobody counts", () => {
  assert.equal(callsText(FACTS), "131 calls left this month, 19 used");
  assert.equal(callsText({ used: 160, limit: 150 }), "0 calls left this month, 160 used");
  assert.equal(callsText({ used: 1, limit: null }), "1 call made, not counted against a plan");
  assert.equal(callsText({ used: null, limit: null }), "");
});

test("it is said where images go", () => {
  assert.equal(placeText(FACTS), "Images stay on this machine.");
  assert.equal(placeText({ ...FACTS, cloud: true }), "Images are sent to api.example.");
  assert.equal(placeText({ ...FACTS, chooses: false }), "Images you run here are sent to api.example.");
});

test("half a pair is not sent", () => {
  assert.equal(missing({ id: "a", secret: "", token: "" }), "The client secret is missing.");
  assert.equal(missing({ id: "", secret: "a", token: "" }), "The client id is missing.");
  assert.equal(missing({ id: "", secret: "", token: "" }), "Give the client id and its secret, or an access token.");
  assert.equal(missing({ id: "a", secret: "b", token: "" }) + missing({ id: "", secret: "", token: "c" }), "");
});

test("only a change is read out", () => {
  assert.equal(announcement(null, FACTS, 0), "");
  assert.equal(announcement(FACTS, { ...FACTS, used: 20 }, 0), "");
  assert.equal(announcement(FACTS, { ...FACTS, cloud: true }, 0), "Images are sent to api.example.");
  assert.equal(announcement(FACTS, { ...FACTS, state: "refused", reason: "Why." }, 0), "Refused by api.example. Why.");
});

test("what was typed is in no message, only in its buffer, and is asked to be emptied by its own view alone", () => {
  const sent = [];
  let hear;
  const model = { on: (_, listener) => { hear = listener; }, off: () => {}, send: (content, _, buffers = []) => sent.push([content, buffers]) };
  const desk = new Desk(model);
  const emptied = [];
  desk.listeners.add({ follow: () => {}, taken: (view) => emptied.push(view) });
  desk.connect("view 1", ["id", "CANARY-secret", ""], false);
  const [content, [buffer]] = sent.at(-1);
  assert.ok(!JSON.stringify(content).includes("CANARY"));
  assert.equal(new TextDecoder().decode(buffer), "id\nCANARY-secret\n");
  hear({ kind: "taken", view: "view 1" });
  assert.deepEqual(emptied, ["view 1"]);
});
