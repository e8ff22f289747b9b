"""Words on a page become the cells of one table: rows by height, columns by the gaps they share.

In: lines with word boxes of a level page; out: rows of cells, as CSV or as text with tabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ..engine.layout import Box, Line, Word

CELL_GAP = 0.9
"""Words further apart than this share of the letters' height belong to different cells: a space between
words is about a third of it, a column's gutter more than the whole."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    left: float
    right: float


def make_rows(lines: Iterable[Line]) -> list[list[str]]:
    """Arrange the words in rows and columns; every row has as many cells, empty ones are ""."""
    words = [word for line in lines for word in (line.words or (Word(line.text, line.box, None),))]
    words = [word for word in words if word.text.strip()]
    if not words:
        return []
    height = median(word.box.bottom - word.box.top for word in words)
    rows = [_cells(row, CELL_GAP * height) for row in _rows(words)]
    columns = _columns([cell for row in rows for cell in row], len(rows))
    return [_arrange(row, columns) for row in rows]


def make_csv(lines: Iterable[Line]) -> bytes:
    """Return the table as CSV (RFC 4180: commas, CRLF, quotes where needed), UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(make_rows(lines))
    return out.getvalue().encode()


def make_tabbed(lines: Iterable[Line]) -> bytes:
    """Return the table as text: a tab between cells, a line feed between rows, UTF-8."""
    rows = make_rows(lines)
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows).encode()


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Group words whose centers lie within each other's height; rows from top, words from left."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda entry: _center(entry.box)):
        if rows and _center(word.box) < _row_bottom(rows[-1]):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda entry: entry.box.left) for row in rows]


def _center(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _row_bottom(row: Sequence[Word]) -> float:
    """Return how low a center may lie in this row: half a letter below the mean of its centers."""
    center = sum(_center(word.box) for word in row) / len(row)
    return center + 0.5 * median(word.box.bottom - word.box.top for word in row)


def _cells(row: Sequence[Word], gap: float) -> list[_Cell]:
    cells: list[_Cell] = []
    for word in row:
        if cells and word.box.left - cells[-1].right < gap:
            last = cells[-1]
            cells[-1] = _Cell(f"{last.text} {word.text}", last.left, max(last.right, word.box.right))
        else:
            cells.append(_Cell(word.text, word.box.left, word.box.right))
    return cells


def _columns(cells: Sequence[_Cell], rows: int) -> list[tuple[float, float]]:
    """Return the x-ranges of the columns: what more than a tenth of the rows cover.

    A tenth, so that a heading or a total that runs across does not glue two columns together.
    """
    edges = sorted({cell.left for cell in cells} | {cell.right for cell in cells})
    least = 1 if rows < 4 else max(2, rows // 10 + 1)
    columns: list[tuple[float, float]] = []
    for left, right in pairwise(edges):
        covered = sum(1 for cell in cells if cell.left <= left and cell.right >= right)
        if covered < least:
            continue
        if columns and columns[-1][1] == left:
            columns[-1] = (columns[-1][0], right)
        else:
            columns.append((left, right))
    return columns or [(edges[0], edges[-1])]


def _arrange(row: Sequence[_Cell], columns: Sequence[tuple[float, float]]) -> list[str]:
    cells: list[list[str]] = [[] for _ in columns]
    for cell in row:
        cells[_column_of(cell, columns)].append(cell.text)
    return [" ".join(parts) for parts in cells]


def _column_of(cell: _Cell, columns: Sequence[tuple[float, float]]) -> int:
    """Return the first column the cell lies on, else the nearest."""

    def distance(index: int) -> tuple[float, int]:
        left, right = columns[index]
        return max(left - cell.right, cell.left - right, 0.0), index

    return min(range(len(columns)), key=distance)
