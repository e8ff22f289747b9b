"""Work for a control that moves faster than the work: only what was asked for last is begun.

In: things to do, from any thread. Out: nothing; each is done on a daemon thread, one at a time, after a short
rest in which it may be overtaken. Knows nothing of widgets.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ..settings import can_start_threads

log = logging.getLogger(__name__)


class NewestWins:
    """Does the latest of the things asked for; those overtaken are never begun."""

    def __init__(self, rest: float) -> None:
        """Wait `rest` seconds after the last word before beginning."""
        self.rest = rest
        self._guard = threading.Lock()
        self._wanted: Callable[[], object] | None = None
        self._since = 0.0
        self._thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being done, or waits."""
        with self._guard:
            return self._thread is not None

    def ask(self, work: Callable[[], object]) -> None:
        """Do `work` soon, in place of what waits; what is being done is not interrupted here.

        Without threads it is done before this returns.
        """
        if not can_start_threads():
            self._do(work)
            return
        with self._guard:
            self._wanted, self._since = work, time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ocr_nb-newest", daemon=True)
                self._thread.start()

    def forget(self) -> None:
        """Begin nothing more of what was asked for so far."""
        with self._guard:
            self._wanted = None

    def _run(self) -> None:
        while True:
            with self._guard:
                work, left = self._wanted, self._since + self.rest - time.monotonic()
                if work is None:
                    self._thread = None
                    return
                if left <= 0:
                    self._wanted = None
            if left > 0:
                time.sleep(left)
                continue
            self._do(work)

    @staticmethod
    def _do(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # whoever asks shows errors of the work; this thread must go on
            log.exception("What was asked for last failed.")
