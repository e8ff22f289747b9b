"""How images get from the browser into a list: pieces of files, addresses and samples, read one by one.

In: messages of a view. Out: images handed to the list, or a refusal with its reason. Decoding and measuring
happen on worker threads, so that other messages get their turn.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..errors import ImageError, OcrNbError
from ..images import ImageLike
from ..jobs import Job
from ..sample_set import samples
from ..service.download import Check, download_image, is_url, name_of
from .input_images import TRUTH_SUFFIX, check_beginning
from .uploads import Upload, Uploads

AT_A_TIME = 2
"""Images decoded and measured at once: a folder of large scans must not fill the memory."""

log = logging.getLogger(__name__)


class ListOfImages(Protocol):
    """Who takes what arrives."""

    def send(self, content: dict[str, Any]) -> None:
        """Tell the views."""
        ...

    def admit(
        self, image: ImageLike, name: str | None, truth: str | None, private: bool, turn: int | None = None
    ) -> object:
        """Take an image in, before those of a later turn; raises `ImageError` when it cannot be read."""
        ...

    def refuse(self, key: str, name: str, error: Exception) -> None:
        """Note what could not be taken."""
        ...

    def tell_truth(self, stem: str, text: str) -> bool:
        """Give a ground truth to the images called `stem`; False when there are none."""
        ...


class Arrivals:
    """What is on its way to one list; messages may come on any thread."""

    def __init__(self, owner: ListOfImages, check: Check | None) -> None:
        """Hand to `owner` what arrives; `check` refuses addresses that must not be asked."""
        self._owner = owner
        self._check = check
        self._uploads = Uploads()
        self._texts: dict[str, str] = {}
        """Ground truths that came before their images, by the name without its suffix."""
        self._fetching: dict[str, Job[None]] = {}
        """Addresses that are being asked."""
        self._guard = threading.Lock()
        self._door = asyncio.Semaphore(AT_A_TIME)
        self._turns = itertools.count(1)
        """The order in which people gave images; they are measured in another."""

    @property
    def texts(self) -> list[str]:
        """The names of the ground truths that wait for their image."""
        with self._guard:
            return sorted(self._texts)

    def take(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> bool:
        """Take a message; False when it is about something else."""
        kind, key = message.get("kind"), str(message.get("upload"))
        if kind == "begin":
            self._begin(key, str(message["name"]), message)
        elif kind == "piece":
            self._add(key, int(message["offset"]), buffers[0])
        elif kind == "stop":
            self._stop(key)
        elif kind == "address":
            self._fetch(key, str(message["url"]).strip())
        elif kind == "sample":
            self._read_later(key, partial(self._read_sample, str(message["name"]), next(self._turns)))
        else:
            return False
        return True

    def clear(self) -> None:
        """Let go of what is on its way."""
        self._uploads.clear()
        with self._guard:
            self._texts.clear()
            fetching, self._fetching = self._fetching, {}
        for job in fetching.values():
            job.cancel()

    def _stop(self, key: str) -> None:
        self._uploads.stop(key)
        with self._guard:
            job = self._fetching.pop(key, None)
        if job is not None:
            job.cancel()

    def _begin(self, key: str, name: str, message: Mapping[str, Any]) -> None:
        try:
            self._uploads.begin(key, name, int(message["size"]), str(message["via"]), next(self._turns))
        except ImageError as error:
            self._owner.refuse(key, name, error)

    def _add(self, key: str, offset: int, piece: memoryview) -> None:
        name = self._uploads.name_of(key)
        try:
            upload = self._uploads.add(key, offset, piece)
            if upload is not None and offset == 0 and not upload.name.lower().endswith(TRUTH_SUFFIX):
                self._look_at(key, upload)
        except ImageError as error:
            self._owner.refuse(key, name, error)
            return
        if upload is None:
            return
        self._owner.send({"kind": "got", "upload": key, "received": offset + len(piece)})
        if upload.is_complete:
            self._read_later(key, partial(self._read_upload, upload), upload.name)

    def _look_at(self, key: str, upload: Upload) -> None:
        """Refuse after its first piece what is no image: nobody waits for the rest of a video."""
        try:
            check_beginning(bytes(upload.data[:16]), upload.name)
        except ImageError:
            self._uploads.stop(key)
            raise

    def _fetch(self, key: str, url: str) -> None:
        if not is_url(url):
            self._owner.refuse(key, url, ImageError("This is no web address: give http://… or https://…."))
            return

        turn = next(self._turns)

        async def work(job: Job[None]) -> None:
            try:
                data, name = await download_image(url, check=self._check)
            except ImageError as error:
                self._owner.refuse(key, name_of(url), error)
                return
            finally:
                with self._guard:
                    self._fetching.pop(key, None)
            await self._read(key, partial(self._owner.admit, data, name, None, True, turn), name)

        with self._guard:
            self._fetching[key] = Job(work, label="download an image")

    def _read_later(self, key: str, read: Callable[[], object], name: str = "") -> None:
        async def work(job: Job[None]) -> None:
            await self._read(key, read, name)

        Job(work, label="read an image")

    async def _read(self, key: str, read: Callable[[], object], name: str) -> None:
        self._owner.send({"kind": "measuring", "upload": key, "name": name})
        async with self._door:
            try:
                await asyncio.to_thread(read)
            except Exception as error:
                if not isinstance(error, OcrNbError):
                    log.exception("An image could not be taken in.")
                self._owner.refuse(key, name, error)
            else:
                self._owner.send({"kind": "taken", "upload": key})

    def _read_upload(self, upload: Upload) -> None:
        data, upload.data = bytes(upload.data), bytearray()
        if upload.name.lower().endswith(TRUTH_SUFFIX):
            self._read_truth(upload.name, data)
            return
        stem = Path(upload.name).stem
        self._owner.admit(data, upload.name, self._claim(stem), True, upload.turn)
        came_meanwhile = self._claim(stem)
        if came_meanwhile is not None:
            self._owner.tell_truth(stem, came_meanwhile)

    def _claim(self, stem: str) -> str | None:
        """Take the ground truth that waits for an image, if there is one."""
        with self._guard:
            return self._texts.pop(stem, None)

    def _read_truth(self, name: str, data: bytes) -> None:
        """Give a ground truth to the image of the same name, now or when it comes."""
        try:
            text = data.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ImageError(f"{name} is not UTF-8: save it as UTF-8.") from None
        stem = name[: -len(TRUTH_SUFFIX)]
        # It waits first: an image that is being measured is not on the list yet, and asks once it is.
        with self._guard:
            self._texts[stem] = text
        if self._owner.tell_truth(stem, text):
            self._claim(stem)

    def _read_sample(self, name: str, turn: int) -> None:
        (sample,) = samples(name)
        self._owner.admit(sample, None, sample.ground_truth, False, turn)
