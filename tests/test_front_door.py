"""The front door holds names only: sorted, complete, and nothing heavy behind it until a name is used."""

import ast
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import ocr_nb

HEAVY = {
    "PIL",
    "anywidget",
    "cv2",
    "httpx",
    "ipywidgets",
    "matplotlib",
    "numpy",
    "onnxruntime",
    "pandas",
    "pypdfium2",
    "rapidfuzz",
    "rapidocr",
    "reportlab",
    "rich",
    "stamina",
    "starlette",
    "tesserocr",
    "typer",
    "uniseg",
    "uvicorn",
}
PROMISED = {
    "CloudService",
    "ImageCompare",
    "Job",
    "LocalService",
    "Picture",
    "RecognitionSettings",
    "Trial",
    "advise",
    "binarize",
    "compare",
    "contrast",
    "deskew",
    "dewarp",
    "gather",
    "pipeline",
    "recognize",
    "rotate",
    "samples",
    "upsample",
    "use",
}


def in_a_process_of_its_own(code):
    """Run `code` in a fresh interpreter; return what it prints as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


def test_all_names_are_sorted_and_every_promised_one_is_there():
    """A reader looks a name up by the alphabet."""
    assert sorted(ocr_nb.__all__) == ocr_nb.__all__
    assert set() == PROMISED - set(ocr_nb.__all__)
    assert dir(ocr_nb) == ocr_nb.__all__


@pytest.mark.parametrize("name", ocr_nb.__all__)
def test_every_name_comes_from_the_room_it_says(name):
    """A misspelled room shows only when the name is used: here each one is."""
    found = getattr(ocr_nb, name)
    assert name == "__version__" or name == found.__name__


def test_the_checker_sees_the_names_that_users_see():
    """The lazy table and the imports for type checkers list the same."""
    tree = ast.parse(Path(ocr_nb.__file__).read_text(encoding="utf-8"))
    checked = {
        (alias.name, "." + (node.module or ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert set(ocr_nb._ROOMS.items()) == checked
    assert {"__version__", *ocr_nb._ROOMS} == set(ocr_nb.__all__)


def test_an_unknown_name_is_no_attribute():
    """As with any module."""
    with pytest.raises(AttributeError, match="module 'ocr_nb' has no attribute 'upscale'"):
        _ = ocr_nb.upscale


def test_opening_the_door_imports_nothing_heavy():
    """Whoever imports the package waits for a name's room only when the name is used."""
    loaded = in_a_process_of_its_own("import ocr_nb, sys, json; print(json.dumps(list(sys.modules)))")
    assert set() == {name.partition(".")[0] for name in loaded} & HEAVY
    assert ["ocr_nb"] == [name for name in loaded if name.startswith("ocr_nb")]


def test_a_service_is_made_without_its_models():
    """They are loaded with the first task, not when somebody thinks of reading."""
    code = "import ocr_nb, sys, json; ocr_nb.LocalService(); print(json.dumps(list(sys.modules)))"
    models = {"onnxruntime", "rapidocr", "tesserocr", "matplotlib", "pandas", "ipywidgets"}
    assert set() == {name.partition(".")[0] for name in in_a_process_of_its_own(code)} & models


def test_the_help_of_the_command_line_imports_no_room():
    """`ocr-nb --help` answers at once."""
    code = (
        "import contextlib, io, json, sys\n"
        "from ocr_nb.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main(['--help'])\n"
        "print(json.dumps(list(sys.modules)))"
    )
    loaded = in_a_process_of_its_own(code)
    assert set() == {name.partition(".")[0] for name in loaded} & (HEAVY - {"typer", "rich"})


def test_the_version_is_the_distribution_s():
    """Two places, one number."""
    assert metadata.version("ocr_nb") == ocr_nb.__version__


def test_the_package_is_typed():
    """Checkers of those who use it read our annotations."""
    assert (Path(ocr_nb.__file__).parent / "py.typed").is_file()
