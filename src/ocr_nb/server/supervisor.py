"""Keep several processes serving one socket: start them, replace those that die, end them all.

In: a configuration whose application travels as a value, and a bound socket. uvicorn's own supervisor asks
its processes for a sign of life and ends those that are busy for 5 s, as one decoding a large image may be;
here only death counts, and it is noticed at once.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import SpawnProcess

import uvicorn

from ..errors import SettingsError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""Seconds between two looks for a signal to stop; a death is noticed without waiting."""
MOST_FAILURES = 5
"""Workers that may end with an error, one after the other, before it is taken for a lasting one."""


def serve_here(config: uvicorn.Config, listener: socket.socket) -> None:
    """Serve in this process until SIGINT or SIGTERM, then return."""
    server = uvicorn.Server(config)

    def stop() -> None:
        """Heed a signal that comes before uvicorn listens to it, or the server would never end.

        The signal that uvicorn raises once more when it has shut down ends here, too, not the process.
        """
        server.should_exit = True

    with _signals(stop):
        server.run(sockets=[listener])


def supervise(
    config: uvicorn.Config, listener: socket.socket, grace_s: float, *, most_failures: int = MOST_FAILURES
) -> None:
    """Serve from `config.workers` processes until SIGINT or SIGTERM, then return.

    What is under way then gets `grace_s` seconds.

    Raises:
        SettingsError: `most_failures` workers in a row have ended with an error.
    """
    stopping = threading.Event()
    with _signals(stopping.set):
        workers = [_start(config, listener) for _ in range(config.workers)]
        failures = 0
        try:
            while not stopping.is_set():
                connection.wait([worker.sentinel for worker in workers], LOOK_EVERY_S)
                for index, worker in enumerate(workers):
                    if worker.is_alive() or stopping.is_set():
                        continue
                    failures = failures + 1 if (worker.exitcode or 0) > 0 else 0
                    if failures >= most_failures:
                        raise SettingsError("The worker processes end with errors: the log above says why.")
                    log.warning("Worker %s ended with code %s: replaced.", worker.pid, worker.exitcode)
                    workers[index] = _start(config, listener)
        finally:
            _end(workers, grace_s)


def _start(config: uvicorn.Config, listener: socket.socket) -> SpawnProcess:
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=_work, args=(config, listener), daemon=True)
    worker.start()
    return worker


def _work(config: uvicorn.Config, listener: socket.socket) -> None:
    """Serve in a worker process; stop as well when the supervisor is gone, however it went."""
    config.configure_logging()
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def follow() -> None:
            connection.wait([sentinel])
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=follow, daemon=True).start()
    serve_here(config, listener)


def _end(workers: list[SpawnProcess], grace_s: float) -> None:
    """Let all workers finish what is under way, together; kill what is left after that."""
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + grace_s
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
        if worker.is_alive():
            log.warning("Worker %s did not end in time: killed.", worker.pid)
            worker.kill()
            worker.join()


@contextmanager
def _signals(react: Callable[[], None]) -> Iterator[None]:
    """Call `react` on SIGINT and SIGTERM instead of ending the process."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: react()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
