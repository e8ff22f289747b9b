"""The benchmark of upsampling counts what it says, and never reads the same pixels twice."""

import argparse

import numpy as np
import pytest
from benchmarks.upsampling.__main__ import Notebook, measure
from benchmarks.upsampling.cases import Case, folder_cases
from benchmarks.upsampling.conditions import CONDITIONS, apply, same_as
from benchmarks.upsampling.contrast import measure as measure_contrast
from benchmarks.upsampling.reading import Reading, score
from benchmarks.upsampling.tables import interval, rates

from ocr_nb.images import from_array, luma
from ocr_nb.sample_set import samples

NO_PROGRAMS = argparse.Namespace(peers=None, ppocrv4=None)


@pytest.fixture
def case():
    """A small clean sample as a case."""
    sample = samples("card")[0]
    return Case("set", "cell", "document", "case", sample.picture, sample.ground_truth)


def reading(case_name, condition, edits, document="a", length=10):
    """Return a reading of one case."""
    return Reading("tesseract", "set", "cell", document, case_name, condition, "", edits, length, 0.5)


@pytest.mark.parametrize("condition", [name for name in CONDITIONS if "×" in name])
def test_every_condition_gives_its_size(condition, case):
    """Other upscalers are left out where their environment is not named."""
    picture = apply(condition, case, "tesseract", None)
    if condition.startswith(("pyanime4k", "waifu2x", "realesrgan", "realcugan")):
        assert picture is None
    else:
        factor = int(condition[-1])
        assert (picture.width, picture.height) == (
            factor * case.picture.width,
            factor * case.picture.height,
        )


def test_auto_is_read_as_what_it_amounts_to(case):
    """No picture is read twice: RapidOCR's advice is the original, Tesseract's a factor."""
    assert same_as("ours auto", case, "rapidocr") == "original"
    assert same_as("ours auto", case, "tesseract") in ("ours ×2", "ours ×3", "original")
    assert same_as("bicubic ×2", case, "rapidocr") == "bicubic ×2"


def test_a_reading_is_kept_and_not_repeated(case, tmp_path, monkeypatch):
    """Also by a later call, which finds it in the file."""
    asked = []
    monkeypatch.setattr("benchmarks.upsampling.__main__.read", lambda *_: asked.append(1) or "Ingrid")
    for _ in range(2):
        notebook = Notebook(tmp_path / "readings.jsonl")
        for condition in ("original", "ours auto"):
            measure(case, condition, "rapidocr", NO_PROGRAMS, notebook)

    assert len(asked) == 1
    assert [row.condition for row in notebook.readings] == ["original", "ours auto"]
    assert notebook.readings[0].edits == notebook.readings[1].edits > 0


def test_another_version_of_the_engine_reads_anew(case, tmp_path, monkeypatch):
    """Figures of an engine that has changed since are neither shown nor built upon."""
    monkeypatch.setattr("benchmarks.upsampling.__main__.read", lambda *_: "Ingrid")
    wanted = argparse.Namespace(engines=["rapidocr"], conditions=["original"])
    for version in ("1", "2"):
        monkeypatch.setattr("benchmarks.upsampling.__main__.version_of", lambda *_, v=version: v)
        notebook = Notebook(tmp_path / "readings.jsonl")
        assert notebook.current(wanted) == []
        measure(case, "original", "rapidocr", NO_PROGRAMS, notebook)

    assert [row.version for row in notebook.readings] == ["1", "2"]
    assert [row.version for row in notebook.current(wanted)] == ["2"]


def test_spaces_and_case_are_no_errors_and_edits_stay_below_the_length(case):
    """A flood of wrong text counts as much as none."""
    assert score(case.truth.upper().replace(" ", ""), case)[0] == 0
    edits, length, _ = score("x" * 5000, case)
    assert edits == length > 50
    assert score("", case)[:2] == (length, length)


def test_characters_read_where_none_stand_are_counted():
    """On a photograph there is no rate."""
    empty = Case("set", "cell", "d", "c", from_array(np.zeros((4, 4), np.uint8)), "")
    assert score("a b c", empty)[:2] == (3, 0)


def test_a_difference_is_paired_and_over_documents():
    """Ten cases of two edits less each, in ten documents: the difference is exact, its interval a point."""
    ours = [reading(str(n), "ours ×3", 1, str(n)) for n in range(10)]
    other = [reading(str(n), "bicubic ×3", 3, str(n)) for n in range(10)]
    assert interval(ours, other) == "-0.200 (-0.200 … -0.200)"
    assert interval(ours, other[:3]) == "-0.200"
    assert interval(ours, []) == ""


def test_a_table_has_a_row_for_each_condition_that_was_read():
    """In the order in which the conditions are listed."""
    rows = [reading("1", "ours ×3", 1), reading("1", "original", 5)]
    assert list(rates(rows)) == [
        "| CER / F1 of words | cell (1) |",
        "|---|---|",
        "| original | 0.500 / 0.50 |",
        "| ours ×3 | 0.100 / 0.50 |",
    ]


def test_darker_ink_measures_more_contrast(draw_text):
    """And the paper does not move."""
    page = draw_text("The harbor office\ncloses at six.", size=40, margin=40)
    pale = 1 - 0.5 * (1 - page)
    full, half = measure_contrast(page, page), measure_contrast(pale, page)

    assert full.ink == pytest.approx(2 * half.ink, rel=0.05)
    assert full.edge == pytest.approx(2 * half.edge, rel=0.05)
    assert full.paper == pytest.approx(half.paper, abs=1)


def test_a_folder_is_read_by_its_truths(case, tmp_path):
    """One line of truth makes a line, more a page; images without truth are left out."""
    for name, truth in (("one", "a line"), ("two", "a\npage"), ("none", None)):
        case.picture.save(tmp_path / f"{name}.png")
        if truth:
            (tmp_path / f"{name}.gt.txt").write_text(truth, "utf-8")

    found = {one.name: one.layout for one in folder_cases(tmp_path, "auto")}
    assert found == {"one": "line", "two": "page"}
    assert np.array_equal(luma(next(folder_cases(tmp_path, "page")).picture), luma(case.picture))
