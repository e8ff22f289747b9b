// A workbench: images, what to do, results, in three columns that become one; the comparison below.
//
// Reads `setup`, `status`, `table`, `findings`, `fields`, `slots`, `banner`, `chosen`, `teaching`, `problem`;
// writes nothing: what a person does goes to the kernel as a message, which checks it and answers by traits.
// Other widgets stand in the slots as views of their own models. Details of pictures, names of
// private ones and the report come as messages and stay in the browser. What was typed and not yet accepted stays in its field.

// ---------------------------------------------------------------- pure parts, tested without a browser

/** What a step is called. */
export const STEP_WORDS = {
  original: "original",
  resized: "resize",
  upsampled: "upsample",
  make_upsampling: "upsample while reading",
  binarize: "binarize",
  deskew: "deskew",
  dewarp: "dewarp",
  contrast: "contrast",
};
/** What it does, for those who choose one. */
const STEP_HELP = {
  resized: "plain enlarging, for comparison",
  upsampled: "enlarge and sharpen small letters",
  make_upsampling: "the recognizer enlarges by itself",
  binarize: "black and white",
  deskew: "turn slanting lines level",
  dewarp: "straighten bent lines",
  contrast: "stretch pale print",
};
const FACTORED = ["resized", "upsampled"];

/** Whether a step enlarges, and so has a factor. */
export const hasFactor = (step) => FACTORED.includes(step.name);

/** A chain of steps as the kernel reads it: `upsampled:x3+binarize`; without steps `original`. */
export function writeChain(steps) {
  return steps.map(({ name, factor }) => (factor ? `${name}:x${factor}` : name)).join("+") || "original";
}

/** All chains as one text. */
export const writeConditions = (chains) => chains.map(({ steps }) => writeChain(steps)).join(",");

const changed = (chains, index, steps) =>
  chains.map((chain, place) => (place === index ? { ...chain, steps } : chain));

/** The chains with one step moved to another place of its chain. */
export function moveStep(chains, index, from, to) {
  const steps = [...chains[index].steps];
  if (to < 0 || to >= steps.length || from === to) return chains;
  steps.splice(to, 0, ...steps.splice(from, 1));
  return changed(chains, index, steps);
}

/** The chains with a step more; before `make_upsampling`, which is done by the recognizer and so comes last. */
export function addStep(chains, index, name) {
  const steps = [...chains[index].steps];
  const last = steps.at(-1)?.name === "make_upsampling" ? steps.length - 1 : steps.length;
  steps.splice(last, 0, { name, factor: null });
  return changed(chains, index, steps);
}

/** The chains with a step less. */
export const removeStep = (chains, index, at) =>
  changed(chains, index, chains[index].steps.filter((_, place) => place !== at));

/** The chains with another factor for a step; null follows the general one. */
export const setStepFactor = (chains, index, at, factor) =>
  changed(chains, index, chains[index].steps.map((step, place) => (place === at ? { ...step, factor } : step)));

/** Where a chip lands that is let go at `x`, `y` among boxes of its chain: the place of the nearest. */
export function placeAt(boxes, x, y) {
  let best = 0;
  let least = Infinity;
  boxes.forEach((box, place) => {
    const dx = x - (box.left + box.width / 2);
    const dy = y - (box.top + box.height / 2);
    const distance = dx * dx + 9 * dy * dy; // a row counts for more than a place in it
    if (distance < least) [best, least] = [place, distance];
  });
  return best;
}

/** The ends of a slope in a box `width`×`height`: error rates before and after, `highest` at the top. */
export function slopeLine(before, after, highest, { width, height, margin }) {
  const y = (rate) => margin + (height - 2 * margin) * (1 - Math.sqrt(Math.min(rate, highest) / (highest || 1)));
  return { x1: margin, y1: y(before), x2: width - margin, y2: y(after) };
}

/** The highest error rate in sight, at least 5 %, so that slopes of all rows can be compared. */
export const highestRate = (rows) =>
  Math.max(0.05, ...rows.flatMap(({ before, after }) => [before?.cer ?? 0, after?.cer ?? 0]));

/** A duration in words: “0.4 s”, “4 s”, “1 min 5 s”. */
export function duration(seconds) {
  if (seconds < 1) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** What stands beside Run. */
export function costText({ readings, images, cost, obstacle }) {
  return obstacle || `${counted(readings, "reading")} of ${counted(images, "image")}. ${cost}`.trim();
}

/** What a run says of itself. */
export function progressText({ done, total, doing, calls }, elapsed) {
  const parts = [`Reading image ${Math.min(done + 1, total)} of ${total}`, doing, duration(elapsed)];
  if (calls > 0) parts.push(counted(calls, "call"));
  return parts.filter(Boolean).join(" · ");
}

/** A function that collects pieces in any order; gives the bytes once all are there, before that null. */
export function pieceCollector(total) {
  const bytes = new Uint8Array(total);
  const seen = new Map();
  return (offset, piece) => {
    bytes.set(piece, offset);
    seen.set(offset, piece.length);
    return [...seen.values()].reduce((sum, length) => sum + length, 0) >= total ? bytes : null;
  };
}

/** The id of a model that a slot names, however the serializer of the day writes it. */
export const modelId = (reference) => String(reference).replace(/^(IPY_MODEL_|anywidget:)/, "");

// ---------------------------------------------------------------- elements

function make(tag, { class: name, text, on, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name.split(" ").map((one) => `ocrnb-desk__${one}`).join(" ");
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const bytesOf = (piece) =>
  piece instanceof ArrayBuffer ? new Uint8Array(piece)
    : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);

let unique = 0;
const newId = (what) => `ocrnb-desk-${what}-${(unique += 1)}`;

// ---------------------------------------------------------------- other widgets in their slots

/** One place for another widget's view; follows the reference it is given. */
class Slot {
  constructor(manager, name) {
    this.manager = manager;
    this.element = make("div", { class: "slot", "data-slot": name });
    this.element.hidden = true;
    this.reference = undefined;
    this.turn = 0;
  }

  async show(reference) {
    if (reference === this.reference) return;
    this.reference = reference;
    const turn = (this.turn += 1);
    const old = this.view;
    this.view = undefined;
    if (!reference) {
      old?.remove();
      this.element.hidden = true;
      return;
    }
    try {
      const child = await this.manager.get_model(modelId(reference));
      const view = await this.manager.create_view(child, {});
      if (turn !== this.turn) {
        view.remove();
        return;
      }
      old?.remove();
      this.view = view;
      this.element.replaceChildren(view.el);
      this.element.hidden = false;
    } catch (error) { // a notebook opened without its kernel may lack the model: the words above remain
      old?.remove();
      console.debug("The workbench has no", this.element.dataset.slot, error);
    }
  }

  remove() {
    this.turn += 1;
    this.view?.remove();
  }
}

// ---------------------------------------------------------------- the parts

/** Conditions as chips, and as text. */
function conditionEditor(tell) {
  let chains = [];
  let setup = { steps: [], factors: [2, 3, 4], faults: {} };
  let pendingFocus = null;
  let open = null; // the condition whose menu of steps is unfolded
  const list = make("ol", { class: "conditions" });
  const faultId = newId("fault");
  const textId = newId("text");
  const text = make("input", {
    class: "input code", type: "text", id: textId, spellcheck: "false", autocomplete: "off",
    "aria-describedby": faultId, on: { change: () => tell("conditions", text.value) },
  });
  const fault = make("p", { class: "fault", id: faultId });
  const moved = make("p", { class: "hidden", "aria-live": "polite" });
  const add = make("button", {
    class: "button", type: "button", text: "Add a condition",
    on: { click: () => change([...chains, { steps: [{ name: "binarize", factor: null }] }], `${chains.length}:0`) },
  });
  const element = make("div", { class: "group" },
    list, make("div", { class: "line" }, add), moved,
    make("div", { class: "as-text" }, make("label", { class: "condition-name", for: textId, text: "As text" }), text),
    fault);

  function change(next, focus, said) {
    chains = next;
    pendingFocus = focus;
    text.value = writeConditions(chains);
    draw();
    if (said) moved.textContent = said;
    tell("conditions", text.value);
  }

  function chip(chain, index, step, at) {
    const words = STEP_WORDS[step.name] ?? step.name;
    const count = chain.steps.length;
    const item = make("li", {
      class: "chip", tabindex: "0", "data-focus": `${index}:${at}`,
      "aria-label": `${words}, step ${at + 1} of ${count}`,
      "aria-description": "Shift and an arrow key move it, Delete removes it",
    });
    const grip = make("span", { class: "grip", "aria-hidden": "true", text: "⠿" });
    item.append(grip, make("span", { class: "chip-words", text: words }));
    if (hasFactor(step)) {
      const select = make("select", {
        class: "factor", "aria-label": `Factor of ${words}`, "data-focus": `${index}:${at}:factor`,
        on: {
          change: () =>
            change(setStepFactor(chains, index, at, select.value ? Number(select.value) : null), `${index}:${at}:factor`),
        },
      }, make("option", { value: "", text: "auto" }),
      ...setup.factors.map((factor) => make("option", { value: factor, text: `×${factor}` })));
      select.value = step.factor ?? "";
      item.append(select);
    }
    item.append(make("button", {
      class: "remove", type: "button", "aria-label": `Remove ${words}`, text: "✕",
      on: { click: () => drop(index, at) },
    }));
    item.addEventListener("keydown", (event) => {
      if (event.target !== item) return;
      const step_ = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (step_ && event.shiftKey) move(index, at, at + step_, words);
      else if (step_) item.parentElement.children[at + step_]?.focus();
      else if (event.key === "Delete" || event.key === "Backspace") drop(index, at);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    drag(item, grip, (to) => move(index, at, to, words));
    return item;
  }

  function move(index, from, to, words) {
    const next = moveStep(chains, index, from, to);
    if (next !== chains) change(next, `${index}:${to}`, `${words} is now step ${to + 1}`);
  }

  function drop(index, at) {
    const left = removeStep(chains, index, at);
    change(left, left[index].steps.length ? `${index}:${Math.max(0, at - 1)}` : `${index}:add`);
  }

  function row(chain, index) {
    const name = index === 0 ? "Compare" : "with";
    const steps = make("ol", { class: "chain", "aria-label": `Steps of condition ${index + 1}` },
      ...chain.steps.map((step, at) => chip(chain, index, step, at)));
    if (!chain.steps.length) {
      steps.append(make("li", { class: "chip plain" }, make("span", { class: "chip-words", text: STEP_WORDS.original })));
    }
    const menuId = newId("menu");
    const isOpen = open === index;
    const toggle = (wanted, focus) => {
      open = wanted;
      pendingFocus = focus;
      draw();
    };
    const more = make("button", {
      class: "more", type: "button", text: "+ step", "aria-label": `Add a step to condition ${index + 1}`,
      "aria-expanded": String(isOpen), "aria-controls": menuId, "data-focus": `${index}:add`,
      on: { click: () => toggle(isOpen ? null : index, isOpen ? `${index}:add` : `${index}:menu:0`) },
    });
    const names = setup.steps.filter((step) => step !== "original");
    const menu = make("div", { class: "menu", id: menuId, role: "group", "aria-label": "Steps to add" },
      ...names.map((step, place) => make("button", {
        class: "menu-item", type: "button", "data-focus": `${index}:menu:${place}`,
        on: { click: () => {
          open = null;
          const next = addStep(chains, index, step);
          change(next, `${index}:${next[index].steps.findLastIndex((one) => one.name === step)}`, `${STEP_WORDS[step]} added`);
        } },
      }, make("b", { text: STEP_WORDS[step] ?? step }), make("span", { class: "quiet", text: STEP_HELP[step] ?? "" }))));
    menu.hidden = !isOpen;
    menu.addEventListener("keydown", (event) => {
      const places = [...menu.children];
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by) places[(places.indexOf(document.activeElement) + by + places.length) % places.length].focus();
      else if (event.key === "Escape") toggle(null, `${index}:add`);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const remove = chains.length > 1 && make("button", {
      class: "remove", type: "button", text: "✕", "aria-label": `Remove condition ${index + 1}`,
      on: { click: () => change(chains.filter((_, place) => place !== index), `${Math.max(0, index - 1)}:add`) },
    });
    return make("li", { class: "condition" }, make("span", { class: "condition-name", text: name }),
      make("div", { class: "flow" }, steps, more, menu), remove);
  }

  function draw() {
    const focused = pendingFocus ?? (list.contains(document.activeElement) ? document.activeElement.dataset.focus : null);
    list.replaceChildren(...chains.map(row));
    if (focused) list.querySelector(`[data-focus="${focused}"]`)?.focus();
    pendingFocus = null;
  }

  function show(next) {
    const isFirst = !setup.steps.length;
    setup = next;
    const refused = setup.faults.conditions ?? "";
    fault.textContent = refused;
    text.toggleAttribute("aria-invalid", Boolean(refused));
    if (refused) return; // what was tried stays in sight, with the reason
    if (!isFirst && setup.conditions === writeConditions(chains) && text.value === setup.conditions) return;
    chains = setup.chains;
    if (document.activeElement !== text) text.value = setup.conditions;
    draw();
  }

  return { element, show };
}

/** Let an element be dragged by its grip among its siblings; `landed` gets its new place. */
function drag(item, grip, landed) {
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const siblings = [...item.parentElement.children];
    const boxes = siblings.map((one) => one.getBoundingClientRect());
    const start = { x: event.clientX, y: event.clientY };
    let place = siblings.indexOf(item);
    const first = place;
    item.setAttribute("data-dragged", "");
    grip.setPointerCapture(event.pointerId);
    const follow = (moved) => {
      item.style.transform = `translate(${moved.clientX - start.x}px, ${moved.clientY - start.y}px)`;
      place = placeAt(boxes, moved.clientX, moved.clientY);
      siblings.forEach((one, at) => one.toggleAttribute("data-target", at === place && at !== first));
    };
    const end = (ended) => {
      grip.removeEventListener("pointermove", follow);
      grip.removeEventListener("pointerup", end);
      grip.removeEventListener("pointercancel", end);
      item.style.transform = "";
      for (const one of siblings) one.removeAttribute("data-target");
      item.removeAttribute("data-dragged");
      if (ended.type === "pointerup" && place !== first) landed(place);
    };
    grip.addEventListener("pointermove", follow);
    grip.addEventListener("pointerup", end);
    grip.addEventListener("pointercancel", end);
  });
}

/** One setting: a control with its label, what it does, and why it was refused. */
function fieldControl(field, tell) {
  const id = newId("field");
  const helpId = newId("help");
  const common = { id, "aria-describedby": helpId, disabled: Boolean(field.obstacle) };
  const option = ([value, words]) => make("option", { value, text: words });
  let control;
  let read;
  let write;
  if (field.kind === "switch") {
    control = make("input", { ...common, class: "check", type: "checkbox" });
    read = () => control.checked;
    write = (value) => { control.checked = Boolean(value); };
  } else if (field.kind === "choice" || field.kind === "three-way") {
    const options = field.kind === "choice" ? field.options
      : [["", "as the service thinks best"], ["yes", "yes"], ["no", "no"]];
    control = make("select", { ...common, class: "input" }, ...options.map(option));
    const values = { "": null, yes: true, no: false };
    read = () => (field.kind === "choice" ? control.value : values[control.value]);
    write = (value) => {
      control.value = field.kind === "choice" ? value ?? ""
        : Object.keys(values).find((key) => values[key] === (value ?? null));
    };
  } else {
    control = make("input", { ...common, class: "input", type: field.kind === "number" ? "number" : "text" });
    read = () => control.value;
    write = (value) => { if (document.activeElement !== control) control.value = value; };
  }
  control.addEventListener("change", () => tell(field.name, read()));
  const fault = make("span", { class: "fault", role: "status" });
  const help = make("span", { class: "help", id: helpId, text: field.obstacle || field.help });
  const label = make("label", { class: "label", for: id, text: field.label });
  const element = field.kind === "switch"
    ? make("div", { class: "field switch" }, control, label, help, fault)
    : make("div", { class: "field" }, label, control, help, fault);
  const show = ({ values, faults }) => {
    fault.textContent = faults[field.name] ?? "";
    if (!faults[field.name]) write(values[field.name]);
  };
  return { element, show };
}

/** Who reads. */
function readerChoice(tell) {
  const group = newId("reader");
  const element = make("fieldset", { class: "readers" }, make("legend", { class: "label", text: "Who reads" }));
  let drawn = "";
  const show = ({ readers, reader, faults }) => {
    const known = JSON.stringify(readers);
    if (known !== drawn) {
      drawn = known;
      element.replaceChildren(element.firstChild, ...readers.map(({ name, label, obstacle }) => {
        const input = make("input", {
          class: "radio", type: "radio", name: group, value: name, disabled: Boolean(obstacle),
          on: { change: () => tell("reader", name) },
        });
        return make("label", { class: "reader" }, input, make("span", { text: label }),
          obstacle && make("span", { class: "help", text: obstacle }));
      }), make("p", { class: "fault", role: "status" }));
    }
    for (const input of element.querySelectorAll("input")) input.checked = input.value === reader;
    element.lastChild.textContent = faults.reader ?? "";
  };
  return { element, show };
}

const SLOPE = { width: 64, height: 34, margin: 5 };

function slope(before, after, highest) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "ocrnb-desk__slope");
  svg.setAttribute("viewBox", `0 0 ${SLOPE.width} ${SLOPE.height}`);
  svg.setAttribute("aria-hidden", "true");
  const ends = slopeLine(before, after, highest, SLOPE);
  const line = document.createElementNS(svg.namespaceURI, "line");
  for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value.toFixed(1));
  svg.append(line);
  for (const [x, y] of [[ends.x1, ends.y1], [ends.x2, ends.y2]]) {
    const dot = document.createElementNS(svg.namespaceURI, "circle");
    for (const [name, value] of [["cx", x], ["cy", y], ["r", 3]]) dot.setAttribute(name, String(value));
    svg.append(dot);
  }
  return svg;
}

/** One row an image; a row is a button that opens its comparison. */
function resultList(send, { details, names }) {
  const list = make("ul", { class: "rows" });
  const known = new Map();

  function blank(key) {
    const button = make("button", {
      class: "row", type: "button", on: { click: () => send({ kind: "choose", key }) },
    });
    const retry = make("button", {
      class: "button retry", type: "button", text: "Try again", on: { click: () => send({ kind: "retry", key }) },
    });
    const item = make("li", { class: "row-item" }, button, retry);
    return { item, button, retry, drawn: "" };
  }

  function fill(entry, row, highest, chosen) {
    const urls = details.get(row.key) ?? [];
    const name = names.get(row.key) ?? row.name;
    const state = JSON.stringify([row, highest, urls, name]);
    entry.button.setAttribute("aria-pressed", String(chosen === row.key));
    entry.retry.hidden = row.state !== "failed";
    if (state === entry.drawn) return;
    entry.drawn = state;
    entry.button.dataset.state = row.state;
    entry.button.toggleAttribute("data-stale", row.stale);
    entry.button.dataset.outcome = row.outcome;
    const picture = (url, of) => make("span", { class: "picture" }, url
      ? make("img", { class: "detail", src: url, alt: "", draggable: "false" })
      : make("span", { class: "detail blank" }), make("span", { class: "tag", text: of }));
    const after = row.after?.label ?? "";
    const rates = row.before && row.before.cer !== null && row.after && row.after.cer !== null
      ? make("span", { class: "rates" }, slope(row.before.cer, row.after.cer, highest),
        make("span", { class: "rate", text: `CER ${row.before.said} → ${row.after.said}` }))
      : row.before && row.before.cer !== null && make("span", { class: "rates" }, make("span", { class: "rate", text: `CER ${row.before.said}` }));
    const facts = [row.size, row.xHeight && `x-height ${row.xHeight}`].filter(Boolean).join(" · ");
    const under = row.state === "running" ? `${row.stateWord}${row.doing ? `: ${row.doing}` : ""}`
      : row.stale ? "settings changed since" : ["done", "failed"].includes(row.state) ? "" : row.stateWord;
    const others = row.others.filter((one) => one.said !== "—").map((one) => `${one.label} ${one.said}`);
    // The second place is kept from the start, so that nothing moves when its picture comes.
    entry.button.replaceChildren(...[
      make("span", { class: "pictures" }, picture(urls[0], row.before?.label ?? "original"),
        picture(urls[1] ?? (row.after && !row.after.failed ? urls[0] : undefined), after || row.stateWord)),
      make("span", { class: "words" },
        make("span", { class: "name" }, make("b", { text: name }), make("span", { class: "quiet", text: facts })),
        row.verdict && !(row.error && row.outcome === "failed") && make("span", { class: "verdict", text: row.verdict }),
        row.error && make("span", { class: "row-error", text: row.error }),
        rates,
        row.outcome === "left_alone" && make("span", {
          class: "quiet", text: "To see it enlarged anyway, choose a factor in place of auto.",
        }),
        others.length > 0 && make("span", { class: "quiet", text: `Also: ${others.join(", ")}` }),
        under && make("span", { class: "state", text: under })),
    ].filter(Boolean));
  }

  function show(rows, chosen) {
    const highest = highestRate(rows);
    for (const [key, entry] of known) {
      if (!rows.some((row) => row.key === key)) {
        entry.item.remove();
        known.delete(key);
      }
    }
    rows.forEach((row, place) => {
      if (!known.has(row.key)) known.set(row.key, blank(row.key));
      const entry = known.get(row.key);
      if (list.children[place] !== entry.item) list.insertBefore(entry.item, list.children[place] ?? null);
      fill(entry, row, highest, chosen);
    });
  }

  return { element: list, show };
}

// ---------------------------------------------------------------- the whole

/** What comes as messages, for all views of one model: details of pictures as object URLs, texts, the report. */
class Mailbox {
  constructor(model) {
    this.model = model;
    this.details = new Map();
    this.names = new Map();
    this.watchers = new Set();
    this.collect = null;
    this.hear = (message, buffers) => this.take(message, buffers ?? []);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send details" });
  }

  take(message, buffers) {
    if (message.kind === "detail") {
      for (const url of this.details.get(message.key) ?? []) URL.revokeObjectURL(url);
      this.details.set(message.key, buffers.map((piece) =>
        URL.createObjectURL(new Blob([bytesOf(piece)], { type: "image/png" }))));
      this.names.set(message.key, message.name);
    } else if (message.kind === "report") {
      if (!this.isWanted) return; // another window asked
      if (message.offset === 0 || !this.collect) this.collect = pieceCollector(message.total);
      const whole = this.collect(message.offset, bytesOf(buffers[0]));
      if (!whole) return;
      this.collect = null;
      this.isWanted = false;
      save(whole);
      return;
    } else return;
    for (const watcher of this.watchers) watcher();
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    for (const urls of this.details.values()) urls.forEach((url) => URL.revokeObjectURL(url));
  }
}

function save(bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/html" }));
  const link = make("a", { href: url, download: "report.html" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function column(number, title, caption, ...children) {
  const id = newId("column");
  return make("section", { class: "column", "aria-labelledby": id },
    make("h3", { class: "head", id }, make("span", { class: "number", "aria-hidden": "true", text: number }), title),
    make("p", { class: "caption", text: caption }), ...children);
}

function renderView(model, el, mailbox) {
  const send = (message) => model.send(message);
  const tell = (name, value) => send({ kind: "set", name, value });
  const slots = Object.fromEntries(["credentials", "images", "monitor", "compare", "text", "board"]
    .map((name) => [name, new Slot(model.widget_manager, name)]));

  // Above: who reads, and the form for the cloud service.
  const banner = make("p", { class: "banner", role: "note" });
  const who = make("p", { class: "who" });
  const teaching = make("button", {
    class: "button", type: "button", text: "Teaching view",
    title: "Larger letters, and what each step is for", on: { click: () => tell("teaching", !model.get("teaching")) },
  });
  const top = make("header", { class: "top" }, who, teaching);

  // What to do.
  const readers = readerChoice(tell);
  const conditions = conditionEditor(tell);
  const factor = fieldControl({
    name: "factor", label: "Factor where a step says auto", kind: "choice",
    help: "auto follows the advice for each image and reader, and may leave it as it is.",
    options: [["auto", "auto"], ["2", "×2"], ["3", "×3"], ["4", "×4"]],
  }, (name, value) => tell(name, value === "auto" ? value : Number(value)));
  const fields = model.get("fields").map((field) => ({ field, ...fieldControl(field, tell) }));
  const common = fields.filter(({ field }) => field.common).map(({ element }) => element);
  const further = fields.filter(({ field }) => !field.common).map(({ element }) => element);
  const changedCount = make("span", { class: "quiet" });
  const more = make("details", { class: "fold" },
    make("summary", { class: "summary" }, make("span", { text: "More settings" }), changedCount),
    make("div", { class: "fields" }, ...further));
  const run = make("button", { class: "run", type: "button", text: "Run", on: { click: () => send({ kind: "run" }) } });
  const stop = make("button", { class: "button", type: "button", text: "Stop", on: { click: () => send({ kind: "stop" }) } });
  const costId = newId("cost");
  const cost = make("p", { class: "cost", id: costId });
  run.setAttribute("aria-describedby", costId);
  const meter = make("div", { class: "meter", role: "progressbar", "aria-label": "Images read", "aria-valuemin": "0" },
    make("div", { class: "meter-fill" }));
  const error = make("p", { class: "error", role: "alert" });
  const tasksLabel = make("span", { text: "Tasks" });
  const tasks = make("details", { class: "fold" }, make("summary", { class: "summary" }, tasksLabel), slots.monitor.element);

  // Results.
  const results = resultList(send, mailbox);
  const empty = make("div", { class: "empty" },
    make("p", { text: "Each image gets a row here: what was read, and what upsampling did to it." }),
    make("button", {
      class: "button", type: "button", text: "Try a sample", on: { click: () => send({ kind: "sample" }) },
    }));
  const columns = make("div", { class: "columns" },
    column("1", "Images", "Take a picture of small print. With the text that is on it, errors can be counted.",
      slots.images.element),
    column("2", "What to do", "The same image is read under each condition, so that only one thing differs.",
      readers.element, make("h4", { class: "subhead", text: "Conditions" }), conditions.element,
      make("div", { class: "fields" }, factor.element, ...common), more,
      make("div", { class: "go" }, make("div", { class: "line" }, run, stop), cost, meter, error), tasks),
    column("3", "Results", "Choose a row to see both pictures and texts below.", empty, results.element));

  // Below: the row that was chosen, and what the numbers say.
  const detailTitle = make("h3", { class: "head" });
  const detail = make("section", { class: "below", "aria-label": "Comparison" },
    detailTitle, make("p", { class: "caption", text: "Move the divider: left is before, right is after. Then read the texts line by line." }),
    slots.compare.element, slots.text.element);
  const findings = make("div", { class: "findings" });
  const code = make("code", { class: "code", text: "workbench.tracker.frame" });
  const copy = make("button", {
    class: "button", type: "button", text: "Copy",
    on: { click: async () => {
      await navigator.clipboard?.writeText("workbench.tracker.frame");
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    } },
  });
  const frameId = newId("frame");
  const frame = make("p", { class: "line", id: frameId },
    make("span", { text: "In a cell, where the workbench is called workbench:" }), code, copy);
  frame.hidden = true;
  const frameButton = make("button", {
    class: "button", type: "button", text: "DataFrame", "aria-expanded": "false", "aria-controls": frameId,
    on: { click: () => {
      frame.hidden = !frame.hidden;
      frameButton.setAttribute("aria-expanded", String(!frame.hidden));
    } },
  });
  const report = make("button", {
    class: "button", type: "button", text: "Report",
    title: "One HTML file with all images, texts and numbers",
    on: { click: () => { mailbox.isWanted = true; send({ kind: "report" }); } },
  });
  const rowCount = make("span", { text: "All readings" });
  const board = make("details", { class: "fold" }, make("summary", { class: "summary" }, rowCount), slots.board.element);
  const reportFault = make("p", { class: "fault", role: "status" });
  const bottom = make("section", { class: "below", "aria-label": "What the numbers say" },
    make("h3", { class: "head", text: "What the numbers say" }), findings,
    make("div", { class: "line" }, frameButton, report), frame, reportFault, board);

  const live = make("p", { class: "hidden", "aria-live": "polite" });
  const problem = make("p", { class: "error", role: "alert" });
  const root = make("div", { class: "root" },
    banner, top, slots.credentials.element, columns, detail, bottom, problem, live);
  root.className = "ocrnb-desk";
  // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
  // Chromium tells of a change at Enter only within a form.
  root.addEventListener("keydown", ({ key, target }) => {
    if (key === "Enter" && target.matches("input.ocrnb-desk__input")) target.dispatchEvent(new Event("change"));
  });
  el.append(root);

  // ------------------------------------------------------------ following the model

  let clock = null;
  let begun = 0;
  const tick = () => {
    const status = model.get("status");
    if (status.running) cost.textContent = progressText(status, (performance.now() - begun) / 1000);
  };
  const showStatus = () => {
    const status = model.get("status");
    const isRunning = Boolean(status.running);
    const focused = document.activeElement;
    run.disabled = isRunning || Boolean(status.obstacle);
    run.hidden = isRunning;
    stop.hidden = !isRunning;
    meter.toggleAttribute("data-idle", !isRunning);
    meter.setAttribute("aria-valuemax", status.total || 1);
    meter.setAttribute("aria-valuenow", status.done || 0);
    meter.firstChild.style.width = `${(100 * (status.done || 0)) / (status.total || 1)}%`;
    begun = performance.now() - 1000 * (status.elapsed || 0);
    if (isRunning && !clock) clock = setInterval(tick, 1000);
    if (!isRunning && clock) clock = void clearInterval(clock);
    if (isRunning) tick();
    else cost.textContent = costText(status);
    // A button that goes takes the focus with it, and keys would then be the notebook's commands.
    if (isRunning && focused === run) stop.focus();
    if (!isRunning && (focused === stop || (focused === run && run.disabled))) {
      (run.disabled ? results.element.querySelector("button") ?? teaching : run).focus();
    }
    error.textContent = status.error || model.get("setup").faults?.run || "";
    rowCount.textContent = `All readings (${status.rows ?? 0})`;
    report.disabled = frameButton.disabled = !status.rows;
    tasks.hidden = !status.total;
  };
  const showSetup = () => {
    const setup = model.get("setup");
    who.textContent = setup.who;
    readers.show(setup);
    conditions.show(setup);
    const values = { ...setup.values, factor: String(setup.factor ?? "auto") };
    for (const one of [factor, ...fields]) one.show({ values, faults: setup.faults });
    const count = fields.filter(({ field }) => !field.common && isSet(field, setup.values[field.name])).length;
    changedCount.textContent = count ? `${count} changed` : "";
    reportFault.textContent = setup.faults.report ?? "";
    showStatus();
  };
  const showRows = () => {
    const rows = model.get("table");
    const chosen = model.get("chosen");
    const isLeft = empty.contains(document.activeElement); // its button goes, and the focus with it
    empty.hidden = rows.length > 0;
    results.element.hidden = !rows.length;
    results.show(rows, chosen);
    if (isLeft && rows.length) results.element.querySelector("button").focus();
    const row = rows.find((one) => one.key === chosen);
    detail.hidden = !row || !(model.get("slots").compare || model.get("slots").text);
    detailTitle.textContent = row ? mailbox.names.get(row.key) ?? row.name : "";
    detail.toggleAttribute("data-stale", Boolean(row?.stale));
  };
  const showSlots = () => {
    for (const [name, slot] of Object.entries(slots)) void slot.show(model.get("slots")[name]);
    showRows();
  };
  const showFindings = () => {
    const sentences = model.get("findings");
    findings.replaceChildren(...(sentences.length
      ? sentences.map((one, place) => make("p", { class: place ? "also" : "lead", text: one }))
      : [make("p", { class: "quiet", text: "Nothing has been measured yet." })]));
    if (sentences.length && !model.get("status").running) live.textContent = sentences[0];
  };
  const showRest = () => {
    banner.textContent = model.get("banner");
    banner.hidden = !banner.textContent;
    root.dataset.teaching = String(model.get("teaching"));
    teaching.setAttribute("aria-pressed", String(model.get("teaching")));
    problem.textContent = model.get("problem");
    root.dataset.still = String(Boolean(model.get("leaves_still")));
  };
  const followed = {
    setup: showSetup, status: showStatus, table: showRows, chosen: showRows, slots: showSlots,
    findings: showFindings, banner: showRest, teaching: showRest, problem: showRest,
    leaves_still: showRest,
  };
  for (const [name, show] of Object.entries(followed)) model.on(`change:${name}`, show);
  mailbox.watchers.add(showRows);
  for (const show of [showRest, showSetup, showSlots, showFindings]) show();

  return () => {
    for (const [name, show] of Object.entries(followed)) model.off(`change:${name}`, show);
    mailbox.watchers.delete(showRows);
    clearInterval(clock);
    for (const slot of Object.values(slots)) slot.remove();
    root.remove();
  };
}

const isSet = (field, value) => {
  const plain = field.kind === "choice" ? field.options[0]?.[0] ?? "" : { switch: false, number: 0, text: "" }[field.kind] ?? null;
  return (value ?? (field.kind === "choice" ? "" : null)) !== plain;
};

/** One for each model: its views share what came as messages. */
export default () => {
  let mailbox;
  return {
    initialize({ model }) {
      mailbox = new Mailbox(model);
      return () => mailbox.remove();
    },
    render: ({ model, el }) => renderView(model, el, mailbox),
  };
};
