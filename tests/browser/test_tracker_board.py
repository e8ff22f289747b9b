"""`TrackerBoard` in a real JupyterLab: sorted, filtered, searched, followed live, chosen, reported, saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from notebook_hosts import open_window, shoot

SHOW = """
import threading, ocr_nb
from ocr_nb.trial import Trial
T = "abcdefghij"
tracker = ocr_nb.AccuracyTracker()

def add(name, before, after, x_height=8.0):
    for condition, text in (("original", before), ("upsampled:x2", after)):
        tracker.record(name, text, truth=T, condition=condition, engine="rapidocr", engine_version="3.10",
                       x_height_px=x_height, group=name[:3])

pictures = {}
for number in range(60):
    wrong = number % 3
    add(f"page {number:02}.png", "x" * wrong + T[wrong:], "x" * (number % 2) + T[number % 2:], 4 + number / 6)
for sample in ocr_nb.samples("card", "label"):
    add(sample.picture.name, "x" + T[1:], T)
    pictures[sample.picture.name, "original"] = sample.picture
chosen = []
board = ocr_nb.TrackerBoard(tracker, pictures=pictures)
board.on_select(lambda selection: chosen.append(selection.after.text))
board
"""
TELL = "print(len(board.frame), board.outcome or 'all', board.sort_by, chosen[-1:], board.search or '-')"
GROW = "threading.Thread(target=add, args=('live one.png', T, 'x' * 10)).start()"
REPORTED = "import pathlib; print(pathlib.Path('ocr_report.html').exists(), board.problem)"
CELLS = (SHOW, TELL, GROW, REPORTED)


@pytest.fixture(scope="module")
def notebook(lab, chromium):
    """The notebook with its board shown, on a screen that can be touched."""
    with open_window(
        chromium, lab, CELLS, "board", has_touch=True, viewport={"width": 1280, "height": 1100}
    ) as opened:
        opened.run(0)
        opened.page.locator(".ocrnb-board__row").first.wait_for()
        yield opened


def test_a_journey_through_the_board(notebook):
    """By mouse, keys and finger; light and dark; live; saved."""
    page = notebook.page
    board = page.locator(".ocrnb-board")
    rows = board.locator(".ocrnb-board__row")
    expect(board.locator(".ocrnb-board__verdict")).to_contain_text("CER falls from")
    expect(in_place(board, 0)).to_contain_text("✗ hurt")
    assert rows.count() < 30
    notebook.shoot("board_light")
    assert [] == serious_faults(page, ".ocrnb-board")

    narrow_down(notebook, board)
    walk_by_keys(notebook, board)
    follow_live(notebook, board)
    report(notebook, board)

    notebook.use_dark_theme()
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    assert [] == serious_faults(page, ".ocrnb-board")
    board.scroll_into_view_if_needed()
    notebook.shoot("board_dark")

    saved = notebook.save()
    _, still = (output["data"] for output in saved["cells"][0]["outputs"])
    assert "and 42 more rows" in "".join(still["text/html"])
    assert "data:image" not in notebook.path.read_text(encoding="utf-8")
    assert "widgets" not in saved["metadata"]
    assert [] == notebook.complaints


def in_place(board, number):
    """The row that stands in that place now."""
    return board.locator(f".ocrnb-board__row[data-place='{number}']")


def narrow_down(notebook, board):
    """Outcome, search, x-height and order; the kernel's frame has the same rows."""
    board.get_by_role("button", name="✓ helped").tap()
    expect(in_place(board, 0)).to_contain_text("✓ helped")
    shown = board.locator(".ocrnb-board__shown")
    count = shown.inner_text().split()[0]
    notebook.run_until(1, f"{count} helped outcome [] -")
    board.get_by_role("searchbox").fill("card")
    expect(shown).to_contain_text("1 of 62 rows")
    expect(in_place(board, 0).locator("img")).to_have_count(1)
    notebook.run_until(1, "1 helped outcome [] card")
    board.get_by_role("button", name="Clear filters").click()
    expect(shown).to_contain_text("62 rows")
    board.get_by_label("x-height from").fill("13")
    expect(shown).to_contain_text("6 of 62 rows")
    board.get_by_role("button", name="x-height").click()
    expect(in_place(board, 0)).to_contain_text("page 54.png")
    board.get_by_role("button", name="x-height").click()
    expect(in_place(board, 0)).to_contain_text("page 59.png")
    expect(board.locator("[aria-sort=descending]")).to_contain_text("x-height")
    board.get_by_role("button", name="Clear filters").click()


def walk_by_keys(notebook, board):
    """Arrows go through rows that do not exist yet; Enter chooses; a click does as well."""
    grid = board.get_by_role("grid")
    grid.focus()
    notebook.page.keyboard.press("End")
    expect(in_place(board, 61)).to_be_in_viewport()
    expect(in_place(board, 0)).to_have_count(0)
    notebook.page.keyboard.press("Enter")
    expect(in_place(board, 61)).to_have_attribute("aria-selected", "true")
    expect(board.locator(".ocrnb-board__detail")).to_contain_text("CER")
    notebook.page.keyboard.press("Home")
    in_place(board, 1).click()
    expect(in_place(board, 1)).to_have_attribute("aria-selected", "true")
    notebook.run_until(1, "62 all x_height_px ['abcdefghij'] -")


def follow_live(notebook, board):
    """A trial added on another thread is there, counted and in its place."""
    board.get_by_role("button", name="Outcome").click()
    notebook.run(2)
    expect(in_place(board, 0)).to_contain_text("live one.png")
    expect(board.locator(".ocrnb-board__shown")).to_contain_text("63 rows")
    expect(board.locator(".ocrnb-board__verdict")).to_contain_text("63 images")


def report(notebook, board):
    """Written beside the notebook; fetched into the browser on request."""
    board.get_by_role("button", name="Report").click()
    told = board.locator(".ocrnb-board__told")
    expect(told).to_contain_text("ocr_report.html", timeout=120_000)
    assert "True" == notebook.run(3)
    told.get_by_role("button").click()
    link = told.get_by_role("link", name="Open it")
    expect(link).to_be_visible()
    text = link.evaluate("one => fetch(one.href).then((answer) => answer.text())")
    assert "live one.png" in text
    shoot(board, "board_report")


def test_on_a_phone_a_row_is_two_lines(lab, chromium):
    """390 px wide: nothing is cut off, and a finger chooses."""
    with open_window(
        chromium, lab, CELLS, "board_phone", has_touch=True, viewport={"width": 390, "height": 844}
    ) as opened:
        opened.page.evaluate("jupyterapp.shell.collapseLeft()")
        opened.run(0)
        board = opened.page.locator(".ocrnb-board")
        in_place(board, 2).tap()
        expect(in_place(board, 2)).to_have_attribute("aria-selected", "true")
        assert board.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
        box = in_place(board, 0).bounding_box()
        assert 92 == round(box["height"])
        for part in in_place(board, 0).locator(":scope > :visible").all():
            inner = part.bounding_box()
            assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
        shoot(board, "board_phone")


def test_five_thousand_rows_stay_in_hand(lab, chromium):
    """Only what is in sight exists, wherever one scrolls, and a search finds the one."""
    cell = (
        "import ocr_nb\nfrom ocr_nb.trial import Trial\n"
        "tracker = ocr_nb.AccuracyTracker(Trial(f'page {n:04}.png', condition=c, engine='r', cer=0.1, "
        "ground_truth='abcdefghij', text='abcdefghi' + ('j' if (n + (c != 'original')) % 3 else 'x'), "
        "normalization='standard') for n in range(5000) for c in ('original', 'upsampled:x2'))\n"
        "board = ocr_nb.TrackerBoard(tracker)\nboard"
    )
    with open_window(chromium, lab, (cell,), "board_many") as opened:
        opened.run(0)
        board = opened.page.locator(".ocrnb-board")
        expect(board.locator(".ocrnb-board__shown")).to_contain_text("5,000 rows")
        board.locator(".ocrnb-board__grid").evaluate("one => { one.scrollTop = one.scrollHeight / 2; }")
        expect(in_place(board, 2500)).to_be_visible()
        assert board.locator(".ocrnb-board__row").count() < 40
        board.get_by_role("searchbox").fill("page 4711")
        expect(in_place(board, 0)).to_contain_text("page 4711.png")
        expect(board.locator(".ocrnb-board__row")).to_have_count(1)
        assert [] == opened.complaints
