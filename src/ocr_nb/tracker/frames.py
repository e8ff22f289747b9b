"""Trials as rows of a plain DataFrame, and back.

One column a field of `Trial`, then the edit counts. Names are strings, conditions and readers categories,
counts nullable integers, rates and durations floats (NaN unknown, infinity kept), `time` UTC; `settings`,
`warnings` and `word_boxes` are JSON text, so that every column can be grouped and written anywhere. Knows no
statistics.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SettingsError
from ..metrics import measure_accuracy
from ..store import COUNT_COLUMNS, TrialStore
from ..trial import Trial

FIELDS = tuple(field.name for field in dataclasses.fields(Trial))
FRAME_COLUMNS = (*FIELDS, *COUNT_COLUMNS)
_FLOATS = frozenset({"cer", "wer", "confidence", "seconds", "factor", "x_height_px"})
_INTEGERS = frozenset({"calls", "width", "height", *COUNT_COLUMNS})
_CATEGORIES = frozenset({"condition", "engine", "engine_version", "service", "normalization"})


def read_frame(
    store: TrialStore, names: Sequence[str] = FRAME_COLUMNS, conditions: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return these columns of the stored trials, of these conditions (None: of all), in order."""
    rows = store.columns(names, conditions)
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pd.DataFrame(
        {name: _typed(name, list(values)) for name, values in zip(names, columns, strict=True)}
    )


def latest(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the last trial of each pair, condition and reader, in order.

    There are several where the same image was enlarged again by another upsampler (see `pair_key`).
    """
    return frame[~frame.duplicated(["pair", "condition", "engine", "engine_version", "service"], keep="last")]


def _typed(name: str, values: list[Any]) -> Any:
    if name in _FLOATS:
        return np.array(values, dtype=np.float64)
    if name in _INTEGERS:
        return pd.array(values, dtype="Int64")
    if name in _CATEGORIES:
        return pd.Categorical(values, categories=list(dict.fromkeys(v for v in values if v is not None)))
    if name == "time":
        return pd.to_datetime(pd.Series(values, dtype="object"), utc=True, errors="coerce", format="ISO8601")
    return pd.array(values, dtype="string")


def read_trials(frame: pd.DataFrame) -> Iterator[Trial]:
    """Yield a trial a row; columns that are no fields of `Trial` are left out.

    Raises:
        SettingsError: there is no column `image`, or a value is not what its field takes.
    """
    if "image" not in frame.columns:
        raise SettingsError("The table has no column image: name the column of image names so.")
    names = [name for name in FIELDS if name in frame.columns]
    for row in frame[names].itertuples(index=False, name=None):
        yield make_trial(dict(zip(names, row, strict=True)))


def make_trial(record: Mapping[str, Any]) -> Trial:
    """Make a trial of one record of any table or file; rates are counted anew where both texts are known.

    Raises:
        SettingsError: the record names no image, or a value is not what its field takes.
    """
    known = {name: _plain(record[name]) for name in FIELDS if name in record}
    if not known.get("image"):
        raise SettingsError("A row names no image: give every row a value in the column image.")
    try:
        values = {name: _value(name, value) for name, value in known.items() if value is not None}
    except (TypeError, ValueError) as error:
        raise SettingsError(f"The row of {known['image']} cannot be read ({error}): correct it.") from error
    trial = Trial(**values)
    if trial.error is not None or trial.ground_truth is None or trial.text is None:
        return trial
    accuracy = measure_accuracy(trial.ground_truth, trial.text, trial.normalization or "standard")
    return dataclasses.replace(
        trial, cer=accuracy.cer, wer=accuracy.wer, normalization=accuracy.normalization
    )


def _plain(value: Any) -> Any:
    """Return None for every spelling of “unknown” that tables have."""
    if isinstance(value, dict | list | tuple | np.ndarray):
        return value
    return None if pd.isna(value) else value


def _value(name: str, value: Any) -> Any:
    if name in _FLOATS:
        return float(value)
    if name in _INTEGERS:
        return int(float(value))
    if name == "settings":
        return dict(json.loads(value)) if isinstance(value, str) else dict(value)
    if name == "warnings":
        return tuple(str(one) for one in (json.loads(value) if isinstance(value, str) else value))
    if name == "word_boxes":
        return tuple(map(tuple, json.loads(value) if isinstance(value, str) else value))
    if name == "time" and isinstance(value, pd.Timestamp):
        return value.isoformat()
    return str(value)
