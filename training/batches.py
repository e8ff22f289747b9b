"""Cut strips into batches: patches for the pixel loss, and where their words are for the reader.

Batch number `i` of a seed is always the same, whoever asks for it and when: training can stop and go on
anywhere. Arrays leave as float32 tensors `(N, 1, H, W)`.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from training.degradation import Sample, degrade_print, degrade_screen
from training.strips import HEIGHT, WIDTH, Strip, StripShelf
from training.texts import Chance
from training.typesetting import FACTOR, Word

# Room around a patch that is degraded with it and cut away, so that no filter's border is learnt from.
MARGIN = 4
# A reader learns nothing from large text, which it reads in any case; some is kept, lest it be harmed.
READER_X_HEIGHT, TRIES = 9.0, 3
# Fewer letters and digits than this are no text to read: a row of stars, a lone bracket.
FEWEST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """Some words of one line inside a patch; the box is `left, top, right, bottom` in small pixels."""

    sample: int
    box: tuple[float, float, float, float]
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Patches and what they should become."""

    small: torch.Tensor
    """`(N, 1, h, w)` luma in [0, 1]."""
    bicubic: torch.Tensor
    """`(N, 1, FACTOR·h, FACTOR·w)`: OpenCV's cubic enlargement, not clipped."""
    target: torch.Tensor
    """As `bicubic`."""
    weight: torch.Tensor
    """`(N, 1, 1, 1)`: faint text counts more a gray level, or nothing would be learnt from it."""
    lines: tuple[Line, ...]


class Batches(Dataset[Batch]):
    """Batches by number."""

    def __init__(self, folder: Path, *, seed: int, size: int, patch: tuple[int, int], lines: int = 0) -> None:
        """`patch` is `(height, width)` in small pixels; `lines` is how many texts a batch carries at most."""
        self._folder, self._seed, self._size, self._patch, self._lines = folder, seed, size, patch, lines
        self._shelf: StripShelf | None = None

    def __getitem__(self, index: int) -> Batch:
        if self._shelf is None:
            cv2.setNumThreads(1)
            self._shelf = StripShelf(self._folder)
        chance = np.random.default_rng([self._seed, index])
        samples, lines = [], []
        for number in range(self._size):
            strip = self._draw_strip(chance)
            sample, found = cut_sample(strip, self._patch, chance, skew=self._lines == 0)
            samples.append(sample)
            if self._lines:
                lines += choose_lines(found, number, self._patch, chance, self._lines // self._size)
        return to_batch(samples, lines)

    def _draw_strip(self, chance: Chance) -> Strip:
        """Draw any strip; for the reader one of small text, where reading is won or lost."""
        assert self._shelf is not None
        for _ in range(TRIES if self._lines else 1):
            strip = self._shelf[int(chance.integers(len(self._shelf)))]
            if strip.words and strip.x_height_px < READER_X_HEIGHT:
                break
        return strip


def cut_sample(
    strip: Strip, patch: tuple[int, int], chance: Chance, *, skew: bool
) -> tuple[Sample, tuple[Word, ...]]:
    """Degrade a random window of a strip; the words come back in the window's coordinates."""
    height, width = min(HEIGHT, patch[0] + 2 * MARGIN), min(WIDTH, patch[1] + 2 * MARGIN)
    # A print's window starts anywhere on the large grid, so strokes meet the small grid in every phase.
    step = FACTOR if strip.small is not None else 1
    top = int(chance.integers((HEIGHT - height) * FACTOR // step + 1)) * step
    left = int(chance.integers((WIDTH - width) * FACTOR // step + 1)) * step
    large = strip.large[top : top + height * FACTOR, left : left + width * FACTOR]
    if strip.small is not None:
        y, x = top // FACTOR, left // FACTOR
        sample = degrade_screen(large, strip.small[y : y + height, x : x + width], chance)
    else:
        sample = degrade_print(large, strip.x_height_px, chance, skew=skew)
    dy, dx = top / FACTOR + MARGIN, left / FACTOR + MARGIN
    words = tuple(
        Word(w.line, w.left - dx, w.top - dy, w.right - dx, w.bottom - dy, w.text) for w in strip.words
    )
    return trimmed(sample), words


def trimmed(sample: Sample) -> Sample:
    """Cut the margin away."""
    wide = MARGIN * FACTOR
    return Sample(
        np.ascontiguousarray(sample.small[MARGIN:-MARGIN, MARGIN:-MARGIN]),
        np.ascontiguousarray(sample.target[wide:-wide, wide:-wide]),
        sample.contrast,
    )


def choose_lines(
    words: tuple[Word, ...], sample: int, patch: tuple[int, int], chance: Chance, most: int
) -> list[Line]:
    """Join the whole words of each line inside the patch; draw at most `most` lines."""
    height, width = patch
    rows: dict[int, list[Word]] = {}
    for word in words:
        if word.left >= 1 and word.right <= width - 1 and word.top >= 0 and word.bottom <= height:
            rows.setdefault(word.line, []).append(word)
    lines = []
    for row in rows.values():
        top, bottom = row[0].top, row[0].bottom
        # A detector's box is never exact.
        slack = (bottom - top) * chance.uniform(-0.05, 0.12, 2)
        side = (bottom - top) * chance.uniform(0.02, 0.25, 2)
        box = (
            max(0.0, row[0].left - side[0]),
            max(0.0, top - slack[0]),
            min(float(width), row[-1].right + side[1]),
            min(float(height), bottom + slack[1]),
        )
        text = " ".join(word.text for word in row)
        if sum(char.isalnum() for char in text) >= FEWEST_LETTERS:
            lines.append(Line(sample, box, text))
    chosen = chance.permutation(len(lines))[:most]
    return [lines[int(i)] for i in chosen]


def enlarge(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Enlarge by `FACTOR` with OpenCV's cubic filter: the skip that the network's output is added to."""
    size = (small.shape[1] * FACTOR, small.shape[0] * FACTOR)
    return cv2.resize(small.astype(np.float32) / 255, size, interpolation=cv2.INTER_CUBIC)


def to_batch(samples: list[Sample], lines: list[Line]) -> Batch:
    """Stack samples of one size."""
    small = np.stack([sample.small for sample in samples])[:, None].astype(np.float32) / 255
    bicubic = np.stack([enlarge(sample.small) for sample in samples])[:, None]
    target = np.stack([sample.target for sample in samples])[:, None]
    weight = np.array([1 / max(0.3, sample.contrast) for sample in samples], dtype=np.float32)
    return Batch(
        torch.from_numpy(small),
        torch.from_numpy(bicubic),
        torch.from_numpy(target),
        torch.from_numpy(weight.reshape(-1, 1, 1, 1)),
        tuple(lines),
    )
