"""What is shipped works without what is not: the wheel holds every asset, and runs with the sources away."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel once, with the build tool of this environment: nothing is fetched."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    """The wheel's files in a folder far from the sources."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def tracked(*folders):
    """List the files that git knows below `folders`, relative to the root."""
    done = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_every_file_of_the_package_travels(unpacked):
    """Code, samples, style sheets, weights: whatever is beside the code."""
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    missing = [name for name in tracked("src/ocr_nb") if name.removeprefix("src/") not in there]
    assert [] == missing
    assert {"ocr_nb/py.typed", "ocr_nb/samples/samples.json", "ocr_nb/static/image_compare.js"} <= there


def test_the_notebooks_travel(unpacked):
    """`ocr-nb lab` copies them from there."""
    shipped = {path.name for path in (unpacked / "ocr_nb" / "notebooks").glob("*.ipynb")}
    assert {Path(name).name for name in tracked("notebooks") if name.endswith(".ipynb")} == shipped


def test_nothing_else_travels(unpacked):
    """No tests, no training room, no caches."""
    assert ["ocr_nb"] == [path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")]
    assert [] == [path for path in unpacked.rglob("*") if path.name in {"__pycache__", "training", "tests"}]


def test_the_wheel_stays_small(wheel):
    """It is downloaded at every start of a hosted notebook."""
    assert wheel.stat().st_size < 6_000_000


def test_the_wheel_runs_with_the_sources_away(unpacked, tmp_path):
    """The package found is the unpacked one; it reads a sample of its own and copies its notebooks."""
    code = (
        "import json, sys, ocr_nb\n"
        "from pathlib import Path\n"
        "from ocr_nb.lab import copy_notebooks\n"
        "sample, = ocr_nb.samples('card')\n"
        "trial, = ocr_nb.compare(sample, conditions='original')\n"
        "copied = copy_notebooks(Path('copies')).copied\n"
        "print(json.dumps([ocr_nb.__file__, trial.cer, trial.error, copied]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(unpacked)!r})\n{code}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    origin, cer, error, copied = json.loads(done.stdout)
    assert str(unpacked / "ocr_nb" / "__init__.py") == origin
    assert (0.0, None) == (cer, error)
    assert "01_first_look.ipynb" in copied


def test_the_command_is_declared(unpacked):
    """`pip install` makes `ocr-nb` of it."""
    (entries,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "ocr-nb = ocr_nb.cli:main" in entries.read_text(encoding="utf-8")
