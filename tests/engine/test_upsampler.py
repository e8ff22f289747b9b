"""Enlarging: sizes, colors, alpha and paper kept; no halos; the same pixels whatever the tiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.degrade import add_noise, blur, lower_contrast, shrink
from ocr_nb.engine.classical import ClassicalUpsampler
from ocr_nb.engine.tiles import FACTORS, enlarge_in_tiles
from ocr_nb.engine.upsampler import UPSAMPLERS, make_upsampler, upsample_picture
from ocr_nb.errors import ImageError, SettingsError
from ocr_nb.filters import resize
from ocr_nb.images import from_array, luma
from ocr_nb.ink import measure_text_contrast
from ocr_nb.xheight import measure_x_height

TEXT = "The harbor office closes at six,\nbut the ferry runs until ten."


@pytest.fixture
def print_(draw_text):
    """Small print, x-height about 5 pixels, `(H, W)` gray."""
    return shrink(draw_text(TEXT, size=40, margin=40), 0.25)


class RepeatsPixels:
    """Enlarges by repetition: what it was given can be read off the result."""

    name = "repeats"
    version = "1"

    def __init__(self):
        self.given = []

    def enlarge(self, gray, factor):
        """Repeat every pixel."""
        self.given.append(gray)
        return np.repeat(np.repeat(gray, factor, axis=0), factor, axis=1)


def colored(gray, ink, paper):
    """Print gray text in an ink on a paper, `(H, W, C)` uint8."""
    ink, paper = np.array(ink, float), np.array(paper, float)
    return (paper * gray[:, :, None] + ink * (1 - gray[:, :, None])).round().astype(np.uint8)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_factor_gives_the_size_and_the_channels(factor, channels, print_):
    """Twice to four times, gray, color or transparent; the name stays."""
    pixels = np.repeat((print_ * 255).astype(np.uint8)[:, :, None], channels, axis=2)
    result = upsample_picture(from_array(pixels, name="bill.png"), factor)
    height, width = print_.shape
    assert result.picture.pixels.shape == (height * factor, width * factor, channels)
    assert result.picture.name == "bill.png"
    np.testing.assert_allclose(result.back(np.array([[factor * 3.0, factor * 7.0]])), [[3.0, 7.0]])


@pytest.mark.parametrize("factor", FACTORS)
@given(tile=st.integers(16, 90), threads=st.integers(1, 4), seed=st.integers(0, 3))
def test_pixels_do_not_depend_on_tiles_or_threads(factor, tile, threads, seed):
    """Bit for bit, even before rounding."""
    gray = np.random.default_rng(seed).random((75, 101)).astype(np.float32)
    whole = ClassicalUpsampler(tile=1000, threads=1).enlarge(gray, factor)
    parts = ClassicalUpsampler(tile=tile, threads=threads).enlarge(gray, factor)
    np.testing.assert_array_equal(parts, whole)


@given(
    height=st.integers(3, 40),
    width=st.integers(3, 40),
    seed=st.integers(0, 5),
    factor=st.sampled_from(FACTORS),
)
def test_no_pixel_leaves_the_range_of_the_pixels_around_it(height, width, seed, factor):
    """So nothing rings; what contrast adds comes before."""
    gray = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    large = ClassicalUpsampler(contrast=0.0).enlarge(gray, factor)
    assert large.dtype == np.float32
    padded = np.pad(gray, 1, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).reshape(height, width, 9)
    low = np.kron(around.min(axis=2), np.ones((factor, factor)))
    high = np.kron(around.max(axis=2), np.ones((factor, factor)))
    assert (large >= low).all()
    assert (large <= high).all()


@pytest.mark.parametrize("factor", FACTORS)
def test_there_is_no_halo_around_letters(factor, print_):
    """On gray paper nothing becomes lighter than the paper, on dark paper nothing darker."""
    on_gray = lower_contrast(print_, 0.9) * np.float32(0.8)
    for gray, is_beyond in ((on_gray, np.max), (np.float32(1.0) - on_gray, np.min)):
        picture = from_array(gray)
        large = upsample_picture(picture, factor).picture.pixels
        assert abs(int(is_beyond(large)) - int(is_beyond(picture.pixels))) <= 2


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("inverse", [False, True])
def test_paper_stays_within_two_gray_levels(factor, inverse, print_):
    """Where there is no ink nearby, nothing happens, on light paper as on dark."""
    faint = lower_contrast(print_, 0.8) * np.float32(0.93)
    gray = np.float32(1.0) - faint if inverse else faint
    paper = np.kron(blur(print_, 2.0), np.ones((factor, factor))) > 0.999
    picture = from_array(gray)
    large = upsample_picture(picture, factor).picture.pixels[:, :, 0].astype(int)
    level = int(picture.pixels[0, 0, 0])
    assert paper.mean() > 0.2
    assert np.abs(large[paper] - level).max() <= 2


@pytest.mark.parametrize("factor", FACTORS)
def test_light_text_on_dark_is_the_mirror_image_of_dark_on_light(factor, print_):
    """Both polarities read alike."""
    eight = (print_ * 255).round().astype(np.uint8)
    dark = upsample_picture(from_array(eight), factor).picture.pixels.astype(int)
    light = upsample_picture(from_array(255 - eight), factor).picture.pixels.astype(int)
    assert np.abs(255 - light - dark).max() <= 1


def test_an_upsampler_is_always_given_dark_text_on_light_paper(print_):
    """A learned one need not know both."""
    spy = RepeatsPixels()
    result = upsample_picture(from_array(np.float32(1.0) - print_), 2, spy)
    assert np.median(spy.given[0]) > 0.9
    assert np.median(luma(result.picture)) < 0.1


def test_text_has_more_contrast_than_bicubic_gives_it(print_):
    """Local contrast is what the classical one adds; the x-height grows by the factor and no more."""
    spoiled = from_array(add_noise(blur(print_, 0.7), 0.01, seed=1))
    ours, plain = luma(upsample_picture(spoiled, 3).picture), luma(resize(spoiled, 3.0).picture)
    assert measure_text_contrast(ours) > 1.02 * measure_text_contrast(plain)
    assert measure_x_height(ours) == pytest.approx(3 * measure_x_height(luma(spoiled)), rel=0.08)


def test_noise_on_paper_is_hardly_amplified():
    """Grain of 1 % comes out at most a tenth stronger than from bicubic interpolation."""
    grain = from_array(add_noise(np.full((60, 60), 0.8, np.float32), 0.01, seed=2))
    ours, plain = luma(upsample_picture(grain, 3).picture), luma(resize(grain, 3.0).picture)
    assert ours.std() < 1.1 * plain.std()


def test_colors_are_kept(print_):
    """Blue ink on cream paper: paper and the middle of strokes keep their color."""
    pixels = colored(np.repeat(np.repeat(print_, 3, 0), 3, 1), (20, 40, 160), (250, 244, 220))
    large = upsample_picture(from_array(pixels), 2).picture.pixels
    ours = np.median(large.reshape(-1, 3), axis=0)
    np.testing.assert_allclose(ours, [250, 244, 220], atol=2)
    darkest = large.reshape(-1, 3)[large.reshape(-1, 3).sum(axis=1).argsort()[:50]].mean(axis=0)
    np.testing.assert_allclose(darkest, [20, 40, 160], atol=16)  # darker, but the same blue


def test_colors_are_joined_without_seams(print_, monkeypatch):
    """Bands of any height give the same picture."""
    picture = from_array(colored(print_, (160, 20, 40), (220, 244, 250)))
    whole = upsample_picture(picture, 3).picture.pixels.astype(int)
    monkeypatch.setattr("ocr_nb.engine.upsampler._BAND", 7)
    assert np.abs(upsample_picture(picture, 3).picture.pixels - whole).max() <= 1


def test_gray_in_three_channels_stays_gray(print_):
    """No color fringes."""
    pixels = np.repeat((print_ * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    large = upsample_picture(from_array(pixels), 3).picture.pixels.astype(int)
    assert np.ptp(large, axis=2).max() == 0
    alone = upsample_picture(from_array(pixels[:, :, :1]), 3).picture.pixels
    assert np.abs(large[:, :, :1] - alone).max() <= 1


def test_black_text_drawn_in_alpha_stays_black_and_its_paper_transparent(print_):
    """All the shape is in the alpha channel, as in many logos."""
    pixels = np.zeros((*print_.shape, 4), np.uint8)
    pixels[:, :, 3] = ((1 - print_) * 255).astype(np.uint8)
    large = upsample_picture(from_array(pixels), 2).picture.pixels
    assert large[:, :, 3].max() > 200
    assert (large[:, :, 3] == 0).mean() > 0.3
    assert large[:, :, :3][large[:, :, 3] > 16].max() <= 4


@pytest.mark.parametrize("alpha", [255, 128])
def test_even_alpha_stays_as_it_is(alpha, print_):
    """Opaque stays opaque."""
    pixels = np.repeat((print_ * 255).astype(np.uint8)[:, :, None], 4, axis=2)
    pixels[:, :, 3] = alpha
    large = upsample_picture(from_array(pixels), 2).picture.pixels
    assert (large[:, :, 3] == alpha).all()
    opaque = upsample_picture(from_array(pixels[:, :, :3]), 2).picture.pixels.astype(int)
    assert np.abs(large[:, :, :3] - opaque).max() <= 2


@given(height=st.integers(3, 30), width=st.integers(3, 30), channels=st.sampled_from([1, 3, 4]))
def test_the_smallest_pictures_can_be_enlarged(height, width, channels):
    """Three pixels a side are enough."""
    pixels = np.random.default_rng(height).integers(0, 256, (height, width, channels), np.uint8)
    assert upsample_picture(from_array(pixels), 4).picture.pixels.shape == (height * 4, width * 4, channels)


def test_tiles_see_their_surroundings():
    """Each part is given the margin around it, mirrored at the border, and only its middle is kept."""
    gray = np.arange(40 * 50, dtype=np.float32).reshape(40, 50) / 2000
    spy = RepeatsPixels()
    large = enlarge_in_tiles(gray, 2, spy.enlarge, tile=16, margin=5)
    assert {(26, 26), (26, 12), (18, 26), (18, 12)} == {part.shape for part in spy.given}
    np.testing.assert_array_equal(large, np.repeat(np.repeat(gray, 2, 0), 2, 1))
    np.testing.assert_array_equal(spy.given[0][5:, 5:], gray[:21, :21])
    np.testing.assert_array_equal(spy.given[0][:5, 5:], gray[4::-1, :21])


@pytest.mark.parametrize("factor", [0, 1, 5, 2.5])
def test_other_factors_are_refused(factor):
    """The message says which there are."""
    with pytest.raises(SettingsError, match=f"An upsampling factor is 2, 3 or 4, not {factor}"):
        upsample_picture(from_array(np.ones((20, 20), np.float32)), factor)


def test_a_picture_that_would_become_too_large_is_refused():
    """Before a single pixel is made."""
    with pytest.raises(ImageError, match=r"wide\.png would become 20000×12000 pixels"):
        upsample_picture(from_array(np.full((3000, 5000), 255, np.uint8), name="wide.png"), 4)


def test_upsamplers_are_made_by_name_and_a_wrong_name_is_refused():
    """The classical one is always there."""
    assert "classical" in UPSAMPLERS
    assert make_upsampler("classical").name == "classical"
    with pytest.raises(SettingsError, match="There is no upsampling method 'clasical': did you mean"):
        make_upsampler("clasical")


@pytest.mark.parametrize(
    ("option", "value"), [("tile", 8), ("softness", 0.5), ("softness", 9), ("deblur", -1)]
)
def test_parameters_out_of_range_are_refused(option, value):
    """All ranges are in the message."""
    with pytest.raises(
        ValueError, match=r"tile is at least 16, softness 1 to 1\.5, deblur and contrast not negative"
    ):
        ClassicalUpsampler(**{option: value})
