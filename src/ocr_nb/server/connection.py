"""A uvicorn connection that can be broken on purpose: reset at once, or closed in the middle of an answer.

ASGI has no word for either, so the connection offers one in `scope["extensions"]`. Used by faults only.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "ocr_nb.connection"
_LINGER_ZERO = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: the kernel answers with RST instead of an orderly end (socket(7))."""

_GONE_S = 10.0
"""Seconds a client may take to read what was written before it was cut off."""


class BreakableProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, plus `scope["extensions"]["ocr_nb.connection"]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner: ASGIApp = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope.setdefault("extensions", {})[EXTENSION] = self
            await inner(scope, receive, send)

        self.app = with_connection

    def reset(self) -> None:
        """End the connection with a TCP reset; what was not yet sent is lost."""
        raw: socket.socket | None = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()

    def hang_up(self) -> None:
        """End the connection in order after what was written, however much was announced."""
        self.transport.close()


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection of a request and wait until it is gone.

    Raises:
        ConnectionResetError: there is no connection to break (the application is called in-process).
    """
    connection = scope.get("extensions", {}).get(EXTENSION)
    if not isinstance(connection, BreakableProtocol):
        raise ConnectionResetError("The fault script resets this connection.")
    connection.reset()
    await _gone(receive)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection after what was written, and wait until it is gone.

    Raises:
        ConnectionAbortedError: there is no connection to break (the application is called in-process).
    """
    connection = scope.get("extensions", {}).get(EXTENSION)
    if not isinstance(connection, BreakableProtocol):
        raise ConnectionAbortedError("The fault script ends this answer early.")
    connection.hang_up()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_GONE_S):
            while (await receive())["type"] != "http.disconnect":
                continue
