"""The local service on the real engines: one small page, read into every kind of result."""

import asyncio
import json
import xml.etree.ElementTree as ET

import numpy as np
import pypdfium2
import pytest

from ink_pages import finish
from needs import needs
from ocr_nb.filters import rotate
from ocr_nb.images import encode_png, from_array, load_picture
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import OcrRequest, Operation, RecognitionSettings, ResultKind, TaskStatus
from ocr_nb.service.results import parse_recognition

TEXT = "Shake well before use\nKeep below twenty degrees"


@pytest.fixture(params=["rapidocr", "tesseract"], scope="module")
def engine(request):
    """Each engine that is installed."""
    if request.param == "tesseract":
        needs("tesseract")
    return request.param


@pytest.fixture
def page(draw_text):
    """Two lines of print with an x-height of 14 pixels, as PNG."""
    gray = draw_text(TEXT, size=28, margin=20)
    return encode_png((gray * 255).round().astype(np.uint8))


def ask(engine, data, operation=Operation.RECOGNIZE_IMAGE, **settings):
    """Do one request on a service of its own; return the report."""

    async def do():
        service = LocalService(engine)
        request = OcrRequest(operation, data, RecognitionSettings(**settings), "note.png")
        report = await finish(service, await service.submit(request))
        await service.aclose()
        return report

    return asyncio.run(do())


def test_a_page_is_read_into_text_pdf_and_hocr(engine, page):
    """All three hold the same words; the PDF's lie where hOCR says."""
    report = ask(engine, page, result_type="text+pdf+hocr")
    results = {item.kind: item.data for item in report.results}
    assert report.status is TaskStatus.COMPLETED
    assert results[ResultKind.TEXT].decode() == TEXT

    document = pypdfium2.PdfDocument(results[ResultKind.PDF])
    text = document[0].get_textpage()
    assert text.get_text_range().replace("\r\n", "\n") == TEXT
    words = {
        element.text: element.get("title").split(";")[0].split()[1:]
        for element in ET.fromstring(results[ResultKind.HOCR]).iter()
        if element.get("class") == "ocrx_word"
    }
    assert list(words) == TEXT.split()
    left, bottom, right, top = text.get_charbox(0, loose=True)
    letter = (right - left) * 96 / 72
    x0, y0, x1, y1 = map(float, words["Shake"])
    assert left * 96 / 72 == pytest.approx(x0, abs=1.5)
    assert letter == pytest.approx((x1 - x0) / 5, abs=1.5)
    height = document[0].get_size()[1]
    assert ((height - top) * 96 / 72, (height - bottom) * 96 / 72) == pytest.approx((y0, y1), abs=1.5)


def test_a_turned_page_is_read_with_the_boxes_of_the_turned_page(engine, page):
    """Rotation and levelling happen before reading; places are those of the image as given."""
    straight = parse_recognition(ask(engine, page, skew_correction=False))
    upside_down = rotate(load_picture(page), 180).picture
    found = parse_recognition(ask(engine, upside_down.source, rotate=180))

    assert found.text == TEXT
    for line, twin in zip(found.lines, straight.lines, strict=True):
        assert line.box.left == pytest.approx(upside_down.width - twin.box.right, abs=4)
        assert line.box.top == pytest.approx(upside_down.height - twin.box.bottom, abs=4)


def test_a_slanting_page_is_levelled_before_it_is_read(engine, page):
    """Four degrees are no obstacle; the lines' boxes lie on the slanting page."""
    slanting = rotate(load_picture(page), 4).picture
    found = parse_recognition(ask(engine, slanting.source))

    assert found.text == TEXT
    assert all(0 <= line.box.left < line.box.right <= slanting.width for line in found.lines)
    # A line of 270 pixels that slants by four degrees covers 19 pixels more in height.
    assert found.lines[0].box.bottom - found.lines[0].box.top > 35


def test_regions_of_text_are_found(engine, page):
    """Every box lies on the page and together they cover both lines."""
    report = ask(engine, page, Operation.DETECT_REGIONS, binarization=False)
    boxes = json.loads(report.results[0].data)
    picture = load_picture(page)

    assert all(0 <= left < right <= picture.width for left, _, right, _ in boxes)
    assert min(top for _, top, _, _ in boxes) < picture.height / 2 < max(bottom for *_, bottom in boxes)


def test_an_empty_page_gives_no_text(engine):
    """Nothing is read where nothing is."""
    report = ask(engine, from_array(np.full((60, 200), 255, np.uint8)).png, result_type="text+hocr")

    assert report.status is TaskStatus.COMPLETED
    assert report.results[0].data == b""
    assert b"ocrx_word'" not in report.results[1].data


def test_the_engine_is_named(engine):
    """With its version, as every row of every table states it."""
    identity = LocalService(engine).identity

    assert (identity.service, identity.engine) == ("local", engine)
    assert identity.engine_version[0].isdigit()
