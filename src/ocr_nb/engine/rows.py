"""Which fragments stand on one row: neighbours are linked left to right, by height and by nearness.

Linking neighbours, instead of cutting the page into horizontal bands, follows rows that rise or bend.
Pure geometry on upright rectangles, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Row = list[int]
"""Indices of the fragments of one row, left to right."""

MAX_OFFSET = 0.5
"""Neighbours on a row stand higher or lower by less than this share of the smaller height."""
MAX_OVERLAP = 0.5
"""Neighbours on a row overlap sideways by less than this share of the narrower one."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """An upright rectangle in the straightened page."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left


def link_rows(rectangles: Sequence[Rectangle]) -> list[Row]:
    """Group the rectangles into rows, each left to right, rows from top to bottom.

    The cheapest pairs are linked first: small differences in height, small gaps. Each rectangle gets at most
    one neighbour on either side.
    """
    table = np.array([[r.left, r.right, r.middle, r.height] for r in rectangles]).reshape(-1, 4)
    follower: dict[int, int] = {}
    leader: dict[int, int] = {}
    for before, after in _candidates(table):
        if before in follower or after in leader:
            continue
        follower[before], leader[after] = after, before
    rows = []
    for first in range(len(rectangles)):
        if first in leader:
            continue
        row = [first]
        while row[-1] in follower:
            row.append(follower[row[-1]])
        rows.append(row)
    return sorted(rows, key=lambda row: _row_key(table, row))


def _candidates(table: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the pairs (left one, right one) that may be neighbours, cheapest first."""
    left, right, middle, height = table.T
    lower = np.minimum(height[:, None], height[None, :])
    offset = np.abs(middle[:, None] - middle[None, :]) / lower
    gap = (left[None, :] - right[:, None]) / lower
    narrower = np.minimum((right - left)[:, None], (right - left)[None, :]) / lower
    later = (left + right)[None, :] > (left + right)[:, None]
    allowed = later & (offset < MAX_OFFSET) & (-gap < MAX_OVERLAP * narrower)
    np.fill_diagonal(allowed, False)
    # Only next neighbours: no pair with a third one between.
    between = allowed.astype(np.float32)
    allowed &= between @ between == 0
    before, after = np.nonzero(allowed)
    # A gap of ten heights weighs as much as a difference of a fifth of the height.
    cost = offset[before, after] + 0.02 * np.maximum(0, gap[before, after])
    order = np.argsort(cost, kind="stable")
    return list(zip(before[order].tolist(), after[order].tolist(), strict=True))


def _row_key(table: npt.NDArray[np.float64], row: Row) -> tuple[float, float]:
    return float(np.mean(table[row, 2])), float(table[row[0], 0])
