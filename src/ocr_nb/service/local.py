"""The OCR service on this machine: the same promises as the cloud, kept by our own engines.

`submit` returns a task id at once; tasks queue, are worked on by a few threads, can be cancelled, and are
unknown 24 hours after submission. In: requests; out: reports. Nothing ever leaves the machine.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable
from functools import partial

from ..advice import READERS
from ..engine.recognizer import ENGINES, Recognizer, make_recognizer
from ..engine.upsampler import DEFAULT_METHOD, Upsampler, make_upsampler
from ..errors import OcrNbError, ServiceUnreachable, SettingsError, StoreError, suggestion
from ..images import Picture
from ..polling import Polling
from ..settings import available_cpus, can_start_threads
from .local_work import Done, Engines, Withdrawn, do_request
from .protocol import RESULT_LIFETIME, OcrRequest, ServiceIdentity, TaskId, TaskReport, TaskStatus
from .tasks import MemoryTaskStore, TaskStore

log = logging.getLogger(__name__)

MOST_WORKERS = 2
"""By default: one task's reading and writing of files overlaps another's recognition, which itself uses
all processors."""
POLLING = Polling(first_wait=2.0, growth=2.0, longest_wait=30.0, patience=RESULT_LIFETIME, jitter=0.0)
"""Few questions, since waiters are woken; and patience, since a queue of thousands is worked off here."""
_IDLE = 10.0
"""Seconds after which a worker thread without work ends; it is started again when there is some."""
_LOOK_EVERY = 0.2
"""Seconds between two looks into a queue that other processes fill as well."""
_FAREWELL = 10.0
"""Seconds that the tasks being worked on get at interpreter exit."""


class LocalService:
    """An `OcrService` that works on this machine. Its methods may be awaited on any event loop."""

    def __init__(
        self,
        engine: str = "rapidocr",
        *,
        workers: int | None = None,
        latency: float = 0.0,
        method: str | None = None,
        store: TaskStore | None = None,
        clock: Callable[[], float] = time.time,
        recognizer: Recognizer | None = None,
        upsampler: Upsampler | None = None,
    ) -> None:
        """Take the settings; models load with the first task.

        Args:
            engine: `rapidocr` or `tesseract`.
            workers: how many tasks are worked on at once; by default up to `MOST_WORKERS`.
            latency: seconds that every task takes at least from its submission, for lessons about waiting.
            method: how to upsample, a key of `UPSAMPLERS`; None for `DEFAULT_METHOD`.
            store: where tasks and results are kept; by default this process's memory.
            clock: the time in seconds, for the age of tasks.
            recognizer: reads in place of `engine`.
            upsampler: enlarges in place of `method`.

        Raises:
            SettingsError: there is no such engine or method, or a number makes no sense.
        """
        if recognizer is None and engine not in ENGINES:
            raise SettingsError(f"There is no engine {engine!r}: {suggestion(engine, ENGINES)}")
        if workers is not None and workers < 1:
            raise SettingsError(f"workers is at least 1, not {workers}.")
        if latency < 0:
            raise SettingsError(f"latency is not negative, not {latency}.")
        read = (lambda: recognizer) if recognizer else partial(make_recognizer, engine)
        name = recognizer.name if recognizer else engine
        reader = name if name in READERS else None
        self._engines = Engines(read, upsampler or make_upsampler(method or DEFAULT_METHOD, reader), reader)
        self.polling = POLLING
        self._store = store or MemoryTaskStore()
        self._clock = clock
        self._latency = latency
        size = workers or min(MOST_WORKERS, available_cpus())
        self._seats = threading.BoundedSemaphore(size)
        self._crew = _Crew(self._work_once, size, self._store)
        if self._store.is_shared:
            self._crew.call()  # other processes' tasks are waiting, perhaps of one that has died
        self._waiters: dict[TaskId, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._waiting = threading.Lock()

    @property
    def identity(self) -> ServiceIdentity:
        """Who answers; loads the engine when it is not loaded yet.

        Raises:
            EngineUnavailable: the engine is not installed here.
        """
        recognizer, upsampler = self._engines.recognizer(), self._engines.upsampler
        enlarger = f"{upsampler.name} {upsampler.version}"
        return ServiceIdentity("local", recognizer.name, recognizer.version, enlarger)

    @property
    def attends(self) -> bool:
        """Whether `attend` may be used: tasks need not wait, nor be seen by other processes."""
        return not self._latency and not self._store.is_shared

    def attend(self, request: OcrRequest, picture: Picture | None = None) -> TaskReport:
        """Do the request on the caller's thread, past the queue; at most `workers` are done at once.

        The report is final and kept nowhere: `fetch` does not know its task. `picture` is what `request.data`
        decodes to, where that is known.

        Raises:
            ServiceUnreachable: the service was closed.
        """
        self._check_open()
        return self._report(TaskId(str(uuid.uuid4())), request, lambda: None, picture)

    def _check_open(self) -> None:
        if not self._crew.is_open:
            raise ServiceUnreachable("This local service was closed: make a new LocalService.")

    async def submit(self, request: OcrRequest) -> TaskId:
        """Queue the request, whatever its data; return its task id, a lower-case GUID.

        Raises:
            ServiceUnreachable: the service was closed.
        """
        self._check_open()
        now = self._clock()
        self._store.purge(now - RESULT_LIFETIME)
        task_id = TaskId(str(uuid.uuid4()))
        self._store.add(task_id, request, now)
        self._crew.call()
        return task_id

    async def fetch(self, task_id: TaskId) -> TaskReport:
        """Say how the task stands, with its results when completed; repeatable for 24 hours."""
        now = self._clock()
        self._store.purge(now - RESULT_LIFETIME)
        record = self._store.find(task_id)
        if record is None or record.submitted <= now - RESULT_LIFETIME:
            return TaskReport(task_id, TaskStatus.UNKNOWN, messages=(_UNKNOWN.format(task_id),))
        if record.report.status.is_final and now < record.submitted + self._latency:
            return TaskReport(task_id, TaskStatus.PROCESSING)
        return record.report

    async def cancel(self, task_id: TaskId) -> None:
        """Take the task back; work that has begun on it is dropped at the next step."""
        self._store.remove(task_id)
        self._wake(task_id)

    def drop(self, task_ids: Iterable[TaskId]) -> None:
        """Forget finished tasks and their results now, not after 24 hours: who measures thousands needs them
        no more.
        """
        for task_id in task_ids:
            self._store.remove(task_id)

    async def wait_until_final(self, task_id: TaskId, seconds: float) -> None:
        """Return when the task is final, or after `seconds`; for an unknown task always after `seconds`."""
        deadline = time.monotonic() + seconds
        finished = asyncio.Event()
        entry = (asyncio.get_running_loop(), finished)
        with self._waiting:
            self._waiters.setdefault(task_id, []).append(entry)
        try:
            record = self._store.find(task_id)
            if record is None or not record.report.status.is_final:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(finished.wait(), seconds)
        finally:
            with self._waiting:
                self._waiters[task_id].remove(entry)
                if not self._waiters[task_id]:
                    del self._waiters[task_id]
        record = self._store.find(task_id)
        if record is not None:
            hidden = record.submitted + self._latency - self._clock()
            await asyncio.sleep(max(0.0, min(hidden, deadline - time.monotonic())))

    async def aclose(self) -> None:
        """Stop taking tasks, wait for those being worked on, and close the store. May be called twice."""
        await asyncio.to_thread(self._crew.dismiss, None)
        self._store.close()

    def _work_once(self) -> bool:
        """Do the oldest pending task; False when there is none."""
        claimed = self._store.claim(self._clock())
        if claimed is None:
            return False
        task_id, request = claimed
        try:
            report = self._report(task_id, request, partial(self._check, task_id))
        except Withdrawn:
            return True
        try:
            self._store.finish(report)
        except StoreError as error:  # the disk may be full: the report without results is small
            self._store.finish(TaskReport(task_id, TaskStatus.FAILED, messages=(str(error),)))
        self._wake(task_id)
        return True

    def _report(
        self, task_id: TaskId, request: OcrRequest, check: Callable[[], None], picture: Picture | None = None
    ) -> TaskReport:
        try:
            with self._seats:
                done: Done = do_request(request, self._engines, check, picture)
        except OcrNbError as error:
            return TaskReport(task_id, TaskStatus.FAILED, messages=(str(error),))
        except Withdrawn:
            raise
        except Exception as error:  # a defect of ours, or of a library: the task ends, the service goes on
            log.exception("Task %s… failed unexpectedly.", task_id[:8])
            reason = f"{request.operation.value} failed unexpectedly ({type(error).__name__}: {error})."
            return TaskReport(task_id, TaskStatus.FAILED, messages=(reason,))
        return TaskReport(task_id, TaskStatus.COMPLETED, done.results, warnings=done.warnings)

    def _check(self, task_id: TaskId) -> None:
        if self._store.find(task_id) is None:
            raise Withdrawn

    def _wake(self, task_id: TaskId) -> None:
        with self._waiting:
            for loop, finished in self._waiters.get(task_id, []):
                with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                    loop.call_soon_threadsafe(finished.set)


_UNKNOWN = (
    "Task {} is not known: it was never submitted here, was cancelled, or is older than 24 hours. "
    "Check the id, or submit the image again."
)


class _Crew:
    """A few worker threads that come when called and leave when there is nothing to do."""

    def __init__(self, work_once: Callable[[], bool], size: int, store: TaskStore) -> None:
        # Held weakly: a thread that waits for work must not keep a service alive that nobody uses.
        self._work_once = weakref.WeakMethod(work_once)
        self._size = size
        self._store = store
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._calls = 0
        self.is_open = True
        _crews.add(self)

    def call(self) -> None:
        """Have the queue looked at; without threads, work it off before returning."""
        if not can_start_threads():
            work_once = self._work_once()
            while self.is_open and work_once is not None and work_once():
                pass
            return
        with self._changed:
            if not self.is_open:
                return
            self._calls += 1
            self._changed.notify()
            if self._idle < self._calls and len(self._threads) < self._size:
                thread = threading.Thread(target=self._serve, name="ocr_nb-worker", daemon=True)
                self._threads.add(thread)
                thread.start()

    def dismiss(self, patience: float | None) -> None:
        """End all threads after what they are at; wait up to `patience` seconds, None without limit."""
        with self._changed:
            self.is_open = False
            self._changed.notify_all()
            threads = list(self._threads)
        deadline = None if patience is None else time.monotonic() + patience
        for thread in threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        try:
            while self.is_open and self._work():
                pass
        finally:
            with self._changed:
                self._threads.discard(threading.current_thread())

    def _work(self) -> bool:
        """Do one task, or wait for one; False when it is time to leave."""
        work_once = self._work_once()
        if work_once is None:
            return False
        try:
            found = work_once()
        except OcrNbError:  # the store is out of reach: leave the task, and look again later
            log.exception("The queue could not be read.")
            found = False
        del work_once
        return found or self._await_call()

    def _await_call(self) -> bool:
        with self._changed:
            if self._calls:
                self._calls -= 1
                return True
            self._idle += 1
            called = self._changed.wait_for(
                lambda: self._calls > 0 or not self.is_open, _LOOK_EVERY if self._store.is_shared else _IDLE
            )
            self._idle -= 1
            if called and self.is_open:
                self._calls -= 1
                return True
            if self.is_open and self._store.is_shared:
                return True
            # Counted out under the lock: a call that comes now must find room for a new thread.
            self._threads.discard(threading.current_thread())
            return False


_crews: weakref.WeakSet[_Crew] = weakref.WeakSet()


def _dismiss_all() -> None:
    """Let nothing be inside a model when the interpreter goes."""
    for crew in list(_crews):
        crew.dismiss(_FAREWELL)


atexit.register(_dismiss_all)
