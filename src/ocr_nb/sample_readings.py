"""What both engines read on the samples when this version was made, for places where one cannot run.

Out: `Trial` rows, as `compare` gives them; who read, and which version of it, stands in each.
`tools/store_readings.py` measures them, and a test measures some of them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from .condition import parse_conditions
from .errors import SettingsError
from .sample_set import FOLDER, Sample, samples
from .trial import Trial

FILE = FOLDER / "readings.jsonl"
CONDITIONS = ("original", "resized:x3", "upsampled:x3")
"""The conditions that are stored."""
FORGOTTEN = ("ground_truth", "task_id")
"""Fields of a row that are not stored: the samples have the one, nobody can ask about the other."""


def stored_trials(
    images: Iterable[Sample] | None = None,
    conditions: str | Iterable[str] = CONDITIONS,
    *,
    engine: str = "tesseract",
) -> list[Trial]:
    """Return what `engine` read, as `compare(images, conditions=conditions)` would: images first.

    Args:
        images: samples; None for all of them.
        conditions: of `CONDITIONS`, written as for `compare`.
        engine: `rapidocr` or `tesseract`.

    Raises:
        SettingsError: that was not stored.
    """
    rows = _rows()
    found = []
    for sample in samples() if images is None else images:
        for condition in parse_conditions(conditions):
            row = rows.get((engine, sample.path.name, str(condition)))
            if row is None:
                raise SettingsError(
                    f"No reading of {sample.name} by {engine} under {condition} is stored: only "
                    f"{', '.join(CONDITIONS)} by rapidocr and tesseract are."
                )
            found.append(Trial(**row, ground_truth=sample.ground_truth))
    return found


@cache
def _rows() -> dict[tuple[str, str, str], dict[str, Any]]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {
        (row["engine"], row["image"], row["condition"]): row | {"warnings": tuple(row["warnings"])}
        for row in rows
    }
