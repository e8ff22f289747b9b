"""PDF in and out: what is written can be found, selected and read back, under the words it belongs to."""

import io

import numpy as np
import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.errors import ImageError
from ocr_nb.images import from_array
from ocr_nb.service import documents
from ocr_nb.service.blank_font import make_blank_font
from ocr_nb.service.documents import PdfPage, make_pdf, page_of, rasterize

WORDS = ("Hello", "größe", "Ωμέγα", "Привет", "世界", "3", "€5")


def page_with(words=WORDS, *, width=400, gap=10.0):
    """Make a white page with the words in one line, each in a box 40 wide, 20 high."""
    picture = from_array(np.full((120, width), 255, np.uint8), name="page")
    boxes = [Box(5 + i * (40 + gap), 50, 45 + i * (40 + gap), 70) for i in range(len(words))]
    parts = tuple(Word(text, box, 0.9) for text, box in zip(words, boxes, strict=True))
    line = Line(" ".join(words), Box(5, 50, boxes[-1].right, 70), 0.9, parts)
    return page_of(picture, (line,), width=width, dpi=72)


def text_page(pdf, number=0):
    """Open the text of one page."""
    document = pypdfium2.PdfDocument(pdf)
    return document, document[number].get_textpage()


def test_the_text_of_a_pdf_can_be_extracted():
    """Letters of several scripts come out as they went in, with one space between words."""
    _, text = text_page(make_pdf([page_with()], title="page"))

    assert text.get_text_range() == " ".join(WORDS)


def test_words_that_touch_keep_their_space():
    """A gap of nothing, or less, still separates."""
    _, text = text_page(make_pdf([page_with(("one", "two", "x", "three"), gap=-2.0)], title="page"))

    assert text.get_text_range() == "one two x three"


def test_the_text_lies_under_its_word():
    """Each letter's box is inside the word's box, which it shares evenly, to half a point."""
    page = page_with()
    _, text = text_page(make_pdf([page], title="page"))
    words = page.lines[0].words
    found = text.get_text_range()
    for word in words:
        start = found.index(word.text)
        step = 40 / len(word.text)
        for offset in range(len(word.text)):
            left, bottom, right, top = text.get_charbox(start + offset, loose=True)
            assert left == pytest.approx(word.box.left + offset * step, abs=0.5)
            assert right == pytest.approx(word.box.left + (offset + 1) * step, abs=0.5)
            assert (page.height - top, page.height - bottom) == pytest.approx((50, 70), abs=0.5)


def test_a_search_finds_a_word():
    """What a reader types into the search field of a viewer is found."""
    _, text = text_page(make_pdf([page_with()], title="page"))

    assert text.search("Привет").get_next() is not None
    assert text.search("absent").get_next() is None


def test_the_text_layer_does_not_show():
    """The rendered page is the picture, pixel for pixel."""
    ramp = np.tile(np.arange(0, 200, dtype=np.uint8), (60, 1))
    picture = from_array(ramp, name="ramp")
    line = Line("text", Box(10, 10, 150, 40), 0.9)
    pdf = make_pdf([page_of(picture, (line,), width=200, dpi=72)], title="ramp")
    shown = next(rasterize(pdf, name="ramp.pdf", dpi=72))

    assert (shown.width, shown.height) == (200, 60)
    assert np.abs(shown.pixels[:, :, 0].astype(int) - ramp).max() <= 1


def test_an_enlarged_picture_keeps_the_size_of_its_original():
    """A page is as large as the original at its resolution, whatever the picture's pixels."""
    picture = from_array(np.full((240, 800), 255, np.uint8), name="twice")
    page = page_of(picture, (), width=400, dpi=96)

    assert (page.width, page.height) == (300.0, 90.0)


def test_pages_come_in_order_with_their_names():
    """A document of two pages gives two pictures of the size asked for."""
    pdf = make_pdf([page_with(("first",)), page_with(("second",), width=200)], title="two")
    pages = list(rasterize(pdf, name="two.pdf", dpi=144))

    assert [page.name for page in pages] == ["two.pdf, page 1", "two.pdf, page 2"]
    assert [(page.width, page.height) for page in pages] == [(800, 240), (400, 240)]
    assert text_page(pdf, 1)[1].get_text_range() == "second"


def test_the_same_pages_give_the_same_bytes():
    """No date and no random id is written."""
    assert make_pdf([page_with()], title="x") == make_pdf([page_with()], title="x")


def test_letters_beyond_the_font_are_replaced_not_dropped():
    """An emoji counts as one unknown letter; words around it stay."""
    _, text = text_page(make_pdf([page_with(("a", "x😀y", "b"))], title="page"))

    assert text.get_text_range() == "a x\ufffdy b"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not a PDF"),
        (b"\x89PNG\r\n\x1a\n", "is not a PDF: use image recognition for pictures"),
        (b"%PDF-1.4 and then nothing", "is damaged"),
    ],
)
def test_what_is_no_pdf_is_refused_by_name(data, reason):
    """The message names the file and what to do."""
    with pytest.raises(ImageError, match=rf"scan\.pdf {reason}"):
        list(rasterize(data, name="scan.pdf"))


def test_a_locked_pdf_is_refused_with_its_reason():
    """A password is not asked for, but named."""
    out = io.BytesIO()
    canvas = Canvas(out, encrypt="secret")
    canvas.drawString(10, 10, "locked")
    canvas.save()

    with pytest.raises(ImageError, match=r"scan\.pdf is locked by a password"):
        list(rasterize(out.getvalue(), name="scan.pdf"))


def test_too_many_pages_are_refused(monkeypatch):
    """The limit is told before anything is rendered."""
    monkeypatch.setattr(documents, "MOST_PAGES", 1)
    pdf = make_pdf([page_with(("a",)), page_with(("b",))], title="two")

    with pytest.raises(ImageError, match=r"two\.pdf has 2 pages: give a PDF of 1 to 1 pages"):
        list(rasterize(pdf, name="two.pdf"))


def test_a_giant_page_is_rendered_smaller(monkeypatch):
    """A page over the pixel limit keeps its shape and stays under it."""
    monkeypatch.setattr(documents, "MAX_PIXELS", 10_000)
    page = PdfPage(from_array(np.full((50, 100), 255, np.uint8)), (), 400.0, 200.0)
    (picture,) = rasterize(make_pdf([page], title="x"), name="x.pdf", dpi=200)

    assert picture.width * picture.height <= 10_000
    assert picture.width / picture.height == pytest.approx(2, abs=0.05)


def test_the_font_maps_every_letter_to_a_box():
    """An independent reader of fonts finds all characters, of equal width, and a correct checksum."""
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(make_blank_font("aé世😀z")), checkChecksums=2)
    cmap = font.getBestCmap()

    assert sorted(cmap) == [ord(letter) for letter in " azé世😀"]
    assert {font["hmtx"][name] for name in cmap.values()} == {(500, 0)}
    assert [glyph.numberOfContours for glyph in map(font["glyf"].__getitem__, cmap.values())] == [1] * 6
