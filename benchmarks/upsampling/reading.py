"""Read a picture with an engine, and count what it got wrong.

CER leaves spaces out and folds case; a case's edits are at most its length. The F1 of words says what spaces
and order do not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from training.evaluate import normalized
from training.judges import in_reading_order

from ocr_nb.engine.recognizer import ENGINES as HERE
from ocr_nb.engine.recognizer import make_recognizer
from ocr_nb.errors import EngineUnavailable
from ocr_nb.images import Picture, on_white
from ocr_nb.metrics import bag_of_words

from .cases import Case
from .programs import start

ENGINES = (*HERE, "ppocrv4")


@dataclass(frozen=True)
class Reading:
    """One case under one condition, as counts."""

    engine: str
    set: str
    cell: str
    document: str
    case: str
    condition: str
    version: str
    edits: int
    length: int
    word_f1: float
    found: int = 0
    """Lines of the truth that at least one box lies on, where lines are counted."""
    merged: int = 0
    """Boxes that lie on more than one line."""
    split: int = 0
    """Lines that more than one box lies on."""
    lines: int = 0


def read(picture: Picture, case: Case, engine: str, ppocrv4: Path | None) -> str | None:
    """Return what `engine` reads; None when it is not at hand or cannot write the language."""
    if engine in HERE:
        try:
            recognizer = make_recognizer(engine)
            lines = recognizer.recognize(
                on_white(picture), language=case.language, detect=case.layout == "page"
            )
        except EngineUnavailable:
            return None
        return "\n".join(line.text for line in lines)
    program = start(ppocrv4, engine) if ppocrv4 else None
    if program is None or case.language not in ("English", "German"):
        return None
    answer = program.ask(picture, layout=case.layout)
    if "text" in answer:
        return str(answer["text"])
    pieces = answer["lines"]
    boxes = np.array([box for box, _ in pieces], dtype=np.float64)
    return in_reading_order(boxes, tuple(text for _, text in pieces)) if pieces else ""


def score(text: str, case: Case) -> tuple[int, int, float]:
    """Return edits, length and the F1 of words; without a truth the edits are the characters read."""
    truth, found = normalized(case.truth), normalized(text)
    if not truth:
        return len(found), 0, 1.0
    edits = min(len(truth), Levenshtein.distance(truth, found))
    return edits, len(truth), bag_of_words(case.truth, text, "caseless").f1


def count_lines(picture: Picture, case: Case, engine: str) -> tuple[int, int, int, int]:
    """Return how many of the case's lines are found, merged boxes, split lines, and all lines."""
    scale = picture.height / case.picture.height
    boxes = make_recognizer(engine).detect(on_white(picture))
    on: Counter[int] = Counter()
    merged = 0
    for box in boxes:
        middles = [(top + bottom) / 2 * scale for top, bottom in case.rows]
        hit = [number for number, y in enumerate(middles) if box.top <= y <= box.bottom]
        merged += len(hit) > 1
        for number in hit:
            on[number] += 1
    split = sum(count > 1 for count in on.values())
    return len(on), merged, split, len(case.rows)
