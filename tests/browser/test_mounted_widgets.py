"""The monitor's and the explorer's views in an empty page, fed with what the Python widgets said."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from doubles import ReadsInk, RepeatsPixels, wait_for
from mounted_views import Recorder, mount
from needs import needs
from ocr_nb import JobMonitor, ShrinkExplorer
from ocr_nb.jobs import compute
from ocr_nb.service.local import LocalService

MONITOR, SHRINK = ".ocrnb-monitor", ".ocrnb-shrink"
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def many():
    """What a monitor of 500 jobs says to a new view: the first failed, the others succeeded."""
    monitor = JobMonitor()
    recorder = Recorder(monitor)

    def fail():
        raise ValueError("the scanner is out of paper")

    monitor.watch(compute(fail, label="page 000.png"), retry=lambda: compute(fail, label="page 000.png"))
    for number in range(1, 500):
        monitor.watch(compute(lambda: None, label=f"page {number:03}.png"))
    assert wait_for(lambda: all(job.done() for job in monitor.jobs), 60)
    recorder.said.clear()
    monitor._handle_custom_msg({"kind": "send rows"}, [])
    said = list(recorder.said)
    monitor.close()
    return said


@pytest.fixture(scope="module")
def curve():
    """What an explorer says to a new view after five points were measured, and its state."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    explorer = ShrinkExplorer(service=service, x_height=5)
    recorder = Recorder(explorer)
    explorer.measure([24, 12, 8, 5, 3])
    recorder.said.clear()
    explorer._handle_custom_msg({"kind": "send all"}, [])
    assert wait_for(lambda: 3 == len([one for one, _ in recorder.said if one["kind"] == "reading"]), 30)
    names = ("x_height", "damage", "engine", "page", "teaching", "setup", "problem", "leaves_still")
    state = {name: getattr(explorer, name) for name in names}
    said = list(recorder.said)
    explorer.close()
    return state, said


def test_500_lines_change_in_place_and_only_those_in_sight_are_drawn(chromium, many):
    """20 messages about all lines: each line is the same element afterwards, with the last word in it."""
    page, errors = mount(chromium, "job_monitor", {"newest_first": True, "problem": ""}, many)
    rows = page.locator(f"{MONITOR} [data-id]")
    expect(rows).to_have_count(500)
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "501")
    expect(page.locator(f"{MONITOR}__summary")).to_have_text("499 done, 1 failed")
    drawn = rows.evaluate_all(
        "(all) => all.filter((row) =>"
        " row.firstElementChild.checkVisibility({ contentVisibilityAuto: true })).length"
    )
    assert 5 <= drawn <= 60
    rows.evaluate_all("(all) => all.forEach((row) => { row.mine = true; })")
    told = many[0][0]["rows"]
    for calls in range(1, 21):
        page.evaluate("([rows]) => tell({ kind: 'rows', rows })", [[{**row, "calls": calls} for row in told]])
    expect(rows.last.locator(f"{MONITOR}__calls")).to_have_text("20 calls")
    page.get_by_role("button", name="Order of the tasks").click()
    expect(rows.first).to_contain_text("page 000.png")
    assert 500 == rows.evaluate_all("(all) => all.filter((row) => row.mine).length")
    assert 0 == page.evaluate("leave()")
    assert 0 == page.locator(MONITOR).count()
    assert [] == errors()


def test_the_monitor_is_used_by_keys(chromium, many):
    """Arrows lead from line to line, Enter unfolds, Tab reaches the buttons, which ask the kernel."""
    page, errors = mount(chromium, "job_monitor", {"newest_first": False, "problem": ""}, many)
    rows = page.locator(f"{MONITOR} [data-id]")
    rows.first.focus()
    page.keyboard.press("End")
    expect(rows.last).to_be_focused()
    page.keyboard.press("Home")
    expect(rows.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows.first.locator(f"{MONITOR}__detail")).to_have_text("ValueError: the scanner is out of paper")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Why: page 000.png")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert {"kind": "retry", "id": 0} in page.evaluate("asked")
    page.keyboard.press("Escape")
    expect(rows.first.locator(f"{MONITOR}__detail")).to_be_hidden()
    assert "true" == rows.first.get_attribute("data-lm-suppress-shortcuts")
    assert [] == errors()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_views_are_accessible(chromium, many, curve, dark):
    """axe finds nothing serious."""
    needs("axe")
    page, _ = mount(
        chromium, "job_monitor", {"newest_first": False, "problem": "It failed."}, many, dark=dark
    )
    assert [] == serious_faults(page, MONITOR)
    page, _ = mount(chromium, "shrink_explorer", *curve, dark=dark)
    expect(page.locator(f"{SHRINK}__verdict")).to_have_attribute("data-stale", "false")
    assert [] == serious_faults(page, SHRINK)


def test_the_page_is_shrunk_at_once_whatever_the_kernel_does(chromium, curve):
    """Along the axis the page has fewer and fewer pixels, a frame after each move; old readings are dim."""
    page, errors = mount(chromium, "shrink_explorer", *curve)
    expect(page.locator(f"{SHRINK}__verdict")).to_have_attribute("data-stale", "false")
    slider = page.get_by_role("slider", name="Text height")
    paper = page.locator(f"{SHRINK}__paper")
    slider.focus()
    widths = []
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        page.evaluate(FRAME)
        widths.append(paper.evaluate("(canvas) => canvas.width"))
    assert [181, 198, 214, 231, 247, 264, 297, 330] == widths
    expect(page.locator(f"{SHRINK}__card").first).to_have_attribute("data-stale", "true")
    expect(page.locator(f"{SHRINK}__facts").first).to_have_text("reading · below: 5 px")
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "2 px")
    page.evaluate(FRAME)
    assert 66 == paper.evaluate("(canvas) => canvas.width")
    assert [] == errors()


def test_the_browser_shrinks_as_the_kernel_does(chromium, curve):
    """Pixel for pixel, but for rounding: what is shown before the reading is what will be read."""
    state, said = curve
    original = next(
        data[0] for one, data in said if one["kind"] == "reading" and one["condition"] == "original"
    )
    bare = [(one, data) for one, data in said if one["kind"] == "source"]
    page, _ = mount(chromium, "shrink_explorer", state, bare)
    page.wait_for_function("document.querySelector('.ocrnb-shrink__paper').width === 165")
    far = page.evaluate(
        """async (text) => {
        const image = new Image();
        image.src = `data:image/png;base64,${text}`;
        await image.decode();
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: image.width, height: image.height });
        canvas.getContext("2d").drawImage(image, 0, 0);
        const paper = document.querySelector(".ocrnb-shrink__paper");
        const pixels = (of) => of.getContext("2d").getImageData(0, 0, of.width, of.height).data;
        const [one, other] = [pixels(canvas), pixels(paper)];
        return Math.max(...one.map((value, index) => Math.abs(value - other[index])));
        }""",
        original,
    )
    assert far <= 1


def test_the_curve_is_drawn_with_a_shape_for_each_condition(chromium, curve):
    """Five points each; the one under the slider is larger."""
    page, errors = mount(chromium, "shrink_explorer", *curve)
    lines = page.locator(f"{SHRINK}__line")
    expect(lines).to_have_count(3)
    for number in range(3):
        expect(lines.nth(number).locator(f"{SHRINK}__point")).to_have_count(5)
        expect(lines.nth(number).locator(f"{SHRINK}__point--here")).to_have_count(1)
    assert 3 == len(set(lines.evaluate_all("(all) => all.map((one) => one.dataset.shape)")))
    page.get_by_role("button", name="Measure the whole curve").click()
    assert {"kind": "measure curve"} in page.evaluate("asked")
    page.evaluate("tell({ kind: 'sweep', done: 4, total: 15, running: true })")
    expect(page.locator(f"{SHRINK}__said")).to_have_text("4 of 15 points")
    page.get_by_role("button", name="Cancel").click()
    assert {"kind": "cancel curve"} in page.evaluate("asked")
    assert 0 == page.evaluate("leave()")
    assert [] == errors()


@pytest.mark.parametrize("teaching", [False, True], ids=["plain", "teaching"])
@pytest.mark.parametrize("width", [390, 600, 1280])
def test_nothing_is_wider_than_the_screen(chromium, curve, many, width, teaching):
    """On a phone, at 150 % zoom, on a desk; fingers find every button."""
    state, said = curve
    size = {"viewport": {"width": width, "height": 844}, "has_touch": True}
    page, errors = mount(chromium, "shrink_explorer", {**state, "teaching": teaching}, said, **size)
    expect(page.locator(f"{SHRINK}__verdict")).to_have_attribute("data-stale", "false")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 32
    assert page.locator(f"{SHRINK}__step").first.is_visible() == teaching
    page, more = mount(chromium, "job_monitor", {"newest_first": False, "problem": ""}, many, **size)
    page.get_by_role("button", name="Why").tap()
    expect(page.locator(f"{MONITOR}__detail").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [] == errors() + more()
