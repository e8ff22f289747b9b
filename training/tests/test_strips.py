"""What is rendered: large and small agree, words lie where their boxes say."""

import cv2
import numpy as np
import pytest
from training.fonts import font_files
from training.strips import HEIGHT, WIDTH, render_strip
from training.typesetting import FACTOR, Style, set_page

STRIPS = [render_strip(index, "train", 2026) for index in range(24)]


def test_the_same_number_renders_the_same_strip() -> None:
    """A strip is a pure function of split, seed and number."""
    again = render_strip(5, "train", 2026)

    assert np.array_equal(again.large, STRIPS[5].large)
    assert again.words == STRIPS[5].words


def test_every_strip_has_the_size_of_the_shelf() -> None:
    """The arrays on disk have one shape."""
    assert {strip.large.shape for strip in STRIPS} == {(HEIGHT * FACTOR, WIDTH * FACTOR)}


def test_words_lie_on_ink() -> None:
    """Inside a word's box there is ink; its box is inside the strip."""
    for strip in STRIPS:
        for word in strip.words:
            box = strip.large[
                int(word.top * FACTOR) : int(word.bottom * FACTOR),
                int(word.left * FACTOR) : int(word.right * FACTOR),
            ]

            assert box.max() > 100, (strip.font, word)
            assert word.right <= WIDTH
            assert word.bottom <= HEIGHT


@pytest.mark.parametrize("native", ["none", "light", "full", "lcd", "mono"])
def test_a_screen_and_its_enlargement_cover_the_same_places(native: str) -> None:
    """Shrunk again, the large picture looks like the small one, whatever the hinting."""
    font = next(font for font in font_files("train") if font.path.name == "DejaVuSans.ttf")
    style = Style(x_height_px=8.0, native=native, whole_pixels=native in ("full", "mono"))
    page = set_page(font, ["Sphinx of black quartz"] * 3, style, WIDTH, HEIGHT)
    assert page.small is not None
    shrunk = cv2.resize(page.large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    soft = [cv2.GaussianBlur(image, (0, 0), 1.0).astype(float).ravel() for image in (shrunk, page.small)]

    assert np.corrcoef(soft)[0, 1] > 0.9
