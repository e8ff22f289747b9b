"""What Tesseract reads of the same pixels, told one resolution or another.

    python -m benchmarks.resolution [--receipts FOLDER] [--limit 10]

Told 300 dpi of everything; told once what follows from the x-height; and as the engine does, which reads
again where much ink lies in no word. Drawn forms, damaged pages, and strips of receipts
(`benchmarks.receipts`), as they are and enlarged. CER without spaces and case; `--limit` is the number of
pages of a cell.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
from benchmarks.baseline import load_receipts
from benchmarks.receipts import ROWS, strip_of
from benchmarks.upsampling import cases
from benchmarks.upsampling.cases import Case
from benchmarks.upsampling.conditions import apply
from benchmarks.upsampling.forms import forms
from benchmarks.upsampling.reading import score

from ocr_nb.engine import tesseract
from ocr_nb.engine.recognizer import Rgb, make_recognizer
from ocr_nb.filters import resize
from ocr_nb.images import on_white

CONDITIONS = ("original", "bicubic ×3", "ours ×3", "ours auto")
WAYS = ("300 dpi", "by x-height, once", "as the engine does")
HEIGHTS = (8, 12, 16, 24)


def strips(folder: Path, count: int) -> Iterator[Case]:
    """Yield a strip of each of `count` receipts at each of `HEIGHTS`, pixels of its median line."""
    receipts = list(enumerate(load_receipts(folder, None)))
    random.Random(4).shuffle(receipts)
    for number, receipt in receipts[:count]:
        cut = strip_of(receipt, ROWS, random.Random(number))
        for height in HEIGHTS if cut else ():
            if cut and height < receipt.line_height:
                small = resize(cut[0], height / receipt.line_height).picture
                yield Case("receipt strips", f"{height} px", f"{number}", f"{number}", small, cut[1])


def read_each_way(page: Rgb) -> Iterator[tuple[str, str]]:
    """Yield each way's name and what is read of `page`."""
    engine, own = make_recognizer("tesseract"), tesseract.resolutions_of
    tellers = (lambda page: (tesseract.ASSUMED_DPI,), lambda page: own(page)[:1], own)
    for way, teller in zip(WAYS, tellers, strict=True):
        tesseract.resolutions_of = teller
        try:
            yield way, "\n".join(line.text for line in engine.recognize(page))
        finally:
            tesseract.resolutions_of = own


def main() -> None:
    """Read the options, read the pages, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receipts", type=Path, metavar="FOLDER", help="see benchmarks/baseline.py")
    parser.add_argument("--limit", type=int, default=10, help="pages of a cell")
    wanted = parser.parse_args()
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    cv2.setNumThreads(1)
    pages = [
        *forms([75, 100], wanted.limit),
        *cases.degraded("BC", [5, 6], wanted.limit),
        *(strips(wanted.receipts, wanted.limit) if wanted.receipts else ()),
    ]
    totals: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in pages:
        for condition in CONDITIONS:
            picture = apply(condition, case, "tesseract", None)
            assert picture is not None
            for way, text in read_each_way(on_white(picture)):
                edits, length, _ = score(text, case)
                total = totals[f"{case.set}, {case.cell}", condition, way]
                total[0], total[1], total[2] = total[0] + edits, total[1] + length, total[2] + 1
    print("| pages | condition | " + " | ".join(WAYS) + " |\n|---|---|" + "--:|" * len(WAYS))
    for cell, condition in dict.fromkeys(key[:2] for key in totals):
        found = [totals[cell, condition, way] for way in WAYS]
        rates = " | ".join(f"{edits / length:.3f}" for edits, length, _ in found)
        print(f"| {cell} ({found[0][2]}) | {condition} | {rates} |")


if __name__ == "__main__":
    main()
