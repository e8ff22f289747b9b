"""Ask a service on the caller's own thread: no queue, no event loop, no job.

In: a picture and what shall become of it. Out: an `Answer`, made by the same code as a job's. For whom asks
thousands of times, one after the other, and neither watches nor cancels; a service elsewhere has no such way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from . import filters
from .engine.layout import Recognition
from .images import Picture
from .operations import DOCUMENTS, parse_picture
from .service.protocol import OcrRequest, OcrService, Operation, RecognitionSettings, TaskId, TaskReport
from .service.results import parse_recognition
from .sources import submittable
from .watching import task_error

T = TypeVar("T")

CALLS = 2
"""Counted for each answer: one to submit and one to fetch, as through the queue, so that a row says the same
whichever way it was read."""
_OPERATIONS = {
    "upsample": Operation.UPSAMPLE,
    "binarize": Operation.BINARIZE,
    "deskew": Operation.DESKEW,
    "dewarp": Operation.DEWARP,
}


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came, and what it took."""

    value: T
    warnings: tuple[str, ...] = ()
    calls: int = 0
    task_id: TaskId | None = None


@runtime_checkable
class Attends(Protocol):
    """What a service may offer beyond `OcrService`: to work while the caller waits."""

    @property
    def attends(self) -> bool:
        """Whether it does so as it is set up."""
        ...

    def attend(self, request: OcrRequest, picture: Picture | None = None) -> TaskReport:
        """Do a request on the caller's thread; the report is final, whatever became of it.

        `picture` is what `request.data` decodes to, where that is known.
        """
        ...


def attending(service: OcrService) -> Attends | None:
    """Return `service` if it can be asked directly, else None."""
    return service if isinstance(service, Attends) and service.attends else None


def recognize(service: Attends, picture: Picture, **settings: Any) -> Answer[Recognition]:
    """Read the text of `picture`; settings as for `operations.recognize`.

    Raises:
        TaskFailed: the service could not; the sentence says why.
    """
    chosen = RecognitionSettings.from_options(**settings)
    request = partial(OcrRequest, DOCUMENTS["regions" if chosen.regions else "image"], settings=chosen)
    return _ask(service, request, picture, f"recognize {picture.name}", parse_recognition)


def apply(service: Attends, name: str, picture: Picture, factor: int | None = None) -> Answer[Picture]:
    """Filter `picture`; `name` is that of a function of `operations`, `factor` that of `upsample`.

    Raises:
        TaskFailed: the service could not; the sentence says why.
    """
    if name == "contrast":  # no service's work, see `operations.contrast`
        return Answer(filters.contrast(picture).picture)
    operation = _OPERATIONS[name]
    request = partial(OcrRequest, operation, factor=factor)
    label = f"{operation.value} {picture.name}"
    return _ask(service, request, picture, label, partial(parse_picture, name=picture.name))


def _ask(
    service: Attends,
    make: Callable[..., OcrRequest],
    picture: Picture,
    label: str,
    convert: Callable[[TaskReport], T],
) -> Answer[T]:
    data = submittable(picture)
    report = service.attend(make(data=data, name=picture.name), picture if data is picture.source else None)
    error = task_error(report, label)
    if error is not None:
        raise error
    return Answer(convert(report), report.warnings, CALLS, report.task_id)
