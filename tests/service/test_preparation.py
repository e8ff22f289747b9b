"""Filters before recognition: in the documented order, with places led back through all of them."""

import numpy as np
import pytest

from doubles import RepeatsPixels
from ocr_nb import filters
from ocr_nb.advice import Advice
from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.images import from_array
from ocr_nb.service import preparation
from ocr_nb.service.preparation import boxes_back, crop, lines_back, prepare, run_steps
from ocr_nb.service.protocol import Operation, RecognitionSettings

ALL = RecognitionSettings(
    skew_correction=True, binarization=True, contrast_correction=True, upsampling=True, rotate=90
)


@pytest.fixture
def order(monkeypatch):
    """Note the names of the filters in the order in which they are applied; all do nothing."""
    applied = []

    def noting(name):
        def step(picture, *_):
            applied.append(name)
            return filters.Filtered(picture, filters.identity_map)

        return step

    for name in ("contrast_correction", "binarization", "skew_correction"):
        monkeypatch.setitem(preparation._FILTERS, name, noting(name))
    monkeypatch.setattr(preparation, "upsample_picture", noting("upsampling"))
    monkeypatch.setattr(filters, "rotate", noting("rotate"))
    monkeypatch.setattr(preparation, "advise", lambda *_, reader: Advice(2, "small.", 5.0, 0.5, reader))
    return applied


def white(width=60, height=40):
    """Return a white picture."""
    return from_array(np.full((height, width), 255, np.uint8))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Operation.RECOGNIZE_IMAGE, "rotate contrast_correction binarization skew_correction upsampling"),
        (Operation.RECOGNIZE_TRIAL, "rotate contrast_correction binarization skew_correction upsampling"),
        (Operation.RECOGNIZE_TABLE, "rotate contrast_correction binarization skew_correction upsampling"),
        (Operation.RECOGNIZE_LABEL, "rotate contrast_correction binarization skew_correction upsampling"),
        (Operation.RECOGNIZE_RECEIPT, "rotate contrast_correction binarization upsampling skew_correction"),
        (Operation.RECOGNIZE_INVOICE, "rotate contrast_correction binarization upsampling skew_correction"),
    ],
)
def test_filters_come_in_the_documented_order(order, operation, expected):
    """Upsampling is last, but for receipts and invoices, where levelling is."""
    prepare(white(), operation, ALL, upsampler=RepeatsPixels(), reader=None)

    assert order == expected.split()


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Operation.RECOGNIZE_IMAGE, ["skew_correction"]),
        (Operation.RECOGNIZE_LABEL, []),
        (Operation.RECOGNIZE_RECEIPT, ["binarization", "skew_correction"]),
        (Operation.RECOGNIZE_TABLE, ["binarization", "skew_correction"]),
    ],
)
def test_what_is_not_set_is_the_resources_default(order, operation, expected):
    """Each resource of the service has its own."""
    prepare(white(), operation, RecognitionSettings(), upsampler=RepeatsPixels(), reader=None)

    assert order == expected


def test_what_is_switched_off_stays_off(order):
    """False is not the same as not set."""
    off = RecognitionSettings(skew_correction=False, binarization=False)
    prepare(white(), Operation.RECOGNIZE_RECEIPT, off, upsampler=RepeatsPixels(), reader=None)

    assert order == []


def test_places_are_led_back_through_all_steps():
    """A box found after a crop, a quarter turn and an enlargement is the original's."""
    steps = [
        lambda given: crop(given, (10, 20, 50, 40)),
        lambda given: filters.rotate(given, 90),
        lambda given: filters.resize(given, 2.0),
    ]
    page = np.full((60, 80), 255, np.uint8)
    page[25:29, 12:22] = 0
    done = run_steps(from_array(page), steps)
    rows, columns = np.nonzero(done.picture.pixels[:, :, 0] < 128)
    found = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)

    (box,) = boxes_back([found], done.back, 80, 60)
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((12, 25, 22, 29), abs=0.3)


def test_lines_keep_text_and_confidence_on_the_way_back():
    """Only boxes change; they are cut at the original's border."""
    word = Word("a", Box(0, 0, 200, 20), 0.5)
    (line,) = lines_back([Line("a", Box(0, 0, 200, 20), 0.4, (word,))], filters.scale_map(2, 2), 80, 60)

    assert line == Line("a", Box(0, 0, 80, 10), 0.4, (Word("a", Box(0, 0, 80, 10), 0.5),))


def test_no_boxes_lead_back_to_none():
    """An empty page is no special case for those who ask."""
    assert boxes_back([], filters.identity_map, 10, 10) == []
