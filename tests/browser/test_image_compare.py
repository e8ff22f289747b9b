"""The comparison module in a real browser, mounted by hand as a widget mounts it."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from needs import needs
from ocr_nb.images import from_array

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
MOUNT = """(pictures) => {
  window.told = [];
  const layers = pictures.map(({ label, width, height, bytes }) => (
    { label, caption: `${label} ${width}×${height}`, width, height, bytes: Uint8Array.from(bytes) }));
  const place = document.body.appendChild(document.createElement("div"));
  window.cleanup = mount(place, { layers, onChange: (state) => window.told.push(state) });
}"""


@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium, driven by Playwright."""
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=needs("chromium"), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def page(chromium):
    """An empty page that has the module's `mount` and its styles, and nothing else."""
    made = chromium.new_page(viewport={"width": 800, "height": 700})
    static = files("ocr_nb") / "static"
    made.add_style_tag(content=(static / "image_compare.css").read_text(encoding="utf-8"))
    script = (static / "image_compare.js").read_text(encoding="utf-8")
    made.add_script_tag(content=f"{script}\nwindow.mount = mount;", type="module")
    made.wait_for_function("window.mount !== undefined")
    yield made
    made.close()


def picture(label, width, height):
    """Make one layer as Python sends it: its PNG as bytes."""
    ramp = np.linspace(0.0, 1.0, width * height, dtype=np.float32).reshape(height, width)
    return {"label": label, "width": width, "height": height, "bytes": list(from_array(ramp).png)}


PAIR = [picture("original", 100, 80), picture("upsampled", 300, 240)]


def test_bytes_become_pictures_of_their_own_size(page):
    """PNG bytes pass through untouched and are shown at the size they have."""
    page.evaluate(MOUNT, PAIR)
    images = page.locator("img")
    expect(images).to_have_count(2)
    assert [100, 300] == images.evaluate_all(
        "all => Promise.all(all.map((one) => one.decode())).then(() => all.map((one) => one.naturalWidth))"
    )
    assert [] == page.locator(".ocrnb-compare__error:visible").all()


def test_what_a_person_changes_is_told_and_what_code_sets_is_not(page):
    """The state goes out once a change, and setting it from outside does not echo."""
    page.evaluate(MOUNT, PAIR)
    page.evaluate("cleanup.set({ split: 0.25, mode: 'side' })")
    assert [] == page.evaluate("told")
    assert "side" == page.locator(".ocrnb-compare").get_attribute("data-mode")
    page.get_by_role("button", name="Wipe").click()
    page.get_by_role("slider").press("ArrowRight")
    told = page.evaluate("told")
    assert [("wipe", 0.25), ("wipe", 0.26)] == [(state["mode"], state["split"]) for state in told]


def test_nothing_is_left_after_the_cleanup(page):
    """Elements, object URLs and listeners are gone."""
    page.evaluate(MOUNT, PAIR)
    address = page.locator("img").first.get_attribute("src")
    assert address.startswith("blob:")
    page.evaluate("cleanup()")
    assert 0 == page.locator(".ocrnb-compare").count()
    gone = page.evaluate("(address) => fetch(address).then(() => false, () => true)", address)
    assert gone


def test_a_borrowed_image_is_given_back_where_it_was(page):
    """An image element that the page owned returns to its place with its own class and text."""
    page.evaluate(
        """() => {
        document.body.innerHTML =
          '<p id="home"><img class="mine" alt="mine"><b>after</b></p><div id="place"></div>';
        const element = document.querySelector('.mine');
        const layer = { element, label: 'original', caption: 'original', width: 4, height: 4 };
        window.cleanup = mount(document.querySelector('#place'), { layers: [layer] });
        }"""
    )
    assert 1 == page.locator("#place img").count()
    page.evaluate("cleanup()")
    home = page.locator("#home").inner_html()
    assert '<img class="mine" alt="mine"><b>after</b>' == home


def test_a_damaged_picture_is_said_to_be_damaged(page):
    """One sentence in place, for everyone; the other picture stays."""
    page.evaluate(MOUNT, [PAIR[0], {**PAIR[1], "bytes": [1, 2, 3]}])
    expect(page.get_by_role("alert")).to_have_text(
        "The picture “upsampled” could not be shown: its data is damaged."
    )


def test_two_views_of_one_pair_do_not_disturb_each_other(page):
    """Each has its own divider."""
    page.evaluate(MOUNT, PAIR)
    page.evaluate(MOUNT, PAIR)
    first, second = page.get_by_role("slider").all()
    first.press("End")
    assert ("100", "50") == (first.get_attribute("aria-valuenow"), second.get_attribute("aria-valuenow"))


def test_it_follows_the_width_it_is_given(page):
    """A narrower place shows the whole picture still."""
    page.evaluate(MOUNT, PAIR)
    wide = page.locator("img").first.bounding_box()
    page.set_viewport_size({"width": 420, "height": 700})
    expect(page.locator("output")).not_to_have_text("")
    page.wait_for_function("document.querySelector('img').getBoundingClientRect().width < 410")
    narrow = page.locator("img").first.bounding_box()
    assert narrow["width"] < wide["width"]
    assert abs(narrow["width"] / narrow["height"] - 1.25) < 0.01


def test_without_a_picture_it_refuses_to_mount(page):
    """The error says what is missing."""
    message = page.evaluate(
        "() => { try { mount(document.body, { layers: [] }); } catch (error) { return error.message; } }"
    )
    assert "An image comparison needs at least one layer." == message
