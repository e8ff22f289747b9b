"""Where a service on this machine keeps its queue, its results and their age.

`TaskStore` is the seam: `MemoryTaskStore` here; a store shared by several processes has the same methods.
All methods are quick, may be called from any thread, and are atomic. Times are seconds of the caller's
clock. Knows no engine and does no work itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Protocol

from .protocol import OcrRequest, Operation, TaskId, TaskReport, TaskStatus


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """What the store knows of one task."""

    operation: Operation
    submitted: float
    """When it was submitted, seconds of the caller's clock."""
    report: TaskReport
    """How it stands, with results when completed."""


class TaskStore(Protocol):
    """Queue and result shelf in one."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes may add tasks, so that workers look from time to time."""
        ...

    def add(self, task_id: TaskId, request: OcrRequest, submitted: float) -> None:
        """Put a new task at the end of the queue, pending."""
        ...

    def claim(self, now: float) -> tuple[TaskId, OcrRequest] | None:
        """Take the oldest pending task, which becomes processing; None when there is none.

        No two callers get the same task. `now` is for stores whose claims lapse when a process dies.
        """
        ...

    def finish(self, report: TaskReport) -> bool:
        """Keep the final report of a claimed task; False, keeping nothing, when it was removed meanwhile."""
        ...

    def find(self, task_id: TaskId) -> TaskRecord | None:
        """Look a task up; None when it is not known (any more)."""
        ...

    def remove(self, task_id: TaskId) -> bool:
        """Forget a task in whatever state; False when it was not known."""
        ...

    def purge(self, before: float) -> int:
        """Forget all tasks submitted at `before` or earlier; return how many."""
        ...

    def waiting(self) -> int:
        """Count the pending tasks."""
        ...

    def close(self) -> None:
        """Release what the store holds; it is not used afterwards."""
        ...


class MemoryTaskStore:
    """A `TaskStore` in this process's memory. The images of finished tasks are let go, results are kept."""

    is_shared = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: OrderedDict[TaskId, TaskRecord] = OrderedDict()
        self._queue: OrderedDict[TaskId, OcrRequest] = OrderedDict()

    def add(self, task_id: TaskId, request: OcrRequest, submitted: float) -> None:
        """Put a new task at the end of the queue."""
        with self._lock:
            pending = TaskReport(task_id, TaskStatus.PENDING)
            self._records[task_id] = TaskRecord(request.operation, submitted, pending)
            self._queue[task_id] = request

    def claim(self, now: float) -> tuple[TaskId, OcrRequest] | None:
        """Take the oldest pending task."""
        with self._lock:
            if not self._queue:
                return None
            task_id, request = self._queue.popitem(last=False)
            processing = TaskReport(task_id, TaskStatus.PROCESSING)
            self._records[task_id] = replace(self._records[task_id], report=processing)
            return task_id, request

    def finish(self, report: TaskReport) -> bool:
        """Keep the final report of a claimed task."""
        with self._lock:
            record = self._records.get(report.task_id)
            if record is None:
                return False
            self._records[report.task_id] = replace(record, report=report)
            return True

    def find(self, task_id: TaskId) -> TaskRecord | None:
        """Look a task up."""
        with self._lock:
            return self._records.get(task_id)

    def remove(self, task_id: TaskId) -> bool:
        """Forget a task."""
        with self._lock:
            self._queue.pop(task_id, None)
            return self._records.pop(task_id, None) is not None

    def purge(self, before: float) -> int:
        """Forget all tasks submitted at `before` or earlier."""
        with self._lock:
            old = [task_id for task_id, record in self._records.items() if record.submitted <= before]
            for task_id in old:
                self._queue.pop(task_id, None)
                del self._records[task_id]
            return len(old)

    def waiting(self) -> int:
        """Count the pending tasks."""
        with self._lock:
            return len(self._queue)

    def close(self) -> None:
        """Drop everything."""
        with self._lock:
            self._records.clear()
            self._queue.clear()
