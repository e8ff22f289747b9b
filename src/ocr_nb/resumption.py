"""Take up again what was paid for and not fetched: after a crash, a kernel restart, an impatient evening.

In: a cloud service and its journal; out: one job for each unfinished task, and the requests of which nobody
knows whether the service accepted them. Sends no image; tasks that another living process watches are its.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import SettingsError
from .jobs import Job
from .operations import attach_picture, attach_recognition, service_of
from .service.cloud import CloudService
from .service.journal import Entry
from .service.protocol import OcrService


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was found in the journal; iterating gives the jobs."""

    jobs: tuple[Job[Any], ...]
    """One for each task whose id is known, oldest first."""
    unknown: tuple[Entry, ...]
    """Requests cut off on their way: the service may or may not have accepted them."""
    is_released: bool = False
    """Whether those requests are sent when they are made again."""

    def __iter__(self) -> Iterator[Job[Any]]:
        return iter(self.jobs)

    def __len__(self) -> int:
        return len(self.jobs)

    def __str__(self) -> str:
        found = len(self.jobs)
        lines = [f"{found} unfinished task{' is' if found == 1 else 's are'} being fetched."]
        lines += [describe_unknown(entry) for entry in self.unknown]
        if self.unknown:
            lines.append(
                "They are sent when you make the same requests again."
                if self.is_released
                else "They are not sent again unless you call resume(resend_unknown=True) first."
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<br>".join(html.escape(line) for line in str(self).splitlines())


def resume(service: str | OcrService | None = None, *, resend_unknown: bool = False) -> Resumed:
    """Fetch the results of tasks that were submitted within 24 hours and whose result nobody took.

    Each task is asked for until it is final, as if the process that sent it had lived on; nothing is
    submitted. Results also go to the cache, so that making the same requests again costs no call.

    Args:
        service: a `CloudService`, the address of a server, or None for the chosen service when that is one,
            else for the vendor's with the credentials at hand.
        resend_unknown: permit requests of unknown outcome to be sent when they are made again. Their images
            are not kept, so nothing is sent by this call.

    Raises:
        SettingsError: the service keeps no journal.
    """
    cloud = _cloud_of(service)
    if cloud.journal is None:
        raise SettingsError("This service keeps no journal, so there is nothing to resume.")
    unknown = cloud.journal.unknown(cloud.base_url, cloud.account)
    if resend_unknown:
        cloud.journal.release(unknown)
    jobs = tuple(_job_of(cloud, entry) for entry in cloud.unfinished() if cloud.journal.adopt(entry))
    return Resumed(jobs, unknown, resend_unknown)


def describe_unknown(entry: Entry) -> str:
    """Return one line about a request of unknown outcome."""
    when = datetime.fromtimestamp(entry.submitted, UTC)
    return (
        f"Outcome unknown: {entry.operation.value} of image {entry.image_hash[:12]}…, "
        f"cut off on {when:%Y-%m-%d %H:%M} UTC."
    )


def _cloud_of(service: str | OcrService | None) -> CloudService:
    if service is None:
        chosen = service_of(None)
        return chosen if isinstance(chosen, CloudService) else CloudService()
    found = service_of(service)
    if not isinstance(found, CloudService):
        raise SettingsError(f"A {type(found).__name__} keeps no journal: there is nothing to resume.")
    return found


def _job_of(cloud: CloudService, entry: Entry) -> Job[Any]:
    assert entry.task_id is not None
    name = f"{entry.operation.value} of image {entry.image_hash[:12]}…"
    if entry.operation.is_filter:
        return attach_picture(cloud, entry.task_id, name=name)
    return attach_recognition(cloud, entry.task_id, name=name)
