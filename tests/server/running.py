"""Servers that really listen on loopback: one in a thread of this process, one as the command runs it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx
import uvicorn
from starlette.applications import Starlette

from doubles import wait_for
from ocr_nb.server.app import make_app
from ocr_nb.server.connection import BreakableProtocol
from ocr_nb.server.options import ServerOptions
from ocr_nb.server.tokens import TokenDesk
from ocr_nb.settings import Secret
from stepwise import WorksStepwise


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """Serve `app` from a thread; give its base address."""
    config = uvicorn.Config(app, port=0, http=BreakableProtocol, ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert wait_for(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


@contextmanager
def guarding(client_id: str, client_secret: str, *, token: str | None = None) -> Iterator[str]:
    """Serve, to who has these credentials alone, what is finished as soon as it is asked for."""
    desk = TokenDesk(client_id, Secret(client_secret), Secret(token) if token else None, strict=True)
    service = WorksStepwise(time.time, at_once=True)
    options = ServerOptions(strict=True)
    app = make_app(service, options, store=service.store, tokens=desk, now=time.time, sleep=asyncio.sleep)
    with listening(app) as address:
        yield address


class Fails:
    """Makes no application: an error instead, in the process that would serve it."""

    def __call__(self) -> NoReturn:
        """Fail."""
        raise RuntimeError("There is no application.")


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of a supervisor; multiprocessing has a helper process besides."""
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


@dataclass
class Command:
    """A running `ocr-nb serve`."""

    process: subprocess.Popen[bytes]
    base: str
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def serving(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, seconds: float = 60
) -> Iterator[Command]:
    """Run `ocr-nb serve --port 0` with `arguments`; its log goes to a file in `folder`."""
    log = folder / "server.log"
    command: Sequence[str] = (sys.executable, "-m", "ocr_nb", "serve", "--port", "0", *arguments)
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            env={**os.environ, **(environment or {}), "TMPDIR": str(folder)},
        )
    try:
        found = None

        def is_up() -> bool:
            nonlocal found
            text = log.read_text()
            found = re.search(r"Serving at (http://\S+?)/v5", text)
            return process.poll() is not None or (found is not None and "startup complete" in text)

        wait_for(is_up, seconds)
        assert found is not None, log.read_text()
        yield Command(process, found[1], log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def fetch(client: httpx.Client, path: str, task_id: str, seconds: float = 60) -> dict[str, Any]:
    """Ask until the task is final."""
    answer: dict[str, Any] = {}

    def is_final() -> bool:
        nonlocal answer
        answer = client.get(path, params={"id": task_id}).json()
        return answer["taskStatus"] not in {"Pending", "Processing"}

    assert wait_for(is_final, seconds), answer
    return answer
