"""What a workbench's views are told, and when: traits without pixels, slots for the other widgets, tasks.

The half of `Workbench` that runs on whatever thread something happens; what code and people can do is in
`workbench.py`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from typing import Any

import traitlets

from .. import loop
from ..errors import SettingsError
from ..image_task import make_service
from ..jobs import Job
from ..report.document import read_asset
from ..service.protocol import OcrService
from ..settings import Settings
from ..tracker import AccuracyTracker
from ..trial import Trial
from ._base import QuietWidget
from .bench import Bench
from .bench_rows import Row
from .bench_run import Reading
from .board_rows import Selection
from .credentials import Credentials
from .image_input import ImageInput
from .job_monitor import JobMonitor
from .tracker_board import TrackerBoard
from .workbench_fields import FIELDS
from .workbench_show import Details, Opened
from .workbench_words import Answerer, banner_of, describe_plan, describe_status, list_readers, who_reads

log = logging.getLogger(__name__)

PAUSE = 0.12
"""Seconds that changes wait for others, so that one message tells of many."""
_TASKS_SHOWN = 300
"""Finished tasks are taken off the monitor beyond this many."""


class WorkbenchState(QuietWidget):
    """What is synced with views, and the parts that a workbench is made of."""

    _esm = read_asset("workbench.js")
    _css = read_asset("workbench.css")
    _hides_still = _leaves_later = _leaves_both = True

    slots = traitlets.Dict(read_only=True).tag(sync=True)
    """By place: the widget that stands there, as `IPY_MODEL_` and its id."""
    fields = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    """The recognition settings as a form shows them."""
    setup = traitlets.Dict(read_only=True).tag(sync=True)
    """What is to be done: conditions as text and as chains, factor, reader, values, what could not be set."""
    status = traitlets.Dict(read_only=True).tag(sync=True)
    """Whether a run is under way, how far it is, what the next would cost, what went wrong."""
    table = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    """`rows` in words: no pixels, and none of the texts that were read."""
    findings = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    """What the tracker says, a sentence each."""
    banner = traitlets.Unicode("", read_only=True).tag(sync=True)
    """What this place allows and what it does not; empty on a machine of one's own."""
    chosen = traitlets.Unicode("", read_only=True).tag(sync=True)
    """The key of the row whose comparison is open; empty for none."""
    teaching = traitlets.Bool(False).tag(sync=True)
    """Whether letters are large and each step says what it is for."""

    def __init__(self, images: Any, tracker: AccuracyTracker, *, keep_picture: bool, teaching: bool) -> None:
        """Make the parts; nothing is told before `_open`."""
        self._guard = threading.RLock()
        self._surroundings = Settings.from_environment()
        self._is_due = self._is_open = self._is_shut = False
        self._faults: dict[str, str] = {}
        self._left_of: Any = ()
        self._error = ""
        self._reader = "rapidocr"
        self._given: OcrService | None = None
        self._answers = Answerer(tracker)
        self._input = ImageInput(images, keep_picture=keep_picture, reader=self._reader)
        self._monitor = JobMonitor()
        self._board = TrackerBoard(tracker)
        self._credentials: Credentials | None = None
        me = weakref.ref(self)
        self._bench = Bench(
            lambda: self._input.images, self._find_service, tracker,
            on_change=lambda: call(me, WorkbenchState._tell_soon),
            on_job=lambda key, job: call(me, WorkbenchState._watch, key, job),
            on_reading=lambda key, reading: call(me, WorkbenchState._note, reading),
        )  # fmt: skip
        self._details = Details(
            self._bench, lambda content, pieces: call(me, lambda found: found.send(content, pieces))
        )
        self._opened = Opened(self._bench, keep_picture=keep_picture)
        self.set_trait("fields", [field.to_json() for field in FIELDS])
        self.set_trait("banner", banner_of(self._surroundings))
        super().__init__(teaching=teaching)

    def _open(self) -> None:
        """Begin to tell."""
        self._is_open = True
        me = weakref.ref(self)
        self._input.on_change(lambda _: call(me, WorkbenchState._follow_images))
        self._board.on_select(lambda selection: call(me, WorkbenchState._follow_board, selection))
        self._fill_slots()
        self._tell()

    def _close_parts(self) -> None:
        if not self.__dict__.get("_bench"):  # refused before it was made
            return
        self._is_open = False
        self._bench.stop()
        self._opened.end()
        for part in (self._input, self._monitor, self._board, self._credentials):
            if part is not None:
                part.close()
        self._bench.clear()
        self._details.clear()

    def _find_service(self) -> OcrService:
        """Return who reads.

        Raises:
            SettingsError: nobody is connected.
        """
        if self._reader == "given" and self._given is not None:
            return self._given
        if self._reader != "cloud":
            return make_service(self._reader)
        service = self._credentials.service if self._credentials is not None else None
        if service is None:
            raise SettingsError("Not connected yet: connect above, or choose a reader on this machine.")
        return service

    def _start(self, keys: list[str] | None, again: bool) -> Job[list[Trial]]:
        self._error = ""
        job = self._bench.run(keys, again=again)
        me = weakref.ref(self)
        job.add_done_callback(lambda done: call(me, WorkbenchState._end, done))
        return job

    def _follow_images(self) -> None:
        """See to it that what was read is counted against the truths of now."""
        if self._bench.count_anew():
            self._answers.is_due = True
        self._tell_soon()

    def _follow_board(self, selection: Selection) -> None:
        """Open the image that was chosen in the tracker's table, if it is still here."""
        trial = selection.after or selection.before
        for key, image in self._bench.images().items():
            if trial is not None and trial.image_hash == image.picture.hash:
                self._choose(key)
                return

    def _end(self, job: Job[Any]) -> None:
        error = job.exception()
        self._error = "" if error is None or job.is_cancelled else str(error)
        self._answers.is_due = True
        self._board.add_pictures(
            {(one.picture.hash, "original"): one.picture for one in self._bench.images().values()}
        )
        self._tell_soon()

    def _watch(self, key: str, job: Job[Any]) -> None:
        """Show a task in the monitor; trying it again reads its image again, so that it is tracked."""
        image = self._bench.images().get(key)
        me = weakref.ref(self)

        def retry() -> Job[Any]:
            workbench = me()
            if workbench is None:
                raise SettingsError("The workbench was closed.")
            return workbench._start([key], False)

        if sum(one.done() for one in self._monitor.jobs) > _TASKS_SHOWN:
            self._monitor.clear_finished()
        self._monitor.watch(job, thumbnail=image.picture if image else None, retry=retry)

    def _note(self, reading: Reading) -> None:
        self._answers.is_due = True

    def _choose(self, key: str) -> None:
        self._is_shut = not key
        self.set_trait("chosen", key)
        self._opened.forget()
        self._tell_soon()

    def _fill_slots(self) -> None:
        if not self._is_open:
            return
        parts = {
            "credentials": self._credentials if self._reader == "cloud" else None,
            "images": self._input,
            "monitor": self._monitor,
            "compare": self._opened.compare if self.chosen else None,
            "text": self._opened.text if self.chosen else None,
            "board": self._board,
        }
        named = {place: f"IPY_MODEL_{one.model_id}" for place, one in parts.items() if one is not None}
        self.set_trait("slots", named)

    # ------------------------------------------------------------------ telling

    def _tell_soon(self) -> None:
        """Tell views what has changed, together with what else changes within `PAUSE`."""
        with self._guard:
            if self._is_due or not self._is_open:
                return
            self._is_due = True
        me = weakref.ref(self)
        loop.run(_tell_later(me))

    def _tell(self) -> None:
        """Bring all that is synced up to date."""
        with self._guard:
            self._is_due = False
            if not self._is_open:
                return
            rows = self._bench.rows()
            self.set_trait("setup", self._describe_setup())
            self.set_trait("table", [row.to_json(number) for number, row in enumerate(rows, 1)])
            self.set_trait("status", self._describe_status())
            self._details.update(rows)
            self._open_chosen(rows)
            if self._answers.is_due and not self._answers.is_fresh(self._bench.is_running):
                self._answers.update(self._bench.conditions)
            self.set_trait("findings", list(self._answers.sentences))
            is_new = not self._bench.is_running and self._is_left_anew()
        if is_new:
            self.renew_still()

    def _is_left_anew(self) -> bool:
        """Tell whether what a saved notebook keeps has changed since this was last asked."""
        was, compare = self._left_of, self._opened.compare
        self._left_of = (self.table, self.findings, compare and compare.model_id, self.chosen)
        return bool(was != self._left_of)

    def _describe_setup(self) -> dict[str, Any]:
        who = {
            "reader": self._reader,
            "readers": list_readers(self._surroundings, self._given),
            "who": who_reads(self._reader, self._given),
        }
        return describe_plan(self._bench) | who | {"faults": dict(self._faults)}

    def _describe_status(self) -> dict[str, Any]:
        doing = next((shown["doing"] for shown in self.table if shown["state"] == "running"), "")
        obstacle = self._faults.get("conditions")
        status = describe_status(self._bench) | {"doing": doing, "error": self._error}
        return status | ({"obstacle": f"The conditions cannot be used yet. {obstacle}"} if obstacle else {})

    def _open_chosen(self, rows: tuple[Row, ...]) -> None:
        """Open the comparison and the text of the row that was chosen, or of the first that is done."""
        finished = [row for row in rows if row.after is not None and row.state in ("done", "failed")]
        keys = [row.key for row in rows]
        if finished and self.chosen not in keys and not self._is_shut:
            self.set_trait("chosen", finished[0].key)
        row = next((one for one in finished if one.key == self.chosen), None)
        if row is not None and self._opened.show(row):
            self._fill_slots()


async def _tell_later(me: weakref.ref[WorkbenchState]) -> None:
    await asyncio.sleep(PAUSE)
    await asyncio.to_thread(_tell_now, me)


def _tell_now(me: weakref.ref[WorkbenchState]) -> None:
    found = me()
    if found is None:
        return
    try:
        found._tell()
    except Exception as error:  # on a thread of nobody's: say it where it is seen
        log.exception("The workbench could not show what has changed.")
        found.problem = f"{type(error).__name__}: {error}"


def call(me: weakref.ref[WorkbenchState], method: Any, *arguments: Any) -> None:
    """Call a method of a workbench that may be gone."""
    found = me()
    if found is not None:
        method(found, *arguments)
