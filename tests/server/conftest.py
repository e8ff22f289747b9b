"""A server in this process over a service that works when told, and a client that calls it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import numpy as np
import pytest

from ocr_nb.images import encode_png
from ocr_nb.server.app import make_app
from ocr_nb.server.options import ServerOptions
from ocr_nb.server.tokens import TokenDesk
from stepwise import WorksStepwise

ADDRESS = "http://127.0.0.1:8765"


@pytest.fixture
def image() -> bytes:
    """A PNG of 12 × 8 pixels with a dark bar."""
    pixels = np.full((8, 12, 3), 255, dtype=np.uint8)
    pixels[3:5, 2:10] = (20, 40, 60)
    return encode_png(pixels)


@pytest.fixture
def image64(image: bytes) -> str:
    """The same in Base64."""
    return base64.b64encode(image).decode()


@pytest.fixture
def service(clock: Any) -> WorksStepwise:
    """The service behind the server; finishes tasks when they are asked for, unless told otherwise."""
    return WorksStepwise(clock.now, at_once=True)


@pytest.fixture
async def serve(clock: Any, service: WorksStepwise) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """A function that serves `service` with the given options and returns a client of that server."""
    clients: list[httpx.AsyncClient] = []

    def start(*, tokens: TokenDesk | None = None, shared: bool = True, **options: Any) -> httpx.AsyncClient:
        app = make_app(
            service,
            ServerOptions(**options),
            store=service.store if shared else None,
            tokens=tokens,
            now=clock.now,
            sleep=clock.sleep,
        )
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS))
        return clients[-1]

    yield start
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(serve: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client of a server with the default options."""
    return serve()
