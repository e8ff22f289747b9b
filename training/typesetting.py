"""Set lines of text, twice: as a small screen would show them, and four times as large.

Goes in: a font file, lines of text, a `Style`. Comes out: coverage, `(H, W)` uint8, 0 paper and 255 ink:
large at `FACTOR` pixels a small pixel, never hinted, and for native styles small as well, from FreeType at
that size with its own hinting. Both share one pen, so a glyph covers the same place in both.
"""

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import freetype
import numpy as np
import numpy.typing as npt

from training.fonts import FontFile

FACTOR = 4
Coverage = npt.NDArray[np.uint8]
Hinting = Literal["none", "light", "full", "mono", "lcd"]

LOAD_FLAGS: dict[Hinting, int] = {
    "none": freetype.FT_LOAD_NO_HINTING,
    "light": freetype.FT_LOAD_TARGET_LIGHT,
    "full": freetype.FT_LOAD_TARGET_NORMAL | freetype.FT_LOAD_FORCE_AUTOHINT,
    "mono": freetype.FT_LOAD_TARGET_MONO,
    "lcd": freetype.FT_LOAD_TARGET_LCD,
}
# Rec. 601 weights of red, green and blue: what a luma conversion makes of a subpixel's coverage.
LUMA_OF_SUBPIXELS = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Style:
    """How a page is set. Lengths are in small pixels."""

    x_height_px: float
    stretch: float = 1.0
    """Width ÷ natural width of the glyphs."""
    spacing_px: float = 0.0
    """Extra room after each glyph."""
    pitch_em: float = 1.2
    """Distance of baselines in em."""
    native: Hinting | None = None
    """How FreeType draws the small picture; None when there is none because degradation makes it."""
    whole_pixels: bool = False
    """Whether the pen advances by whole small pixels, as old screens do."""
    mirrored_subpixels: bool = False
    """Whether an LCD's order is blue, green, red."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that lies wholly inside the picture; its box is in small pixels."""

    line: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of one face."""

    large: Coverage
    """`(FACTOR·h, FACTOR·w)`."""
    small: Coverage | None
    """`(h, w)` for native styles."""
    words: tuple[Word, ...]
    x_height_px: float
    pixel_font: bool


@dataclass(frozen=True, slots=True)
class Glyph:
    """A drawn character: `pixels` lies `left` right of and `top` above the pen."""

    pixels: Coverage
    left: int
    top: int
    advance: float


class Typeface:
    """A FreeType face that draws one glyph at a time, at any size, and remembers none."""

    def __init__(self, font: FontFile) -> None:
        self.font = font
        self.face = freetype.Face(str(font.path))
        if font.bitmap:
            self.face.select_size(0)
            self.em_per_x_height = self.face.available_sizes[0].height / self.fixed_x_height()
        else:
            self.face.set_char_size(1000 * 64)
            self.em_per_x_height = 1000.0 / max(1.0, self._x_height("none"))

    def has(self, char: str) -> bool:
        return bool(self.face.get_char_index(char))

    def set_size(self, width_em_px: float, height_em_px: float) -> None:
        """Choose the em in pixels; a pixel font has one size and ignores this."""
        if not self.font.bitmap:
            self.face.set_char_size(
                max(64, round(width_em_px * 64)), max(64, round(height_em_px * 64)), 72, 72
            )

    def _x_height(self, hinting: Hinting) -> float:
        self.face.load_char("x", LOAD_FLAGS[hinting])
        return float(self.face.glyph.metrics.horiBearingY) / 64

    def fixed_x_height(self) -> float:
        """Measure a pixel font's x, in its own pixels."""
        # Some pixel fonts store every glyph as a full cell: only inked rows count.
        return float(max(1, self.glyph("x", "mono", 0.0).pixels.any(axis=1).sum()))

    def x_height(self, hinting: Hinting) -> float:
        """Measure the x at the present size, in pixels, after hinting."""
        return self._x_height(hinting)

    def glyph(self, char: str, hinting: Hinting, shift: float, mirrored: bool = False) -> Glyph:
        """Draw a character `shift` pixels (0 to 1) right of the pixel grid."""
        delta = freetype.Vector(round(shift * 64), 0)
        self.face.set_transform(freetype.Matrix(0x10000, 0, 0, 0x10000), delta)
        self.face.load_char(char, LOAD_FLAGS[hinting] | freetype.FT_LOAD_RENDER)
        slot = self.face.glyph
        pixels = pixels_of(slot.bitmap)
        if pixels.size and slot.bitmap.pixel_mode == freetype.FT_PIXEL_MODE_LCD:
            pixels = luma_of_lcd(pixels, mirrored)
        advance = (
            slot.advance.x / 64 if self.font.bitmap or hinting == "mono" else slot.linearHoriAdvance / 65536
        )
        return Glyph(pixels, slot.bitmap_left, slot.bitmap_top, advance)


@lru_cache(maxsize=64)
def open_typeface(font: FontFile) -> Typeface:
    """Open a font file once."""
    return Typeface(font)


def pixels_of(bitmap: freetype.Bitmap) -> Coverage:
    """Copy a FreeType bitmap, whose rows may be padded or packed eight pixels a byte, into an array."""
    rows, width, pitch = bitmap.rows, bitmap.width, abs(bitmap.pitch)
    if rows == 0 or width == 0:
        return np.zeros((0, 0), dtype=np.uint8)
    raw = ctypes.cast(bitmap._FT_Bitmap.buffer, ctypes.POINTER(ctypes.c_ubyte))
    data = np.ctypeslib.as_array(raw, shape=(rows, pitch))
    if bitmap.pixel_mode == freetype.FT_PIXEL_MODE_MONO:
        return np.unpackbits(data, axis=1)[:, :width] * np.uint8(255)
    return data[:, :width].copy()


def luma_of_lcd(pixels: Coverage, mirrored: bool) -> Coverage:
    """Reduce `(h, 3·w)` subpixel coverage to `(h, w)` as a luma conversion would."""
    height, width = pixels.shape
    triples = np.pad(pixels, ((0, 0), (0, -width % 3))).reshape(height, -1, 3)
    weights = LUMA_OF_SUBPIXELS[::-1] if mirrored else LUMA_OF_SUBPIXELS
    return np.asarray(triples @ weights + 0.5, dtype=np.uint8)


def stamp(canvas: Coverage, glyph: Glyph, x: int, baseline: int) -> None:
    """Lay a glyph on the canvas, keeping the darker of both; what falls outside is cut."""
    height, width = glyph.pixels.shape
    left, top = x + glyph.left, baseline - glyph.top
    right, bottom = min(canvas.shape[1], left + width), min(canvas.shape[0], top + height)
    x0, y0 = max(0, left), max(0, top)
    if x0 < right and y0 < bottom:
        place = canvas[y0:bottom, x0:right]
        np.maximum(place, glyph.pixels[y0 - top : bottom - top, x0 - left : right - left], out=place)


def set_page(font: FontFile, lines: list[str], style: Style, width: int, height: int) -> Page:
    """Set as many of `lines` as fit a small picture of `(height, width)`; each is cut where it ends."""
    face = open_typeface(font)
    if font.bitmap:
        return _set_pixel_page(face, lines, style, width, height)
    em = face.em_per_x_height * style.x_height_px
    large = np.zeros((height * FACTOR, width * FACTOR), dtype=np.uint8)
    small = None if style.native is None else np.zeros((height, width), dtype=np.uint8)
    words: list[Word] = []
    for number, (text, baseline) in enumerate(
        zip(lines, baselines(em * style.pitch_em, height), strict=False)
    ):
        pens = _set_small(face, text, style, em, baseline, small, width)
        _set_large(face, text, style, em, baseline, large, pens)
        words += words_between(
            text, pens, number, baseline - 0.95 * em * 0.8, baseline + 0.25 * em, width, height
        )
    return Page(large, small, tuple(words), style.x_height_px, pixel_font=False)


def baselines(pitch: float, height: int) -> list[int]:
    """Return whole baselines; the first and the last line may be cut by the border, as in a crop."""
    first = 0.6 * pitch
    return [round(first + i * pitch) for i in range(max(1, int((height + 0.4 * pitch - first) / pitch) + 1))]


def _set_small(
    face: Typeface, text: str, style: Style, em: float, baseline: int, small: Coverage | None, width: int
) -> list[float]:
    """Draw one small line if asked for, and return each glyph's pen with the last one's end."""
    hinting: Hinting = style.native or "none"
    face.set_size(em * style.stretch, em)
    pen, pens = 2.0, []
    for char in text:
        pens.append(pen)
        shift = 0.0 if style.whole_pixels or hinting == "mono" else round((pen % 1) * 4) / 4 % 1
        glyph = face.glyph(char, hinting, shift, style.mirrored_subpixels)
        if small is not None:
            stamp(small, glyph, int(pen + 0.124), baseline)
        step = glyph.advance + style.spacing_px
        pen += max(1.0, round(step)) if style.whole_pixels else step
        if pen > width:
            break
    return [*pens, pen]


def _set_large(
    face: Typeface, text: str, style: Style, em: float, baseline: int, large: Coverage, pens: list[float]
) -> None:
    """Draw the same line `FACTOR` times as large at the given pens.

    Hinting moves the x-height to whole pixels: the large glyphs take over that height, or the network would
    be taught to shrink what it sees.
    """
    face.set_size(em * style.stretch, em)
    tall = face.x_height(style.native) / max(0.5, face.x_height("none")) if style.native else 1.0
    face.set_size(em * style.stretch * FACTOR, em * FACTOR * min(1.3, max(0.77, tall)))
    for char, pen in zip(text, pens[:-1], strict=False):
        stamp(large, face.glyph(char, "none", 0.0), round(pen * FACTOR), baseline * FACTOR)


def words_between(
    text: str, pens: list[float], line: int, top: float, bottom: float, width: int, height: int
) -> list[Word]:
    """Box the words that neither the border nor the loop's end cut."""
    words, start = [], 0
    if top < 0 or bottom > height:
        return []
    for end in range(len(text) + 1):
        if end < len(text) and text[end] != " ":
            continue
        if end > start and end < len(pens) and pens[end] <= width - 1:
            words.append(Word(line, pens[start], top, pens[end], bottom, text[start:end]))
        start = end + 1
    return words


def _set_pixel_page(face: Typeface, lines: list[str], style: Style, width: int, height: int) -> Page:
    """Set a pixel font at its own size on a small picture; the large one repeats its pixels."""
    small = np.zeros((height, width), dtype=np.uint8)
    x_height = face.fixed_x_height()
    em = x_height * face.em_per_x_height
    words: list[Word] = []
    for number, (text, baseline) in enumerate(
        zip(lines, baselines(em * style.pitch_em, height), strict=False)
    ):
        pen, pens = 2.0, []
        for char in text:
            pens.append(pen)
            glyph = face.glyph(char, "mono", 0.0)
            stamp(small, glyph, int(pen), baseline)
            pen += max(1.0, glyph.advance + round(style.spacing_px))
            if pen > width:
                break
        pens.append(pen)
        words += words_between(text, pens, number, baseline - 0.78 * em, baseline + 0.22 * em, width, height)
    large = small.repeat(FACTOR, axis=0).repeat(FACTOR, axis=1)
    return Page(large, small, tuple(words), x_height, pixel_font=True)


def drop_missing(font: FontFile, text: str) -> str:
    """Leave out characters that the face has no glyph for, and the gaps they leave."""
    face = open_typeface(font)
    return " ".join("".join(c for c in text if c == " " or face.has(c)).split())
