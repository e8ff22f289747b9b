"""One run of a workbench: some images under some conditions, each reading handed over as it is done.

In: a plan, and errands of one image each. Out: a `Job`, and `Reading`s with the pictures behind them. Knows
nothing of screens, nor of what was read before.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..condition import Condition
from ..engine.layout import Recognition
from ..images import Picture
from ..jobs import Job
from ..measuring import Measurer
from ..metrics import measure_accuracy
from ..service.protocol import OcrService
from ..study import REMOTE_IMAGES_AT_ONCE
from ..subjects import Subject
from ..trial import Trial

KEPT_BYTES = 256 << 20
"""Of the pictures that were made; the oldest are let go first, and can be made again."""


class GivenImage(Protocol):
    """What a workbench needs to know of an image, as `ImageInput.images` has it."""

    @property
    def name(self) -> str: ...
    @property
    def picture(self) -> Picture: ...
    @property
    def x_height_px(self) -> float | None: ...
    @property
    def private(self) -> bool: ...
    @property
    def ground_truth(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Foresight:
    """What pressing Run would do."""

    images: int
    readings: int
    cost: str
    """In words; “no calls” on this machine."""
    obstacle: str | None = None
    """Why nothing can be run, and what would change that."""


@dataclass(frozen=True)
class Plan:
    """How every image is read."""

    service: OcrService
    conditions: tuple[Condition, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Recognition settings that differ from the defaults."""
    normalization: str = "standard"


@dataclass(frozen=True)
class Errand:
    """One image, and the conditions under which it is to be read."""

    key: str
    """Tells the images of a workbench apart."""
    name: str
    picture: Picture
    truth: str | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one image under one condition."""

    trial: Trial
    picture: Picture | None = None
    """What was recognized; None where the service enlarged it by itself, or it was let go since."""
    recognition: Recognition | None = None
    """With boxes in pixels of `picture`; None when it failed."""

    def with_truth(self, truth: str | None, normalization: str) -> Reading:
        """Return the reading counted against another ground truth; nothing is read again."""
        trial = replace(self.trial, ground_truth=truth, cer=None, wer=None)
        if truth is not None and trial.error is None:
            accuracy = measure_accuracy(truth, trial.text or "", normalization)
            trial = replace(trial, cer=accuracy.cer, wer=accuracy.wer)
        return replace(self, trial=trial)


class Shelf:
    """Readings under any key, the pictures of the oldest let go when all together grow too large."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self.limit = limit
        self._readings: OrderedDict[Any, Reading] = OrderedDict()

    def put(self, key: Any, reading: Reading) -> None:
        """Keep `reading`, in place of an earlier one of that key."""
        self._readings.pop(key, None)
        self._readings[key] = reading
        spare = sum(map(_bytes_of, self._readings.values())) - self.limit
        for old, kept in list(self._readings.items()):
            if spare <= 0 or old == key:
                break
            spare -= _bytes_of(kept)
            self._readings[old] = replace(kept, picture=None)

    def get(self, key: Any) -> Reading | None:
        """Return the reading of that key, or None."""
        return self._readings.get(key)

    def items(self) -> list[tuple[Any, Reading]]:
        """Return all readings with their keys, the oldest first."""
        return list(self._readings.items())

    def clear(self) -> None:
        """Let everything go."""
        self._readings.clear()


def _bytes_of(reading: Reading) -> int:
    # The original itself belongs to the images as they were given, whatever is kept here.
    if reading.picture is None or reading.trial.condition == "original":
        return 0
    return reading.picture.pixels.nbytes + len(reading.picture.source)


@dataclass(frozen=True)
class Ears:
    """Who is told of what, on a thread of the run."""

    begun: Callable[[str], object]
    """An errand's key, when its image is taken up."""
    asked: Callable[[str, Job[Any]], object]
    """An errand's key and a job that was made for it."""
    read: Callable[[str, Reading], object]
    """An errand's key and what came of one condition."""


def start_run(plan: Plan, errands: Sequence[Errand], ears: Ears) -> Job[list[Trial]]:
    """Read every errand's image; return at once.

    On this machine the images go one by one, at services elsewhere a few at once. Cancelling the job takes
    back what is under way and keeps what is done.

    Returns:
        A job for the trials, in the order in which they were done; failures are rows among them. It fails
        where nothing can be read at all, as when an engine is not installed.
    """
    return Job(_Run(plan, errands, ears).work, label=_label(errands))


class _Run:
    def __init__(self, plan: Plan, errands: Sequence[Errand], ears: Ears) -> None:
        self.plan, self.errands, self.ears = plan, errands, ears
        self.trials: list[Trial] = []
        self.measurers: list[Measurer] = []
        self.is_cancelled = False

    async def work(self, job: Job[list[Trial]]) -> list[Trial]:
        """Do all errands on threads of their own; the background thread's may be needed by their jobs."""
        loop = asyncio.get_running_loop()
        identity = await asyncio.to_thread(lambda: self.plan.service.identity)
        at_once = 1 if identity.service == "local" else REMOTE_IMAGES_AT_ONCE
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="ocr_nb-workbench")
        try:
            await asyncio.gather(
                *(loop.run_in_executor(pool, self._measure, job, loop, errand) for errand in self.errands)
            )
        except BaseException:
            self.is_cancelled = True
            for measurer in self.measurers:
                measurer.cancel()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return self.trials

    def _measure(self, job: Job[list[Trial]], loop: asyncio.AbstractEventLoop, errand: Errand) -> None:
        plan, settings = self.plan, dict(self.plan.settings)

        def tell(trial: Trial) -> None:
            key = (trial.image_hash or "", trial.condition)
            reading = Reading(trial, measurer.pictures.get(key), measurer.recognitions.get(key))
            if trial.error is not None:
                reading = Reading(trial)
            self.trials.append(trial)
            self.ears.read(errand.key, reading)
            loop.call_soon_threadsafe(job.tell)

        def watch(child: Job[Any]) -> None:
            job.adopt(child)
            self.ears.asked(errand.key, child)

        measurer = Measurer(
            plan.service, errand.conditions, plan.normalization, settings, tell, keep_pictures=True
        )
        measurer.watch = watch
        self.measurers.append(measurer)
        if self.is_cancelled:
            return
        self.ears.begun(errand.key)
        group = errand.name.rpartition(".")[0] or errand.name
        try:
            measurer.measure(Subject(errand.picture, errand.name, group, None, lambda: errand.truth))
        except KeyboardInterrupt:  # the measurer's word for having been cancelled; not for the event loop
            return


def _label(errands: Sequence[Errand]) -> str:
    readings = sum(len(errand.conditions) for errand in errands)
    what = errands[0].name if len(errands) == 1 else f"{len(errands)} images"
    return f"read {what} ({readings} reading{'' if readings == 1 else 's'})"
