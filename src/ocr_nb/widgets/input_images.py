"""What `ImageInput` holds of an image: the picture, what was measured on it, and where it came from.

In: bytes or anything `load_picture` takes. Out: `InputImage`, or a sentence why there is none. Knows no
browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from ..advice import Advice, advise, advise_again
from ..errors import ImageError
from ..filters import resize
from ..images import ImageLike, Picture, encode_png, load_picture, on_white
from ..service.download import is_url, name_of

SUFFIXES = (".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Names of files that may be images: what is taken from a folder."""
TRUTH_SUFFIX = ".gt.txt"
THUMBNAIL = (192, 144)
"""Width and height that a thumbnail fits in: twice what is shown, for dense screens."""


@dataclass(frozen=True)
class InputImage:
    """One image that came in."""

    name: str
    picture: Picture
    x_height_px: float | None
    """Height of most of the text; None when no text was found."""
    advice: Advice | None
    """Whether upsampling should help the chosen reader; None when it could not be measured."""
    private: bool
    """Whether no pixel of it may stay in a saved notebook."""
    ground_truth: str | None
    """What is written on it; None when nobody said so."""

    @property
    def verdict(self) -> str:
        """The advice in a few words."""
        if self.x_height_px is None or self.advice is None:
            return "no text size found"
        if self.advice.factor > 1:
            return f"upsampling ×{self.advice.factor} should help"
        return "upsampling will not help here"

    def for_reader(self, reader: str | None) -> InputImage:
        """Return the same with the advice for another reader."""
        return self if self.advice is None else replace(self, advice=advise_again(self.advice, reader))


def take_in(
    image: ImageLike, *, name: str | None, ground_truth: str | None, private: bool, reader: str | None
) -> InputImage:
    """Read and measure one image; takes up to a second for a large one.

    Raises:
        ImageError: it cannot be read; the message names it and says why.
    """
    if isinstance(image, bytes):
        check_beginning(image[:16], name or "image")
    picture = load_picture(image, name=name)
    advice = advise(picture, reader)
    return InputImage(picture.name, picture, advice.x_height_px, advice, private, ground_truth)


def check_beginning(head: bytes, name: str) -> None:
    """Look at the first 16 bytes of a file.

    Raises:
        ImageError: it is no image of a kind that is read here, whatever follows.
    """
    if head[:5] == b"%PDF-":
        raise ImageError(
            f"{name} is a PDF: here only images are taken. Save its pages as PNG, or give its path to "
            "ocr_nb.recognize."
        )
    if head and not any(head.startswith(start) for start in _BEGINNINGS):
        raise ImageError(
            f"{name} is not an image that can be read here: give BMP, GIF, JPEG, PNG, TIFF or WebP."
        )


_BEGINNINGS = (b"BM", b"GIF8", b"\xff\xd8\xff", b"\x89PNG", b"II", b"MM", b"RIFF")
"""What files of those formats begin with; whether the rest is sound is found out by reading it."""


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of `folder` whose names are those of images, sorted; hidden ones are left out."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            yield path


def describe(image: InputImage) -> dict[str, Any]:
    """Return what is shown of an image, without pixels."""
    advice = image.advice
    return {
        "name": image.name,
        "width": image.picture.width,
        "height": image.picture.height,
        "xHeight": image.x_height_px,
        "verdict": image.verdict,
        "reason": advice.reason if advice else "",
        "helps": bool(advice and advice.factor > 1),
        "private": image.private,
        "notes": list(image.picture.warnings),
        "truth": image.ground_truth,
    }


def draw_thumbnail(picture: Picture) -> bytes:
    """Return a PNG that fits in `THUMBNAIL`; a strip too thin to be shrunk is shown as its middle part."""
    scale = min(1.0, THUMBNAIL[0] / picture.width, THUMBNAIL[1] / picture.height)
    scale = max(scale, min(1.0, 6 / min(picture.width, picture.height)))
    pixels = on_white(resize(picture, scale).picture if scale < 1.0 else picture)
    left, top = ((size - limit) // 2 for size, limit in zip(pixels.shape[1::-1], THUMBNAIL, strict=True))
    return encode_png(
        pixels[max(0, top) : max(0, top) + THUMBNAIL[1], max(0, left) : max(0, left) + THUMBNAIL[0]]
    )


def each_of(images: Iterable[ImageLike] | ImageLike) -> Iterable[ImageLike]:
    """Return the images one by one, also when it is only one."""
    return images if isinstance(images, list | tuple) else _one_or_many(images)


def _one_or_many(images: Any) -> Iterable[ImageLike]:
    is_one = isinstance(images, str | bytes | bytearray | PathLike) or hasattr(images, "read")
    is_picture = hasattr(images, "pixels") or hasattr(images, "shape") or hasattr(images, "getbands")
    return [images] if is_one or is_picture else images


def is_folder(image: str | PathLike[str]) -> bool:
    """Tell whether it is the path of a folder that exists."""
    return not is_url(image) and not str(image).startswith("data:") and Path(image).is_dir()


def name_in(image: Any) -> str:
    """Return what to call something that could not be read."""
    if isinstance(image, str) and is_url(image):
        return name_of(image)
    if isinstance(image, str | PathLike) and not str(image).startswith("data:"):
        return Path(image).name
    return str(getattr(image, "name", "") or "image")


def in_words(image: InputImage) -> str:
    """Say size and advice, and the name only of what is nobody's secret."""
    name = "" if image.private else f"{image.name} "
    size = f"{image.picture.width}×{image.picture.height}"
    height = "" if image.x_height_px is None else f", x-height {image.x_height_px:.1f} px"
    return f"{name}{size}{height}, {image.verdict}"
