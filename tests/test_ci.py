"""The build script stops where it fails; the one that installs programs changes nothing unasked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASH = shutil.which("bash") or "/bin/bash"


def executable(path, *lines):
    """Write a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/bash", *lines]) + "\n", encoding="utf-8")
    path.chmod(0o755)


def run(script, *, path=None):
    """Run a script with another PATH."""
    environment = {**os.environ, **({} if path is None else {"PATH": str(path)})}
    return subprocess.run(
        [BASH, str(script)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def copy(tmp_path):
    """The build script in a tree of its own, whose other programs are stand-ins."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    return tmp_path


def test_the_first_step_that_fails_ends_the_run_with_its_exit_code(copy):
    """Its name and seconds are printed; nothing after it is begun."""
    executable(copy / "tests" / "prepare", "echo preparing", "exit 7")
    done = run(copy / ".ci" / "run")
    assert 7 == done.returncode
    assert ["== system programs", "preparing", "== system programs: 0 s, exit code 7"] == done.stdout.split(
        "\n"
    )[1:4]
    assert "virtual environment" not in done.stdout


def test_a_step_that_holds_is_followed_by_the_next(copy):
    """Here the second fails: there is no Python to make an environment with."""
    executable(copy / "tests" / "prepare", "echo preparing")
    executable(copy / "bin" / "python3", 'echo "python3 $*"', "exit 3")
    done = run(copy / ".ci" / "run", path=f"{copy / 'bin'}:/usr/bin:/bin")
    assert 3 == done.returncode
    assert "== system programs: 0 s, exit code 0" in done.stdout
    assert "python3 -m venv --clear build/ci-venv" in done.stdout
    assert "install and test" not in done.stdout


def test_it_asks_for_every_check_and_allows_no_skip():
    """The README's own command, format, lint, spelling, types, JavaScript, documents, hosts, clients."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in (
        "OCR_NB_REQUIRE_ALL=1",
        "ruff format --check .",
        "ruff check .",
        " mypy\n",
        "node --test",
        " codespell\n",
        "python -m sphinx -W",
        "tests/long/run binder",
        "tests/long/run ipykernel6",
    ):
        assert command in script
    for version in ("24.11.0", "24.8.0", "23.12.0", "23.6.0.2"):
        assert f"--sdk {version}" in script


@pytest.fixture
def bare(tmp_path):
    """A PATH with nothing on it but what a test puts there."""
    return tmp_path / "bare"


def test_without_root_nothing_is_installed_and_all_that_is_missing_is_named(bare):
    """The tests that need it are then skipped; installing is the user's decision."""
    executable(bare / "id", "echo 1000")
    executable(bare / "apt-get", "echo apt-get was called", "exit 9")
    done = run(ROOT / "tests" / "prepare", path=bare)
    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("Not root, so nothing was installed. Missing: chromium nodejs npm curl")
    assert "apt-get was called" not in done.stdout


def test_as_root_only_what_is_missing_is_installed_after_the_lists_are_fetched(bare):
    """Package lists of a fresh machine are empty or old."""
    executable(bare / "id", "echo 0")
    executable(bare / "apt-get", 'echo "apt-get $*"')
    for present in ("node", "npm", "curl"):
        executable(bare / present)
    done = run(ROOT / "tests" / "prepare", path=bare)
    assert 0 == done.returncode, done.stderr
    update, install = done.stdout.splitlines()[:2]
    assert "apt-get update -qq" == update
    assert install.startswith("apt-get install -y -qq --no-install-recommends chromium")
    assert "node" not in install


def test_a_machine_that_has_everything_is_left_alone(bare, needs):
    """Nothing is fetched either."""
    needs("tesseract")
    for present in ("chromium", "node", "npm", "curl"):
        executable(bare / present)
    executable(bare / "apt-get", "exit 9")
    done = run(ROOT / "tests" / "prepare", path=bare)
    assert (0, True) == (done.returncode, done.stdout.startswith("Nothing to install"))
