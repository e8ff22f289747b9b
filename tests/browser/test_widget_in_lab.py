"""`ImageCompare` in a real JupyterLab, from a cell to the saved notebook, by mouse and keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from notebook_hosts import open_window

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
def notebook(lab, chromium):
    """The notebook in Debian's Chromium, with its first cell run."""
    with open_window(chromium, lab, CELLS, "comparison") as opened:
        opened.run(0)
        opened.page.locator(".ocrnb-compare").wait_for()
        yield opened


def test_a_journey_through_the_notebook(notebook):
    """Shown, dragged, switched, set by code, shown twice, saved, closed."""
    page = notebook.page
    comparison = page.locator(".ocrnb-compare").first
    slider = comparison.get_by_role("slider")
    see_the_pictures(comparison)
    notebook.shoot("lab_light")

    drag_the_divider(page, comparison)
    expect(slider).to_have_attribute("aria-valuenow", "25")
    page.keyboard.press("ArrowRight")
    notebook.run_until(1, "wipe 0.26 fit")

    use_the_keys(page, comparison)
    notebook.run_until(1, "toggle 0.26 fit")
    assert ["code"] * 5 == page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.type)"
    )

    notebook.run(2)
    expect(slider).to_have_attribute("aria-valuenow", "75")
    comparison.get_by_role("button", name="1:1").click()
    notebook.run(3)
    see_two_views_agree(page)
    notebook.run_until(1, "wipe 0.76 1.0")

    notebook.use_dark_theme()
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    comparison.scroll_into_view_if_needed()
    notebook.shoot("lab_dark")

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
    saved = notebook.save()
    assert "widgets" not in saved["metadata"]
    widget, still = (output["data"] for output in saved["cells"][0]["outputs"])
    assert {"application/vnd.jupyter.widget-view+json", "text/plain"} == set(widget)
    assert {"image/png", "text/plain"} == set(still)
    assert notebook.path.stat().st_size < 200_000
