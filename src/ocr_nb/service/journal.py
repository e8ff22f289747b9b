"""Nothing paid for is lost: what was asked is written down before it is sent.

One row a request: written before the POST, given its task id after it, closed by the final answer. A row
whose POST was cut off is “outcome unknown” and is never sent again unasked. Holds ids, hashes and times;
no pixels, no text. Safe with several processes: rows of a living process are left to it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from sqlite3 import Connection, Row
from typing import Any

from .owners import Owners, owners_in
from .private_database import PrivateDatabase
from .protocol import RESULT_LIFETIME, OcrRequest, Operation, TaskId

_LATENCIES_KEPT = 200
"""Of each operation; enough for the polling policy to start from what the last sessions saw."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL,
    operation TEXT NOT NULL, settings TEXT NOT NULL, image_hash TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT NOT NULL, generation TEXT, task_id TEXT,
    submitted REAL NOT NULL, changed REAL NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_key ON entries (key);
CREATE INDEX IF NOT EXISTS entries_by_task ON entries (task_id);
CREATE TABLE IF NOT EXISTS latencies (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL, operation TEXT NOT NULL,
    megapixels REAL NOT NULL, seconds REAL NOT NULL, not_before REAL NOT NULL);
"""


class EntryState(Enum):
    """How far a request got."""

    SENDING = "sending"
    """The POST is about to be made, or under way; with a dead owner: outcome unknown."""
    WAITING = "waiting"
    """The task id is known; the result has not been fetched."""
    ANSWERED = "answered"
    """A final answer came."""
    UNKNOWN = "unknown"
    """The POST was cut off: the service may have accepted it."""
    RELEASED = "released"
    """Was unknown, and the user said to send it again."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, as far as it got."""

    number: int
    key: str
    service: str
    account: str
    operation: Operation
    settings: dict[str, Any]
    """Settings that differ from the defaults."""
    image_hash: str
    """SHA-256 of the image file as sent, hexadecimal."""
    state: EntryState
    owner: str
    generation: str | None
    task_id: TaskId | None
    submitted: float
    """When it was written down, seconds since 1970."""
    is_new: bool = False
    """Written by this very claim, which alone permits a POST."""

    @property
    def expires(self) -> float:
        """When the service forgets the task: 24 hours after submission, seconds since 1970."""
        return self.submitted + RESULT_LIFETIME


@dataclass(frozen=True, slots=True)
class Asked:
    """What identifies a request: the same image, settings, service and account give the same key."""

    service: str
    account: str
    operation: Operation
    settings: str
    """Canonical JSON of the settings that differ from the defaults."""
    image_hash: str

    @classmethod
    def of(cls, request: OcrRequest, service: str, account: str) -> Asked:
        """Describe `request` without its pixels; its name plays no part in what the service answers."""
        settings = {} if request.operation.is_filter else request.settings.changed()
        if request.factor is not None:
            settings = {"factor": request.factor}
        text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(request.data).hexdigest()
        return cls(service, account, request.operation, text, digest)

    @property
    def key(self) -> str:
        """SHA-256 over everything, hexadecimal."""
        parts = (self.service, self.account, self.operation.value, self.settings, self.image_hash)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Journal:
    """The journal on file: `state/journal.sqlite`."""

    def __init__(
        self, path: Path, *, now: Callable[[], float] = time.time, owners: Owners | None = None
    ) -> None:
        """Open the journal, made when missing.

        Args:
            path: the SQLite file, readable by its owner alone.
            now: seconds since 1970.
            owners: who this process is; by default one name for all journals of this process.
        """
        self._database = PrivateDatabase(path, _SCHEMA)
        self._owners = owners or owners_in(path.parent / "owners")
        self._now = now

    def claim(self, asked: Asked, *, anew: bool = False) -> Entry:
        """Write the request down as about to be sent, unless it is on its way already.

        Returns a new `SENDING` entry of this process, which alone permits a POST; or the entry that stands
        in its way: `WAITING` (watch that task instead), `SENDING` of a living process (ask again soon) or
        `UNKNOWN` (the user decides). With `anew` nothing stands in its way.
        """
        me = self._owners.me()
        with self._database.transaction() as connection:
            self._purge(connection)
            standing = None if anew else self._standing(connection, asked.key)
            if standing is not None:
                return standing
            now = self._now()
            cursor = connection.execute(
                "INSERT INTO entries (key, service, account, operation, settings, image_hash, state, owner, "
                "submitted, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(asked.key, asked.service, asked.account, asked.operation.value, asked.settings),
                    *(asked.image_hash, EntryState.SENDING.value, me, now, now),
                ),
            )
            return replace(self._entry(connection, cursor.lastrowid), is_new=True)

    def is_mine(self, entry: Entry) -> bool:
        """Tell whether this process wrote the entry, or took it over."""
        return entry.owner == self._owners.me()

    def sent(self, entry: Entry, task_id: TaskId, generation: str) -> None:
        """Note the task id: from here on the result cannot be lost."""
        self._change(entry.number, EntryState.WAITING, task_id=task_id, generation=generation)

    def not_sent(self, entry: Entry) -> None:
        """Strike the entry out: the service did not accept the request, or never saw it."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM entries WHERE number = ?", (entry.number,))

    def cut_off(self, entry: Entry) -> None:
        """Note that the service may or may not have accepted the request."""
        self._change(entry.number, EntryState.UNKNOWN)

    def answered(self, task_id: TaskId) -> None:
        """Note that the final answer was fetched."""
        self._close_task(task_id, EntryState.ANSWERED)

    def cancelled(self, task_id: TaskId) -> None:
        """Note that the task was taken back."""
        self._close_task(task_id, EntryState.CANCELLED)

    def find(self, task_id: TaskId) -> Entry | None:
        """Return the newest entry of a task; None for one that was not submitted from here."""
        rows = self._database.rows(
            "SELECT * FROM entries WHERE task_id = ? ORDER BY number DESC LIMIT 1", task_id
        )
        return _entry_of(rows[0]) if rows else None

    def unfinished(self, service: str, account: str) -> tuple[Entry, ...]:
        """Return tasks whose result nobody fetched and no other living process watches; oldest first."""
        return self._free_entries(service, account, EntryState.WAITING)

    def unknown(self, service: str, account: str) -> tuple[Entry, ...]:
        """Return requests whose POST was cut off, by an error or by the death of its process."""
        died = self._free_entries(service, account, EntryState.SENDING)
        for entry in died:
            if not self.is_mine(entry):
                self.cut_off(entry)
        return self._free_entries(service, account, EntryState.UNKNOWN)

    def release(self, entries: tuple[Entry, ...]) -> None:
        """Permit that requests of unknown outcome are sent again when they are asked for again."""
        for entry in entries:
            self._change(entry.number, EntryState.RELEASED)

    def adopt(self, entry: Entry) -> bool:
        """Make this process the one that watches the task; False when another one was faster."""
        me = self._owners.me()
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE entries SET owner = ? WHERE number = ? AND owner = ?", (me, entry.number, entry.owner)
            )
            return changed.rowcount == 1

    def note_latency(
        self, service: str, operation: Operation, megapixels: float, seconds: float, not_before: float
    ) -> None:
        """Keep how long a task took, so that the next session's polling starts from it."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO latencies (service, operation, megapixels, seconds, not_before) "
                "VALUES (?, ?, ?, ?, ?)",
                (service, operation.value, megapixels, seconds, not_before),
            )
            connection.execute(
                "DELETE FROM latencies WHERE service = ? AND operation = ? AND number <= ("
                "SELECT max(number) FROM latencies) - ?",
                (service, operation.value, _LATENCIES_KEPT),
            )

    def latencies(self, service: str) -> tuple[tuple[Operation, float, float, float], ...]:
        """Return what was kept: operation, megapixels, seconds, not_before; oldest first."""
        rows = self._database.rows("SELECT * FROM latencies WHERE service = ? ORDER BY number", service)
        return tuple(
            (Operation(row["operation"]), row["megapixels"], row["seconds"], row["not_before"])
            for row in rows
        )

    def forget(self) -> int:
        """Delete every row; return how many requests were forgotten."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM latencies")
            return connection.execute("DELETE FROM entries").rowcount

    def close(self) -> None:
        """Close the file; what this process watches stays its own until it ends."""
        self._database.close()

    def _standing(self, connection: Connection, key: str) -> Entry | None:
        """Return the entry that forbids a new POST; one that a dead process was sending becomes unknown."""
        row = connection.execute(
            "SELECT * FROM entries WHERE key = ? ORDER BY number DESC LIMIT 1", (key,)
        ).fetchone()
        entry = _entry_of(row) if row else None
        if entry is None or entry.state not in _IN_THE_WAY:
            return None
        if entry.state is EntryState.SENDING and not self._owners.is_alive(entry.owner):
            connection.execute(
                "UPDATE entries SET state = ?, changed = ? WHERE number = ?",
                (EntryState.UNKNOWN.value, self._now(), entry.number),
            )
            return self._entry(connection, entry.number)
        return entry

    def _free_entries(self, service: str, account: str, state: EntryState) -> tuple[Entry, ...]:
        rows = self._database.rows(
            "SELECT * FROM entries WHERE service = ? AND account = ? AND state = ? AND submitted > ? "
            "ORDER BY number",
            *(service, account, state.value, self._now() - RESULT_LIFETIME),
        )
        me = self._owners.me()
        entries = [_entry_of(row) for row in rows]
        alive = {owner: self._owners.is_alive(owner) for owner in {entry.owner for entry in entries}}
        return tuple(entry for entry in entries if entry.owner == me or not alive[entry.owner])

    def _change(
        self,
        number: int,
        state: EntryState,
        *,
        task_id: TaskId | None = None,
        generation: str | None = None,
    ) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE entries SET state = ?, changed = ?, task_id = coalesce(?, task_id), "
                "generation = coalesce(?, generation) WHERE number = ?",
                (state.value, self._now(), task_id, generation, number),
            )

    def _close_task(self, task_id: TaskId, state: EntryState) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE entries SET state = ?, changed = ? WHERE task_id = ? AND state = ?",
                (state.value, self._now(), task_id, EntryState.WAITING.value),
            )

    def _purge(self, connection: Connection) -> None:
        """Delete rows whose task the service has forgotten by now."""
        connection.execute("DELETE FROM entries WHERE submitted <= ?", (self._now() - RESULT_LIFETIME,))

    def _entry(self, connection: Connection, number: int | None) -> Entry:
        return _entry_of(connection.execute("SELECT * FROM entries WHERE number = ?", (number,)).fetchone())


_IN_THE_WAY = {EntryState.SENDING, EntryState.WAITING, EntryState.UNKNOWN}


def _entry_of(row: Row) -> Entry:
    return Entry(
        number=row["number"],
        key=row["key"],
        service=row["service"],
        account=row["account"],
        operation=Operation(row["operation"]),
        settings=json.loads(row["settings"]),
        image_hash=row["image_hash"],
        state=EntryState(row["state"]),
        owner=row["owner"],
        generation=row["generation"],
        task_id=TaskId(row["task_id"]) if row["task_id"] else None,
        submitted=row["submitted"],
    )
