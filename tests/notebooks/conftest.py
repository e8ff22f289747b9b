"""Tells at the end of a test run what each notebook took."""

from __future__ import annotations

import pytest

_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request):
    """Add a line to the end of the test output."""
    return request.config.stash.setdefault(_TOLD, []).append


def pytest_terminal_summary(terminalreporter, config):
    """Print the lines, whatever the tests' outcome."""
    lines = config.stash.get(_TOLD, [])
    if lines:
        terminalreporter.section("notebooks")
        for line in lines:
            terminalreporter.write_line(line)
