"""A service that works only when told, so that a test sees every state of a task."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ocr_nb.errors import ImageError
from ocr_nb.images import encode_png, load_picture
from ocr_nb.service.protocol import (
    RESULT_LIFETIME,
    OcrRequest,
    Operation,
    ResultItem,
    ResultKind,
    ServiceIdentity,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.tasks import MemoryTaskStore, TaskStore


class WorksStepwise:
    """An `OcrService` over a `TaskStore`: `take` starts the oldest task, `work` finishes it.

    Filters answer the image with every pixel a square of `factor` (2 unless asked), recognition answers the
    size and the settings it was given as text; a file that is no image fails.
    """

    identity = ServiceIdentity("local", "stepwise", "1.0")

    def __init__(
        self, now: Callable[[], float], store: TaskStore | None = None, *, at_once: bool = False
    ) -> None:
        self.store = store or MemoryTaskStore()
        self.at_once = at_once
        """Whether tasks are finished when they are first asked for."""
        self.requests: list[OcrRequest] = []
        """Everything submitted, in order."""
        self.is_closed = False
        self._now = now
        self._taken: tuple[TaskId, OcrRequest] | None = None

    async def submit(self, request: OcrRequest) -> TaskId:
        """Queue the request."""
        task_id = TaskId(str(uuid.uuid4()))
        self.requests.append(request)
        self.store.add(task_id, request, self._now())
        return task_id

    async def fetch(self, task_id: TaskId) -> TaskReport:
        """Say how the task stands."""
        while self.at_once and self.take():
            self.work()
        self.store.purge(self._now() - RESULT_LIFETIME)
        record = self.store.find(task_id)
        return record.report if record else TaskReport(task_id, TaskStatus.UNKNOWN)

    async def cancel(self, task_id: TaskId) -> None:
        """Forget the task."""
        self.store.remove(task_id)

    async def aclose(self) -> None:
        """Note it."""
        self.is_closed = True

    def take(self) -> bool:
        """Start the oldest task; False when there is none."""
        self._taken = self.store.claim(self._now())
        return self._taken is not None

    def work(self) -> None:
        """Finish the task that was taken."""
        assert self._taken is not None
        task_id, request = self._taken
        try:
            picture = load_picture(request.data)
        except ImageError as error:
            self.store.finish(TaskReport(task_id, TaskStatus.FAILED, messages=(str(error),)))
            return
        if request.operation.is_filter:
            factor = request.factor or (2 if request.operation is Operation.UPSAMPLE else 1)
            larger = picture.pixels.repeat(factor, axis=0).repeat(factor, axis=1)
            result = ResultItem(ResultKind.IMAGE_PNG, encode_png(larger))
        else:
            text = f"{picture.width}x{picture.height} {request.settings.changed()}"
            result = ResultItem(ResultKind.TEXT, text.encode())
        self.store.finish(TaskReport(task_id, TaskStatus.COMPLETED, (result,)))
