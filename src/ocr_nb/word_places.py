"""Where on the picture the words of a reading stand, kept small enough for a row of a table.

In: a recognition, or pieces of its text. Out: `WordBox`es in fractions of the picture that was read, so that
they fit a copy of any size. Pieces are found again by counting letters, which no normalizing of white space
changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

from .alignment import normalize
from .engine.layout import Box, Line, Recognition, Word

WordBox: TypeAlias = "tuple[float, float, float, float, float]"
"""How many letters the word has, spaces not counted; then left, top, right, bottom as fractions of the
picture's width and height."""
Place: TypeAlias = "tuple[float, float, float, float]"
"""Left, top, right, bottom as fractions of the picture."""

_DIGITS = 5


def place_words(recognition: Recognition, width: int, height: int) -> tuple[WordBox, ...]:
    """Return where each word stands on the picture of `width` × `height` pixels that was read.

    A line whose words do not add up to its text stands for them all.
    """
    return tuple(
        (letters, *_fractions(word.box, width, height)) for letters, word in placed_words(recognition)
    )


def find_places(words: Sequence[Sequence[float]], pieces: Sequence[str]) -> list[list[Place]]:
    """Return for each piece of the text, in order, where the words (`WordBox`es) stand that it overlaps."""
    places: list[Place] = [(left, top, right, bottom) for _, left, top, right, bottom in words]
    found = find_overlaps([int(word[0]) for word in words], pieces)
    return [[places[number] for number in numbers] for numbers in found]


def find_overlaps(lengths: Sequence[int], pieces: Sequence[str]) -> list[list[int]]:
    """Return for each piece of the text the numbers of the words it overlaps, given each word's letters.

    Both are in order, so that one walk finds all, however long the text is.
    """
    starts = [0, *accumulate(lengths)]
    found: list[list[int]] = []
    start = first = 0
    for piece in pieces:
        end = start + count_letters(piece)
        while first < len(lengths) and starts[first + 1] <= start:
            first += 1
        here = []
        for number in range(first, len(lengths)):
            if starts[number] >= end:
                break
            if start < starts[number + 1]:
                here.append(number)
        found.append(here)
        start = end
    return found


def count_letters(text: str) -> int:
    """Count what is neither space nor line break, after composing."""
    return len(normalize(text, "no_spaces"))


def placed_words(recognition: Recognition) -> Iterator[tuple[int, Word | Line]]:
    """Give each word with its letters; a line whose words do not add up to its text stands for them all."""
    for line in recognition.lines:
        length = count_letters(line.text)
        if sum(count_letters(word.text) for word in line.words) != length:
            yield length, line
            continue
        for word in line.words:
            yield count_letters(word.text), word


def _fractions(box: Box, width: int, height: int) -> Place:
    left, right = (round(side / width, _DIGITS) for side in (box.left, box.right))
    top, bottom = (round(side / height, _DIGITS) for side in (box.top, box.bottom))
    return left, top, right, bottom
