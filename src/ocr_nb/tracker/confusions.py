"""Which misreadings a condition fixes and which it brings: “rn→m fixed 41 times, broken 3”.

In: the truth and two readings of it. Out: a table of confusions, a confusion being a stretch of the truth
and what was read in its place. Longer stretches are lost text, no confusion, and are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from ..alignment import SpanKind, align, graphemes

LONGEST = 3
"""Graphemes on either side; “rn→m” has two, a fourth is seldom a likeness of shapes."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """One misreading at one place of the truth."""

    start: int
    """Position in the normalized truth, in graphemes."""
    end: int
    truth: str
    """Empty when something was read where nothing stands."""
    read: str
    """Empty when nothing was read."""


def find_confusions(truth: str, read: str, normalization: str = "standard") -> list[Confusion]:
    """Return every misread stretch in order; what touches is one stretch (“rn” read as “m”)."""
    found: list[Confusion] = []
    for span in align(truth, read, normalization):
        if span.kind is SpanKind.EQUAL:
            continue
        end = span.truth_start + (len(graphemes(span.truth)) if span.truth else 0)
        if found and found[-1].end == span.truth_start:
            last = found.pop()
            found.append(Confusion(last.start, end, last.truth + span.truth, last.read + span.read))
        else:
            found.append(Confusion(span.truth_start, end, span.truth, span.read))
    return found


def count_confusions(readings: Iterable[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Count confusions over (truth, before, after, normalization) of many images.

    Returns:
        One row a confusion, most often fixed net of broken first: `truth`, `read`, `before` and `after` (how
        often it occurs), `fixed` (occurred, and the place is right now), `broken` (the place was right),
        `net`, and `words`. Where one misreading became another, neither is fixed nor broken.
    """
    before: Counter[tuple[str, str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    fixed: Counter[tuple[str, str]] = Counter()
    broken: Counter[tuple[str, str]] = Counter()
    for truth, first, second, normalization in readings:
        was, now = (find_confusions(truth, read, normalization) for read in (first, second))
        before.update(_short(was))
        after.update(_short(now))
        fixed.update(_short(_where_right(was, now)))
        broken.update(_short(_where_right(now, was)))
    pairs = sorted(
        before.keys() | after.keys(),
        key=lambda pair: (broken[pair] - fixed[pair], -before[pair] - after[pair], pair),
    )
    return pd.DataFrame(
        {
            "truth": pd.array([truth for truth, _ in pairs], dtype="string"),
            "read": pd.array([read for _, read in pairs], dtype="string"),
            "before": [before[pair] for pair in pairs],
            "after": [after[pair] for pair in pairs],
            "fixed": [fixed[pair] for pair in pairs],
            "broken": [broken[pair] for pair in pairs],
            "net": [fixed[pair] - broken[pair] for pair in pairs],
            "words": pd.array([_in_words(pair, fixed[pair], broken[pair]) for pair in pairs], dtype="string"),
        }
    )


def write_confusion(truth: str, read: str) -> str:
    """Write “rn→m”; a space shows as “␣”, a line break as “⏎”, nothing as “∅”."""
    shown = (side.replace(" ", "␣").replace("\n", "⏎") or "∅" for side in (truth, read))
    return "→".join(shown)


def _in_words(pair: tuple[str, str], fixed: int, broken: int) -> str:
    times = f"{fixed} time{'' if fixed == 1 else 's'}"
    return f"{write_confusion(*pair)} fixed {times}, broken {broken}"


def _short(confusions: Iterable[Confusion]) -> list[tuple[str, str]]:
    return [
        (one.truth, one.read)
        for one in confusions
        if len(graphemes(one.truth)) <= LONGEST and len(graphemes(one.read)) <= LONGEST
    ]


def _where_right(confusions: Iterable[Confusion], others: Iterable[Confusion]) -> list[Confusion]:
    """Return the confusions at places where the other reading has none."""
    wrong = {place for other in others for place in _places(other)}
    return [one for one in confusions if wrong.isdisjoint(_places(one))]


def _places(confusion: Confusion) -> range:
    """Return the places a confusion takes: graphemes have even numbers, the gap before each an odd one."""
    if confusion.start == confusion.end:
        return range(2 * confusion.start - 1, 2 * confusion.start)
    return range(2 * confusion.start, 2 * confusion.end - 1)
