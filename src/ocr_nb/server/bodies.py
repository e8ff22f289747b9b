"""Take a request's body off the wire within its limits, and read the two forms it may have.

Limits are bytes and seconds; what goes over is refused with 413 or 408. Nothing is written to disk here and
no file name of a client's is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from ..images import exceeds_pixels
from ..service import wire
from ..service.protocol import OcrRequest, Operation
from ..service.wire_names import UPLOAD_PART
from .multipart import MalformedForm, parse_multipart
from .options import MEBIBYTE, ServerOptions
from .problems import Refused

DRAIN_BYTES = 64 * MEBIBYTE
"""How much of a refused body is read and thrown away: a client that writes all before it reads would
otherwise see a reset connection where the answer is 413."""

SMALL_BODY = 4 * MEBIBYTE
LARGE_AT_ONCE = 4
"""Bodies over `SMALL_BODY` that are taken in at a time: decoding needs some three times their size. Measured:
with eight uploads of 59 MiB at once the process peaks at 530 MB."""


class Intake:
    """Lets large bodies, and those of unknown length, in a few at a time; small ones never wait."""

    def __init__(self, places: int = LARGE_AT_ONCE) -> None:
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self, request: Request) -> AsyncIterator[None]:
        """Hold a place while the body is read and decoded."""
        length = request.headers.get("content-length", "")
        chunked = "transfer-encoding" in request.headers
        if not chunked and (not length.isdigit() or int(length) <= SMALL_BODY):
            yield
            return
        async with self._places:
            yield


async def read_body(request: Request, options: ServerOptions) -> bytes:
    """Return the whole body.

    Raises:
        Refused: 413 over `max_body`; 408 when nothing comes for `idle_s` seconds, or not all in `longest_s`.
        ClientDisconnect: the client went away.
    """
    try:
        async with asyncio.timeout(options.longest_s):
            return await _read_body(request, options)
    except TimeoutError as error:
        raise _too_slow(f"The body was not here after {options.longest_s:g} s") from error


async def _read_body(request: Request, options: ServerOptions) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > options.max_body:
        if "expect" not in request.headers:
            await _drain(request, options)
        raise _too_large(options)
    body, over = bytearray(), False
    stream = request.stream()
    while not over:
        chunk = await _next_chunk(stream, options.idle_s)
        if chunk is None:
            return bytes(body)
        over = len(body) + len(chunk) > options.max_body
        if not over:
            body += chunk
    await _drain(request, options)
    raise _too_large(options)


async def _next_chunk(stream: AsyncGenerator[bytes, None], idle_s: float) -> bytes | None:
    try:
        async with asyncio.timeout(idle_s):
            return await anext(stream, None)
    except TimeoutError as error:
        raise _too_slow(f"No byte came for {idle_s:g} s") from error


async def _drain(request: Request, options: ServerOptions) -> None:
    thrown = 0
    try:
        async with asyncio.timeout(options.idle_s):
            while thrown < DRAIN_BYTES:
                message = await request.receive()
                thrown += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _too_slow(what: str) -> Refused:
    return Refused(408, f"{what}: send it again.", headers={"Connection": "close"})


def _too_large(options: ServerOptions) -> Refused:
    return Refused(
        413,
        f"The body is over the limit of {options.max_body / MEBIBYTE:g} MiB: shrink the image or cut it.",
        headers={"Connection": "close"},
    )


def media_type(request: Request) -> str:
    """Return the type of the body in lower case without parameters; empty when none is stated."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json_request(request: Request, operation: Operation, options: ServerOptions) -> OcrRequest:
    """Read a POST of the current generation.

    Raises:
        Refused: 400, 408, 413 or 415, with the sentence for the client.
    """
    kind = media_type(request)
    if kind not in {"application/json", "text/json"} and not kind.endswith("+json"):
        raise Refused(415, f"The Content-Type is {kind or 'missing'}: send application/json.")
    body = await read_body(request, options)
    if not body:
        raise Refused(400, "The body is empty: send a JSON object with the key 'image'.", field="image")

    def decode() -> OcrRequest:
        try:
            wanted = wire.decode_request(operation, body)
        except wire.MalformedRequest as error:
            raise Refused(400, str(error), field=error.key) from error
        except RecursionError as error:
            raise Refused(400, "The body is nested too deeply.") from error
        _check_pixels(wanted.data, options)
        return wanted

    # On a thread: decoding 64 MiB of Base64 would hold up every other client.
    return await asyncio.to_thread(decode)


async def read_file_request(request: Request, operation: Operation, options: ServerOptions) -> OcrRequest:
    """Read a POST of the documented generation: the part named `file`, whatever else the form holds.

    Raises:
        Refused: 400, 408, 413 or 415, with the sentence for the client.
    """
    kind = media_type(request)
    body = await read_body(request, options)
    if kind != "multipart/form-data" and (kind or body):
        raise Refused(415, f"The Content-Type is {kind or 'missing'}: send multipart/form-data.")

    def decode() -> OcrRequest:
        parts = _parts(request, body) if kind else []
        data = next((data for name, data in parts if name.lower() == UPLOAD_PART), None)
        if data is None:
            raise Refused(
                400, f"There is no part named '{UPLOAD_PART}': send the image in one.", field="file"
            )
        if not data:
            raise Refused(400, "The file is empty (0 bytes): send the image's bytes.", field="file")
        _check_pixels(data, options)
        return OcrRequest(operation, data)

    return await asyncio.to_thread(decode)


def _parts(request: Request, body: bytes) -> list[tuple[str, bytes]]:
    try:
        return parse_multipart(request.headers["content-type"], body)
    except MalformedForm as error:
        raise Refused(400, str(error), field="file") from error


def _check_pixels(data: bytes, options: ServerOptions) -> None:
    if exceeds_pixels(data, options.max_pixels):
        raise Refused(
            413,
            f"The image declares more than {options.max_pixels / 1e6:g} megapixels: cut it into parts or "
            "shrink it first.",
        )
