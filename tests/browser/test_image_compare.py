"""The comparison module in a real browser, mounted by hand as a widget mounts it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from ocr_nb.images import from_array
from ocr_nb.report.document import COMPARISON, read_asset

SHOTS = Path(__file__).parent / "screenshots"
MOUNT = """(pictures) => {
  window.told = [];
  const layers = pictures.map(({ label, width, height, bytes }) => (
    { label, caption: `${label} ${width}×${height}`, width, height, bytes: Uint8Array.from(bytes) }));
  const place = document.body.appendChild(document.createElement("div"));
  window.cleanup = mount(place, { layers, onChange: (state) => window.told.push(state) });
}"""


@pytest.fixture
def page(chromium):
    """An empty page that has the module's `mount` and its styles, and nothing else."""
    made = chromium.new_page(viewport={"width": 800, "height": 700})
    static = files("ocr_nb") / "static"
    made.add_style_tag(content=(static / "image_compare.css").read_text(encoding="utf-8"))
    script = "\n".join(map(read_asset, COMPARISON))
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


def test_on_a_phone_pictures_side_by_side_are_as_wide_as_the_screen(page):
    """One above the other, each with the height that it needs; in the other modes the frame is as before."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(MOUNT, PAIR)
    stage = page.locator(".ocrnb-compare__stage")
    before = stage.bounding_box()
    page.evaluate("cleanup.set({ mode: 'side' })")
    page.wait_for_function("document.querySelector('img').getBoundingClientRect().width > 360")
    one, other = (image.bounding_box() for image in page.locator("img").all())
    assert one["y"] + one["height"] <= other["y"] + 1
    assert other["width"] > 360
    page.evaluate("cleanup.set({ mode: 'wipe' })")
    page.wait_for_function(
        f"document.querySelector('.ocrnb-compare__stage').offsetHeight < {before['height'] + 1}"
    )
    assert before == stage.bounding_box()


def test_without_a_picture_it_refuses_to_mount(page):
    """The error says what is missing."""
    message = page.evaluate(
        "() => { try { mount(document.body, { layers: [] }); } catch (error) { return error.message; } }"
    )
    assert "An image comparison needs at least one layer." == message


def flat(label, width, height, gray, *, box=None):
    """Make one layer of one gray, with a darker box (left, top, right, bottom) where one is given."""
    pixels = np.full((height, width), gray, np.uint8)
    if box is not None:
        left, top, right, bottom = box
        pixels[top:bottom, left:right] = gray - 100
    return {"label": label, "width": width, "height": height, "bytes": list(from_array(pixels).png)}


# The box is at 20 to 40 % of the width and 25 to 50 % of the height of the larger picture.
UNLIKE = [flat("original", 100, 80, 200), flat("upsampled", 300, 240, 200, box=(60, 60, 120, 120))]


def shown(page, pictures):
    """Mount the pictures and wait until both are there; return the comparison."""
    page.evaluate(MOUNT, pictures)
    page.wait_for_function("[...document.images].every((one) => one.complete && one.naturalWidth)")
    return page.locator(".ocrnb-compare")


def move_to(page, x, y):
    """Put the mouse at a point of the picture, given as fractions."""
    box = page.locator(".ocrnb-compare__stage img").first.bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def test_the_values_under_the_pointer_are_those_of_both_files(page):
    """Each at its own pixel, with the change; nothing is said once the pointer is gone."""
    comparison = shown(page, UNLIKE)
    values = comparison.locator(".ocrnb-compare__values")
    move_to(page, 0.305, 0.305)
    expect(values).to_have_text("original (30, 24) 200 → upsampled (91, 73) 100 · −100")
    move_to(page, 0.905, 0.905)
    expect(values).to_have_text("original (90, 72) 200 → upsampled (271, 217) 200 · ±0")
    page.mouse.move(2, 2)
    expect(values).to_have_text("")


def test_a_difference_is_painted_where_it_is(page):
    """Blue in the box, pale beside it; the line says how much; the threshold and the sign change it."""
    comparison = shown(page, UNLIKE)
    comparison.get_by_role("button", name="Difference").click()
    values = comparison.locator(".ocrnb-compare__values")
    said = re.compile(r"^5\.[01] % of pixels differ by more than 16 of 255, the largest by 100$")
    expect(values).to_have_text(said)
    pixel = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
      x * canvas.width, y * canvas.height, 1, 1).data].slice(0, 3)"""
    canvas = comparison.locator(".ocrnb-compare__difference")
    red, green, blue = canvas.evaluate(pixel, [0.3, 0.375])
    assert red < green < blue
    red, green, blue = canvas.evaluate(pixel, [0.7, 0.7])
    assert red == green == blue == 244
    shoot(comparison, "difference")
    comparison.get_by_role("button", name="Signed").click()
    page.wait_for_function("told.at(-1).signed === false")
    expect(values).to_have_text(said)
    comparison.get_by_role("slider", name="Threshold 16").fill("110")
    expect(values).to_have_text("No pixel differs by more than 110 of 255")
    assert 110 == page.evaluate("told.at(-1).threshold")


def test_the_difference_follows_the_zoom(page):
    """Zoomed to the box's corner, its share of what is in sight grows."""
    comparison = shown(page, UNLIKE)
    page.evaluate("cleanup.set({ mode: 'difference' })")
    values = comparison.locator(".ocrnb-compare__values")
    expect(values).to_contain_text("% of pixels differ")
    move_to(page, 0.3, 0.375)
    page.keyboard.down("Control")
    for _ in range(4):
        page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    expect(values).not_to_contain_text(re.compile(r"^5\."))
    assert float(values.inner_text().split()[0]) > 40
    assert "difference" == page.evaluate("told.at(-1).mode")


def test_the_lens_follows_the_mouse_and_the_arrows(page):
    """A circle of the second picture in the first; the values are those in its middle."""
    comparison = shown(page, UNLIKE)
    comparison.get_by_role("button", name="Lens").click()
    move_to(page, 0.305, 0.305)
    pane = comparison.locator(".ocrnb-compare__pane").nth(1)
    assert pane.evaluate("one => one.style.clipPath").startswith("circle(110px at")
    shoot(comparison, "lens")
    stage = comparison.locator(".ocrnb-compare__stage")
    stage.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("told.at(-1).lens") == pytest.approx([0.405, 0.305], abs=0.004)
    expect(comparison.locator(".ocrnb-compare__values")).to_contain_text("upsampled (121, 73) 200")
    page.keyboard.down("Space")
    assert "" == pane.evaluate("one => one.style.clipPath")
    page.keyboard.up("Space")


def test_the_divider_can_lie_and_move_up_and_down(page):
    """By its button, the mouse and the keys; the slider says its direction."""
    comparison = shown(page, UNLIKE)
    comparison.get_by_role("button", name="Vertical").click()
    slider = comparison.get_by_role("slider")
    expect(slider).to_have_attribute("aria-orientation", "vertical")
    move_to(page, 0.5, 0.25)
    page.mouse.down()
    expect(slider).to_have_attribute("aria-valuenow", "25")
    page.mouse.up()
    page.keyboard.press("ArrowDown")
    expect(slider).to_have_attribute("aria-valuenow", "26")
    panes = comparison.locator(".ocrnb-compare__pane")
    clips = panes.evaluate_all("all => all.map((one) => one.style.clipPath)")
    assert clips[0].startswith("inset(0px 0px ")
    assert re.fullmatch(r"inset\([\d.]+px 0px 0px\)", clips[1])
    shoot(comparison, "vertical")
    page.keyboard.press("v")
    expect(slider).to_have_attribute("aria-orientation", "horizontal")


WORDS = [
    {"kind": "unchanged", "truth": "Best", "texts": ["Best", "Best"],
     "boxes": [[[0.05, 0.1, 0.3, 0.2]], [[0.05, 0.1, 0.3, 0.2]]]},
    {"kind": "fixed", "truth": "end:", "texts": ["cnd:", "end:"],
     "boxes": [[[0.4, 0.1, 0.6, 0.2]], [[0.4, 0.1, 0.6, 0.2]]]},
    {"kind": "broken", "truth": "lid.", "texts": ["lid.", "1id."],
     "boxes": [[[0.1, 0.5, 0.3, 0.6]], [[0.1, 0.5, 0.3, 0.6]]]},
]  # fmt: skip


def test_a_word_and_its_box_are_linked_both_ways(page):
    """The mouse on either sets the other apart; keys go from one to the next; marks can be turned off."""
    comparison = shown(page, UNLIKE)
    page.evaluate("(words) => cleanup.mark(words, 'Fixed 1 of 1 misread word, broke 1.')", WORDS)
    expect(comparison.locator(".ocrnb-compare__verdict")).to_have_text("Fixed 1 of 1 misread word, broke 1.")
    linked = comparison.locator("[data-linked]")
    move_to(page, 0.58, 0.15)  # beside the divider
    expect(linked).to_have_count(4)
    assert {"1"} == set(linked.evaluate_all("all => all.map((one) => one.dataset.word)"))
    comparison.locator(".ocrnb-compare__text").nth(1).get_by_text("✗1id.").hover()
    assert {"2"} == set(linked.evaluate_all("all => all.map((one) => one.dataset.word)"))
    box = comparison.locator(".ocrnb-compare__mark[data-linked]").first.bounding_box()
    picture = comparison.locator("img").first.bounding_box()
    assert box["x"] == pytest.approx(picture["x"] + 0.1 * picture["width"], abs=0.5)
    assert box["width"] == pytest.approx(0.2 * picture["width"], abs=0.5)
    shoot(comparison, "words")
    comparison.locator(".ocrnb-compare__stage").focus()
    page.keyboard.press("n")
    expect(comparison.locator("[aria-live]")).to_have_text(
        "fixed: original “cnd:”, upsampled “end:”, truth “end:”"
    )
    page.keyboard.press("w")
    expect(comparison.locator(".ocrnb-compare__reading")).to_be_hidden()
    assert not page.evaluate("told.at(-1).showsWords")


def shoot(comparison, name):
    """Keep a screenshot for a person to look at."""
    SHOTS.mkdir(exist_ok=True)
    comparison.screenshot(path=SHOTS / f"compare_{name}.png")
