"""Files on their way from the browser: pieces become bytes again.

In: what a file is called, how large it says it is, and its pieces in order. Out: the bytes once all are
there. Knows no image and no widget.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import ImageError

MOST_BYTES = 200_000_000
"""Of one file."""
FORGOTTEN_AFTER = 120.0
"""Seconds without a piece after which a file is given up: its page was closed or loaded anew."""


@dataclass
class Upload:
    """One file on its way."""

    name: str
    size: int
    via: str
    """How it comes: `drop`, `paste`, `dialog`, `folder` or `camera`."""
    turn: int = 0
    """When it was given, among all that is on its way."""
    data: bytearray = field(default_factory=bytearray, repr=False)
    touched: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return len(self.data) == self.size


class Uploads:
    """All files on their way to one widget; may be used from any thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._open: dict[str, Upload] = {}
        self._guard = threading.Lock()
        self._now = now

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, key: str, name: str, size: int, via: str, turn: int = 0) -> None:
        """Expect a file, given in its `turn`.

        Raises:
            ImageError: it is empty or too large.
        """
        if size <= 0:
            raise ImageError(f"{name} is empty (0 bytes): save or download it again.")
        if size > MOST_BYTES:
            raise ImageError(
                f"{name} has {size / 1e6:.0f} MB, over the limit of {MOST_BYTES / 1e6:.0f} MB: shrink the "
                "image, or give its path in code."
            )
        with self._guard:
            now = self._now()
            for old in [one for one, held in self._open.items() if now - held.touched > FORGOTTEN_AFTER]:
                del self._open[old]
            self._open[key] = Upload(name, size, via, turn, touched=now)

    def add(self, key: str, offset: int, piece: memoryview) -> Upload | None:
        """Take the next piece; return the file, which is no longer kept here once it is complete.

        None when nobody waits for it: it was stopped, or given up.

        Raises:
            ImageError: a piece is missing, or more came than was said.
        """
        with self._guard:
            upload = self._open.get(key)
            if upload is None:
                return None
            if offset != len(upload.data) or offset + len(piece) > upload.size:
                del self._open[key]
                raise ImageError(f"{upload.name} did not arrive whole: send it again.")
            upload.data += piece
            upload.touched = self._now()
            if upload.is_complete:
                del self._open[key]
            return upload

    def name_of(self, key: str) -> str:
        """Return what a file is called; empty for one that nobody waits for."""
        with self._guard:
            return self._open[key].name if key in self._open else ""

    def stop(self, key: str) -> None:
        """Let a file go."""
        with self._guard:
            self._open.pop(key, None)

    def clear(self) -> None:
        """Let all files go."""
        with self._guard:
            self._open.clear()
