"""`ImageCompare` in a real JupyterLab, from a cell to the saved notebook, by mouse and keys."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from needs import needs

SHOTS = Path(__file__).parent / "screenshots"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE_S = 60.0
"""For a server, and for a kernel, to start on a busy machine."""
SHOW = """
import ocr_nb
from ocr_nb.filters import resize
card, = ocr_nb.samples("card")
comparison = ocr_nb.ImageCompare(card, resize(card.picture, 3).picture)
comparison
"""
TELL = "print(comparison.mode, round(comparison.split, 2), comparison.zoom)"
SET = "comparison.mode, comparison.split = 'wipe', 0.75"
SHOW_AGAIN = "comparison"
CLOSE = "comparison.close()"
CELLS = (SHOW, TELL, SET, SHOW_AGAIN, CLOSE)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on loopback with a token and no settings of anybody: its address and the notebook's file."""
    needs("chromium", "module:jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path = folder / "comparison.ipynb"
    nbformat.write(notebook, path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--notebook-dir={folder}",
        "--allow-root", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **own, "IPYTHONDIR": str(folder / "ipython")}
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(server, f"{address}/api/status?token={token}", folder / "server.log")
            yield f"{address}/lab/tree/{path.name}?token={token}", path
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_for(server, address, log):
    """Return when the server answers; fail with its log when it ends or takes too long."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


class Lab:
    """One browser window with the notebook open."""

    def __init__(self, page, path):
        self.page = page
        self.path = path
        self.complaints = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, address):
        """Wait for the notebook and its kernel."""
        self.page.goto(address)
        self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.content?.widgets?.length === 5")
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.connectionStatus === 'connected'"
        )

    def do(self, command, **arguments):
        """Run a command of JupyterLab's own."""
        self.page.evaluate("([name, options]) => jupyterapp.commands.execute(name, options)",
                           [command, arguments])  # fmt: skip

    def run(self, number):
        """Run one cell and wait for its end; return what it printed."""
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
        return self.page.locator(".jp-Cell").nth(number).locator(".jp-OutputArea").inner_text().strip()

    def expect_in_kernel(self, said):
        """Run the cell that tells the state until it says so: a drag reaches the kernel a moment later."""
        end = time.monotonic() + 15
        while (found := self.run(1)) != said and time.monotonic() < end:
            pass
        assert said == found

    def shoot(self, name):
        """Keep a screenshot for a person to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"lab_{name}.png")


@pytest.fixture(scope="module")
def notebook(lab):
    """The notebook in Debian's Chromium, with its first cell run."""
    address, path = lab
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=needs("chromium"), args=list(FLAGS))
        page = started.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_S * 1000)
        opened = Lab(page, path)
        opened.open(address)
        opened.run(0)
        page.locator(".ocrnb-compare").wait_for()
        yield opened
        started.close()


def test_a_journey_through_the_notebook(notebook):
    """Shown, dragged, switched, set by code, shown twice, saved, closed."""
    page = notebook.page
    comparison = page.locator(".ocrnb-compare").first
    slider = comparison.get_by_role("slider")
    see_the_pictures(comparison)
    notebook.shoot("light")

    drag_the_divider(page, comparison)
    expect(slider).to_have_attribute("aria-valuenow", "25")
    page.keyboard.press("ArrowRight")
    notebook.expect_in_kernel("wipe 0.26 fit")

    use_the_keys(page, comparison)
    notebook.expect_in_kernel("toggle 0.26 fit")
    assert ["code"] * 5 == page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.type)"
    )

    notebook.run(2)
    expect(slider).to_have_attribute("aria-valuenow", "75")
    comparison.get_by_role("button", name="1:1").click()
    notebook.run(3)
    see_two_views_agree(page)
    notebook.expect_in_kernel("wipe 0.76 1.0")

    notebook.do("apputils:change-theme", theme="JupyterLab Dark")
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    comparison.scroll_into_view_if_needed()
    notebook.shoot("dark")

    save_and_weigh(notebook)
    notebook.run(4)
    expect(page.locator(".ocrnb-compare")).to_have_count(0)
    assert [] == notebook.complaints


def see_the_pictures(comparison):
    """Both are there, decoded, at their own sizes, and nothing is waited for any more."""
    images = comparison.locator("img")
    expect(images).to_have_count(2)
    expect(comparison.locator(".ocrnb-compare__waiting")).to_be_hidden()
    sizes = images.evaluate_all(
        "all => Promise.all(all.map((one) => one.decode())).then(() => all.map((one) => one.naturalWidth))"
    )
    assert [320, 960] == sizes


def drag_the_divider(page, comparison):
    """From the middle of the picture to its first quarter."""
    box = comparison.locator("img").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, middle, steps=12)
    page.mouse.up()


def use_the_keys(page, comparison):
    """Digits choose a mode and are no commands of the notebook; Space shows the other picture while held."""
    comparison.locator(".ocrnb-compare__stage").focus()
    page.keyboard.press("2")
    expect(comparison).to_have_attribute("data-mode", "toggle")
    after = comparison.locator(".ocrnb-compare__pane").nth(1)
    page.keyboard.down("Space")
    expect(after).to_have_css("opacity", "1")
    page.keyboard.up("Space")
    expect(after).to_have_css("opacity", "0")


def see_two_views_agree(page):
    """What is done in one is seen in the other."""
    views = page.locator(".ocrnb-compare")
    expect(views).to_have_count(2)
    first, second = views.all()
    expect(second.locator("output")).to_have_text("100 %")
    second.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(first.get_by_role("slider")).to_have_attribute("aria-valuenow", "76")


def save_and_weigh(notebook):
    """The file holds a preview and no widget state: less than 100 kB a view."""
    notebook.do("docmanager:save")
    notebook.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    saved = json.loads(notebook.path.read_text(encoding="utf-8"))
    assert "widgets" not in saved["metadata"]
    data = saved["cells"][0]["outputs"][0]["data"]
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} == set(data)
    assert notebook.path.stat().st_size < 200_000
