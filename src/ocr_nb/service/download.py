"""An image from a URL, with limits: 20 s, 50 MB, 3 redirects, each hop checked.

In: an `http` or `https` address; out: bytes and a name. Where addresses are checked, a name is looked up
once, what it stands for is checked too, and exactly that is asked. Knows no image format and no service.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import urllib.parse
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

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
        check: called with each address before it is asked, redirects included, and with the same address
            for each number that its name stands for; None allows all. Hosts that run strangers' notebooks
            pass `refuse_private`.

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
        is_inside = _is_inside(ipaddress.ip_address(url.host))
    except ValueError:
        is_inside = url.host == "localhost" or url.host.endswith((".localhost", ".local", ".internal"))
    if is_inside:
        raise ImageError(f"{_shown(str(url))} lies inside this machine's network and is not fetched here.")


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether a number is no public one, also where it is an older number in new clothes."""
    if isinstance(address, ipaddress.IPv6Address):
        older = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            older = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if older is not None:
            return _is_inside(older)
    return not address.is_global or address.is_multicast


_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Numbers of version 4 for networks that speak only version 6 (RFC 6052)."""


async def _follow(client: httpx.AsyncClient, url: httpx.URL, check: Check | None) -> tuple[bytes, str]:
    for _ in range(MOST_REDIRECTS + 1):
        _check_address(url)
        target, options = (url, {}) if check is None else await _pinned(url, check)
        async with client.stream(
            "GET", target, timeout=PATIENCE, follow_redirects=False, **options
        ) as answer:
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


async def _pinned(url: httpx.URL, check: Check) -> tuple[httpx.URL, dict[str, Any]]:
    """Check an address and all that its name stands for; return it by number, to be asked in its name.

    Asked by number, so that the name cannot stand for something else a moment later.
    """
    check(url)
    if _is_number(url.host):
        return url, {}
    numbers = await _numbers_of(url.host, url.port or url.scheme)
    for number in numbers:
        check(url.copy_with(host=number))
    options = {"headers": {"Host": url.netloc.decode("ascii")}, "extensions": {"sni_hostname": url.host}}
    return url.copy_with(host=numbers[0]), options


async def _numbers_of(host: str, port: int | str) -> list[str]:
    """Return what a name stands for, without zones, none twice."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise ImageError(f"{host} cannot be looked up ({error.strerror}): check the address.") from error
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


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
