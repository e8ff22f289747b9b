// Views of one TrackerBoard: the answer, filters, and a table of which only the rows in sight exist.
//
// Reads the traits `verdict`, `baseline`, `leaves_still` and `problem`; reads and writes `condition`, `reader`,
// `outcome`, `x_height`, `search`, `sort_by`, `descending`. Rows come as messages `rows` (lists: a number, then the
// fields of `FIELDS`), `gone`, `pictured`, `thumbnails` (PNGs as buffers), `selected`, `reported`, `piece` (of the
// report). Sends `send rows`, `send thumbnails`, `select`, `refresh`, `report`, `send report`.

const FIELDS = ["id", "image", "variant", "group", "condition", "reader", "outcome", "before", "after", "change", "xHeight", "error"];
const OUTCOMES = ["hurt", "helped", "same", "failed", "no ground truth", "not compared"];
const RANKS = { hurt: 0, failed: 1, helped: 2, same: 3 };
const SIGNS = { hurt: "✗ hurt", helped: "✓ helped" };
const TRAITS = ["condition", "reader", "outcome", "x_height", "search", "sort_by", "descending"];
const COLUMNS = [
  ["image", "Image"], ["x_height_px", "x-height"], ["cer_before", "CER before"], ["", "Slope"], ["cer_after", "CER after"],
  ["change", "Points"], ["outcome", "Outcome"],
];
const KEYS = { x_height_px: "xHeight", cer_before: "before", cer_after: "after" };
const TALL = 56; // px a row; the style sheet has the same
const TALL_NARROW = 92;
const NARROW = 640; // px: narrower, a row is two lines
const BEYOND = 6; // rows that are kept on either side of those in sight
const TYPING = 200; // ms after the last letter that what is typed is told to the kernel

/** A row of a message by its fields' names; what is infinite is a number again. */
export function rowOf(values) {
  const row = Object.fromEntries(FIELDS.map((name, place) => [name, values[place]]));
  for (const name of ["before", "after", "change"]) row[name] = { "∞": Infinity, "−∞": -Infinity }[row[name]] ?? row[name];
  return row;
}

/** Whether a row fits all filters; what is empty lets everything through. */
export function fits(row, { condition, reader, outcome, x_height: [low, high], search }) {
  if ((condition && row.condition !== condition) || (reader && row.reader !== reader) || (outcome && row.outcome !== outcome)) return false;
  if (low !== null && !(row.xHeight !== null && row.xHeight >= low)) return false;
  if (high !== null && !(row.xHeight !== null && row.xHeight <= high)) return false;
  const wanted = search.trim().toLowerCase();
  return !wanted || [row.image, row.variant, row.group].some((name) => name?.toLowerCase().includes(wanted));
}

/** The rows in order: by outcome the regressions first and large changes before small ones; unknown values last. */
export function sorted(rows, by, descending) {
  const turn = descending ? -1 : 1;
  const rank = (row) => RANKS[row.outcome] ?? 4;
  const size = (row) => (row.change === null ? -1 : Math.abs(row.change));
  if (by === "outcome") return [...rows].sort((one, other) => turn * (rank(one) - rank(other)) || size(other) - size(one));
  const key = KEYS[by] ?? by;
  return [...rows].sort((one, other) => {
    const [a, b] = [one[key], other[key]];
    if (a === null || b === null) return (a === null) - (b === null);
    return turn * (a < b ? -1 : a > b ? 1 : 0);
  });
}

/** A fraction as a percentage, “3.2 %”. */
export function percent(rate) {
  return rate === null ? "—" : rate === Infinity ? "∞" : `${(rate * 100).toFixed(1)} %`;
}

/** A difference of fractions in percentage points with its sign. */
export function points(change) {
  if (change === null) return "—";
  if (!Number.isFinite(change)) return change > 0 ? "+∞" : "−∞";
  const text = Math.abs(change * 100).toFixed(1);
  return text === "0.0" ? text : `${change < 0 ? "−" : "+"}${text}`;
}

/** Which rows exist, from and to, for a list scrolled to `top` px with `room` px to see. */
export function windowOf(top, room, tall, count) {
  const first = Math.max(0, Math.floor(top / tall) - BEYOND);
  return [first, Math.min(count, Math.ceil((top + room) / tall) + BEYOND)];
}

/** Where in a slope's height (0 is the top) a rate stands, given the largest shown; more than that is at the top. */
export function slopeAt(rate, largest, height) {
  return largest > 0 ? height * (1 - Math.min(rate, largest) / largest) : height;
}

/** The rate at the top of all slopes: the largest one, but 1 at most, as a wild reading would flatten all others. */
export function largestOf(rows) {
  const rates = rows.flatMap((row) => [row.before, row.after]).filter((rate) => Number.isFinite(rate));
  return Math.min(1, rates.reduce((most, rate) => Math.max(most, rate), 0)) || 1;
}

/** How many rows each outcome has, of those that fit all other filters. */
export function countOutcomes(rows, filters) {
  const counts = new Map(OUTCOMES.map((name) => [name, 0]));
  for (const row of rows) if (fits(row, { ...filters, outcome: "" })) counts.set(row.outcome, counts.get(row.outcome) + 1);
  return counts;
}

/** Where the arrow keys lead from row `at` of `count`; null for other keys. */
export function stepTo(key, at, count, page) {
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -count, End: count };
  if (!(key in steps) || !count) return null;
  return Math.min(count - 1, Math.max(0, (at < 0 && steps[key] > 0 ? -1 : at) + steps[key]));
}

/** A number of rows in words. */
export function shownText(shown, all) {
  const number = (count) => count.toLocaleString("en");
  return shown === all ? `${number(all)} row${all === 1 ? "" : "s"}` : `${number(shown)} of ${number(all)} rows`;
}

/** A limit as it was typed: a number, or null for none. */
export function limitOf(text) {
  const value = Number.parseFloat(text.replace(",", "."));
  return Number.isFinite(value) && value >= 0 ? value : null;
}

/** What is known of one model's rows, for all its views. */
export class Rows {
  constructor(model) {
    this.model = model;
    this.all = new Map();
    this.pictures = new Map();
    this.wanted = new Set();
    this.listeners = new Set();
    this.chosen = -1;
    this.mine = new Set();
    this.isMoved = false;
    this.report = null;
    this.isPictured = false;
    this.isKnown = false;
    this.hear = (message, buffers) => this.take(message, buffers ?? []);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send rows" });
  }

  take(message, buffers) {
    const take = {
      rows: () => this.takeRows(message), gone: () => message.ids.forEach((id) => this.all.delete(id)),
      pictured: () => { this.isPictured = true; this.forget(); }, thumbnails: () => this.takePictures(message.id, buffers),
      selected: () => this.takeChoice(message.id), reported: () => this.takeReport(message),
      piece: () => this.takePiece(message, buffers[0]),
    }[message.kind];
    if (!take) return;
    take();
    this.tellSoon(message.kind);
  }

  takeRows({ rows, pictured }) {
    this.isKnown = true;
    this.isPictured ||= Boolean(pictured);
    for (const values of rows) this.all.set(values[0], rowOf(values));
  }

  takePictures(id, buffers) {
    this.pictures.get(id)?.forEach((url) => URL.revokeObjectURL(url));
    this.pictures.set(id, buffers.map((data) => URL.createObjectURL(new Blob([data], { type: "image/png" }))));
  }

  /** A row chosen by code or in another window; the echo of a click here would scroll back to where one has left. */
  takeChoice(id) {
    this.isMoved = !this.mine.delete(id);
    if (this.isMoved) this.chosen = id;
  }

  takeReport({ path, bytes }) {
    if (this.report?.url) URL.revokeObjectURL(this.report.url);
    this.report = { path, bytes };
  }

  takePiece({ offset, bytes }, data) {
    this.report ??= { path: "", bytes };
    this.report.data ??= new Uint8Array(bytes);
    this.report.data.set(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    if (offset + data.byteLength < bytes) return;
    this.report.url = URL.createObjectURL(new Blob([this.report.data], { type: "text/html" }));
    this.report.data = null;
  }

  forget() {
    for (const urls of this.pictures.values()) urls.forEach((url) => URL.revokeObjectURL(url));
    this.pictures.clear();
    this.wanted.clear();
  }

  /** Ask for the thumbnails of rows that came into sight, each once. */
  want(ids) {
    const missing = ids.filter((id) => !this.wanted.has(id));
    for (const id of missing) this.wanted.add(id);
    if (missing.length) this.model.send({ kind: "send thumbnails", ids: missing });
  }

  /** Tell the views once a frame, however many messages came. */
  tellSoon(kind) {
    this.kinds ??= new Set();
    this.kinds.add(kind);
    if (this.kinds.size > 1 || this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      const kinds = this.kinds;
      this.kinds = new Set();
      for (const { follow } of this.listeners) follow(kinds);
    });
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    this.forget();
    if (this.report?.url) URL.revokeObjectURL(this.report.url);
    this.listeners.clear();
  }
}

const make = (tag, part, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  element.className = `ocrnb-board__${part}`;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** A small drawing from its source, which holds numbers only. */
const draw = (source) => {
  const template = document.createElement("template");
  template.innerHTML = source;
  return template.content.firstElementChild;
};

let boards = 0;

/** One view. */
class View {
  constructor(model, el, rows) {
    this.model = model;
    this.rows = rows;
    this.order = [];
    this.active = -1;
    this.drawn = new Map();
    this.number = (boards += 1);
    this.leaving = new AbortController();
    this.build(el);
    this.listener = { follow: (kinds) => this.follow(kinds) };
    rows.listeners.add(this.listener);
    this.heard = [
      ["change:verdict", () => this.judge()], ["change:problem", () => this.complain()],
      ["change:leaves_still", () => this.stay()], ...TRAITS.map((trait) => [`change:${trait}`, () => this.sift()]),
    ];
    for (const [event, listener] of this.heard) model.on(event, listener);
    for (const show of [this.judge, this.complain, this.stay, this.sift]) show.call(this);
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.grid);
  }

  build(el) {
    const on = { signal: this.leaving.signal };
    const labelled = (text, control) => make("label", "field", {}, make("span", "said", {}, text), control);
    this.verdict = make("div", "verdict", { role: "status" });
    this.outcomes = make("div", "group", { role: "group", "aria-label": "Outcome" });
    this.condition = make("select", "select");
    this.reader = make("select", "select");
    this.low = make("input", "number", { inputmode: "decimal", "aria-label": "x-height from, pixels", placeholder: "from" });
    this.high = make("input", "number", { inputmode: "decimal", "aria-label": "x-height to, pixels", placeholder: "to" });
    this.search = make("input", "search", { type: "search", placeholder: "Part of a name", "aria-label": "Search names" });
    this.clear = make("button", "button", { type: "button" }, "Clear filters");
    this.again = make("button", "button", { type: "button", title: "Look at the tracker now" }, "Refresh");
    this.write = make("button", "button", { type: "button", title: "Write the HTML report" }, "Report");
    this.shown = make("p", "shown");
    this.told = make("p", "told", { role: "status", hidden: "" });
    this.problem = make("p", "problem", { role: "alert", hidden: "" });
    this.empty = make("p", "empty", { hidden: "" });
    this.readerField = labelled("Reader", this.reader);
    this.heads = make("div", "heads", { role: "row" });
    this.spacer = make("div", "spacer", { role: "rowgroup" });
    this.grid = make("div", "grid", { role: "grid", tabindex: "0", "aria-label": "Images, each beside its baseline" },
      make("div", "headgroup", { role: "rowgroup" }, this.heads), this.spacer);
    this.detail = make("div", "detail", { "aria-live": "polite" });
    this.root = make("section", "root", { "aria-label": "Tracker" },
      this.verdict,
      make("div", "bar", {}, this.outcomes, labelled("Condition", this.condition), this.readerField,
        make("span", "field", { role: "group", "aria-label": "x-height, pixels" }, make("span", "said", {}, "x-height"), this.low, this.high),
        labelled("Search", this.search)),
      this.grid, this.empty, this.detail,
      make("div", "foot", {}, this.shown, make("div", "group", {}, this.clear, this.again, this.write)),
      this.told, this.problem);
    this.root.className = "ocrnb-board";
    // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    this.buildHeads();
    this.listen(on);
    el.append(this.root);
  }

  buildHeads() {
    this.headers = COLUMNS.map(([by, name]) => {
      const head = make("span", `head ocrnb-board__head--${name.split(" ").at(-1).toLowerCase()}`, { role: "columnheader" });
      if (by) {
        const button = make("button", "sort", { type: "button" }, name);
        button.addEventListener("click", () => this.sortBy(by));
        head.append(button);
      } else head.append(name);
      return head;
    });
    this.heads.append(make("span", "head", { role: "columnheader", "aria-label": "Pictures" }), ...this.headers);
  }

  listen(on) {
    const change = (trait, read) => (event) => this.set({ [trait]: read(event.target.value) });
    this.condition.addEventListener("change", change("condition", String), on);
    this.reader.addEventListener("change", change("reader", String), on);
    const type = (trait, read) => () => {
      this.model.set(trait, read());
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.model.save_changes(), TYPING);
    };
    const range = type("x_height", () => [limitOf(this.low.value), limitOf(this.high.value)]);
    this.low.addEventListener("input", range, on);
    this.high.addEventListener("input", range, on);
    this.search.addEventListener("input", type("search", () => this.search.value), on);
    this.clear.addEventListener("click", () => this.set({ condition: "", reader: "", outcome: "", x_height: [null, null], search: "" }), on);
    this.again.addEventListener("click", () => this.model.send({ kind: "refresh" }), on);
    this.write.addEventListener("click", () => this.askReport(), on);
    this.grid.addEventListener("scroll", () => this.paint(), { ...on, passive: true });
    this.spacer.addEventListener("click", (event) => {
      const row = event.target.closest("[data-place]");
      if (row) this.choose(Number(row.dataset.place));
    }, on);
    this.grid.addEventListener("keydown", (event) => this.press(event), on);
  }

  set(changes) {
    for (const [trait, value] of Object.entries(changes)) this.model.set(trait, value);
    this.model.save_changes();
  }

  get filters() {
    return Object.fromEntries(TRAITS.map((trait) => [trait, this.model.get(trait)]));
  }

  get all() {
    return [...this.rows.all.values()];
  }

  get chosen() {
    return this.rows.chosen;
  }

  follow(kinds) {
    if (kinds.has("rows") || kinds.has("gone")) this.sift();
    if (kinds.has("pictured")) this.sift();
    if (kinds.has("thumbnails")) for (const [id, row] of this.drawn) this.showPictures(row, id);
    if (kinds.has("selected")) this.mark(this.rows.isMoved);
    if (kinds.has("reported") || kinds.has("piece")) this.showReport();
  }

  // What is shown.

  judge() {
    const lines = this.model.get("verdict").split("\n").filter(Boolean);
    this.verdict.replaceChildren(...lines.map((line) => make("p", "sentence", {}, line)));
  }

  complain() {
    this.problem.textContent = this.model.get("problem");
    this.problem.hidden = !this.problem.textContent;
    this.isWriting = this.isWriting && this.problem.hidden;
    this.showReport();
  }

  stay() {
    this.root.dataset.still = String(Boolean(this.model.get("leaves_still")));
  }

  /** Filter and sort anew. */
  sift() {
    const { filters, all } = this;
    this.root.dataset.pictured = String(this.rows.isPictured);
    const active = this.order[this.active]?.id;
    this.order = sorted(all.filter((row) => fits(row, filters)), filters.sort_by, filters.descending);
    this.active = this.order.findIndex((row) => row.id === active);
    this.largest = largestOf(all);
    this.fillControls(filters, all);
    for (const [place, [by]] of COLUMNS.entries()) {
      if (!by) continue;
      const isIt = by === filters.sort_by;
      this.headers[place].setAttribute("aria-sort", isIt ? (filters.descending ? "descending" : "ascending") : "none");
    }
    this.shown.textContent = all.length ? `${shownText(this.order.length, all.length)} · board.frame has them as a DataFrame` : "";
    this.grid.setAttribute("aria-rowcount", this.order.length + 1);
    this.grid.hidden = !this.order.length;
    this.empty.hidden = this.order.length > 0;
    this.empty.textContent = !this.rows.isKnown ? "Waiting for the kernel. Run the cell again if nothing comes."
      : all.length ? "No row fits these filters." : "No trials yet. tracker.add(trial) puts one here, at once.";
    this.write.disabled = !all.length;
    for (const one of [this.outcomes.parentElement, this.detail]) one.hidden = !all.length;
    this.measure();
    this.mark(false);
  }

  fillControls(filters, all) {
    const counts = countOutcomes(all, filters);
    const hadFocus = this.outcomes.contains(document.activeElement) && document.activeElement.dataset.outcome;
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const choices = [["", "All", total], ...[...counts].filter(([name, count]) => count || name === filters.outcome || RANKS[name] !== undefined && name !== "failed")
      .map(([name, count]) => [name, SIGNS[name] ?? name, count])];
    this.outcomes.replaceChildren(...choices.map(([outcome, name, count]) => {
      const button = make("button", "button", { type: "button", "aria-pressed": String(outcome === filters.outcome), "data-outcome": outcome || "all" },
        `${name} `, make("span", "count", {}, count.toLocaleString("en")));
      button.addEventListener("click", () => this.set({ outcome }));
      return button;
    }));
    if (hadFocus) this.outcomes.querySelector(`[data-outcome="${hadFocus}"]`)?.focus();
    this.fillSelect(this.condition, filters.condition, all.map((row) => row.condition), "All conditions");
    this.fillSelect(this.reader, filters.reader, all.map((row) => row.reader), "All readers");
    this.readerField.hidden = this.reader.options.length < 3 && !filters.reader;
    const [low, high] = filters.x_height;
    if (document.activeElement !== this.low) this.low.value = low ?? "";
    if (document.activeElement !== this.high) this.high.value = high ?? "";
    if (this.search.value !== filters.search) this.search.value = filters.search;
    this.clear.disabled = !(filters.condition || filters.reader || filters.outcome || filters.search || low !== null || high !== null);
    if (this.clear.disabled && document.activeElement === this.clear) this.search.focus();
  }

  fillSelect(select, chosen, names, every) {
    const known = [...new Set([...names, ...(chosen ? [chosen] : [])])];
    const told = [every, ...known].join("\n");
    if (select.dataset.told !== told) {
      select.dataset.told = told;
      select.replaceChildren(...[["", every], ...known.map((name) => [name, labelOf(name)])]
        .map(([value, name]) => Object.assign(document.createElement("option"), { value, textContent: name })));
    }
    select.value = chosen;
  }

  measure() {
    const tall = this.grid.clientWidth && this.grid.clientWidth < NARROW ? TALL_NARROW : TALL;
    if (tall !== this.tall) {
      this.tall = tall;
      this.erase();
    }
    this.spacer.style.height = `${this.order.length * tall}px`;
    this.paint();
  }

  erase() {
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
  }

  /** Make the rows that are in sight, and take the others away. */
  paint() {
    const [first, last] = windowOf(this.grid.scrollTop, this.grid.clientHeight || 480, this.tall, this.order.length);
    const seen = new Set();
    const shown = this.order.slice(first, last);
    const showsWho = { condition: !this.model.get("condition"), reader: this.readerField.hidden === false && !this.model.get("reader") };
    shown.forEach((row, index) => {
      seen.add(row.id);
      let element = this.drawn.get(row.id);
      const told = JSON.stringify([row, this.largest, showsWho]);
      if (!element || element.told !== told) {
        const made = this.make(row, showsWho);
        made.told = told;
        if (element) element.replaceWith(made);
        else this.spacer.append(made);
        element = made;
        this.drawn.set(row.id, made);
      }
      const place = first + index;
      element.dataset.place = place;
      element.setAttribute("aria-rowindex", place + 2);
      element.style.transform = `translateY(${place * this.tall}px)`;
      this.showPictures(element, row.id);
    });
    for (const [id, element] of this.drawn) {
      if (seen.has(id)) continue;
      element.remove();
      this.drawn.delete(id);
    }
    if (this.rows.isPictured) this.rows.want(shown.map((row) => row.id));
    this.point();
  }

  make(row, showsWho) {
    const cell = (part, ...children) => make("div", part, { role: "gridcell" }, ...children);
    const quiet = [row.variant, showsWho.condition && labelOf(row.condition), showsWho.reader && row.reader, row.group !== row.image && row.group]
      .filter(Boolean).join(" · ");
    const xHeight = row.xHeight === null ? "—" : `${row.xHeight.toFixed(1)} px`;
    const name = make("span", "name", { title: row.image }, row.image);
    const element = make("div", "row", { role: "row", id: `ocrnb-board-${this.number}-${row.id}`, "data-outcome": row.outcome },
      cell("pictures"), cell("image", name, make("span", "quiet", {}, row.error ?? quiet)), cell("x", xHeight),
      cell("before", percent(row.before)), cell("slope", this.slope(row)), cell("after", percent(row.after)),
      cell("change", points(row.change)), cell("outcome", SIGNS[row.outcome] ?? row.outcome));
    return element;
  }

  slope(row) {
    const [width, height] = [56, 30];
    if (!Number.isFinite(row.before ?? NaN) || !Number.isFinite(row.after ?? NaN)) return "";
    const at = (rate) => 4 + slopeAt(rate, this.largest, height - 8);
    const [left, right] = [at(row.before), at(row.after)];
    return draw(`<svg class="ocrnb-board__line" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true">
      <line x1="5" y1="${left}" x2="${width - 5}" y2="${right}"/><circle cx="5" cy="${left}" r="2.5"/>
      <circle cx="${width - 5}" cy="${right}" r="3.5"/></svg>`);
  }

  showPictures(element, id) {
    const urls = this.rows.pictures.get(id);
    const place = element.firstElementChild;
    if (!urls?.length || place.told === urls) return;
    place.told = urls;
    place.replaceChildren(...urls.map((src) => make("img", "thumbnail", { src, alt: "", draggable: "false" })));
  }

  /** Which row the keys are on, and which one is chosen. */
  point() {
    for (const [id, element] of this.drawn) {
      element.toggleAttribute("data-active", this.order[this.active]?.id === id);
      element.setAttribute("aria-selected", String(id === this.chosen));
    }
    const active = this.drawn.get(this.order[this.active]?.id);
    if (active) this.grid.setAttribute("aria-activedescendant", active.id);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  mark(reveal) {
    const place = this.order.findIndex((row) => row.id === this.chosen);
    if (reveal && place >= 0) this.show(place);
    this.point();
    const row = this.rows.all.get(this.chosen);
    this.detail.textContent = row ? sentenceOf(row) : "Choose a row for its pictures and texts.";
  }

  show(place) {
    this.active = place;
    const [top, room] = [place * this.tall, this.grid.clientHeight - this.spacer.offsetTop]; // the heads stay on top
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + this.tall > this.grid.scrollTop + room) this.grid.scrollTop = top + this.tall - room;
    this.paint();
  }

  // What a person does.

  sortBy(by) {
    const same = this.model.get("sort_by") === by;
    const worstFirst = ["cer_before", "cer_after", "change"].includes(by);
    this.set({ sort_by: by, descending: same ? !this.model.get("descending") : worstFirst });
    this.grid.scrollTop = 0;
  }

  choose(place) {
    const row = this.order[place];
    if (!row) return;
    this.active = place;
    this.rows.chosen = row.id;
    this.rows.mine.add(row.id);
    this.mark(false);
    this.model.send({ kind: "select", id: row.id });
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.tall) - 1);
    const to = stepTo(event.key, this.active, this.order.length, page);
    if (to !== null) this.show(to);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  askReport() {
    this.isWriting = true;
    this.rows.report = null;
    this.model.send({ kind: "report" });
    this.showReport();
  }

  showReport() {
    const { report } = this.rows;
    this.told.hidden = !report && !this.isWriting;
    if (this.told.hidden) return;
    if (!report) {
      this.told.replaceChildren("Writing the report …");
      return;
    }
    this.isWriting = false;
    const size = report.bytes < 1e6 ? `${Math.max(1, Math.round(report.bytes / 1e3))} kB` : `${(report.bytes / 1e6).toFixed(1)} MB`;
    const open = report.url
      ? make("a", "link", { href: report.url, target: "_blank", rel: "noopener" }, "Open it")
      : make("button", "button", { type: "button" }, "Fetch it into the browser");
    if (!report.url) open.addEventListener("click", () => this.model.send({ kind: "send report" }));
    this.told.replaceChildren("Report written to ", make("code", "path", {}, report.path), ` (${size}); it holds the pictures that are known here. `, open);
  }

  remove() {
    this.leaving.abort();
    clearTimeout(this.typing);
    this.watcher.disconnect();
    this.rows.listeners.delete(this.listener);
    for (const [event, listener] of this.heard) this.model.off(event, listener);
    this.root.remove();
  }
}

/** A condition's name as people read it: “upsampled ×2 + binarize”. */
export function labelOf(condition) {
  return condition.split("+").map((step) => step.replaceAll("_", " ").replace(/:x(\d+)$/, " ×$1")).join(" + ");
}

/** What is said of a chosen row. */
export function sentenceOf(row) {
  const name = row.variant ? `${row.image} (${row.variant})` : row.image;
  if (row.error) return `${name}, ${labelOf(row.condition)}: ${row.error}`;
  if (row.change === null) return `${name}, ${labelOf(row.condition)}: ${row.outcome}.`;
  return `${name}, ${labelOf(row.condition)}: CER ${percent(row.before)} → ${percent(row.after)}, ${points(row.change)} points; ${row.outcome}.`;
}

/** One for each model: its views share the rows. */
export default () => {
  let rows;
  return {
    initialize({ model }) {
      rows = new Rows(model);
      return () => rows.remove();
    },
    render({ model, el }) {
      const view = new View(model, el, rows);
      return () => view.remove();
    },
  };
};
