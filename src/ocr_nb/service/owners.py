"""Which processes are alive: each holds a lock that the system takes away when it dies, however it dies.

A process id alone would not do: ids are used again, and mean nothing in another container. In: a folder;
out: this process's owner name, and whether another name is still held. Knows no journal.
"""

from __future__ import annotations

import functools
import os
import re
import secrets
from pathlib import Path

from ..credentials import make_private_folder

try:
    import fcntl
except ImportError:  # Windows has no flock; there every other owner counts as gone.
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"[0-9a-f]{16}")


class Owners:
    """The lock files of one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        self._held: int | None = None
        self._process = 0

    def me(self) -> str:
        """Return this process's name, taking its lock first; a forked child gets a name of its own."""
        if self._held is None or self._process != os.getpid():
            self._take()
        return self._name

    def is_alive(self, name: str) -> bool:
        """Tell whether the process of that name still runs; this one does."""
        if name == self._name and self._process == os.getpid():
            return True
        if fcntl is None or not _NAME.fullmatch(name):
            return False
        path = self._path(name)
        try:
            with path.open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        """Give the lock up: what this object owned is free for others."""
        if self._held is not None and self._process == os.getpid():
            self._path(self._name).unlink(missing_ok=True)
            os.close(self._held)
        self._held = None

    def _take(self) -> None:
        make_private_folder(self._folder)
        self._name, self._process = secrets.token_hex(8), os.getpid()
        # A bare descriptor: it shall stay open, and locked, until the process ends.
        self._held = os.open(self._path(self._name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if fcntl is not None:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


@functools.lru_cache
def owners_in(folder: Path) -> Owners:
    """Return this process's one `Owners` for a state folder, so that all its services share one name."""
    return Owners(folder)
