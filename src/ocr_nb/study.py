"""Which images under which conditions: every image recognized under every condition, one `Trial` each.

In: images, their ground truth if there is any, conditions, a service. Out: trials, and if wanted the
pictures that were recognized. An image that fails is a row that says why; the others go on. Knows nothing
of tables, reports or screens.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from . import filters, operations
from .advice import Advice, advise
from .condition import Condition, Step, parse_conditions
from .errors import OcrNbError, SettingsError
from .images import ImageLike, Picture, load_picture, luma
from .jobs import Job
from .metrics import measure_accuracy
from .service.download import download_image, is_url, refuse_private
from .service.protocol import OcrService, RecognitionSettings, ServiceIdentity
from .settings import Settings
from .subjects import Subject, list_subjects
from .trial import Trial
from .truth import TruthLike
from .xheight import measure_x_height

log = logging.getLogger(__name__)

DEFAULT_CONDITIONS = ("original", "resized", "upsampled", "make_upsampling")
REMOTE_IMAGES_AT_ONCE = 8
"""How many images are under way at a service that is not this machine; here they go one by one, since an
engine uses every processor by itself and the seconds in the rows shall be an image's own."""

ProgressCallback = Callable[[int, int, Trial], None]
"""Called with trials done, trials in all, and the trial just done; from any thread, never twice at once."""


@dataclass(frozen=True)
class Comparison:
    """All trials in the order of the images, then of the conditions, with the pictures behind them."""

    trials: list[Trial]
    pictures: dict[tuple[str, str], Picture] = field(default_factory=dict)
    """What was recognized, by `(image hash, condition)`; with `original` also where that was not asked for.
    Without an entry the service upsampled by itself and does not show what it read."""


def compare(
    images: ImageLike | Iterable[ImageLike],
    truth: TruthLike = None,
    conditions: str | Sequence[str | Condition] = DEFAULT_CONDITIONS,
    *,
    service: OcrService | str | None = None,
    normalization: str = "standard",
    force: bool = False,
    on_progress: ProgressCallback | None = None,
    **settings: Any,
) -> list[Trial]:
    """Recognize every image under every condition; return one trial for each pair, images first.

    Blocks until all is done. An image that cannot be read or recognized gives rows with `error` set.

    Args:
        images: one image or many; a sample, a path, bytes, a URL, a PIL image, an array or a `Picture`.
        truth: the text on the image; a `Path` to a file or a folder of `NAME.gt.txt` or `NAME.txt`; texts
            by image name; a list of texts. None looks beside each image file.
        conditions: written as `original`, `resized:x3`, `upsampled`, `upsampled:x2+binarize`, ….
        service: `"local"`, `"cloud"`, a URL or a service; None for the one that is in use.
        normalization: the profile under which CER and WER are counted.
        force: ask a service that counts calls even if the month's plan would not suffice.
        on_progress: called after each trial.
        settings: recognition settings, such as `language="German"`.

    Raises:
        SettingsError: a condition, a setting or the ground truth as a whole cannot be used.
        BudgetExceeded: the service counts calls, and more are needed than are left; nothing was sent.
    """
    comparison = compare_with_pictures(
        images, truth, conditions, service=service, normalization=normalization, force=force,
        on_progress=on_progress, keep_pictures=False, **settings,
    )  # fmt: skip
    return comparison.trials


def compare_with_pictures(
    images: ImageLike | Iterable[ImageLike],
    truth: TruthLike = None,
    conditions: str | Sequence[str | Condition] = DEFAULT_CONDITIONS,
    *,
    service: OcrService | str | None = None,
    normalization: str = "standard",
    force: bool = False,
    on_progress: ProgressCallback | None = None,
    on_cost: Callable[[str], object] = log.info,
    keep_pictures: bool = True,
    **settings: Any,
) -> Comparison:
    """Do what `compare` does, and hand out the pictures that were recognized as well (see `compare`).

    `on_cost` is told, before anything is sent, how many calls will be needed; not by services that are free.
    """
    subjects = list_subjects(images, truth)
    parsed = parse_conditions(conditions)
    if "upsampling" in settings:
        raise SettingsError(
            "compare takes no setting upsampling: name the condition make_upsampling instead."
        )
    RecognitionSettings.from_options(**settings)
    measure_accuracy("", "", normalization)
    chosen = operations.service_of(service)
    cost = foresee_cost(chosen, len(subjects), parsed, force=force)
    if cost:
        on_cost(cost)
    progress = _Progress(len(subjects) * len(parsed), on_progress)
    run = _Run(chosen, parsed, normalization, settings, progress, keep_pictures)
    at_once = 1 if chosen.identity.service == "local" else REMOTE_IMAGES_AT_ONCE
    if at_once == 1 or len(subjects) == 1:
        measured = [run.measure(subject) for subject in subjects]
    else:
        with ThreadPoolExecutor(at_once, thread_name_prefix="ocr_nb-compare") as pool:
            measured = list(pool.map(run.measure, subjects))
    return Comparison([trial for trials in measured for trial in trials], run.pictures)


def foresee_cost(
    service: OcrService, images: int, conditions: Sequence[Condition], *, force: bool = False
) -> str:
    """Say how many calls a comparison will need and how many are left; empty for services that are free.

    Raises:
        BudgetExceeded: more than are left of the month's plan, and `force` is false.
    """
    check: Callable[..., str] | None = getattr(service, "check_budget", None)
    if check is None:
        return ""
    tasks = sum(
        1 + sum(step.name not in {"resized", "contrast"} for step in one.filters) for one in conditions
    )
    return check(images * tasks, force=force)


class _Progress:
    """Counts trials and tells the caller, one at a time."""

    def __init__(self, total: int, callback: ProgressCallback | None) -> None:
        self._done, self._total, self._callback = 0, total, callback
        self._turn = threading.Lock()

    def tell(self, trial: Trial) -> None:
        """Say that `trial` is done."""
        with self._turn:
            self._done += 1
            if self._callback is not None:
                self._callback(self._done, self._total, trial)


@dataclass
class _Prepared:
    """An image on its way through a condition's steps."""

    picture: Picture
    calls: int = 0
    warnings: tuple[str, ...] = ()

    def add(self, job: Job[Picture]) -> None:
        """Go on with the picture that `job` gives."""
        self.picture = job.result()
        self.calls += job.calls
        self.warnings += tuple(job.warnings)


class _Run:
    """One comparison under way: what is the same for every image."""

    def __init__(
        self, service: OcrService, conditions: tuple[Condition, ...], normalization: str,
        settings: dict[str, Any], progress: _Progress, keep_pictures: bool,
    ) -> None:  # fmt: skip
        self.service, self.conditions, self.normalization = service, conditions, normalization
        self.settings, self.progress, self.keep_pictures = settings, progress, keep_pictures
        self.identity: ServiceIdentity = service.identity
        engine = self.identity.engine
        self.reader = engine if engine in {"rapidocr", "tesseract"} else None
        self.pictures: dict[tuple[str, str], Picture] = {}

    def measure(self, subject: Subject) -> list[Trial]:
        """Return one trial a condition, in the order of the conditions."""
        blank = Trial(
            image=subject.name, group=subject.group, variant=subject.variant, engine=self.identity.engine,
            engine_version=self.identity.engine_version, service=self.identity.service,
        )  # fmt: skip
        try:
            picture = replace(_open(subject.image), name=subject.name)
            truth = subject.find_truth()
        except OcrNbError as error:
            failed = [self._failed(blank, condition, error) for condition in self.conditions]
            for trial in failed:
                self.progress.tell(trial)
            return failed
        blank = replace(
            blank, image_hash=picture.hash, ground_truth=truth, x_height_px=measure_x_height(luma(picture)),
            warnings=picture.warnings,
        )  # fmt: skip
        if self.keep_pictures:
            self.pictures[picture.hash, "original"] = picture
        return self._measure_conditions(picture, blank)

    def _measure_conditions(self, picture: Picture, blank: Trial) -> list[Trial]:
        sizes: dict[str, tuple[int, int]] = {}
        trials: dict[Condition, Trial] = {}
        # A resized image has the size of the upsampled one, which only the service knows for certain.
        for condition in sorted(self.conditions, key=lambda one: any(s.name == "resized" for s in one.steps)):
            try:
                trials[condition] = self._measure_one(picture, condition, blank, sizes)
            except OcrNbError as error:
                trials[condition] = self._failed(blank, condition, error)
            self.progress.tell(trials[condition])
        return [trials[condition] for condition in self.conditions]

    def _measure_one(
        self, picture: Picture, condition: Condition, blank: Trial, sizes: dict[str, tuple[int, int]]
    ) -> Trial:
        started = time.perf_counter()
        prepared = _Prepared(picture)
        for index, step in enumerate(condition.filters):
            self._apply(step, prepared, str(Condition(condition.steps[:index])), sizes)
        job = operations.recognize(
            prepared.picture, service=self.service, upsampling=condition.makes_upsampling, **self.settings
        )
        recognition = job.result()
        seconds = time.perf_counter() - started
        warnings = blank.warnings + prepared.warnings
        warnings += tuple(one for one in recognition.warnings if one not in warnings)
        factor = self._factor_inside(prepared.picture, condition, warnings)
        if self.keep_pictures and factor == 1:
            self.pictures[picture.hash, str(condition)] = prepared.picture
        text = recognition.text
        accuracy = None
        if blank.ground_truth is not None:
            accuracy = measure_accuracy(blank.ground_truth, text, self.normalization)
        width = prepared.picture.width * factor if factor else None
        return replace(
            blank,
            condition=str(condition),
            settings=RecognitionSettings.from_options(
                **self.settings, upsampling=condition.makes_upsampling
            ).changed(),
            text=text,
            normalization=self.normalization,
            cer=accuracy.cer if accuracy else None,
            wer=accuracy.wer if accuracy else None,
            confidence=recognition.confidence,
            seconds=seconds,
            calls=prepared.calls + job.calls,
            width=width,
            height=prepared.picture.height * factor if factor else None,
            factor=width / picture.width if width else None,
            task_id=job.task_id,
            time=_now(),
            warnings=warnings,
        )

    def _apply(self, step: Step, prepared: _Prepared, before: str, sizes: dict[str, tuple[int, int]]) -> None:
        """Do one step; `before` names the steps that came before it, under which `sizes` are kept."""
        key = f"{before}+{step.factor}"
        if step.name == "upsampled":
            advice = self._advice(prepared.picture) if step.factor is None else None
            if advice is not None and advice.factor == 1:
                prepared.warnings += (f"not upsampled: {advice.reason}",)
            else:
                factor = advice.factor if advice is not None else step.factor or 2
                prepared.add(operations.upsample(prepared.picture, service=self.service, factor=factor))
            sizes[key] = (prepared.picture.width, prepared.picture.height)
        elif step.name == "resized":
            self._resize(step, prepared, sizes.get(key))
        else:
            operation = getattr(operations, step.name)
            prepared.add(operation(prepared.picture, service=self.service))

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
        return replace(blank, condition=str(condition), error=str(error), time=_now())


def _open(image: Any) -> Picture:
    """Read anything that holds a picture, also one at an address.

    Raises:
        ImageError: it cannot be had or read.
    """
    if not (isinstance(image, str) and is_url(image)):
        return load_picture(image)
    host = Settings.from_environment()
    check = refuse_private if host.on_binder or host.on_colab else None

    async def work(job: Job[Picture]) -> Picture:
        data, name = await download_image(image, check=check)
        return load_picture(data, name=name)

    return Job(work, label=f"download {image}").result()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
