"""What the official SDK must achieve against the server, noted claim by claim.

Runs inside an SDK's own environment: standard library only. One JSON line a claim on standard output.
"""

import base64
import json
import struct
import sys
import time
import traceback
from pathlib import Path

PATIENCE_S = 90.0


class Claims:
    """Notes claims; `exit` ends the process with 1 when one did not hold."""

    def __init__(self):
        self.failed = 0

    def check(self, name, function):
        """Run `function`, which asserts; note whether it held."""
        started = time.monotonic()
        try:
            function()
            problem = None
        except Exception as error:
            problem = f"{type(error).__name__}: {error} | {traceback.format_exc(limit=-2)}"
            self.failed += 1
        seconds = round(time.monotonic() - started, 2)
        print(
            json.dumps({"claim": name, "holds": problem is None, "seconds": seconds, "problem": problem}),
            flush=True,
        )

    def exit(self):
        """End the process."""
        sys.exit(1 if self.failed else 0)


def poll(ask, status_of):
    """Ask until the status is final; return the last answer."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = ask()
        if status_of(answer) not in {"Pending", "Processing"} or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)


def read(path):
    """Return the bytes of a file."""
    return Path(path).read_bytes()


def encode(data):
    """Return Base64 text."""
    return base64.b64encode(data).decode("ascii")


def png_size(data):
    """Return (width, height) of a PNG."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:20]
    return struct.unpack(">II", data[16:24])


def shared_words(text, truth):
    """Return the share of the truth's words that occur in the text."""
    wanted = truth.lower().split()
    return sum(word in text.lower().split() for word in wanted) / len(wanted)


def raises(kinds, function):
    """Return the exception of one of `kinds` that `function` raises."""
    try:
        result = function()
    except kinds as error:
        return error
    raise AssertionError(f"nothing was raised, but {result!r} returned")
