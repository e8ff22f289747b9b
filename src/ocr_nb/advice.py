"""Say whether enlarging a picture would help a recognizer, by how much, and why.

In: anything `load_picture` takes, and the reader's name. Out: a factor 1 to 4 and a sentence for people.
The thresholds are measured (`benchmarks/advice.py`, results in `docs/advice.md`). Asks no recognizer.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .errors import SettingsError, suggestion
from .images import Gray, ImageLike, Picture, Pixels, load_picture, luma
from .xheight import holds_tiny_text, measure_sharpness, measure_x_height

READERS = ("rapidocr", "tesseract")
EDITION = 2
"""Goes up whenever an image may get another factor: what was measured as advised before is told apart."""

_NAMES = {"rapidocr": "RapidOCR", "tesseract": "Tesseract", None: "a modern recognizer"}
_TESSERACT_BLURRED_PX = 3.5
_TESSERACT_TINY_PX = 4.0
_TESSERACT_SMALL_PX = 7.0
_TESSERACT_ENOUGH_PX, _TESSERACT_ENOUGH_SOFT_PX = 10.0, 13.0
_SOFT, _SHARP, _CRISP = 0.55, 0.75, 0.95
"""Measured: sharp print below 7 px reads best fourfold, if not by much, and narrow print by far; only below
4 px what a screen drew at this size, crisper than what was averaged down, threefold. Blurred print threefold
below 3.5 px and twofold above; from 7 to 10 px twofold, strongly blurred print up to 13 px, and beyond that
nothing is gained. Tesseract's own documentation asks for 20 px and more."""
_X_OF_LINE = 0.5
"""x-height ÷ height of a picture that holds one line, about: lines are cut out with little paper around."""
_LOW_PX = 12.0
"""A picture that can hold no larger x-height than this is taken for a tiny line."""
_FAINTEST = 0.1
"""Difference of tones below which nothing stands on a picture."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do with a picture before it is read."""

    factor: int
    """1 (leave it), 2, 3 or 4."""
    reason: str
    """One sentence for people."""
    x_height_px: float | None
    """Of the picture as given; None when no text was found."""
    sharpness: float | None
    """In [0, 1], see `measure_sharpness`; None when no text was found."""
    reader: str | None
    """The recognizer the advice is for; None: safe for a strong one."""
    most_x_height_px: float | None = None
    """Where no size could be measured: what it is at most, by the height of the picture."""
    is_tiny: bool = False
    """Whether no size could be measured since the text is below two pixels of x-height."""


def advise(image: ImageLike, reader: str | None = None) -> Advice:
    """Say by which factor to upsample `image` before `reader` reads it.

    Args:
        image: anything `load_picture` takes.
        reader: `rapidocr`, `tesseract`, or None for a recognizer we do not know: then advice that is safe
            for a strong one, which gains nothing from enlarging and may lose.

    Raises:
        ImageError: the image cannot be read.
        SettingsError: `reader` is unknown.
    """
    check_reader(reader)
    picture = load_picture(image)
    x_height, sharpness = x_height_of(picture), _once(picture, measure_sharpness)
    bound = _once(picture, _bound_x_height) if x_height is None else None
    is_tiny = x_height is None and bool(_once(picture, holds_tiny_text))
    factor, reason = _decide(x_height, sharpness, reader, bound, is_tiny=is_tiny)
    return Advice(factor, reason, x_height, sharpness, reader, bound, is_tiny)


def x_height_of(picture: Picture) -> float | None:
    """Return what `measure_x_height` says of a picture; measured once as long as its pixels are kept."""
    return _once(picture, measure_x_height)


_Measure = Callable[[Gray], float | None]
_measured: dict[tuple[int, _Measure], tuple[weakref.ref[Pixels], float | None]] = {}
"""By the identity of the pixels, which nobody may write to, and what was measured on them."""


def _once(picture: Picture, measure: _Measure) -> float | None:
    """Return what `measure` says of a picture; a study asks about an image under each condition."""
    pixels = picture.pixels
    key = (id(pixels), measure)
    known = _measured.get(key)
    if known is not None and known[0]() is pixels:
        return known[1]
    found = measure(luma(picture))
    _measured[key] = weakref.ref(pixels, lambda _: _measured.pop(key, None)), found
    return found


def advise_again(advice: Advice, reader: str | None) -> Advice:
    """Say the same picture's advice for another reader, without measuring it anew. Errors as `advise`."""
    check_reader(reader)
    bound = advice.most_x_height_px
    factor, reason = _decide(advice.x_height_px, advice.sharpness, reader, bound, is_tiny=advice.is_tiny)
    return replace(advice, factor=factor, reason=reason, reader=reader)


def check_reader(reader: str | None) -> None:
    """Refuse a reader that nobody knows.

    Raises:
        SettingsError: the message says which was meant.
    """
    if reader is not None and reader not in READERS:
        raise SettingsError(f"There is no reader {reader!r}: {suggestion(str(reader), READERS)}")


def _decide(
    x_height: float | None,
    sharpness: float | None,
    reader: str | None,
    bound: float | None = None,
    *,
    is_tiny: bool = False,
) -> tuple[int, str]:
    if x_height is None:
        return _decide_unmeasured(bound, reader, is_tiny=is_tiny)
    name = _NAMES[reader]
    size = f"x-height {x_height:.1f} px" if x_height < 10 else f"x-height {x_height:.0f} px"
    if reader == "tesseract":
        # Unmeasured sharpness: as what is drawn at its size, which no scale has softened.
        sharpness = 1.0 if sharpness is None else sharpness
        factor = _factor_for_tesseract(x_height, sharpness)
        if factor == 1:
            return 1, f"{size}: large enough for {name}; enlarging it gains nothing."
        decided_by_size = _TESSERACT_SMALL_PX <= x_height < _TESSERACT_ENOUGH_PX
        kind = "blurred text" if sharpness < _SHARP and not decided_by_size else "text"
        return factor, f"{size}: {name} reads {kind} of this size better enlarged ×{factor}."
    return 1, f"{size}: {name} enlarges lines by itself; enlarging them before gains nothing and may harm."


def _factor_for_tesseract(x_height: float, sharpness: float) -> int:
    if x_height >= (_TESSERACT_ENOUGH_SOFT_PX if sharpness < _SOFT else _TESSERACT_ENOUGH_PX):
        return 1
    if x_height >= _TESSERACT_SMALL_PX:
        return 2
    if sharpness < _SHARP:
        return 2 if x_height >= _TESSERACT_BLURRED_PX else 3
    is_drawn_so_small = x_height < _TESSERACT_TINY_PX and sharpness >= _CRISP
    return 3 if is_drawn_so_small else 4


def factor_for(x_height_px: float | None, reader: str | None) -> int:
    """Return the factor that `advise` names for sharp text of this size."""
    return _decide(x_height_px, None, reader)[0]


def _bound_x_height(gray: Gray) -> float | None:
    """Return about the largest possible x-height: half of the height, if anything stands on the picture."""
    return _X_OF_LINE * gray.shape[0] if float(np.ptp(gray)) > _FAINTEST else None


def _decide_unmeasured(bound: float | None, reader: str | None, *, is_tiny: bool) -> tuple[int, str]:
    """Decide without a size: text on a picture that is hardly higher than a line cannot be large."""
    name = _NAMES[reader]
    if reader == "tesseract" and is_tiny:
        return 3, f"The text is too small to be measured: {name} reads a little of it if enlarged ×3."
    if reader == "tesseract" and bound is not None and bound < _LOW_PX:
        factor = 3 if bound < _TESSERACT_SMALL_PX else 2
        return factor, (
            "The size of the text could not be measured, but so low a picture holds none larger than "
            f"{bound:.0f} px: {name} reads such text better enlarged ×{factor}."
        )
    return 1, "No text was found whose size could be measured, so the picture is left as it is."
