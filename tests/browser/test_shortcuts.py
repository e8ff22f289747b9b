"""No key pressed in a widget is a command of JupyterLab: two strokes of “d” would delete the cell."""

from __future__ import annotations

import pytest

from notebook_hosts import open_window

CARD = "import ocr_nb\ncard, = ocr_nb.samples('card')\n"
WIDGETS = {
    "ocrnb-compare": CARD + "ocr_nb.ImageCompare(card, ocr_nb.rotate(card, 180).result())",
    "ocrnb-credentials": CARD + "ocr_nb.Credentials()",
    "ocrnb-input": CARD + "ocr_nb.ImageInput([card])",
    "ocrnb-monitor": CARD + "ocr_nb.JobMonitor([ocr_nb.upsample(card)])",
    "ocrnb-diff": CARD + "ocr_nb.TextDiff('a modern corner', 'a rnodern corner', 'a modern comer')",
    "ocrnb-board": CARD + "ocr_nb.TrackerBoard(ocr_nb.AccuracyTracker())",
    "ocrnb-shrink": CARD + "ocr_nb.ShrinkExplorer()",
    "ocrnb-desk": CARD + "ocr_nb.workbench(images=[card])",
}
OPEN_TO_COMMANDS = """(root) => [...root.querySelectorAll("*")]
  .filter((one) => { one.focus(); return document.activeElement === one && !one.matches(":read-write"); })
  .filter((one) => !one.hasAttribute("data-lm-suppress-shortcuts"))
  .map((one) => one.outerHTML.slice(0, 100))"""


@pytest.fixture(scope="module")
def notebook(lab, chromium):
    """A notebook with a cell for each widget."""
    with open_window(chromium, lab, list(WIDGETS.values()), "shortcuts") as opened:
        yield opened


@pytest.mark.parametrize("name", WIDGETS)
def test_letters_typed_in_a_widget_are_no_commands_of_the_notebook(notebook, name):
    """Whatever part of it has the focus."""
    page, number = notebook.page, list(WIDGETS).index(name)
    notebook.run(number)
    root = page.locator(f".{name}").first
    button = root.get_by_role("button", disabled=False).first
    button.wait_for()  # a monitor shows one that cannot be pressed until the kernel has told it of its tasks
    assert [] == root.evaluate(OPEN_TO_COMMANDS)
    button.focus()
    assert root.evaluate("(root) => root.contains(document.activeElement)")
    page.keyboard.press("d")
    page.keyboard.press("d")
    count = page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")
    assert len(WIDGETS) == count
