"""Single characters beside found text that a text detector overlooks.

Detectors are trained on words; a lone digit in a column of quantities is often missed. Here ink between the
boxes, as tall as letters and on the row of a box, is put forward to be read. Knows nothing of what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .detector import Floats, Rgb

Mask = npt.NDArray[np.uint8]

LETTER_HEIGHTS = (0.3, 0.8)
"""Height of a letter or digit in heights of a box (a capital is about 0.6 of it)."""
MAX_WIDTH = 0.7
"""Width of one character in heights of a box."""
CLEARANCE = 0.25
"""Ink nearer than this, in heights of a box, to a box or to other ink belongs to a word or a picture."""
BOX_CLEARANCE = 0.15
"""The same for boxes, which have a margin of their own."""
STROKE_GAP = 0.15
"""Strokes broken by less than this, in heights of a box, are one: thin print has holes."""
ON_ROW = 0.15
"""How far the middle of a character may lie above or below the middle of its row, in heights of a box."""
MAX_SHARE = 0.5
"""More candidates than this share of the boxes are specks and ornaments, not characters."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A connected piece of ink."""

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> Floats:
        return np.array([self.left + self.width / 2, self.top + self.height / 2], np.float32)


def find_strays(pixels: Rgb, boxes: Sequence[Floats]) -> list[Floats]:
    """Return boxes `(4, 2)` around lone characters on the rows of `boxes`; none if there is too much ink."""
    if not boxes:
        return []
    usual = float(np.median([_across(box) for box in boxes]))
    spots = _lone(_spots(_ink_between(pixels, boxes, usual), usual), usual)
    found = [box for spot in spots if (box := _on_row(spot, boxes)) is not None]
    return found if len(found) <= max(2, MAX_SHARE * len(boxes)) else []


def _across(box: Floats) -> float:
    return float(np.hypot(*(box[3] - box[0])))


def _ink_between(pixels: Rgb, boxes: Sequence[Floats], usual: float) -> Mask:
    """Return 1 where there is ink outside all boxes: a third of their contrast away from the paper."""
    import cv2

    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    inside = np.zeros(gray.shape, np.uint8)
    for box in boxes:
        cv2.fillPoly(inside, [box.astype(np.int32)], 1)
    text = gray[inside > 0]
    if text.size == 0:
        return np.zeros_like(inside)
    dark, middle, light = np.percentile(text, [5, 50, 95])
    if middle - dark < light - middle:  # light ink on dark paper
        gray, dark, middle = 255 - gray, 255 - light, 255 - middle
    side = 2 * round(usual) + 1
    ink = cv2.adaptiveThreshold(
        gray, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, max(3, side), (middle - dark) / 3
    )
    bridge = 2 * round(STROKE_GAP * usual / 2) + 1  # odd, or the ink would move
    ink = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((bridge, bridge), np.uint8))
    reach = max(1, round(BOX_CLEARANCE * usual))
    covered = cv2.dilate(inside, np.ones((3, 2 * reach + 1), np.uint8))
    touching = cv2.dilate(covered, np.ones((3, 3), np.uint8))
    result: Mask = ink * (1 - covered)
    _, labels = cv2.connectedComponents(result, connectivity=8)
    cut = np.unique(labels[(touching > covered) & (labels > 0)])
    result[np.isin(labels, cut)] = 0
    return result


def _spots(ink: Mask, usual: float) -> list[_Spot]:
    import cv2

    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return [
        _Spot(float(left), float(top), float(width), float(height))
        for left, top, width, height, area in stats[1:].tolist()
        if area >= 3 and height >= 0.15 * usual
    ]


def _lone(spots: Sequence[_Spot], usual: float) -> list[_Spot]:
    """Return the spots of a letter's size without other ink beside them."""
    low, high = (share * usual for share in LETTER_HEIGHTS)
    return [
        spot
        for spot in spots
        if low <= spot.height <= high
        and spot.width <= MAX_WIDTH * usual
        and not any(_near(spot, other, CLEARANCE * usual) for other in spots if other is not spot)
    ]


def _near(spot: _Spot, other: _Spot, distance: float) -> bool:
    apart_x = max(spot.left - other.left - other.width, other.left - spot.left - spot.width)
    apart_y = max(spot.top - other.top - other.height, other.top - spot.top - spot.height)
    return max(apart_x, apart_y) < distance


def _on_row(spot: _Spot, boxes: Sequence[Floats]) -> Floats | None:
    """Return a box around the spot, slanted and as high as the nearest box on whose row it stands."""
    best: tuple[float, Floats] | None = None
    for box in boxes:
        height = _across(box)
        if not LETTER_HEIGHTS[0] * height <= spot.height <= LETTER_HEIGHTS[1] * height:
            continue
        along, down = _unit(box[1] - box[0]), _unit(box[3] - box[0])
        offset = spot.middle - box.mean(axis=0)
        if abs(float(offset @ down)) > ON_ROW * height:
            continue
        distance = abs(float(offset @ along))
        if best is None or distance < best[0]:
            half = (spot.width / 2 + 0.3 * height) * along
            middle = spot.middle - float(offset @ down) * down
            rise = height / 2 * down
            best = (
                distance,
                np.stack(
                    [middle - half - rise, middle + half - rise, middle + half + rise, middle - half + rise]
                ).astype(np.float32),
            )
    return None if best is None else best[1]


def _unit(vector: Floats) -> Floats:
    return vector / max(1e-6, float(np.hypot(*vector)))
