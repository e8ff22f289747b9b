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
    strips: int = 12_000
    """Rendered pages of synthetic text."""
    channels: int = 32
    deep_channels: int = 64
    """At half size."""
    blocks: int = 2
    joined: int = 2
    bfloat16: bool = True
    """Whether convolutions compute in bfloat16 while training; weights are float32 all the same."""
    averaging: float = 0.999
    """Exponential averaging of weights: what is evaluated and exported."""

    own_reader_steps: int = 4_500
    own_reader_batch: int = 8
    own_reader_patch: tuple[int, int] = (48, 120)
    own_reader_rate: float = 2e-3

    pixel_steps: int = 16_000
    """Stage 1: squared error alone."""
    pixel_batch: int = 8
    pixel_patch: tuple[int, int] = (72, 72)
    # A level rate: stage 1 may then end at any step without another schedule, stage 2 cools the weights.
    pixel_rate: float = 8e-4
    pixel_rate_end: float = 8e-4

    reader_steps: int = 4_400
    """Stage 2: squared error and what two recognizers make of the output."""
    reader_batch: int = 8
    reader_patch: tuple[int, int] = (48, 112)
    reader_lines: int = 24
    """Lines of text a batch carries at most."""
    teacher_lines: int = 4
    """Of these, how many PP-OCRv4 reads."""
    teacher_share: float = 0.006
    """Weight of its CTC loss of a character beside the squared error."""
    own_lines: int = 16
    """How many the own reader reads."""
    own_share: float = 0.0045
    faintest_strength: float = 0.4
    """What the readers see is bicubic plus a share of the network's output: by chance from this to all."""
    reader_rate: float = 6e-4
    reader_rate_end: float = 1e-5

    @property
    def steps(self) -> int:
        return self.pixel_steps + self.reader_steps

    @property
    def hash(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the settings as sorted JSON."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def own_reader_hash(self) -> str:
        """As `hash`, of the settings that decide the own reader's weights."""
        names = ("seed", "strips", "bfloat16")
        settings = {k: v for k, v in asdict(self).items() if k in names or k.startswith("own_reader")}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]

    def decided_alike(self, other: Self, step: int) -> bool:
        """Tell whether the first `step` steps of both are the same computation.

        So it is in the first stage, whose rate is level: how long it lasts and all that comes later differ
        without having had an effect.
        """
        if self == other:
            return True
        if step > min(self.pixel_steps, other.pixel_steps) or self.pixel_rate != self.pixel_rate_end:
            return False
        later = ("pixel_steps", "reader_", "teacher_", "own_", "faintest_strength")
        ours, theirs = (
            {k: v for k, v in asdict(c).items() if not k.startswith(later)} for c in (self, other)
        )
        return ours == theirs

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the settings that differ from the defaults from a JSON file."""
        given = json.loads(path.read_text("utf-8"))
        for name in ("own_reader_patch", "pixel_patch", "reader_patch"):
            if name in given:
                given[name] = tuple(given[name])
        return replace(cls(), **given)
