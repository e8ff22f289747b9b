// Views of one JobMonitor: a line a job, changed in place as messages come, many lines a message.
//
// Reads the trait `problem`; reads and writes `newest_first`. Rows come as messages `rows` (`id`, `what`, `state`,
// `running`, `task`, `now`, `attempt`, `elapsed`, `calls`, `progress`, `error`, `notes`, `pictured`, `again`, `curl`),
// `gone`, `thumbnail` (its PNG as a buffer) and `curl`; nothing of them is in the model. Time ticks here.
// Sends `send rows`, `send thumbnails`, `cancel`, `retry`, `copy`, `cancel all`, `clear finished`.

const TICK = 500; // ms between two looks at the clock
const SPEAK_EVERY = 3000; // ms: a screen reader is told no more often
const COPIED_FOR = 2000; // ms that a button says so
const SPOKEN = 200; // letters of an error that are read out
const ORDER = ["running", "done", "failed", "cancelled", "timed out", "expired"];

/** A duration as people write it: 0.4 s, 4 s, 1 min 05 s, 2 h 03 min. */
export function elapsedText(seconds) {
  const whole = Math.floor(seconds);
  if (seconds < 1) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** How long a job has run: what was told, and the time since for one that still runs. */
export function elapsedOf(row, now) {
  return row.running ? row.elapsed + Math.max(0, now - row.at) / 1000 : row.elapsed;
}

/** The jobs counted by state, in words; empty for none. */
export function summaryText(rows) {
  const counts = {};
  for (const row of rows) {
    const state = row.running ? "running" : row.state;
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return ORDER.filter((state) => counts[state]).map((state) => `${counts[state]} ${state}`).join(", ");
}

/** The word for where a job stands, with its parts where it has some. */
export function stateText(row) {
  return row.state === "running" && row.progress ? `${row.progress[0]} of ${row.progress[1]}` : row.state;
}

/** What the thin line shows: `share` of 1, or null where nobody knows how much is done. */
export function shareOf(row) {
  if (!row.running) return 1;
  if (row.progress?.[1]) return row.progress[0] / row.progress[1];
  return row.state === "running" ? null : 0;
}

/** An error without what the line says already: the job's name before it, the rest of a long id. */
export function shortError({ what, error }) {
  const bare = [`${what}: `, `${what} failed: `].reduce((text, start) => (text.startsWith(start) ? text.slice(start.length) : text), error);
  return bare.replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "$1…").replace(/^./, (first) => first.toUpperCase());
}

/** The quiet line under a job's name: its task, its part under way, how often it was tried, what went wrong. */
export function factsText(row) {
  const facts = [];
  if (row.task) facts.push(row.task);
  if (row.attempt > 1) facts.push(`attempt ${row.attempt}`);
  if (row.running && row.now) facts.push(row.now);
  if (row.error && row.state !== "cancelled") facts.push(shortError(row));
  else if (row.notes.length) facts.push(row.notes.length === 1 ? "1 note" : `${row.notes.length} notes`);
  return facts.join(" · ");
}

/** The word of the button that unfolds a line; empty where there is nothing behind it. */
export function moreText(row) {
  if (row.error && row.state !== "cancelled") return "Why";
  return row.notes.length ? "Notes" : "";
}

/** What is read out when rows change: failures, and the end of all; empty for everything else. */
export function announcement(before, after) {
  const wasRunning = new Map(before.map((row) => [row.id, row.running]));
  const said = after
    .filter((row) => wasRunning.get(row.id) && !row.running && row.error && row.state !== "cancelled")
    .map((row) => row.error.slice(0, SPOKEN));
  const all = said.length > 1 ? [`${said.length} tasks failed.`] : said;
  const ended = before.some((row) => row.running) && !after.some((row) => row.running);
  if (ended) all.push(`All tasks have ended: ${summaryText(after)}.`);
  return all.join(" ");
}

/** The ids in the order of the lines. */
export function orderOf(ids, newestFirst) {
  return [...ids].sort((one, other) => (newestFirst ? other - one : one - other));
}

/** Where the arrow keys lead from line `at` of `count`. */
export function stepTo(key, at, count) {
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -count, End: count };
  if (!(key in steps) || count === 0) return null;
  return Math.min(count - 1, Math.max(0, at + steps[key]));
}

/** What is known of one model's jobs, for all its views. */
export class Ledger {
  constructor(model, { nextFrame = (call) => requestAnimationFrame(call), now = () => performance.now() } = {}) {
    this.model = model;
    this.nextFrame = nextFrame;
    this.now = now;
    this.rows = new Map();
    this.pictures = new Map();
    this.wanted = new Set();
    this.listeners = new Set();
    this.changed = new Set();
    this.isDue = false;
    this.isKnown = false;
    this.hear = (message, buffers) => this.take(message, buffers ?? []);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send rows" });
  }

  take(message, [data]) {
    if (message.kind === "rows") this.takeRows(message);
    else if (message.kind === "gone") message.ids.forEach((id) => this.drop(id));
    else if (message.kind === "thumbnail") this.takePicture(message.id, data);
    else if (message.kind === "curl") for (const { copied } of this.listeners) copied(message);
    else return;
    this.tellSoon();
  }

  takeRows({ rows, count }) {
    this.isKnown ||= count !== undefined;
    for (const row of rows) {
      if (this.rows.get(row.id)?.attempt !== row.attempt) this.wanted.delete(row.id);
      this.rows.set(row.id, { ...row, at: this.now() });
      this.changed.add(row.id);
    }
  }

  takePicture(id, data) {
    this.forget(id);
    this.pictures.set(id, URL.createObjectURL(new Blob([data], { type: "image/png" })));
    this.changed.add(id);
  }

  drop(id) {
    this.rows.delete(id);
    this.forget(id);
    this.changed.add(id);
  }

  forget(id) {
    if (this.pictures.has(id)) URL.revokeObjectURL(this.pictures.get(id));
    this.pictures.delete(id);
  }

  /** Ask for the thumbnails of lines that came into sight, each once. */
  want(ids) {
    const missing = ids.filter((id) => this.rows.get(id)?.pictured && !this.wanted.has(id));
    for (const id of missing) this.wanted.add(id);
    if (missing.length) this.model.send({ kind: "send thumbnails", ids: missing });
  }

  /** Tell the views once a frame, however many messages came. */
  tellSoon() {
    if (this.isDue) return;
    this.isDue = true;
    this.nextFrame(() => {
      this.isDue = false;
      const changed = [...this.changed];
      this.changed.clear();
      for (const { follow } of this.listeners) follow(changed);
    });
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    for (const id of [...this.pictures.keys()]) this.forget(id);
    this.listeners.clear();
  }
}

const make = (tag, part, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  element.className = `ocrnb-monitor__${part}`;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // JupyterLab looks for this on what has the focus, and only then further out: else “d d” deletes the cell.
  if (tag === "button" || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
};

const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** One line: elements made once, changed in place. */
class Line {
  constructor(id, ask) {
    this.id = id;
    this.isOpen = false;
    this.picture = make("img", "thumbnail", { alt: "", hidden: "" });
    this.label = make("span", "label");
    this.facts = make("span", "facts");
    this.word = make("span", "word");
    this.fill = make("span", "fill");
    this.elapsed = make("div", "elapsed", { role: "gridcell" });
    this.calls = make("div", "calls", { role: "gridcell" });
    this.buttons = {
      more: this.button("more", () => this.unfold(!this.isOpen)),
      copy: this.button("copy", () => ask("copy", id)),
      retry: this.button("retry", () => ask("retry", id)),
      cancel: this.button("cancel", () => ask("cancel", id)),
    };
    this.actions = make("div", "actions", { role: "gridcell" }, ...Object.values(this.buttons));
    this.detail = make("div", "detail", { role: "gridcell", hidden: "" });
    this.element = make("div", "row", { role: "row", tabindex: "-1", "data-id": id },
      make("div", "picture", { role: "gridcell" }, this.picture),
      make("div", "what", { role: "gridcell" }, this.label, this.facts),
      make("div", "state", { role: "gridcell" }, this.word, make("span", "track", {}, this.fill)),
      this.elapsed, this.calls, this.actions, this.detail);
  }

  button(part, act) {
    const made = make("button", `button ocrnb-monitor__button--${part}`, { type: "button", tabindex: "-1", hidden: "" });
    made.addEventListener("click", act);
    return made;
  }

  show(row, url) {
    this.row = row;
    this.element.dataset.state = row.state;
    say(this.label, row.what);
    this.label.title = row.what;
    say(this.facts, factsText(row));
    this.facts.title = row.error;
    say(this.word, stateText(row));
    const share = shareOf(row);
    this.element.dataset.busy = share === null;
    this.fill.style.width = share === null ? "" : `${Math.round(share * 100)}%`;
    say(this.calls, row.calls === 1 ? "1 call" : `${row.calls} calls`);
    if (url && this.picture.src !== url) this.picture.src = url;
    this.picture.hidden = !url;
    this.showButtons(row);
    if (!moreText(row) && this.isOpen && !this.command) this.unfold(false);
    else if (this.isOpen) this.fillDetail();
  }

  showButtons(row) {
    const hadFocus = this.actions.contains(document.activeElement);
    this.showButton("more", moreText(row), row.what);
    this.showButton("copy", row.curl ? "cURL" : "", `Copy as cURL: ${row.what}`);
    this.showButton("retry", row.again, row.what);
    this.showButton("cancel", row.running && row.state !== "cancelling" ? "Cancel" : "", row.what);
    if (hadFocus && (document.activeElement?.hidden || !this.actions.contains(document.activeElement))) this.element.focus();
  }

  showButton(part, word, what) {
    const button = this.buttons[part];
    button.hidden = !word;
    if (!word || button.dataset.said) return;
    say(button, word);
    button.title = part === "copy" ? "Copy as cURL" : "";
    button.setAttribute("aria-label", part === "copy" ? what : `${word}: ${what}`);
    if (part === "more") button.setAttribute("aria-expanded", this.isOpen);
  }

  tick(now) {
    if (this.row) say(this.elapsed, elapsedText(elapsedOf(this.row, now)));
  }

  unfold(open) {
    this.isOpen = open;
    if (!open) this.command = "";
    this.detail.hidden = !open;
    this.buttons.more.setAttribute("aria-expanded", open);
    if (!open) return;
    this.fillDetail();
    this.element.scrollIntoView({ block: "nearest" });
  }

  fillDetail() {
    const parts = [];
    if (this.row.error) parts.push(make("p", "error", {}, this.row.error));
    for (const note of this.row.notes) parts.push(make("p", "note", {}, note));
    if (this.command) parts.push(make("pre", "command", { tabindex: "0" }, this.command));
    this.detail.replaceChildren(...parts);
  }

  /** Put the command on the clipboard; show it where a page may not do that. */
  async copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.flash("Copied");
    } catch {
      this.command = text;
      this.unfold(true);
      getSelection()?.selectAllChildren(this.detail.querySelector("pre"));
    }
  }

  flash(word) {
    const button = this.buttons.copy;
    button.dataset.said = word;
    button.textContent = word;
    setTimeout(() => {
      delete button.dataset.said;
      this.showButton("copy", this.row.curl ? "cURL" : "", `Copy as cURL: ${this.row.what}`);
    }, COPIED_FOR);
  }

  /** Take the line and its buttons into the order of the Tab key, or out of it. */
  focusable(isActive) {
    this.element.tabIndex = isActive ? 0 : -1;
    for (const button of Object.values(this.buttons)) button.tabIndex = isActive ? 0 : -1;
  }
}

/** One view: the lines in order, a summary, three buttons. */
class View {
  constructor(model, el, ledger) {
    this.model = model;
    this.ledger = ledger;
    this.lines = new Map();
    this.before = [];
    this.active = null;
    this.spoken = 0;
    this.leaving = new AbortController();
    this.build(el);
    this.sight = new IntersectionObserver((entries) => this.see(entries), { root: this.list, rootMargin: "100px" });
    this.seen = new Set();
    this.listener = { follow: (ids) => this.follow(ids), copied: ({ id, text }) => this.lines.get(id)?.copied(text) };
    ledger.listeners.add(this.listener);
    this.warn = () => this.complain();
    this.turn = () => this.lay();
    model.on("change:problem", this.warn);
    model.on("change:newest_first", this.turn);
    this.clock = setInterval(() => this.tick(), TICK);
    this.complain();
    this.follow([...ledger.rows.keys()]);
  }

  build(el) {
    const on = { signal: this.leaving.signal };
    this.summary = make("p", "summary");
    this.order = make("button", "button", { type: "button" });
    this.stop = make("button", "button", { type: "button" }, "Cancel all");
    this.clear = make("button", "button", { type: "button" }, "Clear finished");
    this.keys = make("button", "button", { type: "button", "aria-expanded": "false", title: "What the keys do (key ?)" }, "Keys");
    this.help = make("dl", "help", { hidden: "" }, ...helpEntries());
    this.problem = make("p", "problem", { role: "alert", hidden: "" });
    this.live = make("p", "live", { role: "status" });
    this.empty = make("p", "empty");
    this.list = make("div", "list", { role: "rowgroup" });
    const heads = ["", "Task", "State", "Time", "Calls", "Actions"].map((name) => make("span", "head", { role: "columnheader" }, name));
    this.grid = make("div", "grid", { role: "grid", "aria-label": "Tasks" },
      make("div", "group", { role: "rowgroup" }, make("div", "heads", { role: "row" }, ...heads)), this.list);
    this.root = make("section", "root", { "aria-label": "Job monitor", tabindex: "-1" },
      make("div", "bar", {}, this.summary, make("div", "tools", {}, this.order, this.stop, this.clear, this.keys)),
      this.grid, this.empty, this.help, this.problem, this.live);
    this.root.className = "ocrnb-monitor";
    this.order.addEventListener("click", () => {
      this.model.set("newest_first", !this.model.get("newest_first"));
      this.model.save_changes();
    }, on);
    this.stop.addEventListener("click", () => this.model.send({ kind: "cancel all" }), on);
    this.clear.addEventListener("click", () => this.model.send({ kind: "clear finished" }), on);
    this.keys.addEventListener("click", () => this.showHelp(this.help.hidden), on);
    this.root.addEventListener("keydown", (event) => this.pressForHelp(event), on);
    this.list.addEventListener("keydown", (event) => this.press(event), on);
    this.list.addEventListener("focusin", (event) => this.activate(this.idAt(event.target)), on);
    el.append(this.root);
  }

  idAt(element) {
    const row = element.closest("[data-id]");
    return row ? Number(row.dataset.id) : null;
  }

  follow(ids) {
    const now = this.ledger.now();
    let added = false;
    for (const id of ids) {
      const row = this.ledger.rows.get(id);
      if (!row) this.removeLine(id);
      else {
        added = this.addLine(id) || added;
        const line = this.lines.get(id);
        line.show(row, this.ledger.pictures.get(id));
        line.tick(now);
        if (this.seen.has(id)) this.ledger.want([id]);
      }
    }
    if (added) this.lay();
    this.sum();
  }

  addLine(id) {
    if (this.lines.has(id)) return false;
    const line = new Line(id, (kind, which) => this.model.send({ kind, id: which }));
    this.lines.set(id, line);
    return true;
  }

  removeLine(id) {
    const line = this.lines.get(id);
    if (!line) return;
    const had = line.element.contains(document.activeElement);
    this.sight.unobserve(line.element);
    line.element.remove();
    this.lines.delete(id);
    this.seen.delete(id);
    if (this.active === id) this.active = null;
    if (had) this.clear.focus();
  }

  /** Put the lines in order; those that stand right already are not touched. */
  lay() {
    const newest = this.model.get("newest_first");
    const ids = orderOf(this.lines.keys(), newest);
    let next = this.list.firstElementChild;
    for (const id of ids) {
      const { element } = this.lines.get(id);
      if (element === next) next = next.nextElementSibling;
      else this.list.insertBefore(element, next);
      this.sight.observe(element);
    }
    this.order.textContent = newest ? "Newest first" : "Oldest first";
    this.order.setAttribute("aria-label", `Order of the tasks: ${newest ? "newest first" : "oldest first"}`);
    if (this.active === null && ids.length) this.activate(ids[0]);
  }

  sum() {
    const rows = [...this.ledger.rows.values()];
    const focused = document.activeElement;
    say(this.summary, summaryText(rows) || "No tasks");
    this.grid.hidden = rows.length === 0;
    this.grid.setAttribute("aria-rowcount", rows.length + 1);
    this.empty.hidden = rows.length > 0;
    say(this.empty, this.ledger.isKnown
      ? "Nothing is under way. monitor.watch(job) puts a job here."
      : "Waiting for the kernel. Run the cell again if nothing comes.");
    this.order.hidden = rows.length < 2;
    this.stop.hidden = !rows.some((row) => row.running);
    this.clear.disabled = !rows.some((row) => !row.running);
    this.keys.hidden = rows.length === 0;
    if (rows.length === 0) this.showHelp(false);
    // A button that goes takes the focus with it, and keys would then be the notebook's commands.
    if (this.root.contains(focused) && (focused.hidden || focused.disabled)) {
      ([this.stop, this.clear].find((one) => !one.hidden && !one.disabled) ?? this.root).focus();
    }
    this.speak(announcement(this.before, rows));
    this.before = rows;
  }

  speak(text) {
    if (!text) return;
    clearTimeout(this.speaking);
    const wait = Math.max(0, this.spoken + SPEAK_EVERY - this.ledger.now());
    this.speaking = setTimeout(() => {
      this.spoken = this.ledger.now();
      this.live.textContent = text;
    }, wait);
  }

  see(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = Number(target.dataset.id);
      if (isIntersecting) this.seen.add(id);
      else this.seen.delete(id);
    }
    this.ledger.want([...this.seen]);
    this.tick();
  }

  tick() {
    const now = this.ledger.now();
    for (const id of this.seen) this.lines.get(id)?.tick(now);
  }

  activate(id) {
    if (id === null || id === this.active || !this.lines.has(id)) return;
    this.lines.get(this.active)?.focusable(false);
    this.active = id;
    this.lines.get(id).focusable(true);
  }

  press(event) {
    const line = this.lines.get(this.active);
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    const inRow = event.target === line.element;
    const ids = orderOf(this.lines.keys(), this.model.get("newest_first"));
    const to = stepTo(event.key, ids.indexOf(this.active), ids.length);
    if (to !== null) {
      this.lines.get(ids[to]).element.focus();
    } else if (event.key === "Escape" && this.help.hidden) {
      line.unfold(false);
      line.element.focus();
    } else if (inRow && event.key === "Enter" && moreText(line.row)) {
      line.unfold(!line.isOpen);
    } else if (event.key === "Delete" && line.row.running) {
      this.model.send({ kind: "cancel", id: line.id });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Heard anywhere in the widget: `?` shows what the keys do, Esc puts it away. */
  pressForHelp(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.keys.hidden) return;
    if (event.key !== "?" && (event.key !== "Escape" || this.help.hidden)) return;
    this.showHelp(event.key === "?" && this.help.hidden);
    event.preventDefault();
    event.stopPropagation();
  }

  showHelp(open) {
    this.help.hidden = !open;
    this.keys.setAttribute("aria-expanded", open);
  }

  complain() {
    const text = this.model.get("problem");
    this.problem.hidden = !text;
    say(this.problem, text);
  }

  remove() {
    this.leaving.abort();
    clearInterval(this.clock);
    clearTimeout(this.speaking);
    this.sight.disconnect();
    this.ledger.listeners.delete(this.listener);
    this.model.off("change:problem", this.warn);
    this.model.off("change:newest_first", this.turn);
    this.root.remove();
  }
}

function helpEntries() {
  const rows = [
    ["↑ ↓", "the line before and after; Page Up and Page Down eight at once, Home and End to the ends"],
    ["Enter", "why it failed, or its notes; again to put them away"],
    ["Tab", "to the buttons of the line"],
    ["Delete", "cancel what still runs"],
    ["Esc", "back to the line"],
  ];
  return rows.flatMap(([key, meaning]) => [make("dt", "key", {}, key), make("dd", "meaning", {}, meaning)]);
}

/** One for each model: its views share what is known. */
export default () => {
  let ledger;
  return {
    initialize({ model }) {
      ledger = new Ledger(model);
      return () => ledger.remove();
    },
    render({ model, el }) {
      const view = new View(model, el, ledger);
      return () => view.remove();
    },
  };
};
