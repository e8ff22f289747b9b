"""`ocr-nb study` measures a folder into a store, says the answer, and goes on where it was."""

import re
import shutil

import pytest

from command_line import run
from ocr_nb.cli.screen import describe_time_left
from ocr_nb.sample_set import samples
from ocr_nb.store import TrialStore


@pytest.fixture
def folder(tmp_path):
    """One sample with its truth, and a file that is no image."""
    place = tmp_path / "pages"
    place.mkdir()
    card = next(sample for sample in samples() if sample.name == "card")
    shutil.copy(card.path, place / "card.png")
    (place / "card.gt.txt").write_text(card.ground_truth, encoding="utf-8")
    (place / "broken.png").write_bytes(b"no image")
    return place


def test_a_study_is_kept_and_gone_on_with(folder, tmp_path):
    """The table, the answer, the error as a sentence; the second call measures what failed only."""
    asked = ("study", folder, "--conditions", "original,upsampled:x2", "--store", "s.sqlite")
    first = run(*asked, cwd=tmp_path)
    assert 1 == first.code, first.err
    assert "broken.png" in first.err
    assert "Traceback" not in first.err
    assert "upsampled:x2" in first.out
    assert "upsampling ×2" in first.out.lower()
    assert re.search(r"^Measured: 2 of 4, about \d+ (s|min) left\.$", first.err, re.MULTILINE)
    assert "Measured: 4 of 4.\n" in first.err
    with TrialStore(tmp_path / "s.sqlite") as store:
        before = [(row.image, row.condition, row.time, row.error is None) for row in store]
    assert {("card.png", True), ("broken.png", False)} == {(row[0], row[3]) for row in before}
    (folder / "broken.png").unlink()
    second = run(*asked, "--report", "r.html", cwd=tmp_path)
    assert "Report: r.html." in second.err
    assert "card.png" in (tmp_path / "r.html").read_text("utf-8")
    with TrialStore(tmp_path / "s.sqlite") as store:
        after = [(row.image, row.condition, row.time, row.error is None) for row in store]
    assert [row for row in before if row[3]] == [row for row in after if row[3]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--x-heights", "small"), "--x-heights cannot be 'small': write numbers, such as 8,12,16."),
        (("--engines", "rapidorc"), "There is no service 'rapidorc'"),
        (("--dask", "nowhere:1"), "No Dask scheduler answers at nowhere:1"),
        (("--store", "pages/broken.png"), "broken.png is no store of trials: choose another file."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(folder, tmp_path, options, message):
    """And exit code 2."""
    found = run("study", folder, *options, cwd=tmp_path)
    assert (2, "") == (found.code, found.out)
    assert message in found.err


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "said"),
    [
        (1, 2, 0.1, ", about 1 s left"),
        (10, 100, 5.0, ", about 45 s left"),
        (10, 100, 60.0, ", about 9 min left"),
        (10, 1000, 120.0, ", about 3.3 h left"),
        (7, 7, 60.0, ""),
    ],
)
def test_the_time_left_is_told_at_the_pace_so_far(done, total, elapsed, said):
    """In seconds, minutes or hours, whichever is short."""
    assert said == describe_time_left(done, total, elapsed)
