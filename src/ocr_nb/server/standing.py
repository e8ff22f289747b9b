"""The local service as a server keeps it: at work from the start.

`LocalService` looks at its queue from its own first task on. A server may find tasks there that another
process left behind, or that were kept across a restart.
"""

from __future__ import annotations

from typing import Any

from ..service.local import LocalService


class StandingService(LocalService):
    """A `LocalService` whose workers come at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what `LocalService` takes, and have the queue looked at."""
        super().__init__(*args, **kwargs)
        self._crew.call()
