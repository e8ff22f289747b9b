"""What `ShrinkExplorer` tells its views: what can be chosen, points, readings with their errors marked.

In: a `Bench` and what it read. Out: dicts for messages, and the pieces of a picture's bytes. Changes nothing.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from typing import Any

from ..advice import READERS
from ..alignment import SpanKind, align
from ..condition import Condition
from ..metrics import measure_accuracy
from ..report.figures import palette
from ..sample_set import sharp_samples
from ..shrinking import DAMAGES, Bench, Reading, Spot, advice_border
from ..trial import Trial
from ..verdict import is_advice, label

PIECE = 1 << 20
"""Bytes a message."""
ENGINE_NAMES = {"rapidocr": "RapidOCR", "tesseract": "Tesseract"}
_KINDS = {
    SpanKind.EQUAL: "right", SpanKind.SUBSTITUTED: "wrong", SpanKind.INSERTED: "extra",
    SpanKind.DELETED: "missing",
}  # fmt: skip


def describe_setup(bench: Bench, *, page: str, has_own: bool, has_engines: bool) -> dict[str, Any]:
    """Return what can be chosen, and what is known of the page."""
    names = [str(one) for one in bench.conditions]
    tones = palette(names)
    pages = [{"name": one.name, "about": one.about} for one in sharp_samples()]
    if has_own:
        about = bench.source.name if page == "yours" else "Your picture"
        pages.insert(0, {"name": "yours", "about": about})
    return {
        "page": page,
        "pages": pages,
        "engines": _engines() if has_engines else [],
        "damages": [{"name": name, "about": one.meaning} for name, one in DAMAGES.items()],
        "conditions": [
            {"name": name, "label": label(name), "tone": tones[name].removeprefix("c-")} for name in names
        ],
        "x_heights": list(bench.x_heights),
        "source": {
            "name": bench.source.name, "width": bench.source.width, "height": bench.source.height,
            "x_height": round(bench.x_height_px, 2), "truth_is_read": bench.is_truth_read,
        },
    }  # fmt: skip


def _engines() -> list[dict[str, Any]]:
    """Return the engines that are installed here, with where their advice changes."""
    installed = [
        name for name in READERS if name != "tesseract" or importlib.util.find_spec("tesserocr") is not None
    ]
    return [{"name": name, "label": ENGINE_NAMES[name], "border": advice_border(name)} for name in installed]


def describe_point(spot: Spot, trial: Trial) -> dict[str, Any]:
    """Return one point of a curve."""
    return {
        "spot": [spot.x_height, spot.damage, spot.engine], "condition": trial.condition,
        "cer": None if trial.cer is None or math.isinf(trial.cer) else trial.cer,
    }  # fmt: skip


def describe_reading(condition: Condition, reading: Reading) -> dict[str, Any]:
    """Return a reading with its errors marked: `spans` of kind, truth and what was read."""
    trial = reading.trial
    truth, text = trial.ground_truth or "", trial.text or ""
    profile = trial.normalization or "standard"
    counts = measure_accuracy(truth, text, profile).character_counts
    return {
        "condition": str(condition),
        "cer": None if trial.cer is None or math.isinf(trial.cer) else trial.cer,
        "edits": counts.edits,
        "length": counts.truth_length,
        "spans": [[_KINDS[span.kind], span.truth, span.read] for span in align(truth, text, profile)],
        "error": trial.error or "",
        "inside": condition.makes_upsampling,
        "left": next((one for one in trial.warnings if is_advice(one)), ""),
        "width": trial.width,
        "height": trial.height,
        "seconds": trial.seconds,
    }


def pieces(data: bytes) -> Iterator[tuple[dict[str, int], memoryview]]:
    """Cut a picture's bytes for messages: where each piece belongs, and the piece."""
    whole = memoryview(data)
    for offset in range(0, len(data), PIECE):
        yield {"offset": offset, "total": len(data)}, whole[offset : offset + PIECE]
