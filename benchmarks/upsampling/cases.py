"""What is read: pictures with their truth, each of a set, a cell of its table and a document.

Sets: receipts (lines, pages), screenshots drawn at their own small size, other scripts, pictures that need no
help, dense lines, level C's damage, and any folder of images with `NAME.gt.txt`. All but receipts and folders
are drawn here, with the evaluation typefaces of `training/fonts.py`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from benchmarks.baseline import Receipt, load_receipts, sorted_rows
from PIL import Image, ImageDraw, ImageFont
from training import cases as training_cases
from training.fonts import FACES, font_files
from training.texts import OTHER_LISTS, code, load_wordbook, pick, prose_line, receipt

from ocr_nb.degrade import compress, shrink
from ocr_nb.filters import resize
from ocr_nb.images import Gray, Picture, from_array, load_picture

Layout = Literal["line", "page"]
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
OVERSAMPLING = 8


@dataclass(frozen=True)
class Case:
    """A picture and what stands on it."""

    set: str
    cell: str
    """Column of the set's table, as `lines 8 px`."""
    document: str
    """What was drawn independently: intervals are over these."""
    name: str
    picture: Picture
    truth: str
    layout: Layout = "page"
    full: Picture | None = None
    """The same in its full size: the upper bound."""
    language: str = "English"
    rows: tuple[tuple[float, float], ...] = ()
    """Top and bottom of each line's x-height, pixels, where lines are counted."""


def receipt_lines(folder: Path, heights: list[float], count: int) -> Iterator[Case]:
    """Yield `count` lines for each height of their box, framed with paper."""
    for height in heights:
        full = training_cases.receipts(folder, None, count)
        for case, large in zip(training_cases.receipts(folder, height, count), full, strict=True):
            document = case.name.rsplit("-", 1)[0]
            yield Case(
                "receipt lines", f"{height:g} px", document, case.name, from_array(case.image),
                case.ground_truth, "line", from_array(large.image),
            )  # fmt: skip


def receipt_pages(folder: Path, heights: list[float], count: int) -> Iterator[Case]:
    """Yield `count` whole receipts, spread over the folder, for each median height of their lines."""
    receipts: list[Receipt] = load_receipts(folder, count)
    for height in heights:
        for number, page in enumerate(receipts):
            if height < page.line_height:
                small = resize(page.picture, height / page.line_height).picture
                name = page.picture.name or str(number)
                yield Case(
                    "receipt pages", f"{height:g} px", name, name, small, sorted_rows(page.rows),
                    "page", page.picture,
                )  # fmt: skip


def screenshots(ems: list[float], count: int) -> Iterator[Case]:
    """Yield pages drawn with hinting at each em, as screens do, plain and as JPEG; full size is em × 4."""
    for em in ems:
        for number in range(count):
            chance = np.random.default_rng([11, round(em * 10), number])
            lines = english_lines(chance, 8)
            face = str(pick(chance, evaluation_faces()))
            small, large = (draw_text(lines, ImageFont.truetype(face, em * scale)) for scale in (1, 4))
            for how, picture in (("", small), (", JPEG", compress(small, 60))):
                yield Case(
                    "screenshots", f"{em:g} px em{how}", Path(face).stem, f"{number}{how}",
                    from_array(picture), "\n".join(lines), "page", from_array(large),
                )  # fmt: skip


SCRIPTS = {"German": "german", "Polish": "polish", "Greek": "greek", "Russian": "russian"}
"""Language as recognizers are told it → word list."""
FACES_OF_ALL = ("Gentium", "LinLibertine", "PTS55F", "PTF55F")
FACES_OF = {"Greek": ("Gentium", "LinLibertine", "Carlito", "Vollkorn")}
"""Typefaces that have a language's letters: the two of PT have no Greek."""


def other_scripts(x_heights: list[float], count: int) -> Iterator[Case]:
    """Yield pages of words of one language each, level B's damage."""
    book = load_wordbook("evaluation")
    for language, words in SCRIPTS.items():
        listed = (book.other if words in OTHER_LISTS else book.latin).get(words)
        if not listed:
            continue
        for x_height in x_heights:
            for number in range(count):
                chance = np.random.default_rng([12, zlib.crc32(words.encode()), round(x_height * 10), number])
                lines = [" ".join(pick(chance, listed) for _ in range(6)) for _ in range(6)]
                face = pick(chance, evaluation_faces(*FACES_OF.get(language, FACES_OF_ALL)))
                clean = draw_at(lines, face, x_height)
                yield Case(
                    "other scripts", f"{language} {x_height:g} px", Path(face).stem, f"{language} {number}",
                    spoiled(clean, "B", number), "\n".join(lines), "page",
                    from_array(draw_at(lines, face, 3 * x_height)), language,
                )  # fmt: skip


def degraded(levels: str, x_heights: list[float], count: int) -> Iterator[Case]:
    """Yield pages of prose and codes with damage of `levels`, letters of `training.cases.LEVELS`."""
    for level in levels:
        for x_height in x_heights:
            for number in range(count):
                chance = np.random.default_rng([13, ord(level), round(x_height * 10), number])
                lines = english_lines(chance, 12)
                face = pick(chance, evaluation_faces())
                yield Case(
                    f"damage {level}", f"x-height {x_height:g} px", f"{Path(face).stem} {number}",
                    f"{level} {number}", spoiled(draw_at(lines, face, x_height), level, number),
                    "\n".join(lines), "page", from_array(draw_at(lines, face, 3 * x_height)),
                )  # fmt: skip


def dense(x_heights: list[float], count: int) -> Iterator[Case]:
    """Yield pages whose lines follow each other at 1.0, 1.1 or 1.2 em."""
    for x_height in x_heights:
        for number in range(count):
            chance = np.random.default_rng([14, round(x_height * 10), number])
            lines = english_lines(chance, 10)
            face = pick(chance, evaluation_faces())
            pitch = (1.0, 1.1, 1.2)[number % 3]
            large = at_x_height(face, x_height * OVERSAMPLING)
            drawn = shrink(draw_text(lines, large, pitch), 1 / OVERSAMPLING)
            baselines = [b / OVERSAMPLING for b in baselines_of(lines, large, pitch)]
            yield Case(
                "dense lines", f"x-height {x_height:g} px", f"{Path(face).stem} {number}", f"{number}",
                from_array(drawn), "\n".join(lines), "page", rows=tuple((b - x_height, b) for b in baselines),
            )  # fmt: skip


def unneeding(folder: Path | None, count: int) -> Iterator[Case]:
    """Yield what needs no help: receipts in full size, large drawn text, a photograph, noise, bare shapes."""
    for page in load_receipts(folder, count) if folder else ():
        name = page.picture.name or ""
        yield Case("no help needed", "receipts", name, name, page.picture, sorted_rows(page.rows))
    for number in range(count):
        chance = np.random.default_rng([15, number])
        lines, face = english_lines(chance, 8), pick(chance, evaluation_faces())
        page = from_array(draw_at(lines, face, 16))
        yield Case(
            "no help needed", "large text", f"{Path(face).stem} {number}", str(number), page, "\n".join(lines)
        )
        noise = chance.normal(0.6, 0.15, (200, 300)).clip(0, 1).astype(np.float32)
        yield Case("no help needed", "noise", f"noise {number}", str(number), from_array(noise), "")
    if (photograph := find_photograph()) is not None:
        yield Case("no help needed", "photograph", "photograph", "photograph", load_picture(photograph), "")


def folder_cases(folder: Path, layout: Literal["line", "page", "auto"]) -> Iterator[Case]:
    """Yield every image of `folder` beside which lies `NAME.gt.txt`; one line of truth makes it a line."""
    for truth in sorted(folder.glob("*.gt.txt")):
        stem = truth.name.removesuffix(".gt.txt")
        found = [path for suffix in IMAGES if (path := folder / f"{stem}{suffix}").exists()]
        if found:
            text = truth.read_text("utf-8").strip()
            kind: Layout = ("page" if "\n" in text else "line") if layout == "auto" else layout
            yield Case(folder.name, "all", stem, stem, load_picture(found[0]), text, kind)


@cache
def evaluation_faces(*names: str) -> list[str]:
    """Return the files of `FACES` that are installed, or of those whose names hold one of `names`."""
    files = [str(font.path) for font in font_files("evaluation") if font.path.name in FACES]
    return [file for file in files if not names or any(name in file for name in names)]


def english_lines(chance: np.random.Generator, count: int) -> list[str]:
    """Write prose, with every third line of codes or of a receipt."""
    book = load_wordbook("evaluation")
    kinds = (
        lambda: prose_line(chance, "evaluation"),
        lambda: prose_line(chance, "evaluation"),
        lambda: receipt(chance, book),
    )
    lines = [kinds[number % 3]() for number in range(count - 1)]
    return [*lines, " ".join(code(chance) for _ in range(5))]


def at_x_height(face: str, x_height: float) -> ImageFont.FreeTypeFont:
    """Open a face at the size at which its x is `x_height` pixels tall."""
    _, top, _, bottom = ImageFont.truetype(face, 400).getbbox("x")
    return ImageFont.truetype(face, 400 * x_height / (bottom - top))


def draw_at(lines: list[str], face: str, x_height: float) -> Gray:
    """Draw large and average down: no hinting, any phase of the pixel grid."""
    drawn = draw_text(lines, at_x_height(face, x_height * OVERSAMPLING))
    return shrink(drawn, 1 / OVERSAMPLING)


def draw_text(lines: list[str], font: ImageFont.FreeTypeFont, pitch_em: float = 1.35) -> Gray:
    """Draw dark on white, `pitch_em` from line to line, an em of paper around."""
    em = font.size
    width = round(max(font.getlength(line) for line in lines) + 2 * em)
    page = Image.new("L", (width, round((len(lines) - 1) * pitch_em * em + 3 * em)), 255)
    drawing = ImageDraw.Draw(page)
    for line, baseline in zip(lines, baselines_of(lines, font, pitch_em), strict=True):
        drawing.text((em, baseline), line, font=font, fill=0, anchor="ls")
    return np.asarray(page, dtype=np.float32) / np.float32(255.0)


def baselines_of(lines: list[str], font: ImageFont.FreeTypeFont, pitch_em: float) -> list[float]:
    """Return the height of each base line, pixels from the top."""
    return [round(2 * font.size) + round(number * pitch_em * font.size) for number in range(len(lines))]


def spoiled(page: Gray, level: str, seed: int) -> Picture:
    """Damage a page as `training.cases` does."""
    chance = np.random.default_rng([16, ord(level), seed])
    return from_array(training_cases.spoil((page * 255 + 0.5).astype(np.uint8), level, chance))


def find_photograph() -> Path | None:
    """Return the photograph that comes with matplotlib, if it is installed."""
    try:
        import matplotlib.cbook as cbook
    except ImportError:
        return None
    path = Path(str(cbook._get_data_path("sample_data", "grace_hopper.jpg")))
    return path if path.exists() else None
