"""What is done to a picture before it is read: binarize, deskew, dewarp, contrast, rotate, resize.

In: a `Picture`. Out: a `Filtered`: the new picture, whose `source` is its PNG, and the way back from its
coordinates to those of the input, so that boxes found on it can be shown on the original. Coordinates are
`x, y` in pixels measured from the top-left *corner*: the first pixel's center is at (0.5, 0.5).
Knows nothing of services; the order of filters is decided elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt

from .errors import ImageError
from .images import MAX_PIXELS, Gray, Picture, Pixels, encode_png, luma
from .ink import is_inverse, measure_ink, measure_paper, measure_text_contrast
from .line_shape import ShiftField, measure_curvature
from .line_shape import measure_skew as measure_skew
from .xheight import measure_x_height

Points: TypeAlias = npt.NDArray[np.float64]
"""`(N, 2)` float64: `x, y` in pixels from the top-left corner."""
CoordinateMap: TypeAlias = Callable[[Points], Points]
"""From points of an output to the points of its input that they show."""

_MATRIX = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Filtered:
    """A picture that was made from another one."""

    picture: Picture
    back: CoordinateMap = field(repr=False)
    """From points of `picture` to points of the picture it was made from."""


def identity_map(points: Points) -> Points:
    """Return the points as they are: the output lies exactly on its input."""
    return points


def compose(*maps: CoordinateMap) -> CoordinateMap:
    """Join the ways back of several steps, given in the order of the steps, into one."""

    def back(points: Points) -> Points:
        for step in reversed(maps):
            points = step(points)
        return points

    return back


def remade(picture: Picture, pixels: Pixels) -> Picture:
    """Return a picture of `pixels` that keeps the name and the warnings of `picture`."""
    return Picture(pixels, encode_png(pixels), picture.name, picture.warnings)


def resize(picture: Picture, scale: float) -> Filtered:
    """Change the size by interpolation only: bicubic when enlarging, averaging when shrinking.

    Raises:
        ImageError: the result would be larger than `MAX_PIXELS` or thinner than one pixel.
    """
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale is a positive number, not {scale!r}.")
    width, height = round(picture.width * scale), round(picture.height * scale)
    check_size(picture, width, height)
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    if (width, height) == (picture.width, picture.height):
        return Filtered(remade(picture, picture.pixels), identity_map)
    work = premultiplied(picture.pixels)
    pixels = straight(_with_channels(cv2.resize(work, (width, height), interpolation=method)))
    return Filtered(remade(picture, pixels), scale_map(width / picture.width, height / picture.height))


def check_size(picture: Picture, width: int, height: int) -> None:
    """Refuse a result of no pixels, or of more than `MAX_PIXELS`.

    Raises:
        ImageError: the size cannot be made.
    """
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageError(
            f"{picture.name} would become {width}×{height} pixels: choose a scale that gives at least one "
            f"pixel a side and at most {MAX_PIXELS / 1e6:.0f} megapixels."
        )


def scale_map(scale_x: float, scale_y: float) -> CoordinateMap:
    """Return the way back from an image that is `scale_x` × `scale_y` times its input."""
    scales = np.array([scale_x, scale_y], dtype=np.float64)
    return lambda points: np.asarray(points, dtype=np.float64) / scales


def rotate(picture: Picture, degrees: float) -> Filtered:
    """Turn clockwise by `degrees`; the canvas grows so that nothing is cut off, new corners are white.

    Quarter turns move pixels and change none.
    """
    if not math.isfinite(degrees):
        raise ValueError(f"degrees is a finite number, not {degrees!r}.")
    quarters, rest = divmod(degrees, 90.0)
    size = (picture.width, picture.height)
    if rest == 0:
        turned = np.ascontiguousarray(np.rot90(picture.pixels, k=-int(quarters % 4)))
        canvas = (turned.shape[1], turned.shape[0])
        return Filtered(remade(picture, turned), _affine_map(_turn_back(degrees, size, canvas)))
    angle = math.radians(degrees)
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    canvas = (
        math.ceil(size[0] * cos + size[1] * sin - 1e-6),
        math.ceil(size[0] * sin + size[1] * cos - 1e-6),
    )
    check_size(picture, *canvas)
    matrix = _turn_back(degrees, size, canvas)
    white = np.full(picture.pixels.shape[2], 255.0)
    return Filtered(remade(picture, _turned(picture.pixels, matrix, canvas, white)), _affine_map(matrix))


def deskew(picture: Picture) -> Filtered:
    """Turn the text lines level; the canvas keeps its size and new corners take the paper's color.

    Text turned by up to `LARGEST_SKEW` (15) degrees is found; a picture that is level, or that shows no
    lines, comes back unchanged.
    """
    angle = measure_skew(luma(picture))
    if abs(angle) < _LEVEL_ENOUGH:
        return Filtered(remade(picture, picture.pixels), identity_map)
    size = (picture.width, picture.height)
    matrix = _turn_back(-angle, size, size)
    pixels = _turned(picture.pixels, matrix, size, paper_color(picture.pixels))
    return Filtered(remade(picture, pixels), _affine_map(matrix))


_LEVEL_ENOUGH = 0.1
"""Degrees: below this, resampling costs more sharpness than the slope costs accuracy."""


def binarize(picture: Picture) -> Filtered:
    """Return the picture in black and white: same size, one channel, only 0 and 255.

    The threshold lies half-way between the paper and the ink around each pixel (J. Bernsen, “Dynamic
    thresholding of grey-level images”, 1986), the paper being a local median; so neither shade nor faint
    print counts, and strokes keep their width. Light text on dark stays so, also in parts of a page.
    """
    gray = luma(picture)
    inverse = is_inverse(gray)
    black = _is_black(1.0 - gray if inverse else gray)
    pixels = np.where(black ^ inverse, 0, 255).astype(np.uint8)[:, :, None]
    return Filtered(remade(picture, pixels), identity_map)


_LEAST_INK = 0.35
"""Share of the page's usual ink below which a spot is dirt, not print."""
_HALF_WAY = 0.4
"""Where between paper and ink the threshold lies: a little nearer to the paper, for thin strokes are pale."""


def _is_black(gray: Gray) -> npt.NDArray[np.bool_]:
    """Tell ink from paper, and the paper of dark parts from that of light ones."""
    smooth = cv2.GaussianBlur(gray, (0, 0), 0.5)
    paper = measure_paper(gray)
    letter = measure_x_height(gray) or 8.0
    dark_part = _holds_light_text(smooth - paper, letter)
    climb = np.where(
        dark_part, (smooth - paper) / (1.0 - 0.9 * paper), (paper - smooth) / (0.1 + 0.9 * paper)
    )
    reach = int(np.clip(round(3.0 * letter), 5, 101)) | 1
    depth = cv2.boxFilter(cv2.dilate(climb, np.ones((reach, reach), np.uint8)), -1, (reach, reach))
    # The deepest of a few hundred pixels of pure grain lies three to four deviations down.
    grain = 6.0 * float(np.median(np.abs(climb))) / 0.6745
    least = max(_LEAST_INK * measure_text_contrast(gray), grain, 0.04)
    ink = (climb > _HALF_WAY * depth) & (depth > least)
    return cast("npt.NDArray[np.bool_]", ink ^ dark_part)


def _holds_light_text(rise: Gray, letter: float) -> npt.NDArray[np.bool_]:
    """Tell where the nearest text is lighter than its paper; `rise` is the tone less that of the paper."""
    height, width = rise.shape
    evidence = np.abs(rise) * rise
    small = cv2.resize(evidence, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_AREA)
    # Text nearby outvotes text far away; where there is none nearby, that counts.
    votes = sum(cv2.GaussianBlur(small, (0, 0), span * letter / 4) for span in (1.5, 4.0, 12.0))
    spread = cast(Gray, cv2.resize(np.asarray(votes), (width, height), interpolation=cv2.INTER_LINEAR))
    return spread > 1e-5


def contrast(picture: Picture) -> Filtered:
    """Stretch the tones so that the ink comes near black and the paper near white; hues stay.

    One straight line for the whole picture, from the darkest to the lightest of ink and paper (percentiles,
    so that single pixels do not count) to 0 and 255, at most `_LARGEST_GAIN` times steeper than before, so
    that an empty page's grain does not become text.
    """
    gray = luma(picture)
    low, high = (float(value) for value in np.percentile(gray, (1.0, 99.0)))
    ink = gray[measure_ink(gray) > 0]
    if ink.size:  # on a page with few words less than one pixel in a hundred is ink
        low, high = min(low, float(np.percentile(ink, 10))), max(high, float(np.percentile(ink, 90)))
    gain = min(1.0 / max(high - low, 1e-6), _LARGEST_GAIN)
    fixed = low / max(1.0 - (high - low), 1e-6)  # the tone that the line leaves as it is
    pixels = picture.pixels.copy()
    tones = (np.arange(256) / 255.0 - fixed) * gain + fixed
    table = np.clip(np.round(tones * 255.0), 0, 255).astype(np.uint8)
    channels = min(pixels.shape[2], 3)
    pixels[:, :, :channels] = table[pixels[:, :, :channels]]
    return Filtered(remade(picture, pixels), identity_map)


_LARGEST_GAIN = 4.0


def dewarp(picture: Picture) -> Filtered:
    """Straighten text lines that bend like those of an open book; canvas and columns stay in place.

    The page is cut into upright strips; how far the lines climb from each strip to the next is found by
    correlating their row sums, and a smooth field (polynomial along the lines, linear down the page) is
    fitted to all those climbs. Repeated on the straightened ink until little is left.
    """
    shift = measure_curvature(luma(picture))
    if shift is None:
        return Filtered(remade(picture, picture.pixels), identity_map)
    pixels = _shifted(picture.pixels, shift)

    def back(points: Points) -> Points:
        moved = np.array(points, dtype=np.float64)
        moved[:, 1] += shift(moved[:, 0], moved[:, 1])
        return moved

    return Filtered(remade(picture, pixels), back)


def _shifted(pixels: Pixels, shift: ShiftField) -> Pixels:
    """Fetch every pixel from `shift` rows below, part by part, so that the coordinates stay small."""
    height, width = pixels.shape[:2]
    work = premultiplied(pixels)
    fill = [float(value) for value in premultiplied(paper_color(pixels).astype(np.uint8)[None, None])[0, 0]]
    out = np.empty_like(pixels)
    for left in range(0, width, _PART):
        columns = np.arange(left, min(left + _PART, width))[None, :]
        for top in range(0, height, _PART):
            rows = np.arange(top, min(top + _PART, height))[:, None]
            # To 1/32 pixel, as OpenCV interpolates: then every part rounds alike.
            source = np.round(32.0 * (rows + shift(columns + 0.5, rows + 0.5))) / 32.0
            # Columns stay, so only rows are looked up; OpenCV's 16-bit coordinates reach over one part.
            first = int(np.clip(math.floor(source.min()) - 3, 0, height - 1))
            last = int(np.clip(math.ceil(source.max()) + 4, first + 1, height))
            warped = cv2.remap(
                np.ascontiguousarray(work[first:last, left : left + columns.size]),
                np.repeat((columns - left).astype(np.float32), rows.size, axis=0),
                (source - first).astype(np.float32),
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=fill,
            )
            out[top : top + rows.size, left : left + columns.size] = straight(_with_channels(warped))
    return out


_PART = 1024


def paper_color(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Return the median color of the border, `(C,)` in 0…255: what lies beyond the edge, most likely."""
    border = np.concatenate(
        [pixels[:2].reshape(-1, pixels.shape[2]), pixels[-2:].reshape(-1, pixels.shape[2]),
         pixels[:, :2].reshape(-1, pixels.shape[2]), pixels[:, -2:].reshape(-1, pixels.shape[2])]
    )  # fmt: skip
    return cast("npt.NDArray[np.float64]", np.median(border, axis=0).round())


def premultiplied(pixels: Pixels) -> npt.NDArray[Any]:
    """Return RGBA with the colors weighted by alpha (float32, 0…255), so that unseen colors do not bleed.

    Gray and RGB come back as they are.
    """
    if pixels.shape[2] != 4:
        return pixels
    work = pixels.astype(np.float32)
    work[:, :, :3] *= work[:, :, 3:] / 255.0
    return work


def straight(work: npt.NDArray[Any]) -> Pixels:
    """Undo `premultiplied`, clip to 0…255 and round: `(H, W, C)` uint8."""
    if work.shape[2] != 4:
        return work if work.dtype == np.uint8 else np.clip(np.round(work), 0, 255).astype(np.uint8)
    alpha = np.clip(work[:, :, 3:], 0.0, 255.0)
    colors = work[:, :, :3] * (255.0 / np.maximum(alpha, 1.0))
    return np.clip(np.round(np.concatenate([colors, alpha], axis=2)), 0, 255).astype(np.uint8)


def _with_channels(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give back the channel axis that OpenCV drops from one-channel images."""
    return array[:, :, None] if array.ndim == 2 else array


def _turn_back(degrees: float, size: tuple[int, int], canvas: tuple[int, int]) -> _MATRIX:
    """Return the 2×3 matrix from points of the `canvas`, turned clockwise about its center, to the input."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    center_in, center_out = np.array(size) / 2.0, np.array(canvas) / 2.0
    return np.hstack([turn, (center_in - turn @ center_out)[:, None]])


def _affine_map(matrix: _MATRIX) -> CoordinateMap:
    return lambda points: np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]


def _turned(
    pixels: Pixels, matrix: _MATRIX, canvas: tuple[int, int], fill: npt.NDArray[np.float64]
) -> Pixels:
    """Resample `pixels` onto `canvas` (width, height) by the `matrix` from output points to input points."""
    # OpenCV puts pixel centers at whole numbers, we at halves.
    half = np.array([0.5, 0.5])
    centers = np.hstack([matrix[:, :2], (matrix[:, 2] + matrix[:, :2] @ half - half)[:, None]])
    border = premultiplied(fill.astype(np.uint8)[None, None])[0, 0]
    turned = cv2.warpAffine(
        premultiplied(pixels),
        centers,
        canvas,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=[float(value) for value in border],
    )
    return straight(_with_channels(turned))
