"""What goes wrong on purpose, for lessons and for testing clients.

Rules pick requests and spoil their answers.

A script is TOML, a list of `[[fault]]` tables:

    [[fault]]
    do = "too_many"            # one of FAULTS
    on = "POST UpscaleImage"   # method and resource, `*` for any; default "* *"
    at = [1, 3]                # which of the matching requests: 1 is the first; default all
    every = 5                  # or every fifth of them
    retry_after = 2            # what the fault takes, see FAULTS

or, in short, `too_many,slow,reset`: the first request gets the first fault, the second the second, and so on.
Requests are counted as they arrive; the first rule that applies wins, and every rule counts.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..service.protocol import suggestion

FAULTS: dict[str, str] = {
    "slow": "answers `seconds` (default 5) late",
    "expired_token": "401, the access token has expired",
    "too_many": "429 with `Retry-After: retry_after` (default 2)",
    "server_error": "`status` (default 500) without doing anything",
    "reset": "resets the connection; with `done = true` only after the request was carried out",
    "truncated": "closes the connection half-way through the body",
    "wrong_type": "the right answer as text/html",
    "lost_result": "the task is completed, but its result is lost",
}
"""Name → what the client sees."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule of a script."""

    do: str
    on: str = "* *"
    at: tuple[int, ...] = ()
    every: int = 0
    seconds: float = 5.0
    retry_after: int = 2
    status: int = 500
    done: bool = False

    def __post_init__(self) -> None:
        if self.do not in FAULTS:
            raise SettingsError(f"There is no fault {self.do!r}: {suggestion(self.do, FAULTS)}")
        if len(self.on.split()) != 2:
            raise SettingsError(f"on is {self.on!r}: give method and resource, as in 'POST UpscaleImage'.")
        if not 500 <= self.status <= 599:
            raise SettingsError(f"status is {self.status}: a server error has 500 to 599.")
        if (
            any(number < 1 for number in self.at)
            or self.every < 0
            or self.seconds < 0
            or self.retry_after < 0
        ):
            raise SettingsError(f"The fault {self.do!r} has a negative number: requests are counted from 1.")

    def covers(self, method: str, resource: str) -> bool:
        """Tell whether the rule is about such a request; letter case does not matter."""
        wanted_method, wanted = self.on.lower().split()
        return fnmatch.fnmatchcase(method.lower(), wanted_method) and fnmatch.fnmatchcase(
            resource.lower(), wanted
        )

    def applies(self, count: int) -> bool:
        """Tell whether the `count`-th covered request (from 1) is spoilt."""
        if not self.at and not self.every:
            return True
        return count in self.at or (self.every > 0 and count % self.every == 0)


@dataclass(frozen=True, slots=True)
class FaultScript:
    """Rules in order; without any, nothing goes wrong."""

    rules: tuple[Fault, ...] = ()

    @classmethod
    def load(cls, source: str) -> FaultScript:
        """Read a TOML file, or the short form `name,name,…`.

        Raises:
            SettingsError: neither, or a rule is malformed; the message names it.
        """
        names = [name.strip() for name in source.split(",")]
        if all(name in FAULTS for name in names):
            return cls(tuple(Fault(name, at=(number,)) for number, name in enumerate(names, 1)))
        path = Path(source)
        try:
            return cls.parse(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{source!r} is neither a readable fault script nor a list of faults "
                f"({', '.join(FAULTS)}): {error}."
            ) from error

    @classmethod
    def parse(cls, text: str) -> FaultScript:
        """Read the TOML of a script.

        Raises:
            SettingsError: it is no TOML, or a rule is malformed.
        """
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"The fault script is not TOML: {error}.") from error
        tables = raw.pop("fault", [])
        if raw or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise SettingsError("The fault script holds something else than [[fault]] tables.")
        return cls(tuple(_rule(table) for table in tables))


NOTHING_WRONG = FaultScript()


def _rule(table: dict[str, Any]) -> Fault:
    names = {entry.name: entry for entry in dataclasses.fields(Fault)}
    for name in table:
        if name not in names:
            raise SettingsError(f"A fault has no {name!r}: {suggestion(name, names)}")
    if not isinstance(table.get("do"), str):
        raise SettingsError(f"A fault says no 'do': choose from {', '.join(FAULTS)}.")
    values = dict(table)
    at = values.pop("at", ())
    values["at"] = tuple(at) if isinstance(at, list) else (at,) if at != () else ()
    for name, value in values.items():
        if not _fits(name, value):
            raise SettingsError(f"{name} of the fault {table['do']!r} cannot be {value!r}.")
    return Fault(**values)


_KINDS: dict[str, tuple[type, ...]] = {
    "do": (str,), "on": (str,), "every": (int,), "seconds": (int, float), "retry_after": (int,),
    "status": (int,), "done": (bool,),
}  # fmt: skip


def _fits(name: str, value: Any) -> bool:
    if name == "at":
        return all(isinstance(number, int) and not isinstance(number, bool) for number in value)
    return isinstance(value, _KINDS[name]) and (name == "done" or not isinstance(value, bool))


class FaultCounter:
    """Counts the requests of one server and says which of them are spoilt."""

    def __init__(self, script: FaultScript) -> None:
        self._script = script
        self._counts: Counter[int] = Counter()

    def next(self, method: str, resource: str) -> Fault | None:
        """Count one request; return what goes wrong with it, or None."""
        chosen = None
        for index, rule in enumerate(self._script.rules):
            if rule.covers(method, resource):
                self._counts[index] += 1
                if chosen is None and rule.applies(self._counts[index]):
                    chosen = rule
        return chosen
