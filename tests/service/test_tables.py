"""Words become a table: rows by height, columns by the gaps they share."""

import csv
import io

from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.service.tables import make_csv, make_rows, make_tabbed


def words(*entries):
    """Make one line of words `(text, left, top)`, ten pixels high, six wide a letter."""
    parts = tuple(
        Word(text, Box(left, top, left + 6 * len(text), top + 10), 0.9) for text, left, top in entries
    )
    box = Box(parts[0].box.left, parts[0].box.top, parts[-1].box.right, parts[-1].box.bottom)
    return Line(" ".join(part.text for part in parts), box, 0.9, parts)


PRICES = [
    words(("Item", 0, 0), ("Price", 100, 0), ("Pieces", 160, 0)),
    words(("Red", 0, 20), ("apples", 22, 21), ("1.20", 106, 20), ("12", 170, 20)),
    words(("Tea", 0, 40), ("13.50", 100, 41), ("1", 176, 40)),
    words(("Bag", 0, 60), ("3", 176, 60)),
]


def test_words_of_a_cell_stay_together():
    """A space between words is no column; a missing cell is empty, the cells after it keep their column."""
    assert make_rows(PRICES) == [
        ["Item", "Price", "Pieces"],
        ["Red apples", "1.20", "12"],
        ["Tea", "13.50", "1"],
        ["Bag", "", "3"],
    ]


def test_a_heading_across_columns_glues_nothing():
    """One row that runs over the gutters does not join the columns below."""
    title = words(
        ("Prices", 0, -20), ("of", 40, -20), ("the", 56, -20), ("whole", 78, -20), ("week", 112, -20)
    )
    rows = make_rows([title, *PRICES])

    assert rows[0] == ["Prices of the whole week", "", ""]
    assert rows[2] == ["Red apples", "1.20", "12"]


def test_rows_are_found_whatever_the_order_of_words():
    """Lines that came column by column give the same table."""
    columns = [
        words(("Item", 0, 0), ("Tea", 0, 40)),
        words(("Price", 100, 0), ("13.50", 100, 41)),
    ]
    assert make_rows(columns) == [["Item", "Price"], ["Tea", "13.50"]]


def test_csv_is_quoted_where_needed():
    """Commas, quotes and line ends as RFC 4180 says; a reader gets the cells back."""
    lines = [words(("1,5", 0, 0), ('say"', 100, 0)), words(("a", 0, 20), ("b", 100, 20))]
    data = make_csv(lines)

    assert data == b'"1,5","say"""\r\na,b\r\n'
    assert list(csv.reader(io.StringIO(data.decode(), newline=""))) == [["1,5", 'say"'], ["a", "b"]]


def test_text_has_tabs_between_cells():
    """One row a line."""
    assert make_tabbed(PRICES).decode().splitlines()[1] == "Red apples\t1.20\t12"


def test_nothing_read_is_an_empty_table():
    """No words, no rows."""
    assert make_rows([]) == []
    assert make_csv([]) == b""
