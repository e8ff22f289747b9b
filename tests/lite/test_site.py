"""The JupyterLite site: what is built, what is stored, and a run in a Python like a browser's."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from needs import needs
from ocr_nb.engine.recognizer import make_recognizer
from ocr_nb.engine.upsampler import DEFAULT_METHOD, make_upsampler

ROOT = Path(__file__).parents[2]
LITE = ROOT / "docs" / "lite"
NAMES = ["01_first_look", "02_does_plain_resizing_help", "03_when_does_upsampling_help"]
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
RUNTIME = json.loads((LITE / "pyodide_packages.json").read_text(encoding="utf-8"))
LARGEST_STORED_MB = 8.0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as the build script makes it."""
    needs("module:jupyterlite_core", "tesseract")
    folder = tmp_path_factory.mktemp("lite") / "site"
    done = subprocess.run(
        [sys.executable, str(LITE / "build.py"), str(folder)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr[-3000:]
    return folder


def test_the_site_is_complete(site):
    """Pages, notebooks, stored readings; JupyterLab opens without a server."""
    assert NAMES == sorted(path.stem for path in (site / "files").glob("*.ipynb"))
    for name in ("index.html", "lab/index.html", "files/stored.json", "api/contents/all.json"):
        assert (site / name).is_file(), name


def test_the_address_of_the_runtime_is_one_setting(site):
    """That of `docs/lite/jupyter-lite.json`, of the version that the kernel is made for."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    wanted = json.loads((LITE / "jupyter-lite.json").read_text(encoding="utf-8"))
    built = json.loads((site / "jupyter-lite.json").read_text(encoding="utf-8"))
    setting, found = (one["jupyter-config-data"]["litePluginSettings"][KERNEL] for one in (wanted, built))
    assert setting["pyodideUrl"] == found["pyodideUrl"]
    assert f"/v{PYODIDE_VERSION}/" in setting["pyodideUrl"]
    assert PYODIDE_VERSION == RUNTIME["version"]
    assert found["disablePyPIFallback"] is True


def test_the_wheels_hold_nothing_compiled(site):
    """Ours and what it needs of plain Python; the rest is the runtime's."""
    wheels = sorted((site / "pypi").glob("*.whl"))
    assert {"ocr_nb", "rapidfuzz", "anywidget", "ipywidgets"} <= {
        wheel.name.split("-")[0] for wheel in wheels
    }
    for wheel in wheels:
        assert wheel.name.endswith("-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as packed:
            assert [] == [name for name in packed.namelist() if name.endswith((".so", ".pyd"))]


def test_what_is_stored_is_what_this_version_reads(site):
    """Both readers and the upsampler, with their versions; nothing of the machine that made it."""
    text = (site / "files" / "stored.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    assert {"rapidocr", "tesseract"} == set(stored["readers"])
    for name, reader in stored["readers"].items():
        assert make_recognizer(name).version == reader["version"]
    assert make_upsampler(DEFAULT_METHOD).version == stored["methods"][DEFAULT_METHOD]
    assert len(stored["readings"]) > 40
    assert len(text) < 1e6 * LARGEST_STORED_MB
    assert str(ROOT) not in text


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_plainly_that_readings_are_stored(site, name):
    """Right below the question; then it installs, and the rest is the notebook of the repository."""
    cells = json.loads((site / "files" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    original = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "In this browser no recognizer runs." in "".join(cells[1]["source"])
    assert "piplite.install" in "".join(cells[2]["source"])
    sources = ["".join(cell["source"]) for cell in cells]
    assert ["".join(cell["source"]) for cell in original] == [sources[0], *sources[3:]]


def test_the_notebooks_run_like_in_a_browser(site):
    """No threads, sockets or engines; of compiled modules only those that the runtime has."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("browser_like.py")), str(site)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr[-3000:]
    *printed, compiled = done.stdout.splitlines()
    for expected in (
        "original   CER ",
        "upsampled  CER ",
        "tesseract: original ",
        "rapidocr: original ",
        "clean   ",
    ):
        assert any(line.startswith(expected) for line in printed), expected
    modules = {name.partition(".")[0] for name in RUNTIME["modules"]} | {"_cyutility"}
    assert set(compiled.removeprefix("compiled: ").split(", ")) <= modules
