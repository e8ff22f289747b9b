"""Results as bytes and back: text, JSON, hOCR; tolerant of what other services leave out."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.errors import UnreadableAnswer
from ocr_nb.service.protocol import ResultItem, ResultKind, TaskReport, TaskStatus
from ocr_nb.service.results import NO_BOX, Page, make_hocr, make_json, make_text, parse_recognition

LINES = (
    Line(
        "Fish & <chips>",
        Box(10, 20, 110.26, 34),
        0.91234,
        (
            Word("Fish", Box(10, 20, 40, 34), 0.99),
            Word("&", Box(45, 20, 52, 34), None),
            Word("<chips>", Box(60, 20, 110.26, 34), 0.8),
        ),
    ),
    Line("für 3 €", Box(10, 40, 70, 54), None),
)
XHTML = "{http://www.w3.org/1999/xhtml}"


def report(*items, warnings=()):
    """A completed report with these results."""
    return TaskReport("id", TaskStatus.COMPLETED, tuple(items), warnings=warnings)


def json_item(value):
    """A JSON result of any value."""
    return ResultItem(ResultKind.JSON, json.dumps(value).encode())


def test_text_is_the_lines():
    """UTF-8, one line feed between lines."""
    assert make_text(LINES).decode() == "Fish & <chips>\nfür 3 €"


def test_json_has_the_documented_keys():
    """Corners to a tenth of a pixel, text, confidence or null, words with the same keys."""
    first, second = json.loads(make_json([Page(LINES, 200, 100)]))

    assert list(first) == [
        "topLeftX",
        "topLeftY",
        "bottomRightX",
        "bottomRightY",
        "text",
        "confidence",
        "words",
    ]
    assert (first["topLeftX"], first["bottomRightX"]) == (10, 110.3)
    assert (first["text"], first["confidence"]) == ("Fish & <chips>", 0.9123)
    assert [word["text"] for word in first["words"]] == ["Fish", "&", "<chips>"]
    assert (second["confidence"], second["words"]) == (None, [])


def test_json_of_a_document_names_the_page():
    """Lines of several pages stay apart."""
    blocks = json.loads(make_json([Page(LINES[:1], 9, 9, 1), Page(LINES[1:], 9, 9, 2)]))

    assert [block["page"] for block in blocks] == [1, 2]


def test_what_is_written_is_read_back():
    """JSON keeps everything that a recognition holds, boxes to a tenth of a pixel."""
    item = ResultItem(ResultKind.JSON, make_json([Page(LINES, 200, 100)]))
    found = parse_recognition(report(item, warnings=("a note",)))

    assert found.text == "Fish & <chips>\nfür 3 €"
    assert found.warnings == ("a note",)
    assert found.lines[0].words[1] == Word("&", Box(45, 20, 52, 34), None)
    assert found.lines[0].box.right == pytest.approx(110.26, abs=0.05)
    assert found.lines[1] == LINES[1]


def test_blocks_may_lack_confidence_and_words():
    """Another service's blocks hold corners and a text, perhaps one object deeper, in any letter case."""
    flat = {"topLeftX": 1, "topLeftY": 2, "bottomRightX": 3, "bottomRightY": 4, "text": "flat"}
    corners = {"TopLeftX": 1, "TopLeftY": 2, "BottomRightX": 3, "BottomRightY": 4}
    nested = {"rect": corners, "Text": "nested"}
    found = parse_recognition(report(json_item([flat, nested, {"text": "bare"}])))

    assert [line.text for line in found.lines] == ["flat", "nested", "bare"]
    assert [line.box for line in found.lines] == [Box(1, 2, 3, 4), Box(1, 2, 3, 4), NO_BOX]
    assert [line.confidence for line in found.lines] == [None, None, None]


def test_several_json_results_are_one_recognition():
    """Regions come as one result each, in their order."""
    found = parse_recognition(report(json_item([{"text": "one"}]), json_item({"blocks": [{"text": "two"}]})))

    assert found.text == "one\ntwo"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1, 2], "not an array of blocks"),
        ("text", "not an array of blocks"),
        ([{"textt": "x"}], "no text, only textt"),
        ([{}], "no text, only nothing"),
    ],
)
def test_json_of_another_shape_is_unreadable(value, reason):
    """The message says what was expected and what was there."""
    with pytest.raises(UnreadableAnswer, match=reason):
        parse_recognition(report(json_item(value)))


def test_broken_json_is_unreadable():
    """Half an answer is not taken for an empty one."""
    with pytest.raises(UnreadableAnswer, match="is not JSON"):
        parse_recognition(report(ResultItem(ResultKind.JSON, b'[{"text": "ha')))


def test_text_alone_gives_lines_without_places():
    """Where only text came, the places are unknown, not invented."""
    found = parse_recognition(report(ResultItem(ResultKind.TEXT, b"eins\nzwei")))

    assert found.lines == (Line("eins", NO_BOX, None), Line("zwei", NO_BOX, None))
    assert found.confidence is None


def test_other_results_are_files():
    """PDF, hOCR and CSV are handed on by kind."""
    items = [ResultItem(ResultKind.PDF, b"%PDF"), ResultItem(ResultKind.TEXT, b"x")]
    found = parse_recognition(report(*items))

    assert found.files == {"pdf": b"%PDF"}
    assert found.text == "x"


def hocr(lines=LINES, name='a "quoted" <name>.png'):
    """Write one page of 200×100."""
    return make_hocr([Page(tuple(lines), 200, 100)], name=name, system="ink 1.0")


def test_hocr_is_well_formed_with_the_classes_of_its_specification():
    """An XML parser reads it; page, lines and words carry `bbox`, words their confidence."""
    root = ET.fromstring(hocr())
    by_class = {}
    for element in root.iter():
        by_class.setdefault(element.get("class"), []).append(element)

    assert root.tag == f"{XHTML}html"
    system = {meta.get("name"): meta.get("content") for meta in root.iter(f"{XHTML}meta")}
    assert system["ocr-system"] == "ink 1.0"
    assert set(system["ocr-capabilities"].split()) >= {"ocr_page", "ocr_line", "ocrx_word"}
    assert [page.get("title") for page in by_class["ocr_page"]] == [
        'image "a \\"quoted\\" <name>.png"; bbox 0 0 200 100; ppageno 0'
    ]
    assert [line.get("title") for line in by_class["ocr_line"]] == ["bbox 10 20 110 34", "bbox 10 40 70 54"]
    assert [(word.text, word.get("title")) for word in by_class["ocrx_word"]] == [
        ("Fish", "bbox 10 20 40 34; x_wconf 99"),
        ("&", "bbox 45 20 52 34"),
        ("<chips>", "bbox 60 20 110 34; x_wconf 80"),
        ("für 3 €", "bbox 10 40 70 54"),
    ]


def test_hocr_ids_are_unique():
    """Also over several pages."""
    pages = [Page(LINES, 200, 100), Page(LINES, 200, 100)]
    ids = re.findall(r"id=['\"]([^'\"]+)", make_hocr(pages, name="x", system="ink").decode())

    assert len(ids) == 2 * (1 + 2 + 4)
    assert len(set(ids)) == len(ids)


@given(st.text(max_size=20))
def test_hocr_holds_any_text(text):
    """Whatever an engine reads, the document stays well-formed and keeps it, but for what XML forbids."""
    found = parse_recognition(report(ResultItem(ResultKind.HOCR, hocr([Line(text, Box(0, 0, 9, 9), 0.5)]))))
    forbidden = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    ET.fromstring(hocr([Line(text, Box(0, 0, 9, 9), 0.5)], name=text))

    assert found.lines[0].text == forbidden.sub("\ufffd", text)


def test_hocr_is_read_back():
    """Where no JSON came, lines and words come from hOCR."""
    found = parse_recognition(report(ResultItem(ResultKind.HOCR, hocr())))

    assert found.text == "Fish & <chips>\nfür 3 €"
    assert found.lines[0].words[2] == Word("<chips>", Box(60, 20, 110, 34), 0.8)
    assert found.lines[0].confidence == pytest.approx((0.99 + 0.8) / 2)
    assert found.files["hocr"].startswith(b"<?xml")
