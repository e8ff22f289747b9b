"""Everything that decides what weights come out of a run, in one frozen value with a hash."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Configuration:
    """A run's settings. Steps count batches; patches are in small pixels."""

    seed: int = 2026
    strips: int = 5000
    """Rendered pages of synthetic text."""
    channels: int = 32
    hidden: int = 8
    bfloat16: bool = True
    """Whether convolutions compute in bfloat16 while training; weights are float32 all the same."""
    averaging: float = 0.999
    """Exponential averaging of weights: what is evaluated and exported."""

    pixel_steps: int = 8_000
    """Stage 1: squared error alone."""
    pixel_batch: int = 8
    pixel_patch: tuple[int, int] = (72, 72)
    # A level rate: stage 1 may then end at any step without another schedule, stage 2 cools the weights.
    pixel_rate: float = 8e-4
    pixel_rate_end: float = 8e-4

    reader_steps: int = 1_500
    """Stage 2: squared error and what a recognizer makes of the output."""
    reader_batch: int = 8
    reader_patch: tuple[int, int] = (48, 96)
    reader_lines: int = 8
    """Lines of text a batch gives the reader at most."""
    reader_share: float = 0.002
    """Weight of the CTC loss of a character beside the squared error."""
    reader_rate: float = 5e-4
    reader_rate_end: float = 1e-5

    @property
    def steps(self) -> int:
        return self.pixel_steps + self.reader_steps

    @property
    def hash(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the settings as sorted JSON."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the settings that differ from the defaults from a JSON file."""
        given = json.loads(path.read_text("utf-8"))
        for name in ("pixel_patch", "reader_patch"):
            if name in given:
                given[name] = tuple(given[name])
        return replace(cls(), **given)
