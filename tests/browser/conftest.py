"""One Chromium and one server of each kind for all journeys; each starts when it is first needed.

They end with this folder, not with the session: Playwright keeps an event loop running in the main thread,
and no coroutine test can run beside it.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect, sync_playwright

from needs import needs
from notebook_hosts import FLAGS, start_jupyter

expect.set_options(timeout=30_000)  # milliseconds, on a machine that does other things, too


@pytest.fixture(scope="package")
def chromium():
    """Debian's Chromium, driven by Playwright."""
    executable = needs("chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    """JupyterLab on loopback."""
    needs("chromium", "module:jupyterlab")
    with start_jupyter("jupyterlab", tmp_path_factory.mktemp("lab")) as host:
        yield host


@pytest.fixture(scope="package")
def notebook_7(tmp_path_factory):
    """Notebook 7 on loopback."""
    needs("chromium", "module:notebook")
    with start_jupyter("notebook", tmp_path_factory.mktemp("notebook_7")) as host:
        yield host
