"""How the server says no: an exception carrying an HTTP status, and the `ProblemDetails` answer made of it.

Errors leave as `application/json; charset=utf-8`: official SDKs parse them from no other type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from ..service.wire_json import encode_problem
from ..service.wire_names import JSON_TYPE


class Refused(Exception):
    """The request is answered with an error status."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field
        """The field at fault, which ASP.NET lists under `errors`; None for the request as a whole."""
        self.headers = dict(headers or {})
        self.body = body
        """The JSON object to send instead of `ProblemDetails`; OAuth has a form of its own."""


def make_refusal(refused: Refused) -> Response:
    """Return the answer that tells the client what `refused` says."""
    body = refused.body
    if body is None:
        errors = {refused.field: [refused.detail]} if refused.field else None
        title = HTTPStatus(refused.status).phrase
        body = encode_problem(refused.status, title, refused.detail, errors)
    return make_json(body, status=refused.status, headers=refused.headers)


def make_json(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON answer with the exact content type of the service.

    Only ASCII is written: a lone surrogate, which JSON can carry and UTF-8 cannot, then does no harm.
    """
    content = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return Response(content, status, {**(headers or {}), "Content-Type": JSON_TYPE})


UNAUTHORIZED = "Send 'Authorization: Bearer' with a token from /connect/token."


def refuse_token(reason: str, *, error: str | None = None) -> Refused:
    """Return a 401 as RFC 6750 wants it; `error` is its code, None when no token came at all."""
    challenge = "Bearer"
    if error:
        challenge = f'Bearer error="{error}", error_description="{reason}"'
    return Refused(401, f"{reason} {UNAUTHORIZED}", headers={"WWW-Authenticate": challenge})
