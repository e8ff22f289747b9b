"""One HTML file that needs nothing else: styles and scripts inside, and a policy that allows just these.

In: a title, the `Markup` of the page's main part, names of files in `static`. Out: the whole document.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files

from .markup import Markup, element, join

COMPARISON = ("image_compare_geometry.js", "image_compare_parts.js", "image_compare.js")
"""The comparison module's parts, in the order in which they are joined."""


def render_document(title: str, main: Markup, *, styles: Iterable[str], scripts: Iterable[str]) -> Markup:
    """Return the document; nothing in it is fetched from anywhere, and inline handlers cannot run."""
    style = "\n".join(read_asset(name) for name in styles)
    script = "\n".join(read_asset(name) for name in scripts)
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Markup(style)),
    )
    body = element("body", main, element("script", Markup(script), type="module"))
    return join([Markup("<!doctype html>\n"), element("html", head, body, lang="en"), Markup("\n")])


def read_asset(name: str) -> str:
    """Return a file of `static`; the comparison's `export default` would end the joined script's module."""
    text = (files("ocr_nb") / "static" / name).read_text(encoding="utf-8")
    return text.replace("export default { mount };\n", "")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
