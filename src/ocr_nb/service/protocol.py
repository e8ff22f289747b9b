"""What every OCR service promises: take a request now, give a task id, answer later.

Requests and reports are frozen values; images travel as the bytes of a file. The vendor's spellings and
JSON live in `wire.py`, waiting lives in `jobs.py`. Knows no engine and no transport.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NewType, Protocol

from ..errors import SettingsError
from ..errors import suggestion as suggestion

TaskId = NewType("TaskId", str)
"""An opaque string; the services at hand use lower-case GUIDs."""

RESULT_LIFETIME = 24 * 3600.0
"""Seconds from submission during which a task is known (the service keeps results for 24 hours)."""


class TaskStatus(Enum):
    """Where a task stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Tell whether no further change will come."""
        return self not in {TaskStatus.PENDING, TaskStatus.PROCESSING}


class Operation(Enum):
    """What is asked for; one member a resource of the service."""

    UPSAMPLE = "upsample"
    BINARIZE = "binarize"
    DESKEW = "deskew"
    DEWARP = "dewarp"
    RECOGNIZE_IMAGE = "recognize_image"
    RECOGNIZE_TRIAL = "recognize_trial"
    RECOGNIZE_REGIONS = "recognize_regions"
    RECOGNIZE_RECEIPT = "recognize_receipt"
    RECOGNIZE_LABEL = "recognize_label"
    RECOGNIZE_TABLE = "recognize_table"
    RECOGNIZE_PDF = "recognize_pdf"
    RECOGNIZE_INVOICE = "recognize_invoice"
    DETECT_REGIONS = "detect_regions"
    IDENTIFY_FONT = "identify_font"
    DJVU_TO_PDF = "djvu_to_pdf"

    @property
    def is_filter(self) -> bool:
        """Tell whether the answer is an image."""
        return self in {Operation.UPSAMPLE, Operation.BINARIZE, Operation.DESKEW, Operation.DEWARP}


class ResultKind(Enum):
    """What one result of a task holds."""

    TEXT = "text"
    JSON = "json"
    HOCR = "hocr"
    PDF = "pdf"
    CSV = "csv"
    EXCEL = "excel"
    IMAGE_PNG = "image_png"
    OTHER = "other"


RESULT_TYPES: dict[str, tuple[ResultKind, ...]] = {
    "text": (ResultKind.TEXT,),
    "pdf": (ResultKind.PDF,),
    "text+pdf": (ResultKind.TEXT, ResultKind.PDF),
    "hocr": (ResultKind.HOCR,),
    "text+hocr": (ResultKind.TEXT, ResultKind.HOCR),
    "pdf+hocr": (ResultKind.PDF, ResultKind.HOCR),
    "text+pdf+hocr": (ResultKind.TEXT, ResultKind.PDF, ResultKind.HOCR),
    "image_png": (ResultKind.IMAGE_PNG,),
    "json": (ResultKind.JSON,),
}
TABLE_RESULT_TYPES: dict[str, tuple[ResultKind, ...]] = {
    "text": (ResultKind.TEXT,),
    "excel": (ResultKind.EXCEL,),
    "csv": (ResultKind.CSV,),
    "csv+excel": (ResultKind.CSV, ResultKind.EXCEL),
}
DSR_MODES = (
    "Regions", "DsrNoFilter", "DsrAndFilter", "NoDsrNoFilter", "TextDetector", "DsrPlusDetector",
    "PolygonalTextDetector", "LineDetector",
)  # fmt: skip
DSR_CONFIDENCES = ("Default", "Low", "LowMid", "Mid", "MidHigh", "High", "Ultra", "All")


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A rectangle to recognize: `left, top, right, bottom` in pixels of the image as given."""

    left: int
    top: int
    right: int
    bottom: int
    order: int = 0
    """Regions with a higher order come later in the output."""


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """How to recognize: the twelve settings of the service. None stands for the default of the resource."""

    language: str = "English"
    skew_correction: bool | None = None
    binarization: bool | None = None
    contrast_correction: bool | None = None
    upsampling: bool = False
    spell_check: bool = False
    rotate: int = 0
    """Degrees clockwise, before anything else."""
    dsr_mode: str | None = None
    dsr_confidence: str | None = None
    result_type: str = "json"
    """A key of `RESULT_TYPES`."""
    table_result_type: str = "text"
    """A key of `TABLE_RESULT_TYPES`; read by table recognition only."""
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        _check_choice("result_type", self.result_type, RESULT_TYPES)
        _check_choice("table_result_type", self.table_result_type, TABLE_RESULT_TYPES)
        if self.dsr_mode is not None:
            _check_choice("dsr_mode", self.dsr_mode, DSR_MODES)
        if self.dsr_confidence is not None:
            _check_choice("dsr_confidence", self.dsr_confidence, DSR_CONFIDENCES)
        if isinstance(self.rotate, bool) or not isinstance(self.rotate, int):
            raise SettingsError(f"rotate takes whole degrees, not {self.rotate!r}.")

    @classmethod
    def from_options(cls, **options: Any) -> RecognitionSettings:
        """Make settings from keywords; a misspelled one is refused with a suggestion.

        Raises:
            SettingsError: a name is unknown, or a value not allowed.
        """
        names = [entry.name for entry in dataclasses.fields(cls)]
        for name in options:
            if name not in names:
                raise SettingsError(f"There is no recognition setting {name!r}: {suggestion(name, names)}")
        return cls(**options)

    def changed(self) -> dict[str, Any]:
        """Return the settings that differ from the defaults, as plain JSON values."""
        plain = RecognitionSettings()
        names = [entry.name for entry in dataclasses.fields(self)]
        different = {
            name: getattr(self, name) for name in names if getattr(self, name) != getattr(plain, name)
        }
        if "regions" in different:
            different["regions"] = [dataclasses.asdict(region) for region in self.regions]
        return different


@dataclass(frozen=True, slots=True)
class OcrRequest:
    """What we ask for."""

    operation: Operation
    data: bytes = field(repr=False)
    """The bytes of an image file (a PDF for `RECOGNIZE_PDF`)."""
    settings: RecognitionSettings = field(default_factory=RecognitionSettings)
    """Read by recognition only."""
    name: str = "image"
    factor: int | None = None
    """Upsampling only: 2, 3 or 4; None for `auto`. The cloud decides for itself and ignores it."""


@dataclass(frozen=True, slots=True)
class ResultItem:
    """One result: what it is, and its bytes (decoded from Base64)."""

    kind: ResultKind
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One answer to “how is it going?”."""

    task_id: TaskId
    status: TaskStatus
    results: tuple[ResultItem, ...] = ()
    messages: tuple[str, ...] = ()
    """Why it failed, or is unknown; one sentence each."""
    warnings: tuple[str, ...] = ()
    """What was not as asked although it completed; one sentence each."""


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """Who answers: stated in every trial, so that numbers of different engines never mix."""

    service: str
    """`local`, `cloud` or the address of a server."""
    engine: str
    """`rapidocr`, `tesseract` or `aspose`."""
    engine_version: str
    upsampler: str | None = None
    """Name and version of what enlarges, such as `classical 1`; None where the service does not say."""


class OcrService(Protocol):
    """Takes requests now, answers later. All methods run on the I/O loop of `loop.py`."""

    @property
    def identity(self) -> ServiceIdentity:
        """Who answers."""
        ...

    async def submit(self, request: OcrRequest) -> TaskId:
        """Queue the request; return its task id."""
        ...

    async def fetch(self, task_id: TaskId) -> TaskReport:
        """Say how the task stands, with its results when completed; repeatable."""
        ...

    async def cancel(self, task_id: TaskId) -> None:
        """Take the task back; it is unknown afterwards. Never fails for an unknown id."""
        ...

    async def aclose(self) -> None:
        """Release everything held."""
        ...


def _check_choice(name: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise SettingsError(f"{name} cannot be {value!r}: {suggestion(str(value), choices)}")
