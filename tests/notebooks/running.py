"""Run one notebook on a plain kernel in an empty folder; tell its time, memory and size."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from memory import PeakMemory

FOLDER = Path(__file__).parents[2] / "notebooks"
_SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)


@dataclass(frozen=True)
class Executed:
    """A notebook that ran."""

    name: str
    notebook: Any
    seconds: float
    peak_mb: float
    """Of the kernel and what it started, proportional set sizes added up."""
    megabytes: float
    """Of the notebook with its outputs."""

    @property
    def outputs(self) -> list[Any]:
        """All outputs, in order."""
        return [output for cell in self.notebook.cells for output in cell.get("outputs", [])]

    @property
    def printed(self) -> str:
        """What was printed."""
        return "".join(output.text for output in self.outputs if output.get("name") == "stdout")

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.seconds:.1f} s, peak memory {self.peak_mb:.0f} MB, "
            f"executed notebook {self.megabytes:.2f} MB"
        )


def read(name: str) -> Any:
    """Return a notebook of the repository."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def solutions_of(notebook: Any) -> list[str]:
    """Return the code of the folded solutions, in order."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [code for text in texts for code in _SOLUTION.findall(text)]


def execute(name: str, folder: Path, *, kernel: str = "python3", timeout: int = 300) -> Executed:
    """Run notebook `name` in `folder`, and after it the folded solutions, as a student would."""
    notebook = read(name)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in solutions_of(notebook)]
    client = NotebookClient(
        notebook, timeout=timeout, kernel_name=kernel, resources={"metadata": {"path": str(folder)}}
    )
    with client.setup_kernel():
        assert client.km is not None
        started = time.monotonic()
        with PeakMemory(client.km.provisioner.pid) as memory:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
        seconds = time.monotonic() - started
    size = len(nbformat.writes(notebook)) / 1e6
    return Executed(name, notebook, seconds, memory.mb, size)
