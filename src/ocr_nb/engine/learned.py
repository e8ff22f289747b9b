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

from ..errors import WeightsCorrupt, WeightsMissing
from ..images import Gray
from .session import Model, load_model
from .tiles import enlarge_in_tiles

_WEIGHTS = Path(__file__).parent / "weights" / "text_sr.onnx"
DEFAULT_STRENGTH = 0.5
"""Half of the detail, provisionally: set after seeing what Tesseract and RapidOCR made of receipt lines
(the tables of `training/README.md`), not by a search on validation fonts, so figures on receipts flatter it.
All of the detail turns doubtful strokes into confident wrong ones, which harm a strong recognizer more than
blur does."""
_CUBIC_RADIUS = 2
"""Pixels of the input that OpenCV's cubic interpolation looks at on each side."""


class LearnedUpsampler:
    """A small text super-resolution network over cubic interpolation.

    The network enlarges four times; smaller factors average its pixels. Nothing in a result depends on the
    tile size or the number of threads beyond the last bits of float32.
    """

    name = "learned"

    def __init__(
        self, *, strength: float = DEFAULT_STRENGTH, tile: int = 256, model: Model | None = None
    ) -> None:
        """Load the weights at first use in this process.

        Args:
            strength: share of the network's detail that is added, 0 (plain cubic) to 1 (all of it).
            tile: side of the parts that are worked on one by one, pixels of the input.
            model: computes in place of the shipped weights.

        Raises:
            WeightsMissing: the package does not hold them.
            WeightsCorrupt: they do not have the hash written beside them.
        """
        if tile < 16 or not 0.0 <= strength <= 1.0:
            raise ValueError(f"tile is at least 16 and strength from 0 to 1; given {tile} and {strength}.")
        facts = _facts()
        self.strength, self.tile = strength, tile
        self.version = str(facts["sha256"])[:12]
        self._model = model or _shipped_model()
        self._factor = int(facts["factor"])
        self._margin = int(facts["receptive_radius"]) + _CUBIC_RADIUS

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Return `(H·factor, W·factor)` float32 in [0, 1]."""
        return enlarge_in_tiles(gray, factor, self._enlarge_part, tile=self.tile, margin=self._margin)

    def _enlarge_part(self, gray: Gray, factor: int) -> Gray:
        height, width = gray.shape
        size = width * self._factor, height * self._factor
        large = cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC)
        large += np.float32(self.strength) * self._model(gray[None, None])[0, 0]
        np.clip(large, 0.0, 1.0, out=large)
        if factor != self._factor:
            large = cv2.resize(large, (width * factor, height * factor), interpolation=cv2.INTER_AREA)
        return cast(Gray, large)


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
    return load_model(_WEIGHTS, sha256=str(_facts()["sha256"]))
