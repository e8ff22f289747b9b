"""`TextDiff` in a real JupyterLab, linked with `ImageCompare`: mouse, keys, touch, light, dark, saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from notebook_hosts import open_window, shoot

SHOW = """
import dataclasses, traitlets, ocr_nb
from ocr_nb.engine.layout import Box, Line, Recognition, Word
from ocr_nb.filters import resize

card, = ocr_nb.samples("card")
large = resize(card.picture, 3).picture
TRUTH = "Ingrid Solberg\\nSurveyor and cartographer"

def reading(scale, *lines):
    made = []
    for row, text in enumerate(lines):
        words, left = [], 18
        for word in text.split():
            box = Box(*(scale * side for side in (left, 18 + 30 * row, left + 11 * len(word), 42 + 30 * row)))
            words.append(Word(word, box, 0.9))
            left += 11 * len(word) + 8
        whole = Box(0, scale * (18 + 30 * row), scale * 320, scale * (42 + 30 * row))
        made.append(Line(text, whole, 0.9, tuple(words)))
    return Recognition(tuple(made))

before = reading(1, "lngrid Solberg", "Surveyr and cartographer")
after = reading(3, "Ingrid Solberq", "Surveyr and cartographer")
diff = ocr_nb.TextDiff(TRUTH, before, after, pictures=[card.picture, large])
diff
"""
COMPARE = """
comparison = ocr_nb.ImageCompare(card, large, truth=TRUTH, readings=[before, after])
link = traitlets.link((comparison, "selected"), (diff, "selected"))
comparison
"""
TELL = "print(diff.selected, diff.filter)"
REPLACE = "diff.set('end', 'cnd', 'end'); print(len(diff.counts))"
UNKNOWN = "diff.set(None, 'a b c', 'a d c'); print(diff.verdict)"
CLOSE = "diff.close()"
CELLS = (SHOW, COMPARE, TELL, REPLACE, UNKNOWN, CLOSE)
PERMISSIONS = ["clipboard-read", "clipboard-write"]


@pytest.fixture(scope="module")
def notebook(lab, chromium):
    """The notebook in Debian's Chromium, on a screen that can be touched, with both widgets shown."""
    context = {"has_touch": True, "permissions": PERMISSIONS, "viewport": {"width": 1280, "height": 1400}}
    with open_window(chromium, lab, CELLS, "diff", **context) as opened:
        opened.run(0)
        opened.page.locator(".ocrnb-diff__word").first.wait_for()
        yield opened


def test_a_journey_through_the_text(notebook):
    """Errors seen, chosen by mouse, key and finger, filtered, cut out, copied, linked, replaced, saved."""
    page = notebook.page
    diff = page.locator(".ocrnb-diff")
    expect(diff.locator(".ocrnb-diff__verdict")).to_contain_text("Fixed 1 of 2 misread words, broke 1. CER")
    expect(diff.locator("button.ocrnb-diff__word")).to_have_count(3)
    choose(notebook, diff)
    see_crops(diff)
    notebook.shoot("diff_light")
    assert [] == serious_faults(page, ".ocrnb-diff")
    filter_by_keys(notebook, diff)
    copy(page, diff)
    link(notebook, diff)

    notebook.use_dark_theme()
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    assert [] == serious_faults(page, ".ocrnb-diff")
    diff.scroll_into_view_if_needed()
    notebook.shoot("diff_dark")

    saved = notebook.save()
    widget, still = (output["data"] for output in saved["cells"][0]["outputs"])
    assert "text/html" not in widget
    assert "✓ fixed" in "".join(still["text/html"])
    assert "image/png" not in str(still)
    expect(notebook.cell(0).locator(".jp-OutputArea-child").nth(1)).to_be_hidden()

    notebook.run(3)
    expect(diff.locator("button.ocrnb-diff__word")).to_have_count(1)
    assert notebook.run(4).startswith("1 of 3 words differs")
    expect(diff.get_by_role("button", name="Differences 1")).to_be_visible()
    expect(diff.get_by_role("button", name="Fixed")).to_have_count(0)
    shoot(diff, "diff_without_truth")
    notebook.run(5)
    expect(diff).to_have_count(0)
    assert [] == notebook.complaints


def choose(notebook, diff):
    """By mouse, then keys from where one is, then a finger; the kernel hears of each."""
    place = diff.locator(".ocrnb-diff__place")
    expect(place).to_have_text("3 errors")
    diff.locator("button.ocrnb-diff__word").nth(1).click()
    expect(place).to_have_text("2 of 3")
    expect(diff.locator(".ocrnb-diff__detail")).to_contain_text("✗ broken")
    notebook.page.keyboard.press("n")
    expect(place).to_have_text("3 of 3")
    notebook.page.keyboard.press("ArrowRight")
    expect(place).to_have_text("1 of 3")
    expect(diff.locator("button.ocrnb-diff__word").first).to_be_focused()
    notebook.run_until(2, "0 all")
    diff.get_by_role("button", name="Next").tap()
    expect(place).to_have_text("2 of 3")


def see_crops(diff):
    """Both pictures of the word are there, each at its own size."""
    crops = diff.locator(".ocrnb-diff__detail img")
    expect(crops).to_have_count(2)
    small, large = crops.evaluate_all(
        "all => Promise.all(all.map((one) => one.decode())).then(() => all.map((one) => one.naturalWidth))"
    )
    assert large == pytest.approx(3 * small, abs=6)


def filter_by_keys(notebook, diff):
    """Digits choose what is shown and are no commands of the notebook."""
    diff.locator(".ocrnb-diff__body").focus()
    notebook.page.keyboard.press("2")
    expect(diff.locator(".ocrnb-diff__card")).to_have_count(3)
    expect(diff.locator(".ocrnb-diff__card img")).to_have_count(6)
    notebook.shoot("diff_errors")
    assert [] == serious_faults(notebook.page, ".ocrnb-diff")
    diff.get_by_role("button", name="Broken 1").click()
    expect(diff.locator(".ocrnb-diff__card")).to_have_count(1)
    notebook.run_until(2, "1 broken")
    diff.get_by_role("button", name="Whole text").click()
    expect(diff.locator("button.ocrnb-diff__word")).to_have_count(3)


def copy(page, diff):
    """Each text as it was given."""
    diff.get_by_role("button", name="Copy text: ground truth").click()
    expect(diff.get_by_role("button", name="Copy text: ground truth")).to_have_text("Copied")
    assert "Ingrid Solberg\nSurveyor and cartographer" == page.evaluate("navigator.clipboard.readText()")


def link(notebook, diff):
    """A word chosen in the text is chosen in the picture, and the other way round."""
    notebook.run(1)
    comparison = notebook.page.locator(".ocrnb-compare")
    expect(comparison.locator("img").first).to_be_visible()
    diff.locator("button.ocrnb-diff__word").nth(2).click()
    linked = comparison.locator(".ocrnb-compare__text").nth(1).locator("[data-linked]")
    expect(linked).to_have_text("Surveyr")
    comparison.locator(".ocrnb-compare__text").nth(1).get_by_text("✓Ingrid").click()
    expect(diff.locator("[data-chosen]")).to_contain_text("lngrid")
    comparison.locator(".ocrnb-compare__stage").focus()
    notebook.page.keyboard.press("n")
    expect(diff.locator("[data-chosen]")).to_contain_text("Solberq")
    shoot(comparison, "diff_linked")


def test_on_a_phone_nothing_runs_out_of_the_screen(lab, chromium):
    """390 px wide, with fingers: cards stand under each other, the page does not scroll sideways."""
    context = {"has_touch": True, "viewport": {"width": 390, "height": 844}}
    with open_window(chromium, lab, CELLS, "diff_phone", **context) as opened:
        opened.page.evaluate("jupyterapp.shell.collapseLeft()")
        opened.run(0)
        diff = opened.page.locator(".ocrnb-diff")
        diff.get_by_role("button", name="Errors").tap()
        expect(diff.locator(".ocrnb-diff__card img")).to_have_count(6)
        assert diff.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
        shoot(diff, "diff_phone")


def test_a_long_text_is_laid_out_only_where_it_is_seen(lab, chromium):
    """Ten thousand characters: every word is there, and lines out of sight cost no layout."""
    words = "text = ' '.join(['before', 'the', 'end', 'of', 'it'] * 500)\n"
    cell = (
        "import ocr_nb\n" + words + "lines = '\\n'.join(text[n:n+60] for n in range(0, len(text), 60))\n"
        "long = ocr_nb.TextDiff(lines, lines.replace('end', 'cnd'), lines.replace('of', '0f'))\nlong"
    )
    with open_window(chromium, lab, (cell, "print(long.selected)"), "diff_long") as opened:
        opened.run(0)
        diff = opened.page.locator(".ocrnb-diff")
        expect(diff.locator("[data-word]").last).to_be_attached()
        assert diff.locator("[data-word]").count() > 2400
        skipped = diff.locator(".ocrnb-diff__line").last.evaluate(
            "one => !one.firstElementChild.checkVisibility({contentVisibilityAuto: true})"
        )
        assert skipped
        diff.locator(".ocrnb-diff__body").focus()
        opened.page.keyboard.press("p")
        expect(diff.locator("[data-chosen]")).to_be_in_viewport()
        assert [] == opened.complaints
