"""Which images a study is about: a folder, a pattern, a list, a table; and each one's ground truth.

In: whatever names images. Out: `Item`s in order, nothing opened yet, and notes on what did not fit: truths
without an image, an image given twice. Truth stands beside the image, in a folder, or in one CSV file.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .remote_files import is_remote, list_remote, read_remote
from .subjects import Subject, list_subjects, list_table
from .truth import SUFFIXES, TruthLike

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
TRUTH_COLUMNS = ("ground_truth", "truth", "text")
"""What the column of texts in a CSV file or a table may be called; the first that is there is taken."""
_NAMED = 5


@dataclass(frozen=True)
class Collection:
    """The images of a study, and what is to be said about them."""

    subjects: Sequence[Subject]
    notes: tuple[str, ...] = ()
    """One sentence each: what was given and is not used."""


def collect(images: Any, truth: TruthLike = None) -> Collection:
    """List the images that `images` names, in order.

    Args:
        images: a folder (searched with those below it), a pattern such as `scans/*.png`, an address that
            fsspec knows, a DataFrame with the columns `image` and perhaps `ground_truth`, `group` and
            `variant`, or what `compare` takes.
        truth: as `compare` takes it; or a CSV file with the columns `image` and `ground_truth`.

    Raises:
        SettingsError: there is no image, or the truth as a whole cannot be used.
    """
    if isinstance(truth, PathLike) and Path(truth).suffix.lower() == ".csv":
        truth = read_truth_table(Path(truth))
    subjects: Sequence[Subject]
    if hasattr(images, "columns") and hasattr(images, "to_dict"):
        subjects = _from_table(images, truth)
    elif is_remote(images):
        subjects = _from_remote(str(images))
    else:
        subjects = list_subjects(_expand(images), truth)
    return Collection(subjects, (*_unused_truths(images, subjects, truth), *_twice(subjects)))


def read_truth_table(path: Path) -> dict[str, str]:
    """Return the texts of a CSV file by image name.

    Raises:
        SettingsError: it cannot be read, lacks its columns, or names an image twice with different texts.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = rows.fieldnames or ()
            column = next((name for name in TRUTH_COLUMNS if name in names), None)
            if "image" not in names or column is None:
                raise SettingsError(f"{path} needs the columns image and ground_truth in its first line.")
            texts: dict[str, str] = {}
            for row in rows:
                if texts.setdefault(row["image"], row[column] or "") != (row[column] or ""):
                    raise SettingsError(f"{path} has two ground truths for {row['image']}: keep one.")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): check the name.") from error
    return texts


def _expand(images: Any) -> Any:
    """Return the files of a folder or pattern; anything else as it is."""
    if not isinstance(images, str | PathLike) or str(images).startswith(("data:", "http://", "https://")):
        return images
    path = Path(images)
    if path.is_dir():
        listed = sorted(file for file in path.rglob("*") if _is_image(file.name) and file.is_file())
        found = [str(file) for file in listed]  # a fifth of a Path's memory
        return found or _refuse(f"The folder {path} has no image: choose one with PNG, JPEG or TIFF files.")
    if not path.exists() and any(sign in str(path) for sign in "*?["):
        start = Path(path.anchor) if path.is_absolute() else Path()
        pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else str(path)
        found = [str(file) for file in sorted(start.glob(pattern)) if _is_image(file.name)]
        return found or _refuse(f"No image matches {path}: check the pattern.")
    return [images]


def _refuse(sentence: str) -> list[str]:
    raise SettingsError(sentence)


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def _from_table(table: Any, truth: TruthLike) -> Sequence[Subject]:
    if "image" not in table.columns:
        raise SettingsError("The table has no column image: name the column of paths so.")
    texts = next((name for name in TRUTH_COLUMNS if name in table.columns), None)
    wanted = [
        "image",
        *filter(None, (texts,)),
        *(one for one in ("group", "variant") if one in table.columns),
    ]
    kept = table[wanted].copy()  # what becomes of the table later is its owner's matter
    columns = {name: _Column(kept[name].array) for name in wanted}
    return list_table(
        columns["image"], columns[texts] if truth is None and texts is not None else truth,
        groups=columns.get("group", ()), variants=columns.get("variant", ()),
    )  # fmt: skip


class _Column(Sequence[Any]):
    """A table's column; the NaN that tables have for nothing is None, and only NaN differs from itself."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        value = self._values[index]
        return None if value is None or value != value else value


def _from_remote(address: str) -> list[Subject]:
    listed = list_remote(address)
    names = [name for name in listed if _is_image(name)]
    # A pattern lists images only; what stands beside them is asked for folder by folder.
    beside = set(listed)
    for folder in {name.rpartition("/")[0] for name in names}:
        beside.update(list_remote(folder))
    if not names:
        raise SettingsError(f"There is no image at {address}: check the address.")
    counts = Counter(name.rpartition("/")[2] for name in names)
    return [_remote_subject(name, counts, beside) for name in names]


def _remote_subject(address: str, counts: Counter[str], beside: set[str]) -> Subject:
    name = address.rpartition("/")[2]
    stem = address.rpartition(".")[0]
    truth = next((stem + suffix for suffix in SUFFIXES[:2] if stem + suffix in beside), None)

    def find_truth() -> str | None:
        if truth is None:
            return None
        try:
            return read_remote(truth).decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise SettingsError(f"The ground truth {truth} is not UTF-8: save it as UTF-8.") from error

    shown = name if counts[name] == 1 else address
    return Subject(address, shown, stem.rpartition("/")[2], None, find_truth)


def _unused_truths(images: Any, subjects: Sequence[Subject], truth: TruthLike) -> Iterable[str]:
    """Say which truths have no image."""
    unused: list[str] = []
    if isinstance(truth, Mapping):
        known = {subject.name for subject in subjects} | {Path(subject.name).stem for subject in subjects}
        unused = [name for name in truth if name not in known and Path(name).stem not in known]
    folder = truth if isinstance(truth, PathLike) else images
    if truth is not None and not isinstance(truth, PathLike):
        folder = None  # texts were given: what stands beside the images is not looked at
    if isinstance(folder, str | PathLike) and not is_remote(folder) and Path(folder).is_dir():
        stems = {file.name.removesuffix(".gt.txt") for file in Path(folder).rglob("*.gt.txt")}
        unused = sorted(stems - {Path(subject.name).stem for subject in subjects})
    if unused:
        yield f"{len(unused)} ground truths have no image and are not used: {name_some(unused, len(unused))}."


def _twice(subjects: Sequence[Subject]) -> Iterable[str]:
    paths = Counter(str(subject.image) for subject in subjects if isinstance(subject.image, str | PathLike))
    twice = [path for path, count in paths.items() if count > 1]
    if twice:
        named = name_some(twice, len(twice))
        yield f"{len(twice)} images are given more than once and are measured once: {named}."


def name_some(names: Iterable[str], count: int) -> str:
    """Write the first few of `count` names, and how many more there are."""
    more = count - _NAMED
    return ", ".join(islice(names, _NAMED)) + (f" and {more} more" if more > 0 else "")
