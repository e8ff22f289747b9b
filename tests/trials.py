"""Trials for tests: rates that follow from their texts."""

from __future__ import annotations

from typing import Any

from ocr_nb.metrics import measure_accuracy
from ocr_nb.trial import Trial


def trial(
    image: str, condition: str, text: str | None, truth: str | None = "abcdefghij", **more: Any
) -> Trial:
    """Make a trial whose rates are those of its texts."""
    accuracy = measure_accuracy(truth, text) if truth is not None and text is not None else None
    rates = {"cer": accuracy.cer, "wer": accuracy.wer} if accuracy else {}
    known = {"engine": "rapidocr", "engine_version": "3.10", "service": "local", "seconds": 1.0, "calls": 2}
    return Trial(
        **{**known, **rates, **more}, image=image, condition=condition, text=text, ground_truth=truth,
        normalization="standard" if truth is not None else None,
    )  # fmt: skip
