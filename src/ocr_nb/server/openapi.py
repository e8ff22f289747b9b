"""The OpenAPI document of what this server really does, made from the same tables that route the requests.

It differs from the vendor's where the vendor's is wrong: `GetResultFile` is an image, an unknown setting is
ignored, and every error status is listed.
"""

from __future__ import annotations

from typing import Any

from ..service.protocol import DSR_CONFIDENCES, DSR_MODES, Operation
from ..service.wire_names import (
    BOOLEAN_KEYS,
    DSR_MODE_SPELLINGS,
    JSON_TYPE,
    KINDS,
    LANGUAGE_SPELLINGS,
    LANGUAGES,
    PNG_TYPE,
    PUBLIC_PREFIX,
    RESULT_FILE,
    RESULT_TASK,
    RESULT_TYPE_NAMES,
    SETTING_DEFAULTS,
    STATUS_CODES,
    STATUSES,
    TABLE_RESULT_TYPE_NAMES,
    TASK_STATUS,
    TEXT_TYPE,
    TOKEN_PATH,
    UPLOAD_PART,
)
from .options import ServerOptions
from .routing import BY_NAME, OPENAPI, Action, Resource

Json = dict[str, Any]
_INT32: Json = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_EXAMPLE = (
    "iVBORw0KGgoAAAANSUhEUgAAABgAAAAMAQAAAABQS0DYAAAAMklEQVR42i3KsQ0AIAwDwY+Vgq3YihlYi6kIEpJpuPrCICCPJ3tY1REg"
    "LiJRW0R5xn8PScQMf1nD5mgAAAAASUVORK5CYII="
)
"""A PNG of 24 × 12 pixels that says OK."""
_BASE64: Json = {
    "type": "string",
    "format": "byte",
    "minLength": 4,
    "example": _EXAMPLE,
    "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$",
    "description": "A file's bytes in standard Base64; white space inside is ignored.",
}
_ERRORS = {
    400: "The request is not as it should be; `detail` says why.",
    401: "Strict mode: the access token is missing, unknown or has expired.",
    403: "A browser page of another origin asked.",
    405: "The resource does not take this method; `Allow` lists those it takes.",
    408: "The body stopped coming.",
    413: "The body or the declared image is over the limit.",
    415: "The Content-Type is not the one this resource takes.",
    429: "The queue is full; `Retry-After` says how long to wait, in seconds.",
    502: "The service behind the server refused, or its answer was cut off.",
    503: "The service behind the server cannot be used now; nothing was accepted.",
}


def make_document(options: ServerOptions) -> Json:
    """Return the document, version 3.0.3, for a server with these options."""
    paths: dict[str, Json] = {}
    for resource in BY_NAME.values():
        path = f"/{OPENAPI}" if resource.name == OPENAPI else f"{PUBLIC_PREFIX}/{resource.name}"
        paths[path] = {
            method.lower(): _describe(resource, action, options)
            for method, action in resource.actions.items()
        }
    paths[TOKEN_PATH] = {"post": _token_operation()}
    components: Json = {"schemas": _schemas()}
    if options.strict:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "ocr_nb local server",
            "version": "5.0",
            "description": "Version 5.0 of the OCR protocol, both generations, on this machine. "
            "Tasks are queued: a POST answers an id, a GET with that id answers how the task stands. "
            "Letter case of paths does not matter.",
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def _describe(resource: Resource, action: Action, options: ServerOptions) -> Json:
    described = {
        Action.SUBMIT_JSON: _submit_json,
        Action.SUBMIT_FILE: _submit_file,
        Action.FETCH: lambda resource: _fetch(resource, "State and results of a task of this resource."),
        Action.FETCH_ANY: lambda resource: _fetch(resource, "State and result of any image filter's task."),
        Action.FETCH_STATUS: lambda resource: _fetch(resource, "State of any task, without its results."),
        Action.FETCH_FILE: _fetch_file,
        Action.CANCEL: _cancel,
        Action.DESCRIBE: _document,
    }[action](resource)
    described["operationId"] = _operation_id(action, resource)
    if options.strict and resource.needs_token(action):
        described["responses"] |= _errors(401)
        described["security"] = [{"bearer": []}]
    return described


def _submit_json(resource: Resource) -> Json:
    operation = resource.operation or Operation.UPSAMPLE
    schema: Json = {"type": "object", "required": ["image"], "properties": {"image": _BASE64}}
    if not operation.is_filter:
        schema["properties"]["settings"] = _settings(operation)
    return {
        "summary": f"Queue an image for {operation.value.replace('_', ' ')}.",
        "parameters": _submit_parameters(operation),
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _issued(resource) | _errors(400, 403, 408, 413, 415, 429, 502, 503),
    }


def _submit_file(resource: Resource) -> Json:
    operation = resource.operation or Operation.UPSAMPLE
    schema = {
        "type": "object",
        "required": [UPLOAD_PART],
        "properties": {UPLOAD_PART: {"type": "string", "format": "binary", "minLength": 1}},
    }
    return {
        "summary": f"Queue an uploaded file for {operation.value}; the documented form.",
        "parameters": _submit_parameters(operation),
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}},
        "responses": _issued(resource) | _errors(400, 403, 408, 413, 415, 429, 502, 503),
    }


def _submit_parameters(operation: Operation) -> list[Json]:
    if operation is not Operation.UPSAMPLE:
        return []
    return [
        {
            "name": "factor",
            "in": "query",
            "required": False,
            "description": "Enlargement; an addition of this server.",
            "schema": {"type": "string", "enum": ["auto", "2", "3", "4"], "default": "auto"},
        }
    ]


def _id_parameter() -> list[Json]:
    return [
        {
            "name": "id",
            "in": "query",
            "required": True,
            "description": "The id that the POST answered.",
            "schema": {"type": "string", "minLength": 1},
        }
    ]


def _fetch(resource: Resource, summary: str) -> Json:
    answer = {"description": summary, "content": {JSON_TYPE: {"schema": _reference("OcrResponse")}}}
    return {
        "summary": summary,
        "parameters": _id_parameter(),
        "responses": {"200": answer} | _errors(400, 403, 502, 503),
    }


def _fetch_file(resource: Resource) -> Json:
    image = {"type": "string", "format": "binary"}
    return {
        "summary": "The image that a filter made, as a file.",
        "parameters": _id_parameter(),
        "responses": {
            "200": {"description": "The image.", "content": {PNG_TYPE: {"schema": image}}},
            "204": {"description": "There is none (yet, or any more)."},
        }
        | _errors(400, 403, 502, 503),
    }


def _cancel(resource: Resource) -> Json:
    return {
        "summary": "Take a task back; it is unknown afterwards.",
        "parameters": _id_parameter(),
        "responses": {"200": {"description": "Done, whether or not there was such a task."}}
        | _errors(400, 403, 502, 503),
    }


def _document(resource: Resource) -> Json:
    answer = {"description": "This document.", "content": {JSON_TYPE: {"schema": {"type": "object"}}}}
    return {"summary": "This document.", "responses": {"200": answer} | _errors(403)}


def _token_operation() -> Json:
    fields = ("grant_type", "client_id", "client_secret")
    form: Json = {
        "type": "object",
        "required": list(fields),
        "properties": {
            "grant_type": {"type": "string", "enum": ["client_credentials"]},
            "client_id": {"type": "string", "minLength": 1},
            "client_secret": {"type": "string", "minLength": 1},
        },
    }
    error = {JSON_TYPE: {"schema": _reference("OAuthError")}}
    # One schema for both content types: clients of either kind exist.
    content = {
        kind: {"schema": form} for kind in ("application/x-www-form-urlencoded", "multipart/form-data")
    }
    return {
        "operationId": "issue_token",
        "summary": "Exchange a client id and secret for an access token.",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "A token.", "content": {JSON_TYPE: {"schema": _reference("Token")}}},
            "400": {"description": "The form is wrong, or the credentials are.", "content": error},
            "401": {"description": "The credentials of a Basic header are wrong.", "content": error},
        }
        | _errors(403, 408, 413),
    }


def _issued(resource: Resource) -> Json:
    """Return the answer to a POST, with links to what can be done with the id."""
    content = {TEXT_TYPE: {"schema": {"type": "string", "minLength": 1, "maxLength": 64}}}
    targets = {"state": (Action.FETCH_STATUS, BY_NAME[TASK_STATUS.lower()])}
    if "GET" in resource.actions:
        targets |= {"fetch": (Action.FETCH, resource), "cancel": (Action.CANCEL, resource)}
    else:
        targets |= {
            "fetch": (Action.FETCH_ANY, BY_NAME[RESULT_TASK.lower()]),
            "file": (Action.FETCH_FILE, BY_NAME[RESULT_FILE.lower()]),
        }
    links = {
        name: {"operationId": _operation_id(action, target), "parameters": {"id": "$response.body"}}
        for name, (action, target) in targets.items()
    }
    description = "The id of the queued task, and nothing else."
    return {"200": {"description": description, "content": content, "links": links}}


def _operation_id(action: Action, resource: Resource) -> str:
    return f"{action.value}_{resource.name.replace('/', '_').replace('.', '_')}"


def _errors(*statuses: int) -> Json:
    problem = {JSON_TYPE: {"schema": _reference("ProblemDetails")}}
    found = {}
    for status in (*statuses, 405):
        answer: Json = {"description": _ERRORS[status], "content": problem}
        header = {405: "Allow", 429: "Retry-After", 401: "WWW-Authenticate"}.get(status)
        if header:
            answer["headers"] = {header: {"schema": {"type": "string"}, "required": True}}
        found[str(status)] = answer
    return found


def _settings(operation: Operation) -> Json:
    """Return the schema of the twelve settings with the defaults this resource has."""
    defaults = SETTING_DEFAULTS[operation]
    properties: Json = {
        key: {"type": "boolean", "nullable": True, "default": getattr(defaults, name)}
        for name, key in BOOLEAN_KEYS.items()
    }
    choices = {
        "language": [*LANGUAGES, *LANGUAGE_SPELLINGS],
        "dsrMode": [*DSR_MODES, *DSR_MODE_SPELLINGS],
        "dsrConfidence": [*DSR_CONFIDENCES],
        "resultType": [*RESULT_TYPE_NAMES.values()],
        "resultTypeTable": [*TABLE_RESULT_TYPE_NAMES.values()],
    }
    for key, names in choices.items():
        properties[key] = {"type": "string", "nullable": True, "enum": [*names, None]}
    properties["rotate"] = _INT32 | {
        "nullable": True,
        "description": "Degrees clockwise, before anything else. `Rotate` is understood as well.",
    }
    properties["regions"] = {"type": "array", "nullable": True, "items": _reference("Region")}
    return {"type": "object", "nullable": True, "properties": properties}


def _schemas() -> Json:
    text = {"type": "string", "nullable": True}
    texts = {"type": "array", "items": {"type": "string"}}
    number = _INT32 | {"nullable": True, "default": 0}
    corners = dict.fromkeys(("topLeftX", "topLeftY", "bottomRightX", "bottomRightY"), number)
    result = {
        "type": "object",
        "required": ["type", "data"],
        "properties": {
            "type": {"type": "string", "enum": [*KINDS.values()]},
            "data": {"type": "string", "format": "byte"},
        },
    }
    return {
        "OcrResponse": {
            "type": "object",
            "required": ["id", "taskStatus", "responseStatusCode", "results", "error"],
            "properties": {
                "id": {"type": "string"},
                "taskStatus": {"type": "string", "enum": [*dict.fromkeys(STATUSES.values())]},
                "responseStatusCode": {"type": "string", "enum": [*STATUS_CODES]},
                "results": {"type": "array", "items": result},
                "error": {
                    "type": "object",
                    "nullable": True,
                    "properties": {"messages": texts, "warnings": texts},
                },
            },
        },
        "Region": {
            "type": "object",
            "required": ["rect"],
            "properties": {"rect": {"type": "object", "properties": corners}, "order": number},
        },
        "ProblemDetails": {
            "type": "object",
            "required": ["title", "status", "detail"],
            "properties": {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "instance": text,
                "errors": {"type": "object", "additionalProperties": texts},
            },
        },
        "Token": {
            "type": "object",
            "required": ["access_token", "expires_in", "token_type"],
            "properties": {
                "access_token": {"type": "string"},
                "expires_in": {"type": "integer"},
                "token_type": {"type": "string", "enum": ["Bearer"]},
            },
        },
        "OAuthError": {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "string",
                    "enum": ["invalid_request", "invalid_client", "unsupported_grant_type"],
                },
                "error_description": {"type": "string"},
            },
        },
    }


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
