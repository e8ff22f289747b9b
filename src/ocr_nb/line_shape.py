"""How the text lines of a page run: turned by which angle, bent by how much.

In: `(H, W)` float32 gray in [0, 1], any polarity. Out: degrees clockwise, or a field of vertical shifts in
pixels. Both are found on the ink alone; nothing is resampled here, the filters do that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt

from .images import Gray
from .ink import measure_ink
from .xheight import measure_x_height

ShiftField: TypeAlias = Callable[[Any, Any], Any]
"""From `x, y` of the straightened page, pixels, to how many pixels lower its content lies on the bent one."""

LARGEST_SKEW = 15.0
"""Degrees: beyond this the angle of a page is ambiguous, and the user rotates it."""

_Floats = npt.NDArray[np.float64]
_POINT_BUDGET = 120_000
_CLEAR_PEAK = 1.15
"""The best angle's score ÷ the median score from which a picture has lines at all."""
_STRIPS = 32
_BANDS = 3
_ROUNDS = 6
_DEGREE = 5
"""Of the polynomial across the page: an open book's page needs three, a page that curls at both ends five."""
_LEVEL_ENOUGH_PX = 0.75
_LEVEL_ENOUGH = 0.2
"""Of the x-height: bends smaller than this are left, because what is measured there is the letters' shape."""
_SHARPENING_POINTS = 40_000
_WORTH_MOVING = 1.005
_WORTH_BENDING = 1.10
"""Gain in the rows' sharpness for which one step, and for which all steps together, are taken."""


def measure_skew(gray: Gray) -> float:
    """Return by how many degrees the text lines are turned clockwise; 0 when no lines are found.

    The angle, within `LARGEST_SKEW` and a little more, whose projection has the sharpest rows: the sum of
    squared differences of neighboring rows (W. Postl, 1986; D. Bloomberg et al., “Measuring document image
    skew and orientation”, 1995). Searched from coarse to fine.
    """
    x, y, weight, _ = _ink_points(gray)
    if x.size < 20:
        return 0.0
    limit = LARGEST_SKEW + 2.0
    angles = np.arange(-limit, limit + 0.25, 0.5)
    scores = np.array([_row_sharpness(x, y, weight, float(angle)) for angle in angles])
    best = int(scores.argmax())
    if best in (0, angles.size - 1) or scores[best] < _CLEAR_PEAK * float(np.median(scores)):
        return 0.0
    center = float(angles[best])
    for step in (0.1, 0.02):
        angles = center + step * np.arange(-5, 6)
        scores = np.array([_row_sharpness(x, y, weight, float(angle)) for angle in angles])
        center = float(angles[int(scores.argmax())])
    return center


def measure_curvature(gray: Gray) -> ShiftField | None:
    """Return how far the lines of text leave the level; None when they are straight or none are found.

    The page is cut into upright strips; how far the lines climb from one strip to the next is the shift
    that correlates their row sums best. A smooth field (polynomial across, linear down the page) is fitted
    to all climbs by robust least squares, the ink straightened by it, and the rest measured again.
    """
    x, y, weight, scale = _ink_points(gray)
    if x.size < 200:
        return None
    half_width, half_height = gray.shape[1] * scale / 2, gray.shape[0] * scale / 2
    u, v = x / half_width, y / half_height
    total = np.zeros((_DEGREE, 2))
    for _ in range(_ROUNDS):
        # The field is defined on the straightened page, the ink lies on the bent one.
        level = y - _field(total, u, (y - _field(total, u, v)) / half_height)
        change = _fit_climbs(u, level, weight, half_height)
        if change is None:
            break
        total = total + change
        if float(np.abs(_field(change, *_grid())).max()) < 0.1:
            break
    total = _sharpened(total, u, v, y, weight)
    reach = _field(total, *_grid())
    letters = (measure_x_height(gray) or 8.0) * scale
    if float(reach.max() - reach.min()) < max(_LEVEL_ENOUGH_PX, _LEVEL_ENOUGH * letters):
        return None

    def shift(columns: Any, rows: Any) -> Any:
        across = np.asarray(columns) * scale / half_width - 1.0
        down = np.asarray(rows) * scale / half_height - 1.0
        return _field(total, across, down) / scale

    return shift


def _ink_points(gray: Gray) -> tuple[_Floats, _Floats, _Floats, float]:
    """Return `x`, `y` and weight of the inked pixels, at most `_POINT_BUDGET`, and the scale they are at.

    `x` and `y` are measured from the center of the page, in pixels of a page of at most 1,600 a side.
    """
    scale = min(1.0, 1600.0 / max(gray.shape))
    if scale < 1.0:
        size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
        gray = cast(Gray, cv2.resize(gray, size, interpolation=cv2.INTER_AREA))
    ink = measure_ink(gray)
    rows, columns = np.nonzero(ink > 0)
    if rows.size > _POINT_BUDGET:
        # A fixed seed: the same picture is always measured by the same points.
        keep = np.random.default_rng(0).choice(rows.size, _POINT_BUDGET, replace=False)
        rows, columns = rows[keep], columns[keep]
    x = columns + 0.5 - gray.shape[1] / 2
    y = rows + 0.5 - gray.shape[0] / 2
    return x, y, ink[rows, columns].astype(np.float64), scale


def _row_sharpness(x: _Floats, y: _Floats, weight: _Floats, degrees: float) -> float:
    """Return Σ (difference of neighboring rows)² of the ink summed along rows turned by `degrees`."""
    angle = math.radians(degrees)
    across = y * math.cos(angle) - x * math.sin(angle)
    low = float(across.min())
    return float(np.square(np.diff(_row_sums(across - low, weight, int(across.max() - low) + 2))).sum())


def _row_sums(y: _Floats, weight: _Floats, count: int) -> _Floats:
    """Return the ink of each of `count` rows; a point between two rows is shared among them."""
    low = np.floor(y).astype(np.int64)
    part = y - low
    inside = (low >= 0) & (low < count - 1)
    low, part, weight = low[inside], part[inside], weight[inside]
    sums = np.bincount(low, weight * (1.0 - part), count) + np.bincount(low + 1, weight * part, count)
    return cast(_Floats, sums)


def _grid() -> tuple[_Floats, _Floats]:
    u, v = np.meshgrid(np.linspace(-1.0, 1.0, 33), np.linspace(-1.0, 1.0, 9))
    return u, v


def _field(coefficients: _Floats, u: Any, v: Any) -> Any:
    """Return the shift in pixels at `u` across and `v` down the page, both in [-1, 1]."""
    constant = np.concatenate([[0.0], coefficients[:, 0]])
    slope = np.concatenate([[0.0], coefficients[:, 1]])
    return np.polynomial.legendre.legval(u, constant) + v * np.polynomial.legendre.legval(u, slope)


def _fit_climbs(u: _Floats, y: _Floats, weight: _Floats, half_height: float) -> _Floats | None:
    """Return the coefficients `(degree, 2)` of the field whose climbs from strip to strip fit the ink's."""
    profiles, centers = _strip_profiles(u, y, weight, half_height)
    middles = (2 * np.arange(_STRIPS) + 1) / _STRIPS - 1.0
    terms = np.polynomial.legendre.legvander(middles, _DEGREE)[:, 1:]
    rows, climbs, trust = [], [], []
    for apart in (1, 2, 3):
        for left in range(_STRIPS - apart):
            step = terms[left + apart] - terms[left]
            for band, center in enumerate(centers):
                found = _climb(profiles[left, band], profiles[left + apart, band], reach=4 + 3 * apart)
                if found is not None:
                    rows.append(np.concatenate([step, step * center]))
                    climbs.append(found[0])
                    trust.append(found[1])
    if len(rows) < 2 * _STRIPS // 3:
        return None
    solved = _robust_solution(np.array(rows), np.array(climbs), np.array(trust))
    return solved.reshape(2, _DEGREE).T


def _sharpened(start: _Floats, u: _Floats, v: _Floats, y: _Floats, weight: _Floats) -> _Floats:
    """Return coefficients near `start` whose rows of ink are sharpest.

    The coefficients that hold all down the page move in turn, by steps of 1 down to 1/8 pixel, while the
    rows get sharper. Tall letters correlate badly from strip to strip; all strips together know better.
    """
    if y.size > _SHARPENING_POINTS:
        keep = np.random.default_rng(1).choice(y.size, _SHARPENING_POINTS, replace=False)
        u, v, y, weight = u[keep], v[keep], y[keep], weight[keep]
    count = math.ceil(2.5 * float(np.abs(y).max())) + 8
    across = np.polynomial.legendre.legvander(u, _DEGREE)[:, 1:]
    bases = np.concatenate([across, across * v[:, None]], axis=1)

    def score(level: _Floats) -> float:
        return float(np.square(np.diff(_row_sums(level + count / 2, weight, count))).sum())

    level = y - bases @ start.T.ravel()
    best, solution = score(level), start.T.ravel().copy()
    for step in (1.0, 0.5, 0.25, 0.125):
        for _ in range(3):
            moved = False
            for index in range(_DEGREE):
                for change in (step, -step):
                    trial = level - change * bases[:, index]
                    value = score(trial)
                    if value > best * _WORTH_MOVING:
                        best, level, moved = value, trial, True
                        solution[index] += change
                        break
            if not moved:
                break
    if best < _WORTH_BENDING * score(y):
        return np.zeros_like(start)
    return solution.reshape(2, _DEGREE).T


def _strip_profiles(u: _Floats, y: _Floats, weight: _Floats, half_height: float) -> tuple[_Floats, _Floats]:
    """Return row sums `(strips, bands, rows)` less their local mean, and the bands' centers in [-1, 1]."""
    count = max(8, math.ceil(2 * half_height))
    strip = np.clip(((u + 1.0) / 2.0 * _STRIPS).astype(np.int64), 0, _STRIPS - 1)
    whole = np.stack(
        [_row_sums(y[strip == s] + half_height, weight[strip == s], count) for s in range(_STRIPS)]
    )
    smooth = cv2.GaussianBlur(whole, (5, 1), 1.0)
    smooth = smooth - cv2.blur(smooth, (41, 1))
    edges = np.linspace(-1.0, 1.0, 2 * _BANDS + 1)
    place = np.linspace(-1.0, 1.0, count)
    bands, centers = [], []
    for low, high in zip(edges[:-2], edges[2:], strict=True):
        bands.append(smooth * ((place >= low) & (place <= high)))
        centers.append((low + high) / 2)
    return np.stack(bands, axis=1), np.array(centers)


def _climb(left: _Floats, right: _Floats, reach: int) -> tuple[float, float] | None:
    """Return how many rows lower `right` lies than `left`, and how sure that is; None without ink."""
    energy = math.sqrt(float(left @ left) * float(right @ right))
    if energy <= 0:
        return None
    reach = min(reach, left.size - 2)
    scores = np.correlate(np.pad(right, reach), left, mode="valid") / energy
    best = int(scores.argmax())
    if best in (0, 2 * reach) or scores[best] < 0.3:
        return None
    before, here, after = scores[best - 1 : best + 2]
    bend = before - 2 * here + after
    part = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(best - reach + part), float(here) * math.sqrt(energy)


def _robust_solution(rows: _Floats, values: _Floats, trust: _Floats) -> _Floats:
    """Solve `rows @ solution = values` by weighted least squares, doubting what fits badly (Huber, 1964)."""
    trust = trust / trust.max()
    doubt = np.ones_like(trust)
    # A light hand on the higher terms: strips without ink must not let the field swing.
    ridge = 1e-3 * trust.sum() * np.diag(np.tile(np.arange(1, _DEGREE + 1), 2) ** 2 / _STRIPS**2)
    solution = np.zeros(rows.shape[1])
    for _ in range(8):
        strength = trust * doubt
        solution = np.linalg.solve(rows.T @ (rows * strength[:, None]) + ridge, rows.T @ (strength * values))
        miss = np.abs(rows @ solution - values)
        spread = max(1.5 * float(np.median(miss)), 0.2)
        doubt = np.minimum(1.0, spread / np.maximum(miss, 1e-9))
    return solution
