"""One request, one answer: sent with the token, counted, paced, repeated only where that is harmless.

In: a method, a path, a body; out: an `Answer`, or an error of ours that says what happened. A POST is
repeated only when nothing of it was accepted: no connection, 429, 503. Waits for no task.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import stamina

from ...errors import (
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    ServiceUnreachable,
    UnreadableAnswer,
)
from ..auth import TOKEN_PURPOSE
from ..meter import Meter
from ..pace import Pace
from ..retry_after import retry_after
from .addresses import is_on_this_machine

log = logging.getLogger(__name__)
# Without a handler of anybody's, stamina's bare "retry_scheduled" would appear in the cell that asked.
logging.getLogger("stamina").addHandler(logging.NullHandler())

USER_AGENT = "ocr_nb"
LONGEST_PAUSE = 120.0
"""Seconds: a service that says “come back” later than this gets no further request for now."""
_LARGEST_ANSWER = 512 * 2**20
_TIMEOUTS = httpx.Timeout(connect=10.0, read=60.0, write=60.0, pool=60.0)
_BUSY = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
_CONNECTIONS = 8
"""At once: requests are short beside the tasks they are about, and more connections only cost more."""
_KEEP_IDLE = 4.0
"""Seconds an idle connection is used again: servers commonly close it after 5, and a POST that meets a
closing connection has an unknown outcome."""
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end."""

    status: int
    content: bytes = field(repr=False)
    content_type: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What to send. The body may be iterated several times: it is sent anew after a 401."""

    method: str
    path: str
    """Below the base address."""
    params: Mapping[str, str] = field(default_factory=dict)
    part: tuple[str, tuple[str, bytes, str]] | None = field(default=None, repr=False)
    """A multipart part: name, then file name, bytes and content type."""
    body: AsyncBody | None = field(default=None, repr=False)
    """A JSON body."""
    needs_token: bool = True

    @property
    def is_repeatable(self) -> bool:
        """Tell whether sending it twice does no harm."""
        return self.method != "POST"


class AsyncBody:
    """A body of known length, produced piece by piece each time it is sent."""

    def __init__(self, length: int, pieces: Callable[[], AsyncIterator[bytes]]) -> None:
        self.length = length
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces()


class _Failed(Exception):
    """One attempt failed: with which error, and whether another attempt does no harm."""

    def __init__(self, error: ServiceError, *, again: bool | float = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.again = again


class Exchange:
    """The connection to one service; opens when first used."""

    def __init__(
        self,
        base_url: str,
        auth: httpx.Auth | None,
        *,
        meter: Meter,
        pace: Pace,
        attempts: int = 5,
        transport: Any = None,
    ) -> None:
        self.base_url = base_url
        self.attempts = attempts
        self.meter = meter
        self.pace = pace
        self._auth = auth
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send and return the answer, whatever its status but 429 and 503, which are waited out.

        Raises:
            ServiceUnreachable: no connection, or the service stayed unavailable.
            RateLimited: too many requests, to the last attempt.
            OutcomeUnknown: a POST was cut off after some of it had been sent.
            CredentialsRefused, BudgetExceeded: nothing was sent.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_pause_after,
                attempts=self.attempts,
                timeout=2 * LONGEST_PAUSE,
                wait_initial=0.5,
                wait_max=8.0,
                wait_jitter=0.5,
            ):
                with attempt:
                    return await self._send_once(outgoing)
        except _Failed as failed:
            failure = failed.error
        # Outside the handler, so that the reader sees one error and its cause, not the bookkeeping between.
        raise failure

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send_once(self, outgoing: Outgoing) -> Answer:
        await self.pace.pass_gate()
        self.meter.spend()
        try:
            answer = await self._transmit(outgoing)
        except httpx.HTTPError as error:
            _forget_locals(error)
            raise self._failure(error, outgoing) from None
        except ServiceError as error:  # of the token flow: the request itself was not sent
            self.meter.refund()
            if isinstance(error, RateLimited):
                self.pace.slow_down(error.retry_after)
                raise _Failed(error, again=_again(error.retry_after)) from None
            if isinstance(error, UnreadableAnswer):
                raise _Failed(ServiceUnreachable(str(error))) from None
            raise
        if answer.status in _BUSY:
            seconds = retry_after(answer.headers.get("retry-after"))
            self.pace.slow_down(seconds)
            raise _Failed(_busy(answer.status, seconds), again=_again(seconds))
        self.pace.went_well()
        return answer

    async def _transmit(self, outgoing: Outgoing) -> Answer:
        client = self._open()
        request = self._request(client, outgoing)
        auth = self._auth if outgoing.needs_token else None
        response = await client.send(request, auth=auth, stream=True, follow_redirects=False)
        try:
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > _LARGEST_ANSWER:
                    raise _Failed(
                        UnreadableAnswer(
                            f"The answer to {outgoing.method} {outgoing.path} is larger than "
                            f"{_LARGEST_ANSWER >> 20} MiB."
                        )
                    )
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, bytes(content), headers.get("content-type", ""), headers)

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_CONNECTIONS,
                keepalive_expiry=_KEEP_IDLE,
            )
            self._client = httpx.AsyncClient(
                transport=self._transport,
                timeout=_TIMEOUTS,
                limits=limits,
                # A proxy of the environment has no business with what stays on this machine.
                trust_env=not is_on_this_machine(self.base_url),
                headers={"User-Agent": USER_AGENT},
            )
        return self._client

    def _request(self, client: httpx.AsyncClient, outgoing: Outgoing) -> httpx.Request:
        headers = {"Accept": "application/json"}
        if outgoing.method == "POST":
            headers["Accept"] = "text/plain"
        content = None
        if outgoing.body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(outgoing.body.length)}
            content = outgoing.body
        return client.build_request(
            outgoing.method,
            f"{self.base_url}/{outgoing.path}",
            params=dict(outgoing.params) or None,
            content=content,
            files=dict([outgoing.part]) if outgoing.part else None,
            headers=headers,
        )

    def _failure(self, error: httpx.HTTPError, outgoing: Outgoing) -> _Failed:
        """Say what a failure of the transport means, and take the call back if nothing was sent."""
        asked = getattr(error, "_request", None)
        in_token_flow = asked is not None and asked.extensions.get("purpose") == TOKEN_PURPOSE
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        if in_token_flow or isinstance(error, _NOTHING_SENT):
            self.meter.refund()
            where = "The token endpoint" if in_token_flow else self.base_url
            failure = ServiceUnreachable(
                f"{where} cannot be reached ({reason}): check the connection and the address."
            )
            failure.__cause__ = error
            return _Failed(failure, again=True)
        if outgoing.is_repeatable:
            cut = ServiceUnreachable(
                f"The answer of {self.base_url} broke off ({reason}): check the connection and ask again."
            )
            cut.__cause__ = error
            return _Failed(cut, again=True)
        unknown = OutcomeUnknown(
            f"The connection broke off while the request was on its way ({reason}): the service may have "
            "accepted it, so it is not sent again unless you ask for that."
        )
        unknown.__cause__ = error
        return _Failed(unknown)


def _pause_after(error: Exception) -> bool | float:
    """Tell stamina whether to try again, and after how many seconds where the service said so."""
    return error.again if isinstance(error, _Failed) else False


def _again(seconds: float | None) -> bool | float:
    """Follow Retry-After up to `LONGEST_PAUSE`; beyond it nobody waits. Zero still lets others go first."""
    if seconds is None:
        return True
    return max(seconds, 0.05) if seconds <= LONGEST_PAUSE else False


def _busy(status: int, seconds: float | None) -> ServiceError:
    when = "later" if seconds is None else f"in {seconds:.0f} s"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimited(f"The service says: too many requests. Try again {when}.", retry_after=seconds)
    return ServiceUnreachable(f"The service is not available at the moment (status 503): try again {when}.")


def _forget_locals(error: BaseException | None) -> None:
    """Clear the frames of an error and its causes: the transport's hold headers and forms, token and all."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
