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
from ..images import Gray, Picture, Pixels
from ..settings import available_cpus
from ..xheight import measure_paper, measure_sharpness

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

    First the ink is moved away from the paper around it by a share of their difference, at most to the
    tone of the strongest ink nearby. Then a sinc under Lanczos' window of two lobes (C. Duchon, “Lanczos
    filtering in one and two dimensions”, 1979; three lobes ring) interpolates. Of a blurred picture its
    cutoff lies below that of the given pixels, because what is up there is noise; of a sharp one it does
    not. An unsharp mask as wide as a stroke and its gap deblurs. Grain below `_GRAIN` is left out of both,
    and no pixel leaves the range of the 3 × 3 pixels around it, so there are no halos. The same pixels
    come out whatever the tile size and the number of threads.
    """

    name = "classical"
    version = "1"

    def __init__(
        self,
        *,
        softness: float | None = None,
        deblur: float | None = None,
        contrast: float = 0.2,
        tile: int = 256,
        threads: int | None = None,
    ) -> None:
        """Keep the parameters.

        Args:
            softness: 1 keeps every frequency of the given pixels, 1.4 those below 71 % of the highest; by
                default what suits the sharpness of the picture.
            deblur: weight of the unsharp mask; 0 leaves it out; by default what suits the sharpness.
            contrast: share of the difference between ink and paper that is added to it; 0 adds nothing.
            tile: side of the parts that are worked on one by one, pixels of the input.
            threads: how many parts at once; by default as many as there are processors.
        """
        if tile < 16 or not 1.0 <= (softness or 1.0) <= _MOST_SOFTNESS or min(deblur or 0.0, contrast) < 0:
            raise ValueError(
                f"tile is at least 16, softness 1 to {_MOST_SOFTNESS}, deblur and contrast not negative; "
                f"given {tile}, {softness}, {deblur} and {contrast}."
            )
        self.softness = softness
        self.deblur = deblur
        self.contrast = contrast
        self.tile = tile
        self.threads = threads or available_cpus()

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Return `(H·factor, W·factor)` float32 in [0, 1]."""
        softness, deblur = _suited_to(measure_sharpness(gray))
        softness = softness if self.softness is None else self.softness
        deblur = deblur if self.deblur is None else self.deblur
        if self.contrast > 0:
            away = np.float32(self.contrast) * _cored(gray - measure_paper(gray))
            gray = np.clip(gray + away, cv2.erode(gray, _NEARBY), cv2.dilate(gray, _NEARBY))

        def part(gray: Gray, factor: int) -> Gray:
            return _enlarge_part(gray, factor, softness, deblur)

        return enlarge_in_tiles(gray, factor, part, tile=self.tile, threads=self.threads)


def _suited_to(sharpness: float | None) -> tuple[float, float]:
    """Return softness and deblurring for a picture's sharpness.

    Found on degraded pages and shrunk receipts, read by Tesseract and RapidOCR: from 0.85 on (clean print,
    shrunk scans) every frequency is worth keeping; below 0.65 (blur of half a pixel, noise) the highest are
    not.
    """
    sharp = 1.0 if sharpness is None else float(np.clip((sharpness - 0.65) / 0.2, 0.0, 1.0))
    return 1.4 - 0.4 * sharp, 0.3 + 0.3 * sharp


def _enlarge_part(gray: Gray, factor: int, softness: float, deblur: float) -> Gray:
    low, high = cv2.erode(gray, _AROUND), cv2.dilate(gray, _AROUND)
    if deblur > 0:
        gray = gray + np.float32(deblur) * _cored(gray - _blurred(gray))
    large = interpolate(gray, factor, softness)
    return np.clip(large, _repeat(low, factor), _repeat(high, factor))


_MOST_SOFTNESS = 1.5
_AROUND = np.ones((3, 3), np.uint8)
_NEARBY = np.ones((25, 25), np.uint8)
"""A few letters: pale strokes become at most as dark as the darkest among them."""
_GRAIN = np.float32(0.012)
_DEBLUR_SIGMA_PX = 1.2
"""Of the given picture: half of a stroke and its gap in print of 4 to 6 pixels' x-height."""

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


def interpolate(gray: Gray, factor: int, softness: float = 1.0) -> Gray:
    """Enlarge by a sinc of two lobes, `softness` times as wide as Lanczos-2, pixel areas aligned.

    Written as sums of products in a fixed order: bits repeat wherever a pixel lies in its tile, which
    vectorized library routines do not promise.
    """
    rows = np.empty((gray.shape[0], factor, gray.shape[1]), dtype=np.float32)
    for phase, taps in enumerate(_phases(factor, softness)):
        rows[:, phase] = _weighted(gray, taps, axis=0)
    tall = rows.reshape(-1, gray.shape[1])
    columns = np.empty((*tall.shape, factor), dtype=np.float32)
    for phase, taps in enumerate(_phases(factor, softness)):
        columns[:, :, phase] = _weighted(tall, taps, axis=1)
    return columns.reshape(tall.shape[0], -1)


_Taps = dict[int, np.float32]
"""Offset in pixels → weight."""


def _phases(factor: int, softness: float) -> Iterator[_Taps]:
    """Yield the taps of each of the `factor` output pixels that lie in one input pixel."""
    for phase in range(factor):
        place = (phase + 0.5) / factor - 0.5
        offsets = np.arange(math.ceil(place - 2.0 * softness), math.floor(place + 2.0 * softness) + 1)
        distance = (place - offsets) / softness
        weights = np.sinc(distance) * np.sinc(distance / 2.0)
        yield _normal(offsets, weights)


def _normal(offsets: npt.NDArray[np.int_], weights: npt.NDArray[Any]) -> _Taps:
    total = float(weights.sum())
    return {int(o): np.float32(w / total) for o, w in zip(offsets, weights, strict=True)}


def _weighted(values: npt.NDArray[np.float32], taps: _Taps, *, axis: int) -> npt.NDArray[np.float32]:
    """Return the sum of `values` shifted along `axis`, each times its weight; borders repeat."""
    reach = max(abs(offset) for offset in taps)
    length = values.shape[axis]
    padded = np.pad(values, [(reach, reach) if axis == side else (0, 0) for side in (0, 1)], mode="edge")
    total = np.zeros(values.shape, dtype=np.float32)
    for offset, weight in taps.items():
        part = slice(reach + offset, reach + offset + length)
        total += weight * (padded[part] if axis == 0 else padded[:, part])
    return total


def _blurred(gray: Gray) -> Gray:
    """Blur with a Gaussian of `_DEBLUR_SIGMA_PX`, cut at four pixels."""
    offsets = np.arange(-4, 5)
    taps = _normal(offsets, np.exp(-0.5 * (offsets / _DEBLUR_SIGMA_PX) ** 2))
    return _weighted(_weighted(gray, taps, axis=0), taps, axis=1)


def _cored(change: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Take `_GRAIN` off the size of every value, down to 0."""
    return np.sign(change) * np.maximum(np.abs(change) - _GRAIN, np.float32(0.0))


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
