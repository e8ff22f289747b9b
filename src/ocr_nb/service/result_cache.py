"""Results already paid for, kept until the service itself would have forgotten them (24 hours).

One file a request key under `cache/results/`, mode 0600; swept whenever the cache is used. In and out:
completed `TaskReport`s. Knows no transport and no journal.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from ..credentials import make_private_folder, write_private
from ..errors import StoreError, UnreadableAnswer
from .protocol import RESULT_LIFETIME, TaskId, TaskReport
from .wire import decode_report, encode_report

_KEY = re.compile(r"[0-9a-f]{64}")
_SWEEP_EVERY = 600.0
"""Seconds between two looks at all files."""


class ResultCache:
    """A folder of results, each with the time of its submission."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._now = now
        self._swept: float | None = None

    def load(self, key: str) -> TaskReport | None:
        """Return the report kept for `key`; None when there is none, or it is older than 24 hours."""
        self._sweep_sometimes()
        path = self._path(key)
        try:
            kept = json.loads(path.read_bytes())
            if self._now() >= kept["submitted"] + RESULT_LIFETIME:
                path.unlink(missing_ok=True)
                return None
            report = json.dumps(kept["report"]).encode()
            return decode_report(report, TaskId(kept["report"]["id"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, UnreadableAnswer):
            path.unlink(missing_ok=True)
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}.") from error

    def save(self, key: str, report: TaskReport, submitted: float) -> None:
        """Keep a completed report until 24 hours after `submitted` (seconds since 1970)."""
        try:
            make_private_folder(self.folder)
            kept = {"submitted": submitted, "report": encode_report(report)}
            path = self._path(key)
            write_private(path, json.dumps(kept).encode())
            os.utime(path, (submitted, submitted))  # so that sweeping need not read the files
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror}.") from error

    def sweep(self) -> int:
        """Delete what is older than 24 hours; return how many files went."""
        self._swept = self._now()
        return sum(1 for path in self._files() if self._is_old(path) and _try_delete(path))

    def clear(self) -> int:
        """Delete everything; return how many files went."""
        return sum(1 for path in self._files() if _try_delete(path))

    def _sweep_sometimes(self) -> None:
        if self._swept is None or self._now() >= self._swept + _SWEEP_EVERY:
            self.sweep()

    def _is_old(self, path: Path) -> bool:
        try:
            return self._now() >= path.stat().st_mtime + RESULT_LIFETIME
        except FileNotFoundError:
            return False

    def _files(self) -> list[Path]:
        """Return all files, half-written ones of killed processes included."""
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"A cache key is a SHA-256 in hexadecimal, not {key!r}.")
        return self.folder / f"{key}.json"


def _try_delete(path: Path) -> bool:
    """Delete a file; False when another process was faster."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
