"""What the tests of widgets share."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output


@pytest.fixture
def capture_display():
    """Show an object as a cell's last line does; give the bundles of its outputs."""
    shell = InteractiveShell.instance()

    def show(shown):
        with capture_output() as captured:
            display(shown)
        return [output.data for output in captured.outputs]

    yield show
    InteractiveShell.clear_instance()
    del shell
