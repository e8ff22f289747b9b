"""An image from a URL, with limits: 20 s, 50 MB, 3 redirects, each hop checked.

In: an `http` or `https` address; out: bytes and a name. Knows no image format and no service.
"""

from __future__ import annotations

import asyncio
import ipaddress
import urllib.parse
from collections.abc import Callable
from pathlib import PurePosixPath

import httpx

from ..errors import ImageError

PATIENCE = 20.0
"""Seconds for the whole download, redirects included."""
MOST_BYTES = 50_000_000
MOST_REDIRECTS = 3

Check = Callable[[httpx.URL], None]
"""Raises `ImageError` for an address that must not be asked."""


async def download_image(
    url: str, *, client: httpx.AsyncClient | None = None, check: Check | None = None
) -> tuple[bytes, str]:
    """Fetch `url`; return the bytes and the file's name.

    Args:
        url: `http://…` or `https://…`; credentials in it are refused.
        client: asks; by default one of its own, which takes proxies from the environment.
        check: called with each address before it is asked, redirects included; None allows all. Hosts that
            run strangers' notebooks pass `refuse_private`.

    Raises:
        ImageError: it cannot be had, is too large, takes too long or is redirected too often.
    """
    own = client is None
    asking = client or httpx.AsyncClient(follow_redirects=False)
    try:
        return await asyncio.wait_for(_follow(asking, httpx.URL(url), check), PATIENCE)
    except TimeoutError as error:
        raise ImageError(
            f"{_shown(url)} was not downloaded within {PATIENCE:g} s: try again, or save the image and "
            "give its path."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise ImageError(
            f"{_shown(url)} cannot be downloaded ({reason}): check the address and the network."
        ) from error
    finally:
        if own:
            await asking.aclose()


def is_url(image: object) -> bool:
    """Tell whether `image` is a web address."""
    return isinstance(image, str) and image[:8].lower().startswith(("http://", "https://"))


def refuse_private(url: httpx.URL) -> None:
    """Refuse addresses inside the host's own network, by number or by the name `localhost`."""
    try:
        address = ipaddress.ip_address(url.host)
        is_inside = not address.is_global
    except ValueError:
        is_inside = url.host == "localhost" or url.host.endswith((".localhost", ".local", ".internal"))
    if is_inside:
        raise ImageError(f"{_shown(str(url))} lies inside this machine's network and is not fetched here.")


async def _follow(client: httpx.AsyncClient, url: httpx.URL, check: Check | None) -> tuple[bytes, str]:
    for _ in range(MOST_REDIRECTS + 1):
        _check_address(url)
        if check is not None:
            check(url)
        async with client.stream("GET", url, timeout=PATIENCE, follow_redirects=False) as answer:
            if answer.is_redirect:
                url = url.join(answer.headers.get("location", ""))
                continue
            if answer.status_code != httpx.codes.OK:
                raise ImageError(
                    f"{_shown(str(url))} answered {answer.status_code} {answer.reason_phrase}: "
                    "check the address."
                )
            return await _read(answer, str(url)), name_of(str(url))
    raise ImageError(
        f"{_shown(str(url))} was reached by more than {MOST_REDIRECTS} redirects: give the last address."
    )


def _check_address(url: httpx.URL) -> None:
    if url.scheme not in {"http", "https"} or not url.host:
        raise ImageError(f"{_shown(str(url))} is not a web address: give http://… or https://….")
    if url.userinfo:
        raise ImageError(f"The address at {url.host} contains a user name: save the image and give its path.")


async def _read(answer: httpx.Response, url: str) -> bytes:
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise ImageError(_TOO_LARGE.format(_shown(url), int(declared) / 1e6, MOST_BYTES / 1e6))
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > MOST_BYTES:
            raise ImageError(_TOO_LARGE.format(_shown(url), len(data) / 1e6, MOST_BYTES / 1e6))
    return bytes(data)


_TOO_LARGE = "{} has {:.0f} MB or more, over the limit of {:.0f} MB: shrink the image, or give its path."


def _shown(url: str) -> str:
    """Return the address without query and user, which may hold secrets."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}" if host else url.partition("?")[0]


def name_of(url: str) -> str:
    """Return the last part of the address's path, unquoted, else its host."""
    parts = urllib.parse.urlsplit(url)
    return PurePosixPath(urllib.parse.unquote(parts.path)).name or parts.hostname or "image"
