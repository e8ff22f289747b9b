"""What a workbench says of each image: state, verdict, error rates, in words and plain values.

In: trials of one image, its baseline first. Out: a frozen `Row`, and the same as JSON without any pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..trial import Trial
from ..verdict import Outcome, Verdict, judge, label, percent, seconds, size

State = Literal["new", "waiting", "running", "done", "failed", "stopped"]
STATE_WORDS: dict[State, str] = {
    "new": "not read yet",
    "waiting": "waiting",
    "running": "reading",
    "done": "done",
    "failed": "failed",
    "stopped": "stopped",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One image of a workbench, and what is known of it."""

    key: str
    """Tells rows apart for as long as the workbench lives."""
    name: str
    width: int
    height: int
    x_height_px: float | None
    private: bool
    """Whether no pixel of it may be saved."""
    ground_truth: str | None
    state: State = "new"
    doing: str = ""
    """What is under way: “upsample receipt.png”."""
    before: Trial | None = None
    """The baseline's trial."""
    after: Trial | None = None
    """The trial that the verdict is about: of upsampling, where there is one."""
    others: tuple[Trial, ...] = ()
    verdict: Verdict | None = None
    error: str | None = None
    stale: bool = False
    """Whether settings, conditions or the reader have changed since."""

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials in sight, the baseline first."""
        return tuple(one for one in (self.before, self.after, *self.others) if one is not None)

    def to_json(self, number: int) -> dict[str, Any]:
        """Return what a view shows and a notebook may save: no text that was read, and no pixel.

        A private image goes by its `number`, counted from 1: its name may tell as much as it.
        """
        verdict = self.verdict
        name = f"image {number}" if self.private else self.name
        return {
            "key": self.key,
            "name": name,
            "size": size(self.width, self.height),
            "xHeight": None if self.x_height_px is None else _pixels(self.x_height_px),
            "private": self.private,
            "truthWords": None if self.ground_truth is None else len(self.ground_truth.split()),
            "state": self.state,
            "stateWord": STATE_WORDS[self.state],
            "doing": self.doing.replace(self.name, name),
            "verdict": verdict.sentence.replace(self.name, name) if verdict else "",
            "outcome": verdict.outcome.name.lower() if verdict else "",
            "before": _rate(self.before),
            "after": _rate(self.after),
            "others": [_rate(trial) for trial in self.others],
            "error": self.error and self.error.replace(self.name, name),
            "stale": self.stale,
        }

    def say(self, number: int) -> tuple[str, str, str]:
        """Return name, size and verdict with its rates in words; a private image goes by its `number`."""
        shown = self.to_json(number)
        verdict = f"{shown['verdict']} {self.verdict.rates}".strip() if self.verdict else shown["stateWord"]
        return shown["name"], shown["size"], verdict


def fill_row(row: Row, trials: Sequence[Trial]) -> Row:
    """Return `row` with what `trials`, each of another condition and the baseline first, say of its image."""
    if not trials:
        return row
    before, rest = trials[0], list(trials[1:])
    after = pick_chief(rest)
    failed = next((trial for trial in (after, *trials) if trial is not None and trial.error), None)
    return replace(
        row,
        before=before,
        after=after,
        others=tuple(trial for trial in rest if trial is not after),
        verdict=judge(before, after) if after is not None else _judge_alone(before),
        error=failed.error if failed else None,
    )


def pick_chief(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that a verdict is about: upsampled, else make_upsampling, else the last one."""
    for start in ("upsampled", "make_upsampling"):
        for trial in trials:
            if trial.condition.startswith(start):
                return trial
    return trials[-1] if trials else None


def _judge_alone(trial: Trial) -> Verdict:
    if trial.error is not None:
        return Verdict(Outcome.FAILED, f"Reading failed: {trial.error}")
    if trial.cer is None:
        words = len((trial.text or "").split())
        said = f"{words} word{'' if words == 1 else 's'} read; there is no ground truth to count against."
        return Verdict(Outcome.UNKNOWN, said)
    return Verdict(Outcome.UNKNOWN, f"Read with CER {percent(trial.cer)}; nothing to compare with.")


def _rate(trial: Trial | None) -> dict[str, Any] | None:
    if trial is None:
        return None
    return {
        "label": label(trial.condition),
        "cer": trial.cer if trial.cer is None or trial.cer < float("inf") else None,
        "failed": trial.error is not None,
        "said": percent(trial.cer) if trial.error is None else "failed",
        "size": size(trial.width, trial.height),
        "seconds": seconds(trial.seconds),
    }


def _pixels(x_height: float) -> str:
    return f"{x_height:.1f} px" if x_height < 9.95 else f"{x_height:.0f} px"
