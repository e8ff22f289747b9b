"""The report in a real browser, opened from disk: one journey by keyboard, mouse and touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from ocr_nb.images import from_array
from ocr_nb.report import write_report
from trials import trial

SHOTS = Path(__file__).parent / "screenshots"
PAIRS = 20
TRUTH = "Best before end: see lid. Net weight 250 g"


def write_pairs(count, folder):
    """Write a report of `count` images of 200×80 px, each resized and upsampled to three times the size."""
    trials, pictures = [], {}
    for index in range(count):
        name = f"picture {index + 1}.png"
        paper = np.full((80, 200), 0.9, np.float32)
        paper[12:70:12, 12 : 188 - 5 * index : 3] = 0.2
        blurred = np.kron(paper, np.full((3, 3), 0.95))
        for condition, text, pixels in (
            ("original", TRUTH.replace("e", "c", index % 4), paper),
            ("resized:x3", TRUTH.replace("e", "c", index % 3), blurred),
            ("upsampled:x3", TRUTH.replace("b", "h", int(index % 7 == 3)), np.kron(paper, np.ones((3, 3)))),
        ):
            picture = from_array(pixels, name=name)
            shape = {"width": picture.width, "height": picture.height}
            trials.append(trial(name, condition, text, TRUTH, x_height_px=6.0, confidence=0.9, **shape))
            pictures[name, condition] = picture
    return write_report(trials, pictures, folder)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of three images."""
    return write_pairs(3, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def browser(chromium):
    """Debian's Chromium, driven by Playwright."""
    return chromium


class Visit:
    """One page of the report with what went wrong in it and what it asked for."""

    def __init__(self, browser, report, **context):
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **context})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url[:40]))
        self.page.goto(report.as_uri())
        self.first = self.page.locator(".ocrnb-compare").first
        self.first.wait_for()

    def button(self, name):
        """Return the first comparison's button of that name."""
        return self.first.get_by_role("button", name=name, exact=True)

    def slider(self):
        """Return the first comparison's divider."""
        return self.first.get_by_role("slider")

    def boxes(self):
        """Return where the two pictures of the first comparison are, CSS px of the window."""
        return [image.bounding_box() for image in self.first.locator("img").all()]

    def shoot(self, name):
        """Keep a screenshot for a person to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"report_{name}.png")


@pytest.fixture
def visit(browser, report):
    """A fresh visit with a mouse on a wide, light screen."""
    made = Visit(browser, report)
    yield made
    made.context.close()


def test_it_opens_from_disk_without_complaint_or_request(visit):
    """No policy violation, no error, nothing fetched but the file itself and its own data."""
    visit.page.mouse.wheel(0, 30_000)
    assert [] == visit.complaints
    assert 1 == len([address for address in visit.requests if not address.startswith("data:")])
    assert 3 == visit.page.locator(".ocrnb-compare").count()
    visit.shoot("light")


def test_the_policy_stops_what_is_not_ours(visit):
    """An inline handler put in afterwards does not run: the policy is in force, not only written down."""
    visit.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')"
    )
    visit.button("Fit").click()
    assert "Does upsampling" in visit.page.title()
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)


def test_pictures_of_unequal_size_lie_exactly_over_each_other(visit):
    """One box for both, whatever their pixels; it keeps the finest picture's shape."""
    before, after = visit.boxes()
    assert before == after
    assert abs(before["width"] / before["height"] - 600 / 240) < 1e-3
    sizes = visit.first.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert [200, 600] == sizes


def test_the_divider_moves_by_keys_and_says_where_it_is(visit):
    """Arrows, Shift, Home and End; the slider has its role, its value and its words."""
    slider = visit.slider()
    slider.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Shift+ArrowRight")
    assert "61" == slider.get_attribute("aria-valuenow")
    assert "original 61 %, upsampled\u00a0×3 39 %" == slider.get_attribute("aria-valuetext").replace(
        " ×", "\u00a0×"
    )
    visit.shoot("focus")
    visit.page.keyboard.press("End")
    assert "100" == slider.get_attribute("aria-valuenow")
    visit.page.keyboard.press("Home")
    assert "0" == slider.get_attribute("aria-valuenow")


def test_the_divider_follows_the_mouse(visit):
    """A press anywhere on the unzoomed picture brings it there, a drag takes it along."""
    stage = visit.first.locator(".ocrnb-compare__stage")
    stage.scroll_into_view_if_needed()
    box = visit.boxes()[0]
    middle = box["y"] + box["height"] / 2
    visit.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    visit.page.mouse.down()
    assert "25" == visit.slider().get_attribute("aria-valuenow")
    visit.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=5)
    visit.page.mouse.up()
    assert "75" == visit.slider().get_attribute("aria-valuenow")
    visit.page.mouse.move(box["x"] + 5, middle)
    assert "75" == visit.slider().get_attribute("aria-valuenow")


def test_the_toggle_says_what_it_does_and_what_is_shown(visit):
    """The button of the service's own documentation; the caption is of the picture in sight."""
    visit.button("Toggle").click()
    caption = visit.first.locator(".ocrnb-compare__caption").first
    assert caption.inner_text().startswith("original 200×80")
    visit.button("Upsample image").click()
    assert caption.inner_text().startswith("upsampled\u00a0×3 600×240")
    assert visit.button("View original image").is_visible()
    expect(visit.first.locator(".ocrnb-compare__pane").nth(1)).to_have_css("opacity", "1")
    visit.shoot("toggle")
    visit.button("View original image").click()
    assert "Showing original 200×80" in visit.first.locator("[aria-live]").inner_text()


def test_holding_space_shows_the_other_picture(visit):
    """On the picture, Space blinks while it is down."""
    visit.page.keyboard.press("Tab")
    visit.first.locator(".ocrnb-compare__stage").focus()
    visit.page.keyboard.press("2")
    panes = visit.first.locator(".ocrnb-compare__pane")
    assert "0" == panes.nth(1).evaluate("one => one.style.opacity")
    visit.page.keyboard.down("Space")
    assert "1" == panes.nth(1).evaluate("one => one.style.opacity")
    visit.page.keyboard.up("Space")
    assert "0" == panes.nth(1).evaluate("one => one.style.opacity")


def test_all_modes_share_one_zoom(visit):
    """Zoomed in wiping, then side by side: the same scale on both pictures; Fit brings the whole back."""
    fitted = visit.boxes()[0]["width"]
    visit.button("Zoom in").click()
    visit.button("Zoom in").click()
    assert abs(visit.boxes()[0]["width"] / fitted - 1.25**2) < 0.01
    visit.button("Side by side").click()
    left, right = visit.boxes()
    assert (left["width"], left["y"]) == (right["width"], right["y"])
    assert abs(left["width"] / fitted - 1.25**2) < 0.01
    visit.shoot("side_by_side")
    visit.page.keyboard.press("0")
    assert abs(visit.boxes()[0]["width"] * 2 / fitted - 1) < 0.01
    visit.button("1:1").click()
    assert 600 == visit.boxes()[0]["width"]
    assert "100 %" == visit.first.locator("output").inner_text()


def test_zooming_with_the_wheel_keeps_the_point_and_leaves_the_page_alone(visit):
    """With Ctrl the picture grows around the pointer; without, the page scrolls."""
    stage = visit.first.locator(".ocrnb-compare__stage")
    stage.scroll_into_view_if_needed()
    box = visit.boxes()[0]
    point = (box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.4)
    visit.page.mouse.move(*point)
    visit.page.keyboard.down("Control")
    for _ in range(4):
        visit.page.mouse.wheel(0, -60)
    visit.page.keyboard.up("Control")
    expect(visit.first).to_have_attribute("data-zoomed", "true")
    grown = visit.boxes()[0]
    assert grown["width"] > 1.5 * box["width"]
    assert abs((point[0] - grown["x"]) / grown["width"] - 0.7) < 0.005
    assert abs((point[1] - grown["y"]) / grown["height"] - 0.4) < 0.005
    visit.page.evaluate("window.addEventListener('scroll', () => { document.title = 'scrolled'; })")
    visit.page.mouse.wheel(0, 200)
    expect(visit.page).to_have_title("scrolled")
    assert visit.boxes()[0]["width"] == grown["width"]


def test_coarse_pixels_stay_hard_until_smoothing_is_asked_for(visit):
    """The original's pixels are enlarged as they are; one button lets the browser smooth them."""
    rendering = "one => getComputedStyle(one).imageRendering"
    original = visit.first.locator("img").first
    assert "pixelated" == original.evaluate(rendering)
    visit.button("Pixels").click()
    assert "auto" == original.evaluate(rendering)


def test_another_condition_takes_the_second_place(visit):
    """The original against plain resizing, with that picture's own caption and action."""
    visit.button("resized ×3").click()
    assert "original and resized ×3, compared" == visit.first.locator(".ocrnb-compare__stage").get_attribute(
        "aria-label"
    )
    visit.button("Toggle").click()
    assert visit.button("Show plain resizing ×3").is_visible()


def test_the_keys_are_told_on_request(visit):
    """The question mark opens the list, Escape closes it."""
    visit.slider().focus()
    visit.page.keyboard.press("?")
    assert "hold to see the other picture" in visit.first.inner_text()
    visit.shoot("keys")
    visit.page.keyboard.press("Escape")
    assert "hold to see the other picture" not in visit.first.inner_text()


def test_everything_can_be_reached_by_tab_and_shows_its_focus(visit):
    """Choice, stage, divider, then the tools, in reading order, each with a visible outline or a ring."""
    visit.button("resized ×3").focus()
    names = []
    for _ in range(15):
        visit.page.keyboard.press("Tab")
        names.append(
            visit.page.evaluate(
                """() => {
                const one = document.activeElement;
                const styles = [one, one.parentElement].map((each) => getComputedStyle(each));
                const ring = getComputedStyle(one.closest('.ocrnb-compare__stage') ?? one, '::after');
                const seen = styles.some((style) => style.outlineStyle === 'solid')
                  || (ring.borderTopStyle === 'solid' && ring.borderTopWidth === '3px');
                const name = one.getAttribute('aria-label') || one.textContent;
                return name.slice(0, 8) + (seen ? '' : ' unseen');
                }"""
            )
        )
    assert names == [
        "upsample", "original", "Divider ", "Wipe", "Toggle", "Side by ", "Differen", "Lens", "Zoom out",
        "Zoom in", "Fit", "1:1", "Pixels", "Keys", "Vertical",
    ]  # fmt: skip


def test_a_narrow_screen_needs_no_sideways_scrolling(browser, report):
    """On a phone the page is as wide as the screen, and a finger moves the divider."""
    visit = Visit(browser, report, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert 390 == visit.page.evaluate("document.documentElement.scrollWidth")
    visit.first.scroll_into_view_if_needed()
    box = visit.boxes()[0]
    visit.page.touchscreen.tap(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    assert "30" == visit.slider().get_attribute("aria-valuenow")
    visit.shoot("narrow")
    visit.button("Side by side").click()
    upper, lower = visit.boxes()
    assert upper["x"] == lower["x"]
    assert upper["y"] + upper["height"] <= lower["y"] + 1
    heights = visit.first.locator("button:visible").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert min(heights) >= 32
    visit.context.close()


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("dark", {"color_scheme": "dark"}),
        ("forced_colors", {"forced_colors": "active"}),
    ],
)
def test_other_themes_keep_text_readable(browser, report, name, context):
    """Body, quiet text and buttons have at least 4.5:1 against the page."""
    visit = Visit(browser, report, **context)
    ratios = visit.page.evaluate(
        """() => {
        const parse = (color) => color.match(/[\\d.]+/g).slice(0, 3)
          .map((part) => Number(part) * (color.startsWith("color(srgb") ? 255 : 1)); // a mixed color
        const light = (color) => parse(color).map((part) => part / 255)
          .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
          .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
        const paper = light(getComputedStyle(document.body).backgroundColor);
        return ['.lead', '.kicker', 'caption', '.badge', '.ocrnb-compare__caption', '.ocrnb-compare__button']
          .map((where) => light(getComputedStyle(document.querySelector(where)).color))
          .map((ink) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05));
        }"""
    )
    visit.first.scroll_into_view_if_needed()
    visit.shoot(name)
    visit.context.close()
    assert min(ratios) >= 4.5


def test_with_reduced_motion_nothing_fades(browser, report):
    """The toggle switches at once."""
    visit = Visit(browser, report, reduced_motion="reduce")
    visit.button("Toggle").click()
    pane = visit.first.locator(".ocrnb-compare__pane").nth(1)
    assert "0s" == pane.evaluate("one => getComputedStyle(one).transitionDuration")
    visit.context.close()


def test_twenty_pairs_stay_responsive(browser, tmp_path):
    """Dragging in one of 20 comparisons takes at most 4 ms of script and layout an event, on the median."""
    visit = Visit(browser, write_pairs(PAIRS, tmp_path))
    assert PAIRS == visit.page.locator(".ocrnb-compare").count()
    visit.first.scroll_into_view_if_needed()
    box = visit.boxes()[0]
    times = visit.page.evaluate(
        """([left, top, width]) => {
        const stage = document.querySelector('.ocrnb-compare__stage');
        const fire = (kind, x) => stage.dispatchEvent(new PointerEvent(kind, {
          pointerId: 1, button: 0, buttons: 1, clientX: x, clientY: top + 20, bubbles: true }));
        stage.setPointerCapture = () => {};
        fire('pointerdown', left + 1);
        const times = [];
        for (let step = 0; step < 200; step += 1) {
          const start = performance.now();
          fire('pointermove', left + (width * step) / 200);
          stage.getBoundingClientRect();
          times.push(performance.now() - start);
        }
        fire('pointerup', left);
        return times.sort((a, b) => a - b);
        }""",
        [box["x"], box["y"], box["width"]],
    )
    visit.context.close()
    assert times[len(times) // 2] <= 4.0


def test_it_prints_pictures_beside_each_other(visit):
    """In print the tools are gone and both pictures are whole."""
    visit.page.emulate_media(media="print")
    assert not visit.button("Wipe").is_visible()
    left, right = visit.boxes()
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] == right["y"]
    visit.shoot("print")
