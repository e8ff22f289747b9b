"""`ShrinkExplorer`: shrink a sharp page with a slider, watch the reader break, see the curve of errors grow.

In: one picture or a page that travels with the package. Out: a widget; its points as trials, with no browser
too. Pictures, readings and points travel as messages: nothing of them is in synced state.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import traitlets

from ..condition import Condition, parse_conditions
from ..engine.recognizer import ENGINES
from ..errors import OcrNbError, SettingsError, suggestion
from ..image_task import ServiceLike
from ..images import ImageLike, Picture
from ..jobs import Job
from ..report.document import read_asset
from ..sample_set import sharp_samples
from ..shrinking import CURVE, DAMAGES, Bench, Reading, Spot, coarse_to_fine
from ..tracker import AccuracyTracker
from ..trial import Trial
from ..truth import TruthLike
from ._base import QuietWidget
from .newest_wins import NewestWins
from .preview import draw_preview
from .shrink_messages import describe_point, describe_reading, describe_setup, pieces

CONDITIONS = ("original", "resized:x2", "upsampled:x2")
OWN = "yours"
"""The name of a picture that was given, among the pages."""
REST = 0.15
"""Seconds that the slider must rest before reading begins."""
COLUMNS = (
    "image", "engine", "variant", "x_height_px", "condition", "cer", "wer", "confidence", "seconds", "text",
)  # fmt: skip
"""Of the curve."""

log = logging.getLogger(__name__)


class ShrinkExplorer(QuietWidget):
    """The teaching widget: a page, a slider for the height of its text, readings, and the curve of errors.

    explorer = ShrinkExplorer(engine="tesseract")
    explorer.x_height = 5
    explorer.measure()          # the whole curve, also without a browser
    explorer.curve
    """

    _esm = read_asset("shrink_explorer.js")
    _css = read_asset("shrink_explorer.css")
    _hides_still = True

    x_height = traitlets.Float(12.0).tag(sync=True)
    """Height of a lowercase x that the page is shrunk to, pixels."""
    damage = traitlets.Unicode("none").tag(sync=True)
    """What is done to the shrunk page: `none`, `mild` or `strong`."""
    engine = traitlets.Unicode("rapidocr").tag(sync=True)
    """Who reads: `rapidocr` or `tesseract`; empty where a service was given."""
    page = traitlets.Unicode(OWN).tag(sync=True)
    """Which page: `yours`, or the name of one that travels with the package."""
    teaching = traitlets.Bool(False).tag(sync=True)
    """Whether letters are larger and each step says what to do, for the back row."""
    setup = traitlets.Dict(read_only=True).tag(sync=True)
    """What can be chosen, and what is known of the page; no pixels, no texts."""

    def __init__(
        self,
        image: ImageLike | None = None,
        *,
        truth: TruthLike = None,
        conditions: str | Sequence[str | Condition] = CONDITIONS,
        service: ServiceLike | None = None,
        engine: str = "rapidocr",
        x_height: float | None = None,
        damage: str = "none",
        teaching: bool = False,
        keep_picture: bool = True,
        tracker: AccuracyTracker | None = None,
        normalization: str = "standard",
        **settings: Any,
    ) -> None:
        """Open the page; nothing is read before somebody looks, or `measure` is called.

        Args:
            image: a sharp page, or the name of one that travels with the package (`notice`, `prose`, …);
                None for the first of those.
            truth: what is written there, as `compare` takes it; None looks beside the file, and else counts
                against what is read at full size.
            conditions: as `compare` takes them.
            service: who reads in place of the engines of this machine.
            engine: `rapidocr` or `tesseract`.
            x_height: where to begin, pixels; None for 12, or for the largest that the page allows.
            damage: what is done after shrinking: `none`, `mild` or `strong`.
            teaching: larger letters, and a sentence for each step.
            keep_picture: whether the saved notebook keeps a small preview. Turn it off for private pages.
            tracker: where the points are kept; None for a new one in memory.
            normalization: the profile under which errors are counted.
            settings: recognition settings, such as `language="German"`.

        Raises:
            ImageError: the picture cannot be read, or its text is too small to be shrunk.
            SettingsError: a condition, a setting, an engine or the truth cannot be used.
        """
        self._worker = NewestWins(REST)
        self._sweep: Job[Any] | None = None
        self._benches: dict[str, Bench] = {}
        self._tracker = AccuracyTracker() if tracker is None else tracker
        self._conditions = parse_conditions(conditions)
        self._options: dict[str, Any] = {
            "service": service, "tracker": self._tracker, "settings": settings,
            "normalization": normalization,
        }  # fmt: skip
        name, self._benches = self._first_bench(image, truth)
        self._has_own = name == OWN
        self._kept = keep_picture
        self._bench = self._benches[name]
        start = min(12.0, self._bench.x_heights[-1]) if x_height is None else float(x_height)
        chosen = "" if service is not None else engine
        self._check_all(Spot(start, damage, chosen))
        self._describe(chosen, name)
        super().__init__(x_height=start, damage=damage, engine=chosen, page=name, teaching=teaching)
        self.observe(lambda change: change.owner._moved(), ["x_height", "damage", "engine"])
        self.observe(lambda change: change.owner._turn_page(), ["page"])

    def _open(self, image: Any, truth: TruthLike) -> Bench:
        return Bench(image, truth, self._conditions, **self._options)

    def _first_bench(self, image: ImageLike | None, truth: TruthLike) -> tuple[str, dict[str, Bench]]:
        names = [sample.name for sample in sharp_samples()]
        if image is None:
            image = names[0]
        if isinstance(image, str) and image in names:
            return image, {image: self._open(sharp_samples(image)[0], truth)}
        return OWN, {OWN: self._open(image, truth)}

    # ------------------------------------------------------------------ what code does

    @property
    def tracker(self) -> AccuracyTracker:
        """All points as trials; `variant` says to what the page was shrunk, and how it was spoilt."""
        return self._tracker

    @property
    def curve(self) -> Any:
        """The points measured so far as a DataFrame, by page, reader and text height."""
        frame = self._tracker.frame
        return frame[list(COLUMNS)].sort_values(
            ["image", "engine", "x_height_px"], kind="stable", ignore_index=True
        )

    @property
    def readings(self) -> dict[str, Trial]:
        """What was read where the slider stands, by condition; only what is there already."""
        return {str(one): found.trial for one, found in self._bench.known(self._spot).items()}

    @property
    def shrunk(self) -> Picture:
        """The page as it is where the slider stands."""
        return self._bench.shrunk(self._spot)

    def measure(self, x_heights: Iterable[float] | None = None) -> Any:
        """Measure the curve under the damage and engine chosen, and return it; blocks.

        Args:
            x_heights: text heights in pixels; None for fifteen from 2 to 24, as far as the page allows.

        Raises:
            SettingsError: a height is larger than the page's own text, or below 2.
            EngineUnavailable: the engine is not installed here.
        """
        return self.start_curve(x_heights).result()

    def start_curve(self, x_heights: Iterable[float] | None = None) -> Job[Any]:
        """Begin to measure the curve; return the job, whose result is `curve`. Arguments as `measure`."""
        bench, spot = self._bench, self._spot
        most = bench.x_heights[-1]
        heights = [x for x in CURVE if x <= most] if x_heights is None else [float(x) for x in x_heights]
        spots = [replace(spot, x_height=height) for height in coarse_to_fine(heights)]
        for one in spots:
            bench.check(one)
        self._sweep = Job(
            lambda job: self._walk(job, bench, spots), label=f"curve of {bench.source.name}",
            on_progress=_on(self, ShrinkExplorer._tell_sweep),
        )  # fmt: skip
        return self._sweep

    def cancel_curve(self) -> None:
        """Stop measuring the curve; what was measured stays."""
        if self._sweep is not None:
            self._sweep.cancel()

    def close(self) -> None:
        """Take the widget out of every view, stop reading, and let the pictures go."""
        self.cancel_curve()
        self._worker.forget()
        for bench in self._benches.values():
            bench.stop()
        super().close()
        self._benches = {}

    def still(self) -> bytes | None:
        """Draw the page as it is where the slider stands, small enough for a saved notebook."""
        return draw_preview((self.shrunk,)) if self._kept and self._benches else None

    def __repr__(self) -> str:
        return f"ShrinkExplorer({self._bench.source.name}, text {self.x_height:g} px high, {self.engine})"

    # ------------------------------------------------------------------ what a view asks

    def answer(self, message: Mapping[str, Any]) -> None:
        """Do what was clicked, or tell a new view everything."""
        match message.get("kind"):
            case "send all":
                self._tell_all()
                self._moved()
            case "measure curve":
                self.start_curve().add_done_callback(_on(self, ShrinkExplorer._complain))
            case "cancel curve":
                self.cancel_curve()

    @property
    def _spot(self) -> Spot:
        return Spot(float(self.x_height), str(self.damage), str(self.engine))

    def _moved(self) -> None:
        """Begin with what was chosen now, and let go what was begun for another place."""
        bench, spot = self._bench, self._spot
        bench.stop()
        myself = weakref.ref(self)

        def work() -> None:
            explorer = myself()
            if explorer is not None and explorer._is_here(bench, spot):
                explorer._read(bench, spot)

        self._worker.ask(work)

    def _is_here(self, bench: Bench, spot: Spot) -> bool:
        return bench is self._bench and spot == self._spot

    def _read(self, bench: Bench, spot: Spot) -> None:
        """Read at a spot, telling as it comes; on the worker's thread."""
        try:
            if spot.damage != "none":
                self._send_picture({"kind": "shrunk", **self._place(spot)}, bench.shrunk(spot))
            for condition, reading in bench.known(spot).items():
                self._tell(spot, condition, reading)
            bench.read(spot, _on(self, ShrinkExplorer._tell))
            self.problem = ""
        except Exception as error:  # on a thread of its own: said where it is seen
            log.exception("ShrinkExplorer could not read at %s.", spot.variant)
            self.problem = str(error) if isinstance(error, OcrNbError) else f"{type(error).__name__}: {error}"

    def _turn_page(self) -> None:
        """Open another page on the worker's thread, which takes a moment."""
        name = str(self.page)
        myself = weakref.ref(self)
        self._bench.stop()

        def work() -> None:
            explorer = myself()
            if explorer is None or explorer.page != name:
                return
            explorer._open_page(name)

        self._worker.ask(work)

    def _open_page(self, name: str) -> None:
        try:
            if name not in self._benches:
                self._benches[name] = self._open(sharp_samples(name)[0], None)
        except OcrNbError as error:
            self.problem = str(error)
            return
        self._bench = self._benches[name]
        self._describe(str(self.engine), name)
        self.x_height = min(self.x_height, self._bench.x_heights[-1])
        self._tell_all()
        self._moved()

    # ------------------------------------------------------------------ the whole curve

    async def _walk(self, job: Job[Any], bench: Bench, spots: list[Spot]) -> Any:
        """Read at each spot on a worker thread, giving way to whoever moves the slider."""
        tell = _on(self, ShrinkExplorer._tell)
        worker, myself = self._worker, weakref.ref(self)
        del self  # a job in the monitor must not keep a closed widget
        job.advance(0, len(spots))
        for done, spot in enumerate(spots, 1):
            reading = asyncio.ensure_future(asyncio.to_thread(_read_through, bench, spot, tell, worker, job))
            try:
                await asyncio.shield(reading)
            except asyncio.CancelledError:
                bench.stop()
                raise
            job.advance(done, len(spots))
        explorer = myself()
        return None if explorer is None else explorer.curve

    def _tell_sweep(self, job: Job[Any]) -> None:
        done, total = job.progress or (0, 0)
        self.send({"kind": "sweep", "done": done, "total": total, "running": not job.done()})

    def _complain(self, job: Job[Any]) -> None:
        error = job.exception()
        if error is not None and not job.is_cancelled:
            self.problem = str(error)

    # ------------------------------------------------------------------ telling views

    def _describe(self, engine: str, page: str) -> None:
        self.set_trait(
            "setup", describe_setup(self._bench, page=page, has_own=self._has_own, has_engines=engine != "")
        )

    def _place(self, spot: Spot) -> dict[str, Any]:
        return {"page": str(self.page), "spot": [spot.x_height, spot.damage, spot.engine]}

    def _tell_all(self) -> None:
        bench = self._bench
        self._send_picture({"kind": "source", "page": str(self.page)}, bench.source)
        points = [describe_point(spot, trial) for spot, trial in bench.readings()]
        self.send({"kind": "points", "page": str(self.page), "points": points})
        if self._sweep is not None:
            self._tell_sweep(self._sweep)

    def _tell(self, spot: Spot, condition: Condition, reading: Reading) -> None:
        """Tell what was read; the picture only while somebody looks at that place."""
        content = {"kind": "reading", **self._place(spot), **describe_reading(condition, reading)}
        if reading.picture is None or spot != self._spot:
            self.send(content)
        else:
            self._send_picture(content, reading.picture)

    def _send_picture(self, content: dict[str, Any], picture: Picture) -> None:
        for part, data in pieces(picture.png):
            self.send({**content, **part}, [data])

    # ------------------------------------------------------------------ what is allowed

    def _check_all(self, spot: Spot) -> None:
        if spot.engine and spot.engine not in ENGINES:
            raise SettingsError(f"There is no engine {spot.engine!r}: {suggestion(spot.engine, ENGINES)}")
        self._bench.check(spot)

    @traitlets.validate("x_height")  # type: ignore[untyped-decorator]
    def _check_x_height(self, proposal: Mapping[str, Any]) -> float:
        height = float(proposal["value"])
        most = self._bench.x_heights[-1]
        if not 2.0 <= height <= max(most, self._bench.x_height_px / 1.1):
            raise traitlets.TraitError(f"x_height is 2 to {most:g} px for this page, not {height:g}.")
        return height

    @traitlets.validate("damage", "engine", "page")  # type: ignore[untyped-decorator]
    def _check_choice(self, proposal: Mapping[str, Any]) -> str:
        name, value = proposal["trait"].name, str(proposal["value"])
        known: Sequence[str] = {
            "damage": tuple(DAMAGES),
            "engine": ENGINES if self.setup.get("engines") else ("",),
            "page": [one["name"] for one in self.setup["pages"]],
        }[name]
        if value not in known:
            raise traitlets.TraitError(f"{name} cannot be {value!r}: {suggestion(value, known)}")
        return value


def _read_through(
    bench: Bench, spot: Spot, tell: Callable[..., object], worker: NewestWins, job: Job[Any]
) -> None:
    """Read at `spot`, however often somebody who moves the slider comes between."""
    while not job.is_cancelled:
        while worker.is_busy and not job.is_cancelled:
            time.sleep(0.05)
        if bench.read(spot, tell):
            return


def _on(explorer: ShrinkExplorer, method: Callable[..., object]) -> Callable[..., object]:
    """Bind `method` without keeping the widget in memory."""
    myself = weakref.ref(explorer)

    def call(*arguments: Any) -> object:
        alive = myself()
        return None if alive is None else method(alive, *arguments)

    return call
