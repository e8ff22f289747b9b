"""`Workbench`: images in, what to do, results: everything wired in one cell.

In: what a person clicks, or code says; out: a widget, and a tracker with a row for each reading. What is
known lives in `Bench`; this says it to the browser, in words, and embeds the other widgets. No pixel and no
secret is in its synced state.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ..condition import Condition
from ..engine.recognizer import ENGINES
from ..errors import OcrNbError, SettingsError, suggestion
from ..image_task import make_service
from ..images import ImageLike
from ..jobs import Job
from ..report import render_report
from ..sample_set import samples
from ..service.protocol import OcrService
from ..store import TrialStore
from ..tracker import AccuracyTracker
from ..trial import Trial
from .bench import DEFAULT_CONDITIONS
from .bench_rows import Row
from .bench_run import Reading
from .credentials import Credentials
from .image_compare import ImageCompare
from .job_monitor import JobMonitor
from .text_diff import TextDiff
from .tracker_board import TrackerBoard
from .workbench_fields import default_of, to_value
from .workbench_state import WorkbenchState, call
from .workbench_words import (
    READERS,
    find_obstacle,
    show_words,
)  # fmt: skip

log = logging.getLogger(__name__)

PAUSE = 0.12
"""Seconds that changes wait for others, so that one message tells of many."""
PIECE = 1 << 20
"""Bytes a message, for the report on its way to the browser."""
SAMPLE = "receipt"
"""The sample that an empty workbench offers."""
_TASKS_SHOWN = 300
"""Finished tasks are taken off the monitor beyond this many."""


class Workbench(WorkbenchState):
    """Images, what to do with them, and what came of it.

        workbench = ocr_nb.workbench("label.png", conditions="original,upsampled:x3+binarize")
        workbench.run().result()
        workbench.rows, workbench.tracker.frame

    Whatever can be clicked, code can call, with no browser too.
    """

    def __init__(
        self,
        images: ImageLike | Iterable[ImageLike] = (),
        *,
        conditions: str | Iterable[str | Condition] = DEFAULT_CONDITIONS,
        settings: Mapping[str, Any] | None = None,
        factor: int | str | None = "auto",
        reader: str | OcrService = "rapidocr",
        tracker: AccuracyTracker | None = None,
        store: TrialStore | str | PathLike[str] | None = None,
        normalization: str = "standard",
        keep_picture: bool = False,
        teaching: bool = False,
    ) -> None:
        """Set the workbench up; nothing is read yet.

        Args:
            images: to begin with; more can be added in the browser, or with `add`. What cannot be read is
                said among them, and the rest is kept.
            conditions: what every image is read under, as `compare` takes them.
            settings: recognition settings, such as `{"language": "German"}`.
            factor: 2, 3 or 4 for steps that name none; `auto` follows the advice for each image.
            reader: `rapidocr` or `tesseract` on this machine, `cloud`, or a service.
            tracker: gets a row for each reading; None makes one of `store`.
            store: the file that keeps the rows; None keeps them in memory.
            normalization: the profile under which errors are counted.
            keep_picture: whether the saved notebook may hold previews of pictures that were dropped,
                pasted or photographed.
            teaching: whether letters are large and each step says what it is for.

        Raises:
            SettingsError: a condition, setting, factor, reader or profile cannot be used.
        """
        if tracker is not None and store is not None:
            raise SettingsError("Give a tracker or a store, not both: the tracker has a store of its own.")
        kept = tracker if tracker is not None else AccuracyTracker(store)
        super().__init__(images, kept, keep_picture=keep_picture, teaching=teaching)
        self.reader = reader
        self._bench.set_factor(factor)
        self._bench.set_conditions(conditions)
        self._bench.set_settings(settings or {})
        self._bench.set_normalization(normalization)
        self._open()

    # ------------------------------------------------------------------ what code does

    @property
    def images(self) -> tuple[Any, ...]:
        """The images, in order (see `ImageInput.images`)."""
        return tuple(self._input.images)

    def add(self, image: ImageLike, *, name: str | None = None, ground_truth: str | None = None) -> None:
        """Add an image; arguments as `ImageInput.add`."""
        self._input.add(image, name=name, ground_truth=ground_truth)

    @property
    def conditions(self) -> str:
        """What every image is read under, as text, such as `original,upsampled`. Can be set."""
        return ",".join(map(str, self._bench.conditions))

    @conditions.setter
    def conditions(self, conditions: str | Iterable[str | Condition]) -> None:
        self._bench.set_conditions(conditions)
        self._faults.pop("conditions", None)

    @property
    def settings(self) -> dict[str, Any]:
        """The recognition settings that were set. Can be set, all at once."""
        return self._bench.settings

    @settings.setter
    def settings(self, settings: Mapping[str, Any]) -> None:
        self._bench.set_settings(settings)

    @property
    def factor(self) -> int | str:
        """2, 3 or 4 for steps that name none, or `auto`. Can be set."""
        return self._bench.factor or "auto"

    @factor.setter
    def factor(self, factor: int | str | None) -> None:
        self._bench.set_factor(factor)

    @property
    def normalization(self) -> str:
        """The profile under which errors are counted. Can be set."""
        return self._bench.normalization

    @normalization.setter
    def normalization(self, name: str) -> None:
        self._bench.set_normalization(name)

    @property
    def reader(self) -> str:
        """Who reads: `rapidocr`, `tesseract`, `cloud`, or `given` for a service of your own. Can be set."""
        return self._reader

    @reader.setter
    def reader(self, reader: str | OcrService) -> None:
        if not isinstance(reader, str):
            self._given = make_service(reader)
            reader = "given"
        known = [name for name, _ in READERS] + (["given"] if self._given is not None else [])
        if reader not in known:
            raise SettingsError(f"There is no reader {reader!r}: {suggestion(reader, known)}")
        obstacle = find_obstacle(reader, self._surroundings)
        if obstacle:
            raise SettingsError(obstacle)
        if reader == "cloud" and self._credentials is None:
            self._credentials = Credentials(chooses=False)
            me = weakref.ref(self)
            self._credentials.on_change(lambda _: call(me, WorkbenchState._tell_soon))
            self._credentials.on_connect(lambda _: call(me, WorkbenchState._tell_soon))
        self._reader = reader
        self._input.reader = reader if reader in ENGINES else None
        self._fill_slots()
        self._tell_soon()

    def run(self, *, again: bool = False) -> Job[list[Trial]]:
        """Read what has not been read yet, or failed; return at once with a job for the trials.

        Args:
            again: read also what has been read.

        Raises:
            SettingsError: there is no image, nobody to ask, nothing to read, or a run is under way.
            BudgetExceeded: the service counts calls, and more are needed than are left; nothing was sent.
        """
        return self._start(None, again)

    def retry(self, i: int) -> Job[list[Trial]]:
        """Read once more what failed of row `i`; otherwise as `run`."""
        return self._start([self._key_at(i)], False)

    def stop(self) -> bool:
        """Take back what is under way and keep what is done; False when nothing runs."""
        return self._bench.stop()

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is known of each image: state, trials, verdict."""
        return self._bench.rows()

    def readings(self, i: int) -> tuple[Reading, ...]:
        """Return what was read of row `i`, the baseline first: trials, pictures, words with boxes."""
        return self._bench.readings(self._key_at(i))

    def set_truth(self, i: int, text: str | None) -> None:
        """Say what is written on image `i`; what was read is counted anew, not read anew."""
        self._input.set_truth(i, text)

    def select(self, i: int | None) -> None:
        """Open the comparison of row `i` below the three columns; None closes it."""
        self._choose("" if i is None else self._key_at(i))

    @property
    def comparison(self) -> ImageCompare | None:
        """The comparison in sight; None before a row with two readings is selected."""
        return self._opened.compare

    @property
    def text(self) -> TextDiff | None:
        """The three-way text in sight."""
        return self._opened.text

    @property
    def tracker(self) -> AccuracyTracker:
        """A row for each reading; `tracker.frame` is the DataFrame."""
        return self._answers.tracker

    @property
    def board(self) -> TrackerBoard:
        """The tracker's table."""
        return self._board

    @property
    def monitor(self) -> JobMonitor:
        """The tasks."""
        return self._monitor

    @property
    def credentials(self) -> Credentials | None:
        """The form for the cloud service; None until that is chosen."""
        return self._credentials

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report of all rows with the pictures that are kept; return its path.

        Raises:
            SettingsError: nothing has been read yet.
            OSError: the file cannot be written.
        """
        return self.tracker.report(path, self._bench.pictures())

    def close(self) -> None:
        """Stop, take the widget and all in it out of every view, and let the pictures go."""
        self._close_parts()
        super().close()

    def __repr__(self) -> str:
        rows = self.rows
        lines = [f"Workbench: {len(rows)} image{'' if len(rows) == 1 else 's'}, {self.conditions}"]
        said = (row.say(number) for number, row in enumerate(rows[:20], 1))
        lines += [f"  {name}, {size}: {verdict}" for name, size, verdict in said]
        return "\n".join([*lines, *self._answers.sentences[:1]])

    def still(self) -> bytes | None:
        """Return the pictures in sight, small, for the same readers; None for private ones."""
        return None if self._opened.compare is None else self._opened.compare.still()

    def still_html(self) -> str | None:
        """Return what was found in words, for those who see the saved notebook without a kernel."""
        rows = self.rows
        return show_words(rows, self._answers.sentences) if any(row.trials for row in rows) else None

    # ------------------------------------------------------------------ what views ask for

    def answer(self, message: Mapping[str, Any]) -> None:
        """Do what a person clicked; what cannot be done is said beside the control."""
        kind = message.get("kind")
        if kind == "set":
            self._set(str(message["name"]), message.get("value"))
        elif kind in ("run", "retry"):
            self._try("run", lambda: self._start([str(message["key"])] if kind == "retry" else None, False))
        elif kind == "stop":
            self.stop()
        elif kind == "choose":
            self._choose(str(message["key"]))
        elif kind == "sample":
            self._try("run", lambda: self.add(samples(SAMPLE)[0]))
        elif kind == "report":
            self._send_report()
        elif kind == "send details":
            self._details.send_all()

    def _set(self, name: str, value: Any) -> None:
        def change() -> None:
            if name in ("conditions", "factor", "reader", "normalization"):
                setattr(self, name, value)
                return
            if name == "teaching":
                self.teaching = bool(value)
                return
            settings = self._bench.settings
            given = to_value(name, value)
            if given == default_of(name):
                settings.pop(name, None)
            else:
                settings[name] = given
            self._bench.set_settings(settings)

        self._try(name, change)

    def _try(self, name: str, change: Any) -> None:
        """Do it, or keep the reason why not, beside what it is about."""
        self._faults.pop(name, None)
        try:
            change()
        except OcrNbError as error:
            self._faults[name] = str(error)
        self._tell_soon()

    def _send_report(self) -> None:
        def work() -> None:
            try:
                data = memoryview(render_report(list(self.tracker), self._bench.pictures()).encode())
            except (OcrNbError, ValueError) as error:
                self._faults["report"] = str(error)
                self._tell_soon()
                return
            for offset in range(0, len(data), PIECE):
                content = {"kind": "report", "offset": offset, "total": len(data)}
                self.send(content, [data[offset : offset + PIECE]])

        threading.Thread(target=work, name="ocr_nb-report", daemon=True).start()

    # ------------------------------------------------------------------ inside

    def _key_at(self, i: int) -> str:
        keys = list(self._bench.images())
        if not -len(keys) <= i < len(keys):
            raise SettingsError(f"There is no row {i}: the workbench has {len(keys)}.")
        return keys[i]


def workbench(images: ImageLike | Iterable[ImageLike] = (), **options: Any) -> Workbench:
    """Make a workbench: images in, what to do, results, in one cell (arguments as `Workbench`)."""
    return Workbench(images, **options)
