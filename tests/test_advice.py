"""When enlarging is advised, by how much, and in which words."""

import gc
from dataclasses import replace

import numpy as np
import pytest

from ocr_nb import advice
from ocr_nb.advice import Advice, advise, advise_again, x_height_of
from ocr_nb.degrade import blur, shrink
from ocr_nb.errors import ImageError, SettingsError
from ocr_nb.images import from_array, load_picture, luma

TEXT = "The harbor office closes at six,\nbut the ferry runs until ten.\nPayment is due within a month."


@pytest.fixture
def print_of(draw_text):
    """Draw prose whose x-height is about `x_height` pixels."""

    def make(x_height, *, inverse=False):
        return from_array(shrink(draw_text(TEXT, size=8 * x_height, margin=64, inverse=inverse), 0.25))

    return make


@pytest.mark.parametrize(("x_height", "factor"), [(3, 4), (4.5, 4), (6, 4), (8, 2), (9, 2), (12, 1), (30, 1)])
def test_tesseract_gets_small_print_enlarged(x_height, factor, print_of):
    """Fourfold below 7 pixels, twofold below 10, and not at all from there on."""
    assert advise(print_of(x_height), "tesseract").factor == factor


def test_crisp_print_of_a_screen_is_enlarged_threefold(draw_text):
    """Drawn at its size, it is sharper than what was ever averaged down, and gains nothing from more."""
    crisp = advise(from_array(draw_text(TEXT, size=6, margin=20)), "tesseract")
    assert crisp.x_height_px is not None
    assert crisp.x_height_px < 4
    assert crisp.factor == 3


@pytest.mark.parametrize(("x_height", "factor"), [(2.9, 3), (5, 2), (6, 2), (8, 2)])
def test_blurred_print_is_enlarged_twofold_unless_it_is_tiny(x_height, factor, print_of):
    """More pixels make its strokes no firmer; the sentence says that it is blurred where that decides."""
    large = luma(print_of(12))
    soft = from_array(blur(shrink(np.vstack([large, large, large]), x_height / 12), 0.6))
    advice = advise(soft, "tesseract")
    assert advice.factor == factor
    assert ("blurred text" in advice.reason) == (x_height < 7)
    assert advise_again(advise(soft), "tesseract") == advice


@pytest.mark.parametrize(("sigma", "factor"), [(0.4, 1), (1.2, 2)])
def test_large_print_is_enlarged_where_it_is_strongly_blurred(sigma, factor, print_of):
    """Up to 13 pixels; the sentence says why."""
    advice = advise(from_array(blur(luma(print_of(11)), sigma)), "tesseract")
    assert advice.factor == factor
    assert ("blurred text" in advice.reason) == (factor == 2)


def test_text_too_small_to_be_measured_is_enlarged_for_tesseract(print_of):
    """Better a little of it than nothing; a strong reader is given it as it is."""
    large = luma(print_of(12))
    tiny = from_array(blur(shrink(np.vstack([large, large, large]), 0.17), 0.5))
    assert x_height_of(tiny) is None
    advice = advise(tiny, "tesseract")
    assert (advice.factor, advice.is_tiny) == (3, True)
    assert "too small to be measured" in advice.reason
    assert advise_again(advice, "rapidocr").factor == 1
    assert advise_again(advise(tiny), "tesseract") == advice


@pytest.mark.parametrize("deviation", [0.02, 0.15])
def test_grain_is_no_tiny_text(deviation):
    """However large the sheet."""
    grain = np.random.default_rng(3).normal(0.7, deviation, (900, 900)).clip(0, 1)
    assert advise(grain.astype(np.float32), "tesseract").factor == 1


@pytest.mark.parametrize("reader", ["rapidocr", None])
@pytest.mark.parametrize("x_height", [4, 6, 10, 20])
def test_a_strong_reader_gets_clean_text_as_it_is(reader, x_height, print_of):
    """It enlarges lines by itself."""
    assert advise(print_of(x_height), reader).factor == 1


def test_the_reason_is_a_sentence_with_the_size_the_reader_and_the_factor(print_of):
    """What a user is told."""
    advice = advise(print_of(6), "tesseract")
    assert advice.reason == (
        f"x-height {advice.x_height_px:.1f} px: Tesseract reads text of this size better "
        f"enlarged ×{advice.factor}."
    )
    assert advise(print_of(20), "tesseract").reason.endswith(
        "px: large enough for Tesseract; enlarging it gains nothing."
    )
    assert "RapidOCR" in advise(print_of(6), "rapidocr").reason


def test_light_text_on_dark_is_advised_alike(print_of):
    """Polarity is no reason."""
    assert advise(print_of(6, inverse=True), "tesseract").factor == advise(print_of(6), "tesseract").factor


@pytest.mark.parametrize("reader", ["tesseract", "rapidocr", None])
def test_a_picture_without_text_is_left_as_it_is(reader):
    """No size, no advice to enlarge."""
    assert advise(np.full((50, 50), 200, np.uint8), reader) == Advice(
        1,
        "No text was found whose size could be measured, so the picture is left as it is.",
        None,
        None,
        reader,
    )


@pytest.mark.parametrize(("height", "factor"), [(7, 3), (12, 3), (20, 2), (30, 1)])
def test_a_low_picture_of_unmeasurable_text_is_enlarged_for_tesseract(height, factor, monkeypatch):
    """Text on a picture seven pixels high is small, whether or not its size could be measured."""
    monkeypatch.setattr("ocr_nb.advice.measure_x_height", lambda gray: None)
    strip = np.full((height, 40), 230, np.uint8)
    strip[2:-2, 4:-4:3] = 60

    advice = advise(strip, "tesseract")
    assert advice.factor == factor
    assert (f"none larger than {height / 2:.0f} px" in advice.reason) == (factor > 1)
    assert advise_again(advise(strip, "rapidocr"), "tesseract") == advice
    assert advise(strip, "rapidocr").factor == 1


def test_measures_travel_with_the_advice(print_of):
    """The report shows them."""
    advice = advise(print_of(8), "tesseract")
    assert advice.x_height_px == pytest.approx(8, rel=0.15)
    assert 0.5 < advice.sharpness <= 1.0
    assert advice.reader == "tesseract"


def test_any_image_is_taken_and_a_bad_one_refused(tmp_path, print_of):
    """A path, bytes, an array; the error is that of reading."""
    picture = print_of(6)
    path = picture.save(tmp_path / "small.png")
    assert advise(path, "tesseract") == advise(picture.png, "tesseract") == advise(picture, "tesseract")
    with pytest.raises(ImageError, match="There is no file"):
        advise(tmp_path / "missing.png")


def test_an_unknown_reader_is_refused_with_a_suggestion(print_of):
    """A misspelled one is named."""
    with pytest.raises(SettingsError, match=r"There is no reader 'teseract': did you mean 'tesseract'\?"):
        advise(print_of(6), "teseract")


def test_a_picture_is_measured_once_as_long_as_it_is_kept(draw_text, monkeypatch):
    """A study asks about one image under each condition; another picture at the same place is another."""
    counted = []

    def measure_x_height(gray):
        counted.append(gray.shape)
        return 9.0

    monkeypatch.setattr(advice, "measure_x_height", measure_x_height)
    picture = load_picture(draw_text("two words"))
    renamed = replace(picture, name="other")
    told = {advise(picture, "tesseract").x_height_px, advise(renamed).x_height_px, x_height_of(picture)}
    assert {9.0} == told
    assert 1 == len(counted)
    kept = len(advice._measured)
    del picture, renamed
    gc.collect()
    assert len(advice._measured) == kept - 2
