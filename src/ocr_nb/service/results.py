"""What was read, as the bytes a service hands out (text, JSON, hOCR), and back again.

In: lines with boxes; out: bytes, UTF-8. Coordinates are pixels of the original image, origin top-left.
PDF is in `documents.py`, tables are in `tables.py`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from ..engine.layout import Box, Line, Recognition, Word
from ..errors import UnreadableAnswer
from .protocol import ResultItem, ResultKind, TaskReport

_CORNERS = ("topleftx", "toplefty", "bottomrightx", "bottomrighty")
_FILE_KINDS = {
    ResultKind.PDF: "pdf",
    ResultKind.HOCR: "hocr",
    ResultKind.CSV: "csv",
    ResultKind.EXCEL: "excel",
    ResultKind.IMAGE_PNG: "png",
    ResultKind.OTHER: "other",
}
NO_BOX = Box(0.0, 0.0, 0.0, 0.0)
"""Of a line whose place was not told."""


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of one page or image, with its size in the same coordinates."""

    lines: tuple[Line, ...]
    width: float
    height: float
    number: int | None = None
    """From 1, in documents of several pages."""


def make_text(lines: Iterable[Line]) -> bytes:
    """Return the lines joined by a line feed."""
    return "\n".join(line.text for line in lines).encode()


def make_json(pages: Iterable[Page]) -> bytes:
    """Return a JSON array of one object a line, in reading order.

    Keys: `topLeftX`, `topLeftY`, `bottomRightX`, `bottomRightY` (pixels, to a tenth), `text`, `confidence`
    (0 to 1 or null), `words` (objects with the same keys); `page`, from 1, in documents of several pages.
    """
    blocks = []
    for page in pages:
        for line in page.lines:
            block = _block(line)
            block["words"] = [_block(word) for word in line.words]
            if page.number is not None:
                block["page"] = page.number
            blocks.append(block)
    return json.dumps(blocks, ensure_ascii=False, allow_nan=False).encode()


def make_hocr(pages: Sequence[Page], *, name: str, system: str) -> bytes:
    """Return an hOCR document (hOCR 1.2, kba.github.io/hocr-spec): XHTML, one `ocr_page` a page.

    Args:
        pages: what was read.
        name: of the image, shown in the page's properties.
        system: the engine and its version, for `ocr-system`.
    """
    body = "\n".join(_hocr_page(page, index, name) for index, page in enumerate(pages))
    return _HOCR.format(title=_character_data(name), system=_attribute(system), body=body).encode()


def parse_recognition(report: TaskReport) -> Recognition:
    """Read what a completed report holds.

    Lines come from the JSON result, else from hOCR, else from the text, one line each, then with `NO_BOX`.
    Blocks need corners and text; confidences and words may be missing. Other results are in `files`.

    Raises:
        UnreadableAnswer: a result is not what it says it is.
    """
    files = {_FILE_KINDS[item.kind]: item.data for item in report.results if item.kind in _FILE_KINDS}
    for kind, reader in _READERS:
        items = [item for item in report.results if item.kind is kind]
        if items:
            lines = tuple(line for item in items for line in reader(item))
            return Recognition(lines, report.warnings, files)
    return Recognition((), report.warnings, files)


def _block(part: Line | Word) -> dict[str, Any]:
    box = part.box
    return {
        "topLeftX": _tenth(box.left),
        "topLeftY": _tenth(box.top),
        "bottomRightX": _tenth(box.right),
        "bottomRightY": _tenth(box.bottom),
        "text": part.text,
        "confidence": None if part.confidence is None else round(part.confidence, 4),
    }


def _tenth(value: float) -> float | int:
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


_HOCR = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>{title}</title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<meta name="ocr-system" content="{system}"/>
<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word ocrp_wconf"/>
</head>
<body>
{body}
</body>
</html>
"""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids even when escaped."""


def _hocr_page(page: Page, index: int, name: str) -> str:
    number = index + 1
    whole = _bbox(Box(0, 0, page.width, page.height))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    title = _attribute(f'image "{quoted}"; {whole}; ppageno {index}')
    lines = "\n".join(_hocr_line(line, f"{number}_{at}") for at, line in enumerate(page.lines, 1))
    return f'<div class="ocr_page" id="page_{number}" title=\'{title}\'>\n{lines}\n</div>'


def _hocr_line(line: Line, place: str) -> str:
    words = line.words or (Word(line.text, line.box, line.confidence),)
    spans = " ".join(
        f"<span class='ocrx_word' id='word_{place}_{at}' title='{_bbox(word.box)}{_wconf(word)}'>"
        f"{_character_data(word.text)}</span>"
        for at, word in enumerate(words, 1)
    )
    return f"<span class='ocr_line' id='line_{place}' title='{_bbox(line.box)}'>{spans}</span><br/>"


def _bbox(box: Box) -> str:
    return f"bbox {round(box.left)} {round(box.top)} {round(box.right)} {round(box.bottom)}"


def _wconf(word: Word) -> str:
    return "" if word.confidence is None else f"; x_wconf {round(100 * word.confidence)}"


def _character_data(text: str) -> str:
    return html.escape(_NOT_XML.sub("\ufffd", text), quote=False)


def _attribute(text: str) -> str:
    return html.escape(_NOT_XML.sub("\ufffd", text), quote=True)


def _lines_of_json(item: ResultItem) -> list[Line]:
    try:
        value = json.loads(item.data.decode("utf-8-sig"))
    except ValueError as error:
        raise UnreadableAnswer(f"The result of kind JSON is not JSON ({error}).") from error
    return [_line(block) for block in _blocks(value)]


def _blocks(value: Any) -> list[Mapping[str, Any]]:
    """Return the block objects of an array, or of the only array inside an object."""
    if isinstance(value, Mapping):
        if "text" in _folded(value):
            return [value]
        arrays = [entry for entry in value.values() if isinstance(entry, list)]
        value = arrays[0] if len(arrays) == 1 else value
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise UnreadableAnswer("The JSON result is not an array of blocks, each an object with a text.")
    return value


def _line(block: Mapping[str, Any]) -> Line:
    keys = _folded(block)
    words = keys.get("words")
    return Line(
        _text(keys),
        _box(keys),
        _confidence(keys),
        tuple(
            Word(_text(word), _box(word), _confidence(word))
            for word in (_folded(entry) for entry in _blocks(words or []))
        ),
    )


def _folded(block: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): entry for key, entry in block.items()}


def _text(keys: Mapping[str, Any]) -> str:
    text = keys.get("text")
    if text is None:
        raise UnreadableAnswer(
            f"A block of the JSON result has no text, only {', '.join(keys) or 'nothing'}."
        )
    return str(text)


def _box(keys: Mapping[str, Any]) -> Box:
    """Return the corners, which may also lie one object deeper (`rect`); `NO_BOX` without any."""
    nested = [_folded(entry) for entry in keys.values() if isinstance(entry, Mapping)]
    for place in (keys, *nested):
        if all(isinstance(place.get(corner), int | float) for corner in _CORNERS):
            return Box(*(float(place[corner]) for corner in _CORNERS))
    return NO_BOX


def _confidence(keys: Mapping[str, Any]) -> float | None:
    value = keys.get("confidence")
    return float(value) if isinstance(value, int | float) else None


class _HocrReader(HTMLParser):
    """Collects `ocr_line` elements and the `ocrx_word` elements in them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[Box, list[tuple[Box, float | None, str]]]] = []
        self._open: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"meta", "br", "link", "img", "hr"}:
            return
        given = dict(attrs)
        kind, title = given.get("class"), given.get("title") or ""
        self._open.append(kind)
        if kind in {"ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"}:
            self.lines.append((_parse_bbox(title), []))
        elif kind == "ocrx_word" and self.lines:
            found = re.search(r"x_wconf\s+([\d.]+)", title)
            self.lines[-1][1].append((_parse_bbox(title), float(found[1]) / 100 if found else None, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "br", "link", "img", "hr"} and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "ocrx_word" in self._open and self.lines and self.lines[-1][1]:
            box, confidence, text = self.lines[-1][1][-1]
            self.lines[-1][1][-1] = (box, confidence, text + data)


def _parse_bbox(title: str) -> Box:
    found = re.search(r"bbox\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)", title)
    return Box(*(float(part) for part in found.groups())) if found else NO_BOX


def _lines_of_hocr(item: ResultItem) -> list[Line]:
    reader = _HocrReader()
    reader.feed(item.data.decode("utf-8", errors="replace"))
    lines = []
    for box, found in reader.lines:
        words = tuple(Word(text, place, confidence) for place, confidence, text in found)
        known = [word.confidence for word in words if word.confidence is not None]
        mean = sum(known) / len(known) if known else None
        lines.append(Line(" ".join(word.text for word in words), box, mean, words))
    return lines


def _lines_of_text(item: ResultItem) -> list[Line]:
    text = item.data.decode("utf-8-sig", errors="replace")
    return [Line(line, NO_BOX, None) for line in text.splitlines()]


_READERS = (
    (ResultKind.JSON, _lines_of_json),
    (ResultKind.HOCR, _lines_of_hocr),
    (ResultKind.TEXT, _lines_of_text),
    (ResultKind.CSV, _lines_of_text),
)
