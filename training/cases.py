"""What is judged: images with their ground truth. Luma `(H, W)` uint8, 0 black.

`receipts` reads lines of real receipts, shrunk to a height; `degraded_pages` sets pages in evaluation fonts
and spoils them by a fixed recipe; `folder_cases` takes what lies in a folder. The same seed gives the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.enlargement import Gray


@dataclass(frozen=True, slots=True)
class Case:
    """An image and the text a person vouches for; lines are separated by newlines."""

    name: str
    image: Gray
    ground_truth: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """How level A to D of degradation spoils; lengths in small pixels, tones in gray levels of 255."""

    blur: float
    contrast: float
    noise: float
    quality: int | None


LEVELS = {
    "A": Recipe(0.0, 1.0, 0.0, None),
    "B": Recipe(0.6, 0.75, 5.0, 50),
    "C": Recipe(1.0, 0.6, 8.0, 35),
    "D": Recipe(1.4, 0.5, 10.0, 25),
}
# A line needs some paper around it, as any crop of a page has: a share of its height, and then small pixels.
SLACK, FRAME = 0.1, 4


def receipts(folder: Path, height_px: float | None, count: int, seed: int = 0) -> Iterator[Case]:
    """Yield `count` random lines of the receipts in `folder`, shrunk so that the box is `height_px` high.

    None leaves them at full size; the same seed gives the same lines at every height.
    """
    rows = [(path, row) for path in sorted(folder.glob("*.csv")) for row in read_boxes(path)]
    chance = np.random.default_rng(seed)
    for index in chance.permutation(len(rows))[:count]:
        path, (left, top, right, bottom, text) = rows[int(index)]
        page = cv2.imread(str(path.with_suffix(".jpg")), cv2.IMREAD_GRAYSCALE)
        scale, slack = (height_px or bottom - top) / (bottom - top), SLACK * (bottom - top)
        crop = page[
            max(0, round(top - slack)) : round(bottom + slack),
            max(0, round(left - slack)) : round(right + slack),
        ]
        size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        yield Case(f"{path.stem}-{index}", framed(small), text)


def framed(image: Gray) -> Gray:
    """Put paper around a crop; repeating its border would draw its neighbors' ink out into streaks."""
    paper = float(np.median(image))
    return cv2.copyMakeBorder(image, *[FRAME] * 4, cv2.BORDER_CONSTANT, value=paper)


def read_boxes(path: Path) -> list[tuple[int, int, int, int, str]]:
    """Read `x1,y1,…,x4,y4,text` rows as `left, top, right, bottom, text`; the text may hold commas."""
    boxes = []
    for row in path.read_text("latin-1").splitlines():
        parts = row.split(",", 8)
        if len(parts) == 9 and parts[8].strip():
            x, y = [int(v) for v in parts[0:8:2]], [int(v) for v in parts[1:8:2]]
            if max(y) - min(y) >= 8 and max(x) - min(x) >= 8:
                boxes.append((min(x), min(y), max(x), max(y), parts[8].strip()))
    return boxes


def spoil(page: Gray, level: str, chance: np.random.Generator) -> Gray:
    """Blur, flatten, add noise and compress, always in this order."""
    recipe = LEVELS[level]
    image = page.astype(np.float32)
    if recipe.blur:
        image = cv2.GaussianBlur(image, (0, 0), recipe.blur)
    image = 255 - (255 - image) * recipe.contrast
    # Flattened towards light gray, so that noise has room on both sides.
    image -= 255 * (1 - recipe.contrast) / 4
    image += recipe.noise * chance.standard_normal(image.shape)
    spoiled = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    if recipe.quality is None:
        return spoiled
    _, data = cv2.imencode(".jpg", spoiled, [cv2.IMWRITE_JPEG_QUALITY, recipe.quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def folder_cases(folder: Path) -> Iterator[Case]:
    """Yield every image of a folder that has a `NAME.gt.txt` beside it."""
    for truth in sorted(folder.glob("*.gt.txt")):
        image = cv2.imread(
            str(truth.with_name(truth.name.removesuffix(".gt.txt") + ".png")), cv2.IMREAD_GRAYSCALE
        )
        yield Case(truth.name, image, truth.read_text("utf-8"))


def degraded_pages(x_height_px: float, level: str, count: int, seed: int = 0) -> Iterator[Case]:
    """Yield pages of 12 lines, eight of prose and four of codes, in one evaluation font each."""
    # FreeType is needed here alone, so that receipts can be judged without it.
    from training.evaluation_pages import set_evaluation_page

    for number in range(count):
        chance = np.random.default_rng([seed, number])
        page, lines = set_evaluation_page(x_height_px, chance)
        yield Case(f"{level}-{x_height_px}-{number}", spoil(page, level, chance), "\n".join(lines))
