"""What happens to an image before it is recognized: the documented filters, in the documented order.

In: a `Picture`, settings, an upsampler. Out: the picture to recognize, the way back from its coordinates
to the original's, and warnings. The order is the service's and fixed; who wants another chains the filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .. import filters
from ..advice import advise
from ..engine.layout import Box, Line, Word
from ..engine.upsampler import Upsampler, upsample_picture
from ..filters import CoordinateMap, Filtered
from ..images import Picture
from .protocol import Operation, RecognitionSettings
from .wire import fill_defaults

Step = Callable[[Picture], Filtered]

USUAL_ORDER = ("contrast_correction", "binarization", "skew_correction", "upsampling")
ORDERS: dict[Operation, tuple[str, ...]] = {
    Operation.RECOGNIZE_RECEIPT: ("contrast_correction", "binarization", "upsampling", "skew_correction"),
    Operation.RECOGNIZE_INVOICE: ("contrast_correction", "binarization", "upsampling", "skew_correction"),
}
"""The pages on preprocessing in the service's documentation; where they name no place for binarization it
stands where it stands for plain images. Rotation, whose place they leave open, comes first."""


@dataclass(frozen=True)
class Prepared:
    """A picture ready to be recognized."""

    picture: Picture
    back: CoordinateMap = field(repr=False)
    """From points of `picture` to points of the picture as given."""
    warnings: tuple[str, ...] = ()


def prepare(
    picture: Picture,
    operation: Operation,
    settings: RecognitionSettings,
    *,
    upsampler: Upsampler,
    reader: str | None,
) -> Prepared:
    """Apply the filters that `settings` ask for, in the order of `operation`.

    Args:
        picture: as given.
        operation: decides the order, and what "not set" means.
        settings: which filters.
        upsampler: enlarges, when upsampling is asked for and advised.
        reader: the recognizer that will read, for the advice; None for one the advice does not know.
    """
    asked = fill_defaults(operation, settings)
    steps: list[Step] = [lambda given: filters.rotate(given, settings.rotate)] if settings.rotate else []
    warnings: list[str] = []
    for name in ORDERS.get(operation, USUAL_ORDER):
        if not getattr(asked, name):
            continue
        if name == "upsampling":
            advice = advise(picture, reader=reader)
            if advice.factor == 1:
                warnings.append(f"not upsampled: {advice.reason}")
            else:
                steps.append(_enlarging(advice.factor, upsampler))
        else:
            steps.append(_FILTERS[name])
    filtered = run_steps(picture, steps)
    return Prepared(filtered.picture, filtered.back, tuple(warnings))


def run_steps(picture: Picture, steps: Iterable[Step]) -> Filtered:
    """Apply `steps` one after the other; `back` leads from the last picture to the first."""
    backs: list[CoordinateMap] = []
    for step in steps:
        filtered = step(picture)
        picture = filtered.picture
        backs.append(filtered.back)
    return Filtered(picture, filters.compose(*backs) if backs else filters.identity_map)


def crop(picture: Picture, box: tuple[int, int, int, int]) -> Filtered:
    """Cut out `left, top, right, bottom` (pixels inside the picture)."""
    left, top, right, bottom = box
    corner = np.array([left, top], dtype=np.float64)
    part = filters.remade(picture, np.ascontiguousarray(picture.pixels[top:bottom, left:right]))
    return Filtered(part, lambda points: np.asarray(points, dtype=np.float64) + corner)


def lines_back(lines: Sequence[Line], back: CoordinateMap, width: int, height: int) -> tuple[Line, ...]:
    """Return `lines` with their boxes led back to an original of `width` × `height` pixels.

    A box becomes the upright rectangle around where its outline comes from, cut at the original's borders.
    """
    boxes = [box for line in lines for box in (line.box, *(word.box for word in line.words))]
    moved = iter(boxes_back(boxes, back, width, height))
    result = []
    for line in lines:
        box = next(moved)
        words = tuple(Word(word.text, next(moved), word.confidence) for word in line.words)
        result.append(replace(line, box=box, words=words))
    return tuple(result)


def boxes_back(boxes: Sequence[Box], back: CoordinateMap, width: int, height: int) -> list[Box]:
    """Return the boxes led back, as for `lines_back`."""
    if back is filters.identity_map:
        return [_clipped(box, width, height) for box in boxes]
    if not boxes:
        return []
    corners = np.array([[box.left, box.top, box.right, box.bottom] for box in boxes], dtype=np.float64)
    # Corners and the middles of the edges: a bent page moves the middle of a long line most.
    middle_x, middle_y = corners[:, [0, 2]].mean(axis=1), corners[:, [1, 3]].mean(axis=1)
    left, top, right, bottom = corners.T
    x = np.stack([left, middle_x, right, right, right, middle_x, left, left], axis=1)
    y = np.stack([top, top, top, middle_y, bottom, bottom, bottom, middle_y], axis=1)
    points = np.asarray(back(np.stack([x.ravel(), y.ravel()], axis=1))).reshape(len(boxes), 8, 2)
    low = np.clip(points.min(axis=1), 0, [width, height])
    high = np.clip(points.max(axis=1), 0, [width, height])
    return [Box(float(a[0]), float(a[1]), float(b[0]), float(b[1])) for a, b in zip(low, high, strict=True)]


def _clipped(box: Box, width: float, height: float) -> Box:
    """Return the upright box cut at the borders, its corners in order."""
    left, right = sorted(min(max(edge, 0.0), width) for edge in (box.left, box.right))
    top, bottom = sorted(min(max(edge, 0.0), height) for edge in (box.top, box.bottom))
    return Box(float(left), float(top), float(right), float(bottom))


def _enlarging(factor: int, upsampler: Upsampler) -> Step:
    return lambda picture: upsample_picture(picture, factor, upsampler)


_FILTERS: dict[str, Step] = {
    "contrast_correction": filters.contrast,
    "binarization": filters.binarize,
    "skew_correction": filters.deskew,
}
