"""`ocr-nb study`: a folder of images under several conditions, into a store that a later call continues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import OcrNbError, SettingsError
from . import options
from .screen import print_table, progress_bar, say, say_once

if TYPE_CHECKING:
    from ..tracker import AccuracyTracker

DEFAULT = "original,resized,upsampled,make_upsampling"


def study(
    images: Annotated[str, typer.Argument(help="A folder, or a pattern in quotes.", metavar="FOLDER")],
    store: Annotated[
        Path, typer.Option(help="Where the trials are kept; an interrupted study goes on from it.")
    ] = Path("study.sqlite"),
    truth: Annotated[
        Path | None,
        typer.Option(help="A folder of NAME.gt.txt, or a CSV file. [default: beside the images]"),
    ] = None,
    conditions: Annotated[
        str, typer.Option(help="What to compare, comma-separated; joined by + in order.")
    ] = DEFAULT,
    engines: Annotated[
        str, typer.Option(help="Who reads, comma-separated: rapidocr, tesseract, cloud, or addresses.")
    ] = "rapidocr",
    x_heights: Annotated[
        str, typer.Option(help="Shrink every image to these x-heights in pixels, comma-separated.")
    ] = "",
    workers: Annotated[int, typer.Option(help="How many processes work on this machine.", min=1)] = 1,
    dask: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler whose workers do the work (extra: dask).")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report into this HTML file.")] = None,
    normalization: Annotated[
        str, typer.Option(help="How texts are normalized before comparing.")
    ] = "standard",
    language: options.Language = "English",
) -> None:
    """Measure every image of a folder under every condition; say what upsampling did, and how surely.

    What the store has already is neither measured nor paid for again; what failed is tried again.
    """
    from ..studies import Study

    planned = Study(
        images, truth, conditions, services=engines.split(","), settings={"language": language},
        normalization=normalization, x_heights=_numbers(x_heights),
    )  # fmt: skip
    with _executor(workers, dask) as executor, progress_bar("Measured", plain=True) as bar:
        tracker = planned.run(executor, store=store, on_progress=bar)
    with tracker:
        say_once(planned.notes)
        _show(tracker)
        if report is not None:
            say(f"Report: {tracker.report(report, [one.image for one in planned.subjects])}.")
        errors = [row[0] for row in tracker.store.columns(("error",)) if row[0] is not None]
        say_once(errors)
        raise typer.Exit(0 if not errors else 2 if len(errors) == len(tracker) else 1)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(f"--x-heights cannot be {text!r}: write numbers, such as 8,12,16.") from error


@contextmanager
def _executor(workers: int, dask: str | None) -> Iterator[Any]:
    """Lend the executor that the options name; the connection to a cluster is closed, the cluster is not."""
    if dask is None:
        yield workers
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise SettingsError("--dask needs distributed: pip install 'ocr_nb[dask]'.") from error
    try:
        client = Client(dask, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise SettingsError(f"No Dask scheduler answers at {dask} ({error}): check the address.") from error
    with client:
        yield client


def _show(tracker: AccuracyTracker) -> None:
    """Print the table of conditions, then the answer for each reader and condition in a sentence."""
    from .. import verdict

    rows = [
        [
            str(row.condition),
            str(row.engine),
            str(row.images),
            str(row.failed),
            verdict.percent(row.cer_micro),
            verdict.percent(row.cer_macro),
            verdict.percent(row.wer_micro),
            verdict.seconds(row.seconds),
            str(row.calls),
        ]
        for row in tracker.summary().itertuples()
    ]
    heads = ["condition", "engine", "images", "failed", "CER", "mean of images", "WER", "an image", "calls"]
    print_table(heads, rows)
    many = len(tracker.readers) > 1
    for reader in tracker.readers:
        for condition in tracker.conditions:
            if condition == "original":
                continue
            try:
                said = " ".join(tracker.compare("original", condition, reader=reader).sentences)
            except OcrNbError as error:  # no truth, or nothing to compare with: that is the answer
                said = str(error)
            typer.echo(f"With {reader}: {said}" if many else said)
