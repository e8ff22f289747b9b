"""`ocr-nb compare`: images with and without upsampling, and what that did to the error rates."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..condition import parse_conditions
from ..errors import SettingsError
from . import options
from .screen import print_table, progress_bar, say, say_once

if TYPE_CHECKING:
    from ..study import Comparison, ProgressCallback
    from ..summary import ConditionSummary, Summary
    from ..trial import Trial

DEFAULT = "original,resized,upsampled,make_upsampling"


def compare(
    images: Annotated[list[str], typer.Argument(help="Image files or http(s) URLs.", metavar="IMAGE")],
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Ground truth: a UTF-8 text file, or a folder of NAME.gt.txt. [default: beside the image]"
        ),
    ] = None,
    conditions: Annotated[
        str,
        typer.Option(
            help="What to compare, comma-separated; joined by + in order, as upsampled:x2+binarize."
        ),
    ] = DEFAULT,
    factor: options.Factor = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for the report and the rows.")] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print JSON Lines, one trial a row, and nothing else on standard output."
        ),
    ] = False,
    normalization: Annotated[
        str, typer.Option(help="How texts are normalized before they are compared.")
    ] = "standard",
    force: Annotated[
        bool, typer.Option("--force", help="Ask the cloud even if the month's calls would not suffice.")
    ] = False,
    language: options.Language = "English",
    service: options.Service = None,
    engine: options.Engine = None,
    method: options.Method = None,
) -> None:
    """Recognize images as they are, resized and upsampled, and say what that did.

    Ground truth is looked for beside each image (NAME.gt.txt, then NAME.txt). Without it the error rates are
    unknown, and confidence and agreement stand in as proxies.
    """
    from ..study import compare_with_pictures

    number = options.parse_factor(factor)
    parsed = [condition.with_factor(number) for condition in parse_conditions(conditions)]
    if out is not None:
        make_folder(out)
    chosen = options.choose_service(service, engine, method)
    with progress_bar("Recognizing") as bar:
        compared = compare_with_pictures(
            images, truth, parsed, service=chosen, normalization=normalization, force=force, on_cost=say,
            on_progress=_printing(bar) if as_json else bar, keep_pictures=out is not None, language=language,
        )  # fmt: skip
    if not as_json:
        print_summary(compared.trials)
    if out is not None:
        _write(compared, out)
    raise typer.Exit(report_errors(compared.trials))


def make_folder(folder: Path) -> None:
    """Make the folder for a report before any work is done for it.

    Raises:
        SettingsError: it is a file, or cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".ocr-nb-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} cannot be written ({error.strerror}): choose another with --out."
        ) from error


def report_errors(trials: Sequence[Trial]) -> int:
    """Say each error and warning once; return the exit code: 0, 1 (some failed) or 2 (all).

    Advice is no warning here: the rows have it, and the summary counts the images left as given.
    """
    from ..verdict import is_advice

    failed = [trial for trial in trials if trial.error is not None]
    noted = (
        _named(trial, text)
        for trial in trials
        for text in trial.warnings
        if not is_advice(text) and not text.startswith("advice: ")
    )
    say_once(noted)
    say_once(_named(trial, trial.error or "") for trial in failed)
    if failed and len(failed) == len(trials):
        return 2
    return 1 if failed else 0


def print_summary(trials: Sequence[Trial]) -> None:
    """Print the answer in a sentence and a table of the conditions; nothing when no image could be read."""
    from ..summary import summarize

    if all(trial.error is not None for trial in trials):
        return
    summary = summarize(trials)
    has_truth = any(row.cer is not None for row in summary.conditions)
    typer.echo(_title(summary, has_truth))
    print_table(*_table(summary, has_truth))
    for sentence in summary.sentences:
        typer.echo(sentence)


def _table(summary: Summary, has_truth: bool) -> tuple[list[str], list[list[str]]]:
    from .. import verdict

    measured = ["CER", "WER", "difference", "95 % interval"]
    headings = ["condition", "images", *(measured if has_truth else ["confidence*", "agreement*"])]
    rows = []
    for row in summary.conditions:
        shown = _accuracy_cells(row) if has_truth else _proxy_cells(row)
        calls = "—" if row.calls is None else str(row.calls)
        rows.append([row.condition, str(row.images), *shown, verdict.seconds(row.seconds), calls])
    return [*headings, "seconds", "calls"], rows


def _accuracy_cells(row: ConditionSummary) -> list[str]:
    from .. import verdict

    rates = [
        verdict.percent(row.cer.corpus if row.cer else None),
        verdict.percent(row.wer.corpus if row.wer else None),
    ]
    if row.difference is None:
        return [*rates, "—", "—"]
    interval = row.difference.interval
    band = f"{verdict.points(interval.low)} … {verdict.points(interval.high)}" if interval else "—"
    return [*rates, verdict.points(row.difference.cer), band]


def _proxy_cells(row: ConditionSummary) -> list[str]:
    from .. import verdict

    return [verdict.percent(row.confidence), verdict.percent(row.agreement)]


def _title(summary: Summary, has_truth: bool) -> str:
    readers = ", ".join(str(reader) for reader in summary.readers)
    count = f"{summary.images} image{'' if summary.images == 1 else 's'}"
    if has_truth:
        return f"{readers} · {count} · normalization {summary.normalization}"
    return f"{readers} · {count} · no ground truth (*proxies: they do not measure accuracy)"


def _named(trial: Trial, sentence: str) -> str:
    return sentence if trial.image in sentence else f"{trial.image}: {sentence}"


def _printing(bar: ProgressCallback | None) -> ProgressCallback:
    """Return a callback that prints each trial as a line of JSON as soon as it is known."""

    def show(done: int, total: int, trial: Trial) -> None:
        sys.stdout.write(json.dumps(trial.to_json(), ensure_ascii=False, allow_nan=False) + "\n")
        sys.stdout.flush()
        if bar is not None:
            bar(done, total, trial)

    return show


def _write(compared: Comparison, folder: Path) -> None:
    """Write the rows and the report; the rows first, so that they are there whatever happens."""
    from ..report import write_report

    lines = [json.dumps(trial.to_json(), ensure_ascii=False, allow_nan=False) for trial in compared.trials]
    (folder / "trials.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"Report: {write_report(compared.trials, compared.pictures, folder)}.")
