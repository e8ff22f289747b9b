"""How soon the package answers, and how much memory the demonstration takes.

    python benchmarks/startup.py [--repeat 7] [--no-demo]

Prints a table in Markdown: what was measured, the figure, the target. Every figure is of a process of its
own; times are the median of the repetitions, memory is the largest resident set (`ru_maxrss`).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MUST_NOT_LOAD = ("pandas", "matplotlib", "onnxruntime", "cv2", "numpy", "PIL")
FIRST_IMAGE = (
    "import ocr_nb; sample, = ocr_nb.samples('card'); "
    "assert 'cartographer' in ocr_nb.recognize(sample).result().text"
)
LOADED = "import ocr_nb, sys; print(' '.join(name for name in {names} if name in sys.modules))"


@dataclass(frozen=True)
class Run:
    """One process, from start to end."""

    seconds: float
    peak_mb: float


def run(*command: str, cwd: str | Path) -> Run:
    """Run a command to its end; measure it.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(time.perf_counter() - started, usage.ru_maxrss / 1024)


def median_seconds(repeat: int, code: str, cwd: str) -> float:
    """Return the median time of a fresh interpreter that runs `code`."""
    return statistics.median(run(sys.executable, "-c", code, cwd=cwd).seconds for _ in range(repeat))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="processes a figure")
    parser.add_argument("--no-demo", action="store_true", help="leave out the demonstration (about a minute)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure(options.repeat, folder, demo=not options.no_demo))
    print("| what | measured | target |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def measure(repeat: int, folder: str, *, demo: bool) -> Iterator[tuple[str, str, str]]:
    """Yield rows of the table: what, the figure, the target."""
    empty = median_seconds(repeat, "", folder)
    imported = median_seconds(repeat, "import ocr_nb", folder)
    yield "`import ocr_nb`, beyond an empty interpreter", f"{imported - empty:.3f} s", "< 0.3 s"
    code = LOADED.format(names=MUST_NOT_LOAD)
    heavy = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    yield f"of {', '.join(MUST_NOT_LOAD)} loaded by it", heavy or "none", "none"
    yield "`ocr-nb --help`", f"{_command_seconds(repeat, folder):.2f} s", "–"
    first = [run(sys.executable, "-c", FIRST_IMAGE, cwd=folder) for _ in range(min(repeat, 3))]
    until_read = statistics.median(one.seconds for one in first)
    peak_mb = max(one.peak_mb for one in first)
    yield "first image recognized, from the start of Python", f"{until_read:.1f} s, {peak_mb:.0f} MB", "–"
    if demo:
        done = run(sys.executable, "-m", "ocr_nb", "demo", cwd=folder)
        yield "`ocr-nb demo`, time", f"{done.seconds:.0f} s", "< 60 s on 2 cores"
        yield "`ocr-nb demo`, peak memory", f"{done.peak_mb:.0f} MB", "< 700 MB"


def _command_seconds(repeat: int, folder: str) -> float:
    return statistics.median(
        run(sys.executable, "-m", "ocr_nb", "--help", cwd=folder).seconds for _ in range(repeat)
    )


if __name__ == "__main__":
    main()
