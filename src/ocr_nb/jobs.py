"""Waiting for tasks, and nothing else: `Job`, what one asked for and has not got yet.

In: a service and a request; out: a `Job`, at once. All waiting happens on the thread of `loop.py`, so a job
moves on while the caller computes, sleeps or leaves the cell. Requests that fail are repeated by the
services, never here.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import html
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any, Generic, Literal, TypeVar, overload

from . import loop
from .errors import OcrNbError, SettingsError, TaskCancelled, TaskTimedOut, TaskUnknown
from .service.protocol import OcrRequest, OcrService, TaskId, TaskReport, TaskStatus
from .settings import can_start_threads
from .watching import watch

T = TypeVar("T")
U = TypeVar("U")
Progress = Callable[["Job[Any]"], object]

__all__ = ["Job", "Progress", "compute", "gather", "watch"]

log = logging.getLogger(__name__)

_SLICE = 0.5
"""Seconds between two looks at pending signals: a bare wait cannot be interrupted on every system."""


class Job(Generic[T]):
    """One thing asked for: `await` it, or take `.result()`; both give the same.

    Returned at once. Its fields may be read from any thread while it moves on.
    """

    def __init__(
        self,
        work: Callable[[Job[T]], Coroutine[Any, Any, T]],
        *,
        label: str = "job",
        on_progress: Progress | None = None,
        children: Iterable[Job[Any]] = (),
    ) -> None:
        """Start `work` on the background thread.

        Args:
            work: makes the coroutine that computes the result; gets this job, to note how it goes.
            label: what is done, for people: "upsample small_print.png".
            on_progress: called with this job, on the background thread, after each change.
            children: jobs whose calls and warnings count as this one's.
        """
        self.label = label
        self.service: OcrService | None = None
        """Who was asked; None while nobody is, and for work on this machine without a service."""
        self.request: OcrRequest | None = None
        """What was asked, once the image is read."""
        self.task_id: TaskId | None = None
        self.report: TaskReport | None = None
        """The latest answer."""
        self.progress: tuple[int, int] | None = None
        """Parts done and parts in all; None where there are no parts."""
        self.repeat: Callable[[], Job[T]] | None = None
        """Asks for the same again, as a new job; None where nobody knows how."""
        self.is_cancelled = False
        """Whether someone called `cancel` (the interpreter's end is not that)."""
        self._children = list(children)
        self._calls = 0
        self._warnings: list[str] = []
        self._started = time.monotonic()
        self._ended: float | None = None
        self._watchers: list[Progress] = [] if on_progress is None else [on_progress]
        self._task: asyncio.Task[T] | None = None
        self._seen = False
        self._outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
        # Marked as running, so that no waiter can cancel the outcome behind the back of the work.
        self._outcome.set_running_or_notify_cancel()
        loop.begin(lambda: self._start(work))

    # ------------------------------------------------------------------ waiting

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result and return it.

        Ctrl-C (or "interrupt kernel") while waiting cancels the job.

        Args:
            timeout: seconds after which to stop waiting; the job goes on. None waits as long as the job
                itself has patience.

        Raises:
            TaskTimedOut: `timeout` has passed, or the patience of the polling.
            OcrNbError: why there is no result.
            RuntimeError: called on the background thread, which would wait for itself.
        """
        if loop.is_io_thread() and not self._outcome.done():
            raise RuntimeError(
                f"result() of {self.label!r} would wait on the thread that does the work: "
                "await the job there, or use add_done_callback."
            )
        try:
            self._wait(timeout)
        except KeyboardInterrupt:
            self.cancel()
            raise
        self._seen = True
        return self._outcome.result()

    def __await__(self) -> Generator[Any, None, T]:
        return self._await().__await__()

    async def _await(self) -> T:
        self._seen = True
        try:
            return await asyncio.wrap_future(self._outcome)
        except asyncio.CancelledError:
            self.cancel()
            raise

    def _wait(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._outcome.done():
            left = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
            if left <= 0:
                raise TaskTimedOut(
                    f"{self.label} was not finished after {timeout:g} s: it goes on, "
                    "call result() again later, or cancel().",
                    task_id=self.task_id,
                )
            concurrent.futures.wait([self._outcome], timeout=left)

    # ------------------------------------------------------------------ looking

    @property
    def status(self) -> TaskStatus:
        """Where the job stands; "pending" from the start, before the service knows of it."""
        if self._outcome.done():
            return _status_of(self._outcome.exception())
        return self.report.status if self.report and not self.report.status.is_final else self._early_status()

    def _early_status(self) -> TaskStatus:
        return TaskStatus.PROCESSING if self.report else TaskStatus.PENDING

    @property
    def elapsed(self) -> float:
        """Seconds from the start until the end, or until now."""
        return (time.monotonic() if self._ended is None else self._ended) - self._started

    @property
    def children(self) -> tuple[Job[Any], ...]:
        """The jobs this one waits for, in order; of steps those that have begun."""
        return tuple(self._children)

    @property
    def calls(self) -> int:
        """Count what was asked of the service: submit, fetch and cancel, one each."""
        return self._calls + sum(child.calls for child in self._children)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was not as asked, one sentence each, none twice."""
        own = self._warnings + list(self.report.warnings if self.report else ())
        return tuple(dict.fromkeys(own + [text for child in self._children for text in child.warnings]))

    def done(self) -> bool:
        """Tell whether the job has ended, in whatever way."""
        return self._outcome.done()

    def exception(self) -> BaseException | None:
        """Return the error the job ended with; None while it runs and when it succeeded. Never waits."""
        if not self._outcome.done():
            return None
        self._seen = True
        return self._outcome.exception()

    def as_curl(self) -> str:
        """Return the cURL command that would send this job's request; the token is a shell variable in it.

        Raises:
            SettingsError: nothing was sent: no service elsewhere was asked, or the image is not read yet.
        """
        from .curl import as_curl
        from .service.cloud import CloudService

        if not isinstance(self.service, CloudService) or self.request is None:
            raise SettingsError(
                f"{self.label} was not sent to a service by this job, so there is no cURL command for it."
            )
        return as_curl(self.service, self.request)

    # ------------------------------------------------------------------ steering

    def cancel(self) -> bool:
        """Take the job back; the service is told. Returns at once: False when it had ended already."""
        if self._outcome.done():
            return False
        self.is_cancelled = True
        if not can_start_threads():
            self._cancel_task()
            return True
        loop.io_loop().call_soon_threadsafe(self._cancel_task)
        return True

    def add_done_callback(self, callback: Callable[[Job[T]], object]) -> None:
        """Call `callback(job)` when the job ends (at once when it has), on the background thread."""
        self._outcome.add_done_callback(lambda _: callback(self))

    def on_progress(self, callback: Progress) -> Job[T]:
        """Call `callback(job)` after each change from now on, on the background thread; return the job."""
        self._watchers.append(callback)
        return self

    # ------------------------------------------------------------------ for those who do the work

    def note(self, report: TaskReport) -> None:
        """Keep the latest answer and tell who watches."""
        self.report = report
        self.tell()

    def advance(self, done: int, total: int) -> None:
        """Note how many of all parts are done, and tell who watches."""
        self.progress = (done, total)
        self.tell()

    def tell(self) -> None:
        """Call who watches."""
        for watcher in list(self._watchers):
            try:
                watcher(self)
            except Exception:  # whatever a user's callback raises must be seen, and must not stop the job
                log.exception("The progress callback of %s failed; the job goes on.", self.label)

    def warn(self, *sentences: str) -> None:
        """Add warnings."""
        self._warnings.extend(sentences)

    def count_call(self, calls: int = 1) -> None:
        """Count questions to the service; a negative number takes back what was not asked after all."""
        self._calls += calls

    def adopt(self, child: Job[U]) -> Job[U]:
        """Count the calls and warnings of `child` as this job's too."""
        self._children.append(child)
        return child

    def _start(self, work: Callable[[Job[T]], Coroutine[Any, Any, T]]) -> asyncio.Task[Any]:
        self._task = asyncio.get_running_loop().create_task(work(self), name=self.label)
        self._task.add_done_callback(self._finish)
        return self._task

    def _cancel_task(self) -> None:
        # Once only: a second cancel would interrupt the taking back.
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()

    def _finish(self, task: asyncio.Task[T]) -> None:
        self._ended = time.monotonic()
        error = (
            TaskCancelled(f"{self.label} was cancelled.", task_id=self.task_id) if task.cancelled() else None
        )
        failure = error or task.exception()
        if failure is None:
            self._outcome.set_result(task.result())
        else:
            self._outcome.set_exception(failure)
        self.tell()

    def __del__(self) -> None:
        outcome = getattr(self, "_outcome", None)
        if outcome is None or self._seen or not outcome.done() or sys.is_finalizing():
            return
        error = outcome.exception()
        if error is not None and not isinstance(error, TaskCancelled):
            log.error("%s failed and nobody asked for its result: %s", self.label, error)

    # ------------------------------------------------------------------ showing

    def __repr__(self) -> str:
        parts = [self.label, self.status.value, f"{self.elapsed:.1f} s", _count(self.calls, "call")]
        return f"<Job: {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        """Return one line for notebooks: what, where it stands, how long, how many calls, what went wrong."""
        facts = [self.status.value, f"{self.elapsed:.1f} s", _count(self.calls, "call")]
        if self.task_id:
            facts.append(f"task {self.task_id[:8]}")
        lines = [f"<b>{html.escape(self.label)}</b> · {html.escape(' · '.join(facts))}"]
        error = self._outcome.exception() if self._outcome.done() else None
        lines += [html.escape(text) for text in ([str(error)] if error else [])]
        lines += [f"Note: {html.escape(text)}" for text in self.warnings]
        return f"<div class='ocrnb-job'>{'<br>'.join(lines)}</div>"


def compute(work: Callable[[], T], *, label: str, on_progress: Progress | None = None) -> Job[T]:
    """Run `work`, which may take its time, on a worker thread of this machine; no service is asked."""

    async def compute_there(job: Job[T]) -> T:
        return await asyncio.to_thread(work)

    return Job(compute_there, label=label, on_progress=on_progress)


@overload
def gather(
    jobs: Iterable[Job[T]],
    *,
    on_progress: Callable[[int, int], object] | None = None,
    return_errors: Literal[False] = False,
) -> Job[list[T]]: ...


@overload
def gather(
    jobs: Iterable[Job[T]],
    *,
    on_progress: Callable[[int, int], object] | None = None,
    return_errors: bool,
) -> Job[list[T | OcrNbError]]: ...


def gather(
    jobs: Iterable[Job[Any]],
    *,
    on_progress: Callable[[int, int], object] | None = None,
    return_errors: bool = False,
) -> Job[list[Any]]:
    """Wait for many jobs; the results come in the order of `jobs`.

    Cancelling the returned job cancels those that still run. What was done is kept: each job of `jobs` has
    its own result or error afterwards.

    Args:
        jobs: any jobs, also of different services.
        on_progress: called with how many have ended and how many there are, after each.
        return_errors: put errors of this package in the list in place of results. Otherwise all jobs are
            waited for, then the first error in order is raised.
    """
    children = list(jobs)
    for child in children:
        if not isinstance(child, Job):
            raise TypeError(f"gather takes jobs, not a {type(child).__name__}: drop .result() or await.")

    async def work(job: Job[list[Any]]) -> list[Any]:
        try:
            await _all_ended(children, job, on_progress)
        except asyncio.CancelledError:
            for child in children:
                child.cancel()
            raise
        return [_outcome_of(child, return_errors) for child in children]

    return Job(work, label=_count(len(children), "job"), children=children)


def _status_of(error: BaseException | None) -> TaskStatus:
    if error is None:
        return TaskStatus.COMPLETED
    if isinstance(error, TaskCancelled):
        return TaskStatus.CANCELLED
    return TaskStatus.UNKNOWN if isinstance(error, TaskUnknown) else TaskStatus.FAILED


async def _all_ended(
    children: list[Job[Any]], job: Job[Any], on_progress: Callable[[int, int], object] | None
) -> None:
    """Wait until all have ended, telling after each."""
    loop_ = asyncio.get_running_loop()
    ended = asyncio.Semaphore(0)
    for child in children:
        child.add_done_callback(lambda _: loop_.call_soon_threadsafe(ended.release))
    for count in range(1, len(children) + 1):
        await ended.acquire()
        job.advance(count, len(children))
        if on_progress is not None:
            try:
                on_progress(count, len(children))
            except Exception:  # as for a job's own callbacks
                log.exception("The progress callback of %s failed; the jobs go on.", job.label)


def _outcome_of(child: Job[Any], return_errors: bool) -> Any:
    error = child.exception()
    if error is None:
        return child._outcome.result()
    if return_errors and isinstance(error, OcrNbError):
        return error
    raise error


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
