"""What the surroundings say: environment variables, folders, processors, and which notebook host this is.

One frozen `Settings`, read once by `Settings.from_environment` and handed in; no other room reads
`os.environ`. Knows nothing of services; a secret here is a `Secret`, which does not print.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import platformdirs

DEFAULT_BASE_URL = "https://api.aspose.cloud/v5.0/ocr"
DEFAULT_TOKEN_URL = "https://api.aspose.cloud/connect/token"


class Secret:
    """A string that does not show itself: repr, str, format, pickle, copy and JSON all refuse or mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the plain value; call only where it is sent."""
        return self._value

    def masked(self) -> str:
        """Return the first two characters and the last one, `ab…9`; `…` when shorter than eight."""
        return f"{self._value[:2]}…{self._value[-1]}" if len(self._value) >= 8 else "…"

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __format__(self, spec: str) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret is not pickled or copied: hand over where it is kept, not its value.")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything read from the surroundings, once."""

    home: Path | None = None
    """`OCR_NB_HOME`: one folder for configuration, state and cache; None for the system's own places."""
    client_id: str | None = None
    client_secret: Secret | None = None
    access_token: Secret | None = None
    base_url: str = DEFAULT_BASE_URL
    token_url: str = DEFAULT_TOKEN_URL
    service: str = "local"
    """`OCR_NB_SERVICE`: what `use` starts from: `local`, `cloud` or a URL."""
    tessdata: Path | None = None
    """`TESSDATA_PREFIX`: where Tesseract's language data lie; None for the usual folders."""
    stored: Path | None = None
    """`OCR_NB_STORED`: a file of stored readings that answers in place of the engines, in browsers."""
    on_binder: bool = False
    on_colab: bool = False
    on_voila: bool = False
    """Whether a web page of somebody else's drives the kernel."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the `OCR_NB_*` variables and the notebook host from `environ` (default: the process's)."""
        env = os.environ if environ is None else environ
        home = env.get("OCR_NB_HOME")
        secret, token = env.get("OCR_NB_CLIENT_SECRET"), env.get("OCR_NB_ACCESS_TOKEN")
        return cls(
            home=Path(home).expanduser() if home else None,
            client_id=env.get("OCR_NB_CLIENT_ID") or None,
            client_secret=Secret(secret) if secret else None,
            access_token=Secret(token) if token else None,
            base_url=env.get("OCR_NB_BASE_URL") or DEFAULT_BASE_URL,
            token_url=env.get("OCR_NB_TOKEN_URL") or DEFAULT_TOKEN_URL,
            service=env.get("OCR_NB_SERVICE") or "local",
            tessdata=Path(env["TESSDATA_PREFIX"]) if env.get("TESSDATA_PREFIX") else None,
            stored=Path(env["OCR_NB_STORED"]) if env.get("OCR_NB_STORED") else None,
            on_binder="BINDER_LAUNCH_HOST" in env or "BINDER_REPO_URL" in env,
            on_colab="COLAB_RELEASE_TAG" in env or "COLAB_GPU" in env,
            on_voila="VOILA_KERNEL_ID" in env or "VOILA_SERVER_URL" in env,
        )

    @property
    def is_for_strangers(self) -> bool:
        """Whether those who give addresses here are not the owners of this machine and its network."""
        return self.on_binder or self.on_colab or self.on_voila

    @property
    def config_folder(self) -> Path:
        """Where `credentials.json` lives."""
        return self.home / "config" if self.home else Path(platformdirs.user_config_dir("ocr_nb"))

    @property
    def state_folder(self) -> Path:
        """Where the journal and the meter live."""
        return self.home / "state" if self.home else Path(platformdirs.user_state_dir("ocr_nb"))

    @property
    def cache_folder(self) -> Path:
        """Where results wait for 24 hours."""
        return self.home / "cache" if self.home else Path(platformdirs.user_cache_dir("ocr_nb"))


def available_cpus() -> int:
    """Return how many processors this process may really use, at least 1.

    The smallest of the machine's count, the affinity mask, the control group's quota and `OCR_NB_CPUS`:
    inside a container (Binder gives one core) `os.cpu_count()` reports the host's.
    """
    counts = [os.cpu_count() or 1]
    limit = os.environ.get("OCR_NB_CPUS", "")
    if limit.isdecimal():
        counts.append(int(limit))
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    quota = _cgroup_quota()
    if quota is not None:
        counts.append(max(1, round(quota)))
    return max(1, min(counts))


def can_start_threads() -> bool:
    """Tell whether this Python has threads: inside a browser (Pyodide) it has none."""
    return sys.platform != "emscripten"


def cap_threads(count: int) -> None:
    """Let this process, one of several that share the machine, use `count` processors.

    Has no effect on libraries that have started their threads already.
    """
    for name in ("OCR_NB_CPUS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, str(count))


def _cgroup_quota() -> float | None:
    """Return the CPU quota of the control group (version 2, then 1) in processors; None without one."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        folder = Path("/sys/fs/cgroup/cpu")
        micros = int((folder / "cpu.cfs_quota_us").read_text())
        period_micros = int((folder / "cpu.cfs_period_us").read_text())
        return micros / period_micros if micros > 0 else None
    except (OSError, ValueError):
        return None
