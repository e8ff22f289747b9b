"""`Study`: images × conditions × readers × settings, on any executor, into a store; interrupted, it goes on.

In: what to measure, and on what. Out: an `AccuracyTracker`. What is in the store is not measured again, nor
paid for twice; every finished image is on disk before it is reported. Knows not how one image is measured.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from .collection import collect, name_some
from .condition import Condition, parse_conditions
from .digests import Digests
from .errors import ImageError, OcrNbError, SettingsError
from .executors import ExecutorLike, Workers
from .image_task import ImageTask, Measured, ServiceLike, fail_task, make_service, measure_image, open_any
from .measuring import Measurer
from .metrics import measure_accuracy
from .remote_files import is_remote
from .service.download import is_url
from .service.protocol import RecognitionSettings
from .store import TrialStore, identify
from .study import DEFAULT_CONDITIONS, REMOTE_IMAGES_AT_ONCE, ProgressCallback
from .subjects import Subject
from .tracker import AccuracyTracker
from .trial import Trial
from .truth import TruthLike

X_HEIGHTS = (6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0)
"""Pixels: around where Tesseract begins to fail (below 12) and where no more is gained (above 20)."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """One service with one set of settings, and what is known before anything is measured."""

    service: Any
    settings: dict[str, Any]
    measurer: Measurer
    is_local: bool


class Study:
    """Which images under which conditions, read by whom. `run` measures what is not measured yet."""

    def __init__(
        self,
        images: Any,
        truth: TruthLike = None,
        conditions: str | Sequence[str | Condition] = DEFAULT_CONDITIONS,
        *,
        services: ServiceLike | Sequence[ServiceLike] = "rapidocr",
        settings: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
        normalization: str = "standard",
        x_heights: Sequence[float] = (),
    ) -> None:
        """Say what to measure; nothing is opened or asked yet.

        Args:
            images: a folder, a pattern, an address that fsspec knows, a DataFrame with the column `image`, or
                what `compare` takes.
            truth: as `compare` takes it, or a CSV file with the columns `image` and `ground_truth`; None
                looks beside each image for NAME.gt.txt, NAME.txt, PAGE-XML, ALTO or hOCR.
            conditions: as `compare` takes them.
            services: one or several: `rapidocr` and `tesseract` (on this machine), `cloud`, an address, a
                service, or a module's function that makes one.
            settings: recognition settings, such as `{"language": "German"}`; several are crossed with all.
            normalization: the profile under which CER and WER are counted.
            x_heights: sizes in pixels that every image is shrunk to; empty for images as they are.

        Raises:
            SettingsError: there is no image, or a name or setting cannot be used.
        """
        self.conditions = parse_conditions(conditions)
        measure_accuracy("", "", normalization)
        self.normalization = normalization
        self.x_heights = tuple(float(height) for height in x_heights)
        if any(height <= 0 for height in self.x_heights):
            raise SettingsError(f"An x-height is a positive number of pixels, not {min(self.x_heights):g}.")
        self.services = _several(services)
        self.settings = [dict(settings)] if isinstance(settings, Mapping) else [dict(one) for one in settings]
        for one in self.settings:
            if "upsampling" in one:
                raise SettingsError(
                    "A study takes no setting upsampling: name the condition make_upsampling."
                )
            RecognitionSettings.from_options(**one)
        collected = collect(images, truth)
        self.subjects = collected.subjects
        self.notes = list(collected.notes)
        """One sentence each: what was given and is not used, and what `run` had to leave out."""

    @classmethod
    def sweep(
        cls, images: Any, truth: TruthLike = None, x_heights: Sequence[float] = X_HEIGHTS, **study: Any
    ) -> Study:
        """Shrink sharp images to a grid of x-heights, to find where upsampling starts and stops paying.

        An image is left out where its own text is smaller than wanted; `notes` says so. `variant` in the rows
        is the x-height; the other arguments are those of `Study`.
        """
        return cls(images, truth, x_heights=x_heights, **study)

    def __len__(self) -> int:
        """Return how many trials the study has."""
        cells = len(self.services) * max(1, len(self.settings)) * max(1, len(self.x_heights))
        return len(self.subjects) * len(self.conditions) * cells

    def __repr__(self) -> str:
        return f"<Study of {len(self.subjects)} images: {len(self)} trials>"

    def run(
        self,
        executor: ExecutorLike = None,
        *,
        store: TrialStore | AccuracyTracker | str | PathLike[str] | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> AccuracyTracker:
        """Measure what `store` does not have yet; return a tracker of the store, in the study's order.

        Interrupted at any point, the same call goes on where it was: successes are kept, errors tried again,
        corrected truths counted anew without reading again. Services elsewhere are asked from this process,
        a few images at a time, whatever the executor.

        Args:
            executor: None for one image at a time, a number of processes, `thread`, `process`, an `Executor`,
                a Dask or ipyparallel client. What you opened stays open.
            store: a file or an open store; None keeps the trials in memory.
            on_progress: called with trials done, trials in all, and the trial just done.

        Raises:
            SettingsError: the executor or a service cannot be used.
            EngineUnavailable: an engine is not installed here.
            StoreError: the store cannot be read or written.
        """
        tracker = store if isinstance(store, AccuracyTracker) else AccuracyTracker(store)
        run = _Run(self, tracker.store, on_progress)
        cells = [
            self._cell(service, settings) for service in self.services for settings in self.settings or [{}]
        ]
        here = [cell for cell in cells if cell.is_local]
        elsewhere = [cell for cell in cells if not cell.is_local]
        if here:
            run.work(here, Workers(executor))
        if elsewhere:
            with ThreadPoolExecutor(REMOTE_IMAGES_AT_ONCE, thread_name_prefix="ocr_nb-study") as pool:
                run.work(elsewhere, Workers(pool))
        lacking = sum(run.lacks_truth)
        if 0 < lacking < len(self.subjects):
            names = (
                subject.name for subject, lacks in zip(self.subjects, run.lacks_truth, strict=True) if lacks
            )
            self.notes.append(
                f"{lacking} of {len(self.subjects)} images have no ground truth and stand in no rate: "
                f"{name_some(names, lacking)}."
            )
        tracker.store.arrange(run.stored.get(one, one) for one in run.identities)
        return tracker

    def _cell(self, service: ServiceLike, settings: dict[str, Any]) -> _Cell:
        measurer = Measurer(
            make_service(service), self.conditions, self.normalization, settings, lambda _: None
        )
        return _Cell(service, settings, measurer, measurer.identity.service == "local")


def _several(services: ServiceLike | Sequence[ServiceLike]) -> list[ServiceLike]:
    if isinstance(services, list | tuple):
        if not services:
            raise SettingsError("No service was given: name at least one, such as rapidocr.")
        return list(services)
    return [services]  # type: ignore[list-item]


class _Run:
    """One run under way: what is known, what is out, what came back."""

    def __init__(self, study: Study, store: TrialStore, on_progress: ProgressCallback | None) -> None:
        self.study, self.store, self.on_progress = study, store, on_progress
        self.known = store.successes()
        self.identities = Digests()
        """Of all trials of the study, in its order; as far as they were planned."""
        self.stored: dict[bytes, bytes] = {}
        """What a trial is stored as, where the image could not be opened and so has no hash there."""
        self.lacks_truth = bytearray(len(study.subjects))
        """Of each image, 1 if it has none."""
        self.done, self.total = 0, len(study)

    def work(self, cells: Sequence[_Cell], workers: Workers[ImageTask, Measured]) -> None:
        """Measure every image under every cell."""
        _check_sendable(cells, workers)
        with workers:
            finished = workers.finish(measure_image, self._plan(cells))
            try:
                for task, measured in finished:
                    self._keep(task, measured)
            finally:
                finished.close()
                for task, measured in workers.rescued:  # interrupted: what was under way is not lost either
                    self._store(task, [Trial(**row) for row in measured.rows])

    def _plan(self, cells: Sequence[_Cell]) -> Iterator[ImageTask]:
        """Yield a task for each image and cell of which something is missing."""
        for number, subject in enumerate(self.study.subjects):
            image, image_hash = _identity_of(subject)
            truth, problem = _truth_of(subject)
            self.lacks_truth[number] = truth is None and problem is None
            for height in self.study.x_heights or (None,):
                variant = subject.variant if height is None else f"x-height {height:g} px"
                for cell in cells:
                    blank = replace(
                        cell.measurer.blank(subject.name, subject.group, variant),
                        image_hash=image_hash, ground_truth=truth, normalization=self.study.normalization,
                    )  # fmt: skip
                    missing = [name for name in self.study.conditions if self._is_missing(blank, name, cell)]
                    if missing:
                        yield ImageTask(
                            image, subject.name, subject.group, image_hash, variant, truth, problem, height,
                            tuple(map(str, missing)), cell.service, cell.settings, self.study.normalization,
                            os.getpid(),
                        )  # fmt: skip

    def _is_missing(self, blank: Trial, condition: Condition, cell: _Cell) -> bool:
        """Tell whether the trial must be measured: it is no success of before, nor planned already."""
        trial = replace(blank, condition=str(condition), settings=cell.measurer.settings_under(condition))
        identity = identify(trial)
        if not self.identities.add(identity):  # the same image under another name
            self.done += 1
            return False
        if identity not in self.known:
            return True
        self._correct(trial)
        self.done += 1
        return False

    def _correct(self, trial: Trial) -> None:
        """Count a stored reading anew where its ground truth, or the normalization, is another now."""
        stored = self.store.find(trial)
        if stored is None or stored.text is None or trial.ground_truth is None:
            return
        if (stored.ground_truth, stored.normalization) == (trial.ground_truth, trial.normalization):
            return
        accuracy = measure_accuracy(trial.ground_truth, stored.text, self.study.normalization)
        self.store.correct_truth(
            replace(
                stored, ground_truth=trial.ground_truth, normalization=accuracy.normalization,
                cer=accuracy.cer, wer=accuracy.wer,
            )
        )  # fmt: skip

    def _keep(self, task: ImageTask, measured: Measured | Exception) -> None:
        """Write what came back to disk, then say so."""
        if isinstance(measured, Exception):
            measured = fail_task(task, str(measured) or type(measured).__name__)
        trials = [Trial(**row) for row in measured.rows]
        self._store(task, trials)
        if measured.skipped is not None:
            self.study.notes.append(measured.skipped)
            self.done += len(task.conditions)
        for trial in trials:
            self.done += 1
            if self.on_progress is not None:
                self.on_progress(self.done, self.total, trial)

    def _store(self, task: ImageTask, trials: Sequence[Trial]) -> None:
        self.store.extend(trials)
        for trial in trials:
            if trial.image_hash != task.image_hash:
                self.stored[identify(replace(trial, image_hash=task.image_hash))] = identify(trial)


def _check_sendable(cells: Iterable[_Cell], workers: Workers[Any, Any]) -> None:
    """Refuse early what no other process could be sent."""
    for cell in cells:
        service = cell.service
        is_named = isinstance(service, str) or hasattr(service, "__qualname__")
        if not workers.is_here and not is_named:
            raise SettingsError(
                f"A {type(service).__name__} cannot be sent to other processes: name an engine, or give a "
                "function of a module that makes the service."
            )


def _identity_of(subject: Subject) -> tuple[Any, str | None]:
    """Return what a worker shall open, and the SHA-256 of its bytes; None for what cannot be read."""
    image = subject.image
    if isinstance(image, str | PathLike) and not is_remote(image) and not _is_web(image):
        try:
            with Path(image).open("rb") as file:
                return os.fspath(image), hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return os.fspath(image), None  # the worker will say why, in a row
    try:
        picture = open_any(image)
    except ImageError:
        return image, None
    return (image if is_remote(image) else picture), picture.hash


def _is_web(image: Any) -> bool:
    return isinstance(image, str) and (is_url(image) or image.startswith("data:"))


def _truth_of(subject: Subject) -> tuple[str | None, str | None]:
    """Return the ground truth, or why it cannot be used."""
    try:
        return subject.find_truth(), None
    except OcrNbError as error:
        return None, str(error)
