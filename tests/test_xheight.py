"""Text measured on drawn pages whose x-height is known from the typeface's own x."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_nb.degrade import add_noise, blur, lower_contrast, shrink, skew, uneven_light
from ocr_nb.ink import is_inverse, measure_ink, measure_text_contrast
from ocr_nb.xheight import CAPITAL_TO_X, measure_sharpness, measure_x_height

PROSE = (
    "The harbor office closes at six, but\nthe ferry still runs until ten.\n"
    "Payment is due within thirty days of\nthe date that is shown above."
)


def x_height_of(size):
    """Height in pixels of the x of Pillow's own typeface."""
    _, top, _, bottom = ImageFont.load_default(size * 16).getbbox("x")
    return (bottom - top) / 16


@pytest.fixture
def page(draw_text):
    """Draw `text` at four times the size and shrink it, so that fractions of a pixel exist."""

    def make(text=PROSE, *, size=16, inverse=False):
        return shrink(draw_text(text, size=size * 4, margin=48, inverse=inverse), 0.25)

    return make


@pytest.mark.parametrize("size", [8, 10, 12, 16, 24, 40, 72])
def test_x_height_of_prose_is_measured_within_a_tenth(page, size):
    """From 4 to 38 pixels."""
    assert measure_x_height(page(size=size)) == pytest.approx(x_height_of(size), rel=0.1)


@pytest.mark.parametrize("size", [10, 16, 40])
def test_light_text_on_dark_measures_the_same(page, size):
    """Polarity is no property of a size."""
    dark, light = page(size=size), page(size=size, inverse=True)
    assert measure_x_height(light) == pytest.approx(measure_x_height(dark), rel=0.02)


def test_one_word_on_a_tight_strip_is_enough(page):
    """A cut-out line is measured like a page."""
    assert measure_x_height(page("Payment")) == pytest.approx(x_height_of(16), rel=0.12)


@pytest.mark.parametrize("text", ["TOTAL AMOUNT DUE\nINVOICE AND TERMS", "4410 0592 1284\n2059 7946 3320"])
def test_capitals_and_digits_count_seven_tenths_of_their_height(page, text):
    """Their lowercase x is not there to be measured."""
    _, top, _, bottom = ImageFont.load_default(20 * 16).getbbox("H")
    assert measure_x_height(page(text, size=20)) == pytest.approx(CAPITAL_TO_X * (bottom - top) / 16, rel=0.1)


def test_blur_noise_faint_print_and_shade_hardly_change_the_x_height(page):
    """A scan of a bad copy still tells its size."""
    spoiled = uneven_light(lower_contrast(blur(page(size=20), 0.7), 0.5), 0.4, seed=2)
    measured = measure_x_height(add_noise(spoiled, 0.02, seed=3))
    assert measured == pytest.approx(x_height_of(20), rel=0.15)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_empty_page_has_no_x_height_no_sharpness_and_no_contrast(level):
    """Nothing to measure is None, not a number."""
    empty = np.full((60, 90), level, np.float32)
    assert (None, None, 0.0) == (
        measure_x_height(empty),
        measure_sharpness(empty),
        measure_text_contrast(empty),
    )


def test_grain_on_an_empty_page_is_no_text():
    """Paper noise of 2 % has no x-height."""
    empty = add_noise(np.full((120, 160), 0.8, np.float32), 0.02, seed=5)
    assert measure_x_height(empty) is None


def test_every_blur_lowers_the_sharpness(page):
    """More blur, less steep edges."""
    measured = [measure_sharpness(blur(page(size=24), sigma)) for sigma in (0.0, 0.5, 1.0, 2.0)]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > 0.7
    assert measured[-1] < 0.45


@pytest.mark.parametrize("contrast", [1.0, 0.6, 0.25])
@pytest.mark.parametrize("inverse", [False, True])
def test_text_contrast_is_the_difference_of_ink_and_paper(page, contrast, inverse):
    """Large clean text keeps nearly all of the contrast it was printed with, whichever way round."""
    gray = lower_contrast(page(size=60), contrast)
    measured = measure_text_contrast(1.0 - gray if inverse else gray)
    assert measured == pytest.approx(contrast, rel=0.05)


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_polarity_is_that_of_the_text_however_little_there_is(page, inverse, noise):
    """Two words on a large page decide."""
    sparse = np.ones((400, 500), np.float32)
    words = page("Two words", size=20)
    sparse[30 : 30 + words.shape[0], 40 : 40 + words.shape[1]] = words
    sparse = add_noise(sparse * np.float32(0.8), noise, seed=1)
    assert is_inverse(np.float32(1.0) - sparse if inverse else sparse) == inverse


def test_ink_is_marked_on_both_halves_of_a_page_that_turns_dark(page):
    """A dark banner with light letters holds ink as the page below it does."""
    light = page(size=24)
    both = np.vstack([1.0 - light, light]).astype(np.float32)
    ink = measure_ink(both) > 0
    middle = light.shape[0]
    top, bottom = ink[: middle - 20].mean(), ink[middle + 20 :].mean()
    assert top == pytest.approx(bottom, rel=0.35)
    assert 0.02 < bottom < 0.3


@pytest.mark.parametrize("degrees", [-8.0, 3.0])
def test_skew_hardly_changes_the_x_height(page, degrees):
    """Each word is measured along its own line."""
    assert measure_x_height(skew(page(size=16), degrees)) == pytest.approx(x_height_of(16), rel=0.15)


def test_a_stroke_near_the_border_is_no_word_without_ink():
    """Closing fills the gap between both; what is filled has nothing to be measured, and nobody is warned."""
    page = np.ones((120, 200), np.float32)
    for number in range(8):
        page[30:50, 10 + 17 * number : 22 + 17 * number] = 0
    alone = measure_x_height(page)
    page[90:93, -6] = 0
    assert alone == measure_x_height(page)


def test_frames_and_rules_are_not_letters(page):
    """A box around the text and a line below the heading change nothing."""
    framed = page(size=16)
    framed[3:5, 3:-3] = framed[-5:-3, 3:-3] = 0.2
    framed[3:-3, 3:5] = framed[3:-3, -5:-3] = 0.2
    assert measure_x_height(framed) == pytest.approx(x_height_of(16), rel=0.1)


def test_a_bar_code_is_not_text(page):
    """Bars three times as tall as the letters stand below them."""
    text = page(size=16)
    bars = np.ones((44, text.shape[1]), np.float32)
    for left in range(12, text.shape[1] - 12, 7):
        bars[2:42, left : left + 2 + left % 3] = 0.1
    assert measure_x_height(np.vstack([text, bars])) == pytest.approx(x_height_of(16), rel=0.1)


SOLID = (
    "gently jumping quarrels of yachts", "the lofty big puppy lay gypped by folk",
    "jet black pigs flying high by the body", "kept typing lightly by the jetty",
    "fifty glyphs hold a deeply joyful style",
)  # fmt: skip
"""Nearly every word reaches up and down, so that lines set close run into each other."""


@pytest.mark.parametrize("x_height", [4, 6, 7, 8])
def test_lines_that_touch_are_not_one_large_line(x_height):
    """Each baseline one em below the other: small text on which whole blocks of words hang together."""
    font = ImageFont.load_default(64)
    _, top, _, bottom = font.getbbox("x")
    sheet = Image.new("L", (1300, 64 * len(SOLID) + 60), 255)
    for number, line in enumerate(SOLID):
        ImageDraw.Draw(sheet).text((30, 10 + 64 * number), line, font=font, fill=0)
    small = shrink(np.asarray(sheet, dtype=np.float32) / np.float32(255.0), x_height / (bottom - top))
    assert measure_x_height(small) == pytest.approx(x_height, rel=0.1)


def test_rows_of_dashes_are_not_the_text(page):
    """Tills part their lists by them; they are thin, long and many."""
    text = page("CASH 20.00\nQTY 8\nTOTAL 7.50", size=32)
    row = np.ones((14, text.shape[1]), np.float32)
    for left in range(6, text.shape[1] - 14, 16):
        row[5:9, left : left + 11] = 0.1
    sheet = np.vstack([row, row, text, row, row, row])
    assert measure_x_height(sheet) == pytest.approx(measure_x_height(text), rel=0.05)


def test_a_broken_slanted_rule_is_not_a_word(page):
    """As thick as half a letter, with holes, and lower at its right end."""
    text = page(size=24)
    width = text.shape[1]
    rule = np.ones((26, width), np.float32)
    for column in range(4, width - 4):
        top = 6 + 8 * column // width
        rule[top : top + 6, column] = 0.2 if column % 9 else 0.9
    sheet = np.vstack([rule, text, rule, rule])
    assert measure_x_height(sheet) == pytest.approx(x_height_of(24), rel=0.1)


def test_a_bold_heading_is_not_most_of_the_text(page):
    """It has more ink than the lines below it, and fewer letters."""
    heading, text = page("Mono bold", size=56), page(size=12)
    width = max(heading.shape[1], text.shape[1])
    sheet = np.vstack(
        [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=1) for part in (heading, text)]
    )
    assert measure_x_height(sheet) == pytest.approx(x_height_of(12), rel=0.15)


def test_a_black_edge_does_not_hide_faint_print(page):
    """Otsu's threshold alone would lie between it and everything else."""
    sheet = lower_contrast(page(size=20), 0.15)
    sheet[:2, :] = 0.0
    assert measure_x_height(sheet) == pytest.approx(x_height_of(20), rel=0.15)


def test_soft_noisy_print_set_close_is_measured(page):
    """Enlarged threefold, its ink covers more than half of the paper: no measure of the paper's grain."""
    lines = "gently jumping quarrels of yachts\nthe lofty big puppy lay gypped\njet black pigs fly high"
    small = add_noise(blur(page(lines, size=10), 0.6), 5 / 255, seed=3)[9:-9, 9:-9]
    size = (3 * small.shape[1], 3 * small.shape[0])
    large = np.clip(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), 0, 1)
    assert measure_x_height(large) == pytest.approx(3 * x_height_of(10), rel=0.15)
