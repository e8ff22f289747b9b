"""`ocr-nb resume`: fetch what was paid for before a crash."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import OcrNbError
from ..images import Picture
from ..jobs import Job, gather
from .options import Service
from .screen import say


def resume(
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="FOLDER")] = Path(
        "ocr-nb-resumed"
    ),
    resend_unknown: Annotated[
        bool,
        typer.Option(
            "--resend-unknown", help="Permit requests of unknown outcome to be sent when made again."
        ),
    ] = False,
    service: Service = None,
) -> None:
    """Fetch the results of tasks that were sent within 24 hours and that nobody fetched. Sends no image."""
    from ..resumption import describe_unknown
    from ..resumption import resume as resume_tasks

    resumed = resume_tasks(None if service in {None, "cloud"} else service, resend_unknown=resend_unknown)
    failed = _keep_results(list(resumed.jobs), out)
    for entry in resumed.unknown:
        say(describe_unknown(entry))
    if resumed.unknown:
        say(
            "They are sent when you make the same requests again."
            if resend_unknown
            else "They are not sent again unless you ask for that with --resend-unknown."
        )
    if not resumed.jobs:
        say("There is no unfinished task.")
    if failed:
        raise typer.Exit(1)


def _keep_results(jobs: list[Job[Any]], out: Path) -> int:
    """Write each result to the folder, its path to standard output; return how many failed."""
    failed = 0
    outcomes = gather(jobs, return_errors=True).result() if jobs else []
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, OcrNbError):
            failed += 1
            say(f"{job.label}: {outcome}")
            continue
        out.mkdir(parents=True, exist_ok=True)
        # The id is the service's word: nothing in it may lead out of the folder.
        stem = re.sub(r"[^0-9A-Za-z-]", "_", job.task_id or "task")
        path = out / f"{stem}{'.png' if isinstance(outcome, Picture) else '.txt'}"
        if isinstance(outcome, Picture):
            outcome.save(path)
        else:
            path.write_text(outcome.text, encoding="utf-8")
        typer.echo(str(path))
    return failed
