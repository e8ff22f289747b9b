"""One condition against another, image by image: the answer with its uncertainty.

In: the stored counts of two conditions of one reader. Out: a `PairedComparison`: rates both ways, intervals
and tests over documents, the pairs with the regressions first, and the sentence. Texts are not read here.
"""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SettingsError
from ..statistics import Interval, bootstrap_ratio, permutation_test, sign_test
from ..store import COUNT_COLUMNS, TrialStore
from ..summary import Difference, Reader
from ..verdict import capital, describe_difference, describe_over_resizing, doing, percent, points
from .frames import latest, read_frame

Numbers = npt.NDArray[np.float64]

MOST_GROUPS = 1000
"""Above this, documents are joined at random into `BUNDLES` before they are drawn: the interval stays what
it is (its width is then known to 3 %, 1 ÷ √(2 · bundles)), and its price no longer grows."""
BUNDLES = 500

_NEEDED = (
    "pair", "image", "image_hash", "variant", "group", "condition", "engine", "engine_version", "service",
    "normalization", "x_height_px", "seconds", "calls", "error", *COUNT_COLUMNS,
)  # fmt: skip
_SHOWN_PAIRS = 10


@dataclass(frozen=True)
class RateComparison:
    """CER or WER under both conditions, over the same images; fractions, negative changes are better."""

    before_micro: float
    after_micro: float
    """Sum of edits ÷ sum of truth lengths."""
    before_macro: float
    after_macro: float
    """Mean of the images' own rates, those with an empty truth left out; NaN when all are empty."""
    interval: Interval | None
    """Of the micro change, documents resampled; None for too few of them."""
    macro_interval: Interval | None
    sign_p: float
    """Two-sided sign test: documents with fewer errors against documents with more."""
    permutation_p: float
    """Two-sided sign-flip test of the change in edits over documents."""

    @property
    def change(self) -> float:
        """The change of the micro rate: after less before."""
        return self.after_micro - self.before_micro

    @property
    def macro_change(self) -> float:
        """The change of the macro rate."""
        return self.after_macro - self.before_macro


@dataclass(frozen=True)
class PairedComparison:
    """What `after` did to the images that were read under both conditions and have a ground truth."""

    before: str
    after: str
    reader: Reader
    normalization: str
    images: int
    groups: int
    """How many documents they come from: the independent ones."""
    failed: int
    """Images not in the figures, because they failed under either condition."""
    cer: RateComparison
    wer: RateComparison
    helped: int
    hurt: int
    same: int
    """Images with fewer, more, as many character errors."""
    pairs: pd.DataFrame = field(repr=False)
    """One row an image, the largest regression first: `image`, `variant`, `group`, `edits_before`,
    `edits_after`, `change` (in edits), `cer_before`, `cer_after`, `wer_before`, `wer_after`, `x_height_px`,
    `seconds_before`, `seconds_after`, `calls_before`, `calls_after`, `length` (of the truth)."""
    sentences: tuple[str, ...] = ()
    """The answer in words, and what plain resizing to the same size does, if that was tried."""

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        return self.sentences[0]

    @property
    def regressions(self) -> pd.DataFrame:
        """The pairs that got worse, the worst first."""
        return self.pairs[self.pairs["change"] > 0]

    def _repr_html_(self) -> str:
        rows = "".join(_html_row(name, rate) for name, rate in (("CER", self.cer), ("WER", self.wer)))
        worst = self.regressions.head(_SHOWN_PAIRS)
        listed = "".join(
            f"<li>{html.escape(str(row.image))}: {percent(row.cer_before)} → {percent(row.cer_after)}</li>"
            for row in worst.itertuples()
        )
        more = len(self.regressions) - len(worst)
        rest = f"<li>and {more} more</li>" if more else ""
        regressions = f"<p>Worse:</p><ul>{listed}{rest}</ul>" if len(worst) else ""
        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences)
        names = ("", self.before, self.after, "change, points", "mean of images", "sign p", "permutation p")
        heads = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        return (
            f"<div>{said}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
            f"{regressions}<p><small>{html.escape(str(self.reader))} · {self.images} images of {self.groups} "
            f"documents · normalization {html.escape(self.normalization)}</small></p></div>"
        )


def _html_row(name: str, rate: RateComparison) -> str:
    change = points(rate.change)
    if rate.interval is not None:
        change += f" ({points(rate.interval.low)} to {points(rate.interval.high)})"
    macro = f"{percent(rate.before_macro)} → {percent(rate.after_macro)}"
    cells = [
        percent(rate.before_micro), percent(rate.after_micro), change, macro,
        f"{rate.sign_p:.2g}", f"{rate.permutation_p:.2g}",
    ]  # fmt: skip
    return f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def compare_conditions(
    store: TrialStore, before: str, after: str, reader: Reader, *, seed: int = 0
) -> PairedComparison:
    """Compare two conditions over the images that `reader` read under both.

    Raises:
        SettingsError: a condition has no trials, they were counted under different normalizations, or no
            image has a truth and both readings.
    """
    if before == after:
        raise SettingsError(f"{before} cannot be compared with itself: name another condition.")
    rival = after.replace("upsampled", "resized", 1)
    frame = read_frame(store, _NEEDED, (before, after, rival))
    frame = latest(_rows_of(frame, reader))
    counted = frame[frame["error"].isna() & frame["character_hits"].notna()]
    for name in (before, after):
        if not (frame["condition"] == name).any():
            raise SettingsError(f"No trial of {reader} has the condition {name!r}: measure it first.")
    profile = one_profile(counted)
    pairs = _pair(counted, before, after)
    if not len(pairs):
        raise SettingsError(
            f"No image has a ground truth and was read under both {before} and {after}: there is nothing to "
            "compare. Without ground truth, see proxies()."
        )
    failed = set(frame.loc[frame["error"].notna() & frame["condition"].isin([before, after]), "pair"])
    groups, count = _number_groups(pairs)
    cer = _compare_rate(pairs, "", groups, count, seed)
    sentences = [capital(describe_difference(doing(after), _difference(pairs, cer)))]
    if rival not in (before, after) and (counted["condition"] == rival).any():
        rivals = _pair(counted, rival, after)
        if len(rivals):
            over = _compare_rate(rivals, "", *_number_groups(rivals), seed)
            sentences.append(describe_over_resizing(_difference(rivals, over)))
    change = pairs["change"].to_numpy()
    return PairedComparison(
        before, after, reader, profile, len(pairs), count, len(failed), cer,
        wer=_compare_rate(pairs, "word_", groups, count, seed),
        helped=int((change < 0).sum()), hurt=int((change > 0).sum()), same=int((change == 0).sum()),
        pairs=_presentable(pairs), sentences=tuple(sentences),
    )  # fmt: skip


def _rows_of(frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    chosen = np.ones(len(frame), dtype=bool)
    values = {"engine": reader.engine, "engine_version": reader.version, "service": reader.service}
    for name, value in values.items():
        column = frame[name]
        chosen &= (column.isna() if value is None else column == value).to_numpy(dtype=bool)
    return frame[chosen]


def one_profile(counted: pd.DataFrame) -> str:
    """Return the normalization under which all these rows were counted.

    Raises:
        SettingsError: there are several.
    """
    profiles = sorted(str(name) for name in counted["normalization"].dropna().unique())
    if len(profiles) > 1:
        raise SettingsError(
            f"Trials counted under different normalizations do not add up: {', '.join(profiles)}. Count all "
            f"anew under one, as with renormalized({profiles[0]!r})."
        )
    return profiles[0] if profiles else "standard"


def _pair(counted: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Join the rows of both conditions by image, variant and other settings."""
    first, second = (_measures(counted[counted["condition"] == name]) for name in (before, after))
    changing = ["edits", "word_edits", "cer", "wer", "seconds", "calls"]
    first = first.rename(columns={name: f"{name}_before" for name in changing})
    both = first.join(second[changing].add_suffix("_after"), how="inner")
    both["change"] = both["edits_after"] - both["edits_before"]
    both["word_change"] = both["word_edits_after"] - both["word_edits_before"]
    return both


def _measures(rows: pd.DataFrame) -> pd.DataFrame:
    counts = {name: rows[name].to_numpy(dtype=np.float64) for name in COUNT_COLUMNS}
    measured = rows[["pair", "image", "image_hash", "variant", "group", "x_height_px"]].copy()
    for start, unit, rate in (("", "character", "cer"), ("word_", "word", "wer")):
        wrong = [counts[f"{unit}_{kind}"] for kind in ("substitutions", "insertions", "deletions")]
        edits = np.sum(wrong, axis=0)
        length = counts[f"{unit}_hits"] + wrong[0] + wrong[2]
        measured[f"{start}edits"], measured[f"{start}length"] = edits, length
        measured[rate] = rates_of(edits, length)
    measured["seconds"] = rows["seconds"].to_numpy()
    measured["calls"] = rows["calls"].to_numpy(dtype=np.float64, na_value=np.nan)
    return measured.set_index("pair")


def rates_of(edits: Numbers, length: Numbers) -> Numbers:
    """Return edits ÷ length; for an empty truth 0 when nothing was read, else infinity."""
    empty = np.where(edits > 0, math.inf, 0.0)
    return np.divide(edits, length, out=empty, where=length > 0)


def total_rate(edits: Numbers, length: Numbers) -> float:
    """Return the sum of edits ÷ the sum of lengths."""
    return float(rates_of(edits.sum(keepdims=True), length.sum(keepdims=True))[0])


def _number_groups(pairs: pd.DataFrame) -> tuple[npt.NDArray[np.int64], int]:
    """Number the documents; a pair without one stands for itself, by hash, else by name."""
    names = pairs["group"].fillna(pairs["image_hash"]).fillna(pairs["image"])
    codes, found = pd.factorize(names)
    return codes.astype(np.int64), len(found)


def _compare_rate(
    pairs: pd.DataFrame, start: str, groups: npt.NDArray[np.int64], count: int, seed: int
) -> RateComparison:
    was, now, length = (
        pairs[f"{start}{name}"].to_numpy() for name in ("edits_before", "edits_after", "length")
    )
    change = sum_by(groups, now - was, count)
    counted = length > 0
    own_was, own_now = was[counted] / length[counted], now[counted] / length[counted]
    means = sum_by(groups[counted], own_now - own_was, count)
    bundled = _bundle(
        count, seed, change, sum_by(groups, length, count), means,
        sum_by(groups[counted], np.ones(int(counted.sum())), count),
    )  # fmt: skip
    return RateComparison(
        before_micro=total_rate(was, length),
        after_micro=total_rate(now, length),
        before_macro=float(own_was.mean()) if len(own_was) else math.nan,
        after_macro=float(own_now.mean()) if len(own_now) else math.nan,
        interval=_interval(bundled[0], bundled[1], count, seed),
        macro_interval=_interval(bundled[2], bundled[3], count, seed),
        sign_p=sign_test(int((change < 0).sum()), int((change > 0).sum())),
        permutation_p=permutation_test(bundled[0], seed=seed),
    )


def _bundle(count: int, seed: int, *sums: Numbers) -> Sequence[Numbers]:
    """Join many documents at random into few; the same ones in each of `sums`."""
    if count <= MOST_GROUPS:
        return sums
    where = np.random.default_rng(seed).permutation(count) % BUNDLES
    return [sum_by(where, one, BUNDLES) for one in sums]


def sum_by(groups: npt.NDArray[np.int64], values: Numbers, count: int) -> Numbers:
    """Return the sum of `values` in each of `count` groups."""
    return np.bincount(groups, values, count).astype(np.float64)


def _interval(above: Numbers, below: Numbers, count: int, seed: int) -> Interval | None:
    found = bootstrap_ratio(above, below, seed=seed)
    return found and dataclasses.replace(found, groups=count)


def _difference(pairs: pd.DataFrame, cer: RateComparison) -> Difference:
    """Return what the sentences are made from."""
    ordered = pairs.sort_values("change", kind="stable")
    names: Any = ordered["image"].to_numpy(dtype=object)
    change = ordered["change"].to_numpy()
    return Difference(
        len(pairs), cer.before_micro, cer.after_micro, cer.interval, cer.permutation_p,
        helped=tuple(names[change < 0]), hurt=tuple(names[change > 0][::-1]), same=tuple(names[change == 0]),
    )  # fmt: skip


def _presentable(pairs: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "image", "variant", "group", "edits_before", "edits_after", "change", "cer_before", "cer_after",
        "wer_before", "wer_after", "length", "x_height_px", "seconds_before", "seconds_after",
        "calls_before", "calls_after",
    ]  # fmt: skip
    whole = dict.fromkeys(("edits_before", "edits_after", "change", "length"), "int64")
    shown = pairs[columns].astype(whole)
    order = np.lexsort((shown["image"].to_numpy(dtype=object).astype(str), -shown["change"].to_numpy()))
    return shown.iloc[order].reset_index(drop=True)
