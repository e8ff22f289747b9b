"""Where names go beside what they name, so that none stands on another.

In: places and sizes in one unit, whatever it is, y upward. Out: places. Knows nothing of who draws.
"""

from __future__ import annotations

from collections.abc import Sequence

_DISTANCES = (1.0, 2.2, 3.4, 4.6, 5.8)
"""In heights of a name: how far it may move from its point, nearest first."""


def spread_apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places as near to `wanted` as can be that are at least `gap` apart, in the order given.

    Neighbors that are too close are moved apart around their common middle.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    blocks: list[tuple[float, list[int]]] = []
    for index in order:
        middle, members = wanted[index], [index]
        # What overlaps is one block: its middle is the mean of what its members want.
        while blocks and middle - blocks[-1][0] < gap * (len(members) + len(blocks[-1][1])) / 2:
            members = blocks.pop()[1] + members
            middle = sum(wanted[one] for one in members) / len(members)
        blocks.append((middle, members))
    places = [0.0] * len(wanted)
    for middle, members in blocks:
        for number, index in enumerate(members):
            places[index] = middle + gap * (number - (len(members) - 1) / 2)
    return places


def place_names(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    paper: tuple[float, float],
    margin: float,
) -> list[tuple[float, float]]:
    """Return the lower left corner of each name, beside its point and clear of other names and points.

    Args:
        points: what is named.
        sizes: width and height of each name.
        paper: where it begins and ends; a name goes beyond only where it would on both sides.
        margin: between a point and its name.
    """
    taken = [(x - margin / 2, y - margin / 2, x + margin / 2, y + margin / 2) for x, y in points]
    places = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        boxes = [
            (left, y + shift, left + width, y + shift + height)
            for shift in _shifts(height)
            for left in _sides(x, width, paper, margin)
        ]
        free = next((box for box in boxes if not any(_overlap(box, other) for other in taken)), boxes[0])
        taken.append(free)
        places.append(free[:2])
    return places


def _shifts(height: float) -> list[float]:
    """Return how far below its point a name may begin: level with it first, then above and below by turns."""
    level = -height / 2
    return [level, *(level + sign * step * height for step in _DISTANCES for sign in (1, -1))]


def _sides(x: float, width: float, paper: tuple[float, float], margin: float) -> list[float]:
    """Return where a name may begin, beside its point: to the right if there is paper, else to the left."""
    beside = [x + margin, x - margin - width]
    return [left for left in beside if paper[0] <= left and left + width <= paper[1]] or beside


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
