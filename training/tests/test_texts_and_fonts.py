"""No font and no word is on two sides of the split."""

import numpy as np
import pytest
from training.fonts import FRAGMENTS, font_files
from training.texts import load_wordbook, split_of, write_line


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(5)


def test_no_font_is_on_two_sides() -> None:
    """Training, validation and evaluation share no file."""
    sides = [{font.path for font in font_files(split)} for split in FRAGMENTS]

    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_pixel_fonts_only_train() -> None:
    """Judging by a pixel font would be judging by what was trained on."""
    assert [split for split in FRAGMENTS if any(font.bitmap for font in font_files(split))] == ["train"]


def test_no_word_is_on_two_sides() -> None:
    """A word list's words all belong to the split that asked for them, however they are capitalized."""
    for split in FRAGMENTS:
        words = load_wordbook(split).english

        assert len(words) > 1000
        assert {split_of(word.upper()) for word in words[:500]} == {split}


def test_the_same_seed_writes_the_same_lines() -> None:
    """Texts are a pure function of the generator."""
    first = [write_line(np.random.default_rng(3), "train") for _ in range(2)]

    assert first[0] == first[1]
    assert first[0].strip()
