"""Further tables of the report, each with its figure: values go in, `Markup` comes out.

What they are counted from is the tracker's affair; here they are only shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .gallery import table
from .markup import Markup, element, prose


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a heading, what to know of it, and perhaps a figure."""

    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Cells as they are written; the first of each row is its heading."""
    figure: Markup | None = None


def show_grids(grids: Sequence[Grid]) -> Markup | None:
    """Make the section of all tables; None when there is none."""
    if not grids:
        return None
    return element("section", element("h2", "In detail"), [_show(grid) for grid in grids], class_="details")


def _show(grid: Grid) -> Markup:
    rows = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            [element("td", cell.replace(" ", "\u00a0"), class_="figure") for cell in row[1:]],
        )
        for row in grid.rows
    ]
    return element(
        "section",
        element("h3", grid.title),
        element("figure", grid.figure) if grid.figure is not None else None,
        table(grid.heads, rows, prose(grid.note)),
        class_="grid-section",
    )
