"""What a study costs beyond its engine: speed-up by processes, overhead a trial, memory, time to summarize.

    python benchmarks/study.py [--images 1000] [--trials 100000] [run] [memory] [store]

The engine is simulated: it computes for a fixed time and returns one word.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.service.local import LocalService
from ocr_nb.settings import cap_threads
from ocr_nb.store import TrialStore
from ocr_nb.studies import Study
from ocr_nb.study import DEFAULT_CONDITIONS
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.trial import Trial

ENGINE_MS = 20.0
_BLOCK = bytes(65536)


class Computes:
    """A recognizer that keeps one processor busy for a while and reads one word."""

    name = "simulated"
    version = "1"

    def __init__(self, milliseconds: float = ENGINE_MS) -> None:
        """Take how long each reading lasts."""
        self.seconds = milliseconds / 1000

    def languages(self) -> frozenset[str]:
        """English."""
        return frozenset({"English"})

    def recognize(
        self, pixels: npt.NDArray[np.uint8], *, language: str = "English", detect: bool = True
    ) -> tuple[Line, ...]:
        """Compute, then return one line."""
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            hashlib.sha256(_BLOCK)  # lets other threads run, as real engines do
        box = Box(0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0]))
        return (Line("word", box, 0.9, (Word("word", box, 0.9),)),)

    def detect(self, pixels: npt.NDArray[np.uint8]) -> tuple[Box, ...]:
        """Return the box of the one line."""
        return tuple(line.box for line in self.recognize(pixels))


def make_service() -> LocalService:
    """Make the service that each worker process calls its own."""
    return LocalService(recognizer=Computes(), workers=1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("parts", nargs="*", default=["run", "memory", "store"])
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "run" in options.parts:
            _measure_run(folder, options.images)
        if "memory" in options.parts:
            _measure_memory(folder, options.trials)
        if "store" in options.parts:
            _measure_store(folder, options.trials)


SETTINGS = {"skew_correction": False}
"""Straightening is the recognizing service's work, which a direct call does as well."""
_FEW = 8
"""Images of the study that pays for starting processes and importing; its costs are taken off."""


def make_images(folder: Path, count: int) -> Path:
    """Write `count` different images of 24×80 px with their truths."""
    folder.mkdir()
    for number in range(count):
        pixels = np.full((24, 80), 255, np.uint8)
        pixels[8:16, 10 : 20 + number % 50] = number % 100
        pixels[0, :3] = number % 256, number // 256, 255
        Image.fromarray(pixels).save(folder / f"{number:06d}.png")
        (folder / f"{number:06d}.gt.txt").write_text("word")
    return folder


def _measure_run(folder: Path, count: int) -> None:
    cap_threads(1)
    few, many = make_images(folder / "few", _FEW), make_images(folder / "many", count)
    for conditions in (("original",), DEFAULT_CONDITIONS):
        alone = 0.0
        for workers in (1, 2):
            name = f"{len(conditions)} {workers}.sqlite"
            spent = [
                _spend(images, conditions, workers, folder / f"{images.name}{name}") for images in (few, many)
            ]
            trials = (count - _FEW) * len(conditions)
            wall, processor = (1000 * (more - less) / trials for less, more in zip(*spent, strict=True))
            alone = alone or wall
            print(
                f"{count} images under {len(conditions)} conditions, {workers} processes: {spent[1][0]:.1f} "
                f"s, of which {spent[0][0]:.1f} s to start; speed-up {alone / wall:.2f}; beyond the engine's "
                f"{ENGINE_MS:g} ms a trial takes {wall * workers - ENGINE_MS:.2f} ms of a process's time, "
                f"{processor - ENGINE_MS:.2f} ms of processors",
                flush=True,
            )


def _spend(images: Path, conditions: Sequence[str], workers: int, store: Path) -> tuple[float, float]:
    """Return the seconds a study takes, by the clock and of all processors."""
    study = Study(images, conditions=conditions, services=make_service, settings=SETTINGS)
    started = time.perf_counter(), _processor_seconds()
    study.run(workers, store=store).close()
    return time.perf_counter() - started[0], _processor_seconds() - started[1]


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def make_quick_service() -> LocalService:
    """Make a service whose engine takes no time."""
    return LocalService(recognizer=Computes(0.0), workers=1)


def study_many(images: Path, store: Path, count: int) -> tuple[float, float]:
    """Run a study of `count` trials, each image under many variants.

    Returns:
        This process's peak in MiB, before the study began, with the caller's table, and at its end.
    """
    cap_threads(1)
    paths = sorted(images.glob("*.png"))
    table = pd.DataFrame(
        {
            "image": [str(paths[number % len(paths)]) for number in range(count)],
            "ground_truth": "word",
            "variant": [f"variant {number // len(paths)}" for number in range(count)],
        }
    )
    before = _peak()
    study = Study(table, conditions="original", services=make_quick_service, settings=SETTINGS)
    with study.run(store=store) as tracker:
        assert count == len(tracker)
    return before, _peak()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measure_memory(folder: Path, count: int) -> None:
    images = make_images(folder / "some", 1000)
    for total in sorted({1000, count // 10, count}):
        started = time.perf_counter()
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            before, peak = pool.submit(study_many, images, folder / f"many{total}.sqlite", total).result()
        wall = time.perf_counter() - started
        print(
            f"a study of {total} trials in its own process: peak {peak:.0f} MiB, with its table "
            f"{before:.0f} MiB before it began, {wall:.0f} s",
            flush=True,
        )


def _measure_store(folder: Path, count: int) -> None:
    rnd = random.Random(1)
    path = folder / "large.sqlite"
    with TrialStore(path) as store:
        for start in range(0, count // 2, 500):
            store.extend(_trials(rnd, start, min(start + 500, count // 2)))
    for _ in range(2):  # the second time, pandas is loaded and the file in memory
        started = time.perf_counter()
        with AccuracyTracker(path) as tracker:
            table = tracker.summary()
            print(f"{len(tracker)} trials opened and summarized in {time.perf_counter() - started:.2f} s")
    started = time.perf_counter()
    print(f"{tracker.compare().sentence}\n(compared in {time.perf_counter() - started:.2f} s)")
    assert count // 2 == table["images"].iloc[0]


def _trials(rnd: random.Random, start: int, end: int) -> list[Trial]:
    """Simulate two readings of each line, the second with fewer errors."""
    rows = []
    for number in range(start, end):
        truth = f"the quick brown fox jumps over line {number} of the lazy dog"
        for condition, share in (("original", 0.05), ("upsampled", 0.03)):
            text = "".join(letter if rnd.random() > share else "x" for letter in truth)
            rows.append(
                Trial(
                    f"{number}.png", f"{number:064x}", f"document {number // 3}", None, condition,
                    "simulated", "1", "local", {}, truth, text, "standard", seconds=1.0, calls=2,
                )
            )  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
