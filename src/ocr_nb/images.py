"""Anything local that holds a picture, as one type.

In: a path, bytes, a file object, a data URL, a PIL image, a numpy array or a `Picture`. Out: a frozen
`Picture`, 8 bits a channel, upright, with its original bytes kept. Convention for every room: origin
top-left, y down, `pixels` `(H, W, C)` uint8, C = 1, 3 or 4; gray work is `(H, W)` float32, 0 black, 1 white.
Refuses, in one sentence, what it cannot read. Knows nothing of the network or of services.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import threading
import urllib.parse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from PIL import Image as PILImage
from PIL import ImageOps, UnidentifiedImageError

from .errors import ImageError

Gray: TypeAlias = npt.NDArray[np.float32]
"""`(H, W)` float32 in [0, 1], 0 black, 1 white."""
Pixels: TypeAlias = npt.NDArray[np.uint8]
"""`(H, W, C)` uint8, C = 1 (gray), 3 (RGB) or 4 (RGBA, alpha not premultiplied)."""
ImageLike: TypeAlias = "Picture | str | PathLike[str] | bytes | IO[bytes] | PILImage.Image | npt.NDArray[Any]"

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
MAX_PIXELS = 100_000_000
"""Default limit of width × height; a decoded RGB image of that size takes 300 MB."""
MIN_SIDE_PX = 3
"""Below this no letter has a shape: the smallest fonts that can be read at all are 5 px tall."""

_opening = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """One image, decoded: what every room takes and gives."""

    pixels: Pixels = field(repr=False)
    """`(H, W, C)` uint8, C = 1, 3 or 4, EXIF orientation applied, not writable."""
    source: bytes = field(repr=False)
    """The original file's bytes, untouched; for images that never were a file, their PNG."""
    name: str = "image"
    """The file's name, or a name given by whoever made it."""
    warnings: tuple[str, ...] = ()
    """What was left out while reading, one sentence each (further pages, further frames)."""

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3, 4):
            raise ValueError(
                f"A Picture's pixels are (H, W, C) uint8 with C = 1, 3 or 4, not {shape} {self.pixels.dtype}."
            )
        if self.pixels.flags.writeable:
            frozen = self.pixels.copy()
            frozen.flags.writeable = False
            object.__setattr__(self, "pixels", frozen)

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.pixels.shape[0])

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `source`, hexadecimal: the identity of the image as it was given."""
        return hashlib.sha256(self.source).hexdigest()

    @cached_property
    def png(self) -> bytes:
        """The pixels as PNG: `source` itself when that is a PNG of exactly these pixels."""
        if self.source.startswith(b"\x89PNG") and _is_plain_png(self.source, self.pixels):
            return self.source
        return encode_png(self.pixels)

    def to_pil(self) -> PILImage.Image:
        """Return the pixels as a PIL image of mode L, RGB or RGBA."""
        return PILImage.fromarray(self.pixels[:, :, 0] if self.pixels.shape[2] == 1 else self.pixels)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write to `path` in the format of its suffix (PNG, JPEG, TIFF, WebP, BMP, GIF); return the path."""
        target = Path(path)
        if target.suffix.lower() == ".png":
            target.write_bytes(self.png)
            return target
        image = self.to_pil()
        if image.mode == "RGBA" and target.suffix.lower() in {".jpg", ".jpeg", ".bmp"}:
            image = PILImage.fromarray(on_white(self))
        try:
            image.save(target)
        except ValueError as error:
            raise ImageError(
                f"{target.name} has no suffix of a picture format: use .png, .jpg, .tif, .webp, .bmp or .gif."
            ) from error
        return target

    def _repr_png_(self) -> bytes:
        return self.png


def load_picture(image: ImageLike, *, name: str | None = None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read `image` into a `Picture`.

    EXIF orientation is applied; palettes become RGB (RGBA when transparent), CMYK and other colour models
    RGB, 16-bit gray the upper 8 of its bits, float gray is clipped to [0, 1] and scaled. Of a multi-page
    TIFF or an animation the first frame is read and `warnings` says so.

    Args:
        image: a path, `bytes` of a file, an open binary file, a `data:` URL, a PIL image, a numpy array
            (`(H, W)` or `(H, W, 1|3|4)`; uint8, uint16, bool, or float in [0, 1]) or a `Picture`.
        name: what to call it in rows and messages; by default the file's name.
        max_pixels: width × height above which the image is refused before it is decoded.

    Raises:
        ImageError: it is missing, empty, truncated, too large, too small, or of a format not read here.
    """
    if isinstance(image, Picture):
        return image if name is None else Picture(image.pixels, image.source, name, image.warnings)
    if isinstance(image, np.ndarray):
        return from_array(image, name=name or "image")
    if isinstance(image, PILImage.Image):
        label = name or Path(str(getattr(image, "filename", "") or "image")).name
        picture = from_array(_pixels_of(image, label), name=label)
        return _checked(picture)
    data, label = _bytes_of(image, name)
    return _decode(data, label, max_pixels)


def from_array(array: npt.NDArray[Any], *, name: str = "image") -> Picture:
    """Make a `Picture` of a numpy array: uint8, uint16, bool, or float in [0, 1]; `(H, W[, 1|3|4])`."""
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise ImageError(f"The array {name!r} has shape {array.shape}; give (H, W), (H, W, 3) or (H, W, 4).")
    pixels = _eight_bit(array, name)
    return _checked(Picture(pixels, encode_png(pixels), name))


def luma(picture: Picture) -> Gray:
    """Return `(H, W)` float32 in [0, 1]: Rec. 601 luma of the picture on white paper."""
    pixels = on_white(picture).astype(np.float32)
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return cast(Gray, (pixels @ weights / np.float32(255.0)).clip(0.0, 1.0))


def on_white(picture: Picture) -> Pixels:
    """Return `(H, W, 3)` uint8 RGB: the picture laid on white paper, as recognizers want it."""
    pixels = picture.pixels
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[:, :, 3:].astype(np.float32) / 255.0
    mixed = pixels[:, :, :3].astype(np.float32) * alpha + 255.0 * (1.0 - alpha)
    return cast(Pixels, mixed.round().astype(np.uint8))


def exceeds_pixels(data: bytes, max_pixels: int = MAX_PIXELS) -> bool:
    """Tell whether the header of an image file declares more than `max_pixels`; nothing is decoded.

    False when it is no image that is read here: that is found out where it is decoded.
    """
    try:
        with _opening, warnings.catch_warnings():
            warnings.simplefilter("ignore", PILImage.DecompressionBombWarning)
            with PILImage.open(io.BytesIO(data), formats=FORMATS) as image:
                return image.width * image.height > max_pixels
    except PILImage.DecompressionBombError:
        return True
    except Exception:  # a decoder may raise anything on a damaged header
        return False


_PNG_EFFORT = 4
"""Of 9. Level 6, the library's own, takes far longer on print with grain and saves next to nothing."""


def encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode `(H, W)` or `(H, W, C)` uint8 as PNG."""
    flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    out = io.BytesIO()
    PILImage.fromarray(np.ascontiguousarray(flat)).save(out, format="PNG", compress_level=_PNG_EFFORT)
    return out.getvalue()


def _bytes_of(image: Any, name: str | None) -> tuple[bytes, str]:
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image), name or "image"
    if isinstance(image, str) and image.startswith("data:"):
        return _data_url(image), name or "image"
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        raise ImageError(f"{image} is an address: it is fetched by the functions that take a service.")
    if isinstance(image, str | PathLike):
        return _file_bytes(Path(image)), name or Path(image).name
    if hasattr(image, "read"):
        data = image.read()
        if not isinstance(data, bytes):
            raise ImageError("The file object gives text, not bytes: open it with mode 'rb'.")
        return data, name or Path(str(getattr(image, "name", "") or "image")).name
    raise ImageError(
        f"A {type(image).__name__} is not an image: give a path, bytes, a file object, a URL, "
        "a PIL image or a numpy array."
    )


def _file_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"There is no file {path}: check the name and the folder.") from error
    except OSError as error:
        if path.is_dir():
            raise ImageError(f"{path} is a folder: give an image file, or the files in it.") from error
        raise ImageError(
            f"{path} cannot be read ({error.strerror or error}): check its permissions."
        ) from error


def _data_url(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise ImageError("The data URL has no comma, so no data: give data:image/png;base64,….")
    try:
        if head.endswith(";base64"):
            return base64.b64decode(urllib.parse.unquote(body), validate=False)
        return urllib.parse.unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise ImageError(f"The data URL is not valid Base64 ({error}).") from error


def _decode(data: bytes, name: str, max_pixels: int) -> Picture:
    if not data:
        raise ImageError(f"{name} is empty (0 bytes): save or download it again.")
    try:
        # Pillow warns of large images through process-wide filters; our own limit stands in for them.
        with _opening, warnings.catch_warnings():
            warnings.simplefilter("ignore", PILImage.DecompressionBombWarning)
            opened = PILImage.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is not an image that can be read here: give BMP, GIF, JPEG, PNG, TIFF or WebP."
        ) from error
    except PILImage.DecompressionBombError as error:
        declared = int(re.findall(r"\d+", str(error))[0]) / 1e6  # told in Pillow's sentence only
        raise ImageError(
            f"{name} declares {declared:,.0f} megapixels, over the limit of {max_pixels / 1e6:.0f}: {_SPLIT}"
        ) from error
    except Exception as error:  # a decoder may raise anything on a damaged header
        raise ImageError(f"{name} is damaged ({error}): save or download it again.") from error
    with opened:
        width, height = opened.size
        if width * height > max_pixels:
            raise ImageError(
                f"{name} declares {width}×{height} pixels, over the limit of "
                f"{max_pixels / 1e6:.0f} megapixels: {_SPLIT}"
            )
        frames = int(getattr(opened, "n_frames", 1) or 1)
        try:
            ImageOps.exif_transpose(opened, in_place=True)
            pixels = _pixels_of(opened, name)
        except ImageError:
            raise
        except Exception as error:
            raise ImageError(
                f"{name} is damaged or truncated ({error}): save or download it again."
            ) from error
        notes = (
            (f"{name} has {frames} {_frames_word(opened)}: only the first was read.",) if frames > 1 else ()
        )
    return _checked(Picture(pixels, data, name, notes))


_SPLIT = "cut it into parts or shrink it first."


def _frames_word(image: PILImage.Image) -> str:
    return "pages" if image.format == "TIFF" else "frames"


def _pixels_of(image: PILImage.Image, name: str) -> Pixels:
    """Return `(H, W, C)` uint8 of a PIL image of any mode."""
    mode = image.mode
    if mode.startswith("I;16") or mode in {"I", "F"}:
        return _eight_bit(np.asarray(image)[:, :, None], name, sixteen_bit=mode != "F")
    convert: Callable[[str], PILImage.Image] = image.convert
    if mode in {"RGBA", "LA", "PA", "RGBa", "La"} or (mode == "P" and "transparency" in image.info):
        return np.asarray(convert("RGBA"))
    if mode in {"1", "L"}:
        return np.asarray(convert("L"))[:, :, None]
    return np.asarray(convert("RGB"))


def _eight_bit(array: npt.NDArray[Any], name: str, *, sixteen_bit: bool = True) -> Pixels:
    """Scale any numeric `(H, W, C)` array to uint8: 16-bit by ÷257, floats from [0, 1], bool to 0 and 255."""
    kind = array.dtype
    if kind == np.uint8:
        return np.array(array, dtype=np.uint8)
    if kind == np.bool_:
        return (array * np.uint8(255)).astype(np.uint8)
    if kind == np.uint16 or (kind.kind in "iu" and sixteen_bit):
        if int(array.min(initial=0)) < 0 or int(array.max(initial=0)) > 65535:
            raise ImageError(f"{name} holds values outside 0…65535: scale it to 8 or 16 bits.")
        if kind != np.uint16 and int(array.max(initial=0)) <= 255:
            return array.astype(np.uint8)
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if kind.kind == "f":
        if not np.isfinite(array).all():
            raise ImageError(f"{name} holds NaN or infinite values: give numbers from 0 to 1.")
        if float(array.max(initial=0)) > 1.0 + 1e-3 or float(array.min(initial=0)) < -1e-3:
            raise ImageError(
                f"{name} holds floats from {float(array.min()):.3g} to {float(array.max()):.3g}: "
                "scale them to 0…1, or give uint8."
            )
        return cast(Pixels, (array.clip(0.0, 1.0) * 255.0).round().astype(np.uint8))
    raise ImageError(f"{name} is an array of {kind}: give uint8, uint16, bool, or float from 0 to 1.")


def _checked(picture: Picture) -> Picture:
    if min(picture.width, picture.height) < MIN_SIDE_PX:
        raise ImageError(
            f"{picture.name} is {picture.width}×{picture.height} pixels, too small to hold a letter: "
            f"give an image of at least {MIN_SIDE_PX} pixels a side."
        )
    return picture


def _is_plain_png(data: bytes, pixels: Pixels) -> bool:
    """Tell whether the PNG `data` shows exactly `pixels` in any viewer (8-bit, no palette, no rotation)."""
    with PILImage.open(io.BytesIO(data)) as image:
        if (
            image.mode not in {"L", "RGB", "RGBA"}
            or getattr(image, "n_frames", 1) > 1
            or "exif" in image.info
        ):
            return False
        return image.size == (pixels.shape[1], pixels.shape[0])
