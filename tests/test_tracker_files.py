"""What the tracker writes comes back as it was, runs in no spreadsheet, and follows OCR-D's schema."""

import csv
import dataclasses
import json
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.errors import SettingsError
from ocr_nb.summary import accuracy_of
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.tracker.files import guard_cell, unguard_cell
from trials import trial

HARD = (
    trial("a.png", "original", "=1+1", truth="", image_hash="a" * 64, settings={"language": "German"}),
    trial(
        "a.png",
        "upsampled:x2",
        "",
        truth="é\r\n,\"'",
        variant="v",
        warnings=("=x", "one\ntwo"),
        word_boxes=((5, 0.125, 0.5, 1.0, 0.75), (2, 0.0, 0.0, 1.0, 1.0)),
    ),
    trial("-b.png", "original", "'=quoted", truth=None, confidence=0.125, time="2026-01-02T03:04:05+00:00"),
    trial(
        "c.png", "original", "'", truth="\tx", group="+1", x_height_px=7.25, width=10, height=20, factor=2.0
    ),
    trial("h.png", "original", "\r@SUM", truth="日本\u2028語"),
    dataclasses.replace(trial("d.png", "original", None, truth=None), error="@bad", seconds=None, calls=None),
)


@pytest.mark.parametrize("form", ["csv", "json_lines", "parquet"])
def test_trials_come_back_as_they_were(tmp_path, form):
    """Empty and unknown texts, infinite rates, line ends, quotes, apostrophes, settings, several warnings."""
    tracker = AccuracyTracker(HARD)
    path = getattr(tracker, f"to_{form}")(tmp_path / "file")
    again = getattr(AccuracyTracker, f"from_{form}")(path)
    assert list(HARD) == list(again)
    assert math.isinf(next(iter(again)).cer)
    pd.testing.assert_frame_equal(tracker.frame, again.frame)


def test_a_frame_comes_back_as_it_was():
    """Also after a user has filtered it."""
    frame = AccuracyTracker(HARD).frame
    assert list(HARD) == list(AccuracyTracker.from_frame(frame))
    assert [HARD[1]] == list(AccuracyTracker.from_frame(frame[frame["variant"] == "v"]))


def test_no_cell_of_the_csv_begins_a_formula(tmp_path):
    """Spreadsheets compute cells that begin with = + - @, a tab or a line end; ours have an apostrophe."""
    path = AccuracyTracker(HARD).to_csv(tmp_path / "file.csv")
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [] == [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert {"'=1+1", "''=quoted", "''", "'", "'-b.png", "'@bad"} <= set(cells)


@given(st.text(alphabet="'=+-@\t\r\n ab\x00"))
def test_guarding_a_cell_is_undone_exactly(text):
    """Whatever the text; two texts never become the same cell."""
    assert text == unguard_cell(guard_cell(text))
    assert not guard_cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert guard_cell(text)


def test_a_csv_of_others_needs_only_the_images_column(tmp_path):
    """Other columns are left out, missing ones unknown; rates follow from the texts."""
    path = tmp_path / "file.csv"
    path.write_text("\ufeffimage,text,ground_truth,stars\na.png,abd,abc,5\n", "utf-8")
    (row,) = AccuracyTracker.from_csv(path)
    assert ("a.png", "abd", 1 / 3, "original", "standard") == (
        row.image, row.text, row.cer, row.condition, row.normalization
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"name,text\na,b\n", "has no column image: its first line must name the columns"),
        (b"", "has no column image"),
        (b"image,text\na.png,\xe9\n", "is no CSV file in UTF-8"),
        (b"image,seconds\na.png,soon\n", r"The row of a\.png cannot be read \(could not convert"),
        (b"image,text\n,b\n", "A row names no image"),
    ],
)
def test_a_file_that_is_no_table_of_trials_is_refused(tmp_path, data, message):
    """In one sentence that says what to do."""
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=message):
        AccuracyTracker.from_csv(path)


def test_lines_that_are_no_json_are_refused_with_their_number(tmp_path):
    """So that they can be found in a long file."""
    path = tmp_path / "file.jsonl"
    path.write_text('{"image": "a"}\n\n[1]\n')
    with pytest.raises(SettingsError, match=r"file\.jsonl, line 3, is no JSON object but list"):
        AccuracyTracker.from_json_lines(path)
    path.write_text('{"image": "a"\n')
    with pytest.raises(SettingsError, match=r"file\.jsonl, line 1, is no JSON"):
        AccuracyTracker.from_json_lines(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        AccuracyTracker.from_json_lines(tmp_path / "none.jsonl")
    with pytest.raises(SettingsError, match=r"none\.json cannot be read"):
        AccuracyTracker.from_ocrd_json(tmp_path / "none.json")


def test_the_evaluation_json_has_what_ocrd_s_schema_requires(tmp_path):
    """Required keys of ocrd_eval.schema.yml, no others where it forbids them, one evaluation a condition."""
    tracker = AccuracyTracker(
        [*HARD, trial("e.png", "original", "abcdefghiX"), trial("f.png", "original", "abcdefgXXX")]
    )
    found = json.loads(tracker.to_ocrd_json(tmp_path / "e.json").read_text("utf-8"))
    assert ["rapidocr 3.10, original", "rapidocr 3.10, upsampled:x2"] == [one["label"] for one in found]
    required = {
        "ocr_workflow",
        "ocr_workspace",
        "eval_workflow",
        "eval_workspace",
        "gt_workspace",
        "document_metadata",
    }
    allowed = required | {"workflow_steps", "workflow_model", "eval_tool", "provenance"}
    for one in found:
        assert {"@id", "label", "metadata", "evaluation"} == set(one)
        assert required <= set(one["metadata"]) <= allowed
        assert all("@id" in one["metadata"][name] for name in required - {"document_metadata"})
        assert {"document_wide", "by_page"} == set(one["evaluation"])
        assert one["@id"].startswith("urn:ocr-nb:")
    counted = [row for row in tracker if row.condition == "original" and row.cer is not None]
    edits = sum(accuracy_of(row).character_counts.edits for row in counted)
    length = sum(accuracy_of(row).character_counts.truth_length for row in counted)
    wide = found[0]["evaluation"]["document_wide"]
    assert (edits / length, 0.1, len(counted)) == (wide["cer"], wide["cer_range"][0], wide["wall_time"])
    page = found[0]["evaluation"]["by_page"][-1]
    assert ("f.png", 0.3, 1.0, 1.0) == (page["page_id"], page["cer"], page["wer"], page["processing_time"])


def test_the_evaluation_json_brings_rates_and_readers_back(tmp_path):
    """Not the texts: the format has no place for them."""
    rows = [
        trial("a.png", "original", "abcdefghiX", group="g", x_height_px=8.0),
        trial("a.png", "upsampled", "x"),
    ]
    again = list(AccuracyTracker.from_ocrd_json(AccuracyTracker(rows).to_ocrd_json(tmp_path / "e.json")))
    lost = {"text": None, "ground_truth": None, "calls": None}
    assert [dataclasses.replace(row, **lost) for row in rows] == again


def test_evaluations_of_others_are_read(tmp_path):
    """OCR-D's published sample: the label is the condition, the model the engine."""
    path = tmp_path / "sample.json"
    sample = {
        "@id": "https://example.org/wf1-data345-eval1.json",
        "label": "OCR workflow 1 on workspace 345",
        "metadata": {"workflow_model": "Fraktur_GT4HistOCR", "document_metadata": {}},
        "evaluation": {
            "document_wide": {"wall_time": 1234, "cer": 0.57},
            "by_page": [{"page_id": "PHYS_0001", "cer": 0.8, "processing_time": 2.1}],
        },
    }
    path.write_text(json.dumps([sample]))
    (row,) = AccuracyTracker.from_ocrd_json(path)
    assert ("PHYS_0001", 0.8, 2.1, "Fraktur_GT4HistOCR", "OCR workflow 1 on workspace 345") == (
        row.image, row.cer, row.seconds, row.engine, row.condition
    )  # fmt: skip
    for broken in ('{"a": 1}', "[1]", "no json"):
        path.write_text(broken)
        with pytest.raises(SettingsError, match="is no evaluation JSON of OCR-D"):
            AccuracyTracker.from_ocrd_json(path)
