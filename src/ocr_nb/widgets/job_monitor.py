"""`JobMonitor`: one line for each job, moving while a cell runs or blocks.

In: jobs of any kind. Out: a widget that shows them, and the same verbs for code. Rows and thumbnails travel
as messages, several rows in one; nothing of them is in synced state, so nothing is saved with the notebook.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import traitlets

from .. import loop
from ..errors import SettingsError
from ..images import Picture
from ..jobs import Job
from ..report.document import read_asset
from ..settings import can_start_threads
from ._base import QuietWidget
from .job_rows import RUNNING, Row, describe, draw_thumbnail, state_of, summarize

T = TypeVar("T")

PAUSE = 0.1
"""Seconds that changes wait for others, so that one message tells of many rows."""
LOOK_EVERY = 1.0
"""Seconds between two looks at running jobs: not all that changes is told."""
ROWS_A_MESSAGE = 500

log = logging.getLogger(__name__)


class JobMonitor(QuietWidget):
    """A quiet table of jobs: what, where each stands, how long, how many calls; cancel, retry, copy as cURL.

        monitor = JobMonitor()
        job = monitor.watch(ocr_nb.upsample("label.png"))

    Without a browser it is a list of jobs with the same verbs.
    """

    _esm = read_asset("job_monitor.js")
    _css = read_asset("job_monitor.css")

    newest_first = traitlets.Bool(True).tag(sync=True)
    """Whether the latest job is on top; else they stand in the order in which they came."""

    def __init__(self, jobs: Iterable[Job[Any]] = (), *, newest_first: bool = True) -> None:
        """Watch `jobs`; more can be added at any time.

        Raises:
            TypeError: one of `jobs` is no job.
        """
        self._rows: list[Row] = []
        self._guard = threading.RLock()
        """Of the rows: jobs report on the background thread, views and cells on others."""
        self._changed: set[int] = set()
        self._told: dict[int, dict[str, Any]] = {}
        """What the browser was told of each row last."""
        self._is_due = False
        self._looks_around = False
        self._count = 0
        super().__init__(newest_first=newest_first)
        for job in jobs:
            self.watch(job)

    # ------------------------------------------------------------------ what code does

    def watch(
        self,
        job: Job[T],
        *,
        thumbnail: Picture | None = None,
        retry: Callable[[], Job[T]] | None = None,
    ) -> Job[T]:
        """Show `job` as a line of its own; return it, so that the call can be put around another.

        Args:
            job: any job, also one that has ended.
            thumbnail: what it is about; None shows what is sent, if anything is.
            retry: makes the job anew; None for the way in which it was made, where that is known.

        Raises:
            TypeError: it is no job.
        """
        if not isinstance(job, Job):
            raise TypeError(f"JobMonitor watches jobs, not a {type(job).__name__}: drop .result() or await.")
        with self._guard:
            row = Row(self._count, job, thumbnail, retry)
            self._count += 1
            self._rows.append(row)
        self._follow(row)
        return job

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs in the order in which they came; a retried one is in the place of the first."""
        with self._guard:
            return tuple(row.job for row in self._rows)

    @property
    def summary(self) -> str:
        """How many jobs are in which state: “3 running, 12 done, 1 failed”."""
        return summarize(map(state_of, self.jobs)) or "no tasks"

    def cancel(self, i: int) -> bool:
        """Take job `i` of `jobs` back; False when it had ended already."""
        return self.jobs[i].cancel()

    def cancel_all(self) -> int:
        """Take back what still runs; return how many jobs that were."""
        return sum(job.cancel() for job in self.jobs)

    def retry(self, i: int) -> Job[Any]:
        """Do job `i` of `jobs` once more, in the same line; return the new job.

        A job whose patience ended asks on about the same task, which costs no second one.

        Raises:
            SettingsError: it still runs, it succeeded, or nobody knows how it was made.
        """
        with self._guard:
            row = self._rows[i]
        return self._retry(row)

    def as_curl(self, i: int) -> str:
        """Return the cURL command of job `i`, as `Job.as_curl` does."""
        return self.jobs[i].as_curl()

    def clear_finished(self) -> int:
        """Take the jobs that have ended off the list; return how many they were."""
        with self._guard:
            gone = {row.number for row in self._rows if row.job.done()}
            self._rows = [row for row in self._rows if row.number not in gone]
            for number in gone:
                self._told.pop(number, None)
        if gone:
            self.send({"kind": "gone", "ids": sorted(gone)})
        return len(gone)

    def close(self) -> None:
        """Take the widget out of every view and let the jobs go; they run on."""
        super().close()
        with self._guard:
            self._rows = []
            self._told = {}

    def __repr__(self) -> str:
        return f"JobMonitor({self.summary})"

    # ------------------------------------------------------------------ what a view asks

    def answer(self, message: Mapping[str, Any]) -> None:
        """Do what was clicked, or tell a new view everything."""
        match message.get("kind"):
            case "send rows":
                self._tell_all()
            case "send thumbnails":
                self._show(int(number) for number in message["ids"])
            case "clear finished":
                self.clear_finished()
            case "cancel all":
                self.cancel_all()
            case "cancel" | "retry" | "copy" as verb:
                row = self._find(message["id"])
                if row is not None:
                    self._do(verb, row)

    def _do(self, verb: str, row: Row) -> None:
        self.problem = ""
        if verb == "cancel":
            row.job.cancel()
            self._note(row.number)
        elif verb == "retry":
            self._retry(row)
        else:
            self.send({"kind": "curl", "id": row.number, "text": row.job.as_curl()})

    def _retry(self, row: Row) -> Job[Any]:
        state = state_of(row.job)
        if state in RUNNING or state == "done":
            raise SettingsError(f"{row.job.label} is {state}: only what did not succeed is done once more.")
        if row.again is None:
            raise SettingsError(f"Nobody knows how {row.job.label} was made: give watch(…, retry=…).")
        made = row.again()
        with self._guard:
            row.job = made
            row.attempt += 1
        self._follow(row)
        return made

    def _show(self, numbers: Iterable[int]) -> None:
        """Make thumbnails on a worker thread, since pictures may be large, and send each."""
        rows = [row for number in numbers if (row := self._find(number)) is not None]
        myself = weakref.ref(self)

        async def draw() -> None:
            for row in rows:
                data = await asyncio.to_thread(draw_thumbnail, row)
                monitor = myself()
                if monitor is None or data is None:
                    continue
                monitor.send({"kind": "thumbnail", "id": row.number}, [data])
                del monitor

        loop.run(draw()).add_done_callback(_report)

    def _find(self, number: Any) -> Row | None:
        with self._guard:
            return next((row for row in self._rows if row.number == number), None)

    # ------------------------------------------------------------------ what jobs tell

    def _follow(self, row: Row) -> None:
        """Hear of each change, without keeping the widget in memory for as long as the job lives."""
        myself, number = weakref.ref(self), row.number

        def note(_: Job[Any]) -> None:
            monitor = myself()
            if monitor is not None:
                monitor._note(number)

        row.job.on_progress(note)
        self._note(number)

    def _note(self, number: int) -> None:
        """Remember that a row changed; tell it together with what else changes in the next moment."""
        with self._guard:
            self._changed.add(number)
            if self._is_due:
                return
            self._is_due = True
        _later(self, PAUSE, JobMonitor._flush)

    def _flush(self) -> None:
        """Send the rows that changed, as one message."""
        with self._guard:
            self._is_due = False
            changed, self._changed = self._changed, set()
            shown = {row.number: describe(row) for row in self._rows if row.number in changed}
            news = [row for number, row in shown.items() if _still(self._told.get(number)) != _still(row)]
            self._told.update(shown)
            looks = (
                can_start_threads()
                and any(row["running"] for row in self._told.values())
                and not self._looks_around
            )
            self._looks_around = self._looks_around or looks
        if news:
            self.send({"kind": "rows", "rows": news})
        if looks:
            _later(self, LOOK_EVERY, JobMonitor._look_around)

    def _look_around(self) -> None:
        """See what running jobs did not tell: a task id, a call."""
        with self._guard:
            self._looks_around = False
            running = [number for number, row in self._told.items() if row["running"]]
            self._changed.update(running)
            is_due = self._is_due
            self._is_due = True
        if not is_due:
            self._flush()

    def _tell_all(self) -> None:
        """Send every row, for a view that has just come."""
        with self._guard:
            shown = [describe(row) for row in self._rows]
            self._told = {row["id"]: row for row in shown}
        for part in _parts(shown) or [[]]:
            self.send({"kind": "rows", "rows": part, "count": len(shown)})


def _still(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what does not change by time alone."""
    return {} if row is None else {key: value for key, value in row.items() if key != "elapsed"}


def _parts(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [rows[start : start + ROWS_A_MESSAGE] for start in range(0, len(rows), ROWS_A_MESSAGE)]


def _later(monitor: JobMonitor, seconds: float, do: Callable[[JobMonitor], None]) -> None:
    """Call `do(monitor)` on the background thread, if the monitor is still there by then."""
    myself = weakref.ref(monitor)
    del monitor

    def now() -> None:
        alive = myself()
        if alive is not None:
            try:
                do(alive)
            except Exception:  # a closed comm, say: it must not end the thread's other work
                log.exception("JobMonitor could not tell its views.")

    if not can_start_threads():  # jobs are then done when they are returned
        now()
        return
    running = loop.io_loop()
    running.call_soon_threadsafe(lambda: running.call_later(seconds, now))


def _report(done: Any) -> None:
    if not done.cancelled() and done.exception() is not None:
        log.error("JobMonitor could not draw thumbnails.", exc_info=done.exception())
