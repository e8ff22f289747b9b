"""Run the notebooks of the JupyterLite site in a Python like the one in a browser; tell what was printed.

    python browser_like.py SITE

No threads, no sockets, none of the engines; of foreign modules only those of the site's own wheels and those
that the runtime has: whatever else is imported is refused. What was printed goes to standard output.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import socket
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LITE = ROOT / "docs" / "lite"
INSIDE = {"dateutil", "mpl_toolkits", "pylab", "_argon2"}
"""Modules of the runtime's packages that its list does not name."""


def main(site: Path) -> None:
    """Execute every cell of every notebook."""
    sources = {path.stem: _code_of(path) for path in sorted((site / "files").glob("*.ipynb"))}
    with tempfile.TemporaryDirectory() as folder:
        _unpack(site, Path(folder))
        _become_like_a_browser(Path(folder))
        os.chdir(site / "files")
        for name, cells in sources.items():
            _run(name, cells)
    print(f"compiled: {', '.join(sorted(_compiled()))}")


def _code_of(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _unpack(site: Path, folder: Path) -> None:
    """Install the site's wheels, before whatever else is installed here."""
    for wheel in (site / "pypi").glob("*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
    sys.path[:] = [str(folder), *(part for part in sys.path if "wt" not in part and "src" not in part)]


def _become_like_a_browser(folder: Path) -> None:
    os.environ |= {"MPLBACKEND": "agg", "OCR_NB_CPUS": "1"}
    runtime = json.loads((LITE / "pyodide_packages.json").read_text(encoding="utf-8"))
    allowed = {name.partition(".")[0] for name in runtime["modules"]} | sys.stdlib_module_names
    allowed |= {path.stem.partition(".")[0] for path in folder.iterdir()} | INSIDE
    _OnlyThose.allowed = frozenset(allowed)
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, _OnlyThose]
    threading.Thread.start = _refuse  # type: ignore[method-assign]
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    settings = importlib.import_module("ocr_nb.settings")
    assert str(folder) in str(settings.__file__), settings.__file__
    settings.can_start_threads = lambda: False  # type: ignore[attr-defined]


def _run(name: str, cells: list[str]) -> None:
    print(f"== {name}")
    setup, *rest = cells
    exec("\n".join(line for line in setup.splitlines() if "piplite" not in line), {})
    names: dict[str, Any] = {"__name__": "__main__", "display": print}
    for source in rest:
        exec(compile(source, name, "exec"), names)


def _refuse(*_: Any, **__: Any) -> None:
    raise RuntimeError("can't start new thread, nor open a connection: this is like a browser")


class _OnlyThose(importlib.machinery.PathFinder):
    """Finds no module that would not be there in a browser."""

    allowed: frozenset[str] = frozenset()

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Find a module on the path, or say that there is none."""
        first = fullname.partition(".")[0]
        known = first in cls.allowed or first.startswith("_sysconfigdata")
        return super().find_spec(fullname, path, target) if known else None


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
