"""Pairs a second of `measure_accuracy` against jiwer (and dinglehopper, if it is installed), lines and pages.

    python benchmarks/metrics.py [--seconds 2]

jiwer counts code points and words split at spaces; we count grapheme clusters and words after Unicode's
annex 29.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import time
from collections.abc import Callable, Iterator

import jiwer

from ocr_nb.metrics import measure_accuracy

TEXT = "the of and in small print is read again after every scan Straße café naïve corner modern 1,234.50"
WORDS = TEXT.split()


def main() -> None:
    """Print one table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each cell is measured")
    seconds = parser.parse_args().seconds
    print("| texts | ocr_nb, pairs a second | jiwer | ratio | dinglehopper | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, length in (("lines of 50 characters", 50), ("pages of 5,000 characters", 5000)):
        pairs = [_pair(length, seed) for seed in range(50)]
        ours, theirs = _speed(_ours, pairs, seconds), _speed(_jiwer, pairs, seconds)
        cells = [
            f"{ours:,.0f}",
            f"{theirs:,.0f}",
            f"{ours / theirs:.2f}",
            *_dinglehopper(pairs, seconds, ours),
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def _pair(length: int, seed: int) -> tuple[str, str]:
    """Return a text of about `length` characters, and it with 5 % of the characters wrong."""
    rnd = random.Random(seed)
    text = ""
    while len(text) < length:
        text += rnd.choice(WORDS) + " "
    text = text[:length].strip()
    return text, "".join(rnd.choice("abcxyz") if rnd.random() < 0.05 else letter for letter in text)


def _ours(truth: str, read: str) -> None:
    measure_accuracy(truth, read)


def _jiwer(truth: str, read: str) -> None:
    jiwer.process_characters(truth, read)
    jiwer.process_words(truth, read)


def _dinglehopper(pairs: list[tuple[str, str]], seconds: float, ours: float) -> Iterator[str]:
    """Yield its speed and the ratio, or dashes without it."""
    if importlib.util.find_spec("dinglehopper") is None:
        yield from ("not installed", "—")
        return
    from dinglehopper import character_error_rate, word_error_rate

    def both(truth: str, read: str) -> None:
        character_error_rate(truth, read)
        word_error_rate(truth, read)

    speed = _speed(both, pairs, seconds)
    yield from (f"{speed:,.1f}", f"{ours / speed:.1f}")


def _speed(work: Callable[[str, str], None], pairs: list[tuple[str, str]], seconds: float) -> float:
    """Return pairs a second, after one pass to warm up."""
    for pair in pairs[:5]:
        work(*pair)
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        work(*pairs[done % len(pairs)])
        done += 1
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
