"""The meter: calls by account and month, across processes, with a plan that can be kept to."""

import logging
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocr_nb.errors import BudgetExceeded
from ocr_nb.service.meter import CallMeter, NoMeter

ACCOUNT = "0123456789abcdef"


class Calendar:
    """A clock that is set to a date."""

    def __init__(self, *date: int) -> None:
        self.date = date

    def now(self) -> float:
        """Return the date as seconds since 1970."""
        return datetime(*self.date, tzinfo=UTC).timestamp()  # type: ignore[misc]


@pytest.fixture
def calendar() -> Calendar:
    """The last second of November."""
    return Calendar(2026, 11, 30, 23, 59, 59)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the meter is."""
    return tmp_path / "state" / "meter.sqlite"


@pytest.fixture
def meter(path: Path, calendar: Calendar):
    """A meter of the free plan."""
    meter = CallMeter(path, ACCOUNT, now=calendar.now)
    yield meter
    meter.close()


def test_calls_add_up_and_what_was_not_sent_is_taken_back(meter):
    """Used and left, in words too."""
    meter.spend()
    meter.spend(5)
    meter.refund(2)

    usage = meter.usage()
    assert (usage.used, usage.limit, usage.left) == (4, 150, 146)
    assert str(usage) == "4 of 150 calls used in 2026-11, 146 left"
    meter.refund(99)
    assert meter.usage().used == 0


def test_months_are_counted_apart_in_utc(meter, calendar):
    """A second later it is December, and the free calls are back."""
    meter.spend(150)
    calendar.date = (2026, 12, 1)

    assert meter.usage().left == 150
    meter.spend(1)
    assert [(usage.month, usage.used) for usage in meter.history()] == [("2026-11", 150), ("2026-12", 1)]


def test_accounts_are_counted_apart(meter, path, calendar):
    """One file, several accounts."""
    meter.spend(3)
    other = CallMeter(path, "another", now=calendar.now)

    assert other.usage().used == 0
    other.close()


def test_a_plan_is_remembered(meter, path, calendar):
    """Set once, known to every later meter of the account."""
    meter.set_limit(1000)
    later = CallMeter(path, ACCOUNT, now=calendar.now)
    assert later.usage().left == 1000
    later.set_limit(None)
    assert meter.usage().left is None
    assert str(meter.usage()) == "0 calls used in 2026-11, no limit set"
    later.close()
    with pytest.raises(ValueError, match="not -1"):
        meter.set_limit(-1)


def test_a_meter_that_refuses_counts_nothing_beyond_the_plan(path, calendar):
    """The refusal names what is needed, what is left, and what can be done."""
    meter = CallMeter(path, ACCOUNT, refuse=True, now=calendar.now)
    meter.spend(149)

    with pytest.raises(
        BudgetExceeded, match=r"2 calls are needed but only 1 of 150 are left in 2026-11: wait"
    ):
        meter.spend(2)

    assert meter.usage().used == 149
    meter.close()


def test_a_batch_is_checked_before_it_starts(meter):
    """What is left suffices, or nothing is sent."""
    meter.spend(100)
    meter.check(50)

    with pytest.raises(BudgetExceeded, match="51 calls are needed"):
        meter.check(51)


def test_it_warns_from_four_fifths_on_once_every_tenth(meter, caplog):
    """At 120, 135 and 150 of 150; not at every call."""
    with caplog.at_level(logging.WARNING, logger="ocr_nb.service.meter"):
        for _ in range(150):
            meter.spend()

    assert [record.getMessage().partition(" calls")[0] for record in caplog.records] == [
        "120 of 150",
        "135 of 150",
        "150 of 150",
    ]


def test_several_processes_count_together(path):
    """Four processes of fifty calls each are two hundred."""
    program = f"""
        import logging
        from pathlib import Path
        from ocr_nb.service.meter import CallMeter
        logging.disable()
        meter = CallMeter(Path({str(path)!r}), {ACCOUNT!r})
        for _ in range(50):
            meter.spend()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]

    meter = CallMeter(path, ACCOUNT)
    assert meter.usage().used == 200
    meter.close()


def test_the_file_is_private_and_holds_no_client_id(meter, path):
    """0600, 0700, and the hash only."""
    meter.spend()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_forgetting_keeps_the_plan(meter):
    """The months go, what the user said about the plan stays."""
    meter.set_limit(10)
    meter.spend(3)

    assert meter.forget() == 1
    assert (meter.usage().used, meter.usage().limit) == (0, 10)


def test_no_meter_has_no_limit():
    """For servers on this machine: counted, never refused."""
    meter = NoMeter()
    meter.spend(10_000)
    meter.refund()

    assert (meter.usage().used, meter.usage().left) == (9_999, None)
