"""Steps in the caller's own order: upsample, then binarize, then recognize; every intermediate is kept.

In: steps, then any number of images; out: a `Job` for a `PipelineResult` an image. A service applies its
filters in an order of its own when they are asked for as settings; here the caller decides.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from . import operations
from .engine.layout import Recognition
from .errors import SettingsError, suggestion
from .images import ImageLike, Picture
from .jobs import Job, Progress
from .service.protocol import OcrService
from .sources import Source

if TYPE_CHECKING:
    from .filters import CoordinateMap

Step = str | Callable[..., Any]
"""A name (`"upsample:x3"`, `"rotate:90"`), a verb of `operations` perhaps in a `partial`, or any function
from a `Picture` to a `Picture`."""

_VERBS: dict[str, Callable[..., Job[Any]]] = {
    "upsample": operations.upsample,
    "binarize": operations.binarize,
    "deskew": operations.deskew,
    "dewarp": operations.dewarp,
    "contrast": operations.contrast,
    "rotate": operations.rotate,
    "recognize": operations.recognize,
}
_FACTORS: dict[str, Any] = {"auto": "auto", **{f"x{factor}": factor for factor in operations.FACTORS}}
_SCALING = {"upsample", "binarize", "contrast"}
"""Verbs that change at most the size, so that places can be led back."""


@dataclass(frozen=True)
class PipelineResult:
    """What came out of the steps, for one image."""

    original: Picture
    pictures: tuple[Picture, ...]
    """What each step made, in order, without the original; recognition makes none."""
    steps: tuple[str, ...]
    """The steps' names, as many as `pictures`, and "recognize" where there was one."""
    recognition: Recognition | None
    """Boxes are in pixels of the original, unless `warnings` says otherwise."""
    calls: int
    """Requests made, all steps."""
    warnings: tuple[str, ...] = ()

    @property
    def picture(self) -> Picture:
        """The last picture: what was recognized."""
        return self.pictures[-1] if self.pictures else self.original

    def _repr_html_(self) -> str:
        """Return the steps with the sizes they made, and the text, for notebooks."""
        sizes = [f"{self.original.width}×{self.original.height}"]
        sizes += [
            f"{html.escape(name)} {picture.width}×{picture.height}"
            for name, picture in zip(self.steps, self.pictures, strict=False)
        ]
        lines = [" → ".join(sizes)]
        if self.recognition is not None:
            lines.append(f"<pre>{html.escape(self.recognition.text)}</pre>")
        lines += [f"Note: {html.escape(text)}" for text in self.warnings]
        return f"<div class='ocrnb-pipeline'>{'<br>'.join(lines)}</div>"


@dataclass(frozen=True)
class Pipeline:
    """Steps to apply to images: call it with one, get a `Job`."""

    steps: tuple[_Step, ...]

    def __call__(
        self,
        image: ImageLike,
        *,
        service: str | OcrService | None = None,
        on_progress: Progress | None = None,
    ) -> Job[PipelineResult]:
        """Apply the steps to `image`.

        Args:
            image: as for `upsample`.
            service: whom the steps ask; None for the chosen one.
            on_progress: called with this job, on a background thread, after each step.
        """
        return self._start(Source.of(image), operations.service_of(service), on_progress)

    def _start(self, source: Source, asked: OcrService, on_progress: Progress | None) -> Job[PipelineResult]:
        async def work(job: Job[PipelineResult]) -> PipelineResult:
            given = await source.load()
            assert given.picture is not None
            return await _Run(job, asked, given.picture).all(self.steps)

        made = Job(work, label=f"{self} {source.name}", on_progress=on_progress)
        made.repeat = partial(self._start, source, asked, on_progress)
        return made

    def __str__(self) -> str:
        return "+".join(step.name for step in self.steps)


def pipeline(*steps: Step) -> Pipeline:
    """Put steps in an order: `pipeline("upsample:x2", "binarize", "recognize")("page.png").result()`.

    Args:
        steps: names with an optional argument after a colon, the verbs themselves (`ocr_nb.upsample`,
            `partial(ocr_nb.rotate, degrees=90)`), or functions from a `Picture` to a `Picture` (or to a
            `Filtered`, which also says how places moved). Recognition comes last, if at all.

    Raises:
        SettingsError: no steps, an unknown one, or recognition not last.
    """
    parsed = tuple(_parse(step) for step in steps)
    if not parsed:
        raise SettingsError(
            "A pipeline has at least one step: give 'upsample', 'binarize', 'recognize' or so."
        )
    if any(step.verb == "recognize" for step in parsed[:-1]):
        raise SettingsError("recognize gives text, not a picture: put it last.")
    return Pipeline(parsed)


@dataclass(frozen=True)
class _Step:
    name: str
    verb: str | None
    """A key of `_VERBS`; None for a function of the caller's."""
    call: Callable[..., Any] = field(repr=False)
    degrees: float | None = None
    """Of a rotation, which is done here so that places can be led back."""


def _parse(step: Step) -> _Step:
    if isinstance(step, str):
        return _parse_name(step)
    if not callable(step):
        raise SettingsError(f"A pipeline's step is a name or a function, not {step!r}.")
    inner = step.func if isinstance(step, partial) else step
    verb = next((name for name, known in _VERBS.items() if known is inner), None)
    keywords = step.keywords if isinstance(step, partial) else {}
    if verb == "rotate" and "degrees" not in keywords:
        raise SettingsError("rotate needs its angle: give 'rotate:90' or partial(rotate, degrees=90).")
    name = verb or str(getattr(inner, "__name__", type(inner).__name__))
    return _Step(name, verb, step, keywords.get("degrees") if verb == "rotate" else None)


def _parse_name(text: str) -> _Step:
    verb, colon, argument = text.strip().partition(":")
    if verb not in _VERBS:
        raise SettingsError(f"There is no step {verb!r}: {suggestion(verb, _VERBS)}")
    if verb == "upsample" and colon:
        if argument not in _FACTORS:
            raise SettingsError(f"{text!r} is not a step: write upsample:x2, :x3, :x4 or :auto.")
        return _Step(text.strip(), verb, partial(operations.upsample, factor=_FACTORS[argument]))
    if verb == "rotate":
        try:
            degrees = float(argument)
        except ValueError as error:
            raise SettingsError(f"{text!r} is not a step: write rotate:90, degrees clockwise.") from error
        return _Step(text.strip(), verb, partial(operations.rotate, degrees=degrees), degrees)
    if colon:
        raise SettingsError(f"{text!r} is not a step: {verb} takes nothing after the colon.")
    return _Step(verb, verb, _VERBS[verb])


class _Run:
    """The steps on their way over one image."""

    def __init__(self, job: Job[PipelineResult], service: OcrService, original: Picture) -> None:
        self.job = job
        self.service = service
        self.original = original
        self.pictures: list[Picture] = []
        self.backs: list[CoordinateMap] = []
        self.movers: list[str] = []
        """Steps that did not say how places moved."""

    async def all(self, steps: tuple[_Step, ...]) -> PipelineResult:
        """Do the steps one after the other."""
        recognition = None
        for count, step in enumerate(steps, 1):
            picture = self.pictures[-1] if self.pictures else self.original
            if step.verb == "recognize":
                recognition = self._led_back(await self._ask(step, picture))
            else:
                self.pictures.append(await self._picture(step, picture))
            self.job.advance(count, len(steps))
        names = tuple(step.name for step in steps)
        job = self.job
        return PipelineResult(
            self.original, tuple(self.pictures), names, recognition, job.calls, job.warnings
        )

    async def _picture(self, step: _Step, picture: Picture) -> Picture:
        from . import filters

        if step.degrees is not None:
            return self._moved(await asyncio.to_thread(filters.rotate, picture, step.degrees))
        if step.verb is not None:
            made: Picture = await self._ask(step, picture)
            if step.verb in _SCALING:
                scale = filters.scale_map(made.width / picture.width, made.height / picture.height)
                self.backs.append(scale)
            else:
                self.movers.append(step.name)
            return made
        made = await asyncio.to_thread(step.call, picture)
        if isinstance(made, Job):
            made = await self.job.adopt(made)
        if isinstance(made, filters.Filtered):
            return self._moved(made)
        if not isinstance(made, Picture):
            raise SettingsError(f"The step {step.name} gave a {type(made).__name__}, not a Picture.")
        self.movers.append(step.name)
        return made

    def _moved(self, filtered: Any) -> Picture:
        self.backs.append(filtered.back)
        picture: Picture = filtered.picture
        return picture

    async def _ask(self, step: _Step, picture: Picture) -> Any:
        """Run a verb as a child of this job; when this job is cancelled, so is the child."""
        return await self.job.adopt(step.call(picture, service=self.service))

    def _led_back(self, recognition: Recognition) -> Recognition:
        """Bring the boxes to pixels of the original, where every step said how places moved."""
        if self.movers:
            self.job.warn(
                f"Boxes are in pixels of the last picture: {', '.join(self.movers)} did not say what moved."
            )
            return recognition
        if not self.backs:
            return recognition
        from .filters import compose
        from .service.preparation import lines_back

        width, height = self.original.width, self.original.height
        lines = lines_back(recognition.lines, compose(*self.backs), width, height)
        return replace(recognition, lines=lines)
