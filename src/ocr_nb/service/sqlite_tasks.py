"""A `TaskStore` in one SQLite file, shared by several processes.

A task posted to one is fetched from another. Write-ahead logging lets readers go on while one process
writes (sqlite.org/wal.html). Each store holds a lock on a file of its own for as long as its process lives;
a task whose claimer's lock is free is given to another worker, once. Times are seconds of the caller's
clock. Knows no engine.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..errors import StoreError
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

try:
    import fcntl
except ImportError:  # Windows has no flock: there a claim never lapses, and a dead worker's task stays open
    fcntl = None  # type: ignore[assignment]

BUSY_S = 30.0
"""Seconds to wait for another process's write; each of ours takes milliseconds."""
REAP_EVERY_S = 2.0
"""Seconds between two looks for tasks of dead workers."""
MOST_CLAIMS = 2
"""A task that has taken this many worker processes with it is not tried again."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, submitted REAL NOT NULL,
  operation TEXT NOT NULL, settings TEXT NOT NULL, name TEXT NOT NULL, factor INTEGER,
  status TEXT NOT NULL, owner TEXT, claims INTEGER NOT NULL DEFAULT 0,
  messages TEXT NOT NULL DEFAULT '[]', warnings TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS by_status ON tasks (status, number);
CREATE INDEX IF NOT EXISTS by_age ON tasks (submitted);
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
        self._lock = threading.RLock()
        self._owner = uuid.uuid4().hex
        self._reaped = float("-inf")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._workers = folder / "workers"
            self._workers.mkdir(mode=0o700, exist_ok=True)
            self._alive = _hold(self._workers / self._owner)
            path = folder / "tasks.sqlite"
            path.touch(mode=0o600)
        except OSError as error:
            raise StoreError(f"The task folder {folder} cannot be used ({error}): choose another.") from error
        self._path = path
        self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        with self._translated():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA journal_size_limit = 67108864")
            self._db.executescript(_SCHEMA)

    def add(self, task_id: TaskId, request: OcrRequest, submitted: float) -> None:
        """Put a new task at the end of the queue."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO tasks (id, submitted, operation, settings, name, factor, status) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    task_id,
                    submitted,
                    request.operation.value,
                    json.dumps(dataclasses.asdict(request.settings)),
                    request.name,
                    request.factor,
                    TaskStatus.PENDING.value,
                ),
            )
            db.execute("INSERT INTO images (id, data) VALUES (?, ?)", (task_id, request.data))

    def claim(self, now: float) -> tuple[TaskId, OcrRequest] | None:
        """Take the oldest pending task; now and then, tasks of dead workers become pending again first."""
        if now - self._reaped >= REAP_EVERY_S:
            self._reaped = now
            self._reap()
        with self._translated(), self._lock:
            # Looking costs no write lock, so idle workers do not hold up the busy ones.
            if not self._count(TaskStatus.PENDING):
                return None
        with self._writing() as db:
            row = db.execute(
                "UPDATE tasks SET status = ?, owner = ?, claims = claims + 1 WHERE number = "
                "(SELECT number FROM tasks WHERE status = ? ORDER BY number LIMIT 1) "
                "RETURNING id, operation, settings, name, factor",
                (TaskStatus.PROCESSING.value, self._owner, TaskStatus.PENDING.value),
            ).fetchone()
            if row is None:
                return None
            task_id, operation, settings, name, factor = row
            (data,) = db.execute("SELECT data FROM images WHERE id = ?", (task_id,)).fetchone()
        request = OcrRequest(Operation(operation), data, _settings(settings), name, factor)
        return TaskId(task_id), request

    def finish(self, report: TaskReport) -> bool:
        """Keep the final report of a task that this store claimed."""
        with self._writing() as db:
            kept = db.execute(
                "UPDATE tasks SET status = ?, owner = NULL, messages = ?, warnings = ? "
                "WHERE id = ? AND owner = ?",
                (
                    report.status.value,
                    json.dumps(report.messages),
                    json.dumps(report.warnings),
                    report.task_id,
                    self._owner,
                ),
            ).rowcount
            if not kept:
                return False
            db.execute("DELETE FROM images WHERE id = ?", (report.task_id,))
            db.executemany(
                "INSERT INTO results (id, position, kind, data) VALUES (?, ?, ?, ?)",
                [
                    (report.task_id, position, item.kind.value, item.data)
                    for position, item in enumerate(report.results)
                ],
            )
            return True

    def find(self, task_id: TaskId) -> TaskRecord | None:
        """Look a task up."""
        with self._translated(), self._lock:
            # One transaction, so that a completed task never appears without its results.
            self._db.execute("BEGIN")
            try:
                row = self._db.execute(
                    "SELECT operation, submitted, status, messages, warnings FROM tasks WHERE id = ?",
                    (task_id,),
                ).fetchone()
                results = self._db.execute(
                    "SELECT kind, data FROM results WHERE id = ? ORDER BY position", (task_id,)
                ).fetchall()
            finally:
                self._db.execute("COMMIT")
        if row is None:
            return None
        operation, submitted, status, messages, warnings = row
        report = TaskReport(
            task_id,
            TaskStatus(status),
            tuple(ResultItem(ResultKind(kind), data) for kind, data in results),
            tuple(json.loads(messages)),
            tuple(json.loads(warnings)),
        )
        return TaskRecord(Operation(operation), submitted, report)

    def remove(self, task_id: TaskId) -> bool:
        """Forget a task."""
        with self._writing() as db:
            return db.execute("DELETE FROM tasks WHERE id = ?", (task_id,)).rowcount > 0

    def purge(self, before: float) -> int:
        """Forget all tasks submitted at `before` or earlier."""
        with self._translated(), self._lock:
            old = self._db.execute("SELECT 1 FROM tasks WHERE submitted <= ? LIMIT 1", (before,)).fetchone()
        if old is None:
            return 0
        with self._writing() as db:
            return db.execute("DELETE FROM tasks WHERE submitted <= ?", (before,)).rowcount

    def waiting(self) -> int:
        """Count the pending tasks of all processes."""
        with self._translated(), self._lock:
            return self._count(TaskStatus.PENDING)

    def close(self) -> None:
        """Give claimed tasks back to the queue and let go of the files."""
        with suppress(StoreError), self._writing() as db:
            db.execute(
                "UPDATE tasks SET status = ?, owner = NULL, claims = claims - 1 WHERE owner = ?",
                (TaskStatus.PENDING.value, self._owner),
            )
        with self._lock:
            self._db.close()
        self._alive.close()
        (self._workers / self._owner).unlink(missing_ok=True)

    def _reap(self) -> None:
        """Queue the tasks of dead workers again; one that has already cost `MOST_CLAIMS` of them fails."""
        with self._translated(), self._lock:
            rows = self._db.execute("SELECT DISTINCT owner FROM tasks WHERE owner IS NOT NULL").fetchall()
        dead = [owner for (owner,) in rows if owner != self._owner and _is_dead(self._workers / owner)]
        for owner in dead:
            with self._writing() as db:
                db.execute(
                    "UPDATE tasks SET status = ?, owner = NULL, messages = ? WHERE owner = ? AND claims >= ?",
                    (TaskStatus.FAILED.value, json.dumps([_DIED]), owner, MOST_CLAIMS),
                )
                db.execute(
                    "UPDATE tasks SET status = ?, owner = NULL WHERE owner = ?",
                    (TaskStatus.PENDING.value, owner),
                )
            (self._workers / owner).unlink(missing_ok=True)

    def _count(self, status: TaskStatus) -> int:
        rows = self._db.execute("SELECT COUNT(*) FROM tasks WHERE status = ?", (status.value,))
        return int(rows.fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One atomic change: the write lock is taken at once, so that it cannot fail half-way."""
        with self._translated(), self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"The task store {self._path} cannot be used ({error}).") from error


def _settings(text: str) -> RecognitionSettings:
    raw: dict[str, Any] = json.loads(text)
    raw["regions"] = tuple(Region(**region) for region in raw["regions"])
    return RecognitionSettings(**raw)


def _hold(path: Path) -> IO[bytes]:
    """Create `path` and lock it for as long as the returned file is open, at most until the process ends."""
    path.touch(mode=0o600)
    file = path.open("r+b")
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _is_dead(path: Path) -> bool:
    """Tell whether the process that locked `path` is gone."""
    if fcntl is None:
        return False
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except FileNotFoundError:
        return True
    except OSError:
        return False
