"""Virtual environments of their own for foreign programs, kept between runs in a folder outside the tree."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

INSTALL_S = 600
"""Seconds that an installation may take."""


def cache_folder() -> Path:
    """Return where the environments are kept: `OCR_NB_LONG_CACHE`, or the user's cache folder."""
    given = os.environ.get("OCR_NB_LONG_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else base / "ocr_nb-long"


def make_environment(name: str, requirement: str) -> Path:
    """Return the Python of an environment that holds `requirement`; made when it is not there yet."""
    folder = cache_folder() / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed.txt"
    if done.is_file() and done.read_text() == requirement and python.exists():
        return python
    print(f"   installing {requirement} into {folder}", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    log = folder / "install.log"
    with log.open("wb") as file:
        code = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
            stdout=file,
            stderr=file,
            timeout=INSTALL_S,
        ).returncode
    if code:
        sys.exit(f"{requirement} cannot be installed: see {log}.\n{log.read_text()[-2000:]}")
    done.write_text(requirement)
    return python
