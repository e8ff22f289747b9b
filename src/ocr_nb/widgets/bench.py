"""A workbench without its screen: images, conditions and settings in, readings and a tracker out.

Knows what has been read of each image, what is missing, and what has changed since. Everything here may be
called from any thread. Knows nothing of browsers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..alignment import find_profile
from ..condition import FACTORS, Condition, parse_conditions
from ..errors import BudgetExceeded, OcrNbError, SettingsError, TaskCancelled
from ..images import Picture
from ..jobs import Job
from ..service.protocol import OcrService
from ..study import count_tasks
from ..tracker import AccuracyTracker
from ..trial import Trial
from .bench_rows import Row, State, fill_row
from .bench_run import Ears, Errand, Foresight, GivenImage, Plan, Reading, Shelf, start_run
from .workbench_fields import check_settings

DEFAULT_CONDITIONS = "original,upsampled"
_UNDER_WAY = "A run is under way: stop it, or wait."
_NO_IMAGE = "Add an image first: drop or paste one, or take a sample."
_ALL_READ = "All of this has been read: add an image, or change what to do."


class Bench:
    """Images × conditions, read one by one on the background thread, each reading kept and tracked."""

    def __init__(
        self,
        list_images: Callable[[], Sequence[GivenImage]],
        find_service: Callable[[], OcrService],
        tracker: AccuracyTracker,
        *,
        on_change: Callable[[], object] = lambda: None,
        on_job: Callable[[str, Job[Any]], object] = lambda key, job: None,
        on_reading: Callable[[str, Reading], object] = lambda key, reading: None,
    ) -> None:
        """Start with the default conditions.

        Args:
            list_images: says which images there are, each time anew.
            find_service: says who reads; may raise `SettingsError`, which is then the obstacle.
            tracker: gets a row for each reading.
            on_change: called after each change, on any thread.
            on_job: called with an image's key and each job made for it.
            on_reading: called with an image's key and each reading.
        """
        self.tracker = tracker
        self.run_job: Job[list[Trial]] | None = None
        """The run under way, or the last one."""
        self._list_images, self._find_service = list_images, find_service
        self._on_change, self._on_job, self._on_reading = on_change, on_job, on_reading
        self._guard = threading.RLock()
        self._conditions = parse_conditions(DEFAULT_CONDITIONS)
        self._factor: int | None = None
        self._settings: dict[str, Any] = {}
        self._normalization = "standard"
        self._shelf = Shelf()
        self._shown: dict[str, tuple[Any, ...]] = {}
        """By image: the keys of the readings that its row shows, also when settings have changed since."""
        self._states: dict[str, State] = {}
        """Of the images of the run under way; afterwards only of those that were stopped."""
        self._doing: dict[str, str] = {}
        self._filled: dict[str, tuple[Row, list[Trial], Row]] = {}
        """By image: what its row was made of, and the row; judging long texts takes time."""

    # ------------------------------------------------------------------ what to do

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What every image is read under, as written, without the factor that fills in."""
        return self._conditions

    def set_conditions(self, conditions: str | Iterable[str | Condition]) -> None:
        """Choose what every image is read under, written as `Condition.parse` takes it.

        Raises:
            SettingsError: one cannot be read, or two are the same; nothing is changed.
        """
        parsed = parse_conditions(conditions)
        _check_distinct(parsed, self._factor)
        with self._guard:
            self._conditions = parsed
        self._on_change()

    @property
    def factor(self) -> int | None:
        """By how much steps enlarge that name no factor of their own; None follows the advice."""
        return self._factor

    def set_factor(self, factor: int | str | None) -> None:
        """Choose 2, 3, 4, or None or “auto” for the advice for each image.

        Raises:
            SettingsError: it is something else, or makes two conditions the same.
        """
        wanted = None if factor in (None, "auto") else factor
        if wanted is not None and (isinstance(wanted, bool) or wanted not in FACTORS):
            raise SettingsError(f"factor is 2, 3, 4 or 'auto', not {factor!r}.")
        _check_distinct(self._conditions, wanted)
        with self._guard:
            self._factor = wanted
        self._on_change()

    @property
    def settings(self) -> dict[str, Any]:
        """Recognition settings that were set, by name."""
        return dict(self._settings)

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Replace the recognition settings; those left out have their defaults.

        Raises:
            SettingsError: a name is unknown, a value not allowed, or nothing could be compared under it.
        """
        check_settings(settings)
        with self._guard:
            self._settings = dict(settings)
        self._on_change()

    @property
    def normalization(self) -> str:
        """The profile under which errors are counted."""
        return self._normalization

    def set_normalization(self, name: str) -> None:
        """Choose a profile of `alignment.PROFILES`; what was read stays and is read anew when run.

        Raises:
            SettingsError: there is none of that name.
        """
        chosen = find_profile(name).name
        with self._guard:
            self._normalization = chosen
        self._on_change()

    def plan(self) -> Plan:
        """Return how images are read as things stand.

        Raises:
            SettingsError: nobody can be asked.
        """
        service = self._find_service()
        with self._guard:
            effective = tuple(one.with_factor(self._factor) for one in self._conditions)
            return Plan(service, effective, dict(self._settings), self._normalization)

    # ------------------------------------------------------------------ images and their truths

    def images(self) -> dict[str, GivenImage]:
        """Return the images by key, in order; one given twice has two keys."""
        found: dict[str, GivenImage] = {}
        for image in self._list_images():
            key = image.picture.hash[:16]
            while key in found:
                key += "+"
            found[key] = image
        return found

    def count_anew(self) -> bool:
        """Count what was read against the ground truths as they are now; tell whether any had changed.

        Nothing is read again, and the tracker's rows follow.
        """
        images = self.images()
        is_changed = False
        with self._guard:
            for key, reading in self._shelf.items():
                image = images.get(key[0])
                if image is not None and image.ground_truth != reading.trial.ground_truth:
                    anew = reading.with_truth(image.ground_truth, key[3])
                    self._shelf.put(key, anew)
                    self.tracker.store.correct_truth(anew.trial)
                    is_changed = True
        if is_changed:
            self._on_change()
        return is_changed

    # ------------------------------------------------------------------ running

    def foresee(self) -> Foresight:
        """Say what a run would read and cost, or why it cannot be."""
        if self.is_running:
            return Foresight(0, 0, "", _UNDER_WAY)
        images = self.images()
        if not images:
            return Foresight(0, 0, "", _NO_IMAGE)
        try:
            plan = self.plan()
        except OcrNbError as error:
            return Foresight(len(images), 0, "", str(error))
        missing = [wanted for key in images if (wanted := self._missing(key, plan))]
        readings = sum(map(len, missing))
        if not readings:
            return Foresight(len(images), 0, "", _ALL_READ)
        check = getattr(plan.service, "check_budget", None)
        tasks = sum(map(count_tasks, missing))
        try:
            cost = check(tasks) if check is not None else ""
        except BudgetExceeded as error:
            return Foresight(len(missing), readings, "", str(error))
        free = "No calls: this machine reads." if check is None else "Calls to a server here are not counted."
        return Foresight(len(missing), readings, cost or free)

    def run(self, keys: Iterable[str] | None = None, *, again: bool = False) -> Job[list[Trial]]:
        """Read what is missing or failed; return at once.

        Args:
            keys: of which images; None for all.
            again: read also what has been read.

        Raises:
            SettingsError: there is no image, nobody to ask, nothing to read, or a run is under way.
            BudgetExceeded: the service counts calls, and more are needed than are left; nothing was sent.
        """
        with self._guard:
            if self.is_running:
                raise SettingsError(_UNDER_WAY)
            images = self.images()
            if not images:
                raise SettingsError(_NO_IMAGE)
            plan = self.plan()
            chosen = list(images) if keys is None else [key for key in keys if key in images]
            errands = [
                Errand(key, images[key].name, images[key].picture, images[key].ground_truth, wanted)
                for key in chosen
                if (wanted := plan.conditions if again else self._missing(key, plan))
            ]
            if not errands:
                raise SettingsError(_ALL_READ)
            check = getattr(plan.service, "check_budget", None)
            if check is not None:
                check(sum(count_tasks(errand.conditions) for errand in errands))
            self._states = dict.fromkeys((errand.key for errand in errands), "waiting")
            self._doing = {}
            ears = Ears(self._begin, self._ask, lambda key, reading: self._keep(plan, key, reading))
            self.run_job = start_run(plan, errands, ears)
        self.run_job.add_done_callback(self._end)
        self._on_change()
        return self.run_job

    def stop(self) -> bool:
        """Take back what is under way; what is done is kept. False when nothing runs."""
        return self.run_job is not None and self.run_job.cancel()

    @property
    def is_running(self) -> bool:
        """Tell whether a run is under way."""
        return self.run_job is not None and not self.run_job.done()

    @property
    def progress(self) -> tuple[int, int]:
        """Return how many images of the run are done, and how many it has."""
        states = list(self._states.values())
        return sum(state in ("done", "failed") for state in states), len(states)

    # ------------------------------------------------------------------ what came of it

    def rows(self) -> tuple[Row, ...]:
        """Return what is known of each image, in order."""
        try:
            plan = self.plan()
        except OcrNbError:
            plan = None
        with self._guard:
            return tuple(self._row(key, image, plan) for key, image in self.images().items())

    def readings(self, key: str) -> tuple[Reading, ...]:
        """Return the readings that an image's row shows, the baseline first."""
        with self._guard:
            found = (self._shelf.get(one) for one in self._shown.get(key, ()))
            return tuple(reading for reading in found if reading is not None)

    def pictures(self) -> dict[tuple[str, str], Picture]:
        """Return what was recognized, as far as it is kept, by (image hash, condition): for a report."""
        return {
            (reading.trial.image_hash, reading.trial.condition): reading.picture
            for _, reading in self._shelf.items()
            if reading.picture is not None and reading.trial.image_hash is not None
        }

    def clear(self) -> None:
        """Let the readings go; the tracker keeps its rows."""
        with self._guard:
            self._shelf.clear()
            self._shown, self._states, self._doing, self._filled = {}, {}, {}, {}

    def _row(self, key: str, image: GivenImage, plan: Plan | None) -> Row:
        wanted = [] if plan is None else [(one, _key(key, one, plan)) for one in _baseline_first(plan)]
        current = [name for _, name in wanted if self._shelf.get(name) is not None]
        state = self._states.get(key)
        is_under_way = state in ("waiting", "running")
        if current and (len(current) == len(wanted) or is_under_way or not self._shown.get(key)):
            self._shown[key] = tuple(current)
        shown = self._shown.get(key, ())
        is_current = bool(wanted) and len(current) == len(wanted)
        trials = [reading.trial for name in shown if (reading := self._shelf.get(name)) is not None]
        blank = Row(
            key, image.name, image.picture.width, image.picture.height, image.x_height_px, image.private,
            image.ground_truth,
        )  # fmt: skip
        known = self._filled.get(key)
        if known is None or known[0] != blank or known[1] != trials:
            self._filled[key] = known = (blank, trials, fill_row(blank, trials))
        row = known[2]
        if is_under_way:
            return replace(row, state=state or "new", doing=self._doing.get(key, ""))
        if not trials or (not is_current and state == "stopped"):
            return replace(row, state=state if state == "stopped" else "new")
        return replace(row, state="failed" if row.error else "done", stale=not is_current)

    def _missing(self, key: str, plan: Plan) -> tuple[Condition, ...]:
        """Return the conditions of `plan` under which that image has not been read, or failed."""
        missing = []
        for condition in plan.conditions:
            reading = self._shelf.get(_key(key, condition, plan))
            if reading is None or reading.trial.error is not None:
                missing.append(condition)
        # Only beside the upsampled image itself is a resized one certain to have its size.
        is_resized = any(step.name == "resized" for one in missing for step in one.steps)
        return plan.conditions if is_resized else tuple(missing)

    def _begin(self, key: str) -> None:
        with self._guard:
            self._states[key] = "running"
        self._on_change()

    def _ask(self, key: str, job: Job[Any]) -> None:
        with self._guard:
            self._doing[key] = job.label
        self._on_job(key, job)
        self._on_change()

    def _keep(self, plan: Plan, key: str, reading: Reading) -> None:
        """Put a reading on the shelf and into the tracker, counted against the truth as it is now."""
        image = self.images().get(key)
        if image is not None:
            reading = reading.with_truth(image.ground_truth, plan.normalization)
        with self._guard:
            condition = Condition.parse(reading.trial.condition)
            self._shelf.put(_key(key, condition, plan), reading)
            if not self.tracker.add(reading.trial):
                self.tracker.store.correct_truth(reading.trial)
            if all(self._shelf.get(_key(key, one, plan)) is not None for one in plan.conditions):
                self._states[key] = "failed" if reading.trial.error else "done"
        self._on_reading(key, reading)
        self._on_change()

    def _end(self, job: Job[Any]) -> None:
        """Say of what was not read whether it was stopped or could not be read at all."""
        error = job.exception()
        with self._guard:
            for key, state in self._states.items():
                if state in ("waiting", "running"):
                    self._states[key] = "stopped" if isinstance(error, TaskCancelled) else "new"
        self._on_change()


def _check_distinct(conditions: Sequence[Condition], factor: int | None) -> None:
    """Refuse a factor that makes `upsampled` and `upsampled:x3` the same."""
    parse_conditions([one.with_factor(factor) for one in conditions])


def _baseline_first(plan: Plan) -> list[Condition]:
    """Return the conditions with `original`, what others are compared with, in front."""
    return sorted(plan.conditions, key=lambda one: one != Condition())


def _key(image: str, condition: Condition, plan: Plan) -> tuple[Any, ...]:
    settings = json.dumps(check_settings(plan.settings).changed(), sort_keys=True, default=str)
    return image, str(condition), settings, plan.normalization, id(plan.service)
