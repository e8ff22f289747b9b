"""Every notebook runs from top to bottom, without a network, and is stored without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST_EXECUTED_BYTES = 1_000_000


def ids(path):
    return path.stem


def test_there_is_a_first_notebook():
    """The tests below run on what is found; this one says that something is."""
    assert "01_first_look" in [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_a_notebook_is_stored_without_outputs(path):
    """Outputs and widget state would grow the repository, and could hold what nobody meant to publish."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert [] == cell.get("outputs", [])
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_a_notebook_opens_with_a_question_and_ends_with_three_lines(path):
    """A reader knows from the first line what it is about, and from the last three what came of it."""
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].source.splitlines()[0].endswith("?")
    assert 3 == len([line for line in cells[-1].source.splitlines() if line.startswith("- ")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path):
    """In an empty folder, on the engine of this machine."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [] == [output for output in outputs if output.output_type == "error"]
    assert [] == [output.text for output in outputs if output.get("name") == "stderr"]
    assert 0 < len(nbformat.writes(notebook)) < LARGEST_EXECUTED_BYTES


def test_the_first_look_shows_two_pictures_and_two_rates(tmp_path):
    """The answer to its question: before, after, and how each was read."""
    notebook = nbformat.read(FOLDER / "01_first_look.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    assert 2 == len(pictures)
    assert "original      240×214 px   CER" in printed
    assert "upsampled:x3  720×642 px   CER" in printed
