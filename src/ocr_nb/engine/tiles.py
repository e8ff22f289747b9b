"""Enlarge a picture part by part, so that memory stays bounded and processors share the work.

In: `(H, W)` float32 gray and a function that enlarges such parts. Out: `(H·factor, W·factor)`. Knows
nothing of how the parts are enlarged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import SettingsError
from ..images import Gray

FACTORS = (2, 3, 4)
MARGIN = 8
"""Pixels of the input around a tile that its result may depend on."""


def enlarge_in_tiles(
    gray: Gray,
    factor: int,
    enlarge: Callable[[Gray, int], Gray],
    *,
    tile: int = 256,
    threads: int = 1,
    margin: int = MARGIN,
) -> Gray:
    """Enlarge `gray` tile by tile; each tile sees `margin` pixels around it, mirrored at the borders.

    `enlarge` gives back all of what it sees, or less of it, as much on each side.
    """
    check_factor(factor)
    height, width = gray.shape
    padded = np.pad(gray, margin, mode="symmetric")
    out = np.empty((height * factor, width * factor), dtype=np.float32)

    def work(corner: tuple[int, int]) -> None:
        top, left = corner
        bottom, right = min(top + tile, height), min(left + tile, width)
        part = np.ascontiguousarray(padded[top : bottom + 2 * margin, left : right + 2 * margin])
        large = enlarge(part, factor)
        tall, wide = (bottom - top) * factor, (right - left) * factor
        edge = (large.shape[0] - tall) // 2
        place = out[top * factor : bottom * factor, left * factor : right * factor]
        np.clip(large[edge : edge + tall, edge : edge + wide], 0.0, 1.0, out=place)

    corners = list(_corners(height, width, tile))
    if threads == 1 or len(corners) == 1:
        for corner in corners:
            work(corner)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, corners))
    return out


def check_factor(factor: int) -> None:
    """Refuse a factor that is not 2, 3 or 4.

    Raises:
        SettingsError: always names the value and what is possible.
    """
    if factor not in FACTORS:
        raise SettingsError(f"An upsampling factor is 2, 3 or 4, not {factor!r}.")


def _corners(height: int, width: int, tile: int) -> Iterator[tuple[int, int]]:
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield top, left
