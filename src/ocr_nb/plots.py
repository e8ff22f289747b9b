"""Draw a tracker's numbers: by x-height, image by image, differences, confusions, cost against gain.

In: an `AccuracyTracker` or what it returns, and the Axes to draw on (None makes new ones). Out: those Axes.
Colors are the report's, told apart by the color-blind and, with marks and labels beside them, in gray print.
The only room of matplotlib, which is imported when something is drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import SettingsError
from .label_places import place_names, spread_apart
from .report.figures import palette
from .summary import Reader
from .tracker import AccuracyTracker, PairedComparison
from .tracker.confusions import write_confusion
from .tracker.tables import X_HEIGHT_EDGES
from .verdict import doing, label, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _QUIET = "ink", "quiet"
_MARKS = "osD^vPX*"
_DASHES = ("-", "--", "-.", ":", (0, (8, 2, 1, 2, 1, 2)))
_MOST_NAMES = 6
_SLOPE_NAMES = 24
"""Letters of an image's name that are shown beside its line."""


def draw_by_x_height(
    tracker: AccuracyTracker, *, reader: Reader | str | None = None,
    edges: Sequence[float] = X_HEIGHT_EDGES, conditions: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw the CER of each condition against the x-height of the image as given, with 95 % bands.

    A band needs five documents in a bin; a point without one stands for fewer. Of more than `_MOST_BANDS`
    conditions only lines are drawn: choose some by `conditions`.

    Raises:
        SettingsError: no trial has a truth and an x-height, or there are several readers and none is chosen.
    """
    table = _of_reader(tracker.by_x_height(edges), tracker, reader)
    if not len(table):
        raise SettingsError("No trial has both a ground truth and an x-height: there is nothing to draw.")
    axes = _axes(ax)
    _draw_lines(axes, _lines_of(table, _known(table) if conditions is None else conditions))
    _title(axes, "Error rate by size of the text", "x-height of the image as given, px", "CER")
    return axes


def draw_by_variant(
    tracker: AccuracyTracker, variants: Sequence[str], *, reader: Reader | str | None = None,
    conditions: Sequence[str] | None = None, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw the CER of each condition against the kind of image, in the order of `variants`, with bands.

    Raises:
        SettingsError: no trial has such a variant, or there are several readers and none is chosen.
    """
    table = _of_reader(tracker.by("variant"), tracker, reader)
    table = table[table["variant"].isin(list(variants))]
    if not len(table):
        raise SettingsError(f"No trial is of the variants {', '.join(variants)}: there is nothing to draw.")
    places = {name: number for number, name in enumerate(variants)}
    table = table.assign(middle=[float(places[name]) for name in table["variant"]])
    axes = _axes(ax)
    _draw_lines(axes, _lines_of(table, _known(table) if conditions is None else conditions))
    axes.set_xticks(range(len(variants)), list(variants), parse_math=False)
    _title(axes, "Error rate by kind of image", "", "CER")
    return axes


_MOST_BANDS = 5


def _known(table: Any) -> list[str]:
    """Return the conditions of a table, the baseline first, then in the order of their names."""
    names = dict.fromkeys(map(str, table["condition"]))
    return sorted(names, key=lambda name: (name != "original", name))


def _lines_of(table: Any, conditions: Iterable[str]) -> dict[str, Any]:
    """Return the rows of each condition by place.

    Raises:
        SettingsError: there are none of a condition.
    """
    lines = {name: table[table["condition"] == name].sort_values("middle") for name in conditions}
    for name, rows in lines.items():
        if not len(rows):
            raise SettingsError(
                f"There is nothing to draw of the condition {name!r}: measure it, or leave it."
            )
    return lines


def _draw_lines(axes: Axes, lines: dict[str, Any]) -> None:
    """Draw a line a condition, with its band, and its name at its end in its color."""
    colors = colors_of(lines)
    ends, names, heights = [], [], []
    for number, (name, rows) in enumerate(lines.items()):
        x, y = rows["middle"].to_numpy(), _finite(rows["cer_micro"])
        axes.plot(
            x, y, color=colors[name], marker=_MARKS[number % len(_MARKS)], label=label(name),
            ls=_DASHES[number % len(_DASHES)], lw=1.6, markersize=5,
        )  # fmt: skip
        if len(lines) <= _MOST_BANDS:
            low, high = _finite(rows["cer_low"]), _finite(rows["cer_high"])
            axes.fill_between(x, low, high, color=colors[name], alpha=0.13, lw=0)
        heights.append(y)
        known = np.flatnonzero(np.isfinite(y))
        if len(known):
            ends.append((float(x[known[-1]]), float(y[known[-1]])))
            names.append(name)
    highest = max((float(np.nanmax(y)) for y in heights if np.isfinite(y).any()), default=0.0)
    axes.set_ylim(0, 1.2 * highest or 0.01)  # a band of few documents may reach far beyond all lines
    _percent(axes.yaxis)
    _name_ends(axes, ends, names, colors)


def _name_ends(
    axes: Axes, ends: Sequence[tuple[float, float]], names: Sequence[str], colors: dict[str, str]
) -> None:
    """Write each line's name to the right of all lines, level with its end, as near as there is room."""
    last = max((x for x, _ in ends), default=1.0)
    left, right = axes.get_xlim()
    longest = max((len(label(name)) for name in names), default=0)
    axes.set_xlim(left, last + (right - left) * min(0.55, 0.03 + 0.021 * longest))
    top = axes.get_ylim()[1]
    levels = spread_apart([y for _, y in ends], 0.052 * top)
    lowest = min(levels, default=0.0)
    for name, level in zip(names, levels, strict=True):
        axes.annotate(
            label(name), (last, level + max(0.0, 0.02 * top - lowest)), (8, 0), textcoords="offset points",
            va="center", fontsize="small", color=colors[name], parse_math=False,
        )  # fmt: skip


def draw_slopes(comparison: PairedComparison, *, ax: Axes | None = None) -> Axes:
    """Draw one line an image from its CER before to its CER after; what got worse is dashed and named."""
    axes = _axes(ax)
    pairs = comparison.pairs
    colors = _tones()
    faint = max(0.15, min(0.9, 25 / max(1, len(pairs))))
    for row in pairs.itertuples():
        if not (math.isfinite(row.cer_before) and math.isfinite(row.cer_after)):
            continue
        worse = row.cer_after > row.cer_before
        axes.plot(
            (0, 1), (row.cer_before, row.cer_after), marker="o", markersize=3, lw=1.1,
            color=colors["worse" if worse else "better"] if row.change else colors[_QUIET],
            ls=(0, (4, 2)) if worse else "-", alpha=0.9 if worse else faint,
        )  # fmt: skip
    _name_the_worst(axes, pairs, colors["worse"])
    axes.set_xticks((0, 1), (label(comparison.before), label(comparison.after)))
    axes.set_xlim(-0.15, 1.45)
    axes.set_ylim(bottom=0)
    counts = f"{comparison.helped} better, {comparison.hurt} worse (dashed), {comparison.same} the same"
    _title(axes, f"Each image: {counts}", "", "CER")
    _percent(axes.yaxis)
    return axes


def _name_the_worst(axes: Axes, pairs: Any, color: str) -> None:
    """Name the largest regressions beside their ends, where there is room between the names."""
    top = axes.get_ylim()[1]
    taken: list[float] = []
    for row in pairs[pairs["change"] > 0].itertuples():
        free = all(abs(row.cer_after - other) > 0.05 * top for other in taken)
        if len(taken) < _MOST_NAMES and free and math.isfinite(row.cer_after):
            taken.append(row.cer_after)
            name = str(row.image)
            short = name if len(name) <= _SLOPE_NAMES else f"{name[: _SLOPE_NAMES - 1]}…"
            axes.annotate(
                short, (1, row.cer_after), (6, 0), textcoords="offset points",
                va="center", fontsize="small", color=color, parse_math=False,
            )  # fmt: skip


def draw_differences(comparison: PairedComparison, *, ax: Axes | None = None) -> Axes:
    """Draw how the change of the CER is spread over the images, and the micro change with its interval."""
    from matplotlib.ticker import MaxNLocator

    axes = _axes(ax)
    colors = _tones()
    pairs = comparison.pairs
    change = _finite(pairs["cer_after"] - pairs["cer_before"])
    change = change[np.isfinite(change)]
    reach = max(0.01, float(np.abs(change).max(initial=0.0)))
    # An odd number of bins, so that “no change” has one of its own, in the middle.
    edges = np.linspace(-reach, reach, 2 * min(20, max(4, int(math.sqrt(len(change))))) + 2)
    heights, _ = np.histogram(change, edges)
    middle = (edges[:-1] + edges[1:]) / 2
    tones = np.where(np.arange(len(middle)) < len(middle) // 2, colors["better"], colors["worse"])
    tones[len(middle) // 2] = colors[_QUIET]
    bars = axes.bar(middle, heights, np.diff(edges) * 0.92, color=tones)
    for bar in bars[len(middle) // 2 + 1 :]:
        bar.set_hatch("///")
        bar.set_edgecolor("white")
    rate = comparison.cer
    _mark_change(axes, rate.change, rate.interval, colors[_INK])
    said = points(rate.change)
    if rate.interval is not None:
        said += f" ({points(rate.interval.low)} to {points(rate.interval.high)})"
    title = f"Change of the CER by {doing(comparison.after)}: {said} points"
    _title(axes, title, "points; left is better", "images")
    axes.xaxis.set_major_formatter(lambda value, _: points(value).removesuffix(".0"))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _mark_change(axes: Axes, change: float, interval: Any, color: str) -> None:
    """Mark the micro change and its interval above the bars."""
    top = axes.get_ylim()[1] * 1.08
    axes.set_ylim(top=top * 1.06)
    if interval is not None:
        axes.plot((interval.low, interval.high), (top, top), color=color, lw=3, solid_capstyle="butt")
    axes.plot([change], [top], marker="d", color=color, ls="none")
    axes.axvline(0, color=color, lw=0.8, zorder=0)


def draw_confusions(confusions: Any, *, most: int = 12, ax: Axes | None = None) -> Axes:
    """Draw what was fixed (to the right) and broken (to the left) of the most changed confusions.

    Args:
        confusions: the table of `AccuracyTracker.confusions`.
        most: how many confusions are shown.
        ax: where to draw.
    """
    axes = _axes(ax)
    colors = _tones()
    changed = confusions[(confusions["fixed"] + confusions["broken"]) > 0]
    order = (changed["fixed"] + changed["broken"]).sort_values(ascending=False, kind="stable").index
    shown = changed.loc[order[:most]].sort_values("net", kind="stable")
    places = np.arange(len(shown))
    axes.barh(places, shown["fixed"], color=colors["better"])
    axes.barh(places, -shown["broken"], color=colors["worse"], hatch="///", edgecolor="white")
    reach = max(1.0, float(shown["fixed"].max() if len(shown) else 0), -axes.get_xlim()[0])
    axes.set_xlim(min(axes.get_xlim()[0], -0.25 * reach), 1.05 * reach)
    names = [write_confusion(row.truth, row.read) for row in shown.itertuples()]
    axes.set_yticks(places, names, parse_math=False)
    axes.axvline(0, color=colors[_INK], lw=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    _title(axes, "Misreadings fixed and broken\n", "times", "")
    for words, side, kind in (("← broken", -1, "worse"), ("fixed →", 1, "better")):
        axes.annotate(
            words, (0, 1), (10 * side, 3), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
            ha="right" if side < 0 else "left", color=colors[kind], fontsize="small",
        )  # fmt: skip
    return axes


def draw_costs(
    tracker: AccuracyTracker, baseline: str = "original", *,
    reader: Reader | str | None = None, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw for each condition the extra seconds an image against the characters corrected an image.

    Raises:
        SettingsError: no condition can be compared with the baseline, or no reader of several is chosen.
    """
    costs = _of_reader(tracker.costs(baseline), tracker, reader)
    if not len(costs):
        raise SettingsError(f"No condition was measured on the same images as {baseline}: nothing to draw.")
    axes = _axes(ax)
    colors = colors_of([baseline, *costs["condition"]])
    points = [(row.extra_seconds / row.images, row.corrected / row.images) for row in costs.itertuples()]
    for number, (name, point) in enumerate(zip(costs["condition"], points, strict=True)):
        axes.plot(*point, ls="none", color=colors[name], marker=_MARKS[number % len(_MARKS)], ms=8)
    axes.axhline(0, color=_tones()[_INK], lw=0.8)
    axes.margins(0.15)
    _name_points(axes, points, list(costs["condition"]), colors)
    _title(
        axes, f"What each condition costs, and corrects, beyond {label(baseline)}",
        "extra seconds an image", "characters corrected an image, net",
    )  # fmt: skip
    return axes


def _name_points(
    axes: Axes, points: Sequence[tuple[float, float]], names: Sequence[str], colors: dict[str, str]
) -> None:
    """Write each name beside its point, none on another; sizes are guessed, in typographic points."""
    axes.figure.canvas.figure.draw_without_rendering()  # until then it is not known where the axes will lie
    scale = 72.0 / axes.figure.dpi
    shown = [tuple(scale * axes.transData.transform(point)) for point in points]
    sizes = [(_LETTER * len(label(name)), _LINE_HEIGHT) for name in names]
    paper = scale * axes.bbox.x0, scale * axes.bbox.x1
    places = place_names(shown, sizes, paper, 12.0)
    for name, point, at, place in zip(names, points, shown, places, strict=True):
        axes.annotate(
            label(name), point, (place[0] - at[0], place[1] - at[1]), textcoords="offset points",
            parse_math=False, color=colors[name], fontsize="small", va="bottom",
        )  # fmt: skip


_LETTER, _LINE_HEIGHT = 5.2, 11.0


def colors_of(conditions: Iterable[str]) -> dict[str, str]:
    """Return the color of each condition, the one it has in the report on light paper."""
    tones = _tones()
    return {name: tones[style.removeprefix("c-")] for name, style in palette(conditions).items()}


@cache
def _tones() -> dict[str, str]:
    """Read the report's colors on light paper: the first value of each variable in its style sheet."""
    styles = (files("ocr_nb") / "static" / "report.css").read_text(encoding="utf-8")
    found = re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-fA-F]{6})\s*;", styles)
    return dict(reversed(found))


def _of_reader(table: Any, tracker: AccuracyTracker, reader: Reader | str | None) -> Any:
    """Return the rows of the reader meant; of the only one when None."""
    chosen = tracker.find_reader(reader)
    same = [
        (row.engine, row.engine_version, row.service) == (chosen.engine, chosen.version, chosen.service)
        for row in table[["engine", "engine_version", "service"]].itertuples()
    ]
    return table[same]


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    made: Axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")[1]
    return made


def _title(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize="medium", parse_math=False)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)


def _percent(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{round(100 * value, 1):g} %")


def _finite(values: Any) -> Any:
    """Return an array in which what is infinite is not drawn."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)
