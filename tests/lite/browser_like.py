"""Run the notebooks of the JupyterLite site in a Python like the one in a browser; tell what was printed.

    python browser_like.py SITE_FILES

No threads, no sockets, none of the engines, and no compiled module but those that the runtime has: whatever
else is imported is refused. What was printed goes to standard output.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LITE = ROOT / "docs" / "lite"
HERE = {"notebooks", "ocr_nb"}
"""Ours."""


def main(files: Path) -> None:
    """Execute every cell of every notebook."""
    sys.path.insert(0, str(LITE))
    import nbformat
    from notebooks import BUNDLED, NAMES

    books = {name: nbformat.read(files / f"{name}.ipynb", as_version=4) for name in NAMES}
    sources = {
        name: [cell.source for cell in book.cells if cell.cell_type == "code"] for name, book in books.items()
    }
    os.environ |= {"RAPIDFUZZ_IMPLEMENTATION": "python", "MPLBACKEND": "agg", "OCR_NB_CPUS": "1"}
    import ocr_nb.settings

    ocr_nb.settings.can_start_threads = lambda: False
    threading.Thread.start = _refuse  # type: ignore[method-assign]
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    runtime = json.loads((LITE / "pyodide_packages.json").read_text(encoding="utf-8"))
    allowed = {name.partition(".")[0] for name in runtime["modules"]} | {*BUNDLED} | HERE | sys.stdlib_module_names
    sys.meta_path.insert(0, _OnlyThose(allowed | {"dateutil", "_cffi_backend", "mpl_toolkits", "pylab", "_argon2"}))
    os.chdir(files)
    for name, cells in sources.items():
        print(f"== {name}")
        setup, *rest = cells
        _install(setup)
        names: dict[str, Any] = {"__name__": "__main__", "display": print}
        for source in rest:
            exec(compile(source, name, "exec"), names)
    print(f"compiled: {', '.join(sorted(_compiled()))}")


def _refuse(*_: Any, **__: Any) -> None:
    raise RuntimeError("can't start new thread, nor open a connection: this is like a browser")


def _install(setup: str) -> None:
    """Do what the first cell does, but for the installation."""
    lines = [line for line in setup.splitlines() if "piplite" not in line]
    exec("\n".join(lines), {})


class _OnlyThose(importlib.abc.MetaPathFinder):
    """Refuses modules that would not be there in a browser."""

    def __init__(self, allowed: set[str]) -> None:
        self._allowed = allowed

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Say that there is no such module, or nothing."""
        if name.partition(".")[0] not in self._allowed and name not in sys.modules:
            raise ModuleNotFoundError(f"No module named {name!r} in a browser", name=name)


def _compiled() -> set[str]:
    """Return the packages outside the standard library of which a compiled module was loaded."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    found = {
        name.partition(".")[0]
        for name, module in sys.modules.items()
        if str(getattr(module, "__file__", None) or "").endswith(suffixes)
    }
    return found - set(sys.stdlib_module_names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
