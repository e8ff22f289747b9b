"""Choose how much of the network's detail to add for a reader: on validation fonts and words alone.

`python -m training.choose_strength WEIGHTS --reader READER.onnx` reads lines of the validation strips,
degraded as in training, at each factor and strength, and prints CER tables. Two readers: Tesseract, which
takes no part in training, and PP-OCRv4, which stands for its family (PP-OCRv6, which judges later, is not
asked). Receipts and evaluation fonts choose nothing.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from training.batches import choose_lines, cut_sample
from training.enlargement import Enlarger, Gray
from training.evaluate import normalized
from training.judges import tesseract
from training.reader import Reader
from training.strips import StripShelf
from training.train import DEFAULT_CACHE

PATCH = (72, 248)
LINES_A_PATCH = 3
STRENGTHS = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
SIZES = ("all", "below 5 px", "5 to 7 px", "7 px and more")
READABLE = " !\"#$%&'()*+,-./:;<=>?@[]^_{|}~€£§°©‘’“”–—«»…"
Judge = Callable[[Gray], str]


@dataclass(frozen=True, slots=True)
class Cut:
    """A line inside a small picture."""

    small: Gray
    box: tuple[float, float, float, float]
    text: str
    x_height_px: float


def validation_lines(folder: Path, count: int) -> Iterator[Cut]:
    """Yield lines of Latin text without accents, for both readers to have a chance; the same every time."""
    shelf = StripShelf(folder)
    chance = np.random.default_rng(5)
    for index in range(min(count, len(shelf))):
        strip = shelf[index]
        sample, words = cut_sample(strip, PATCH, chance, skew=False)
        for line in choose_lines(words, 0, PATCH, chance, LINES_A_PATCH):
            if all(char.isascii() or char in READABLE for char in line.text):
                yield Cut(sample.small, line.box, line.text, strip.x_height_px)


def cut_out(large: Gray, box: tuple[float, float, float, float], factor: int) -> Gray:
    """Cut a line out of an enlarged picture."""
    left, top, right, bottom = (round(value * factor) for value in box)
    return large[top:bottom, left:right]


def framed_tesseract() -> Judge:
    """Tesseract on one line, with twenty pixels of paper around it, as the product shows it."""
    judge = tesseract("line")

    def recognize(image: Gray) -> str:
        paper = float(np.median(image))
        return judge(cv2.copyMakeBorder(image, *[20] * 4, cv2.BORDER_CONSTANT, value=paper))

    return recognize


def teacher(path: Path) -> Judge:
    """PP-OCRv4's recognizer, lines 48 pixels high."""
    reader = Reader(path)

    def recognize(image: Gray) -> str:
        width = max(16, round(reader.line_height * image.shape[1] / image.shape[0]))
        line = cv2.resize(image, (width, reader.line_height)).astype(np.float32) / 255
        return reader.recognize(torch.from_numpy(line)[None, None])[0]

    return recognize


def measure(
    cuts: list[Cut], enlarger: Enlarger, judge: Judge, factors: tuple[int, ...]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Return edits and length by way of enlarging and by size of text."""
    edits: Counter[tuple[str, str]] = Counter()
    lengths: Counter[tuple[str, str]] = Counter()
    names = ["original", *(f"ours x{factor} @{s:g}" for factor in factors for s in STRENGTHS)]
    for cut in cuts:
        truth, size = normalized(cut.text), size_of(cut.x_height_px)
        for name in names:
            factor = 1 if name == "original" else int(name[6])
            found = normalized(judge(cut_out(enlarger(name, cut.small), cut.box, factor)))
            for group in ("all", size):
                edits[name, group] += min(len(truth), Levenshtein.distance(truth, found))
                lengths[name, group] += len(truth)
    return {key: (edits[key], length) for key, length in lengths.items()}


def size_of(x_height_px: float) -> str:
    """Name the group of an x-height."""
    return "below 5 px" if x_height_px < 5 else "5 to 7 px" if x_height_px < 7 else "7 px and more"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--reader", type=Path, required=True, help="PP-OCRv4's recognizer, an ONNX file")
    parser.add_argument("--strips", type=Path, default=DEFAULT_CACHE / "strips" / "validation-2026-300")
    parser.add_argument("--count", type=int, default=300, help="strips, three lines of each")
    parser.add_argument("--readers", nargs="+", default=["tesseract", "pp-ocrv4"])
    parser.add_argument("--factors", nargs="+", type=int, default=[2, 3, 4])
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    cuts = list(validation_lines(wanted.strips, wanted.count))
    enlarger = Enlarger(wanted.weights)
    makers = {"tesseract": framed_tesseract, "pp-ocrv4": lambda: teacher(wanted.reader)}
    for name in wanted.readers:
        found = measure(cuts, enlarger, makers[name](), tuple(wanted.factors))
        sizes = sorted({size for _, size in found}, key=SIZES.index)
        print(f"\n**{name}, {len(cuts)} lines of validation fonts**\n")
        print("| CER | " + " | ".join(sizes) + " |\n|---|" + "---|" * len(sizes))
        for method in dict.fromkeys(method for method, _ in found):
            cells = [f"{found[method, size][0] / max(1, found[method, size][1]):.3f}" for size in sizes]
            print(f"| {method} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
