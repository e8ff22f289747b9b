"""`JobMonitor` in a real JupyterLab: it moves while a cell blocks, and holds 500 lines."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from doubles import wait_for
from needs import needs
from notebook_hosts import open_window, shoot
from server.running import guarding

ROOT = ".ocrnb-monitor"
SHOW = """
import asyncio, pathlib, time
import ocr_nb
from ocr_nb.jobs import Job
from ocr_nb.polling import Polling
from ocr_nb.service.protocol import TaskId, TaskReport, TaskStatus
from ocr_nb.service.scripted import ScriptedService

card, label = ocr_nb.samples("card", "label")

def ask(image, *answers, **polling):
    policy = Polling(**{"first_wait": 0.1, "longest_wait": 0.2, "patience": 600, **polling})
    return ocr_nb.recognize(image, service=ScriptedService(answers), polling=policy)

failure = TaskReport(TaskId(""), TaskStatus.FAILED, messages=("No text was found. Try a larger image.",))
monitor = ocr_nb.JobMonitor()
monitor.watch(ocr_nb.upsample(card))
monitor.watch(ask(label, failure))
monitor.watch(ask(card, TaskStatus.PROCESSING, patience=0.3))
monitor.watch(ask(card, TaskStatus.UNKNOWN, first_wait=2.1, longest_wait=2.1))
monitor.watch(ask(card, TaskStatus.PENDING)).cancel()
parts = [Job(lambda job: asyncio.sleep(3600), label=f"part {number}") for number in range(3)]
monitor.watch(ocr_nb.gather(parts))
monitor.watch(ask(card, TaskStatus.PENDING, TaskStatus.PROCESSING))
monitor
"""
BLOCK = """
while not pathlib.Path("go").exists():
    time.sleep(0.1)
"""
DRAWN = """
(all) => all.filter((row) => row.firstElementChild.checkVisibility({ contentVisibilityAuto: true })).length
"""
TELL = "print(monitor.summary, '|', monitor.problem)"
MANY = """
many = ocr_nb.JobMonitor()
flock = [Job(lambda job: asyncio.sleep(3600), label=f"page {number:03}.png") for number in range(500)]
for job in flock:
    many.watch(job)
many
"""
MOVE = """
for done in range(1, 21):
    for job in flock:
        job.advance(done, 20)
"""
CLEAR = "many.cancel_all(); many"
EMPTY = "ocr_nb.JobMonitor()"
SENT = """
access = ocr_nb.Credentials(base_url="{server}")
sent = ocr_nb.JobMonitor()
sent.watch(ocr_nb.recognize(card, service=access.connect(token="{token}").result()))
sent
"""
CURL = "print(sent.as_curl(0))"
CUT_OFF = """(root) => [...root.querySelectorAll("button, [role=gridcell]")]
  .filter((one) => one.getBoundingClientRect().right > root.getBoundingClientRect().right + 1)
  .map((one) => one.textContent)"""
CELLS = (SHOW, BLOCK, TELL, MANY, MOVE, CLEAR, EMPTY)
TOKEN = "canary-token-of-the-monitor"


@pytest.fixture(scope="module")
def window(lab, chromium):
    """The notebook with its first cell run."""
    (lab.folder / "go").unlink(missing_ok=True)
    with open_window(chromium, lab, CELLS, "monitor") as opened:
        opened.page.evaluate("jupyterapp.shell.collapseLeft()")
        opened.run(0)
        opened.page.locator(ROOT).first.wait_for()
        yield opened


def line(page, what, root=ROOT):
    """Return the line of a job by its name, the last one made where several have it."""
    return page.locator(f"{root} [role=row]").filter(has_text=what).first


def test_lines_move_while_a_cell_blocks(window, lab):
    """States, time and buttons live on while the kernel's main thread sleeps."""
    page = window.page
    start_blocking(window)
    monitor = page.locator(ROOT).first
    expect(monitor.locator("[data-state=expired]")).to_have_count(1)
    expect(monitor.locator("[data-state=failed]")).to_contain_text("No text was found")
    expect(monitor.locator("[data-state='timed out']")).to_contain_text("Ask again")
    expect(monitor.locator("[data-state=running]")).to_have_count(2)
    expect(line(page, "3 jobs")).to_contain_text("part 0")
    running = monitor.locator("[data-state=running]").first
    elapsed, calls = (running.locator(f"{ROOT}__{part}") for part in ("elapsed", "calls"))
    before = (elapsed.inner_text(), calls.inner_text())
    expect(elapsed).not_to_have_text(before[0])
    expect(calls).not_to_have_text(before[1])
    expect(monitor.locator(f"{ROOT}__summary")).to_have_text(
        "2 running, 1 done, 1 failed, 1 cancelled, 1 timed out, 1 expired"
    )
    window.shoot("monitor_while_a_cell_blocks")

    running.get_by_role("button", name="Cancel: recognize card.png").click()
    expect(monitor.locator("[data-state=cancelled]")).to_have_count(2)
    assert is_blocked(window), "the cell was to block until here"
    (lab.folder / "go").touch()
    page.wait_for_function("jupyterapp.shell.currentWidget.content.widgets[1].model.executionCount > 0")
    window.run_until(2, "1 running, 1 done, 1 failed, 2 cancelled, 1 timed out, 1 expired |")


def start_blocking(window):
    """Run the cell that sleeps, without waiting for it, and see that it runs."""
    window.page.evaluate(
        "() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 1;"
        " void jupyterapp.commands.execute('notebook:run-cell'); }"
    )
    expect(window.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:")


def is_blocked(window):
    """Tell whether the cell still runs."""
    return window.cell(1).locator(".jp-InputPrompt").inner_text() == "[*]:"


def test_errors_unfold_and_failed_jobs_are_tried_again(window):
    """By mouse and by keys; a letter is no command of the notebook."""
    page = window.page
    monitor = page.locator(ROOT).first
    failed = monitor.locator("[data-state=failed]")
    failed.get_by_role("button", name="Why").click()
    expect(failed.locator(f"{ROOT}__detail")).to_have_text(
        "recognize label.jpg failed: No text was found. Try a larger image."
    )
    shoot(monitor, "monitor_light")
    failed.focus()
    page.keyboard.press("Enter")
    expect(failed.locator(f"{ROOT}__detail")).to_be_hidden()
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("End")
    expect(monitor.locator("[role=row]").last).to_be_focused()
    page.keyboard.press("Home")
    expect(monitor.locator("[data-id]").first).to_be_focused()
    failed.get_by_role("button", name="Retry").click()
    expect(failed).to_contain_text("attempt 2")
    assert len(CELLS) == page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")


def test_thumbnails_show_what_was_sent(window):
    """Decoded, at most twice the size that is shown."""
    thumbnail = line(window.page, "upsample card.png").locator("img")
    expect(thumbnail).to_be_visible()
    width = thumbnail.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
    assert 56 < width <= 112


def test_five_hundred_lines_stay_and_only_those_in_sight_are_drawn(window):
    """10 000 changes: each line is the same element afterwards, with the last word in it."""
    page = window.page
    window.run(3)
    monitor = window.cell(3).locator(ROOT)
    rows = monitor.locator("[data-id]")
    expect(rows).to_have_count(500)
    expect(monitor.get_by_role("grid")).to_have_attribute("aria-rowcount", "501")
    monitor.scroll_into_view_if_needed()
    expect(rows.first).to_be_visible()
    # Which lines are in sight is known a frame after they were scrolled there.
    assert wait_for(lambda: 5 <= rows.evaluate_all(DRAWN) <= 60), rows.evaluate_all(DRAWN)
    expect(rows.first).to_contain_text("page 499.png")
    rows.evaluate_all("(all) => all.forEach((row) => { row.mine = true; })")
    window.run(4)
    expect(rows.last.locator(f"{ROOT}__word")).to_have_text("20 of 20")
    assert 500 == rows.evaluate_all("(all) => all.filter((row) => row.mine).length")
    monitor.get_by_role("button", name="Order of the tasks").click()
    expect(rows.first).to_contain_text("page 000.png")
    assert 500 == rows.evaluate_all("(all) => all.filter((row) => row.mine).length")
    shoot(monitor, "monitor_500")

    window.run(5)
    both = page.locator(ROOT).filter(has_text="page 000.png")
    expect(both).to_have_count(2)
    expect(both.first.locator(f"{ROOT}__summary")).to_have_text("500 cancelled")
    both.last.get_by_role("button", name="Clear finished").click()
    for view in (window.cell(3).locator(ROOT), window.cell(5).locator(ROOT)):
        expect(view.locator("[data-id]")).to_have_count(0)
        expect(view).to_contain_text("Nothing is under way. monitor.watch(job) puts a job here.")


def test_it_is_accessible_in_both_themes_and_saves_nothing(window):
    """axe finds nothing serious; the file has words, no pixel and no row."""
    needs("axe")
    page = window.page
    page.locator(ROOT).first.scroll_into_view_if_needed()
    assert [] == serious_faults(page, ROOT)
    saved = window.save()
    assert {"application/vnd.jupyter.widget-view+json", "text/plain"} == set(
        saved["cells"][0]["outputs"][0]["data"]
    )
    assert window.path.stat().st_size < 20_000
    window.use_dark_theme()
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    shoot(page.locator(ROOT).first, "monitor_dark")
    assert [] == serious_faults(page, ROOT)
    assert [] == window.complaints


def test_what_was_sent_is_copied_as_curl_without_the_token(lab, chromium):
    """On the clipboard, as code gives it; in the line, ready to be copied, where a page may not do that."""
    with (
        guarding("nobody", "nothing", token=TOKEN) as server,
        open_window(
            chromium,
            lab,
            (SHOW, SENT.format(server=server, token=TOKEN), CURL),
            "monitor_curl",
            permissions=["clipboard-read", "clipboard-write"],
        ) as window,
    ):
        page = window.page
        window.run(0)
        window.run(1)
        sent = window.cell(1).locator(ROOT)
        expect(sent.locator("[data-state=done]")).to_have_count(1)
        button = sent.get_by_role("button", name="Copy as cURL: recognize card.png")
        button.focus()
        page.keyboard.press("Enter")
        expect(button).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert window.run(2).split() == copied.split()
        for part in ("curl ", server, "card.png", "Bearer $OCR_NB_ACCESS_TOKEN"):
            assert part in copied
        assert TOKEN not in copied
        expect(button).to_have_text("cURL")

        page.evaluate(
            "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not here')); }"
        )
        button.click()
        expect(sent.locator("pre")).to_have_text(copied)
        assert copied.split() == page.evaluate("getSelection().toString()").split()
        shoot(sent, "monitor_curl")
        assert [] == serious_faults(page, ROOT)
        assert [] == window.complaints


def test_a_key_shows_what_the_keys_do(window):
    """`?` from a line or a button, again or Esc to put it away; a monitor without a line has no list."""
    page = window.page
    monitor = window.cell(0).locator(ROOT)
    keys, words = monitor.get_by_role("button", name="Keys"), monitor.get_by_text("cancel what still runs")
    monitor.locator("[data-id]").first.focus()
    page.keyboard.press("?")
    expect(words).to_be_visible()
    expect(keys).to_have_attribute("aria-expanded", "true")
    shoot(monitor, "monitor_keys")
    page.keyboard.press("Escape")
    expect(words).to_be_hidden()
    keys.click()
    expect(words).to_be_visible()
    page.keyboard.press("?")
    expect(words).to_be_hidden()
    window.run(6)
    expect(window.cell(6).get_by_role("button", name="Keys")).to_be_hidden()
    assert [] == window.complaints


def test_it_is_used_by_touch(lab, chromium):
    """Buttons are large enough for a finger; nothing is wider than its place."""
    tablet = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
    with open_window(chromium, lab, (SHOW,), "monitor_tablet", **tablet) as window:
        window.page.evaluate("jupyterapp.shell.collapseLeft()")
        window.run(0)
        monitor = window.page.locator(ROOT)
        failed = monitor.locator("[data-state=failed]")
        failed.scroll_into_view_if_needed()
        why = failed.get_by_role("button", name="Why")
        assert why.bounding_box()["height"] >= 32
        why.tap()
        expect(failed.locator(f"{ROOT}__detail")).to_be_visible()
        for width in (820, 700, 760, 390):
            window.page.set_viewport_size({"width": width, "height": 1180})
            assert [] == monitor.evaluate(CUT_OFF), width
            shoot(monitor, f"monitor_{width}")
        assert [] == window.complaints
