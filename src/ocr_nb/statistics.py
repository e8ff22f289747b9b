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
"""Below this no interval is given: five groups are the fewest of which a 95 % interval means anything (their
3,125 ordered resamples are 126 different ones), and coverage is already poor there."""
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

    The method is the bias-corrected and accelerated bootstrap (Efron 1987, JASA 82:171), its quantiles
    widened for few groups as by Hesterberg (2015, The American Statistician 69:371, “expanded percentile”):
    the plain percentile interval is too narrow by √((n−1)/n) and by the normal standing in for Student's t.
    In 2,000 simulated studies each (`tests/long/run coverage`) the 95 % interval held the truth in 91.3 % at
    10 groups, 91.8 % at 30 and 93.0 % at 60: somewhat too narrow, so read its ends with that in mind.

    Returns:
        None for fewer than `MIN_GROUPS` groups, or when the denominators sum to 0.
    """
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if above.shape != below.shape or above.ndim != 1:
        raise ValueError(f"One denominator a numerator, please: got {above.shape} and {below.shape}.")
    count = len(above)
    if count < MIN_GROUPS or below.sum() <= 0.0:
        return None
    drawn = np.sort(_resampled_ratios(above, below, repetitions, np.random.default_rng(seed)))
    estimate = above.sum() / below.sum()
    if drawn[0] == drawn[-1]:
        return Interval(float(estimate), float(estimate), level, count)
    shift = _bias(drawn, estimate)
    bend = _acceleration(above, below)
    wide = math.sqrt(count / (count - 1)) * _student_quantile(0.5 + level / 2, count - 1)
    low, high = (
        float(np.quantile(drawn, _NORMAL.cdf(shift + (shift + z) / max(1 - bend * (shift + z), 1e-3))))
        for z in (-wide, wide)
    )
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


def _resampled_ratios(
    above: npt.NDArray[np.float64],
    below: npt.NDArray[np.float64],
    repetitions: int,
    random: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Return the ratio of every resample whose denominators do not sum to 0, in chunks of bounded memory."""
    count, step = len(above), max(1, _CHUNK // len(above))
    parts = []
    for start in range(0, repetitions, step):
        chosen = random.integers(0, count, (min(step, repetitions - start), count))
        tops, bottoms = above[chosen].sum(axis=1), below[chosen].sum(axis=1)
        parts.append(tops[bottoms > 0.0] / bottoms[bottoms > 0.0])
    return np.concatenate(parts)


def _bias(drawn: npt.NDArray[np.float64], estimate: float) -> float:
    """Return the normal quantile of the estimate's rank among the resamples, half of the ties below it."""
    rank = (np.mean(drawn < estimate) + np.mean(drawn <= estimate)) / 2
    margin = 0.5 / len(drawn)
    return _NORMAL.inv_cdf(min(max(float(rank), margin), 1 - margin))


def _acceleration(above: npt.NDArray[np.float64], below: npt.NDArray[np.float64]) -> float:
    """Return how the spread changes with the value: the skewness of the jackknife, ÷ 6."""
    rest = below.sum() - below
    if np.any(rest <= 0.0):
        return 0.0
    left_out = (above.sum() - above) / rest
    away = left_out.mean() - left_out
    spread = float(np.sum(away**2)) ** 1.5
    return float(np.sum(away**3)) / (6 * spread) if spread > 0.0 else 0.0


def _student_quantile(probability: float, freedom: int) -> float:
    """Return Student's t quantile by its expansion in 1 ÷ freedom (Abramowitz and Stegun 26.7.5)."""
    z = _NORMAL.inv_cdf(probability)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
