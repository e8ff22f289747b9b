"""The `Workbench` from an empty cell to a tracker row in three hosts, by mouse, keys and touch."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

import ocr_nb
from accessibility import serious_faults
from notebook_hosts import open_window, paste_image, shoot, start_voila, write_notebook

SHOW = """
import ocr_nb
workbench = ocr_nb.workbench(conditions="original,upsampled:x3")
workbench
"""
COUNT = (
    "print(len(workbench.tracker), [row.state for row in workbench.rows], workbench.problem or 'no problem')"
)
TRUTH = "workbench.set_truth(0, ocr_nb.samples('label')[0].ground_truth)"
CONDITIONS = "print(workbench.conditions)"
WITH_SAMPLES = """
import ocr_nb
workbench = ocr_nb.workbench(ocr_nb.samples("label", "receipt"), conditions="original,upsampled:x3")
workbench
"""
DESK = ".ocrnb-desk"
TALL = {"width": 1280, "height": 2200}
"""So that the whole workbench is in one screenshot."""
PATIENCE = 90_000
"""Milliseconds for a run on a busy machine: the first loads the engine."""
expect.set_options(timeout=30_000)


def rows_of(desk):
    """Return the results' rows."""
    return desk.locator(".ocrnb-desk__row")


def run_and_wait(desk, rows):
    """Press Run and wait until every row has a verdict and the numbers say something."""
    desk.get_by_role("button", name="Run", exact=True).click()
    expect(desk.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    see_results(desk, rows)


def see_results(desk, rows):
    """Every row has a verdict, the first is opened below, and the tracker has answered."""
    expect(desk.locator(".ocrnb-desk__verdict")).to_have_count(rows, timeout=PATIENCE)
    expect(desk.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(desk.locator(".ocrnb-desk__lead")).to_be_visible(timeout=PATIENCE)
    expect(rows_of(desk).first).to_have_attribute("aria-pressed", "true")
    expect(desk.locator(".ocrnb-compare")).to_be_visible()
    expect(desk.locator(".ocrnb-compare__waiting")).to_be_hidden()
    expect(desk.locator("[data-slot=text] > *")).to_be_visible()


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    """A page of Voilà with a workbench on two samples."""
    notebook = write_notebook(tmp_path_factory.mktemp("voila") / "workbench.ipynb", [WITH_SAMPLES])
    with start_voila(notebook) as host:
        yield host


def test_from_paste_to_a_tracker_row_in_jupyterlab(lab, chromium):
    """Empty, pasted, run, compared, counted; then saved without a pixel of what was pasted."""
    cells = (SHOW, COUNT, TRUTH)
    with open_window(chromium, lab, cells, "workbench", viewport={"width": 1600, "height": 2200}) as window:
        page = window.page
        window.do("application:toggle-left-area")
        window.run(0)
        desk = page.locator(DESK)
        expect(desk.get_by_text("Add an image first")).to_be_visible()
        expect(desk.get_by_role("button", name="Try a sample")).to_be_visible()
        expect(desk.get_by_role("button", name="Run", exact=True)).to_be_disabled()
        shoot(desk, "workbench_empty")

        label = ocr_nb.samples("label")[0].picture
        paste_image(desk.locator(".ocrnb-input"), "private_label.png", label.png)
        expect(rows_of(desk)).to_have_count(1)
        expect(desk.get_by_text("2 readings of 1 image. No calls: this machine reads.")).to_be_visible()
        window.run(2)
        run_and_wait(desk, 1)
        expect(desk.locator(".ocrnb-desk__rate")).to_have_text(re.compile(r"^CER [\d.]+ % → [\d.]+ %$"))
        expect(desk.locator(".ocrnb-desk__lead")).to_contain_text("CER")
        window.run_until(1, "2 ['done'] no problem")
        page.mouse.move(0, 0)
        shoot(desk, "workbench_lab_light")
        assert [] == serious_faults(page, DESK)

        desk.get_by_text("All readings (2)").click()
        expect(desk.locator("[data-slot=board]")).to_contain_text("upsampled", ignore_case=True)
        with page.expect_download() as download:
            desk.get_by_title("One HTML file with all images, texts and numbers").click()
        assert "report.html" == download.value.suggested_filename
        assert download.value.path().read_bytes().startswith(b"<!doctype html>")

        see_settings_change(desk)
        window.use_dark_theme()
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        desk.scroll_into_view_if_needed()
        shoot(desk, "workbench_lab_dark")
        assert [] == serious_faults(page, DESK)
        saved = json.dumps(window.save())
        for secret in ("private_label", "iVBORw0KGgo", "image/png"):
            assert secret not in saved
        assert [] == window.complaints


def see_settings_change(desk):
    """A further condition leaves the results in sight, marked; one that cannot be says why."""
    text = desk.get_by_label("As text")
    text.fill("original,upsampeld")
    text.press("Enter")
    expect(desk.get_by_text("did you mean 'upsampled'?").first).to_be_visible()
    expect(desk.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    text.fill("original,upsampled:x3,binarize")
    text.press("Enter")
    expect(rows_of(desk).first).to_have_attribute("data-stale", "")
    expect(desk.get_by_text("settings changed since")).to_be_visible()
    expect(desk.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    shoot(desk, "workbench_stale")


def test_with_keys_alone_in_jupyterlab(lab, chromium):
    """A sample, a step more, moved and removed, run, a row opened: no mouse; letters are no commands."""
    cells = (SHOW, CONDITIONS, COUNT)
    with open_window(
        chromium, lab, cells, "workbench_keys", viewport={"width": 1400, "height": 900}
    ) as window:
        page = window.page
        window.run(0)
        desk = page.locator(DESK)
        sample = desk.get_by_role("button", name="Try a sample")
        sample.focus()
        page.keyboard.press("Enter")
        expect(rows_of(desk)).to_have_count(1)

        more = desk.get_by_label("Add a step to condition 2")
        more.focus()
        page.keyboard.press("Enter")
        expect(desk.get_by_role("button", name="resize plain enlarging")).to_be_focused()
        page.keyboard.press("Escape")
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        for _ in range(3):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(desk.get_by_label("As text")).to_have_value("original,upsampled:x3+binarize")
        chip = desk.get_by_label("binarize, step 2 of 2")
        expect(chip).to_be_focused()
        page.keyboard.press("Shift+ArrowLeft")
        expect(desk.get_by_label("As text")).to_have_value("original,binarize+upsampled:x3")
        expect(desk.get_by_label("binarize, step 1 of 2")).to_be_focused()
        window.run_until(1, "original,binarize+upsampled:x3")
        desk.get_by_label("binarize, step 1 of 2").focus()
        page.keyboard.press("Delete")
        expect(desk.get_by_label("As text")).to_have_value("original,upsampled:x3")

        run = desk.get_by_role("button", name="Run", exact=True)
        expect(run).to_be_enabled()
        run.focus()
        page.keyboard.press("Enter")
        see_results(desk, 1)
        rows_of(desk).first.focus()
        page.keyboard.press("Enter")
        expect(rows_of(desk).first).to_have_attribute("aria-pressed", "true")
        expect(rows_of(desk).first).to_be_focused()
        page.keyboard.press("d")
        page.keyboard.press("d")
        window.run_until(2, "2 ['done'] no problem")
        assert 3 == page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")
        assert [] == window.complaints


def test_the_same_path_in_notebook_7(notebook_7, chromium):
    """The sample, run, and a row in the tracker."""
    with open_window(chromium, notebook_7, (SHOW, COUNT), "workbench_7", viewport=TALL) as window:
        window.run(0)
        desk = window.page.locator(DESK)
        desk.get_by_role("button", name="Try a sample").click()
        expect(rows_of(desk)).to_have_count(1)
        run_and_wait(desk, 1)
        window.run_until(1, "2 ['done'] no problem")
        shoot(desk, "workbench_notebook_7")
        assert [] == window.complaints


def test_on_a_phone_by_touch_in_voila(voila, chromium):
    """One column, nothing wider than the screen, targets large enough for a thumb."""
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(voila.address)
    desk = page.locator(DESK)
    expect(rows_of(desk)).to_have_count(2, timeout=PATIENCE)
    desk.get_by_role("button", name="Run", exact=True).tap()
    see_results(desk, 2)
    second = rows_of(desk).nth(1)
    second.tap()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(desk.locator(".ocrnb-desk__below .ocrnb-desk__head").first).to_contain_text("receipt")
    # Until the kernel has answered, the words of the image before are shown, dimmed.
    expect(desk.locator(".ocrnb-diff").first).to_contain_text("HARDWARE", timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = desk.locator(".ocrnb-desk__columns :is(button, select):visible").evaluate_all(
        "all => all.filter((one) => one.closest('.ocrnb-desk__slot') === null)"
        ".filter((one) => one.getBoundingClientRect().height < 28).map((one) => one.outerHTML)"
    )
    assert [] == small
    lefts = desk.locator(".ocrnb-desk__column").evaluate_all("all => all.map((one) => one.offsetLeft)")
    assert 1 == len(set(lefts))
    page.set_viewport_size({"width": 390, "height": 3400})  # Voilà scrolls within the page
    shoot(desk, "workbench_phone")
    assert [] == serious_faults(page, DESK)
    phone.close()


def test_in_front_of_a_class_in_voila(voila, chromium):
    """At 150 % zoom with large letters, steps explained, a chip dragged; nothing runs out of the page."""
    room = chromium.new_context(viewport={"width": 853, "height": 600}, device_scale_factor=1.5)
    page = room.new_page()
    page.goto(voila.address)
    desk = page.locator(DESK)
    expect(rows_of(desk)).to_have_count(2, timeout=PATIENCE)
    desk.get_by_role("button", name="Teaching view").click()
    expect(desk.get_by_text("The same image is read under each condition")).to_be_visible()
    drag_a_step(page, desk)
    run_and_wait(desk, 2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 853
    page.set_viewport_size({"width": 853, "height": 3400})  # Voilà scrolls within the page
    shoot(desk, "workbench_teaching")
    assert [] == serious_faults(page, DESK)
    room.close()


def drag_a_step(page, desk):
    """Add a step by the menu and drag it in front by its grip."""
    desk.get_by_label("Add a step to condition 2").click()
    desk.get_by_role("button", name="contrast stretch pale print").click()
    text = desk.get_by_label("As text")
    expect(text).to_have_value("original,upsampled:x3+contrast")
    grips = desk.locator(".ocrnb-desk__grip")
    grips.nth(1).scroll_into_view_if_needed()
    start, end = grips.nth(1).bounding_box(), grips.nth(0).bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + 8, steps=8)
    page.mouse.up()
    expect(text).to_have_value("original,contrast+upsampled:x3")
