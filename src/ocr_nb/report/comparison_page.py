"""One comparison of pictures as one HTML file that opens from disk.

In: what stands in the frame, `Layer`s, and the comparison's state. Out: a page with the PNG bytes inside,
untouched, and the same comparison module that the report uses. It holds the pictures, and says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..images import Picture
from .document import COMPARISON, render_document
from .markup import Markup, element, prose


@dataclass(frozen=True, slots=True)
class Layer:
    """One picture in the frame, with its words."""

    picture: Picture = field(repr=False)
    label: str
    """Short: what a button or a screen reader calls it."""
    caption: str
    """What is shown, with its true size."""
    action: str
    """What the toggle's button does when it brings this picture up."""

    @property
    def key(self) -> str:
        """Tells this picture from others: the start of its hash."""
        return self.picture.hash[:16]


def render_comparison(
    layers: Sequence[Layer], state: Mapping[str, Any], *, title: str, verdict: str = ""
) -> str:
    """Return a page of one comparison; `state` is what the comparison module takes, as plain JSON values."""
    figure = element(
        "figure",
        element("div", [_panel(layer) for layer in layers], class_="panels"),
        class_="compare",
        data_compare=True,
        data_state=json.dumps(state),
        aria_label=title,
    )
    main = element(
        "main",
        element("h1", prose(title)),
        element("p", prose(verdict), class_="lead") if verdict else None,
        figure,
        element("p", "This file contains the images themselves: mind whom you give it to.", class_="holds"),
    )
    return str(
        render_document(
            title,
            main,
            styles=("report.css", "image_compare.css"),
            scripts=(*COMPARISON, "report.js"),
        )
    )


def _panel(layer: Layer) -> Markup:
    data = base64.b64encode(layer.picture.png).decode("ascii")
    image = element(
        "img", src=f"data:image/png;base64,{data}", width=layer.picture.width, height=layer.picture.height,
        alt=layer.label, decoding="async", data_label=layer.label, data_caption=layer.caption,
        data_action=layer.action,
    )  # fmt: skip
    return element("div", image, element("p", layer.caption, class_="caption"), class_="panel")
