"""What a study costs beyond its engine: speed-up by processes, overhead a trial, memory, time to summarize.

    python benchmarks/study.py [--images 1000] [--trials 100000]

The engine is simulated: it computes for a fixed time and returns one word. Memory is this process's peak.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ocr_nb.engine.layout import Box, Line, Word
from ocr_nb.service.local import LocalService
from ocr_nb.settings import available_cpus
from ocr_nb.store import TrialStore
from ocr_nb.studies import Study
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.trial import Trial

ENGINE_MS = 20.0


class Computes:
    """A recognizer that keeps one processor busy for `ENGINE_MS` and reads one word."""

    name = "simulated"
    version = "1"

    def languages(self) -> frozenset[str]:
        """English."""
        return frozenset({"English"})

    def recognize(
        self, pixels: npt.NDArray[np.uint8], *, language: str = "English", detect: bool = True
    ) -> tuple[Line, ...]:
        """Compute, then return one line."""
        end = time.thread_time() + ENGINE_MS / 1000
        while time.thread_time() < end:
            pass
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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _measure_run(folder, options.images)
        _measure_store(folder, options.trials)


def _measure_run(folder: Path, count: int) -> None:
    (folder / "images").mkdir()
    for number in range(count):
        pixels = np.full((24, 80), 255, np.uint8)
        pixels[8:16, 10 : 20 + number % 50] = number % 100
        pixels[0, 0], pixels[0, 1] = number % 256, number // 256
        Image.fromarray(pixels).save(folder / "images" / f"{number:06d}.png")
        (folder / "images" / f"{number:06d}.gt.txt").write_text("word")
    alone = 0.0
    for workers in (1, 2):
        study = Study(folder / "images", conditions="original", services=make_service)
        started = time.perf_counter()
        with study.run(workers, store=folder / f"{workers}.sqlite") as tracker:
            wall = time.perf_counter() - started
            measured = len(tracker)
        alone = alone or wall
        overhead = 1000 * wall * workers / measured - ENGINE_MS
        print(
            f"{measured} images, {workers} process{'es' if workers > 1 else ''} "
            f"({available_cpus()} processors): {wall:.1f} s, speed-up {alone / wall:.2f}, "
            f"{overhead:.2f} ms a trial beyond the engine's {ENGINE_MS:g} ms"
        )


def _measure_store(folder: Path, count: int) -> None:
    rnd = random.Random(1)
    path = folder / "large.sqlite"
    for total in (1000, count):
        with TrialStore(path) as store:
            for start in range(len(store) // 2, total // 2, 500):
                store.extend(_trials(rnd, start, min(start + 500, total // 2)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory with {total} trials written: {peak:.0f} MiB")
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
