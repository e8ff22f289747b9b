"""An event loop for a Python without threads, as inside a browser: a task is done before the caller goes on.

In: a function that starts a task. Out: what the task returned. Each call has a loop of its own, inside
whatever loop runs already, so that work may ask for work. Waiting blocks; nothing here knows sockets.
"""

from __future__ import annotations

import asyncio
import asyncio.base_events
import concurrent.futures
import contextvars
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _NothingToSelect:
    """Stands where a loop has its selector: there are no sockets, so waiting is sleeping."""

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("Everything waits for something that cannot come without threads.")
        if timeout > 0:
            time.sleep(timeout)
        return []


class _InlineLoop(asyncio.base_events.BaseEventLoop):
    """Runs callbacks and timers in the calling thread, and what is meant for other threads at once."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _NothingToSelect()

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(  # type: ignore[override]
        self, executor: concurrent.futures.Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Call `func` now."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(contextvars.copy_context().run(func, *args))
        except Exception as error:
            done.set_exception(error)
        return done


def run_inline(make: Callable[[], asyncio.Task[T]]) -> T:
    """Start a task and return its result when it is done; raise what it raised."""
    loop = _InlineLoop()

    async def see_it_through() -> T:
        return await make()

    try:
        with _no_loop_running():
            return loop.run_until_complete(see_it_through())
    finally:
        loop.close()


@contextmanager
def _no_loop_running() -> Iterator[None]:
    """Let another loop run inside the one that runs here, if any, and put that back afterwards."""
    outer = asyncio._get_running_loop()
    if outer is None:
        yield
        return
    task = asyncio.current_task(outer)
    if task is not None:
        asyncio.tasks._leave_task(outer, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if task is not None:
            asyncio.tasks._enter_task(outer, task)
