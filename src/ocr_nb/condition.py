"""What is done to an image before it is recognized, as one short name: `upsampled:x2+binarize`.

In: the written form. Out: a frozen `Condition` of steps in order. Grammar: `name[:xN|:auto]`, joined by `+`;
`upsampled` is `upsampled:auto`. Knows nothing of images or services.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import SettingsError

FACTORS = (2, 3, 4)
_FACTORED = ("resized", "upsampled")
_FILTERS = ("binarize", "deskew", "dewarp", "contrast")
STEP_NAMES = ("original", *_FACTORED, "make_upsampling", *_FILTERS)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to the image."""

    name: str
    """One of `STEP_NAMES`."""
    factor: int | None = None
    """For `resized` and `upsampled`: 2, 3 or 4; None follows the advice for the image and the reader."""

    def __str__(self) -> str:
        return self.name if self.factor is None else f"{self.name}:x{self.factor}"


@dataclass(frozen=True, slots=True)
class Condition:
    """Steps in order; two conditions are equal when they do the same."""

    steps: tuple[Step, ...] = ()
    """Empty for `original`; `make_upsampling`, a setting of the recognition itself, can only be the last."""

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read the written form; `str()` gives it back, without `:auto`.

        Raises:
            SettingsError: a step is unknown (the message suggests one), its factor is not 2, 3, 4 or auto,
                or the steps do not go together.
        """
        parts = [part.strip() for part in text.split("+")]
        steps = tuple(_parse_step(part, text) for part in parts)
        if any(step.name == "original" for step in steps):
            if len(steps) > 1:
                raise SettingsError(
                    f"The condition {text!r} joins original with other steps: leave original out."
                )
            return cls()
        if any(step.name == "make_upsampling" for step in steps[:-1]):
            raise SettingsError(
                f"In the condition {text!r} make_upsampling must come last: it is done by the recognizer."
            )
        return cls(steps)

    @property
    def filters(self) -> tuple[Step, ...]:
        """The steps that change the image before it is sent for recognition."""
        return tuple(step for step in self.steps if step.name != "make_upsampling")

    @property
    def makes_upsampling(self) -> bool:
        """Tell whether the recognition itself is asked to upsample."""
        return self.steps[-1:] == (Step("make_upsampling"),)

    @property
    def upsamples(self) -> bool:
        """Tell whether an upsampler has a hand in it, before the recognition or inside it."""
        return any(step.name in ("upsampled", "make_upsampling") for step in self.steps)

    @property
    def is_advised(self) -> bool:
        """Tell whether the advice chooses a factor."""
        return any(
            step.name in (*_FACTORED, "make_upsampling") and step.factor is None for step in self.steps
        )

    def with_factor(self, factor: int | None) -> Condition:
        """Return the condition with `factor` in every resized and upsampled step that has none."""
        return Condition(
            tuple(
                dataclasses.replace(step, factor=step.factor or factor) if step.name in _FACTORED else step
                for step in self.steps
            )
        )

    def __str__(self) -> str:
        return "+".join(str(step) for step in self.steps) or "original"


def parse_conditions(conditions: Iterable[str | Condition] | str) -> tuple[Condition, ...]:
    """Read several conditions: a comma-separated text, or any mixture of texts and conditions.

    Raises:
        SettingsError: one cannot be read, one is given twice, or there is none.
    """
    entries = conditions.split(",") if isinstance(conditions, str) else list(conditions)
    parsed = tuple(Condition.parse(entry.strip()) if isinstance(entry, str) else entry for entry in entries)
    if not parsed:
        raise SettingsError("No condition was given: name at least one, such as original.")
    twice = [str(one) for index, one in enumerate(parsed) if one in parsed[:index]]
    if twice:
        raise SettingsError(f"The condition {twice[0]} is given twice: name it once.")
    return parsed


def _parse_step(part: str, whole: str) -> Step:
    name, colon, rest = part.partition(":")
    if name not in STEP_NAMES:
        raise SettingsError(f"There is no condition {name!r} (in {whole!r}): {_hint(name)}")
    if not colon or rest == "auto":
        if rest and name not in _FACTORED:
            raise SettingsError(f"The condition {name} takes no factor: write {name} instead of {part!r}.")
        return Step(name)
    if name not in _FACTORED:
        raise SettingsError(f"The condition {name} takes no factor: write {name} instead of {part!r}.")
    match = re.fullmatch(r"x(\d+)", rest)
    if match is None or int(match[1]) not in FACTORS:
        raise SettingsError(f"{rest!r} in {part!r} is not a factor: write {name}:x2, :x3, :x4 or :auto.")
    return Step(name, int(match[1]))


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, STEP_NAMES, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(STEP_NAMES)}."
