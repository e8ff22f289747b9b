"""Filters and the ways back from their coordinates, on drawn text spoiled by a known amount."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.degrade import add_noise, blur, curve, curve_shift, lower_contrast, shrink, skew, uneven_light
from ocr_nb.errors import ImageError
from ocr_nb.filters import (
    Filtered,
    binarize,
    compose,
    contrast,
    deskew,
    dewarp,
    identity_map,
    resize,
    rotate,
)
from ocr_nb.images import from_array, load_picture, luma
from ocr_nb.ink import is_inverse, measure_ink
from ocr_nb.line_shape import measure_curvature, measure_skew

PROSE = """The harbor office closes at six, but the ferry runs until ten.
Payment is due within 30 days of the invoice date shown above.
She kept the letters in a tin box under the third floor board.
Store below 25 degrees; do not freeze. Best before end of 2031.
Nobody had told him that the bridge was closed for the winter.
Turn the dial clockwise until the mark lines up with the arrow.
Items 12 to 18 are exempt; items 19, 20 and 23 are taxed more.
Warm air rises, cools, and drops its rain on western slopes."""


@pytest.fixture
def page(draw_text):
    """Eight lines of prose, x-height about 8 pixels, `(H, W)` gray."""
    return shrink(draw_text(PROSE + "\n" + PROSE, size=48, margin=120), 0.333)


def of(gray, name="page.png"):
    """Make a picture of a gray image."""
    return from_array(gray, name=name)


FILTERS = {
    "binarize": binarize,
    "contrast": contrast,
    "deskew": deskew,
    "dewarp": dewarp,
    "rotate": lambda picture: rotate(picture, 30),
    "quarter turn": lambda picture: rotate(picture, 90),
    "shrink": lambda picture: resize(picture, 0.5),
    "enlarge": lambda picture: resize(picture, 1.7),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_filter_keeps_the_name_and_gives_a_png_of_its_pixels(name, channels, page):
    """Any filter's output is valid input of any other, as a picture and as a file."""
    pixels = np.repeat((page[:200, :300] * 255).astype(np.uint8)[:, :, None], channels, axis=2)
    filtered = FILTERS[name](from_array(pixels, name="bill.png"))
    assert isinstance(filtered, Filtered)
    assert filtered.picture.name == "bill.png"
    read_again = load_picture(filtered.picture.source)
    np.testing.assert_array_equal(read_again.pixels, filtered.picture.pixels)
    assert filtered.picture.pixels.shape[2] == (1 if name == "binarize" else channels)


@pytest.mark.parametrize("name", FILTERS)
@given(
    height=st.integers(3, 40),
    width=st.integers(3, 40),
    level=st.sampled_from([0, 90, 255]),
    seed=st.integers(0, 3),
)
def test_every_filter_takes_any_small_picture(name, height, width, level, seed):
    """Flat or noisy, three pixels or forty: pixels come out, and the way back is finite."""
    pixels = np.full((height, width, 1), level, np.uint8)
    if seed:
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 1), np.uint8)
    filtered = FILTERS[name](from_array(pixels))
    corners = np.array([[0.0, 0.0], [filtered.picture.width, filtered.picture.height]])
    assert np.isfinite(filtered.back(corners)).all()
    assert filtered.picture.pixels.dtype == np.uint8


# --- coordinates ---


def spot(gray):
    """Center of the dark spot in a gray picture, `[[x, y]]` from the top-left corner."""
    weight = 1.0 - gray
    rows, columns = np.mgrid[: gray.shape[0], : gray.shape[1]] + 0.5
    return np.array([[(columns * weight).sum(), (rows * weight).sum()]]) / weight.sum()


@pytest.mark.parametrize("degrees", [90, 180, 270, -90, 360, 450, 17.5, -140, 45])
@pytest.mark.parametrize("place", [(8, 10), (30, 44)])
def test_a_spot_is_found_again_through_the_way_back_of_a_rotation(degrees, place):
    """Whatever the angle, nothing is cut off."""
    gray = np.ones((50, 70), np.float32)
    gray[place[0] : place[0] + 4, place[1] : place[1] + 4] = 0.0
    turned = rotate(of(gray), degrees)
    found = turned.back(spot(luma(turned.picture)))
    np.testing.assert_allclose(found, spot(gray), atol=0.06)


def test_rotation_is_clockwise():
    """A quarter turn brings the top-left pixel to the top right."""
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    turned = rotate(from_array(pixels), 90).picture.pixels[:, :, 0]
    np.testing.assert_array_equal(turned, np.rot90(pixels[:, :, 0], -1))


def test_new_corners_of_a_rotation_are_white_whatever_the_paper():
    """The canvas grows around a black picture."""
    turned = rotate(of(np.zeros((60, 60), np.float32)), 45).picture
    assert (turned.width, turned.height) == (85, 85)
    assert turned.pixels[0, 0, 0] == 255
    assert turned.pixels[42, 42, 0] == 0


@pytest.mark.parametrize("scale", [0.3, 0.5, 1.0, 1.5, 3.0])
def test_a_spot_is_found_again_through_the_way_back_of_a_resize(scale):
    """Pixel areas stay aligned: no half-pixel drift."""
    gray = np.ones((60, 90), np.float32)
    gray[24:36, 48:66] = 0.0
    resized = resize(of(gray), scale)
    assert (resized.picture.width, resized.picture.height) == (round(90 * scale), round(60 * scale))
    np.testing.assert_allclose(resized.back(spot(luma(resized.picture))), spot(gray), atol=0.1)


def test_ways_back_are_joined_in_the_order_of_the_steps():
    """Rotate, then enlarge: the joined way undoes the enlarging first."""
    gray = np.ones((40, 64), np.float32)
    gray[10:14, 50:54] = 0.0
    first = rotate(of(gray), 90)
    second = resize(first.picture, 3.0)
    back = compose(first.back, second.back)
    np.testing.assert_allclose(back(spot(luma(second.picture))), spot(gray), atol=0.05)
    points = np.array([[3.0, 4.0]])
    assert compose()(points) is identity_map(points)


def test_colors_of_unseen_pixels_do_not_bleed_into_an_enlarged_picture():
    """Red under full transparency stays unseen beside opaque blue."""
    pixels = np.zeros((12, 12, 4), np.uint8)
    pixels[:, :6] = (255, 0, 0, 0)
    pixels[:, 6:] = (0, 0, 255, 255)
    large = resize(from_array(pixels), 4.0).picture.pixels
    seen = large[:, :, 3] > 8
    assert large[:, :, 0][seen].max() <= 2
    assert large[:, :, 2][seen].min() >= 250


def test_a_result_beyond_the_limit_is_refused_before_it_is_made():
    """A million times the size is a typing error."""
    with pytest.raises(ImageError, match=r"page\.png would become 300000×200000 pixels: choose a scale"):
        resize(of(np.ones((200, 300), np.float32)), 1000.0)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_must_be_positive(scale):
    """Zero pixels are no picture."""
    with pytest.raises(ValueError, match="scale is a positive number"):
        resize(of(np.ones((20, 20), np.float32)), scale)


# --- skew ---


@pytest.mark.parametrize("degrees", [-15.0, -9.3, -2.0, -0.6, 0.0, 0.4, 1.5, 6.7, 12.2, 15.0])
def test_skew_is_measured_within_three_tenths_of_a_degree(degrees, page):
    """Over the whole range that the filter promises."""
    assert measure_skew(skew(page, degrees)) == pytest.approx(degrees, abs=0.3)


@pytest.mark.parametrize("degrees", [-13.0, 5.0])
def test_a_noisy_faint_unevenly_lit_page_is_measured_as_well(degrees, page):
    """Bad light turns no page."""
    spoiled = uneven_light(lower_contrast(blur(skew(page, degrees), 0.8), 0.5), 0.5, seed=3)
    assert measure_skew(add_noise(spoiled, 0.03, seed=1)) == pytest.approx(degrees, abs=0.3)


@pytest.mark.parametrize("degrees", [-11.0, -1.0, 7.5])
@pytest.mark.parametrize("inverse", [False, True])
def test_deskewing_levels_the_lines_on_the_same_canvas(degrees, inverse, page):
    """What is left is below three tenths of a degree; the corners take the paper's color."""
    gray = skew(page, degrees)
    gray = np.float32(1.0) - gray if inverse else gray
    level = deskew(of(gray)).picture
    assert level.pixels.shape[:2] == gray.shape
    assert abs(measure_skew(luma(level))) <= 0.3
    assert level.pixels[2, 2, 0] == (0 if inverse else 255)


def test_the_way_back_of_deskewing_turns_points_about_the_center(page):
    """The center stays; a point to its right comes from lower down on a page turned clockwise."""
    gray = skew(page, 10.0)
    back = deskew(of(gray)).back
    center = np.array([gray.shape[1] / 2, gray.shape[0] / 2])
    found = back(center + np.array([[0.0, 0.0], [100.0, 0.0]])) - center
    np.testing.assert_allclose(found[0], [0.0, 0.0], atol=1e-9)
    expected = 100 * np.array([np.cos(np.radians(10.0)), np.sin(np.radians(10.0))])
    np.testing.assert_allclose(found[1], expected, atol=0.6)


def test_a_level_page_and_an_empty_one_come_back_untouched(page):
    """Resampling costs sharpness, so it is not done for nothing."""
    for gray in (page, np.full((80, 90), 0.7, np.float32)):
        np.testing.assert_array_equal(deskew(of(gray)).picture.pixels, of(gray).pixels)


# --- curvature ---


@pytest.mark.parametrize("amplitude", [12.0, -20.0, 35.0, -50.0])
def test_dewarping_removes_at_least_seven_tenths_of_a_known_curvature(amplitude, page):
    """Through the way back: straight lines on the output lie on the known arcs of the input."""
    bent = add_noise(curve(page, amplitude), 0.01, seed=1)
    back = dewarp(of(bent)).back
    height, width = bent.shape
    columns = np.linspace(0.06 * width, 0.94 * width, 45)
    arc = curve_shift(columns, width, amplitude)
    for row in np.linspace(0.2, 0.8, 7) * height:
        found = back(np.stack([columns, np.full_like(columns, row)], axis=1))
        np.testing.assert_allclose(found[:, 0], columns)
        left_over = (found[:, 1] - row) - arc
        assert np.ptp(left_over) <= 0.3 * np.ptp(arc)


def test_dewarped_lines_are_as_sharp_in_their_row_sums_as_straight_ones(page):
    """The picture itself is straight, not only the map."""

    def sharpness(gray):
        return float(np.square(np.diff(measure_ink(gray).sum(axis=1))).sum())

    bent = curve(page, 24.0)
    straightened = luma(dewarp(of(bent)).picture)
    assert straightened.shape == bent.shape
    assert sharpness(bent) < 0.2 * sharpness(page)
    assert sharpness(straightened) > 0.75 * sharpness(page)


def test_a_straight_page_is_left_alone(page):
    """No curvature, no field, not one pixel changed."""
    noisy = add_noise(page, 0.02, seed=4)
    assert measure_curvature(noisy) is None
    np.testing.assert_array_equal(dewarp(of(noisy)).picture.pixels, of(noisy).pixels)


def test_dewarping_works_part_by_part_without_seams(page, monkeypatch):
    """Parts of any size give the same picture."""
    bent = of(curve(page, 20.0))
    whole = dewarp(bent).picture.pixels
    monkeypatch.setattr("ocr_nb.filters._PART", 67)
    np.testing.assert_array_equal(dewarp(bent).picture.pixels, whole)


# --- black and white ---


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.75])
def test_binarizing_finds_the_ink_in_any_light(strength, inverse, page):
    """Against the clean page cut at half: an F-measure of 0.85, with a quarter of the light left."""
    ink = page < 0.5
    gray = uneven_light(lower_contrast(page, 0.7), strength, seed=1)
    gray = np.float32(1.0) - gray if inverse else gray
    result = binarize(of(gray)).picture
    assert result.pixels.shape == (*page.shape, 1)
    assert set(np.unique(result.pixels)) == {0, 255}
    found = result.pixels[:, :, 0] == (255 if inverse else 0)
    assert 2 * (found & ink).sum() / (found.sum() + ink.sum()) >= 0.85


def test_faint_noisy_print_survives_binarizing_and_its_grain_does_not(page):
    """A quarter of the contrast and 1.5 % noise: the letters stay, specks are rarer than 1 in 1,000."""
    gray = add_noise(lower_contrast(page, 0.3), 0.015, seed=2)
    found = binarize(of(gray)).picture.pixels[:, :, 0] == 0
    ink = page < 0.5
    assert (found & ink).sum() >= 0.9 * ink.sum()
    assert (found & (page > 0.95)).sum() < 0.001 * found.size


def test_a_dark_banner_keeps_its_light_letters(draw_text):
    """Light on dark above, dark on light below, on one page."""
    body = draw_text(PROSE, size=18, margin=12)
    banner = 1.0 - draw_text("Harbor office and ferry", size=24, margin=12)
    wide = np.zeros((banner.shape[0], body.shape[1]), np.float32)
    wide[:, : banner.shape[1]] = banner
    page = np.vstack([wide, body]).astype(np.float32)
    black = binarize(of(page)).picture.pixels[:, :, 0] == 0
    top, bottom = black[: wide.shape[0], : banner.shape[1]], black[wide.shape[0] + 20 :]
    assert 0.7 < top.mean() < 0.98
    assert 0.03 < bottom.mean() < 0.3


@pytest.mark.parametrize("level", [1.0, 0.6, 0.4])
def test_an_empty_page_becomes_one_tone(level):
    """No ink is invented from grain."""
    grain = add_noise(np.full((70, 90), level, np.float32), 0.01, seed=1)
    tones = binarize(of(grain)).picture.pixels
    assert np.unique(tones).size == 1
    assert tones[0, 0, 0] == 255 or level < 0.5


# --- contrast ---


@pytest.mark.parametrize("inverse", [False, True])
def test_contrast_brings_ink_near_black_and_paper_near_white(inverse, page):
    """Faint print on gray paper."""
    faint = lower_contrast(page, 0.5) * np.float32(0.9)
    gray = np.float32(1.0) - faint if inverse else faint
    assert is_inverse(gray) == inverse
    stretched = luma(contrast(of(gray)).picture)
    assert np.percentile(stretched, 1) < 0.02
    assert np.percentile(stretched, 99) > 0.98


def test_a_few_faint_words_on_a_large_page_are_enough(page):
    """Ink counts although it is less than one pixel in a hundred."""
    sparse = np.full((900, 900), 0.9, np.float32)
    words = page[60:100, 60:260]
    sparse[400:440, 300:500] = lower_contrast(words, 0.4) * np.float32(0.9)
    stretched = luma(contrast(of(sparse)).picture)
    assert stretched.min() < 0.05
    assert np.median(stretched) > 0.95


def test_contrast_never_stretches_an_empty_page_into_noise():
    """Grain grows fourfold at most."""
    grain = add_noise(np.full((80, 80), 0.6, np.float32), 0.01, seed=1)
    assert luma(contrast(of(grain)).picture).std() < 0.045


def test_contrast_keeps_hues_gray_gray_and_alpha():
    """One line for all colors."""
    pixels = np.random.default_rng(1).integers(90, 160, (40, 50, 4), np.uint8)
    pixels[:20, :, 0] = pixels[:20, :, 1] = pixels[:20, :, 2]
    result = contrast(from_array(pixels)).picture.pixels
    np.testing.assert_array_equal(result[:, :, 3], pixels[:, :, 3])
    assert (np.ptp(result[:20, :, :3].astype(int), axis=2) == 0).all()
