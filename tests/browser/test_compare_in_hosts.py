"""`ImageCompare` in the other hosts, by touch, and in a saved notebook with no kernel behind it."""

from __future__ import annotations

import re

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from accessibility import serious_faults
from needs import needs
from notebook_hosts import open_window, shoot, start_voila, write_notebook

SHOW = """
import ocr_nb
from ocr_nb.filters import resize
card, = ocr_nb.samples("card")
comparison = ocr_nb.ImageCompare(card, resize(card.picture, 3).picture)
comparison
"""
TELL = "print(comparison.mode, round(comparison.split, 1), comparison.zoom)"
OTHER = "comparison.show(resize(card.picture, 2).picture, card, labels=['large', 'small'])"
CELLS = (SHOW, TELL, OTHER)


def pictures_of(comparison):
    """Wait until both pictures are there; return their widths."""
    expect(comparison.locator("img")).to_have_count(2)
    expect(comparison.locator(".ocrnb-compare__waiting")).to_be_hidden()
    return comparison.locator("img").evaluate_all(
        "all => Promise.all(all.map((one) => one.decode())).then(() => all.map((one) => one.naturalWidth))"
    )


def pinch(page, comparison):
    """Draw two fingers apart on the picture."""
    box = comparison.locator(".ocrnb-compare__stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def tell(kind, apart):
        fingers = [] if kind == "touchEnd" else [(x - apart, y), (x + apart, y)]
        points = [{"x": at, "y": down, "id": number} for number, (at, down) in enumerate(fingers)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    tell("touchStart", 30)
    for apart in range(40, 160, 20):
        tell("touchMove", apart)
    tell("touchEnd", 0)


def test_notebook_7_shows_it_too(notebook_7, chromium):
    """By finger: pinched, the map appears and pans; other pictures take the place; axe finds nothing."""
    context = {"has_touch": True, "viewport": {"width": 1100, "height": 900}}
    with open_window(chromium, notebook_7, CELLS, "compare", **context) as window:
        window.run(0)
        page = window.page
        comparison = page.locator(".ocrnb-compare")
        assert [320, 960] == pictures_of(comparison)
        assert [] == serious_faults(page, ".ocrnb-compare")
        see_each_mode(page, comparison, "notebook_7")
        pinch(page, comparison)
        expect(comparison).to_have_attribute("data-zoomed", "true")
        see_the_map(page, comparison)
        window.use_dark_theme()
        assert [] == serious_faults(page, ".ocrnb-compare")
        shoot(comparison, "notebook_7_dark")
        window.run(2)
        assert [640, 320] == pictures_of(comparison)
        expect(comparison.locator(".ocrnb-compare__caption").first).to_contain_text("large 640")
        window.save()
        assert [] == window.complaints


def see_each_mode(page, comparison, host):
    """Every mode has its picture for a person to look at."""
    for name in ("Toggle", "Side by side", "Difference", "Lens", "Wipe"):
        comparison.get_by_role("button", name=name).tap()
        expect(comparison.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        page.wait_for_timeout(250)
        shoot(comparison, f"{host}_{name.split()[0].lower()}")


def see_the_map(page, comparison):
    """It shows what is in sight, and a press on it goes there."""
    the_map = comparison.locator(".ocrnb-compare__map")
    expect(the_map).to_be_visible()
    sight = comparison.locator(".ocrnb-compare__map-sight")
    box = the_map.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3)
    found = sight.bounding_box()
    assert found["x"] + found["width"] == pytest.approx(box["x"] + box["width"], abs=3)
    page.mouse.click(box["x"] + 3, box["y"] + 3)
    assert sight.bounding_box()["x"] == pytest.approx(box["x"], abs=3)
    shoot(comparison, "compare_map")
    comparison.get_by_role("button", name="Fit").tap()
    expect(the_map).to_be_hidden()


def test_voila_shows_it_too(tmp_path, chromium):
    """A page without code cells: the divider moves, and the saved picture does not stand beside it."""
    needs("chromium", "module:voila")
    with start_voila(write_notebook(tmp_path / "page.ipynb", CELLS[:1])) as host:
        page = chromium.new_page(viewport={"width": 1000, "height": 800})
        page.goto(host.address, timeout=120_000)
        comparison = page.locator(".ocrnb-compare")
        comparison.wait_for(timeout=120_000)
        assert [320, 960] == pictures_of(comparison)
        comparison.get_by_role("slider").press("End")
        expect(comparison.get_by_role("slider")).to_have_attribute("aria-valuenow", "100")
        expect(page.locator("img:visible")).to_have_count(2)
        assert [] == serious_faults(page, ".ocrnb-compare")
        shoot(page, "voila")
        page.close()


def test_a_saved_notebook_shows_the_picture_without_a_kernel(lab, chromium):
    """Opened with the kernel off, and converted to HTML: the picture that was saved is there."""
    with open_window(chromium, lab, CELLS[:1], "kept") as window:
        window.run(0)
        pictures_of(window.page.locator(".ocrnb-compare"))
        expect(window.page.locator(".jp-RenderedImage img")).to_be_hidden()
        window.save()
        page = window.page
        window.reopen_without_kernel()
        picture = page.locator(".jp-RenderedImage img")
        expect(picture).to_be_visible()
        assert picture.evaluate("one => one.naturalWidth") > 500
        shoot(page, "without_kernel")
        page_html, _ = HTMLExporter().from_filename(str(window.path))
        assert 1 == len(re.findall(r'<img[^>]+src="data:image/png;base64,', page_html))
        assert "model not found" not in page_html
