"""PDF in and out: pages to pictures (pypdfium2), pictures with an invisible text layer to pages (reportlab).

In: a PDF's bytes, or pictures and their lines; out: pictures, or a PDF's bytes. The text layer lies under
the words of the picture, so that a reader can search, select and copy. Knows no engine.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..engine.layout import Box, Line, Word
from ..errors import ImageError
from ..images import MAX_PIXELS, Picture, from_array
from .blank_font import ADVANCE, ASCENT, DESCENT, UNITS_PER_EM, make_blank_font

RASTER_DPI = 200.0
"""Pixels an inch when a page becomes a picture: 10 pt print then has an x-height of about 14 px."""
PICTURE_DPI = 96.0
"""Pixels an inch of a picture that does not come from a PDF: CSS's reference pixel."""
MOST_PAGES = 100
_POINTS_PER_INCH = 72.0
_NARROWEST_SPACE = 0.15
"""Of the line's height."""
_INVISIBLE = 3
"""Text rendering mode "neither fill nor stroke" (PDF 1.7, 9.3.6)."""

_pdfium = threading.Lock()
"""PDFium must not be entered by two threads at once (its own documentation)."""


@dataclass(frozen=True)
class PdfPage:
    """One page to write: the picture that was recognized and the lines on it."""

    picture: Picture
    lines: tuple[Line, ...]
    """With boxes in pixels of `picture`."""
    width: float
    """Points (1/72 inch)."""
    height: float


def rasterize(data: bytes, *, name: str, dpi: float = RASTER_DPI) -> Iterator[Picture]:
    """Yield the pages of a PDF as pictures, one at a time, called `name, page 1` and so on.

    A page that would exceed `MAX_PIXELS` is rendered smaller.

    Raises:
        ImageError: it is no PDF, is locked by a password, has no pages or more than `MOST_PAGES`.
    """
    import pypdfium2

    with _pdfium:
        document = _open(pypdfium2, data, name)
        count = len(document)
    try:
        if not 1 <= count <= MOST_PAGES:
            raise ImageError(f"{name} has {count} pages: give a PDF of 1 to {MOST_PAGES} pages.")
        for index in range(count):
            yield _render(document, index, f"{name}, page {index + 1}", dpi)
    finally:
        with _pdfium:
            document.close()


def make_pdf(pages: Sequence[PdfPage], *, title: str) -> bytes:
    """Write a searchable PDF: on each page the picture, and over it the words, invisible.

    Args:
        pages: at least one.
        title: of the document.
    """
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=1, invariant=1)
    canvas.setTitle(title)
    canvas.setCreator("ocr_nb")
    font = _blank_font()
    for page in pages:
        canvas.setPageSize((page.width, page.height))
        image = ImageReader(io.BytesIO(page.picture.png))
        canvas.drawImage(image, 0, 0, page.width, page.height, mask="auto")
        _draw_lines(canvas, font, page)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def page_of(picture: Picture, lines: tuple[Line, ...], *, width: float, dpi: float) -> PdfPage:
    """Make a page of the size that an original of `width` pixels has at `dpi`.

    Args:
        picture: what was recognized, perhaps enlarged.
        lines: with boxes in pixels of `picture`.
        width: of the original, pixels.
        dpi: of the original, pixels an inch.
    """
    points = width * _POINTS_PER_INCH / dpi
    return PdfPage(picture, lines, points, points * picture.height / picture.width)


def _open(pypdfium2: Any, data: bytes, name: str) -> Any:
    if b"%PDF-" not in data[:1024]:
        raise ImageError(f"{name} is not a PDF: use image recognition for pictures.")
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reason = "is locked by a password" if "password" in str(error).lower() else "is damaged"
        raise ImageError(f"{name} {reason}: save it again, without a password.") from error


def _render(document: Any, index: int, name: str, dpi: float) -> Picture:
    with _pdfium:
        page = document[index]
        try:
            scale = dpi / _POINTS_PER_INCH
            width, height = page.get_width(), page.get_height()
            if width * height * scale * scale > MAX_PIXELS:
                # PDFium rounds both sides up, by less than a pixel each.
                scale = (MAX_PIXELS / (width * height)) ** 0.5 - 1 / min(width, height)
            bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
            pixels = bitmap.to_numpy()[:, :, :3].copy()
        finally:
            page.close()
    return from_array(pixels, name=name)


def _blank_font() -> str:
    """Register the blank font once in this process, for every letter up to U+FFFD; return its name."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    with _registering:
        if _FONT not in pdfmetrics.getRegisteredFontNames():
            letters = (chr(code) for code in range(0x20, 0xFFFE) if not 0xD800 <= code < 0xE000)
            pdfmetrics.registerFont(TTFont(_FONT, io.BytesIO(make_blank_font(letters))))
    return _FONT


_FONT = "OcrNbBlank"
_registering = threading.Lock()


def _draw_lines(canvas: Any, font: str, page: PdfPage) -> None:
    scale = page.width / page.picture.width
    text = canvas.beginText()
    text.setTextRenderMode(_INVISIBLE)
    for line in page.lines:
        words = line.words or (Word(line.text, line.box, None),)
        for index, word in enumerate(words):
            box = word.box
            if index + 1 < len(words):
                follower = words[index + 1].box
                # Readers take a space of no width for none, so it gets at least a little of the word's room.
                end = min(box.right, follower.left - _NARROWEST_SPACE * (box.bottom - box.top))
                gap = Box(max(end, box.left), box.top, follower.left, box.bottom)
                _draw_word(text, font, replace(word, box=replace(box, right=gap.left)), page.height, scale)
                _draw_word(text, font, Word(" ", gap, None), page.height, scale)
            else:
                _draw_word(text, font, word, page.height, scale)
    canvas.drawText(text)


def _draw_word(text: Any, font: str, word: Word, page_height: float, scale: float) -> None:
    """Stretch the word's letters over its box; what cannot be stretched (no width) is drawn 1 % wide."""
    letters = _drawable(word.text)
    size = max(0.5, (word.box.bottom - word.box.top) * scale * UNITS_PER_EM / (ASCENT - DESCENT))
    natural = max(len(letters), 1) * size * ADVANCE / UNITS_PER_EM
    width = (word.box.right - word.box.left) * scale
    baseline = page_height - word.box.bottom * scale - size * DESCENT / UNITS_PER_EM
    text.setFont(font, size)
    text.setHorizScale(max(1.0, 100.0 * width / natural))
    text.setTextOrigin(word.box.left * scale, baseline)
    text.textOut(letters)


def _drawable(text: str) -> str:
    """Replace what the blank font has no glyph for: control characters and the planes beyond U+FFFF."""
    return "".join(
        letter if 0x20 <= ord(letter) < 0xFFFE and not 0xD800 <= ord(letter) < 0xE000 else "\ufffd"
        for letter in text
    )
