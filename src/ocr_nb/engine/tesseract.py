"""Tesseract, the second engine, so that no conclusion hangs on one recognizer.

Runs inside the process through `tesserocr` (extra `tesseract`); language data come from the system. Its
words are put into our reading order. Knows nothing of files except where the language data lie.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..errors import EngineUnavailable, SettingsError
from ..images import Gray
from ..ink import measure_ink
from ..line_shape import measure_skew
from ..settings import Settings
from ..xheight import letters_only, measure_x_height
from . import languages
from .layout import Box, Line
from .reading_order import Corners, Fragment, PlacedWord, arrange
from .recognizer import Rgb

USUAL_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "C:/Program Files/Tesseract-OCR/tessdata",
)
"""Where Debian, other distributions, Homebrew and the Windows installer put language data."""
CELL_GAP = 0.8
"""Words farther apart than this many line heights are cells of their own."""
MARGIN_PX = 20
"""Paper added on every side: text at the very border confuses Tesseract's layout analysis, which then also
complains on standard error. Lowers the CER of whole receipts by 0.01 (12 pages)."""
POINTS_AN_INCH = 72
TEXT_POINTS, X_OF_EM = 10.0, 0.5
"""Text is taken for print of ten points, whose x is five points high: so a picture's resolution follows from
its x-height. Tesseract's layout analysis measures in inches what a rule, a speck or a column is; told a wrong
resolution it drops the fields of forms and misreads small print several times as often
(`benchmarks/resolution.py`, its table in `docs/benchmarks.md`)."""
ASSUMED_DPI = 300
"""What it is told of single lines and of pages whose text cannot be measured, for it guesses badly."""
CREDIBLE_DPI = 70, 2400
"""Tesseract takes no other resolution for true (`kMinCredibleResolution`, `kMaxCredibleResolution`)."""
COVERED = 0.7
"""Share of a page's ink, frames and rules left out, that lies in words when a reading is taken for whole.
Below it Tesseract may have lost lines: as the told resolution has it, print is a picture or a rule to it."""
OTHER_TRY = 0.8
"""Of the resolution: told so if neither that nor `ASSUMED_DPI` gives a whole reading."""
LEVEL_ENOUGH = 1.5
"""Degrees: what Tesseract takes in its stride."""
STEEPEST = 0.5
"""Slope of a line of text; pages are leveled before. What is steeper runs up or down, or is a column of
figures taken for a line: its base line, prolonged to a page's width, would lie beyond the page."""
_LSTM_ONLY = 1
_Matrix = npt.NDArray[np.float64]


class TesseractRecognizer:
    """Tesseract with one loaded interface a language, used by one thread at a time."""

    name = "tesseract"

    def __init__(self, folder: Path, version: str) -> None:
        self._folder = folder
        self.version = version
        self._interfaces: dict[str, Any] = {}
        self._using = threading.Lock()

    @classmethod
    def load(cls) -> TesseractRecognizer:
        """Find the library and its data; raise `EngineUnavailable`, saying which is missing."""
        if importlib.util.find_spec("tesserocr") is None:
            raise EngineUnavailable(
                "The engine tesseract is not installed: pip install 'ocr_nb[tesseract]', "
                "and the language data (Debian: apt install tesseract-ocr-eng)."
            )
        import tesserocr

        version = tesserocr.tesseract_version().split()[1]
        wrapper = importlib.metadata.version("tesserocr")
        ours = "resolution by x-height, surest reading"
        return cls(find_tessdata(), f"{version} (tesserocr {wrapper}, {ours})")

    def languages(self) -> frozenset[str]:
        """Return the languages whose data file is in the folder."""
        return frozenset(name for name in languages.LANGUAGES if self._has_data(name))

    def recognize(self, pixels: Rgb, *, language: str = "English", detect: bool = True) -> tuple[Line, ...]:
        """Read `pixels` `(H, W, 3)`; see `Recognizer`."""
        import tesserocr

        code = self._code(language)
        mode = tesserocr.PSM.AUTO if detect else tesserocr.PSM.SINGLE_LINE
        page, back = _leveled(pixels) if detect else (pixels, None)
        tries = resolutions_of(page) if detect else (ASSUMED_DPI,)
        letters = _letters(page) if len(tries) > 1 else None
        readings: list[list[Fragment]] = []
        with self._using:
            interface = self._interface(code)
            for resolution in tries:
                readings.append(_read(interface, page, mode, resolution))
                if letters is None or _covered(letters, readings[-1]) >= COVERED:
                    break
        fragments = max(readings, key=_sureness)
        return arrange(fragments if back is None else [_moved(fragment, back) for fragment in fragments])

    def detect(self, pixels: Rgb) -> tuple[Box, ...]:
        """Return upright boxes around the lines of text, in reading order."""
        return tuple(line.box for line in self.recognize(pixels))

    def _has_data(self, language: str) -> bool:
        code = languages.tesseract_code(language)
        return code is not None and (self._folder / f"{code}.traineddata").is_file()

    def _code(self, language: str) -> str:
        if language not in languages.LANGUAGES:
            raise SettingsError(f"There is no language {language!r}: {languages.language_hint(language)}")
        code = languages.tesseract_code(language)
        if code is None:
            raise EngineUnavailable(f"Tesseract has no data for {language} in any release.")
        if not self._has_data(language):
            raise EngineUnavailable(
                f"Tesseract's data for {language} ({code}.traineddata) are not in {self._folder}: "
                f"install them (Debian: apt install tesseract-ocr-{code.lower().replace('_', '-')})."
            )
        return code

    def _interface(self, code: str) -> Any:
        import tesserocr

        if code not in self._interfaces:
            interface = tesserocr.PyTessBaseAPI(path=str(self._folder), lang=code, oem=_LSTM_ONLY)
            # Otherwise it writes its guesses of the resolution to standard error.
            interface.SetVariable("debug_file", "/dev/null" if sys.platform != "win32" else "nul")
            self._interfaces[code] = interface
        return self._interfaces[code]


def find_tessdata(settings: Settings | None = None) -> Path:
    """Return the folder of Tesseract's language data.

    Looks at `TESSDATA_PREFIX`, the environment's own `share/tessdata` (conda), then the usual folders.

    Raises:
        EngineUnavailable: none of them holds a `.traineddata` file.
    """
    chosen = (settings or Settings.from_environment()).tessdata
    if chosen is not None:
        places = [chosen, chosen / "tessdata"]
    else:
        places = [Path(sys.prefix) / "share" / "tessdata", *map(Path, USUAL_FOLDERS)]
    for place in places:
        if any(place.glob("*.traineddata")):
            return place
    raise EngineUnavailable(
        f"No language data of Tesseract in {places[0] if chosen else 'the usual folders'}: install them "
        "(Debian: apt install tesseract-ocr-eng) or set TESSDATA_PREFIX to their folder."
    )


def _leveled(pixels: Rgb) -> tuple[Rgb, _Matrix | None]:
    """Return the page with level lines, and the matrix `(2, 3)` that leads from there back to `pixels`.

    Tesseract loses most lines of a page that is turned by more than some degrees. None stands for a page
    that is level already.
    """
    import cv2

    degrees = measure_skew(_gray(pixels))
    if abs(degrees) < LEVEL_ENOUGH:
        return pixels, None
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    size = math.ceil(width * cosine + height * sine), math.ceil(width * sine + height * cosine)
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    paper = [float(value) for value in _paper(pixels)]
    page: Rgb = cv2.warpAffine(
        pixels, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    return page, cv2.invertAffineTransform(turn)


def _moved(fragment: Fragment, matrix: _Matrix) -> Fragment:
    """Return the fragment with every corner put through `matrix` `(2, 3)`."""
    return Fragment(
        tuple(
            replace(word, corners=(word.corners @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32))
            for word in fragment.words
        )
    )


def _paper(pixels: Rgb) -> npt.NDArray[np.float64]:
    """Return the page's median color; its border may show the scanner's lid."""
    sample = pixels[:: max(1, pixels.shape[0] // 256), :: max(1, pixels.shape[1] // 256)]
    color: npt.NDArray[np.float64] = np.median(sample.reshape(-1, 3), axis=0)
    return color


def resolutions_of(page: Rgb) -> tuple[int, ...]:
    """Return what Tesseract is told of a page `(H, W, 3)`, dots an inch, one after the other, each once.

    First what holds if most of the text is `TEXT_POINTS` large.
    """
    x_height = measure_x_height(_gray(page))
    if x_height is None:
        return (ASSUMED_DPI,)
    own = x_height * POINTS_AN_INCH / (X_OF_EM * TEXT_POINTS)
    lowest, highest = CREDIBLE_DPI
    tries = (round(min(max(dots, lowest), highest)) for dots in (own, ASSUMED_DPI, OTHER_TRY * own))
    return tuple(dict.fromkeys(tries))


def _gray(page: Rgb) -> Gray:
    import cv2

    return cast(Gray, cv2.cvtColor(page, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255.0))


def _letters(page: Rgb) -> npt.NDArray[np.bool_]:
    """Return where ink lies `(H, W)`, frames and rules left out."""
    return letters_only((measure_ink(_gray(page)) > 0).astype(np.uint8))[0] > 0


def _covered(letters: npt.NDArray[np.bool_], fragments: Sequence[Fragment]) -> float:
    """Return the share of the ink `(H, W)` that lies in the upright boxes of words; 1 without any ink."""
    inside = np.zeros_like(letters)
    for fragment in fragments:
        for word in fragment.words:
            left, top = np.maximum(0, np.floor(word.corners.min(axis=0))).astype(int)
            right, bottom = np.ceil(word.corners.max(axis=0)).astype(int)
            inside[top : bottom + 1, left : right + 1] = True
    total = np.count_nonzero(letters)
    return np.count_nonzero(letters & inside) / total if total else 1.0


def _sureness(fragments: Sequence[Fragment]) -> float:
    """Return how many letters were read, each weighted by the confidence of its word."""
    words = [word for fragment in fragments for word in fragment.words]
    return sum(len(word.text) * (word.confidence or 0.0) for word in words)


def _read(interface: Any, page: Rgb, mode: int, resolution: int) -> list[Fragment]:
    _show(interface, page, mode, resolution)
    interface.Recognize()
    fragments = list(_fragments(interface.GetIterator()))
    interface.Clear()
    return fragments


def _show(interface: Any, pixels: Rgb, mode: int, resolution: int) -> None:
    height, width = pixels.shape[0] + 2 * MARGIN_PX, pixels.shape[1] + 2 * MARGIN_PX
    page = np.empty((height, width, 3), np.uint8)
    page[:] = _paper(pixels)
    page[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = pixels
    interface.SetPageSegMode(mode)
    interface.SetVariable("user_defined_dpi", str(resolution))
    interface.SetImageBytes(page.tobytes(), width, height, 3, 3 * width)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A word as Tesseract gives it: upright box in whole pixels."""

    text: str
    box: tuple[int, int, int, int]
    confidence: float


@dataclass(frozen=True, slots=True)
class _Baseline:
    """What the letters of a line stand on, `y = offset + slope · x`."""

    offset: float
    slope: float

    def at(self, x: float) -> float:
        return self.offset + self.slope * x


def _fragments(iterator: Any) -> Iterator[Fragment]:
    """Yield the words of each line Tesseract found, cut where the gap is that of a cell or a column."""
    if iterator is None:
        return
    import tesserocr

    word_level, line_level = tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE
    line: list[_Seen] = []
    baseline: _Baseline | None = None
    for item in tesserocr.iterate_level(iterator, word_level):
        if item.Empty(word_level):
            continue
        if item.IsAtBeginningOf(line_level):
            yield from _cells(line, baseline)
            line, baseline = [], _baseline_of(item.Baseline(line_level))
        text = (item.GetUTF8Text(word_level) or "").strip()
        if text:
            left, top, right, bottom = (edge - MARGIN_PX for edge in item.BoundingBox(word_level))
            line.append(_Seen(text, (left, top, right, bottom), item.Confidence(word_level) / 100))
    yield from _cells(line, baseline)


def _baseline_of(points: tuple[tuple[int, int], tuple[int, int]] | None) -> _Baseline | None:
    """Return the line through two points; without them the top of the page, None if it is too steep."""
    if points is None:
        return _Baseline(0, 0)
    (x0, y0), (x1, y1) = [(x - MARGIN_PX, y - MARGIN_PX) for x, y in points]
    if abs(y1 - y0) >= STEEPEST * abs(x1 - x0):
        return None
    slope = (y1 - y0) / (x1 - x0)
    return _Baseline(y0 - slope * x0, slope)


def _cells(line: list[_Seen], baseline: _Baseline | None) -> Iterator[Fragment]:
    """Cut one line into its cells; every word reaches as high and as low as the line does.

    Without a base line each word stands alone, in its own box.
    """
    if not line:
        return
    if baseline is None:
        for word in line:
            left, top, right, bottom = word.box
            corners = _slanted(left, right, _Baseline(0, 0), (-top, bottom))
            yield Fragment((PlacedWord(word.text, corners, word.confidence),))
        return
    above = max(baseline.at((word.box[0] + word.box[2]) / 2) - word.box[1] for word in line)
    below = max(word.box[3] - baseline.at((word.box[0] + word.box[2]) / 2) for word in line)
    cell: list[PlacedWord] = []
    reach = math.inf
    for word in line:
        left, _, right, _ = word.box
        if left - reach > CELL_GAP * (above + below):
            yield Fragment(tuple(cell))
            cell = []
        cell.append(PlacedWord(word.text, _slanted(left, right, baseline, (above, below)), word.confidence))
        reach = right
    yield Fragment(tuple(cell))


def _slanted(left: float, right: float, baseline: _Baseline, reach: tuple[float, float]) -> Corners:
    """Return the corners of a word that stands on the baseline, from `left` to `right`."""
    above, below = reach
    start, end = baseline.at(left), baseline.at(right)
    corners = [[left, start - above], [right, end - above], [right, end + below], [left, start + below]]
    return np.array(corners, np.float32)
