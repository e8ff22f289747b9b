"""Every notebook runs from top to bottom, without a network, and is stored without outputs."""

import ast

import nbformat
import pytest

from notebooks.running import FOLDER, execute, read, solutions_of

NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
LARGEST_MB = 1.0
"""Of an executed notebook: what is mailed and versioned."""
MOST_MEMORY_MB = 700
"""Of the kernel and its workers: a public Binder kills at 2 GB and promises half of one."""
WITH_EXERCISES = {
    "02_does_plain_resizing_help", "03_when_does_upsampling_help", "05_setting_or_endpoint",
    "07_a_study_you_can_trust",
}  # fmt: skip
LONGEST_FUNCTION = 10


def code_of(name):
    """Return the sources of the code cells and of the folded solutions."""
    notebook = read(name)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"] + solutions_of(notebook)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_stored_without_outputs(name):
    """Outputs and widget state would grow the repository, and could hold what nobody meant to publish."""
    notebook = read(name)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert [] == cell.get("outputs", [])
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_opens_with_one_question_and_ends_with_three_lines(name):
    """A reader knows from the first line what it is about, and from the last three what came of it."""
    cells = read(name).cells
    title = cells[0].source.splitlines()[0]
    assert title.startswith("# ")
    assert title.endswith("?")
    assert 1 == title.count("?")
    assert 3 == len([line for line in cells[-1].source.splitlines() if line.startswith("- ")])


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_holds_no_long_function(name):
    """What is longer than ten lines belongs into the package, where it is tested."""
    for source in code_of(name):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("name", [name for name in NAMES if name in WITH_EXERCISES])
def test_exercises_have_folded_solutions(name):
    """Each exercise has one, and it can be unfolded wherever Markdown is shown."""
    text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    exercises = text.count("\n**") - text.count("\n**Note")
    assert "## Exercises" in text
    assert exercises == text.count("<details><summary>Solution</summary>") == text.count("</details>")
    assert solutions_of(read(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_top_to_bottom(name, tmp_path, tell):
    """In an empty folder, on the engines of this machine, its solutions too; small, quiet, without errors."""
    done = execute(name, tmp_path)
    tell(str(done))
    assert [] == [output for output in done.outputs if output.output_type == "error"]
    assert [] == [output.text for output in done.outputs if output.get("name") == "stderr"]
    assert 0 < done.megabytes < LARGEST_MB
    assert 0 < done.peak_mb < MOST_MEMORY_MB


def test_the_first_look_shows_a_picture_and_two_rates(tmp_path):
    """The answer to its question in one cell: before beside after, and how each was read."""
    done = execute("01_first_look", tmp_path)
    (cell,) = [cell for cell in done.notebook.cells if cell.cell_type == "code"]
    (picture,) = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    assert "ImageCompare(original 240×214" in picture.data["text/plain"]
    assert "upsampled ×3 720×642" in picture.data["text/plain"]
    original, upsampled, _advice = done.printed.splitlines()
    assert original.startswith("original   CER ")
    assert upsampled.startswith("upsampled  CER ")
