"""A request and a service become a `Job`: submit, watch until it is final, convert what came.

In: a service and how to make the request; out: a job, at once. A cancelled job takes its task back.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import weakref
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from . import loop
from .errors import OcrNbError, TaskTimedOut
from .jobs import Job, Progress
from .polling import Polling, PollingPolicy
from .service.protocol import OcrRequest, OcrService, ServiceIdentity, TaskId, TaskReport
from .watching import sleep_for, task_error, watch

T = TypeVar("T")

log = logging.getLogger(__name__)

_AT_THE_DOOR = 8
"""Images read ahead of a service that takes no more for now: a batch of thousands must not fill the memory,
nor its first request wait until the last image is read."""
_WITHDRAWAL = 10.0
"""Seconds that taking a task back may last before the job ends without the service's word."""


def ask(
    service: OcrService,
    prepare: Callable[[], Awaitable[tuple[OcrRequest, float]]],
    convert: Callable[[TaskReport], T],
    *,
    label: str,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
) -> Job[T]:
    """Submit a request to `service` and wait for its result.

    Args:
        service: who is asked.
        prepare: makes the request, and says how many megapixels its image has; run before submitting.
        convert: makes the job's result of the completed report; run on a worker thread.
        label: what is done, for people.
        polling: when to ask again; None for the service's own policy, else the default.
        on_progress: called with the job after each change.
    """

    async def work(job: Job[T]) -> T:
        job.service = service
        counted = _Counted(service, job)
        async with _door(id(service), asyncio.get_running_loop()):
            job.request, megapixels = await prepare()
            job.task_id = await _submit(counted, job.request)
        policy = polling or _policy_of(service) or Polling()
        report = await _follow(counted, job, policy, megapixels)
        return await asyncio.to_thread(convert, report)

    made = Job(work, label=label, on_progress=on_progress)
    alive = weakref.ref(made)  # a job that held itself would stay in memory with its image

    def repeat() -> Job[T]:
        """Ask on about a task that may still finish; submit anything else anew."""
        job = alive()
        more: Any = {"label": label, "polling": polling, "on_progress": on_progress}
        if job is not None and job.task_id and isinstance(job.exception(), TaskTimedOut):
            return attach(service, job.task_id, convert, **more)
        return ask(service, prepare, convert, **more)

    made.repeat = repeat
    return made


def attach(
    service: OcrService,
    task_id: TaskId,
    convert: Callable[[TaskReport], T],
    *,
    label: str,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
) -> Job[T]:
    """Wait for a task that was submitted earlier, here or by a process that is gone. Arguments as `ask`."""

    async def work(job: Job[T]) -> T:
        job.service, job.task_id = service, task_id
        report = await _follow(_Counted(service, job), job, polling or _policy_of(service) or Polling(), 0.0)
        return await asyncio.to_thread(convert, report)

    made = Job(work, label=label, on_progress=on_progress)
    made.repeat = functools.partial(
        attach, service, task_id, convert, label=label, polling=polling, on_progress=on_progress
    )
    return made


@functools.lru_cache(maxsize=16)
def _door(service: int, running: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    """Return the door of a service (by identity): few images at a time are read and not submitted yet."""
    return asyncio.Semaphore(_AT_THE_DOOR)


class _Counted:
    """A service whose questions are counted in a job."""

    def __init__(self, service: OcrService, job: Job[Any]) -> None:
        self.service = service
        self.job = job

    @property
    def identity(self) -> ServiceIdentity:
        return self.service.identity

    async def submit(self, request: OcrRequest) -> TaskId:
        self.job.count_call()
        task_id = await self.service.submit(request)
        self.job.count_call(-1 if self._is_kept(task_id) else 0)
        return task_id

    async def fetch(self, task_id: TaskId) -> TaskReport:
        self.job.count_call(0 if self._is_kept(task_id) else 1)
        return await self.service.fetch(task_id)

    async def cancel(self, task_id: TaskId) -> None:
        self.job.count_call()
        await self.service.cancel(task_id)

    async def aclose(self) -> None:
        await self.service.aclose()

    def _is_kept(self, task_id: TaskId) -> bool:
        """Tell whether the service has the result here already, so that asking costs nothing."""
        is_kept: Callable[[TaskId], bool] | None = getattr(self.service, "is_kept", None)
        return is_kept is not None and is_kept(task_id)


async def _submit(service: _Counted, request: OcrRequest) -> TaskId:
    """Submit; when cancelled meanwhile, wait for the task id so that the task can be taken back."""
    submitting = asyncio.ensure_future(service.submit(request))
    try:
        return await asyncio.shield(submitting)
    except asyncio.CancelledError:
        try:
            task_id = await submitting
        except OcrNbError as error:
            log.info("Nothing to take back: the request was not accepted (%s).", error)
        else:
            await _withdraw(service, task_id)
        raise


async def _follow(service: _Counted, job: Job[Any], policy: PollingPolicy, megapixels: float) -> TaskReport:
    """Watch the job's task until it is completed; take it back when the job is cancelled."""
    assert job.task_id is not None
    operation = job.request.operation if job.request else None
    watching = watch(
        service,
        job.task_id,
        policy,
        operation=operation,
        megapixels=megapixels,
        sleep=sleep_for(service.service, job.task_id),
    )
    try:
        async with aclosing(watching) as reports:
            async for report in reports:
                job.note(report)
    except asyncio.CancelledError:
        await _withdraw(service, job.task_id)
        raise
    error = task_error(report, job.label)
    if error is not None:
        raise error
    return report


async def _withdraw(service: _Counted, task_id: TaskId) -> None:
    """Take a task back that nobody wants any longer; not one that merely outlives this interpreter."""
    if loop.is_ending() and not service.job.is_cancelled:
        return
    try:
        await asyncio.wait_for(service.cancel(task_id), _WITHDRAWAL)
    except (OcrNbError, TimeoutError) as error:
        log.warning("Task %s… could not be taken back at the service: %s", task_id[:8], error)


def _policy_of(service: OcrService) -> PollingPolicy | None:
    return getattr(service, "polling", None)
