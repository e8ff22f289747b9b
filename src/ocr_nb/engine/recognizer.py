"""The engines that read: one protocol, two keepers, each loaded once and shared.

Pixels in, lines out; boxes in pixels of what was given. RapidOCR's models travel with the package;
Tesseract is an extra. Knows nothing of files, tasks or services.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..settings import Settings
from .layout import Box, Line

Rgb = npt.NDArray[np.uint8]
"""`(H, W, 3)` uint8, transparent parts already composited on white."""

ENGINES = ("rapidocr", "tesseract")


class Recognizer(Protocol):
    """Reads pages. All methods may be called from several threads at once."""

    @property
    def name(self) -> str:
        """One of `ENGINES`."""
        ...

    @property
    def version(self) -> str:
        """Version of the engine and, where they have one, of its models."""
        ...

    def languages(self) -> frozenset[str]:
        """Return the languages, by the service's names, that the models at hand can write."""
        ...

    def recognize(self, pixels: Rgb, *, language: str = "English", detect: bool = True) -> tuple[Line, ...]:
        """Read `pixels`; return its lines in reading order, none for a page without text.

        Args:
            pixels: `(H, W, 3)` uint8 RGB of any size.
            language: one of `languages()`.
            detect: look for the text; False says that `pixels` is one line.

        Raises:
            EngineUnavailable: no model at hand can write `language`.
        """
        ...

    def detect(self, pixels: Rgb) -> tuple[Box, ...]:
        """Return upright boxes around the runs of text, in reading order."""
        ...


_made: dict[str, Recognizer] = {}
_making = threading.Lock()


def make_recognizer(engine: str) -> Recognizer:
    """Return the shared recognizer called `engine`, loading its models the first time.

    Raises:
        SettingsError: there is no such engine.
        EngineUnavailable: it is not installed here.
        WeightsMissing: its models are not where its package keeps them.
    """
    if engine not in ENGINES:
        close = difflib.get_close_matches(engine, ENGINES, n=1)
        meant = f"did you mean {close[0]!r}?" if close else f"choose {' or '.join(ENGINES)}."
        raise SettingsError(f"There is no engine {engine!r}: {meant}")
    with _making:
        if engine not in _made:
            _made[engine] = _remember(engine) or _MAKERS[engine]()
        return _made[engine]


def _remember(engine: str) -> Recognizer | None:
    """Return the recognizer that only remembers, where the settings name a file of stored readings."""
    path = Settings.from_environment().stored
    if path is None:
        return None
    from .stored import Memory, StoredRecognizer

    return StoredRecognizer(engine, Memory.load(path))


def _make_rapid() -> Recognizer:
    from .rapid import RapidRecognizer

    return RapidRecognizer.load()


def _make_tesseract() -> Recognizer:
    from .tesseract import TesseractRecognizer

    return TesseractRecognizer.load()


_MAKERS: dict[str, Callable[[], Recognizer]] = {"rapidocr": _make_rapid, "tesseract": _make_tesseract}
