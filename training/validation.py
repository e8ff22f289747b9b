"""Measure a network while it trains: on validation fonts and words, with the teacher as the reader.

What is selected by these numbers is judged elsewhere (`evaluate`), by other readers on other fonts.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from training.batches import Batch, Line, choose_lines, cut_sample, to_batch
from training.network import TextUpsampler
from training.reader import Reader, cut_lines
from training.strips import StripShelf

PATCH = (40, 160)
PATCHES = 120
GROUP = 8


@lru_cache(maxsize=1)
def validation_batches(folder: Path) -> tuple[Batch, ...]:
    """Cut the validation strips, the same way every time."""
    shelf = StripShelf(folder)
    chance = np.random.default_rng(0)
    batches = []
    for first in range(0, min(PATCHES, len(shelf)), GROUP):
        samples, lines = [], []
        for number in range(GROUP):
            sample, words = cut_sample(shelf[first + number], PATCH, chance, skew=False)
            samples.append(sample)
            lines += choose_lines(words, number, PATCH, chance, 2)
        batches.append(to_batch(samples, lines))
    return tuple(batches)


def validate(model: TextUpsampler, folder: Path, reader: Reader | None) -> dict[str, float]:
    """Return the mean squared error and, given a reader, the character error rate, beside bicubic's."""
    errors: dict[str, list[float]] = {"bicubic": [], "ours": []}
    edits: dict[str, int] = {"bicubic": 0, "ours": 0}
    length = 0
    for batch in validation_batches(folder):
        with torch.no_grad():
            outputs = {"bicubic": batch.bicubic, "ours": batch.bicubic + model(batch.small)}
        lines = [line for line in batch.lines if reader and reader.encode(line.text)]
        length += sum(len(line.text.replace(" ", "")) for line in lines)
        for name, output in outputs.items():
            errors[name].append(float(((output.clamp(0, 1) - batch.target) ** 2).mean()))
            edits[name] += count_edits(reader, output.clamp(0, 1), lines) if reader and lines else 0
    measured = {f"validation_error_{name}": float(np.mean(values)) for name, values in errors.items()}
    if length:
        measured |= {f"validation_cer_{name}": count / length for name, count in edits.items()}
    return measured


def count_edits(reader: Reader, images: torch.Tensor, lines: list[Line]) -> int:
    """Count the edits between what the reader reads and the truth, spaces left out."""
    texts = reader.recognize(cut_lines(images, lines))
    return sum(
        Levenshtein.distance(text.replace(" ", ""), line.text.replace(" ", ""))
        for text, line in zip(texts, lines, strict=True)
    )
