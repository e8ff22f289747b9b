"""Which operation a task id belongs to, and how many tasks wait: what `OcrService` does not tell.

Where the service keeps its tasks in a `TaskStore`, that is asked; otherwise ids are remembered here for as
long as they are good for anything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from ..service.protocol import RESULT_LIFETIME, Operation, TaskId
from ..service.tasks import TaskStore


class Ledger(Protocol):
    """Book of issued task ids."""

    def remember(self, task_id: TaskId, operation: Operation) -> None:
        """Note an id just issued."""
        ...

    def operation_of(self, task_id: TaskId) -> Operation | None:
        """Return what the id was issued for; None when that is not known here."""
        ...

    def waiting(self) -> int:
        """Count the tasks that wait; 0 when that is not known here."""
        ...


class StoreLedger:
    """Reads the book in the service's own store, which other processes share."""

    def __init__(self, store: TaskStore) -> None:
        self._store = store

    def remember(self, task_id: TaskId, operation: Operation) -> None:
        """Do nothing: the store has noted it."""

    def operation_of(self, task_id: TaskId) -> Operation | None:
        """Return what the id was issued for."""
        record = self._store.find(task_id)
        return record.operation if record else None

    def waiting(self) -> int:
        """Count the pending tasks of all processes."""
        return self._store.waiting()


class MemoryLedger:
    """Remembers ids of any service for 24 hours, in this process."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._book: OrderedDict[TaskId, tuple[float, Operation]] = OrderedDict()

    def remember(self, task_id: TaskId, operation: Operation) -> None:
        """Note an id just issued and let the old ones go."""
        self._book[task_id] = (self._now(), operation)
        limit = self._now() - RESULT_LIFETIME
        while self._book and next(iter(self._book.values()))[0] <= limit:
            self._book.popitem(last=False)

    def operation_of(self, task_id: TaskId) -> Operation | None:
        """Return what the id was issued for; None after a restart: then the service decides alone."""
        entry = self._book.get(task_id)
        return entry[1] if entry else None

    def waiting(self) -> int:
        """Return 0: such a service bounds its queue itself."""
        return 0
