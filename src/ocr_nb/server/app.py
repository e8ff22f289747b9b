"""The ASGI application: checks who asks, finds what is meant, lets the fault script have its turn, answers.

`make_app` takes any `OcrService`; it knows no engine. With `owns_service` the service is closed when the
server shuts down.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from ..service.protocol import OcrService
from ..service.tasks import TaskStore
from .connection import hang_up, reset_connection
from .faults import Fault, FaultCounter
from .guards import AccessLog, check_host, check_origin
from .handlers import Call, Desk, handle
from .ledger import MemoryLedger, StoreLedger
from .options import ServerOptions
from .problems import Refused, make_refusal, refuse_token
from .routing import Action, Resource, find_resource
from .tokens import TokenDesk, check_authorization

log = logging.getLogger(__name__)
Sleep = Callable[[float], Awaitable[None]]


def make_app(
    service: OcrService,
    options: ServerOptions | None = None,
    *,
    store: TaskStore | None = None,
    tokens: TokenDesk | None = None,
    now: Callable[[], float] = time.time,
    sleep: Sleep = asyncio.sleep,
    owns_service: bool = False,
) -> Starlette:
    """Return the application that serves `service`.

    Args:
        service: who does the work; called on the event loop of the server only.
        options: limits and manners; default: everything as `ServerOptions()` has it.
        store: where `service` keeps its tasks, if that is known: bounds the queue, and must be given where
            several processes serve one store.
        tokens: who may have an access token; needed in strict mode.
        now: seconds since 1970, for the age of tokens and ids.
        sleep: how the `slow` fault waits.
        owns_service: whether shutting down closes `service`.
    """
    options = options or ServerOptions()
    ledger = StoreLedger(store) if store is not None else MemoryLedger(now)
    desk = Desk(service, ledger, tokens or TokenDesk(strict=options.strict), options, now)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if owns_service:
            await service.aclose()

    middleware = [Middleware(AccessLog)]
    if options.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(options.cors_origins),
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["Authorization", "Content-Type"],
                expose_headers=["Retry-After", "WWW-Authenticate"],
            )
        )
    return Starlette(routes=[Mount("/", app=_Door(desk, sleep))], middleware=middleware, lifespan=lifespan)


class _Door:
    """The one endpoint: every path and every method comes in here."""

    def __init__(self, desk: Desk, sleep: Sleep) -> None:
        self._desk = desk
        self._faults = FaultCounter(desk.options.faults)
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request, fault = Request(scope, receive), None
        try:
            resource = self._admit(request)
            action = _find_action(request, resource)
            if action is None:
                response = Response(status_code=204, headers={"Allow": resource.allow})
            else:
                if resource.needs_token(action):
                    check_authorization(request, self._desk.tokens, self._desk.now())
                fault = self._faults.next(request.method, resource.name)
                response = await self._carry_out(Call(request, resource, action), fault)
        except Refused as refused:
            response = make_refusal(refused)
        except ClientDisconnect:
            return
        except _Broken:
            await reset_connection(scope, receive)
            return
        except Exception:
            log.exception("An answer failed.")
            response = make_refusal(Refused(500, "This is a defect of the server: its log says more."))
        await _send(response, fault, (scope, receive, send))

    def _admit(self, request: Request) -> Resource:
        check_host(request, self._desk.options)
        check_origin(request, self._desk.options)
        resource = find_resource(request.scope["path"])
        if resource is None:
            raise Refused(404, "There is no such resource: /openapi.json lists those that are served here.")
        return resource

    async def _carry_out(self, call: Call, fault: Fault | None) -> Response:
        """Answer the call with what the fault script makes of it.

        Raises:
            Refused: the answer is an error status, the script's or the handler's.
            _Broken: the script resets the connection.
        """
        if fault is None:
            return await handle(call, self._desk)
        await self._go_wrong(fault)
        lost = fault.do == "lost_result"
        response = await handle(Call(call.request, call.resource, call.action, lost), self._desk)
        if fault.do == "reset":
            raise _Broken
        if fault.do == "wrong_type":
            response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response

    async def _go_wrong(self, fault: Fault) -> None:
        """Do what a fault does before the request is carried out."""
        if fault.do == "slow":
            await self._sleep(fault.seconds)
        elif fault.do == "expired_token":
            raise refuse_token("The access token has expired.", error="invalid_token")
        elif fault.do == "too_many":
            wait = {"Retry-After": str(fault.retry_after)}
            raise Refused(429, "Too many requests: the fault script says so.", headers=wait)
        elif fault.do == "server_error":
            raise Refused(fault.status, "The fault script says so.")
        elif fault.do == "reset" and not fault.done:
            raise _Broken


class _Broken(Exception):
    """The fault script resets the connection."""


def _find_action(request: Request, resource: Resource) -> Action | None:
    """Return what the method does here; None for OPTIONS, which only lists the methods.

    Raises:
        Refused: 405 with `Allow`.
    """
    if request.method == "OPTIONS":
        return None
    action = resource.actions.get("GET" if request.method == "HEAD" else request.method)
    if action is None:
        detail = f"{resource.name} takes {resource.allow}."
        raise Refused(405, detail, headers={"Allow": resource.allow})
    return action


async def _send(response: Response, fault: Fault | None, asgi: tuple[Scope, Receive, Send]) -> None:
    scope, receive, send = asgi
    body = bytes(response.body)
    if fault is None or fault.do != "truncated" or len(body) < 2:
        await response(scope, receive, send)
        return
    headers = response.raw_headers
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await hang_up(scope, receive)
