"""How many calls this month: counted for each account, on file, across processes.

In: every call as it is made; out: used, left, and a refusal before the plan is overspent. The account is a
hash of the client id and the month is UTC's; no secret and no image comes near. Knows no transport.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ..errors import BudgetExceeded
from .private_database import PrivateDatabase

log = logging.getLogger(__name__)

FREE_CALLS = 150
"""API calls a month in the service's free plan, over all applications of an account."""
_WARN_FROM = 0.8
"""Fraction of the plan from which every tenth of it is told in the log."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    account TEXT, month TEXT, used INTEGER NOT NULL, PRIMARY KEY (account, month)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plans (account TEXT PRIMARY KEY, calls INTEGER) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """One month of one account."""

    account: str
    month: str
    """`2026-11`, UTC."""
    used: int
    limit: int | None
    """Calls the plan allows a month; None without a limit."""

    @property
    def left(self) -> int | None:
        """Calls left, never negative; None without a limit."""
        return None if self.limit is None else max(0, self.limit - self.used)

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.used} calls used in {self.month}, no limit set"
        return f"{self.used} of {self.limit} calls used in {self.month}, {self.left} left"


class Meter(Protocol):
    """Counts calls and knows the plan."""

    def spend(self, calls: int = 1) -> None:
        """Count calls that are about to be made; may refuse with `BudgetExceeded`."""
        ...

    def refund(self, calls: int = 1) -> None:
        """Take back calls that never left this machine."""
        ...

    def usage(self) -> Usage:
        """Return this month so far."""
        ...


class CallMeter:
    """A meter on file: `state/meter.sqlite`."""

    def __init__(
        self,
        path: Path,
        account: str,
        *,
        refuse: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open the meter of `account`.

        Args:
            path: the SQLite file; made when missing, readable by its owner alone.
            account: `Credentials.account`.
            refuse: raise `BudgetExceeded` instead of going beyond the plan.
            now: seconds since 1970, UTC.
        """
        self.account = account
        self.refuse = refuse
        self._database = PrivateDatabase(path, _SCHEMA)
        self._now = now

    def spend(self, calls: int = 1) -> None:
        """Count `calls`; refuse when the plan would be overspent and the meter was told to refuse.

        Raises:
            BudgetExceeded: nothing was counted and nothing should be sent.
        """
        month = self._month()
        with self._database.transaction() as connection:
            limit = self._limit()
            before = self._used(month)
            if self.refuse and limit is not None and before + calls > limit:
                raise BudgetExceeded(_refusal(calls, Usage(self.account, month, before, limit)))
            connection.execute(
                "INSERT INTO calls VALUES (?, ?, ?) "
                "ON CONFLICT (account, month) DO UPDATE SET used = used + excluded.used",
                (self.account, month, calls),
            )
        self._tell(before, Usage(self.account, month, before + calls, limit))

    def refund(self, calls: int = 1) -> None:
        """Take back calls that never left this machine."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE calls SET used = max(0, used - ?) WHERE account = ? AND month = ?",
                (calls, self.account, self._month()),
            )

    def usage(self) -> Usage:
        """Return this month so far, calls of other processes included."""
        month = self._month()
        return Usage(self.account, month, self._used(month), self._limit())

    def set_limit(self, calls: int | None) -> None:
        """Remember how many calls a month the plan allows; None for a plan without a limit."""
        if calls is not None and calls < 0:
            raise ValueError(f"A plan has 0 calls a month or more, not {calls}.")
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", (self.account, calls))

    def check(self, calls: int) -> None:
        """Refuse a batch that needs more than what is left.

        Raises:
            BudgetExceeded: the month's calls would not suffice.
        """
        usage = self.usage()
        if usage.left is not None and calls > usage.left:
            raise BudgetExceeded(_refusal(calls, usage))

    def history(self) -> tuple[Usage, ...]:
        """Return every month of this account on file, oldest first."""
        rows = self._database.rows(
            "SELECT month, used FROM calls WHERE account = ? ORDER BY month", self.account
        )
        limit = self.usage().limit
        return tuple(Usage(self.account, row["month"], row["used"], limit) for row in rows)

    def forget(self) -> int:
        """Delete the months of all accounts, not their plans; return how many months were on file."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM calls").rowcount

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _month(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m")

    def _used(self, month: str) -> int:
        rows = self._database.rows(
            "SELECT used FROM calls WHERE account = ? AND month = ?", self.account, month
        )
        return int(rows[0]["used"]) if rows else 0

    def _limit(self) -> int | None:
        rows = self._database.rows("SELECT calls FROM plans WHERE account = ?", self.account)
        return rows[0]["calls"] if rows else FREE_CALLS

    def _tell(self, before: int, usage: Usage) -> None:
        """Warn once at every tenth of the plan from `_WARN_FROM` on, and at every tenth beyond it."""
        if not usage.limit:
            return
        tenths = int(10 * usage.used / usage.limit)
        if usage.used >= _WARN_FROM * usage.limit and tenths > int(10 * before / usage.limit):
            log.warning("%s.", usage)


class NoMeter:
    """Counts for this process alone and never refuses: for servers on this machine, which cost nothing."""

    def __init__(self) -> None:
        self._used = 0

    def spend(self, calls: int = 1) -> None:
        """Count `calls`."""
        self._used += calls

    def refund(self, calls: int = 1) -> None:
        """Take back `calls`."""
        self._used -= calls

    def usage(self) -> Usage:
        """Return the calls of this process."""
        return Usage("none", "this process", self._used, None)


def _refusal(calls: int, usage: Usage) -> str:
    return (
        f"{calls} calls are needed but only {usage.left} of {usage.limit} are left in {usage.month}: "
        "wait for the next month, send less, force it, or set your plan with `ocr-nb calls --limit N`."
    )
