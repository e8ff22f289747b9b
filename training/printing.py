"""Print a set page: ink that spreads, cells of a thermal head, dots of a needle printer, rules, wear.

Every function takes and returns coverage, `(H, W)` float32, 0 paper and 1 ink, at the large size, and is
a pure function of its arguments. Knows nothing of paper, light or cameras.
"""

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Chance = np.random.Generator


def spread_ink(coverage: Plane, sigma_px: float, level: float, softness: float) -> Plane:
    """Blur, then harden around `level`: below a half the strokes grow, above they thin and break."""
    soft = cv2.GaussianBlur(coverage, (0, 0), sigma_px)
    level = max(level, softness / 2)  # or bare paper would turn gray
    return np.clip((soft - level) / softness + 0.5, 0, 1).astype(np.float32)


def sample_cells(coverage: Plane, pitch_px: float, level: float) -> npt.NDArray[np.bool_]:
    """Ask of each cell of a grid whether the print head fires there."""
    height, width = coverage.shape
    size = (max(1, round(width / pitch_px)), max(1, round(height / pitch_px)))
    return cv2.resize(coverage, size, interpolation=cv2.INTER_AREA) > level


def print_cells(cells: npt.NDArray[np.bool_], pitch_px: tuple[float, float], size: tuple[int, int]) -> Plane:
    """Print whole cells on a picture of `size` `(height, width)`; a cell is `pitch_px` wide and high."""
    rows = np.minimum((np.arange(size[0]) / pitch_px[1]).astype(int), cells.shape[0] - 1)
    columns = np.minimum((np.arange(size[1]) / pitch_px[0]).astype(int), cells.shape[1] - 1)
    return cells[rows[:, None], columns[None, :]].astype(np.float32)


def print_dots(
    cells: npt.NDArray[np.bool_], pitch_px: tuple[float, float], radius: float, size: tuple[int, int]
) -> Plane:
    """Print a dot for each fired cell; `radius` in pitches, so that from 0.71 on no gap is left.

    Where cells are narrow the dots are too: an ellipse.
    """
    height, width = size
    points = np.zeros(size, dtype=np.float32)
    rows, columns = np.nonzero(cells)
    y = ((rows + 0.5) * pitch_px[1]).astype(int)
    x = ((columns + 0.5) * pitch_px[0]).astype(int)
    inside = (y < height) & (x < width)
    points[y[inside], x[inside]] = 1
    reach = int(np.ceil(radius * max(pitch_px))) + 1
    grid = np.arange(-reach, reach + 1, dtype=np.float32)
    distance = np.hypot(grid[:, None] / pitch_px[1], grid[None, :] / pitch_px[0])
    dot = np.clip((radius - distance) * min(pitch_px) + 0.5, 0, 1)
    return np.minimum(cv2.filter2D(points, -1, dot), 1).astype(np.float32)


def smooth_pixels(coverage: Plane, pitch_px: float) -> Plane:
    """Round the stairs of enlarged pixels: what a pixel font's design stands for."""
    return spread_ink(coverage, 0.42 * pitch_px, 0.45, 0.35)


def draw_rules(coverage: Plane, chance: Chance) -> Plane:
    """Add a few horizontal and vertical lines, as tables and forms have them."""
    ruled = coverage.copy()
    height, width = coverage.shape
    for _ in range(int(chance.integers(1, 4))):
        thick, ink = int(chance.integers(1, 8)), float(chance.uniform(0.3, 1))
        if chance.random() < 0.65:
            y, start = int(chance.integers(height)), int(chance.integers(width // 2))
            ruled[y : y + thick, start:] = np.maximum(ruled[y : y + thick, start:], ink)
        else:
            x = int(chance.integers(width))
            ruled[:, x : x + thick] = np.maximum(ruled[:, x : x + thick], ink)
    return ruled


def draw_shapes(size: tuple[int, int], chance: Chance) -> Plane:
    """Draw what is no text: shaded discs, polygons and strokes, so that pictures are left in peace."""
    height, width = size
    plane = np.full(size, chance.uniform(0, 0.6), dtype=np.float32)
    for _ in range(int(chance.integers(6, 30))):
        ink = float(chance.random())
        if chance.random() < 0.5:
            points = chance.integers((0, 0), (width, height), (int(chance.integers(3, 7)), 2)).astype(
                np.int32
            )
            cv2.fillPoly(plane, [points], ink, lineType=cv2.LINE_AA)
        else:
            center = (int(chance.integers(width)), int(chance.integers(height)))
            thick = int(chance.integers(-1, 9)) or 1
            cv2.circle(plane, center, int(chance.integers(4, 150)), ink, thick, lineType=cv2.LINE_AA)
    if chance.random() < 0.5:
        plane = cv2.GaussianBlur(plane, (0, 0), float(chance.uniform(0.5, 12)))
    return plane


def wear(coverage: Plane, chance: Chance, grain_px: float) -> Plane:
    """Break strokes: in spots of about `grain_px`, in dead columns, or where the ribbon is dry."""
    height, width = coverage.shape
    worn = coverage
    if chance.random() < 0.7:
        worn = worn * np.clip(
            (field_of(chance, (height, width), grain_px) + chance.uniform(0.2, 1.6)) * 2, 0, 1
        )
    if chance.random() < 0.4:
        ribbon = field_of(chance, (height, width), max(height, 12 * grain_px) / 3)
        worn = worn * np.clip(0.75 + 0.25 * ribbon, chance.uniform(0.25, 0.7), 1)
    if chance.random() < 0.15:
        for x in chance.integers(0, width, int(chance.integers(1, 4))):
            worn = worn.copy()
            worn[:, x : x + int(chance.integers(1, 4))] *= 0.2
    return np.asarray(worn, dtype=np.float32)


def field_of(chance: Chance, size: tuple[int, int], grain_px: float) -> Plane:
    """Return smooth noise of unit variance at its nodes, which are `grain_px` apart."""
    nodes = (max(2, round(size[0] / grain_px) + 1), max(2, round(size[1] / grain_px) + 1))
    noise = chance.standard_normal(nodes, dtype=np.float32)
    return cv2.resize(noise, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
