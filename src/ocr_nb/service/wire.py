"""The vendor's JSON ↔ our frozen values, in both directions and both generations of the protocol.

The client encodes requests and decodes reports, the server decodes requests and encodes reports; both read
tolerantly (letter case of keys, trailing commas, null lists, unknown keys) and write exactly. The spellings
are in `wire_names.py`, JSON, Base64 and error answers in `wire_json.py`. Knows no transport and no clock.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import SettingsError, UnreadableAnswer
from .protocol import (
    DSR_CONFIDENCES,
    DSR_MODES,
    OcrRequest,
    Operation,
    RecognitionSettings,
    Region,
    ResultItem,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
    suggestion,
)
from .wire_json import decode_base64, folded, load_json, shortened, strings
from .wire_names import (
    BOOLEAN_KEYS,
    DOCUMENTED_UPLOADS,
    DSR_MODE_SPELLINGS,
    KINDS,
    LANGUAGE_SPELLINGS,
    LANGUAGES,
    RESOURCES,
    RESULT_TASK,
    RESULT_TYPE_NAMES,
    SETTING_DEFAULTS,
    STATUSES,
    TABLE_RESULT_TYPE_NAMES,
    Generation,
    SettingDefaults,
)

_INT32 = 2**31
_LONGEST_TASK_ID = 256


class MalformedRequest(ValueError):
    """A request's body that the protocol does not allow: the server answers 400 with this sentence."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        """The JSON key at fault; None for the body as a whole."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an operation is posted, fetched and cancelled, below the base address."""

    submit: str
    fetch: str
    cancel: str
    is_multipart: bool
    needs_token: bool = True


def find_endpoint(operation: Operation, generation: Generation = "current") -> Endpoint:
    """Return where `operation` is served; only the four filters differ between the generations.

    The documented generation has no DELETE; it shares its queue with the current one, whose DELETE serves.
    """
    resource = RESOURCES[operation]
    if generation == "documented" and operation in DOCUMENTED_UPLOADS:
        return Endpoint(DOCUMENTED_UPLOADS[operation], RESULT_TASK, resource, is_multipart=True)
    return Endpoint(
        resource,
        resource,
        resource,
        is_multipart=False,
        needs_token=operation is not Operation.RECOGNIZE_TRIAL,
    )


def encode_request(request: OcrRequest) -> dict[str, Any]:
    """Return the JSON body of the current generation: `image` in Base64, `settings` for recognition."""
    body: dict[str, Any] = {"image": base64.b64encode(request.data).decode("ascii")}
    if not request.operation.is_filter:
        body["settings"] = encode_settings(request.operation, request.settings)
    return body


def decode_request(operation: Operation, body: bytes) -> OcrRequest:
    """Read the JSON body of the current generation; missing settings stand for the defaults.

    Raises:
        MalformedRequest: it is not JSON, holds no usable `image`, or a setting has a value not allowed.
    """
    try:
        raw = load_json(body)
    except ValueError as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(raw, Mapping):
        raise MalformedRequest("The body is not a JSON object: send an object with the key 'image'.")
    keys = folded(raw)
    data = _decode_image(keys.get("image"))
    if operation.is_filter:
        return OcrRequest(operation, data)
    return OcrRequest(operation, data, decode_settings(operation, keys.get("settings")))


def _decode_image(value: Any) -> bytes:
    if value is None or value == "":
        raise MalformedRequest("The image is missing: send a file's bytes in Base64.", key="image")
    if not isinstance(value, str):
        raise MalformedRequest("The image is not a string: send a file's bytes in Base64.", key="image")
    if value[:5].lower() == "data:":
        raise MalformedRequest("The image starts with 'data:': send the Base64 after the comma.", key="image")
    try:
        return decode_base64(value)
    except ValueError as error:
        raise MalformedRequest(f"The image is not Base64: {error}.", key="image") from error


def encode_settings(operation: Operation, settings: RecognitionSettings) -> dict[str, Any]:
    """Return the `settings` object; the five booleans are always explicit, as the official SDKs send them.

    Raises:
        SettingsError: the service does not know the language.
    """
    filled = fill_defaults(operation, settings)
    body: dict[str, Any] = {"language": language_name(settings.language)}
    body.update({key: getattr(filled, name) for name, key in BOOLEAN_KEYS.items()})
    if settings.dsr_mode is not None:
        body["dsrMode"] = settings.dsr_mode
    if settings.dsr_confidence is not None:
        body["dsrConfidence"] = settings.dsr_confidence
    if operation is Operation.RECOGNIZE_TABLE:
        body["resultTypeTable"] = TABLE_RESULT_TYPE_NAMES[settings.table_result_type]
    else:
        body["resultType"] = RESULT_TYPE_NAMES[settings.result_type]
    if settings.rotate:
        body["Rotate"] = settings.rotate
    if settings.regions:
        body["regions"] = [_encode_region(region) for region in settings.regions]
    return body


def decode_settings(operation: Operation, raw: Any) -> RecognitionSettings:
    """Read a `settings` object; what is left out or null gets the service's default for `operation`.

    Raises:
        MalformedRequest: a value is not allowed; the message names key, value and what is meant.
    """
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        raise MalformedRequest(f"settings is not an object but {shortened(raw)}.", key="settings")
    keys = folded(raw)
    defaults = SETTING_DEFAULTS.get(operation, SettingDefaults(False, False))
    booleans = {
        name: _boolean(keys.get(key.lower()), key, getattr(defaults, name))
        for name, key in BOOLEAN_KEYS.items()
    }
    mode = keys.get("dsrmode")
    mode = DSR_MODE_SPELLINGS.get(mode, mode) if isinstance(mode, str) else mode
    return RecognitionSettings(
        **booleans,
        language=_decode_language(keys.get("language")),
        rotate=_integer(keys.get("rotate"), "Rotate", 0),
        dsr_mode=None if mode is None else _choice(mode, "dsrMode", dict.fromkeys(DSR_MODES)),
        dsr_confidence=_optional_choice(keys.get("dsrconfidence"), "dsrConfidence"),
        result_type=_key_of(keys.get("resulttype"), "resultType", RESULT_TYPE_NAMES),
        table_result_type=_key_of(keys.get("resulttypetable"), "resultTypeTable", TABLE_RESULT_TYPE_NAMES),
        regions=_decode_regions(keys.get("regions")),
    )


def fill_defaults(operation: Operation, settings: RecognitionSettings) -> SettingDefaults:
    """Return the five booleans with None replaced by the default of the resource."""
    defaults = SETTING_DEFAULTS.get(operation, SettingDefaults(False, False))

    def filled(name: str) -> bool:
        value = getattr(settings, name)
        return bool(getattr(defaults, name) if value is None else value)

    return SettingDefaults(**{name: filled(name) for name in BOOLEAN_KEYS})


def language_name(language: str) -> str:
    """Return the service's spelling of `language` (`Ukrainian` → `Ukrainan`).

    Raises:
        SettingsError: the service has no such language; the message suggests one.
    """
    name = LANGUAGE_SPELLINGS.get(language, language)
    if name not in LANGUAGES:
        raise SettingsError(f"language cannot be {language!r}: {suggestion(language, LANGUAGES)}")
    return name


def _decode_language(value: Any) -> str:
    if value is None:
        return "English"
    try:
        return language_name(value if isinstance(value, str) else shortened(value))
    except SettingsError as error:
        raise MalformedRequest(str(error), key="language") from error


def _encode_region(region: Region) -> dict[str, Any]:
    rectangle = {
        "topLeftX": region.left,
        "topLeftY": region.top,
        "bottomRightX": region.right,
        "bottomRightY": region.bottom,
    }
    return {"rect": rectangle, "order": region.order}


def _decode_regions(raw: Any) -> tuple[Region, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise MalformedRequest(f"regions is not a list but {shortened(raw)}.", key="regions")
    return tuple(_decode_region(entry) for entry in raw)


def _decode_region(entry: Any) -> Region:
    keys = folded(entry) if isinstance(entry, Mapping) else {}
    rectangle = keys.get("rect")
    if not isinstance(rectangle, Mapping):
        raise MalformedRequest(f"A region has no 'rect' object: {shortened(entry)}.", key="regions")
    corners = folded(rectangle)
    left, top, right, bottom = (
        _integer(corners.get(name.lower()), name, 0)
        for name in ("topLeftX", "topLeftY", "bottomRightX", "bottomRightY")
    )
    return Region(left, top, right, bottom, _integer(keys.get("order"), "order", 0))


def _boolean(value: Any, key: str, default: bool) -> bool:
    if value is None:
        return default
    if not isinstance(value, bool):
        raise MalformedRequest(f"{key} is true or false, not {shortened(value)}.", key=key)
    return value


def _integer(value: Any, key: str, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not -_INT32 <= value < _INT32:
        raise MalformedRequest(f"{key} is a whole number of 32 bits, not {shortened(value)}.", key=key)
    return value


def _choice(value: Any, key: str, allowed: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or value not in allowed:
        shown = value if isinstance(value, str) else shortened(value)
        raise MalformedRequest(f"{key} cannot be {shortened(value)}: {suggestion(shown, allowed)}", key=key)
    return value


def _optional_choice(value: Any, key: str) -> str | None:
    return None if value is None else _choice(value, key, dict.fromkeys(DSR_CONFIDENCES))


def _key_of(value: Any, key: str, names: Mapping[str, str]) -> str:
    """Return our key for the vendor's `value`; `text`, the service's default, when it is left out."""
    if value is None:
        return "text"
    ours = {theirs: mine for mine, theirs in names.items()}
    return ours[_choice(value, key, ours)]


def encode_report(
    report: TaskReport, *, with_results: bool = True, status_code: str | None = None
) -> dict[str, Any]:
    """Return the `OCRResponse` object; `status_code` overrides `responseStatusCode` (for lessons)."""
    results = [
        {"type": KINDS[item.kind], "data": base64.b64encode(item.data).decode("ascii")}
        for item in (report.results if with_results else ())
    ]
    error = None
    if report.messages or report.warnings:
        error = {"messages": list(report.messages), "warnings": list(report.warnings)}
    return {
        "id": report.task_id,
        "taskStatus": STATUSES[report.status],
        "responseStatusCode": status_code or _status_code(report),
        "results": results,
        "error": error,
    }


def _status_code(report: TaskReport) -> str:
    if report.status in {TaskStatus.PENDING, TaskStatus.PROCESSING}:
        return "NotReady"
    if report.status is TaskStatus.COMPLETED:
        return "Ok" if report.results else "NoAnyResultData"
    return "Error" if report.status is TaskStatus.FAILED else "TaskNotFound"


def decode_report(body: bytes, task_id: TaskId) -> TaskReport:
    """Read an `OCRResponse`: `taskStatus` decides; missing, null or unknown details do no harm.

    A completed task whose data the service says it has lost is reported as failed.

    Raises:
        UnreadableAnswer: it is not JSON, has no known `taskStatus`, or a result is not Base64.
    """
    try:
        raw = load_json(body)
    except ValueError as error:
        raise UnreadableAnswer(f"The answer about task {task_id} is not JSON: {shortened(body)}.") from error
    keys = folded(raw) if isinstance(raw, Mapping) else {}
    status = _decode_status(keys.get("taskstatus"), task_id)
    notes = folded(keys["error"]) if isinstance(keys.get("error"), Mapping) else {}
    messages, warnings = strings(notes.get("messages")), strings(notes.get("warnings"))
    results = _decode_results(keys.get("results"), task_id)
    if status is TaskStatus.COMPLETED and not results and keys.get("responsestatuscode") == "ResultDataLost":
        messages = (*messages, "The service has lost the result: submit the image again.")
        status = TaskStatus.FAILED
    return TaskReport(task_id, status, results, messages, warnings)


def _decode_status(value: Any, task_id: TaskId) -> TaskStatus:
    known = {name.lower(): status for status, name in STATUSES.items() if status is not TaskStatus.CANCELLED}
    if not isinstance(value, str) or value.lower() not in known:
        raise UnreadableAnswer(
            f"The answer about task {task_id} has the status {shortened(value)}, which is none of "
            f"{', '.join(dict.fromkeys(STATUSES.values()))}."
        )
    return known[value.lower()]


def _decode_results(raw: Any, task_id: TaskId) -> tuple[ResultItem, ...]:
    items = []
    for entry in raw if isinstance(raw, list) else ():
        keys = folded(entry) if isinstance(entry, Mapping) else {}
        data = keys.get("data")
        if not isinstance(data, str):
            continue
        try:
            items.append(ResultItem(_decode_kind(keys.get("type")), decode_base64(data)))
        except ValueError as error:
            raise UnreadableAnswer(f"A result of task {task_id} is not Base64: {error}.") from error
    return tuple(items)


def _decode_kind(value: Any) -> ResultKind:
    """Return the kind for a type string; an unknown or missing one is `OTHER`, never an error."""
    kinds = {name.lower(): kind for kind, name in KINDS.items()}
    return kinds.get(str(value).lower(), ResultKind.OTHER)


def decode_task_id(text: str) -> TaskId:
    """Read the answer to a POST: a bare id; quotes and blanks around it are dropped, nothing else is checked.

    Raises:
        UnreadableAnswer: it is empty, longer than 256 characters, or looks like a page or an object.
    """
    bare = text.strip().strip('"').strip()
    if not bare or len(bare) > _LONGEST_TASK_ID or not bare.isprintable() or bare[0] in "<{[":
        raise UnreadableAnswer(f"The service answered {shortened(text)} where a task id was expected.")
    return TaskId(bare)
