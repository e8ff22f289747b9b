"""Tables over all conditions: rates, breakdowns, costs, bags of words, proxies.

In: a store. Out: plain DataFrames, one row a reader and condition (and bin). Rates are fractions; what cannot
be known is NaN. Tables of stored counts read no text; bags of words and proxies read them all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..alignment import normalize, words
from ..metrics import agreement
from ..statistics import bootstrap_ratio
from ..store import COUNT_COLUMNS, TrialStore
from ..summary import pair_key, reader_of
from .comparison import Numbers, one_profile, sum_by, total_rate
from .frames import latest, read_frame

X_HEIGHT_EDGES = (0.0, 5.0, 7.0, 9.0, 11.0, 13.0, 16.0, 20.0, 26.0, math.inf)
"""Edges of the x-height bins, pixels: narrow where Tesseract begins to fail (below 12), wide elsewhere."""
_READER = ["engine", "engine_version", "service"]
_KEYS = [*_READER, "condition"]
_BAND_REPETITIONS = 2_000


def summarize_conditions(store: TrialStore) -> pd.DataFrame:
    """Return per reader and condition: images, failed, micro and macro CER and WER, means, sums.

    Raises:
        SettingsError: the trials were counted under different normalizations.
    """
    measured = ("normalization", "confidence", "seconds", "calls", "error")
    frame = latest(read_frame(store, ("pair", *_KEYS, *measured, *COUNT_COLUMNS)))
    one_profile(frame[frame["character_hits"].notna()])
    rows = [_condition_row(keys, rows) for keys, rows in _by(frame, _KEYS)]
    names = [*_KEYS, "images", "failed", "with_truth", *_RATES, "confidence", "seconds", "calls"]
    return pd.DataFrame(rows, columns=names)


_RATES = ("cer_micro", "cer_macro", "wer_micro", "wer_macro")


def _condition_row(keys: tuple[Any, ...], rows: pd.DataFrame) -> dict[str, Any]:
    read = rows[rows["error"].isna()]
    return {
        **dict(zip(_KEYS, keys, strict=True)),
        "images": len(read), "failed": len(rows) - len(read),
        "with_truth": int(read["character_hits"].notna().sum()), **_rates(read),
        "confidence": read["confidence"].mean(), "seconds": read["seconds"].mean(),
        "calls": int(read["calls"].sum()),
    }  # fmt: skip


def _rates(rows: pd.DataFrame) -> dict[str, float]:
    rates: dict[str, float] = {}
    for rate, unit in (("cer", "character"), ("wer", "word")):
        edits, length = _edits(rows, unit)
        own = edits[length > 0] / length[length > 0]
        rates[f"{rate}_micro"] = total_rate(edits, length) if len(edits) else math.nan
        rates[f"{rate}_macro"] = float(own.mean()) if len(own) else math.nan
    return rates


def _edits(rows: pd.DataFrame, unit: str) -> tuple[Numbers, Numbers]:
    """Return edits and truth lengths of the rows that have counts."""
    known = rows[rows[f"{unit}_hits"].notna()]
    hits, replaced, inserted, deleted = (
        known[f"{unit}_{kind}"].to_numpy(dtype=np.float64)
        for kind in ("hits", "substitutions", "insertions", "deletions")
    )
    return replaced + inserted + deleted, hits + replaced + deleted


def _by(frame: pd.DataFrame, names: list[str]) -> Iterable[tuple[tuple[Any, ...], pd.DataFrame]]:
    groups: Iterable[tuple[tuple[Any, ...], pd.DataFrame]] = frame.groupby(
        names, observed=True, dropna=False, sort=False
    )
    return groups


def break_down(store: TrialStore, by: str, edges: Sequence[float] | None = None) -> pd.DataFrame:
    """Return rates per reader, condition and value of the column `by`, with the interval of the micro CER.

    Args:
        store: the trials; those without counts stand in no row.
        by: a column of the frame, such as `group`, `variant`, `x_height_px`.
        edges: of bins, ascending; the column `by` then holds “6 to 8”, and `middle` each bin's mean value.

    Raises:
        SettingsError: the trials were counted under different normalizations.
    """
    needed = dict.fromkeys(
        ("pair", *_KEYS, "normalization", by, "group", "image_hash", "image", *COUNT_COLUMNS)
    )
    frame = latest(read_frame(store, tuple(needed)))
    frame = frame[frame["character_hits"].notna() & frame[by].notna()]
    one_profile(frame)
    frame = frame.assign(middle=frame[by] if edges is not None else np.nan)
    if edges is not None:
        frame[by] = _binned(frame[by].to_numpy(dtype=np.float64), edges)
    frame["document"] = frame["group"].fillna(frame["image_hash"]).fillna(frame["image"])
    rows = [
        dict(zip([*_KEYS, by], keys, strict=True)) | _breakdown_row(rows)
        for keys, rows in _by(frame, [*_KEYS, by])
    ]
    names = [*_KEYS, by, "middle", "images", "documents", *_RATES, "cer_low", "cer_high"]
    table = pd.DataFrame(rows, columns=names if edges is not None else [n for n in names if n != "middle"])
    order = [*_KEYS, "middle"] if edges is not None else [*_KEYS, by]
    return table.sort_values(order, kind="stable").reset_index(drop=True)


def _breakdown_row(rows: pd.DataFrame) -> dict[str, Any]:
    edits, length = _edits(rows, "character")
    codes, documents = pd.factorize(rows["document"])
    above, below = (sum_by(codes, one, len(documents)) for one in (edits, length))
    interval = bootstrap_ratio(above, below, repetitions=_BAND_REPETITIONS)
    low, high = (max(0.0, interval.low), interval.high) if interval else (math.nan, math.nan)
    return {
        "middle": rows["middle"].mean(), "images": len(rows), "documents": len(documents), **_rates(rows),
        "cer_low": low, "cer_high": high,
    }  # fmt: skip


def _binned(values: Numbers, edges: Sequence[float]) -> pd.Categorical:
    """Return “from to to” for each value; the bins are half open, `[from, to)`."""
    names = [
        f"{low:g} and more" if math.isinf(high) else f"{low:g} to {high:g}" for low, high in pairwise(edges)
    ]
    where = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right") - 1
    outside = (where < 0) | (where >= len(names))
    return pd.Categorical.from_codes(np.where(outside, -1, where), categories=names, ordered=True)


def count_costs(store: TrialStore, baseline: str) -> pd.DataFrame:
    """Return per reader and condition what its corrections cost, over the images that the baseline has too.

    `corrected` is the net of character errors that are gone; seconds and calls are those beyond the
    baseline's, and per corrected character NaN where none is gone.
    """
    frame = latest(read_frame(store, ("pair", *_KEYS, "seconds", "calls", "error", *COUNT_COLUMNS)))
    frame = frame[frame["error"].isna() & frame["character_hits"].notna()]
    frame = frame.assign(edits=_edits(frame, "character")[0])
    rows = []
    for reader, mine in _by(frame, _READER):
        before = mine[mine["condition"] == baseline].set_index("pair")[_SPENT]
        for (condition,), after in _by(mine[mine["condition"] != baseline], ["condition"]):
            both = after.set_index("pair").join(before.add_suffix("_before"), how="inner")
            if len(both):
                row = dict(zip(_READER, reader, strict=True)) | {"condition": condition}
                rows.append(row | _cost_row(both))
    names = [
        *_KEYS, "images", "corrected", "extra_seconds", "extra_calls",
        "seconds_per_corrected", "calls_per_corrected",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


_SPENT = ["edits", "seconds", "calls"]


def _cost_row(both: pd.DataFrame) -> dict[str, Any]:
    corrected = float((both["edits_before"] - both["edits"]).sum())
    extra_seconds = float((both["seconds"] - both["seconds_before"]).sum())
    extra_calls = float((both["calls"] - both["calls_before"]).sum())
    return {
        "images": len(both), "corrected": int(corrected),
        "extra_seconds": extra_seconds, "extra_calls": int(extra_calls),
        "seconds_per_corrected": extra_seconds / corrected if corrected > 0 else math.nan,
        "calls_per_corrected": extra_calls / corrected if corrected > 0 else math.nan,
    }  # fmt: skip


def count_bags(store: TrialStore) -> pd.DataFrame:
    """Return per reader and condition how many words were found wherever they stand.

    This forgives reading order, and so hides its faults: read it beside the WER, never instead.
    """
    counted: dict[tuple[Any, ...], dict[str, int]] = {}
    for trial in store:
        if trial.error is not None or trial.ground_truth is None or trial.text is None:
            continue
        wanted, found = (
            Counter(words(normalize(text, trial.normalization or "standard")))
            for text in (trial.ground_truth, trial.text)
        )
        reader = reader_of(trial)
        keys = reader.engine, reader.version, reader.service, trial.condition
        counts = {"common": (wanted & found).total(), "wanted": wanted.total(), "found": found.total()}
        counted[*keys, pair_key(trial)] = counts | {"images": 1}  # a later trial of the pair replaces it
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for (*names, _), counts in counted.items():
        sums.setdefault(tuple(names), Counter()).update(counts)
    rows = [dict(zip(_KEYS, keys, strict=True)) | _bag_row(mine) for keys, mine in sums.items()]
    return pd.DataFrame(rows, columns=[*_KEYS, "images", "bag_precision", "bag_recall", "bag_f1"])


def _bag_row(sums: Counter[str]) -> dict[str, Any]:
    common, wanted, found = sums["common"], sums["wanted"], sums["found"]
    return {
        "images": sums["images"],
        "bag_precision": common / found if found else math.nan,
        "bag_recall": common / wanted if wanted else math.nan,
        "bag_f1": 2 * common / (wanted + found) if wanted + found else math.nan,
    }


PROXIES = ("confidence_proxy", "agreement_proxy", "dictionary_proxy")


def measure_proxies(store: TrialStore, baseline: str, dictionary: Iterable[str] | None) -> pd.DataFrame:
    """Return one row a trial that was read, with what can be known of it without ground truth.

    `agreement_proxy` is the likeness to the baseline's reading, `dictionary_proxy` the share of words of two
    letters or more that stand in `dictionary`, whatever their case (NaN without one). All are proxies.
    """
    known = None if dictionary is None else frozenset(word.casefold() for word in dictionary)
    readings: dict[tuple[Any, str], str] = {}
    for trial in store:
        if trial.condition == baseline and trial.error is None:
            readings[reader_of(trial), pair_key(trial)] = trial.text or ""
    rows = []
    for trial in store:
        if trial.error is not None:
            continue
        reader, text = reader_of(trial), trial.text or ""
        profile = trial.normalization or "standard"
        other = readings.get((reader, pair_key(trial))) if trial.condition != baseline else None
        rows.append(
            {
                "engine": reader.engine, "engine_version": reader.version, "service": reader.service,
                "condition": trial.condition, "image": trial.image, "cer": trial.cer,
                "confidence_proxy": trial.confidence,
                "agreement_proxy": None if other is None else agreement(text, other, profile),
                "dictionary_proxy": None if known is None else _share_known(text, profile, known),
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=[*_KEYS, "image", "cer", *PROXIES])
    return frame.astype(dict.fromkeys(("cer", *PROXIES), "float64"))


def _share_known(text: str, profile: str, dictionary: frozenset[str]) -> float | None:
    found = [word.casefold() for word in words(normalize(text, profile)) if len(word) > 1 and word.isalpha()]
    return sum(word in dictionary for word in found) / len(found) if found else None


def correlate_proxies(proxies: pd.DataFrame) -> pd.DataFrame:
    """Return, where there is truth, each proxy's rank correlation (Spearman's ρ) with the CER.

    −1: the proxy orders readings as the CER does; 0: it says nothing; NaN for fewer than 3 rows or no spread.
    """
    finite = proxies[np.isfinite(proxies["cer"])]
    rows = []
    for name in PROXIES:
        both = finite[["cer", name]].dropna()
        rows.append({"proxy": name, "trials": len(both), "spearman": _spearman(both["cer"], both[name])})
    return pd.DataFrame(rows)


def _spearman(one: pd.Series[float], other: pd.Series[float]) -> float:
    ranks = [column.rank().to_numpy() for column in (one, other)]
    if len(ranks[0]) < 3 or any(np.ptp(rank) == 0 for rank in ranks):
        return math.nan
    return float(np.corrcoef(*ranks)[0, 1])
