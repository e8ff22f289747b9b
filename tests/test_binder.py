"""What `binder/` says is pinned, small and complete; on a Binder the limits are shown and nothing is sent."""

import io
import json
import os
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from packaging.requirements import Requirement
from packaging.version import Version

import ocr_nb
from ocr_nb import operations
from ocr_nb.binder import load_ipython_extension
from ocr_nb.errors import SettingsError
from ocr_nb.sample_readings import stored_trials
from ocr_nb.widgets.binder_banner import LIMITS, NOTHING, BinderBanner

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
LINES = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
PINNED = {
    name.lower().replace("_", "-"): version for name, _, version in (line.partition("==") for line in LINES)
}
LARGE = {"torch", "tensorflow", "distributed", "pyarrow", "playwright"}


def test_the_lock_is_versions_only():
    """`name==version` and nothing else: no index, no address, no path, no comment that could hide one."""
    assert [] == [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)]
    assert sorted(LINES, key=str.lower) == LINES


def test_the_lock_holds_what_the_package_asks_for():
    """Each dependency, and the extras that a Binder needs, at a version inside its range."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["lab"] + extras["server"] + extras["tesseract"]
    for requirement in map(Requirement, [*wanted, "voila>=0.5.8,<1"]):
        version = PINNED[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(Version(version)), f"{requirement}: {version}"


def test_the_image_stays_small():
    """No training library, no cluster, nothing for tests."""
    assert set() == LARGE & set(PINNED)
    assert "ocr-nb" not in PINNED


def test_python_is_one_that_the_package_supports():
    """`runtime.txt` as repo2docker reads it."""
    name = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip()
    assert "python-3.11" == name


def test_post_build_stops_at_the_first_failure():
    """And can be executed, which repo2docker demands."""
    script = BINDER / "postBuild"
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert "pip install --no-deps" in script.read_text(encoding="utf-8")
    named = re.findall(r"binder/labconfig/\S+", script.read_text(encoding="utf-8"))
    assert sorted(f"binder/labconfig/{path.name}" for path in (BINDER / "labconfig").iterdir()) == sorted(
        set(named)
    )


def test_the_lab_opens_on_the_first_notebook_and_fetches_no_news():
    """As JSON that the servers read."""
    server = json.loads((BINDER / "labconfig" / "jupyter_server_config.json").read_text(encoding="utf-8"))
    page = server["ServerApp"]["default_url"].removeprefix("/lab/tree/")
    assert (ROOT / page).is_file()
    overrides = json.loads((BINDER / "labconfig" / "overrides.json").read_text(encoding="utf-8"))
    assert "false" == overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"]


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """An IPython whose cells can be run, and what they displayed."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.displayed = []
    monkeypatch.setattr("IPython.display.display", made.displayed.append)
    yield made
    InteractiveShell.clear_instance()


def test_the_limits_are_shown_once_on_a_binder(shell, monkeypatch):
    """With the first cell that runs."""
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://binder.invalid")
    load_ipython_extension(shell)
    shell.run_cell("a = 1")
    shell.run_cell("b = 2")
    (banner,) = shell.displayed
    assert LIMITS == banner.words
    assert "1 Mbit/s" in banner.words
    banner.close()


def test_elsewhere_nothing_is_shown(shell):
    """The extension may be loaded anywhere."""
    load_ipython_extension(shell)
    shell.run_cell("a = 1")
    assert [] == shell.displayed


def test_the_cloud_is_refused_on_a_binder(monkeypatch):
    """Credentials do not belong there; the engine of the machine goes on."""
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://binder.invalid")
    with pytest.raises(SettingsError, match="This is a public Binder, where credentials do not belong"):
        operations.make_service("cloud")
    assert "local" == operations.make_service("local").identity.service


class Hearing(BinderBanner):
    """A banner whose messages are kept."""

    def __init__(self, names):
        self.said = []
        super().__init__(names)

    def send(self, content, buffers=None):
        self.said.append((content, [bytes(one) for one in buffers or ()]))


def test_one_click_takes_every_tracker_home():
    """As CSV and JSON lines that can be read again; empty and private ones stay."""
    tracker = ocr_nb.AccuracyTracker(stored_trials(ocr_nb.samples("card")))
    names = {"tracker": tracker, "_": tracker, "empty": ocr_nb.AccuracyTracker(), "x": 1}
    banner = Hearing(names)
    banner.answer({"kind": "download"})
    ((about, (data,)),) = banner.said
    assert ("piece", 0, True, "ocr_nb-trackers.zip") == (
        about["kind"], about["offset"], about["last"], about["name"],
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert ["tracker.csv", "tracker.jsonl"] == sorted(zipped.namelist())
        assert 3 == len(zipped.read("tracker.jsonl").splitlines())
    banner.close()


def test_nothing_to_take_home_is_said():
    """A button that does nothing would look broken."""
    banner = Hearing({})
    banner.answer({"kind": "download"})
    banner.answer({"kind": "other"})
    assert [({"kind": "nothing", "said": NOTHING}, [])] == banner.said
    banner.close()
