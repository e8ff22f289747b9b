"""What a server is told when it starts, as one frozen value that travels to its worker processes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ..errors import SettingsError
from ..images import MAX_PIXELS
from .faults import NOTHING_WRONG, FaultScript

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits and manners of the server; holds no secret."""

    strict: bool = False
    """Whether an access token is demanded and credentials are checked."""
    max_body: int = 64 * MEBIBYTE
    """Bytes of a request's body above which it is refused with 413."""
    max_pixels: int = MAX_PIXELS
    """Width × height, as the image's header declares it, above which it is refused with 413."""
    queue: int = 256
    """Tasks that may wait or run at once; above it a POST is refused with 429 and Retry-After."""
    allowed_hosts: tuple[str, ...] = ()
    """Names a client may write in `Host` besides `localhost` and plain addresses."""
    cors_origins: tuple[str, ...] = ()
    """Origins (`https://name:port`) whose pages may call the server; none unless named."""
    faults: FaultScript = NOTHING_WRONG
    """What goes wrong on purpose."""
    idle_s: float = 30.0
    """Seconds without a byte after which a body that is still coming is given up with 408."""
    longest_s: float = 300.0
    """Seconds after which a body that is still coming is given up, however steadily it comes."""
    token_lifetime: int = 3600
    """Seconds an access token is good for."""

    def __post_init__(self) -> None:
        for name in ("max_body", "max_pixels", "queue", "token_lifetime"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}: give at least 1.")


def is_loopback(host: str) -> bool:
    """Tell whether a server bound to `host` can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(host: str, *, strict: bool, anyone: bool) -> None:
    """Refuse to listen beyond this machine unless tokens are checked or the caller says that anyone may.

    Raises:
        SettingsError: `host` is no loopback address and neither is set.
    """
    if not (is_loopback(host) or strict or anyone):
        raise SettingsError(
            f"Listening on {host!r} lets other machines in: add --strict to demand access tokens, "
            "or --open to serve anyone who can reach it."
        )
