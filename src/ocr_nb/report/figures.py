"""The report's three figures as SVG: differences, error rates from one condition to another, all rates.

In: a summary and its trials. Out: `Markup` of one `<svg>`, colored by classes, text and marks in one unit
(CSS pixels at full size). Labels stand beside what they name; nothing is told by color alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from ..summary import ConditionSummary, Reader, Summary, pair_key, reader_of
from ..trial import Trial
from ..verdict import label, percent, points
from .markup import Markup, element

WIDTH = 330
_LEFT, _RIGHT = 8, 16
_ROW = 46

_OWN_COLOR = ("original", "resized", "upsampled", "make_upsampling")

Scale = Callable[[float], float]


def palette(conditions: Iterable[str]) -> dict[str, str]:
    """Return the class that colors each condition, the same in every figure and table."""
    own = {name: f"c-{name.replace('_', '-')}" for name in _OWN_COLOR}
    chosen: dict[str, str] = {}
    for condition in conditions:
        color = own.pop(re.split("[+:]", condition)[0], None)
        chosen[condition] = color or f"c-other-{len(chosen) % 3}"
    return chosen


def draw_rates(summary: Summary, trials: Sequence[Trial], reader: Reader) -> Markup:
    """Draw one row a condition: a dot for each image's CER, a line for the corpus."""
    rows = _rows(summary, reader)
    names = [row.condition for row in rows]
    colors = palette(names)
    rates = {
        name: [_finite(trial.cer) for trial in _trials_of(trials, name, reader) if trial.cer is not None]
        for name in names
    }
    top = round_up(max((rate for values in rates.values() for rate in values), default=0.0))
    scale = _scale(0.0, top)
    height = 10 + _ROW * len(rows) + 26
    parts = [*_axis(scale, _ticks(0.0, top), height, percent_of=_tick_percent)]
    for index, row in enumerate(rows):
        y = 10 + _ROW * index
        color = colors[row.condition]
        parts.append(make_text(_LEFT, y + 11, label(row.condition), class_=f"name {color}"))
        parts.append(_line(_LEFT, y + 27, WIDTH - _RIGHT, y + 27, class_="track"))
        for place, rate in enumerate(rates[row.condition]):
            shift = (place % 3 - 1) * 3.5
            parts.append(
                element("circle", cx=trim(scale(rate)), cy=trim(y + 27 + shift), r=4, class_=f"dot {color}")
            )
        if row.cer is not None:
            x = scale(min(_finite(row.cer.corpus), top))
            parts.append(_line(x, y + 18, x, y + 37, class_=f"mark {color}"))
            parts.append(
                make_text(WIDTH - _RIGHT, y + 11, percent(row.cer.corpus), class_="value", text_anchor="end")
            )
    return make_svg(parts, height, "Character error rate of each image under each condition")


def draw_slopes(summary: Summary, trials: Sequence[Trial], row: ConditionSummary) -> Markup:
    """Draw one line an image, from its CER under the baseline to its CER under `row`'s condition."""
    before = {pair_key(trial): trial for trial in _trials_of(trials, summary.baseline, row.reader)}
    pairs = [
        (before[pair_key(trial)].cer, trial.cer, trial.image)
        for trial in _trials_of(trials, row.condition, row.reader)
        if pair_key(trial) in before
    ]
    known = [
        (_finite(was), _finite(now), name) for was, now, name in pairs if was is not None and now is not None
    ]
    top = round_up(max((rate for was, now, _ in known for rate in (was, now)), default=0.0))
    height, left, right = 222, 46, WIDTH - 118
    low, high = height - 30, 30

    def y_of(rate: float) -> float:
        return low - (low - high) * rate / top

    parts = [
        *(
            make_text(left - 8, y_of(tick) + 4, _tick_percent(tick), class_="tick", text_anchor="end")
            for tick in _ticks(0, top)
        ),
        *(_line(left, y_of(tick), right, y_of(tick), class_="grid") for tick in _ticks(0, top)),
        make_text(left, 14, label(summary.baseline), class_="name c-original", text_anchor="start"),
        make_text(
            right,
            14,
            label(row.condition),
            class_=f"name {palette(_names(summary, row.reader))[row.condition]}",
            text_anchor="middle",
        ),
    ]
    for was, now, name in sorted(known, key=lambda pair: pair[1] - pair[0]):
        kind = "better" if now < was else "worse" if now > was else "same"
        title = element("title", f"{name}: {percent(was)} → {percent(now)}")
        line = _line(left, y_of(was), right, y_of(now), class_=f"slope {kind}")
        ends = [
            element("circle", cx=x, cy=trim(y_of(rate)), r=3, class_=f"end {kind}")
            for x, rate in ((left, was), (right, now))
        ]
        parts.append(element("g", title, line, *ends))
    parts.extend(_slope_labels(known, right, y_of, low))
    return make_svg(
        parts,
        height,
        f"Character error rate of each image, {label(summary.baseline)} to {label(row.condition)}",
    )


def draw_differences(summary: Summary, reader: Reader) -> Markup:
    """Draw one row a condition: its change of corpus CER in points, with its interval; left is better."""
    rows = [row for row in _rows(summary, reader) if row.difference is not None]
    colors = palette(_names(summary, reader))
    reach = [0.0]
    for row in rows:
        interval = row.difference.interval if row.difference else None
        reach += [_finite(row.difference.cer)] if row.difference else []
        reach += [interval.low, interval.high] if interval else []
    top = max(round_up(max(map(abs, reach))), 0.005)
    low, high = (-top if min(reach) < 0 else -top / 4), (top if max(reach) > top / 4 else top / 4)
    scale = _scale(low, high)
    height = 10 + _ROW * len(rows) + 26
    parts = [
        *_axis(
            scale,
            [tick for tick in (-top, -top / 2, 0.0, top / 2, top) if low <= tick <= high],
            height,
            percent_of=_whole_points,
        ),
        _line(scale(0.0), 6, scale(0.0), height - 22, class_="zero"),
    ]
    for index, row in enumerate(rows):
        difference = row.difference
        if difference is None or not math.isfinite(difference.cer):
            continue
        y = 10 + _ROW * index
        color = colors[row.condition]
        interval = difference.interval
        said = points(difference.cer)
        if interval is not None:
            said += f" ({points(interval.low)} to {points(interval.high)})"
            parts.append(
                element(
                    "rect", x=trim(scale(interval.low)), y=y + 22, height=10, rx=2, class_=f"band {color}",
                    width=trim(max(1.0, scale(interval.high) - scale(interval.low))),
                )
            )  # fmt: skip
        parts.append(make_text(_LEFT, y + 11, label(row.condition), class_=f"name {color}"))
        parts.append(make_text(WIDTH - _RIGHT, y + 11, said, class_="value", text_anchor="end"))
        x = scale(difference.cer)
        parts.append(_line(x, y + 17, x, y + 37, class_=f"mark {color}"))
    return make_svg(parts, height, f"Change of the character error rate against {label(summary.baseline)}")


def _slope_labels(
    known: Sequence[tuple[float, float, str]], x: float, y_of: Scale, lowest: float
) -> list[Markup]:
    """Name the images that got worse, and the highest of the others, as far as there is room."""
    worse = sorted((pair for pair in known if pair[1] > pair[0]), key=lambda pair: -(pair[1] - pair[0]))
    others = sorted((pair for pair in known if pair[1] <= pair[0]), key=lambda pair: -pair[1])
    taken: list[float] = []
    labels = []
    for was, now, name in [*worse, *others]:
        y = y_of(now)
        if len(taken) < 7 and all(abs(y - other) >= 13 for other in taken) and y <= lowest + 1:
            taken.append(y)
            sign = "✗ " if now > was else ""
            short = name if len(name) <= 16 else f"{name[:15]}…"
            labels.append(make_text(x + 8, y + 4, f"{sign}{short}", class_="tick"))
    return labels


def _rows(summary: Summary, reader: Reader) -> list[ConditionSummary]:
    return [row for row in summary.conditions if row.reader == reader]


def _names(summary: Summary, reader: Reader) -> list[str]:
    return [row.condition for row in _rows(summary, reader)]


def _trials_of(trials: Sequence[Trial], condition: str, reader: Reader) -> list[Trial]:
    chosen = {
        pair_key(trial): trial
        for trial in trials
        if trial.condition == condition and reader_of(trial) == reader and trial.error is None
    }
    return list(chosen.values())


def _finite(rate: float) -> float:
    """Draw an infinite rate (an empty page on which something was read) at 100 %."""
    return rate if math.isfinite(rate) else 1.0


def round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 6, 8, 10, 20, … percent, at least 1 %."""
    for power in (0.01, 0.1, 1.0, 10.0, 100.0):
        for step in (1, 2, 4, 6, 8):
            if value <= power * step * 1.0001:
                return power * step
    return value


def _tick_percent(rate: float) -> str:
    return f"{100 * rate:g} %"


def _whole_points(change: float) -> str:
    return points(change).removesuffix(".0")


def _ticks(low: float, high: float) -> list[float]:
    return [low, (low + high) / 2, high]


def _scale(low: float, high: float) -> Scale:
    left, right = _LEFT + 6.0, WIDTH - _RIGHT - 6.0
    return lambda value: left + (right - left) * (value - low) / (high - low)


def _axis(
    scale: Scale, ticks: Sequence[float], height: float, *, percent_of: Callable[[float], str]
) -> list[Markup]:
    parts = []
    for tick in ticks:
        anchor = "start" if scale(tick) < 24 else "end" if scale(tick) > WIDTH - 32 else "middle"
        parts.append(_line(scale(tick), 6, scale(tick), height - 22, class_="grid"))
        parts.append(make_text(scale(tick), height - 8, percent_of(tick), class_="tick", text_anchor=anchor))
    return parts


def make_svg(parts: Sequence[Markup], height: float, title: str, *, width: float = WIDTH) -> Markup:
    """Return the figure of these parts, as wide as its column."""
    return element(
        "svg", element("title", title), *parts,
        class_="figure", viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=title,
    )  # fmt: skip


def _line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Markup:
    return element("line", x1=trim(x1), y1=trim(y1), x2=trim(x2), y2=trim(y2), **attributes)


def make_text(x: float, y: float, text: str, **attributes: object) -> Markup:
    """Return a text that begins (or has its middle or end) at a point."""
    return element("text", text, x=trim(x), y=trim(y), **attributes)


def trim(value: float) -> str:
    """Write a coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
