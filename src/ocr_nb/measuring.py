"""One comparison under way: an image through the steps of each condition, to a row that says how it was read.

In: a `Subject` and what is the same for all: service, conditions, settings. Out: `Trial`s, and the pictures
that were recognized. What fails is a row that says why. Knows nothing of how many images there are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from . import direct, filters, operations
from .advice import EDITION as ADVICE_EDITION
from .advice import READERS, Advice, advise, x_height_of
from .condition import Condition, Step
from .direct import Answer
from .engine.layout import Recognition
from .errors import ImageError, OcrNbError, TaskCancelled
from .images import Picture, load_picture
from .jobs import Job
from .metrics import Accuracy, measure_accuracy
from .service.download import is_url
from .service.protocol import OcrService, RecognitionSettings, Region, ServiceIdentity
from .sources import Source
from .subjects import Subject
from .trial import Trial
from .word_places import place_words

T = TypeVar("T")


@dataclass
class _Prepared:
    """An image on its way through a condition's steps."""

    picture: Picture
    calls: int = 0
    warnings: tuple[str, ...] = ()

    def add(self, answer: Answer[Picture]) -> None:
        """Go on with the picture that came."""
        self.picture = answer.value
        self.calls += answer.calls
        self.warnings += answer.warnings


class Measurer:
    """One comparison under way: what is the same for every image."""

    def __init__(
        self, service: OcrService, conditions: tuple[Condition, ...], normalization: str,
        settings: dict[str, Any], tell: Callable[[Trial], None], keep_pictures: bool = False,
    ) -> None:  # fmt: skip
        self.service, self.conditions, self.normalization = service, conditions, normalization
        self.settings, self.tell, self.keep_pictures = settings, tell, keep_pictures
        self.identity: ServiceIdentity = service.identity
        engine = self.identity.engine
        self.reader = engine if engine in READERS else None
        self.pictures: dict[tuple[str, str], Picture] = {}
        self.recognitions: dict[tuple[str, str], Recognition] = {}
        """What was read, with boxes, under the same keys as `pictures`; kept when those are."""
        self.watch: Callable[[Job[Any]], object] = lambda job: None
        """Called with every job as it is made, on the thread that measures."""
        self.is_alone = False
        """Whether nobody watches, cancels or asks for a task again: a service on this machine is then asked
        directly where it attends, and else may forget each task when its result is here."""
        self._settings_under: dict[Condition, dict[str, Any]] = {}
        self._under_way: set[Job[Any]] = set()
        self._stopped, self._cancelled = threading.Event(), threading.Event()

    def stop(self) -> None:
        """End after the condition under way, in every thread."""
        self._stopped.set()

    def cancel(self) -> None:
        """End at once, in every thread: what is under way is taken back."""
        self._cancelled.set()
        self.stop()
        for job in list(self._under_way):
            job.cancel()

    def measure(self, subject: Subject) -> list[Trial]:
        """Return one trial a condition, in the order of the conditions."""
        blank = self.blank(subject.name, subject.group, subject.variant)
        try:
            picture = replace(open_image(subject.image), name=subject.name)
            truth = subject.find_truth()
        except OcrNbError as error:
            return self.fail(blank, error)
        blank = replace(
            blank, image_hash=picture.hash, ground_truth=truth, x_height_px=x_height_of(picture),
            warnings=picture.warnings,
        )  # fmt: skip
        if self.keep_pictures:
            self.pictures[picture.hash, "original"] = picture
        return self.measure_opened(picture, blank)

    def blank(self, image: str, group: str | None, variant: str | None) -> Trial:
        """Return the row of an image of which only its name and who will read it are known."""
        return Trial(
            image=image, group=group, variant=variant, engine=self.identity.engine,
            engine_version=self.identity.engine_version, service=self.identity.service,
        )  # fmt: skip

    def fail(self, blank: Trial, error: OcrNbError) -> list[Trial]:
        """Return an error row a condition, for an image that could not be opened."""
        failed = [self._failed(blank, condition, error) for condition in self.conditions]
        for trial in failed:
            self.tell(trial)
        return failed

    def settings_under(self, condition: Condition) -> dict[str, Any]:
        """Return the recognition settings that differ from the defaults under `condition`.

        Where the service says what enlarges, `upsampler` names it: other weights make another trial. So does
        another edition of the advice where that chooses the factor: `advice`.
        """
        changed = self._settings_under.get(condition)
        if changed is None:
            asked = RecognitionSettings.from_options(**self.settings, upsampling=condition.makes_upsampling)
            changed = asked.changed()
            if condition.upsamples and self.identity.upsampler is not None:
                changed["upsampler"] = self.identity.upsampler
            if condition.is_advised and self.identity.service == "local":
                changed["advice"] = ADVICE_EDITION
            self._settings_under[condition] = changed
        return dict(changed)

    def measure_opened(self, picture: Picture, blank: Trial) -> list[Trial]:
        """Return one trial a condition of `picture`; `blank` holds what is the same in all of them."""
        sizes: dict[str, tuple[int, int]] = {}
        trials: dict[Condition, Trial] = {}
        # A resized image has the size of the upsampled one, which only the service knows for certain.
        for condition in sorted(self.conditions, key=lambda one: any(s.name == "resized" for s in one.steps)):
            if self._stopped.is_set():
                raise KeyboardInterrupt
            try:
                trials[condition] = self._measure_one(picture, condition, blank, sizes)
            except OcrNbError as error:
                if self._cancelled.is_set() and isinstance(error, TaskCancelled):
                    raise KeyboardInterrupt from error
                trials[condition] = self._failed(blank, condition, error)
            self.tell(trials[condition])
        return [trials[condition] for condition in self.conditions]

    def _measure_one(
        self, picture: Picture, condition: Condition, blank: Trial, sizes: dict[str, tuple[int, int]]
    ) -> Trial:
        started = time.perf_counter()
        prepared = _Prepared(picture)
        for index, step in enumerate(condition.filters):
            self._apply(step, prepared, str(Condition(condition.steps[:index])), sizes)
        answer = self._recognize(
            prepared.picture, upsampling=condition.makes_upsampling,
            **_at_scale(self.settings, prepared.picture.width / picture.width),
        )  # fmt: skip
        recognition = answer.value
        seconds = time.perf_counter() - started
        warnings = blank.warnings + prepared.warnings
        warnings += tuple(one for one in recognition.warnings if one not in warnings)
        factor = self._factor_inside(prepared.picture, condition, warnings)
        if self.keep_pictures:
            self.recognitions[picture.hash, str(condition)] = recognition
            if factor == 1:
                self.pictures[picture.hash, str(condition)] = prepared.picture
        accuracy = self._accuracy(blank.ground_truth, recognition.text)
        width = prepared.picture.width * factor if factor else None
        return replace(
            blank,
            condition=str(condition),
            settings=self.settings_under(condition),
            text=recognition.text,
            normalization=self.normalization,
            cer=accuracy.cer if accuracy else None,
            wer=accuracy.wer if accuracy else None,
            confidence=recognition.confidence,
            seconds=seconds,
            calls=prepared.calls + answer.calls,
            width=width,
            height=prepared.picture.height * factor if factor else None,
            factor=width / picture.width if width else None,
            task_id=answer.task_id,
            time=_now(),
            warnings=warnings,
            word_boxes=place_words(recognition, prepared.picture.width, prepared.picture.height),
        )

    def _recognize(self, picture: Picture, **settings: Any) -> Answer[Recognition]:
        attendant = direct.attending(self.service) if self.is_alone else None
        if attendant is not None:
            return direct.recognize(attendant, picture, **settings)
        return self._answer(operations.recognize(picture, service=self.service, **settings))

    def _filter(self, name: str, picture: Picture, factor: int | None = None) -> Answer[Picture]:
        attendant = direct.attending(self.service) if self.is_alone else None
        if attendant is not None:
            return direct.apply(attendant, name, picture, factor)
        options = {} if factor is None else {"factor": factor}
        return self._answer(getattr(operations, name)(picture, service=self.service, **options))

    def _answer(self, job: Job[T]) -> Answer[T]:
        """Wait for `job`, which `cancel` can take back meanwhile."""
        self._under_way.add(job)
        try:
            self.watch(job)
            if self._cancelled.is_set():
                job.cancel()
            return Answer(job.result(), tuple(job.warnings), job.calls, job.task_id)
        finally:
            self._under_way.discard(job)
            drop = getattr(self.service, "drop", None)
            if self.is_alone and drop is not None and job.task_id is not None:
                drop((job.task_id,))

    def _accuracy(self, truth: str | None, text: str) -> Accuracy | None:
        return None if truth is None else measure_accuracy(truth, text, self.normalization)

    def _apply(self, step: Step, prepared: _Prepared, before: str, sizes: dict[str, tuple[int, int]]) -> None:
        """Do one step; `before` names the steps that came before it, under which `sizes` are kept."""
        key = f"{before}+{step.factor}"
        if step.name == "upsampled":
            advice = self._advice(prepared.picture) if step.factor is None else None
            if advice is not None and advice.factor == 1:
                prepared.warnings += (f"not upsampled: {advice.reason}",)
            else:
                factor = advice.factor if advice is not None else step.factor or 2
                prepared.add(self._filter("upsample", prepared.picture, factor))
            sizes[key] = (prepared.picture.width, prepared.picture.height)
        elif step.name == "resized":
            self._resize(step, prepared, sizes.get(key))
        else:
            prepared.add(self._filter(step.name, prepared.picture))

    def _resize(self, step: Step, prepared: _Prepared, size: tuple[int, int] | None) -> None:
        picture = prepared.picture
        factor = step.factor or self._advice(picture).factor
        scale = size[0] / picture.width if size is not None else float(factor)
        if scale == 1.0:
            prepared.warnings += ("not resized: the upsampled image has the same size.",)
        else:
            prepared.picture = filters.resize(picture, scale).picture

    def _advice(self, picture: Picture) -> Advice:
        return advise(picture, reader=self.reader)

    def _factor_inside(self, picture: Picture, condition: Condition, warnings: tuple[str, ...]) -> int | None:
        """Return by how much the service enlarged the image it was given; None when it does not say."""
        if not condition.makes_upsampling or any(one.startswith("not upsampled") for one in warnings):
            return 1
        return self._advice(picture).factor if self.identity.service == "local" else None

    def _failed(self, blank: Trial, condition: Condition, error: OcrNbError) -> Trial:
        settings = self.settings_under(condition)
        return replace(blank, condition=str(condition), settings=settings, error=str(error), time=_now())


def _at_scale(settings: dict[str, Any], scale: float) -> dict[str, Any]:
    """Return the settings for a picture `scale` times as large: regions are in pixels of the one as given."""
    if scale == 1.0 or not settings.get("regions"):
        return settings
    moved = []
    for one in settings["regions"]:
        left, top, right, bottom = (
            round(scale * edge) for edge in (one.left, one.top, one.right, one.bottom)
        )
        moved.append(Region(left, top, right, bottom, one.order))
    return settings | {"regions": tuple(moved)}


def open_image(image: Any) -> Picture:
    """Read anything that holds a picture, also one at an address.

    Raises:
        ImageError: it cannot be had or read.
    """
    if not (isinstance(image, str) and is_url(image)):
        return load_picture(image)

    async def work(job: Job[Picture]) -> Picture:
        given = await Source.of(image).load()
        if given.picture is None:
            raise ImageError(
                f"{given.name} is a PDF: a comparison takes images, so give its pages as images."
            )
        return given.picture

    return Job(work, label=f"download {image}").result()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
