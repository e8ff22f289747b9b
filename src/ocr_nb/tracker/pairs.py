"""Each trial beside the baseline's trial of the same image: one row a pair, for lists to look through.

In: a store. Out: a plain DataFrame, the regressions first, and the rows of it that a filter leaves. Texts are
not read, so that thousands of rows take a moment. Knows no statistics.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SettingsError
from ..store import TrialStore
from ..summary import Reader
from .frames import read_frame

Pairs: TypeAlias = pd.DataFrame

OUTCOMES = ("hurt", "helped", "same", "failed", "no ground truth", "not compared")
"""More character errors than under the baseline; fewer; as many; an error instead of a reading, under either;
nothing to count against; and a baseline alone, or a trial without one."""
SORTS = ("outcome", "image", "condition", "x_height_px", "cer_before", "cer_after", "change")
"""Columns to sort by; `outcome` is the regressions first, then failures, large changes before small ones."""

_NEEDED = (
    "pair", "image", "image_hash", "variant", "group", "condition", "engine", "engine_version", "service",
    "settings", "cer", "wer", "confidence", "seconds", "x_height_px", "error",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(("hurt", "failed", "helped", "same"))}


def pair_trials(store: TrialStore, before: str) -> Pairs:
    """Return one row for each trial that is not the baseline's, and for baselines that stand alone.

    Columns: `image`, `variant`, `group`, `condition`, `reader`, `outcome`, `cer_before`, `cer_after`,
    `change` (fractions; negative is better), `wer_before`, `wer_after`, `confidence_before`,
    `confidence_after`, `seconds_before`, `seconds_after`, `x_height_px` (of the image as given), `error`,
    `image_hash`, `key`.
    """
    rows = read_frame(store, _NEEDED)
    readers = {
        key: str(Reader(*(None if pd.isna(part) else str(part) for part in key)))
        for key in {*zip(rows["engine"], rows["engine_version"], rows["service"], strict=True)}
    }
    columns = zip(rows["engine"], rows["engine_version"], rows["service"], strict=True)
    rows["reader"] = pd.array([readers[key] for key in columns], dtype="string")
    rows["condition"] = rows["condition"].astype("string")
    is_first = (rows["condition"] == before).to_numpy(dtype=bool)
    both = ["pair", "reader"]
    measured = ["cer", "wer", "confidence", "seconds", "error"]
    first = rows[is_first].drop_duplicates(both)[both + measured]
    second = rows[~is_first]
    joined = second.merge(first, on=both, how="left", suffixes=("_after", "_before"), indicator="met")
    met = pd.MultiIndex.from_frame(second[both])
    alone = rows[is_first][~pd.MultiIndex.from_frame(rows[is_first][both]).isin(met)]
    lonely = alone.rename(columns={name: f"{name}_before" for name in measured}).assign(met="left_only")
    joined = pd.concat([joined, lonely], ignore_index=True) if len(lonely) else joined
    return _presentable(joined)


def _presentable(joined: Pairs) -> Pairs:
    joined["change"] = _less(joined["cer_after"], joined["cer_before"])
    joined["error"] = joined["error_after"].fillna(joined["error_before"])
    joined["outcome"] = pd.array(_outcomes(joined), dtype="string")
    joined["key"] = joined["pair"] + "\t" + joined["condition"] + "\t" + joined["reader"]
    names = [
        "image", "variant", "group", "condition", "reader", "outcome", "cer_before", "cer_after", "change",
        "wer_before", "wer_after", "confidence_before", "confidence_after", "seconds_before", "seconds_after",
        "x_height_px", "error", "image_hash", "key",
    ]  # fmt: skip
    return sort_pairs(joined[names])


def _less(after: pd.Series, before: pd.Series) -> npt.NDArray[np.float64]:
    """Subtract, with nothing changed between two infinite rates."""
    one, other = before.to_numpy(dtype=np.float64), after.to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(one) & np.isinf(other), 0.0, other - one)


def _outcomes(joined: Pairs) -> list[str]:
    is_met = (joined["met"].astype("string") == "both").to_numpy(dtype=bool)
    has_failed = joined["error"].notna().to_numpy(dtype=bool)
    return [
        "failed" if failed else "not compared" if not met else _outcome(float(change))
        for met, failed, change in zip(is_met, has_failed, joined["change"], strict=True)
    ]


def _outcome(change: float) -> str:
    if math.isnan(change):
        return "no ground truth"
    return "same" if change == 0.0 else "helped" if change < 0.0 else "hurt"


def filter_pairs(
    pairs: Pairs, *, condition: str = "", reader: str = "", outcome: str = "",
    x_height: tuple[float | None, float | None] = (None, None), search: str = "",
) -> Pairs:  # fmt: skip
    """Return the rows that fit all of these; what is empty lets everything through.

    Args:
        pairs: as `pair_trials` gives them.
        condition: its name.
        reader: who read, as written in the column.
        outcome: one of `OUTCOMES`.
        x_height: from and to, pixels, both included; an image without a known x-height fits no range.
        search: part of the image's, variant's or document's name, upper and lower case alike.
    """
    fits = np.ones(len(pairs), dtype=bool)
    for name, wanted in (("condition", condition), ("reader", reader), ("outcome", outcome)):
        if wanted:
            fits &= (pairs[name] == wanted).to_numpy(dtype=bool, na_value=False)
    heights = pairs["x_height_px"].to_numpy(dtype=np.float64)
    low, high = x_height
    if low is not None:
        fits &= heights >= low
    if high is not None:
        fits &= heights <= high
    if search.strip():
        wanted = search.strip().lower()
        names = zip(*(pairs[name].fillna("") for name in ("image", "variant", "group")), strict=True)
        fits &= np.array([any(wanted in str(one).lower() for one in each) for each in names], dtype=bool)
    return pairs[fits]


def sort_pairs(pairs: Pairs, by: str = "outcome", *, descending: bool = False) -> Pairs:
    """Return the rows in order; what is unknown stands last either way, and ties keep the images' order.

    Raises:
        SettingsError: there is no such order.
    """
    if by not in SORTS:
        raise SettingsError(f"Rows cannot be sorted by {by!r}: choose from {', '.join(SORTS)}.")
    if by == "outcome":
        ranks = pairs["outcome"].map(lambda name: _RANK.get(str(name), len(_RANK))).to_numpy(dtype=np.int64)
        size = -np.abs(pairs["change"].to_numpy(dtype=np.float64))
        order = np.lexsort((np.arange(len(pairs)), size, -ranks if descending else ranks))
        return pairs.iloc[order].reset_index(drop=True)
    return pairs.sort_values(by, ascending=not descending, kind="stable", na_position="last").reset_index(
        drop=True
    )
