"""Every operation and every setting on this machine: what comes out, and what is said about the rest."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pypdfium2
import pytest

from doubles import ReadsInk
from ink_pages import PAGE, answer, page_png, texts
from ocr_nb.images import encode_png, load_picture
from ocr_nb.service.protocol import RESULT_TYPES, Operation, Region, ResultKind, TaskStatus
from ocr_nb.service.results import parse_recognition

# ---------------------------------------------------------------------- filters


@pytest.mark.parametrize(("asked", "factor"), [(2, 2), (3, 3), (4, 4), (None, 2)])
async def test_an_explicit_upsampling_always_enlarges(asked, factor):
    """By what was asked, else by at least 2; the advice not to is passed on as a warning."""
    report = await answer(Operation.UPSAMPLE, factor=asked)
    picture = load_picture(report.results[0].data)

    assert (picture.width, picture.height) == (120 * factor, 80 * factor)
    assert len(report.warnings) == 1
    assert report.warnings[0].startswith("advice: ")


async def test_an_impossible_factor_fails_with_its_value():
    """Nothing is guessed."""
    report = await answer(Operation.UPSAMPLE, factor=7)

    assert report.messages == ("An upsampling factor is 2, 3 or 4, not 7.",)


async def test_binarizing_gives_two_tones():
    """Mode L, 0 and 255 only, same size."""
    gradient = encode_png(np.tile(np.arange(120, dtype=np.uint8) + 100, (80, 1)))
    picture = load_picture((await answer(Operation.BINARIZE, gradient)).results[0].data)

    assert picture.pixels.shape == (80, 120, 1)
    assert set(np.unique(picture.pixels)) <= {0, 255}


async def test_a_multi_page_image_warns_in_the_report(tmp_path):
    """The first page is read; the report says that there were more."""
    first = load_picture(PAGE).to_pil()
    path = tmp_path / "pages.tif"
    first.save(path, save_all=True, append_images=[first, first])
    report = await answer(Operation.RECOGNIZE_IMAGE, path.read_bytes(), result_type="text")

    assert report.status is TaskStatus.COMPLETED
    assert report.warnings == ("ink.png has 3 pages: only the first was read.",)


# ---------------------------------------------------------------------- recognition


@pytest.mark.parametrize("result_type", sorted(RESULT_TYPES))
async def test_every_result_type_gives_its_kinds(result_type):
    """In the order of the name, each readable as what it says it is."""
    report = await answer(Operation.RECOGNIZE_IMAGE, result_type=result_type)
    items = {item.kind: item.data for item in report.results}

    assert tuple(items) == RESULT_TYPES[result_type]
    if ResultKind.TEXT in items:
        assert items[ResultKind.TEXT] == b"w12h9 w20h9\nw8h9 w30h9"
    if ResultKind.PDF in items:
        document = pypdfium2.PdfDocument(items[ResultKind.PDF])
        assert document[0].get_textpage().get_text_range() == "w12h9 w20h9\r\nw8h9 w30h9"
    if ResultKind.HOCR in items:
        assert "w30h9" in {element.text for element in ET.fromstring(items[ResultKind.HOCR]).iter()}
    if ResultKind.IMAGE_PNG in items:
        assert load_picture(items[ResultKind.IMAGE_PNG]).width == 120
    if ResultKind.JSON in items:
        assert [block["text"] for block in json.loads(items[ResultKind.JSON])] == [
            "w12h9 w20h9",
            "w8h9 w30h9",
        ]


def as_tuple(box):
    """Return a box's corners."""
    return (box.left, box.top, box.right, box.bottom)


@pytest.mark.parametrize(
    "settings",
    [
        {"binarization": True},
        {"contrast_correction": True},
        {"skew_correction": True},
        {"rotate": 180},
        {"rotate": 360},
        {"binarization": True, "contrast_correction": True, "skew_correction": True, "upsampling": True},
    ],
)
async def test_boxes_are_in_pixels_of_the_original(settings):
    """Whatever was done to the image before it was read."""
    report = await answer(Operation.RECOGNIZE_IMAGE, result_type="json", **settings)
    found = {word.text: as_tuple(word.box) for line in parse_recognition(report).lines for word in line.words}

    assert found == {
        "w12h9": (10, 10, 22, 19),
        "w20h9": (40, 10, 60, 19),
        "w8h9": (10, 40, 18, 49),
        "w30h9": (40, 40, 70, 49),
    }


async def test_a_quarter_turn_is_clockwise_and_is_undone_in_the_boxes():
    """Rotated by 90 degrees the words stand upright in the read image; their boxes are the original's."""
    report = await answer(Operation.RECOGNIZE_IMAGE, page_png((10, 50, 12, 9)), rotate=90, result_type="json")
    (line,) = parse_recognition(report).lines

    assert line.text == "w9h12"
    assert as_tuple(line.box) == (10, 50, 22, 59)


async def test_what_the_reader_sees_is_composited_on_white():
    """Transparent ink is paper; three channels, whatever the file had."""
    page = np.zeros((40, 60, 4), np.uint8)
    page[10:20, 10:30, 3] = 255
    reader = ReadsInk()
    report = await answer(Operation.RECOGNIZE_IMAGE, encode_png(page), recognizer=reader, result_type="text")

    assert texts(report) == ["w20h10"]
    assert reader.seen == [(40, 60, 3)]


async def test_upsampling_is_left_out_where_it_would_not_help():
    """The setting follows the advice; that nothing was enlarged is said, with the reason."""
    reader = ReadsInk()
    report = await answer(Operation.RECOGNIZE_IMAGE, recognizer=reader, upsampling=True, result_type="text")

    assert reader.seen == [(80, 120, 3)]
    assert len(report.warnings) == 1
    assert report.warnings[0].startswith("not upsampled: ")


class ReadsLikeTesseract(ReadsInk):
    """The ink reader under a name for which the advice is to enlarge small print."""

    name = "tesseract"


async def test_upsampling_enlarges_where_it_is_advised(draw_text):
    """Small print is enlarged for this reader; boxes are those of the small image."""
    gray = draw_text("seven small words in one plain line", size=13)
    data = encode_png((gray * 255).round().astype(np.uint8))
    reader = ReadsLikeTesseract()
    report = await answer(
        Operation.RECOGNIZE_IMAGE, data, recognizer=reader, upsampling=True, result_type="json"
    )

    height, width = gray.shape
    assert reader.seen[0][0] >= 2 * height
    assert report.warnings == ()
    box = parse_recognition(report).lines[0].box
    assert 10 <= box.left < box.right <= width - 10


async def test_the_language_reaches_the_reader():
    """And one it cannot read fails with a sentence that names it."""
    reader = ReadsInk()
    await answer(Operation.RECOGNIZE_IMAGE, recognizer=reader, language="German")
    report = await answer(Operation.RECOGNIZE_IMAGE, language="Thai")

    assert reader.languages_asked == ["German"]
    assert report.status is TaskStatus.FAILED
    assert report.messages == ("The ink engine has no model for Thai: choose English or German.",)


async def test_settings_that_have_no_counterpart_are_said():
    """Never silently dropped: one warning each."""
    report = await answer(
        Operation.RECOGNIZE_IMAGE,
        spell_check=True,
        dsr_mode="LineDetector",
        dsr_confidence="Ultra",
        regions=(Region(0, 0, 5, 5),),
    )

    assert report.status is TaskStatus.COMPLETED
    assert [warning.split()[0] for warning in report.warnings] == [
        "Spelling",
        "dsr_mode",
        "dsr_confidence",
        "Regions",
    ]


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (Operation.RECOGNIZE_INVOICE, "Invoices are not parsed on this machine"),
        (Operation.IDENTIFY_FONT, "Fonts are not identified on this machine"),
        (Operation.DJVU_TO_PDF, "DjVu is not read on this machine"),
    ],
)
async def test_what_this_machine_cannot_do_fails_with_one_sentence(operation, reason):
    """And says what to do in its place."""
    report = await answer(operation)

    assert report.status is TaskStatus.FAILED
    assert len(report.messages) == 1
    assert report.messages[0].startswith(reason)


async def test_the_trial_masks_a_tenth_of_the_words_always_the_same():
    """Three of 24 words, in text and boxes alike, and a warning not to measure on it."""
    blobs = [(5 + 30 * column, 5 + 25 * row, 8 + column, 8 + row) for row in range(6) for column in range(4)]
    data = page_png(*blobs, size=(140, 160))
    first = await answer(Operation.RECOGNIZE_TRIAL, data, result_type="json")
    again = await answer(Operation.RECOGNIZE_TRIAL, data, result_type="json")
    other = await answer(Operation.RECOGNIZE_TRIAL, page_png(*blobs, size=(140, 161)), result_type="json")
    lines = parse_recognition(first).lines

    assert sum(line.text.split().count("*") for line in lines) == 3
    assert [[word.text for word in line.words] for line in lines] == [line.text.split() for line in lines]
    assert first.results == again.results
    assert parse_recognition(other).text != parse_recognition(first).text
    assert first.warnings == ("Trial: 3 of 24 words are masked by *, so do not measure accuracy on it.",)


async def test_regions_are_read_in_their_order_each_a_result():
    """Boxes stay those of the whole image; hOCR and PDF are one file each."""
    regions = (Region(30, 5, 110, 25, order=2), Region(0, 35, 30, 60, order=1))
    report = await answer(Operation.RECOGNIZE_REGIONS, regions=regions, result_type="text+pdf+hocr")
    boxes = await answer(Operation.RECOGNIZE_REGIONS, regions=regions, result_type="json")

    assert [item.kind for item in report.results] == [
        ResultKind.TEXT, ResultKind.TEXT, ResultKind.PDF, ResultKind.HOCR,
    ]  # fmt: skip
    assert texts(report) == ["w8h9", "w20h9"]
    assert [as_tuple(line.box) for line in parse_recognition(boxes).lines] == [
        (10, 40, 18, 49),
        (40, 10, 60, 19),
    ]
    pages = [
        element
        for element in ET.fromstring(report.results[3].data).iter()
        if element.get("class") == "ocr_page"
    ]
    assert [page.get("title").split(";")[1] for page in pages] == [" bbox 0 0 120 80"]


@pytest.mark.parametrize(
    ("regions", "reason"),
    [
        ((), "No regions were given"),
        ((Region(200, 0, 300, 50),), "The region 200, 0, 300, 50 holds nothing of"),
    ],
)
async def test_impossible_regions_fail_with_their_numbers(regions, reason):
    """None at all, or one beside the image."""
    report = await answer(Operation.RECOGNIZE_REGIONS, regions=regions)

    assert report.status is TaskStatus.FAILED
    assert report.messages[0].startswith(reason)


async def test_regions_reaching_over_the_border_are_cut():
    """What lies on the image is read."""
    report = await answer(
        Operation.RECOGNIZE_REGIONS, regions=(Region(-50, -50, 35, 30),), result_type="text"
    )

    assert texts(report) == ["w12h9"]


async def test_regions_are_detected_in_pixels_of_the_original():
    """JSON of kind "other": left, top, right, bottom of each run of text, also of an enlarged image."""
    report = await answer(Operation.DETECT_REGIONS, rotate=180)

    assert [item.kind for item in report.results] == [ResultKind.OTHER]
    assert json.loads(report.results[0].data) == [[10, 40, 70, 49], [10, 10, 60, 19]]


async def test_tables_come_as_text_and_csv():
    """Columns are kept; Excel is refused or left out with a warning."""
    as_csv = await answer(Operation.RECOGNIZE_TABLE, table_result_type="csv")
    as_text = await answer(Operation.RECOGNIZE_TABLE, table_result_type="text")
    both = await answer(Operation.RECOGNIZE_TABLE, table_result_type="csv+excel")
    excel = await answer(Operation.RECOGNIZE_TABLE, table_result_type="excel")

    rows = list(csv.reader(io.StringIO(as_csv.results[0].data.decode(), newline="")))
    assert rows == [["w12h9", "w20h9"], ["w8h9", "w30h9"]]
    assert texts(as_text) == ["w12h9\tw20h9\nw8h9\tw30h9"]
    assert [item.kind for item in both.results] == [ResultKind.CSV]
    assert "No Excel file was written" in both.warnings[0]
    assert excel.messages == ("Excel files are not written on this machine: ask for csv or text.",)


async def test_labels_are_read_as_english_and_say_so():
    """The service's label recognition knows English only."""
    reader = ReadsInk()
    report = await answer(Operation.RECOGNIZE_LABEL, recognizer=reader, language="German", result_type="text")

    assert reader.languages_asked == ["English"]
    assert report.warnings == ("Labels are read as English, not as German.",)


async def test_a_pdf_is_read_page_by_page():
    """Text in the order of pages, JSON with page numbers, one PDF of as many pages."""
    pages = []
    for width in (36, 48):
        page = await answer(
            Operation.RECOGNIZE_IMAGE, page_png((12, 12, width, 12), size=(96, 96)), result_type="pdf"
        )
        pages.append(page.results[0].data)
    joined = pypdfium2.PdfDocument.new()
    for page in pages:
        joined.import_pages(pypdfium2.PdfDocument(page))
    out = io.BytesIO()
    joined.save(out)
    report = await answer(Operation.RECOGNIZE_PDF, out.getvalue(), result_type="text+pdf")
    blocks = await answer(Operation.RECOGNIZE_PDF, out.getvalue(), result_type="json")

    # The pages of 96×96 pixels at 96 DPI are rendered at 200 DPI: 12 pixels become 25.
    assert texts(report) == ["w75h25\nw100h25"]
    assert [block["page"] for block in json.loads(blocks.results[0].data)] == [1, 2]
    document = pypdfium2.PdfDocument(report.results[1].data)
    assert len(document) == 2
    assert document[0].get_size() == pytest.approx((72, 72), abs=0.5)
    assert document[1].get_textpage().get_text_range() == "w100h25"
