"""Run the real command line in a process of its own, as a user's shell does."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(*arguments: object, cwd: Path, data: bytes | None = None) -> Outcome:
    """Run `ocr-nb` with `arguments` in the folder `cwd`; no terminal, no colours."""
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONWARNINGS": "error", "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-m", "ocr_nb", *map(str, arguments)],
        cwd=cwd, env=environment, input=data, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())
