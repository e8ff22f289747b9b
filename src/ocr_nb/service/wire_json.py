"""How the vendor's JSON, Base64 and error answers are read and written: tolerant in, exact out.

The tools of `wire.py`: JSON with forgiven trailing commas, keys whose letter case does not matter, Base64
with white space, and `ProblemDetails` in whatever content type they come.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

_STRING_OR_COMMA = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|,(?=\s*[}\]])', re.DOTALL)


def load_json(body: bytes | str) -> Any:
    """Parse JSON; commas before a closing bracket are forgiven, as the service forgives them.

    Raises:
        ValueError: it is not JSON even then.
    """
    text = body if isinstance(body, str) else body.decode("utf-8-sig")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError:
        mended = _STRING_OR_COMMA.sub(lambda match: match.group(1) or "", text)
        if mended == text:
            raise
        return json.loads(mended)


def decode_base64(text: str) -> bytes:
    """Decode standard Base64; white space anywhere is ignored, anything else foreign is refused.

    Raises:
        ValueError: a foreign character, or wrong padding.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        pass
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(str(error).rstrip(".").lower()) from error


def encode_problem(
    status: int, title: str, detail: str | None = None, errors: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    """Return a `ProblemDetails` object as ASP.NET writes it (RFC 9457); `errors` maps a field to messages."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": None,
    }
    return problem | {"errors": dict(errors)} if errors else problem


def describe_problem(body: bytes) -> str:
    """Return what an error answer says, in one line, whatever its content type; empty for nothing."""
    text = body[:20_000].decode("utf-8", "replace").strip()
    try:
        raw = load_json(text)
    except ValueError:
        return "" if text.startswith("<") else _one_line(text)
    if not isinstance(raw, Mapping):
        return _one_line(str(raw))
    keys = folded(raw)
    parts = [str(keys[key]) for key in ("title", "detail", "error", "error_description") if keys.get(key)]
    if isinstance(keys.get("errors"), Mapping):
        parts += [f"{field}: {', '.join(strings(notes))}" for field, notes in keys["errors"].items()]
    return _one_line(" ".join(parts))


def folded(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the object with lower-case keys: the service's own parser does not mind letter case."""
    return {str(key).lower(): value for key, value in raw.items()}


def strings(raw: Any) -> tuple[str, ...]:
    """Return the non-empty entries of a list as strings; nothing for anything else."""
    return tuple(str(entry) for entry in raw if entry) if isinstance(raw, list) else ()


def shortened(value: Any) -> str:
    """Return the value's repr, at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 300 else f"{flat[:299]}…"
