"""What `TrackerBoard` shows of a pair of trials, as plain values for the browser.

In: the rows of `pair_trials`. Out: short lists of JSON values, thumbnails as PNG, a static table for those
who see the notebook without a kernel. Changes nothing.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

from ..errors import OcrNbError
from ..filters import resize
from ..images import Picture, encode_png, on_white
from ..summary import reader_of
from ..tracker import AccuracyTracker
from ..tracker.pairs import Pairs
from ..trial import Trial
from ..verdict import label, percent, points

FIELDS = (
    "image", "variant", "group", "condition", "reader", "outcome", "cer_before", "cer_after", "change",
    "x_height_px", "error",
)  # fmt: skip
"""Of each row, in this order; the browser knows them by place."""
STATIC_ROWS = 20
"""How many rows the saved notebook's table has."""
THUMBNAIL = (112, 80)
"""Width and height that a thumbnail fits in: twice what is shown, for dense screens."""

_SIGNS = {"hurt": "✗ hurt", "helped": "✓ helped"}


class Selection:
    """One row of the board: a trial and the baseline's trial of the same image."""

    def __init__(self, row: Mapping[str, Any], before: Trial | None, after: Trial | None) -> None:
        """Hold the row as `frame` has it, and both trials with their texts; None for one that is missing."""
        self.row, self.before, self.after = dict(row), before, after

    def __repr__(self) -> str:
        return f"Selection({self.row['image']!r}, {self.row['condition']!r}, {self.row['outcome']!r})"


def find_trials(tracker: AccuracyTracker, key: str, baseline: str) -> tuple[Trial | None, Trial | None]:
    """Read the trials of a row with their texts: the baseline's, and the row's own unless it is the same."""
    pair, condition, reader = key.split("\t")
    trials = [one for one in tracker.store.find_pair(pair) if str(reader_of(one)) == reader]
    found = {one.condition: one for one in reversed(trials)}
    return found.get(baseline), None if condition == baseline else found.get(condition)


def judge_board(tracker: AccuracyTracker, baseline: str, condition: str, reader: str) -> str:
    """Return the answer for `condition`, a line for each reader shown (empty: all)."""
    if not len(tracker):
        return "No trials yet. tracker.add(trial) puts one here."
    if not condition or condition == baseline:
        return f"There is only the baseline, {baseline}, so far: nothing to compare with."
    said = []
    readers = [one for one in tracker.readers if reader in ("", str(one))]
    for one in readers:
        try:
            answer = " ".join(tracker.compare(baseline, condition, reader=one).sentences)
        except OcrNbError as error:  # what is missing for an answer is the answer
            answer = str(error)
        said.append(f"With {one}: {answer}" if len(readers) > 1 else answer)
    return "\n".join(said)


def describe_rows(pairs: Pairs) -> dict[str, list[Any]]:
    """Return each row's values by its key."""
    columns = [pairs[name].astype(object).where(pairs[name].notna(), None).tolist() for name in FIELDS]
    return {
        key: [_plain(value) for value in values]
        for key, *values in zip(pairs["key"].tolist(), *columns, strict=True)
    }


def _plain(value: Any) -> Any:
    """Return what JSON has: infinity as a word, rates without their last, idle digits."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return round(value, 5) if math.isfinite(value) else "∞" if value > 0 else "−∞"
    return value


def draw_thumbnail(picture: Picture) -> bytes | None:
    """Return a PNG that fits in `THUMBNAIL`; None for a strip that would be thinner than a pixel."""
    scale = min(1.0, THUMBNAIL[0] / picture.width, THUMBNAIL[1] / picture.height)
    try:
        return encode_png(on_white(resize(picture, scale).picture if scale < 1.0 else picture))
    except OcrNbError:
        return None


def write_table(pairs: Pairs, verdict: str) -> str:
    """Return the verdict and the first rows as plain HTML, which GitHub and nbconvert show as it is."""
    shown = pairs.head(STATIC_ROWS)
    heads = ("image", "condition", "x-height", "CER before", "CER after", "points", "outcome")
    rows = "".join(_row(dict(zip(FIELDS, values, strict=True))) for values in describe_rows(shown).values())
    head = "".join(f"<th>{name}</th>" for name in heads)
    said = "".join(f"<p><b>{html.escape(line)}</b></p>" for line in verdict.splitlines())
    more = len(pairs) - len(shown)
    rest = f"<p>and {more:,} more rows</p>" if more else ""
    return f"<div>{said}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}</div>"


def _row(row: dict[str, Any]) -> str:
    name = f"{row['image']} ({row['variant']})" if row["variant"] else str(row["image"])
    x_height = "—" if row["x_height_px"] is None else f"{row['x_height_px']:.1f} px"
    before, after, change = (_number(row[name]) for name in ("cer_before", "cer_after", "change"))
    outcome = str(row["outcome"])
    cells = [
        label(str(row["condition"])), x_height, percent(before), percent(after), points(change),
        _SIGNS.get(outcome, outcome),
    ]  # fmt: skip
    return (
        f"<tr><th>{html.escape(name)}</th>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
    )


def _number(value: Any) -> float | None:
    """Undo what `_plain` does to infinity."""
    return {"∞": math.inf, "−∞": -math.inf}[value] if isinstance(value, str) else value
