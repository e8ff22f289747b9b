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
    entries = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    known = {entry["name"]: _to_sample(entry) for entry in entries}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"There is no sample {unknown[0]!r}: choose from {', '.join(sorted(known))}.")
    return tuple(known[name] for name in names or sorted(known))


def _to_sample(entry: dict[str, str | int | float]) -> Sample:
    return Sample(
        name=str(entry["name"]),
        path=FOLDER / str(entry["file"]),
        about=str(entry["about"]),
        variant=None if entry["variant"] is None else str(entry["variant"]),
        x_height_px=float(entry["x_height_px"]),
        width=int(entry["width"]),
        height=int(entry["height"]),
        sha256=str(entry["sha256"]),
    )
