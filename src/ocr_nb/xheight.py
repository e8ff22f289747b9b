"""Measure the text on a picture: its x-height, its sharpness, its contrast. Would upsampling help?

In: `(H, W)` float32 gray in [0, 1], dark on light, light on dark, or both. Out: plain numbers. A lowercase
x is what is meant by x-height; of text in capitals or digits only, it is seven tenths of their height.
Of large pages the most inked part stands for all, so the time is bounded. Knows nothing of recognizers.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .images import Gray

CAPITAL_TO_X = 0.73
"""x-height ÷ height of capitals: from 0.70 (Andika, Liberation Serif) to 0.80 (Liberation Mono) in thirteen
text faces; their mean is 0.74, and text in capitals measured with 0.73 comes out without bias."""

_BACKGROUND_PX = 61
_FAINTEST = 0.04
_SMALLEST_PX = 2.0


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
    difference = np.abs(gray - measure_paper(gray))
    floor = _ink_threshold(difference)
    return cast(Gray, np.where(difference > floor, difference, np.float32(0.0)))


def measure_x_height(gray: Gray) -> float | None:
    """Return the x-height of most of the text, pixels; None when nothing looks like text.

    Each word's row sums have a plateau between base line and mean line; its height is the x-height for words
    with ascenders. When hardly a word has any, the text is in capitals or digits, and `CAPITAL_TO_X` applies.
    Small text is enlarged before it is measured, so that fractions of a pixel count.
    """
    part = _most_inked_part(gray, 3000)
    difference = _difference(part)
    coarse = _measure_at(difference, 1)
    if coarse is None or coarse < 14.0:
        smaller = _most_inked_part(gray, 800)
        difference = difference if smaller is part else _difference(smaller)
        fine = _measure_at(difference, 4 if coarse is None or coarse < 7.0 else 2)
        coarse = coarse if fine is None else fine
    return coarse if coarse is not None and coarse >= _SMALLEST_PX else None


def is_inverse(gray: Gray) -> bool:
    """Tell whether most of the text is lighter than its paper; without text, whether the page is dark."""
    gray = _most_inked_part(gray, 1600)
    rise = gray - measure_paper(gray)
    evidence = float((np.abs(rise) * rise)[measure_ink(gray) > 0].sum())
    return evidence > 0 or (evidence == 0 and float(np.median(gray)) < 0.5)


def measure_sharpness(gray: Gray) -> float | None:
    """Return how sharp the edges of the text are, in [0, 1]; None without text.

    The steepest step between neighboring pixels as a share of the whole climb across the edge, median of the
    inked edges. Small clean print measures 0.9 to 1, with a Gaussian blur of 0.6 px 0.67, of 1 px 0.5.
    """
    gray = _most_inked_part(gray, 1600)
    ink = measure_ink(gray)
    if not ink.any():
        return None
    kernel = np.ones((1, 5), np.uint8)
    ratios = []
    for picture, marks in ((gray, ink), (gray.T, ink.T)):
        picture, marks = np.ascontiguousarray(picture), np.ascontiguousarray(marks)
        step = np.abs(np.diff(picture, axis=1, append=picture[:, -1:]))
        climb = cv2.dilate(picture, kernel) - cv2.erode(picture, kernel)
        steepest = cv2.dilate(step, kernel)
        at_edge = (step >= steepest) & (marks > 0) & (climb > _FAINTEST)
        ratios.append(step[at_edge] / climb[at_edge])
    joined = np.concatenate(ratios)
    return float(np.clip(np.median(joined), 0.0, 1.0)) if joined.size else None


def measure_text_contrast(gray: Gray) -> float:
    """Return the difference between ink and paper, in [0, 1]; 0 without text.

    The upper quartile over the inked pixels: the inside of strokes, not their soft edges.
    """
    ink = measure_ink(_most_inked_part(gray, 1600))
    inked = ink[ink > 0]
    return float(np.percentile(inked, 75)) if inked.size else 0.0


def _ink_threshold(difference: Gray) -> float:
    """Return the difference from which a pixel counts as ink: Otsu's, but above the grain and `_FAINTEST`."""
    grain = float(np.median(difference)) / 0.6745
    eight = np.clip(difference * 255.0, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(eight, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return max(float(otsu) / 255.0, 3.0 * grain, _FAINTEST)


def _most_inked_part(gray: Gray, side: int) -> Gray:
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


def _difference(gray: Gray) -> Gray:
    """Return how far each pixel differs from the paper around it, its grain included."""
    return cast(Gray, np.abs(gray - measure_paper(gray)))


def _measure_at(difference: Gray, enlarged: int) -> float | None:
    """Return the x-height in pixels of what differs from the paper, on a copy `enlarged` times its size."""
    floor = _ink_threshold(difference)
    if enlarged > 1:
        size = (difference.shape[1] * enlarged, difference.shape[0] * enlarged)
        difference = cast(Gray, cv2.resize(difference, size, interpolation=cv2.INTER_CUBIC))
    zones = _word_zones((difference > floor).astype(np.uint8), difference, enlarged)
    if zones is None:
        return None
    height, has_ascender, weight = zones
    share = float(weight[has_ascender].sum() / weight.sum())
    if share >= _LOWERCASE_SHARE:
        return _weighted_median(height[has_ascender], weight[has_ascender]) / enlarged
    return CAPITAL_TO_X * _weighted_median(height, weight) / enlarged


_LOWERCASE_SHARE = 0.15
_LETTER_GAP = 0.8
_BLUR_PX = 0.9


def _word_zones(
    mask: npt.NDArray[np.uint8], ink: Gray, pixel: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]] | None:
    """Return of each word its plateau's height, whether ink stands above it, and its ink as weight."""
    mask, typical = _letters_only(mask)
    if typical is None:
        return None
    reach = max(2, round(_LETTER_GAP * typical))
    words = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(words, connectivity=8)
    found: list[tuple[float, bool, float]] = []
    for index in range(1, boxes.shape[0]):
        left, top, width, height = (int(value) for value in boxes[index, :4])
        box = slice(top, top + height), slice(left, left + width)
        if height < 3 or width < 1.2 * height:
            continue
        rows, columns = np.nonzero(mask[box] & (labels[box] == index))
        profile = _level_profile(rows, columns, ink[box][rows, columns])
        zone = _plateau(profile) if profile.size < 6 * typical else None
        if zone is not None:
            above, tall = zone
            found.append((tall, above > max(0.18 * tall, _BLUR_PX * pixel), float(profile.sum())))
    if not found:
        return None
    tall_, ascender, weight = zip(*found, strict=True)
    return np.array(tall_), np.array(ascender), np.array(weight)


def _letters_only(mask: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float | None]:
    """Take frames, rules and bar codes out of the mask; return it with the letters' typical height."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    width, height, area = (stats[:, column].astype(np.float64) for column in (2, 3, 4))
    long, short = np.maximum(width, height), np.minimum(width, height)
    filled = area / (width * height)
    is_rule = (long > 15 * short) & (filled > 0.6)
    is_frame = (filled < 0.15) & (short > 3 * float(np.median(height)))
    is_letter = ~(is_rule | is_frame) & (height >= 3) & (height < 5 * width)
    is_letter[0] = False  # the paper
    if not is_letter.any():
        return mask, None
    typical = _weighted_median(height[is_letter], np.sqrt(area[is_letter]))
    is_bar = (height > 5 * width) & (height > 2 * typical)
    drop = is_rule | is_frame | is_bar
    drop[0] = False
    return np.where(drop[labels], 0, mask).astype(np.uint8), typical


def _level_profile(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], ink: Gray
) -> npt.NDArray[np.float64]:
    """Return a word's ink summed along rows, or along the line that fits its pixels if that is sharper."""
    plain = np.bincount(rows, ink).astype(np.float64)
    across = columns - columns.mean()
    spread = float(across @ across)
    if spread <= 0 or np.ptp(columns) < 3 * np.ptp(rows):
        return plain
    level = rows - (float(across @ rows) / spread) * across
    turned = np.bincount(np.round(level - level.min()).astype(np.intp), ink).astype(np.float64)
    sharper = np.square(np.diff(turned)).sum() > 1.2 * np.square(np.diff(plain)).sum()
    return turned if sharper else plain


def _plateau(profile: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """Return how many rows lie above the plateau of a word's row sums, and how many are in it."""
    level = 0.5 * float(np.sort(profile)[-max(1, profile.size // 3) :].mean())
    high = np.nonzero(profile >= level)[0]
    if high.size < 2:
        return None
    padded = np.concatenate([[0.0], profile, [0.0]])
    first, last = high[0] + 1, high[-1] + 1
    top = first - (padded[first] - level) / (padded[first] - padded[first - 1])
    bottom = last + (padded[last] - level) / (padded[last] - padded[last + 1])
    return float(top), float(bottom - top)


def _weighted_median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
