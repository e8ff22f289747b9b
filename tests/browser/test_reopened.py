"""A notebook saved after a run of the `Workbench` and opened again with no kernel behind it."""

from __future__ import annotations

from nbconvert import HTMLExporter
from playwright.sync_api import expect

import ocr_nb
from notebook_hosts import open_window, paste_image

PUBLIC = """
import ocr_nb
public = ocr_nb.workbench(ocr_nb.samples("label"), conditions="original,upsampled:x3")
public
"""
PRIVATE = """
private = ocr_nb.workbench(conditions="original,upsampled:x3")
private
"""
TRUTH = "private.set_truth(0, ocr_nb.samples('label')[0].ground_truth)"
DESK = ".ocrnb-desk"


def test_it_still_shows_the_picture_or_the_words(lab, chromium):
    """Of images loaded by code the picture and the words, of private ones words alone; in HTML as well."""
    tall = {"viewport": {"width": 1280, "height": 1400}}
    with open_window(chromium, lab, (PUBLIC, PRIVATE, TRUTH), "reopened", **tall) as window:
        page = window.page
        for number in (0, 1):
            window.run(number)
            desk = window.cell(number).locator(DESK)
            if number == 1:
                label = ocr_nb.samples("label")[0].picture
                paste_image(desk.locator(".ocrnb-input"), "secret name.png", label.png)
                expect(desk.locator(".ocrnb-desk__row")).to_have_count(1)
                window.run(2)
            desk.get_by_role("button", name="Run", exact=True).click()
            expect(desk.locator(".ocrnb-desk__lead")).to_be_visible(timeout=90_000)
            expect(desk.get_by_role("button", name="Run", exact=True)).to_be_visible()
            left = window.cell(number).locator(".jp-OutputArea-child")
            expect(left).to_have_count(3)
            expect(left.nth(1).locator("table")).to_be_attached()
            for hidden in (left.nth(1), left.nth(2)):
                expect(hidden).to_be_hidden()
        expect(window.cell(0).locator(".jp-RenderedImage img")).to_be_attached()
        saved = window.save()
        assert "secret name" not in repr(saved)
        assert [] == window.complaints

        window.reopen_without_kernel()
        expect(page.locator(".jp-OutputArea table")).to_have_count(2)
        public, private = window.cell(0), window.cell(1)
        picture = public.locator(".jp-RenderedImage img")
        expect(picture).to_be_visible()
        assert picture.evaluate("(one) => one.naturalWidth") > 300
        expect(public.locator("table")).to_contain_text("label")
        expect(public.locator(".jp-OutputArea")).to_contain_text("CER")
        expect(private.locator("table")).to_contain_text("image 1")
        expect(private.locator("table")).to_contain_text("CER")
        expect(private.locator("img")).to_have_count(0)
        window.shoot("workbench_without_kernel")

        converted, _ = HTMLExporter().from_filename(str(window.path))
        assert 1 == converted.count('src="data:image/png;base64,')
        assert 2 == converted.count("what upsampling did")
