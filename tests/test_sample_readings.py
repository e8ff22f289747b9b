"""The stored readings are what the engines of this version read."""

import pytest

import ocr_nb
from ocr_nb.errors import SettingsError
from ocr_nb.sample_readings import CONDITIONS, stored_trials

AGAIN = "the stored readings are of another version: run python tools/store_readings.py"


@pytest.mark.parametrize("engine", ["rapidocr", "tesseract"])
def test_they_hold_every_sample_under_every_condition(engine):
    """Rows as `compare` gives them: images first, with truth, rates and who read."""
    trials = stored_trials(engine=engine)
    assert [(sample.path.name, name) for sample in ocr_nb.samples() for name in CONDITIONS] == [
        (trial.image, trial.condition) for trial in trials
    ]
    for trial in trials:
        assert (engine, None) == (trial.engine, trial.error)
        assert trial.ground_truth
        assert trial.cer is not None
        assert trial.engine_version


@pytest.mark.parametrize("engine", ["rapidocr", "tesseract"])
def test_they_are_what_this_version_reads(engine, needs):
    """Measured again; another processor may round a pixel differently, so a few characters may."""
    if engine == "tesseract":
        needs("tesseract")
    images = ocr_nb.samples("receipt", "label")
    stored = stored_trials(images, engine=engine)
    measured = ocr_nb.compare(images, conditions=CONDITIONS, service=ocr_nb.LocalService(engine))
    for old, new in zip(stored, measured, strict=True):
        assert (old.image_hash, old.condition, old.width) == (new.image_hash, new.condition, new.width)
        assert old.cer == pytest.approx(new.cer, abs=0.03), AGAIN


def test_what_was_not_stored_is_refused_with_what_was():
    """A typo is no empty table."""
    with pytest.raises(SettingsError, match="No reading of card by tesseract under upsampled:x2 is stored"):
        stored_trials(ocr_nb.samples("card"), "upsampled:x2")
