"""What `advise` rests on: how well each engine reads small print as given, resized and upsampled.

`python -m benchmarks.advice` from the root of the repository (options: `--help`) prints two Markdown tables:
CER by engine, print, damage and x-height for each factor, and what following the advice costs or saves. The
pages are drawn with the validation typefaces of `training/fonts.py`: as a book prints them, as narrow as a
till does, or by FreeType at their own size, as on a screen. Nothing is tuned on the evaluation typefaces.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import cast

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from training.fonts import font_files

from ocr_nb.advice import READERS, advise
from ocr_nb.degrade import add_noise, blur, compress, lower_contrast
from ocr_nb.engine.recognizer import make_recognizer
from ocr_nb.engine.upsampler import make_upsampler, upsample_picture
from ocr_nb.filters import resize
from ocr_nb.images import Gray, Picture, from_array, on_white
from ocr_nb.metrics import measure_accuracy

LINES = """The harbor office closes at six, but the ferry still runs until ten.
Payment is due within 30 days of the invoice date shown above.
Ref. QX7-4410B, lot 0592, made 14/03/2021 in Porto, Portugal.
Nobody had told him that the bridge was closed for the winter.
Items 12 to 18 are exempt; items 19, 20 and 23 are taxed at 7.5%.
Total 1,284.50 EUR incl. 19% VAT (205.09), thank you, come again!""".splitlines()

FAMILIES = ("/clear-sans/ClearSans-Regular", "/charis/CharisSIL-R", "/b612/B612-Regular", "/andika/Andika-R")
OVERSAMPLING = 8

Damage = Callable[[Gray, int], Gray]
DAMAGES: dict[str, Damage] = {
    "none": lambda page, seed: page,
    "mild": lambda page, seed: compress(
        add_noise(lower_contrast(blur(page, 0.6), 0.75), 5 / 255, seed=seed), 50
    ),
    "strong": lambda page, seed: compress(
        add_noise(lower_contrast(blur(page, 1.0), 0.6), 8 / 255, seed=seed), 35
    ),
}


@dataclass
class Tally:
    """Edits and truth lengths of the pages of one cell."""

    edits: int = 0
    length: int = 0
    advised: list[int] = field(default_factory=list)

    @property
    def cer(self) -> float:
        """Sum of edits over sum of lengths."""
        return self.edits / self.length


Drawing = Callable[[str, float], Gray]


def draw_book(font_file: str, x_height: float, width: float = 1.0) -> Gray:
    """Draw `LINES` large and average down: the x is `x_height` pixels tall, glyphs have `width` of theirs."""
    page = draw_lines(font_file, x_height * OVERSAMPLING)
    return shrink_to(page, width / OVERSAMPLING, 1 / OVERSAMPLING)


def draw_narrow(font_file: str, x_height: float) -> Gray:
    """Draw letters as narrow as tills print them, so that a price fits on the line."""
    return draw_book(font_file, x_height, 0.6)


def draw_screen(font_file: str, x_height: float) -> Gray:
    """Draw at the size itself, with the font's own hinting and whole pixels from letter to letter."""
    return draw_lines(font_file, x_height)


def draw_lines(font_file: str, x_height: float) -> Gray:
    """Draw `LINES` so that the x of the typeface is `x_height` pixels tall, dark on white."""
    _, top, _, bottom = ImageFont.truetype(font_file, 400).getbbox("x")
    font = ImageFont.truetype(font_file, 400 * x_height / (bottom - top))
    pitch, margin = 2.75 * x_height, round(2 * x_height)
    width = int(max(font.getlength(line) for line in LINES)) + 2 * margin
    page = Image.new("L", (width, int(pitch * len(LINES)) + 2 * margin), 255)
    drawing = ImageDraw.Draw(page)
    for row, line in enumerate(LINES):
        drawing.text((margin, round(margin + (row + 0.7) * pitch)), line, font=font, fill=0, anchor="ls")
    return np.asarray(page, dtype=np.float32) / np.float32(255.0)


def shrink_to(page: Gray, across: float, down: float) -> Gray:
    """Average down to shares of the width and of the height."""
    size = round(page.shape[1] * across), round(page.shape[0] * down)
    return cast(Gray, cv2.resize(page, size, interpolation=cv2.INTER_AREA))


PRINTS: dict[str, Drawing] = {"book": draw_book, "narrow": draw_narrow, "screen": draw_screen}


def variants(page: Picture, method: str) -> Iterator[tuple[str, int, Picture]]:
    """Yield the page as given, resized twofold, and upsampled: name, factor, picture."""
    upsampler = make_upsampler(method)
    yield "original", 1, page
    yield "resized ×2", 2, resize(page, 2.0).picture
    for factor in (2, 3, 4):
        yield f"upsampled ×{factor}", factor, upsample_picture(page, factor, upsampler).picture


Key = tuple[str, str, str, float, str]
"""Engine, print, damage, x-height, column."""


def sweep(arguments: argparse.Namespace) -> dict[Key, Tally]:
    """Read every variant of every page with every engine."""
    files = [
        str(font.path) for name in FAMILIES for font in font_files("validation") if name in str(font.path)
    ]
    tallies: dict[Key, Tally] = defaultdict(Tally)
    for print_, damage, x_height in product(arguments.prints, arguments.damages, arguments.x_heights):
        for seed, file in enumerate(files[: arguments.pages]):
            page = from_array(DAMAGES[damage](PRINTS[print_](file, x_height), seed))
            advice = {engine: advise(page, engine).factor for engine in arguments.engines}
            for name, factor, picture in variants(page, arguments.method):
                for engine in arguments.engines:
                    lines = make_recognizer(engine).recognize(on_white(picture))
                    accuracy = measure_accuracy("\n".join(LINES), "\n".join(line.text for line in lines))
                    counts = accuracy.character_counts
                    edits = counts.substitutions + counts.insertions + counts.deletions
                    names = [name]
                    if name != "resized ×2" and factor == advice[engine]:
                        names.append("advised")
                    for column in names:
                        tally = tallies[engine, print_, damage, x_height, column]
                        tally.edits += edits
                        tally.length += counts.truth_length
                        tally.advised.append(factor)
    return tallies


def print_tables(tallies: dict[Key, Tally]) -> None:
    """Print CER in per cent, the advised factors, and the means by engine and print."""
    columns = ("original", "resized ×2", "upsampled ×2", "upsampled ×3", "upsampled ×4", "advised")
    print("| engine | print | damage | x-height | " + " | ".join(columns) + " | factors advised |")
    print("|---|---|---|---|" + "---|" * (len(columns) + 1))
    for cell in dict.fromkeys(key[:4] for key in tallies):
        engine, print_, damage, x_height = cell
        cells = [f"{100 * tallies[(*cell, column)].cer:.1f}" for column in columns]
        factors = ", ".join(map(str, sorted(set(tallies[(*cell, "advised")].advised))))
        print(f"| {engine} | {print_} | {damage} | {x_height:g} | {' | '.join(cells)} | {factors} |")
    print("\nMean CER over the cells, per cent:\n\n| engine | print | " + " | ".join(columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    prints = dict.fromkeys(key[:2] for key in tallies)
    for engine, print_ in [*prints, *((engine, "all") for engine in dict.fromkeys(key[0] for key in prints))]:
        means = [
            np.mean(
                [
                    tally.cer
                    for key, tally in tallies.items()
                    if key[0] == engine and print_ in (key[1], "all") and key[4] == column
                ]
            )
            for column in columns
        ]
        print(f"| {engine} | {print_} | " + " | ".join(f"{100 * mean:.2f}" for mean in means) + " |")


def main() -> None:
    """Read the options, sweep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--prints", nargs="+", choices=list(PRINTS), default=list(PRINTS))
    parser.add_argument("--damages", nargs="+", choices=list(DAMAGES), default=list(DAMAGES))
    parser.add_argument("--x-heights", nargs="+", type=float, default=[3, 4, 5, 6, 8, 10, 12, 16])
    parser.add_argument("--pages", type=int, default=3, help="typefaces, one page each (at most 4)")
    parser.add_argument("--method", default="classical", help="upsampling method")
    # Tesseract's own threads fight with each other on small pages; one is as fast.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    print_tables(sweep(parser.parse_args()))


if __name__ == "__main__":
    main()
