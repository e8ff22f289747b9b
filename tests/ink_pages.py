"""Pages of black blobs, requests about them, and a local service that reads ink: for tests of services."""

import numpy as np
import pytest

from doubles import ReadsInk, RepeatsPixels
from ocr_nb.images import encode_png
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import OcrRequest, RecognitionSettings, ResultKind


def page_png(*blobs, size=(120, 80)):
    """Draw black `(left, top, width, height)` blobs on a white page."""
    page = np.full((size[1], size[0]), 255, np.uint8)
    for left, top, width, height in blobs:
        page[top : top + height, left : left + width] = 0
    return encode_png(page)


PAGE = page_png((10, 10, 12, 9), (40, 10, 20, 9), (10, 40, 8, 9), (40, 40, 30, 9))
"""Reads `w12h9 w20h9` and `w8h9 w30h9`."""


def make(recognizer=None, **options):
    """Make a service on the ink reader."""
    return LocalService(recognizer=recognizer or ReadsInk(), upsampler=RepeatsPixels(), **options)


def wanted(operation, data=PAGE, *, factor=None, **settings):
    """Ask for `operation`, without filters unless asked for."""
    plain = {"skew_correction": False, "binarization": False, **settings}
    return OcrRequest(operation, data, RecognitionSettings(**plain), "ink.png", factor)


async def finish(service, task_id):
    """Wait for the final report."""
    for _ in range(200):
        report = await service.fetch(task_id)
        if report.status.is_final:
            return report
        await service.wait_until_final(task_id, 0.1)
    pytest.fail("The task did not end within 20 s.")


async def answer(operation, data=PAGE, *, recognizer=None, **options):
    """Do one request on a service of its own."""
    service = make(recognizer)
    report = await finish(service, await service.submit(wanted(operation, data, **options)))
    await service.aclose()
    return report


def texts(report):
    """Return the text results."""
    return [item.data.decode() for item in report.results if item.kind is ResultKind.TEXT]
