"""Which images a comparison is about: what each is called, which document it belongs to, where its truth is.

In: whatever the caller called images, and where the ground truth is. Out: `Subject` values, nothing opened
yet. Knows nothing of conditions or services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage

from .errors import SettingsError
from .images import ImageLike, Picture
from .sample_set import Sample
from .truth import TruthLike, check_truth, find_truth


@dataclass(frozen=True)
class Subject:
    """One image of a comparison, not yet opened."""

    image: Any
    name: str
    group: str
    """The document: the unit of resampling."""
    variant: str | None
    find_truth: Callable[[], str | None]


def list_subjects(images: ImageLike | Iterable[ImageLike], truth: TruthLike = None) -> list[Subject]:
    """Name every image and say where its ground truth is; two files of one name keep their folders.

    Raises:
        SettingsError: there is no image, or the truth as a whole cannot be used.
    """
    given: list[Any] = [images] if _is_one_image(images) else list(images)  # type: ignore[arg-type]
    if not given:
        raise SettingsError("No image was given: name at least one.")
    check_truth(truth, len(given))
    names = [_name_of(image, index, len(given)) for index, image in enumerate(given)]
    counts = Counter(names)
    subjects = []
    for index, (image, name) in enumerate(zip(given, names, strict=True)):
        path = Path(image) if _is_path(image) else None
        full = str(path) if counts[name] > 1 and path is not None else name
        finder = _truth_finder(truth, index, name, path)
        variant = image.variant if isinstance(image, Sample) else None
        subjects.append(Subject(image, full, Path(full).stem if path is None else path.stem, variant, finder))
    return subjects


def _truth_finder(truth: TruthLike, index: int, name: str, path: Path | None) -> Callable[[], str | None]:
    return lambda: find_truth(truth, index, name=name, path=path)


def _is_path(image: Any) -> bool:
    if isinstance(image, PathLike):
        return True
    return isinstance(image, str) and not image.startswith(("data:", "http://", "https://"))


def _is_one_image(images: Any) -> bool:
    if isinstance(images, str | bytes | bytearray | PathLike | Picture | PILImage.Image | np.ndarray):
        return True
    return hasattr(images, "read")


def _name_of(image: Any, index: int, count: int) -> str:
    """Return the file's name, the picture's own, or a number."""
    if _is_path(image):
        return Path(image).name
    if isinstance(image, str) and not image.startswith("data:"):
        return image.partition("?")[0].rstrip("/").rpartition("/")[2] or image
    given = image.name if isinstance(image, Picture) else getattr(image, "filename", "")
    name = Path(str(given or getattr(image, "name", "") or "image")).name
    return name if count == 1 or name != "image" else f"image {index + 1}"
