"""Kill a study at random moments, and workers of a real Dask cluster: nothing lost, nothing twice.

Also the coverage of the tracker's interval on simulated studies with a known difference.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ink_service import ink_service
from ocr_nb.sample_set import samples
from ocr_nb.statistics import bootstrap_ratio
from ocr_nb.store import TrialStore
from ocr_nb.studies import Study
from ocr_nb.tracker import AccuracyTracker

HERE = Path(__file__).resolve().parent
VOLATILE = ["seconds", "time", "task_id"]
CONDITIONS = "original,upsampled:x2"
IMAGES = 40


def run_kills(count: int, seed: int) -> bool:
    """Kill the study's process `count` times at random moments; each time go on; compare the frames.

    The moments lie within what an undisturbed run takes here: later ones would kill nothing.
    """
    rnd = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = make_images(Path(name))
        expected = _frame(Study(folder, conditions=CONDITIONS, services=ink_service).run())
        began = time.monotonic()
        finished, _ = _start_and_kill(folder, Path(name) / "undisturbed.sqlite", 120.0)
        if not finished:
            print("an undisturbed study does not end within 120 s")
            return False
        undisturbed = time.monotonic() - began
        lost = killed = 0
        while killed < count:
            store = Path(name) / f"{killed}.sqlite"
            done = 0
            for _ in range(3):
                finished, reported = _start_and_kill(folder, store, rnd.uniform(0.2, 0.95) * undisturbed)
                with TrialStore(store) as kept:
                    lost += max(0, reported - (len(kept) - done))
                    done = len(kept)
                killed += not finished
                if finished:
                    break
            with Study(folder, conditions=CONDITIONS, services=ink_service).run(store=store) as tracker:
                if not _frame(tracker).equals(expected):
                    print(f"the frame differs after kill {killed}")
                    return False
    print(f"{killed} kills: {lost} reported trials lost, every frame identical")
    return lost == 0


def run_dask(seed: int) -> bool:
    """Run on two worker processes, kill one half way; compare with the sequential frame."""
    from distributed import Client, LocalCluster

    with tempfile.TemporaryDirectory() as name:
        folder = make_images(Path(name))
        expected = _frame(Study(folder, conditions=CONDITIONS, services=ink_service).run())
        paths = f"import sys; sys.path.insert(0, {str(HERE.parent)!r})"
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            client.run(exec, paths)
            undisturbed = _frame(Study(folder, conditions=CONDITIONS, services=ink_service).run(client))
            pids = list(client.run(os.getpid).values())
            reported: list[str] = []

            def kill_half_way(done: int, total: int, trial: object) -> None:
                reported.append(str(trial))
                if done == total // 2:
                    os.kill(pids[seed % 2], signal.SIGKILL)

            store = Path(name) / "dask.sqlite"
            tracker = Study(folder, conditions=CONDITIONS, services=ink_service).run(
                client, store=store, on_progress=kill_half_way
            )
            # A new worker lacks the tests' folder: its rows are errors until a client tells it, and goes on.
            failed = int(tracker.frame["error"].notna().sum())
            tracker.close()
            client.run(exec, paths)
            with Client(cluster) as again:
                tracker = Study(folder, conditions=CONDITIONS, services=ink_service).run(again, store=store)
            same = _frame(tracker).equals(expected)
            told = _run_command(Path(name), cluster.scheduler_address)
        print(
            f"two workers: frame {'identical' if undisturbed.equals(expected) else 'DIFFERS'}; one killed "
            f"half way: {failed} rows tried again, frame {'identical' if same else 'DIFFERS'}"
        )
        return same and undisturbed.equals(expected) and told


def _run_command(place: Path, address: str) -> bool:
    """Have `ocr-nb study … --dask` read two samples on the cluster; tell whether it did."""
    pages = place / "samples"
    pages.mkdir()
    for sample in samples("card", "banner"):
        shutil.copy(sample.path, pages)
        (pages / f"{sample.path.stem}.gt.txt").write_text(sample.ground_truth, encoding="utf-8")
    asked = [
        "study",
        pages,
        "--dask",
        address,
        "--store",
        place / "command.sqlite",
        "--conditions",
        "original",
    ]
    done = subprocess.run([sys.executable, "-m", "ocr_nb", *map(str, asked)], capture_output=True, text=True)
    with TrialStore(place / "command.sqlite") as store:
        read = sum(trial.error is None for trial in store)
    print(f"ocr-nb study --dask: exit code {done.returncode}, {read} of 2 images read")
    return done.returncode == 0 and read == 2


def run_coverage(repetitions: int, seed: int) -> bool:
    """Count how often the 95 % interval holds the known difference, in each world at 10, 30 and 60 groups."""
    holds = True
    print("| world | difference | 10 groups | 30 groups | 60 groups |\n|---|--:|--:|--:|--:|")
    for name, (truth, make, is_fair) in WORLDS.items():
        shares = [_coverage(make, truth, groups, repetitions, seed) for groups in (10, 30, 60)]
        holds = holds and (not is_fair or all(0.93 <= share <= 0.97 for share in shares[1:]))
        cells = " | ".join(f"{share:.1%}" for share in shares)
        print(
            f"| {name}{'' if is_fair else ' (not judged)'} | {100 * truth:+.2f} points | {cells} |",
            flush=True,
        )
    return holds


def _coverage(make: World, truth: float, groups: int, repetitions: int, seed: int) -> float:
    rnd = np.random.default_rng(seed)
    hits = 0
    for repetition in range(repetitions):
        change, lengths = make(rnd, groups)
        interval = bootstrap_ratio(
            change.astype(float), lengths.astype(float), repetitions=2000, seed=repetition
        )
        hits += interval is not None and interval.low <= truth <= interval.high
    return hits / repetitions


Numbers = np.ndarray
World = Callable[[np.random.Generator, int], tuple[Numbers, Numbers]]
"""Draws documents: the change of their edits, and their lengths."""


def _change(rnd: np.random.Generator, lengths: Numbers, rates: Numbers, after: Numbers) -> Numbers:
    return rnd.binomial(lengths, np.minimum(after, 1)) - rnd.binomial(lengths, rates)


def usual(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """A document's error rate is its own, and what upsampling leaves of it is its own share."""
    lengths, rates = rnd.integers(200, 2000, groups), rnd.beta(2, 30, groups)
    shares = np.clip(rnd.normal(0.7, 0.3, groups), 0, None)
    return _change(rnd, lengths, rates, rates * shares), lengths


def skewed_lengths(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """A few long documents hold most of the text."""
    lengths = np.maximum(20, rnd.lognormal(6, 1, groups)).astype(int)
    rates = rnd.beta(2, 30, groups)
    shares = np.clip(rnd.normal(0.7, 0.3, groups), 0, None)
    return _change(rnd, lengths, rates, rates * shares), lengths


def uneven_difficulty(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """Most documents read well, some very badly; now and then upsampling doubles the errors."""
    lengths, rates = rnd.integers(200, 2000, groups), rnd.beta(0.7, 7, groups)
    return _change(rnd, lengths, rates, rates * rnd.lognormal(-0.5, 0.5, groups)), lengths


def no_difference(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """Two readings that are wrong as often, at other places."""
    lengths, rates = rnd.integers(50, 600, groups), rnd.beta(2, 30, groups)
    return _change(rnd, lengths, rates, rates), lengths


def short_lines(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """Lines of which most read alike: half of few errors go, fewer come."""
    lengths = rnd.integers(20, 60, groups)
    edits = rnd.binomial(lengths, 0.02)
    return rnd.binomial(edits, 0.5) + rnd.binomial(lengths, 0.005) - edits, lengths


def large_gain(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """Hardly legible before, mostly legible after."""
    lengths, rates = rnd.integers(200, 2000, groups), rnd.beta(4, 6, groups)
    return _change(rnd, lengths, rates, rates * rnd.beta(2, 5, groups)), lengths


def rare_disasters(rnd: np.random.Generator, groups: int) -> tuple[Numbers, Numbers]:
    """A gain in nine of ten documents, and a disaster in one, which few documents may not show at all."""
    lengths, rates = rnd.integers(200, 2000, groups), rnd.beta(2, 30, groups)
    after = np.where(rnd.random(groups) < 0.1, 0.4, 0.7 * rates)
    return _change(rnd, lengths, rates, after), lengths


# The mean of a normal share of mean 0.7 and deviation 0.3, cut at 0: by its closed form, with the density and
# the distribution function of the standard normal at −7/3.
_USUAL = (2 / 32) * (0.7 * (1 - 0.00982) + 0.3 * 0.0262 - 1)
WORLDS: dict[str, tuple[float, World, bool]] = {
    "usual": (_USUAL, usual, True),
    "a few long documents": (_USUAL, skewed_lengths, True),
    "uneven difficulty": (0.7 / 7.7 * (math.exp(-0.5 + 0.125) - 1), uneven_difficulty, True),
    "no difference": (0.0, no_difference, True),
    "short lines, mostly alike": (-0.02 * 0.5 + 0.005, short_lines, True),
    "large gain": (0.4 * (2 / 7 - 1), large_gain, True),
    "rare disasters": (0.9 * 0.7 * 2 / 32 + 0.1 * 0.4 - 2 / 32, rare_disasters, False),
}
"""Name → the true difference of the corpus CER, how to draw documents, and whether the interval is judged by
it. Of disasters in one document of ten, 30 documents show none in 4 % of studies and one in 14 %: what is
not in the sample no interval can know."""


def make_images(folder: Path) -> Path:
    """Write `IMAGES` small images with their truths; return their folder."""
    place = folder / "images"
    place.mkdir()
    for number in range(IMAGES):
        pixels = np.full((30, 80), 255, np.uint8)
        pixels[10:19, 10 : 20 + number] = 0
        Image.fromarray(pixels).save(place / f"page{number:02d}.png")
        (place / f"page{number:02d}.gt.txt").write_text(f"w{10 + number}h9")
    return place


def _frame(tracker: AccuracyTracker) -> object:
    return tracker.frame.drop(columns=VOLATILE)


def _start_and_kill(folder: Path, store: Path, seconds: float) -> tuple[bool, int]:
    """Run the study in a process for `seconds`, then kill it; return whether it finished, and rows told."""
    code = (
        f"import sys; sys.path.insert(0, {str(HERE.parent)!r})\n"
        "from ink_service import ink_service\nfrom ocr_nb.studies import Study\n"
        f"Study({str(folder)!r}, conditions={CONDITIONS!r}, services=ink_service).run("
        f"store={str(store)!r}, on_progress=lambda done, total, trial: print(done, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        told, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        told, _ = process.communicate()
    return process.returncode == 0, len([line for line in told.splitlines() if line.isdecimal()])
