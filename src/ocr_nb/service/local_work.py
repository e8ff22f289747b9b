"""One request done on this machine: a file's bytes and settings in, results and warnings out.

What cannot be honoured ends in an `OcrNbError` with one sentence, or in a warning; nothing is dropped
silently. Knows no queue, no task and no clock.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .. import filters
from ..advice import advise
from ..engine.layout import Line, Word
from ..engine.recognizer import Recognizer
from ..engine.upsampler import Upsampler, upsample_picture
from ..errors import EngineUnavailable, SettingsError
from ..images import Picture, load_picture, on_white
from . import documents, tables
from .preparation import Prepared, boxes_back, crop, lines_back, prepare
from .protocol import (
    RESULT_TYPES,
    TABLE_RESULT_TYPES,
    OcrRequest,
    Operation,
    Region,
    ResultItem,
    ResultKind,
)
from .results import Page, make_hocr, make_json, make_text

MASKED_SHARE = 0.1
"""Of the words that the trial masks, rounded up, as the service's documentation says."""
_NOT_HERE = {
    Operation.RECOGNIZE_INVOICE: "Invoices are not parsed on this machine: read them as receipts.",
    Operation.IDENTIFY_FONT: "Fonts are not identified on this machine: ask the cloud service.",
    Operation.DJVU_TO_PDF: "DjVu is not read on this machine: convert the file to PDF first.",
}


class Withdrawn(Exception):
    """The task was taken back while it was being worked on."""


@dataclass(frozen=True)
class Engines:
    """What does the work."""

    recognizer: Callable[[], Recognizer]
    """Makes or returns it: models load when they are first needed."""
    upsampler: Upsampler
    reader: str | None = None
    """The recognizer's name where `advise` knows it."""


@dataclass(frozen=True)
class Done:
    """What came out."""

    results: tuple[ResultItem, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sheet:
    """One picture that was read: a whole image, a region of one, or a page of a document."""

    prepared: Picture = field(repr=False)
    lines: tuple[Line, ...]
    """In pixels of the original."""
    prepared_lines: tuple[Line, ...]
    """In pixels of `prepared`."""
    width: int
    """Of the original, pixels."""
    height: int
    part_width: float
    """Of the part of the original that was read, pixels."""
    number: int | None = None
    """Of the page, from 1, in documents."""


def do_request(
    request: OcrRequest, engines: Engines, check: Callable[[], None], picture: Picture | None = None
) -> Done:
    """Do what `request` asks for.

    Args:
        request: as submitted; its data may be anything.
        engines: what does the work.
        check: called between steps; raises `Withdrawn` when the result is no longer wanted.
        picture: what the request's data decodes to, where that is known.

    Raises:
        OcrNbError: why it cannot be done.
    """
    if request.operation in _NOT_HERE:
        raise EngineUnavailable(_NOT_HERE[request.operation])
    if request.operation is Operation.RECOGNIZE_PDF:
        return _Recognizing(request, engines, check).document()
    picture = picture or load_picture(request.data, name=request.name)
    check()
    if request.operation is Operation.UPSAMPLE:
        done = _upsample(picture, request.factor, engines)
    elif request.operation.is_filter:
        filtered = _FILTERS[request.operation](picture)
        done = Done((ResultItem(ResultKind.IMAGE_PNG, filtered.picture.png),))
    elif request.operation is Operation.DETECT_REGIONS:
        done = _Recognizing(request, engines, check).regions_of(picture)
    else:
        done = _Recognizing(request, engines, check).image(picture)
    return replace(done, warnings=(*picture.warnings, *done.warnings))


_FILTERS = {
    Operation.BINARIZE: filters.binarize,
    Operation.DESKEW: filters.deskew,
    Operation.DEWARP: filters.dewarp,
}


def _upsample(picture: Picture, factor: int | None, engines: Engines) -> Done:
    """Enlarge by at least 2, as asked or as advised; the advice not to is passed on."""
    advice = advise(picture, reader=engines.reader)
    enlarged = upsample_picture(picture, factor or max(2, advice.factor), engines.upsampler)
    warnings = (f"advice: {advice.reason}",) if advice.factor == 1 else ()
    return Done((ResultItem(ResultKind.IMAGE_PNG, enlarged.picture.png),), warnings)


class _Recognizing:
    """The recognition of one request: what all its pages have in common, and the warnings on the way."""

    def __init__(self, request: OcrRequest, engines: Engines, check: Callable[[], None]) -> None:
        self.request = request
        self.settings = request.settings
        self.engines = engines
        self.check = check
        self.recognizer = engines.recognizer()
        self.warnings: list[str] = []
        self.language = self._language()
        self._refuse_impossible()

    def image(self, picture: Picture) -> Done:
        """Recognize a picture, or the regions of one."""
        if self.request.operation is Operation.RECOGNIZE_REGIONS:
            return self._done([self._sheet_of_region(picture, region) for region in self._regions(picture)])
        return self._done([self._sheet(picture)])

    def document(self) -> Done:
        """Recognize a PDF page by page."""
        request = self.request
        pages = documents.rasterize(request.data, name=request.name)
        sheets = [replace(self._sheet(page), number=number) for number, page in enumerate(pages, 1)]
        return self._done(sheets, dpi=documents.RASTER_DPI)

    def regions_of(self, picture: Picture) -> Done:
        """Find where text is: JSON `[[left, top, right, bottom], …]`, whole pixels of the original."""
        prepared = self._prepare(picture)
        found = self.recognizer.detect(on_white(prepared.picture))
        boxes = boxes_back(found, prepared.back, picture.width, picture.height)
        corners = [[round(box.left), round(box.top), round(box.right), round(box.bottom)] for box in boxes]
        return Done((ResultItem(ResultKind.OTHER, json.dumps(corners).encode()),), tuple(self.warnings))

    def _language(self) -> str:
        if self.request.operation is Operation.RECOGNIZE_LABEL and self.settings.language != "English":
            self.warnings.append(f"Labels are read as English, not as {self.settings.language}.")
            return "English"
        return self.settings.language

    def _refuse_impossible(self) -> None:
        settings = self.settings
        if settings.spell_check:
            self.warnings.append("Spelling was not corrected: there is no dictionary on this machine.")
        for name, value, plain in (
            ("dsr_mode", settings.dsr_mode, "Regions"),
            ("dsr_confidence", settings.dsr_confidence, "Default"),
        ):
            if value not in (None, plain):
                self.warnings.append(f"{name} {value} has no counterpart on this machine and was not used.")
        if self.request.operation is Operation.RECOGNIZE_TABLE:
            if ResultKind.CSV not in self._kinds() and ResultKind.EXCEL in self._kinds():
                raise SettingsError("Excel files are not written on this machine: ask for csv or text.")
            if ResultKind.EXCEL in self._kinds():
                self.warnings.append(
                    "No Excel file was written: this machine writes only the CSV of the two."
                )
        if settings.regions and self.request.operation is not Operation.RECOGNIZE_REGIONS:
            self.warnings.append(f"Regions are not used by {self.request.operation.value}.")

    def _kinds(self) -> tuple[ResultKind, ...]:
        if self.request.operation is Operation.RECOGNIZE_TABLE:
            return TABLE_RESULT_TYPES[self.settings.table_result_type]
        return RESULT_TYPES[self.settings.result_type]

    def _prepare(self, picture: Picture) -> Prepared:
        prepared = prepare(
            picture,
            self.request.operation,
            self.settings,
            upsampler=self.engines.upsampler,
            reader=self.engines.reader,
        )
        self.warnings += prepared.warnings
        self.check()
        return prepared

    def _sheet(self, picture: Picture) -> _Sheet:
        prepared = self._prepare(picture)
        found = self.recognizer.recognize(on_white(prepared.picture), language=self.language)
        self.check()
        if self.request.operation is Operation.RECOGNIZE_TRIAL:
            found = self._mask(found)
        lines = lines_back(found, prepared.back, picture.width, picture.height)
        return _Sheet(prepared.picture, lines, found, picture.width, picture.height, picture.width)

    def _sheet_of_region(self, picture: Picture, region: Region) -> _Sheet:
        left, top = max(0, region.left), max(0, region.top)
        right, bottom = min(picture.width, region.right), min(picture.height, region.bottom)
        part = crop(picture, (left, top, right, bottom))
        sheet = self._sheet(part.picture)
        lines = lines_back(sheet.lines, part.back, picture.width, picture.height)
        return replace(sheet, lines=lines, width=picture.width, height=picture.height)

    def _regions(self, picture: Picture) -> Iterator[Region]:
        """Yield the regions in the order of the output; refuse what does not lie on the picture."""
        regions = self.settings.regions
        if not regions:
            raise SettingsError("No regions were given: give at least one, or use RecognizeImage.")
        for region in sorted(regions, key=lambda entry: entry.order):
            across = min(region.right, picture.width) - max(region.left, 0)
            down = min(region.bottom, picture.height) - max(region.top, 0)
            if across < 1 or down < 1:
                raise SettingsError(
                    f"The region {region.left}, {region.top}, {region.right}, {region.bottom} holds nothing "
                    f"of the {picture.width}×{picture.height} image: give left, top, right, bottom in pixels."
                )
            yield region

    def _mask(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        """Replace a tenth of the words by `*`, always the same ones for the same image."""
        count = sum(len(_words(line)) for line in lines)
        masked = _chosen(count, hashlib.sha256(self.request.data).digest())
        if masked:
            self.warnings.append(
                f"Trial: {len(masked)} of {count} words are masked by *, so do not measure accuracy on it."
            )
        number = iter(range(count))
        return tuple(_masked_line(line, masked, number) for line in lines)

    def _done(self, sheets: Sequence[_Sheet], dpi: float = documents.PICTURE_DPI) -> Done:
        results = [item for kind in self._kinds() for item in self._items(kind, sheets, dpi)]
        return Done(tuple(results), tuple(dict.fromkeys(self.warnings)))

    def _items(self, kind: ResultKind, sheets: Sequence[_Sheet], dpi: float) -> list[ResultItem]:
        """Return one result of `kind`; for regions one text or JSON each, in their order."""
        apart = self.request.operation is Operation.RECOGNIZE_REGIONS
        parts = [[sheet] for sheet in sheets] if apart and kind in _APART else [list(sheets)]
        if kind is ResultKind.IMAGE_PNG:
            return [ResultItem(kind, sheet.prepared.png) for sheet in sheets]
        if kind is ResultKind.EXCEL:
            return []
        return [ResultItem(kind, self._bytes(kind, part, dpi)) for part in parts]

    def _bytes(self, kind: ResultKind, sheets: Sequence[_Sheet], dpi: float) -> bytes:
        request = self.request
        if kind is ResultKind.PDF:
            pages = [
                documents.page_of(sheet.prepared, sheet.prepared_lines, width=sheet.part_width, dpi=dpi)
                for sheet in sheets
            ]
            return documents.make_pdf(pages, title=request.name)
        if kind is ResultKind.CSV:
            return tables.make_csv(line for sheet in sheets for line in sheet.prepared_lines)
        if request.operation is Operation.RECOGNIZE_TABLE:
            return tables.make_tabbed(line for sheet in sheets for line in sheet.prepared_lines)
        if kind is ResultKind.TEXT:
            return make_text(line for sheet in sheets for line in sheet.lines)
        pages_read = [Page(sheet.lines, sheet.width, sheet.height, sheet.number) for sheet in sheets]
        if kind is ResultKind.JSON:
            return make_json(pages_read)
        if request.operation is Operation.RECOGNIZE_REGIONS:
            lines = tuple(line for page in pages_read for line in page.lines)
            pages_read = [replace(pages_read[0], lines=lines)]
        system = f"{self.recognizer.name} {self.recognizer.version}"
        return make_hocr(pages_read, name=request.name, system=system)


_APART = {ResultKind.TEXT, ResultKind.JSON}


def _words(line: Line) -> tuple[Word, ...]:
    return line.words or (Word(line.text, line.box, line.confidence),)


def _chosen(count: int, seed: bytes) -> frozenset[int]:
    """Return which of `count` words to mask: those that sort first by a hash of seed and place."""

    def rank(index: int) -> bytes:
        return hashlib.sha256(seed + index.to_bytes(4, "big")).digest()

    return frozenset(sorted(range(count), key=rank)[: math.ceil(MASKED_SHARE * count)])


def _masked_line(line: Line, masked: frozenset[int], number: Iterator[int]) -> Line:
    words = []
    text, place = line.text, 0
    for word in _words(line):
        shown = "*" if next(number) in masked else word.text
        at = text.find(word.text, place)
        if at >= 0:
            text, place = text[:at] + shown + text[at + len(word.text) :], at + len(shown)
        words.append(replace(word, text=shown))
    return replace(line, text=text, words=tuple(words))
