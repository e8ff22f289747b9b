"""A study of scanned receipts, shrunk: does upsampling help, at which size, and is that certain?

    python -m benchmarks.receipts measure --receipts FOLDER --store FILE [--limit 20] [--minutes 60]
    python -m benchmarks.receipts write --store FILE --into docs

`measure` cuts a strip of successive lines from each receipt of FOLDER (see `benchmarks.baseline`), shrinks it
so that the median line has each of the wanted heights, and has both engines read it under every condition.
Interrupted, the same call goes on where it was. `write` makes `study.md` and its pictures from the store;
they hold numbers only, nothing of the receipts.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.baseline import NORMALIZATION, Receipt, load_receipts, note, sorted_rows

from ocr_nb.engine.upsampler import DEFAULT_METHOD
from ocr_nb.filters import resize
from ocr_nb.images import Picture, from_array
from ocr_nb.service.local import LocalService
from ocr_nb.settings import cap_threads
from ocr_nb.studies import Study
from ocr_nb.tracker import AccuracyTracker

HEIGHTS = (6, 8, 10, 12, 16, 24)
"""Of the median line, pixels: 8 is very small, 16 easy. A lowercase x is about half as high."""
FULL = "full size"
CONDITIONS = (
    "original", "resized:x2", "resized:x3", "resized:x4", "upsampled:x2", "upsampled:x3", "upsampled:x4",
    "upsampled", "make_upsampling", "upsampled:x3+binarize",
)  # fmt: skip
AT_FULL_SIZE = ("original", "upsampled", "make_upsampling")
ENGINES = ("tesseract", "rapidocr")
ROWS = 16
"""Annotated rows of a strip, at least; two of them often share a line."""


def strip_of(receipt: Receipt, count: int, rnd: random.Random) -> tuple[Picture, str] | None:
    """Return a strip with `count` or a few more successive rows, and its text.

    It is cut where no row is touched; None where there is no such strip.
    """
    rows = sorted(receipt.rows, key=lambda row: row.corners[:, 1].min())
    tops = [float(row.corners[:, 1].min()) for row in rows]
    bottoms = np.maximum.accumulate([float(row.corners[:, 1].max()) for row in rows])
    gaps = [place for place in range(1, len(rows)) if bottoms[place - 1] <= tops[place]]
    cuts = [0, *gaps, len(rows)]
    spans = [(start, end) for start in cuts for end in cuts if count <= end - start <= count + 6]
    if not spans:
        return None
    start, end = rnd.choice(spans)
    # Half a line beyond the rows, or half of the gap to the next: what is not annotated stays outside.
    reach = 0.5 * receipt.line_height
    top = tops[start] - min(reach, (tops[start] - bottoms[start - 1]) / 2 if start else tops[0])
    bottom = bottoms[end - 1] + min(reach, (tops[end] - bottoms[end - 1]) / 2 if end < len(rows) else reach)
    pixels = receipt.picture.pixels[int(top) : int(min(np.ceil(bottom), receipt.picture.height))]
    return from_array(pixels), sorted_rows(rows[start:end])


def measure(options: argparse.Namespace) -> None:
    """Measure receipt after receipt, in an order that the seed gives, until all are done or time is up."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # Tesseract's threads fight on small images
    cap_threads(1)
    names = [path.stem for path in sorted(options.receipts.glob("*.jpg"))]
    receipts = dict(zip(names, load_receipts(options.receipts, None), strict=True))
    random.Random(options.seed).shuffle(names)
    services = [LocalService(engine, workers=1, method=options.method) for engine in ENGINES]
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder, AccuracyTracker(options.store) as tracker:
        for number, name in enumerate(names[: options.limit], 1):
            if time.monotonic() > end:
                note(f"time is up before {name}")
                break
            table = strips_of(receipts[name], name, Path(folder), options.seed)
            if table is None:
                note(f"{name}: no strip can be cut, left out")
                continue
            is_full = table["variant"] == FULL
            for rows, conditions in ((table[~is_full], CONDITIONS), (table[is_full], AT_FULL_SIZE)):
                if len(rows):
                    study = Study(rows, None, conditions, services=services, normalization=NORMALIZATION)
                    study.run(store=tracker)
            note(f"{number} receipts, {len(tracker)} trials")


def strips_of(receipt: Receipt, name: str, folder: Path, seed: int) -> pd.DataFrame | None:
    """Write a receipt's strip at every height; return the study's table of them."""
    cut = strip_of(receipt, ROWS, random.Random(f"{seed} {name}"))
    if cut is None:
        return None
    strip, truth = cut
    rows = []
    for height in (*HEIGHTS, None):
        if height is not None and height >= receipt.line_height:
            continue
        small = strip if height is None else resize(strip, height / receipt.line_height).picture
        variant = FULL if height is None else f"{height} px"
        path = folder / f"{name} {variant}.png"
        path.write_bytes(small.png)
        rows.append({"image": path, "ground_truth": truth, "group": name, "variant": variant})
    return pd.DataFrame(rows)


def main() -> None:
    """Read the options; measure or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(required=True)
    measuring = parts.add_parser("measure")
    measuring.add_argument("--receipts", type=Path, required=True, metavar="FOLDER")
    measuring.add_argument("--store", type=Path, required=True)
    measuring.add_argument("--method", default=DEFAULT_METHOD, help="of upsampling")
    measuring.add_argument("--limit", type=int, help="how many receipts (default: all)")
    measuring.add_argument("--minutes", type=float, default=60.0, help="no receipt is begun after these")
    measuring.add_argument("--seed", type=int, default=1, help="of the strips and the order")
    measuring.set_defaults(work=measure)
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
