"""The pace of an account: slots for watched tasks, one gate, a common pause."""

import asyncio

import pytest

from ocr_nb.service.pace import Pace, pace_of


@pytest.fixture
def pace(clock) -> Pace:
    """Two tasks at a time."""
    return Pace(2, now=clock.now, sleep=clock.sleep)


async def start(pace: Pace, *names: str) -> None:
    """Submit and begin to watch."""
    for name in names:
        await pace.take_slot()
        pace.started(name)
        pace.watched(name)


async def test_slots_are_given_in_order_of_asking(pace):
    """First come, first served."""
    await start(pace, "a", "b")
    served = []

    async def wait(name: str) -> None:
        await start(pace, name)
        served.append(name)

    waiting = [asyncio.create_task(wait(name)) for name in ("c", "d", "e")]
    await asyncio.sleep(0)
    for name in ("a", "b", "c"):
        pace.ended(name)
        await asyncio.sleep(0.01)

    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert served == ["c", "d", "e"]
    assert pace.under_way == 2


async def test_a_cancelled_waiter_passes_its_turn_on(pace):
    """A slot is not lost with whoever gave up."""
    await start(pace, "a", "b")
    first = asyncio.create_task(pace.take_slot())
    second = asyncio.create_task(pace.take_slot())
    await asyncio.sleep(0)
    pace.ended("a")
    first.cancel()

    await asyncio.wait_for(second, 5)
    pace.give_back()
    assert pace.under_way == 1


async def test_a_slot_lapses_when_nobody_watches_any_longer(pace, clock):
    """A minute beyond the announced wait."""
    await start(pace, "a", "b")
    pace.watched("a", 10.0)
    clock.advance(65)

    await asyncio.wait_for(pace.take_slot(), 5)
    assert pace.under_way == 2


async def test_a_pause_holds_everyone_back(pace, clock):
    """Nobody passes before the pause has ended, and then one by one."""
    pace.slow_down(10.0)
    began = clock.now()

    await asyncio.gather(*(pace.pass_gate() for _ in range(3)))

    assert clock.now() - began == pytest.approx(10.0 + 2 * 0.05, abs=1e-3)


async def test_speed_comes_back(pace, clock):
    """After enough good answers nobody waits at the gate any longer."""
    pace.slow_down(0.0)
    for _ in range(100):
        pace.went_well()
    await pace.pass_gate()
    clock.slept.clear()

    await pace.pass_gate()

    assert clock.slept == []


def test_an_account_has_one_pace():
    """Two clients of one account do not go twice as fast."""
    assert pace_of("https://a", "me", 4) is pace_of("https://a", "me", 4)
    assert pace_of("https://a", "me", 4) is not pace_of("https://a", "you", 4)


def test_no_task_at_a_time_is_none_ever():
    """At least one."""
    with pytest.raises(ValueError, match="At least one task"):
        Pace(0)
