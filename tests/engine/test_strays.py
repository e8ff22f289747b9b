"""Lone characters beside found text, drawn as bars of ink on paper."""

import numpy as np
import pytest

from ocr_nb.engine.recognizer import make_recognizer
from ocr_nb.engine.strays import find_strays

ROWS = [
    np.array([[100, y], [300, y], [300, y + 24], [100, y + 24]], np.float32) for y in (20, 60, 100, 140, 180)
]


@pytest.fixture
def page():
    """Paper with five boxes of striped ink, letters 14 px tall in boxes of 24 px."""
    pixels = np.full((230, 420, 3), 245, np.uint8)
    for box in ROWS:
        top = int(box[0, 1]) + 5
        for left in range(104, 296, 8):
            pixels[top : top + 14, left : left + 3] = 20
    return pixels


def draw(pixels, left, top, width, height):
    pixels[top : top + height, left : left + width] = 20


def middle_of(box):
    return tuple(box.mean(axis=0).round().tolist())


def test_a_lone_character_on_a_row_is_put_forward(page):
    """Its box is as high as the row's and stands around it."""
    draw(page, 40, 65, 4, 14)

    (box,) = find_strays(page, ROWS)

    assert middle_of(box) == (42, 72)
    assert box[3, 1] - box[0, 1] == pytest.approx(24)
    assert box[0, 0] < 40
    assert box[1, 0] > 44


def test_light_characters_on_dark_paper_are_found_too(page):
    """Inverse pages are treated alike."""
    draw(page, 40, 65, 4, 14)

    (box,) = find_strays(255 - page, ROWS)

    assert middle_of(box) == (42, 72)


@pytest.mark.parametrize(
    "ink",
    [(40, 88, 4, 14), (20, 65, 60, 3), (40, 71, 2, 2), (40, 20, 4, 160), (302, 65, 4, 14)],
    ids=["between the rows", "a rule", "a speck", "a border", "part of a word"],
)
def test_what_is_no_character_is_left_alone(page, ink):
    """Ink between rows, rules, specks, borders, and ends of words that stick out of their box."""
    draw(page, *ink)

    assert find_strays(page, ROWS) == []


def test_characters_side_by_side_are_left_to_the_detector(page):
    """What stands close together is a word or a picture."""
    draw(page, 40, 65, 4, 14)
    draw(page, 49, 65, 4, 14)

    assert find_strays(page, ROWS) == []


def test_a_page_full_of_ornament_has_no_lone_characters(page):
    """More of them than half the boxes are not believed."""
    for left in (20, 50, 330, 360, 390):
        draw(page, left, 65, 4, 14)

    assert find_strays(page, ROWS) == []


def test_a_page_without_boxes_has_none(page):
    """Without text there is no row to stand on."""
    assert find_strays(page, []) == []


def test_slanted_rows_carry_their_characters():
    """The row is followed along its slant, and the box is slanted likewise."""
    import cv2

    page = np.full((300, 500, 3), 245, np.uint8)
    box = cv2.boxPoints(((300, 150), (200, 24), 12))[[1, 2, 3, 0]]
    along = (box[1] - box[0]) / 200
    cv2.fillPoly(page, [(box * 0.5 + box.mean(axis=0) * 0.5).astype(np.int32)], (20, 20, 20))
    x, y = np.array([300, 150]) - 180 * along
    draw(page, round(x) - 2, round(y) - 7, 4, 14)

    (found,) = find_strays(page, [box])

    assert found.mean(axis=0) == pytest.approx([x, y], abs=1.5)
    assert (found[1] - found[0])[1] > 0


def test_a_column_of_single_digits_is_read(draw_text):
    """Quantities stand alone in their column; each comes out on its row."""
    names = ["Vegetables", "Fish ball", "Sea salt", "Apple juice", "Brown rice"]
    page = np.full((170, 330, 3), 255, np.uint8)
    for row, name in enumerate(names):
        for left, text in ((10, str(row + 1)), (60, name), (260, f"{row}.50")):
            part = (draw_text(text, size=16, margin=2) * 255).astype(np.uint8)[:, :, None]
            top = 12 + 30 * row + (20 - part.shape[0]) // 2
            page[top : top + part.shape[0], left : left + part.shape[1]] = part

    lines = make_recognizer("rapidocr").recognize(page)

    assert [line.text for line in lines] == [f"{k + 1} {name} {k}.50" for k, name in enumerate(names)]
