"""What the report says in detail, beyond each condition's rates: by size, by kind, misreadings, costs, words.

In: a tracker. Out: the report's `Grid`s, as far as the trials have anything to say. Counts nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..report.appendix import Grid
from ..report.charts import Point, draw_by_size, draw_changes
from ..summary import Reader
from ..verdict import label, percent
from .confusions import write_confusion

if TYPE_CHECKING:
    from .accuracy_tracker import AccuracyTracker

MOST_VALUES = 60
"""Rows of a breakdown; documents beyond them are left to `by()`."""
MOST_CONFUSIONS = 12


def make_grids(tracker: AccuracyTracker, baseline: str, chief: dict[Reader, str]) -> list[Grid]:
    """Return the tables, by reader; `chief` is the condition that each reader's headline is about."""
    if not tracker.summary()["with_truth"].any():
        return []
    by_size, by_variant, by_group = tracker.by_x_height(), tracker.by("variant"), tracker.by("group")
    costs, bags = tracker.costs(baseline), tracker.bags_of_words()
    many = len(tracker.readers) > 1
    grids: list[Grid] = []
    for reader in tracker.readers:
        behind = f", {reader}" if many else ""
        sizes = _of(by_size, reader)
        if sizes["x_height_px"].nunique() > 1:
            note = "CER and its 95 % interval over documents, where there are five; in brackets, images."
            grids.append(
                _breakdown(f"By size of the text{behind}", note, sizes, "x_height_px", _drawn(sizes))
            )
        for table, column, title in (
            (by_variant, "variant", "By kind of image"), (by_group, "group", "By document"),
        ):  # fmt: skip
            rows = _of(table, reader)
            if 1 < rows[column].nunique() <= MOST_VALUES and (rows["images"] > 1).any():
                note = "CER; in brackets, images." if column == "group" else _INTERVALS
                grids.append(_breakdown(title + behind, note, rows, column))
        if reader in chief:
            grids.extend(_confusions(tracker, baseline, chief[reader], reader, behind))
        grids.extend(_costs(_of(costs, reader), baseline, behind))
        grids.extend(_bags(_of(bags, reader), behind))
    grids.extend(_proxies(tracker, baseline))
    return grids


_INTERVALS = "CER with its 95 % interval over documents, where there are five; in brackets, images."


def _of(table: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    chosen = pd.Series(True, index=table.index)
    values = {"engine": reader.engine, "engine_version": reader.version, "service": reader.service}
    for name, value in values.items():
        chosen &= table[name].isna() if value is None else (table[name] == value).fillna(False)
    return table[chosen]


def _breakdown(title: str, note: str, rows: pd.DataFrame, column: str, figure: Any = None) -> Grid:
    """Return a table of one row a value of `column` and one column a condition."""
    conditions = list(dict.fromkeys(map(str, rows["condition"])))
    cells = {(str(row[column]), str(row["condition"])): _rate(row) for row in rows.to_dict("records")}
    values = list(dict.fromkeys(str(value) for value in _in_order(rows[column])))
    return Grid(
        title, note, (_HEADS[column], *map(label, conditions)),
        tuple((value, *(cells.get((value, name), "—") for name in conditions)) for value in values),
        figure,
    )  # fmt: skip


_HEADS = {"x_height_px": "x-height, px", "variant": "Kind", "group": "Document"}


def _in_order(values: pd.Series[Any]) -> Iterable[Any]:
    """Return bins by size, and names in which numbers count as such: “8 px” before “10 px”."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return list(values.sort_values())
    return sorted(values, key=_natural)


def _natural(value: Any) -> tuple[float, str]:
    first = str(value).partition(" ")[0]
    try:
        return float(first), str(value)
    except ValueError:
        return math.inf, str(value)


def _rate(row: dict[Any, Any]) -> str:
    low, high = row["cer_low"], row["cer_high"]
    between = "" if math.isnan(low) else f" ({percent(low, 1).removesuffix(' %')}–{percent(high, 1)})"
    return f"{percent(row['cer_micro'])}{between} [{row['images']}]"


def _drawn(rows: pd.DataFrame) -> Any:
    series: dict[str, list[Point]] = {}
    for row in rows.sort_values("middle").to_dict("records"):
        series.setdefault(str(row["condition"]), []).append(
            Point(row["middle"], row["cer_micro"], row["cer_low"], row["cer_high"])
        )
    return draw_by_size({name: series[name] for name in dict.fromkeys(map(str, rows["condition"]))})


def _confusions(
    tracker: AccuracyTracker, before: str, after: str, reader: Reader, behind: str
) -> Iterator[Grid]:
    table = tracker.confusions(before, after, reader=reader)
    changed = table[(table["fixed"] + table["broken"]) > 0]
    if not len(changed):
        return
    order = (changed["fixed"] + changed["broken"]).sort_values(ascending=False, kind="stable").index
    top = changed.loc[order[:MOST_CONFUSIONS]].sort_values("net", ascending=False, kind="stable")
    rows = [(write_confusion(row.truth, row.read), row) for row in top.itertuples()]
    more = len(changed) - len(top)
    beyond = f" {more} more have changed." if more > 0 else ""
    yield Grid(
        f"Misreadings fixed and broken by {label(after)}{behind}",
        f"Truth → read; ␣ is a space, ∅ nothing. Those that changed most often.{beyond}",
        ("Misreading", f"Times, {label(before)}", f"Times, {label(after)}", "Fixed", "Broken", "Net"),
        tuple((name, *map(str, (r.before, r.after, r.fixed, r.broken, r.net))) for name, r in rows),
        draw_changes([(name, int(row.fixed), int(row.broken)) for name, row in rows]),
    )


def _costs(rows: pd.DataFrame, baseline: str, behind: str) -> Iterator[Grid]:
    if len(rows):
        yield Grid(
            f"What it costs{behind}",
            f"Beyond {label(baseline)}, over the images that both have read. “Corrected” is net of what was "
            "broken; nothing corrected has no price.",
            ("Condition", "Images", "Characters corrected", "Seconds more", "Calls more",
             "Seconds a character", "Calls a character"),
            tuple(
                (
                    label(str(row["condition"])), str(row["images"]), str(row["corrected"]),
                    _number(row["extra_seconds"], 1), str(row["extra_calls"]),
                    _number(row["seconds_per_corrected"], 3), _number(row["calls_per_corrected"], 3),
                )
                for row in rows.to_dict("records")
            ),
        )  # fmt: skip


def _number(value: float, digits: int) -> str:
    return "—" if math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _bags(rows: pd.DataFrame, behind: str) -> Iterator[Grid]:
    if len(rows):
        yield Grid(
            f"Words found wherever they stand{behind}",
            "These rates forgive reading order, and so hide its faults: read them beside the WER, not "
            "instead.",
            ("Condition", "Images", "Precision", "Recall", "F1"),
            tuple(
                (label(str(row["condition"])), str(row["images"]),
                 *(percent(row[f"bag_{name}"]) for name in ("precision", "recall", "f1")))
                for row in rows.to_dict("records")
            ),
        )  # fmt: skip


def _proxies(tracker: AccuracyTracker, baseline: str) -> Iterator[Grid]:
    table = tracker.proxy_correlations(baseline)
    known = table[table["spearman"].notna()]
    if len(known):
        yield Grid(
            "What one could know without ground truth",
            "Rank correlation (Spearman) of each proxy with the CER on these trials: −1 would order readings "
            "as the CER does, 0 says nothing.",
            ("Proxy", "Trials", "ρ"),
            tuple(
                (str(row["proxy"]).removesuffix("_proxy"), str(row["trials"]), _signed(row["spearman"]))
                for row in known.to_dict("records")
            ),
        )  # fmt: skip
