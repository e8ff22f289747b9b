"""How much clearer text becomes for the eye: ink against paper and the steepness of edges, at equal size.

Measured inside the ink of the full-size picture, brought to the size of the enlarged one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_nb.filters import resize
from ocr_nb.images import Gray, luma
from ocr_nb.ink import measure_ink, measure_paper

from .cases import Case
from .conditions import apply


@dataclass(frozen=True)
class Contrast:
    """Of one picture under one condition, gray levels of 255."""

    ink: float
    """Paper less ink, mean over the ink."""
    edge: float
    """Gradient a pixel, mean over the ink's border."""
    paper: float
    """Mean level of the paper."""


def measure(enlarged: Gray, full: Gray) -> Contrast | None:
    """Measure one picture; `full` is brought to its size. None where that shows no ink or nothing else."""
    size = (enlarged.shape[1], enlarged.shape[0])
    clean = cv2.resize(full, size, interpolation=cv2.INTER_AREA)
    ink = measure_ink(clean) > 0.25
    border = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    bare = ~(cv2.dilate(ink.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    if not ink.any() or not border.any() or not bare.any():
        return None
    steep = np.hypot(cv2.Sobel(enlarged, -1, 1, 0, scale=1 / 8), cv2.Sobel(enlarged, -1, 0, 1, scale=1 / 8))
    depth = measure_paper(enlarged) - enlarged
    return Contrast(
        255 * float(np.abs(depth[ink]).mean()),
        255 * float(steep[border].mean()),
        255 * float(enlarged[bare].mean()),
    )


def contrast_table(cases: Iterable[Case], conditions: Iterable[str], engine: str) -> Iterator[str]:
    """Yield a table of every condition against bicubic at the same size."""
    wanted = [name for name in conditions if "×3" in name]
    rows: dict[str, list[Contrast]] = {name: [] for name in wanted}
    for case in cases:
        if case.full is None:
            continue
        full = luma(resize(case.full, 3 * case.picture.width / case.full.width).picture)
        for name in wanted:
            picture = apply(name, case, engine, None)
            contrast = measure(luma(picture), full) if picture is not None else None
            if contrast is not None:
                rows[name].append(contrast)
    yield "| condition | ink to paper | against bicubic | edge | against bicubic | paper from bicubic |"
    yield "|---|---|---|---|---|---|"
    plain = rows["bicubic ×3"]
    for name, found in rows.items():
        if not found:
            continue
        ink, edge = (float(np.mean([getattr(one, what) for one in found])) for what in ("ink", "edge"))
        ink0, edge0 = (float(np.mean([getattr(one, what) for one in plain])) for what in ("ink", "edge"))
        moved = [abs(one.paper - other.paper) for one, other in zip(found, plain, strict=True)]
        yield (
            f"| {name} | {ink:.1f} | {100 * (ink / ink0 - 1):+.0f} % | {edge:.1f} | "
            f"{100 * (edge / edge0 - 1):+.0f} % | {np.mean(moved):.1f}, at most {max(moved):.1f} |"
        )
