"""What a list of trials says: each condition's rates, and its paired difference from the baseline.

In: `Trial`s of any number of images, conditions and readers. Out: a frozen `Summary`, whose first sentence is
the answer. Images are paired with themselves only, an image given twice counts once, and readers (engine,
version, service) are never pooled. Knows nothing of pictures, screens or files.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .metrics import Accuracy, Rates, agreement, corpus_rates, measure_accuracy
from .statistics import Interval, bootstrap_ratio, permutation_test
from .trial import Trial
from .verdict import answer, is_advice


@dataclass(frozen=True, slots=True)
class Reader:
    """Who read: numbers of different readers never mix."""

    engine: str | None
    version: str | None
    service: str | None

    def __str__(self) -> str:
        known = " ".join(part for part in (self.engine, self.version) if part) or "unknown engine"
        return known if self.service in (None, "local") else f"{known} ({self.service})"


@dataclass(frozen=True, slots=True)
class Difference:
    """A condition less the baseline, over the images that both have read and that have a ground truth."""

    images: int
    cer_before: float
    cer_after: float
    """Corpus rates over the same images."""
    interval: Interval | None
    """Of `cer`, resampling documents; None for too few of them, or an empty truth in all."""
    p_value: float
    """Sign-flip test over documents; 1.0 when nothing changed."""
    helped: tuple[str, ...]
    """Images with fewer character errors, the largest gain first."""
    hurt: tuple[str, ...]
    """Images with more, the largest loss first."""
    same: tuple[str, ...]

    @property
    def cer(self) -> float:
        """Change of the corpus CER: negative is better; NaN where both are infinite."""
        return self.cer_after - self.cer_before


@dataclass(frozen=True, slots=True)
class ConditionSummary:
    """One condition as one reader read it. What cannot be known is None."""

    condition: str
    reader: Reader
    images: int
    """How many were read."""
    failed: int
    unchanged: int
    """How many the condition left as they were, on advice (“not upsampled: …”)."""
    cer: Rates | None
    wer: Rates | None
    """Over the images that have a ground truth."""
    confidence: float | None
    """Mean over images; a proxy."""
    agreement: float | None
    """Mean likeness to the baseline's reading, in [0, 1]; a proxy."""
    seconds: float | None
    """Mean over images."""
    calls: int | None
    """Sum over images."""
    difference: Difference | None
    """From the baseline; None for the baseline itself, and without pairs."""
    over_resizing: Difference | None = None
    """From plain resizing to the same size; None unless this upsamples and that was tried as well."""


@dataclass(frozen=True)
class Summary:
    """The whole comparison."""

    baseline: str
    """The condition all others are compared with."""
    conditions: tuple[ConditionSummary, ...]
    """By reader, then in the order in which the conditions first came."""
    images: int
    """Different images, failed ones too."""
    normalization: str | None
    """The profile under which everything here was counted; None without ground truth."""

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The answer in words: the first sentence for the first reader's chief condition, then the others."""
        return tuple(answer(self))

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        return self.sentences[0]

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Who read, in order."""
        return tuple(dict.fromkeys(row.reader for row in self.conditions))

    def find(self, condition: str, reader: Reader | None = None) -> ConditionSummary | None:
        """Return the row of that condition (and reader; otherwise the first), or None."""
        rows = (row for row in self.conditions if row.condition == condition)
        return next((row for row in rows if reader is None or row.reader == reader), None)


def summarize(trials: Iterable[Trial], *, baseline: str | None = None) -> Summary:
    """Sum up `trials`.

    Args:
        trials: in any order; errors are rows. A later trial of the same image, condition and reader replaces
            an earlier one.
        baseline: the condition to compare with; `original` where there is one, otherwise the first.

    Raises:
        ValueError: there are no trials, or none under `baseline`.
    """
    rows = list(trials)
    names = list(dict.fromkeys(trial.condition for trial in rows))
    if not rows:
        raise ValueError("There are no trials to sum up.")
    if baseline is not None and baseline not in names:
        raise ValueError(f"No trial has the condition {baseline!r}: there are {', '.join(names)}.")
    chosen = baseline or ("original" if "original" in names else names[0])
    tables: dict[Reader, dict[str, dict[str, Trial]]] = defaultdict(lambda: defaultdict(dict))
    for trial in rows:
        tables[reader_of(trial)][trial.condition][pair_key(trial)] = trial
    return Summary(
        baseline=chosen,
        conditions=tuple(
            _sum_up(name, reader, table, chosen)
            for reader, table in tables.items()
            for name in names
            if name in table
        ),
        images=len({(trial.image_hash or trial.image, trial.variant) for trial in rows}),
        normalization=_profile_of(rows),
    )


def reader_of(trial: Trial) -> Reader:
    """Return who read this trial."""
    return Reader(trial.engine, trial.engine_version, trial.service)


_OF_CONDITION = frozenset({"upsampling", "upsampler", "advice"})
"""Settings that belong to the condition itself: what was read without them is what it is compared with."""


def pair_key(trial: Trial) -> str:
    """Return what two trials of one reader must share to be a pair: image, variant and other settings."""
    settings = {key: value for key, value in (trial.settings or {}).items() if key not in _OF_CONDITION}
    return json.dumps([trial.image_hash or trial.image, trial.variant, settings], sort_keys=True, default=str)


def accuracy_of(trial: Trial) -> Accuracy | None:
    """Count the errors of a trial anew from its texts; None without ground truth or reading."""
    if trial.error is not None or trial.ground_truth is None or trial.text is None:
        return None
    return measure_accuracy(trial.ground_truth, trial.text, trial.normalization or "standard")


def _profile_of(trials: Sequence[Trial]) -> str | None:
    profiles = {trial.normalization or "standard" for trial in trials if trial.ground_truth is not None}
    if len(profiles) > 1:
        raise ValueError(
            f"Trials counted under different normalizations do not add up: {', '.join(sorted(profiles))}."
        )
    return profiles.pop() if profiles else None


def _sum_up(
    condition: str, reader: Reader, table: Mapping[str, dict[str, Trial]], baseline_name: str
) -> ConditionSummary:
    """Sum up one condition of one reader, whose trials by condition and pair are in `table`."""
    trials = table[condition]
    baseline = table.get(baseline_name, {}) if condition != baseline_name else {}
    rival = condition.replace("upsampled", "resized", 1)
    resized = table.get(rival, {}) if rival != condition else {}
    read = {key: trial for key, trial in trials.items() if trial.error is None}
    accuracies = {key: found for key, trial in read.items() if (found := accuracy_of(trial)) is not None}
    shared = [key for key in read if key in baseline and baseline[key].error is None]
    likeness = [
        agreement(read[key].text or "", baseline[key].text or "", read[key].normalization or "standard")
        for key in shared
    ]
    calls = [trial.calls for trial in read.values() if trial.calls is not None]
    return ConditionSummary(
        condition=condition,
        reader=reader,
        images=len(read),
        failed=len(trials) - len(read),
        unchanged=sum(any(map(is_advice, trial.warnings)) for trial in read.values()),
        cer=corpus_rates(found.character_counts for found in accuracies.values()) if accuracies else None,
        wer=corpus_rates(found.word_counts for found in accuracies.values()) if accuracies else None,
        confidence=_mean(trial.confidence for trial in read.values()),
        agreement=_mean(likeness),
        seconds=_mean(trial.seconds for trial in read.values()),
        calls=sum(calls) if calls else None,
        difference=_compare(baseline, accuracies),
        over_resizing=_compare(resized, accuracies),
    )


def _compare(before: Mapping[str, Trial], after: Mapping[str, Accuracy]) -> Difference | None:
    """Compare the trials of one condition with the counted errors of another, image by image."""
    counted = [
        (before[key], first.character_counts, second.character_counts)
        for key, second in after.items()
        if key in before and (first := accuracy_of(before[key])) is not None
    ]
    if not counted:
        return None
    gained: dict[str, int] = {}
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for trial, was, now in counted:
        change = now.edits - was.edits
        name = f"{trial.image} ({trial.variant})" if trial.variant else trial.image
        gained[name] = gained.get(name, 0) + change
        group = groups[trial.group or trial.image_hash or trial.image]
        group[0] += change
        group[1] += was.truth_length
    changes, lengths = zip(*groups.values(), strict=True)
    return Difference(
        images=len(counted),
        cer_before=corpus_rates(was for _, was, _ in counted).corpus,
        cer_after=corpus_rates(now for _, _, now in counted).corpus,
        interval=bootstrap_ratio(changes, lengths),
        p_value=permutation_test(changes),
        helped=tuple(sorted((name for name in gained if gained[name] < 0), key=gained.__getitem__)),
        hurt=tuple(sorted((name for name in gained if gained[name] > 0), key=lambda name: -gained[name])),
        same=tuple(name for name in gained if gained[name] == 0),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
