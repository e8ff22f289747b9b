"""The upsampler that has learned from text what small print looked like when it was large.

In: `(H, W)` float32 gray in [0, 1], dark on light. Out: the same, `factor` times as wide and high. The
network of `weights/text_sr.onnx` (trained from scratch by `training/`, its provenance beside it) adds detail
to a cubic enlargement. Knows neither recognizers nor colors.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import WeightsCorrupt, WeightsMissing
from ..images import Gray
from .session import Model, load_model
from .tiles import enlarge_in_tiles

_WEIGHTS = Path(__file__).parent / "weights" / "text_sr.onnx"
DEFAULT_STRENGTH = 0.5
"""Share of the detail that is added, chosen by what Tesseract and PP-OCRv4 read on validation fonts
(`training/choose_strength.py`, its tables in `training/README.md`): for both it is within 0.003 of the best,
so one strength serves all readers. More turns doubtful strokes into confident wrong ones."""
DEFAULT_CONTRAST = 0.08
"""How much deeper ink becomes than the network leaves it, as a share of its depth below the paper. From 0
to 0.2 Tesseract reads validation pages alike, within 0.1 points (`python -m benchmarks.strength`). With this
share ink on receipts is a tenth darker than after plain interpolation, and paper moves by less than half a
gray level in the mean (`python -m benchmarks.upsampling --contrast`)."""
DEFAULT_TILE = 384
"""Pixels of the input. Larger tiles share more of their margins and take more memory: a first layer's map of
one is 22 MB."""
_AROUND = np.ones((3, 3), np.uint8)
_CUBIC_RADIUS = 2
"""Pixels of the input that OpenCV's cubic interpolation looks at on each side."""
_NEAR = np.ones((5, 5), np.uint8)
"""Where the paper of a stroke is looked for."""
_SHALLOW = 20 / 255
"""Ink less deep is left as it is: grain, and the soft rim of a stroke, which belongs to the paper."""
_DARK, _MIDDLE = 0.2, 0.5
"""Ink darker than the first is left as it is, and the more so the less it is lighter."""
_BLOCK = 16
"""Side of the squares, pixels of the input, of which each is either left to plain interpolation or not."""
_FLAT = 2.5 / 255
"""A square is flat when nothing in and around it differs by more: bare paper, no grain of a scanner."""


class LearnedUpsampler:
    """A small text super-resolution network over cubic interpolation.

    The network enlarges four times; smaller factors average its pixels. Flat squares are interpolated only,
    which saves most of the time on clean pages. It computes in eight bits but for its first layer
    (`training/quantize.py`), so nothing in a result depends on the tile size or the number of threads beyond
    the last bits of that.
    """

    name = "learned"

    def __init__(
        self,
        *,
        strength: float = DEFAULT_STRENGTH,
        contrast: float = DEFAULT_CONTRAST,
        tile: int = DEFAULT_TILE,
        model: Model | None = None,
    ) -> None:
        """Take the settings; the weights load when the first picture comes, once in a process.

        Args:
            strength: share of the network's detail that is added, 0 to 1 (all of it).
            contrast: how much deeper ink becomes beyond that, as a share of its depth, 0 to 1. With both at
                0 the enlargement is plain cubic.
            tile: side of the parts that are worked on one by one, pixels of the input; rounded up to 16.
            model: computes in place of the shipped weights.

        Raises:
            WeightsMissing: the package does not hold what is said of them.
        """
        if tile < 16 or not (0.0 <= strength <= 1.0 and 0.0 <= contrast <= 1.0):
            raise ValueError(
                f"tile is at least 16, strength and contrast from 0 to 1; "
                f"given {tile}, {strength} and {contrast}."
            )
        facts = _facts()
        self.strength, self.contrast, self.tile = strength, contrast, _up_to_blocks(tile)
        self.version = f"{str(facts['sha256'])[:12]}@{strength:g}, contrast {contrast:g}"
        self._given = model
        self._factor = int(facts["factor"])
        self._radius = int(facts["receptive_radius"])
        # Whole squares, so that each tile finds the same ones.
        self._margin = _up_to_blocks(self._radius + _CUBIC_RADIUS)

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Return `(H·factor, W·factor)` float32 in [0, 1].

        Raises:
            WeightsMissing: the package does not hold the weights.
            WeightsCorrupt: they do not have the hash written beside them.
        """
        return enlarge_in_tiles(gray, factor, self._enlarge_part, tile=self.tile, margin=self._margin)

    def _enlarge_part(self, gray: Gray, factor: int) -> Gray:
        """Enlarge a part, less its outermost pixels, which only the network looks at."""
        inset = self._margin - _BLOCK
        core = np.ascontiguousarray(gray[inset:-inset, inset:-inset])
        height, width = core.shape
        size = width * self._factor, height * self._factor
        # Enlarging is linear: ink may be deepened while it is small.
        ink = _deepened(core, self.contrast) if self.contrast > 0 else core
        large = cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC)
        if self.strength > 0:
            self._add_detail(gray, large, inset)
            # No halo: nothing becomes lighter than the lightest of the pixels around.
            lightest = cv2.resize(cv2.dilate(core, _AROUND), size, interpolation=cv2.INTER_NEAREST)
            cv2.min(large, lightest, dst=large)
        np.clip(large, 0.0, 1.0, out=large)
        if factor != self._factor:
            large = cv2.resize(large, (width * factor, height * factor), interpolation=cv2.INTER_AREA)
        return cast(Gray, large)

    def _add_detail(self, gray: Gray, large: Gray, inset: int) -> None:
        """Add the network's detail to `large`, within the smallest rectangle around all that is not flat.

        `large` is `gray` enlarged but for `inset` pixels of it on each side.
        """
        edge = self._margin // _BLOCK
        busy = _busy_blocks(gray, reach=-(-self._radius // _BLOCK))
        inner = busy[edge:-edge, edge:-edge]
        rows, columns = np.flatnonzero(inner.any(axis=1)), np.flatnonzero(inner.any(axis=0))
        if rows.size == 0:
            return
        top, bottom = ((rows[0] + edge) * _BLOCK, (rows[-1] + edge + 1) * _BLOCK)
        left, right = ((columns[0] + edge) * _BLOCK, (columns[-1] + edge + 1) * _BLOCK)
        bottom, right = min(bottom, gray.shape[0] - self._radius), min(right, gray.shape[1] - self._radius)
        around = self._radius
        part = gray[top - around : bottom + around, left - around : right + around]
        # Its half-size map wants even sides; what is added lies beyond the reach of what is used.
        even = np.pad(part, [(0, length % 2) for length in part.shape], mode="edge")
        detail = (self._given or _shipped_model())(np.ascontiguousarray(even)[None, None])[0, 0]
        f, edge_px = self._factor, around * self._factor
        detail = detail[edge_px : edge_px + (bottom - top) * f, edge_px : edge_px + (right - left) * f]
        marks = busy[top // _BLOCK : -(-bottom // _BLOCK), left // _BLOCK : -(-right // _BLOCK)]
        if not marks.all():
            side = _BLOCK * f
            shown = np.repeat(np.repeat(marks.astype(np.float32), side, axis=0), side, axis=1)
            detail = detail * shown[: detail.shape[0], : detail.shape[1]]
        # In one pass and in place: next to the network, what is done four times as large costs most.
        place = large[(top - inset) * f : (bottom - inset) * f, (left - inset) * f : (right - inset) * f]
        cv2.scaleAdd(detail, self.strength * (1 + self.contrast), place, dst=place)


def _deepened(gray: Gray, share: float) -> Gray:
    """Return `gray` with what lies more than `_SHALLOW` below the paper around deeper by `share` of that.

    Ink that is dark already stays as it is: it needs no more, and would lose its color.
    """
    paper = cv2.blur(cv2.dilate(gray, _NEAR), _NEAR.shape)
    depth = np.maximum(paper - gray - np.float32(_SHALLOW), np.float32(0.0))
    light = np.clip((gray - np.float32(_DARK)) / np.float32(_MIDDLE - _DARK), 0.0, 1.0)
    return cast(Gray, gray - np.float32(share) * depth * light)


def _up_to_blocks(pixels: int) -> int:
    """Round up to whole squares."""
    return -(-pixels // _BLOCK) * _BLOCK


def _busy_blocks(gray: Gray, *, reach: int) -> npt.NDArray[np.bool_]:
    """Return which squares, counted from the top left, are not flat with `reach` squares around each."""
    height, width = gray.shape
    padding = [(0, _up_to_blocks(length) - length) for length in (height, width)]
    blocks = np.pad(gray, padding, mode="edge")
    blocks = blocks.reshape(blocks.shape[0] // _BLOCK, _BLOCK, -1, _BLOCK)
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    darkest = cv2.erode(np.ascontiguousarray(blocks.min(axis=(1, 3))), around)
    brightest = cv2.dilate(np.ascontiguousarray(blocks.max(axis=(1, 3))), around)
    return cast("npt.NDArray[np.bool_]", brightest - darkest > _FLAT)


@cache
def _facts() -> dict[str, Any]:
    """Return what stands beside the weights: hash, factor, receptive radius, how they were made."""
    path = _WEIGHTS.with_suffix(".json")
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise WeightsMissing(f"{path.name} is not in {path.parent}: install the package again.") from error
    except ValueError as error:
        raise WeightsCorrupt(f"{path.name} is not JSON ({error}): install the package again.") from error


@cache
def _shipped_model() -> Model:
    # Tiles are of one size, and so is the memory that they take.
    return load_model(_WEIGHTS, sha256=str(_facts()["sha256"]), keep_memory=True)
