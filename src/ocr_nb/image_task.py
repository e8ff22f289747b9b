"""One image of a study as a task for any worker: a path and plain values in, small dicts out.

Picklable both ways, and importable by name, so that it runs in a thread, a spawned process or on a cluster.
The service is made by the worker when it gets its first task, once for each process.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from . import operations
from .advice import x_height_of
from .condition import parse_conditions
from .degrade import shrink
from .engine.recognizer import ENGINES
from .errors import OcrNbError, SettingsError
from .images import Picture, load_picture
from .measuring import Measurer, open_image
from .remote_files import is_remote, read_remote
from .service.protocol import OcrService
from .settings import cap_threads
from .trial import Trial

ServiceLike: TypeAlias = "str | OcrService | Callable[[], OcrService]"
"""The name of an engine on this machine, `cloud`, an address; a service; or a function of a module that makes
one, which each worker process calls once."""
SHARP_ENOUGH = 1.1
"""How many times the wanted x-height an image must have to be shrunk: below it is merely resampled."""


@dataclass(frozen=True, slots=True)
class ImageTask:
    """One image, what to measure on it, and who reads."""

    image: Any
    """A path, an address, or a `Picture` where there is no file."""
    name: str
    group: str
    image_hash: str | None
    """SHA-256 of the file; None where it could not be read."""
    variant: str | None
    truth: str | None
    problem: str | None
    """Why the truth cannot be used; then every row says so."""
    x_height: float | None
    """Pixels that the text shall be shrunk to; None leaves the image as it is."""
    conditions: tuple[str, ...]
    service: Any
    settings: dict[str, Any]
    normalization: str
    home: int
    """The process that made the task; any other shares the machine with more of its kind."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a task, as plain values."""

    rows: list[dict[str, Any]]
    """Fields of `Trial`, in the order of the conditions."""
    skipped: str | None = None
    """Why there is no row: the image is not sharp enough to be shrunk so far."""
    seconds: float = 0.0
    """From taking the task to handing back the rows."""


def measure_image(task: ImageTask) -> Measured:
    """Measure one image under each condition of its task; failures are rows."""
    if os.getpid() != task.home:
        cap_threads(1)
    started = time.perf_counter()
    trials: list[Trial] = []
    conditions = parse_conditions(task.conditions)
    measurer = Measurer(
        make_service(task.service), conditions, task.normalization, task.settings, lambda _: None
    )
    measurer.is_alone = True
    blank = replace(measurer.blank(task.name, task.group, task.variant), ground_truth=task.truth)
    skipped = None
    try:
        if task.problem is not None:
            raise SettingsError(task.problem)
        picture = replace(open_any(task.image), name=task.name)
        blank = replace(
            blank, image_hash=picture.hash, warnings=picture.warnings,
            x_height_px=x_height_of(picture),
        )  # fmt: skip
        if task.x_height is not None:
            skipped = _why_not(blank.x_height_px, task)
            if skipped is None:
                scale = task.x_height / (blank.x_height_px or task.x_height)
                picture = replace(shrink(picture, scale), name=task.name)
                blank = replace(blank, x_height_px=task.x_height)
        if skipped is None:
            trials = measurer.measure_opened(picture, blank)
    except OcrNbError as error:
        trials = measurer.fail(blank, error)
    return Measured([_row(one) for one in trials], skipped, time.perf_counter() - started)


_FIELDS = tuple(field.name for field in dataclasses.fields(Trial))


def _row(trial: Trial) -> dict[str, Any]:
    """Return the fields by name; what they hold is not copied."""
    return {name: getattr(trial, name) for name in _FIELDS}


def _why_not(x_height: float | None, task: ImageTask) -> str | None:
    """Say why the image cannot be shrunk to the x-height wanted, or None."""
    wanted = task.x_height or 0.0
    if x_height is None:
        return f"{task.name} has no text whose x-height could be measured, so it was not shrunk."
    if x_height < SHARP_ENOUGH * wanted:
        return f"{task.name} has an x-height of {x_height:.1f} px, too small to be shrunk to {wanted:g} px."
    return None


def fail_task(task: ImageTask, reason: str) -> Measured:
    """Return the rows of a task whose worker gave nothing back."""
    measurer = Measurer(
        make_service(task.service), parse_conditions(task.conditions), task.normalization, task.settings,
        lambda _: None,
    )  # fmt: skip
    blank = replace(
        measurer.blank(task.name, task.group, task.variant),
        image_hash=task.image_hash, ground_truth=task.truth,
    )  # fmt: skip
    error = OcrNbError(f"{task.name} could not be measured ({reason}): run the study again.")
    return Measured([_row(one) for one in measurer.fail(blank, error)])


def open_any(image: Any) -> Picture:
    """Open a file, an address of any kind, or whatever holds a picture.

    Raises:
        ImageError: it cannot be had or read.
    """
    if is_remote(image):
        return load_picture(read_remote(image), name=image.rpartition("/")[2])
    return open_image(image)


def make_service(service: ServiceLike) -> OcrService:
    """Return the service that `service` stands for; in one process always the same one.

    Raises:
        SettingsError: there is no such engine or service.
    """
    if isinstance(service, str) or (callable(service) and not hasattr(service, "submit")):
        return _make(service, os.getpid())
    return operations.make_service(service)  # type: ignore[arg-type]


@cache
def _make(service: Any, process: int) -> OcrService:
    """Make the service of this `process`: a forked one must not use the threads that its parent had."""
    if callable(service):
        made: OcrService = service()
        return made
    if service in ENGINES:
        return operations.make_service("local", engine=service)
    return operations.make_service(service)
