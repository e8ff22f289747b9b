"""A service that plays given answers: for lessons about waiting, and for tests.

In: reports, in order; out: the same, one a question. It computes nothing and keeps no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .protocol import OcrRequest, ServiceIdentity, TaskId, TaskReport, TaskStatus

Answer = TaskReport | TaskStatus | Exception
"""What to answer: a report (its task id is filled in), a bare status, or an error to raise."""


class ScriptedService:
    """An `OcrService` whose tasks all go through the same answers; the last one is repeated.

    A lesson: `ScriptedService([TaskStatus.PENDING, TaskStatus.PROCESSING, report])`.
    """

    def __init__(
        self,
        answers: Sequence[Answer],
        *,
        identity: ServiceIdentity | None = None,
        refusals: Iterable[Exception] = (),
        polling: Any = None,
    ) -> None:
        """Take the script.

        Args:
            answers: what `fetch` answers, at least one.
            identity: who it says it is.
            refusals: errors that the first calls of `submit` raise, one each.
            polling: the `PollingPolicy` that jobs use unless told otherwise; None for their default.
        """
        if not answers:
            raise ValueError("A script has at least one answer.")
        self._answers = tuple(answers)
        self._identity = identity or ServiceIdentity("scripted", "scripted", "1")
        self._refusals = list(refusals)
        self.polling = polling
        self._places: dict[TaskId, int] = {}
        self.requests: list[OcrRequest] = []
        """What was submitted, in order."""
        self.cancelled: list[TaskId] = []
        """What was taken back, in order."""

    @property
    def identity(self) -> ServiceIdentity:
        """Who answers."""
        return self._identity

    async def submit(self, request: OcrRequest) -> TaskId:
        """Take the request, or raise the next refusal."""
        if self._refusals:
            raise self._refusals.pop(0)
        self.requests.append(request)
        task_id = TaskId(f"00000000-0000-4000-8000-{len(self.requests):012d}")
        self._places[task_id] = 0
        return task_id

    async def fetch(self, task_id: TaskId) -> TaskReport:
        """Give the task's next answer."""
        if task_id not in self._places:
            return TaskReport(task_id, TaskStatus.UNKNOWN, messages=(f"Task {task_id} is not known.",))
        place = self._places[task_id]
        self._places[task_id] = min(place + 1, len(self._answers) - 1)
        answer = self._answers[place]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, TaskStatus):
            return TaskReport(task_id, answer)
        return replace(answer, task_id=task_id)

    async def cancel(self, task_id: TaskId) -> None:
        """Forget the task."""
        self.cancelled.append(task_id)
        self._places.pop(task_id, None)

    async def aclose(self) -> None:
        """Do nothing: nothing is held."""
