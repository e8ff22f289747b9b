"""What keeps a request from being paid twice: the journal before it, the cache after it.

In: what is about to be asked, and every report; out: a permit to POST, or the task that answers already.
Knows no transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

from ...errors import (
    BudgetExceeded,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    ServiceUnreachable,
    SettingsError,
    StoreError,
)
from ..journal import Asked, Entry, EntryState, Journal
from ..protocol import TaskId, TaskReport, TaskStatus
from ..result_cache import ResultCache

_NOT_ACCEPTED = (
    BudgetExceeded, CredentialsRefused, RateLimited, RequestRefused, ServiceUnreachable, SettingsError,
)  # fmt: skip
"""Errors of a POST after which it is certain that no task exists."""
_LOOK_AGAIN = 0.1
"""Seconds between two looks at a request that somebody is sending at this moment."""
_BELIEVED_UNKNOWN = 30.0
"""Seconds from submission until “unknown” is taken for the final word: a queue may be slow to show a task."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission for one POST, and where to write its task id."""

    entry: Entry | None
    """None when no journal is kept."""
    task_id: TaskId | None = None
    """The task that answers already: then nothing may be sent."""
    generation: str | None = None


class Keeper:
    """Journal and cache of one service and account; either may be missing."""

    def __init__(
        self,
        journal: Journal | None,
        cache: ResultCache | None,
        *,
        use_cache: bool = True,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.journal = journal
        self.cache = cache
        self.use_cache = use_cache
        self._now = now
        self._sleep = sleep
        self._kept: dict[TaskId, str] = {}
        """Tasks whose result is in the cache, and its key."""

    def find_kept(self, asked: Asked) -> TaskId | None:
        """Return the task whose result, at hand, answers the request; None when there is none."""
        report = self.cache.load(asked.key) if self.cache and self.use_cache else None
        if report is None:
            return None
        self._kept[report.task_id] = asked.key
        return report.task_id

    async def admit(self, asked: Asked) -> Permit:
        """Write the request down and permit its POST, unless it is answered, or on its way, already.

        Raises:
            OutcomeUnknown: its last POST was cut off, and the user has not said what to do.
        """
        if self.journal is None:
            return Permit(None)
        while True:
            kept = self.find_kept(asked)  # again: whoever was sending it may have its result by now
            if kept is not None:
                return Permit(None, kept)
            entry = self.journal.claim(asked, anew=not self.use_cache)
            if entry.is_new:
                return Permit(entry)
            if entry.state is EntryState.UNKNOWN:
                raise _unknown(entry)
            if entry.state is EntryState.WAITING:
                self.journal.adopt(entry)
                return Permit(entry, entry.task_id, entry.generation)
            await self._sleep(_LOOK_AGAIN)

    @contextlib.asynccontextmanager
    async def sending(self, permit: Permit) -> AsyncIterator[Callable[[TaskId, str], None]]:
        """Guard the POST of a permit: whatever ends it is written down; yields how to note the task id."""
        noted: list[TaskId] = []

        def note(task_id: TaskId, generation: str) -> None:
            noted.append(task_id)
            if self.journal is not None and permit.entry is not None:
                self.journal.sent(permit.entry, task_id, generation)

        try:
            yield note
        except BaseException as error:
            if self.journal is not None and permit.entry is not None and not noted:
                if isinstance(error, _NOT_ACCEPTED):
                    self.journal.not_sent(permit.entry)
                else:
                    self.journal.cut_off(permit.entry)
            raise

    def find(self, task_id: TaskId) -> Entry | None:
        """Return what the journal knows of a task."""
        return self.journal.find(task_id) if self.journal else None

    def has(self, task_id: TaskId) -> bool:
        """Tell whether the result of a task is at hand."""
        return task_id in self._kept

    def load(self, task_id: TaskId) -> TaskReport | None:
        """Return the result of a task if it is at hand."""
        key = self._kept.get(task_id)
        report = self.cache.load(key) if self.cache and key else None
        if report is None:
            self._kept.pop(task_id, None)
            return None
        return TaskReport(task_id, report.status, report.results, report.messages, report.warnings)

    def note(self, report: TaskReport) -> TaskReport:
        """Keep a final report, and close its entry; a cache that cannot be written is told as a warning."""
        entry = self.journal.find(report.task_id) if self.journal and report.status.is_final else None
        if self.journal is None or entry is None or entry.state is not EntryState.WAITING:
            return report
        if report.status is TaskStatus.UNKNOWN and self._now() < entry.submitted + _BELIEVED_UNKNOWN:
            return report
        if report.status is TaskStatus.COMPLETED and report.results and self.cache:
            try:
                self.cache.save(entry.key, report, entry.submitted)
                self._kept[report.task_id] = entry.key
            except StoreError as error:  # what was paid for is handed on all the same
                report = replace(report, warnings=(*report.warnings, f"The result is not kept: {error}"))
        self.journal.answered(report.task_id)
        return report

    def cancelled(self, task_id: TaskId) -> None:
        """Forget a task that was taken back."""
        self._kept.pop(task_id, None)
        if self.journal is not None:
            self.journal.cancelled(task_id)


def _unknown(entry: Entry) -> OutcomeUnknown:
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(entry.submitted))
    return OutcomeUnknown(
        f"This very request was cut off on its way at {when} UTC: the service may have accepted it, so it is "
        "not sent again by itself. To send it again, call ocr_nb.resume(resend_unknown=True) first "
        "(`ocr-nb resume --resend-unknown`), then repeat the request."
    )
