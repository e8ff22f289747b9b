"""Where an image comes from, and the bytes that are submitted for it.

In: anything that holds a picture, also a web address or a PDF. Out: bytes, a name and a size, after the
picture was decoded once: what cannot be read here is refused before anything is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TypeGuard

from .errors import ImageError
from .images import ImageLike, Picture, load_picture
from .service.download import download_image, is_url, name_of, refuse_private
from .settings import Settings


@dataclass(frozen=True)
class Given:
    """An image that is ready to be submitted."""

    data: bytes
    name: str
    megapixels: float
    is_pdf: bool = False
    picture: Picture | None = None


class Source:
    """Where an image comes from; what can change under us is read at once, the rest in the job."""

    def __init__(self, name: str, read: Callable[[], Given], url: str | None = None) -> None:
        self.name = name
        self._read = read
        self._url = url

    @classmethod
    def of(cls, image: ImageLike, *, may_be_pdf: bool = False) -> Source:
        """Look at `image`; what is wrong with it is told by `load`, so that the job reports it."""
        if isinstance(image, str) and is_url(image):
            name = name_of(image)
            return cls(name, lambda: _make(b"", name, may_be_pdf), url=image)
        if _is_path(image):
            return cls(Path(image).name, lambda: _make(image, None, may_be_pdf))
        try:
            given = _make(image, None, may_be_pdf)
        except ImageError as error:
            return cls(str(getattr(image, "name", "image")), partial(_raise, error))
        return cls(given.name, lambda: given)

    async def load(self) -> Given:
        """Return the image, decoded once to see that it can be.

        Raises:
            ImageError: it cannot be had or read.
        """
        if self._url is None:
            return await asyncio.to_thread(self._read)
        check = refuse_private if Settings.from_environment().is_for_strangers else None
        data, name = await download_image(self._url, check=check)
        return await asyncio.to_thread(_make, data, name, True)


def _make(image: ImageLike, name: str | None, may_be_pdf: bool) -> Given:
    if may_be_pdf:
        pdf = _pdf_bytes(image)
        if pdf is not None:
            return Given(pdf, name or _name_of(image), 0.0, is_pdf=True)
    picture = load_picture(image, name=name)
    megapixels = picture.width * picture.height / 1e6
    return Given(submittable(picture), picture.name, megapixels, picture=picture)


def submittable(picture: Picture) -> bytes:
    """Return the bytes to submit: the file as given, or the PNG of its pixels.

    The service knows BMP, GIF, JPEG, PNG and single-page TIFF; of other files (WebP) and of those with
    several pages or frames it gets what was read of them.
    """
    is_webp = picture.source[:4] == b"RIFF" and picture.source[8:12] == b"WEBP"
    return picture.png if is_webp or picture.warnings else picture.source


def _pdf_bytes(image: ImageLike) -> bytes | None:
    """Return the bytes of a PDF; None for anything else, also for what cannot be read."""
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image) if bytes(image[:5]) == b"%PDF-" else None
    if isinstance(image, str) and image.startswith("data:application/pdf"):
        raise ImageError("A PDF is given as a path or as bytes, not as a data URL.")
    if _is_path(image) and str(image).lower().endswith(".pdf") and Path(image).is_file():
        return Path(image).read_bytes()
    return None


def _name_of(image: ImageLike) -> str:
    return Path(image).name if _is_path(image) else "document.pdf"


def _is_path(image: ImageLike) -> TypeGuard[str | PathLike[str]]:
    return isinstance(image, PathLike) or (isinstance(image, str) and not image.startswith("data:"))


def _raise(error: ImageError) -> Given:
    raise error
