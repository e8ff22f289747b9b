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
from ..xheight import is_inverse, measure_paper
from .classical import ClassicalUpsampler
from .tiles import check_factor

DEFAULT_METHOD = "classical"
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


UPSAMPLERS: dict[str, Callable[[], Upsampler]] = {"classical": ClassicalUpsampler}
"""Method name → maker."""


def make_upsampler(method: str = DEFAULT_METHOD) -> Upsampler:
    """Return the upsampler of that name.

    Raises:
        SettingsError: there is none of that name.
    """
    if method not in UPSAMPLERS:
        raise SettingsError(f"There is no upsampling method {method!r}: {suggestion(method, UPSAMPLERS)}")
    return UPSAMPLERS[method]()


def upsample_picture(picture: Picture, factor: int, upsampler: Upsampler | None = None) -> Filtered:
    """Enlarge a picture `factor` times with `upsampler` (default: the classical one).

    Colors and alpha are kept: the luma is the upsampler's, color differences and alpha are interpolated.
    Light text on dark is turned over for the upsampler and back, so both read alike.

    Raises:
        ImageError: the result would be too large.
        SettingsError: the factor is not 2, 3 or 4.
    """
    check_factor(factor)
    check_size(picture, picture.width * factor, picture.height * factor)
    method = upsampler or make_upsampler()
    pixels = picture.pixels
    if pixels.shape[2] == 1:
        large = _enlarge_channel(pixels[:, :, 0].astype(np.float32), factor, method)[:, :, None]
    elif pixels.shape[2] == 4:
        large = _enlarge_transparent(pixels, factor, method)
    else:
        large = _enlarge_colors(pixels.astype(np.float32), factor, method)
    result = straight(large) if large.shape[2] == 4 else _eight_bit(large)
    return Filtered(remade(picture, result), scale_map(factor, factor))


def _eight_bit(values: npt.NDArray[np.float32]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _enlarge_transparent(pixels: Pixels, factor: int, method: Upsampler) -> npt.NDArray[np.float32]:
    """Return `(H·factor, W·factor, 4)`, colors weighted by alpha, 0…255; even alpha leaves colors alone."""
    alpha = pixels[:, :, 3].astype(np.float32)
    if alpha.min() == alpha.max():
        large_alpha = np.full((alpha.shape[0] * factor, alpha.shape[1] * factor), alpha[0, 0], np.float32)
        colors = np.clip(_enlarge_colors(pixels[:, :, :3].astype(np.float32), factor, method), 0, 255)
        colors *= large_alpha[:, :, None] / np.float32(255.0)
    else:
        large_alpha = np.clip(_bicubic(alpha, factor), 0, 255)
        colors = _enlarge_colors(premultiplied(pixels)[:, :, :3], factor, method)
    return np.concatenate([np.clip(colors, 0, 255), large_alpha[:, :, None]], axis=2)


def _enlarge_colors(
    colors: npt.NDArray[np.float32], factor: int, method: Upsampler
) -> npt.NDArray[np.float32]:
    """Return `(H·factor, W·factor, 3)` float32 in about 0…255."""
    luma = colors @ _LUMA
    if np.ptp(colors, axis=2).max() == 0:
        return np.repeat(_enlarge_channel(luma, factor, method)[:, :, None], 3, axis=2)
    plain = _bicubic(colors, factor)
    change = _enlarge_channel(luma, factor, method) - plain @ _LUMA
    return _with_luma_changed(plain, change, _paper_colors(colors, factor))


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


def _paper_colors(work: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    """Return the local median color, `(H·factor, W·factor, 3)` in 0…255."""
    paper = np.stack([measure_paper(work[:, :, part] / np.float32(255.0)) for part in range(3)], axis=2)
    size = (work.shape[1] * factor, work.shape[0] * factor)
    large = cv2.resize(paper * np.float32(255.0), size, interpolation=cv2.INTER_LINEAR)
    return cast("npt.NDArray[np.float32]", large)


def _enlarge_channel(
    values: npt.NDArray[np.float32], factor: int, method: Upsampler
) -> npt.NDArray[np.float32]:
    """Enlarge `(H, W)` in 0…255, dark on light or light on dark."""
    gray = cast(Gray, values / np.float32(255.0))
    if is_inverse(gray):
        return (np.float32(1.0) - method.enlarge(np.float32(1.0) - gray, factor)) * np.float32(255.0)
    return method.enlarge(gray, factor) * np.float32(255.0)


def _bicubic(values: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    height, width = values.shape[:2]
    return cast(
        "npt.NDArray[np.float32]",
        cv2.resize(values, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC),
    )
