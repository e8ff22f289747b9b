"""`ocr-nb upsample`, `ocr-nb recognize`, `ocr-nb filter`: one image in, one result out."""

from __future__ import annotations

import dataclasses
import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ImageError, SettingsError
from . import options
from .screen import say, say_once

if TYPE_CHECKING:
    from ..engine.layout import Recognition
    from ..images import Picture
    from ..jobs import Job

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif")
Image = Annotated[str, typer.Argument(help="An image file or http(s) URL.", metavar="IN")]
PictureOut = Annotated[
    Path, typer.Option("--output", "-o", help="Where to write; the suffix chooses the format.")
]


class FilterName(Enum):
    """What `ocr-nb filter` can do."""

    DESKEW = "deskew"
    BINARIZE = "binarize"
    DEWARP = "dewarp"
    CONTRAST = "contrast"
    ROTATE = "rotate"


class Format(Enum):
    """What `ocr-nb recognize` writes."""

    TEXT = "text"
    JSON = "json"
    HOCR = "hocr"
    PDF = "pdf"


def upsample(
    image: Image,
    output: PictureOut,
    factor: options.Factor = "auto",
    method: options.Method = None,
    service: options.Service = None,
    engine: options.Engine = None,
) -> None:
    """Enlarge an image for reading; colour and transparency are kept.

    Always enlarges, by at least 2; where the advice for this image is to leave it, a warning says so.
    """
    from .. import operations

    check_output(output)
    number = options.parse_factor(factor)
    chosen = options.choose_service(service, engine, method)
    job = operations.upsample(image, service=chosen, factor="auto" if number is None else number)
    _save(job, output)


def apply_filter(
    name: Annotated[FilterName, typer.Argument(help="What to do.")],
    image: Image,
    output: PictureOut,
    degrees: Annotated[float | None, typer.Option(help="For rotate: degrees clockwise.")] = None,
    service: options.Service = None,
) -> None:
    """Do one thing to an image: binarize, deskew, dewarp, contrast or rotate."""
    from .. import operations

    check_output(output)
    if (name is FilterName.ROTATE) != (degrees is not None):
        raise SettingsError(
            "rotate needs --degrees: say how far to turn, clockwise."
            if degrees is None
            else f"--degrees belongs to rotate; {name.value} finds out by itself, so leave it out."
        )
    chosen = options.choose_service(service, None)
    if degrees is not None:
        _save(operations.rotate(image, degrees, service=chosen), output)
    else:
        _save(getattr(operations, name.value)(image, service=chosen), output)


def recognize(
    image: Image,
    upsampling: Annotated[
        bool, typer.Option("--upsample", help="Let the reader enlarge the image first.")
    ] = False,
    written: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write. [default: standard output]")
    ] = None,
    language: options.Language = "English",
    service: options.Service = None,
    engine: options.Engine = None,
    method: options.Method = None,
) -> None:
    """Read the text on an image."""
    from .. import operations

    if output is not None:
        check_folder(output)
    if written is Format.PDF and output is None and sys.stdout.isatty():
        raise SettingsError("A PDF would fill the terminal with signs: name a file with --output FILE.pdf.")
    chosen = options.choose_service(service, engine, method)
    kind = {Format.HOCR: "hocr", Format.PDF: "pdf"}.get(written, "json")
    job = operations.recognize(
        image, service=chosen, language=language, upsampling=upsampling, result_type=kind
    )
    recognition = job.result()
    say_once([*job.warnings, *recognition.warnings])
    data = _rendered(recognition, written)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        output.write_bytes(data)
        say(f"{output}: {len(data)} bytes.")


def check_output(path: Path) -> None:
    """Refuse a picture's path before any work is done for it.

    Raises:
        ImageError: its suffix names no picture format.
        SettingsError: its folder does not exist.
    """
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise ImageError(
            f"{path} has no suffix of a picture format: use .png, .jpg, .tif, .webp, .bmp or .gif."
        )
    check_folder(path)


def check_folder(path: Path) -> None:
    """Refuse a path that cannot become a file.

    Raises:
        SettingsError: it is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise SettingsError(f"{path} is a folder: name the file to write.")
    if not path.parent.is_dir():
        raise SettingsError(f"There is no folder {path.parent} to write {path.name} into: make it first.")


def _save(job: Job[Picture], output: Path) -> None:
    picture = job.result()
    say_once(job.warnings)
    picture.save(output)
    say(f"{output}: {picture.width}×{picture.height} pixels.")


def _rendered(recognition: Recognition, written: Format) -> bytes:
    if written is Format.TEXT:
        return (recognition.text + "\n").encode()
    if written is Format.JSON:
        plain = dataclasses.asdict(recognition)
        plain.pop("files")
        plain = {"text": recognition.text, "confidence": recognition.confidence, **plain}
        return (json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
    if written.value not in recognition.files:
        raise SettingsError(
            f"The service gave no {written.value} for this image: choose --format text or json."
        )
    return recognition.files[written.value]
