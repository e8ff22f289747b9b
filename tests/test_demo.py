"""The demonstration does the whole job on every sample, and ends by saying where to look."""

import re

import pytest

from command_line import run
from ocr_nb.sample_set import samples


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """One run for all tests here: it takes half a minute."""
    place = tmp_path_factory.mktemp("demo")
    return run("demo", cwd=place), place


def test_the_demo_prints_every_condition_and_the_answer(demonstration):
    """A table with CER, WER, seconds, calls and the paired difference, then sentences."""
    outcome, _ = demonstration
    assert 0 == outcome.code, outcome.err
    rows = re.findall(
        r"^ +(original|resized:x3|upsampled:x3|make_upsampling) +16 +\d+\.\d %", outcome.out, re.MULTILINE
    )
    assert ["original", "resized:x3", "upsampled:x3", "make_upsampling"] == rows
    for heading in ("CER", "WER", "difference", "95 % interval", "seconds", "calls"):
        assert heading in outcome.out
    assert re.search(r"[Uu]psampling ×3.* CER .* of 16 images", outcome.out)


def test_the_demo_writes_one_report_and_says_where(demonstration):
    """Every sample is in it, and it needs nothing from outside."""
    outcome, place = demonstration
    report = place / "ocr-nb-demo" / "report.html"
    assert "Report: ocr-nb-demo/report.html" in outcome.err
    assert "ocr-nb lab" in outcome.err
    page = report.read_text(encoding="utf-8")
    assert [] == [sample.name for sample in samples() if sample.path.name not in page]
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)


def test_a_demo_report_can_go_elsewhere(tmp_path):
    """`--out` is checked before anything is read."""
    (tmp_path / "file").touch()
    outcome = run("demo", "--out", "file", cwd=tmp_path)
    assert (2, "") == (outcome.code, outcome.out)
    assert "The folder file cannot be written (File exists): choose another with --out." in outcome.err
