"""OCR of small text in notebooks: smart upsampling, before/after comparison, accuracy with and without.

The front door: names only, each imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .advice import advise
    from .images import Picture
    from .jobs import Job, gather
    from .operations import binarize, contrast, deskew, dewarp, recognize, rotate, upsample, use
    from .pipelines import pipeline
    from .resumption import resume
    from .sample_set import samples
    from .sdk import official_sdk_configuration
    from .service.cloud import CloudService
    from .service.local import LocalService
    from .service.protocol import RecognitionSettings
    from .studies import Study
    from .study import compare
    from .tracker import AccuracyTracker
    from .trial import Trial
    from .widgets import (
        Credentials,
        ImageCompare,
        ImageInput,
        JobMonitor,
        ShrinkExplorer,
        TextDiff,
        TrackerBoard,
        Workbench,
    )
    from .widgets.workbench import workbench

__version__ = "0.1.0"

__all__ = [
    "AccuracyTracker",
    "CloudService",
    "Credentials",
    "ImageCompare",
    "ImageInput",
    "Job",
    "JobMonitor",
    "LocalService",
    "Picture",
    "RecognitionSettings",
    "ShrinkExplorer",
    "Study",
    "TextDiff",
    "TrackerBoard",
    "Trial",
    "Workbench",
    "__version__",
    "advise",
    "binarize",
    "compare",
    "contrast",
    "deskew",
    "dewarp",
    "gather",
    "official_sdk_configuration",
    "pipeline",
    "recognize",
    "resume",
    "rotate",
    "samples",
    "upsample",
    "use",
    "workbench",
]

_ROOMS = {
    "AccuracyTracker": ".tracker",
    "CloudService": ".service.cloud",
    "Credentials": ".widgets",
    "ImageCompare": ".widgets",
    "ImageInput": ".widgets",
    "Job": ".jobs",
    "JobMonitor": ".widgets",
    "LocalService": ".service.local",
    "Picture": ".images",
    "RecognitionSettings": ".service.protocol",
    "ShrinkExplorer": ".widgets",
    "Study": ".studies",
    "TextDiff": ".widgets",
    "TrackerBoard": ".widgets",
    "Trial": ".trial",
    "Workbench": ".widgets",
    "advise": ".advice",
    "binarize": ".operations",
    "compare": ".study",
    "contrast": ".operations",
    "deskew": ".operations",
    "dewarp": ".operations",
    "gather": ".jobs",
    "official_sdk_configuration": ".sdk",
    "pipeline": ".pipelines",
    "recognize": ".operations",
    "resume": ".resumption",
    "rotate": ".operations",
    "samples": ".sample_set",
    "upsample": ".operations",
    "use": ".operations",
    "workbench": ".widgets.workbench",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'ocr_nb' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
