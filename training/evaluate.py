"""Judge enlargements by what recognizers make of them.

`python -m training.evaluate --engine tesseract --receipts FOLDER --results FILE [--weights FILE]` and, for
synthetic pages, `--pages C` in place of `--receipts`. Readings are kept in `--results`, so a later call
with other methods adds to them; the table shows all that is there. CER leaves spaces out, folds case and
is micro: edits of all cases over characters of all cases, each case's edits at most its length.
"""

import argparse
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from training.cases import Case, degraded_pages, folder_cases, receipts
from training.enlargement import Enlarger
from training.judges import JUDGES, Judge

METHODS = (
    "original",
    "bicubic x2",
    "bicubic x3",
    "bicubic x4",
    "lanczos x4",
    "ours x2",
    "ours x3",
    "ours x4",
    "ours x4 @0.3",
    "ours x4 @0.5",
    "ours x4 @0.7",
)
SAME = str.maketrans("‘’“”„–—−", '\'\'"""---')
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Reading:
    """One case under one condition, as counts."""

    engine: str
    group: str
    case: str
    method: str
    edits: int
    length: int


def normalized(text: str) -> str:
    """Fold case, compose accents, unify quotes and dashes, drop spaces."""
    return "".join(unicodedata.normalize("NFC", text).translate(SAME).casefold().split())


def read_case(judge: Judge, enlarger: Enlarger, case: Case, method: str) -> tuple[int, int]:
    """Return edits, at most the length, and the length of the ground truth."""
    truth = normalized(case.ground_truth)
    recognized = normalized(judge(enlarger(method, case.image)))
    return min(len(truth), Levenshtein.distance(truth, recognized)), len(truth)


def rate(readings: Iterable[Reading]) -> float:
    """Return the micro CER."""
    rows = list(readings)
    return sum(row.edits for row in rows) / max(1, sum(row.length for row in rows))


def interval_of_difference(ours: list[Reading], other: list[Reading]) -> tuple[float, float]:
    """Return the paired bootstrap's 95 % interval of ours minus other, over cases."""
    by_case = {row.case: row for row in other}
    pairs = [(row, by_case[row.case]) for row in ours if row.case in by_case]
    edits = np.array([(a.edits, b.edits) for a, b in pairs], dtype=float)
    lengths = np.array([a.length for a, _ in pairs], dtype=float)
    chance = np.random.default_rng(0)
    drawn = chance.integers(len(pairs), size=(RESAMPLES, len(pairs)))
    differences = (edits[drawn, 0] - edits[drawn, 1]).sum(1) / lengths[drawn].sum(1)
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(low), float(high)


def table(readings: list[Reading]) -> str:
    """Write a Markdown table a group: methods by CER, with the difference to the best that is not ours."""
    lines = []
    for engine, group in dict.fromkeys((row.engine, row.group) for row in readings):
        here = [row for row in readings if (row.engine, row.group) == (engine, group)]
        methods = list(dict.fromkeys(row.method for row in here))
        rows = {method: [row for row in here if row.method == method] for method in methods}
        plain = {method: rate(rows[method]) for method in methods if not method.startswith("ours")}
        plain = plain or {methods[0]: 0.0}
        best = min(plain, key=plain.__getitem__)
        cases = len(rows[best])
        lines += [
            f"\n**{engine}, {group}** ({cases} cases; best baseline: {best})\n",
            "| method | CER | against it |",
            "|---|---|---|",
        ]
        for method in methods:
            low, high = interval_of_difference(rows[method], rows[best])
            lines.append(f"| {method} | {rate(rows[method]):.3f} | {low:+.3f} … {high:+.3f} |")
    return "\n".join(lines)


def groups_of(wanted: argparse.Namespace) -> Iterable[tuple[str, Iterable[Case]]]:
    """Name each group of cases that the command line asks for."""
    if wanted.set:
        yield f"pages of {wanted.set.name}", islice(folder_cases(wanted.set), wanted.count)
    for size in wanted.sizes:
        if wanted.receipts:
            yield f"receipt lines {size} px", receipts(wanted.receipts, size, wanted.count)
        if wanted.pages:
            yield (
                f"pages level {wanted.pages}, x-height {size} px",
                degraded_pages(size, wanted.pages, wanted.count),
            )


def load(path: Path) -> list[Reading]:
    """Read earlier results, none if there are none."""
    return (
        [Reading(**json.loads(row)) for row in path.read_text("utf-8").splitlines()] if path.exists() else []
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=sorted(JUDGES), required=True)
    parser.add_argument("--receipts", type=Path, help="folder of NNN.jpg with NNN.csv boxes")
    parser.add_argument("--pages", choices="ABCD", help="synthetic pages of this level of degradation")
    parser.add_argument("--set", type=Path, help="folder of NAME.png with NAME.gt.txt")
    parser.add_argument("--sizes", type=int, nargs="*", default=(), help="box heights or x-heights, pixels")
    parser.add_argument("--count", type=int, default=200, help="cases a size")
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--results", type=Path, required=True, help="JSON lines; added to, never overwritten")
    wanted = parser.parse_args()
    enlarger = Enlarger(wanted.weights)
    judge = JUDGES[wanted.engine]("line" if wanted.receipts else "page")
    readings = load(wanted.results)
    known = {(row.engine, row.group, row.case, row.method) for row in readings}
    with wanted.results.open("a", encoding="utf-8", buffering=1) as out:
        for group, cases in groups_of(wanted):
            for case in cases:
                for method in wanted.methods:
                    if (wanted.engine, group, case.name, method) in known:
                        continue
                    reading = Reading(
                        wanted.engine, group, case.name, method, *read_case(judge, enlarger, case, method)
                    )
                    readings.append(reading)
                    out.write(json.dumps(asdict(reading)) + "\n")
    print(table([row for row in readings if row.engine == wanted.engine]))


if __name__ == "__main__":
    main()
