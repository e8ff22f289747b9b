"""The official Python SDKs, unmodified and each in its own environment, against `ocr-nb serve`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from environments import make_environment

import ocr_nb
from server.running import serving

VERSIONS = ("24.11.0", "24.8.0", "23.12.0", "23.6.0.2")
HERE = Path(__file__).resolve().parent
IMAGE = "card"
CREDENTIALS = {"OCR_NB_CLIENT_ID": "sdk-client", "OCR_NB_CLIENT_SECRET": "sdk-secret"}
SDK_S = 300
"""Seconds that one SDK's script may take."""


def run(versions: tuple[str, ...] | list[str]) -> bool:
    """Return whether every claim holds for every version."""
    samples = Path(ocr_nb.__file__).parent / "samples"
    files = [str(samples / f"{IMAGE}.png"), str(samples / f"{IMAGE}.gt.txt")]
    pythons = {
        version: make_environment(f"sdk-{version}", f"aspose-ocr-cloud=={version}") for version in versions
    }
    good = True
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        strict = serving(Path(two), "--strict", environment=CREDENTIALS)
        with serving(Path(one)) as opened, strict as closed:
            for version, python in pythons.items():
                good &= _run_version(version, python, [opened.base, closed.base, *files])
    return good


def _run_version(version: str, python: Path, arguments: list[str]) -> bool:
    script = HERE / "sdk" / f"version_{version.split('.')[0]}.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"SDK_CLIENT_ID": "sdk-client", "SDK_CLIENT_SECRET": "sdk-secret"}
    done = subprocess.run(
        [python, script, version, *arguments], capture_output=True, text=True, timeout=SDK_S, env=environment
    )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    held = sum(row["holds"] for row in rows)
    print(f"   SDK {version}: {held} of {len(rows)} claims hold, {sum(row['seconds'] for row in rows):.1f} s")
    for row in rows:
        if not row["holds"]:
            print(f"      FAILED {row['claim']}: {row['problem']}")
    if done.returncode and held == len(rows):
        print(done.stderr[-3000:])
    return done.returncode == 0 and held == len(rows) > 0
