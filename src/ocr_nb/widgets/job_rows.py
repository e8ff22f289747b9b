"""What `JobMonitor` shows of a job, as plain values for the browser, in words that people use.

In: a `Job`. Out: a dict without pixels and without secrets, or a thumbnail's PNG. Changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import OcrNbError, TaskCancelled, TaskTimedOut, TaskUnknown
from ..filters import resize
from ..images import Picture, encode_png, load_picture, on_white
from ..jobs import Job
from ..service.protocol import OcrRequest, TaskStatus

RUNNING = ("waiting", "queued", "running", "cancelling")
"""States that are not the last one."""
ENDED = ("done", "failed", "cancelled", "timed out", "expired")
THUMBNAIL = (112, 80)
"""Width and height that a thumbnail fits in: twice what is shown, for dense screens."""


@dataclass
class Row:
    """One line of the monitor."""

    number: int
    """Its name between Python and the browser; never used twice."""
    job: Job[Any]
    thumbnail: Picture | None = None
    """None: made of what the job was asked to read, once that is known."""
    retry: Callable[[], Job[Any]] | None = None
    attempt: int = 1

    @property
    def again(self) -> Callable[[], Job[Any]] | None:
        """Who makes the job anew."""
        return self.retry or self.job.repeat


def state_of(job: Job[Any]) -> str:
    """Return one of `RUNNING` or `ENDED`."""
    if not job.done():
        return _running_state(job)
    error = job.exception()
    if error is None:
        return "done"
    if isinstance(error, TaskCancelled):
        return "cancelled"
    if isinstance(error, TaskTimedOut):
        return "timed out"
    return "expired" if isinstance(error, TaskUnknown) else "failed"


def _running_state(job: Job[Any]) -> str:
    if job.is_cancelled:
        return "cancelling"
    if job.service is None:
        return "running"
    if job.task_id is None:
        return "waiting"
    return "running" if job.status is TaskStatus.PROCESSING else "queued"


def describe(row: Row) -> dict[str, Any]:
    """Return what is shown of a row now."""
    job, state = row.job, state_of(row.job)
    error = job.exception()
    return {
        "id": row.number,
        "what": job.label,
        "state": state,
        "running": state in RUNNING,
        "task": (job.task_id or "")[:8],
        "now": _under_way(job),
        "attempt": row.attempt,
        "elapsed": round(job.elapsed, 2),
        "calls": job.calls,
        "progress": list(job.progress) if job.progress else None,
        "error": _sentence(error) if error is not None else "",
        "notes": list(job.warnings),
        "pictured": row.thumbnail is not None or _request_of(job) is not None,
        "again": _again(state) if row.again is not None else "",
        "curl": is_sent(job),
    }


def _under_way(job: Job[Any]) -> str:
    """Return the first part that has not ended; empty for a job without parts, or none left."""
    return next((child.label for child in job.children if not child.done()), "")


def _request_of(job: Job[Any]) -> OcrRequest | None:
    """Return what was sent, by the job or by the first of its parts."""
    return job.request or next((child.request for child in job.children if child.request), None)


def _again(state: str) -> str:
    """Return what the button says that makes the job anew; empty where there is nothing to make anew."""
    if state == "timed out":
        return "Ask again"
    return "Retry" if state in {"failed", "cancelled", "expired"} else ""


def _sentence(error: BaseException) -> str:
    """Say an error for people; those not of this package with their kind, which says most of them."""
    if isinstance(error, OcrNbError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def is_sent(job: Job[Any]) -> bool:
    """Tell whether there is a cURL command that does the same."""
    if job.service is None or job.request is None:
        return False
    from ..service.cloud import CloudService

    return isinstance(job.service, CloudService)


def summarize(states: Iterable[str]) -> str:
    """Count the states in words: “3 running, 12 done, 1 failed”; empty for none."""
    counts = Counter("running" if state in RUNNING else state for state in states)
    return ", ".join(f"{counts[state]} {state}" for state in ("running", *ENDED) if counts[state])


def draw_thumbnail(row: Row) -> bytes | None:
    """Return a PNG that fits in `THUMBNAIL`; None where the job has no picture, or none that can be read."""
    picture = row.thumbnail
    request = _request_of(row.job)
    try:
        if picture is None:
            if request is None:
                return None
            picture = load_picture(request.data)
        scale = min(1.0, THUMBNAIL[0] / picture.width, THUMBNAIL[1] / picture.height)
        return encode_png(on_white(resize(picture, scale).picture if scale < 1.0 else picture))
    except OcrNbError:  # a PDF, or a strip thinner than a pixel: the line is shown without
        return None
