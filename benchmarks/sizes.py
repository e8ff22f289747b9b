"""How well the size of text is measured: of drawn pages whose x-height is known, and of shrunk receipts.

    python -m benchmarks.sizes [--receipts FOLDER] [--limit 8]

A receipt's own x-height is not known; but shrunk to lines of one height or another, it must be measured in
the same proportion. Told is where it is missing, or more than half away from the receipt's own median.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
from benchmarks.baseline import load_receipts
from benchmarks.receipts import HEIGHTS, ROWS, strip_of
from benchmarks.upsampling import cases

from ocr_nb.filters import resize
from ocr_nb.images import luma
from ocr_nb.xheight import measure_x_height


def print_drawn(count: int) -> None:
    """Print measured ÷ true x-height for each set and size."""
    found: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    pages = (
        *cases.degraded("BC", [3, 4, 5, 6, 8, 12], count),
        *cases.dense([4, 5, 6, 7], count),
        *cases.other_scripts([5, 7], count),
    )
    for case in pages:
        (true,) = re.findall(r"([\d.]+) px", case.cell)
        measured = measure_x_height(luma(case.picture))
        found[case.set, case.cell].append(None if measured is None else measured / float(true))
    print("| pages | not measured | measured ÷ true: median | least | most |\n|---|--:|--:|--:|--:|")
    for (kind, cell), ratios in found.items():
        known = np.array([ratio for ratio in ratios if ratio is not None])
        cells = (
            [f"{value:.2f}" for value in (np.median(known), known.min(), known.max())] if known.size else []
        )
        print(f"| {kind}, {cell} | {ratios.count(None)} of {len(ratios)} | {' | '.join(cells)} |")


def print_receipts(folder: Path) -> None:
    """Print which receipts are measured wrongly at some height, and at which."""
    count = 0
    for number, receipt in enumerate(load_receipts(folder, None)):
        cut = strip_of(receipt, ROWS, random.Random(number))
        if cut is None:
            continue
        count += 1
        ratios: dict[float, float] = {}
        for height in (*HEIGHTS, receipt.line_height):
            if height <= receipt.line_height:
                picture = resize(cut[0], height / receipt.line_height).picture
                ratios[height] = (measure_x_height(luma(picture)) or 0.0) / height
        usual = float(np.median(list(ratios.values())))
        wrong = [f"{height:.0f} px" for height, ratio in ratios.items() if abs(ratio - usual) > 0.5 * usual]
        if wrong or usual == 0.0:
            print(f"receipt {number}: {', '.join(wrong) or 'every height'}")
    print(f"of {count} receipts")


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receipts", type=Path, metavar="FOLDER", help="see benchmarks/baseline.py")
    parser.add_argument("--limit", type=int, default=8, help="drawn pages of a cell")
    wanted = parser.parse_args()
    print_drawn(wanted.limit)
    if wanted.receipts:
        print_receipts(wanted.receipts)


if __name__ == "__main__":
    main()
