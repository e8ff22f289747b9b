"""Where the text is: a page becomes slanted boxes, one around each run of text.

Runs a DB text detector ("Real-time Scene Text Detection with Differentiable Binarization", Liao et al.,
AAAI 2020): the network gives each pixel its probability of lying in the shrunken core of a text line; cores
are thresholded, boxed and grown back. Pages are worked in tiles, so memory does not grow with the page.
Knows nothing of letters.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .session import Model

Floats = npt.NDArray[np.float32]
Rgb = npt.NDArray[np.uint8]

CORE_THRESHOLD = 0.3
BOX_THRESHOLD = 0.5
UNCLIP_RATIO = 1.6
"""The three constants of the detector as it was trained and as RapidOCR runs it (its `config.yaml`, Det)."""
STRIDE = 32
"""The network halves its input five times: sides must be multiples of this."""
TILE_PX = 768
"""Side of one tile; the network needs about 210 MB a megapixel (measured), so a tile stays near 150 MB."""
OVERLAP_PX = 96
"""Shared by neighbouring tiles; each gives the half that is farther from its own border."""
MARGIN_PX = 32
"""Paper added around the page: text that touches the border is otherwise missed."""
SHORTER_SIDE_PX = 736
MAX_FIRST_SCALE = 3.0
ENLARGED_PX = 600_000
FIRST_LOOK_PX = 2_000_000
"""About half a second on one core (measured: 0.2 to 0.4 s a megapixel)."""
LEAST_HEIGHT_PX = 18.0
GOOD_HEIGHT_PX = 26.0
"""Box heights (1.3 times a line's) below which a second look pays, and at which it is made. Measured on
receipts with lines of 10 px: looking at 10, 14 and 20 px a line gives pages of CER 0.056, 0.047, 0.044."""
MAX_SCALE = 4.0
SECOND_LOOK_PX = 6_000_000
_MIN_CORE_PX = 3.0
"""Cores thinner than this are specks (RapidOCR's `min_size`)."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A slanted rectangle around one run of text."""

    corners: Floats
    """`(4, 2)` x, y: top left, top right, bottom right, bottom left as the text is read."""
    score: float
    """Mean probability in its core, 0 to 1."""

    @property
    def width(self) -> float:
        """Length along the line of text, pixels."""
        return float(np.hypot(*(self.corners[1] - self.corners[0])))

    @property
    def height(self) -> float:
        """Length across the line of text, pixels; about 1.6 times the height of a capital."""
        return float(np.hypot(*(self.corners[3] - self.corners[0])))


class TextDetector:
    """Finds text with a DB network: BGR in [-1, 1], `(1, 3, H, W)`, to probabilities `(1, 1, H, W)`."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def find(self, pixels: Rgb) -> list[TextBox]:
        """Return the boxes of the text in `pixels` `(H, W, 3)` RGB, unordered, in pixels of that image.

        Looks once at a scale that suits the page's size, and a second time, enlarged, when what it saw was
        too small to be boxed well.
        """
        scale = first_scale(pixels.shape[0], pixels.shape[1])
        found = self.look(pixels, scale)
        better = second_scale(found, scale, pixels.shape[0] * pixels.shape[1])
        return found if better is None else self.look(pixels, better)

    def look(self, pixels: Rgb, scale: float) -> list[TextBox]:
        """Return the boxes found in `pixels` enlarged (or reduced, below 1) by `scale`."""
        probability, exact = self.probability_map(pixels, scale)
        return boxes_of(probability, exact)

    def probability_map(self, pixels: Rgb, scale: float = 1.0) -> tuple[Floats, tuple[float, float]]:
        """Return `(h, w)` probabilities of the page enlarged by `scale`, and the true scales in x and y."""
        import cv2

        height, width = pixels.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        page = pixels if size == (width, height) else cv2.resize(pixels, size, interpolation=how)
        probability = self._tiled(page)
        return probability, (size[0] / width, size[1] / height)

    def _tiled(self, page: Rgb) -> Floats:
        """Return the probabilities of every pixel of `page`, computed tile by tile."""
        height, width = page.shape[:2]
        result = np.zeros((height, width), np.float32)
        padded = _pad_with_paper(page)
        for top, bottom, y0, y1 in _cuts(height):
            for left, right, x0, x1 in _cuts(width):
                tile = padded[top : bottom + 2 * MARGIN_PX, left : right + 2 * MARGIN_PX]
                core = self._run(tile)[MARGIN_PX:, MARGIN_PX:]
                result[y0:y1, x0:x1] = core[y0 - top : y1 - top, x0 - left : x1 - left]
        return result

    def _run(self, tile: Rgb) -> Floats:
        import cv2

        height, width = tile.shape[:2]
        below, beside = -height % STRIDE, -width % STRIDE
        tile = cv2.copyMakeBorder(tile, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        # (H, W, RGB) -> (1, BGR, H, W)
        batch = np.ascontiguousarray(tile[None, :, :, ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        batch *= 2 / 255
        batch -= 1
        return self._model(batch)[0, 0, :height, :width]


def first_scale(height: int, width: int) -> float:
    """Return the scale of the first look at a page of `height` × `width` pixels.

    Small pages are enlarged until their shorter side is `SHORTER_SIDE_PX`, as RapidOCR does, but three times
    at the most (a strip of text would grow without bound) and to no more than `ENLARGED_PX`; large ones are
    reduced to `FIRST_LOOK_PX`.
    """
    area = height * width
    wanted = min(MAX_FIRST_SCALE, SHORTER_SIDE_PX / min(height, width), math.sqrt(ENLARGED_PX / area))
    return min(max(1.0, wanted), math.sqrt(FIRST_LOOK_PX / area))


def second_scale(found: Sequence[TextBox], scale: float, area: float) -> float | None:
    """Return the scale at which to look again at a page of `area` pixels; None when `scale` was enough.

    Nothing found on a reduced page is a reason as well.
    """
    if not found:
        return 1.0 if scale < 1 else None
    height = float(np.percentile([box.height for box in found], 25))
    if height * scale >= LEAST_HEIGHT_PX:
        return None
    wanted = min(MAX_SCALE, GOOD_HEIGHT_PX / height, math.sqrt(SECOND_LOOK_PX / area))
    return wanted if wanted > 1.2 * scale else None


def boxes_of(probability: Floats, scale: tuple[float, float] = (1.0, 1.0)) -> list[TextBox]:
    """Return a box around every core in the `(h, w)` map, divided by `scale` (x, y).

    A core is boxed by its smallest rectangle and grown on all sides by area × ratio ÷ perimeter, which
    undoes the shrinking used in training.
    """
    import cv2

    mask = (probability > CORE_THRESHOLD).astype(np.uint8)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        center, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < _MIN_CORE_PX:
            continue
        score = _mean_inside(probability, cv2.boxPoints((center, (width, height), angle)))
        if score < BOX_THRESHOLD:
            continue
        grow = 2 * width * height * UNCLIP_RATIO / (2 * (width + height))
        corners = cv2.boxPoints((center, (width + grow, height + grow), angle))
        found.append(TextBox(_as_read(corners / np.array(scale, np.float32)), score))
    return found


def _mean_inside(probability: Floats, corners: Floats) -> float:
    import cv2

    height, width = probability.shape
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    left, top = max(0, min(left, width - 1)), max(0, min(top, height - 1))
    right, bottom = max(left, min(right, width - 1)), max(top, min(bottom, height - 1))
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - [left, top]).astype(np.int32)], 1)
    return float(cv2.mean(probability[top : bottom + 1, left : right + 1], inside)[0])


def _as_read(corners: Floats) -> Floats:
    """Order four corners: the side nearest to the horizontal runs from the first to the second.

    Corners come in turn around the rectangle, in either sense.
    """
    edges = np.roll(corners, -1, axis=0) - corners
    # Of the two edges that point rightwards, the flattest is the upper or the lower side.
    flat = max(range(4), key=lambda k: edges[k, 0] / max(1e-6, math.hypot(*edges[k])))
    turned = np.roll(corners, -flat, axis=0)
    down = turned[3] - turned[0]
    if down[1] < 0:  # the flattest edge was the lower one
        turned = turned[[3, 2, 1, 0]]
    return np.ascontiguousarray(turned, dtype=np.float32)


def _pad_with_paper(page: Rgb) -> Rgb:
    """Add `MARGIN_PX` on all sides, in the median color of the page's border."""
    import cv2

    border = np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])
    color = [float(value) for value in np.median(border, axis=0)]
    margin = MARGIN_PX
    padded: Rgb = cv2.copyMakeBorder(page, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=color)
    return padded


def _cuts(length: int) -> list[tuple[int, int, int, int]]:
    """Cut `length` into overlapping pieces: start and end of each, and of the part it answers for."""
    if length <= TILE_PX:
        return [(0, length, 0, length)]
    count = math.ceil((length - OVERLAP_PX) / (TILE_PX - OVERLAP_PX))
    starts = [round(k * (length - TILE_PX) / (count - 1)) for k in range(count)]
    seams = [(a + TILE_PX + b) // 2 for a, b in itertools.pairwise(starts)]
    return [
        (start, start + TILE_PX, low, high)
        for start, low, high in zip(starts, [0, *seams], [*seams, length], strict=True)
    ]
