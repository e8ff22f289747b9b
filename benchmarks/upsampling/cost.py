"""What enlarging costs: processor seconds for an input megapixel, and memory beyond input and output.

Measured on drawn pages of small print, once with bare paper and once with a scanner's grain, of which no
square may be left out. Processor time is what other work on the machine disturbs least; all use one thread,
and are timed from pixels to pixels, without reading and writing files.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ocr_nb.degrade import add_noise
from ocr_nb.engine.upsampler import upsample_pixels
from ocr_nb.images import Picture, from_array

from .cases import Case, draw_at, english_lines, evaluation_faces
from .conditions import OURS, apply, split, upsampler_for
from .programs import start

SIDE_LINES, X_HEIGHT = 40, 6.0
LARGE_MEGAPIXELS = 20
RUNS = 5
"""Of each; the least counts, since all else is other work on the machine, and the first loads weights."""


def pages() -> Iterator[tuple[str, Picture]]:
    """Yield the two pages."""
    chance = np.random.default_rng(17)
    drawn = draw_at(english_lines(chance, SIDE_LINES), evaluation_faces()[0], X_HEIGHT)
    yield "bare paper", from_array(drawn)
    yield "grain", from_array(add_noise(drawn, 6 / 255, seed=1))


def cost_table(conditions: list[str], peers: Path | None) -> Iterator[str]:
    """Yield seconds a megapixel for every condition that enlarges."""
    names = [name for name in conditions if "×" in name]
    yield "| processor seconds an input megapixel | bare paper | grain |"
    yield "|---|---|---|"
    found = {name: [seconds_of(name, page, peers) for _, page in pages()] for name in names}
    for name, seconds in found.items():
        if None not in seconds:
            yield f"| {name} | " + " | ".join(f"{value:.2f}" for value in seconds if value is not None) + " |"


def seconds_of(condition: str, page: Picture, peers: Path | None) -> float | None:
    """Return processor seconds a megapixel, the least of some runs; None where a program is missing."""
    case = Case("cost", "", "", "", page, "")
    method, factor = split(condition, case, "tesseract")
    megapixels = page.width * page.height / 1e6
    program = None
    if method not in ("bicubic", "lanczos", "unsharp", "classical", "ours"):
        program = start(peers, method) if peers else None
        if program is None:
            return None
    found = []
    for _ in range(RUNS):
        if program is not None:
            found.append(float(program.ask(page, factor=factor)["seconds"]))
        else:
            began = time.process_time()
            if method in OURS:
                upsample_pixels(page.pixels, factor, upsampler_for(OURS[method]))
            else:
                apply(condition, case, "tesseract", None)
            found.append(time.process_time() - began)
    return min(found) / megapixels


_MEMORY = """
import sys
import numpy as np
from ocr_nb.engine.upsampler import make_upsampler
from benchmarks.upsampling.cost import peak_mb
upsampler = make_upsampler(sys.argv[1])
side = round((float(sys.argv[2]) * 1e6) ** 0.5)
page = np.random.default_rng(0).random((side, side), dtype=np.float32)
upsampler.enlarge(page[:256, :256], 2)
before = peak_mb()
large = upsampler.enlarge(page, 2)
print(peak_mb() - before - large.nbytes / 1e6)
"""


def memory_beyond(method: str, megapixels: float) -> float:
    """Return how many MB the peak of a process rises by, beyond input and output, for noise at ×2."""
    words = [sys.executable, "-c", _MEMORY, method, str(megapixels)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def peak_mb() -> float:
    """Return this process's own peak of resident memory, MB; `getrusage` would inherit the parent's."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return float(line.split()[1]) * 1024 / 1e6
