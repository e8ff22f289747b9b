"""The command `serve`: bind, say where, serve until interrupted, leave nothing behind.

One process serves from one event loop; with more workers each is a process with its own engine, and all
share one task store and one listening socket. Knows no protocol.
"""

from __future__ import annotations

import logging
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from starlette.types import ASGIApp

from ..errors import SettingsError
from ..service.wire_names import PUBLIC_PREFIX
from ..settings import Settings
from .connection import BreakableProtocol
from .faults import NOTHING_WRONG, FaultScript
from .options import MEBIBYTE, ServerOptions, check_binding, is_loopback
from .supervisor import serve_here, supervise
from .tokens import TokenDesk

log = logging.getLogger(__name__)

GRACE_S = 10
"""Seconds that answers under way may still take when the server is told to stop."""
FAREWELL_S = 20
"""Seconds that the tasks being worked on may take besides, before worker processes are killed; such a task
stays in the store."""


@dataclass(frozen=True, slots=True)
class AppFactory:
    """Makes the application in the process that serves it; travels there as a plain value."""

    options: ServerOptions
    folder: Path
    """Where the tasks are kept."""
    engine: str = "rapidocr"
    latency: float = 0.0
    method: str | None = None
    """How to upsample; None for the local service's default."""

    def __call__(self) -> ASGIApp:
        """Open the store, start the local service and return the application around it."""
        from ..service.sqlite_tasks import SqliteTaskStore
        from .app import make_app
        from .standing import StandingService

        store = SqliteTaskStore(self.folder)
        service = StandingService(self.engine, latency=self.latency, store=store, method=self.method)
        tokens = TokenDesk.from_settings(Settings.from_environment(), self.options)
        return make_app(service, self.options, store=store, tokens=tokens, owns_service=True)


Option = typer.Option


def serve(
    host: Annotated[
        str, Option(help="Address to listen on; beyond this machine with --strict or --open.")
    ] = ("127.0.0.1"),
    port: Annotated[int, Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8765,
    strict: Annotated[
        bool,
        Option("--strict", help="Demand access tokens: OCR_NB_CLIENT_ID and OCR_NB_CLIENT_SECRET get one."),
    ] = False,
    open: Annotated[bool, Option("--open", help="Serve anyone who reaches the address.")] = False,
    workers: Annotated[int, Option(help="Processes that share one queue.")] = 1,
    engine: Annotated[str, Option(help="Recognizer: rapidocr or tesseract.")] = "rapidocr",
    method: Annotated[
        str | None, Option(help="How to enlarge: learned or classical. [default: learned]")
    ] = None,
    latency: Annotated[float, Option(help="Seconds that every task takes at least, for lessons.")] = 0.0,
    faults: Annotated[
        str, Option(help="What goes wrong: a TOML script, or as in 'too_many,slow,reset'.")
    ] = "",
    queue: Annotated[int, Option(help="Tasks that may wait; above it a POST gets 429.")] = 256,
    max_body_mib: Annotated[int, Option(help="Largest body of a request, MiB.")] = 64,
    max_megapixels: Annotated[float, Option(help="Largest image, megapixels.")] = 100.0,
    allow_host: Annotated[
        list[str] | None, Option(help="A further name by which clients call; may be repeated.")
    ] = None,
    cors: Annotated[list[str] | None, Option(help="An origin whose pages may call; may be repeated.")] = None,
    state: Annotated[
        Path | None, Option(help="Folder that keeps the tasks across restarts; without it they go.")
    ] = None,
) -> None:
    """Serve version 5.0 of the OCR protocol, with the engines of this package, until interrupted.

    Nothing but this machine can reach it unless told otherwise.
    \f
    Raises:
        SettingsError: an option is not allowed, the port is taken, or strict mode has no credentials.
    """
    check_binding(host, strict=strict, anyone=open)
    options = ServerOptions(
        strict=strict,
        max_body=max_body_mib * MEBIBYTE,
        max_pixels=round(max_megapixels * 1e6),
        queue=queue,
        allowed_hosts=(*(allow_host or ()), *_own_names(host)),
        cors_origins=tuple(cors or ()),
        faults=FaultScript.load(faults) if faults else NOTHING_WRONG,
    )
    if workers < 1 or latency < 0:
        raise SettingsError(f"workers is {workers} and latency {latency}: give at least 1 and 0.")
    if workers > 1 and options.faults.rules:
        raise SettingsError("A fault script counts requests, so it needs one process: leave out --workers.")
    _try_out(engine, method, options)
    with _listening(host, port) as listener, _task_folder(state) as folder:
        bound = listener.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        config = _configure(AppFactory(options, folder, engine, latency, method), workers)
        log.info("Serving at http://%s:%d%s (Ctrl-C stops)", name, bound, PUBLIC_PREFIX)
        if workers == 1:
            serve_here(config, listener)
        else:
            supervise(config, listener, GRACE_S + FAREWELL_S)


def _try_out(engine: str, method: str | None, options: ServerOptions) -> None:
    """Refuse here what would otherwise fail in every worker process."""
    from ..service.local import LocalService

    LocalService(engine, method=method)
    TokenDesk.from_settings(Settings.from_environment(), options)


def _configure(factory: AppFactory, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        factory,
        factory=True,
        workers=workers,
        http=BreakableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,  # ours has no ids
        server_header=False,
        log_config=_LOGGING,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
        backlog=512,
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Bind and give the socket; closed in the end.

    Raises:
        SettingsError: the address is not this machine's, or the port is taken or reserved.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            raise SettingsError(
                f"Nothing can listen on {host} port {port} ({error}): choose another with --host or --port."
            ) from error
        listener.set_inheritable(True)
        yield listener
    finally:
        listener.close()


@contextmanager
def _task_folder(state: Path | None) -> Iterator[Path]:
    """Give the folder of the task store: `state`, or a temporary one that is deleted in the end."""
    if state is not None:
        yield state
        return
    folder = Path(tempfile.mkdtemp(prefix="ocr_nb-tasks-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own_names(host: str) -> tuple[str, ...]:
    """Return the names by which clients may call a server bound to `host`."""
    return () if is_loopback(host) else (host, socket.gethostname())


_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}
    },
    "loggers": {
        "ocr_nb": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
