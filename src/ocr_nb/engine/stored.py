"""Engines that only remember: what was read and enlarged elsewhere, stored in one file.

For places where no model runs (inside a browser). A picture is known by its size and a thousand of its
pixels, so that another version's rounding does not matter; one that was not stored is refused, never guessed.
`record` makes the file: it wraps the engines of this process.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import EngineUnavailable
from ..images import Gray, encode_png, load_picture
from .layout import Box, Line, Word

SAMPLED = 1024
"""Pixels by which a picture is known."""
CLOSE = 2.0
"""Mean difference of those, of 255, up to which two pictures are the same: rounding of other versions of the
libraries gives 0.3, another way of enlarging 4 and more."""

Eight = npt.NDArray[np.uint8]


class Memory:
    """Everything in the file."""

    def __init__(self) -> None:
        self.readers: dict[str, dict[str, Any]] = {}
        """By engine: version and languages."""
        self.methods: dict[str, str] = {}
        """Version of each upsampling method."""
        self.readings: list[dict[str, Any]] = []
        self.enlarged: list[dict[str, Any]] = []

    @classmethod
    @cache
    def load(cls, path: Path) -> Memory:
        """Read the file, once.

        Raises:
            EngineUnavailable: it is not there, or not one of ours.
        """
        memory = cls()
        try:
            memory.__dict__.update(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise EngineUnavailable(f"The stored readings cannot be read from {path}: {error}") from error
        return memory

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_text(json.dumps(self.__dict__, ensure_ascii=False), encoding="utf-8")

    def find(self, entries: list[dict[str, Any]], sign: dict[str, Any], what: str) -> dict[str, Any]:
        """Return the entry of the picture that `sign` describes.

        Raises:
            EngineUnavailable: there is none.
        """
        fixed = {key: value for key, value in sign.items() if key != "pixels"}
        same = [entry for entry in entries if fixed.items() <= entry.items()]
        found = min(same, key=lambda entry: _distance(entry, sign), default=None)
        if found is None or _distance(found, sign) > CLOSE:
            raise EngineUnavailable(
                f"No model runs in this browser, and {what} of this picture was not stored: only what the "
                "notebooks show was. Open them on your own machine or on Binder for anything else."
            )
        return found


def sign_of(pixels: Eight, **about: Any) -> dict[str, Any]:
    """Return by what a picture is known again: its size, a thousand pixels, and `about` exactly."""
    height, width = pixels.shape[:2]
    places = np.random.default_rng(0).random((SAMPLED, 2))
    rows, columns = (places * (height, width)).astype(int).T
    sampled = pixels[rows, columns].reshape(SAMPLED, -1)[:, -1]
    return {
        "height": height,
        "width": width,
        **about,
        "pixels": base64.b64encode(sampled.tobytes()).decode("ascii"),
    }


def _distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    first, second = (np.frombuffer(base64.b64decode(entry["pixels"]), np.uint8) for entry in (one, other))
    return float(np.abs(first.astype(np.float32) - second).mean())


class StoredRecognizer:
    """A recognizer that reads what was read before."""

    def __init__(self, name: str, memory: Memory) -> None:
        """Take the name of the engine whose readings are wanted.

        Raises:
            EngineUnavailable: the file has none of them.
        """
        if name not in memory.readers:
            raise EngineUnavailable(
                f"No readings of {name} are stored here, and no model runs in this browser."
            )
        self.name = name
        self.version = str(memory.readers[name]["version"])
        self._memory = memory

    def languages(self) -> frozenset[str]:
        """Return the languages of the engine that read."""
        return frozenset(self._memory.readers[self.name]["languages"])

    def recognize(self, pixels: Eight, *, language: str = "English", detect: bool = True) -> tuple[Line, ...]:
        """Return what was read on this picture; raise `EngineUnavailable` when that was not stored."""
        sign = sign_of(pixels, engine=self.name, language=language, detect=detect)
        return tuple(map(_line, self._memory.find(self._memory.readings, sign, "the reading")["lines"]))

    def detect(self, pixels: Eight) -> tuple[Box, ...]:
        """Return the boxes of the lines that were read."""
        return tuple(line.box for line in self.recognize(pixels))


class StoredUpsampler:
    """An upsampler that enlarges what was enlarged before."""

    def __init__(self, name: str, reader: str | None, memory: Memory) -> None:
        self.name = name
        self.version = memory.methods.get(name, "not stored")
        self._reader = reader
        self._memory = memory

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Return what was made of this picture; raise `EngineUnavailable` when that was not stored."""
        sign = sign_of(_eight(gray), method=self.name, reader=self._reader, factor=factor)
        entry = self._memory.find(self._memory.enlarged, sign, "the enlargement")
        picture = load_picture(base64.b64decode(entry["png"]))
        return picture.pixels[:, :, 0].astype(np.float32) / np.float32(255.0)


class RecordingRecognizer:
    """A recognizer whose readings are kept."""

    def __init__(self, inner: Any, memory: Memory) -> None:
        self.name, self.version, self._inner, self._memory = inner.name, inner.version, inner, memory
        memory.readers[self.name] = {"version": self.version, "languages": sorted(inner.languages())}

    def languages(self) -> frozenset[str]:
        """Return the engine's languages."""
        return frozenset(self._inner.languages())

    def recognize(self, pixels: Eight, *, language: str = "English", detect: bool = True) -> tuple[Line, ...]:
        """Read, and keep what was read."""
        lines: tuple[Line, ...] = self._inner.recognize(pixels, language=language, detect=detect)
        sign = sign_of(pixels, engine=self.name, language=language, detect=detect)
        self._memory.readings.append(sign | {"lines": [asdict(line) for line in lines]})
        return lines

    def detect(self, pixels: Eight) -> tuple[Box, ...]:
        """Return the engine's boxes; they are not kept."""
        return tuple(self._inner.detect(pixels))


class RecordingUpsampler:
    """An upsampler whose pictures are kept."""

    def __init__(self, inner: Any, reader: str | None, memory: Memory) -> None:
        self.name, self.version, self._inner, self._memory = inner.name, inner.version, inner, memory
        self._reader = reader
        memory.methods[self.name] = self.version

    def enlarge(self, gray: Gray, factor: int) -> Gray:
        """Enlarge, and keep the picture."""
        large: Gray = self._inner.enlarge(gray, factor)
        sign = sign_of(_eight(gray), method=self.name, reader=self._reader, factor=factor)
        png = base64.b64encode(encode_png(_eight(large)[:, :, None])).decode("ascii")
        self._memory.enlarged.append(sign | {"png": png})
        return large


Maker = Callable[..., Any]


def record(memory: Memory, recognizers: dict[str, Maker], upsamplers: dict[str, Maker]) -> None:
    """Have the makers of this process make engines that also fill `memory`."""
    for name, make in list(recognizers.items()):
        recognizers[name] = lambda make=make: RecordingRecognizer(make(), memory)
    for name, make in list(upsamplers.items()):
        upsamplers[name] = lambda reader, make=make: RecordingUpsampler(make(reader), reader, memory)


def _eight(gray: Gray) -> Eight:
    return np.clip(np.round(gray * 255.0), 0, 255).astype(np.uint8)


def _line(entry: dict[str, Any]) -> Line:
    words = tuple(Word(one["text"], Box(**one["box"]), one["confidence"]) for one in entry["words"])
    return Line(entry["text"], Box(**entry["box"]), entry["confidence"], words)
