"""How fast one account may ask: so many tasks under way at a time, and a common pause after “too many”.

One `Pace` an account and service, whoever asks: a 429 slows all, not one. In: starts and ends of tasks,
answers; out: waits. Time is passed in. Knows no transport.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import deque
from collections.abc import Awaitable, Callable

_SLOWEST = 2.0
"""Longest gap between two requests, seconds, however often the service says “too many”."""
_FIRST_GAP = 0.05
_RECOVERY = 0.97
"""After each good answer the gap shrinks by this factor: additive caution, multiplicative relief."""
_UNWATCHED = 1.0
"""Seconds after its submission for which a task holds its slot if nobody begins to watch it: who submits many
tasks first and asks later must not wait for himself."""
_WATCHED = 60.0
"""Seconds beyond the announced wait for which a watched task holds its slot."""


class Pace:
    """Slots for tasks under way, and one gate through which every request passes."""

    def __init__(
        self,
        tasks: int = 16,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Allow `tasks` tasks between submission and final answer at a time."""
        if tasks < 1:
            raise ValueError(f"At least one task must be allowed at a time, not {tasks}.")
        self.tasks = tasks
        self._now = now
        self._sleep = sleep
        self._busy: dict[str, float] = {}
        """Tasks that hold a slot, and until when at most."""
        self._reserved = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._gap = 0.0
        self._next = 0.0

    @property
    def under_way(self) -> int:
        """Tasks between submission and final answer."""
        return len(self._busy) + self._reserved

    async def take_slot(self) -> None:
        """Wait until one more task may be submitted; first come, first served."""
        self._drop_abandoned()
        while self.under_way >= self.tasks:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await asyncio.wait([turn], timeout=max(0.01, self._first_lapse() - self._now()))
            except asyncio.CancelledError:
                if turn.done():  # its turn goes to the next
                    self._wake()
                raise
            finally:
                if turn in self._waiting:
                    self._waiting.remove(turn)
            self._drop_abandoned()
        self._reserved += 1

    def give_back(self) -> None:
        """Return a slot whose task was never accepted."""
        self._reserved -= 1
        self._wake()

    def started(self, task_id: str) -> None:
        """Bind the slot just taken to its task."""
        self._reserved -= 1
        self._busy[task_id] = self._now() + _UNWATCHED

    def watched(self, task_id: str, seconds: float = 0.0) -> None:
        """Note that somebody watches the task, and will ask for it in `seconds`."""
        if task_id in self._busy:
            self._busy[task_id] = self._now() + seconds + _WATCHED

    def ended(self, task_id: str) -> None:
        """Free the slot of a task that is final, or was taken back."""
        if self._busy.pop(task_id, None) is not None:
            self._wake()

    async def pass_gate(self) -> None:
        """Wait for this request's turn: behind a pause, and one gap after the request before."""
        while True:
            wait = self._next - self._now()
            if wait <= 0:
                break
            await self._sleep(wait)
        if self._gap:
            self._next = self._now() + self._gap

    def slow_down(self, seconds: float | None) -> None:
        """Hold every request back for `seconds` (1 s when the service did not say), then go slower."""
        pause = 1.0 if seconds is None else seconds
        self._gap = min(_SLOWEST, max(_FIRST_GAP, 2 * self._gap))
        self._next = max(self._next, self._now() + pause)

    def went_well(self) -> None:
        """Recover a little speed."""
        self._gap = self._gap * _RECOVERY if self._gap > _FIRST_GAP / 10 else 0.0

    def _drop_abandoned(self) -> None:
        now = self._now()
        for task_id in [task_id for task_id, lapse in self._busy.items() if lapse <= now]:
            self.ended(task_id)

    def _first_lapse(self) -> float:
        """Return when the next slot lapses; with requests under way but no tasks, a moment from now."""
        return min(self._busy.values(), default=self._now() + _UNWATCHED)

    def _wake(self) -> None:
        """Give the next in line its turn; a future of a loop that is gone is passed over."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done() and not turn.get_loop().is_closed():
                turn.set_result(None)
                return


@functools.lru_cache(maxsize=64)
def pace_of(service: str, account: str, tasks: int) -> Pace:
    """Return this process's one `Pace` for an account of a service."""
    return Pace(tasks)
