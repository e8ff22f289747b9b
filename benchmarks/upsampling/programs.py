"""Speak with programs in another Python environment (`foreign.py`), and start each of them once."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ocr_nb.images import Picture

_SCRIPT = Path(__file__).with_name("foreign.py")


class Missing(Exception):
    """A program is not installed in that environment."""


class Program:
    """One program, asked by lines of JSON."""

    def __init__(self, python: Path, name: str) -> None:
        """Start it.

        Raises:
            Missing: its environment lacks it, or is none.
        """
        self.name = name
        self._folder = Path(mkdtemp(prefix=f"upsampling-{name}-"))
        self._count = 0
        try:
            self._process = subprocess.Popen(
                [str(python), str(_SCRIPT), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError as error:
            raise Missing(f"{name} is left out: {python} cannot be started ({error}).") from error
        first = self._answer()
        if "missing" in first:
            raise Missing(f"{name} is left out: {first['missing']}")

    def ask(self, picture: Picture, **more: Any) -> dict[str, Any]:
        """Write the picture to a file and return the answer.

        Raises:
            RuntimeError: the program died.
        """
        self._count += 1
        path = self._folder / f"{self._count}.png"
        path.write_bytes(picture.png)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"image": str(path), **more}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        path.unlink()
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} stopped with exit code {self._process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@cache
def start(python: Path, name: str) -> Program | None:
    """Start a program once; without it say so on standard error and return None."""
    try:
        return Program(python, name)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return None
