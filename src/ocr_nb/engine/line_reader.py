"""What a line says: the crop of one run of text becomes words with places and confidences.

Runs a CTC line recognizer (PP-OCR): 48 pixels high, any width, one column of probabilities every 8 pixels;
repeats are joined and blanks dropped (Graves et al., ICML 2006). The place of a letter is the middle of its
columns. Only letters that the language may hold are considered. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .detector import Floats, Rgb
from .session import Model

LINE_HEIGHT_PX = 48
"""What the network was trained on."""
MIN_WIDTH_PX = 320
"""Narrower crops are padded with mid-gray to this width, as in training (`rec_img_shape` of RapidOCR)."""
BLANK = 0
"""Index of the CTC blank; the alphabet follows it and a space ends it."""
SPACE_THRESHOLD = 0.2
"""A space is seen between two letters where its probability reaches this, though the blank's be higher.
Taking only the likeliest loses 7 % of the spaces of receipts; this finds two of five of those, and four of
five that it finds are right (60 pages, 3,400 spaces; the same at 10 px a line)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of a line."""

    text: str
    center: float
    """Along the line: 0 at the crop's left end, 1 at its right."""
    confidence: float


class LineReader:
    """Reads crops of single lines: BGR in [-1, 1], `(1, 3, 48, W)`, to `(1, T, alphabet)` probabilities."""

    def __init__(self, model: Model) -> None:
        self._model = model
        # "blank" first and the space last: the order in which PP-OCR's label decoder numbers its classes.
        self.alphabet = ["", *model.metadata["character"].splitlines(), " "]
        self._allowed: dict[str, npt.NDArray[np.int64]] = {}

    def read(self, crop: Rgb, language: str, may_hold: Callable[[str], bool]) -> tuple[Letter, ...]:
        """Return the letters of `crop` `(48, W, 3)`, spaces among them, left to right.

        `may_hold` tells which letters `language` can contain; its answers are kept by that name.
        """
        width = crop.shape[1]
        probabilities = self._model(_batch_of(crop))[0]  # (T, alphabet)
        allowed = self._letters_of(language, may_hold)
        probabilities = probabilities[:, allowed]
        columns = len(probabilities) * width / max(width, MIN_WIDTH_PX)
        letters = collapse(probabilities, [self.alphabet[k] for k in allowed])
        return tuple(replace(letter, center=min(1.0, letter.center / columns)) for letter in letters)

    def _letters_of(self, language: str, may_hold: Callable[[str], bool]) -> npt.NDArray[np.int64]:
        if language not in self._allowed:
            kept = [k for k, letter in enumerate(self.alphabet) if k == BLANK or may_hold(letter)]
            self._allowed[language] = np.array(kept)
        return self._allowed[language]


def collapse(probabilities: Floats, alphabet: Sequence[str]) -> Iterator[Letter]:
    """Yield the letters in `(T, alphabet)` probabilities: repeats joined, blanks dropped, spaces restored.

    `alphabet[0]` is the blank and the last one the space; centers are counted in columns from the left.
    """
    best, space = probabilities.argmax(axis=1), len(alphabet) - 1
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    reached = None  # where the last letter began; None at the start and after a space
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if best[start] == BLANK:
            continue
        if best[start] != space and reached is not None:
            between = probabilities[reached:end, space]
            if between.max() >= SPACE_THRESHOLD:
                yield Letter(" ", reached + float(between.argmax()) + 0.5, float(between.max()))
        confidence = float(probabilities[start:end, best[start]].max())
        yield Letter(alphabet[best[start]], (start + end) / 2, confidence)
        reached = None if best[start] == space else start


def cut_out(pixels: Rgb, corners: Floats) -> Rgb:
    """Return the slanted rectangle `corners` of `pixels` as an upright crop `(48, W, 3)`."""
    import cv2

    across = float(np.hypot(*(corners[3] - corners[0])))
    along = float(np.hypot(*(corners[1] - corners[0])))
    width = max(4, round(LINE_HEIGHT_PX * along / max(across, 1e-6)))
    shrink = int(across / LINE_HEIGHT_PX)
    source = np.asarray(corners, np.float32)
    if shrink >= 2:  # averaging first: sampling large print at 48 pixels would drop thin strokes
        left, top = np.maximum(0, np.floor(source.min(axis=0)).astype(int))
        right, bottom = np.ceil(source.max(axis=0)).astype(int)
        part = pixels[top : bottom + 1, left : right + 1]
        size = max(1, part.shape[1] // shrink), max(1, part.shape[0] // shrink)
        ratio = np.array([size[0] / part.shape[1], size[1] / part.shape[0]], np.float32)
        pixels = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        source = (source - np.array([left, top], np.float32)) * ratio
    target = np.array([[0, 0], [width, 0], [0, LINE_HEIGHT_PX]], np.float32)
    # Pixel centers lie at halves in box coordinates and at whole numbers for OpenCV.
    turn = cv2.getAffineTransform(source[[0, 1, 3]] - 0.5, target - 0.5)
    # Linear, not cubic: the network was trained on linearly enlarged crops, and on print of 8 px lines the
    # sharper cubic crops lose the spaces between words.
    crop: Rgb = cv2.warpAffine(
        pixels, turn, (width, LINE_HEIGHT_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return crop


def _batch_of(crop: Rgb) -> Floats:
    """Turn `(48, W, RGB)` uint8 into `(1, BGR, 48, W)` in [-1, 1], padded with 0 to the least width."""
    height, width = crop.shape[:2]
    batch = np.zeros((1, 3, height, max(width, MIN_WIDTH_PX)), np.float32)
    batch[0, :, :, :width] = crop[:, :, ::-1].transpose(2, 0, 1)
    batch[0, :, :, :width] *= 2 / 255
    batch[0, :, :, :width] -= 1
    return batch
