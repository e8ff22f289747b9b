"""Pages on disk: everything about a sample that is slow to make and need not change between epochs.

`python -m training.strips` renders them once with several processes. A strip is `WIDTH × HEIGHT` small
pixels of one typeface; its large coverage, its small one if it is a screen's, and its words are kept.
Paper, light, blur and compression come later and fresh each time (`degradation`).
"""

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from training import printing
from training.fonts import FontFile, Split, font_files
from training.texts import Chance, pick, write_line
from training.typesetting import (
    FACTOR,
    Coverage,
    Hinting,
    Page,
    Style,
    Word,
    drop_missing,
    open_typeface,
    set_page,
)

WIDTH, HEIGHT = 256, 80
Kind = Literal["print", "raster", "pixel print", "screen", "pixel screen", "shapes"]
KINDS: tuple[Kind, ...] = ("print", "raster", "pixel print", "screen", "pixel screen", "shapes")
SHARES: dict[Split, tuple[float, ...]] = {
    "train": (0.45, 0.14, 0.12, 0.21, 0.04, 0.04),
    # Pixel fonts all train, so the other splits have none.
    "validation": (0.60, 0.15, 0.0, 0.25, 0.0, 0.0),
    "evaluation": (0.60, 0.15, 0.0, 0.25, 0.0, 0.0),
}
SPLIT_SEEDS: dict[Split, int] = {"train": 1, "validation": 2, "evaluation": 3}


@dataclass(frozen=True, slots=True)
class Strip:
    """One rendered page, as the arrays on disk hold it."""

    large: Coverage
    """`(FACTOR·HEIGHT, FACTOR·WIDTH)` uint8, 255 ink."""
    small: Coverage | None
    """`(HEIGHT, WIDTH)` uint8 for screens, else None."""
    words: tuple[Word, ...]
    x_height_px: float
    kind: Kind
    font: str


def draw_x_height(chance: Chance) -> float:
    """Draw an x-height in small pixels: 3 to 14, mostly the 4 to 8 where reading is won or lost."""
    low, high = (4.0, 8.0) if chance.random() < 0.6 else (3.0, 14.0)
    return float(np.exp(chance.uniform(np.log(low), np.log(high))))


def draw_font(chance: Chance, split: Split, bitmap: bool) -> FontFile:
    """Draw a family first and a face of it then, so that large families do not rule."""
    fonts = [font for font in font_files(split) if font.bitmap == bitmap]
    family = pick(chance, sorted({font.family for font in fonts}))
    return pick(chance, [font for font in fonts if font.family == family])


def draw_style(chance: Chance, kind: Kind) -> Style:
    """Draw size, width, spacing, pitch and, for screens, hinting."""
    x_height = draw_x_height(chance)
    style = Style(
        x_height_px=x_height,
        # Tills print narrow letters, so that a price fits on the line: narrowing is commoner than widening.
        stretch=float(np.exp(chance.uniform(-0.6, 0.35))) if chance.random() < 0.45 else 1.0,
        spacing_px=float(chance.uniform(-0.06, 0.35) * x_height) if chance.random() < 0.25 else 0.0,
        pitch_em=float(chance.uniform(1.0, 1.3) if chance.random() < 0.6 else chance.uniform(1.3, 1.9)),
    )
    if kind != "screen":
        return style
    hintings: tuple[Hinting, ...] = ("none", "light", "light", "full", "full", "lcd", "lcd", "mono")
    native = pick(chance, hintings)
    return replace(
        style,
        x_height_px=max(4.0, x_height),
        native=native,
        whole_pixels=native in ("full", "mono") or chance.random() < 0.4,
        mirrored_subpixels=chance.random() < 0.3,
    )


def render_strip(index: int, split: Split, seed: int) -> Strip:
    """Render strip number `index`: the same split, seed and index give the same strip."""
    chance = np.random.default_rng([seed, SPLIT_SEEDS[split], index])
    kind = KINDS[int(chance.choice(len(KINDS), p=np.array(SHARES[split])))]
    if kind == "shapes":
        plane = printing.draw_shapes((HEIGHT * FACTOR, WIDTH * FACTOR), chance)
        return Strip(to_bytes(plane), None, (), 8.0, kind, "")
    font = draw_font(chance, split, bitmap=kind.startswith("pixel"))
    style = draw_style(chance, kind)
    lines = draw_lines(chance, split, font)
    if kind == "pixel print":
        # The print head's grid has more or fewer cells than the picture has small pixels.
        pitch = pitch_of(font, style)
        page = set_page(
            font, lines, style, round(WIDTH * FACTOR / pitch[0]) + 1, round(HEIGHT * FACTOR / pitch[1]) + 1
        )
        page = printed_pixels(page, style, pitch, chance)
    else:
        page = printed(set_page(font, lines, style, WIDTH, HEIGHT), kind, style.x_height_px, chance)
    return Strip(page.large, page.small, page.words, page.x_height_px, kind, font.path.name)


def pitch_of(font: FontFile, style: Style) -> tuple[float, float]:
    """Return the width and height in large pixels of one cell of a pixel font."""
    tall = FACTOR * style.x_height_px / open_typeface(font).fixed_x_height()
    return tall * style.stretch, tall


def draw_lines(chance: Chance, split: Split, font: FontFile) -> list[str]:
    """Write more and longer lines than fit, of characters that the font has."""
    return [drop_missing(font, " ".join(write_line(chance, split) for _ in range(3))) for _ in range(24)]


def printed(page: Page, kind: Kind, x_height_px: float, chance: Chance) -> Page:
    """Turn a set page into what its kind of printer or screen makes of it."""
    plane = to_plane(page.large)
    size = (HEIGHT * FACTOR, WIDTH * FACTOR)
    if kind == "pixel screen":
        smooth = printing.smooth_pixels(plane, FACTOR) if chance.random() < 0.8 else plane
        return replace(page, large=to_bytes(smooth))
    if kind == "raster":
        pitch = FACTOR * x_height_px / chance.uniform(6, 16)
        cells = printing.sample_cells(plane, pitch, float(chance.uniform(0.3, 0.55)))
        return replace(page, large=to_bytes(print_grid(cells, (pitch, pitch), size, chance)))
    if page.small is None and chance.random() < 0.1:
        return replace(page, large=to_bytes(printing.draw_rules(plane, chance)))
    return page


def printed_pixels(page: Page, style: Style, pitch: tuple[float, float], chance: Chance) -> Page:
    """Print a pixel font's page, a cell a pixel."""
    assert page.small is not None
    plane = print_grid(page.small > 127, pitch, (HEIGHT * FACTOR, WIDTH * FACTOR), chance)
    words = tuple(scaled(word, pitch[0] / FACTOR, pitch[1] / FACTOR) for word in page.words)
    words = tuple(word for word in words if word.right < WIDTH and word.bottom < HEIGHT)
    return Page(to_bytes(plane), None, words, style.x_height_px, pixel_font=True)


def print_grid(
    cells: npt.NDArray[np.bool_], pitch: tuple[float, float], size: tuple[int, int], chance: Chance
) -> printing.Plane:
    """Print cells as touching squares, as a thermal head does, or as needle dots; ink spreads on both."""
    if chance.random() < 0.5:
        plane = printing.print_dots(cells, pitch, float(chance.uniform(0.5, 0.8)), size)
    else:
        plane = printing.print_cells(cells, pitch, size)
    spread = max(0.4, float(chance.uniform(0.25, 0.6)) * min(pitch))
    return printing.spread_ink(
        plane, spread, float(chance.uniform(0.3, 0.5)), float(chance.uniform(0.4, 0.9))
    )


def scaled(word: Word, across: float, down: float) -> Word:
    """Scale a word's box."""
    return replace(
        word,
        left=word.left * across,
        top=word.top * down,
        right=word.right * across,
        bottom=word.bottom * down,
    )


def to_plane(coverage: Coverage) -> printing.Plane:
    """Convert uint8 to float32 in [0, 1]."""
    return coverage.astype(np.float32) / 255


def to_bytes(plane: printing.Plane) -> Coverage:
    """Convert float32 in [0, 1] to uint8."""
    return np.asarray(plane * 255 + 0.5, dtype=np.uint8)


def render_many(folder: Path, split: Split, seed: int, count: int, *, processes: int) -> None:
    """Render strips 0 … count-1 into `folder`: `large.npy`, `small.npy` and `strips.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    large = np.lib.format.open_memmap(
        folder / "large.npy", mode="w+", dtype=np.uint8, shape=(count, HEIGHT * FACTOR, WIDTH * FACTOR)
    )
    small = np.lib.format.open_memmap(
        folder / "small.npy", mode="w+", dtype=np.uint8, shape=(count, HEIGHT, WIDTH)
    )
    render = partial(render_strip, split=split, seed=seed)
    with ExitStack() as stack:
        notes = stack.enter_context((folder / "strips.jsonl").open("w", encoding="utf-8"))
        strips: Iterator[Strip] = map(render, range(count))
        if processes > 1:
            pool = stack.enter_context(ProcessPoolExecutor(processes, mp_context=get_context("spawn")))
            strips = pool.map(render, range(count), chunksize=16)
        for index, strip in enumerate(strips):
            large[index] = strip.large
            if strip.small is not None:
                small[index] = strip.small
            notes.write(json.dumps(note_of(strip), ensure_ascii=False) + "\n")
    large.flush()
    small.flush()


def note_of(strip: Strip) -> dict[str, object]:
    """Describe a strip without its pixels."""
    return {
        "kind": strip.kind,
        "font": strip.font,
        "x_height_px": strip.x_height_px,
        "native": strip.small is not None,
        "words": [asdict(word) for word in strip.words],
    }


class StripShelf:
    """The strips of a folder, read where they lie."""

    def __init__(self, folder: Path) -> None:
        self._large = np.load(folder / "large.npy", mmap_mode="r")
        self._small = np.load(folder / "small.npy", mmap_mode="r")
        with (folder / "strips.jsonl").open(encoding="utf-8") as notes:
            self._notes = [json.loads(line) for line in notes]

    def __len__(self) -> int:
        return len(self._notes)

    def characters(self) -> set[str]:
        """Return every character that is set somewhere."""
        return {char for note in self._notes for word in note["words"] for char in word["text"]}

    def __getitem__(self, index: int) -> Strip:
        note = self._notes[index]
        return Strip(
            large=self._large[index],
            small=self._small[index] if note["native"] else None,
            words=tuple(Word(**word) for word in note["words"]),
            x_height_px=note["x_height_px"],
            kind=note["kind"],
            font=note["font"],
        )

    def __iter__(self) -> Iterator[Strip]:
        return (self[index] for index in range(len(self)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Render strips of synthetic text to disk.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", choices=list(SHARES), default="train")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    render_many(wanted.folder, wanted.split, wanted.seed, wanted.count, processes=wanted.processes)


if __name__ == "__main__":
    main()
