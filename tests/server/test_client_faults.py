"""Our client against every row of the fault script: what is sent again, what is not, what the user reads."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from ocr_nb.credentials import Credentials
from ocr_nb.errors import OutcomeUnknown, RequestRefused
from ocr_nb.server.app import make_app
from ocr_nb.server.faults import FAULTS, Fault, FaultScript
from ocr_nb.server.options import ServerOptions
from ocr_nb.server.tokens import TokenDesk
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.protocol import OcrRequest, Operation, TaskReport, TaskStatus
from ocr_nb.settings import Secret
from server.running import listening
from stepwise import WorksStepwise

CREDENTIALS = Credentials.of("my-id", "my-secret")
DESK = TokenDesk("my-id", Secret("my-secret"), strict=True)


class Counted:
    """An application that counts the requests it gets, by method and last part of the path."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app
        self.requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = "token" if scope["path"].endswith("token") else scope["method"]
            self.requests[name] += 1
        await self._app(scope, receive, send)


@contextmanager
def faulty(*rules: Fault) -> Iterator[tuple[CloudService, WorksStepwise, Counter[str]]]:
    """A client of a strict server with these faults, the service behind it, and the count of requests."""
    service = WorksStepwise(time.time, at_once=True)
    options = ServerOptions(strict=True, faults=FaultScript(rules))
    app = Counted(make_app(service, options, store=service.store, tokens=DESK))
    with listening(app) as base:
        yield CloudService(base, credentials=CREDENTIALS), service, app.requests


async def ask(client: CloudService, image: bytes) -> TaskReport:
    """Submit, then fetch the final report."""
    try:
        task_id = await client.submit(OcrRequest(Operation.UPSAMPLE, image))
        return await client.fetch(task_id)
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    ("fault", "posts", "gets", "tokens"),
    [
        (Fault("slow", at=(1,), seconds=0.2), 1, 1, 1),
        (Fault("expired_token", on="POST Im*", at=(1,)), 2, 1, 2),
        (Fault("expired_token", on="GET *", at=(1,)), 1, 2, 2),
        (Fault("too_many", on="POST Im*", at=(1,), retry_after=0), 2, 1, 1),
        (Fault("too_many", on="GET *", at=(1,), retry_after=0), 1, 2, 1),
        (Fault("server_error", on="POST Im*", at=(1,), status=503), 2, 1, 1),
        (Fault("server_error", on="GET *", at=(1,), status=503), 1, 2, 1),
        (Fault("reset", on="GET *", at=(1,)), 1, 2, 1),
        (Fault("truncated", on="GET *", at=(1,)), 1, 2, 1),
        (Fault("wrong_type", on="POST Im*"), 1, 1, 1),
        (Fault("wrong_type", on="GET *"), 1, 1, 1),
    ],
    ids=lambda value: f"{value.do} {value.on}" if isinstance(value, Fault) else None,
)
async def test_what_can_be_mended_is_mended_and_submitted_once(
    image: bytes, fault: Fault, posts: int, gets: int, tokens: int
) -> None:
    """The report comes, from as many requests as that takes and one accepted task."""
    with faulty(fault) as (client, service, requests):
        report = await ask(client, image)

    assert TaskStatus.COMPLETED is report.status
    assert (posts, gets, tokens, 1) == (
        requests["POST"], requests["GET"], requests["token"], len(service.requests),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        (Fault("reset", on="POST Im*", at=(1,)), 0),
        (Fault("reset", on="POST Im*", at=(1,), done=True), 1),
        (Fault("truncated", on="POST Im*", at=(1,)), 1),
        (Fault("server_error", on="POST Im*", at=(1,), status=502), 0),
    ],
    ids=lambda value: f"{value.do} {value.done}" if isinstance(value, Fault) else None,
)
async def test_a_post_that_may_have_been_accepted_is_never_sent_twice(
    image: bytes, fault: Fault, accepted: int
) -> None:
    """The user reads that nobody knows; asking again sends nothing either."""
    with faulty(fault) as (client, service, requests):
        with pytest.raises(OutcomeUnknown, match="not sent again"):
            await ask(client, image)
        with pytest.raises(OutcomeUnknown, match=re.escape("resume(resend_unknown=True)")):
            await ask(client, image)

    assert (1, accepted) == (requests["POST"], len(service.requests))


async def test_a_server_error_is_told_and_may_be_tried_again_by_the_user(image: bytes) -> None:
    """With 500 the service says itself that it took nothing, so the same request may be made again."""
    with faulty(Fault("server_error", on="POST Im*", at=(1,))) as (client, service, requests):
        with pytest.raises(RequestRefused, match=r"failed with status 500.*Try again later"):
            await ask(client, image)
        again = await ask(client, image)

    assert (TaskStatus.COMPLETED, 2, 1) == (again.status, requests["POST"], len(service.requests))


async def test_a_lost_result_is_a_failed_task_that_says_so(image: bytes) -> None:
    """Not an empty success."""
    with faulty(Fault("lost_result", on="GET *")) as (client, _, _):
        report = await ask(client, image)

    assert TaskStatus.FAILED is report.status
    assert "lost" in " ".join(report.messages)


async def test_too_many_slows_all_requests_and_not_one(image: bytes) -> None:
    """After a 429 with a second to wait, none of three parallel requests comes sooner."""
    with faulty(Fault("too_many", on="POST Im*", at=(1,), retry_after=1)) as (client, service, requests):
        started = time.monotonic()
        await asyncio.gather(
            *(client.submit(OcrRequest(Operation.UPSAMPLE, image + bytes([number]))) for number in range(3))
        )
        seconds = time.monotonic() - started
        await client.aclose()

    assert seconds >= 1.0
    assert (3, 4) == (len(service.requests), requests["POST"])


def test_every_fault_is_tried() -> None:
    """A new fault gets its row here."""
    text = Path(__file__).read_text()
    assert all(f'Fault("{name}"' in text for name in FAULTS)
