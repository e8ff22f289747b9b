"""`BinderBanner`: what a public Binder can and cannot do, and a button that takes the tracker home.

In: the names of a notebook. Out: a widget; and a ZIP file with every tracker among those names, as CSV and as
JSON lines. Knows not whether this is a Binder: `binder` asks the settings.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import traitlets

from ..report.document import read_asset
from ..tracker import AccuracyTracker
from ._base import QuietWidget

LIMITS = (
    "This is a public Binder: one processor, 2 GB of memory, a slow line out (1 Mbit/s), and gone after ten "
    "idle minutes. Images are read on this machine; credentials do not belong here. Take home what you "
    "measured before you leave."
)
"""From the service's own settings: github.com/jupyterhub/mybinder.org-deploy, `mybinder/values.yaml`."""
NOTHING = "There is no tracker in this notebook yet: keep one under a name, such as tracker = study.run()."
FILE_NAME = "ocr_nb-trackers.zip"
PIECE = 1 << 20
"""Bytes a message."""


class BinderBanner(QuietWidget):
    """The limits in a sentence, and one button."""

    _esm = read_asset("binder_banner.js")
    _css = read_asset("binder_banner.css")

    words = traitlets.Unicode(LIMITS, read_only=True).tag(sync=True)
    """What is said."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        """Take the notebook's names, which are looked at when the button is pressed, not before."""
        self._names = names
        super().__init__()

    def trackers(self) -> dict[str, AccuracyTracker]:
        """Return the notebook's trackers that hold trials, by name; without names that begin with `_`."""
        found = {name: value for name, value in self._names.items() if isinstance(value, AccuracyTracker)}
        return {name: one for name, one in found.items() if not name.startswith("_") and len(one)}

    def pack(self) -> bytes:
        """Return a ZIP file with each tracker as `NAME.csv` and `NAME.jsonl`."""
        packed = io.BytesIO()
        with (
            tempfile.TemporaryDirectory() as folder,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped,
        ):
            for name, tracker in self.trackers().items():
                for path in (
                    tracker.to_csv(Path(folder) / f"{name}.csv"),
                    tracker.to_json_lines(Path(folder) / f"{name}.jsonl"),
                ):
                    zipped.write(path, path.name)
        return packed.getvalue()

    def answer(self, message: Mapping[str, Any]) -> None:
        """Send the ZIP file, or say that there is nothing to send."""
        if message.get("kind") != "download":
            return
        trackers = self.trackers()
        if not trackers:
            self.send({"kind": "nothing", "said": NOTHING})
            return
        data = memoryview(self.pack())
        said = f"{FILE_NAME}: {', '.join(trackers)}."
        for offset in range(0, len(data), PIECE):
            about = {"kind": "piece", "offset": offset, "name": FILE_NAME, "said": said}
            about["last"] = offset + PIECE >= len(data)
            self.send(about, [data[offset : offset + PIECE]])

    def __repr__(self) -> str:
        return f"BinderBanner({LIMITS})"
