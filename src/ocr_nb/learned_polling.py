"""When to ask again, learned from how long earlier tasks took: few questions, little delay.

Model: a task of an operation takes (a + b · megapixels) · exp(σ · N(0, 1)) seconds; a, b ≥ 0 and σ are fitted
to what was seen, which is only that a latency lay between two questions (interval-censored). The questions
are then placed so that their expected number plus `price` times the expected relative delay is least: a
dynamic program over the quantiles of the distribution. Pure arithmetic; nothing sleeps here.
"""

from __future__ import annotations

import functools
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

PRICE = 8.0
"""How many questions one whole latency of extra waiting is worth. With 25 % noise 8 gives about 1.9 questions
a task and a median delay of 13 % of the latency (`benchmarks/polling.py` prints the whole curve)."""
_REMEMBERED = 80
"""Tasks of an operation that count: enough for two coefficients, few enough to follow a change of load."""
_PRIOR_LATENCY = 2.5
"""Seconds, before anything is known: the documentation says “a few seconds”."""
_PRIOR_SIGMA = 0.7
_PRIOR_WEIGHT = 2.0
"""Observations that the prior σ is worth."""
_CURIOSITY = 8.0
"""Times more jitter while nothing is known: tasks submitted together then find out sooner."""
_SHORTEST_WAIT = 0.05
_LONGEST_WAIT = 10.0
_LOG_SMALLEST = math.log(1e-3)
_SMALLEST_SIGMA = 0.02
_STEP = 0.1
_GRID = tuple(-3.5 + _STEP * step for step in range(76))
"""Standard quantiles at which a question may be placed: −3.5 … 4."""


class LearnedPolling:
    """A polling policy (see `polling.py`) that improves with every finished task. Not shared by threads."""

    def __init__(
        self,
        *,
        patience: float = 300.0,
        price: float = PRICE,
        jitter: float = 0.03,
        on_learn: Callable[[Enum, float, float, float], object] | None = None,
    ) -> None:
        """Start from what the documentation says.

        Args:
            patience: seconds from submission after which nobody waits any longer.
            price: what one whole latency of delay is worth, in questions; less means fewer questions.
            jitter: each wait is drawn evenly from ±this fraction around its value, so that tasks submitted
                together do not ask in step.
            on_learn: called with operation, megapixels, seconds, not_before after each task, to keep them.
        """
        if patience <= 0 or price <= 0 or not 0 <= jitter < 1:
            raise ValueError(
                f"patience and price are positive and jitter in [0, 1), not {patience}, {price}, {jitter}."
            )
        self.patience = patience
        self.price = price
        self.jitter = jitter
        self._on_learn = on_learn
        self._models: dict[Enum | None, LatencyModel] = {}

    def waits(self, operation: Enum | None = None, megapixels: float = 0.0) -> Iterator[float]:
        """Yield the wait before each question, seconds, without end; the first counts from submission."""
        past = 0.0
        while True:
            # Anew each time: what other tasks taught meanwhile moves the next question too.
            model = self._model(operation)
            median, sigma = model.predict(megapixels)
            moment = median * next_question(round(sigma, 2), self._price(operation), past / median)
            wait = min(max(_SHORTEST_WAIT, moment - past), _LONGEST_WAIT)
            past += wait
            jitter = min(0.9, self.jitter * (1 + _CURIOSITY / (1 + len(model.seen))))
            yield wait * random.uniform(1 - jitter, 1 + jitter)

    def learn(
        self, operation: Enum | None, megapixels: float, seconds: float, *, not_before: float = 0.0
    ) -> None:
        """Take note that a task finished between `not_before` and `seconds` after its submission.

        Without an operation, or answered sooner than any question of ours, it tells nothing: such a task was
        submitted earlier, or its result was kept.
        """
        if operation is None or seconds < _SHORTEST_WAIT * (1 - self.jitter):
            return
        self.remember(operation, megapixels, seconds, not_before)
        if self._on_learn is not None:
            self._on_learn(operation, megapixels, seconds, not_before)

    def remember(self, operation: Enum, megapixels: float, seconds: float, not_before: float) -> None:
        """Learn from an earlier session, without telling `on_learn`."""
        self._models.setdefault(operation, LatencyModel()).add(
            Observation(megapixels, max(0.0, not_before), seconds)
        )

    def expected_questions(self, operation: Enum | None = None) -> float:
        """Return how many questions a task is expected to take, for the price of a batch."""
        model = self._model(operation)
        _, sigma = model.predict(0.0)
        moments = plan(round(sigma, 2), self._price(operation))
        return sum(_survival(moment, sigma) for moment in (0.0, *moments[:-1]))

    def _price(self, operation: Enum | None) -> float:
        """Ask a little more often while nothing is known: an early answer teaches."""
        is_new = operation is not None and len(self._model(operation).seen) < 3
        return self.price * (2 if is_new else 1)

    def _model(self, operation: Enum | None) -> LatencyModel:
        return self._models.get(operation) or LatencyModel()


@dataclass(frozen=True, slots=True)
class Observation:
    """One task: its latency lay in (`low`, `high`], seconds."""

    megapixels: float
    low: float
    high: float


@dataclass
class LatencyModel:
    """The fit for one operation; refitted as observations come, each time from the fit before."""

    base: float = _PRIOR_LATENCY
    """a: seconds of a task without pixels."""
    slope: float = 0.0
    """b: seconds a megapixel."""
    sigma: float = _PRIOR_SIGMA
    seen: deque[Observation] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _fitted_at: int = 0
    _count: int = 0

    def add(self, observation: Observation) -> None:
        """Take one more task in; refit when that adds a tenth to what was known."""
        self.seen.append(observation)
        self._count += 1
        if self._count <= 20 or self._count >= self._fitted_at + max(2, len(self.seen) // 10):
            self.fit(12 if self._count <= 20 else 6)

    def predict(self, megapixels: float) -> tuple[float, float]:
        """Return the median latency, seconds, and the σ of its logarithm, uncertainty of the fit included."""
        known = len(self.seen)
        return self.base + self.slope * megapixels, self.sigma * math.sqrt(1 + 2 / (known + 2))

    def fit(self, rounds: int) -> None:
        """Maximize the likelihood of the intervals: EM over hidden log latencies (Dempster et al. 1977)."""
        self._fitted_at = self._count
        for _ in range(rounds):
            medians = [self.base + self.slope * one.megapixels for one in self.seen]
            hidden = [
                _truncated(math.log(median), self.sigma, one)
                for one, median in zip(self.seen, medians, strict=True)
            ]
            self._fit_line([mean for mean, _ in hidden])
            squares = sum(
                (mean - math.log(self.base + self.slope * one.megapixels)) ** 2 + variance
                for one, (mean, variance) in zip(self.seen, hidden, strict=True)
            )
            prior = _PRIOR_WEIGHT * _PRIOR_SIGMA**2 / 4
            self.sigma = max(_SMALLEST_SIGMA, math.sqrt((squares + prior) / (len(self.seen) + _PRIOR_WEIGHT)))

    def _fit_line(self, logs: list[float]) -> None:
        """Take one Gauss–Newton step of log(a + b x) towards the hidden logs, keeping a and b sensible."""
        saa = sab = sbb = ra = rb = 0.0
        for one, log in zip(self.seen, logs, strict=True):
            median = self.base + self.slope * one.megapixels
            da, db = 1 / median, one.megapixels / median
            residual = log - math.log(median)
            saa, sab, sbb = saa + da * da, sab + da * db, sbb + db * db
            ra, rb = ra + da * residual, rb + db * residual
        # A little ridge: with images of one size only, base and slope cannot be told apart.
        saa, sbb = saa * 1.0001 + 1e-9, sbb * 1.0001 + 1e-6
        determinant = saa * sbb - sab * sab
        base = self.base + (sbb * ra - sab * rb) / determinant
        slope = self.slope + (saa * rb - sab * ra) / determinant
        if slope < 0:
            base, slope = math.exp(sum(logs) / len(logs)), 0.0
        self.base, self.slope = min(max(base, self.base / 3, 0.005), 3 * self.base), slope


def next_question(sigma: float, price: float, asked: float) -> float:
    """Return when to ask next after a question at `asked` that was too early; multiples of the median.

    Beyond four sigma the model has nothing to say, and the waits grow by half.
    """
    sigma = max(sigma, _SMALLEST_SIGMA)
    if asked <= 0:
        return math.exp(sigma * _GRID[_schedule(sigma, price)[0]])
    here = max(0, math.ceil((math.log(asked) / sigma - _GRID[0]) / _STEP - 1e-6))
    if here >= len(_GRID) - 1:
        return 1.5 * asked
    return max(asked, math.exp(sigma * _GRID[_schedule(sigma, price)[here]]))


def plan(sigma: float, price: float) -> tuple[float, ...]:
    """Return when to ask while every answer is “not ready”, up to four sigma; multiples of the median."""
    sigma = max(sigma, _SMALLEST_SIGMA)
    best, moments, here = _schedule(sigma, price), [], 0
    while here != len(_GRID) - 1:
        here = best[here]
        moments.append(math.exp(sigma * _GRID[here]))
    return tuple(moments)


@functools.lru_cache(maxsize=512)
def _schedule(sigma: float, price: float) -> tuple[int, ...]:
    """Return for each grid point the one to ask at next; the best for a log-normal latency.

    Least Σ P(not ready at question k) + price · E[(asked − ready) ÷ ready]; Bellman's recursion backwards
    over the standard quantiles of `_GRID`.
    """
    survival = [1 - _normal(u) for u in _GRID]
    shifted = [_normal(u + sigma) for u in _GRID]
    last = len(_GRID) - 1
    lift = [math.exp(sigma * u + sigma * sigma / 2) for u in _GRID]
    cost, best = [0.0] * len(_GRID), [last] * len(_GRID)
    for i in range(last - 1, -1, -1):
        # From the start (i = 0) on, everything that was ready before the grid counts as ready at its edge.
        cost[i] = math.inf
        for j in range(i + 1, last + 1):
            delay = lift[j] * (shifted[j] - shifted[i]) - (survival[i] - survival[j])
            total = survival[i] + price * delay + cost[j]
            if total < cost[i]:
                cost[i], best[i] = total, j
    return tuple(best)


def _truncated(mean: float, sigma: float, one: Observation) -> tuple[float, float]:
    """Return mean and variance of a normal confined to the observation's interval, in logs."""
    low = math.log(one.low) if one.low > 0 else _LOG_SMALLEST
    high = math.log(max(one.high, one.low, 1e-3))
    a, b = (low - mean) / sigma, (high - mean) / sigma
    mass = _normal(b) - _normal(a)
    if mass < 1e-9:  # far from what the model expects: take the nearer end, which pulls the model there
        return (high if b < 0 else low), 0.0
    pa, pb = _density(a), _density(b)
    shift = (pa - pb) / mass
    spread = 1 + (a * pa - b * pb) / mass - shift * shift
    return mean + sigma * shift, sigma * sigma * max(0.0, spread)


def _survival(moment: float, sigma: float) -> float:
    return 1.0 if moment <= 0 else 1 - _normal(math.log(moment) / max(sigma, _SMALLEST_SIGMA))


def _normal(u: float) -> float:
    return 0.5 * math.erfc(-u / math.sqrt(2))


def _density(u: float) -> float:
    return math.exp(-u * u / 2) / math.sqrt(2 * math.pi)
