"""Ground truth is read from PAGE-XML, ALTO and hOCR, with entities and network off."""

import pytest

from ocr_nb.errors import SettingsError
from ocr_nb.layout_truth import read_layout
from ocr_nb.truth import find_truth

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page>
<TextRegion id="r1"><TextLine id="l1"><Word><TextEquiv><Unicode>ignored</Unicode></TextEquiv></Word>
<TextEquiv index="1"><Unicode>second choice</Unicode></TextEquiv>
<TextEquiv index="0"><Unicode>Größe &amp; Maß</Unicode></TextEquiv></TextLine>
<TextLine id="l2"><Word><TextEquiv><Unicode>two</Unicode></TextEquiv></Word>
<Word><TextEquiv><Unicode>words</Unicode></TextEquiv></Word></TextLine>
<TextEquiv><Unicode>whole region, left out</Unicode></TextEquiv></TextRegion>
<TextRegion id="r2"><TextEquiv><Unicode>no lines</Unicode></TextEquiv></TextRegion></Page></PcGts>"""

ALTO = """<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page><PrintSpace>
<TextBlock><TextLine><String CONTENT="One"/><SP/><String CONTENT="exam"/><HYP CONTENT="-"/></TextLine>
<TextLine><String CONTENT="ple."/></TextLine></TextBlock></PrintSpace></Page></Layout></alto>"""

HOCR = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/x.dtd">
<html><head><title>left out</title></head><body><div class='ocr_page'><p class='ocr_par'>
<span class='ocr_line' title="bbox 1 2 3 4"><span class='ocrx_word'>Caf&eacute;</span>
<span class='ocrx_word'>&amp; <strong>bar</strong></span><br/></span>
<span class='ocr_header'><span class='ocrx_word'>end</span></span></p></div></body></html>"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PAGE, "Größe & Maß\ntwo words\nno lines"),
        (ALTO, "One exam-\nple."),
        (HOCR, "Café & bar\nend"),
    ],
)
def test_each_format_gives_its_lines(text, expected):
    """The preferred reading of each line, in the order of the file."""
    assert expected == read_layout(text.encode(), "page.xml")


BOMB = """<?xml version="1.0"?><!DOCTYPE PcGts [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>
<PcGts><Page><TextRegion><TextEquiv><Unicode>&b;</Unicode></TextEquiv></TextRegion></Page></PcGts>"""
OUTSIDE = (
    """<?xml version="1.0"?><!DOCTYPE PcGts [<!ENTITY a SYSTEM "file:///etc/hostname">]><PcGts>&a;</PcGts>"""
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "declares entities, which are not expanded: remove them"),
        (OUTSIDE, "declares entities"),
        ("<PcGts><Page>", "is not well-formed XML"),
        ("<svg/>", "is XML with the root svg: PAGE-XML, ALTO and hOCR are read"),
        ("<html><p>text</p></html>", "is HTML without ocr_line"),
    ],
)
def test_what_is_none_of_them_is_refused(text, message):
    """In one sentence with the file's name."""
    with pytest.raises(SettingsError, match=f"The ground truth page.xml {message}"):
        read_layout(text.encode(), "page.xml")


def test_an_image_finds_the_layout_file_beside_it(tmp_path):
    """After the plain texts, which a person is likelier to have corrected."""
    image = tmp_path / "scan.png"
    (tmp_path / "scan.xml").write_text(ALTO)
    assert "One exam-\nple." == find_truth(None, 0, name="scan.png", path=image)
    (tmp_path / "scan.txt").write_text("plain\n")
    assert "plain" == find_truth(None, 0, name="scan.png", path=image)
