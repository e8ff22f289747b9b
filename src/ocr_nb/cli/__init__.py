"""The command line: `ocr-nb COMMAND …`. Each command's room is imported only when it is the one called.

Results go to standard output, everything said about them to standard error. Exit codes: 0 done, 1 some
images failed, 2 nothing could be done, 130 interrupted. An expected failure is one sentence, no traceback.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

import typer

from ..errors import OcrNbError, SettingsError
from .screen import say

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": (
        "ocr_nb.cli.demonstrating:demo",
        "Run the whole thing on the samples that come with the package.",
    ),
    "compare": (
        "ocr_nb.cli.comparing:compare",
        "Recognize images with and without upsampling; say what it did.",
    ),
    "study": (
        "ocr_nb.cli.studying:study",
        "Measure a folder of images into a store; go on where it was interrupted.",
    ),
    "upsample": ("ocr_nb.cli.reading:upsample", "Enlarge an image for reading."),
    "recognize": ("ocr_nb.cli.reading:recognize", "Read the text on an image."),
    "filter": ("ocr_nb.cli.reading:apply_filter", "Binarize, deskew, dewarp, rotate, or raise the contrast."),
    "lab": ("ocr_nb.cli.demonstrating:lab", "Copy the notebooks here and open JupyterLab."),
    "doctor": ("ocr_nb.cli.checking:doctor", "Say what is usable on this machine, and why not."),
    "serve": ("ocr_nb.server.command:serve", "Serve the protocol from this machine (extra: server)."),
    "calls": ("ocr_nb.service.commands:calls", "Say how many calls of the month are used and left."),
    "resume": ("ocr_nb.cli.resuming:resume", "Fetch what was paid for before a crash."),
    "forget": ("ocr_nb.service.commands:forget", "Delete everything kept: journal, meter, cached results."),
}
"""Name → where its function is, and the line that `--help` shows."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that `arguments` (by default those of the process) name, and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Without a handler of its own the logging module prints bare warnings; what a user needs to know is said.
    logging.getLogger().addHandler(logging.NullHandler())
    chosen = next((argument for argument in given if not argument.startswith("-")), None)
    try:
        make_app(chosen)(given, prog_name="ocr-nb")
    except OcrNbError as error:
        say(str(error))
        sys.exit(2)
    except BrokenPipeError:
        # The reader (`| head`) has gone: what is left in the buffer must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        say(f"{error.filename or 'A file'}: {error.strerror or error}.")
        sys.exit(2)
    except KeyboardInterrupt:
        say("Interrupted.")
        sys.exit(130)
    sys.exit(0)


def make_app(chosen: str | None) -> typer.Typer:
    """Build the command line with the function of the `chosen` command; of the others only name and help.

    Raises:
        SettingsError: the command needs an extra that is not installed.
    """
    app = typer.Typer(
        help="OCR of small text: smart upsampling, before and after, accuracy with and without.",
        no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    )  # fmt: skip

    @app.callback(invoke_without_command=True)
    def root(version: bool = typer.Option(False, "--version", help="Show the version and exit.")) -> None:
        if version:
            from importlib.metadata import version as installed_version

            typer.echo(f"ocr_nb {installed_version('ocr_nb')}")
            raise typer.Exit

    for name, (target, summary) in COMMANDS.items():
        function = _load(name, target) if name == chosen else _stand_in
        app.command(name, short_help=summary)(function)
    return app


def _stand_in() -> None:
    """Stand for a command that was not called; never run."""


def _load(name: str, target: str) -> Callable[..., Any]:
    room, _, function = target.partition(":")
    try:
        loaded: Callable[..., Any] = getattr(import_module(room), function)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] == "ocr_nb":
            raise
        raise SettingsError(
            f"ocr-nb {name} needs {missing}, which is not installed: "
            f"pip install 'ocr_nb[{'server' if name == 'serve' else 'lab'}]'."
        ) from error
    return loaded
