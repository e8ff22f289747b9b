"""When to ask again: how long to wait between two questions about one task, and when to give up.

Polling is not retrying: a poll asks again because the answer is not ready, a retry because the question
failed (that is the service's affair). In: what was asked and how large the image is; out: waits, seconds.
Pure arithmetic: nothing here sleeps, and it knows no service.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class PollingPolicy(Protocol):
    """Decides the waits between questions; may learn from how long tasks took."""

    @property
    def patience(self) -> float:
        """Seconds from submission after which nobody waits any longer."""
        ...

    def waits(self, operation: Enum | None = None, megapixels: float = 0.0) -> Iterator[float]:
        """Yield the wait before each question, seconds, without end; the first counts from submission.

        Args:
            operation: what was asked (an `Operation`); policies only tell different ones apart.
            megapixels: width × height of the image ÷ 10⁶; 0 when unknown.
        """
        ...

    def learn(
        self, operation: Enum | None, megapixels: float, seconds: float, *, not_before: float = 0.0
    ) -> None:
        """Take note that a task was seen finished `seconds` after its submission.

        Args:
            operation: as for `waits`.
            megapixels: as for `waits`.
            seconds: from submission to the first answer that was final.
            not_before: from submission to the last answer that was *not* final, 0 without one: the true
                latency lies between the two.
        """
        ...


@dataclass(frozen=True, slots=True)
class Polling:
    """Waits that grow by a constant factor up to a limit, with jitter. Seconds throughout.

    The defaults follow the service's documentation, which advises to ask again "in a couple of seconds":
    first after 1 s, then ×1.5 up to 10 s. Jitter keeps many tasks from asking in step.
    """

    first_wait: float = 1.0
    growth: float = 1.5
    """At least 1."""
    longest_wait: float = 10.0
    patience: float = 120.0
    jitter: float = 0.1
    """Each wait is drawn evenly from ±this fraction around its value, in [0, 1)."""

    def __post_init__(self) -> None:
        if self.first_wait < 0 or self.longest_wait < 0 or self.patience <= 0:
            raise ValueError(f"Waits are not negative and patience is positive, not {self}.")
        if self.growth < 1 or not 0 <= self.jitter < 1:
            raise ValueError(f"growth is at least 1 and jitter in [0, 1), not {self.growth}, {self.jitter}.")

    def waits(self, operation: Enum | None = None, megapixels: float = 0.0) -> Iterator[float]:
        """Yield the waits, without end; the same for every operation and size."""
        wait = self.first_wait
        while True:
            yield min(wait, self.longest_wait) * random.uniform(1 - self.jitter, 1 + self.jitter)
            wait = min(wait * self.growth, self.longest_wait)

    def learn(
        self, operation: Enum | None, megapixels: float, seconds: float, *, not_before: float = 0.0
    ) -> None:
        """Do nothing: these waits are fixed."""
