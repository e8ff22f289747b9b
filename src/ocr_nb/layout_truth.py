"""Ground truth in layout formats: PAGE-XML, ALTO, hOCR. In: bytes of a file. Out: its text, a line a line.

Only text is taken, in the order of the file. Nothing is fetched and no entity is expanded: a document that
declares entities is refused. Knows nothing of images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree
from xml.parsers import expat

from .errors import SettingsError

LAYOUT_SUFFIXES = (".page.xml", ".alto.xml", ".xml", ".hocr")


def read_layout(data: bytes, name: str) -> str:
    """Return the text of a PAGE-XML, ALTO or hOCR file, told apart by their content.

    Raises:
        SettingsError: it is none of them, not well-formed, or declares entities.
    """
    start = data[:2000].lower()
    if name.lower().endswith(".hocr") or b"<html" in start:
        return _read_hocr(data, name)
    root = _parse(data, name)
    kind = root.tag.rpartition("}")[2].lower()
    if kind == "pcgts":
        return "\n".join(_page_lines(root))
    if kind == "alto":
        return "\n".join(_alto_lines(root))
    raise SettingsError(
        f"The ground truth {name} is XML with the root {kind}: PAGE-XML, ALTO and hOCR are read."
    )


def _parse(data: bytes, name: str) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")

    def refuse(*_: object) -> int:
        raise SettingsError(
            f"The ground truth {name} declares entities, which are not expanded: remove them."
        )

    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes)
    parser.EndElementHandler = lambda tag: builder.end(tag)
    parser.CharacterDataHandler = lambda text: builder.data(text)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise SettingsError(
            f"The ground truth {name} is not well-formed XML ({error}): correct it."
        ) from error
    return builder.close()


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if _local(child) == name)


def _page_lines(root: ElementTree.Element) -> Iterator[str]:
    """Yield each TextLine's own text, or its words'; of a region without lines the region's."""
    for region in root.iter():
        if _local(region) != "TextRegion":
            continue
        lines = list(_children(region, "TextLine"))
        for line in lines:
            yield _page_text(line) or " ".join(filter(None, map(_page_text, _children(line, "Word"))))
        if not lines and (text := _page_text(region)):
            yield text


def _page_text(element: ElementTree.Element) -> str:
    """Return the Unicode of the TextEquiv with the lowest index (PAGE: the preferred one)."""
    chosen = sorted(_children(element, "TextEquiv"), key=lambda equiv: int(equiv.get("index") or 0))
    for equiv in chosen[:1]:
        for unicode in _children(equiv, "Unicode"):
            return (unicode.text or "").strip()
    return ""


def _alto_lines(root: ElementTree.Element) -> Iterator[str]:
    """Yield the strings of each TextLine; a hyphen (HYP) ends the line it stands in."""
    for line in root.iter():
        if _local(line) != "TextLine":
            continue
        text = ""
        for part in line:
            if _local(part) == "String":
                text += ("" if not text or text.endswith(" ") else " ") + (part.get("CONTENT") or "")
            elif _local(part) == "HYP":
                text += part.get("CONTENT") or "-"
        yield text


def _read_hocr(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"The ground truth {name} is not UTF-8 (byte {error.start}): save it so."
        ) from error
    reader = _HocrReader()
    reader.feed(text)
    reader.close()
    if not reader.is_hocr:
        raise SettingsError(f"The ground truth {name} is HTML without ocr_line: hOCR marks its lines so.")
    return "\n".join(" ".join(line.split()) for line in reader.lines)


_LINE_CLASSES = {"ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat", "ocrx_line"}
_VOID = {"br", "hr", "img", "input", "link", "meta"}


class _HocrReader(HTMLParser):
    """Collects the text of every line element; a parser of HTML, which knows its entities and no others."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.is_hocr = False
        self._depth = 0
        """How many elements are open inside the line at hand; 0 outside."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        classes = set(re.split(r"\s+", dict(attrs).get("class") or ""))
        self.is_hocr = self.is_hocr or any(one.startswith("ocr") for one in classes)
        if self._depth:
            self._depth += 1
        elif classes & _LINE_CLASSES:
            self._depth = 1
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag not in _VOID:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.lines[-1] += data
