"""Measure a network while it trains: on validation fonts and words, with the readers in the loop as readers.

What is selected by these numbers is judged elsewhere (`evaluate`), by other readers on other fonts.
"""

from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from training.batches import Batch, Line, choose_lines, cut_sample, to_batch
from training.network import TextUpsampler
from training.reader import LineReader, cut_lines
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


def validate(model: TextUpsampler, folder: Path, readers: dict[str, LineReader]) -> dict[str, float]:
    """Return the mean squared error and each reader's character error rate, beside bicubic's."""
    errors: dict[str, list[float]] = {"bicubic": [], "ours": []}
    edits: Counter[tuple[str, str]] = Counter()
    lengths: Counter[str] = Counter()
    for batch in validation_batches(folder):
        with torch.no_grad():
            outputs = {"bicubic": batch.bicubic, "ours": batch.bicubic + model(batch.small)}
        for name, output in outputs.items():
            errors[name].append(float(((output.clamp(0, 1) - batch.target) ** 2).mean()))
        for who, reader in readers.items():
            lines = [line for line in batch.lines if reader.encode(line.text)]
            lengths[who] += sum(len(line.text.replace(" ", "")) for line in lines)
            for name, output in outputs.items() if lines else ():
                edits[who, name] += count_edits(reader, output.clamp(0, 1), lines)
    measured = {f"validation_error_{name}": float(np.mean(values)) for name, values in errors.items()}
    return measured | {
        f"validation_cer_{name}_{who}": count / lengths[who] for (who, name), count in edits.items()
    }


def count_edits(reader: LineReader, images: torch.Tensor, lines: list[Line]) -> int:
    """Count the edits between what the reader reads and the truth, spaces left out."""
    texts = reader.recognize(cut_lines(images, lines, reader.line_height, reader.longest_width))
    return sum(
        Levenshtein.distance(text.replace(" ", ""), line.text.replace(" ", ""))
        for text, line in zip(texts, lines, strict=True)
    )
