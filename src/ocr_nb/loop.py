"""The one background thread with its own event loop, on which all waiting for services happens.

In: coroutines, from any thread; out: work done while the caller goes on. One thread, because an asyncio
object is bound to one loop, and notebook hosts run cells and widget callbacks on different ones. Where there
are no threads (`inline_loop`), work is done before `begin` returns.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .inline_loop import run_inline
from .settings import can_start_threads

T = TypeVar("T")

_FAREWELL = 2.0
"""Seconds that running jobs get at interpreter exit to take their tasks back."""

_starting = threading.Lock()
_current: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None
_ending = False


def io_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of the background thread, starting both on first use."""
    global _current
    with _starting:
        if _current is None or not _current[1].is_alive():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_serve, args=(loop,), name="ocr_nb-io", daemon=True)
            thread.start()
            _current = (loop, thread)
        return _current[0]


def begin(make: Callable[[], asyncio.Task[Any]]) -> None:
    """Have `make` start its task on the background thread; without threads, do the task before returning."""
    if can_start_threads():
        io_loop().call_soon_threadsafe(make)
    else:
        with contextlib.suppress(Exception):  # the job that made the task holds what became of it
            run_inline(make)


def run(coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start `coroutine` on the background thread; return at once, with a future for what it returns."""
    if not can_start_threads():
        done: concurrent.futures.Future[T] = concurrent.futures.Future()
        try:
            done.set_result(run_inline(lambda: asyncio.get_running_loop().create_task(coroutine)))
        except Exception as error:
            done.set_exception(error)
        return done
    return asyncio.run_coroutine_threadsafe(coroutine, io_loop())


def is_io_thread() -> bool:
    """Tell whether the caller runs on the background thread, where nothing may block."""
    return _current is not None and _current[1] is threading.current_thread()


def is_ending() -> bool:
    """Tell whether the interpreter is leaving: tasks elsewhere are then left, to be resumed later."""
    return _ending


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _close() -> None:
    """Cancel what runs, give it a moment to clean up, and end the thread."""
    global _current, _ending
    _ending = True
    if _current is None:
        return
    loop, thread = _current
    _current = None
    if thread.is_alive():
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_FAREWELL)


async def _cancel_all() -> None:
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    # Those cancelled before are cleaning up already, perhaps with the help of others: let them finish.
    leaving = [task for task in others if task.cancelling()]
    if leaving:
        await asyncio.wait(leaving, timeout=_FAREWELL)
    rest = [task for task in others if not task.done()]
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=_FAREWELL)


def _forget_after_fork() -> None:
    """Start afresh in a forked child: threads do not survive a fork, and the lock may be held."""
    global _current, _starting, _ending
    _current, _ending = None, False
    _starting = threading.Lock()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
