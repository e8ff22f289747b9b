"""Where a service on this machine keeps its queue, its results and their age.

`TaskStore` is the seam: `MemoryTaskStore` here; a store shared by several processes has the same methods.
All methods are quick, may be called from any thread, and are atomic. Times are seconds of the caller's
clock. Knows no engine and does no work itself.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Protocol

from ..errors import StoreError
from .protocol import OcrRequest, Operation, ResultItem, ResultKind, TaskId, TaskReport, TaskStatus


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
    """A `TaskStore` of this process. The images of finished tasks are let go, results are kept.

    Results beyond `SHELF_MB` move to a temporary file that no one else can open and that vanishes with the
    process: thousands of images can be worked on in a day, and a notebook's memory stays bounded.
    """

    is_shared = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: OrderedDict[TaskId, TaskRecord] = OrderedDict()
        self._queue: OrderedDict[TaskId, OcrRequest] = OrderedDict()
        self._shelf = _Shelf()

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
            self._shelf.put(report.task_id, report.results)
            self._records[report.task_id] = replace(record, report=replace(report, results=()))
            return True

    def find(self, task_id: TaskId) -> TaskRecord | None:
        """Look a task up."""
        with self._lock:
            record = self._records.get(task_id)
            if record is None or record.report.status is not TaskStatus.COMPLETED:
                return record
            return replace(record, report=replace(record.report, results=self._shelf.get(task_id)))

    def remove(self, task_id: TaskId) -> bool:
        """Forget a task."""
        with self._lock:
            return self._forget(task_id)

    def purge(self, before: float) -> int:
        """Forget all tasks submitted at `before` or earlier."""
        with self._lock:
            # In the order of submission, so the first young one ends the search.
            ages = takewhile(lambda entry: entry[1].submitted <= before, self._records.items())
            return sum(self._forget(task_id) for task_id, _ in list(ages))

    def waiting(self) -> int:
        """Count the pending tasks."""
        with self._lock:
            return len(self._queue)

    def close(self) -> None:
        """Drop everything."""
        with self._lock:
            self._records.clear()
            self._queue.clear()
            self._shelf.close()

    def _forget(self, task_id: TaskId) -> bool:
        self._queue.pop(task_id, None)
        record = self._records.pop(task_id, None)
        if record is not None and record.report.status is TaskStatus.COMPLETED:
            self._shelf.drop(task_id)
        return record is not None


SHELF_MB = 64


class _Shelf:
    """Results by task, in a temporary SQLite database: in memory until its cache is full, then in a file.

    The empty name asks for exactly that (sqlite.org/inmemorydb.html, "Temporary Databases"). Guarded by the
    lock of its store.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        # Also without `close`: a connection that is merely forgotten gives a warning.
        forgotten = weakref.finalize(self, self._db.close)
        forgotten.atexit = False  # at the very end workers may still be finishing
        self._db.execute(f"PRAGMA cache_size = {-1024 * SHELF_MB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(
            "CREATE TABLE results (task TEXT, place INTEGER, kind TEXT, data BLOB, PRIMARY KEY (task, place))"
        )

    def put(self, task_id: TaskId, results: Sequence[ResultItem]) -> None:
        rows = [(task_id, place, item.kind.value, item.data) for place, item in enumerate(results)]
        try:
            self._db.executemany("INSERT INTO results VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise StoreError(
                f"A result of {sum(len(row[3]) for row in rows) / 1e6:.1f} MB cannot be kept ({error}): "
                "make room on the disk of temporary files."
            ) from error

    def get(self, task_id: TaskId) -> tuple[ResultItem, ...]:
        rows = self._db.execute("SELECT kind, data FROM results WHERE task = ? ORDER BY place", (task_id,))
        return tuple(ResultItem(ResultKind(kind), data) for kind, data in rows)

    def drop(self, task_id: TaskId) -> None:
        self._db.execute("DELETE FROM results WHERE task = ?", (task_id,))

    def close(self) -> None:
        self._db.close()
