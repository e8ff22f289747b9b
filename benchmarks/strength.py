"""How much of the network's detail Tesseract wants on whole pages: validation typefaces, the advised factor.

    python -m benchmarks.strength [--pages 4] [--strengths 0 0.5 1] [--contrasts 0 0.1]

Prints CER without spaces, per cent, by damage, strength and contrast; `training.choose_strength` asks the
same of single lines.
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
from ocr_nb.engine.learned import DEFAULT_CONTRAST, LearnedUpsampler
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
    parser.add_argument("--strengths", type=float, nargs="+", default=STRENGTHS)
    parser.add_argument("--contrasts", type=float, nargs="+", default=[DEFAULT_CONTRAST])
    wanted = parser.parse_args()
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    cv2.setNumThreads(1)
    files = [
        str(font.path) for name in FAMILIES for font in font_files("validation") if name in str(font.path)
    ]
    engine, truth = make_recognizer("tesseract"), normalized("\n".join(LINES))
    ways = [(strength, contrast) for strength in wanted.strengths for contrast in wanted.contrasts]
    edits: dict[tuple[str, tuple[float, float]], int] = defaultdict(int)
    lengths: dict[tuple[str, tuple[float, float]], int] = defaultdict(int)
    for damage, spoil in DAMAGES.items():
        for x_height in X_HEIGHTS:
            for seed, file in enumerate(files[: wanted.pages], FIRST_SEED):
                page = from_array(spoil(draw_book(file, x_height), seed))
                factor = advise(page, "tesseract").factor
                for way in ways if factor > 1 else ():
                    upsampler = LearnedUpsampler(strength=way[0], contrast=way[1])
                    large = upsample_picture(page, factor, upsampler).picture
                    lines = engine.recognize(on_white(large))
                    found = normalized("\n".join(line.text for line in lines))
                    for group in (damage, "all"):
                        edits[group, way] += min(len(truth), Levenshtein.distance(truth, found))
                        lengths[group, way] += len(truth)
    print("| damage | " + " | ".join(f"{s:g}, contrast {c:g}" for s, c in ways) + " |")
    print("|---|" + "--:|" * len(ways))
    for group in (*DAMAGES, "all"):
        rates = (f"{100 * edits[group, way] / lengths[group, way]:.2f}" for way in ways)
        print(f"| {group} | " + " | ".join(rates) + " |")


if __name__ == "__main__":
    main()
