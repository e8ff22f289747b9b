"""An experiment: does it help RapidOCR to find lines on one enlargement and to read them from another, or
to read each line several times and to take the mean?

    python -m benchmarks.line_by_line --receipts FOLDER [--limit 5]

Finds the lines on the original or on an enlarged page, cuts them out of the same or of another one, and
prints CER without spaces. Single lines are only read. For a mean, the line is cut out of several enlargements
or a little higher and lower; the columns of probabilities lie over each other, and their geometric mean is
read. It reaches into the recognizer's rooms, as nothing else does: no gain was found, so the recognizer has
no door for it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from benchmarks.upsampling import cases
from benchmarks.upsampling.cases import Case
from benchmarks.upsampling.reading import score

from ocr_nb.engine import languages
from ocr_nb.engine.detector import Floats
from ocr_nb.engine.layout import Line
from ocr_nb.engine.learned import LearnedUpsampler
from ocr_nb.engine.line_reader import MIN_WIDTH_PX, _batch_of, collapse, cut_out
from ocr_nb.engine.rapid import DOUBT, MIN_CONFIDENCE, RapidRecognizer, _trust, band_of, place_words
from ocr_nb.engine.reading_order import Fragment, arrange
from ocr_nb.engine.recognizer import Rgb
from ocr_nb.engine.upsampler import upsample_picture
from ocr_nb.images import on_white

# Factor and strength of what lines are found on, and of what they are read from; strength 0 is bicubic.
Way = tuple[int, float, int, float]
WAYS: dict[str, Way] = {
    "original": (1, 0, 1, 0),
    **{f"read from x2 @{s:g}": (1, 0, 2, s) for s in (0, 0.25, 0.5, 1)},
    **{f"read from x4 @{s:g}": (1, 0, 4, s) for s in (0, 0.5)},
    "found on x2 @0": (2, 0, 1, 0),
    "found on x2 @0.5": (2, 0.5, 1, 0),
    "both x2 @0": (2, 0, 2, 0),
    "both x2 @0.5": (2, 0.5, 2, 0.5),
}
# Factor and strength of each enlargement that a line found on the original is read from, and how much lower
# than found it is cut out, in heights of the line.
Cut = tuple[int, float, float]
MEANS: dict[str, tuple[Cut, ...]] = {
    "mean of original, a little higher, lower": ((1, 0, 0), (1, 0, -0.05), (1, 0, 0.05)),
    "mean of original, x2 @0": ((1, 0, 0), (2, 0, 0)),
    "mean of original, x2 @0.5": ((1, 0, 0), (2, 0.5, 0)),
    "mean of original, x2 @0, x4 @0.5": ((1, 0, 0), (2, 0, 0), (4, 0.5, 0)),
}


def enlarged(case: Case, factor: int, strength: float) -> Rgb:
    """Return the case's pixels `(H, W, 3)`, enlarged with a share of the network's detail."""
    if factor == 1:
        return on_white(case.picture)
    return on_white(upsample_picture(case.picture, factor, LearnedUpsampler(strength=strength)).picture)


def read_each_way(engine: RapidRecognizer, case: Case) -> Iterator[tuple[str, str]]:
    """Yield each way's name and what is read; what several ways need is made once."""
    enlarge = cache(partial(enlarged, case))
    find = cache(lambda factor, strength: engine._find(enlarge(factor, strength)))
    for name, cuts in MEANS.items():
        yield name, _mean_reading(engine, case, [(enlarge(f, s), f, lower) for f, s, lower in cuts])
    for name, (find_factor, find_strength, read_factor, read_strength) in WAYS.items():
        page = enlarge(read_factor, read_strength)
        if case.layout == "line":
            band = band_of(page, engine._detector.find(page))
            yield name, _text(arrange(engine._read(page, [band], case.language)))
            continue
        scale = read_factor / find_factor
        boxes = [(box * scale).astype(np.float32) for box in find(find_factor, find_strength)]
        fragments = engine._read(page, boxes, case.language)
        if boxes and _trust(fragments) < DOUBT:
            fragments = engine._upside_down(page, boxes, case.language) or fragments
        yield name, _text(arrange([*fragments, *engine._strays(page, boxes, case.language)]))


def _mean_reading(engine: RapidRecognizer, case: Case, pages: list[tuple[Rgb, int, float]]) -> str:
    """Find the lines on the original and read the mean of what the cuts out of `pages` give."""
    original, reader = enlarged(case, 1, 0), engine._reader
    allowed = reader._letters_of(case.language, partial(languages.may_hold, case.language))
    boxes = engine._detector.find(original)
    is_line = case.layout == "line"
    places = [band_of(original, boxes)] if is_line else engine._find(original)
    fragments = []
    for corners in places:
        crops = [cut_out(page, _lowered(corners, lower) * np.float32(f)) for page, f, lower in pages]
        width = crops[0].shape[1]
        sized = [crop if crop.shape[1] == width else cv2.resize(crop, (width, 48)) for crop in crops]
        logs = [np.log(reader._model(_batch_of(crop))[0][:, allowed] + 1e-6) for crop in sized]
        mean = np.exp(np.mean(logs, axis=0))
        mean /= mean.sum(axis=1, keepdims=True)
        columns = len(mean) * width / max(width, MIN_WIDTH_PX)
        letters = [
            replace(letter, center=min(1.0, letter.center / columns))
            for letter in collapse(mean, [reader.alphabet[k] for k in allowed])
        ]
        words = place_words(letters, corners)
        if words and np.mean([x.confidence for x in letters if x.text != " "]) >= MIN_CONFIDENCE:
            fragments.append(Fragment(words))
    strays = [] if is_line else engine._strays(original, places, case.language)
    return _text(arrange([*fragments, *strays]))


def _lowered(corners: Floats, share: float) -> Floats:
    """Move a slanted rectangle down by a share of its height."""
    down = np.stack([corners[3] - corners[0], corners[2] - corners[1]])
    return np.asarray(corners + share * down[[0, 1, 1, 0]], np.float32)


def _text(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)


def chosen(receipts: Path, count: int) -> Iterator[Case]:
    """Yield damaged pages, and receipts as pages and twenty times as many lines."""
    yield from cases.degraded("C", [5], count)
    yield from cases.receipt_pages(receipts, [6, 8], count)
    yield from cases.receipt_lines(receipts, [8, 10], 20 * count)


def main() -> None:
    """Read the options, read the pages each way, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receipts", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--limit", type=int, default=5, help="pages of a cell")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    engine = RapidRecognizer.load()
    totals: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for case in chosen(wanted.receipts, wanted.limit):
        for name, text in read_each_way(engine, case):
            edits, length, _ = score(text, case)
            total = totals[name][f"{case.set} {case.cell}"]
            total[0], total[1] = total[0] + edits, total[1] + length
    cells = list(totals["original"])
    print("| CER | " + " | ".join(cells) + " |\n|---|" + "--:|" * len(cells))
    for name, row in totals.items():
        print(f"| {name} | " + " | ".join(f"{row[c][0] / row[c][1]:.3f}" for c in cells) + " |")


if __name__ == "__main__":
    main()
