"""How much of the network's detail Tesseract wants on whole pages: validation typefaces, the advised factor.

    python -m benchmarks.strength [--pages 4]

Prints CER without spaces, per cent, by damage and strength; `training.choose_strength` asks the same of
single lines.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict

import cv2
from benchmarks.advice import DAMAGES, FAMILIES, LINES, draw_book
from rapidfuzz.distance import Levenshtein
from training.evaluate import normalized
from training.fonts import font_files

from ocr_nb.advice import advise
from ocr_nb.engine.learned import LearnedUpsampler
from ocr_nb.engine.recognizer import make_recognizer
from ocr_nb.engine.upsampler import upsample_picture
from ocr_nb.images import from_array, on_white

STRENGTHS = (0.0, 0.3, 0.5, 0.65, 0.8, 1.0)
X_HEIGHTS = (3, 3.5, 4, 4.5, 5, 5.5, 6, 7)
# Other noise than that of the sweep that the advice rests on.
FIRST_SEED = 100


def main() -> None:
    """Read the options, read every page at each strength, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=4, help="typefaces, at most four")
    wanted = parser.parse_args()
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    cv2.setNumThreads(1)
    files = [
        str(font.path) for name in FAMILIES for font in font_files("validation") if name in str(font.path)
    ]
    engine, truth = make_recognizer("tesseract"), normalized("\n".join(LINES))
    edits: dict[tuple[str, float], int] = defaultdict(int)
    lengths: dict[tuple[str, float], int] = defaultdict(int)
    for damage, spoil in DAMAGES.items():
        for x_height in X_HEIGHTS:
            for seed, file in enumerate(files[: wanted.pages], FIRST_SEED):
                page = from_array(spoil(draw_book(file, x_height), seed))
                factor = advise(page, "tesseract").factor
                for strength in STRENGTHS if factor > 1 else ():
                    large = upsample_picture(page, factor, LearnedUpsampler(strength=strength)).picture
                    lines = engine.recognize(on_white(large))
                    found = normalized("\n".join(line.text for line in lines))
                    for group in (damage, "all"):
                        edits[group, strength] += min(len(truth), Levenshtein.distance(truth, found))
                        lengths[group, strength] += len(truth)
    print("| damage | " + " | ".join(f"{s:g}" for s in STRENGTHS) + " |\n|---|" + "--:|" * len(STRENGTHS))
    for group in (*DAMAGES, "all"):
        rates = (f"{100 * edits[group, s] / lengths[group, s]:.1f}" for s in STRENGTHS)
        print(f"| {group} | " + " | ".join(rates) + " |")


if __name__ == "__main__":
    main()
