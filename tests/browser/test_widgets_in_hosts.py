"""Every widget in Notebook 7 and in Voilà: each does what it is for, with no fault and no complaint.

One page a host holds them all. What each widget can do besides is tried in JupyterLab, a file for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, expect

from accessibility import serious_faults
from needs import needs
from notebook_hosts import Host, open_window, paste_image, shoot, start_voila, write_notebook
from ocr_nb import samples
from server.running import guarding

CLIENT, SECRET = "abcdefgh-9", "right-secret"
PATIENCE = 120_000
"""Milliseconds until a page has its widgets, or a reader its first word, on a busy machine."""
WHOLE = """(root) => {
  const area = root.closest(".jp-Cell-outputArea");
  return area === null || getComputedStyle(area).maxHeight === "none";
}"""
"""Whether all of a widget is seen without scrolling its output."""
START = """
import asyncio, os
os.environ["OMP_THREAD_LIMIT"] = "1"
import ocr_nb
from ocr_nb.jobs import Job
card, label = ocr_nb.samples("card", "label")
T = "abcdefghij"
tracker = ocr_nb.AccuracyTracker()
READ = {"a.png": ("x" + T[1:], T), "b.png": (T, "xx" + T[2:]), "c.png": ("xxx" + T[3:], T)}
for name, (before, after) in READ.items():
    for condition, text in (("original", before), ("upsampled:x2", after)):
        tracker.record(name, text, truth=T, condition=condition, engine="rapidocr", engine_version="3.10",
                       x_height_px=8.0)
"""
WIDGETS = {
    "compare": "ocr_nb.ImageCompare(card, ocr_nb.rotate(card, 180).result())",
    "credentials": "ocr_nb.Credentials(base_url='{server}')",
    "input": "ocr_nb.ImageInput()",
    "monitor": "ocr_nb.JobMonitor([Job(lambda job: asyncio.sleep(3600), label='a long job')])",
    "diff": "ocr_nb.TextDiff('a modern corner', 'a rnodern corner', 'a modern comer')",
    "board": "ocr_nb.TrackerBoard(tracker)",
    "shrink": "ocr_nb.ShrinkExplorer(engine='tesseract', x_height=8, conditions='original,resized:x2')",
    "desk": "ocr_nb.workbench([label], conditions='original,upsampled:x3')",
}


@dataclass
class Shown:
    """A page with every widget, and what its scripts complained of."""

    host: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def widget(self, name: str) -> Locator:
        """Return a widget's root, brought into sight."""
        root = self.page.locator(f".ocrnb-{name}").first
        root.scroll_into_view_if_needed(timeout=PATIENCE)
        return root

    def hear(self, message: ConsoleMessage) -> None:
        """Keep the errors of our own scripts; hosts have some of theirs."""
        where = message.location.get("url", "")
        if message.type == "error" and (where.startswith("blob:") or "ocrnb" in message.text):
            self.complaints.append(f"{message.text} ({where})")

    def hear_error(self, error: Error) -> None:
        """Keep what no script of ours caught; a widget's script has a blob's address."""
        if "blob:" in (error.stack or ""):
            self.complaints.append(str(error))


def cells(server: str) -> list[str]:
    """Return the notebook's cells."""
    return [START, *(code.format(server=server) for code in WIDGETS.values())]


@contextmanager
def in_notebook_7(browser: Browser, host: Host, server: str) -> Iterator[Shown]:
    """Run the cells one after the other."""
    with open_window(
        browser, host, cells(server), "all_widgets", viewport={"width": 1280, "height": 1600}
    ) as window:
        shown = Shown("notebook_7", window.page, window.complaints)
        window.page.on("console", shown.hear)
        for number in range(len(WIDGETS) + 1):
            window.run(number)
        yield shown


@contextmanager
def in_voila(browser: Browser, folder: Any, server: str) -> Iterator[Shown]:
    """Open the page."""
    needs("module:voila")
    with start_voila(write_notebook(folder / "all_widgets.ipynb", cells(server))) as host:
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        shown = Shown("voila", page)
        page.on("console", shown.hear)
        page.on("pageerror", shown.hear_error)
        page.goto(host.address, timeout=PATIENCE)
        page.locator(".ocrnb-desk").wait_for(timeout=PATIENCE)
        yield shown
        page.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that knows one pair of credentials."""
    with guarding(CLIENT, SECRET) as address:
        yield address


@pytest.fixture(scope="module", params=["notebook_7", "voila"])
def shown(request, chromium, server, tmp_path_factory) -> Iterator[Shown]:
    """A page of each host."""
    needs("tesseract")
    if request.param == "notebook_7":
        opened = in_notebook_7(chromium, request.getfixturevalue("notebook_7"), server)
    else:
        opened = in_voila(chromium, tmp_path_factory.mktemp("voila"), server)
    with opened as page:
        yield page


def compare_modes(page: Page, root: Locator) -> None:
    """By key: the second mode, and the other picture while Space is held."""
    root.locator(".ocrnb-compare__stage").focus()
    page.keyboard.press("2")
    expect(root).to_have_attribute("data-mode", "toggle")
    after = root.locator(".ocrnb-compare__pane").nth(1)
    page.keyboard.down("Space")
    expect(after).to_have_css("opacity", "1")
    page.keyboard.up("Space")
    expect(after).to_have_css("opacity", "0")


def connect(page: Page, root: Locator) -> None:
    """By keys alone: typed, connected, the field empty."""
    root.get_by_label("Client id").focus()
    page.keyboard.type(CLIENT)
    page.keyboard.press("Tab")
    page.keyboard.type(SECRET)
    page.keyboard.press("Enter")
    expect(root.locator(".ocrnb-credentials__line")).to_have_text("Connected as ab…9 (typed)")
    assert SECRET not in root.evaluate(
        "(one) => [...one.querySelectorAll('input')].map((each) => each.value).join()"
    )


def paste(page: Page, root: Locator) -> None:
    """A screenshot, which is measured and then removed by key."""
    paste_image(root, "image.png", samples("label")[0].picture.png)
    rows = root.locator(".ocrnb-input__row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("x-height")
    expect(root.locator(".ocrnb-input__thumbnail")).to_be_visible()
    rows.focus()
    page.keyboard.press("Delete")
    expect(rows).to_have_count(0)


def cancel(page: Page, root: Locator) -> None:
    """By mouse; the line says so."""
    root.get_by_role("button", name="Cancel: a long job").click()
    expect(root.locator("[data-state=cancelled]")).to_have_count(1)
    expect(root.locator(".ocrnb-monitor__summary")).to_have_text("1 cancelled")


def next_error(page: Page, root: Locator) -> None:
    """By key, one after the other."""
    root.locator(".ocrnb-diff__body").focus()
    page.keyboard.press("n")
    expect(root.locator(".ocrnb-diff__detail")).to_contain_text("rnodern")
    page.keyboard.press("n")
    expect(root.locator(".ocrnb-diff__detail")).to_contain_text("comer")


def sort(page: Page, root: Locator) -> None:
    """By the head of a column: the regression stands first, and then where its name belongs."""
    places = [root.locator(f".ocrnb-board__row[data-place='{place}']") for place in range(3)]
    expect(places[0]).to_contain_text("b.png")
    root.get_by_role("button", name=re.compile("^image", re.I)).first.click()
    for place, name in zip(places, ("a.png", "b.png", "c.png"), strict=True):
        expect(place).to_contain_text(name)


def shrink(page: Page, root: Locator) -> None:
    """By key: the page shrinks at once, is read, and the curve has a further point."""
    said = root.locator(".ocrnb-shrink__verdict")
    expect(said).to_have_text(re.compile("^Text 8 px high, 128 characters"), timeout=PATIENCE)
    root.get_by_role("slider", name="Text height").focus()
    page.keyboard.press("PageDown")
    expect(said).to_have_text(re.compile("^Text [56][.5]* px high, 128 characters"), timeout=PATIENCE)
    points = root.locator(".ocrnb-shrink__line[data-tone=original] .ocrnb-shrink__point")
    assert points.count() >= 2


def run(page: Page, root: Locator) -> None:
    """By mouse: read twice, with a verdict, the comparison below, and an answer of the tracker."""
    root.get_by_role("button", name="Run", exact=True).click()
    expect(root.locator(".ocrnb-desk__verdict")).to_have_count(1, timeout=PATIENCE)
    expect(root.locator(".ocrnb-desk__lead")).to_contain_text("CER", timeout=PATIENCE)
    expect(root.locator(".ocrnb-compare__waiting")).to_be_hidden()
    expect(root.locator("[data-slot=text] > *")).to_be_visible()
    assert root.evaluate(WHOLE), "it is in a small scrolled window"


USES = {
    "compare": compare_modes, "credentials": connect, "input": paste, "monitor": cancel, "diff": next_error,
    "board": sort, "shrink": shrink, "desk": run,
}  # fmt: skip


@pytest.mark.parametrize("name", USES)
def test_a_widget_does_what_it_is_for(shown, name):
    """By mouse or keys; axe finds nothing serious."""
    root = shown.widget(name)
    USES[name](shown.page, root)
    shoot(root, f"{shown.host}_{name}")
    assert [] == serious_faults(shown.page, f".ocrnb-{name}")


def test_an_address_of_the_own_network_is_fetched_for_the_owner_alone(shown, server):
    """A page of Voilà is seen by strangers; a notebook by who may run code anyway."""
    root = shown.widget("input")
    root.get_by_role("button", name="From an address").click()
    shown.page.keyboard.type(f"{server}/nothing.png")
    shown.page.keyboard.press("Enter")
    refused = root.locator(".ocrnb-input__refused")
    expect(refused).to_contain_text(server)
    barred = "lies inside this machine's network" in refused.inner_text()
    assert barred == (shown.host == "voila")


def test_nothing_was_complained_of(shown):
    """By none of our scripts, after all of the above."""
    assert [] == shown.complaints
