"""Which images a comparison is about: what each is called, which document it belongs to, where its truth is.

In: whatever the caller called images, and where the ground truth is. Out: `Subject` values, nothing opened
yet. Knows nothing of conditions or services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, overload

import numpy as np
from PIL import Image as PILImage

from .errors import SettingsError
from .images import ImageLike, Picture
from .sample_set import Sample
from .truth import TruthLike, check_truth, find_truth


@dataclass(frozen=True, slots=True)
class Subject:
    """One image of a comparison, not yet opened."""

    image: Any
    name: str
    group: str
    """The document: the unit of resampling."""
    variant: str | None
    find_truth: Callable[[], str | None]


class Subjects(Sequence[Subject]):
    """Subjects in order, each made when it is asked for: of many thousands only what was given is kept."""

    def __init__(
        self,
        images: Sequence[Any],
        truth: TruthLike = None,
        *,
        groups: Sequence[Any] = (),
        variants: Sequence[Any] = (),
    ) -> None:
        """Name every image; two files of one name keep their folders.

        Args:
            images: what a comparison takes, one by one.
            truth: where the ground truth is.
            groups: the document of each image; empty, or None there, takes the name without its suffix.
            variants: how each image was spoilt; empty where that is not known.
        """
        self._images, self._truth, self._groups, self._variants = images, truth, groups, variants
        counts = Counter(_name_of(image, index, len(images)) for index, image in enumerate(images))
        self._shared_names = frozenset(name for name, count in counts.items() if count > 1)

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> Subject: ...

    @overload
    def __getitem__(self, index: slice) -> list[Subject]: ...

    def __getitem__(self, index: int | slice) -> Subject | list[Subject]:
        places = range(len(self))[index]
        return self._make(places) if isinstance(places, int) else [self._make(place) for place in places]

    def __iter__(self) -> Iterator[Subject]:
        return map(self._make, range(len(self)))

    def _make(self, index: int) -> Subject:
        image = self._images[index]
        path = Path(image) if _is_path(image) else None
        name = _name_of(image, index, len(self))
        full = str(path) if path is not None and name in self._shared_names else name
        group = self._groups[index] if self._groups else None
        variant = (
            self._variants[index]
            if self._variants
            else (image.variant if isinstance(image, Sample) else None)
        )
        finder = partial(find_truth, self._truth, index, name=name, path=path)
        return Subject(image, full, group or (path or Path(name)).stem, variant, finder)


def list_subjects(images: ImageLike | Iterable[ImageLike], truth: TruthLike = None) -> Sequence[Subject]:
    """Name every image and say where its ground truth is; two files of one name keep their folders.

    Raises:
        SettingsError: there is no image, or the truth as a whole cannot be used.
    """
    given: list[Any] = [images] if _is_one_image(images) else list(images)  # type: ignore[arg-type]
    return list_table(given, truth)


def list_table(
    images: Sequence[Any],
    truth: TruthLike = None,
    *,
    groups: Sequence[Any] = (),
    variants: Sequence[Any] = (),
) -> Sequence[Subject]:
    """Do what `list_subjects` does, with the group and the variant of each image (see `Subjects`)."""
    if not len(images):
        raise SettingsError("No image was given: name at least one.")
    check_truth(truth, len(images))
    return Subjects(images, truth, groups=groups, variants=variants)


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
