"""On a public Binder, say so: an IPython extension that shows the limits above the first cell's output.

`binder/postBuild` has every kernel there load it (`ocr_nb.binder`); anywhere else it does nothing. Whether
this is a Binder stands in the settings; what the banner says and does, in `widgets/binder_banner.py`.
"""

from __future__ import annotations

from typing import Any

from .settings import Settings


def load_ipython_extension(shell: Any) -> None:
    """Show the banner once, with the first cell that runs, if this is a Binder."""
    if not Settings.from_environment().on_binder:
        return

    def show(*_: Any) -> None:
        shell.events.unregister("pre_run_cell", show)
        from IPython.display import display

        from .widgets.binder_banner import BinderBanner

        display(BinderBanner(shell.user_ns))  # type: ignore[no-untyped-call]

    shell.events.register("pre_run_cell", show)
