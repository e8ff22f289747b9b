"""The upsampler that has learned nothing: interpolation, deblurring, local contrast.

In: `(H, W)` float32 gray in [0, 1]. Out: the same, `factor` times as wide and high. Its parameters were
chosen by what Tesseract and RapidOCR read on degraded pages and shrunk receipts; knows neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..images import Gray
from ..ink import measure_paper
from ..settings import available_cpus
from ..xheight import measure_sharpness
from .tiles import enlarge_in_tiles


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
