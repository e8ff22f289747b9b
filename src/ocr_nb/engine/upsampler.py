"""Enlarge small text by a whole factor, so that people and recognizers read it better.

In: `(H, W)` float32 gray in [0, 1], or a `Picture`. Out: the same, `factor` times as wide and high. One
protocol, several upsamplers in `UPSAMPLERS`; every one works in tiles, so memory stays bounded. Colors are
interpolated; what is sharpened is the luma. Knows nothing of recognizers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import SettingsError, suggestion
from ..filters import Filtered, check_size, is_inverse, premultiplied, remade, scale_map, straight
from ..images import Gray, Picture
from ..settings import available_cpus

FACTORS = (2, 3, 4)
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


class ClassicalUpsampler:
    """Windowed-sinc interpolation, gentle deblurring, local contrast; no learning.

    Lanczos' window of three lobes (C. Duchon, 1979) interpolates; one step of iterative back-projection
    (M. Irani and S. Peleg, 1991) restores what averaging over the sensor's cells blurred; a last step moves
    tones between paper and ink apart. No pixel leaves the range of the given pixels around it, so there are
    no halos. The same pixels come out whatever the tile size and the number of threads.
    """

    name = "classical"
    version = "1"

    def __init__(self, *, deblur: float = 0.5, tile: int = 256, threads: int | None = None) -> None:
        """Keep the parameters: `deblur` from 0 (none) to 1 (all of it), `tile` in pixels of the input."""
        if tile < 16:
            raise ValueError(f"tile is at least 16 pixels, not {tile}.")
        self.deblur = deblur
        self.tile = tile
        self.threads = threads or available_cpus()

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Return `(H·factor, W·factor)` float32 in [0, 1]."""
        return enlarge_in_tiles(gray, factor, self._enlarge_part, tile=self.tile, threads=self.threads)

    def _enlarge_part(self, gray: Gray, factor: int) -> Gray:
        large = interpolate(gray, factor)
        if self.deblur > 0:
            missing = gray - _cell_means(large, factor)
            large = large + np.float32(self.deblur) * interpolate(missing, factor)
        low, high = _neighborhood(gray)
        return np.clip(large, _repeat(low, factor), _repeat(high, factor))


MARGIN = 8
"""Pixels of the input around a tile that its result may depend on."""


def enlarge_in_tiles(
    gray: Gray,
    factor: int,
    enlarge: Callable[[Gray, int], Gray],
    *,
    tile: int = 256,
    threads: int = 1,
    margin: int = MARGIN,
) -> Gray:
    """Enlarge `gray` tile by tile; each tile sees `margin` pixels around it, mirrored at the borders."""
    check_factor(factor)
    height, width = gray.shape
    padded = np.pad(gray, margin, mode="symmetric")
    out = np.empty((height * factor, width * factor), dtype=np.float32)

    def work(corner: tuple[int, int]) -> None:
        top, left = corner
        bottom, right = min(top + tile, height), min(left + tile, width)
        part = np.ascontiguousarray(padded[top : bottom + 2 * margin, left : right + 2 * margin])
        edge = margin * factor
        large = enlarge(part, factor)[edge:-edge, edge:-edge]
        out[top * factor : bottom * factor, left * factor : right * factor] = np.clip(large, 0.0, 1.0)

    corners = list(_corners(height, width, tile))
    if threads == 1 or len(corners) == 1:
        for corner in corners:
            work(corner)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, corners))
    return out


def check_factor(factor: int) -> None:
    """Refuse a factor that is not 2, 3 or 4.

    Raises:
        SettingsError: always names the value and what is possible.
    """
    if factor not in FACTORS:
        raise SettingsError(f"An upsampling factor is 2, 3 or 4, not {factor!r}.")


def _corners(height: int, width: int, tile: int) -> Iterator[tuple[int, int]]:
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield top, left


def interpolate(gray: Gray, factor: int) -> Gray:
    """Enlarge by Lanczos-3, pixel areas aligned; sums of products in a fixed order, so bits repeat."""
    return _along_rows(_along_rows(gray, factor).T, factor).T


def _along_rows(gray: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    """Return `(H·factor, W)`: each output row a weighted sum of six input rows."""
    height = gray.shape[0]
    padded = np.pad(gray, ((3, 3), (0, 0)), mode="edge")
    out = np.empty((height, factor, gray.shape[1]), dtype=np.float32)
    for phase in range(factor):
        place = (phase + 0.5) / factor - 0.5
        first = math.floor(place) - 2
        weights = _lanczos(place - np.arange(first, first + 6, dtype=np.float64))
        total = np.zeros(gray.shape, dtype=np.float32)
        for offset, weight in enumerate(weights):
            start = 3 + first + offset
            total += weight * padded[start : start + height]
        out[:, phase] = total
    return out.reshape(height * factor, gray.shape[1])


def _lanczos(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    weights = np.sinc(distance) * np.sinc(distance / 3.0) * (np.abs(distance) < 3.0)
    return cast("npt.NDArray[np.float32]", (weights / weights.sum()).astype(np.float32))


def _cell_means(large: Gray, factor: int) -> Gray:
    """Return the mean over each cell of `factor` × `factor` pixels: what a sensor would have seen."""
    height, width = large.shape
    cells = large.reshape(height // factor, factor, width // factor, factor)
    total = cells[:, 0, :, 0].copy()
    for row in range(factor):
        for column in range(factor):
            if row or column:
                total += cells[:, row, :, column]
    return total / np.float32(factor * factor)


def _neighborhood(gray: Gray) -> tuple[Gray, Gray]:
    """Return the darkest and the lightest of the 3 × 3 pixels around each."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.erode(gray, kernel), cv2.dilate(gray, kernel)


def _repeat(gray: Gray, factor: int) -> Gray:
    return cast(Gray, np.repeat(np.repeat(gray, factor, axis=0), factor, axis=1))


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
    else:
        large = _enlarge_colors(premultiplied(pixels).astype(np.float32), factor, method)
    result = straight(np.clip(np.round(large), 0, 255) if large.shape[2] != 4 else large).astype(np.uint8)
    return Filtered(remade(picture, result), scale_map(factor, factor))


def _enlarge_colors(work: npt.NDArray[np.float32], factor: int, method: Upsampler) -> npt.NDArray[Any]:
    """Return `(H·factor, W·factor, C)` float32 in 0…255 of RGB, or of RGBA weighted by its alpha."""
    luma = work[:, :, :3] @ _LUMA
    if np.array_equal(work[:, :, 0], work[:, :, 1]) and np.array_equal(work[:, :, 1], work[:, :, 2]):
        colors = np.repeat(_enlarge_channel(luma, factor, method)[:, :, None], 3, axis=2)
    else:
        plain = _bicubic(work[:, :, :3], factor)
        change = _enlarge_channel(luma, factor, method) - plain @ _LUMA
        colors = plain + change[:, :, None]
    if work.shape[2] == 3:
        return colors
    alpha = work[:, :, 3]
    if float(alpha.min()) == float(alpha.max()):
        large_alpha = np.full(colors.shape[:2], alpha[0, 0], dtype=np.float32)
    else:
        large_alpha = np.clip(_bicubic(alpha, factor), 0, 255)
    return np.concatenate([np.clip(colors, 0, 255), large_alpha[:, :, None]], axis=2)


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
