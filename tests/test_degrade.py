"""Spoiled on purpose: every value stays in range, every seed repeats, every kind of image is taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.degrade import (
    add_noise,
    blur,
    compress,
    curve,
    curve_shift,
    lower_contrast,
    shrink,
    skew,
    uneven_light,
)
from ocr_nb.images import from_array

WAYS = {
    "shrink": lambda image: shrink(image, 0.4),
    "blur": lambda image: blur(image, 1.3),
    "add_noise": lambda image: add_noise(image, 0.3, seed=1),
    "compress": lambda image: compress(image, 30),
    "lower_contrast": lambda image: lower_contrast(image, 0.4),
    "uneven_light": lambda image: uneven_light(image, 0.8, seed=1),
    "skew": lambda image: skew(image, 7.0),
    "curve": lambda image: curve(image, 9.0),
}


def scene(height=40, width=60, seed=0):
    """A gray image of blocks and grain, `(H, W)` float32 in [0, 1]."""
    gray = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    gray[height // 4 : height // 2, width // 4 : width // 2] = 0.0
    return gray


@pytest.mark.parametrize("way", WAYS)
@given(
    height=st.integers(3, 50),
    width=st.integers(3, 50),
    seed=st.integers(0, 9),
    pale=st.sampled_from([1.0, 0.1]),
)
def test_gray_stays_gray_in_range_and_repeats(way, height, width, seed, pale):
    """Float32 in [0, 1], and the same pixels the second time."""
    gray = scene(height, width, seed) * np.float32(pale)
    given_ = gray.copy()
    once, twice = WAYS[way](gray), WAYS[way](gray)
    assert once.dtype == np.float32
    assert once.ndim == 2
    assert once.min() >= 0.0
    assert once.max() <= 1.0
    np.testing.assert_array_equal(once, twice)
    np.testing.assert_array_equal(gray, given_)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_comes_back_as_a_picture_with_its_name(way, channels):
    """Gray stays gray, color stays color, transparent parts lie on white."""
    pixels = np.random.default_rng(3).integers(0, 256, (30, 44, channels), np.uint8)
    spoiled = WAYS[way](from_array(pixels, name="till.png"))
    assert (spoiled.name, spoiled.pixels.shape[2]) == ("till.png", 1 if channels == 1 else 3)
    assert spoiled.source.startswith(b"\x89PNG")
    assert spoiled.pixels.shape[:2] == ((12, 18) if way == "shrink" else (30, 44))


def test_shrinking_averages_the_pixels_that_disappear():
    """Two by two become one."""
    gray = np.array([[0.0, 1.0, 0.2, 0.2], [1.0, 0.0, 0.2, 0.6]], np.float32)
    np.testing.assert_allclose(shrink(gray, 0.5), [[0.5, 0.3]], atol=1e-6)


def test_fainter_print_keeps_white_and_lifts_black():
    """Half the contrast turns black into mid-gray."""
    np.testing.assert_allclose(lower_contrast(np.array([[0.0, 1.0]], np.float32), 0.5), [[0.5, 1.0]])


def test_noise_has_the_deviation_that_was_asked_for_and_another_seed_is_other_noise():
    """On mid-gray nothing is clipped."""
    flat = np.full((200, 200), 0.5, np.float32)
    first, second = add_noise(flat, 0.05, seed=1), add_noise(flat, 0.05, seed=2)
    assert first.std() == pytest.approx(0.05, rel=0.05)
    assert not np.array_equal(first, second)


def test_noise_on_color_is_gray():
    """The same grain falls on all three colors."""
    noisy = add_noise(from_array(np.full((20, 20, 3), 128, np.uint8)), 0.05, seed=1).pixels.astype(int)
    assert np.ptp(noisy[:, :, 0]) > 10
    assert (np.ptp(noisy, axis=2) == 0).all()


def test_a_lower_quality_is_further_from_the_original():
    """JPEG at 10 loses more than at 90."""
    gray = scene()
    losses = [np.abs(compress(gray, quality) - gray).mean() for quality in (90, 50, 10)]
    assert losses == sorted(losses)


def test_compression_keeps_colors_in_their_order():
    """Red stays red."""
    red = np.zeros((32, 32, 3), np.uint8)
    red[:, :, 0] = 200
    middle = compress(from_array(red), 95).pixels[16, 16].astype(int)
    assert np.abs(middle - [200, 0, 0]).max() <= 6


def test_uneven_light_is_full_on_one_side_and_dim_on_the_other():
    """White paper shows the light itself."""
    light = uneven_light(np.ones((50, 70), np.float32), 0.6, seed=4)
    assert (light.min(), light.max()) == pytest.approx((0.4, 1.0), abs=0.01)


def test_skew_is_clockwise():
    """What lay at three o'clock lies lower."""
    gray = np.ones((41, 81), np.float32)
    gray[20, 60:70] = 0.0
    rows, _ = np.nonzero(skew(gray, 10.0) < 0.5)
    assert rows.mean() == pytest.approx(20 + 25 * np.sin(np.radians(10.0)), abs=0.7)


@pytest.mark.parametrize("amplitude", [12.0, -7.5])
def test_a_curve_moves_columns_by_what_curve_shift_says(amplitude):
    """A level line becomes the arc; between middle and edges lies the amplitude."""
    gray = np.ones((80, 121), np.float32)
    gray[38:43] = 0.0
    bent = 1.0 - curve(gray, amplitude)
    centers = (bent * np.arange(80)[:, None]).sum(axis=0) / bent.sum(axis=0)
    expected = 40 + curve_shift(np.arange(121) + 0.5, 121, amplitude)
    np.testing.assert_allclose(centers, expected, atol=0.15)
    edge, middle = curve_shift(np.array([0.0, 60.5]), 121, amplitude)
    assert middle - edge == pytest.approx(amplitude)
    assert curve_shift(np.linspace(0, 121, 5001), 121, amplitude).mean() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda gray: shrink(gray, 0.0), "scale is above 0 and at most 1, not 0.0."),
        (lambda gray: shrink(gray, 1.5), "scale is above 0 and at most 1, not 1.5."),
        (lambda gray: blur(gray, -1.0), "sigma is at least 0, not -1.0."),
        (lambda gray: compress(gray, 101), "quality is at least 1 and at most 100, not 101."),
        (lambda gray: add_noise(gray, float("nan"), seed=1), "deviation is at least 0, not nan."),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(spoil, message):
    """The message names the argument, its range and the value."""
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is compared
        spoil(scene())
    assert str(refusal.value) == message
