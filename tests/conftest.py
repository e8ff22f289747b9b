"""What every test stands on: a clean environment, no network but loopback, a clock that never waits.

Helpers for tests: `needs("node")` (import it from `needs`, or take the fixture), `clock`, `draw_text`.
"""

import asyncio
import ipaddress
import os
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image, ImageDraw, ImageFont

from needs import needs

# Property tests must give the same verdict on every run, and on a busy machine: no deadline, no database.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

_KEPT = {"OCR_NB_REQUIRE_ALL"}
_CLEARED = (
    "BINDER_LAUNCH_HOST", "BINDER_REPO_URL", "COLAB_RELEASE_TAG", "COLAB_GPU", "VOILA_KERNEL_ID",
    "VOILA_SERVER_URL",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "FORCE_COLOR", "NO_COLOR", "CLICOLOR_FORCE",
)  # fmt: skip


class NetworkUsed(RuntimeError):
    """A test tried to leave the machine; not an `OSError`, so that no code can take it for bad weather."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the developer's settings, notebook host, proxies and keyring; keep state in a temporary folder."""
    for name in [*os.environ]:
        if (name.startswith("OCR_NB_") and name not in _KEPT) or name in _CLEARED:
            monkeypatch.delenv(name)
    monkeypatch.setenv("OCR_NB_HOME", str(tmp_path_factory.mktemp("ocr_nb_home")))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection and every name look-up that would leave this machine."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check_address(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check_address(self, address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and str(name).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name not in (None, "", "0.0.0.0", "::") and not _is_loopback(str(name)):
            raise NetworkUsed(f"The test looked up {name!r}; only loopback is allowed.")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)


def _check_address(used: socket.socket, address: Any) -> None:
    if used.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(str(address[0])):
        raise NetworkUsed(f"The test connected to {address[0]}; only loopback is allowed.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class FakeClock:
    """Time that passes only when told: `now` for reading, `sleep` for waiting, `advance` for skipping."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self.slept: list[float] = []
        """Every wait asked for, in seconds and in order."""

    def now(self) -> float:
        """Return seconds since an arbitrary start."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once and note them; other coroutines get their turn."""
        self.slept.append(seconds)
        self._now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that never waits."""
    return FakeClock()


@pytest.fixture(name="needs")
def needs_fixture() -> Callable[..., str]:
    """The function of `needs.py`."""
    return needs


DrawText = Callable[..., npt.NDArray[np.float32]]


@pytest.fixture
def draw_text() -> DrawText:
    """Draw lines of text with the typeface that Pillow carries, so that no system font is needed.

    `draw_text("one\\ntwo", size=24, margin=12, inverse=False)` returns `(H, W)` float32 in [0, 1]; the
    x-height is about half of `size`.
    """

    def draw(
        text: str, *, size: float = 24, margin: int = 12, inverse: bool = False
    ) -> npt.NDArray[np.float32]:
        font = ImageFont.load_default(size)
        scratch = ImageDraw.Draw(Image.new("L", (1, 1)))
        left, top, right, bottom = scratch.multiline_textbbox((0, 0), text, font=font)
        page = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), 255)
        ImageDraw.Draw(page).multiline_text((margin - left, margin - top), text, font=font, fill=0)
        gray = np.asarray(page, dtype=np.float32) / np.float32(255.0)
        return np.float32(1.0) - gray if inverse else gray

    return draw
