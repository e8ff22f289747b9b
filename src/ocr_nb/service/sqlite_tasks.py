"""A `TaskStore` in one SQLite file, shared by several processes.

A task posted to one is fetched from another. A task whose worker died is given to another one, once; how a
death is noticed is in `owners.py`. Times are seconds of the caller's clock. Knows no engine.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path
from typing import Any

from ..errors import StoreError
from .owners import Owners
from .private_database import PrivateDatabase
from .protocol import (
    OcrRequest,
    Operation,
    RecognitionSettings,
    Region,
    ResultItem,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from .tasks import TaskRecord

REAP_EVERY_S = 2.0
"""Seconds between two looks for tasks of dead workers."""
MOST_CLAIMS = 2
"""A task that has taken this many worker processes with it is not tried again."""

_SCHEMA = """
PRAGMA foreign_keys = ON;
PRAGMA journal_size_limit = 67108864;
CREATE TABLE IF NOT EXISTS tasks (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, submitted REAL NOT NULL,
  operation TEXT NOT NULL, settings TEXT NOT NULL, name TEXT NOT NULL, factor INTEGER,
  status TEXT NOT NULL, owner TEXT, claims INTEGER NOT NULL DEFAULT 0,
  messages TEXT NOT NULL DEFAULT '[]', warnings TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS by_status ON tasks (status, number);
CREATE INDEX IF NOT EXISTS by_age ON tasks (submitted);
CREATE INDEX IF NOT EXISTS by_owner ON tasks (owner) WHERE owner IS NOT NULL;
CREATE TABLE IF NOT EXISTS images (
  id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS results (
  id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE, position INTEGER NOT NULL, kind TEXT NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY (id, position)
);
"""
_DIED = "The worker process died while it was at this task: submit it again, or give a smaller image."


class SqliteTaskStore:
    """Queue and result shelf in `folder`, for any number of processes on this machine.

    The images of finished tasks are deleted, results are kept until they are purged.

    Raises:
        StoreError: the folder cannot be written, or the file is no such store.
    """

    is_shared = True

    def __init__(self, folder: Path) -> None:
        self._reaped = float("-inf")
        self._reaping = threading.Lock()
        self._owners = Owners(folder / "workers")
        self._database = PrivateDatabase(folder / "tasks.sqlite", _SCHEMA)
        try:
            self._me = self._owners.me()
            self._count(TaskStatus.PENDING)
        except (OSError, StoreError) as error:
            self._owners.close()
            raise StoreError(f"The task folder {folder} cannot be used ({error}): choose another.") from error

    def add(self, task_id: TaskId, request: OcrRequest, submitted: float) -> None:
        """Put a new task at the end of the queue."""
        settings = json.dumps(dataclasses.asdict(request.settings))
        row = (task_id, submitted, request.operation.value, settings, request.name, request.factor)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO tasks (id, submitted, operation, settings, name, factor, status) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, TaskStatus.PENDING.value),
            )
            connection.execute("INSERT INTO images (id, data) VALUES (?, ?)", (task_id, request.data))

    def claim(self, now: float) -> tuple[TaskId, OcrRequest] | None:
        """Take the oldest pending task; now and then, tasks of dead workers become pending again first."""
        self._reap(now)
        # Looking costs no write lock, so that idle workers do not hold up the busy ones.
        if not self._count(TaskStatus.PENDING):
            return None
        with self._database.transaction() as connection:
            row = connection.execute(
                "UPDATE tasks SET status = ?, owner = ?, claims = claims + 1 WHERE number = "
                "(SELECT number FROM tasks WHERE status = ? ORDER BY number LIMIT 1) "
                "RETURNING id, operation, settings, name, factor",
                (TaskStatus.PROCESSING.value, self._me, TaskStatus.PENDING.value),
            ).fetchone()
            if row is None:
                return None
            task_id, operation, settings, name, factor = row
            (data,) = connection.execute("SELECT data FROM images WHERE id = ?", (task_id,)).fetchone()
        request = OcrRequest(Operation(operation), data, _settings(settings), name, factor)
        return TaskId(task_id), request

    def finish(self, report: TaskReport) -> bool:
        """Keep the final report of a task that this store claimed."""
        notes = (json.dumps(report.messages), json.dumps(report.warnings))
        items = [(report.task_id, *numbered) for numbered in _numbered(report.results)]
        with self._database.transaction() as connection:
            kept = connection.execute(
                "UPDATE tasks SET status = ?, owner = NULL, messages = ?, warnings = ? "
                "WHERE id = ? AND owner = ?",
                (report.status.value, *notes, report.task_id, self._me),
            ).rowcount
            if kept:
                connection.execute("DELETE FROM images WHERE id = ?", (report.task_id,))
                connection.executemany("INSERT INTO results VALUES (?, ?, ?, ?)", items)
        return bool(kept)

    def find(self, task_id: TaskId) -> TaskRecord | None:
        """Look a task up."""
        # One statement sees one state: a completed task never appears without its results.
        rows = self._database.rows(
            "SELECT operation, submitted, status, messages, warnings, kind, data FROM tasks "
            "LEFT JOIN results ON results.id = tasks.id WHERE tasks.id = ? ORDER BY position",
            task_id,
        )
        if not rows:
            return None
        task = rows[0]
        report = TaskReport(
            task_id,
            TaskStatus(task["status"]),
            tuple(ResultItem(ResultKind(row["kind"]), row["data"]) for row in rows if row["kind"]),
            tuple(json.loads(task["messages"])),
            tuple(json.loads(task["warnings"])),
        )
        return TaskRecord(Operation(task["operation"]), task["submitted"], report)

    def remove(self, task_id: TaskId) -> bool:
        """Forget a task."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM tasks WHERE id = ?", (task_id,)).rowcount > 0

    def purge(self, before: float) -> int:
        """Forget all tasks submitted at `before` or earlier."""
        if not self._database.rows("SELECT 1 FROM tasks WHERE submitted <= ? LIMIT 1", before):
            return 0
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM tasks WHERE submitted <= ?", (before,)).rowcount

    def waiting(self) -> int:
        """Count the pending tasks of all processes."""
        return self._count(TaskStatus.PENDING)

    def close(self) -> None:
        """Give claimed tasks back to the queue and let go of the files; may be called twice."""
        if self._me:
            with self._database.transaction() as connection:
                connection.execute(
                    "UPDATE tasks SET status = ?, owner = NULL, claims = claims - 1 WHERE owner = ?",
                    (TaskStatus.PENDING.value, self._me),
                )
        self._me = ""
        self._database.close()
        self._owners.close()

    def _reap(self, now: float) -> None:
        """Queue the tasks of dead workers again; one that has already cost `MOST_CLAIMS` of them fails."""
        with self._reaping:
            if now - self._reaped < REAP_EVERY_S:
                return
            self._reaped = now
        rows = self._database.rows("SELECT DISTINCT owner FROM tasks WHERE owner IS NOT NULL")
        for (owner,) in rows:
            if self._owners.is_alive(owner):
                continue
            with self._database.transaction() as connection:
                connection.execute(
                    "UPDATE tasks SET status = ?, owner = NULL, messages = ? WHERE owner = ? AND claims >= ?",
                    (TaskStatus.FAILED.value, json.dumps([_DIED]), owner, MOST_CLAIMS),
                )
                connection.execute(
                    "UPDATE tasks SET status = ?, owner = NULL WHERE owner = ?",
                    (TaskStatus.PENDING.value, owner),
                )

    def _count(self, status: TaskStatus) -> int:
        rows = self._database.rows("SELECT COUNT(*) FROM tasks WHERE status = ?", status.value)
        return int(rows[0][0])


def _numbered(results: tuple[ResultItem, ...]) -> list[tuple[int, str, bytes]]:
    return [(position, item.kind.value, item.data) for position, item in enumerate(results)]


def _settings(text: str) -> RecognitionSettings:
    raw: dict[str, Any] = json.loads(text)
    raw["regions"] = tuple(Region(**region) for region in raw["regions"])
    return RecognitionSettings(**raw)
