"""What a workbench shows of its images beyond words: a detail of each, and the comparison of the chosen one.

In: rows, and a bench that has their readings. Out: messages with PNG bytes, an `ImageCompare`, a `TextDiff`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import traitlets

from ..verdict import label
from .bench import Bench
from .bench_rows import Row
from .bench_run import Reading
from .image_compare import ImageCompare
from .text_diff import TextDiff
from .workbench_detail import choose_part, cut

Send = Callable[[dict[str, Any], list[bytes]], object]


class Details:
    """Two details of each row, before and after, cut where the eye should go; sent when they change."""

    def __init__(self, bench: Bench, send: Send) -> None:
        self._bench, self._send = bench, send
        self._cut: dict[str, tuple[Any, dict[str, Any], list[bytes]]] = {}

    def update(self, rows: Iterable[Row]) -> None:
        """Cut and send what has changed; a row that is being read keeps what it shows."""
        images = self._bench.images()
        for gone in set(self._cut) - set(images):
            del self._cut[gone]
        for row in rows:
            if row.key not in images or (row.state in ("waiting", "running") and row.key in self._cut):
                continue
            readings = self._bench.readings(row.key)
            after = next((one for one in readings if one.trial is row.after and one.picture), None)
            state = (id(row.before), id(row.after), row.ground_truth, after is None)
            if row.key in self._cut and self._cut[row.key][0] == state:
                continue
            original = images[row.key].picture
            second = None
            if after is not None and after.recognition is not None and after.picture is not None:
                second = (after.recognition, after.picture)
            first = readings[0].recognition if readings else None
            part = choose_part(original, row.ground_truth, first, second, row.x_height_px)
            pieces = [cut(original, part)]
            if second is not None and after is not None and str(after.trial.condition) != "original":
                pieces.append(cut(second[1], part))
            self._cut[row.key] = (state, {"kind": "detail", "key": row.key, "name": row.name}, pieces)
            self._send(*self._cut[row.key][1:])

    def send_all(self) -> None:
        """Send all that was cut, for a view that opens now."""
        for _, content, pieces in list(self._cut.values()):
            self._send(content, pieces)

    def clear(self) -> None:
        """Let them go."""
        self._cut.clear()


class Opened:
    """The comparison and the three-way text of one row; made when first needed, then filled anew."""

    def __init__(self, bench: Bench, *, keep_picture: bool) -> None:
        self.compare: ImageCompare | None = None
        self.text: TextDiff | None = None
        self._bench, self._keeps = bench, keep_picture
        self._state: Any = None
        self._read: Sequence[Reading] = ()
        self._link: traitlets.link | None = None
        self._keeps_now = keep_picture
        self._filling = threading.RLock()  # a worker thread may fill what another one closes
        self._is_over = False

    def forget(self) -> None:
        """Take the next row for a new one, whichever it is."""
        self._state = None

    def show(self, row: Row) -> bool:
        """Show that row; tell whether anything had changed. After `end`, nothing is shown."""
        with self._filling:
            return not self._is_over and self._show(row)

    def _show(self, row: Row) -> bool:
        state = (row.key, tuple(map(id, row.trials)), row.ground_truth)
        if state == self._state:
            return False
        self._state = state
        places = {id(trial): place for place, trial in enumerate(row.trials)}
        read = [one for one in self._bench.readings(row.key) if one.recognition is not None]
        read.sort(key=lambda one: places.get(id(one.trial), len(places)))
        if len(read) < 2:
            self.close()
        else:
            self._fill(row, read)
        return True

    def _fill(self, row: Row, read: Sequence[Reading]) -> None:
        self._keeps_now = keeps = self._keeps or not row.private
        original = self._bench.images()[row.key].picture
        pictures = [one.picture or original for one in read]
        readings = [one.recognition for one in read if one.recognition is not None]
        labels = [label(one.trial.condition) for one in read]
        shown: dict[str, Any] = {
            "truth": row.ground_truth, "readings": readings, "labels": labels, "keep_picture": keeps,
        }  # fmt: skip
        if self.compare is None:
            self.compare = ImageCompare(*pictures, **shown)
        else:
            self.compare.show(*pictures, **shown)
        self._read = read
        if self.text is None:
            self.text = TextDiff()
            # A word chosen in the pictures is chosen in the texts, and the other way round.
            self._link = traitlets.link((self.compare, "selected"), (self.text, "selected"))
            me = weakref.ref(self)
            self.compare.observe(lambda _: _set_texts(me), ["before_index", "after_index"])
        self.set_texts()

    def set_texts(self) -> None:
        """Put the two readings into the text whose pictures are in sight."""
        with self._filling:
            if self.compare is not None and self.text is not None:
                self._set_texts(self.compare, self.text)

    def _set_texts(self, compare: ImageCompare, text: TextDiff) -> None:
        pair = [self._read[int(index)] for index in (compare.before_index, compare.after_index)]
        first, second = (one.trial for one in pair)
        original = compare.pictures[0]
        text.set(
            first.ground_truth, first.text or "", second.text or "",
            labels=[label(first.condition), label(second.condition)],
            readings=[one.recognition for one in pair if one.recognition is not None],
            pictures=[one.picture or original for one in pair],
            normalization=second.normalization or "standard", keep_picture=self._keeps_now,
        )  # fmt: skip

    def end(self) -> None:
        """Close both, and make no others."""
        with self._filling:
            self._is_over = True
            self.close()

    def close(self) -> None:
        """Close both."""
        with self._filling:
            if self._link is not None:
                self._link.unlink()
            self._link, self._read = None, ()
            for part in (self.compare, self.text):
                if part is not None:
                    part.close()
            self.compare = self.text = None


def _set_texts(opened: weakref.ref[Opened]) -> None:
    found = opened()
    if found is not None:
        found.set_texts()
