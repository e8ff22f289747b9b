"""`ocr-nb demo` and `ocr-nb lab`: the first two things a newcomer runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .comparing import make_folder, print_summary, report_errors
from .screen import progress_bar, say, stop


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("ocr-nb-demo"),
    engine: options.Engine = None,
    method: options.Method = None,
) -> None:
    """Run the whole thing on the samples that come with the package: no account, no network.

    Reads them as they are, resized and upsampled, prints what that did to the error rates, and writes one
    HTML report with a before/after slider for every image.
    """
    from ..demo import run_demo

    make_folder(out)
    service = options.choose_service("local", engine, method)
    with progress_bar("Reading the samples") as progress:
        done = run_demo(out, service=service, on_progress=progress)
    print_summary(done.trials)
    say(f"Report: {done.report} (open it in any browser; it needs no network).")
    say("Notebooks: run ocr-nb lab.")
    raise typer.Exit(report_errors(done.trials))


def lab(
    folder: Annotated[Path, typer.Argument(help="Where the notebooks go.")] = Path("ocr_nb-notebooks"),
    copy_only: Annotated[bool, typer.Option("--copy-only", help="Copy, and open nothing.")] = False,
    browser: Annotated[bool, typer.Option(help="Let JupyterLab open a browser.")] = True,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="Let JupyterLab run as root, as in a container.")
    ] = False,
) -> None:
    """Copy the notebooks here and open JupyterLab. What is already there is never overwritten."""
    from ..lab import copy_notebooks, has_lab, open_lab

    done = copy_notebooks(folder)
    say(
        f"{folder}: {_count(len(done.copied))} copied, {_count(len(done.kept))} already there and left alone."
    )
    if copy_only:
        return
    if not has_lab():
        stop(
            f"JupyterLab is not installed: pip install 'ocr_nb[lab]', or open {folder} in any Jupyter.",
            code=1,
        )
    passed_on = [*([] if browser else ["--no-browser"]), *(["--allow-root"] if allow_root else [])]
    open_lab(folder, *passed_on)


def _count(number: int) -> str:
    return f"{number} notebook{'' if number == 1 else 's'}"
