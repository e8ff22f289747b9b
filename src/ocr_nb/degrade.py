"""Make a picture worse on purpose.

Every function takes a gray image, `(H, W)` float32 in [0, 1], or a `Picture`, and returns the same kind; it
is a pure function of its arguments: the same seed gives the same pixels. Paper is taken to be white.
Knows nothing of services or accuracy; it only spoils pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast, overload

import cv2
import numpy as np
import numpy.typing as npt

from .filters import remade
from .images import Gray, Picture, on_white

AnyImage = TypeVar("AnyImage", Gray, Picture)
_Floats: TypeAlias = npt.NDArray[np.float32]


def shrink(image: AnyImage, scale: float) -> AnyImage:
    """Reduce by `scale` in (0, 1], averaging the pixels that disappear.

    Averaging, not sampling: a scanner's sensor integrates over its cell, and sampling would drop thin
    strokes and make small print look worse than it is.
    """
    _check("scale", scale, above=0.0, most=1.0)

    def work(pixels: _Floats) -> _Floats:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        return cast(_Floats, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))

    return _apply(image, work)


def blur(image: AnyImage, sigma: float) -> AnyImage:
    """Blur with a Gaussian of `sigma` pixels; 0 leaves the image as it is."""
    _check("sigma", sigma, least=0.0)
    if sigma == 0:
        return image
    return _apply(
        image, lambda pixels: cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    )


def add_noise(image: AnyImage, deviation: float, *, seed: int) -> AnyImage:
    """Add Gaussian noise of standard `deviation` (1 is black to white), the same on all colors."""
    _check("deviation", deviation, least=0.0)

    def work(pixels: _Floats) -> _Floats:
        grain = np.random.default_rng(seed).normal(0.0, deviation, pixels.shape[:2]).astype(np.float32)
        return pixels + (grain if pixels.ndim == 2 else grain[:, :, None])

    return _apply(image, work)


def compress(image: AnyImage, quality: int) -> AnyImage:
    """Store as JPEG of `quality` 1 to 100 and read it back."""
    _check("quality", quality, least=1, most=100)

    def work(pixels: _Floats) -> _Floats:
        eight = (pixels * 255.0).round().astype(np.uint8)
        _, data = cv2.imencode(".jpg", eight, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
        kind = cv2.IMREAD_GRAYSCALE if pixels.ndim == 2 else cv2.IMREAD_COLOR
        read = cast(npt.NDArray[np.uint8], cv2.imdecode(data, kind))
        return read.astype(np.float32) / np.float32(255.0)

    return _apply(image, work)


def lower_contrast(image: AnyImage, contrast: float) -> AnyImage:
    """Print fainter: white stays, black becomes `1 - contrast`; `contrast` in [0, 1]."""
    _check("contrast", contrast, least=0.0, most=1.0)
    return _apply(image, lambda pixels: 1.0 - np.float32(contrast) * (1.0 - pixels))


def uneven_light(image: AnyImage, strength: float, *, seed: int) -> AnyImage:
    """Shade from one side: full light there, `1 - strength` of it opposite; `seed` picks the side."""
    _check("strength", strength, least=0.0, most=1.0)

    def work(pixels: _Floats) -> _Floats:
        angle = np.random.default_rng(seed).uniform(0.0, 2.0 * math.pi)
        rows, columns = np.mgrid[-1.0 : 1.0 : pixels.shape[0] * 1j, -1.0 : 1.0 : pixels.shape[1] * 1j]
        slope = (columns * math.cos(angle) + rows * math.sin(angle)) / (
            abs(math.cos(angle)) + abs(math.sin(angle))
        )
        light = (1.0 - strength * (0.5 + 0.5 * slope)).astype(np.float32)
        return cast(_Floats, pixels * (light if pixels.ndim == 2 else light[:, :, None]))

    return _apply(image, work)


def skew(image: AnyImage, degrees: float) -> AnyImage:
    """Turn clockwise about the center on a canvas of the same size; the corners become white."""

    def work(pixels: _Floats) -> _Floats:
        height, width = pixels.shape[:2]
        # OpenCV counts angles against the clock and puts pixel centers at whole numbers.
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
        return cast(
            _Floats,
            cv2.warpAffine(
                pixels,
                matrix,
                (width, height),
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(1.0, 1.0, 1.0),
            ),
        )

    return _apply(image, work)


def curve(image: AnyImage, amplitude: float) -> AnyImage:
    """Bend level lines into arcs, as on a page that lies on a cylinder; see `curve_shift`."""

    def work(pixels: _Floats) -> _Floats:
        height, width = pixels.shape[:2]
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        shift = curve_shift(columns + 0.5, width, amplitude)
        return cast(
            _Floats,
            cv2.remap(
                pixels,
                columns.astype(np.float32),
                (rows - shift).astype(np.float32),
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(1.0, 1.0, 1.0),
            ),
        )

    return _apply(image, work)


def curve_shift(columns: Any, width: int, amplitude: float) -> Any:
    """Return how many pixels lower `curve` puts the content at `columns` (pixels from the left edge).

    Part of a circle across the page: `amplitude` pixels between the middle and both edges, mean 0. A
    cylinder of radius r, its axis upright, seen from above or below, shows its lines like this.
    """
    u = 2.0 * np.asarray(columns, dtype=np.float64) / width - 1.0
    # A circle through three points, 80° wide: between a parabola and a half circle.
    depth = (np.sqrt(1.0 - (0.64 * u) ** 2) - _RIM) / (1.0 - _RIM)
    return amplitude * (depth - _MEAN_DEPTH)


_RIM = math.sqrt(1.0 - 0.64**2)
_MEAN_DEPTH = ((math.asin(0.64) / 0.64 + _RIM) / 2.0 - _RIM) / (1.0 - _RIM)


@overload
def _apply(image: Gray, work: Callable[[_Floats], _Floats]) -> Gray: ...
@overload
def _apply(image: Picture, work: Callable[[_Floats], _Floats]) -> Picture: ...
def _apply(image: Gray | Picture, work: Callable[[_Floats], _Floats]) -> Gray | Picture:
    """Do `work` on gray or on the colors of a picture, in [0, 1]; alpha is left out: it lies on white."""
    if isinstance(image, Picture):
        pixels = image.pixels if image.pixels.shape[2] != 4 else on_white(image)
        flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
        spoiled = np.clip(work(flat.astype(np.float32) / np.float32(255.0)), 0.0, 1.0)
        eight = (spoiled * 255.0).round().astype(np.uint8)
        return remade(image, eight[:, :, None] if eight.ndim == 2 else eight)
    return cast(Gray, np.clip(work(image), 0.0, 1.0).astype(np.float32))


def _check(
    name: str,
    value: float,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> None:
    """Refuse a value outside its range, naming both."""
    low = above if above is not None else least
    wrong = not math.isfinite(value) or (least is not None and value < least)
    wrong = wrong or (above is not None and value <= above) or (most is not None and value > most)
    if wrong:
        bound = "" if most is None else f" and at most {most:g}"
        raise ValueError(
            f"{name} is {'above' if above is not None else 'at least'} {low:g}{bound}, not {value!r}."
        )
