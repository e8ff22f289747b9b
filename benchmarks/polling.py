"""Questions a task and delay added, by polling policy: ours beside fixed waits and the official examples'.

Simulated tasks, no service: latency (a + b · megapixels) · exp(σ · N(0, 1)), a and b drawn anew for each
of the services so that latencies lie between 0.5 and 8 s. Prints markdown; the second table is the trade-off.

    python benchmarks/polling.py [--tasks 500] [--warm-up 30] [--services 20]
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from ocr_nb.learned_polling import LearnedPolling
from ocr_nb.polling import Polling

GIVEN_UP = 120.0
"""Seconds after which a task that a policy has stopped asking for counts as lost."""


class Asked(Enum):
    """What is asked for."""

    UPSAMPLE = "upsample"


class Listed:
    """A policy of an official example: its waits in order, and then it gives up."""

    def __init__(self, waits: Callable[[], Iterator[float]]) -> None:
        self._waits = waits

    def waits(self, operation: Enum | None, megapixels: float) -> Iterator[float]:
        """Yield the waits."""
        return self._waits()

    def learn(self, *args: Any, **options: Any) -> None:
        """Learn nothing."""


POLICIES: dict[str, Callable[[], Any]] = {
    "ocr_nb, learned": LearnedPolling,
    "ocr_nb, fixed growth (`Polling()`)": Polling,
    "every 1 s": lambda: Listed(lambda: itertools.repeat(1.0)),
    ".NET example: 1 s, 20 times": lambda: Listed(lambda: itertools.repeat(1.0, 20)),
    "Java example: 5 s × attempt, 5 times": lambda: Listed(lambda: iter([5.0, 10.0, 15.0, 20.0, 25.0])),
    "CLI: 5 s + 1 s × attempt, 10 times": lambda: Listed(lambda: (5.0 + n for n in range(1, 11))),
    "Node example: once after 1 s": lambda: Listed(lambda: iter([1.0])),
    "Python example: once, at once": lambda: Listed(lambda: iter([0.0])),
}


def draw_service(chance: random.Random) -> tuple[float, float, float]:
    """Return base (s), slope (s a megapixel) and the largest image (megapixels); latencies 0.5 to 8 s."""
    largest = chance.choice([2.0, 8.0, 12.0])
    low = chance.uniform(0.5, 4.0)
    high = chance.uniform(low, 8.0)
    return low, (high - low) / largest, largest


def run_service(
    policy: Any, seed: int, noise: float, tasks: int, warm_up: int
) -> tuple[list[int], list[float], int]:
    """Return questions and relative delay of each task after the warm-up, and how many were given up."""
    chance = random.Random(seed)
    base, slope, largest = draw_service(chance)
    questions, delays, lost = [], [], 0
    for number in range(warm_up + tasks):
        megapixels = chance.uniform(0.0, largest)
        latency = (base + slope * megapixels) * math.exp(noise * chance.gauss(0.0, 1.0))
        asked, moment = watch(policy, megapixels, latency)
        if number < warm_up:
            continue
        questions.append(asked)
        if moment is None:
            lost += 1
        else:
            delays.append((moment - latency) / latency)
    return questions, delays, lost


def watch(policy: Any, megapixels: float, latency: float) -> tuple[int, float | None]:
    """Return how many questions one task took and when its result came; None when it was given up."""
    now = before = 0.0
    asked = 0
    for wait in policy.waits(Asked.UPSAMPLE, megapixels):
        now += wait
        asked += 1
        if now >= latency:
            policy.learn(Asked.UPSAMPLE, megapixels, now, not_before=before)
            return asked, now
        if now > GIVEN_UP:
            break
        before = now
    return asked, None


def measure(make: Callable[[], Any], noise: float, options: argparse.Namespace) -> tuple[float, ...]:
    """Return mean questions, median and 90th percentile of the delay, and the part given up."""
    random.seed(1)
    questions: list[int] = []
    delays: list[float] = []
    lost = 0
    for seed in options.seeds:
        asked, late, gone = run_service(make(), seed, noise, options.tasks, options.warm_up)
        questions, delays, lost = questions + asked, delays + late, lost + gone
    delays.sort()
    median, high = (delays[int(part * len(delays))] if delays else math.nan for part in (0.5, 0.9))
    return statistics.fmean(questions), median, high, lost / len(questions)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=500, help="tasks a service, after the warm-up")
    parser.add_argument("--warm-up", type=int, default=30, help="tasks a service to learn from")
    parser.add_argument("--services", type=int, default=20, help="services with latencies of their own")
    options = parser.parse_args()
    options.seeds = range(options.services)

    print(f"25 % noise; {options.services} services × {options.tasks} tasks after {options.warm_up}.\n")
    print("| policy | GETs a task | median delay | 90th percentile | given up |")
    print("|---|---|---|---|---|")
    for name, make in POLICIES.items():
        print(_row(name, measure(make, 0.25, options)))
    print(f"\nThe worst of the services for ocr_nb, learned: {_worst(options)}.")
    print("\nThe trade-off, by how unpredictable the latency is (σ of its logarithm) and by `price`:\n")
    print("| σ, price | GETs a task | median delay | 90th percentile | given up |")
    print("|---|---|---|---|---|")
    for noise, price in itertools.product((0.1, 0.25, 0.5, 1.0), (2.0, 4.0, 8.0, 16.0)):
        figures = measure(lambda price=price: LearnedPolling(price=price), noise, options)
        print(_row(f"{noise:g}, {price:g}", figures))


def _worst(options: argparse.Namespace) -> str:
    """Return the largest of each figure over the services."""
    alone = [
        measure(LearnedPolling, 0.25, argparse.Namespace(**{**vars(options), "seeds": [seed]}))
        for seed in options.seeds
    ]
    questions, median, high, _ = (max(figures) for figures in zip(*alone, strict=True))
    return f"{questions:.2f} GETs a task, median delay {median:.0%}, 90th percentile {high:.0%}"


def _row(name: str, figures: tuple[float, ...]) -> str:
    questions, median, high, lost = figures
    return f"| {name} | {questions:.2f} | {_percent(median)} | {_percent(high)} | {lost:.0%} |"


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.0%}"


if __name__ == "__main__":
    main()
