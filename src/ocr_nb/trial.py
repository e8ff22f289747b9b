"""One image measured under one condition: the row that the report, `--json` and the tracker share."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Trial:
    """One row. Unknown is None; infinite rates (an empty truth, something read) become None in JSON."""

    image: str
    """Name of the image."""
    image_hash: str | None = None
    """SHA-256 of the file's bytes as given, hexadecimal."""
    group: str | None = None
    """The document: the unit of resampling."""
    variant: str | None = None
    """How the image was spoilt; None when it was not."""
    condition: str = "original"
    engine: str | None = None
    engine_version: str | None = None
    service: str | None = None
    settings: dict[str, Any] | None = None
    """Recognition settings that differ from the defaults; `upsampler` names what enlarged, if any, and
    `advice` is the edition of what chose the factor."""
    ground_truth: str | None = None
    text: str | None = None
    """The recognized text."""
    normalization: str | None = None
    """Name of the profile under which `cer` and `wer` were counted."""
    cer: float | None = None
    wer: float | None = None
    confidence: float | None = None
    """0 to 1."""
    seconds: float | None = None
    """Submit to result, all steps of the condition."""
    calls: int | None = None
    """POST, GET and DELETE requests, counted alike by the local service."""
    width: int | None = None
    """Of the image that was recognized, pixels."""
    height: int | None = None
    factor: float | None = None
    """`width` ÷ the width of the image as given."""
    x_height_px: float | None = None
    """Of the image as given."""
    task_id: str | None = None
    """Of the recognition."""
    error: str | None = None
    """One sentence; everything that could not be known is then None."""
    time: str | None = None
    """When it was measured: ISO 8601, UTC."""
    warnings: tuple[str, ...] = ()
    """What was not as asked, one sentence each."""
    word_boxes: tuple[tuple[float, ...], ...] = ()
    """Where each word stands on the image that was recognized (see `word_places.WordBox`)."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; NaN and infinity become None."""
        return {key: _plain(value) for key, value in dataclasses.asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
