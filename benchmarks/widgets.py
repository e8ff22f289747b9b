"""`ImageCompare` in a real JupyterLab in a real Chromium, beside what else shows two pictures in a notebook.

For pictures of 2, 8 and 20 megapixels: script, style and layout time a pointer event while the divider is
dragged (Chromium's own counters), long tasks, frames a second, time from running the cell to the first paint,
and bytes in the saved notebook. The same drag over a bare picture in a cell tells what JupyterLab itself
takes an event, and over the page that `to_html` writes what the comparison takes without JupyterLab. Prints
markdown. Chromium draws without a graphics card here, so frames cost more than on a desk.
jupyter_compare_view is measured if it can be imported and works; 0.2.4 does, the wheel of 0.2.5 lacks its
own script:

    pip install -e ".[dev]" jupyter_compare_view==0.2.4 && python benchmarks/widgets.py
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.sync_api import Browser, Page, sync_playwright

from notebook_hosts import FLAGS, Host, Window, open_window, start_jupyter

MEGAPIXELS = (2, 8, 20)
MOVES = 240
TARGET_MS, LONG_TASK_MS = 4.0, 50.0

SETUP = """
import io, json, warnings, numpy as np, ocr_nb, ipywidgets
from ocr_nb.images import from_array
from ocr_nb.filters import resize
label, = ocr_nb.samples("label")
tile = label.picture.pixels[:, :, 0]
height = int(({megapixels}e6 / 1.4) ** 0.5); width = int(height * 1.4)
page = np.tile(tile, (height // tile.shape[0] + 1, width // tile.shape[1] + 1))[:height, :width]
noise = np.random.default_rng(0).integers(-3, 4, page.shape)
large = from_array(np.clip(page.astype(int) + noise, 0, 255).astype(np.uint8))
small = resize(large, 1 / 3).picture
print(large.width, large.height, len(small.png) + len(large.png))
"""
STATE = """
from ipywidgets.embed import dependency_state
print(len(json.dumps(dependency_state([shown]), default=str)))
"""
PAGE = "shown.to_html('page.html')"
BARE, ON_A_PAGE = "a bare picture", "ImageCompare, as a page of its own"
CONTENDERS = {
    BARE: (
        "import base64\nfrom IPython.display import HTML\n"
        'HTML(\'<img draggable=false style="width:100%;user-select:none" src="data:image/png;base64,\''
        " + base64.b64encode(large.png).decode() + '\">')"
    ),
    "ImageCompare": "shown = ocr_nb.ImageCompare(small, large); shown",
    "two ipywidgets.Image": (
        "shown = ipywidgets.HBox([ipywidgets.Image(value=one.png, format='png', "
        "layout=ipywidgets.Layout(width='48%')) for one in (small, large)]); shown"
    ),
    "jupyter_compare_view": (
        "from jupyter_compare_view import compare\n"
        "compare(small.to_pil(), large.to_pil(), start_mode='horizontal', display_format='png')"
    ),
}
PICTURE = {"jupyter_compare_view": "canvas"}
"""What draws a contender's pictures, where it is no `img` for each."""
PAINTED = """([number, picture, count]) => new Promise((resolve) => {
  const cell = jupyterapp.shell.currentWidget.content.widgets[number];
  const start = performance.now();
  const look = async () => {
    const all = [...cell.node.querySelectorAll(`.jp-OutputArea ${picture}`)];
    const isDrawn = (one) => one.width !== 300 && one.getContext("2d").getImageData(9, 9, 1, 1).data[3] > 0;
    const isThere = picture === "canvas" ? isDrawn : (one) => one.complete && one.naturalWidth;
    const found = all.filter(isThere);
    if (found.length < count) return void requestAnimationFrame(look);
    await Promise.all(found.map((one) => one.decode?.().catch(() => null)));
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  };
  jupyterapp.shell.currentWidget.content.activeCellIndex = number;
  jupyterapp.commands.execute("notebook:run-cell");
  look();
})"""
WATCH = """() => {
  const watch = window.watch = { events: 0, frames: 0, tasks: [], start: performance.now() };
  addEventListener("pointermove", () => { watch.events += 1; }, { capture: true });
  new PerformanceObserver((list) => watch.tasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask" });
  const frame = () => { watch.frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""
HEAD = (
    "| megapixels | shown by | first paint | script + style + layout a pointer event | long tasks | "
    "frames a second | saved, without widget state | with it |\n|---|---|---|---|---|---|---|---|"
)
COUNTERS = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--megapixels", type=int, nargs="*", default=MEGAPIXELS)
    options = parser.parse_args()
    print(f"Load of the machine at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    rows: list[dict[str, Any]] = []
    print(HEAD, flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        start_jupyter("jupyterlab", Path(folder)) as host,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=options.chromium, args=list(FLAGS))
        for megapixels in options.megapixels:
            for row in measure_size(browser, host, megapixels):
                print(f"| {row['megapixels']} | {row['name']} | {' | '.join(_cells(row))} |", flush=True)
                rows.append(row)
        browser.close()
    report(rows)
    print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}.")


def measure_size(browser: Browser, host: Host, megapixels: int) -> Iterator[dict[str, Any]]:
    """Measure all contenders on one pair of pictures."""
    for name, source in CONTENDERS.items():
        reason = _missing(name)
        if reason:
            yield {"name": name, "megapixels": megapixels, "reason": reason}
            continue
        cells = (SETUP.replace("{megapixels}", str(megapixels)), source, STATE, PAGE)
        file = re.sub(r"\W+", "_", f"{name}_{megapixels}")  # JupyterLab opens no workspace with a dot in it
        with open_window(browser, host, cells, file) as window:
            yield {"name": name, "megapixels": megapixels} | measure(window, name)
            if name == "ImageCompare":
                window.run(3)
        if name == "ImageCompare":
            yield {"name": ON_A_PAGE, "megapixels": megapixels} | measure_page(browser, host)


def _missing(name: str) -> str:
    """Return why a contender cannot be measured; empty when it can."""
    if name != "jupyter_compare_view":
        return ""
    try:
        with contextlib.redirect_stdout(None):  # it says that this is no notebook
            from jupyter_compare_view import compare
        from PIL import Image

        compare(Image.new("L", (9, 9)), Image.new("L", (9, 9)))
    except ImportError:
        return "not installed"
    except OSError as error:
        version = importlib.metadata.version("jupyter_compare_view")
        return f"{version} does not work as installed: {error}"
    return ""


def measure(window: Window, name: str) -> dict[str, Any]:
    """Show one contender, weigh what is saved, then drag."""
    page = window.page
    _, _, given = window.run(0).split()
    window.save()
    before = window.path.stat().st_size
    picture = PICTURE.get(name, "img")
    paint = page.evaluate(PAINTED, [1, picture, 1 if name == BARE or name in PICTURE else 2])
    window.save()
    found: dict[str, Any] = {
        "paint": paint, "given": int(given), "saved": window.path.stat().st_size - before,
        "state": None if name in (BARE, "jupyter_compare_view") else int(window.run(2)),
    }  # fmt: skip
    if name != "two ipywidgets.Image":  # they do not answer the pointer
        found |= drag(page, f".jp-OutputArea {picture}")
    return found


def measure_page(browser: Browser, host: Host) -> dict[str, Any]:
    """Drag in the page that `to_html` wrote."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((host.folder / "page.html").as_uri())
    page.wait_for_function("[...document.images].every((one) => one.complete && one.naturalWidth)")
    page.evaluate("Promise.all([...document.images].map((one) => one.decode()))")
    found = drag(page, "img")
    page.close()
    return found


def drag(page: Page, picture: str) -> dict[str, Any]:
    """Drag across the picture and back; return times in milliseconds."""
    image = page.locator(picture).first
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    middle = min(box["y"] + box["height"] / 2, 700)
    width = min(box["width"], 1240 - box["x"])  # what is wider than the window cannot be reached beyond it
    page.mouse.move(box["x"] + width / 2, middle)
    page.mouse.down()
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    first = _counters(session)
    for step in range(MOVES):
        share = abs((step % 120) - 60) / 60
        page.mouse.move(box["x"] + width * (0.1 + 0.8 * share), middle)
    last = _counters(session)
    watch = page.evaluate("() => ({ ...watch, seconds: (performance.now() - watch.start) / 1000 })")
    page.mouse.up()
    spent = [1000 * (last[name] - first[name]) / max(1, watch["events"]) for name in COUNTERS]
    return {
        "event": sum(spent), "parts": spent, "events": watch["events"],
        "rate": watch["frames"] / watch["seconds"], "longest": max(watch["tasks"], default=0.0),
        "long": sum(duration > LONG_TASK_MS for duration in watch["tasks"]),
    }  # fmt: skip


def _counters(session: Any) -> dict[str, float]:
    """Return Chromium's counters, seconds since the page began."""
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


def report(rows: list[dict[str, Any]]) -> None:
    """Print how the target is met."""
    ours = [row["event"] for row in rows if row["name"] == "ImageCompare" and "event" in row]
    if ours:
        found = f"worst here {max(ours):.2f} ms, median {statistics.median(ours):.2f} ms"
        print(f"\nTarget: {TARGET_MS:g} ms an event; {found}.")


def _cells(row: dict[str, Any]) -> list[str]:
    if "reason" in row:
        return [row["reason"], *("–" for _ in range(5))]
    moved = ["–", "–", "–"]
    if "event" in row:
        worst = f", longest {row['longest']:.0f} ms" if row["long"] else ""
        parts = " + ".join(f"{part:.2f}" for part in row["parts"])
        moved = [f"{parts} = {row['event']:.2f} ms", f"{row['long']}{worst}", f"{row['rate']:.0f}"]
    if "paint" not in row:
        return ["–", *moved, "–", "–"]
    state = "–" if row["state"] is None else f"{row['state'] / 1e3:,.0f} kB"
    return [f"{row['paint'] / 1e3:.2f} s", *moved, f"{row['saved'] / 1e3:,.0f} kB", state]


if __name__ == "__main__":
    main()
