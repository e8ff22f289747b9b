"""Which images under which conditions: every image recognized under every condition, one `Trial` each.

In: images, their ground truth if there is any, conditions, a service. Out: trials, and if wanted the
pictures that were recognized. An image that fails is a row that says why; the others go on. Knows nothing
of tables, reports or screens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from . import operations
from .condition import Condition, parse_conditions
from .errors import SettingsError
from .images import ImageLike, Picture
from .measuring import Measurer
from .metrics import measure_accuracy
from .service.protocol import OcrService, RecognitionSettings
from .subjects import Subject, list_subjects
from .trial import Trial
from .truth import TruthLike

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
    measurer = Measurer(chosen, parsed, normalization, settings, progress.tell, keep_pictures)
    at_once = 1 if chosen.identity.service == "local" else REMOTE_IMAGES_AT_ONCE
    measured = _measure_all(measurer, subjects, at_once)
    return Comparison([trial for trials in measured for trial in trials], measurer.pictures)


def _measure_all(measurer: Measurer, subjects: Sequence[Subject], at_once: int) -> list[list[Trial]]:
    """Measure the images one by one, or several at once; when interrupted, end after what is under way."""
    if at_once == 1 or len(subjects) == 1:
        return [measurer.measure(subject) for subject in subjects]
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="ocr_nb-compare")
    try:
        return list(pool.map(measurer.measure, subjects))
    except BaseException:
        measurer.stop()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


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
    return check(images * count_tasks(conditions), force=force)


def count_tasks(conditions: Iterable[Condition]) -> int:
    """Count what a service is asked to do for one image: each reading, and each filter not computed here."""
    return sum(
        1 + sum(step.name not in {"resized", "contrast"} for step in one.filters) for one in conditions
    )


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
