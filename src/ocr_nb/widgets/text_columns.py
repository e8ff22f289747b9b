"""Three texts of one thing, letter under letter; and where in the pictures a word stands.

In: the ground truth, or none, and two readings. Out: plain values for the browser: each word's kind and,
where a reading differs, its columns of grapheme clusters. Without a truth the first reading stands in its
place, and nobody is said to be right. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ..alignment import Fate, Normalization, ReadWord, SpanKind, align, graphemes
from ..filters import resize
from ..images import Picture, encode_png, from_array
from ..metrics import agreement
from ..verdict import percent
from .word_marks import Boxes, kind_of

Column = tuple[str, str, str]
"""What the truth and both readings have in one place; empty where one has nothing."""

AROUND = 0.3
"""How much around it a crop shows above and below, in heights of the word; beside it thrice that."""
WIDEST = 900
"""Pixels; a wider crop, such as that of a whole line on a scan, is shrunk to this."""


def describe_columns(words: Sequence[ReadWord], *, known: bool) -> list[dict[str, Any]]:
    """Return one entry for each word: its kind, its text, whether a line ends, and columns where it differs.

    Args:
        words: as `align_readings` gives them.
        known: whether their `truth` is one.
    """
    return [_describe(word, known=known) for word in words]


def _describe(word: ReadWord, *, known: bool) -> dict[str, Any]:
    kind = kind_of(word, known=known)
    entry: dict[str, Any] = {"kind": kind, "text": word.truth.strip()}
    if word.ends_line:
        entry["ends"] = True
    if kind != Fate.UNCHANGED.value:
        entry["columns"] = list(columns_of(word))
    return entry


def columns_of(word: ReadWord) -> Iterator[Column]:
    """Give the columns of one word; a space that all three have at its end is left out."""
    texts = (word.truth, word.before, word.after)
    if all(text.endswith(" ") for text in texts):
        texts = (word.truth[:-1], word.before[:-1], word.after[:-1])
    truth = graphemes(texts[0])
    (before, extra_before), (after, extra_after) = (
        _places(truth, text) for text in (texts[0:2], texts[0::2])
    )
    for place in range(len(truth) + 1):
        for one, other in zip_longest(extra_before[place], extra_after[place], fillvalue=""):
            yield "", one, other
        if place < len(truth):
            yield truth[place], before[place], after[place]


def _places(truth: Sequence[str], texts: tuple[str, ...]) -> tuple[list[str], list[list[str]]]:
    """Return what a reading has in the place of each letter of the truth, and what it has before each."""
    instead = [""] * len(truth)
    extra: list[list[str]] = [[] for _ in range(len(truth) + 1)]
    for span in align(texts[0], texts[1], "raw"):
        read = graphemes(span.read)
        if span.kind is SpanKind.INSERTED:
            extra[span.truth_start].extend(read)
            continue
        for step, letter in enumerate(read):
            instead[span.truth_start + step] = letter
    return instead, extra


def describe_agreement(
    words: Sequence[ReadWord], before: str, after: str, normalization: str | Normalization
) -> str:
    """Say how far two readings agree, and that no more is known."""
    unlike = sum(word.after != word.truth for word in words)
    if not unlike:
        return "Both readings are the same; without a ground truth, no more is known."
    alike = percent(agreement(before, after, normalization))
    verb = "differs" if unlike == 1 else "differ"
    differ = f"{unlike} of {len(words)} words {verb}" if len(words) > 1 else "The one word differs"
    return f"{differ}, the readings agree to {alike}; without a ground truth, nobody can say which is right."


def crop_word(picture: Picture, boxes: Sequence[Sequence[float]]) -> bytes:
    """Return as PNG the part of a picture with these boxes (fractions) and a little around them."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    top, bottom = min(tops) * picture.height, max(bottoms) * picture.height
    left, right = min(lefts) * picture.width, max(rights) * picture.width
    around = AROUND * min(bottom - top, max((box[3] - box[1]) * picture.height for box in boxes))
    rows = slice(max(0, int(top - around)), max(1, int(np.ceil(bottom + around))))
    columns = slice(max(0, int(left - 3 * around)), max(1, int(np.ceil(right + 3 * around))))
    pixels = picture.pixels[rows, columns]
    if pixels.shape[1] <= WIDEST:
        return encode_png(pixels)
    return encode_png(resize(from_array(pixels), WIDEST / pixels.shape[1]).picture.pixels)


def place_of(boxes: tuple[Boxes, Boxes], index: int, side: int) -> list[list[float]]:
    """Return where a word stands in one picture: its own boxes, else the other reading's, else between.

    Boxes are fractions, and the pictures show the same thing: what stands in one stands there in the other.
    Empty when nothing near it was found either.
    """
    for own in (boxes[side], boxes[1 - side]):
        if own[index]:
            return own[index]
    beside = (place for place in (index - 1, index + 1) if 0 <= place < len(boxes[side]))
    return [box for place in beside for box in boxes[side][place]]
