"""A small picture of a comparison, for those who see the notebook without a kernel.

In: the pictures. Out: PNG bytes, at most 100 kB as the notebook stores them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..filters import resize
from ..images import Picture, Pixels, encode_png, on_white

BYTES = 75_000
"""A notebook stores a picture as Base64: four bytes for three."""
WIDTH = 1000
"""Of the whole preview, px."""
GAP = 8
"""Between the pictures, px."""


def draw_preview(pictures: Sequence[Picture]) -> bytes:
    """Return the pictures side by side at one height, as PNG of at most `BYTES`."""
    height = min(max(picture.height for picture in pictures), _height_for(pictures, WIDTH))
    while True:
        data = encode_png(_beside([_at_height(picture, height) for picture in pictures]))
        if len(data) <= BYTES:
            return data
        shrunk = int(height * 0.95 * (BYTES / len(data)) ** 0.5)
        height = max(1, min(height - 1, shrunk))


def _height_for(pictures: Sequence[Picture], width: int) -> int:
    """Return the height at which all pictures fill `width`."""
    room = width - GAP * (len(pictures) - 1)
    return max(1, int(room / sum(picture.width / picture.height for picture in pictures)))


def _at_height(picture: Picture, height: int) -> Pixels:
    # A picture much wider than high may become thinner than a pixel: `resize` needs one at least.
    scale = max(height / picture.height, 0.51 / picture.height, 0.51 / picture.width)
    return on_white(resize(picture, scale).picture)


def _beside(parts: Sequence[Pixels]) -> Pixels:
    height = max(part.shape[0] for part in parts)
    width = sum(part.shape[1] for part in parts) + GAP * (len(parts) - 1)
    sheet = np.full((height, width, 3), 255, dtype=np.uint8)
    left = 0
    for part in parts:
        sheet[: part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + GAP
    gray = bool((sheet[:, :, 1:] == sheet[:, :, :1]).all())
    return sheet[:, :, :1] if gray else sheet
