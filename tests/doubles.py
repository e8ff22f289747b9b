"""Stand-ins that compute, named by what they do. For units; real engines are tried in their own tests."""

from __future__ import annotations

import threading
import time

import numpy as np
import numpy.typing as npt

from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.errors import EngineUnavailable
from ocr_nb.service.protocol import OcrRequest, ServiceIdentity, TaskId, TaskReport, TaskStatus


class ReadsInk:
    """A recognizer that reports each row of ink as a line, each dark blob as a word spelling its size.

    Rows and words are separated by at least `gap` blank pixels; a word of 12×9 pixels reads "w12h9".
    """

    name = "ink"
    version = "1.0"

    def __init__(self, gap: int = 6) -> None:
        self.gap = gap
        self.seen: list[tuple[int, ...]] = []
        """Shapes of the arrays it was given."""
        self.languages_asked: list[str] = []

    def languages(self) -> frozenset[str]:
        """English and German."""
        return frozenset({"English", "German"})

    def recognize(
        self, pixels: npt.NDArray[np.uint8], *, language: str = "English", detect: bool = True
    ) -> tuple[Line, ...]:
        """Return a line for each row of ink."""
        if language not in self.languages():
            raise EngineUnavailable(f"The ink engine has no model for {language}: choose English or German.")
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        self.seen.append(pixels.shape)
        self.languages_asked.append(language)
        ink = pixels.mean(axis=2) < 128
        lines = []
        for top, bottom in _runs(ink.any(axis=1), self.gap):
            words = []
            for left, right in _runs(ink[top:bottom].any(axis=0), self.gap):
                box = Box(float(left), float(top), float(right), float(bottom))
                words.append(Word(f"w{right - left}h{bottom - top}", box, 0.9))
            box = Box(words[0].box.left, float(top), words[-1].box.right, float(bottom))
            lines.append(Line(" ".join(word.text for word in words), box, 0.9, tuple(words)))
        return tuple(lines)

    def detect(self, pixels: npt.NDArray[np.uint8]) -> tuple[Box, ...]:
        """Return the box of each line."""
        return tuple(line.box for line in self.recognize(pixels))


class RepeatsPixels:
    """An upsampler that makes every pixel a square."""

    name = "repeats"
    version = "1.0"

    def enlarge(self, gray: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
        """Return `(H·factor, W·factor)`."""
        return np.repeat(np.repeat(gray, factor, axis=0), factor, axis=1)


class ReadsWhenTold(ReadsInk):
    """A recognizer that waits for `go`; `started` tells how many readings have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.started = threading.Semaphore(0)

    def recognize(
        self, pixels: npt.NDArray[np.uint8], *, language: str = "English", detect: bool = True
    ) -> tuple[Line, ...]:
        """Read once `go` is set (at the latest after 30 s)."""
        self.started.release()
        if not self.go.wait(30):
            raise EngineUnavailable("Nobody said go.")
        return super().recognize(pixels, language=language, detect=detect)


class NeverFinishes:
    """A service whose tasks stay pending; `cancelled` lists those taken back."""

    identity = ServiceIdentity("never", "none", "1")

    def __init__(self) -> None:
        self.submitted: list[OcrRequest] = []
        self.fetched = 0
        self.cancelled: list[TaskId] = []

    async def submit(self, request: OcrRequest) -> TaskId:
        """Take the request."""
        self.submitted.append(request)
        return TaskId(f"00000000-0000-4000-8000-{len(self.submitted):012d}")

    async def fetch(self, task_id: TaskId) -> TaskReport:
        """Say "pending"."""
        self.fetched += 1
        return TaskReport(task_id, TaskStatus.PENDING)

    async def cancel(self, task_id: TaskId) -> None:
        """Note it."""
        self.cancelled.append(task_id)

    async def aclose(self) -> None:
        """Hold nothing, release nothing."""


def _runs(marks: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Return `(start, end)` of runs of True, joining those less than `gap` apart."""
    runs: list[tuple[int, int]] = []
    for index in np.flatnonzero(marks):
        position = int(index)
        if runs and position - runs[-1][1] < gap:
            runs[-1] = (runs[-1][0], position + 1)
        else:
            runs.append((position, position + 1))
    return runs


def wait_for(condition: object, seconds: float = 10.0) -> bool:
    """Wait until `condition()` holds, looking every few milliseconds; tell whether it came to hold."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return bool(condition())
