"""A widget's view in an empty page: a model as the host gives it, fed with what a Python widget said."""

from __future__ import annotations

import base64
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Page

MOUNT = """({state, said}) => {
  const heard = new Map();
  const values = { ...state };
  const call = (name, ...what) => (heard.get(name) ?? []).forEach((listener) => listener(...what));
  const model = {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; call(`change:${name}`); },
    save_changes() {},
    send: (message) => asked.push(message),
    on: (name, listener) => heard.set(name, [...(heard.get(name) ?? []), listener]),
    off: (name, listener) => heard.set(name, (heard.get(name) ?? []).filter((one) => one !== listener)),
  };
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer);
  const tell = (message, data = []) => call("msg:custom", message, data.map(bytes));
  Object.assign(window, { asked: [], model, tell });
  const widget = makeWidget();
  const forget = widget.initialize({ model });
  const remove = widget.render({ model, el: document.body.appendChild(document.createElement("div")) });
  window.leave = () => { remove(); forget(); return [...heard.values()].flat().length; };
  for (const [message, data] of said) tell(message, data);
}"""


class Recorder:
    """Stands for the browser on Python's side: keeps what a widget says, as a page can be told it."""

    def __init__(self, widget: Any) -> None:
        self.said: list[tuple[dict[str, Any], list[str]]] = []
        widget.send = self.take

    def take(self, content: dict[str, Any], buffers: Any = ()) -> None:
        """Keep a message; bytes as Base64."""
        self.said.append((content, [base64.b64encode(bytes(one)).decode("ascii") for one in buffers or ()]))


def mount(
    browser: Browser, stem: str, state: dict[str, Any], said: list[Any], *, dark: bool = False, **context: Any
) -> tuple[Page, Callable[[], list[str]]]:
    """Open a page with one view of the widget `stem`; return it, and what hands out uncaught errors."""
    page = browser.new_context(**{"viewport": {"width": 900, "height": 800}, **context}).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    static = files("ocr_nb") / "static"
    paper = "#111111" if dark else "#ffffff"
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_content(
        f"<html lang=en><title>{stem}</title>"
        f"<body data-jp-theme-light={str(not dark).lower()} style='background:{paper}'></body></html>"
    )
    page.add_style_tag(content=(static / f"{stem}.css").read_text(encoding="utf-8"))
    script = (static / f"{stem}.js").read_text(encoding="utf-8")
    page.add_script_tag(content=script.replace("export default", "window.makeWidget ="), type="module")
    page.wait_for_function("window.makeWidget !== undefined")
    page.evaluate(MOUNT, {"state": state, "said": said})
    return page, lambda: errors
