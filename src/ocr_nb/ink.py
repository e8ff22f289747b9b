"""Tell ink from paper: the paper around each pixel, what stands on it and how dark, and which is lighter.

In: `(H, W)` float32 gray in [0, 1], dark on light, light on dark, or both. Out: pictures of the same size,
and plain numbers. Of large pages the most inked part stands for all, so the time is bounded. Knows nothing
of letters.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np

from .images import Gray

FAINTEST = 0.04
"""Differences of tones below which nothing counts as ink."""
_BACKGROUND_PX = 61
_CUT_OFF = 1.5
_QUARTILE_OF_NORMAL = 0.3186
"""Of the absolute value of a normal variable, in its standard deviations."""


def measure_paper(gray: Gray) -> Gray:
    """Return the local median of the picture: the paper, if less than half of it is ink."""
    height, width = gray.shape
    eight = np.clip(gray * 255.0 + 0.5, 0, 255).astype(np.uint8)
    scale = 0.5 if min(height, width) > 64 else 1.0
    small = cv2.resize(eight, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else eight
    side = int(_BACKGROUND_PX * scale) | 1
    reach = side // 2  # of the median's window: what lies beyond is not looked at
    padded = cv2.copyMakeBorder(small, reach, reach, reach, reach, cv2.BORDER_REFLECT)
    paper = cv2.medianBlur(padded, side)[reach:-reach, reach:-reach]
    if scale < 1:
        paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return cast(Gray, paper.astype(np.float32) / np.float32(255.0))


def measure_ink(gray: Gray) -> Gray:
    """Return how far each pixel differs from the paper around it: `(H, W)` in [0, 1], 0 without ink.

    The paper is the local median; differences that are not clearly larger than the paper's own grain are 0.
    """
    difference = difference_from_paper(gray)
    floor = ink_threshold(difference)
    return cast(Gray, np.where(difference > floor, difference, np.float32(0.0)))


def is_inverse(gray: Gray) -> bool:
    """Tell whether most of the text is lighter than its paper; without text, whether the page is dark."""
    gray = most_inked_part(gray, 1600)
    rise = gray - measure_paper(gray)
    evidence = float((np.abs(rise) * rise)[measure_ink(gray) > 0].sum())
    return evidence > 0 or (evidence == 0 and float(np.median(gray)) < 0.5)


def measure_text_contrast(gray: Gray) -> float:
    """Return the difference between ink and paper, in [0, 1]; 0 without text.

    The upper quartile over the inked pixels: the inside of strokes, not their soft edges.
    """
    ink = measure_ink(most_inked_part(gray, 1600))
    inked = ink[ink > 0]
    return float(np.percentile(inked, 75)) if inked.size else 0.0


def ink_threshold(difference: Gray) -> float:
    """Return the difference from which a pixel counts as ink: Otsu's, but above the grain and `FAINTEST`.

    Differences are cut off a little above the upper quartile of all that stands on the paper: a black border
    or one blot would else hide faint print.
    """
    # The lower quartile, not the median: on a page set close, soft ink covers half of the pixels.
    grain = float(np.percentile(difference, 25)) / _QUARTILE_OF_NORMAL
    floor = max(3.0 * grain, FAINTEST)
    standing = difference[difference > floor]
    most = _CUT_OFF * float(np.percentile(standing, 75)) if standing.size else 1.0
    eight = np.clip(np.minimum(difference, most) * 255.0, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(eight, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return max(float(otsu) / 255.0, floor)


def most_inked_part(gray: Gray, side: int) -> Gray:
    """Return the part of at most `side` × `side` pixels that holds the most ink."""
    if max(gray.shape) <= side:
        return gray
    cell = max(1, math.ceil(max(gray.shape) / 1600))
    small = cv2.resize(gray, (gray.shape[1] // cell, gray.shape[0] // cell), interpolation=cv2.INTER_AREA)
    ink = (measure_ink(cast(Gray, small)) > 0).astype(np.float32)
    rows, columns = min(side // cell, ink.shape[0]), min(side // cell, ink.shape[1])
    total = cv2.integral(ink)
    sums = (
        total[rows:, columns:] - total[:-rows, columns:] - total[rows:, :-columns] + total[:-rows, :-columns]
    )
    top, left = (int(place) * cell for place in np.unravel_index(int(sums.argmax()), sums.shape))
    return gray[top : top + side, left : left + side]


def difference_from_paper(gray: Gray) -> Gray:
    """Return how far each pixel differs from the paper around it, its grain included."""
    return cast(Gray, np.abs(gray - measure_paper(gray)))
