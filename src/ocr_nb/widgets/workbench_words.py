"""What a workbench says that is not about one image: who reads, chains of steps, what the tracker found.

In: the workbench's state. Out: sentences and plain values. Knows no widget.
"""

from __future__ import annotations

import html
import importlib.util
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..condition import FACTORS, STEP_NAMES, Condition
from ..engine.tesseract import find_tessdata
from ..errors import OcrNbError
from ..service.protocol import OcrService
from ..settings import Settings
from ..summary import Reader
from ..tracker import AccuracyTracker
from ..verdict import label
from .bench import Bench
from .bench_rows import Row
from .workbench_fields import FIELDS, default_of, show_value

READERS = (("rapidocr", "RapidOCR, here"), ("tesseract", "Tesseract, here"), ("cloud", "Cloud service"))
"""Name, and what a form calls it."""
ANSWER_EVERY = 1.0
"""Seconds between two answers while a run is under way: intervals take time to draw."""


def find_obstacle(reader: str, settings: Settings) -> str:
    """Say why `reader` cannot be chosen here, and what would change that; empty when it can."""
    if reader == "cloud" and settings.on_binder:
        return "Off on a public Binder, where credentials must not be typed: run ocr_nb on your own machine."
    return _find_tesseract() if reader == "tesseract" else ""


@cache
def _find_tesseract() -> str:
    if importlib.util.find_spec("tesserocr") is None:
        return 'Not installed: pip install "ocr_nb[tesseract]".'
    try:
        find_tessdata()
    except OcrNbError as error:
        return str(error)
    return ""


def describe_reader(service: OcrService | None) -> str:
    """Name a service of the caller's own, without asking it anything."""
    return "—" if service is None else type(service).__name__


def who_reads(reader: str, service: OcrService | None = None) -> str:
    """Say who reads and where the images go."""
    if reader == "cloud":
        return "The cloud service reads: images you run are sent to it."
    if reader == "given":
        return f"{describe_reader(service)} reads."
    name = dict(READERS)[reader].partition(",")[0]
    return f"{name} reads on this machine: no account, and nothing leaves it."


def show_chains(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Return each condition as its text, its label and its steps."""
    return [
        {
            "text": str(condition),
            "label": label(str(condition)),
            "steps": [{"name": step.name, "factor": step.factor} for step in condition.steps],
        }
        for condition in conditions
    ]


def list_readers(settings: Settings, given: OcrService | None) -> list[dict[str, str]]:
    """Return who can be asked, and why not where not."""
    readers = [*READERS, ("given", describe_reader(given))] if given is not None else list(READERS)
    return [
        {"name": name, "label": said, "obstacle": find_obstacle(name, settings)} for name, said in readers
    ]


def banner_of(settings: Settings) -> str:
    """Say what a public Binder allows and what not; empty elsewhere."""
    if not settings.on_binder:
        return ""
    return (
        "This is a public Binder: about one processor and 2 GB, and everything is gone when the session "
        "ends. Images are read on that machine; never type credentials here, so the cloud service is off."
    )


def describe_plan(bench: Bench) -> dict[str, Any]:
    """Return what is to be done as a form shows it."""
    settings = bench.settings
    values = {
        field.name: show_value(field.name, settings.get(field.name, default_of(field.name)))
        for field in FIELDS
    }
    return {
        "conditions": ",".join(map(str, bench.conditions)),
        "chains": show_chains(bench.conditions),
        "steps": list(STEP_NAMES),
        "factors": list(FACTORS),
        "factor": bench.factor,
        "values": values | {"normalization": bench.normalization},
    }


def describe_status(bench: Bench) -> dict[str, Any]:
    """Return how far a run is, and what the next would read and cost."""
    ahead = bench.foresee()
    done, total = bench.progress
    job = bench.run_job
    return {
        "running": bench.is_running,
        "done": done,
        "total": total,
        "elapsed": 0 if job is None else round(job.elapsed, 1),
        "calls": 0 if job is None else job.calls,
        "readings": ahead.readings,
        "images": ahead.images,
        "cost": ahead.cost,
        "obstacle": ahead.obstacle or "",
        "rows": len(bench.tracker),
    }


def show_words(rows: Sequence[Row], sentences: Sequence[str]) -> str:
    """Return the images, their verdicts and the answer as HTML without any picture."""
    cells = (row.say(number) for number, row in enumerate(rows, 1))
    lines = "".join(f"<tr>{''.join(f'<td>{html.escape(one)}</td>' for one in line)}</tr>" for line in cells)
    said = "".join(f"<p>{html.escape(one)}</p>" for one in sentences)
    head = "".join(f"<th>{one}</th>" for one in ("image", "size", "what upsampling did"))
    return f"<div>{said}<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"


class Answerer:
    """A tracker, and what it says; worked out anew when rows have come, not more often than need be."""

    def __init__(self, tracker: AccuracyTracker) -> None:
        self.tracker = tracker
        self.sentences: tuple[str, ...] = ()
        self.is_due = len(tracker) > 0
        self._answered = -ANSWER_EVERY

    def is_fresh(self, is_running: bool) -> bool:
        """Tell whether the answer may wait a moment longer."""
        return is_running and time.monotonic() - self._answered < ANSWER_EVERY

    def update(self, conditions: Sequence[Condition]) -> None:
        """Answer anew: of the last reader, each condition against the original, upsampling first."""
        self.is_due = False
        self._answered = time.monotonic()
        names = list(self.tracker.conditions)
        baseline = "original" if "original" in names else next(iter(names), "original")
        others = sorted(
            (name for name in names if name != baseline),
            key=lambda name: (not name.startswith("upsampled"), name != "make_upsampling"),
        )
        readers = self.tracker.readers
        said = [one for name in others for one in self._compare(baseline, name, readers[-1])]
        self.sentences = tuple(dict.fromkeys(said)) or _without(len(self.tracker), bool(others))

    def _compare(self, before: str, after: str, reader: Reader) -> tuple[str, ...]:
        try:
            sentences = self.tracker.compare(before, after, reader=reader).sentences
        except OcrNbError:  # without truth, or without pairs, there is nothing to say of it
            return ()
        many = len(self.tracker.readers) > 1
        return tuple(f"With {reader}: {one}" if many else one for one in sentences)


def _without(rows: int, compared: bool) -> tuple[str, ...]:
    if not rows:
        return ()
    if not compared:
        return ("Only one condition has been read: add another one to compare.",)
    return ("Without ground truth there is no error rate: type what is written on an image to get one.",)
