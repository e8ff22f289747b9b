"""The place of an image where a reader's eye should go first, cut out of each of its pictures.

In: pictures of one image and what was read on them. Out: a box in fractions, and PNG bytes of that part,
neither scaled nor smoothed. Knows no widget.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.layout import Recognition
from ..images import Picture, encode_png
from .word_marks import mark_words

Part = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture."""
SHAPE = 3.2
"""Width ÷ height of a detail."""
LINES = 2.4
"""How many times a word's height a detail is high."""
MOST_X_HEIGHTS = 7.0
"""Height of a detail at most, where the x-height is known: some engines give a paragraph one box."""
LEAST_PX = 18
"""Of the original, so that a speck is not shown as a wall of squares."""
_FIRST = ("broken", "fixed", "still wrong", "differs", "unchanged")


def choose_part(
    original: Picture,
    truth: str | None = None,
    before: Recognition | None = None,
    after: tuple[Recognition, Picture] | None = None,
    x_height_px: float | None = None,
) -> Part:
    """Return where to look: at a word that `after` broke, else fixed, else any; without words at the middle.

    Args:
        original: the image as given.
        truth: what is written there.
        before: what was read on the original.
        after: what was read on another picture of it, and that picture.
        x_height_px: of the original's text, if known.
    """
    box = None
    if before is not None and before.lines:
        words = mark_words(truth, (before, original), after or (before, original))
        box = next(
            (box for kind in _FIRST for word in words if word["kind"] == kind for box in _boxes(word)), None
        )
    left, top, right, bottom = box or (0.5, 0.4, 0.5, 0.6)
    height = (bottom - top) * original.height * LINES
    if x_height_px is not None:
        height = min(height, MOST_X_HEIGHTS * x_height_px)
    return _around((left + right) / 2, (top + bottom) / 2, height, original)


def cut(picture: Picture, part: Part) -> bytes:
    """Return that part of a picture as PNG, pixel for pixel."""
    left, top, right, bottom = part
    height, width = picture.pixels.shape[:2]
    x, y = int(left * width), int(top * height)
    pixels = picture.pixels[y : max(y + 1, round(bottom * height)), x : max(x + 1, round(right * width))]
    return encode_png(np.ascontiguousarray(pixels))


def _boxes(word: dict[str, Any]) -> list[list[float]]:
    return [box for boxes in word["boxes"] for box in boxes if box[2] > box[0] and box[3] > box[1]]


def _around(x: float, y: float, wanted: float, picture: Picture) -> Part:
    """Return a part of `SHAPE` around a point, moved inside the picture, and never larger than it."""
    height = min(float(picture.height), max(wanted, float(LEAST_PX)), picture.width / SHAPE)
    height = max(height, min(float(LEAST_PX), picture.height))
    width = min(float(picture.width), height * SHAPE)
    left = min(max(0.0, x * picture.width - width / 2), picture.width - width)
    top = min(max(0.0, y * picture.height - height / 2), picture.height - height)
    return (
        left / picture.width,
        top / picture.height,
        (left + width) / picture.width,
        (top + height) / picture.height,
    )
