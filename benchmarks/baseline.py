"""How well both engines read scanned receipts: whole pages and single lines, full size and shrunk.

`python -m benchmarks.baseline --receipts FOLDER` from the root of the repository (options: `--help`) prints
Markdown tables. FOLDER holds the ICDAR 2019 SROIE receipts, `NAME.jpg` with `NAME.csv`: one text line a row,
`x1,y1,…,x4,y4,text`, corners clockwise from the top left, Latin-1. None of it enters this repository.

Texts are compared caseless, for the annotators wrote capitals. The truth's rows do not always stand in the
order of the page, and cells of one row stand now together, now apart; whole pages are therefore scored twice:
against the rows as they come in the file, and sorted by height (`sorted_rows`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ocr_nb.advice import advise
from ocr_nb.alignment import EditCounts
from ocr_nb.engine.recognizer import ENGINES, make_recognizer
from ocr_nb.engine.upsampler import upsample_picture
from ocr_nb.filters import resize
from ocr_nb.images import Picture, from_array, load_picture, on_white
from ocr_nb.metrics import bag_of_words, corpus_rates, measure_accuracy

NORMALIZATION = "caseless"
T = TypeVar("T")
Corners = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One annotated text line."""

    corners: Corners
    """`(4, 2)` x, y, clockwise from the top left."""
    text: str

    @property
    def height(self) -> float:
        """Length of its left side, pixels."""
        return float(np.hypot(*(self.corners[3] - self.corners[0])))


@dataclass(frozen=True)
class Receipt:
    """A page and its truth."""

    picture: Picture
    rows: tuple[Row, ...]

    @property
    def line_height(self) -> float:
        """Median height of its rows, pixels."""
        return float(np.median([row.height for row in self.rows]))


def load_receipts(folder: Path, limit: int | None) -> list[Receipt]:
    """Load the receipts of `folder`, or `limit` of them spread evenly over the sorted names."""
    images = sorted(folder.glob("*.jpg"))
    if not images:
        sys.exit(f"{folder} holds no .jpg: give the folder of the receipts.")
    return [
        Receipt(load_picture(path), load_rows(path.with_suffix(".csv"))) for path in spread(images, limit)
    ]


def load_rows(path: Path) -> tuple[Row, ...]:
    """Read one receipt's truth."""
    fields = [line.split(",", 8) for line in path.read_text("latin-1").splitlines() if line.strip()]
    return tuple(
        Row(np.array([float(value) for value in row[:8]]).reshape(4, 2), row[8].strip())
        for row in fields
        if row[8].strip()
    )


def spread(items: Sequence[T], limit: int | None) -> list[T]:
    """Return `limit` of the items, evenly spread; all of them without a limit."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[k * len(items) // limit] for k in range(limit)]


def sorted_rows(rows: Iterable[Row]) -> str:
    """Return the truth from top to bottom: rows whose middles differ by under half a height make one line.

    Deliberately simpler than the reading order that it judges.
    """
    lines: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.corners[:, 1].mean()):
        middle = row.corners[:, 1].mean()
        if lines:
            last = np.mean([other.corners[:, 1].mean() for other in lines[-1]])
            if middle - last < 0.5 * min(row.height, lines[-1][0].height):
                lines[-1].append(row)
                continue
        lines.append([row])
    return "\n".join(
        " ".join(row.text for row in sorted(line, key=lambda row: row.corners[:, 0].min())) for line in lines
    )


def cut_line(receipt: Receipt, row: Row) -> Picture:
    """Return the upright rectangle around a row, a tenth of its height larger on all sides."""
    pixels, margin = receipt.picture.pixels, 0.1 * row.height
    left, top = np.maximum(0, np.floor(row.corners.min(axis=0) - margin)).astype(int)
    right, bottom = np.ceil(row.corners.max(axis=0) + margin).astype(int)
    return from_array(pixels[top:bottom, left:right])


Change = Callable[[Picture, str], Picture]


def _advised(picture: Picture, engine: str) -> Picture:
    factor = advise(picture, engine).factor
    return picture if factor == 1 else upsample_picture(picture, factor).picture


CONDITIONS: dict[str, Change] = {
    "original": lambda picture, engine: picture,
    "resized ×2": lambda picture, engine: resize(picture, 2).picture,
    "resized ×3": lambda picture, engine: resize(picture, 3).picture,
    "resized ×4": lambda picture, engine: resize(picture, 4).picture,
    "upsampled ×3": lambda picture, engine: upsample_picture(picture, 3).picture,
    "upsampled as advised": _advised,
}


def recognize(picture: Picture, engine: str, *, detect: bool = True) -> str:
    """Return what `engine` reads."""
    lines = make_recognizer(engine).recognize(on_white(picture), detect=detect)
    return "\n".join(line.text for line in lines)


def recognize_as_they_come(receipts: Sequence[Receipt]) -> list[str]:
    """Read with RapidOCR's own pipeline and join its boxes in the order in which it gives them."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})
    # RapidOCR takes arrays as BGR.
    found = [engine(np.ascontiguousarray(on_white(receipt.picture)[:, :, ::-1])) for receipt in receipts]
    return ["\n".join(result.txts or ()) for result in found]


def counts_of(truth: str, text: str) -> EditCounts:
    """Return the character edits between truth and reading."""
    return measure_accuracy(truth, text, NORMALIZATION).character_counts


def order_table(receipts: Sequence[Receipt]) -> list[str]:
    """Compare readings of whole receipts at full size."""
    readings = {f"{engine}, lines as arranged here": [] for engine in ENGINES}
    for engine in ENGINES:
        for receipt in receipts:
            readings[f"{engine}, lines as arranged here"].append(recognize(receipt.picture, engine))
            note(f"full size, {engine}")
    readings["RapidOCR's own pipeline, boxes as they come"] = recognize_as_they_come(receipts)
    table = [
        "| reading | CER, truth as in the file | CER, truth sorted by height | F1 of words |",
        "|---|---|---|---|",
    ]
    for name, texts in readings.items():
        as_filed = ["\n".join(row.text for row in receipt.rows) for receipt in receipts]
        by_height = [sorted_rows(receipt.rows) for receipt in receipts]
        cells = [
            corpus_rates(map(counts_of, as_filed, texts)).corpus,
            corpus_rates(map(counts_of, by_height, texts)).corpus,
            np.mean([bag_of_words(a, b, NORMALIZATION).f1 for a, b in zip(as_filed, texts, strict=True)]),
        ]
        table.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in cells) + " |")
    floor = [counts_of("\n".join(row.text for row in r.rows), sorted_rows(r.rows)) for r in receipts]
    table.append(f"| the truth itself, sorted by height | {corpus_rates(floor).corpus:.3f} | 0.000 | 1.000 |")
    return table


def shrunk_table(
    cases: Sequence[tuple[Picture, float, str]], heights: Sequence[float], *, detect: bool
) -> list[str]:
    """Return CER by engine and condition (rows) and line height (columns).

    Each case is a picture, the height of its lines in pixels, and its truth; it is shrunk by averaging.
    """
    table = [
        "| engine | condition | " + " | ".join(f"{h:g} px" for h in heights) + " | full size |",
        "|---|---|" + "---|" * (len(heights) + 1),
    ]
    for engine in ENGINES:
        for condition, change in CONDITIONS.items():
            cells = []
            for height in [*heights, None]:
                if height is None and condition != "original":
                    cells.append("")
                    continue
                counts = []
                for picture, own, truth in cases:
                    small = resize(picture, height / own).picture if height and height < own else picture
                    text = recognize(change(small, engine), engine, detect=detect)
                    counts.append(counts_of(truth, text))
                cells.append(f"{corpus_rates(counts).corpus:.3f}")
                note(f"{'pages' if detect else 'lines'}, {engine}, {condition}, {height or 'full size'}")
            table.append(f"| {engine} | {condition} | " + " | ".join(cells) + " |")
    return table


_start = time.monotonic()


def note(what: str) -> None:
    """Say on standard error how far it is."""
    print(f"{time.monotonic() - _start:6.0f} s  {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--receipts", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--limit", type=int, help="whole receipts at full size (default: all)")
    parser.add_argument("--pages", type=int, help="of these, how many are shrunk (default: all)")
    parser.add_argument("--lines", type=int, help="single lines (default: all)")
    parser.add_argument("--heights", type=float, nargs="+", default=[6, 8, 10, 12, 16], metavar="PX")
    options = parser.parse_args()
    # Tesseract's own threads fight with each other on small images; one is as fast.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    receipts = load_receipts(options.receipts, options.limit)
    pages = spread(receipts, options.pages)
    lines = spread([(receipt, row) for receipt in receipts for row in receipt.rows], options.lines)

    print(f"Whole receipts at full size ({len(receipts)}):\n")
    print("\n".join(order_table(receipts)), flush=True)
    print(f"\nWhole receipts shrunk to a median line height ({len(pages)}; CER, truth sorted by height):\n")
    whole = [(page.picture, page.line_height, sorted_rows(page.rows)) for page in pages]
    print("\n".join(shrunk_table(whole, options.heights, detect=True)), flush=True)
    print(f"\nSingle lines cut out by hand and shrunk to a line height ({len(lines)}; CER):\n")
    single = [(cut_line(receipt, row), row.height, row.text) for receipt, row in lines]
    print("\n".join(shrunk_table(single, options.heights, detect=False)))


if __name__ == "__main__":
    main()
