"""Request bodies that are made while they are sent, so that a large image is not in memory three times."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

from ..protocol import OcrRequest
from ..wire import encode_settings
from ..wire_names import UPLOAD_PART
from .exchange import AsyncBody

_PIECE = 3 * 2**16
"""Bytes of the image a piece; a multiple of 3, so that the pieces' Base64 can be put end to end."""
_MAGIC = (
    (b"\x89PNG", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"GIF8", "image/gif", "gif"),
    (b"BM", "image/bmp", "bmp"),
    (b"II*\x00", "image/tiff", "tif"),
    (b"MM\x00*", "image/tiff", "tif"),
    (b"RIFF", "image/webp", "webp"),
    (b"%PDF", "application/pdf", "pdf"),
)


def json_body(request: OcrRequest) -> AsyncBody:
    """Return the JSON body of the current generation, as `wire.encode_request` defines it."""
    tail = b'"}'
    if not request.operation.is_filter:
        settings = encode_settings(request.operation, request.settings)
        tail = b'", "settings": ' + json.dumps(settings).encode() + b"}"
    head = b'{"image": "'
    length = len(head) + 4 * ((len(request.data) + 2) // 3) + len(tail)

    async def pieces() -> AsyncIterator[bytes]:
        yield head
        view = memoryview(request.data)
        for start in range(0, len(view), _PIECE):
            yield base64.b64encode(view[start : start + _PIECE])
        yield tail

    return AsyncBody(length, pieces)


def multipart_part(request: OcrRequest) -> tuple[str, tuple[str, bytes, str]]:
    """Return the one part of the documented generation: the name is neutral, the type from the bytes.

    The user's file name stays here: it says more than the service needs to know.
    """
    for magic, content_type, suffix in _MAGIC:
        if request.data.startswith(magic):
            return UPLOAD_PART, (f"image.{suffix}", request.data, content_type)
    return UPLOAD_PART, ("image", request.data, "application/octet-stream")
