"""HTML and SVG that cannot be forgotten to escape.

Text given to `element` is escaped; only a `Markup` goes in as it is. Knows nothing of what is shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TypeAlias

_VOID = frozenset({"br", "img", "link", "meta", "wbr"})

Content: TypeAlias = "str | Iterable[Content] | None"


class Markup(str):
    """Text that already is HTML; anything else is escaped on its way in."""

    __slots__ = ()


def element(tag: str, *children: Content, **attributes: object) -> Markup:
    """Make one element.

    Args:
        tag: its name.
        children: texts (escaped), `Markup`, or iterables of them; None is nothing.
        attributes: `class_` is written `class`, other underscores as hyphens; True is a bare attribute,
            False and None leave it out.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def join(children: Iterable[Content]) -> Markup:
    """Put pieces one after the other, escaping what is no `Markup`."""
    parts = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(str(child))
        elif isinstance(child, str):
            parts.append(html.escape(child))
        elif child is not None:
            parts.append(str(join(child)))
    return Markup("".join(parts))


def prose(sentence: str) -> str:
    """Keep numbers and their units on one line."""
    return re.sub(r"(?<=\d) (?=(?:%|×|points|px|images?|s|min)\b|%)", "\u00a0", sentence).replace(
        " ×", "\u00a0×"
    )


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{html.escape(str(value))}"'
