"""Names stand beside what they name, and none on another."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.label_places import place_names, spread_apart

levels = st.lists(st.floats(0, 100), max_size=12)


@given(levels)
def test_levels_are_apart_and_in_their_order(wanted):
    """Whatever is wanted, at least the gap lies between two, and who stood higher stands higher."""
    places = spread_apart(wanted, 5.0)
    assert all(later - former >= 5.0 - 1e-9 for former, later in pairwise(sorted(places)))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    assert [places[index] for index in order] == sorted(places)


def test_levels_that_are_apart_stay():
    """And those that are not move around their middle."""
    assert [30.0, 10.0] == spread_apart([30.0, 10.0], 5.0)
    assert [7.5, 12.5, 90.0] == pytest.approx(spread_apart([10.0, 10.0, 90.0], 5.0))
    assert [] == spread_apart([], 5.0)


def test_a_name_stands_to_the_right_unless_the_paper_ends():
    """Level with its point; where it fits on neither side it stands to the right."""
    assert [(25.0, 45.0)] == place_names([(15, 50)], [(290, 10)], paper=(0, 300), margin=10)
    assert [(110.0, 45.0)] == place_names([(100, 50)], [(60, 10)], paper=(0, 300), margin=10)
    assert [(230.0, 45.0)] == place_names([(300, 50)], [(60, 10)], paper=(0, 300), margin=10)


def test_names_of_points_close_together_do_not_overlap():
    """Six points in one spot: six names clear of each other and of the points."""
    points, sizes = [(100.0 + number, 50.0) for number in range(6)], [(60.0, 10.0)] * 6
    places = place_names(points, sizes, paper=(0, 300), margin=10)
    boxes = [(x, y, x + 60, y + 10) for x, y in places]
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
