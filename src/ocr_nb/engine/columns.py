"""Columns of running text are read one after the other; the cells of a table stay in their row.

In: rows over the whole width. Out: rows in reading order, those that a gutter crosses cut in two. Pure
geometry on upright rectangles, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .rows import Rectangle, Row, link_rows

MIN_GUTTER = 0.8
"""Width of a gutter in heights of a box (about 1.3 heights of a capital)."""
MIN_ROWS = 3
"""Fewer rows on a side of a gutter are not a column."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What rows on one side of a gutter must be to count as running text."""

    rows: int
    """How many of them, at least."""
    width: float
    """Median printed width in heights of a box; what is narrower are cells of a table."""
    fill: float
    """Median share of the column that a row fills; fields of a form and cells of a table fill less."""


SHIFTED = Demand(rows=MIN_ROWS, width=5.0, fill=0.6)
"""When most rows of the two sides stand at different heights: no table does."""
LEVEL = Demand(rows=4, width=9.0, fill=0.8)
"""When they stand at the same heights, as they do in tables and forms as well as in well-set columns."""
MOSTLY = 0.5


def split_columns(rows: list[Row], rectangles: Sequence[Rectangle]) -> list[Row]:
    """Return the rows in reading order, cut at the gutters between columns of running text."""
    result: list[Row] = []
    start = 0
    while start < len(rows):
        found = _longest_run(rows, start, rectangles)
        if found is None:
            result.append(rows[start])
            start += 1
            continue
        end, gutter = found
        members = [k for row in rows[start:end] for k in row]
        for side in _sides(members, gutter, rectangles):
            part = [rectangles[k] for k in side]
            linked = [[side[k] for k in row] for row in link_rows(part)]
            result.extend(split_columns(linked, rectangles))
        start = end
    return result


def _longest_run(rows: list[Row], start: int, rectangles: Sequence[Rectangle]) -> tuple[int, float] | None:
    """Return where the longest run of rows with one gutter ends that begins at `start`, and that gutter."""
    for end in range(len(rows), start + MIN_ROWS - 1, -1):
        members = [k for row in rows[start:end] for k in row]
        for gutter in _gutters(members, rectangles):
            if _is_columns(members, gutter, rectangles):
                return end, gutter
    return None


def _gutters(members: Sequence[int], rectangles: Sequence[Rectangle]) -> list[float]:
    """Return the middles of the vertical strips that no member crosses, widest first."""
    spans = sorted((rectangles[k].left, rectangles[k].right) for k in members)
    height = float(np.median([rectangles[k].height for k in members]))
    reach, found = spans[0][1], []
    for left, right in spans[1:]:
        if left - reach > MIN_GUTTER * height:
            found.append((left - reach, (left + reach) / 2))
        reach = max(reach, right)
    return [middle for _, middle in sorted(found, reverse=True)]


def _sides(
    members: Sequence[int], gutter: float, rectangles: Sequence[Rectangle]
) -> tuple[list[int], list[int]]:
    left = [k for k in members if rectangles[k].right <= gutter]
    return left, [k for k in members if rectangles[k].right > gutter]


def _is_columns(members: Sequence[int], gutter: float, rectangles: Sequence[Rectangle]) -> bool:
    """Tell whether running text stands on both sides of the gutter."""
    left, right = ([rectangles[k] for k in side] for side in _sides(members, gutter, rectangles))
    left_rows, right_rows = link_rows(left), link_rows(right)
    across = len(link_rows([*left, *right]))
    shared = len(left_rows) + len(right_rows) - across
    demand = LEVEL if shared > MOSTLY * min(len(left_rows), len(right_rows)) else SHIFTED
    return _is_running_text(left, left_rows, demand) and _is_running_text(right, right_rows, demand)


def _is_running_text(side: Sequence[Rectangle], rows: Sequence[Row], demand: Demand) -> bool:
    if len(rows) < demand.rows:
        return False
    extent = max(r.right for r in side) - min(r.left for r in side)
    height = float(np.median([r.height for r in side]))
    # What is printed, without the gaps between cells: a wide table is no running text.
    printed = float(np.median([sum(side[k].width for k in row) for row in rows]))
    return printed >= demand.width * height and printed >= demand.fill * extent
