"""What a recognizer returns: lines and words with boxes and confidences, in reading order.

Boxes are in pixels of the image as given, whatever was done to it before recognition.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: `left, top, right, bottom`, pixels, right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was read."""

    text: str
    box: Box
    confidence: float | None
    """0 to 1; None when the engine gives none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: everything on one row of one column, left to right."""

    text: str
    """The words joined with the spaces that the page shows (never more than one)."""
    box: Box
    confidence: float | None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was read on one image."""

    lines: tuple[Line, ...]
    """In reading order."""
    warnings: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Further results by kind: `pdf`, `hocr`, `csv`."""

    @property
    def text(self) -> str:
        """The lines joined by a line feed."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the lines, weighted by their length; None when unknown."""
        known = [(len(line.text), line.confidence) for line in self.lines if line.confidence is not None]
        total = sum(length for length, _ in known)
        return sum(length * value for length, value in known) / total if total else None
