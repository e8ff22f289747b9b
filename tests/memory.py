"""How much memory a process and everything it started take, sampled while something runs."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

EVERY_S = 0.2


class PeakMemory:
    """Watches a process tree; `mb` is the largest sum of proportional set sizes that was seen.

    The proportional set size shares pages among the processes that map them, so a sum counts each page once.
    """

    def __init__(self, pid: int, every_s: float = EVERY_S) -> None:
        self.pid = pid
        self.mb = 0.0
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            self.mb = max(self.mb, measure_tree(self.pid))


def measure_tree(pid: int) -> float:
    """Return the proportional set size of `pid` and its descendants, in MB (10⁶ bytes)."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            children.setdefault(_parent_of(int(entry.name)), []).append(int(entry.name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        total += _pss_kib(one)
        waiting += children.get(one, [])
    return total * 1024 / 1e6


def _parent_of(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def _pss_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
