"""Options that several commands share, and what they choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SettingsError
from ..settings import Settings

if TYPE_CHECKING:
    from ..service.protocol import OcrService

Service = Annotated[
    str | None,
    typer.Option(
        help="local, cloud, or the URL of a server. [default: local, or OCR_NB_SERVICE]", metavar="NAME|URL"
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="Which engine reads on this machine: rapidocr or tesseract. [default: rapidocr]", metavar="NAME"
    ),
]
Method = Annotated[
    str | None,
    typer.Option(help="How this machine enlarges: learned or classical. [default: learned]", metavar="NAME"),
]
Language = Annotated[
    str, typer.Option(help="Language of the text, as English, German, French, …", metavar="NAME")
]
Factor = Annotated[
    str, typer.Option(help="How much to enlarge: 2, 3, 4, or auto for what suits.", metavar="N|auto")
]


def choose_service(service: str | None, engine: str | None, method: str | None = None) -> OcrService:
    """Return the service that the options name; nothing leaves the machine unasked.

    Raises:
        SettingsError: there is no such service, engine or method, or `engine` or `method` was given for a
            service elsewhere.
    """
    from .. import operations

    name = service or Settings.from_environment().service
    here = {key: value for key, value in (("engine", engine), ("method", method)) if value is not None}
    if name == "local":
        return operations.make_service("local", **here)
    for key, value in here.items():
        raise SettingsError(
            f"--{key} {value} chooses {_CHOSEN[key]} on this machine, but --service {name} reads elsewhere: "
            "leave one of them out."
        )
    return operations.make_service(name)


_CHOSEN = {"engine": "a reader", "method": "how to enlarge"}


def parse_factor(text: str) -> int | None:
    """Read 2, 3, 4 or auto (None).

    Raises:
        SettingsError: it is anything else.
    """
    if text == "auto":
        return None
    if text in {"2", "3", "4"}:
        return int(text)
    raise SettingsError(f"--factor cannot be {text!r}: choose 2, 3, 4 or auto.")
