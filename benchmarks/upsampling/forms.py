"""Filled-in forms as an office scanner delivers them at low resolution: headings, labels, boxes, a table.

Drawn here with the evaluation typefaces and words of `training`, then scanned: a little turned, soft, grainy,
compressed. The truth is read row by row, as both engines arrange what stands side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from training.texts import GOODS, Chance, amount, code, load_wordbook, pick

from ocr_nb.degrade import add_noise, blur, compress, lower_contrast, shrink, skew
from ocr_nb.images import Gray, from_array

from .cases import OVERSAMPLING, Case, evaluation_faces

PAPER_INCHES = (5.2, 4.4)
INCH_OF_POINT = 1 / 72
TITLE_PT, LABEL_PT, VALUE_PT = 13.0, 8.0, 10.0
TYPEWRITERS = ("Mono", "Cour", "OCR")
TABLE = ("Item", "Quantity", "Price", "Amount")


@dataclass
class Sheet:
    """A form being drawn; places are inches from the top left."""

    image: Image.Image
    pixels_an_inch: float
    thin: int

    def write(self, face: str, points: float, x: float, baseline: float, text: str) -> None:
        """Put text on a base line."""
        font = ImageFont.truetype(face, points * INCH_OF_POINT * self.pixels_an_inch)
        place = x * self.pixels_an_inch, baseline * self.pixels_an_inch
        ImageDraw.Draw(self.image).text(place, text, font=font, fill=0, anchor="ls")

    def frame(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draw an empty box."""
        box = [value * self.pixels_an_inch for value in (left, top, right, bottom)]
        ImageDraw.Draw(self.image).rectangle(box, outline=60, width=self.thin)


def forms(resolutions: list[float], count: int) -> Iterator[Case]:
    """Yield `count` forms at each resolution, dots an inch; the full size is the same form at 300."""
    for dpi in resolutions:
        for number in range(count):
            chance = np.random.default_rng([18, number])
            clean, rows = draw_form(chance, dpi)
            chance = np.random.default_rng([18, number])
            large, _ = draw_form(chance, 300)
            yield Case(
                "forms", f"{dpi:g} dpi", f"form {number}", str(number), from_array(scan(clean, number)),
                "\n".join(rows), "page", from_array(large),
            )  # fmt: skip


def draw_form(chance: Chance, dpi: float) -> tuple[Gray, list[str]]:
    """Return a form without damage and its text, a string a row."""
    scale = OVERSAMPLING if dpi < 200 else 2
    inch = dpi * scale
    size = round(PAPER_INCHES[0] * inch), round(PAPER_INCHES[1] * inch)
    sheet = Sheet(Image.new("L", size, 255), inch, max(1, round(0.008 * inch)))
    label_face = pick(chance, evaluation_faces())
    typed = [face for face in evaluation_faces() if any(name in Path(face).name for name in TYPEWRITERS)]
    value_face = pick(chance, typed or evaluation_faces())
    words = load_wordbook("evaluation").english
    title = " ".join(pick(chance, words).upper() for _ in range(3))
    sheet.write(label_face, TITLE_PT, 0.3, 0.42, title)
    rows = [title]
    for number in range(6):
        top = 0.6 + 0.32 * number
        parts = []
        for left in (0.3, 2.75):
            label, value = pick(chance, words).capitalize() + ":", value_of(chance)
            sheet.write(label_face, LABEL_PT, left, top + 0.19, label)
            sheet.frame(left + 0.95, top, left + 2.2, top + 0.27)
            sheet.write(value_face, VALUE_PT, left + 1.0, top + 0.19, value)
            parts += [label, value]
        rows.append(" ".join(parts))
    edges = (0.3, 2.0, 2.9, 3.9, 4.95)
    for number in range(5):
        top = 2.7 + 0.29 * number
        cells = (
            list(TABLE)
            if number == 0
            else [pick(chance, GOODS), str(chance.integers(1, 99)), amount(chance), amount(chance)]
        )
        for left, right, cell in zip(edges, edges[1:], cells, strict=False):
            sheet.frame(left, top, right, top + 0.29)
            sheet.write(label_face if number == 0 else value_face, 9.0, left + 0.07, top + 0.2, cell)
        rows.append(" ".join(cells))
    gray = np.asarray(sheet.image, dtype=np.float32) / np.float32(255.0)
    return shrink(gray, 1 / scale), rows


def value_of(chance: Chance) -> str:
    """Return what someone typed into a field: a name, a number, a sum, a date."""
    kind = chance.integers(4)
    if kind == 0:
        return pick(chance, load_wordbook("evaluation").english).capitalize()
    if kind == 1:
        return code(chance)[:12]
    if kind == 2:
        return amount(chance)
    return f"{chance.integers(1, 29):02}/{chance.integers(1, 13):02}/{chance.integers(1990, 2026)}"


def scan(page: Gray, seed: int) -> Gray:
    """Return what a scanner makes of a page: up to 0.6° askew, soft, less contrast, grain, JPEG."""
    chance = np.random.default_rng([19, seed])
    page = skew(page, float(chance.uniform(-0.6, 0.6)))
    page = lower_contrast(blur(page, float(chance.uniform(0.3, 0.7))), float(chance.uniform(0.65, 0.95)))
    page = add_noise(page, float(chance.uniform(2, 7)) / 255, seed=seed)
    return compress(page, int(chance.integers(55, 85)))
