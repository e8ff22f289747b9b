"""Where the service is, where its tokens are, and which credentials belong there."""

from __future__ import annotations

import urllib.parse

from ...credentials import Credentials, check_address, find_credentials, is_loopback
from ...errors import SettingsError
from ...settings import DEFAULT_BASE_URL, DEFAULT_TOKEN_URL, Settings
from ..wire_names import PUBLIC_PREFIX, TOKEN_PATH


def normal_address(url: str) -> str:
    """Return the base address without a slash at its end; a bare host gets the public prefix.

    Raises:
        SettingsError: it is no http(s) address, or holds a password or a query.
    """
    parts = urllib.parse.urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{url!r} is not the address of a service: give https://HOST[/v5.0/ocr].")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(
            f"The address of {parts.hostname} holds more than host and path: give credentials apart."
        )
    path = parts.path.rstrip("/") or PUBLIC_PREFIX
    return f"{parts.scheme}://{parts.netloc}{path}"


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what may share a secret."""
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, (parts.hostname or "").lower(), port


def is_at_home(base_url: str) -> bool:
    """Tell whether this is the vendor's own address."""
    return origin(base_url) == origin(DEFAULT_BASE_URL)


def is_on_this_machine(base_url: str) -> bool:
    """Tell whether the service runs on this machine, where calls cost nothing."""
    return is_loopback(urllib.parse.urlsplit(base_url).hostname or "")


def credentials_for(base_url: str, settings: Settings, given: Credentials | None) -> Credentials | None:
    """Return the credentials to use at `base_url`; None when there are none for it.

    Those that were not given for this very service are used only at the address the settings name: a
    secret meant for one service is not shown to another.

    Raises:
        SettingsError: a source is malformed, or the secret would travel in the clear.
    """
    if given is None and origin(base_url) != origin(settings.base_url):
        return None
    found = find_credentials(settings, given)
    if found is not None:
        check_address(base_url)
    return found


def token_address(base_url: str, settings: Settings) -> str:
    """Return where tokens come from: the settings' address if one was set, else the service's own host."""
    if settings.token_url != DEFAULT_TOKEN_URL or is_at_home(base_url):
        return settings.token_url
    parts = urllib.parse.urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}{TOKEN_PATH}"
