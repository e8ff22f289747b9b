"""How sure a difference is: bootstrap intervals and tests over groups.

In: one number a group (a document: what was drawn independently), never one a line. Out: an `Interval` or a
p-value. Everything random is seeded, so that a report says the same twice. Knows nothing of trials or text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Numbers = Sequence[float] | npt.NDArray[np.float64]

MIN_GROUPS = 5
"""Below this no interval is given: of fewer groups the spread is a guess, and coverage is poor even here."""
_CHUNK = 2_000_000
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value plausibly lies, in the unit of the estimate."""

    low: float
    high: float
    level: float = 0.95
    groups: int = 0
    """How many independent groups stand behind it."""

    @property
    def excludes_zero(self) -> bool:
        """Tell whether both ends have one sign."""
        return self.low > 0.0 or self.high < 0.0


def bootstrap_ratio(
    numerators: Numbers,
    denominators: Numbers,
    *,
    level: float = 0.95,
    repetitions: int = 10_000,
    seed: int = 0,
) -> Interval | None:
    """Return an interval for sum(numerators) ÷ sum(denominators) when groups are drawn anew.

    For a paired difference of corpus CER the numerator of a group is its edits after less its edits before
    and the denominator its length; for a mean of pages, the sum of its pages' differences and their count.

    The method is the bootstrap-t, at each end no narrower than Student's t. Bootstrap-t follows the skewness
    of differences (Efron and Tibshirani 1993, “An Introduction to the Bootstrap”, 12.5), but from few groups
    finds too little of it on the long side; Student's t is too narrow there as well, and wide on the other.
    Groups are not drawn but weighted, by Beta(½, 3/2) (Owen 2025, arXiv 2508.10083): where most differences
    are 0, some draws of whole groups would have no spread at all and the interval no end. The standard error
    is the jackknife's, which minds that one long document may carry the ratio. BCa, used here before, held
    a known difference too seldom. `tests/long/run coverage` counts, in several simulated worlds, how often
    this interval holds it (docs/checks.md).

    Returns:
        A point where all groups have the same ratio. None for fewer than `MIN_GROUPS` groups, or when the
        denominators sum to 0.
    """
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if above.shape != below.shape or above.ndim != 1:
        raise ValueError(f"One denominator a numerator, please: got {above.shape} and {below.shape}.")
    count = len(above)
    if count < MIN_GROUPS or below.sum() <= 0.0:
        return None
    ratio = float(above.sum() / below.sum())
    residuals = above - ratio * below
    if float(np.abs(residuals).max()) <= 1e-12 * float(np.abs(above).max()):
        return Interval(ratio, ratio, level, count)
    studentized = _studentized(residuals, below, repetitions, np.random.default_rng(seed))
    first, last = np.quantile(studentized, ((1 - level) / 2, (1 + level) / 2))
    least = _student_quantile((1 + level) / 2, count - 1)
    error = _jackknife_error(residuals, below)
    # What moves resampled ratios up says how far below this one the truth may lie.
    low, high = ratio - max(float(last), least) * error, ratio + max(-float(first), least) * error
    return Interval(low, high, level, count)


def sign_test(helped: int, hurt: int) -> float:
    """Return the two-sided p-value of `helped` against `hurt` when each were as likely; ties are left out.

    Exact (binomial) up to 1,000 changes, the normal approximation with continuity correction above; 1.0 when
    nothing changed.
    """
    total, fewer = helped + hurt, min(helped, hurt)
    if total > 1000:
        return min(1.0, 2.0 * _NORMAL.cdf((2 * fewer + 1 - total) / math.sqrt(total)))
    tail = sum(math.comb(total, count) for count in range(fewer + 1)) / (1 << total)
    return min(1.0, 2.0 * tail)


def permutation_test(differences: Numbers, *, repetitions: int = 10_000, seed: int = 0) -> float:
    """Return the two-sided p-value of the sum of paired `differences`, one a group, when signs are arbitrary.

    Exact over all sign patterns up to 14 groups; above that over `repetitions` random ones, counting the
    observed pattern as one of them (Phipson and Smyth 2010), so that p is never 0.
    """
    values = np.asarray(differences, np.float64)
    values = values[values != 0.0]
    if not len(values):
        return 1.0
    observed = abs(values.sum()) * (1 - 1e-12)
    if len(values) <= 14:
        patterns = (np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ values) >= observed))
    flips = np.random.default_rng(seed).integers(0, 2, (repetitions, len(values)), dtype=np.int8)
    extreme = int(np.sum(np.abs((2 * flips - 1) @ values) >= observed))
    return float(extreme + 1) / (repetitions + 1)


def _jackknife_error(residuals: npt.NDArray[np.float64], below: npt.NDArray[np.float64]) -> float:
    """Return the standard error of the ratio from leaving out each group in turn."""
    rest = below.sum() - below
    # A group that is all there is cannot be left out.
    moved = np.divide(residuals, rest, out=np.zeros_like(rest), where=rest > 0.0)
    return math.sqrt((len(below) - 1) / len(below) * float(np.sum(moved**2)))


def _studentized(
    residuals: npt.NDArray[np.float64],
    below: npt.NDArray[np.float64],
    repetitions: int,
    random: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Return how far each reweighting moves the ratio, in standard errors of that reweighting.

    Worked on in chunks of bounded memory. The error of a ratio is linearized (Cochran 1977, “Sampling
    Techniques”, 6.4), with the weights in the place of counts.
    """
    count, step = len(below), max(1, _CHUNK // len(below))
    e, length = residuals / np.sqrt(np.mean(residuals**2)), below / below.mean()
    columns = np.stack([np.ones(count), e, length, e * e, e * length, length * length], axis=1)
    parts = []
    for start in range(0, repetitions, step):
        weights = _beta_weights(random, min(step, repetitions - start), count)
        total, moved, size, square, cross, size_square = (weights @ columns.astype(np.float32)).T
        shift = moved / size
        spread = np.maximum(square - 2 * shift * cross + shift**2 * size_square, np.finfo(np.float32).tiny)
        parts.append(moved * math.sqrt(count) / np.sqrt(spread * total))
    return np.concatenate(parts).astype(np.float64)


def _beta_weights(random: np.random.Generator, rows: int, count: int) -> npt.NDArray[np.float32]:
    """Return twice Beta(½, 3/2): Beta(½, ½), which is (1 − cos πU) ÷ 2, times Beta(1, 1), which is uniform.

    Its variance and third moment, in units of the mean, are those of drawing with replacement.
    """
    weights = random.random((rows, count), dtype=np.float32)
    np.cos(weights * np.float32(math.pi), out=weights)
    np.subtract(np.float32(1.0), weights, out=weights)
    weights *= random.random((rows, count), dtype=np.float32)
    return weights


def _student_quantile(probability: float, freedom: int) -> float:
    """Return Student's t quantile by its expansion in 1 ÷ freedom (Abramowitz and Stegun 26.7.5)."""
    z = _NORMAL.inv_cdf(probability)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
