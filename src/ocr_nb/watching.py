"""Ask a service how a task stands, until the answer is final or patience ends.

In: a service, a task id, a polling policy, a clock; out: the answers, one by one. Waits, and does not retry:
only "too many requests" is waited out here, since the next question would be asked anyway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from enum import Enum
from typing import Protocol, runtime_checkable

from .errors import RateLimited, TaskCancelled, TaskError, TaskFailed, TaskTimedOut, TaskUnknown
from .polling import Polling, PollingPolicy
from .service.protocol import OcrService, TaskId, TaskReport, TaskStatus

UNKNOWN_GRACE = 2.0
"""Seconds after submission during which "unknown" is not believed: a queue may be slow to show a task."""


@runtime_checkable
class WakesWaiters(Protocol):
    """What a service may offer beyond `OcrService`: to end a wait as soon as the task is finished."""

    async def wait_until_final(self, task_id: TaskId, seconds: float) -> None:
        """Return when the task is final, or after `seconds`; for an unknown task always after `seconds`."""
        ...


async def watch(
    service: OcrService,
    task_id: TaskId,
    polling: PollingPolicy | None = None,
    *,
    operation: Enum | None = None,
    megapixels: float = 0.0,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] | None = None,
) -> AsyncGenerator[TaskReport, None]:
    """Yield each answer about a task just submitted; the last one is final. The policy learns from it.

    Args:
        service: who is asked.
        task_id: which task.
        polling: when to ask and how long; None for the defaults of `Polling`.
        operation: what was asked, for the policy.
        megapixels: how large the image is, for the policy; 0 when unknown.
        now: the clock, seconds.
        sleep: how to wait; None for `asyncio.sleep`, or for less where the service `WakesWaiters`.

    Raises:
        TaskTimedOut: patience has ended; the task may still finish.
    """
    policy = polling or Polling()
    rest = sleep or sleep_for(service, task_id)
    started = now()
    least, not_before = 0.0, 0.0
    for wait in policy.waits(operation, megapixels):
        left = started + policy.patience - now()
        if left <= 0:
            raise TaskTimedOut(
                f"Task {task_id} was not finished after {policy.patience:g} s: it may still finish, "
                "fetch it again later.",
                task_id=task_id,
            )
        await rest(min(max(wait, least), left))
        least = 0.0
        try:
            report = await service.fetch(task_id)
        except RateLimited as limit:
            least = limit.retry_after or 0.0
            continue
        asked = now() - started
        if report.status is TaskStatus.UNKNOWN and asked < UNKNOWN_GRACE:
            continue
        if report.status is TaskStatus.COMPLETED:
            policy.learn(operation, megapixels, asked, not_before=not_before)
        yield report
        if report.status.is_final:
            return
        not_before = asked


def sleep_for(service: OcrService, task_id: TaskId) -> Callable[[float], Awaitable[object]]:
    """Return how to wait for a task of `service`: `asyncio.sleep`, or a wait that the service can end."""
    if isinstance(service, WakesWaiters):
        waker = service
        return lambda seconds: waker.wait_until_final(task_id, seconds)
    return asyncio.sleep


def task_error(report: TaskReport, label: str) -> TaskError | None:
    """Return why a final report holds no result, about the work called `label`; None when it is completed."""
    reason = " ".join(report.messages)
    if report.status is TaskStatus.FAILED:
        text = f"{label} failed: {reason or 'the service gave no reason.'}"
        return TaskFailed(text, task_id=report.task_id, messages=report.messages)
    if report.status is TaskStatus.UNKNOWN:
        text = f"{label}: {reason or 'the service does not know the task (any more): submit it again.'}"
        return TaskUnknown(text, task_id=report.task_id)
    if report.status is TaskStatus.CANCELLED:
        return TaskCancelled(f"{label} was cancelled at the service.", task_id=report.task_id)
    return None
