"""Words of a reading are found again on the picture, whatever became of the spaces."""

import pytest

from ocr_nb.engine.layout import Box, Line, Recognition, Word
from ocr_nb.word_places import count_letters, find_places, place_words


def line(text, left, *words):
    """Make a line whose words are 10 px wide each, side by side."""
    found = tuple(
        Word(word, Box(left + 10 * number, 0, left + 10 * number + 10, 20), None)
        for number, word in enumerate(words)
    )
    return Line(text, Box(left, 0, left + 10 * max(1, len(words)), 20), None, found)


READ = Recognition((line("the cat", 0, "the", "cat"), line("sat", 50)))


def test_boxes_are_fractions_of_the_picture_with_the_letters_of_the_word():
    """A line without words stands for itself."""
    assert (
        (3, 0.0, 0.0, 0.1, 0.5), (3, 0.1, 0.0, 0.2, 0.5), (3, 0.5, 0.0, 0.6, 0.5),
    ) == place_words(READ, 100, 40)  # fmt: skip


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        (["the ", "cat ", "sat"], [[0], [1], [2]]),
        (["thecat ", "sat"], [[0, 1], [2]]),
        (["th", "e cat", "", "sat"], [[0], [0, 1], [], [2]]),
        (["nothing of this was read at all"], [[0, 1, 2]]),
    ],
)
def test_pieces_find_the_words_they_overlap(pieces, found):
    """Counted in letters, so that lost and invented spaces do not matter."""
    words = place_words(READ, 100, 40)
    places = [box[1:] for box in words]
    assert [[places[index] for index in indices] for indices in found] == find_places(words, pieces)


def test_a_composed_letter_counts_once():
    """Both spellings of é, and no space."""
    assert 2 == count_letters("e\u0301 é\n")
