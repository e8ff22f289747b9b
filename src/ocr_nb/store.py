"""Where trials live between sessions: one SQLite file that any number of studies may write at once.

In and out: `Trial`s; beside each its edit counts, so that a table of 100,000 needs no text. A trial is on
disk when `add` returns. An error row gives way to a later attempt, a success to nothing. Knows nothing of
tables, images or services; a store is never a pickle.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

from .alignment import EditCounts
from .digests import Digests
from .errors import StoreError
from .summary import accuracy_of, pair_key
from .trial import Trial

VERSION = 2
"""Of the table's layout; a store with a higher one is refused, one with a lower brought up to it."""
APPLICATION_ID = 0x6F63726E
"""“ocrn”: SQLite's header field that tells our files from those of others."""
COUNT_COLUMNS = tuple(
    f"{unit}_{kind}"
    for unit in ("character", "word")
    for kind in ("hits", "substitutions", "insertions", "deletions")
)
IN_MEMORY = ":memory:"

_FIELDS = tuple(field.name for field in dataclasses.fields(Trial))
_COLUMNS = ("identity", "pair", *_FIELDS, *COUNT_COLUMNS)
_HEADER = b"SQLite format 3\x00"
_PATIENCE = 60.0
"""Seconds to wait for another process that is writing; a transaction takes milliseconds."""
_PAGE = 1000

# The texts stand last: SQLite then reads the numbers of a row without the pages its texts overflow to.
_SCHEMA = f"""
CREATE TABLE trial (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    pair TEXT NOT NULL,
    image TEXT NOT NULL, image_hash TEXT, "group" TEXT, variant TEXT, condition TEXT NOT NULL,
    engine TEXT, engine_version TEXT, service TEXT, settings TEXT, normalization TEXT,
    cer REAL, wer REAL, confidence REAL, seconds REAL, calls INTEGER,
    width INTEGER, height INTEGER, factor REAL, x_height_px REAL, task_id TEXT, error TEXT, time TEXT,
    {", ".join(f"{name} INTEGER" for name in COUNT_COLUMNS)},
    warnings TEXT NOT NULL, ground_truth TEXT, text TEXT, word_boxes TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX unopened ON trial (image) WHERE image_hash IS NULL;
"""
_FROM_1_TO_2 = "ALTER TABLE trial ADD COLUMN word_boxes TEXT NOT NULL DEFAULT '[]'"


def identify(trial: Trial) -> bytes:
    """Return 16 bytes that two trials share if one need not be measured because the other was.

    They stand for (image hash, variant, condition, engine, engine version, service, settings); an image that
    could not be opened has no hash and goes by its name.
    """
    image = trial.image_hash or f"name:{trial.image}"
    reader = [trial.engine, trial.engine_version, trial.service]
    parts = [image, trial.variant, trial.condition, *reader, trial.settings or {}]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True, default=str).encode(), digest_size=16).digest()


class TrialStore:
    """An open store; usable from several threads, and from a forked child."""

    def __init__(self, path: str | PathLike[str] = IN_MEMORY) -> None:
        """Open the store at `path`, or make a new one there.

        Args:
            path: a file; `IN_MEMORY` for a store that goes with this object.

        Raises:
            StoreError: the file is no store, comes from a newer version, or cannot be opened.
        """
        self.path = Path(path)
        self._in_memory = str(path) == IN_MEMORY
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened_by = 0
        self._listeners: list[tuple[int, Callable[[], object]]] = []
        with self._translated():
            self._open()

    def add(self, trial: Trial) -> bool:
        """Keep one trial; it is on disk when this returns. False: there is a success already, which stays.

        Raises:
            StoreError: it could not be written; what was stored before is safe.
        """
        return self.extend((trial,)) == 1

    def extend(self, trials: Iterable[Trial]) -> int:
        """Keep many trials in one transaction, all or none; return how many were written (see `add`)."""
        rows = [(trial, _to_row(trial)) for trial in trials]
        written = 0
        with self._transaction() as connection:
            for trial, row in rows:
                written += connection.execute(_INSERT, row).rowcount
                if trial.image_hash is not None:
                    connection.execute(_DROP_UNOPENED, [_to_cell(trial, name) for name in _UNOPENED_KEYS])
        if written:
            self._tell()
        return written

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback` after each change made through this object, on the thread that made it.

        It must be quick and raise nothing: whoever adds trials waits for it.

        Returns:
            What ends that.
        """
        entry = (os.getpid(), callback)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry) if entry in self._listeners else None

    def _tell(self) -> None:
        # A forked child has its parent's list, and none of the threads that its callbacks may count on.
        for process, callback in list(self._listeners):
            if process == os.getpid():
                callback()

    def correct_truth(self, trial: Trial) -> bool:
        """Give the stored trial of this identity the ground truth, normalization and rates of `trial`.

        What was read, and what it cost, stays as it was; False when there is no such success or its text
        differs.
        """
        row = dict(zip(_COLUMNS, _to_row(trial), strict=True))
        names = ("ground_truth", "normalization", "cer", "wer", *COUNT_COLUMNS)
        places = ", ".join(f"{name} = ?" for name in names)
        with self._transaction() as connection:
            changed = connection.execute(
                f"UPDATE trial SET {places} WHERE identity = ? AND error IS NULL AND text IS ?",
                [*(row[name] for name in names), row["identity"], row["text"]],
            )
        if changed.rowcount == 1:
            self._tell()
        return bool(changed.rowcount == 1)

    def successes(self) -> Digests:
        """Return the identities (see `identify`) of all trials that need not be measured again."""
        with self._lock, self._translated():
            rows = self._open().execute("SELECT identity FROM trial WHERE error IS NULL")
            return Digests(identity for (identity,) in rows)

    def arrange(self, identities: Iterable[bytes]) -> None:
        """Put these trials in this order, behind the others; what is in order already is not touched."""
        with self._transaction() as connection:
            places = array("q")
            for identity in identities:
                row = connection.execute("SELECT id FROM trial WHERE identity = ?", (identity,)).fetchone()
                places.extend(row or ())
            if all(one < other for one, other in pairwise(places)):
                return
            last = connection.execute("SELECT max(id) FROM trial").fetchone()[0]
            connection.executemany(
                "UPDATE trial SET id = ? WHERE id = ?",
                ((last + number, place) for number, place in enumerate(places, 1)),
            )

    def find(self, trial: Trial) -> Trial | None:
        """Return the stored trial that has the identity of `trial`, or None."""
        rows = self._rows(f"SELECT {_quoted(_FIELDS)} FROM trial WHERE identity = ?", identify(trial))
        return _to_trial(rows[0]) if rows else None

    def find_pair(self, pair: str) -> list[Trial]:
        """Return the trials that share this `pair_key`: one image under all conditions and readers."""
        rows = self._rows(f"SELECT {_quoted(_FIELDS)} FROM trial WHERE pair = ? ORDER BY id", pair)
        return [_to_trial(row) for row in rows]

    def __iter__(self) -> Iterator[Trial]:
        """Yield the trials in the order in which each was first attempted."""
        last = 0
        while True:
            query = f"SELECT id, {_quoted(_FIELDS)} FROM trial WHERE id > ? ORDER BY id LIMIT {_PAGE}"
            rows = self._rows(query, last)
            yield from (_to_trial(row[1:]) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM trial")[0][0])

    def columns(self, names: Sequence[str], conditions: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of these columns only, in order; `conditions` chooses among the rows.

        Columns are fields of `Trial` (settings, warnings, word_boxes as JSON), `COUNT_COLUMNS` and `pair`.
        """
        unknown = set(names) - set(_COLUMNS)
        if unknown:
            raise ValueError(f"A store has no column {sorted(unknown)[0]!r}.")
        chosen = "" if conditions is None else f"WHERE condition IN ({', '.join('?' * len(conditions))})"
        return self._rows(f"SELECT {_quoted(names)} FROM trial {chosen} ORDER BY id", *(conditions or ()))

    def close(self) -> None:
        """Close the file; a later use opens it again (what was in memory is gone)."""
        with self._lock:
            if self._connection is not None and self._opened_by == os.getpid():
                self._connection.close()
            self._connection = None

    def __enter__(self) -> TrialStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock, self._translated():
            return self._open().execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            connection = self._open()
            with _writing(connection):
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what SQLite and the system say into one sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(self._sentence(error)) from error

    def _sentence(self, error: Exception) -> str:
        code = getattr(error, "sqlite_errorname", "") or ""
        if code == "SQLITE_FULL":
            return f"The disk that holds {self.path} is full: free some space; all trials stored are safe."
        if code == "SQLITE_NOTADB":
            return f"{self.path} is no store of trials: choose another file."
        if code.startswith("SQLITE_CORRUPT"):
            return f"{self.path} is damaged ({error}): restore a copy, or start a new store."
        if code.startswith("SQLITE_BUSY"):
            return (
                f"{self.path} was kept by another program for {_PATIENCE:.0f} s: try again when it is done."
            )
        return f"{self.path} cannot be used ({error}): check that its folder exists and may be written."

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._opened_by == os.getpid():
            return self._connection
        if not self._in_memory:
            self._check_header()
        connection = sqlite3.connect(
            str(self.path), timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            if not self._in_memory:
                _use_write_ahead_log(connection)
            # FULL: a commit waits for the disk, so that not even a power cut takes a finished trial.
            connection.execute("PRAGMA synchronous = FULL")
            self._check_version(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._opened_by = connection, os.getpid()
        return connection

    def _check_header(self) -> None:
        """Refuse, before SQLite touches it, a file that is none of SQLite's; an empty one becomes a store."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            start = file.read(len(_HEADER))
        if start and start != _HEADER:
            raise StoreError(f"{self.path} is no store of trials: choose another file.")

    def _check_version(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with _writing(connection):  # another process may be making the same store
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    version = self._make(connection)
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError(f"{self.path} is another program's database: choose another file.")
        if version == 1:
            with _writing(connection):
                if connection.execute("PRAGMA user_version").fetchone()[0] == 1:
                    connection.execute(_FROM_1_TO_2)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
        if version > VERSION:
            raise StoreError(
                f"{self.path} was written by a newer ocr_nb (store version {version}, this one knows "
                f"{VERSION}): upgrade ocr_nb to open it."
            )

    def _make(self, connection: sqlite3.Connection) -> int:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise StoreError(f"{self.path} is another program's database: choose another file.")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        return VERSION


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# An error gives way to whatever comes later, a success to nothing.
_INSERT = f"""
INSERT INTO trial ({_quoted(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
ON CONFLICT (identity) DO UPDATE SET {", ".join(f'"{name}" = excluded."{name}"' for name in _COLUMNS[1:])}
WHERE trial.error IS NOT NULL
"""
# The image could not be opened before and has no hash in that row; now it has one, and the row is obsolete.
_UNOPENED_KEYS = ("image", "variant", "condition", "engine", "engine_version", "service")
_DROP_UNOPENED = f"""
DELETE FROM trial WHERE image_hash IS NULL AND error IS NOT NULL
AND {" AND ".join(f"{name} IS ?" for name in _UNOPENED_KEYS)}
"""


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Make one transaction of the block: all of it happens, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file over; SQLite does not wait for others here as it does everywhere else."""
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA journal_mode = WAL")


def _to_row(trial: Trial) -> list[Any]:
    accuracy = accuracy_of(trial)
    counts: list[int | None] = [None] * len(COUNT_COLUMNS)
    if accuracy is not None:
        counts = [*_numbers(accuracy.character_counts), *_numbers(accuracy.word_counts)]
    return [identify(trial), pair_key(trial), *(_to_cell(trial, name) for name in _FIELDS), *counts]


def _numbers(counts: EditCounts) -> tuple[int, int, int, int]:
    return counts.hits, counts.substitutions, counts.insertions, counts.deletions


def _to_cell(trial: Trial, name: str) -> Any:
    value = getattr(trial, name)
    if name == "settings":
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    if name == "warnings":
        return json.dumps(list(value), ensure_ascii=False)
    if name == "word_boxes":
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str) and not value.isascii():
        # Half of a surrogate pair is no character and cannot be written as UTF-8: U+FFFD stands for it.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _to_trial(row: Sequence[Any]) -> Trial:
    known = dict(zip(_FIELDS, row, strict=True))
    known["settings"] = None if known["settings"] is None else json.loads(known["settings"])
    known["warnings"] = tuple(json.loads(known["warnings"]))
    known["word_boxes"] = tuple(map(tuple, json.loads(known["word_boxes"])))
    return Trial(**known)
