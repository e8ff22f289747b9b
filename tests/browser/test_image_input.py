"""`ImageInput` in a real JupyterLab and Notebook 7: every way in, by mouse, keys and touch."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from accessibility import serious_faults
from needs import needs
from notebook_hosts import FLAGS, open_window
from ocr_nb.sample_set import FOLDER

SHOW = """
import ocr_nb
inputs = ocr_nb.ImageInput(reader="tesseract")
inputs
"""
TELL = "print(', '.join(image.name for image in inputs.images))"
REFUSED = "print(*(reason for _, reason in inputs.refused), sep='; ')"
TRUTHS = "print([image.ground_truth for image in inputs.images])"
AGAIN = "inputs"
CLOSE = "inputs.close()"
ROOT = ".ocrnb-input"
ROW = ".ocrnb-input__row"


def names_in(view: Any) -> list[str]:
    """Return the names in the order in which they are seen."""
    return view.locator(f"{ROW} .ocrnb-input__told .ocrnb-input__name").all_inner_texts()


def choose(view: Any, *paths: Path) -> None:
    """Choose files in the dialog."""
    with view.page.expect_file_chooser() as chooser:
        view.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(list(paths))


@pytest.fixture
def web() -> Iterator[str]:
    """One picture on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (FOLDER / "slip.jpg").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_journey_with_mouse_and_keys(lab, chromium, web, tmp_path):
    """Sample, dialog, folder, address; advice, text, order; refused, removed, shown twice, saved, closed."""
    (tmp_path / "notes.docx").write_bytes(b"PK\x03\x04" + bytes(3000))
    (tmp_path / "pages").mkdir()
    for name in ("caption.png", "caption.gt.txt", "receipt.jpg"):
        (tmp_path / "pages" / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "pages" / "list.csv").write_text("no image")
    cells = (SHOW, TELL, REFUSED, TRUTHS, CLOSE)
    with open_window(chromium, lab, cells, "image_input") as window:
        page = window.page
        window.run(0)
        view = page.locator(ROOT).first
        expect(view.get_by_text("Drop images here").first).to_be_visible()
        window.shoot("image_input_empty")
        assert [] == serious_faults(page, ROOT)

        view.get_by_role("button", name="Samples").click()
        window.shoot("image_input_samples")
        view.get_by_role("button", name="card", exact=False).first.click()
        expect(view.locator(ROW)).to_have_count(1)
        view.get_by_role("button", name="Samples").press("Escape")
        expect(view.get_by_role("group", name="Samples")).to_be_hidden()
        choose(view, FOLDER / "label.jpg", tmp_path / "notes.docx", FOLDER / "dialog.jpg")
        expect(view.locator(ROW)).to_have_count(3)
        expect(view.get_by_text("notes.docx is not an image that can be read here").first).to_be_visible()
        with page.expect_file_chooser() as chooser:
            view.get_by_role("button", name="Choose a folder").click()
        chooser.value.set_files(tmp_path / "pages")
        expect(view.locator(ROW)).to_have_count(5)
        expect(view.get_by_text("1 other file of the folder was left out.").first).to_be_visible()
        view.get_by_role("button", name="From an address").click()
        page.keyboard.type(f"{web}/slip.jpg")
        page.keyboard.press("Enter")
        expect(view.locator(ROW)).to_have_count(6)
        view.get_by_role("button", name="From an address").click()
        expect(view.locator(".ocrnb-input__thumbnail")).to_have_count(6)
        window.run_until(1, "card.png, label.jpg, dialog.jpg, caption.png, receipt.jpg, slip.jpg")
        window.shoot("image_input_list")
        view.get_by_role("button", name="Dismiss").click()
        window.run_until(2, "")

        drag_first_below_second(page, view)
        window.run_until(1, "label.jpg, card.png, dialog.jpg, caption.png, receipt.jpg, slip.jpg")
        rows = view.locator(ROW)
        rows.nth(1).focus()
        page.keyboard.press("ArrowDown")
        expect(rows.nth(2)).to_be_focused()
        page.keyboard.press("Alt+ArrowUp")
        window.run_until(1, "label.jpg, dialog.jpg, card.png, caption.png, receipt.jpg, slip.jpg")
        rows.nth(1).focus()
        page.keyboard.press("Delete")
        window.run_until(1, "label.jpg, card.png, caption.png, receipt.jpg, slip.jpg")
        view.get_by_role("button", name="Remove slip.jpg").click()
        view.get_by_role("button", name="Remove receipt.jpg").click()
        expect(rows).to_have_count(3)
        view.get_by_role("button", name="Text and details: label.jpg").click()
        page.keyboard.type("OAT & HAZELNUT")
        page.keyboard.press("Tab")
        card, caption = ((FOLDER / f"{name}.gt.txt").read_text().rstrip("\n") for name in ("card", "caption"))
        window.run_until(3, repr(["OAT & HAZELNUT", card, caption]))

        view.get_by_label("Advice for").select_option("rapidocr")
        expect(rows.first.get_by_text("Upsampling will not help here")).to_be_visible()
        window.use_dark_theme()
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        view.scroll_into_view_if_needed()
        window.shoot("image_input_dark")
        assert [] == serious_faults(page, ROOT)

        saved = window.save()
        outputs = saved["cells"][0]["outputs"]
        assert "widgets" not in saved["metadata"]
        assert "card.png 320×136" in "".join(outputs[1]["data"]["text/plain"])
        assert "label.jpg" not in repr(outputs)
        assert 1000 < len(outputs[1]["data"]["image/png"]) <= 100_000
        assert window.path.stat().st_size < 130_000
        window.run(4)
        expect(page.locator(ROOT)).to_have_count(0)
        assert [] == window.complaints


def drag_first_below_second(page: Any, view: Any) -> None:
    """By the grip."""
    grip = view.locator(".ocrnb-input__button--grip").first
    grip.scroll_into_view_if_needed()
    box, second = grip.bounding_box(), view.locator(ROW).nth(1).bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 10, second["y"] + second["height"] * 0.8, steps=8)
    expect(view.locator(ROW).nth(1)).to_have_attribute("data-drop", "after")
    page.mouse.up()


def test_large_files_come_whole_and_too_large_ones_are_refused(lab, chromium, tmp_path):
    """25 MB in pieces of 1 MB with progress, while a cell runs; 201 MB are not even sent."""
    noise = np.random.default_rng(1).integers(0, 255, (2000, 4200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.bmp")
    assert (tmp_path / "large.bmp").stat().st_size > 25_000_000
    with (tmp_path / "huge.tif").open("wb") as file:
        file.truncate(201_000_000)
    cells = (
        SHOW,
        "import time\nwhile not inputs.images: time.sleep(0.05)\nprint(len(inputs.images[0].picture.source))",
        "print(len(inputs.images))",
        REFUSED,
    )
    with open_window(chromium, lab, cells, "large") as window:
        page = window.page
        window.run(0)
        view = page.locator(ROOT)
        page.evaluate(
            """() => {
            const seen = (window.seen = new Set());
            const note = () => document.querySelectorAll(".ocrnb-input__arrival .ocrnb-input__facts")
                .forEach((one) => seen.add(one.textContent));
            const all = { subtree: true, childList: true, characterData: true };
            new MutationObserver(note).observe(document.body, all);
            }"""
        )
        choose(view, tmp_path / "huge.tif", tmp_path / "large.bmp")
        assert str((tmp_path / "large.bmp").stat().st_size) == window.run(1)
        expect(view.locator(ROW)).to_have_count(1)
        seen = page.evaluate("[...window.seen]")
        assert 10 <= len([one for one in seen if one.endswith("of 25 MB")]), seen
        assert "measuring its text" in seen
        assert "201 MB, over the limit of 200 MB" in window.run(3)
        assert 100_000 > window.path.stat().st_size
        window.save()
        assert 100_000 > window.path.stat().st_size
        assert [] == window.complaints


def test_dropped_and_pasted_images_arrive_in_all_views(lab, chromium):
    """Files dropped, an address dropped as text, a screenshot pasted by key and by button."""
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    with open_window(chromium, lab, (SHOW, AGAIN, TELL), "dropped", **options) as window:
        page = window.page
        window.run(0)
        window.run(1)
        first, second = page.locator(ROOT).all()
        coded = base64.b64encode((FOLDER / "card.png").read_bytes()).decode()
        transfer = page.evaluate_handle(
            """(coded) => {
            const bytes = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0));
            const transfer = new DataTransfer();
            for (const name of ["b.png", "a.png"]) {
                transfer.items.add(new File([bytes], name, { type: "image/png" }));
            }
            return transfer;
            }""",
            coded,
        )
        first.dispatch_event("dragenter", {"dataTransfer": transfer})
        expect(first.get_by_text("Let go to add them").first).to_be_visible()
        window.shoot("image_input_dropping")
        first.dispatch_event("drop", {"dataTransfer": transfer})
        expect(second.locator(ROW)).to_have_count(2)
        page.evaluate(
            """async (coded) => {
            const bytes = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0));
            const blob = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
            }""",
            coded,
        )
        second.locator(".ocrnb-input__zone").click(position={"x": 8, "y": 8})
        page.keyboard.press("Control+v")
        expect(first.locator(ROW)).to_have_count(3)
        first.get_by_role("button", name="Paste", exact=True).click()
        expect(second.locator(ROW)).to_have_count(4)
        window.run_until(2, "b.png, a.png, pasted 1.png, pasted 2.png")
        page.evaluate("navigator.clipboard.writeText('no address')")
        first.get_by_role("button", name="Paste", exact=True).click()
        expect(first.get_by_text("There is no image on the clipboard").first).to_be_visible()
        assert [] == window.complaints


@pytest.fixture
def filmed(chromium) -> Iterator[Browser]:
    """A browser with a camera of its own."""
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    browser = chromium.browser_type.launch(executable_path=needs("chromium"), args=[*FLAGS, *flags])
    yield browser
    browser.close()


def test_the_camera_takes_a_picture_and_goes_dark(lab, filmed):
    """Its light is off once the panel is shut; refused, it says so."""
    with open_window(filmed, lab, (SHOW, TELL), "camera", permissions=["camera"]) as window:
        page = window.page
        window.run(0)
        view = page.locator(ROOT)
        view.get_by_role("button", name="Camera", exact=True).click()
        shutter = view.get_by_role("button", name="Take the picture")
        expect(shutter).to_be_enabled()
        window.shoot("image_input_camera")
        shutter.click()
        expect(view.locator(ROW)).to_have_count(1)
        window.run_until(1, "photo 1.png")
        live = "document.querySelector('.ocrnb-input video').srcObject?.active ?? false"
        assert page.evaluate(live)
        view.get_by_role("button", name="Close the camera").click()
        assert not page.evaluate(live)
        page.evaluate(
            """() => {
            const refuse = () => Promise.reject(new DOMException("", "NotAllowedError"));
            navigator.mediaDevices.getUserMedia = refuse;
            }"""
        )
        view.get_by_role("button", name="Camera", exact=True).click()
        expect(view.get_by_text("does not allow the camera here (NotAllowedError)").first).to_be_visible()
        assert [] == window.complaints


def test_fingers_do_it_in_notebook_7_on_a_phone(notebook_7, chromium):
    """Samples by tapping, order by dragging the grip; nothing wider than the screen."""
    with open_window(
        chromium,
        notebook_7,
        (SHOW, TELL),
        "image_input",
        has_touch=True,
        viewport={"width": 390, "height": 844},
    ) as window:
        page = window.page
        window.run(0)
        view = page.locator(ROOT)
        view.get_by_role("button", name="Samples").tap()
        view.locator(".ocrnb-input__sample").nth(2).tap()
        expect(view.locator(ROW)).to_have_count(1)
        view.locator(".ocrnb-input__sample").nth(8).tap()
        expect(view.locator(ROW)).to_have_count(2)
        view.get_by_role("button", name="Samples").tap()
        window.run_until(1, "card.png, label.jpg")
        swipe_first_below_second(page, view)
        window.run_until(1, "label.jpg, card.png")
        view.get_by_role("button", name="Text and details: card.png").tap()
        view.scroll_into_view_if_needed()
        window.shoot("image_input_phone")
        assert view.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert [] == serious_faults(page, ROOT)
        assert [] == window.complaints


def swipe_first_below_second(page: Any, view: Any) -> None:
    """With one finger on the grip."""
    grip = view.locator(".ocrnb-input__button--grip").first
    grip.scroll_into_view_if_needed()
    box, second = grip.bounding_box(), view.locator(ROW).nth(1).bounding_box()
    x, start, end = box["x"] + 12, box["y"] + 20, second["y"] + second["height"] * 0.8
    session = page.context.new_cdp_session(page)
    points = [start + (end - start) * step / 6 for step in range(7)]
    for number, y in enumerate(points):
        kind = "touchStart" if number == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
