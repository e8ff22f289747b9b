"""Tables of readings in Markdown: rates by condition and cell, and differences with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ocr_nb.statistics import bootstrap_ratio

from .conditions import BASELINES, BOUND, CONDITIONS
from .reading import Reading

NEEDS_NO_HELP = "no help needed"


def tables(readings: Sequence[Reading]) -> Iterator[str]:
    """Yield everything, set by set and engine by engine."""
    for name in dict.fromkeys(row.set for row in readings):
        for engine in dict.fromkeys(row.engine for row in readings if row.set == name):
            here = common([row for row in readings if (row.set, row.engine) == (name, engine)])
            yield f"\n**{name}, {engine}**\n"
            yield from rates(here)
            if name != NEEDS_NO_HELP:
                yield f"\nDifference to the best baseline of each cell, 95 % interval ({name}, {engine}):\n"
                yield from differences(here, against=None)
            yield f"\nDifference to the original ({name}, {engine}):\n"
            yield from differences(here, against="original")
            if any(row.lines for row in here):
                yield f"\nLines found, boxes over several lines, lines in several boxes ({name}, {engine}):\n"
                yield from line_counts(here)


def common(rows: Sequence[Reading]) -> list[Reading]:
    """Return the rows of each cell's cases that every condition of it has read, so that rates compare.

    A condition that read under half as many cases as the most diligent one is left out of that cell.
    """
    kept: list[Reading] = []
    for cell in dict.fromkeys(row.cell for row in rows):
        here = {name: select(rows, cell, name) for name in present(rows)}
        most = max(len(found) for found in here.values())
        here = {name: found for name, found in here.items() if 2 * len(found) >= most}
        shared = set.intersection(*({row.case for row in found} for found in here.values()))
        kept += [row for found in here.values() for row in found if row.case in shared]
    return kept


def rates(rows: Sequence[Reading]) -> Iterator[str]:
    """Yield CER (and the F1 of words on pages) of each condition in each cell."""
    cells = list(dict.fromkeys(row.cell for row in rows))
    yield "| CER / F1 of words | " + " | ".join(f"{cell} ({count(rows, cell)})" for cell in cells) + " |"
    yield "|---|" + "---|" * len(cells)
    for condition in present(rows):
        yield (
            f"| {condition} | " + " | ".join(rate_of(select(rows, cell, condition)) for cell in cells) + " |"
        )


def differences(rows: Sequence[Reading], against: str | None) -> Iterator[str]:
    """Yield CER less that of `against`, or of the best baseline, for what is not a baseline."""
    cells = list(dict.fromkeys(row.cell for row in rows if row.length))
    best = {cell: name for cell in cells if (name := best_baseline(rows, cell))}
    cells = cells if against else list(best)
    yield "| CER less | " + " | ".join(cells) + " |"
    yield "|---|" + "---|" * len(cells)
    if against is None:
        yield (
            "| best baseline | "
            + " | ".join(f"{best[cell]}: {cer(select(rows, cell, best[cell])):.3f}" for cell in cells)
            + " |"
        )
    for condition in present(rows):
        if condition in BASELINES or condition == BOUND:
            continue
        found = [
            interval(select(rows, cell, condition), select(rows, cell, against or best[cell]))
            for cell in cells
        ]
        yield f"| {condition} | " + " | ".join(found) + " |"


def line_counts(rows: Sequence[Reading]) -> Iterator[str]:
    """Yield how detection fared, of all lines of a cell."""
    cells = list(dict.fromkeys(row.cell for row in rows))
    yield "| found / merged / split of lines | " + " | ".join(cells) + " |"
    yield "|---|" + "---|" * len(cells)
    for condition in present(rows):
        texts = []
        for cell in cells:
            here = select(rows, cell, condition)
            found, merged, split, lines = (
                sum(getattr(row, name) for row in here) for name in ("found", "merged", "split", "lines")
            )
            texts.append(f"{found} / {merged} / {split} of {lines}" if here else "")
        yield f"| {condition} | " + " | ".join(texts) + " |"


def present(rows: Sequence[Reading]) -> list[str]:
    """Return the conditions that were read, in the order of `CONDITIONS`."""
    names = {row.condition for row in rows}
    return [name for name in CONDITIONS if name in names]


def select(rows: Sequence[Reading], cell: str, condition: str) -> list[Reading]:
    return [row for row in rows if (row.cell, row.condition) == (cell, condition)]


def count(rows: Sequence[Reading], cell: str) -> int:
    return len({row.case for row in rows if row.cell == cell})


def cer(rows: Sequence[Reading]) -> float:
    """Return the micro CER: sum of edits over sum of lengths."""
    return sum(row.edits for row in rows) / max(1, sum(row.length for row in rows))


def rate_of(rows: Sequence[Reading]) -> str:
    """Write one cell; without a truth, the characters read where none stand."""
    if not rows:
        return ""
    if not any(row.length for row in rows):
        return f"{sum(row.edits for row in rows)} characters"
    return f"{cer(rows):.3f} / {np.mean([row.word_f1 for row in rows]):.2f}"


def best_baseline(rows: Sequence[Reading], cell: str) -> str:
    """Return the baseline of lowest CER, empty without any; choosing it by the same data favors it."""
    names = [name for name in present(rows) if name in BASELINES and select(rows, cell, name)]
    return min(names, key=lambda name: cer(select(rows, cell, name)), default="")


def interval(ours: Sequence[Reading], other: Sequence[Reading]) -> str:
    """Write the paired difference of CER with its interval over documents."""
    by_case = {row.case: row for row in other}
    pairs = [(row, by_case[row.case]) for row in ours if row.case in by_case]
    documents: dict[str, list[float]] = {}
    for one, two in pairs:
        sums = documents.setdefault(one.document, [0.0, 0.0])
        sums[0] += one.edits - two.edits
        sums[1] += one.length
    if not documents:
        return ""
    numerators, denominators = zip(*documents.values(), strict=True)
    estimate = sum(numerators) / max(1.0, sum(denominators))
    found = bootstrap_ratio(numerators, denominators)
    return f"{estimate:+.3f}" + (f" ({found.low:+.3f} … {found.high:+.3f})" if found else "")
