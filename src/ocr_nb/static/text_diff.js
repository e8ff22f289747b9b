// Views of one TextDiff: a running text in which every misread word opens into its readings, letter under letter.
//
// Reads the traits `verdict`, `labels`, `revision`, `leaves_still` and `problem`; reads and writes `filter` and
// `selected`. Words come as messages `texts` (`revision`, `start`, `count`, `known`, `pictured`, `words` of `kind`,
// `text`, `ends` and `columns`, and once the three `texts` as they were given), crops as messages `crops` with two
// PNGs as buffers; nothing of them is in the model. Sends `send texts` and `send crops`.

const FILTERS = ["all", "errors", "fixed", "broken", "still wrong"];
const COPIED_FOR = 2000; // ms that a button says so
const ROWS = ["truth", "before", "after"];

/** Whether the filter of that name shows words of that kind; "all" shows the whole text. */
export function shows(filter, kind) {
  return filter === "all" || kind === filter || (filter === "errors" && kind !== "unchanged");
}

/** The numbers of the words that a filter shows; of the whole text those that are not right in both. */
export function marked(words, filter) {
  const wanted = filter === "all" ? "errors" : filter;
  return words.flatMap((word, index) => (shows(wanted, word.kind) ? [index] : []));
}

/** The next of `among` after `current`, `step` 1 or −1, round the ends; -1 if there is none. */
export function nextOf(among, current, step) {
  if (!among.length) return -1;
  if (current < 0) return step > 0 ? among[0] : among.at(-1);
  const ahead = among.filter((index) => (index - current) * step > 0);
  const found = ahead.length ? ahead : among;
  return step > 0 ? found[0] : found.at(-1);
}

/**
 * One row of a word's columns as runs of letters: `text`, or `gap` letters that another row has here, and whether
 * it is `wrong`. Row 0 is the truth, 1 and 2 the readings; where the truth is unknown the first reading is row 0.
 */
export function runsOf(columns, row) {
  const runs = [];
  for (const column of columns) {
    const letter = column[row];
    const wrong = row === 0 ? false : letter !== column[0];
    const last = runs.at(-1);
    const gap = letter === "";
    if (last && last.wrong === wrong && last.gap > 0 === gap) {
      last.text += letter;
      last.gap += gap ? 1 : 0;
    } else runs.push({ text: letter, wrong, gap: gap ? 1 : 0 });
  }
  return runs;
}

/** A word as one of its rows has it. */
export function textOf(word, row) {
  return word.columns ? word.columns.map((column) => column[row]).join("") : word.text;
}

/** How a kind is signed in a row: 1 the first reading, 2 the second. */
export function signOf(kind, row) {
  if (row !== 2) return "";
  return { fixed: "✓", broken: "✗" }[kind] ?? "";
}

/** Whether a reading's row has a word right. */
export function isRight(word, row) {
  return (word.columns ?? []).every((column) => column[row] === column[0]);
}

/** What a screen reader says of a word. */
export function describeWord(word, labels, known) {
  const quote = (text) => (text.trim() ? `“${text.trim()}”` : "nothing");
  const read = [1, 2].map((row) => `${labels[row - 1]} ${quote(textOf(word, row))}`).join(", ");
  return known ? `${quote(textOf(word, 0))}, ${word.kind}: ${read}` : `differs: ${read}`;
}

/** The filters on offer, each with its name and number: those that show nothing are left out, but not the text. */
export function choicesOf(words, known) {
  const names = { all: "Whole text", errors: known ? "Errors" : "Differences", fixed: "Fixed", broken: "Broken", "still wrong": "Still wrong" };
  const count = (filter) => words.filter((word) => shows(filter, word.kind)).length;
  return FILTERS.filter((filter) => known || FILTERS.indexOf(filter) < 2)
    .map((filter) => ({ filter, name: names[filter], count: count(filter) }));
}

/** Words in the lines of the truth: lists of numbers. */
export function linesOf(words) {
  const lines = [[]];
  words.forEach((word, index) => {
    lines.at(-1).push(index);
    if (word.ends) lines.push([]);
  });
  return lines.filter((line) => line.length);
}

/** Where one is among the errors: “3 of 18”, “18 errors”, “No errors”. */
export function placeText(among, current, known) {
  const what = known ? "error" : "difference";
  const at = among.indexOf(current);
  if (!among.length) return `No ${what}s`;
  return at < 0 ? `${among.length} ${what}${among.length === 1 ? "" : "s"}` : `${at + 1} of ${among.length}`;
}

/** The texts and crops of one model, for all its views. */
export class Script {
  constructor(model) {
    this.model = model;
    this.listeners = new Set();
    this.clear();
    this.hear = (message, buffers) => this.take(message, buffers ?? []);
    this.renew = () => this.ask();
    model.on("msg:custom", this.hear);
    model.on("change:revision", this.renew);
    this.ask();
  }

  clear() {
    for (const urls of this.crops?.values() ?? []) urls?.forEach((url) => URL.revokeObjectURL(url));
    Object.assign(this, { words: [], texts: {}, known: true, pictured: false, isThere: false, crops: new Map(), wanted: new Set() });
  }

  ask() {
    this.model.send({ kind: "send texts" });
  }

  take(message, buffers) {
    if (message.revision !== this.model.get("revision")) return;
    if (message.kind === "texts") this.takeTexts(message);
    else if (message.kind === "crops") this.takeCrops(message.index, buffers);
  }

  takeTexts({ start, count, words, known, pictured, texts }) {
    if (start === 0) {
      this.clear();
      Object.assign(this, { texts, known, pictured });
    }
    if (start !== this.words.length) return; // asked for by two views: the first answer is enough
    this.words.push(...words);
    this.isThere = this.words.length >= count;
    if (this.isThere) for (const { fill } of this.listeners) fill();
  }

  takeCrops(index, buffers) {
    if (this.crops.has(index)) return;
    const urls = buffers.map((data) => URL.createObjectURL(new Blob([data], { type: "image/png" })));
    this.crops.set(index, urls.length === 2 ? urls : null);
    for (const { crop } of this.listeners) crop(index);
  }

  /** Ask for the crops of these words, each once. */
  want(indexes) {
    const missing = this.pictured ? indexes.filter((index) => !this.wanted.has(index)) : [];
    for (const index of missing) this.wanted.add(index);
    if (missing.length) this.model.send({ kind: "send crops", indexes: missing });
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    this.model.off("change:revision", this.renew);
    this.clear();
    this.listeners.clear();
  }
}

const make = (tag, part, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  element.className = `ocrnb-diff__${part}`;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const button = (text, attributes = {}) => make("button", "button", { type: "button", ...attributes }, text);

/** Parts of a button for the eye, after the sentence that says them: its name is its text, as voice control wants it. */
function forTheEye(sentence, ...parts) {
  for (const part of parts) part.setAttribute("aria-hidden", "true");
  return [make("span", "said", {}, sentence), ...parts];
}

/** One row of a word: its letters, those that are wrong set apart, gaps as wide as what is missing. */
function rowOf(word, row) {
  const made = make("span", `row ocrnb-diff__row--${ROWS[row]}`, { dir: "auto" });
  if (row && !isRight(word, row)) made.dataset.wrong = "true";
  const sign = signOf(word.kind, row);
  if (sign) made.append(make("span", "sign", {}, sign));
  for (const { text, wrong, gap } of runsOf(word.columns, row)) {
    const run = make(wrong ? "b" : "span", gap ? "gap" : "run");
    if (gap) run.style.width = `${gap}ch`;
    else run.textContent = text.replaceAll(" ", "␣");
    made.append(run);
  }
  return made;
}

/** One view: verdict, filters, the text or cards, and what is known of the chosen word. */
class View {
  constructor(model, el, script) {
    this.model = model;
    this.script = script;
    this.leaving = new AbortController();
    this.build(el);
    this.sight = new IntersectionObserver((entries) => this.see(entries), { root: this.body, rootMargin: "200px" });
    this.listener = { fill: () => this.fill(), crop: (index) => this.showCrops(index) };
    script.listeners.add(this.listener);
    this.heard = [
      ["change:verdict", () => this.judge()], ["change:filter", () => this.fill()],
      ["change:selected", () => this.choose(true)], ["change:problem", () => this.complain()],
      ["change:revision", () => this.wait()], ["change:leaves_still", () => this.stay()],
    ];
    for (const [event, listener] of this.heard) model.on(event, listener);
    for (const show of [this.judge, this.complain, this.stay]) show.call(this);
    if (script.isThere) this.fill();
    else this.wait();
  }

  build(el) {
    this.verdict = make("p", "verdict", { role: "status" });
    this.filters = make("div", "group", { role: "group", "aria-label": "Show" });
    this.place = make("span", "place");
    this.back = button("Previous", { title: "Previous error (key p)" });
    this.ahead = button("Next", { title: "Next error (key n)" });
    this.keys = button("Keys", { "aria-expanded": "false", title: "What the keys do (key ?)" });
    this.copies = make("div", "group", { role: "group", "aria-label": "Copy" });
    this.body = make("div", "body", { role: "region", tabindex: "0" });
    this.detail = make("div", "detail", { "aria-live": "polite" });
    this.help = make("dl", "help", { hidden: "" }, ...helpEntries());
    this.problem = make("p", "problem", { role: "alert", hidden: "" });
    this.root = make("section", "root", { "aria-label": "Texts compared" },
      this.verdict,
      make("div", "bar", {}, this.filters, make("div", "group", { role: "group", "aria-label": "Errors" }, this.back, this.place, this.ahead),
        this.copies, this.keys),
      this.body, this.detail, this.help, this.problem);
    this.root.className = "ocrnb-diff";
    // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    const on = { signal: this.leaving.signal };
    this.back.addEventListener("click", () => this.step(-1), on);
    this.ahead.addEventListener("click", () => this.step(1), on);
    this.keys.addEventListener("click", () => this.showHelp(this.help.hidden), on);
    this.body.addEventListener("click", (event) => {
      const word = event.target.closest("[data-word]");
      if (word) this.tell(Number(word.dataset.word));
    }, on);
    this.root.addEventListener("keydown", (event) => this.press(event), on);
    el.append(this.root);
  }

  get words() {
    return this.script.words;
  }

  get filter() {
    return this.model.get("filter");
  }

  get selected() {
    const index = this.model.get("selected");
    return this.words[index] ? index : -1;
  }

  get among() {
    return marked(this.words, this.filter);
  }

  // What is shown.

  judge() {
    this.verdict.textContent = this.model.get("verdict");
    this.verdict.hidden = !this.verdict.textContent;
  }

  complain() {
    this.problem.textContent = this.model.get("problem");
    this.problem.hidden = !this.problem.textContent;
  }

  stay() {
    this.root.dataset.still = String(Boolean(this.model.get("leaves_still")));
  }

  wait() {
    this.root.dataset.busy = "true";
    if (!this.body.childElementCount) this.body.replaceChildren(make("p", "empty", {}, "Waiting for the kernel. Run the cell again if nothing comes."));
  }

  fill() {
    this.root.dataset.busy = "false";
    this.root.dataset.known = String(this.script.known);
    this.sight.disconnect();
    const [first, second] = this.model.get("labels");
    this.names = [this.script.known ? "ground truth" : first, first, second];
    this.fillFilters();
    this.fillCopies();
    const filled = this.words.length > 0;
    for (const part of [this.filters, this.copies, this.keys, this.back.parentElement]) part.hidden = !filled;
    this.body.setAttribute("aria-label", this.filter === "all" ? "Text" : "Words");
    if (!filled) this.body.replaceChildren(make("p", "empty", {}, "No text yet. diff.set(truth, before, after) puts one here."));
    else if (this.filter === "all") this.body.replaceChildren(this.legend(), ...this.lines());
    else this.body.replaceChildren(...this.cards());
    this.body.scrollTop = 0;
    this.choose(false);
  }

  fillFilters() {
    const hadFocus = this.filters.contains(document.activeElement);
    this.filters.replaceChildren(...choicesOf(this.words, this.script.known).map(({ filter, name, count }, number) => {
      const made = button(name, { "aria-pressed": String(filter === this.filter), title: `Key ${number + 1}`, "data-filter": filter });
      if (filter !== "all") made.append(" ", make("span", "count", {}, String(count)));
      made.disabled = filter !== "all" && count === 0 && filter !== this.filter;
      made.addEventListener("click", () => this.setFilter(filter));
      return made;
    }));
    if (hadFocus) this.filters.querySelector("[aria-pressed=true]").focus();
  }

  fillCopies() {
    const which = this.script.known ? [0, 1, 2] : [1, 2];
    this.copies.replaceChildren(make("span", "said", {}, "Copy"), ...which.map((row) => {
      const made = button(this.names[row], { "aria-label": `Copy text: ${this.names[row]}` });
      made.addEventListener("click", () => this.copy(made, this.script.texts[ROWS[row]] ?? ""));
      return made;
    }));
  }

  /** What the rows of an opened word are, once, where the text begins. */
  legend() {
    const rows = this.script.known ? [0, 1, 2] : [1, 2];
    const names = rows.map((row) => make("span", `name ocrnb-diff__name--${ROWS[row]}`, {}, this.names[row]));
    return make("div", "legend", {}, make("span", "names", {}, ...names), this.signs());
  }

  signs() {
    const sample = (kind, text) => make("span", "sample", { "data-kind": kind }, text);
    const all = this.script.known
      ? [sample("fixed", "✓ fixed"), sample("broken", "✗ broken"), sample("still wrong", "still wrong")]
      : [sample("differs", "differs")];
    return make("span", "signs", {}, ...all);
  }

  lines() {
    return linesOf(this.words).map((line) => make("p", "line", { dir: "auto" },
      ...line.flatMap((index) => [this.wordOf(index), " "])));
  }

  /** A word in the text: plain where both readings are right, else opened into its rows. */
  wordOf(index) {
    const word = this.words[index];
    if (word.kind === "unchanged") return make("span", "word", { "data-word": index }, word.text);
    return make("button", "word", {
      type: "button", tabindex: "-1", "data-word": index, "data-kind": word.kind,
    }, ...forTheEye(this.describe(word), ...this.rowsOf(word)));
  }

  describe(word) {
    return describeWord(word, this.model.get("labels"), this.script.known);
  }

  rowsOf(word) {
    return (this.script.known ? [0, 1, 2] : [1, 2]).map((row) => rowOf(word, row));
  }

  cards() {
    const cards = this.among.map((index) => {
      const word = this.words[index];
      const crops = make("span", "crops", { "data-crops": index });
      const card = make("button", "card", {
        type: "button", tabindex: "-1", "data-word": index, "data-kind": word.kind,
      }, ...forTheEye(this.describe(word), crops, make("span", "stack", {}, ...this.rowsOf(word)), this.kindOf(word)));
      this.drawCrops(crops, index);
      this.sight.observe(card);
      return card;
    });
    const none = { errors: "Nothing is misread.", fixed: "Nothing was fixed.", broken: "Nothing was broken.", "still wrong": "Nothing is still wrong." };
    return cards.length ? cards : [make("p", "empty", {}, this.script.known ? none[this.filter] : "Both readings are the same.")];
  }

  kindOf(word) {
    const sign = signOf(word.kind, 2);
    return make("span", "kind", { "data-kind": word.kind }, sign ? `${sign} ${word.kind}` : word.kind);
  }

  see(entries) {
    this.script.want(entries.filter((entry) => entry.isIntersecting).map(({ target }) => Number(target.dataset.word)));
  }

  showCrops(index) {
    for (const place of this.root.querySelectorAll(`[data-crops="${index}"]`)) this.drawCrops(place, index);
  }

  drawCrops(place, index) {
    place.hidden = !this.script.pictured;
    const urls = this.script.crops.get(index);
    if (urls === undefined) return;
    place.dataset.there = "true";
    const labels = this.model.get("labels");
    place.replaceChildren(...(urls ?? []).map((url, side) => make("span", "crop", {},
      make("img", "picture", { src: url, alt: `The word in the picture “${labels[side]}”`, draggable: "false" }),
      make("span", "caption", {}, labels[side]))));
    if (!urls) place.append(make("span", "caption", {}, "No place in the pictures is known."));
  }

  /** Show which word is chosen; `reveal` scrolls to it. */
  choose(reveal) {
    const index = this.selected;
    for (const one of this.root.querySelectorAll("[data-chosen]")) {
      one.removeAttribute("data-chosen");
      if (one.tabIndex === 0) one.tabIndex = -1;
    }
    const word = this.body.querySelector(`[data-word="${index}"]`);
    const first = this.body.querySelector("button[data-word]");
    if (word) word.dataset.chosen = "true";
    const reached = word?.matches("button") ? word : first;
    if (reached) reached.tabIndex = 0;
    if (word && reveal) this.reveal(word);
    this.place.textContent = placeText(this.among, index, this.script.known);
    this.back.disabled = this.ahead.disabled = this.among.length === 0;
    this.explain(index);
  }

  /** Scroll the text, and nothing around it, so that a word is in sight. */
  reveal(word) {
    const box = word.getBoundingClientRect();
    const room = this.body.getBoundingClientRect();
    if (box.top < room.top + 8 || box.bottom > room.bottom - 8) {
      this.body.scrollTop += box.top - room.top - (room.height - box.height) / 2;
    }
  }

  /** Below the text: the chosen word large, what became of it, and what it looks like. */
  explain(index) {
    const word = this.words[index];
    this.detail.hidden = this.filter !== "all" || !this.words.length;
    if (this.detail.hidden) return;
    if (!word) {
      const what = this.script.known ? "misread word" : "word that differs";
      this.detail.replaceChildren(make("p", "hint", {}, this.among.length
        ? `Choose a ${what}, or press n for the next one.` : "Both readings have every word right."));
      if (!this.among.length && !this.script.known) this.detail.firstElementChild.textContent = "Both readings are the same.";
      return;
    }
    this.script.want([index]);
    const crops = make("span", "crops", { "data-crops": index });
    this.drawCrops(crops, index);
    const rows = word.columns ? this.rowsOf(word) : [];
    const names = this.script.known ? this.names : this.names.slice(1);
    const table = rows.length
      ? make("span", "table", { "data-kind": word.kind }, ...rows.flatMap((row, place) => [make("span", "name", {}, names[place]), row]))
      : make("span", "table", {}, make("span", "name", {}, "all agree"), make("span", "row", { dir: "auto" }, word.text));
    this.detail.replaceChildren(table, word.columns ? this.kindOf(word) : "", crops);
  }

  // What a person does.

  tell(index) {
    if (index === this.model.get("selected")) this.choose(true);
    this.model.set("selected", index);
    this.model.save_changes();
  }

  step(direction) {
    const index = nextOf(this.among, this.selected, direction);
    if (index < 0) return;
    const inside = this.body.contains(document.activeElement);
    this.tell(index);
    if (inside) this.body.querySelector(`button[data-word="${index}"]`)?.focus({ preventScroll: true });
  }

  setFilter(filter) {
    this.model.set("filter", filter);
    this.model.save_changes();
  }

  showHelp(open) {
    this.help.hidden = !open;
    this.keys.setAttribute("aria-expanded", String(open));
  }

  async copy(made, text) {
    const name = made.textContent;
    try {
      await navigator.clipboard.writeText(text);
      made.textContent = "Copied";
    } catch {
      made.textContent = "Not allowed here";
    }
    made.style.minWidth = `${made.offsetWidth}px`;
    setTimeout(() => { made.textContent = name; }, COPIED_FOR);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const choices = choicesOf(this.words, this.script.known);
    const inside = this.body.contains(event.target);
    const actions = {
      n: () => this.step(1),
      p: () => this.step(-1),
      "?": () => this.showHelp(this.help.hidden),
      Escape: () => (this.help.hidden ? this.body.focus() : this.showHelp(false)),
      ...Object.fromEntries(choices.map(({ filter }, number) => [number + 1, () => this.setFilter(filter)])),
      ...(inside && event.target !== this.body && {
        ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
      }),
    };
    const action = actions[event.key];
    if (!action || !this.words.length) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  remove() {
    this.leaving.abort();
    this.sight.disconnect();
    this.script.listeners.delete(this.listener);
    for (const [event, listener] of this.heard) this.model.off(event, listener);
    this.root.remove();
  }
}

function helpEntries() {
  const rows = [
    ["n p", "next and previous word that is not right in both"],
    ["← →", "the same, from a word"],
    ["1 to 5", "the whole text, errors, fixed, broken, still wrong"],
    ["Esc", "back to the text"],
  ];
  return rows.flatMap(([key, meaning]) => [make("dt", "key", {}, key), make("dd", "meaning", {}, meaning)]);
}

/** One for each model: its views share texts and crops. */
export default () => {
  let script;
  return {
    initialize({ model }) {
      script = new Script(model);
      return () => script.remove();
    },
    render({ model, el }) {
      const view = new View(model, el, script);
      return () => view.remove();
    },
  };
};
