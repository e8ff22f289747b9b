"""Which words of two readings are right, and where they stand.

In: the ground truth, or none, and two recognitions with their pictures. Out: plain values for the browser,
boxes as fractions of the picture. Two readings meet in the truth's words; without a truth, in the first's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..alignment import Fate, Normalization, ReadWord, align_readings, count_fates
from ..engine.layout import Recognition
from ..images import Picture
from ..metrics import measure_accuracy
from ..verdict import percent
from ..word_places import find_overlaps, find_places, place_words, placed_words

Reading = tuple[Recognition, Picture]
"""What was read, and on which picture: its boxes are in that picture's pixels."""
Boxes = list[list[list[float]]]
"""For each word its boxes: left, top, right, bottom as fractions of the picture."""


def mark_words(
    truth: str | None, first: Reading, second: Reading, normalization: str | Normalization = "standard"
) -> list[dict[str, Any]]:
    """Return one entry for each word: its kind, its truth, both readings, and the boxes of each.

    Kinds are those of `Fate`; without a truth, `differs` and `unchanged`, and the words' confidences as well.
    """
    texts = (first[0].text, second[0].text)
    words = align_readings(texts[0] if truth is None else truth, *texts, normalization=normalization)
    before, after = [word.before for word in words], [word.after for word in words]
    boxes = zip(find_boxes(first, before), find_boxes(second, after), strict=True)
    marked: list[dict[str, Any]] = [
        {
            "kind": kind_of(word, known=truth is not None),
            "truth": None if truth is None else word.truth.strip(),
            "texts": [word.before.strip(), word.after.strip()],
            "boxes": list(found),
        }
        for word, found in zip(words, boxes, strict=True)
    ]
    if truth is None:
        sure = zip(_find_confidences(first, before), _find_confidences(second, after), strict=True)
        for entry, confidences in zip(marked, sure, strict=True):
            entry["confidences"] = list(confidences)
    return marked


def describe_words(
    truth: str, first: str, second: str, normalization: str | Normalization = "standard"
) -> str:
    """Say what the second reading made of the first's errors, with both error rates."""
    fates = count_fates(align_readings(truth, first, second, normalization=normalization))
    fixed, wrong = fates[Fate.FIXED], fates[Fate.FIXED] + fates[Fate.STILL_WRONG]
    words = f"{wrong} misread word{'' if wrong == 1 else 's'}"
    said = f"Fixed {fixed or 'none'} of {words}" if wrong else "There was no misread word"
    rates = [percent(measure_accuracy(truth, text, normalization).cer) for text in (first, second)]
    return f"{said}, broke {fates[Fate.BROKEN] or 'none'}. CER {rates[0]} → {rates[1]}."


def kind_of(word: ReadWord, *, known: bool) -> str:
    """Return a word's kind, as the browser has it; `known` is whether its truth is one."""
    if known:
        return word.fate.value
    return "unchanged" if word.after == word.truth else "differs"


def find_boxes(reading: Reading, pieces: Sequence[str]) -> Boxes:
    """Find for each piece of the text the boxes of the words that it overlaps."""
    recognition, picture = reading
    words = place_words(recognition, picture.width, picture.height)
    return [[list(place) for place in places] for places in find_places(words, pieces)]


def _find_confidences(reading: Reading, pieces: Sequence[str]) -> list[float | None]:
    """Find for each piece of the text the least confidence of the words that it overlaps."""
    words = list(placed_words(reading[0]))
    found = find_overlaps([letters for letters, _ in words], pieces)
    known = [
        [sure for number in numbers if (sure := words[number][1].confidence) is not None] for numbers in found
    ]
    return [round(min(each), 3) if each else None for each in known]
