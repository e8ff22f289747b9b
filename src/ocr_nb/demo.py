"""The main job on the samples that travel with the package: no credentials, no network.

In: a folder for the report. Out: trials and the report's path. Prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .report import write_report
from .sample_set import samples
from .study import compare_with_pictures

if TYPE_CHECKING:
    from .service.protocol import OcrService
    from .study import ProgressCallback
    from .trial import Trial

CONDITIONS = ("original", "resized:x3", "upsampled:x3", "make_upsampling")
"""Enlarged threefold whatever the advice says, so that every slider shows something; the advice has its say
in the last. Threefold brings the samples' usual 5 to 7 px to the 20 px for which recognizers are built."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration gave."""

    trials: list[Trial]
    report: Path


def run_demo(folder: Path, *, service: OcrService, on_progress: ProgressCallback | None = None) -> Demo:
    """Recognize every sample with and without upsampling; write the report into `folder`.

    Raises:
        OSError: the report cannot be written.
    """
    compared = compare_with_pictures(
        samples(), conditions=CONDITIONS, service=service, on_progress=on_progress
    )
    return Demo(compared.trials, write_report(compared.trials, compared.pictures, folder))
