"""What a person at a terminal sees: sentences and progress on standard error, tables on standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from ..study import ProgressCallback
    from ..trial import Trial

PLAIN_WIDTH = 120
"""Columns of a table where the output is no terminal and so has no width."""


def say(sentence: str) -> None:
    """Print one sentence to standard error."""
    typer.echo(sentence, err=True)


def stop(sentence: str, code: int = 2) -> NoReturn:
    """Say why, and exit."""
    say(sentence)
    raise typer.Exit(code)


def say_once(sentences: Iterable[str | None]) -> None:
    """Print each sentence to standard error, none twice."""
    for sentence in dict.fromkeys(sentences):
        if sentence:
            say(sentence)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; every column but the first is aligned right, and nothing is cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", no_wrap=index == 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    is_terminal = sys.stdout.isatty()
    Console(width=None if is_terminal else PLAIN_WIDTH, markup=False, highlight=False).print(table)


@contextmanager
def progress_bar(what: str, *, plain: bool = False) -> Iterator[ProgressCallback | None]:
    """Show a bar on a terminal while the block runs; elsewhere, if `plain`, a line each further tenth."""
    if not sys.stderr.isatty():
        yield _tell_tenths(what, time.monotonic) if plain else None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, trial: Trial) -> None:
            bar.update(task, completed=done, total=total, description=f"{trial.image} {trial.condition}")

        yield show


def _tell_tenths(what: str, now: Callable[[], float]) -> ProgressCallback:
    """Return a callback that prints progress and the time left, each time a further tenth is done."""
    started, told = now(), 0

    def tell(done: int, total: int, trial: Trial) -> None:
        nonlocal told
        if (tenths := 10 * done // max(1, total)) > told:
            told = tenths
            say(f"{what}: {done} of {total}{describe_time_left(done, total, now() - started)}.")

    return tell


def describe_time_left(done: int, total: int, elapsed: float) -> str:
    """Return “, about 3 min left” at the pace so far; nothing when nothing is left."""
    left = elapsed / done * (total - done) if done else 0.0
    if left <= 0:
        return ""
    if left < 90:
        return f", about {max(1, round(left))} s left"
    return f", about {round(left / 60)} min left" if left < 5400 else f", about {left / 3600:.1f} h left"
