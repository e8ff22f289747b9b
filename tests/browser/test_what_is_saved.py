"""A typed secret and private images, through a real JupyterLab: no artefact holds any of them.

Artefacts: the notebook with widget state, nbconvert's HTML, ipywidgets' `embed` export, the logs of server
and kernel at DEBUG, and every file below the server's folder. A leaky widget shows that each would tell.
"""

from __future__ import annotations

import ast
import base64
import binascii
import io
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image
from playwright.sync_api import Page, expect

from accessibility import serious_faults
from needs import needs
from notebook_hosts import Host, Window, open_window, paste_image, start_jupyter
from ocr_nb import samples
from ocr_nb.images import encode_png
from server.running import guarding, serving

CLIENT = "canary-client-id-1234"
SECRET = "CANARY-7f3a9c-secret-typed-in-the-browser"
INK = (201, 37, 142)
"""A color that nothing else in a notebook has."""

START = """
import logging
logging.basicConfig(level=logging.DEBUG, filename="kernel.log", format="%(name)s %(message)s %(args)s")
import ocr_nb
access = ocr_nb.Credentials(base_url="{server}")
access
"""
IMAGES = "inputs = ocr_nb.ImageInput()\ninputs"
SAMPLE = "shown = ocr_nb.ImageInput(ocr_nb.samples('card'))\nshown"
TELL = "print(access.state, len(inputs.images))"
USE = "access.use_cloud()\nprint(ocr_nb.upsample(inputs.images[0].picture).result().width)"
EXPORT = """
from ipywidgets.embed import embed_minimal_html
embed_minimal_html("export.html", views=[access, inputs])
print(vars(access), inputs, access)
"""
WORKBENCH = """
import logging, os
logging.basicConfig(level=logging.DEBUG, filename="kernel.log", format="%(name)s %(message)s %(args)s")
os.environ["OCR_NB_BASE_URL"] = "{server}"
import ocr_nb
workbench = ocr_nb.workbench(conditions="original,upsampled:x2")
workbench
"""
TRACKED = "print(*(f'{one.condition} at {one.service}' for one in workbench.tracker), sep=', ')"
EXPORT_WORKBENCH = """
from ipywidgets.embed import embed_minimal_html
embed_minimal_html("export.html", views=[workbench])
print(vars(workbench), workbench)
"""
LEAK = """
import logging, pathlib
logging.basicConfig(level=logging.DEBUG, filename="kernel.log")
import anywidget, traitlets
class Leaky(anywidget.AnyWidget):
    _esm = "export default {{ render() {{}} }}"
    secret = traitlets.Unicode().tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
leaky = Leaky(secret="{secret}", pixels=pathlib.Path("canary.png").read_bytes())  # `embed` drops defaults
logging.debug("connecting with %s", leaky.secret)
logging.debug("image %s", leaky.pixels)
from ipywidgets.embed import embed_minimal_html
embed_minimal_html("export.html", views=[leaky])
leaky
"""


def canary(height: int = 120) -> bytes:
    """A PNG with stripes of a known color."""
    pixels = np.full((height, 200, 3), 255, np.uint8)
    pixels[20:60:3, 10:190] = INK
    return encode_png(pixels)


# ---------------------------------------------------------------- how a leak is found


def has_secret(content: str) -> bool:
    """Tell whether the secret is there, plain, in Base64 at any alignment, or in hexadecimal."""
    plain = SECRET.encode()
    coded = [base64.b64encode(b"x" * shift + plain).decode()[4:-4] for shift in range(3)]
    content = content.replace("\\/", "/")
    return any(form in content for form in (SECRET, plain.hex(), *coded))


def has_pixels(content: str) -> bool:
    """Tell whether any picture in the text, whatever its size and format, shows the canary's color."""
    return any(_is_canary(data) for data in _pictures(content))


def _pictures(content: str) -> Iterator[bytes]:
    """Yield what may be a picture: Base64, printed bytes, raw bytes."""
    content = content.replace("\\/", "/")  # as JSON inside HTML has it
    for found in re.finditer(r"(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR)[A-Za-z0-9+/=\\n]{60,}", content):
        text = found[0].replace("\\n", "").rstrip("=")
        try:
            yield base64.b64decode(text[: len(text) // 4 * 4])
        except binascii.Error:
            continue
    in_json = content.replace('\\"', '"').replace("\\\\", "\\")
    for text in (content, in_json):
        for found in re.finditer(r"""b(['"])\\x89PNG(?:\\.|(?!\1).)*\1""", text):
            try:
                yield ast.literal_eval(found[0])
            except (SyntaxError, ValueError):  # no bytes as Python prints them after all
                continue
    for found in re.finditer("\x89PNG", content):
        yield content[found.start() : found.start() + 500_000].encode("latin-1", "replace")


def _is_canary(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
    except Exception:  # no picture after all, or one that is cut off
        return data[:4] == b"\x89PNG" and bytes(INK) in data
    return bool((np.abs(pixels - INK).sum(axis=2) < 40).mean() > 0.005)


def artefacts(window: Window) -> dict[str, str]:
    """Return every artefact by its name, as text (bytes as latin-1)."""
    folder = window.host.folder
    notebook = nbformat.read(window.path, as_version=4)
    (folder / "converted.html").write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "canary.png"]
    return {str(path.relative_to(folder)): path.read_bytes().decode("latin-1") for path in files}


# ---------------------------------------------------------------- where it happens


@pytest.fixture
def loud_lab(tmp_path: Path) -> Iterator[Host]:
    """JupyterLab that saves the widgets' state, with server and kernels logging at DEBUG."""
    needs("chromium", "module:jupyterlab")
    settings = tmp_path / ".config" / "lab" / "user-settings" / "@jupyter-widgets" / "jupyterlab-manager"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text('{"saveState": true}')
    (tmp_path / ".config" / "jupyter_server_config.py").write_text("c.ServerApp.log_level = 10\n")
    profile = tmp_path / ".ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 10\n")
    with start_jupyter("jupyterlab", tmp_path) as host:
        yield host


@pytest.fixture
def server() -> Iterator[str]:
    """An OCR server that knows the secret; its base address."""
    with guarding(CLIENT, SECRET) as address:
        yield address


def type_the_secret(page: Page) -> None:
    """By key, as a person does; the field is empty afterwards."""
    page.get_by_label("Client id").fill(CLIENT)
    field = page.get_by_label("Client secret")
    field.focus()
    page.keyboard.type(SECRET)
    page.keyboard.press("Enter")
    expect(page.locator(".ocrnb-credentials")).to_have_attribute("data-state", "connected")
    assert ["", "", ""] == page.locator(".ocrnb-credentials__form input:not([type=checkbox])").evaluate_all(
        "all => all.map((one) => one.value)"
    )


def bring_images(page: Page, folder: Path) -> None:
    """By dialog, by drop and by paste."""
    (folder / "canary.png").write_bytes(canary())
    view = page.locator(".ocrnb-input").first
    with page.expect_file_chooser() as chooser:
        view.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(folder / "canary.png")
    expect(view.locator(".ocrnb-input__row")).to_have_count(1)
    transfer = page.evaluate_handle(
        """(coded) => {
        const bytes = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
        return transfer;
        }""",
        base64.b64encode(canary(130)).decode(),
    )
    for kind in ("dragenter", "dragover", "drop"):
        view.dispatch_event(kind, {"dataTransfer": transfer})
    expect(view.locator(".ocrnb-input__row")).to_have_count(2)
    page.evaluate(
        """async (coded) => {
        const bytes = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0));
        const blob = new Blob([bytes], { type: "image/png" });
        await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(canary(140)).decode(),
    )
    view.locator(".ocrnb-input__zone").click(position={"x": 8, "y": 8})
    page.keyboard.press("Control+v")
    expect(view.locator(".ocrnb-input__row")).to_have_count(3)
    expect(view.locator(".ocrnb-input__thumbnail")).to_have_count(3)
    view.get_by_role("button", name="Text and details: dropped.png").click()
    view.get_by_label("Ground truth").nth(1).fill("a private text")
    page.keyboard.press("Tab")


def test_no_artefact_holds_the_secret_or_a_pixel(loud_lab, server, chromium):
    """Typed, connected, used; dropped, pasted, chosen; then everything that was written is searched."""
    cells = (START.format(server=server), IMAGES, SAMPLE, TELL, USE, EXPORT)
    with open_window(
        chromium, loud_lab, cells, "private", permissions=["clipboard-read", "clipboard-write"]
    ) as window:
        window.run(0)
        type_the_secret(window.page)
        window.run(1)
        bring_images(window.page, loud_lab.folder)
        window.run(2)
        window.run_until(3, "connected 3")
        window.run_until(4, "400")
        window.run(5)
        window.shoot("what_is_saved")
        saved = window.save()
        found = artefacts(window)
        assert [] == window.complaints

    # The search looks at the right things: state is saved, logs speak, an image loaded by code is there.
    assert "application/vnd.jupyter.widget-state+json" in saved["metadata"]["widgets"]
    assert "image/png" in saved["cells"][2]["outputs"][1]["data"]
    assert ["text/plain"] == list(saved["cells"][1]["outputs"][1]["data"])
    assert "comm_msg" in found[".server.log"]
    assert "connect_tcp" in found["kernel.log"]
    assert "application/vnd.jupyter.widget-state+json" in found["export.html"]
    assert "data:image/png;base64" in found["converted.html"]

    assert [] == [name for name, content in found.items() if has_secret(content)]
    # The results that the service keeps for 24 hours, for this user alone, are no artefact of the notebook.
    public = {name: content for name, content in found.items() if not name.startswith(".ocr_nb/cache/")}
    assert [] == [name for name, content in public.items() if has_pixels(content)]
    # Names and texts are in no document either; hosts that log at DEBUG write all messages down, with those.
    documents = {name: content for name, content in public.items() if not name.endswith(".log")}
    for words in ("a private text", "dropped.png"):
        assert [] == [name for name, content in documents.items() if words in content]


def test_a_workbench_that_reads_in_the_cloud_leaves_no_secret(loud_lab, chromium, tmp_path_factory):
    """Chosen, connected, pasted, run: two rows of the tracker. The server is the command of the package."""
    environment = {"OCR_NB_CLIENT_ID": CLIENT, "OCR_NB_CLIENT_SECRET": SECRET}
    elsewhere = tmp_path_factory.mktemp("server")
    with (
        serving(elsewhere, "--strict", environment={**environment, "OCR_NB_HOME": str(elsewhere)}) as command,
        open_window(
            chromium,
            loud_lab,
            (WORKBENCH.format(server=command.base), TRACKED, EXPORT_WORKBENCH),
            "workbench_cloud",
            viewport={"width": 1280, "height": 1600},
        ) as window,
    ):
        page = window.page
        window.run(0)
        desk = page.locator(".ocrnb-desk")
        desk.get_by_label("Cloud service").check()
        run = desk.get_by_role("button", name="Run", exact=True)
        paste_image(desk.locator(".ocrnb-input"), "pasted.png", samples("label")[0].picture.png)
        expect(desk.get_by_text("Not connected yet").first).to_be_visible()
        expect(run).to_be_disabled()
        type_the_secret(page)
        expect(run).to_be_enabled()
        expect(desk.get_by_text("Images you run here are sent to 127.0.0.1")).to_be_visible()
        expect(desk.get_by_text("Calls to a server here are not counted.")).to_be_visible()
        expect(desk.get_by_text("Images stay on this machine")).to_have_count(0)
        window.shoot("workbench_cloud_connected")
        run.click()
        expect(desk.locator(".ocrnb-desk__verdict")).to_have_count(1, timeout=120_000)
        expect(run).to_be_visible()
        at = f"at {command.base}/v5.0/ocr"
        window.run_until(1, f"original {at}, upsampled:x2 {at}")
        window.run(2)
        window.shoot("workbench_cloud")
        assert [] == serious_faults(page, ".ocrnb-desk")
        window.save()
        found = artefacts(window)
        assert [] == window.complaints
    assert "connect_tcp" in found["kernel.log"]
    assert "application/vnd.jupyter.widget-state+json" in found["export.html"]
    assert [] == [name for name, content in found.items() if has_secret(content)]


def test_the_search_finds_what_a_leaky_widget_leaves(loud_lab, chromium):
    """Secret and picture in synced traits, and in a log: found in every artefact."""
    (loud_lab.folder / "canary.png").write_bytes(canary())
    with open_window(chromium, loud_lab, (LEAK.format(secret=SECRET),), "leaky") as window:
        window.run(0)
        window.page.wait_for_timeout(500)
        window.save()
        notebook = nbformat.read(window.path, as_version=4)
        notebook.cells[0].source = ""  # the secret is in this cell's source, too
        nbformat.write(notebook, window.path)
        found = artefacts(window)
    for name in ("leaky.ipynb", "converted.html", "export.html", "kernel.log"):
        assert has_secret(found[name]), name
        assert has_pixels(found[name]), name
