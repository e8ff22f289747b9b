"""The token endpoint (OAuth 2 client credentials, RFC 6749 §4.4) and the check of bearer tokens (RFC 6750).

Tokens are signed, not stored: any worker process can check what another one issued. Outside strict mode any
id and secret get a token and nothing is checked. The secret comes from the settings and never travels.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request

from ..errors import SettingsError
from ..settings import Secret, Settings
from .bodies import media_type, read_body
from .multipart import MalformedForm, parse_multipart
from .options import ServerOptions
from .problems import Refused, refuse_token

_CLAIMS = struct.Struct(">Q16s")
"""Expiry in whole seconds since 1970, and 16 random bytes that make tokens differ."""


@dataclass(frozen=True)
class TokenDesk:
    """Issues access tokens and checks them."""

    client_id: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)
    fixed_token: Secret | None = field(default=None, repr=False)
    """A ready access token that is accepted besides the issued ones."""
    strict: bool = False
    lifetime: int = 3600
    """Seconds."""

    @classmethod
    def from_settings(cls, settings: Settings, options: ServerOptions) -> TokenDesk:
        """Take the accepted credentials from the environment's `OCR_NB_*`.

        Raises:
            SettingsError: strict mode, and there is nothing that a client could show.
        """
        pair = bool(settings.client_id and settings.client_secret)
        if options.strict and not pair and not settings.access_token:
            raise SettingsError(
                "--strict has no credentials to check against: set OCR_NB_CLIENT_ID and "
                "OCR_NB_CLIENT_SECRET, or OCR_NB_ACCESS_TOKEN, before starting the server."
            )
        return cls(
            settings.client_id,
            settings.client_secret,
            settings.access_token,
            options.strict,
            options.token_lifetime,
        )

    def issue(self, now: float) -> str:
        """Return a new token that is good for `lifetime` seconds from `now` (seconds since 1970)."""
        claims = _CLAIMS.pack(int(now) + self.lifetime, secrets.token_bytes(16))
        return base64.urlsafe_b64encode(claims + self._sign(claims)).decode("ascii").rstrip("=")

    def check(self, token: str, now: float) -> None:
        """Accept `token`.

        Raises:
            Refused: 401, it was not issued here or its time is over.
        """
        if self.fixed_token and hmac.compare_digest(token.encode(), self.fixed_token.reveal().encode()):
            return
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            claims, signature = raw[: _CLAIMS.size], raw[_CLAIMS.size :]
            expiry = int(_CLAIMS.unpack(claims)[0])
        except (binascii.Error, ValueError, struct.error) as error:
            raise refuse_token("The access token is not known here.", error="invalid_token") from error
        if not self.client_secret or not hmac.compare_digest(signature, self._sign(claims)):
            raise refuse_token("The access token is not known here.", error="invalid_token")
        if now >= expiry:
            raise refuse_token("The access token has expired.", error="invalid_token")

    def knows(self, client_id: str, client_secret: str) -> bool:
        """Tell whether the pair may have a token; both halves are always compared, in constant time."""
        if not self.strict:
            return True
        known_id, known_secret = (
            self.client_id or "",
            self.client_secret.reveal() if self.client_secret else "",
        )
        same_id = hmac.compare_digest(client_id.encode(), known_id.encode())
        same_secret = hmac.compare_digest(client_secret.encode(), known_secret.encode())
        return same_id and same_secret and bool(known_id and known_secret)

    def _sign(self, claims: bytes) -> bytes:
        """Sign with a key made of the client secret, which every worker process has."""
        secret = self.client_secret.reveal() if self.client_secret else ""
        key = hashlib.sha256(f"ocr_nb access token\n{self.client_id}\n{secret}".encode()).digest()
        return hmac.new(key, claims, hashlib.sha256).digest()


def check_authorization(request: Request, desk: TokenDesk, now: float) -> None:
    """Check the `Authorization` header in strict mode.

    Raises:
        Refused: 401, it is missing, of another scheme, unknown or expired.
    """
    if not desk.strict:
        return
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refuse_token("The access token is missing.")
    desk.check(token.strip(), now)


async def issue_token(
    request: Request, desk: TokenDesk, options: ServerOptions, now: Callable[[], float]
) -> dict[str, Any]:
    """Answer POST /connect/token: a form, urlencoded or multipart, with credentials in it or in Basic.

    Raises:
        Refused: 400 (401 after Basic) with the error object of RFC 6749 §5.2.
    """
    fields = await _form(request, options)
    grant = fields.get("grant_type", "")
    if not grant:
        raise _oauth_error("invalid_request", "grant_type is missing.")
    if grant != "client_credentials":
        raise _oauth_error("unsupported_grant_type", "grant_type is not client_credentials.")
    basic = _basic(request)
    client_id, client_secret = basic or (fields.get("client_id", ""), fields.get("client_secret", ""))
    if not client_id or not client_secret:
        raise _oauth_error("invalid_request", "client_id or client_secret is missing.")
    if not desk.knows(client_id, client_secret):
        raise _oauth_error("invalid_client", "The client id or secret is wrong.", basic=basic is not None)
    return {"access_token": desk.issue(now()), "expires_in": desk.lifetime, "token_type": "Bearer"}


async def _form(request: Request, options: ServerOptions) -> dict[str, str]:
    """Return the fields; official SDKs send multipart where the documentation says urlencoded."""
    body = await read_body(request, options)
    kind = media_type(request)
    try:
        if kind == "multipart/form-data":
            parts = parse_multipart(request.headers["content-type"], body)
            return {name: value.decode("utf-8") for name, value in parts}
        if kind in {"", "application/x-www-form-urlencoded"}:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
            return dict(pairs)
    except (MalformedForm, ValueError) as error:
        raise _oauth_error("invalid_request", f"The form cannot be read: {error}") from error
    raise _oauth_error("invalid_request", f"The Content-Type {kind} is no form.")


def _basic(request: Request) -> tuple[str, str] | None:
    """Return id and secret of a Basic header, each urlencoded as RFC 6749 §2.3.1 wants; None without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, word = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except ValueError as error:
        raise _oauth_error("invalid_request", "The Basic header cannot be read.") from error
    return unquote_plus(name), unquote_plus(word)


def _oauth_error(code: str, description: str, *, basic: bool = False) -> Refused:
    headers = {"Cache-Control": "no-store"}
    if basic:
        headers["WWW-Authenticate"] = "Basic"
    body = {"error": code, "error_description": description}
    return Refused(401 if basic else 400, description, headers=headers, body=body)
