// Views of one Credentials: two fields and a source line, one line once connected.
//
// Reads the trait `problem`. What is known comes as the message `facts` and is not in the model; `taken` says that the
// kernel has what was typed. The secret leaves once, as a buffer of the message `connect` (id, secret and token, a line each); the fields are emptied when
// the kernel has it. Sends also `send`, `connect found`, `disconnect` and `use`.

const TICK = 5000; // ms between two looks at the clock

/** How long a token lives on, in words; empty without an end. */
export function endText(ends, now) {
  if (ends === null || ends === undefined) return "";
  const seconds = ends - now;
  if (seconds <= 0) return "expired";
  if (seconds < 90) return `expires in ${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `expires in ${minutes} min` : `expires in ${Math.round(minutes / 60)} h`;
}

/** What was used of the month's calls, in words. */
export function callsText({ used, limit }) {
  if (used === null || used === undefined) return "";
  if (limit === null) return used === 1 ? "1 call made, not counted against a plan" : `${used} calls made, not counted against a plan`;
  const left = Math.max(0, limit - used);
  return `${left === 1 ? "1 call" : `${left} calls`} left this month, ${used} used`;
}

/** The one line of a connection. */
export function lineText(facts, now) {
  const who = facts.client === "a token" ? "with a token" : `as ${facts.client}`;
  const parts = [`Connected ${who} (${facts.source})`, shortCalls(facts), endText(facts.ends, now)];
  return parts.filter(Boolean).join(" · ");
}

function shortCalls({ used, limit }) {
  if (used === null || used === undefined || limit === null) return "";
  const left = Math.max(0, limit - used);
  return left === 1 ? "1 call left this month" : `${left} calls left this month`;
}

/** The state in words, as the heading of the open form. */
export function stateText(facts, now) {
  if (facts.barred) return "No secrets on a public Binder";
  switch (facts.state) {
    case "found": return `Found: ${named(facts)}`;
    case "checking": return `Asking ${facts.host}`;
    case "connected": return lineText(facts, now);
    case "refused": return `Refused by ${facts.host}`;
    case "expired": return "The token has expired";
    case "unreachable": return `${facts.host} cannot be reached`;
    default: return "Not connected";
  }
}

function named({ client, source }) {
  return client ? `${client} (${source})` : source;
}

/** Where images go, in words. */
export function placeText({ cloud, host, chooses }) {
  if (chooses === false) return `Images you run here are sent to ${host}.`;
  return cloud ? `Images are sent to ${host}.` : "Images stay on this machine.";
}

/** What keeps a form from being sent; empty when it can be. */
export function missing({ id, secret, token }) {
  if (token) return "";
  if (id && secret) return "";
  if (id) return "The client secret is missing.";
  if (secret) return "The client id is missing.";
  return "Give the client id and its secret, or an access token.";
}

/** What is read out when the facts change; empty when nothing new happened. */
export function announcement(before, after, now) {
  if (!before || (before.state === after.state && before.cloud === after.cloud)) return "";
  if (before.state === after.state) return placeText(after);
  return [stateText(after, now), after.reason].filter(Boolean).join(". ");
}

/** What is known of one model, for all its views. */
export class Desk {
  constructor(model) {
    this.model = model;
    this.facts = null;
    this.listeners = new Set();
    this.hear = (message) => this.take(message);
    model.on("msg:custom", this.hear);
    model.send({ kind: "send" });
  }

  take(message) {
    const before = this.facts;
    if (message.kind === "facts") this.facts = message;
    else if (message.kind !== "taken") return;
    for (const { follow, taken } of this.listeners) {
      if (message.kind === "taken") taken(message.view);
      else follow(before);
    }
  }

  /** Send what was typed, once: as bytes, which no log of messages shows. */
  connect(view, fields, remember) {
    const typed = new TextEncoder().encode(fields.join("\n"));
    this.model.send({ kind: "connect", view, remember }, undefined, [typed.buffer]);
  }

  remove() {
    this.model.off("msg:custom", this.hear);
    this.listeners.clear();
  }
}

const make = (tag, part, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  element.className = `ocrnb-credentials__${part}`;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** Enter sends a form; JupyterLab keeps the browser from doing that by itself. */
const submitByEnter = (event, form) => {
  if (event.key !== "Enter" || event.isComposing || event.target.type === "checkbox" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  event.stopPropagation();
  form.requestSubmit();
};

const seconds = () => Date.now() / 1000;
let views = 0;

/** One view. */
class View {
  constructor(model, el, desk) {
    this.model = model;
    this.desk = desk;
    this.key = `${seconds()}-${(views += 1)}`;
    this.isOpen = false;
    this.leaving = new AbortController();
    this.on = { signal: this.leaving.signal };
    this.build(el);
    this.listener = { follow: (before) => this.follow(before), taken: (view) => this.taken(view) };
    desk.listeners.add(this.listener);
    this.warn = () => this.complain();
    model.on("change:problem", this.warn);
    this.clock = setInterval(() => this.draw(), TICK);
    this.complain();
    this.draw();
  }

  build(el) {
    this.line = make("p", "line");
    this.change = this.button("Change", () => this.open(!this.isOpen));
    this.reason = make("p", "reason", { hidden: "" });
    this.sources = make("ul", "sources", { "aria-label": "Where credentials were looked for" });
    this.looked = make("details", "looked", {}, make("summary", "summary", {}, "Where credentials are looked for"), this.sources);
    this.again = this.button("Connect", () => this.model.send({ kind: "connect found", source: this.pick }), "primary");
    this.found = make("div", "found", {}, this.again);
    this.form = this.typing();
    this.calls = make("p", "calls");
    this.leave = this.button("Disconnect", () => this.model.send({ kind: "disconnect" }));
    this.account = make("div", "account", {}, this.calls, this.leave);
    this.body = make("div", "body", {}, this.account, this.found, this.form, this.looked);
    this.place = make("p", "place");
    this.choice = this.button("Use the cloud", () => this.model.send({ kind: "use", cloud: !this.desk.facts.cloud }));
    this.foot = make("div", "foot", {}, this.place, this.choice);
    this.problem = make("p", "problem", { role: "alert", hidden: "" });
    this.live = make("p", "live", { role: "status" });
    this.root = make("section", "root", { "aria-label": "Credentials", tabindex: "-1" },
      make("div", "head", {}, this.line, this.change), this.reason, this.body, this.foot, this.problem, this.live);
    this.root.className = "ocrnb-credentials";
    // JupyterLab asks the focused element itself, not what it stands in, whether letters are commands.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen) {
        this.open(false);
        this.change.focus();
      }
    }, this.on);
    el.append(this.root);
  }

  button(word, act, kind = "plain") {
    const made = make("button", `button ocrnb-credentials__button--${kind}`, { type: "button" }, word);
    made.addEventListener("click", act, this.on);
    return made;
  }

  field(word, type, hint) {
    // A browser that keeps passwords must not keep these: `off` for the name, a one-time code for the rest.
    const input = make("input", "input", {
      type, placeholder: hint, autocomplete: type === "password" ? "new-password" : "off", spellcheck: "false",
      autocapitalize: "off", "data-1p-ignore": "", "data-lpignore": "true",
    });
    return [make("label", "field", {}, make("span", "what", {}, word), input), input];
  }

  typing() {
    const [id, idInput] = this.field("Client id", "text", "of the application in the dashboard");
    const [secret, secretInput] = this.field("Client secret", "password", "shown once, when it was made");
    const [token, tokenInput] = this.field("Access token", "password", "in place of id and secret; lives an hour");
    this.inputs = { id: idInput, secret: secretInput, token: tokenInput };
    this.withToken = make("details", "token", {}, make("summary", "summary", {}, "I have an access token instead"), token);
    this.remember = make("input", "check", { type: "checkbox" });
    this.send = make("button", "button ocrnb-credentials__button--plain", { type: "submit" }, "Test and connect");
    this.lack = make("p", "lack", { role: "alert" });
    const form = make("form", "form", { autocomplete: "off" }, make("div", "fields", {}, id, secret), this.withToken,
      make("div", "last", {}, make("label", "remember", {}, this.remember, "Remember in a private file on this machine"), this.send),
      this.lack);
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    }, this.on);
    form.addEventListener("keydown", (event) => submitByEnter(event, form), this.on);
    return form;
  }

  submit() {
    const typed = Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.value.trim()]));
    const lack = missing(typed);
    say(this.lack, lack);
    if (lack) {
      (typed.id ? this.inputs.secret : this.inputs.id).focus();
      return;
    }
    this.desk.connect(this.key, [typed.id, typed.secret, typed.token], this.remember.checked);
  }

  /** The kernel has it: nothing typed stays in the page. */
  taken(view) {
    if (view === this.key) this.empty();
  }

  empty() {
    for (const input of Object.values(this.inputs)) input.value = "";
    this.remember.checked = false;
    this.withToken.open = false;
  }

  open(isOpen) {
    this.isOpen = isOpen;
    this.draw();
    if (isOpen) (this.found.hidden ? this.inputs.id : this.again).focus();
    else this.empty();
  }

  follow(before) {
    const { facts } = this.desk;
    const said = announcement(before, facts, seconds());
    if (said) say(this.live, said);
    if (facts.state === "connected" && before?.state !== "connected") {
      const had = this.body.contains(document.activeElement) || (this.isLent && document.activeElement === this.root);
      this.isOpen = false;
      this.draw();
      if (had) this.change.focus();
    } else this.draw();
  }

  draw() {
    const { facts } = this.desk;
    const known = facts ?? { state: "", sources: [], reason: "", barred: false };
    const isConnected = known.state === "connected";
    const isShut = !facts || known.barred || (isConnected && !this.isOpen);
    const hadFocus = this.body.contains(document.activeElement);
    this.root.dataset.state = known.barred ? "barred" : known.state;
    this.root.setAttribute("aria-busy", known.state === "checking");
    say(this.line, facts ? stateText(known, seconds()) : "Waiting for the kernel. Run the cell again if nothing comes.");
    this.change.hidden = !isConnected;
    say(this.change, this.isOpen ? "Close" : "Change");
    this.change.setAttribute("aria-expanded", this.isOpen);
    this.body.hidden = isShut;
    this.drawReason(known);
    this.drawFound(known, isConnected);
    this.drawSources(known);
    this.account.hidden = !isConnected;
    say(this.calls, [callsText(known), known.kept ? "Kept in a private file." : ""].filter(Boolean).join(". "));
    const isBusy = known.state === "checking";
    for (const control of [...Object.values(this.inputs), this.remember, this.send, this.again]) control.disabled = isBusy;
    say(this.send, isBusy ? "Asking…" : "Test and connect");
    this.foot.hidden = !facts;
    if (facts) this.drawFoot(known, isConnected);
    // What is disabled loses the focus, and keys would then be the notebook's commands: the root keeps it meanwhile.
    const isBack = !isBusy && this.isLent && document.activeElement === this.root;
    if (hadFocus && isBusy) this.root.focus();
    else if (!this.body.hidden && (isBack || (hadFocus && document.activeElement === document.body))) this.inputs.id.focus();
    this.isLent = isBusy && (this.isLent || hadFocus);
  }

  drawReason({ barred, reason }) {
    const text = barred
      ? "Others may see what runs here, so this page takes no secrets. The engine on this machine works without any."
      : reason;
    say(this.reason, text);
    this.reason.hidden = !text;
  }

  drawFound({ sources, client, source }, isConnected) {
    const held = sources.filter((one) => one.client);
    this.found.hidden = !held.length;
    const names = held.map((one) => `${one.name}: ${one.client}`);
    if (this.found.dataset.said === names.join()) return this.drawAgain(held);
    this.found.dataset.said = names.join();
    this.pick = held.some((one) => one.name === this.pick) ? this.pick : held[0]?.name;
    const choices = held.map((one) => {
      const radio = make("input", "radio", { type: "radio", name: `ocrnb-source-${this.key}`, value: one.name });
      radio.checked = one.name === this.pick;
      radio.addEventListener("change", () => {
        this.pick = one.name;
        this.drawAgain(held);
      });
      return make("label", "choice", {}, radio, make("span", "who", {}, one.client), make("span", "what", {}, one.name));
    });
    this.found.replaceChildren(make("fieldset", "set", {}, make("legend", "what", {}, "Found"), ...choices), this.again);
    return this.drawAgain(held);
  }

  drawAgain(held) {
    const { facts } = this.desk;
    const isSame = facts && facts.source === this.pick && ["connected", "unreachable", "refused", "expired"].includes(facts.state);
    if (held.length) say(this.again, isSame ? "Test again" : "Connect");
  }

  drawSources({ sources }) {
    this.looked.hidden = !sources.length;
    const said = JSON.stringify(sources);
    if (this.sources.dataset.said === said) return;
    this.sources.dataset.said = said;
    this.sources.replaceChildren(...sources.map(({ name, client, note }) => make("li", "source", {},
      make("span", "who", {}, name), make("span", "what", {}, client ? `holds ${client}` : note))));
  }

  drawFoot(facts, isConnected) {
    say(this.place, placeText(facts));
    this.choice.hidden = facts.barred || !facts.chooses || !(isConnected || facts.cloud);
    say(this.choice, facts.cloud ? "Use this machine" : "Use the cloud");
    this.foot.dataset.cloud = facts.cloud;
  }

  complain() {
    const text = this.model.get("problem");
    this.problem.hidden = !text;
    say(this.problem, text);
  }

  remove() {
    this.empty();
    clearInterval(this.clock);
    this.leaving.abort();
    this.model.off("change:problem", this.warn);
    this.desk.listeners.delete(this.listener);
    this.root.remove();
  }
}

/** One for each model: its views know the same. */
export default () => {
  let desk;
  return {
    initialize({ model }) {
      desk = new Desk(model);
      return () => desk.remove();
    },
    render({ model, el }) {
      const view = new View(model, el, desk);
      return () => view.remove();
    },
  };
};
