"""The report's sections, one an image: pictures to compare, what each condition read, the verdict.

In: the trials of one image under one reader, and the pictures that were recognized. Out: `Markup`.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..images import Picture, luma
from ..ink import measure_text_contrast
from ..summary import Reader, pair_key, reader_of
from ..trial import Trial
from ..verdict import Outcome, Verdict, doing, is_advice, judge, label, percent, points, seconds, size
from ..xheight import measure_x_height
from .aligned import show_aligned, show_crops
from .markup import Markup, element, prose
from .readings import show_readings

Pictures = Mapping[tuple[str, str], Picture]
"""What was recognized, by (image hash or image name, condition)."""

_ORDER = (Outcome.WORSE, Outcome.FAILED, Outcome.BETTER, Outcome.SAME, Outcome.LEFT_ALONE, Outcome.UNKNOWN)


@dataclass(frozen=True)
class ImageCase:
    """One image, one reader, all conditions."""

    trials: tuple[Trial, ...]
    baseline: str
    chief: str
    """The condition the headline speaks of."""
    pictures: Pictures
    reader: Reader

    @property
    def name(self) -> str:
        """What the image is called, with how it was spoilt."""
        first = self.trials[0]
        return f"{first.image} ({first.variant})" if first.variant else first.image

    @cached_property
    def before(self) -> Trial | None:
        """The baseline's trial."""
        return self.under(self.baseline)

    def under(self, condition: str) -> Trial | None:
        """Return the trial of that condition, if there is one."""
        return next((trial for trial in self.trials if trial.condition == condition), None)

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """The judgment on every condition but the baseline."""
        return {
            trial.condition: judge(self.before, trial)
            for trial in self.trials
            if trial.condition != self.baseline
        }

    @property
    def verdict(self) -> Verdict:
        """The judgment on the chief condition; on the baseline itself where nothing else was tried."""
        if self.chief in self.verdicts:
            return self.verdicts[self.chief]
        before = self.before
        if before is not None and before.error is not None:
            return Verdict(Outcome.FAILED, f"Not recognized: {before.error}")
        rate = before.cer if before is not None else None
        return Verdict(Outcome.UNKNOWN, f"CER {percent(rate)}." if rate is not None else "No ground truth.")

    def picture(self, condition: str) -> Picture | None:
        """Return what was recognized under `condition`, if it was kept."""
        first = self.trials[0]
        for key in (first.image_hash, first.image):
            if key is not None and (key, condition) in self.pictures:
                return self.pictures[key, condition]
        return None

    @property
    def rough_key(self) -> tuple[int, float]:
        """What `sort_key` says, from the rates alone: no text is compared."""
        after, before = self.under(self.chief), self.before
        if after is None or before is None or after.error is not None or before.error is not None:
            return 1, 0.0
        change = (after.cer or 0.0) - (before.cer or 0.0)
        return (0 if change > 0 else 2 if change < 0 else 3), -abs(change)

    @property
    def sort_key(self) -> tuple[int, float]:
        """Regressions first, then failures, gains, and what stayed the same; large changes first."""
        after = self.under(self.chief)
        change = 0.0
        if after is not None and self.before is not None:
            change = (after.cer or 0.0) - (self.before.cer or 0.0)
        return _ORDER.index(self.verdict.outcome), -abs(change)


def show_case(case: ImageCase, number: int) -> Markup:
    """Make the section of one image."""
    return element(
        "section",
        element(
            "h3",
            element("span", str(number), class_="number"),
            case.name,
            _badge(case.verdict.outcome),
        ),
        element("p", prose(str(case.verdict)), class_="verdict"),
        _compare_figure(case, number),
        _condition_table(case),
        show_crops(
            case.before, case.under(case.chief), case.picture(case.baseline), case.picture(case.chief)
        ),
        show_aligned(case.before, case.under(case.chief)),
        show_readings(case.trials, case.before),
        _warnings(case),
        class_="case",
        id=f"image-{number}",
    )


def show_index(cases: Sequence[ImageCase]) -> Markup:
    """Make the table of all images, one row each, in the order of the sections; its columns can be sorted."""
    rows = []
    for number, case in enumerate(cases, 1):
        link = element("a", case.name, href=f"#image-{number}")
        before, after = (trial.cer if trial else None for trial in (case.before, case.under(case.chief)))
        change = None if before is None or after is None else after - before
        outcome = case.verdict.outcome
        rows.append(
            element(
                "tr",
                element("th", link, scope="row", data_value=case.name),
                _cell(_pixels(case.trials[0].x_height_px), case.trials[0].x_height_px),
                _cell(percent(before), before),
                _cell(percent(after), after),
                _cell(points(change), change),
                element("td", _badge(outcome), data_value=str(_ORDER.index(outcome))),
                element("td", prose(case.verdict.sentence), class_="words"),
                data_case=f"image-{number}",
            )
        )
    names = (f"CER {label(name)}" for name in (cases[0].baseline, cases[0].chief))
    heads = ("Image", "x-height", *names, "Change, points", "Verdict", "In words")
    return table(heads, rows, "All images, regressions first", is_sortable=True)


def table(heads: Sequence[str], rows: Sequence[Markup], caption: str, *, is_sortable: bool = False) -> Markup:
    """Make a table that scrolls in its own box on narrow screens, and that the script can make sortable."""
    head = element("tr", [element("th", name, scope="col") for name in heads])
    parts = element("caption", caption), element("thead", head), element("tbody", rows)
    made = element("table", *parts, data_sortable=is_sortable)
    return element("div", made, class_="scroll", role="region", tabindex="0", aria_label=caption)


def _badge(outcome: Outcome) -> Markup:
    kind = outcome.name.lower().replace("_", "-")
    return element("span", outcome.value, class_=f"badge is-{kind}")


def _cell(text: str, value: float | None = None) -> Markup:
    """Make a cell of figures; `value` is what it is sorted by."""
    sorted_by = None if value is None or math.isnan(value) else f"{value:.6g}".replace("inf", "1e999")
    return element("td", text.replace(" ", "\u00a0"), class_="figure", data_value=sorted_by)


def _pixels(x_height: float | None) -> str:
    return "—" if x_height is None else f"{x_height:.1f} px" if x_height < 9.95 else f"{x_height:.0f} px"


def _compare_figure(case: ImageCase, number: int) -> Markup | None:
    """Show the original beside each condition's picture; the comparison module takes these images over."""
    shown: list[tuple[str, Picture]] = []
    for condition in dict.fromkeys([case.baseline, *(trial.condition for trial in case.trials)]):
        picture = case.picture(condition)
        if picture is not None and not any(_same_pixels(picture, other) for _, other in shown):
            shown.append((condition, picture))
    if not shown:
        return None
    first = next((place for place, (name, _) in enumerate(shown) if name == case.chief), len(shown) - 1)
    panels = [_panel(condition, picture) for condition, picture in shown]
    return element(
        "figure",
        element("div", panels, class_="panels"),
        class_="compare",
        data_compare=len(shown) > 1,
        data_after=first,
        aria_label=f"Image {number}, {case.name}",
    )


def _same_pixels(one: Picture, other: Picture) -> bool:
    return one.pixels.shape == other.pixels.shape and bool((one.pixels == other.pixels).all())


def _panel(condition: str, picture: Picture) -> Markup:
    gray = luma(picture)
    name = label(condition)
    x_height = measure_x_height(gray)
    facts = [
        f"{name} {size(picture.width, picture.height)}",
        f"x-height {_pixels(x_height)}" if x_height is not None else "x-height unknown",
        f"text contrast {percent(measure_text_contrast(gray), 0)}",
    ]
    caption = prose(" · ".join(facts))
    data = base64.b64encode(picture.png).decode("ascii")
    image = element(
        "img", src=f"data:image/png;base64,{data}", width=picture.width, height=picture.height, alt=name,
        decoding="async", data_label=name, data_caption=caption, data_action=_action(condition),
    )  # fmt: skip
    return element("div", image, element("p", caption, class_="caption"), class_="panel")


def _action(condition: str) -> str:
    """Return what the toggle's button does; the service's own words for upsampling."""
    return "Upsample image" if condition.startswith("upsampled") else f"Show {doing(condition)}"


def _condition_table(case: ImageCase) -> Markup:
    rows = []
    for trial in case.trials:
        verdict = case.verdicts.get(trial.condition)
        rows.append(
            element(
                "tr",
                element("th", label(trial.condition), scope="row"),
                _cell(size(trial.width, trial.height)),
                _cell(percent(trial.cer)),
                _cell(percent(trial.wer)),
                _cell("—" if trial.confidence is None else f"{trial.confidence:.2f}"),
                _cell(seconds(trial.seconds)),
                element("td", prose(verdict.sentence) if verdict else "—", class_="words"),
            )
        )
    heads = ("Condition", "Size", "CER", "WER", "Confidence", "Time", "Verdict")
    return table(heads, rows, f"{case.name}: each condition")


def _warnings(case: ImageCase) -> Markup | None:
    every = (warning for trial in case.trials for warning in trial.warnings)
    notes = dict.fromkeys(warning for warning in every if not is_advice(warning))
    return element("ul", [element("li", prose(note)) for note in notes], class_="notes") if notes else None


def find_cases(
    trials: Sequence[Trial], *, baseline: str, chief: Mapping[Reader, str], pictures: Pictures, most: int
) -> tuple[list[ImageCase], int]:
    """Gather the trials of each image and reader, regressions first; at most `most`, and how many more.

    What is left out has the least to show: no failure and the smallest change.
    """
    grouped: dict[tuple[Reader, str], dict[str, Trial]] = {}
    for trial in trials:
        grouped.setdefault((reader_of(trial), pair_key(trial)), {})[trial.condition] = trial
    cases = [
        ImageCase(tuple(found.values()), baseline, chief.get(reader, baseline), pictures, reader)
        for (reader, _), found in grouped.items()
    ]
    if len(cases) > most:
        cases = sorted(cases, key=lambda case: case.rough_key)[:most]
    return sorted(cases, key=lambda case: case.sort_key), len(grouped) - len(cases)
