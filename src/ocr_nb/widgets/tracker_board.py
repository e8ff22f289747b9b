"""`TrackerBoard`: a tracker in the notebook, following it while trials come in.

In: an `AccuracyTracker`. Out: a widget, the rows that its filters leave as a DataFrame, and the HTML report.
Rows and thumbnails travel as messages, many in one; nothing of them is in synced state. Measures nothing.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import traitlets

from .. import loop
from ..errors import SettingsError, suggestion
from ..images import ImageLike, Picture, load_picture
from ..report.document import read_asset
from ..tracker import AccuracyTracker
from ..tracker.pairs import OUTCOMES, SORTS, Pairs, filter_pairs, pair_trials, sort_pairs
from ._base import QuietWidget, refuse_unknown
from .board_rows import Selection, describe_rows, draw_thumbnail, find_trials, judge_board, write_table

PAUSE = 0.3
"""Seconds that changes wait for others. After a count that took longer than this, as long as that took."""
ROWS_A_MESSAGE = 1000
PIECE = 1 << 20
"""Bytes of the report in one message."""

Callback = Callable[[Selection], object]
_FILTERS = ("condition", "reader", "outcome", "x_height", "search")


class TrackerBoard(QuietWidget):
    """The tracker's answer in a sentence, and every image beside its baseline, the regressions first.

        board = TrackerBoard(tracker)
        board.filter(outcome="hurt", x_height=(6, 10))
        board.frame

    It follows the tracker while trials are added, from whichever thread.
    """

    _esm = read_asset("tracker_board.js")
    _css = read_asset("tracker_board.css")
    _hides_still = True
    _unfollow: Callable[[], None] | None = None

    condition = traitlets.Unicode("").tag(sync=True)
    """Rows of this condition only; empty for all."""
    reader = traitlets.Unicode("").tag(sync=True)
    """Rows of this reader only, as `frame` writes it; empty for all."""
    outcome = traitlets.Unicode("").tag(sync=True)
    """One of `OUTCOMES`; empty for all."""
    x_height = traitlets.Tuple(
        traitlets.Float(allow_none=True), traitlets.Float(allow_none=True), default_value=(None, None)
    ).tag(sync=True)
    """Rows of images with text of this height, pixels, from and to; None for no limit."""
    search = traitlets.Unicode("").tag(sync=True)
    """Part of the image's, variant's or document's name."""
    sort_by = traitlets.Unicode("outcome").tag(sync=True)
    """One of `SORTS`."""
    descending = traitlets.Bool(False).tag(sync=True)
    verdict = traitlets.Unicode("", read_only=True).tag(sync=True)
    """The answer for the condition in question, one sentence a line, with its interval."""
    baseline = traitlets.Unicode("original", read_only=True).tag(sync=True)
    """What the others are compared with."""

    def __init__(
        self,
        tracker: AccuracyTracker,
        *,
        before: str = "original",
        after: str | None = None,
        pictures: Mapping[tuple[str, str], Picture] | Iterable[ImageLike] = (),
        keep_table: bool = True,
        **state: Any,
    ) -> None:
        """Show `tracker`.

        Args:
            tracker: what to follow.
            before: the condition that the others are compared with.
            after: the condition in question; None for the first one upsampled, else the first other one.
            pictures: for thumbnails and the report: what was recognized, by (image hash or name, condition);
                or the images as given. Thumbnails go to the browser only, never into the notebook.
            keep_table: whether the saved notebook keeps a table of the first rows.
            state: first values of the filters and of `sort_by` and `descending`.

        Raises:
            SettingsError: it is no tracker.
            TypeError: a keyword is unknown.
        """
        known = (*_FILTERS, "sort_by", "descending")
        refuse_unknown("TrackerBoard", {name: None for name in state if name not in known}, known)
        if not isinstance(tracker, AccuracyTracker):
            raise SettingsError(f"TrackerBoard shows an AccuracyTracker, not a {type(tracker).__name__}.")
        self.tracker: AccuracyTracker | None = tracker
        self._kept = keep_table
        self._pictures: dict[tuple[str, str], Picture] = {}
        self._callbacks: list[Callback] = []
        self._guard = threading.RLock()
        """Of what was told: trials come on other threads than views' messages."""
        self._told: dict[str, list[Any]] = {}
        self._numbers: dict[str, int] = {}
        self._is_due = False
        self._pause = PAUSE
        self._written: Path | None = None
        self._chief = after or ""
        super().__init__(**state)
        self.set_trait("baseline", before)
        if after is not None and "condition" not in state:
            self.condition = after
        self.add_pictures(pictures)
        myself = weakref.ref(self)
        self._unfollow = tracker.store.on_change(lambda: _note(myself))
        self.observe(lambda change: change.owner._note(), ["condition", "reader"])
        self.refresh()

    # ------------------------------------------------------------------ what code does

    def refresh(self) -> None:
        """Look at the tracker now: for trials that another process added, which nobody tells of."""
        self._recount()

    @property
    def frame(self) -> Pairs:
        """The rows that the filters leave, in the board's order, as a new DataFrame (see `pair_trials`)."""
        return self._shown().drop(columns="key")

    def filter(
        self, *, condition: str | None = None, reader: str | None = None, outcome: str | None = None,
        x_height: tuple[float | None, float | None] | None = None, search: str | None = None,
    ) -> TrackerBoard:  # fmt: skip
        """Show only rows that fit, and return this board: `board.filter(outcome="hurt").frame`.

        What is not given stays as it was, and empty lets everything through.
        """
        given = {
            "condition": condition, "reader": reader, "outcome": outcome, "x_height": x_height,
            "search": search,
        }  # fmt: skip
        with self.hold_sync():
            for name, value in given.items():
                if value is not None:
                    setattr(self, name, value)
        return self

    def clear_filters(self) -> TrackerBoard:
        """Show all rows."""
        return self.filter(condition="", reader="", outcome="", x_height=(None, None), search="")

    def add_pictures(self, pictures: Mapping[tuple[str, str], Picture] | Iterable[ImageLike]) -> None:
        """Know further pictures, as in the constructor.

        Raises:
            ImageError: an image cannot be read.
        """
        if isinstance(pictures, Mapping):
            found = dict(pictures)
        else:
            loaded = (load_picture(image) for image in pictures)
            found = {(picture.hash, self.baseline): picture for picture in loaded}
        if not found:
            return
        with self._guard:
            self._pictures.update(found)
        self.send({"kind": "pictured"})

    def on_select(self, callback: Callback) -> Callback:
        """Call `callback` with a `Selection` whenever a row is chosen; return it, so that it can decorate."""
        self._callbacks.append(callback)
        return callback

    def select(self, image: str, condition: str | None = None) -> Selection:
        """Choose the first row of that image (and condition), as a click does; return what is known of it.

        Raises:
            SettingsError: there is no such row.
        """
        pairs = self._pairs()
        fits = pairs["image"] == image
        if condition is not None:
            fits &= pairs["condition"] == condition
        if not fits.any():
            raise SettingsError(
                f"No row is about {image!r}{f' under {condition!r}' if condition else ''}: see the names in "
                "board.frame."
            )
        return self._select(str(pairs[fits].iloc[0]["key"]))

    def report(self, path: str | PathLike[str] = "ocr_report.html") -> Path:
        """Write the HTML report about all trials with the pictures known here; return its absolute path.

        Raises:
            SettingsError: there are no trials.
            OSError: the file cannot be written.
        """
        return self._open_tracker().report(path, dict(self._pictures)).resolve()

    def close(self) -> None:
        """Take the widget out of every view, follow the tracker no longer, and let pictures go."""
        super().close()
        if self._unfollow is None:  # it was refused while it was made
            return
        self._unfollow()
        with self._guard:
            self.tracker, self._pictures, self._told, self._numbers = None, {}, {}, {}
        self._callbacks.clear()

    def __repr__(self) -> str:
        return (
            f"TrackerBoard({len(self._told):,} rows. {self.verdict.splitlines()[0] if self.verdict else ''})"
        )

    # ------------------------------------------------------------------ what a view asks

    def answer(self, message: Mapping[str, Any]) -> None:
        """Send the rows or thumbnails, choose a row, or write the report."""
        match message.get("kind"):
            case "send rows":
                self._tell_all()
            case "send thumbnails":
                self._in_background(lambda board: board._send_thumbnails(message.get("ids", ())))
            case "select":
                key = next((key for key, number in self._numbers.items() if number == message["id"]), None)
                if key is not None:
                    self._select(key)
            case "refresh":
                self._in_background(TrackerBoard._recount)
            case "report":
                self._in_background(TrackerBoard._write_report)
            case "send report":
                self._in_background(TrackerBoard._send_report)

    def _tell_all(self) -> None:
        with self._guard:
            rows = [[self._numbers[key], *row] for key, row in self._told.items()]
        parts = [rows[start : start + ROWS_A_MESSAGE] for start in range(0, len(rows), ROWS_A_MESSAGE)]
        for part in parts or [[]]:
            self.send({"kind": "rows", "rows": part, "pictured": bool(self._pictures)})

    def _send_thumbnails(self, numbers: Iterable[int]) -> None:
        wanted = set(numbers)
        with self._guard:
            keys = [(number, key) for key, number in self._numbers.items() if number in wanted]
        for number, key in keys:
            found = [draw_thumbnail(picture) for picture in self._pictures_of(key) if picture is not None]
            self.send({"kind": "thumbnails", "id": number}, [data for data in found if data is not None])

    def _pictures_of(self, key: str) -> list[Picture | None]:
        """Return what was recognized under the baseline and under the row's condition, where known."""
        with self._guard:
            row = self._told.get(key)
            if row is None:
                return []
            names = [str(json.loads(key.split("\t")[0])[0]), row[0]]
            conditions = dict.fromkeys((self.baseline, str(row[3])))
            return [
                next((self._pictures[name, each] for name in names if (name, each) in self._pictures), None)
                for each in conditions
            ]

    def _write_report(self) -> None:
        self._written = self.report()
        self.send({"kind": "reported", "path": str(self._written), "bytes": self._written.stat().st_size})

    def _send_report(self) -> None:
        """Send the report's file to the browser, which may be on another machine."""
        data = memoryview(self._written.read_bytes()) if self._written is not None else memoryview(b"")
        for offset in range(0, len(data), PIECE):
            about = {"kind": "piece", "offset": offset, "bytes": len(data)}
            self.send(about, [data[offset : offset + PIECE]])

    def _select(self, key: str) -> Selection:
        pairs = self._pairs()
        row = pairs[pairs["key"] == key].iloc[0].to_dict()
        chosen = Selection(row, *find_trials(self._open_tracker(), key, self.baseline))
        self.send({"kind": "selected", "id": self._numbers.get(key, -1)})
        self.call_all(self._callbacks, chosen)
        return chosen

    # ------------------------------------------------------------------ what the tracker tells

    def _note(self) -> None:
        """Count anew in a moment, together with what else changes until then."""
        with self._guard:
            if self._is_due or self.tracker is None:
                return
            self._is_due = True
        myself, pause = weakref.ref(self), self._pause

        async def soon() -> None:
            await asyncio.sleep(pause)
            await asyncio.to_thread(_recount_of, myself)

        loop.run(soon())

    def _recount(self) -> None:
        """Send what is new, and the verdict on it."""
        started = time.perf_counter()
        with self._guard:
            self._is_due = False
            if self.tracker is None:
                return
            rows = describe_rows(self._pairs())
            self._choose_condition(rows)
            for key in rows:
                self._numbers.setdefault(key, len(self._numbers))
            news = [[self._numbers[key], *row] for key, row in rows.items() if self._told.get(key) != row]
            gone = [self._numbers[key] for key in self._told if key not in rows]
            self._told = rows
        if gone:
            self.send({"kind": "gone", "ids": gone})
        for start in range(0, len(news), ROWS_A_MESSAGE):
            self.send({"kind": "rows", "rows": news[start : start + ROWS_A_MESSAGE]})
        chief = self.condition or self._chief
        self.set_trait("verdict", judge_board(self._open_tracker(), self.baseline, chief, self.reader))
        self._pause = max(PAUSE, time.perf_counter() - started)

    def _choose_condition(self, rows: Mapping[str, list[Any]]) -> None:
        """Find the condition in question, once there is one."""
        if self._chief or not rows:
            return
        names = list(dict.fromkeys(str(row[3]) for row in rows.values() if row[3] != self.baseline))
        self._chief = next(
            (name for name in names if name.startswith("upsampled")), names[0] if names else ""
        )

    def _pairs(self) -> Pairs:
        return pair_trials(self._open_tracker().store, self.baseline)

    def _shown(self) -> Pairs:
        left = filter_pairs(self._pairs(), **{name: getattr(self, name) for name in _FILTERS})
        return sort_pairs(left, self.sort_by, descending=self.descending)

    def _open_tracker(self) -> AccuracyTracker:
        if self.tracker is None:
            raise SettingsError("This board is closed: make another one.")
        return self.tracker

    def _in_background(self, do: Callable[[TrackerBoard], object]) -> None:
        """Do it on a worker thread, without keeping the widget alive for it; errors are seen in the views."""
        myself = weakref.ref(self)

        def now() -> None:
            board = myself()
            if board is not None:
                board.call_all([do], board)

        async def wait() -> None:
            await asyncio.to_thread(now)

        loop.run(wait())

    # ------------------------------------------------------------------ what is left

    def still_html(self) -> str | None:
        """Return the verdict and a table of the first rows."""
        if not self._kept or self.tracker is None:
            return None
        return write_table(self._shown(), self.verdict)

    @traitlets.validate("outcome")  # type: ignore[untyped-decorator]
    def _check_outcome(self, proposal: Mapping[str, Any]) -> str:
        name = str(proposal["value"])
        if name and name not in OUTCOMES:
            raise traitlets.TraitError(
                f"TrackerBoard knows no outcome {name!r}: {suggestion(name, OUTCOMES)}"
            )
        return name

    @traitlets.validate("sort_by")  # type: ignore[untyped-decorator]
    def _check_sort(self, proposal: Mapping[str, Any]) -> str:
        name = str(proposal["value"])
        if name not in SORTS:
            raise traitlets.TraitError(f"TrackerBoard cannot sort by {name!r}: {suggestion(name, SORTS)}")
        return name


def _note(myself: weakref.ref[TrackerBoard]) -> None:
    board = myself()
    if board is not None:
        board._note()


def _recount_of(myself: weakref.ref[TrackerBoard]) -> None:
    board = myself()
    if board is not None:
        board.call_all([TrackerBoard._recount], board)
