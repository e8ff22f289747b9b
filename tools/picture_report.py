"""Take the README's pictures of a report, as headless Chromium shows it.

    python tools/picture_report.py ocr-nb-demo/report.html docs receipt.jpg

Writes `report.png`, the top of the page, and `report_image.png`, the section of one image.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

WIDTH = 1060
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def main() -> None:
    """Open the report, and write both pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("image", help="name of the image whose section is shown")
    options = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.goto(options.report.resolve().as_uri())
        section = page.locator("section.case", has_text=options.image).first
        end = page.get_by_role("heading", name="Image by image").bounding_box()
        if end is None:
            raise SystemExit(f"{options.report} has no heading “Image by image”.")
        top = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": end["y"] - 24}, full_page=True)
        save(top, options.folder / "report.png")
        section.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        save(section.screenshot(), options.folder / "report_image.png")
        browser.close()


def save(data: bytes, path: Path) -> None:
    """Write a PNG of 128 colours, which a page of text and gray pictures does not exceed visibly."""
    image = Image.open(io.BytesIO(data)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    print(f"{path}: {image.width}×{image.height}, {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
