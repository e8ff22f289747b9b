"""A server for a lesson: `ocr-nb serve` as a process of its own, on a free port of this machine.

In: latency and faults, as on the command line. Out: its address, its access log, and its end, at the latest
with this interpreter. Nothing but this machine can reach it.
"""

from __future__ import annotations

import atexit
import re
import subprocess
import sys
import tempfile
import time
from types import TracebackType

from ..errors import ServiceUnreachable

_PATIENCE = 60.0
"""Seconds until it must listen: a busy machine needs ten."""
_GRACE = 10.0
"""Seconds that it gets to finish what it does."""
_SAID = re.compile(r"Serving at (http://\S+?:\d+)\S*")


class LessonServer:
    """A running server; a context manager that ends it."""

    def __init__(self, *, latency: float = 0.0, faults: str = "", engine: str = "rapidocr") -> None:
        """Start it and wait until it listens.

        Args:
            latency: seconds that every task takes at least.
            faults: what goes wrong, as `ocr-nb serve --faults` takes it: `too_many,slow`.
            engine: who reads: `rapidocr` or `tesseract`.

        Raises:
            ServiceUnreachable: it did not start; the message has its last words.
        """
        command = [sys.executable, "-m", "ocr_nb", "serve", "--port", "0", "--latency", f"{latency:g}"]
        command += ["--engine", engine, *(["--faults", faults] if faults else [])]
        self._output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by `stop`
        self._process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT)
        atexit.register(self.stop)
        self.address = self._await_address()
        """What `use` takes, with the port on which it listens."""

    @property
    def log(self) -> str:
        """What it wrote so far: one line a request, without ids, tokens or contents; empty once stopped."""
        if self._output.closed:
            return ""
        self._output.seek(0)
        return self._output.read()

    def stop(self) -> None:
        """End it. May be called twice."""
        atexit.unregister(self.stop)
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _await_address(self) -> str:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            found = _SAID.search(self.log)
            if found:
                return found[1]
            time.sleep(0.05)
        last = self.log.strip().splitlines()[-1:] or ["it said nothing"]
        self.stop()
        raise ServiceUnreachable(f"The server for the lesson did not start: {last[0]}")

    def __enter__(self) -> LessonServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"LessonServer({self.address!r}, {'ended' if self._process.poll() is not None else 'running'})"
