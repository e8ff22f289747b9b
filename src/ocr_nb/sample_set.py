"""The samples that travel with the package: small images and what is written on them.

Out: `Sample` values, which every function that takes an image accepts (they are paths). How each was drawn
and spoilt stands in `samples/SOURCES.md`. Knows nothing of recognition.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import SettingsError
from .images import Picture, load_picture

FOLDER = Path(__file__).parent / "samples"
SHARP_FOLDER = Path(__file__).parent / "sharp"
"""Clean pages with an x-height of 28 px and more, drawn to be shrunk."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image with its ground truth; an `os.PathLike`, so that it can be given wherever a path can."""

    name: str
    path: Path
    about: str
    """What it shows, in words."""
    variant: str | None
    """How it was spoilt; None when it was not."""
    x_height_px: float
    """Height of a lowercase x as it was drawn, in pixels."""
    width: int
    height: int
    sha256: str
    """Of the file; the set was fixed before any recognizer had read it."""

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def picture(self) -> Picture:
        """The image, read anew."""
        return load_picture(self.path)

    @property
    def ground_truth(self) -> str:
        """The text on the image, line by line, without the final line feed."""
        return self.path.with_name(f"{self.name}.gt.txt").read_text(encoding="utf-8").rstrip("\n")


@cache
def samples(*names: str) -> tuple[Sample, ...]:
    """Return all samples sorted by name, or those called `names` in the order given.

    Raises:
        SettingsError: there is no sample of that name.
    """
    known = _read_listing(FOLDER / "samples.json")
    return _choose(known, names or tuple(sorted(known)))


@cache
def sharp_samples(*names: str) -> tuple[Sample, ...]:
    """Return the pages that are large and clean enough to be shrunk, or those called `names`.

    Raises:
        SettingsError: there is no such page.
    """
    known = _read_listing(SHARP_FOLDER / "sharp.json")
    return _choose(known, names or tuple(known))


def _read_listing(path: Path) -> dict[str, Sample]:
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {entry["name"]: _to_sample(entry, path.parent) for entry in entries}


def _choose(known: dict[str, Sample], names: tuple[str, ...]) -> tuple[Sample, ...]:
    for name in names:
        if name not in known:
            raise SettingsError(f"There is no sample {name!r}: choose from {', '.join(sorted(known))}.")
    return tuple(known[name] for name in names)


def _to_sample(entry: dict[str, str | int | float], folder: Path) -> Sample:
    return Sample(
        name=str(entry["name"]),
        path=folder / str(entry["file"]),
        about=str(entry["about"]),
        variant=None if entry["variant"] is None else str(entry["variant"]),
        x_height_px=float(entry["x_height_px"]),
        width=int(entry["width"]),
        height=int(entry["height"]),
        sha256=str(entry["sha256"]),
    )
