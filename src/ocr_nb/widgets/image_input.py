"""`ImageInput`: images come in by drop, paste, dialog, folder, address, sample or camera, or by code.

In: files in pieces of 1 MB, as messages. Out: `InputImage` values with their x-height and the advice. Lists
and thumbnails go to the browser as messages: no pixel, name or text of an image is in synced state.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from .. import loop
from ..advice import check_reader
from ..errors import OcrNbError, SettingsError
from ..images import ImageLike
from ..report.document import read_asset
from ..sample_set import Sample, samples
from ..service.download import download_image, is_url, refuse_private
from ..settings import Settings
from ..truth import find_truth
from ._base import QuietWidget
from .arrivals import Arrivals
from .input_images import (
    InputImage,
    describe,
    draw_thumbnail,
    each_of,
    files_in,
    in_words,
    is_folder,
    name_in,
    take_in,
)
from .preview import draw_preview
from .uploads import MOST_BYTES

PAUSE = 0.05
"""Seconds that changes wait for others, so that one message tells of many."""
IN_THE_PREVIEW = 4
"""Images that the saved notebook shows."""

Callback = Callable[["ImageInput"], object]


@dataclass
class _Entry:
    """One image of the list, with the number by which the browser knows it."""

    number: int
    image: InputImage
    turn: int | None = None
    """When it was given, among those that people gave; None for one that code added."""


class ImageInput(QuietWidget):
    """A list of images that people fill with mouse, keys or touch, and code with `add`.

        inputs = ImageInput(reader="tesseract")
        inputs                                   # drop, paste, choose
        [image.picture for image in inputs.images]

    Images that people bring in are private: not even a thumbnail of them is saved with the notebook, unless
    `keep_picture` is true.
    """

    _esm = read_asset("image_input.js")
    _css = read_asset("image_input.css")
    _hides_still = True
    _leaves_later = True

    def __init__(
        self,
        images: Iterable[ImageLike] | ImageLike = (),
        *,
        keep_picture: bool = False,
        reader: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Begin with `images`; what cannot be read is told in `refused`, the rest is kept.

        Args:
            images: one image, a folder, or several of both; see `add`.
            keep_picture: whether the saved notebook keeps a small preview of private images too.
            reader: whom the advice is for: `rapidocr`, `tesseract`, or None for one we do not know.
            settings: which notebook host this is; None reads the environment.

        Raises:
            SettingsError: there is no such reader.
        """
        check_reader(reader)
        self._settings = settings or Settings.from_environment()
        self._reader = reader
        self._keeps = keep_picture
        self._entries: list[_Entry] = []
        self._refused: list[tuple[str, str]] = []
        self._count = 0
        self._guard = threading.RLock()
        """Of the list: people, cells and the background thread change it."""
        self._is_due = False
        self._is_closed = False
        self._callbacks: list[Callback] = []
        self._check = refuse_private if self._settings.is_for_strangers else None
        self._arrivals = Arrivals(self, self._check)
        super().__init__()
        for image in each_of(images):
            self._try(image)

    # ------------------------------------------------------------------ what code does

    @property
    def images(self) -> tuple[InputImage, ...]:
        """The images in their order; empty once the widget is closed."""
        with self._guard:
            return tuple(entry.image for entry in self._entries)

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """What could not be taken: name and reason, in the order in which it came."""
        with self._guard:
            return tuple(self._refused)

    @property
    def reader(self) -> str | None:
        """Whom the advice is for; set it and all advice follows."""
        return self._reader

    @reader.setter
    def reader(self, reader: str | None) -> None:
        check_reader(reader)
        with self._guard:
            self._reader = reader
            for entry in self._entries:
                entry.image = entry.image.for_reader(reader)
        self._changed()

    def add(
        self,
        image: ImageLike,
        *,
        name: str | None = None,
        ground_truth: str | None = None,
        private: bool = False,
    ) -> InputImage:
        """Take one image in and measure it, while the caller waits; return it.

        Args:
            image: anything `load_picture` takes, or a web address.
            name: what to call it; by default the file's name.
            ground_truth: what is written on it; None looks for a text beside the file.
            private: whether no pixel of it may stay in a saved notebook.

        Raises:
            ImageError: it cannot be had or read.
        """
        if isinstance(image, str) and is_url(image):
            data, found = loop.run(download_image(image, check=self._check)).result()
            return self.admit(data, name or found, ground_truth, private)
        if ground_truth is None and isinstance(image, str | PathLike) and not str(image).startswith("data:"):
            ground_truth = find_truth(None, 0, name="", path=Path(image))
        return self.admit(image, name, ground_truth, private)

    def add_folder(self, folder: str | PathLike[str], *, private: bool = False) -> int:
        """Take all images of a folder in; return how many. What cannot be read is told in `refused`.

        Raises:
            SettingsError: it is no folder, or holds no image.
        """
        path = Path(folder)
        found = list(files_in(path)) if path.is_dir() else None
        if not found:
            what = "is no folder" if found is None else "holds no images"
            raise SettingsError(f"{path} {what}: give a folder with BMP, GIF, JPEG, PNG, TIFF or WebP files.")
        return sum(self._try(file, private=private) for file in found)

    def remove(self, i: int) -> None:
        """Take image `i` off the list and let its pixels go."""
        with self._guard:
            del self._entries[i]
        self._changed()

    def move(self, i: int, to: int) -> None:
        """Put image `i` at place `to`, counted from 0; the others keep their order."""
        with self._guard:
            self._entries.insert(to, self._entries.pop(i))
        self._changed()

    def set_truth(self, i: int, ground_truth: str | None) -> None:
        """Say what is written on image `i`; None for nobody knows."""
        with self._guard:
            entry = self._entries[i]
            entry.image = replace(entry.image, ground_truth=ground_truth or None)
        self._changed()

    def clear(self) -> None:
        """Take all images off the list, forget what was refused, and stop what is on its way."""
        self._arrivals.clear()
        with self._guard:
            self._entries.clear()
            self._refused.clear()
        self._changed()

    def on_change(self, callback: Callback) -> None:
        """Call `callback(self)` after each change, on whatever thread it happened; its errors are shown."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Take the widget out of every view and let all images go."""
        super().close()
        self._is_closed = True
        self._callbacks.clear()
        self._arrivals.clear()
        with self._guard:
            self._entries.clear()

    def still(self) -> bytes | None:
        """Draw the images that may stay side by side; None when there are none."""
        kept = [image.picture for image in self.images if self._keeps or not image.private]
        return draw_preview(kept[:IN_THE_PREVIEW]) if kept else None

    def __repr__(self) -> str:
        images = self.images
        if not images:
            return f"ImageInput({'closed' if self._is_closed else 'no images'})"
        told = " | ".join(in_words(image) for image in images[:IN_THE_PREVIEW])
        more = f" | {len(images) - IN_THE_PREVIEW} more" if len(images) > IN_THE_PREVIEW else ""
        return f"ImageInput({told}{more})"

    # ------------------------------------------------------------------ what views do

    def take(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take a piece of a file, or do what a view asks for."""
        if not self._arrivals.take(message, buffers):
            self.answer(message)

    def answer(self, message: Mapping[str, Any]) -> None:
        """Change the list, or tell of it; anything else is not for us."""
        kind, number = message.get("kind"), message.get("id")
        if kind == "send":
            offered = [_offered(sample) for sample in samples()]
            self.send({"kind": "facts", "samples": offered, "limit": MOST_BYTES, "keeps": self._keeps})
            self._tell()
        elif kind == "thumbnails":
            self._send_thumbnails(message["ids"])
        elif kind == "clear":
            self.clear()
        elif kind == "forget refused":
            with self._guard:
                self._refused.clear()
            self._changed()
        elif kind == "reader":
            self.reader = message["reader"]
        elif kind in {"remove", "move", "truth"}:
            self._edit(str(kind), number, message)

    def _edit(self, kind: str, number: Any, message: Mapping[str, Any]) -> None:
        with self._guard:
            places = {entry.number: place for place, entry in enumerate(self._entries)}
        if number not in places:
            return  # another view was faster
        if kind == "remove":
            self.remove(places[number])
        elif kind == "move":
            self.move(places[number], int(message["to"]))
        else:
            self.set_truth(places[number], str(message["text"]))

    # ------------------------------------------------------------------ the list

    def tell_truth(self, stem: str, text: str) -> bool:
        """Give a ground truth to the images called `stem`; False when there are none."""
        with self._guard:
            places = [
                place for place, entry in enumerate(self._entries) if Path(entry.image.name).stem == stem
            ]
        for place in places:
            self.set_truth(place, text)
        return bool(places)

    def _try(self, image: ImageLike, *, private: bool = False) -> bool:
        """Take one image of many; what cannot be taken is noted."""
        if isinstance(image, str | PathLike) and is_folder(image):
            return self.add_folder(image, private=private) > 0
        try:
            self.add(image, private=private)
        except OcrNbError as error:
            self.refuse("", name_in(image), error)
            return False
        return True

    def admit(
        self, image: ImageLike, name: str | None, truth: str | None, private: bool, turn: int | None = None
    ) -> InputImage:
        """Measure an image and put it at the end of the list; errors as `add`.

        Several are measured at once: one that people gave before others, by its `turn`, stands before them.
        """
        taken = take_in(image, name=name, ground_truth=truth, private=private, reader=self._reader)
        with self._guard:
            if not self._is_closed:
                place = len(self._entries)
                while turn is not None and place and (self._entries[place - 1].turn or 0) > turn:
                    place -= 1
                self._entries.insert(place, _Entry(self._count, taken.for_reader(self._reader), turn))
                self._count += 1
        self._changed()
        return taken

    def refuse(self, key: str, name: str, error: Exception) -> None:
        """Note what could not be taken, for code and for the views."""
        reason = str(error) if isinstance(error, OcrNbError) else f"{type(error).__name__}: {error}"
        with self._guard:
            self._refused.append((name, reason))
        self.send({"kind": "stopped", "upload": key, "name": name, "reason": reason})
        self._changed()

    def _changed(self) -> None:
        """Tell the views soon, and who asked to be told at once."""
        with self._guard:
            is_new, self._is_due = not self._is_due, True
        if is_new:
            loop.run(_tell_later(weakref.ref(self)))
        self.call_all(self._callbacks, self)

    def _tell(self) -> None:
        with self._guard:
            self._is_due = False
            rows = [{"id": entry.number, **describe(entry.image)} for entry in self._entries]
            refused, waiting = [list(one) for one in self._refused], self._arrivals.texts
        self.send(
            {"kind": "list", "rows": rows, "refused": refused, "waiting": waiting, "reader": self._reader}
        )

    def _send_thumbnails(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            with self._guard:
                found = [entry.image.picture for entry in self._entries if entry.number == number]
            if found:
                self.send({"kind": "thumbnail", "id": number}, [draw_thumbnail(found[0])])


async def _tell_later(widget: weakref.ref[ImageInput]) -> None:
    await asyncio.sleep(PAUSE)
    alive = widget()
    if alive is not None and not alive._is_closed:
        alive._tell()
        await asyncio.to_thread(alive.renew_still)


def _offered(sample: Sample) -> dict[str, Any]:
    return {"name": sample.name, "about": sample.about, "xHeight": sample.x_height_px}
