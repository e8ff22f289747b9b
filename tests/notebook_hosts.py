"""Real notebook hosts on loopback, and a browser window on a notebook: what every journey stands on.

`start_jupyter` runs JupyterLab or Notebook 7, `start_voila` a Voilà page; both end with their block. A
`Window` opens a notebook, runs its cells and saves it by the host's own commands.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE_S = 180.0
"""For a server, a kernel or a cell on a busy machine."""
SHOTS = Path(__file__).parent / "browser" / "screenshots"
"""Where journeys leave pictures for a person to look at; not part of the repository."""

_PASTE = """(root, [name, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const clipboard = new DataTransfer();
  clipboard.items.add(new File([bytes], name, { type: "image/png" }));
  const options = { clipboardData: clipboard, bubbles: true, cancelable: true };
  root.dispatchEvent(new ClipboardEvent("paste", options));
}"""
_SETTINGS = ("lab", "user-settings", "@jupyterlab", "apputils-extension")
_APPS = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}


@dataclass(frozen=True)
class Host:
    """A running server: where it is, what it serves, and what it wrote."""

    app: str
    address: str
    token: str
    folder: Path
    log: Path

    def url_of(self, path: Path) -> str:
        """Return the address that opens a notebook of `folder`, in JupyterLab without those opened before."""
        page = f"lab/workspaces/{path.stem}/tree" if self.app == "jupyterlab" else "notebooks"
        return f"{self.address}/{page}/{path.relative_to(self.folder).as_posix()}?token={self.token}"


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """Write a notebook of code cells and return its path."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, path)
    return path


@contextmanager
def start_jupyter(app: Literal["jupyterlab", "notebook"], folder: Path, **environment: str) -> Iterator[Host]:
    """Serve `folder` on loopback with a token and no settings of anybody.

    Args:
        app: which front end.
        folder: where the notebooks are; settings, kernels' homes and the log go there too.
        environment: further variables for the server and its kernels.
    """
    port, token = free_port(), secrets.token_hex(16)
    options = [
        "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--allow-root",
        f"--{_APPS[app]}.expose_app_in_browser=True", "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    command = [sys.executable, "-m", app, *options]
    address = f"http://127.0.0.1:{port}"
    with _started(command, folder, f"{address}/api/status?token={token}", environment) as log:
        yield Host(app, address, token, folder, log)


@contextmanager
def start_voila(notebook: Path, *options: str, **environment: str) -> Iterator[Host]:
    """Serve one notebook as a Voilà page on loopback; its address is `host.address`."""
    port = free_port()
    command = [
        sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}",
        "--Voila.ip=127.0.0.1", *options,
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with _started(command, notebook.parent, f"{address}/voila/static/voila.js", environment) as log:
        yield Host("voila", address, "", notebook.parent, log)


@contextmanager
def _started(command: list[str], folder: Path, alive: str, environment: dict[str, str]) -> Iterator[Path]:
    own = {f"JUPYTER_{name}_DIR": str(folder / f".{name.lower()}") for name in ("CONFIG", "DATA", "RUNTIME")}
    homes = {"IPYTHONDIR": str(folder / ".ipython"), "OCR_NB_HOME": str(folder / ".ocr_nb")}
    _silence_news(folder / ".config")
    log = folder / ".server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **own, **homes, **environment}
        )
        try:
            _wait_for(server, alive, log)
            yield log
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _silence_news(config: Path) -> None:
    """Answer JupyterLab's question whether to fetch news, which would pop up over what is tested."""
    settings = config.joinpath(*_SETTINGS)
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the server answers, whatever; fail with its log when it ends or takes too long."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"{server.args[2]} did not start:\n{log.read_text()[-2000:]}")


class Window:
    """One notebook in a page of JupyterLab or Notebook 7."""

    def __init__(self, page: Page, host: Host, path: Path) -> None:
        self.page = page
        self.host = host
        self.path = path
        self.complaints: list[str] = []
        """Errors that no script caught; of Notebook 7 only those that went through a widget."""
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("pageerror", self._complain)

    def open(self) -> None:
        """Open the notebook, in the light theme, and wait for its cells and its kernel."""
        themes = self.host.folder.joinpath(".config", *_SETTINGS, "themes.jupyterlab-settings")
        themes.unlink(missing_ok=True)  # of a window before this one
        cells = len(nbformat.read(self.path, as_version=4).cells)
        self.page.goto(self.host.url_of(self.path))
        self.page.wait_for_function(
            "(n) => window.jupyterapp?.shell.currentWidget?.content?.widgets?.length === n", arg=cells
        )
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.connectionStatus === 'connected'"
        )
        self._use_theme("Light")  # the host remembers that another window made it dark

    def _complain(self, error: Any) -> None:
        # Notebook 7 has complaints of its own when it opens; a widget's script has a blob's address.
        if self.host.app == "jupyterlab" or "blob:" in (error.stack or ""):
            self.complaints.append(str(error))

    def do(self, command: str, **arguments: Any) -> None:
        """Run a command of the host's own."""
        self.page.evaluate(
            "([name, options]) => jupyterapp.commands.execute(name, options)", [command, arguments]
        )

    def run(self, number: int) -> str:
        """Run one cell, counted from 0, and wait for its end; return the text of its output."""
        self.page.evaluate(
            """(n) => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = n;
            notebook.widgets[n].model.executionCount = null;
            }""",
            number,
        )
        self.do("notebook:run-cell")
        self.page.wait_for_function(
            "(n) => jupyterapp.shell.currentWidget.content.widgets[n].model.executionCount > 0", arg=number
        )
        return self.cell(number).locator(".jp-OutputArea").inner_text().strip()

    def run_until(self, number: int, said: str, seconds: float = 15.0) -> None:
        """Run a cell until it says `said`: what is done in a view reaches the kernel a moment later."""
        end = time.monotonic() + seconds
        while (found := self.run(number)) != said and time.monotonic() < end:
            self.page.wait_for_timeout(100)
        assert said == found, f"the cell said {found!r}, not {said!r}"

    def cell(self, number: int) -> Locator:
        """Return one cell with its output."""
        return self.page.locator(".jp-Cell").nth(number)

    def use_dark_theme(self) -> None:
        """Switch the host to its dark theme."""
        self._use_theme("Dark")

    def _use_theme(self, name: str) -> None:
        theme = self.page.locator(f"body[data-jp-theme-light={'true' if name == 'Light' else 'false'}]")
        if theme.count():
            return
        self.do("apputils:change-theme", theme=f"JupyterLab {name}")
        theme.wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def save(self) -> dict[str, Any]:
        """Save the notebook and return what the file holds."""
        self.do("docmanager:save")
        self.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
        saved: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return saved

    def reopen_without_kernel(self) -> None:
        """Shut the kernel down, close the notebook and open what was saved, as a reader of the file does."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.do("application:close")
        self.do(
            "docmanager:open",
            path=self.path.relative_to(self.host.folder).as_posix(),
            factory="Notebook",
            kernelPreference={"shouldStart": False, "autoStartDefault": False},
        )
        self.page.wait_for_function("jupyterapp.shell.currentWidget?.context?.isReady")
        status = "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status ?? 'none'"
        assert self.page.evaluate(status) == "none"

    def shoot(self, name: str) -> None:
        """Keep a screenshot for a person to look at."""
        shoot(self.page, name)


def shoot(page: Page | Locator, name: str) -> None:
    """Keep a screenshot of a page or of one element of it."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def paste_image(view: Locator, name: str, png: bytes) -> None:
    """Paste a picture into a widget as the browser does."""
    view.first.evaluate(_PASTE, [name, base64.b64encode(png).decode("ascii")])


@contextmanager
def open_window(
    browser: Browser, host: Host, cells: Sequence[str], name: str, **context: Any
) -> Iterator[Window]:
    """Write `cells` as a notebook below the host's folder and open it in a window of its own.

    Args:
        browser: where.
        host: who serves it.
        cells: sources of the code cells.
        name: of the file, without ending.
        context: of Playwright's context: `has_touch=True`, `permissions=[...]`, `viewport={...}`.
    """
    path = write_notebook(host.folder / f"{name}.ipynb", cells)
    opened: BrowserContext = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    try:
        window = Window(opened.new_page(), host, path)
        window.open()
        yield window
    finally:
        opened.close()
