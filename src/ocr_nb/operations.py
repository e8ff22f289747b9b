"""The front door's verbs: upsample, recognize, binarize, deskew, dewarp, contrast, rotate; and whom they ask.

In: anything that holds a picture, also a web address. Out: a `Job`, at once. The service is the one on this
machine until `use` says otherwise; nothing leaves the machine unasked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from .asking import ask, attach
from .engine.layout import Recognition
from .errors import ImageError, SettingsError, UnreadableAnswer, suggestion
from .images import ImageLike, Picture, load_picture
from .jobs import Job, Progress
from .polling import PollingPolicy
from .service.download import is_url
from .service.protocol import (
    OcrRequest,
    OcrService,
    Operation,
    RecognitionSettings,
    ResultKind,
    TaskId,
    TaskReport,
)
from .service.results import parse_recognition
from .settings import Settings
from .sources import Source

DOCUMENTS: dict[str, Operation] = {
    "image": Operation.RECOGNIZE_IMAGE,
    "regions": Operation.RECOGNIZE_REGIONS,
    "receipt": Operation.RECOGNIZE_RECEIPT,
    "label": Operation.RECOGNIZE_LABEL,
    "table": Operation.RECOGNIZE_TABLE,
    "pdf": Operation.RECOGNIZE_PDF,
    "invoice": Operation.RECOGNIZE_INVOICE,
    "trial": Operation.RECOGNIZE_TRIAL,
}
"""What `recognize` can be told to expect."""
FACTORS = (2, 3, 4)
NOT_ON_BINDER = (
    "This is a public Binder, where credentials do not belong and images leave at 1 Mbit/s: stay with "
    "use('local') here, and use the cloud from a machine of your own."
)

_choosing = threading.Lock()
_chosen: OcrService | None = None
_named: dict[str, OcrService] = {}
"""Services asked for by name in single calls, so that each call finds the same queue and connections."""


def use(service: str | OcrService, **options: Any) -> OcrService:
    """Choose whom everything asks from now on; return it.

    Args:
        service: `local` (this machine), `cloud`, the address of a server (`http://127.0.0.1:8000`), or any
            object with the methods of `OcrService`.
        options: for `local` those of `LocalService` (`engine="tesseract"`), for the others those of
            `CloudService`.

    Raises:
        SettingsError: there is no such service.
    """
    global _chosen
    made = make_service(service, **options)
    with _choosing:
        _chosen = made
    return made


def make_service(service: str | OcrService, **options: Any) -> OcrService:
    """Return the service that `service` names, without choosing it; arguments as `use`."""
    if not isinstance(service, str):
        if not all(callable(getattr(service, name, None)) for name in ("submit", "fetch", "cancel")):
            raise SettingsError(
                f"A {type(service).__name__} is not a service: give 'local', 'cloud', an address, or an "
                "object with submit, fetch and cancel."
            )
        return service
    if service == "local":
        from .service.local import LocalService

        return LocalService(**options)
    if service == "cloud" or is_url(service):
        from .service.cloud import CloudService

        if service == "cloud" and Settings.from_environment().on_binder:
            raise SettingsError(NOT_ON_BINDER)

        return CloudService(**options) if service == "cloud" else CloudService(base_url=service, **options)
    raise SettingsError(f"There is no service {service!r}: {suggestion(service, ('local', 'cloud'))}")


def service_of(service: str | OcrService | None = None) -> OcrService:
    """Return `service` (for the same name the same one), or the chosen one when None.

    Without a choice that is what `OCR_NB_SERVICE` says, by default the service on this machine.
    """
    global _chosen
    if service is not None and not isinstance(service, str):
        return make_service(service)
    with _choosing:
        if service is not None:
            if service not in _named:
                _named[service] = make_service(service)
            return _named[service]
        if _chosen is None:
            _chosen = make_service(Settings.from_environment().service)
        return _chosen


def upsample(
    image: ImageLike,
    *,
    factor: int | Literal["auto"] = "auto",
    service: str | OcrService | None = None,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
) -> Job[Picture]:
    """Enlarge small text, making it clearer.

    Args:
        image: a path, bytes, a file object, a PIL image, a numpy array, a `Picture`, a data URL or an
            `http(s)` address.
        factor: 2, 3 or 4, or `auto` for what the service thinks best, at least 2. The cloud service decides
            by itself and ignores it.
        service: whom to ask; None for the chosen one.
        polling: when to ask again; None for the service's own policy.
        on_progress: called with the job, on a background thread, after each change.

    Returns:
        A job for the larger picture. Advice that enlarging will not help is among its `warnings`.
    """
    if factor != "auto" and factor not in FACTORS:
        raise SettingsError(f"factor is 2, 3, 4 or 'auto', not {factor!r}.")
    wanted = None if factor == "auto" else int(factor)
    return _picture_job(Operation.UPSAMPLE, image, service, polling, on_progress, factor=wanted)


def binarize(
    image: ImageLike,
    *,
    service: str | OcrService | None = None,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
) -> Job[Picture]:
    """Turn a picture into black and white: one channel, only 0 and 255. Arguments as `upsample`."""
    return _picture_job(Operation.BINARIZE, image, service, polling, on_progress)


def deskew(
    image: ImageLike,
    *,
    service: str | OcrService | None = None,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
) -> Job[Picture]:
    """Turn slanting text lines level, up to 15 degrees. Arguments as `upsample`."""
    return _picture_job(Operation.DESKEW, image, service, polling, on_progress)


def dewarp(
    image: ImageLike,
    *,
    service: str | OcrService | None = None,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
) -> Job[Picture]:
    """Straighten bent text lines, as in photos of open books. Arguments as `upsample`."""
    return _picture_job(Operation.DEWARP, image, service, polling, on_progress)


def contrast(
    image: ImageLike, *, service: str | OcrService | None = None, on_progress: Progress | None = None
) -> Job[Picture]:
    """Stretch the contrast of text.

    The service has this only as a setting of recognition, so it is computed on this machine whatever
    `service` is; nothing is sent, and the job makes no calls.
    """
    from . import filters

    return _computed_job("contrast", image, filters.contrast, on_progress)


def rotate(
    image: ImageLike,
    degrees: float,
    *,
    service: str | OcrService | None = None,
    on_progress: Progress | None = None,
) -> Job[Picture]:
    """Turn a picture clockwise by `degrees`; the canvas grows, its corners are white.

    The service has this only as a setting of recognition, so it is computed on this machine whatever
    `service` is; nothing is sent, and the job makes no calls.
    """
    from . import filters

    if isinstance(degrees, bool) or not isinstance(degrees, int | float) or not abs(degrees) <= 3600:
        raise SettingsError(f"degrees is a number between -3600 and 3600, not {degrees!r}.")
    return _computed_job("rotate", image, lambda given: filters.rotate(given, degrees), on_progress)


def recognize(
    image: ImageLike,
    *,
    language: str = "English",
    upsampling: bool = False,
    document: str | None = None,
    service: str | OcrService | None = None,
    polling: PollingPolicy | None = None,
    on_progress: Progress | None = None,
    **settings: Any,
) -> Job[Recognition]:
    """Read the text of a picture.

    Args:
        image: as for `upsample`; for `document="pdf"` a PDF file.
        language: by the service's name, "English", "German" and so on.
        upsampling: let the service enlarge the image first where that helps.
        document: what is on it: `image`, `receipt`, `label`, `table`, `pdf`, `invoice`, `regions` or `trial`;
            None for `pdf` when it is one, `regions` when regions are given, else `image`.
        service: whom to ask; None for the chosen one.
        polling: when to ask again; None for the service's own policy.
        on_progress: called with the job, on a background thread, after each change.
        settings: further fields of `RecognitionSettings` (`skew_correction=True`,
            `result_type="text+pdf"`), or `settings=RecognitionSettings(…)` for all of them at once.

    Returns:
        A job for the `Recognition`: lines and words with boxes in pixels of the image as given.

    Raises:
        SettingsError: at once, for a setting that does not exist or a value that is not allowed.
    """
    chosen = _recognition_settings(language, upsampling, settings)
    if document is not None and document not in DOCUMENTS:
        raise SettingsError(f"document cannot be {document!r}: {suggestion(str(document), DOCUMENTS)}")
    kind = document or ("regions" if chosen.regions else None)
    source = Source.of(image, may_be_pdf=kind in {"pdf", None})

    async def prepare() -> tuple[OcrRequest, float]:
        given = await source.load()
        operation = DOCUMENTS[kind or ("pdf" if given.is_pdf else "image")]
        return OcrRequest(operation, given.data, chosen, given.name), given.megapixels

    return ask(
        service_of(service),
        prepare,
        parse_recognition,
        label=f"recognize {source.name}",
        polling=polling,
        on_progress=on_progress,
    )


def attach_picture(service: OcrService, task_id: TaskId, *, name: str = "image") -> Job[Picture]:
    """Wait for a filter's task that was submitted earlier, here or by a process that is gone."""
    return attach(service, task_id, partial(parse_picture, name=name), label=f"resume {name}")


def attach_recognition(service: OcrService, task_id: TaskId, *, name: str = "image") -> Job[Recognition]:
    """Wait for a recognition that was submitted earlier, here or by a process that is gone."""
    return attach(service, task_id, parse_recognition, label=f"resume {name}")


def parse_picture(report: TaskReport, *, name: str) -> Picture:
    """Read the picture of a completed report; it is called `name`.

    Raises:
        UnreadableAnswer: there is none, or it cannot be decoded.
    """
    for item in report.results:
        if item.kind is ResultKind.IMAGE_PNG:
            try:
                return load_picture(item.data, name=name)
            except ImageError as error:
                raise UnreadableAnswer(f"The service's picture cannot be read: {error}") from error
    kinds = ", ".join(item.kind.value for item in report.results) or "nothing"
    raise UnreadableAnswer(f"The service answered {kinds} in place of a picture.")


def _recognition_settings(language: str, upsampling: bool, settings: dict[str, Any]) -> RecognitionSettings:
    whole = settings.pop("settings", None)
    if whole is None:
        return RecognitionSettings.from_options(language=language, upsampling=upsampling, **settings)
    if not isinstance(whole, RecognitionSettings) or settings or language != "English" or upsampling:
        raise SettingsError("settings=… is a RecognitionSettings and replaces all single settings: give one.")
    return whole


def _picture_job(
    operation: Operation,
    image: ImageLike,
    service: str | OcrService | None,
    polling: PollingPolicy | None,
    on_progress: Progress | None,
    *,
    factor: int | None = None,
) -> Job[Picture]:
    source = Source.of(image)

    async def prepare() -> tuple[OcrRequest, float]:
        given = await source.load()
        return OcrRequest(operation, given.data, name=given.name, factor=factor), given.megapixels

    return ask(
        service_of(service),
        prepare,
        partial(parse_picture, name=source.name),
        label=f"{operation.value} {source.name}",
        polling=polling,
        on_progress=on_progress,
    )


def _computed_job(
    verb: str, image: ImageLike, make: Callable[[Picture], Any], on_progress: Progress | None
) -> Job[Picture]:
    source = Source.of(image)

    async def work(job: Job[Picture]) -> Picture:
        given = await source.load()
        assert given.picture is not None
        filtered = await asyncio.to_thread(make, given.picture)
        picture: Picture = filtered.picture
        return picture

    return Job(work, label=f"{verb} {source.name}", on_progress=on_progress)
