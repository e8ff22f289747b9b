"""Who may ask at all, and what is written down about it.

A page of any site can make a browser call 127.0.0.1: through a name that it points there (so `Host` is
checked) or by a plain form (so a foreign `Origin` is refused). The access log has method, resource, status,
bytes and milliseconds; no ids, tokens, addresses or anything else a client wrote.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .options import ServerOptions
from .problems import Refused
from .routing import find_resource

log = logging.getLogger("ocr_nb.server.access")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def check_host(request: Request, options: ServerOptions) -> None:
    """Accept `localhost`, plain addresses (no name can be rebound to them) and the named hosts.

    Raises:
        Refused: 400, the `Host` header is missing or names something else.
    """
    host = _host_name(request.headers.get("host", ""))
    allowed = {"localhost", *(name.lower() for name in options.allowed_hosts)}
    if host and (host in allowed or _is_address(host)):
        return
    raise Refused(
        400,
        "The Host header names no host of this server: call it by its address or localhost, or start it "
        "with --allow-host.",
    )


def check_origin(request: Request, options: ServerOptions) -> None:
    """Refuse a browser page of another site; programs send no `Origin`.

    Raises:
        Refused: 403, the origin is neither this server nor a named one.
    """
    origin = request.headers.get("origin")
    if origin is None or origin in options.cors_origins:
        return
    if urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower():
        return
    raise Refused(403, "Pages of other sites may not call this server: start it with --cors ORIGIN.")


def _host_name(host: str) -> str:
    """Return the name without port and brackets, in lower case; empty when malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class AccessLog:
    """ASGI middleware: one line an answer on the logger `ocr_nb.server.access`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, size = time.perf_counter(), 0, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            resource = find_resource(scope["path"])
            name = resource.name if resource else "(unknown path)"
            method = scope["method"] if scope["method"] in METHODS else "(other)"
            milliseconds = (time.perf_counter() - started) * 1000
            log.info("%s %s %s %d bytes %.0f ms", method, name, status or "aborted", size, milliseconds)
