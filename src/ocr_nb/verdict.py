"""What the numbers say, in words that can also say “no gain” and “worse”.

In: a pair of trials, or a `Summary`. Out: sentences, and numbers written as a reader reads them: “3.2 %”,
“−2.1 points”, “4 s”, “813×681”. Knows nothing of where the words will stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .alignment import Fate, align_readings, count_fates
from .condition import Condition
from .errors import SettingsError
from .metrics import agreement
from .trial import Trial

if TYPE_CHECKING:
    from .statistics import Interval
    from .summary import ConditionSummary, Difference, Reader, Summary

_DOING = {
    "resized": "plain resizing",
    "upsampled": "upsampling",
    "make_upsampling": "upsampling inside recognition",
    "binarize": "binarizing",
    "deskew": "deskewing",
    "dewarp": "dewarping",
    "contrast": "contrast correction",
}


class Outcome(Enum):
    """How a condition did on one image, compared with the baseline."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "no gain"
    LEFT_ALONE = "left as given"
    UNKNOWN = "no ground truth"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgment on one image."""

    outcome: Outcome
    sentence: str
    rates: str = ""
    """Before and after, such as “CER 12.4 % → 2.1 %.”; empty without ground truth."""

    def __str__(self) -> str:
        return f"{self.sentence} {self.rates}".rstrip()


def judge(before: Trial | None, after: Trial) -> Verdict:
    """Compare two trials of one image, in words; `before` is None where the baseline has none."""
    what = doing(after.condition)
    if after.error is not None:
        return Verdict(Outcome.FAILED, f"{capital(what)} failed: {after.error}")
    if before is None or before.error is not None:
        return Verdict(Outcome.UNKNOWN, f"There is no reading without {what} to compare with.")
    advice = next((warning for warning in after.warnings if is_advice(warning)), None)
    if advice is not None and (before.text or "") == (after.text or ""):
        return Verdict(Outcome.LEFT_ALONE, capital(advice))
    profile = after.normalization or "standard"
    one, other = before.text or "", after.text or ""
    if after.ground_truth is None:
        alike = agreement(one, other, profile)
        said = "Both readings are the same" if alike == 1.0 else f"The readings agree to {percent(alike)}"
        return Verdict(
            Outcome.UNKNOWN, f"{said}{_confidences(before, after)}; without ground truth, no more is known."
        )
    fates = count_fates(align_readings(after.ground_truth, one, other, normalization=profile))
    outcome = _outcome(before.cer, after.cer)
    return Verdict(outcome, _fates_in_words(what, outcome, fates), _rates(before, after))


def is_advice(warning: str) -> bool:
    """Tell whether a trial's warning says that the image was left as given, because it reads well so."""
    return warning.startswith(("not upsampled", "not resized"))


def _outcome(before: float | None, after: float | None) -> Outcome:
    if before is None or after is None:
        return Outcome.UNKNOWN
    if before == after:
        return Outcome.SAME
    return Outcome.BETTER if after < before else Outcome.WORSE


def _fates_in_words(what: str, outcome: Outcome, fates: dict[Fate, int]) -> str:
    """Say what became of the words: “Upsampling fixed 14 of 17 misread words and broke 1.”"""
    fixed, broken, still = fates[Fate.FIXED], fates[Fate.BROKEN], fates[Fate.STILL_WRONG]
    if not fixed and not broken and not still:
        return f"No gain: every word was right already, and {what} kept it so."
    harm = f"broke {broken}" if broken else "broke none"
    sentence = f"{what} {_repairs(fixed, fixed + still)} and {harm}"
    if not fixed and not broken and outcome in {Outcome.BETTER, Outcome.WORSE}:
        sentence += f", but {'fewer' if outcome is Outcome.BETTER else 'more'} characters are wrong"
    opening = {Outcome.SAME: "No gain: ", Outcome.WORSE: "Worse: "}.get(outcome, "")
    return f"{opening}{sentence if opening else capital(sentence)}."


def _repairs(fixed: int, wrong: int) -> str:
    if not wrong:
        return "had nothing to fix"
    words = f"{wrong} misread word{'' if wrong == 1 else 's'}"
    if fixed == wrong:
        return {1: "fixed the one misread word", 2: "fixed both misread words"}.get(
            wrong, f"fixed all {words}"
        )
    if not fixed:
        return f"fixed none of {words}" if wrong > 1 else "left the one misread word wrong"
    return f"fixed {fixed} of {words}"


def _rates(before: Trial, after: Trial) -> str:
    return f"CER {percent(before.cer)} → {percent(after.cer)}."


def _confidences(before: Trial, after: Trial) -> str:
    if before.confidence is None or after.confidence is None:
        return ""
    return f", mean confidence went from {before.confidence:.2f} to {after.confidence:.2f}"


def answer(summary: Summary) -> Iterator[str]:
    """Say what the comparison found: first each reader's chief condition, then every other one.

    Upsampling is never said to help without saying how plain resizing to the same size does.
    """
    chief = {reader: chief_row(summary, reader) for reader in summary.readers}
    many = len(chief) > 1
    for reader, row in chief.items():
        said = _row_in_words(summary, row, many) if row else _alone(summary, reader)
        if row is not None and row.over_resizing is not None and row.unchanged < row.images:
            said += f" {describe_over_resizing(row.over_resizing)}"
        yield f"With {reader}: {said}" if many else said
    for row in summary.conditions:
        if row.condition != summary.baseline and row is not chief[row.reader]:
            yield (f"With {row.reader}: " if many else "") + _row_in_words(summary, row, many)


def chief_row(summary: Summary, reader: Reader) -> ConditionSummary | None:
    """Return the row the headline speaks of: upsampled, else make_upsampling, else the last one."""
    rows = [row for row in summary.conditions if row.reader == reader and row.condition != summary.baseline]
    for start in ("upsampled", "make_upsampling"):
        for row in rows:
            if row.condition.startswith(start):
                return row
    return rows[-1] if rows else None


def _alone(summary: Summary, reader: Reader) -> str:
    row = summary.find(summary.baseline, reader)
    if row is None or not row.images:
        return "Nothing could be read."
    rate = (
        f"CER {percent(row.cer.corpus)} over {_images(row.cer.pages)}"
        if row.cer
        else "No ground truth was given"
    )
    return f"{rate}; there is nothing to compare with."


def _row_in_words(summary: Summary, row: ConditionSummary, nested: bool) -> str:
    what = doing(row.condition)
    if not row.images:
        said = f"{what} could not be judged: {_images(row.failed)} failed."
    elif row.difference is None:
        alike = (
            f"the readings agree to {percent(row.agreement)} (a proxy)" if row.agreement is not None else ""
        )
        said = f"accuracy with {what} is unknown without ground truth{'; ' + alike if alike else ''}."
    elif row.unchanged == row.images:
        rate = percent(row.difference.cer_after)
        said = f"{what} was advised for none of {_images(row.images)}, so all were read as given: CER {rate}."
    else:
        said = describe_difference(what, row.difference)
        if row.unchanged:
            said += f" On advice, {_images(row.unchanged)} {_were(row.unchanged)} left as given."
        if row.failed:
            said += f" Not in these figures: {_images(row.failed)} that failed."
    return said if nested else capital(said)


def describe_difference(what: str, difference: Difference) -> str:
    """Say in one sentence what `what` did to the CER, claiming no more than the interval allows."""
    change, interval = difference.cer, difference.interval
    if math.isnan(change) or (change == 0.0 and not difference.helped and not difference.hurt):
        return (
            f"{what} {_verb(what, 'makes')} no difference: CER stays at {percent(difference.cer_after)} "
            f"over {_images(difference.images)}."
        )
    verb = "falls" if change < 0 else "rises" if change > 0 else "stays"
    sure = "; too few documents for an interval" if interval is None else f", {_interval(interval)}"
    counts = (
        f"{len(difference.helped)} of {_images(difference.images)} read better, "
        f"{len(difference.hurt)} worse, {len(difference.same)} the same"
    )
    return (
        f"{_opening(what, difference)}: CER {verb} from {percent(difference.cer_before)} to "
        f"{percent(difference.cer_after)} ({points(change)} points{sure}); {counts}."
    )


def describe_over_resizing(difference: Difference) -> str:
    """Say what upsampling gives that plain resizing to the same size does not."""
    change, interval = difference.cer, difference.interval
    if interval is None:
        return (
            f"Against plain resizing to the same size: {points(change)} points; too few documents to be sure."
        )
    sure = f"({points(change)} points, {_interval(interval)})"
    if not interval.excludes_zero:
        return f"Against plain resizing to the same size there is no clear difference {sure}."
    if change < 0:
        return f"It also does better than plain resizing to the same size {sure}."
    return f"Plain resizing to the same size does better than it {sure}."


def _interval(interval: Interval) -> str:
    return f"{percent(interval.level, 0)} interval {points(interval.low)} to {points(interval.high)}"


def _opening(what: str, difference: Difference) -> str:
    """Claim no more than the interval allows."""
    change, interval = difference.cer, difference.interval
    if interval is not None and interval.excludes_zero:
        return f"{what} {_verb(what, 'helps') if change < 0 else _verb(what, 'makes') + ' reading worse'}"
    if interval is not None:
        return f"no clear gain from {what}" if change < 0 else f"no gain from {what}"
    if change == 0.0:
        return (
            f"{what} {_verb(what, 'fixes')} as much as {'it breaks' if _is_one(what) else 'they break'} here"
        )
    return f"{what} {_verb(what, 'gives')} {'fewer' if change < 0 else 'more'} errors here"


def _is_one(what: str) -> bool:
    return " and " not in what


def _verb(what: str, singular: str) -> str:
    """Return the verb for one thing, or for two joined by “and”."""
    return singular if _is_one(what) else singular.removesuffix("es" if singular == "fixes" else "s")


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def doing(condition: str) -> str:
    """Return a condition as a noun: “upsampling ×2 and binarizing”; unknown names as they are."""
    return " and ".join(_DOING.get(name, name) + factor for name, factor in _steps(condition)) or condition


def label(condition: str) -> str:
    """Return a condition as a short label: “upsampled ×2 + binarize”."""
    return " + ".join(name.replace("_", " ") + factor for name, factor in _steps(condition)) or condition


def _steps(condition: str) -> list[tuple[str, str]]:
    try:
        steps = Condition.parse(condition).steps
    except SettingsError:  # trials of other studies may carry any name
        return []
    return [(step.name, f" ×{step.factor}" if step.factor else "") for step in steps]


def percent(rate: float | None, digits: int = 1) -> str:
    """Write a fraction as a percentage: “3.2 %”; “∞” for infinity, “—” for None and NaN."""
    if rate is None or math.isnan(rate):
        return "—"
    if math.isinf(rate):
        return "∞"
    return f"{100 * rate:.{digits}f} %"


def points(change: float | None) -> str:
    """Write a difference of fractions in percentage points with its sign: “−2.1”, “+0.3”, “0.0”."""
    if change is None or math.isnan(change):
        return "—"
    if math.isinf(change):
        return "+∞" if change > 0 else "−∞"
    written = f"{abs(100 * change):.1f}"
    return written if written == "0.0" else f"{'−' if change < 0 else '+'}{written}"


def seconds(duration: float | None) -> str:
    """Write a duration: “0.4 s”, “4 s”, “1 min 5 s”."""
    if duration is None:
        return "—"
    if duration < 9.95:
        return f"{duration:.1f} s" if duration < 9.95 and round(duration, 1) % 1 else f"{duration:.0f} s"
    whole = round(duration)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def size(width: int | None, height: int | None) -> str:
    """Write a size in pixels: “813×681”."""
    return f"{width}×{height}" if width and height else "—"


def capital(sentence: str) -> str:
    """Start a sentence with a capital letter, leaving the rest as it is."""
    return sentence[:1].upper() + sentence[1:]
