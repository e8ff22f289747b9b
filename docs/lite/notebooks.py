"""The notebooks as the browser gets them: a first cell that installs, a note, and the rest as it is.

`record` runs them here and keeps what the engines read and enlarged, for `ocr_nb.engine.stored`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("01_first_look", "02_does_plain_resizing_help", "03_when_does_upsampling_help")
STORED = "stored.json"
RUNTIME = (
    "numpy", "pandas", "matplotlib", "pillow", "opencv-python", "httpx", "platformdirs", "traitlets",
    "jinja2",
)  # fmt: skip
"""Compiled elsewhere, or large: the runtime's own packages."""
BUNDLED = (
    "anywidget", "psygnal", "ipywidgets", "comm", "typing_extensions", "stamina", "tenacity", "uniseg",
    "rapidfuzz",
)  # fmt: skip
"""Plain Python, served with the site. RapidFuzz with its fall-back in Python alone."""
NOTE = """> **In this browser no recognizer runs.** What the engines read and enlarged was stored when this
> page was built; it is found again by the picture's pixels. Everything else (resizing, comparing, counting
> errors, plots) is computed here, now. A picture that is not in the notebook is refused with a sentence: for
> your own images open the notebook on your machine or on Binder."""
SETUP = f"""import os

import piplite

await piplite.install({list(RUNTIME)!r})
await piplite.install({[*BUNDLED, "ocr_nb"]!r}, deps=False)
os.environ["OCR_NB_STORED"] = "{STORED}"
"""


def read(name: str) -> Any:
    """Return a notebook of the repository."""
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


def convert(notebook: Any) -> Any:
    """Put the note and the first cell after the question."""
    first = [nbformat.v4.new_markdown_cell(NOTE), nbformat.v4.new_code_cell(SETUP)]
    for number, cell in enumerate(first):
        cell["id"] = f"lite-{number}"
    notebook.cells[1:1] = first
    return notebook


def sources_of(notebook: Any) -> list[str]:
    """Return the code of a notebook of the repository."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]
