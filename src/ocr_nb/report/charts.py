"""Two more figures of the report as SVG: error rate by size of the text, misreadings fixed and broken.

In: plain numbers and names. Out: `Markup` of one `<svg>`, as in `figures`. Lines are named at their ends, and
told apart by their marks as well as by color.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..verdict import label, percent
from .figures import WIDTH, make_svg, make_text, palette, round_up, trim
from .markup import Markup, element

_BAR_ROW = 22
_NAME_GAP = 13.0
_NEAREST_TICKS = 30.0


@dataclass(frozen=True, slots=True)
class Point:
    """A rate at a size, with the ends of its interval where there is one."""

    x: float
    """Pixels."""
    y: float
    low: float = math.nan
    high: float = math.nan


def draw_by_size(series: dict[str, Sequence[Point]]) -> Markup:
    """Draw one line a condition over x-height, with bands; the best at the smallest size is named first."""
    width, height, left, right, high, low = 2.0 * WIDTH, 300.0, 52.0, 2.0 * WIDTH - 170.0, 14.0, 262.0
    points = [point for line in series.values() for point in line if math.isfinite(point.y)]
    top = round_up(max((point.y for point in points), default=0.0))
    first, last = min((p.x for p in points), default=0.0), max((p.x for p in points), default=1.0)
    span = (last - first) or 1.0
    colors = palette(series)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * (x - first) / span, low - (low - high) * min(y, top) / top

    parts: list[Markup] = []
    for tick in (0.0, top / 2, top):
        y = place(first, tick)[1]
        parts.append(element("line", x1=left, x2=right, y1=trim(y), y2=trim(y), class_="grid"))
        parts.append(make_text(left - 8, y + 4, percent(tick, 0), class_="tick", text_anchor="end"))
    parts.extend(
        make_text(place(x, 0)[0], low + 18, f"{x:.3g}", class_="tick", text_anchor="middle")
        for x in _spread({point.x for point in points}, _NEAREST_TICKS * span / (right - left))
    )
    parts.append(make_text((left + right) / 2, low + 34, "x-height, px", class_="tick", text_anchor="middle"))
    taken: list[float] = []
    for number, (name, line) in enumerate(series.items()):
        known = [point for point in line if math.isfinite(point.y)]
        if known:
            parts.extend(_line(known, place, colors[name], number))
            end = place(known[-1].x, known[-1].y)[1]
            at = _free(min(end, low - 4), [*taken, low + 12])
            taken.append(at)
            parts.append(make_text(right + 10, at + 4, label(name), class_=f"name {colors[name]}"))
    return make_svg(parts, height, "Character error rate by size of the text", width=width)


def _spread(values: Iterable[float], distance: float) -> list[float]:
    """Return those of `values`, ascending, that are at least `distance` from the last one returned."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] >= distance:
            kept.append(value)
    return kept


def _free(y: float, taken: Sequence[float]) -> float:
    """Return the place nearest to `y` that is no other name's."""
    for step in range(60):
        for at in (y - step * 3, y + step * 3):
            if all(abs(at - other) >= _NAME_GAP for other in taken):
                return at
    return y


def _line(
    line: Sequence[Point], place: Callable[[float, float], tuple[float, float]], color: str, number: int
) -> list[Markup]:
    parts = []
    banded = [point for point in line if math.isfinite(point.low) and math.isfinite(point.high)]
    if len(banded) > 1:
        edge = [place(p.x, p.high) for p in banded] + [place(p.x, p.low) for p in reversed(banded)]
        written = " ".join(f"{trim(x)},{trim(y)}" for x, y in edge)
        parts.append(element("polygon", points=written, class_=f"band wide {color}"))
    places = [place(point.x, point.y) for point in line]
    written = " ".join(f"{trim(x)},{trim(y)}" for x, y in places)
    parts.append(element("polyline", points=written, class_=f"curve {color} dash-{number % 4}"))
    for (x, y), point in zip(places, line, strict=True):
        title = element("title", f"{point.x:.1f} px: {percent(point.y)}")
        parts.append(element("circle", title, cx=trim(x), cy=trim(y), r=3.5, class_=f"spot {color}"))
    return parts


def draw_changes(changes: Sequence[tuple[str, int, int]]) -> Markup:
    """Draw one row a misreading: how often broken to the left, how often fixed to the right of its name."""
    most = max((max(fixed, broken) for _, fixed, broken in changes), default=1) or 1
    center, reach = WIDTH / 2, WIDTH / 2 - 74
    parts = [
        make_text(center - 38, 12, "broken", class_="tick", text_anchor="end"),
        make_text(center + 38, 12, "fixed", class_="tick"),
    ]
    for row, (name, fixed, broken) in enumerate(changes):
        y = 20 + _BAR_ROW * row
        parts.append(make_text(center, y + 13, name, class_="value", text_anchor="middle"))
        for count, side, kind in ((broken, -1, "worse"), (fixed, 1, "better")):
            length = reach * count / most
            start = center + side * 38 - (length if side < 0 else 0)
            parts.append(
                element("rect", x=trim(start), y=y + 3, width=trim(length), height=13, class_=f"bar {kind}")
            )
            beside = center + side * (38 + length + 5)
            anchor = "end" if side < 0 else "start"
            parts.append(make_text(beside, y + 13, str(count), class_="tick", text_anchor=anchor))
    return make_svg(parts, 26 + _BAR_ROW * len(changes), "Misreadings fixed and broken")
