"""The samples are complete, small, of the stated sizes, and never changed after they were fixed."""

import hashlib
import re

import pytest

from ocr_nb.errors import SettingsError
from ocr_nb.images import load_picture
from ocr_nb.sample_set import FOLDER, samples

FIXED = "9a935dabaefea4424c00020b9393a116da9eb60668532aa5053be7b4e4698c9f"
"""SHA-256 over the names, image hashes and truths as they were before any recognizer had read them."""


def test_there_are_at_least_ten_samples_from_three_to_ten_pixels():
    """Clean and spoilt ones, from the edge of legibility to text that anybody can read."""
    heights = [sample.x_height_px for sample in samples()]
    assert len(heights) >= 10
    assert (3.0, 10.0) == (min(heights), max(heights))
    assert len([sample for sample in samples() if sample.variant is None]) >= 4
    assert len([sample for sample in samples() if sample.variant is not None]) >= 4


def test_the_samples_are_those_that_were_fixed_first():
    """Neither an image nor a truth changes in the light of results."""
    digest = hashlib.sha256()
    for sample in samples():
        assert sample.sha256 == hashlib.sha256(sample.path.read_bytes()).hexdigest(), sample.name
        digest.update(f"{sample.name} {sample.sha256} {sample.ground_truth}\n".encode())
    assert FIXED == digest.hexdigest()


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_opens_as_a_picture_of_the_stated_size(sample):
    """A sample is a path: it can be given wherever a path can."""
    picture = load_picture(sample)
    assert (sample.width, sample.height) == (picture.width, picture.height)
    assert picture.name == sample.path.name
    assert len(picture.source) < 40_000
    assert "" not in sample.ground_truth.split("\n")


def test_every_file_in_the_folder_belongs_to_a_sample():
    """No image without a truth, no truth without an image, nothing left over."""
    expected = {"SOURCES.md", "samples.json", "readings.jsonl"}
    for sample in samples():
        expected |= {sample.path.name, f"{sample.name}.gt.txt"}
    assert expected == {path.name for path in FOLDER.iterdir()}


def test_every_sample_has_its_row_in_the_sources():
    """The table states the x-height and the spoiling that the listing has."""
    rows = re.findall(r"^\| (\w+) \|[^|]+\|[^|]+\| (\d+) px \| ([^|]+) \|$", *_sources())
    assert {(s.name, f"{s.x_height_px:g}", s.variant or "nothing") for s in samples()} == set(rows)


def _sources():
    return (FOLDER / "SOURCES.md").read_text(encoding="utf-8"), re.MULTILINE


def test_samples_are_chosen_by_name_and_order():
    """An unknown name is refused with the known ones."""
    assert ["receipt", "card"] == [sample.name for sample in samples("receipt", "card")]
    with pytest.raises(SettingsError, match="no sample 'recept': choose from banner, caption"):
        samples("recept")
