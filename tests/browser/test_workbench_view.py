"""The workbench's view on a model that stands still: every state, keys, focus, width; no host."""

from __future__ import annotations

import base64
import time

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from doubles import ReadsInk, RepeatsPixels
from notebook_hosts import shoot
from ocr_nb.images import from_array
from ocr_nb.service.local import LocalService
from ocr_nb.widgets import Workbench
from ocr_nb.widgets.workbench_state import PAUSE, WorkbenchState

SYNCED = (
    "slots", "fields", "setup", "status", "table", "findings", "banner", "chosen", "teaching", "problem",
    "leaves_still",
)  # fmt: skip
MOUNT = """({ state, sent }) => {
  const hears = {};
  window.told = [];
  window.model = {
    get: (name) => state[name],
    on: (name, hear) => (hears[name] ??= new Set()).add(hear),
    off: (name, hear) => hears[name]?.delete(hear),
    send: (message) => window.told.push(message),
    change: (name, value) => { state[name] = value; hears[`change:${name}`]?.forEach((hear) => hear()); },
    say: (message, pieces) => hears["msg:custom"].forEach((hear) => hear(message, pieces)),
    widget_manager: {
      get_model: async (id) => id,
      create_view: async (id) => {
        const el = document.createElement("div");
        el.append(document.createElement("p"));
        return { el, remove: () => el.remove() };
      },
    },
    left: () => Object.values(hears).reduce((sum, one) => sum + one.size, 0),
  };
  const widget = window.widget();
  const end = widget.initialize({ model: window.model });
  const el = document.body.appendChild(document.createElement("div"));
  const clean = widget.render({ model: window.model, el });
  window.cleanup = () => { clean(); end(); };
  const bytes = (one) => Uint8Array.from(atob(one), (letter) => letter.charCodeAt(0));
  for (const [message, pieces] of sent) window.model.say(message, pieces.map(bytes));
}"""
DESK = ".ocrnb-desk"


class Still:
    """A workbench's synced state and messages at some moments of a real run."""

    def __init__(self, draw_text):
        pages = [from_array(draw_text(text, size=18)) for text in ("best before end", "net 250 g")]
        service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
        self.sent = {}
        self.moments = {"empty": self.take(Workbench())}
        desk = Workbench(pages, conditions="original,upsampled:x3", reader=service)
        desk.send = lambda content, buffers=(): self.sent.update({content["key"]: (content, buffers)})
        desk.set_truth(0, "w1h1 w2")
        desk.run().result(30)
        self.moments["done"] = self.take(desk)
        desk.conditions = "original,upsampled:x2+contrast"
        self.moments["stale"] = self.take(desk)
        desk.settings = {"language": "Finnish"}
        desk.run().result(30)
        self.moments["failed"] = self.take(desk)
        desk.close()

    def take(self, desk):
        """Wait until all is told, and keep it."""
        time.sleep(5 * PAUSE)
        WorkbenchState._tell(desk)
        state = desk.get_state()
        sent = [
            [content, [base64.b64encode(one).decode("ascii") for one in buffers]]
            for content, buffers in self.sent.values()
        ]
        return {"state": {name: state[name] for name in SYNCED}, "sent": sent}


@pytest.fixture
def still(draw_text):
    """The moments."""
    return Still(draw_text).moments


@pytest.fixture
def opened(chromium):
    """A function that shows one moment in a window of its own."""
    contexts = []

    def open_(moment, *, dark=False, **options):
        context = chromium.new_context(color_scheme="dark" if dark else "light", **options)
        contexts.append(context)
        page = context.new_page()
        ground = "#15181b" if dark else "#ffffff"
        page.set_content(
            f"<!doctype html><html lang=en><title>desk</title><body style='background:{ground}'>"
        )
        page.add_style_tag(content=Workbench._css)
        script = Workbench._esm.replace("export default () =>", "window.widget = () =>")
        page.add_script_tag(content=script, type="module")
        page.wait_for_function("window.widget !== undefined")
        page.evaluate(MOUNT, moment)
        return page

    yield open_
    for context in contexts:
        context.close()


def test_every_state_is_accessible_and_fits(still, opened):
    """Light and dark; three columns, two, one; nothing wider than its place."""
    sizes = {"empty": (1320, True), "done": (1320, False), "stale": (853, True), "failed": (390, False)}
    for name, (width, dark) in sizes.items():
        page = opened(still[name], dark=dark, viewport={"width": width, "height": 800})
        assert (name, []) == (name, serious_faults(page, DESK))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shoot(page.locator(DESK), f"workbench_{name}_{width}")
    tops = page.locator(".ocrnb-desk__column").evaluate_all("all => all.map((one) => one.offsetTop)")
    assert sorted(set(tops)) == tops


def test_each_state_says_what_it_is(still, opened):
    """Empty offers a sample, stale says so, failed says why and can be tried again."""
    page = opened(still["empty"])
    page.get_by_role("button", name="Try a sample").click()
    assert {"kind": "sample"} == page.evaluate("told.at(-1)")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    page = opened(still["stale"])
    expect(page.get_by_text("settings changed since")).to_have_count(2)
    page.get_by_role("button", name="Run", exact=True).click()
    assert {"kind": "run"} == page.evaluate("told.at(-1)")
    page = opened(still["failed"])
    expect(page.get_by_text("no model for Finnish")).to_have_count(2)
    page.get_by_role("button", name="Try again").first.click()
    assert "retry" == page.evaluate("told.at(-1).kind")


def test_steps_are_added_moved_and_removed_by_keys(still, opened):
    """From the menu to the chip and along its chain; the focus follows what was done."""
    page = opened(still["done"])
    focused = page.locator(":focus")
    page.get_by_label("Add a step to condition 2").focus()
    page.keyboard.press("Enter")
    expect(focused).to_contain_text("resize")
    page.keyboard.press("ArrowUp")
    expect(focused).to_contain_text("contrast")
    page.keyboard.press("Escape")
    expect(focused).to_have_attribute("aria-label", "Add a step to condition 2")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    text = page.get_by_label("As text")
    expect(text).to_have_value("original,upsampled:x3+binarize")
    expect(focused).to_have_attribute("aria-label", "binarize, step 2 of 2")
    page.keyboard.press("Shift+ArrowLeft")
    expect(text).to_have_value("original,binarize+upsampled:x3")
    expect(focused).to_have_attribute("aria-label", "binarize, step 1 of 2")
    page.keyboard.press("Delete")
    assert {"kind": "set", "name": "conditions", "value": "original,upsampled:x3"} == page.evaluate(
        "told.at(-1)"
    )
    page.get_by_label("Factor of upsample").select_option("4")
    expect(text).to_have_value("original,upsampled:x4")
    expect(focused).to_have_attribute("aria-label", "Factor of upsample")


def test_a_step_is_dragged_to_its_place(still, opened):
    """By its grip; the text follows."""
    page = opened(still["stale"])
    grips = page.locator(".ocrnb-desk__grip")
    start, end = grips.nth(1).bounding_box(), grips.nth(0).bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + 8, steps=6)
    page.mouse.up()
    expect(page.get_by_label("As text")).to_have_value("original,contrast+upsampled:x2")


def test_the_focus_stays_in_the_workbench_when_a_run_begins_and_ends(still, opened):
    """Run becomes Stop and goes; keys would otherwise be commands of the notebook."""
    page = opened(still["stale"])
    focused = page.locator(":focus")
    page.get_by_role("button", name="Run", exact=True).focus()
    page.evaluate(
        "model.change('status', {...model.get('status'), running: true, total: 2, done: 1, elapsed: 3})"
    )
    expect(focused).to_have_text("Stop")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "1")
    expect(page.locator(".ocrnb-desk__cost")).to_contain_text("Reading image 2 of 2")
    page.evaluate("model.change('status', {...model.get('status'), running: false, obstacle: 'All read.'})")
    expect(focused).to_have_class("ocrnb-desk__row")


def test_the_report_is_saved_once_it_is_whole(still, opened):
    """Its pieces make one file; a window that did not ask saves nothing."""
    page = opened(still["done"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
        page.evaluate("model.say({kind: 'report', offset: 0, total: 4}, [new Uint8Array([60, 98])])")
        page.evaluate("model.say({kind: 'report', offset: 2, total: 4}, [new Uint8Array([114, 62])])")
    assert "report.html" == download.value.suggested_filename
    assert b"<br>" == download.value.path().read_bytes()


def test_nothing_is_left_after_the_cleanup(still, opened):
    """Elements, listeners and object URLs are gone."""
    page = opened(still["done"])
    address = page.locator(".ocrnb-desk__detail").first.get_attribute("src")
    page.evaluate("cleanup()")
    assert [0, 0] == [page.locator(DESK).count(), page.evaluate("model.left()")]
    assert page.evaluate("(url) => fetch(url).then(() => false, () => true)", address)
