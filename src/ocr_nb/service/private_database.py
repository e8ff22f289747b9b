"""One SQLite file for one user: mode 0600 in a folder of mode 0700, shared by several processes and threads.

Write-ahead logging, so that readers and one writer do not wait for each other; every change is one
transaction that is on file when `transaction` ends, whatever kills the process next. Knows no tables.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..credentials import make_private_folder
from ..errors import StoreError

_PATIENCE = 10.0
"""Seconds to wait for another process that is writing."""


class PrivateDatabase:
    """A connection that opens when first used, and opens anew in a forked child."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened_by = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection inside one write transaction; all of it happens, or nothing.

        Raises:
            StoreError: the file cannot be opened, read or written.
        """
        with self._lock:
            try:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE")
            except (sqlite3.Error, OSError) as error:
                raise self._failure(error) from error
            try:
                yield connection
            except BaseException as error:
                connection.rollback()
                if isinstance(error, sqlite3.Error):
                    raise self._failure(error) from error
                raise
            connection.commit()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._lock:
            try:
                return self._open().execute(query, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                raise self._failure(error) from error

    def close(self) -> None:
        """Close the connection; a later use opens it again."""
        with self._lock:
            if self._connection is not None and self._opened_by == os.getpid():
                self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._opened_by == os.getpid():
            return self._connection
        make_private_folder(self.path.parent)
        # SQLite gives its -wal and -shm files the mode of the database, so this one mode rules all three.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        _use_write_ahead_log(connection)
        # NORMAL: a killed process loses nothing; only a power cut may take the last moments.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(self._schema)
        self._connection, self._opened_by = connection, os.getpid()
        return connection

    def _failure(self, error: Exception) -> StoreError:
        return StoreError(
            f"{self.path} cannot be used ({error}): check the disk and its permissions, or empty it with "
            "`ocr-nb forget`."
        )


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file over; SQLite does not wait for others here as it does everywhere else."""
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(0.02)
    connection.execute("PRAGMA journal_mode = WAL")
