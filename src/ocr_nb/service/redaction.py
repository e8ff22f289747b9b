"""Keep secrets out of the log, ours and the transport's.

A filter on the loggers that could print one: it masks known secrets, bearer tokens and token answers in the
finished message, and shortens task ids in addresses. Changes nothing else.
"""

from __future__ import annotations

import functools
import logging
import re

from ..settings import Secret

LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "hpack.hpack",
    "stamina",
    "ocr_nb.service.auth",
    "ocr_nb.service.cloud.exchange",
    "ocr_nb.service.cloud.client",
)
"""A logger's filter does not see its children's records, so each one that speaks is named."""
_PATTERNS = (
    (re.compile(r"(?i)(bearer\s+)[^\s'\",)]+"), r"\1…"),
    (re.compile(r"(?i)(client_secret=)[^&\s'\"]+"), r"\1…"),
    (re.compile(r"(?i)(access_token['\"]?\s*[:=]\s*b?['\"]?)[^'\"\s,}&]+"), r"\1…"),
    (re.compile(r"(?i)([?&]id=[0-9a-f]{8})[0-9a-f-]{8,}"), r"\1…"),
)


_SHORTEST = 6
"""Characters from which a secret is masked by itself; the service's have 32 and more."""


class Redaction(logging.Filter):
    """Masks in every record that passes; holds the secrets it knows as `Secret`."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: list[Secret] = []

    def add(self, secret: Secret) -> None:
        """Mask this secret from now on; one of a few letters would blot out the text around it instead."""
        if len(secret.reveal()) >= _SHORTEST and secret not in self._secrets:
            self._secrets.append(secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the message of `record`; let every record pass."""
        message = record.getMessage()
        masked = self.mask(message)
        if masked != message:
            record.msg, record.args = masked, ()
        return True

    def mask(self, text: str) -> str:
        """Return `text` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret.reveal(), "…")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


@functools.cache
def shared_redaction() -> Redaction:
    """Return this process's one filter, on every logger of `LOGGERS`; it stays when services are closed."""
    redaction = Redaction()
    for name in LOGGERS:
        logging.getLogger(name).addFilter(redaction)
    return redaction
