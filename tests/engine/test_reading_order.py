"""Reading order: rows, spaces, columns, tables, on boxes laid out by hand."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.engine.layout import Box
from ocr_nb.engine.reading_order import Fragment, PlacedWord, arrange

EM = 16.0
"""Height of every box, pixels; a letter is half as wide."""


def run(text: str, left: float, top: float, *, height: float = EM) -> Fragment:
    """A fragment that holds `text` at `left, top`; each letter, and each space, is half its height wide."""
    words, x = [], left
    for word in text.split(" "):
        right = x + len(word) * height / 2
        corners = np.array([[x, top], [right, top], [right, top + height], [x, top + height]], np.float32)
        words.append(PlacedWord(word, corners, 0.9))
        x = right + height / 2
    return Fragment(tuple(words))


def moved(fragment: Fragment, change) -> Fragment:  # type: ignore[no-untyped-def]
    """The fragment with each corner `(x, y)` put to `change(x, y)`."""
    return Fragment(
        tuple(
            PlacedWord(word.text, np.array([change(x, y) for x, y in word.corners], np.float32), 0.9)
            for word in fragment.words
        )
    )


def turned(fragment: Fragment, degrees: float) -> Fragment:
    """The fragment turned clockwise about the origin."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return moved(fragment, lambda x, y: (x * cosine - y * sine, x * sine + y * cosine))


def read(fragments: list[Fragment]) -> list[str]:
    return [line.text for line in arrange(fragments)]


RECEIPT = [
    run("HARDWARE TRADING", 60, 0),
    run("ITEM", 0, 40), run("QTY", 120, 40), run("AMOUNT", 240, 40),
    run("Wing compass 10in", 0, 60), run("1", 150, 60), run("50.88", 250, 60),
    run("Punch set", 0, 80), run("12", 150, 80), run("50.00", 250, 80),
    run("Hollow tube", 0, 100), run("3", 150, 100), run("9.00", 258, 100),
    run("TOTAL", 0, 120), run("109.88", 242, 120),
]  # fmt: skip
RECEIPT_TEXT = [
    "HARDWARE TRADING",
    "ITEM QTY AMOUNT",
    "Wing compass 10in 1 50.88",
    "Punch set 12 50.00",
    "Hollow tube 3 9.00",
    "TOTAL 109.88",
]


def test_an_empty_page_has_no_lines():
    """Nothing found is an empty value, not an error."""
    assert arrange([]) == ()


def test_cells_of_one_row_become_one_line_with_single_spaces():
    """A receipt is read row by row, however far the price stands to the right."""
    assert read(RECEIPT) == RECEIPT_TEXT


@given(st.permutations(range(len(RECEIPT))))
def test_the_order_in_which_an_engine_found_them_does_not_matter(order):
    """Reading order follows from places alone."""
    assert read([RECEIPT[k] for k in order]) == RECEIPT_TEXT


@given(st.floats(-40, 40))
def test_a_slanted_page_reads_like_a_straight_one(degrees):
    """The page's slant is found and undone before rows are made."""
    assert read([turned(fragment, degrees) for fragment in RECEIPT]) == RECEIPT_TEXT


@given(st.floats(1.0, 1.3), st.integers(0, 10_000))
def test_dense_lines_are_neither_merged_nor_split(pitch, seed):
    """Lines one em apart, whose boxes overlap, stay apart although every word jumps by a tenth of an em."""
    jitter = random.Random(seed)
    page = [
        run(f"{name}{row}", column * 60, row * pitch * EM * 0.85 + jitter.uniform(-0.1, 0.1) * EM)
        for row in range(8)
        for column, name in enumerate("abc")
    ]

    assert read(page) == [f"a{row} b{row} c{row}" for row in range(8)]


def test_a_bent_page_keeps_its_rows():
    """On paper that curls, rows that rise by two lines from end to end are still followed."""
    rows = [[run(f"r{row}c{column}", column * 45, row * 20) for column in range(9)] for row in range(6)]
    bent = [
        moved(cell, lambda x, y: (x, y + 40 * math.sin(math.pi * x / 405))) for row in rows for cell in row
    ]

    assert read(bent) == [" ".join(f"r{row}c{column}" for column in range(9)) for row in range(6)]


def test_small_and_large_print_share_a_row():
    """A large price beside a small name stands on the same row when their middles agree."""
    assert read([run("Total due", 0, 8, height=12), run("9.99", 120, 0, height=28)]) == ["Total due 9.99"]


LEFT = ["In the first column stand", "several lines of running", "text, one below the other,", "to the end."]
RIGHT = ["The second one goes on", "where the first one ended,", "and it is read only when", "that is done."]


@pytest.mark.parametrize("shift", [0, 5, 9], ids=["same rows", "shifted", "half a row apart"])
def test_columns_of_running_text_are_read_one_after_the_other(shift):
    """Whether or not the rows of two columns stand at the same heights."""
    page = [run(text, 0, 20 * row) for row, text in enumerate(LEFT)]
    page += [run(text, 240, 20 * row + shift) for row, text in enumerate(RIGHT)]

    assert read(page) == LEFT + RIGHT


def test_a_headline_across_two_columns_is_read_first_and_a_footer_last():
    """What crosses the gutter is not cut and ends the columns."""
    page = [run("A headline that stands across both of the columns below it", 0, 0)]
    page += [run(text, 0, 40 + 20 * row) for row, text in enumerate(LEFT)]
    page += [run(text, 240, 40 + 20 * row) for row, text in enumerate(RIGHT)]
    page += [run("And a footer which does so as well, at the end of this page", 0, 140)]

    lines = read(page)

    assert lines[1:-1] == LEFT + RIGHT
    assert (lines[0][:10], lines[-1][:10]) == ("A headline", "And a foot")


def test_three_columns_are_read_from_left_to_right():
    """Gutters inside a column are found as well."""
    page = [
        run(text, 240 * column, 20 * row)
        for column, texts in enumerate([LEFT, RIGHT, LEFT])
        for row, text in enumerate(texts)
    ]

    assert read(page) == LEFT + RIGHT + LEFT


def test_a_table_with_a_long_first_column_stays_in_rows():
    """Running text on one side only is a table: its numbers belong to their rows."""
    page = [run(text, 0, 20 * row) for row, text in enumerate(LEFT)]
    page += [run(f"{row}.00", 300, 20 * row) for row in range(4)]

    assert read(page) == [f"{text} {row}.00" for row, text in enumerate(LEFT)]


def test_the_fields_of_a_form_stay_in_rows():
    """Two blocks of fields side by side are no columns: each row is read across."""
    left = ["Doc No. : CS00012389", "Cashier : USER", "Salesperson : 002", "Item Qty Price"]
    right = ["Date : 02/05/2018", "Time : 14:17:00", "Ref. : none", "Amount Tax"]
    page = [run(text, 0, 20 * row) for row, text in enumerate(left)]
    page += [run(text, 220, 20 * row) for row, text in enumerate(right)]

    assert read(page) == [f"{one} {other}" for one, other in zip(left, right, strict=True)]


def test_one_word_found_in_two_pieces_is_glued():
    """Boxes that touch are one word; its box spans both and its confidence is the lower one."""
    (line,) = arrange([run("RECOG", 0, 0), run("NIZER", 40, 0), run("works", 90, 0)])

    assert [word.text for word in line.words] == ["RECOGNIZER", "works"]
    assert line.words[0].box == Box(0, 0, 80, 16)


def test_boxes_are_those_of_the_image_whatever_its_slant():
    """Straightening is for ordering only."""
    (line,) = arrange([turned(run("word", 100, 0), 30)])

    corners = [(100, 0), (132, 0), (132, 16), (100, 16)]
    x = [a * math.cos(math.pi / 6) - b * math.sin(math.pi / 6) for a, b in corners]
    y = [a * math.sin(math.pi / 6) + b * math.cos(math.pi / 6) for a, b in corners]
    expected = (min(x), min(y), max(x), max(y))
    assert (line.box.left, line.box.top, line.box.right, line.box.bottom) == pytest.approx(expected, abs=1e-3)


@given(
    st.lists(
        st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(6, 60), st.integers(1, 12)),
        min_size=1,
        max_size=25,
    )
)
def test_no_letter_is_lost_or_doubled(places):
    """However the boxes lie, even over each other, every letter comes out exactly once."""
    page = [run("abcdefghijkl"[:length], left, top, height=height) for left, top, height, length in places]

    text = "".join(read(page)).replace(" ", "")

    assert sorted(text) == sorted("".join(word.text for part in page for word in part.words))
