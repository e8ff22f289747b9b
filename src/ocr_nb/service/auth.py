"""The token flow: a client id and its secret become an access token, sent as Bearer, refreshed in time.

OAuth 2 client credentials (RFC 6749, section 4.4) as an `httpx.Auth`: one refresh at a time, a minute
before expiry, and one replay after a 401. Secrets leave only towards the address that `check_address` allows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import NoReturn

import httpx

from ..credentials import Credentials, check_address, is_loopback
from ..errors import CredentialsRefused, RateLimited, ServiceUnreachable, UnreadableAnswer
from ..settings import Secret
from .retry_after import retry_after
from .wire_json import describe_problem, folded, load_json

TOKEN_PURPOSE = "token"
"""Under the request extension `purpose`: tells a token request from the request it serves."""
_EARLY = 60.0
"""Seconds before expiry from which a new token is asked for: clocks differ, uploads last."""
_SHORTEST_LIFE = 1.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when to replace it."""

    secret: Secret
    refresh_at: float
    """Seconds of the caller's clock; infinity for a token whose life we do not know."""


class TokenAuth(httpx.Auth):
    """Adds the Authorization header to every request that passes."""

    def __init__(
        self,
        credentials: Credentials,
        token_url: str,
        *,
        now: Callable[[], float] = time.monotonic,
        on_token: Callable[[Secret], None] = lambda secret: None,
    ) -> None:
        """Hold `credentials` for a service.

        Args:
            credentials: a ready token is used until it is refused, then id and secret if there are any.
            token_url: where to ask for tokens; https, or http to this machine.
            now: seconds, for the age of tokens.
            on_token: told of every new token, so that logs can mask it.

        Raises:
            SettingsError: the secret would travel in the clear.
        """
        self._credentials = credentials
        self._token_url = check_address(token_url)
        self._now = now
        self._on_token = on_token
        self._lock = asyncio.Lock()
        ready = credentials.access_token
        self._token = Token(ready, float("inf")) if ready else None

    def __repr__(self) -> str:
        return f"TokenAuth({self._credentials!r})"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send `request` with a token; after a 401 once more with a new one."""
        async with self._lock:
            if self._token is None or self._now() >= self._token.refresh_at:
                answer = yield token_request(self._credentials, self._token_url)
                await answer.aread()
                self._keep(answer)
            used = self._token
        assert used is not None
        response = yield self._signed(request, used)
        if response.status_code != httpx.codes.UNAUTHORIZED or self._credentials.client_id is None:
            return
        async with self._lock:
            if self._token is used:  # nobody else has replaced it meanwhile
                answer = yield token_request(self._credentials, self._token_url)
                await answer.aread()
                self._keep(answer)
            fresh = self._token
        assert fresh is not None
        yield self._signed(request, fresh)

    def _keep(self, answer: httpx.Response) -> None:
        self._token = read_token(answer, self._now())
        self._on_token(self._token.secret)

    @staticmethod
    def _signed(request: httpx.Request, token: Token) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {token.secret.reveal()}"
        return request


def token_request(credentials: Credentials, token_url: str) -> httpx.Request:
    """Return the request for a token: a form, as the service documents it."""
    assert credentials.client_secret is not None
    return httpx.Request(
        "POST",
        token_url,
        data={
            "grant_type": "client_credentials",
            "client_id": credentials.client_id or "",
            "client_secret": credentials.client_secret.reveal(),
        },
        headers={"Accept": "application/json"},
        extensions={"purpose": TOKEN_PURPOSE, "timeout": httpx.Timeout(30.0).as_dict()},
    )


def read_token(answer: httpx.Response, now: float) -> Token:
    """Read the answer of the token endpoint.

    Raises:
        CredentialsRefused: the service does not know the client id, or not this secret.
        RateLimited: too many requests.
        ServiceUnreachable: the token endpoint itself fails.
        UnreadableAnswer: it is no token answer.
    """
    if not answer.is_success:
        _refuse(answer)
    try:
        raw = load_json(answer.content)
    except ValueError:
        raw = None  # the parser's error would carry the answer, token and all
    keys = folded(raw) if isinstance(raw, dict) else {}
    # Sealed at once, so that no frame of a traceback holds a plain token.
    secret, life = _sealed(keys.pop("access_token", None)), keys.get("expires_in")
    raw = None
    if secret is None:
        raise UnreadableAnswer(f"The token endpoint {answer.url.host} answered without an access_token.")
    seconds = float(life) if isinstance(life, int | float) and life > 0 else 3600.0
    early = min(_EARLY, seconds / 2)
    return Token(secret, now + max(_SHORTEST_LIFE, seconds - early))


def fetch_token(credentials: Credentials, token_url: str) -> Token:
    """Ask for a token and wait for it, on the calling thread; times are `time.monotonic`'s.

    Raises:
        ServiceError: as `read_token`, or nothing answered.
        SettingsError: the secret would travel in the clear.
    """
    check_address(token_url)
    try:
        # A proxy of the environment has no business with what stays on this machine.
        with httpx.Client(trust_env=not is_loopback(httpx.URL(token_url).host)) as client:
            answer = client.send(token_request(credentials, token_url))
    except httpx.TransportError as error:
        failure = ServiceUnreachable(
            f"The token endpoint {token_url} did not answer ({type(error).__name__})."
        )
    else:
        return read_token(answer, time.monotonic())
    # Outside the handler: the transport's frames hold the form, secret and all.
    raise failure


def _refuse(answer: httpx.Response) -> NoReturn:
    said = describe_problem(answer.content)
    detail = f" ({said})" if said else ""
    status = answer.status_code
    if status in {429, 503}:
        raise RateLimited(
            f"The token endpoint is busy (status {status}): try again later.",
            retry_after=retry_after(answer.headers.get("Retry-After")),
        )
    if status >= 500:
        raise ServiceUnreachable(f"The token endpoint failed with status {status}{detail}: try again later.")
    raise CredentialsRefused(
        f"The service refused the client id and secret with status {status}{detail}: compare them with the "
        "application's page in the dashboard; new ones may need some minutes before they work."
    )


def _sealed(value: object) -> Secret | None:
    return Secret(value) if isinstance(value, str) and value else None
