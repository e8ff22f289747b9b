"""Enlarge small text by a whole factor, so that people and recognizers read it better.

In: `(H, W)` float32 gray in [0, 1], or a `Picture`. Out: the same, `factor` times as wide and high. One
protocol, several upsamplers in `UPSAMPLERS`. Colors are interpolated; what is sharpened is the luma.
Knows nothing of recognizers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import SettingsError, suggestion
from ..filters import Filtered, check_size, premultiplied, remade, scale_map, straight
from ..images import Gray, Picture, Pixels
from ..ink import is_inverse, measure_paper
from ..settings import Settings
from .classical import ClassicalUpsampler
from .learned import LearnedUpsampler
from .tiles import check_factor

DEFAULT_METHOD = "learned"
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


class Upsampler(Protocol):
    """Makes gray pictures larger."""

    @property
    def name(self) -> str:
        """The method's name, as `make_upsampler` takes it."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the pixels change."""
        ...

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Return `(H·factor, W·factor)` float32 in [0, 1] of dark text on light paper, `(H, W)` likewise."""
        ...


UPSAMPLERS: dict[str, Callable[[str | None], Upsampler]] = {
    "classical": lambda reader: ClassicalUpsampler(),
    "learned": lambda reader: LearnedUpsampler(),
}
"""Method name → maker for a reader. So far all readers are served alike: see `DEFAULT_STRENGTH`."""


def make_upsampler(method: str = DEFAULT_METHOD, reader: str | None = None) -> Upsampler:
    """Return the upsampler of that name for who will read: a key of `READERS`, or None for anyone.

    Raises:
        SettingsError: there is none of that name.
    """
    if method not in UPSAMPLERS:
        raise SettingsError(f"There is no upsampling method {method!r}: {suggestion(method, UPSAMPLERS)}")
    path = Settings.from_environment().stored
    if path is not None:
        from .stored import Memory, StoredUpsampler

        return StoredUpsampler(method, reader, Memory.load(path))
    return UPSAMPLERS[method](reader)


def upsample_picture(picture: Picture, factor: int, upsampler: Upsampler | None = None) -> Filtered:
    """Enlarge a picture `factor` times with `upsampler` (default: the learned one).

    Colors and alpha are kept: the luma is the upsampler's, color differences and alpha are interpolated.
    Light text on dark is turned over for the upsampler and back, so both read alike.

    Raises:
        ImageError: the result would be too large.
        SettingsError: the factor is not 2, 3 or 4.
    """
    check_factor(factor)
    check_size(picture, picture.width * factor, picture.height * factor)
    return Filtered(
        remade(picture, upsample_pixels(picture.pixels, factor, upsampler)), scale_map(factor, factor)
    )


def upsample_pixels(pixels: Pixels, factor: int, upsampler: Upsampler | None = None) -> Pixels:
    """Enlarge `(H, W, C)` uint8, C being 1, 3 or 4, as `upsample_picture` does.

    Raises:
        SettingsError: the factor is not 2, 3 or 4.
    """
    check_factor(factor)
    method = upsampler or make_upsampler()
    if pixels.shape[2] == 1:
        return _eight_bit(_enlarge_channel(pixels[:, :, 0].astype(np.float32), factor, method))[:, :, None]
    if pixels.shape[2] == 4:
        return _enlarge_transparent(pixels, factor, method)
    return _enlarge_colors(pixels, factor, method)


def _eight_bit(values: npt.NDArray[np.float32]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _enlarge_transparent(pixels: Pixels, factor: int, method: Upsampler) -> Pixels:
    """Return `(H·factor, W·factor, 4)`; colors are weighted by alpha meanwhile, unless it is even."""
    alpha = pixels[:, :, 3]
    if alpha.min() == alpha.max():
        colors = _enlarge_colors(pixels[:, :, :3], factor, method)
        return np.concatenate([colors, np.full((*colors.shape[:2], 1), alpha[0, 0], np.uint8)], axis=2)
    weighted = _eight_bit(premultiplied(pixels)[:, :, :3])
    colors = _enlarge_colors(weighted, factor, method).astype(np.float32)
    large_alpha = np.clip(_bicubic(alpha.astype(np.float32), factor), 0, 255)
    return straight(np.concatenate([colors, large_alpha[:, :, None]], axis=2))


def _enlarge_colors(colors: Pixels, factor: int, method: Upsampler) -> Pixels:
    """Return `(H·factor, W·factor, 3)` of RGB; all but the luma is done band by band."""
    luma = sum(weight * colors[:, :, part] for part, weight in enumerate(_LUMA))
    large = _enlarge_channel(cast("npt.NDArray[np.float32]", luma), factor, method)
    if (colors == colors[:, :, :1]).all():
        return np.repeat(_eight_bit(large)[:, :, None], 3, axis=2)
    paper = np.stack([_paper_of(colors[:, :, part]) for part in range(3)], axis=2)
    out = np.empty((*large.shape, 3), dtype=np.uint8)
    height = colors.shape[0]
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        # Interpolation looks two rows beyond the band.
        first, last = max(0, top - 2), min(height, bottom + 2)
        inner = slice((top - first) * factor, (bottom - first) * factor)
        plain = _bicubic(colors[first:last].astype(np.float32), factor)[inner]
        ground = _bilinear(paper[first:last].astype(np.float32), factor)[inner]
        rows = slice(top * factor, bottom * factor)
        out[rows] = _eight_bit(_with_luma_changed(plain, large[rows] - plain @ _LUMA, ground))
    return out


_BAND = 256


def _paper_of(channel: Pixels) -> Pixels:
    return _eight_bit(measure_paper(channel.astype(np.float32) / np.float32(255.0)) * np.float32(255.0))


def _with_luma_changed(
    colors: npt.NDArray[np.float32], change: npt.NDArray[np.float32], paper: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Add `change` to the luma of `colors`: ink moves along the line from the paper's color to its own.

    So blue ink becomes bluer, not grayer. Where a color is nearly the paper's there is no such line, and all
    three parts change alike.
    """
    difference = colors - paper
    depth = difference @ _LUMA
    is_ink = np.abs(depth) > _INK_DEPTH
    share = np.clip(np.where(is_ink, change, 0.0) / np.where(is_ink, depth, 1.0), -0.5, 0.5)
    alike = np.where(is_ink, 0.0, change)
    return colors + share[:, :, None] * difference + alike[:, :, None]


_INK_DEPTH = 20.0
"""Difference of luma from the paper's, 0…255, from which a pixel has an ink's color."""


def _enlarge_channel(
    values: npt.NDArray[np.float32], factor: int, method: Upsampler
) -> npt.NDArray[np.float32]:
    """Enlarge `(H, W)` in 0…255, dark on light or light on dark."""
    gray = cast(Gray, values / np.float32(255.0))
    if is_inverse(gray):
        return (np.float32(1.0) - method.enlarge(np.float32(1.0) - gray, factor)) * np.float32(255.0)
    return method.enlarge(gray, factor) * np.float32(255.0)


def _bicubic(values: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    return _resized(values, factor, cv2.INTER_CUBIC)


def _bilinear(values: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    return _resized(values, factor, cv2.INTER_LINEAR)


def _resized(values: npt.NDArray[np.float32], factor: int, method: int) -> npt.NDArray[np.float32]:
    size = (values.shape[1] * factor, values.shape[0] * factor)
    return cast("npt.NDArray[np.float32]", cv2.resize(values, size, interpolation=method))
