"""What a Retry-After header says, in seconds (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime


def retry_after(value: str | None, *, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds to wait, never negative; None when the header is missing or says nothing.

    Args:
        value: a number of seconds, or an HTTP date.
        now: seconds since 1970, for dates.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if seconds < float("inf") else None
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now())
    except ValueError:
        return None
