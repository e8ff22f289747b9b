"""Which words of two readings are right, and where they stand.

In: the ground truth, or none, and two recognitions with their pictures. Out: plain values for the browser,
boxes as fractions of the picture. Two readings meet in the truth's words; without a truth, in the first's.
"""

from __future__ import annotations

from typing import Any

from ..alignment import Fate, ReadWord, align_readings, count_fates
from ..engine.layout import Recognition
from ..images import Picture
from ..metrics import measure_accuracy
from ..verdict import percent
from ..word_places import find_places, place_words

Reading = tuple[Recognition, Picture]
"""What was read, and on which picture: its boxes are in that picture's pixels."""


def mark_words(truth: str | None, first: Reading, second: Reading) -> list[dict[str, Any]]:
    """Return one entry for each word: its kind, its truth, both readings, and the boxes of each.

    Kinds are those of `Fate`; without a truth, `differs` and `unchanged`.
    """
    texts = (first[0].text, second[0].text)
    words = align_readings(texts[0] if truth is None else truth, *texts)
    boxes = (
        _boxes_of(first, [word.before for word in words]),
        _boxes_of(second, [word.after for word in words]),
    )
    return [
        {
            "kind": _kind(word, known=truth is not None),
            "truth": None if truth is None else word.truth.strip(),
            "texts": [word.before.strip(), word.after.strip()],
            "boxes": list(found),
        }
        for word, *found in zip(words, *boxes, strict=True)
    ]


def describe_words(truth: str, first: str, second: str) -> str:
    """Say what the second reading made of the first's errors, with both error rates."""
    fates = count_fates(align_readings(truth, first, second))
    fixed, wrong = fates[Fate.FIXED], fates[Fate.FIXED] + fates[Fate.STILL_WRONG]
    words = f"{wrong} misread word{'' if wrong == 1 else 's'}"
    said = f"Fixed {fixed or 'none'} of {words}" if wrong else "There was no misread word"
    rates = [percent(measure_accuracy(truth, text).cer) for text in (first, second)]
    return f"{said}, broke {fates[Fate.BROKEN] or 'none'}. CER {rates[0]} → {rates[1]}."


def _kind(word: ReadWord, *, known: bool) -> str:
    if known:
        return word.fate.value
    return "unchanged" if word.after == word.truth else "differs"


def _boxes_of(reading: Reading, pieces: list[str]) -> list[list[list[float]]]:
    """Find for each piece of the text the boxes of the words that it overlaps."""
    recognition, picture = reading
    words = place_words(recognition, picture.width, picture.height)
    return [[list(place) for place in places] for places in find_places(words, pieces)]
