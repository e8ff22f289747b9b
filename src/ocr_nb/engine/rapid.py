"""RapidOCR's models, read in our own order: find the text, read each run, arrange the lines.

The `rapidocr` wheel carries the PP-OCR models as ONNX files; they are opened where they lie, so nothing is
ever downloaded. RapidOCR's own pipeline around them is not used: it shrinks pages above 2,000 pixels,
enlarges narrow strips beyond measure, rounds boxes to whole pixels, considers all 18,000 characters for any
language, and joins boxes as they come.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import EngineUnavailable, SettingsError
from . import languages
from .detector import Floats, TextBox, TextDetector
from .layout import Box, Line
from .line_reader import Letter, LineReader, cut_out
from .reading_order import Fragment, PlacedWord, arrange
from .recognizer import Rgb
from .session import load_model
from .strays import find_strays

DETECTION_MODEL = "PP-OCRv6_det_small.onnx"
RECOGNITION_MODEL = "PP-OCRv6_rec_small.onnx"
NEVER_WRITTEN = frozenset("ıİɓɗƙƴɍƈŋƥƭǹⁿ")
"""Letters in the model's alphabet that it never wrote when they were drawn for it, each in three words
(26 px, DejaVu Sans). It also fails on ď ť ĺ ŕ ŵ ÿ, which are under one letter in a thousand of the
languages that have them; those languages are offered."""
MIN_CONFIDENCE = 0.45
"""Runs read with less are taken for ornament. On receipts at full size and at lines of 6 px, CER is best from
0.4 to 0.5; 0.6 loses faint lines and 0.3 keeps scribbles (differences of 0.001 and 0.01)."""
STRAY_CONFIDENCE = 0.8
"""On 60 receipts all 19 lone characters read with 0.9 or more were there; specks read as nothing."""
DOUBT = 0.75
CLEARLY = 0.15
"""A page read with less confidence than `DOUBT` is tried upside down, and believed to be so when its longest
runs then gain this much: upright text upside down reads at 0.5 or so, seldom above 0.7."""
TALL = 1.5
"""A box this many times taller than wide holds text that runs up or down."""


class RapidRecognizer:
    """PP-OCRv6 (small) from the `rapidocr` wheel. Thread-safe: it keeps nothing between calls."""

    name = "rapidocr"

    def __init__(self, detector: TextDetector, reader: LineReader, version: str) -> None:
        self._detector = detector
        self._reader = reader
        self.version = version
        alphabet = frozenset("".join(reader.alphabet)) - NEVER_WRITTEN
        self._languages = frozenset(
            language
            for language in languages.LANGUAGES
            if alphabet.issuperset(languages.letters_of(language))
        )

    @classmethod
    def load(cls) -> RapidRecognizer:
        """Open the models; raise `EngineUnavailable` when the wheel is not installed."""
        folder = _models_folder()
        version = f"{importlib.metadata.version('rapidocr')} (PP-OCRv6 small)"
        detector = TextDetector(load_model(folder / DETECTION_MODEL))
        return cls(detector, LineReader(load_model(folder / RECOGNITION_MODEL)), version)

    def languages(self) -> frozenset[str]:
        """Return the languages whose letters the model can write."""
        return self._languages

    def recognize(self, pixels: Rgb, *, language: str = "English", detect: bool = True) -> tuple[Line, ...]:
        """Read `pixels` `(H, W, 3)`; see `Recognizer`."""
        self._check(language)
        if not detect:
            return arrange(self._read(pixels, [band_of(pixels, self._detector.find(pixels))], language))
        boxes = self._find(pixels)
        fragments = self._read(pixels, boxes, language)
        if boxes and _trust(fragments) < DOUBT:
            fragments = self._upside_down(pixels, boxes, language) or fragments
        return arrange([*fragments, *self._strays(pixels, boxes, language)])

    def detect(self, pixels: Rgb) -> tuple[Box, ...]:
        """Return upright boxes around the runs of text, in reading order."""
        marks = [Fragment((PlacedWord("", box, None),)) for box in self._find(pixels)]
        return tuple(word.box for line in arrange(marks) for word in line.words)

    def _check(self, language: str) -> None:
        if language not in languages.LANGUAGES:
            raise SettingsError(f"There is no language {language!r}: {languages.language_hint(language)}")
        if language not in self._languages:
            raise EngineUnavailable(
                f"rapidocr has no model for {language}: its alphabet lacks letters of it. "
                "Use the engine tesseract with that language's data."
            )

    def _find(self, pixels: Rgb) -> list[Floats]:
        """Return the corners `(4, 2)` of every run of text."""
        boxes = self._detector.find(pixels)
        return [_turned(box, boxes) for box in boxes]

    def _upside_down(self, pixels: Rgb, boxes: Sequence[Floats], language: str) -> list[Fragment]:
        """Read the page the other way up when its longest runs read better so; empty when they do not."""
        longest = sorted(boxes, key=lambda box: -float(np.hypot(*(box[1] - box[0]))))[:3]
        turned = self._read(pixels, [np.roll(box, 2, axis=0) for box in longest], language)
        if _trust(turned) < _trust(self._read(pixels, longest, language)) + CLEARLY:
            return []
        return self._read(pixels, [np.roll(box, 2, axis=0) for box in boxes], language)

    def _strays(self, pixels: Rgb, boxes: Sequence[Floats], language: str) -> list[Fragment]:
        """Read the lone characters that the detector overlooked; only sure letters and digits are kept."""
        read = self._read(pixels, find_strays(pixels, boxes), language)
        return [
            fragment
            for fragment in read
            if len(fragment.words) == 1
            and len(fragment.words[0].text) == 1
            and fragment.words[0].text.isalnum()
            and (fragment.words[0].confidence or 0.0) >= STRAY_CONFIDENCE
        ]

    def _read(self, pixels: Rgb, boxes: Sequence[Floats], language: str) -> list[Fragment]:
        may_hold = partial(languages.may_hold, language)
        fragments = []
        for corners in boxes:
            letters = self._reader.read(cut_out(pixels, corners), language, may_hold)
            words = place_words(letters, corners)
            if words and np.mean([x.confidence for x in letters if x.text != " "]) >= MIN_CONFIDENCE:
                fragments.append(Fragment(words))
        return fragments


def place_words(letters: Sequence[Letter], corners: Floats) -> tuple[PlacedWord, ...]:
    """Cut the letters of one run at its spaces and give each word its part of the rectangle `corners`."""
    advance = _advance(letters)
    words: list[PlacedWord] = []
    current: list[Letter] = []
    for letter in [*letters, Letter(" ", 1.0, 1.0)]:
        if not letter.text.isspace():
            current.append(letter)
        elif current:
            start, end = current[0].center - advance / 2, current[-1].center + advance / 2
            words.append(
                PlacedWord(
                    "".join(part.text for part in current),
                    _part(corners, max(0.0, start), min(1.0, end)),
                    float(np.mean([part.confidence for part in current])),
                )
            )
            current = []
    return tuple(words)


def _trust(fragments: Sequence[Fragment]) -> float:
    """Return the mean confidence of the letters, 0 when there are none."""
    words = [word for fragment in fragments for word in fragment.words]
    letters = sum(len(word.text) for word in words)
    return sum(len(word.text) * (word.confidence or 0.0) for word in words) / letters if letters else 0.0


def _advance(letters: Sequence[Letter]) -> float:
    """Return the usual distance of neighbouring letters, as a share of the line."""
    if len(letters) < 2:
        return 1.0
    distances = np.diff(np.array([letter.center for letter in letters]))
    return float(np.median(distances))


def _part(corners: Floats, start: float, end: float) -> Floats:
    """Return the part of a slanted rectangle from `start` to `end`, shares of its length."""
    top, bottom = corners[1] - corners[0], corners[2] - corners[3]
    return np.stack(
        [
            corners[0] + start * top,
            corners[0] + end * top,
            corners[3] + end * bottom,
            corners[3] + start * bottom,
        ]
    ).astype(np.float32)


def _whole(pixels: Rgb) -> Floats:
    height, width = pixels.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def band_of(pixels: Rgb, boxes: Sequence[TextBox]) -> Floats:
    """Return the corners of the line that fills a picture: all of its width, as high as its text.

    The reader sees every line at the same height, so paper above and below makes the letters small. The
    largest box says where the line is; those whose middles lie within it belong to it.
    """
    band = _whole(pixels)
    if not boxes:
        return band
    largest = max(boxes, key=lambda box: box.width * box.height).corners[:, 1]
    tops_and_bottoms = [
        rows for box in boxes if largest.min() <= (rows := box.corners[:, 1]).mean() <= largest.max()
    ]
    band[:2, 1] = max(0.0, min(float(rows.min()) for rows in tops_and_bottoms))
    band[2:, 1] = min(float(pixels.shape[0]), max(float(rows.max()) for rows in tops_and_bottoms))
    return band


def _turned(box: TextBox, boxes: Sequence[TextBox]) -> Floats:
    """Return the corners as read: a box much taller than the others' lines runs upwards."""
    usual = float(np.median([min(other.width, other.height) for other in boxes]))
    if box.height >= TALL * box.width and box.height >= TALL * usual:
        return np.roll(box.corners, 1, axis=0)
    return box.corners


def _models_folder() -> Path:
    """Return where the wheel keeps its models, without importing it."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise EngineUnavailable("The engine rapidocr is not installed: pip install rapidocr.")
    return Path(next(iter(found.submodule_search_locations))) / "models"
