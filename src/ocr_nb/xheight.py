"""Measure the letters on a picture: their x-height and their sharpness. Would upsampling help?

In: `(H, W)` float32 gray in [0, 1], dark on light, light on dark, or both. Out: plain numbers. A lowercase
x is what is meant by x-height; of text in capitals or digits only, it is seven tenths of their height.
Of large pages the most inked part stands for all, so the time is bounded. Knows nothing of recognizers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .images import Gray
from .ink import FAINTEST, difference_from_paper, ink_threshold, measure_ink, most_inked_part

CAPITAL_TO_X = 0.73
"""x-height ÷ height of capitals: from 0.70 (Andika, Liberation Serif) to 0.80 (Liberation Mono) in thirteen
text faces; their mean is 0.74, and text in capitals measured with 0.73 comes out without bias."""

_SMALLEST_PX = 2.0


def measure_x_height(gray: Gray) -> float | None:
    """Return the x-height of most of the text, pixels; None when nothing looks like text.

    Each word's row sums have a plateau between base line and mean line; its height is the x-height for words
    with ascenders. When hardly a word has any, the text is in capitals or digits, and `CAPITAL_TO_X` applies.
    Small text is enlarged before it is measured, so that fractions of a pixel count.
    """
    part = most_inked_part(gray, 3000)
    difference = difference_from_paper(part)
    floor = ink_threshold(difference)
    coarse = _measure_at(difference, floor, 1)
    if coarse is None or coarse < 14.0:
        smaller = most_inked_part(gray, 800)
        if smaller is not part:
            difference = difference_from_paper(smaller)
            floor = ink_threshold(difference)
        fine = _measure_at(difference, floor, 4 if coarse is None or coarse < 7.0 else 2)
        coarse = coarse if fine is None else fine
    return coarse if coarse is not None and coarse >= _SMALLEST_PX else None


def holds_tiny_text(gray: Gray) -> bool:
    """Tell whether what stands on a picture looks like text below two pixels of x-height: many low words.

    For pictures of which `measure_x_height` says nothing. Grain covers less of its paper.
    """
    part = most_inked_part(gray, 800)
    difference = difference_from_paper(part)
    floor = ink_threshold(difference)
    if float((difference > floor).mean()) < _TINY_INK:
        return False
    large = _enlarged(difference, 4)
    zones = _word_zones((large > floor).astype(np.uint8), large, 4)
    return zones is not None and zones[0].size >= _TINY_WORDS


_TINY_INK, _TINY_WORDS = 0.02, 8


def measure_sharpness(gray: Gray) -> float | None:
    """Return how sharp the edges of the text are, in [0, 1]; None without text.

    The steepest step between neighboring pixels as a share of the whole climb across the edge, median of the
    inked edges. Small clean print measures 0.9 to 1, with a Gaussian blur of 0.6 px 0.67, of 1 px 0.5.
    """
    gray = most_inked_part(gray, 1600)
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
        at_edge = (step >= steepest) & (marks > 0) & (climb > FAINTEST)
        ratios.append(step[at_edge] / climb[at_edge])
    joined = np.concatenate(ratios)
    return float(np.clip(np.median(joined), 0.0, 1.0)) if joined.size else None


def _enlarged(difference: Gray, factor: int) -> Gray:
    if factor == 1:
        return difference
    size = (difference.shape[1] * factor, difference.shape[0] * factor)
    return cast(Gray, cv2.resize(difference, size, interpolation=cv2.INTER_CUBIC))


def _measure_at(difference: Gray, floor: float, enlarged: int) -> float | None:
    """Return the x-height in pixels of what differs from the paper by more than `floor`, on a copy `enlarged`
    times its size.
    """
    difference = _enlarged(difference, enlarged)
    mask = (difference > floor).astype(np.uint8)
    zones = _word_zones(mask, difference, enlarged)
    solid = _lines_set_solid(np.where(mask > 0, difference, 0.0).sum(axis=1))
    if zones is None:
        return None if solid is None else solid / enlarged
    height, has_ascender, weight = zones
    share = float(weight[has_ascender].sum() / weight.sum())
    if share >= _LOWERCASE_SHARE:
        height, weight = height[has_ascender], weight[has_ascender]
    measured = _weighted_median(height, weight) * (1.0 if share >= _LOWERCASE_SHARE else CAPITAL_TO_X)
    if solid is not None and measured > _ALIKE * solid:
        measured = solid  # what looked like words were whole blocks of them
    return measured / enlarged


_LOWERCASE_SHARE = 0.15
_LETTER_GAP = 0.8
_LOWEST_WORD, _LOWEST_RULE = 0.35, 0.6
"""Times a letter's height: what is lower is a row of dashes or dots. An x is half as high as a b."""
_BLUR_PX = 0.9


def _word_zones(
    mask: npt.NDArray[np.uint8], ink: Gray, pixel: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]] | None:
    """Return of each word its plateau's height, whether ink stands above it, and its weight: about as many
    units as it has strokes.
    """
    around = _around_ink(mask, 1)
    letters, typical = letters_only(mask[around])
    if typical is None:
        return None
    mask = np.zeros_like(mask)
    mask[around] = letters
    reach = max(2, round(_LETTER_GAP * typical))
    around = _around_ink(mask, reach)  # what is farther from ink than that changes no word
    mask, ink = mask[around], ink[around]
    words = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(words, connectivity=8)
    found: list[tuple[tuple[float, float], tuple[float, float] | None, float]] = []
    for index in range(1, boxes.shape[0]):
        left, top, width, height, area = (int(value) for value in boxes[index])
        box = slice(top, top + height), slice(left, left + width)
        if height < 3 or width < 1.2 * height:
            continue
        rows, columns = np.nonzero(mask[box] & (labels[box] == index))
        if not rows.size:
            continue  # between a stroke and the border, where closing with an even width fills the paper
        profile = _level_profile(rows, columns, ink[box][rows, columns])
        zones = _plateaus(profile, typical) if profile.size < 6 * typical else None
        if zones is not None and zones[0][1] >= _lowest(zones[0][1], width, area) * typical:
            # Ink over height counts letters: a bold heading is not most of the text.
            found.append((*zones, float(profile.sum()) / zones[0][1]))
    if not found:
        return None
    whole, parted, weight = zip(*found, strict=True)
    chosen = np.array([one or other for one, other in zip(parted, whole, strict=True)])
    alone = [index for index, lines in enumerate(parted) if lines is None]
    if alone and len(alone) < len(found):
        # Lines that touch are as high as those that do not; the parts of broken letters are not.
        lone = _weighted_median(chosen[alone, 1], np.array(weight)[alone])
        together = np.delete(np.arange(len(found)), alone)
        split = _weighted_median(chosen[together, 1], np.array(weight)[together])
        if max(lone, split) > _ALIKE * min(lone, split):
            chosen = np.array(whole)
    above, tall = chosen.T
    return tall, above > np.maximum(0.18 * tall, _BLUR_PX * pixel), np.array(weight)


def _lowest(tall: float, width: int, area: int) -> float:
    """Return how many times a letter's height the plateau of a word must reach: more for what looks like a
    rule, slanted or broken, or a row of dots or dashes that has been closed.
    """
    is_rule = width > _LONGEST * tall and area > _FILLED * width * tall
    return _LOWEST_RULE if is_rule else _LOWEST_WORD


_LONGEST, _FILLED = 12, 0.7


def _around_ink(mask: npt.NDArray[np.uint8], margin: int) -> tuple[slice, slice]:
    """Return the part of the mask that holds all its ink, and up to `margin` pixels around it."""
    left, top, width, height = cv2.boundingRect(mask)
    rows = slice(max(0, top - margin), top + height + margin)
    return rows, slice(max(0, left - margin), left + width + margin)


def letters_only(mask: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float | None]:
    """Take frames, rules and bar codes out of a mask `(H, W)` of 0 and 1; return it with the letters' typical
    height, pixels, or None where nothing looks like one.
    """
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
    typical = _letter_height(
        height, np.sqrt(area), is_letter, is_letter & (width > _DASH * height) & (filled > 0.65)
    )
    is_bar = (height > 5 * width) & (height > 2 * typical)
    drop = is_rule | is_frame | is_bar
    drop[0] = False
    if drop.any():
        mask = np.where(drop[labels], 0, mask).astype(np.uint8)
    return mask, typical


def _letter_height(
    height: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    is_letter: npt.NDArray[np.bool_],
    is_long: npt.NDArray[np.bool_],
) -> float:
    """Return the typical height of the letters; what `is_long` is left out where it is dashes, not words.

    Low full shapes are the words of blurred small print, unless there are others, twice as high.
    """
    usual = _weighted_median(height[is_letter], weight[is_letter])
    is_other = is_letter & ~is_long
    if weight[is_other].sum() < _FEWEST_LETTERS * weight[is_letter].sum():
        return usual
    other = _weighted_median(height[is_other], weight[is_other])
    dashes = is_long & (height < 0.5 * other)
    return _weighted_median(height[is_letter & ~dashes], weight[is_letter & ~dashes])


_DASH = 1.8
_FEWEST_LETTERS = 0.25


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


_Zone = tuple[float, float]
"""How many rows lie above the plateau of a word's row sums, and how many are in it."""


def _plateaus(profile: npt.NDArray[np.float64], letter: float) -> tuple[_Zone, _Zone | None] | None:
    """Return the plateau of the row sums, and, if it may be of several lines that touch, that of one of them.

    `letter` is the typical height of a letter. Of several lines: what is above the first, the median height.
    """
    level = _plateau_level(profile)
    runs = [(first + 1, last + 1) for first, last in _runs_above(profile, level)]
    if not runs or runs[0][0] == runs[-1][1]:
        return None
    padded = np.concatenate([[0.0], profile, [0.0]])

    def edges(first: int, last: int) -> tuple[float, float]:
        top = first - (padded[first] - level) / (padded[first] - padded[first - 1])
        bottom = last + (padded[last] - level) / (padded[last] - padded[last + 1])
        return float(top), float(bottom - top)

    lines = [edges(first, last) for first, last in _touching_lines(runs, letter)]
    parted = (lines[0][0], float(np.median([tall for _, tall in lines]))) if lines else None
    return edges(runs[0][0], runs[-1][1]), parted


_TWO_LINES = 1.4
"""Times a letter's height: what two lines reach over at least; dot-matrix print has gaps within one line."""
_FEWEST_ROWS = 2
_ALIKE = 1.6
_LINE_GAPS = (0.6, 2.2)
"""Between the plateaus of lines set solid lies about as much as one is high; the bars of one z or E, which
also leave a gap, are thin beside theirs."""


_FEWEST_LINES = 4
_REGULAR = 0.7
_EVEN = 1.4


def _lines_set_solid(profile: npt.NDArray[np.float64]) -> float | None:
    """Return the height of the plateaus of a page's row sums if they follow each other evenly and closely.

    That is what lines make that touch so often that no word stands alone; None for any other page.
    """
    runs = _runs_above(profile, _plateau_level(profile))
    if len(runs) < _FEWEST_LINES:
        return None
    rows = np.array([last - first + 1 for first, last in runs])
    gaps = np.array([after[0] - before[1] - 1 for before, after in pairwise(runs)])
    usual, gap = float(np.median(rows)), float(np.median(gaps))
    even = [
        np.mean((ones > one / _EVEN) & (ones < one * _EVEN)) for ones, one in ((rows, usual), (gaps, gap))
    ]
    is_solid = min(even) >= _REGULAR and _LINE_GAPS[0] * usual <= gap <= _LINE_GAPS[1] * usual
    return usual if is_solid and usual >= _FEWEST_ROWS else None


def _plateau_level(profile: npt.NDArray[np.float64]) -> float:
    return 0.5 * float(np.sort(profile)[-max(1, profile.size // 3) :].mean())


def _runs_above(profile: npt.NDArray[np.float64], level: float) -> list[tuple[int, int]]:
    """Return the first and last row of each stretch whose sums reach `level`."""
    high = np.nonzero(profile >= max(level, 1e-9))[0]
    if not high.size:
        return []
    cuts = np.nonzero(np.diff(high) > 1)[0]
    return list(zip(high[[0, *(cuts + 1)]].tolist(), high[[*cuts, -1]].tolist(), strict=True))


def _touching_lines(runs: list[tuple[int, int]], letter: float) -> list[tuple[int, int]]:
    """Return a word's stretches of high rows if they look like several lines, else none."""
    rows = [last - first + 1 for first, last in runs]
    gaps = [after[0] - before[1] - 1 for before, after in pairwise(runs)]
    if not gaps or runs[-1][1] - runs[0][0] < _TWO_LINES * letter:
        return []
    if min(rows) < _FEWEST_ROWS or max(rows) > _ALIKE * min(rows):
        return []
    usual = float(np.median(rows))
    return runs if all(_LINE_GAPS[0] * usual <= gap <= _LINE_GAPS[1] * usual for gap in gaps) else []


def _weighted_median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
