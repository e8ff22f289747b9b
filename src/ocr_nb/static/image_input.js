// Views of one ImageInput: images come in here, in pieces of 1 MB, and stand in a list with their advice.
//
// Reads the traits `problem` and `leaves_still`. Everything else comes as messages, and nothing of it is in the model: `facts` (samples,
// the limit), `list` (`rows`, `refused`, `waiting`, `reader`), `thumbnail` (its PNG as a buffer), and of files on
// their way `got`, `measuring`, `taken`, `stopped`. Sends `send`, `thumbnails`, `begin`, `piece`, `stop`, `address`,
// `sample`, `remove`, `move`, `truth`, `reader`, `clear`, `forget refused`.

export const PIECE = 1 << 20; // bytes a message: far below what hosts let through at once
const UNDER_WAY = 4; // pieces that are not acknowledged yet
const SILENCE = 8000; // ms without an answer after which the kernel is said to be silent
const IMAGE_NAME = /\.(bmp|dib|gif|jfif|jpe|jpeg|jpg|png|tiff?|webp)$/i;
const TRUTH_NAME = /\.gt\.txt$/i;
const READERS = [["", "any recognizer"], ["rapidocr", "RapidOCR"], ["tesseract", "Tesseract"]];

/** Bytes as people write them: 812 kB, 1.2 MB, 60 MB. */
export function bytesText(count) {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  return count < 1e7 ? `${(count / 1e6).toFixed(1)} MB` : `${Math.round(count / 1e6)} MB`;
}

/** What is said of a file on its way. */
export function arrivalText({ state, received, size, silent }) {
  if (state === "waiting") return "waits for its turn";
  if (state === "sending") {
    const part = `${bytesText(received)} of ${bytesText(size)}`;
    return silent ? `${part}, the kernel is busy or gone` : part;
  }
  if (state === "measuring" || state === "taken") return "measuring its text";
  return silent ? "the kernel is busy or gone" : "on its way";
}

/** Size and height of the text, in words. */
export function factsText({ width, height, xHeight }) {
  const size = `${width}×${height}`;
  if (xHeight === null) return size;
  return `${size} · x-height ${xHeight < 10 ? xHeight.toFixed(1) : Math.round(xHeight)} px`;
}

/** A sentence with a capital letter. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The files of a folder that may be images or their texts, in the order of their names, and how many others. */
export function pick(files) {
  const visible = files.filter(({ name }) => !name.startsWith("."));
  const taken = visible.filter(({ name }) => IMAGE_NAME.test(name) || TRUTH_NAME.test(name));
  taken.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  return { taken, others: visible.length - taken.length };
}

/** What a file is to be called: what has no name of its own gets a number. */
export function nameFor(file, via, number) {
  const end = (file.type.split("/")[1] ?? "png").replace("jpeg", "jpg");
  if (via === "paste" && (!file.name || file.name === "image.png")) return `pasted ${number}.${end}`;
  return via === "camera" ? `photo ${number}.${end}` : file.name;
}

/** The first web address in a dropped or pasted text; null without one. */
export function addressIn(text) {
  const lines = (text ?? "").split(/\r?\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  return lines.length && /^https?:\/\/\S+$/i.test(lines[0]) ? lines[0] : null;
}

/** At which place a row would come to stand that is dropped at `y`; `middles` are those of all rows. */
export function placeAt(y, middles, from) {
  const above = middles.filter((middle, index) => index !== from && middle < y).length;
  return Math.min(Math.max(0, middles.length - 1), above);
}

/** Where a key takes the row at `at` of `count`: focus (`go`), itself (`move`) or away (`remove`); null for nothing. */
export function keyAct({ key, altKey, ctrlKey, metaKey }, at, count) {
  if (ctrlKey || metaKey) return null;
  if (key === "Delete" && !altKey) return { act: "remove" };
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: count - 1 }[key];
  if (to === undefined || to < 0 || to >= count || to === at) return null;
  return { act: altKey ? "move" : "go", to };
}

/** What the heading says: how many there are, and how many of them would gain. */
export function headingText(rows) {
  if (!rows.length) return "No images yet";
  const gain = rows.filter((row) => row.helps).length;
  const count = rows.length === 1 ? "1 image" : `${rows.length} images`;
  if (rows.length === 1) return `${count} · upsampling ${gain ? "should help" : "will not help here"}`;
  return `${count} · upsampling should help ${gain === rows.length ? "all" : gain || "none"} of them`;
}

/** What is read out when the list changes; empty when nothing a listener waits for happened. */
export function announcement(before, after) {
  const known = new Set(before.map((row) => row.id));
  const added = after.filter((row) => !known.has(row.id));
  if (added.length === 1) return `${added[0].name} added: ${added[0].verdict}.`;
  if (added.length) return `${added.length} images added.`;
  const left = new Set(after.map((row) => row.id));
  const gone = before.filter((row) => !left.has(row.id));
  if (gone.length === 1) return `${gone[0].name} removed.`;
  return gone.length ? `${gone.length} images removed.` : "";
}

/** What is known of one model, for all its views, and the files that are sent from this page. */
export class Ledger {
  constructor(model, { later = (call, ms) => setTimeout(call, ms) } = {}) {
    this.model = model;
    this.later = later;
    this.isKnown = false;
    this.samples = [];
    this.limit = Infinity;
    this.keeps = false;
    this.rows = [];
    this.refused = [];
    this.waiting = [];
    this.reader = null;
    this.note = "";
    this.arrivals = new Map();
    this.pictures = new Map();
    this.wanted = new Set();
    this.queue = [];
    this.numbers = { paste: 0, camera: 0 };
    this.listeners = new Set();
    this.hear = (message, buffers) => this.take(message, buffers ?? []);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send" });
  }

  take(message, [data]) {
    const arrival = this.arrivals.get(message.upload);
    if (message.kind === "facts") Object.assign(this, { samples: message.samples, limit: message.limit, keeps: message.keeps });
    else if (message.kind === "list") this.takeList(message);
    else if (message.kind === "thumbnail") this.takePicture(message.id, data);
    else if (!arrival) return;
    else if (message.kind === "got") this.progress(arrival, message.received);
    else if (message.kind === "measuring") Object.assign(arrival, { state: "measuring", silent: false, name: message.name || arrival.name });
    else if (message.kind === "taken") arrival.state = "taken"; // its row comes with the next list
    else if (message.kind === "stopped") this.end(message.upload);
    this.tell();
  }

  takeList({ rows, refused, waiting, reader }) {
    Object.assign(this, { isKnown: true, rows, refused, waiting, reader });
    for (const [key, { state }] of this.arrivals) if (state === "taken") this.end(key);
    const ids = new Set(rows.map((row) => row.id));
    for (const id of [...this.pictures.keys()]) if (!ids.has(id)) this.forget(id);
    const missing = rows.map((row) => row.id).filter((id) => !this.wanted.has(id));
    for (const id of missing) this.wanted.add(id);
    if (missing.length) this.model.send({ kind: "thumbnails", ids: missing });
  }

  takePicture(id, data) {
    if (this.pictures.has(id)) return;
    this.pictures.set(id, URL.createObjectURL(new Blob([data], { type: "image/png" })));
  }

  forget(id) {
    if (this.pictures.has(id)) URL.revokeObjectURL(this.pictures.get(id));
    this.pictures.delete(id);
    this.wanted.delete(id);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  // ---- files

  /** Send `files`, one after the other; of a folder only those that may be images. */
  send(files, via) {
    let chosen = [...files];
    if (via === "folder") {
      const { taken, others } = pick(chosen);
      chosen = taken;
      this.note = folderNote(taken.length, others);
    }
    for (const file of chosen) {
      const number = via in this.numbers ? (this.numbers[via] += 1) : 0;
      const key = this.expect({ name: nameFor(file, via, number), size: file.size, via, state: "waiting" });
      this.queue.push([key, file]);
    }
    this.tell();
    this.pump();
  }

  expect(arrival) {
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    this.arrivals.set(key, { received: 0, silent: false, ...arrival });
    return key;
  }

  /** Ask the kernel for an image that it gets itself. */
  ask(kind, name, content) {
    const upload = this.expect({ name, size: 0, via: kind, state: "asked" });
    this.model.send({ kind, upload, ...content });
    this.watch(upload, 0);
    this.tell();
  }

  async pump() {
    if (this.isSending) return;
    this.isSending = true;
    for (let next = this.queue.shift(); next; next = this.queue.shift()) await this.sendOne(...next);
    this.isSending = false;
  }

  async sendOne(key, file) {
    const arrival = this.arrivals.get(key);
    if (!arrival) return;
    arrival.state = "sending";
    this.model.send({ kind: "begin", upload: key, name: arrival.name, size: file.size, via: arrival.via });
    this.tell();
    if (file.size === 0 || file.size > this.limit) return; // the kernel says why it does not want it
    this.watch(key, 0);
    try {
      for (let offset = 0; offset < file.size; offset += PIECE) {
        const piece = await file.slice(offset, offset + PIECE).arrayBuffer();
        while (this.arrivals.has(key) && offset - arrival.received >= UNDER_WAY * PIECE) await this.change(arrival);
        if (!this.arrivals.has(key)) return;
        this.model.send({ kind: "piece", upload: key, offset }, undefined, [piece]);
      }
    } catch {
      this.stop(key);
      this.note = `${arrival.name} cannot be read by the browser: choose it again.`;
      this.tell();
    }
  }

  change(arrival) {
    return new Promise((resolve) => { arrival.wake = resolve; });
  }

  progress(arrival, received) {
    Object.assign(arrival, { received: Math.max(arrival.received, received), silent: false });
    arrival.wake?.();
  }

  /** Notice when nothing is heard of a file for long. */
  watch(key, heard) {
    this.later(() => {
      const arrival = this.arrivals.get(key);
      if (!arrival || arrival.state === "measuring" || arrival.state === "taken") return;
      if (arrival.received === heard && arrival.silent !== true) {
        arrival.silent = true;
        this.tell();
      }
      this.watch(key, arrival.received);
    }, SILENCE);
  }

  stop(key) {
    this.model.send({ kind: "stop", upload: key });
    this.end(key);
    this.tell();
  }

  end(key) {
    const arrival = this.arrivals.get(key);
    this.arrivals.delete(key);
    arrival?.wake?.();
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    for (const key of [...this.arrivals.keys()]) this.end(key);
    for (const id of [...this.pictures.keys()]) this.forget(id);
    this.queue = [];
    this.listeners.clear();
  }
}

/** What is said after a folder was chosen. */
export function folderNote(taken, others) {
  if (!taken) return "There are no images in this folder.";
  if (!others) return "";
  return others === 1 ? "1 other file of the folder was left out." : `${others} other files of the folder were left out.`;
}

// ---- what is seen

const make = (tag, part, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  element.className = `ocrnb-input__${part}`;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** All files of a drop, those in dropped folders too; with whether there was a folder. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry.isDirectory)) return { files, via: "drop" };
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    else {
      const reader = entry.createReader();
      const batch = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      for (let some = await batch(); some.length; some = await batch()) for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return { files: found, via: "folder" };
}

/** One image: elements made once, changed in place. */
class Row {
  constructor(id, view) {
    this.id = id;
    this.view = view;
    const button = (part, word, act) => {
      const made = make("button", `button ocrnb-input__button--${part}`, { type: "button" }, word);
      made.addEventListener("click", act);
      return made;
    };
    this.picture = make("img", "thumbnail", { alt: "", hidden: "" });
    this.name = make("span", "name");
    this.facts = make("span", "facts");
    this.verdict = make("span", "verdict");
    this.grip = button("grip", "⠿", () => this.element.focus());
    this.more = button("more", "Text", () => this.unfold(this.detail.hidden));
    this.away = button("remove", "Remove", () => view.act(id, "remove"));
    this.reason = make("p", "reason");
    this.truth = make("textarea", "truth", { rows: "4", spellcheck: "false", placeholder: "What is written on it, line by line" });
    this.truth.addEventListener("change", () => view.ledger.model.send({ kind: "truth", id, text: this.truth.value }));
    const label = make("label", "label", {}, make("span", "what", {}, "Ground truth, to count errors against"), this.truth);
    this.detail = make("div", "detail", { hidden: "" }, this.reason, label);
    this.element = make("li", "row", { tabindex: "-1", "data-id": id }, this.grip,
      make("span", "frame", {}, this.picture), make("span", "told", {}, this.name, this.facts), this.verdict,
      make("span", "actions", {}, this.more, this.away), this.detail);
    view.dragging(this);
  }

  show(row, url) {
    this.row = row;
    this.element.dataset.helps = row.helps;
    say(this.name, row.name);
    this.name.title = row.name;
    say(this.facts, factsText(row));
    say(this.verdict, sentence(row.verdict));
    this.verdict.title = row.reason;
    say(this.reason, [row.reason, ...row.notes].join(" "));
    say(this.more, row.truth ? "Text ✓" : "Text");
    this.more.setAttribute("aria-label", `Text and details: ${row.name}`);
    this.more.setAttribute("aria-expanded", !this.detail.hidden);
    this.away.setAttribute("aria-label", `Remove ${row.name}`);
    this.grip.setAttribute("aria-label", `Move ${row.name}: drag, or press Alt with an arrow key`);
    this.grip.title = "Drag to reorder, or press Alt with an arrow key";
    if (document.activeElement !== this.truth) this.truth.value = row.truth ?? "";
    if (url && this.picture.src !== url) this.picture.src = url;
    this.picture.hidden = !url;
  }

  unfold(open) {
    this.detail.hidden = !open;
    this.more.setAttribute("aria-expanded", open);
    if (open) this.truth.focus();
  }
}

/** One view. */
class View {
  constructor(model, el, ledger) {
    this.model = model;
    this.ledger = ledger;
    this.rows = new Map();
    this.before = null;
    this.active = 0;
    this.leaving = new AbortController();
    this.on = { signal: this.leaving.signal };
    this.build(el);
    this.follow = () => this.draw();
    this.warn = () => this.complain();
    ledger.listeners.add(this.follow);
    model.on("change:problem", this.warn);
    this.stay = () => { this.root.dataset.still = String(Boolean(model.get("leaves_still"))); };
    model.on("change:leaves_still", this.stay);
    this.stay();
    this.complain();
    this.draw();
  }

  build(el) {
    this.files = make("input", "file", { type: "file", multiple: "", accept: "image/*,.tif,.tiff,.gt.txt", tabindex: "-1", "aria-hidden": "true" });
    this.folder = make("input", "file", { type: "file", webkitdirectory: "", tabindex: "-1", "aria-hidden": "true" });
    this.panels = { samples: this.samplesPanel(), address: this.addressPanel(), camera: this.cameraPanel() };
    this.openers = {};
    const open = (panel, word) => {
      const made = this.button(word, () => this.open(this.openers[panel].getAttribute("aria-expanded") === "true" ? null : panel));
      made.setAttribute("aria-expanded", "false");
      this.openers[panel] = made;
      return made;
    };
    const ways = [
      this.button("Choose files", () => this.files.click(), "primary"),
      this.button("Choose a folder", () => this.folder.click()),
      this.button("Paste", () => this.pasteByButton()),
      open("samples", "Samples"), open("address", "From an address"), open("camera", "Camera"),
    ];
    this.openers.camera.hidden = !navigator.mediaDevices?.getUserMedia;
    this.invitation = make("p", "invitation");
    this.promise = make("p", "promise");
    this.zone = make("div", "zone", {}, this.invitation, make("div", "ways", {}, ...ways), this.promise,
      this.files, this.folder, ...Object.values(this.panels));
    this.heading = make("p", "heading");
    this.reader = make("select", "reader", {}, ...READERS.map(([value, word]) => Object.assign(make("option", "option"), { value, textContent: word })));
    this.clear = this.button("Remove all", () => this.model.send({ kind: "clear" }));
    this.bar = make("div", "bar", {}, this.heading,
      make("label", "choice", {}, make("span", "what", {}, "Advice for"), this.reader), this.clear);
    this.list = make("ol", "list", { "aria-label": "Images" });
    this.coming = make("ul", "coming", { "aria-label": "On their way" });
    this.note = make("p", "note", { hidden: "" });
    this.refusedList = make("ul", "reasons");
    this.refused = make("div", "refused", { hidden: "", role: "group", "aria-label": "Not taken" },
      make("p", "what", {}, "Not taken:"), this.refusedList, this.button("Dismiss", () => this.model.send({ kind: "forget refused" })));
    this.problem = make("p", "problem", { role: "alert", hidden: "" });
    this.live = make("p", "live", { role: "status" });
    this.root = make("section", "root", { "aria-label": "Images in", tabindex: "0" },
      this.zone, this.bar, this.list, this.coming, this.note, this.refused, this.problem, this.live);
    this.root.className = "ocrnb-input";
    // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    this.listen();
    el.append(this.root);
  }

  button(word, act, kind = "plain") {
    const made = make("button", `button ocrnb-input__button--${kind}`, { type: "button" }, word);
    made.addEventListener("click", act, this.on);
    return made;
  }

  listen() {
    const { root, on } = this;
    const took = (input, via) => {
      if (input.files.length) this.ledger.send(input.files, via);
      input.value = ""; // so that the same file can be chosen again
    };
    this.files.addEventListener("change", () => took(this.files, "dialog"), on);
    this.folder.addEventListener("change", () => took(this.folder, "folder"), on);
    this.reader.addEventListener("change", () => this.model.send({ kind: "reader", reader: this.reader.value || null }), on);
    root.addEventListener("paste", (event) => this.paste(event), on);
    root.addEventListener("dragenter", (event) => this.hover(event), on);
    root.addEventListener("dragover", (event) => this.hover(event), on);
    root.addEventListener("dragleave", (event) => { if (!root.contains(event.relatedTarget)) this.unhover(); }, on);
    root.addEventListener("drop", (event) => this.drop(event), on);
    root.addEventListener("keydown", (event) => this.press(event), on);
    this.list.addEventListener("focusin", (event) => this.activate(this.placeOf(event.target)), on);
  }

  // ---- ways in

  hover(event) {
    if (!["Files", "text/uri-list"].some((type) => event.dataTransfer?.types.includes(type))) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    this.root.dataset.over = "true";
    this.invite();
  }

  unhover() {
    delete this.root.dataset.over;
    this.invite();
  }

  async drop(event) {
    event.preventDefault();
    event.stopPropagation();
    const address = addressIn(event.dataTransfer.getData("text/uri-list"));
    this.unhover();
    const { files, via } = await filesOf(event.dataTransfer);
    if (files.length) this.ledger.send(files, via);
    else if (address) this.fetch(address);
    else this.tellNote("Nothing in what was dropped is an image or the address of one.");
  }

  paste(event) {
    if (/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
    const files = [...event.clipboardData.files];
    const address = addressIn(event.clipboardData.getData("text/plain"));
    event.preventDefault();
    event.stopPropagation();
    if (files.length) this.ledger.send(files, "paste");
    else if (address) this.fetch(address);
    else this.tellNote("There is no image on the clipboard: copy one, then paste again.");
  }

  async pasteByButton() {
    try {
      const items = await navigator.clipboard.read();
      const found = [];
      for (const item of items) {
        const type = item.types.find((one) => one.startsWith("image/"));
        if (type) found.push(new File([await item.getType(type)], "", { type }));
      }
      if (found.length) this.ledger.send(found, "paste");
      else this.tellNote("There is no image on the clipboard: copy one, then paste again.");
    } catch {
      this.root.focus();
      this.tellNote("The browser does not hand over the clipboard here: press Ctrl V (⌘ V) instead.");
    }
  }

  fetch(url) {
    this.ledger.ask("address", url, { url });
  }

  samplesPanel() {
    this.offer = make("div", "samples");
    return make("div", "panel", { hidden: "", role: "group", "aria-label": "Samples" }, this.offer);
  }

  addressPanel() {
    this.url = make("input", "url", { type: "url", placeholder: "https://…", "aria-label": "Address of an image", autocomplete: "off" });
    const form = make("form", "address", {}, this.url, make("button", "button ocrnb-input__button--plain", { type: "submit" }, "Fetch"));
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.url.value.trim()) return;
      this.fetch(this.url.value.trim());
      this.url.value = "";
    });
    // JupyterLab keeps the browser from sending a form by Enter.
    this.url.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      form.requestSubmit();
    });
    return make("div", "panel", { hidden: "", role: "group", "aria-label": "From an address" }, form);
  }

  cameraPanel() {
    this.video = make("video", "video", { muted: "", playsinline: "" });
    this.video.muted = true;
    this.shutter = this.button("Take the picture", () => this.photograph(), "primary");
    return make("div", "panel", { hidden: "", role: "group", "aria-label": "Camera" }, this.video,
      make("div", "ways", {}, this.shutter, this.button("Close the camera", () => this.open(null))));
  }

  /** Show one panel, or none. */
  async open(panel) {
    if (this.stream) this.darken();
    for (const [name, element] of Object.entries(this.panels)) {
      element.hidden = name !== panel;
      this.openers[name].setAttribute("aria-expanded", name === panel);
    }
    if (panel === "address") this.url.focus();
    if (panel === "camera") await this.light();
  }

  async light() {
    this.shutter.disabled = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 3840 }, height: { ideal: 2160 } } });
      if (this.panels.camera.hidden || this.leaving.signal.aborted) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
      this.shutter.disabled = false;
    } catch (error) {
      this.open(null);
      this.tellNote(error.name === "NotFoundError" ? "No camera was found." : `The browser does not allow the camera here (${error.name}).`);
    }
  }

  darken() {
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The frame in sight, without loss. */
  async photograph() {
    const canvas = document.createElement("canvas");
    canvas.width = this.video.videoWidth;
    canvas.height = this.video.videoHeight;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    this.ledger.send([new File([blob], "", { type: "image/png" })], "camera");
  }

  // ---- the list

  get ids() {
    return this.ledger.rows.map((row) => row.id);
  }

  placeOf(element) {
    const row = element.closest("[data-id]");
    return row ? this.ids.indexOf(Number(row.dataset.id)) : -1;
  }

  activate(place) {
    this.active = place;
    this.ids.forEach((id, index) => { this.rows.get(id).element.tabIndex = index === place ? 0 : -1; });
  }

  act(id, act, to) {
    this.refocus = act === "remove" ? this.ids[this.ids.indexOf(id) + 1] ?? this.ids.at(-2) ?? "none" : id;
    if (act === "move") {
      const { name } = this.rows.get(id).row;
      say(this.live, `${name} is now ${to + 1} of ${this.ids.length}.`);
    }
    this.model.send({ kind: act, id, to });
  }

  press(event) {
    if (event.key === "Escape" && Object.values(this.panels).some((panel) => !panel.hidden)) {
      const [name] = Object.entries(this.panels).find(([, panel]) => !panel.hidden);
      this.open(null);
      this.openers[name].focus();
      return;
    }
    const place = this.placeOf(event.target);
    if (place < 0 || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const does = keyAct(event, place, this.ids.length);
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    if (does.act === "go") this.rows.get(this.ids[does.to]).element.focus();
    else this.act(this.ids[place], does.act, does.to);
  }

  /** Let a row be dragged by its grip, with mouse, pen or finger. */
  dragging(row) {
    const { grip, element } = row;
    let target = null;
    grip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      grip.setPointerCapture(event.pointerId);
      element.dataset.dragged = "true";
    }, this.on);
    grip.addEventListener("pointermove", (event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      const from = this.ids.indexOf(row.id);
      const middles = this.ids.map((id) => {
        const box = this.rows.get(id).element.getBoundingClientRect();
        return box.top + box.height / 2;
      });
      target = placeAt(event.clientY, middles, from);
      this.mark(from, target);
    }, this.on);
    const end = (event) => {
      delete element.dataset.dragged;
      const from = this.ids.indexOf(row.id);
      this.mark(from, from);
      if (event.type === "pointerup" && target !== null && target !== from) this.act(row.id, "move", target);
      target = null;
    };
    for (const kind of ["pointerup", "pointercancel"]) grip.addEventListener(kind, end, this.on);
  }

  mark(from, to) {
    this.ids.forEach((id, index) => {
      const { element } = this.rows.get(id);
      element.dataset.drop = index !== to || to === from ? "" : to > from ? "after" : "before";
    });
  }

  // ---- drawing

  draw() {
    const { ledger } = this;
    this.invite();
    say(this.heading, headingText(ledger.rows));
    this.bar.hidden = !ledger.rows.length;
    this.list.hidden = !ledger.rows.length;
    this.reader.value = ledger.reader ?? "";
    this.drawRows();
    this.drawComing();
    this.drawRefused();
    this.drawSamples();
    const waiting = ledger.waiting.length ? `A ground truth waits for its image: ${ledger.waiting.join(", ")}.` : "";
    say(this.note, [ledger.note, waiting].filter(Boolean).join(" "));
    this.note.hidden = !this.note.textContent;
    if (this.before && ledger.isKnown) {
      const said = announcement(this.before, ledger.rows);
      if (said) say(this.live, said);
    }
    if (ledger.isKnown) this.before = ledger.rows;
  }

  invite() {
    const { isKnown, keeps } = this.ledger;
    const over = this.root.dataset.over === "true";
    say(this.invitation, over ? "Let go to add them" : isKnown ? "Drop images here, or paste a screenshot with Ctrl V" : "Waiting for the kernel. Run the cell again if nothing comes.");
    say(this.promise, keeps ? "A small preview is saved with the notebook." : "What you bring in is not saved with the notebook.");
  }

  drawRows() {
    const { rows, pictures } = this.ledger;
    const had = this.list.contains(document.activeElement);
    const wanted = new Set(this.ids);
    for (const [id, row] of this.rows) {
      if (wanted.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    let next = this.list.firstElementChild;
    for (const row of rows) {
      if (!this.rows.has(row.id)) this.rows.set(row.id, new Row(row.id, this));
      const line = this.rows.get(row.id);
      line.show(row, pictures.get(row.id));
      if (line.element === next) next = next.nextElementSibling;
      else this.list.insertBefore(line.element, next);
    }
    this.activate(Math.max(0, Math.min(this.active, rows.length - 1)));
    if (this.refocus !== undefined && (had || !this.root.contains(document.activeElement))) this.focusAgain();
  }

  /** Focus stays with the row that was moved, or goes to the one that took the place of the removed one. */
  focusAgain() {
    if (this.root.contains(document.activeElement) && document.activeElement !== this.root) return;
    const row = this.rows.get(this.refocus);
    if (row) row.element.focus();
    else this.root.focus();
    this.refocus = undefined;
  }

  drawComing() {
    const { arrivals } = this.ledger;
    this.coming.hidden = !arrivals.size;
    const known = new Map([...this.coming.children].map((item) => [item.dataset.key, item]));
    for (const [key, item] of known) if (!arrivals.has(key)) item.remove();
    for (const [key, arrival] of arrivals) {
      const item = known.get(key) ?? this.comingItem(key);
      const [name, facts, track] = item.children;
      say(name, arrival.name);
      say(facts, arrivalText(arrival));
      const share = arrival.size ? arrival.received / arrival.size : 0;
      track.firstElementChild.style.width = `${Math.round(100 * share)}%`;
      track.setAttribute("aria-valuenow", Math.round(100 * share));
      track.setAttribute("aria-label", arrival.name);
      item.dataset.state = arrival.state;
      item.lastElementChild.hidden = arrival.state === "measuring" || arrival.state === "taken";
      item.lastElementChild.setAttribute("aria-label", `Stop ${arrival.name}`);
    }
  }

  comingItem(key) {
    const item = make("li", "arrival", { "data-key": key }, make("span", "name"), make("span", "facts"),
      make("span", "track", { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, make("span", "fill")),
      this.button("Stop", () => this.ledger.stop(key)));
    this.coming.append(item);
    return item;
  }

  drawRefused() {
    const { refused } = this.ledger;
    this.refused.hidden = !refused.length;
    const text = refused.map(([name, reason]) => (reason.startsWith(name) ? reason : `${name}: ${reason}`));
    if (this.refusedList.dataset.said === JSON.stringify(text)) return;
    this.refusedList.dataset.said = JSON.stringify(text);
    this.refusedList.replaceChildren(...text.map((line) => make("li", "reason", {}, line)));
    if (text.length) say(this.live, text.at(-1));
  }

  drawSamples() {
    if (this.offer.childElementCount || !this.ledger.samples.length) return;
    this.offer.append(...this.ledger.samples.map(({ name, about, xHeight }) => {
      const made = make("button", "sample", { type: "button" }, make("span", "name", {}, name.replaceAll("_", " ")),
        make("span", "height", {}, `x-height ${xHeight.toFixed(xHeight < 10 ? 1 : 0)} px`), make("span", "facts", {}, about));
      made.addEventListener("click", () => this.ledger.ask("sample", name, { name }));
      return made;
    }));
  }

  tellNote(text) {
    this.ledger.note = text;
    say(this.live, text);
    this.ledger.tell();
  }

  complain() {
    const text = this.model.get("problem");
    this.problem.hidden = !text;
    say(this.problem, text);
  }

  remove() {
    if (this.stream) this.darken();
    this.leaving.abort();
    this.model.off("change:problem", this.warn);
    this.model.off("change:leaves_still", this.stay);
    this.ledger.listeners.delete(this.follow);
    this.root.remove();
  }
}

/** One for each model: its views share what is known and what is on its way. */
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
