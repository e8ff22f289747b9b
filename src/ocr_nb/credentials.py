"""Where the secret comes from, and that it shows itself nowhere.

In: what the caller gave and the `Settings`; out: `Credentials`, with the name of the source they came from.
Order: argument, environment, Colab secrets, keyring, a 0600 file in the configuration folder. Knows no
service and sends nothing.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import ipaddress
import json
import os
import stat
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .errors import SettingsError
from .settings import Secret, Settings

T = TypeVar("T")

KEYRING_SERVICE = "ocr_nb"
"""Under this service name the keyring keeps the entries `client_id`, `client_secret` and `access_token`."""
COLAB_NAMES = {
    "client_id": "OCR_NB_CLIENT_ID",
    "client_secret": "OCR_NB_CLIENT_SECRET",
    "access_token": "OCR_NB_ACCESS_TOKEN",
}
_ANSWER_WITHIN = 5.0
"""Seconds: Colab's secrets hang outside the Colab page, a keyring may wait for a password dialog."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A client id with its secret, a ready access token, or both. Not pickled, copied or printed in full."""

    client_id: str | None = None
    client_secret: Secret | None = None
    access_token: Secret | None = None
    source: str = "argument"

    def __post_init__(self) -> None:
        if bool(self.client_id) != bool(self.client_secret):
            given, missing = ("id", "secret") if self.client_id else ("secret", "id")
            raise SettingsError(
                f"The client {given} is given ({self.source}) but not the client {missing}: give both, "
                "or an access token."
            )
        if not self.client_id and not self.access_token:
            raise SettingsError("Credentials are a client id with its secret, or an access token.")

    @classmethod
    def of(
        cls,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        access_token: str | Secret | None = None,
        *,
        source: str = "argument",
    ) -> Credentials:
        """Make credentials of plain strings or secrets; blanks around a pasted value are dropped."""
        # The names are bound anew, so that no frame of a traceback holds a plain secret.
        client_secret, access_token = _secret(client_secret), _secret(access_token)
        return cls((client_id or "").strip() or None, client_secret, access_token, source)

    @property
    def account(self) -> str:
        """A hash that stands for the client id: the key of meter and journal, 16 hexadecimal digits.

        A ready token is known by the client id in its payload when it is a JWT; all others share one key,
        so that a month's calls stay together while tokens come and go.
        """
        name = self.client_id or _client_of(self.access_token) or "access token"
        return hashlib.sha256(f"ocr_nb account {name}".encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        known = Secret(self.client_id).masked() if self.client_id else None
        held = [name for name in ("client_secret", "access_token") if getattr(self, name)]
        return f"Credentials(client_id={known!r}, holds={'+'.join(held)}, source={self.source!r})"


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """One place that was looked at: for `ocr-nb doctor` and the credentials panel."""

    name: str
    is_found: bool
    note: str
    """What is there, or why nothing is; one sentence without any secret."""


def find_credentials(settings: Settings, given: Credentials | None = None) -> Credentials | None:
    """Return the first credentials in the order of the sources; None when there are none anywhere.

    Raises:
        SettingsError: a source holds half of a pair, or the file is readable by others or malformed.
    """
    if given is not None:
        return given
    for read in _SOURCES.values():
        found = read(settings)
        if isinstance(found, Credentials):
            return found
    return None


def describe_sources(settings: Settings) -> tuple[CredentialSource, ...]:
    """Look at every source and say what is there; never raises, never shows a secret."""
    looked = {name: look_at(name, settings) for name in SOURCES}
    return tuple(
        CredentialSource(name, True, f"holds {found!r}.")
        if isinstance(found, Credentials)
        else CredentialSource(name, False, found)
        for name, found in looked.items()
    )


def look_at(source: str, settings: Settings) -> Credentials | str:
    """Return what one of `SOURCES` holds, or one sentence why that is nothing; never raises."""
    try:
        return _SOURCES[source](settings)
    except SettingsError as error:
        return str(error)


def save_credentials(credentials: Credentials, settings: Settings) -> Path:
    """Write the file source: `credentials.json`, mode 0600 in a folder of mode 0700; return its path."""
    path = settings.config_folder / "credentials.json"
    make_private_folder(path.parent)
    held = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret.reveal() if credentials.client_secret else None,
        "access_token": credentials.access_token.reveal() if credentials.access_token else None,
    }
    write_private(path, json.dumps({key: value for key, value in held.items() if value}).encode())
    return path


def make_private_folder(folder: Path) -> None:
    """Make `folder` with mode 0700, its parents as the system makes them; tighten an existing one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)


def write_private(path: Path, data: bytes) -> None:
    """Write `data` with mode 0600 and put it in place at once, so that nobody reads half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    partial.replace(path)


def check_address(url: str) -> str:
    """Return `url` when a secret may travel there: https anywhere, http to this machine only.

    Raises:
        SettingsError: it is no http(s) address, holds a password, or would send a secret in the clear.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{url!r} is not an address: give https://HOST/PATH.")
    if parts.username or parts.password:
        raise SettingsError(f"The address of {parts.hostname} holds a user name: give credentials apart.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SettingsError(
            f"Credentials are not sent to {parts.scheme}://{parts.netloc} in the clear: use https."
        )
    return url


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# Each source returns credentials, or one sentence why it has none.


def _from_environment(settings: Settings) -> Credentials | str:
    if settings.client_id or settings.client_secret or settings.access_token:
        return Credentials(
            settings.client_id, settings.client_secret, settings.access_token, source="environment"
        )
    return "OCR_NB_CLIENT_ID and OCR_NB_CLIENT_SECRET, or OCR_NB_ACCESS_TOKEN, are not set."


def _from_colab(settings: Settings) -> Credentials | str:
    if not settings.on_colab:
        return "This is not Colab."
    try:
        userdata = importlib.import_module("google.colab.userdata")
    except ImportError:
        return "Colab's secrets are not available in this kernel."

    def ask() -> dict[str, Secret | None]:
        return {name: _colab_secret(userdata, theirs) for name, theirs in COLAB_NAMES.items()}

    answers = _answer_within(_ANSWER_WITHIN, ask)
    if answers is None:
        return f"Colab's secrets did not answer within {_ANSWER_WITHIN:g} s."
    if not any(answers.values()):
        return f"No Colab secret named {COLAB_NAMES['client_id']} is open to this notebook."
    return _assembled(answers, "Colab secrets")


def _colab_secret(userdata: Any, name: str) -> Secret | None:
    try:
        return _secret(userdata.get(name))
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None


def _from_keyring(settings: Settings) -> Credentials | str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return "The package keyring is not installed (extra 'keyring')."
    backend = keyring.get_keyring()
    if backend.priority <= 0:
        return "The system has no keyring."

    def ask() -> dict[str, Secret | None] | str:
        try:
            return {name: _secret(keyring.get_password(KEYRING_SERVICE, name)) for name in COLAB_NAMES}
        except keyring.errors.KeyringError as error:
            return f"The keyring refused: {type(error).__name__}."

    answers = _answer_within(_ANSWER_WITHIN, ask)
    if answers is None:
        return f"The keyring did not answer within {_ANSWER_WITHIN:g} s."
    if isinstance(answers, str):
        return answers
    if not any(answers.values()):
        return f"The keyring has no entries client_id and client_secret under {KEYRING_SERVICE!r}."
    return _assembled(answers, "keyring")


def _from_file(settings: Settings) -> Credentials | str:
    path = settings.config_folder / "credentials.json"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            raise SettingsError(
                f"{path} can be read by others (mode {mode:04o}), so it is not used: chmod 600 it."
            )
        fields = _read_fields(path)
    except FileNotFoundError:
        return f"There is no file {path}."
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}."
    if fields is None or not any(fields.values()):
        raise SettingsError(f"{path} holds no JSON object with client_id and client_secret, or access_token.")
    return _assembled(fields, "file")


def _read_fields(path: Path) -> dict[str, Secret | None] | None:
    """Return the entries sealed at once; None when the file is no JSON object of strings.

    The parser's error is dropped here on purpose: it carries the whole document, secret and all.
    """
    try:
        held = json.loads(path.read_bytes())
    except ValueError:
        return None
    if not isinstance(held, dict) or not all(isinstance(held.get(name, ""), str) for name in COLAB_NAMES):
        return None
    return {name: _secret(held.get(name)) for name in COLAB_NAMES}


def _assembled(fields: dict[str, Secret | None], source: str) -> Credentials:
    name = fields["client_id"]
    return Credentials(
        name.reveal() if name else None, fields["client_secret"], fields["access_token"], source
    )


_SOURCES: dict[str, Callable[[Settings], Credentials | str]] = {
    "environment": _from_environment,
    "Colab secrets": _from_colab,
    "keyring": _from_keyring,
    "file": _from_file,
}
SOURCES = tuple(_SOURCES)
"""Names of the places that are looked at, in their order."""


def _answer_within(seconds: float, ask: Callable[[], T]) -> T | None:
    """Return `ask()` run on another thread; None when it takes longer (the thread is left behind)."""
    answers: list[T] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else None


def _secret(value: str | Secret | None) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value or None
    return Secret(value.strip()) if value.strip() else None


def expiry_of(token: Secret | None) -> float | None:
    """Return when a JWT ends, in seconds since 1970; None when the token is none, or does not say."""
    ends = _claims_of(token).get("exp")
    return float(ends) if isinstance(ends, int | float) else None


def _client_of(token: Secret | None) -> str | None:
    """Return the client id that a JWT names; None when the token is none, or says nothing."""
    name = _claims_of(token).get("client_id")
    return name if isinstance(name, str) else None


def _claims_of(token: Secret | None) -> dict[str, Any]:
    """Return what a JWT says of itself, without the secret part; empty for any other token."""
    parts = token.reveal().split(".") if token else []
    if len(parts) != 3:
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}
