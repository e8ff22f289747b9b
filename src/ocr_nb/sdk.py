"""Lend credentials to the vendor's own Python SDK, whose 24.11 release cannot log in by itself.

In: the credentials this package finds; out: a `Configuration` of `aspose_ocr_cloud` with host and token set,
which asks for a new token when the old one ages. The SDK is imported only here and only when called.
"""

from __future__ import annotations

import importlib
import threading
import time
from typing import Any

from .credentials import Credentials
from .errors import CredentialsRefused, SettingsError
from .service.auth import Token, fetch_token
from .service.cloud.addresses import credentials_for, is_at_home, normal_address, token_address
from .service.wire_names import PUBLIC_PREFIX
from .settings import Settings


def official_sdk_configuration(
    base_url: str | None = None,
    *,
    credentials: Credentials | None = None,
    settings: Settings | None = None,
) -> Any:
    """Return a ready `aspose_ocr_cloud.Configuration` (SDK 24.11; install `aspose-ocr-cloud` yourself).

    Pass it to `aspose_ocr_cloud.ApiClient(configuration)`. Its `access_token` is asked for when it is first
    needed and replaced before it expires; its repr shows no token.

    Args:
        base_url: as for `CloudService`.
        credentials: as for `CloudService`; without any, a server that needs none can be used.
        settings: None reads the environment.

    Raises:
        SettingsError: the SDK is not installed, or is of another kind than 24.11.
        CredentialsRefused: the vendor's service needs credentials and there are none.
    """
    known = settings or Settings.from_environment()
    address = normal_address(base_url or known.base_url)
    found = credentials_for(address, known, credentials)
    if found is None and is_at_home(address):
        raise CredentialsRefused(
            "No credentials were found: set OCR_NB_CLIENT_ID and OCR_NB_CLIENT_SECRET, or see "
            "`ocr-nb doctor` for the other places."
        )
    if not address.endswith(PUBLIC_PREFIX):
        raise SettingsError(
            f"The SDK adds {PUBLIC_PREFIX} to the host by itself, so {address} cannot be used with it."
        )
    source = TokenSource(found, token_address(address, known)) if found else None
    return _configuration_class()(address.removesuffix(PUBLIC_PREFIX), source)


class TokenSource:
    """A token that stays fresh; safe to ask from several threads."""

    def __init__(self, credentials: Credentials, token_url: str) -> None:
        self._credentials = credentials
        self._token_url = token_url
        self._token: Token | None = None
        self._lock = threading.Lock()

    def current(self) -> str:
        """Return a token that is valid for another minute, asking for a new one when needed."""
        ready = self._credentials.access_token
        if self._credentials.client_id is None and ready is not None:
            return ready.reveal()
        with self._lock:
            if self._token is None or time.monotonic() >= self._token.refresh_at:
                self._token = fetch_token(self._credentials, self._token_url)
            return self._token.secret.reveal()


def _configuration_class() -> Any:
    try:
        sdk = importlib.import_module("aspose_ocr_cloud")
    except ImportError as error:
        raise SettingsError(
            "The vendor's SDK is not installed: pip install aspose-ocr-cloud==24.11.0."
        ) from error

    class LentConfiguration(sdk.Configuration):  # type: ignore[name-defined,misc]
        """The SDK's configuration with a token that is asked for when it is needed."""

        def __init__(self, host: str, source: TokenSource | None) -> None:
            self._source = source
            super().__init__(host=host)

        @property
        def access_token(self) -> str | None:
            """The token, as the SDK reads it before each request."""
            return self._source.current() if self._source else None

        @access_token.setter
        def access_token(self, value: str | None) -> None:
            """Ignore what the SDK's own constructor sets: the source decides."""

        def __deepcopy__(self, memo: dict[int, Any]) -> Any:
            """Return a configuration that shares the source: secrets are not copied."""
            return type(self)(self.host, self._source)

        def __repr__(self) -> str:
            return f"LentConfiguration({self.host!r})"

    return LentConfiguration
