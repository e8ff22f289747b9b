"""CER, WER and their kin from edit counts; agreement of two texts; PSNR of two pictures.

In: texts or counts in, plain numbers out; rates are fractions (0.05 is 5 %), never percentages. Knows nothing
of images' contents or of trials.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .alignment import EditCounts, Normalization, count_edits, find_profile, graphemes, normalize, words

if TYPE_CHECKING:
    from .images import Gray


def rate(counts: EditCounts) -> float:
    """Return edits ÷ length of the truth: CER for graphemes, WER for words; above 1 when much was invented.

    An empty truth gives 0.0 when nothing was read and infinity when something was (OCR-D's evaluation
    specification leaves it open; infinity cannot hide in a mean).
    """
    if counts.truth_length:
        return counts.edits / counts.truth_length
    return math.inf if counts.insertions else 0.0


def normalized_rate(counts: EditCounts) -> float:
    """Return edits ÷ (edits + hits), in [0, 1]: OCR-D's normalized CER, jiwer's match error rate."""
    total = counts.edits + counts.hits
    return counts.edits / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well one text was read, with the counts behind the numbers."""

    cer: float
    """Character error rate over grapheme clusters: a fraction, or infinity (see `rate`)."""
    wer: float
    """Word error rate over words without punctuation."""
    character_counts: EditCounts
    word_counts: EditCounts
    normalization: str
    """Name of the profile both texts went through."""


def measure_accuracy(truth: str, text: str, normalization: str | Normalization = "standard") -> Accuracy:
    """Compare the recognized `text` with the ground truth.

    Raises:
        SettingsError: no normalization profile has that name.
    """
    profile = find_profile(normalization)
    wanted, found = normalize(truth, profile), normalize(text, profile)
    characters = count_edits(graphemes(wanted), graphemes(found))
    word_counts = count_edits(words(wanted), words(found))
    return Accuracy(rate(characters), rate(word_counts), characters, word_counts, profile.name)


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of a corpus, both ways; one without the other misleads (long pages weigh more in one)."""

    corpus: float
    """Sum of edits ÷ sum of truth lengths."""
    page_mean: float | None
    """Mean of the pages' own rates; pages with an empty truth have none. None when no page has one."""
    pages: int
    counts: EditCounts


def corpus_rates(pages: Iterable[EditCounts]) -> Rates:
    """Aggregate the counts of many pages."""
    counts = list(pages)
    total = sum(counts, EditCounts())
    own = [rate(page) for page in counts if page.truth_length]
    return Rates(rate(total), math.fsum(own) / len(own) if own else None, len(counts), total)


@dataclass(frozen=True, slots=True)
class BagOfWords:
    """Which words were found, wherever they stand: forgives reading order, and so hides its faults."""

    precision: float
    recall: float
    f1: float


def bag_of_words(truth: str, text: str, normalization: str | Normalization = "standard") -> BagOfWords:
    """Compare two texts as multisets of words; two empty texts agree, an empty one with another does not."""
    wanted, found = (Counter(words(normalize(each, normalization))) for each in (truth, text))
    common, wanted_total, found_total = (wanted & found).total(), wanted.total(), found.total()
    if not wanted_total and not found_total:
        return BagOfWords(1.0, 1.0, 1.0)
    precision = common / found_total if found_total else 0.0
    recall = common / wanted_total if wanted_total else 0.0
    return BagOfWords(precision, recall, 2 * common / (wanted_total + found_total))


def agreement(first: str, second: str, normalization: str | Normalization = "standard") -> float:
    """Return how alike two readings are, in [0, 1], the same both ways: 1 − edits ÷ the longer length.

    A proxy where there is no truth: two engines can agree on a mistake.
    """
    one, other = (graphemes(normalize(text, normalization)) for text in (first, second))
    longest = max(len(one), len(other))
    return 1.0 - count_edits(one, other).edits / longest if longest else 1.0


def psnr(picture: Gray, other: Gray) -> float:
    """Return the peak signal-to-noise ratio of two `(H, W)` pictures in [0, 1], in dB; infinity when equal.

    Raises:
        ValueError: the shapes differ.
    """
    import numpy as np

    if picture.shape != other.shape:
        raise ValueError(f"PSNR compares pictures of one shape, not {picture.shape} and {other.shape}.")
    error = float(np.mean((picture.astype(np.float64) - other.astype(np.float64)) ** 2))
    return math.inf if error == 0.0 else -10.0 * math.log10(error)
