"""In which order a person would read what an engine found, and where the spaces go.

In: fragments, each one run of words as a detector boxed it, slanted as the page is. Out: `Line`s in reading
order. Fragments on one row become one line; columns of running text are read one after the other, while
the cells of a table stay in their row. Pure geometry: knows no engine and no image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .columns import split_columns
from .layout import Box, Line, Word
from .rows import Rectangle, link_rows

Corners = npt.NDArray[np.float32]
"""`(4, 2)` x, y in pixels of the image: top left, top right, bottom right, bottom left as it is read."""

_Points = npt.NDArray[np.float64]

MAX_SLOPE = 0.5
"""Rows that rise or fall by more than this, beside the page's slant, are not believed."""
SLOPE_PENALTY = 0.5
"""What a slope of 1 costs, in square roots of box heights of text length."""
NO_SPACE_GAP = 0.08
"""Fragments nearer than this, in heights of their boxes, are one word cut in two; overlaps count so too."""


@dataclass(frozen=True)
class PlacedWord:
    """A word with the slanted rectangle around it."""

    text: str
    corners: Corners
    confidence: float | None


@dataclass(frozen=True)
class Fragment:
    """One run of words as an engine found it: never empty, in reading order."""

    words: tuple[PlacedWord, ...]

    @cached_property
    def corners(self) -> Corners:
        """The left side of the first word and the right side of the last."""
        first, last = self.words[0].corners, self.words[-1].corners
        return np.stack([first[0], last[1], last[2], first[3]])


def arrange(fragments: Sequence[Fragment]) -> tuple[Line, ...]:
    """Return the fragments as lines in reading order, with boxes upright in the same image."""
    if not fragments:
        return ()
    rectangles = straighten([fragment.corners for fragment in fragments])
    rows = link_rows(rectangles)
    return tuple(
        _line_of([fragments[k] for k in row], [rectangles[k] for k in row])
        for row in split_columns(rows, rectangles)
    )


def straighten(corners: Sequence[Corners]) -> list[Rectangle]:
    """Return upright rectangles as they would be were the page neither slanted nor bent."""
    stack = np.stack(corners).astype(np.float64)
    slant = page_slant(stack)
    turn = np.array([[math.cos(slant), -math.sin(slant)], [math.sin(slant), math.cos(slant)]])
    turned = stack @ turn
    height = np.hypot(*(stack[:, 3] - stack[:, 0]).T)
    left, right = turned[:, [0, 3]].mean(axis=1), turned[:, [1, 2]].mean(axis=1)  # (n, 2) x, y
    middle = (left[:, 1] + right[:, 1]) / 2 - _bend(left, right, height)
    return [
        Rectangle(float(a), float(y - h / 2), float(b), float(y + h / 2))
        for a, b, y, h in zip(left[:, 0], right[:, 0], middle, height, strict=True)
    ]


def _bend(left: _Points, right: _Points, height: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far each fragment, from `left` to `right`, lies below where its row begins.

    The slopes of the fragments are fitted by a smooth field over the page, whose integral along the row is
    the bend. Long fragments count more, for their slope is known better; a light penalty keeps a page with
    few fragments straight.
    """
    center, along = (left + right) / 2, right - left
    scale = float(np.ptp(np.concatenate([left, right]), axis=0).max()) or 1.0
    x, y = ((center - center.mean(axis=0)) / scale).T
    slope = np.clip(along[:, 1] / np.maximum(along[:, 0], 1e-6), -MAX_SLOPE, MAX_SLOPE)
    weight = np.sqrt(np.maximum(0.0, along[:, 0] / height - 1.0))
    terms = np.stack([np.ones_like(x), x, x**2, x**3, y, x * y], axis=1)
    penalty = SLOPE_PENALTY * np.eye(terms.shape[1])
    for _ in range(2):  # again without what stands out: a wrong box must not bend the page
        system = np.concatenate([terms * weight[:, None], penalty])
        target = np.concatenate([slope * weight, np.zeros(len(penalty))])
        field = np.linalg.lstsq(system, target, rcond=None)[0]
        wrong = np.abs(terms @ field - slope)
        weight = np.where(wrong > 3 * np.median(wrong) + 1e-3, 0.0, weight)
    integral = np.stack([x, x**2 / 2, x**3 / 3, x**4 / 4, x * y, x**2 * y / 2], axis=1)
    bend: npt.NDArray[np.float64] = scale * (integral @ field)
    return bend


def page_slant(corners: npt.NDArray[np.float64]) -> float:
    """Return the page's slant in radians, clockwise positive, from `(n, 4, 2)` corners.

    The median over all pixels of line, so that long lines, whose slant is known well, decide.
    """
    along = (corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]) / 2
    length = np.hypot(along[:, 0], along[:, 1])
    total = along.sum(axis=0)
    main = math.atan2(total[1], total[0])
    # Angles beside the main one, for on a page upside down they jump from π to -π.
    beside = (np.arctan2(along[:, 1], along[:, 0]) - main + math.pi) % (2 * math.pi) - math.pi
    order = np.argsort(beside)
    passed = np.cumsum(length[order])
    return main + float(beside[order][np.searchsorted(passed, passed[-1] / 2)])


def _line_of(fragments: Sequence[Fragment], rectangles: Sequence[Rectangle]) -> Line:
    """Join the fragments of one row, left to right."""
    words = [list(fragment.words) for fragment in fragments]
    joined = words[0]
    for before, after, more in zip(rectangles, rectangles[1:], words[1:], strict=False):
        height = min(before.height, after.height)
        if after.left - before.right < NO_SPACE_GAP * height:
            joined = [*joined[:-1], _glue(joined[-1], more[0]), *more[1:]]
        else:
            joined = [*joined, *more]
    return line_from(joined)


def line_from(words: Sequence[PlacedWord]) -> Line:
    """Return the words, at least one, as a line: joined by single spaces, upright boxes around them."""
    known = [(len(word.text), word.confidence) for word in words if word.confidence is not None]
    total = sum(length for length, _ in known)
    return Line(
        text=" ".join(word.text for word in words),
        box=upright_box(np.concatenate([word.corners for word in words])),
        confidence=sum(length * value for length, value in known) / total if total else None,
        words=tuple(Word(word.text, upright_box(word.corners), word.confidence) for word in words),
    )


def upright_box(points: npt.NDArray[np.floating]) -> Box:
    """Return the smallest upright rectangle that holds all points `(n, 2)`."""
    low, high = points.min(axis=0), points.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _glue(first: PlacedWord, second: PlacedWord) -> PlacedWord:
    corners = np.stack([first.corners[0], second.corners[1], second.corners[2], first.corners[3]])
    known = [value for value in (first.confidence, second.confidence) if value is not None]
    return PlacedWord(first.text + second.text, corners, min(known) if known else None)
