"""`Bench`: one sharp picture, shrunk to any text height, spoilt if wanted, and read under each condition.

In: a picture and its truth, conditions, who reads. Out: for each text height the shrunk picture, `Trial`s and
what was recognized; nothing is measured twice. One reading at a time; it can be stopped between conditions.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .advice import READERS, factor_for
from .condition import Condition, parse_conditions
from .degrade import add_noise, blur, compress, shrink
from .errors import ImageError, SettingsError, suggestion
from .image_task import SHARP_ENOUGH, ServiceLike, make_service
from .images import ImageLike, Picture, luma
from .measuring import Measurer, open_image
from .service.protocol import RecognitionSettings
from .subjects import Subject, list_subjects
from .tracker import AccuracyTracker
from .trial import Trial
from .truth import TruthLike
from .xheight import measure_x_height

X_HEIGHTS = (
    2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0,
    10.0, 11.0, 12.0, 13.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0,
)  # fmt: skip
"""Text heights to choose from, pixels: closest where readers break."""
CURVE = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0)
"""Those of them that make a whole curve."""
SHARP_PX = 48.0
"""Larger text is reduced to this x-height once, so that every later step is quick."""
KEPT_BYTES = 96_000_000
"""Of pixels kept, those looked at last: some sixty pictures of a page."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What happens to a picture after it was shrunk, as on the way through a scanner."""

    meaning: str
    """For people, and the second part of a trial's `variant`; empty for nothing."""
    sigma: float = 0.0
    """Of the blur, pixels of the shrunk picture."""
    noise: float = 0.0
    """Standard deviation, 1 is black to white."""
    quality: int | None = None
    """Of the JPEG file; None for none."""

    def apply(self, picture: Picture) -> Picture:
        """Return the picture spoilt; the same every time."""
        if self.sigma:
            picture = blur(picture, self.sigma)
        if self.noise:
            picture = add_noise(picture, self.noise, seed=0)
        return picture if self.quality is None else compress(picture, self.quality)


DAMAGES = {
    "none": Damage(""),
    "mild": Damage("blur 0.5, noise 5, JPEG 60", 0.5, 5 / 255, 60),
    "strong": Damage("blur 0.9, noise 10, JPEG 35", 0.9, 10 / 255, 35),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Which picture is read, by whom."""

    x_height: float
    """Pixels that a lowercase x is tall."""
    damage: str = "none"
    """A key of `DAMAGES`."""
    engine: str = "rapidocr"
    """An engine of this machine; empty where a service was given."""

    @property
    def variant(self) -> str:
        """Say what was done to the sharp picture."""
        meaning = DAMAGES[self.damage].meaning
        return f"x-height {self.x_height:g} px" + (f", {meaning}" if meaning else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out at a spot under one condition."""

    trial: Trial
    picture: Picture | None
    """What was recognized; None where a service enlarges by itself and does not show it."""


class Bench:
    """One sharp picture and all that was read of it; may be asked from any thread."""

    def __init__(
        self,
        image: ImageLike,
        truth: TruthLike = None,
        conditions: str | Sequence[str | Condition] = ("original", "resized:x2", "upsampled:x2"),
        *,
        service: ServiceLike | None = None,
        tracker: AccuracyTracker | None = None,
        settings: dict[str, Any] | None = None,
        normalization: str = "standard",
    ) -> None:
        """Open the picture and measure its text.

        Args:
            image: anything `load_picture` takes, with text larger than any height that is to be tried.
            truth: as `compare` takes it; None looks beside the file, then takes what is read at full size.
            conditions: as `compare` takes them.
            service: who reads in place of the engines of this machine.
            tracker: where trials go; None for a new one in memory.
            settings: recognition settings, such as `{"language": "German"}`.
            normalization: the profile under which CER and WER are counted.

        Raises:
            ImageError: it cannot be read, or has no text whose height could be measured, or too small text.
            SettingsError: a condition, a setting or the truth cannot be used.
        """
        self.conditions = parse_conditions(conditions)
        self.settings = dict(settings or {})
        RecognitionSettings.from_options(**self.settings)
        self.service, self.normalization = service, normalization
        self.tracker = AccuracyTracker() if tracker is None else tracker
        self.subject: Subject = list_subjects([image], truth)[0]
        opened = replace(open_image(image), name=self.subject.name)
        self.source, self.x_height_px = _sharpened(opened)
        """The sharp picture and its x-height, pixels."""
        self.image_hash = opened.hash
        self.truth: str | None = self.subject.find_truth()
        self.is_truth_read = self.truth is None
        """Whether the truth is only what was read at full size; it is then read when it is first needed."""
        self._readings: dict[tuple[Spot, Condition], Trial] = {}
        self._pictures: OrderedDict[tuple[Spot, str], Picture] = OrderedDict()
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._measurer: Measurer | None = None

    @property
    def x_heights(self) -> tuple[float, ...]:
        """Those of `X_HEIGHTS` that the picture is sharp enough to be shrunk to."""
        return tuple(height for height in X_HEIGHTS if height * SHARP_ENOUGH <= self.x_height_px)

    def shrunk(self, spot: Spot) -> Picture:
        """Return the picture at the spot: shrunk by averaging, then spoilt.

        Raises:
            SettingsError: the sharp picture's text is not larger than wanted, or there is no such damage.
        """
        self.check(spot)
        return self._keep(spot, "", lambda: self._shrink(spot))

    def check(self, spot: Spot) -> None:
        """Refuse a spot that cannot be measured.

        Raises:
            SettingsError: see `shrunk`.
        """
        if spot.damage not in DAMAGES:
            raise SettingsError(f"There is no damage {spot.damage!r}: {suggestion(spot.damage, DAMAGES)}")
        if not 2.0 <= spot.x_height <= self.x_height_px / SHARP_ENOUGH:
            raise SettingsError(
                f"{self.source.name} has text {self.x_height_px:.0f} px high: choose a text height from 2 px "
                f"to {self.x_height_px / SHARP_ENOUGH:.0f} px, not {spot.x_height:g}."
            )

    def _shrink(self, spot: Spot) -> Picture:
        small = shrink(self.source, spot.x_height / self.x_height_px)
        return replace(DAMAGES[spot.damage].apply(small), name=self.source.name)

    def known(self, spot: Spot) -> dict[Condition, Reading]:
        """Return what was read at the spot already."""
        with self._guard:
            found = {one: self._readings.get((spot, one)) for one in self.conditions}
            return {
                one: Reading(trial, self._pictures.get((spot, str(one))))
                for one, trial in found.items()
                if trial is not None
            }

    def readings(self) -> list[tuple[Spot, Trial]]:
        """Return all that was read, in the order in which it was."""
        with self._guard:
            return [(spot, trial) for (spot, _), trial in self._readings.items()]

    def read(self, spot: Spot, tell: Callable[[Spot, Condition, Reading], object]) -> bool:
        """Read at the spot what was not read there; blocks. False when it was stopped.

        Failures are told as trials with `error` set, and tried again the next time.

        Args:
            spot: where.
            tell: called after each condition, on this thread.

        Raises:
            SettingsError: see `shrunk`.
            EngineUnavailable: the engine is not installed here.
        """
        missing = tuple(one for one in self.conditions if one not in self.known(spot))
        if not missing:
            return True
        with self._turn:
            picture = self.shrunk(spot)
            return self._measure(picture, spot, missing, tell)

    def stop(self) -> None:
        """End the reading under way after its condition."""
        measurer = self._measurer
        if measurer is not None:
            measurer.stop()

    def _measure(
        self, picture: Picture, spot: Spot, missing: tuple[Condition, ...], tell: Callable[..., object]
    ) -> bool:
        measurer = Measurer(
            make_service(self.service or spot.engine), missing, self.normalization, self.settings,
            lambda trial: self._note(spot, trial, measurer, picture, tell), keep_pictures=True,
        )  # fmt: skip
        self._measurer = measurer
        try:
            self._find_truth(measurer)
            blank = replace(
                measurer.blank(self.subject.name, self.subject.group, spot.variant),
                image_hash=self.image_hash, ground_truth=self.truth, x_height_px=spot.x_height,
                warnings=("The truth is what was read at full size.",) if self.is_truth_read else (),
            )  # fmt: skip
            measurer.measure_opened(picture, blank)
        except KeyboardInterrupt:
            return False
        finally:
            self._measurer = None
        return True

    def _find_truth(self, measurer: Measurer) -> None:
        """Take what is read at full size for the truth where none was given."""
        if self.truth is not None:
            return
        original = Measurer(
            measurer.service, (Condition(),), self.normalization, self.settings, lambda _: None
        )
        (trial,) = original.measure_opened(self.source, original.blank(self.source.name, None, None))
        if trial.error is not None:
            raise ImageError(f"{self.source.name} could not be read at full size: {trial.error}")
        self.truth = trial.text or ""

    def _note(
        self, spot: Spot, trial: Trial, measurer: Measurer, picture: Picture, tell: Callable[..., object]
    ) -> None:
        condition = Condition.parse(trial.condition)
        made = measurer.pictures.get((picture.hash, trial.condition))
        if trial.error is None:
            self.tracker.add(trial)
            with self._guard:
                self._readings[spot, condition] = trial
            if made is not None:
                self._keep(spot, trial.condition, lambda: made)
        tell(spot, condition, Reading(trial, made))

    def _keep(self, spot: Spot, name: str, make: Callable[[], Picture]) -> Picture:
        """Return a kept picture, or make it; let those go that were not looked at for longest."""
        with self._guard:
            found = self._pictures.get((spot, name))
        made = make() if found is None else found
        with self._guard:
            self._pictures[spot, name] = made
            self._pictures.move_to_end((spot, name))
            while len(self._pictures) > 1 and self._held() > KEPT_BYTES:
                self._pictures.popitem(last=False)
        return made

    def _held(self) -> int:
        return sum(picture.pixels.nbytes for picture in self._pictures.values())


def coarse_to_fine(heights: Iterable[float]) -> list[float]:
    """Return the heights in an order in which the curve has its shape early: ends first, then middles."""
    ordered = sorted(set(heights), reverse=True)
    found = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    gaps = [(0, len(ordered) - 1)]
    while gaps:
        low, high = gaps.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            found.append(ordered[middle])
            gaps += [(low, middle), (middle, high)]
    return found


def advice_border(reader: str | None) -> float | None:
    """Return the text height, pixels, from which the advice for `reader` is to leave pictures as they are.

    None where the advice is the same for every height.
    """
    helped = [x / 4 for x in range(8, 201) if factor_for(x / 4, reader if reader in READERS else None) > 1]
    return max(helped) + 0.25 if helped else None


def _sharpened(picture: Picture) -> tuple[Picture, float]:
    """Return the picture, reduced if its text is larger than needed, and its x-height.

    Raises:
        ImageError: no text was found, or it is smaller than the smallest that is tried.
    """
    height = measure_x_height(luma(picture))
    if height is None:
        raise ImageError(
            f"{picture.name} has no text whose height could be measured: give a sharp page of text."
        )
    if height < SHARP_ENOUGH * X_HEIGHTS[4]:
        raise ImageError(
            f"{picture.name} has text {height:.1f} px high: give a page whose text is 20 px high or more."
        )
    if height <= SHARP_PX:
        return picture, height
    return replace(shrink(picture, SHARP_PX / height), name=picture.name), SHARP_PX
