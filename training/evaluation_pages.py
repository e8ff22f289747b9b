"""Set pages for judging in fonts and words that training never saw.

`python -m training.evaluation_pages FOLDER --level C --size 5` writes them as `NAME.png` and `NAME.gt.txt`,
for a judge whose environment has no FreeType.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from training.cases import LEVELS, degraded_pages
from training.enlargement import Gray
from training.fonts import FACES, FontFile, font_files
from training.texts import Chance, code, pick, prose_line
from training.typesetting import FACTOR, Style, drop_missing, set_page

PROSE_LINES, CODE_LINES = 8, 4
CODES_A_LINE = 5


def evaluation_fonts() -> list[FontFile]:
    """Return the installed ones of `FACES`."""
    return [font for font in font_files("evaluation") if font.path.name in FACES]


def set_evaluation_page(x_height_px: float, chance: Chance) -> tuple[Gray, list[str]]:
    """Return an averaged page, `(H, W)` uint8 on white, and its lines."""
    font = pick(chance, evaluation_fonts())
    lines = [prose_line(chance, "evaluation") for _ in range(PROSE_LINES)]
    lines += [" ".join(code(chance) for _ in range(CODES_A_LINE)) for _ in range(CODE_LINES)]
    lines = [drop_missing(font, line) for line in lines]
    style = Style(x_height_px=x_height_px, pitch_em=1.35)
    # An em is at most about 2.6 x-heights, a character seldom wider than 1.5; the rest is cut away.
    width = round(max(len(line) for line in lines) * x_height_px * 1.5)
    page = set_page(font, lines, style, width, round(len(lines) * 1.35 * 2.6 * x_height_px))
    small = cv2.resize(page.large, None, fx=1 / FACTOR, fy=1 / FACTOR, interpolation=cv2.INTER_AREA)
    rows, columns = np.nonzero(small > 8)
    inked = 255 - small[: rows.max() + 3, : columns.max() + 3]
    margin = round(2 * x_height_px)
    return cv2.copyMakeBorder(inked, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255), lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--level", choices=sorted(LEVELS), required=True)
    parser.add_argument("--size", type=int, required=True, help="x-height in pixels")
    parser.add_argument("--count", type=int, default=14)
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for case in degraded_pages(wanted.size, wanted.level, wanted.count):
        cv2.imwrite(str(wanted.folder / f"{case.name}.png"), case.image)
        (wanted.folder / f"{case.name}.gt.txt").write_text(case.ground_truth, "utf-8")


if __name__ == "__main__":
    main()
