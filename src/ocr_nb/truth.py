"""Where the ground truth of an image is: beside it, in a folder, in one file, or given as text.

In: an image's path or name and what the caller said. Out: the text, or None where there is none. Files are
UTF-8; anything else is refused rather than guessed. Knows nothing of recognition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from .errors import SettingsError
from .layout_truth import LAYOUT_SUFFIXES, read_layout

TruthLike: TypeAlias = str | PathLike[str] | Mapping[str, str] | Sequence[str | None] | None
"""A text; a path (file or folder); texts by image name or stem; one text an image; None looks beside."""

SUFFIXES = (".gt.txt", ".txt", *LAYOUT_SUFFIXES)
"""What follows the image's name without its suffix; the first that exists is taken."""


def check_truth(truth: TruthLike, count: int) -> None:
    """Refuse at once what can fit no image of `count`.

    Raises:
        SettingsError: the path does not exist, or the sequence has another length.
    """
    if isinstance(truth, PathLike) and not Path(truth).exists():
        raise SettingsError(f"There is no ground truth at {Path(truth)}: check the name and the folder.")
    if isinstance(truth, Sequence) and not isinstance(truth, str) and len(truth) != count:
        raise SettingsError(f"{len(truth)} ground truths were given for {count} images: give one for each.")


def find_truth(truth: TruthLike, index: int, *, name: str, path: Path | None) -> str | None:
    """Return the ground truth of the image number `index`, called `name`, stored at `path` if it is a file.

    Raises:
        SettingsError: the file cannot be read, or is not UTF-8.
    """
    if isinstance(truth, str):
        return truth
    if isinstance(truth, PathLike):
        chosen = Path(truth)
        return _text_beside(chosen / name) if chosen.is_dir() else read_truth(chosen)
    if isinstance(truth, Mapping):
        return truth.get(name, truth.get(Path(name).stem))
    if truth is not None:
        return truth[index]
    return _text_beside(path) if path is not None else None


def read_truth(path: Path) -> str:
    """Read a UTF-8 text file, or the text of PAGE-XML, ALTO or hOCR.

    A byte order mark and the final line feeds are dropped.

    Raises:
        SettingsError: it cannot be read, is not UTF-8, or not what its suffix says.
    """
    try:
        if path.name.lower().endswith(LAYOUT_SUFFIXES):
            return read_layout(path.read_bytes(), str(path)).rstrip("\r\n")
        return path.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"The ground truth {path} is not UTF-8 (its byte {error.start} is "
            f"0x{error.object[error.start]:02x}): save it as UTF-8."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The ground truth {path} cannot be read ({error.strerror or error}): check its permissions."
        ) from error


def _text_beside(image: Path) -> str | None:
    for suffix in SUFFIXES:
        candidate = image.with_name(image.stem + suffix)
        if candidate.is_file() and candidate != image:
            return read_truth(candidate)
    return None
