"""How readings become rates."""

import numpy as np
import pytest
from training.cases import LEVELS, Case, spoil
from training.enlargement import Enlarger
from training.evaluate import Reading, interval_of_difference, normalized, rate, read_case, table

IMAGE = np.full((10, 30), 200, dtype=np.uint8)


def reading(case: str, method: str, edits: int) -> Reading:
    return Reading("engine", "group", case, method, edits, 10)


def test_case_and_spaces_do_not_count() -> None:
    """Annotators wrote capitals only, and engines lose spaces."""
    assert normalized("Total:  12,00 “X”") == 'total:12,00"x"'


def test_an_empty_reading_counts_in_full_and_never_more() -> None:
    """Nothing read is a rate of one; so is babble longer than the truth."""
    case = Case("one", IMAGE, "abcd")

    assert read_case(lambda image: "", Enlarger(None), case, "original") == (4, 4)
    assert read_case(lambda image: "wwwwwwwwww", Enlarger(None), case, "original") == (4, 4)


def test_a_name_decides_the_size() -> None:
    """`x3` triples; a name that is none is refused."""
    enlarge = Enlarger(None)

    assert enlarge("bicubic x3", IMAGE).shape == (30, 90)
    assert enlarge("original", IMAGE).shape == (10, 30)
    with pytest.raises(ValueError, match="no way of enlarging"):
        enlarge("bicubic x5", IMAGE)
    with pytest.raises(ValueError, match="weights were not given"):
        enlarge("ours x4", IMAGE)


def test_a_difference_that_is_everywhere_is_certain() -> None:
    """The interval of a constant difference is that difference."""
    ours = [reading(str(i), "ours x4", 1) for i in range(30)]
    other = [reading(str(i), "bicubic x4", 3) for i in range(30)]

    assert rate(ours) == pytest.approx(0.1)
    assert interval_of_difference(ours, other) == pytest.approx((-0.2, -0.2))
    assert "| ours x4 | 0.100 | -0.200 … -0.200 |" in table(ours + other)


@pytest.mark.parametrize("level", list(LEVELS))
def test_spoiling_keeps_the_size_and_repeats(level: str) -> None:
    """The same seed spoils alike."""
    twice = [spoil(IMAGE, level, np.random.default_rng(1)) for _ in range(2)]

    assert twice[0].shape == IMAGE.shape
    assert np.array_equal(twice[0], twice[1])
