"""What the server does for each action: read the request, ask the service, say the answer as the vendor does.

In: a Starlette request whose resource and action are known. Out: a response, or `Refused`. Content types are
exact, since older official SDKs compare them literally. Task state is in the body; the status stays 200.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response

from ..errors import (
    CredentialsRefused,
    EngineError,
    ImageError,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    ServiceError,
    SettingsError,
    StoreError,
)
from ..service import wire
from ..service.protocol import (
    OcrRequest,
    OcrService,
    Operation,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ..service.wire_names import JSON_TYPE, PNG_TYPE, TEXT_TYPE
from .bodies import Intake, read_file_request, read_json_request
from .ledger import Ledger
from .openapi import make_document
from .options import ServerOptions
from .problems import Refused, make_json
from .routing import Action, Resource
from .tokens import TokenDesk, issue_token

FACTORS = {"auto": None, "2": 2, "3": 3, "4": 4}
"""`?factor=` of an upsampling POST, an addition of this server that the vendor's ignores."""
RETRY_AFTER_S = 2
"""Seconds after which a client refused by the full queue may try again: a filter takes about one."""
_UNKNOWN = (
    "There is no such task: it was never issued here, was cancelled, or was submitted over 24 hours ago."
)
_BIG = 2**20
"""Bytes of results from which an answer is encoded on a thread, so as not to hold up other clients."""


@dataclass(frozen=True)
class Desk:
    """Everything the handlers need, made once."""

    service: OcrService
    ledger: Ledger
    tokens: TokenDesk
    options: ServerOptions
    now: Callable[[], float] = time.time
    intake: Intake = field(default_factory=Intake)


@dataclass(frozen=True)
class Call:
    """One request whose resource and action are known."""

    request: Request
    resource: Resource
    action: Action
    result_lost: bool = False
    """Whether the fault script has lost the result that is asked for."""


async def handle(call: Call, desk: Desk) -> Response:
    """Do what is asked and return the answer.

    Raises:
        Refused: with the status and the sentence for the client.
    """
    try:
        return await _HANDLERS[call.action](call, desk)
    except RateLimited as error:
        wait = max(1, round(error.retry_after or RETRY_AFTER_S))
        raise Refused(429, str(error), headers={"Retry-After": str(wait)}) from error
    except (SettingsError, ImageError) as error:
        raise Refused(400, str(error)) from error
    except (RequestRefused, CredentialsRefused, OutcomeUnknown) as error:
        # Not 503, after which clients send again: the service behind may have accepted the request.
        raise Refused(502, f"The service behind this server failed: {error}") from error
    except (ServiceError, StoreError, EngineError) as error:
        raise Refused(503, str(error), headers={"Retry-After": str(RETRY_AFTER_S)}) from error


async def _submit_json(call: Call, desk: Desk) -> Response:
    operation = _operation(call)
    _check_queue(desk)
    async with desk.intake.place(call.request):
        wanted = await read_json_request(call.request, operation, desk.options)
    return await _submit(call, desk, wanted)


async def _submit_file(call: Call, desk: Desk) -> Response:
    operation = _operation(call)
    _check_queue(desk)
    async with desk.intake.place(call.request):
        wanted = await read_file_request(call.request, operation, desk.options)
    return await _submit(call, desk, wanted)


async def _submit(call: Call, desk: Desk, wanted: OcrRequest) -> Response:
    if wanted.operation is Operation.UPSAMPLE:
        wanted = replace(wanted, factor=_factor(call.request))
    _check_queue(desk)
    task_id = await desk.service.submit(wanted)
    desk.ledger.remember(task_id, wanted.operation)
    # Version 22 of the Python SDK accepts only the bare type, every later one also the full one.
    agent, accept = (call.request.headers.get(name, "") for name in ("user-agent", "accept"))
    bare = agent.startswith("OpenAPI-Generator/22") and accept == "text/plain"
    return Response(task_id, headers={"Content-Type": "text/plain" if bare else TEXT_TYPE})


def _check_queue(desk: Desk) -> None:
    """Refuse before the body is read and again after: reading takes time, and others submit meanwhile."""
    waiting = desk.ledger.waiting()
    if waiting >= desk.options.queue:
        raise Refused(
            429,
            f"{waiting} tasks are waiting, as many as this server takes: try again later.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )


def _factor(request: Request) -> int | None:
    value = request.query_params.get("factor", "auto")
    if value not in FACTORS:
        raise Refused(400, f"factor cannot be {value[:20]!r}: give {', '.join(FACTORS)}.", field="factor")
    return FACTORS[value]


async def _fetch(call: Call, desk: Desk) -> Response:
    operation = _operation(call)
    report = await _report(call, desk, lambda issued: issued is operation)
    return await _say(report, call)


async def _fetch_any(call: Call, desk: Desk) -> Response:
    return await _say(await _report(call, desk, lambda issued: issued.is_filter), call)


async def _fetch_status(call: Call, desk: Desk) -> Response:
    report = await _report(call, desk, lambda issued: True)
    return make_json(wire.encode_report(report, with_results=False))


async def _fetch_file(call: Call, desk: Desk) -> Response:
    """Answer with the bare PNG, or 204 for whatever reason there is none (yet, or any more)."""
    report = await _report(call, desk, lambda issued: issued.is_filter)
    images = [item.data for item in report.results if item.kind is ResultKind.IMAGE_PNG]
    if report.status is not TaskStatus.COMPLETED or not images or call.result_lost:
        return Response(status_code=204)
    return Response(images[0], headers={"Content-Type": PNG_TYPE})


async def _cancel(call: Call, desk: Desk) -> Response:
    """Take the task back; 200 without a body whether or not there was one."""
    operation, task_id = _operation(call), _task_id(call.request)
    if desk.ledger.operation_of(task_id) in {operation, None}:
        await desk.service.cancel(task_id)
    return Response(b"")


async def _issue_token(call: Call, desk: Desk) -> Response:
    token = await issue_token(call.request, desk.tokens, desk.options, desk.now)
    return make_json(token, headers={"Cache-Control": "no-store"})


async def _describe(call: Call, desk: Desk) -> Response:
    return make_json(make_document(desk.options))


async def _welcome(call: Call, desk: Desk) -> Response:
    identity = await asyncio.to_thread(lambda: desk.service.identity)  # may load an engine
    text = (
        f"ocr_nb speaks version 5.0 of the OCR protocol here, "
        f"with {identity.engine} {identity.engine_version}.\n"
        "Base address: /v5.0/ocr   Access tokens: /connect/token   OpenAPI document: /openapi.json\n"
    )
    return Response(text, headers={"Content-Type": TEXT_TYPE})


async def _report(call: Call, desk: Desk, belongs: Callable[[Operation], bool]) -> TaskReport:
    """Fetch a report; an id issued for something else is unknown here, as each resource has its own tasks."""
    task_id = _task_id(call.request)
    issued = desk.ledger.operation_of(task_id)
    if issued is not None and not belongs(issued):
        return TaskReport(task_id, TaskStatus.UNKNOWN, messages=(_UNKNOWN,))
    report = await desk.service.fetch(task_id)
    if report.status in {TaskStatus.UNKNOWN, TaskStatus.CANCELLED} and not report.messages:
        return replace(report, messages=(_UNKNOWN,))
    return report


async def _say(report: TaskReport, call: Call) -> Response:
    if call.result_lost and report.status is TaskStatus.COMPLETED:
        lost = replace(report, results=(), messages=("The result is lost: submit the image again.",))
        return make_json(wire.encode_report(lost, status_code="ResultDataLost"))
    if sum(len(item.data) for item in report.results) < _BIG:
        return make_json(wire.encode_report(report))
    content = await asyncio.to_thread(lambda: json.dumps(wire.encode_report(report), separators=(",", ":")))
    return Response(content, headers={"Content-Type": JSON_TYPE})


def _task_id(request: Request) -> TaskId:
    """Return `?id=`, whose letter case does not matter to the service.

    Raises:
        Refused: 400, it is missing or empty.
    """
    for name, value in request.query_params.multi_items():
        if name.lower() == "id" and value:
            return TaskId(value)
    raise Refused(400, "The query has no id: ask with ?id= and the id that the POST answered.", field="id")


def _operation(call: Call) -> Operation:
    if call.resource.operation is None:
        raise ValueError(f"{call.resource.name} has no operation of its own.")
    return call.resource.operation


_HANDLERS: dict[Action, Callable[[Call, Desk], Awaitable[Response]]] = {
    Action.SUBMIT_JSON: _submit_json,
    Action.SUBMIT_FILE: _submit_file,
    Action.FETCH: _fetch,
    Action.FETCH_ANY: _fetch_any,
    Action.FETCH_FILE: _fetch_file,
    Action.FETCH_STATUS: _fetch_status,
    Action.CANCEL: _cancel,
    Action.ISSUE_TOKEN: _issue_token,
    Action.DESCRIBE: _describe,
    Action.WELCOME: _welcome,
}
