"""Which misreadings were fixed and which came, counted by place."""

import pytest

from ocr_nb.tracker import AccuracyTracker
from ocr_nb.tracker.confusions import Confusion, count_confusions, find_confusions, write_confusion
from trials import trial


@pytest.mark.parametrize(
    ("truth", "read", "expected"),
    [
        ("corn", "com", [Confusion(2, 4, "rn", "m")]),
        ("com", "corn", [Confusion(2, 3, "m", "rn")]),
        ("one two", "onetwo", [Confusion(3, 4, " ", "")]),
        ("ab", "aXb", [Confusion(1, 1, "", "X")]),
        ("e\u0301a", "ea", [Confusion(0, 1, "é", "e")]),
        ("abc", "abc", []),
        ("", "x", [Confusion(0, 0, "", "x")]),
    ],
)
def test_what_touches_is_one_confusion(truth, read, expected):
    """Its place counts graphemes of the normalized truth."""
    assert expected == find_confusions(truth, read)


def test_fixed_broken_and_neither():
    """Fixed: the place is right now. Broken: it was right. Another misreading there is neither."""
    table = count_confusions(
        [
            ("corn", "com", "corn", "standard"),
            ("burn it", "bum it", "burn it", "standard"),
            ("learn", "learn", "leam", "standard"),
            ("born", "bom", "bonn", "standard"),
            ("torn", "tom", "tom", "standard"),
        ]
    ).set_index(["truth", "read"])
    assert [4, 2, 2, 1, 1] == table.loc[("rn", "m"), ["before", "after", "fixed", "broken", "net"]].tolist()
    assert "rn→m fixed 2 times, broken 1" == table.loc[("rn", "m"), "words"]
    assert [0, 1, 0, 0] == table.loc[("r", "n"), ["before", "after", "fixed", "broken"]].tolist()


def test_an_insertion_beside_a_letter_does_not_unfix_it():
    """The place of an insertion is the gap, not the letter behind it."""
    table = count_confusions([("abc", "aXc", "aYbc", "standard")]).set_index(["truth", "read"])
    assert 1 == table.loc[("b", "X"), "fixed"]
    assert 1 == table.loc[("", "Y"), "broken"]


def test_lost_lines_are_no_confusion():
    """More than three letters on a side have no shape to be confused by."""
    assert 0 == len(count_confusions([("one two three", "", "one two three", "standard")]))


def test_spaces_and_nothing_can_be_seen():
    """In a table and on an axis."""
    assert ("␣→∅", "∅→x", "rn→m") == (
        write_confusion(" ", ""),
        write_confusion("", "x"),
        write_confusion("rn", "m"),
    )


def test_the_tracker_pairs_the_readings_of_each_image():
    """An image that was read under one condition only has no part in it."""
    tracker = AccuracyTracker(
        [
            trial("a.png", "original", "com", truth="corn"),
            trial("a.png", "upsampled", "corn", truth="corn"),
            trial("b.png", "original", "tum", truth="turn"),
        ]
    )
    assert ["rn→m fixed 1 time, broken 0"] == list(tracker.confusions()["words"])
