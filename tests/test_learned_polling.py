"""Polling that learns: few questions, little delay, whatever the service's pace."""

import itertools
import math
import random
import statistics
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.learned_polling import LearnedPolling, plan
from ocr_nb.polling import PollingPolicy


class Asked(Enum):
    """Two operations."""

    FILTER = "filter"
    TEXT = "text"


def simulate(
    policy: PollingPolicy, base: float, slope: float, *, noise: float = 0.25, tasks: int = 500, seed: int = 1
) -> list[tuple[int, float]]:
    """Run tasks of base + slope · megapixels seconds; return questions and relative delay of each."""
    chance = random.Random(seed)
    outcomes = []
    for _ in range(tasks):
        megapixels = chance.uniform(0.1, 8.0)
        latency = (base + slope * megapixels) * math.exp(noise * chance.gauss(0, 1))
        outcomes.append(_watch(policy, megapixels, latency))
    return outcomes


def _watch(policy: PollingPolicy, megapixels: float, latency: float) -> tuple[int, float]:
    now = before = 0.0
    for questions, wait in enumerate(policy.waits(Asked.FILTER, megapixels), 1):
        now += wait
        if now >= latency:
            policy.learn(Asked.FILTER, megapixels, now, not_before=before)
            return questions, (now - latency) / latency
        before = now
    raise AssertionError("waits end")


@pytest.mark.parametrize(
    ("base", "slope"), [(0.5, 0.0), (0.5, 0.9), (0.7, 0.1), (2.0, 0.75), (4.0, 0.5), (8.0, 0.0)]
)
def test_after_thirty_tasks_it_asks_twice_and_adds_little(base, slope):
    """At most 2.0 questions a task, 20 % delay in the median and 50 % at the 90th percentile."""
    random.seed(7)
    policy = LearnedPolling()
    simulate(policy, base, slope, tasks=30, seed=99)

    outcomes = simulate(policy, base, slope)

    delays = sorted(delay for _, delay in outcomes)
    assert statistics.fmean(questions for questions, _ in outcomes) <= 2.0
    assert statistics.median(delays) <= 0.20
    assert delays[int(0.9 * len(delays))] <= 0.50


def test_a_steady_service_is_asked_little_more_than_once():
    """Where the latency hardly varies, one well-placed question nearly suffices."""
    random.seed(7)
    policy = LearnedPolling()
    simulate(policy, 2.0, 0.0, noise=0.0, tasks=30)

    outcomes = simulate(policy, 2.0, 0.0, noise=0.0, tasks=200)

    assert statistics.fmean(questions for questions, _ in outcomes) < 1.5
    assert statistics.median(delay for _, delay in outcomes) < 0.08


def test_it_follows_a_change_of_load():
    """A service that became four times slower is learned anew."""
    random.seed(7)
    policy = LearnedPolling()
    simulate(policy, 1.0, 0.1, tasks=100)
    simulate(policy, 4.0, 0.4, tasks=100)

    questions = [questions for questions, _ in simulate(policy, 4.0, 0.4, tasks=200)]

    assert statistics.fmean(questions) <= 2.2


def test_a_higher_price_buys_less_delay_with_more_questions():
    """The trade-off is monotone in both directions."""
    figures = []
    for price in (1.0, 4.0, 16.0):
        random.seed(7)
        policy = LearnedPolling(price=price)
        outcomes = simulate(policy, 1.0, 0.5, noise=0.8)[100:]
        figures.append(tuple(statistics.fmean(values) for values in zip(*outcomes, strict=True)))

    questions, delays = zip(*figures, strict=True)
    assert questions == tuple(sorted(questions))
    assert delays == tuple(sorted(delays, reverse=True))


def test_operations_are_learned_apart():
    """A slow filter does not slow the questions about text."""
    policy = LearnedPolling(jitter=0.0)
    before = next(policy.waits(Asked.TEXT))
    for _ in range(20):
        policy.learn(Asked.FILTER, 1.0, 9.0, not_before=8.0)

    assert next(policy.waits(Asked.TEXT)) == before
    assert next(policy.waits(Asked.FILTER)) > 3 * before


def test_what_is_no_latency_is_not_learned():
    """A resumed task, or a result that was kept, says nothing about the service."""
    learned = []
    policy = LearnedPolling(jitter=0.0, on_learn=lambda *one: learned.append(one))
    before = [*itertools.islice(policy.waits(Asked.TEXT), 5)]
    policy.learn(None, 1.0, 60.0)
    policy.learn(Asked.TEXT, 1.0, 0.001)

    assert [*itertools.islice(policy.waits(Asked.TEXT), 5)] == before
    assert learned == []


def test_an_earlier_session_is_remembered_silently():
    """Remembering is learning without telling whoever keeps the latencies."""
    told = []
    policy = LearnedPolling(jitter=0.0, on_learn=lambda *one: told.append(one))
    for _ in range(30):
        policy.remember(Asked.TEXT, 0.0, 6.2, 5.8)

    assert 5.0 < sum(itertools.islice(policy.waits(Asked.TEXT), 1)) < 7.0
    assert told == []
    policy.learn(Asked.TEXT, 2.0, 6.0, not_before=5.0)
    assert told == [(Asked.TEXT, 2.0, 6.0, 5.0)]


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 1e4), st.floats(0, 1)), min_size=1, max_size=40))
def test_no_history_breaks_it(history):
    """Whatever was seen, the waits are positive, bounded and without end."""
    policy = LearnedPolling()
    for megapixels, seconds, part in history:
        policy.learn(Asked.TEXT, megapixels, seconds, not_before=seconds * part)

    waits = [*itertools.islice(policy.waits(Asked.TEXT, 3.0), 50)]

    assert len(waits) == 50
    assert all(0 < wait <= 10.0 * 1.27 for wait in waits)


@given(st.floats(0.0, 2.0), st.floats(0.1, 50.0))
def test_a_plan_asks_ever_later(sigma, price):
    """Moments rise, and reach beyond four sigma."""
    moments = plan(sigma, price)

    assert list(moments) == sorted(set(moments))
    assert moments[-1] == pytest.approx(math.exp(4 * max(sigma, 0.02)))


def test_the_price_of_a_batch_is_foreseen():
    """Unsure at first, better after thirty tasks."""
    random.seed(7)
    policy = LearnedPolling()
    unsure = policy.expected_questions(Asked.FILTER)
    simulate(policy, 2.0, 0.0, tasks=60)
    outcomes = simulate(policy, 2.0, 0.0, tasks=200)

    real = statistics.fmean(questions for questions, _ in outcomes)
    assert policy.expected_questions(Asked.FILTER) == pytest.approx(real, rel=0.2)
    assert unsure > real


def test_impossible_arguments_are_refused():
    """Patience and price are positive."""
    with pytest.raises(ValueError, match="positive"):
        LearnedPolling(patience=0)
