"""Engines that only remember: a picture is known again in spite of rounding, and never guessed."""

import numpy as np
import pytest

import ocr_nb
from doubles import ReadsInk
from ocr_nb.engine import recognizer, upsampler
from ocr_nb.engine.classical import ClassicalUpsampler
from ocr_nb.engine.stored import (
    Memory,
    RecordingRecognizer,
    RecordingUpsampler,
    StoredRecognizer,
    StoredUpsampler,
    record,
)
from ocr_nb.errors import EngineUnavailable
from ocr_nb.images import on_white

CARD = on_white(ocr_nb.samples("card")[0].picture)
GRAY = CARD[:, :, 0].astype(np.float32) / 255


@pytest.fixture
def path(tmp_path):
    """What was read and enlarged once, in a file."""
    memory = Memory()
    read = RecordingRecognizer(ReadsInk(), memory)
    read.recognize(CARD)
    read.recognize(CARD[:100])
    RecordingUpsampler(ClassicalUpsampler(), "tesseract", memory).enlarge(GRAY, 2)
    memory.save(tmp_path / "stored.json")
    return tmp_path / "stored.json"


def test_what_was_read_is_read_again(path):
    """Lines, words and boxes, with the name, the version and the languages of who read."""
    stored, engine = StoredRecognizer("ink", Memory.load(path)), ReadsInk()
    assert engine.recognize(CARD) == stored.recognize(CARD)
    assert engine.recognize(CARD[:100]) == stored.recognize(CARD[:100])
    assert (engine.name, engine.version, engine.languages()) == (
        stored.name, stored.version, stored.languages(),
    )  # fmt: skip
    assert [line.box for line in engine.recognize(CARD)] == list(stored.detect(CARD))


def test_rounding_of_another_version_does_not_matter(path):
    """Every pixel may be one level off."""
    noise = np.random.default_rng(1).integers(-1, 2, CARD.shape)
    nearly = np.clip(CARD.astype(int) + noise, 0, 255).astype(np.uint8)
    stored = StoredRecognizer("ink", Memory.load(path))
    assert ReadsInk().recognize(CARD) == stored.recognize(nearly)


def test_another_picture_is_refused(path):
    """Also one of the same size; in one sentence that says where to go."""
    stored = StoredRecognizer("ink", Memory.load(path))
    for other in (np.flipud(CARD), CARD[:, :200]):
        with pytest.raises(
            EngineUnavailable, match=r"No model runs in this browser, and the reading of this"
        ):
            stored.recognize(other)


def test_what_was_enlarged_is_enlarged_again(path):
    """To eight bits; for another reader or factor nothing is there."""
    memory = Memory.load(path)
    stored = StoredUpsampler("classical", "tesseract", memory)
    expected = ClassicalUpsampler().enlarge(GRAY, 2)
    assert np.abs(expected - stored.enlarge(GRAY, 2)).max() <= 0.5 / 255 + 1e-6
    assert ClassicalUpsampler().version == stored.version
    with pytest.raises(EngineUnavailable, match="the enlargement of this picture was not stored"):
        stored.enlarge(GRAY, 3)
    with pytest.raises(EngineUnavailable):
        StoredUpsampler("classical", "rapidocr", memory).enlarge(GRAY, 2)


def test_the_settings_name_the_file(path, monkeypatch):
    """From then on every engine of the process is one that remembers."""
    monkeypatch.setenv("OCR_NB_STORED", str(path))
    monkeypatch.setattr(recognizer, "_made", {})
    assert isinstance(upsampler.make_upsampler("classical", "tesseract"), StoredUpsampler)
    with pytest.raises(EngineUnavailable, match="No readings of rapidocr are stored here"):
        recognizer.make_recognizer("rapidocr")


def test_a_file_that_is_none_is_said(tmp_path):
    """With its name."""
    with pytest.raises(EngineUnavailable, match=r"cannot be read from .*gone\.json"):
        Memory.load(tmp_path / "gone.json")


def test_every_engine_of_the_process_is_recorded():
    """Makers are replaced by makers of engines that also keep."""
    memory = Memory()
    readers, methods = {"ink": ReadsInk}, {"classical": lambda reader: ClassicalUpsampler()}
    record(memory, readers, methods)
    readers["ink"]().recognize(CARD)
    methods["classical"](None).enlarge(GRAY, 2)
    assert (1, 1, ["ink"]) == (len(memory.readings), len(memory.enlarged), list(memory.readers))
