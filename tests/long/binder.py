"""Prove the Binder environment without Docker: exactly what `binder/` says, in a clean virtual environment.

Installs the pinned lock with the Python of `runtime.txt`, runs `postBuild` in a copy of the tree, starts the
server there on one processor, opens it in Chromium as a visitor does, runs the first notebook's cell and the
Voilà page, and measures seconds and memory of the whole process tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from memory import PeakMemory
from notebook_hosts import FLAGS, free_port

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"
MOST_MB = 2000.0
"""A public Binder kills what is larger."""
PATIENCE_S = 180.0
ATTEMPTS = 2
"""To open the Voilà page: on a machine with ten processes a core it was seen without its widget."""
SHOTS = ROOT / "tests" / "browser" / "screenshots"
FIRST = "notebooks/01_first_look.ipynb"
LAUNCHER = "https://binder.invalid"


def run() -> bool:
    """Do all of it; print the figures; return whether everything was as promised."""
    with tempfile.TemporaryDirectory(prefix="ocr_nb-binder-") as name:
        folder = Path(name)
        started = time.monotonic()
        python = _install(folder / "venv")
        tree = _copy_tree(folder / "tree")
        _call(["bash", "binder/postBuild"], tree, python)
        print(f"   installed and warmed in {time.monotonic() - started:.0f} s", flush=True)
        with _served(tree, python, folder / "home") as (address, server):
            with PeakMemory(server.pid) as memory:
                holds = _visit(address)
            print(
                f"   peak memory of the server and its kernels: {memory.mb:.0f} MB (limit {MOST_MB:.0f} MB)"
            )
            return holds and 0 < memory.mb <= MOST_MB


def _install(folder: Path) -> Path:
    """Make the environment; refuse another Python than the one that `runtime.txt` names."""
    wanted = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    program = shutil.which(f"python{wanted}")
    if program is None:
        sys.exit(f"binder/runtime.txt asks for Python {wanted}, which is not on this machine.")
    for package in (BINDER / "apt.txt").read_text(encoding="utf-8").split():
        if subprocess.run(["dpkg", "-s", package], capture_output=True, check=False).returncode:
            sys.exit(f"binder/apt.txt asks for {package}, which is not installed: run tests/prepare as root.")
    subprocess.run([program, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    lock = BINDER / "requirements.txt"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", lock]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        sys.exit(f"binder/requirements.txt cannot be installed:\n{done.stderr[-2000:]}")
    return python


def _copy_tree(folder: Path) -> Path:
    """Copy what git would hand out, changes that are not committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return folder


def _environment(python: Path, home: Path | None = None) -> dict[str, str]:
    """Return a visitor's surroundings: no settings of ours, the environment's programs first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OCR_NB_", "JUPYTER"))}
    kept |= {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(python.parents[1]),
    }
    if home is not None:
        home.mkdir(exist_ok=True)
        kept |= {"HOME": str(home), "BINDER_LAUNCH_HOST": LAUNCHER, "XDG_CACHE_HOME": str(home / "cache")}
    return kept


def _call(command: list[str], tree: Path, python: Path) -> None:
    done = subprocess.run(
        command, cwd=tree, env=_environment(python), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


@contextmanager
def _served(tree: Path, python: Path, home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the tree as a Binder does, on the last processor that this process may use."""
    port = free_port()
    processor = str(max(os.sched_getaffinity(0)))
    command = [
        "taskset", "-c", processor, str(python), "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--allow-root",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    log = home.with_suffix(".log")
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=tree, env=_environment(python, home), stdout=output, stderr=output
        )
    try:
        yield f"http://127.0.0.1:{port}", server
    except BaseException:
        print(log.read_text(encoding="utf-8", errors="replace")[-3000:], file=sys.stderr)
        raise
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _visit(address: str) -> bool:
    """Open the server, run the first cell, look at the Voilà page; tell what was seen, and when."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_S * 1000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        started = time.monotonic()
        _await_server(address, started)
        page.goto(address)
        holds = _look_first(page, started) and _look_at_voila(page, address)
        chromium.close()
    for error in errors:
        print(f"   the page complained: {error}")
    return holds and not errors


def _await_server(address: str, started: float) -> None:
    while time.monotonic() - started < PATIENCE_S:
        try:
            with urllib.request.urlopen(f"{address}/api", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"The server did not answer within {PATIENCE_S:.0f} s.")


def _look_first(page: Page, started: float) -> bool:
    """Run the only cell of the first notebook, which must be open, without a pop-up in the way."""
    page.wait_for_function(
        "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
        " === 'connected'"
    )
    opened = page.evaluate("jupyterapp.shell.currentWidget.context.path")
    print(f"   opens {opened}, kernel connected {time.monotonic() - started:.1f} s after the server's start")
    clicked = time.monotonic()
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")  # not to its end
    page.locator(".ocrnb-compare img").first.wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('.ocrnb-compare img')].filter((one) => one.naturalWidth).length > 1"
    )
    print(f"   first picture {time.monotonic() - clicked:.1f} s after the cell was run")
    output = page.locator(".jp-OutputArea")
    output.get_by_text("upsampled  CER").wait_for()
    print(f"   both error rates after {time.monotonic() - clicked:.1f} s")
    banner = page.locator(".ocrnb-binder").count()
    pop_ups = page.locator(".Toastify__toast, .jp-Dialog").count()
    print(f"   banners with the limits: {banner}, pop-ups: {pop_ups}")
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "binder_lab.png")
    return (opened, banner, pop_ups) == (FIRST, 1, 0)


def _look_at_voila(page: Page, address: str) -> bool:
    """Open the page for those who want no code."""
    clicked = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        page.goto(f"{address}/voila/render/binder/workbench.ipynb")
        try:
            page.locator(".ocrnb-desk").first.wait_for(timeout=PATIENCE_S * 1000 / ATTEMPTS)
            break
        except PlaywrightTimeout:
            print(
                f"   the Voilà page showed no workbench within {PATIENCE_S / ATTEMPTS:.0f} s (try {attempt})"
            )
            page.screenshot(path=SHOTS / f"binder_voila_{attempt}.png")
    else:
        return False
    print(f"   Workbench as a Voilà page after {time.monotonic() - clicked:.1f} s")
    page.screenshot(path=SHOTS / "binder_voila.png")
    return True
