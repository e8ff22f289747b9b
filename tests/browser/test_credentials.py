"""`Credentials` in a real JupyterLab: typed by mouse, keys and touch, against a server that checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from accessibility import serious_faults
from notebook_hosts import open_window
from server.running import guarding

CLIENT, SECRET, TOKEN = "abcdefgh-9", "right-secret", "a-ready-token"
SHOW = """
import ocr_nb
access = ocr_nb.Credentials(base_url="{server}")
access
"""
TELL = "print(access.state, access.is_cloud_used)"
AGAIN = "access"
CLOSE = "access.close()"
ROOT = ".ocrnb-credentials"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that knows one pair and one token."""
    with guarding(CLIENT, SECRET, token=TOKEN) as address:
        yield address


def see(view, state: str) -> None:
    """Wait for a state."""
    expect(view).to_have_attribute("data-state", state)


def test_a_journey_with_mouse_and_keys(lab, server, chromium):
    """Lacking, refused, connected, used, shown twice, changed to a token, left; saved without a trace."""
    with open_window(
        chromium, lab, (SHOW.format(server=server), TELL, AGAIN, CLOSE), "credentials"
    ) as window:
        page = window.page
        window.run(0)
        view = page.locator(ROOT).first
        see(view, "absent")
        view.get_by_text("Where credentials are looked for").click()
        expect(view.locator(".ocrnb-credentials__source")).to_have_count(4)
        window.shoot("credentials_absent")
        assert [] == serious_faults(page, ROOT)
        view.get_by_text("Where credentials are looked for").click()

        name, secret = view.get_by_label("Client id"), view.get_by_label("Client secret")
        name.fill(CLIENT)
        view.get_by_role("button", name="Test and connect").click()
        expect(view.get_by_text("The client secret is missing.")).to_be_visible()
        expect(secret).to_be_focused()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        see(view, "refused")
        expect(secret).to_have_value("")
        window.shoot("credentials_refused")

        name.focus()
        page.keyboard.type(CLIENT)
        page.keyboard.press("Tab")
        page.keyboard.type(SECRET)
        page.keyboard.press("Enter")
        see(view, "connected")
        expect(view.locator(".ocrnb-credentials__line")).to_have_text("Connected as ab…9 (typed)")
        expect(view.locator(".ocrnb-credentials__form")).to_be_hidden()
        window.run_until(1, "connected False")
        view.get_by_role("button", name="Use the cloud").click()
        expect(view.locator(".ocrnb-credentials__place")).to_contain_text("Images are sent to 127.0.0.1")
        window.run_until(1, "connected True")
        window.shoot("credentials_connected")

        window.run(2)
        first, second = page.locator(ROOT).all()
        second.get_by_role("button", name="Change").click()
        second.get_by_text("I have an access token instead").click()
        second.get_by_label("Access token").fill(TOKEN)
        page.keyboard.press("Enter")
        for one in (first, second):
            expect(one.locator(".ocrnb-credentials__line")).to_have_text("Connected with a token (typed)")
        window.run_until(1, "connected True")
        first.get_by_role("button", name="Use this machine").click()
        expect(second.locator(".ocrnb-credentials__place")).to_contain_text("Images stay on this machine.")

        first.get_by_role("button", name="Change").focus()
        page.keyboard.press("Enter")
        expect(first.get_by_role("button", name="Disconnect")).to_be_visible()
        window.use_dark_theme()
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        first.scroll_into_view_if_needed()
        window.shoot("credentials_dark")
        assert [] == serious_faults(page, ROOT)
        page.keyboard.press("Escape")
        expect(first.get_by_role("button", name="Disconnect")).to_be_hidden()
        first.get_by_role("button", name="Change").click()
        first.get_by_role("button", name="Disconnect").click()
        see(second, "absent")

        saved = repr(window.save())
        assert not [one for one in (SECRET, TOKEN, CLIENT) if one in saved]
        window.run(3)
        expect(page.locator(ROOT)).to_have_count(0)
        assert [] == window.complaints


def test_a_finger_connects_in_notebook_7_on_a_phone(notebook_7, server, chromium):
    """By touch alone, 390 px wide."""
    with open_window(
        chromium,
        notebook_7,
        (SHOW.format(server=server), TELL),
        "credentials",
        has_touch=True,
        viewport={"width": 390, "height": 844},
    ) as window:
        page = window.page
        window.run(0)
        view = page.locator(ROOT)
        see(view, "absent")
        view.get_by_label("Client id").tap()
        page.keyboard.type(CLIENT)
        view.get_by_label("Client secret").tap()
        page.keyboard.type(SECRET)
        window.shoot("credentials_phone")
        view.get_by_role("button", name="Test and connect").tap()
        see(view, "connected")
        view.get_by_role("button", name="Use the cloud").tap()
        window.run_until(1, "connected True")
        assert view.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert [] == serious_faults(page, ROOT)
        assert [] == window.complaints
