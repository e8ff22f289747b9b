"""`ShrinkExplorer` in a real JupyterLab: the slider moves at once, readings follow, the curve is drawn."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from needs import needs
from notebook_hosts import open_window, shoot

ROOT = ".ocrnb-shrink"
SHOW = """
import os
os.environ["OMP_THREAD_LIMIT"] = "1"
import ocr_nb
explorer = ocr_nb.ShrinkExplorer(engine="tesseract", x_height=8)
explorer
"""
TELL = "print(explorer.x_height, explorer.damage, explorer.page, explorer.teaching, explorer.problem)"
SET = "explorer.x_height = 5"
AGAIN = "explorer"
COUNT = "print(len(set(explorer.curve.x_height_px)))"
CELLS = (SHOW, TELL, SET, AGAIN, COUNT)
PATIENCE = 60_000


@pytest.fixture(scope="module")
def window(lab, chromium):
    """The notebook with its first cell run, wide enough for a projector."""
    needs("tesseract")
    with open_window(chromium, lab, CELLS, "explorer", viewport={"width": 1280, "height": 1100}) as opened:
        opened.page.evaluate("jupyterapp.shell.collapseLeft()")
        opened.run(0)
        opened.page.locator(ROOT).first.wait_for()
        yield opened


def verdict(page, pattern):
    """Wait until the first view says it."""
    said = page.locator(f"{ROOT}__verdict").first
    expect(said).to_have_text(re.compile(pattern), timeout=PATIENCE)


def test_a_journey_from_large_to_broken_and_back(window):
    """By keys, mouse and code; the page is shrunk before anything is read."""
    page = window.page
    explorer = page.locator(ROOT).first
    slider = explorer.get_by_role("slider", name="Text height")
    verdict(page, r"^Text 8 px high, 128 characters: every one is read right")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "6.5 px")
    expect(explorer.locator(f"{ROOT}__caption")).to_have_text("214×97 px · text 6.5 px high")
    # The picture follows the caption with the next frame.
    expect(explorer.locator(f"{ROOT}__paper")).to_have_js_property("width", 214)
    window.run_until(1, "6.5 none notice False")

    window.run(2)
    expect(slider).to_have_attribute("aria-valuetext", "5 px")
    verdict(
        page, r"^Text 5 px high, 128 characters\. Errors: \d+ original, \w+ resized ×2, \w+ upsampled ×2\."
    )
    original = explorer.get_by_role("article", name="original")
    marks = original.locator(f"{ROOT}__mark")
    assert marks.count() > 3
    assert "line-through" in original.locator("[data-kind=missing]").first.evaluate(
        "(mark) => getComputedStyle(mark).textDecorationLine"
    )
    expect(explorer.get_by_role("article", name="upsampled ×2").locator(f"{ROOT}__rate")).to_have_text(
        re.compile(r"^\d(\.\d)? %$")
    )
    expect(explorer.locator(f"{ROOT}__ghost")).to_have_text(["advice: upsample", "will not help"])
    window.shoot("explorer_lab")
    drag_the_slider(page, explorer)
    assert [] == window.complaints


def drag_the_slider(page, explorer):
    """Along the whole axis; the page follows at each step, whatever the reader does."""
    chart = explorer.locator(f"{ROOT}__chart")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    y = box["y"] + box["height"] / 2
    paper = explorer.locator(f"{ROOT}__paper")
    page.mouse.move(box["x"] + box["width"] - 30, y)
    page.mouse.down()
    widths = []
    for step in range(12):
        page.mouse.move(box["x"] + box["width"] - 30 - step * (box["width"] - 90) / 11, y)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        widths.append(paper.evaluate("(canvas) => canvas.width"))
    page.mouse.up()
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 600
    assert widths[-1] < 90
    assert len(set(widths)) >= 10


def test_the_curve_is_measured_and_drawn(window):
    """A line for each condition, progress while it grows, fifteen points and those of the slider."""
    page = window.page
    explorer = page.locator(ROOT).first
    explorer.get_by_role("button", name="Measure the whole curve").click()
    expect(explorer.get_by_role("button", name="Cancel")).to_be_visible()
    expect(explorer.get_by_role("button", name="Measure the whole curve")).to_be_visible(timeout=4 * PATIENCE)
    original = explorer.locator(f"{ROOT}__line[data-tone=original] {ROOT}__point")
    assert original.count() >= 15
    for tone in ("resized", "upsampled"):
        assert explorer.locator(f"{ROOT}__line[data-tone={tone}] {ROOT}__point").count() >= 15
    shapes = explorer.locator(f"{ROOT}__line").evaluate_all("(all) => all.map((one) => one.dataset.shape)")
    assert ["circle", "square", "triangle"] == shapes
    assert int(window.run(4)) >= 15
    window.run(2)
    slider = explorer.get_by_role("slider", name="Text height")
    expect(slider).to_have_attribute("aria-valuetext", "5 px")
    verdict(page, r"^Text 5 px high")
    explorer.scroll_into_view_if_needed()
    shoot(explorer, "explorer_light")


def test_two_views_agree(window):
    """What is chosen in one is seen in the other; the lens is each view's own."""
    page = window.page
    window.run(3)
    views = page.locator(ROOT)
    expect(views).to_have_count(2)
    first, second = views.all()
    second.get_by_role("button", name="Larger labels").click()
    for view in (first, second):
        expect(view).to_have_attribute("data-teaching", "true")
        expect(view.locator(f"{ROOT}__step").first).to_be_visible()
    second.get_by_label("Damage").select_option("strong")
    expect(first.get_by_label("Damage")).to_have_value("strong")
    verdict(page, r"^Text 5 px high, 128 characters\. Errors")
    window.run_until(1, "5.0 strong notice True")
    second.get_by_label("Damage").select_option("none")
    shoot(first, "explorer_teaching")
    lens = first.get_by_role("slider", name="Enlarged part")
    before = second.locator(f"{ROOT}__lens").get_attribute("style")
    moved = lens.get_attribute("style")
    lens.focus()
    page.keyboard.press("ArrowRight")
    expect(lens).not_to_have_attribute("style", moved)
    assert before == second.locator(f"{ROOT}__lens").get_attribute("style")
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert len(CELLS) == page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")


def test_a_key_shows_what_the_keys_do(window):
    """`?` wherever the focus is, Esc to put it away; the button says the same."""
    page = window.page
    explorer = page.locator(ROOT).first
    keys, words = explorer.get_by_role("button", name="Keys"), explorer.get_by_text("one height smaller")
    explorer.get_by_role("slider", name="Text height").focus()
    page.keyboard.press("?")
    expect(words).to_be_visible()
    expect(keys).to_have_attribute("aria-expanded", "true")
    shoot(explorer, "explorer_keys")
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()
    keys.click()
    expect(words).to_be_visible()
    keys.click()
    expect(words).to_be_hidden()


def test_it_is_accessible_in_both_themes_and_saves_a_small_picture(window):
    """axe finds nothing serious; the file has a preview, no points and no texts that were read."""
    needs("axe")
    page = window.page
    assert [] == serious_faults(page, ROOT)
    saved = window.save()
    assert "widgets" not in saved["metadata"]
    kinds = {kind for output in saved["cells"][0]["outputs"] for kind in output.get("data", {})}
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} == kinds
    assert window.path.stat().st_size < 150_000
    window.use_dark_theme()
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    shoot(page.locator(ROOT).first, "explorer_dark")
    assert [] == serious_faults(page, ROOT)
    assert [] == window.complaints


def test_at_150_percent_nothing_is_cut(window):
    """As a teacher projects it: the same page in two thirds of the width, letters at one and a half."""
    page = window.page
    page.set_viewport_size({"width": 853, "height": 733})
    explorer = page.locator(ROOT).first
    expect(explorer.locator(f"{ROOT}__chart")).to_be_visible()
    assert explorer.evaluate("(root) => root.scrollWidth <= root.clientWidth + 1")
    shoot(explorer, "explorer_150_percent")
    page.set_viewport_size({"width": 1280, "height": 1100})


def test_it_is_used_by_touch(lab, chromium):
    """A tap in the chart moves the slider; buttons are large enough for a finger."""
    needs("tesseract")
    tablet = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
    with open_window(chromium, lab, CELLS, "explorer_tablet", **tablet) as window:
        window.page.evaluate("jupyterapp.shell.collapseLeft()")
        window.run(0)
        explorer = window.page.locator(ROOT)
        explorer.wait_for()
        verdict(window.page, r"^Text 8 px high, 128 characters")
        chart = explorer.locator(f"{ROOT}__chart")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        chart.tap(position={"x": 50 + (box["width"] - 70) * 0.37, "y": 100})
        expect(explorer.get_by_role("slider", name="Text height")).to_have_attribute("aria-valuetext", "5 px")
        verdict(window.page, r"^Text 5 px high")
        assert explorer.evaluate("(root) => root.scrollWidth <= root.clientWidth + 1")
        for button in explorer.get_by_role("button").all():
            assert button.bounding_box()["height"] >= 32
        shoot(explorer, "explorer_tablet")
        assert [] == window.complaints
