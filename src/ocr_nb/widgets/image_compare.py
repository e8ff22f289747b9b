"""`ImageCompare`: pictures of one thing, of any sizes, in one frame.

In: anything `load_picture` takes. Out: a widget, a preview for the saved notebook, or one HTML file. PNG
bytes reach the browser untouched, in pieces and on request; no pixel and no word that was read is in synced
state, which notebooks save. Knows no service.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import traitlets

from ..engine.layout import Recognition
from ..errors import SettingsError, suggestion
from ..images import ImageLike, Picture, load_picture, luma
from ..report.comparison_page import Layer, render_comparison
from ..report.document import COMPARISON, read_asset
from ..xheight import measure_x_height
from ._base import QuietWidget, refuse_unknown
from .preview import draw_preview
from .word_marks import describe_words, mark_words

MODES = ("wipe", "toggle", "side", "difference", "lens")
"""One over the other with a divider; in one place, one at a time; side by side; where they differ; the second
through a lens in the first."""
PIECE = 1 << 20
"""Bytes a message: small enough that progress shows and other messages get their turn."""
ASKS = 100
"""Requests of views that are remembered, so that none is answered twice."""
MEASURED_PIXELS = 4_000_000
"""Pictures larger than this are shown without their x-height, which would take a second to measure."""

_ESM = "".join(map(read_asset, (*COMPARISON, "image_compare_widget.js")))
_CSS = read_asset("image_compare.css")
_STATE = {
    "mode": "mode", "split": "split", "before": "before_index", "after": "after_index", "smooth": "smooth",
    "zoom": "zoom", "showsAfter": "shows_after", "vertical": "vertical", "lens": "lens",
    "threshold": "threshold", "signed": "signed", "showsWords": "shows_words",
}  # fmt: skip
"""What the comparison module calls a thing, and what the widget does."""
_KEYWORDS = ("labels", "keep_picture", "truth", "readings", *_STATE.values())


class ImageCompare(QuietWidget):
    """Two or more pictures of one thing in one frame, with one zoom for all modes.

    Every control has its attribute here, and setting one moves all views:

        comparison = ImageCompare("label.png", upsample("label.png").result())
        comparison.mode = "toggle"
        comparison.to_html("label.html")
    """

    _esm = _ESM
    _css = _CSS
    _hides_still = True
    _layers: tuple[Layer, ...]

    layers = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    """What is said of each picture: label, caption, size; no pixels."""
    mode = traitlets.Unicode("wipe").tag(sync=True)
    """One of `MODES`."""
    split = traitlets.Float(0.5).tag(sync=True)
    """Where the divider stands, as a fraction of the picture, 0 to 1."""
    before_index = traitlets.Int(0).tag(sync=True)
    """Which picture is the first, counted from 0."""
    after_index = traitlets.Int(1).tag(sync=True)
    """Which picture is the second."""
    smooth = traitlets.Bool(False).tag(sync=True)
    """Whether the browser may smooth enlarged pixels; off, so that it cannot flatter the coarser picture."""
    zoom = traitlets.Union([traitlets.Float(), traitlets.Unicode()], default_value="fit").tag(sync=True)
    """`"fit"`, or screen pixels for one pixel of the finest picture: 1.0 is 1:1."""
    shows_after = traitlets.Bool(False).tag(sync=True)
    """In mode `toggle`: whether the second picture is in sight."""

    vertical = traitlets.Bool(False).tag(sync=True)
    """In mode `wipe`: whether the divider moves up and down instead of left and right."""
    lens = traitlets.Tuple(traitlets.Float(), traitlets.Float(), default_value=(0.5, 0.5)).tag(sync=True)
    """In mode `lens`: the middle of the lens, as fractions of the picture from the left and from the top."""
    threshold = traitlets.Int(16).tag(sync=True)
    """In mode `difference`: differences in gray, of 255, up to which nothing is marked."""
    signed = traitlets.Bool(True).tag(sync=True)
    """In mode `difference`: whether darker (blue) and lighter (orange) are told apart."""

    shows_words = traitlets.Bool(True).tag(sync=True)
    """Whether the words that were read are marked, where there are readings."""
    words = traitlets.List(traitlets.Dict(), read_only=True)
    """Each word of the two readings in sight: kind, truth, texts, boxes as fractions, confidences.
    Views are told of them in messages: they are no part of the state that a notebook saves."""
    selected = traitlets.Int(-1).tag(sync=True)
    """Which of `words` is chosen, counted from 0; -1 for none. `TextDiff.selected` counts alike, so that
    `traitlets.link((comparison, "selected"), (diff, "selected"))` joins the two."""
    verdict = traitlets.Unicode("", read_only=True).tag(sync=True)
    """What the second reading made of the first's errors, in words."""

    def __init__(
        self,
        before: ImageLike,
        after: ImageLike,
        *further: ImageLike,
        truth: str | None = None,
        readings: Sequence[Recognition] | None = None,
        labels: Sequence[str] | None = None,
        keep_picture: bool = True,
        **state: Any,
    ) -> None:
        """Load the pictures.

        Args:
            before: the original.
            after: what was made of it.
            further: other variants, which can be chosen in place of `after`.
            truth: what is written there. Needs `readings`, whose words it then colors.
            readings: what was read on each picture, with boxes in that picture's own pixels.
            labels: what to call each picture; by default “original”, “enlarged ×3” (how it was enlarged,
                no pixel tells), “variant 2”.
            keep_picture: whether the saved notebook keeps a small preview, at most 100 kB. Turn it off for
                pictures that are nobody else's business.
            state: first values of the attributes above, such as `mode="toggle"`.

        Raises:
            ImageError: a picture cannot be read.
            SettingsError: there are not as many labels or readings as pictures, or a truth without readings.
            TypeError: a keyword is unknown.
        """
        refuse_unknown("ImageCompare", {name: None for name in state if name not in _KEYWORDS}, _KEYWORDS)
        self._kept = keep_picture
        self._asks: deque[str] = deque(maxlen=ASKS)
        # Before the model is opened in the browser, which counts the pictures when it is.
        self._take((before, after, *further), truth, readings, labels)
        super().__init__(**state)
        self.observe(lambda change: change.owner._mark(), ["before_index", "after_index"])
        self._mark()

    def show(
        self,
        before: ImageLike,
        after: ImageLike,
        *further: ImageLike,
        truth: str | None = None,
        readings: Sequence[Recognition] | None = None,
        labels: Sequence[str] | None = None,
        keep_picture: bool | None = None,
    ) -> None:
        """Show other pictures in the same place; all views follow, mode and zoom stay.

        Args:
            before: the original; `after`, `further`, `truth`, `readings` and `labels` as when it was made.
            after: what was made of it.
            further: other variants.
            truth: what is written there.
            readings: what was read on each picture.
            labels: what to call each picture.
            keep_picture: as when it was made; None leaves that as it is.

        Raises:
            ImageError: a picture cannot be read; what was shown stays.
            SettingsError: there are not as many labels or readings as pictures, or a truth without readings.
        """
        with self.hold_sync():
            self._take((before, after, *further), truth, readings, labels)
            if keep_picture is not None:
                self._kept = keep_picture
            self.before_index, self.after_index, self.shows_after = 0, 1, False
            self._mark()

    def _take(
        self,
        images: Sequence[ImageLike],
        truth: str | None,
        readings: Sequence[Recognition] | None,
        labels: Sequence[str] | None,
    ) -> None:
        """Load everything first, so that a picture that cannot be read leaves what is there."""
        pictures = tuple(load_picture(image) for image in images)
        _check_readings(tuple(readings or ()), len(pictures), truth)
        layers = describe(pictures, labels)
        self._pictures, self._layers = pictures, layers
        self._truth, self._readings = truth, tuple(readings or ())
        self.set_trait("layers", [_words_of(layer) for layer in layers])

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures, in order; empty once the widget is closed."""
        return self._pictures

    def toggle(self) -> None:
        """Do what the toggle's button does."""
        self.shows_after = not self.shows_after

    def zoom_to_fit(self) -> None:
        """Show the whole picture."""
        self.zoom = "fit"

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write one HTML file that opens from disk, with the pictures inside; return its path.

        Raises:
            OSError: the file cannot be written.
        """
        target = Path(path)
        title = " and ".join(layer.label for layer in (self._first, self._second))
        state = {ours: getattr(self, theirs) for ours, theirs in _STATE.items()} | {"words": self.words}
        target.write_text(
            render_comparison(self._layers, state, title=title, verdict=self.verdict), encoding="utf-8"
        )
        return target

    def close(self) -> None:
        """Take the widget out of every view and let the pictures go."""
        super().close()
        self._pictures = ()
        self._layers = ()
        self._readings = ()

    def answer(self, message: Mapping[str, Any]) -> None:
        """Send the words, and the pictures that a view lacks, those in sight first; nothing else."""
        if message.get("kind") != "send pictures":
            return
        if (ask := message.get("ask")) is not None:  # a view that waits says it again, and may be heard twice
            if ask in self._asks:
                return
            self._asks.append(ask)
        if self.words:
            self._send_words()
        wanted, chosen = message.get("hashes"), (self.before_index, self.after_index)
        for index in sorted(range(len(self._pictures)), key=lambda index: index not in chosen):
            if wanted is not None and self._layers[index].key not in wanted:
                continue
            data = memoryview(self._pictures[index].png)
            for offset in range(0, len(data), PIECE):
                about = {"kind": "piece", "layer": index, "offset": offset, "hash": self._layers[index].key}
                self.send(about, [data[offset : offset + PIECE]])

    def _send_words(self) -> None:
        self.send({"kind": "words", "words": self.words})

    def still(self) -> bytes | None:
        """Draw the pictures in sight side by side, small enough for a saved notebook."""
        if not self._kept or not self._pictures:
            return None
        return draw_preview((self._first.picture, self._second.picture))

    def __repr__(self) -> str:
        return f"ImageCompare({' | '.join(layer.caption for layer in self._layers) or 'closed'})"

    def _mark(self) -> None:
        """Mark the words of the two pictures in sight."""
        if not self._readings:
            self._say([], "")
            return
        first, second = (
            (self._readings[index], self._pictures[index])
            for index in (int(self.before_index), int(self.after_index))
        )
        truth = self._truth
        verdict = "" if truth is None else describe_words(truth, first[0].text, second[0].text)
        self._say(mark_words(truth, first, second), verdict)

    def _say(self, words: list[dict[str, Any]], verdict: str) -> None:
        if words != self.words:
            self.selected = -1  # it was one of the others
            self.set_trait("words", words)
            self._send_words()
        self.set_trait("verdict", verdict)

    @property
    def _first(self) -> Layer:
        return self._layers[int(self.before_index)]

    @property
    def _second(self) -> Layer:
        return self._layers[int(self.after_index)]

    @traitlets.validate("mode")  # type: ignore[untyped-decorator]
    def _check_mode(self, proposal: Mapping[str, Any]) -> str:
        mode = str(proposal["value"])
        if mode not in MODES:
            raise traitlets.TraitError(f"ImageCompare has no mode {mode!r}: {suggestion(mode, MODES)}")
        return mode

    @traitlets.validate("split")  # type: ignore[untyped-decorator]
    def _check_split(self, proposal: Mapping[str, Any]) -> float:
        split = float(proposal["value"])
        if not 0.0 <= split <= 1.0:
            raise traitlets.TraitError(f"split is a fraction of the picture from 0 to 1, not {split:g}.")
        return split

    @traitlets.validate("threshold")  # type: ignore[untyped-decorator]
    def _check_threshold(self, proposal: Mapping[str, Any]) -> int:
        threshold = int(proposal["value"])
        if not 0 <= threshold <= 255:
            raise traitlets.TraitError(f"threshold is a difference in gray from 0 to 255, not {threshold}.")
        return threshold

    @traitlets.validate("lens")  # type: ignore[untyped-decorator]
    def _check_lens(self, proposal: Mapping[str, Any]) -> tuple[float, float]:
        x, y = proposal["value"]
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise traitlets.TraitError(
                f"lens is two fractions of the picture from 0 to 1, not ({x:g}, {y:g})."
            )
        return x, y

    @traitlets.validate("zoom")  # type: ignore[untyped-decorator]
    def _check_zoom(self, proposal: Mapping[str, Any]) -> float | str:
        zoom: float | str = proposal["value"]
        if zoom == "1:1":
            return 1.0
        if zoom != "fit" and not (isinstance(zoom, float) and 0.0 < zoom < float("inf")):
            raise traitlets.TraitError(f"zoom is 'fit', '1:1' or a number above 0, not {zoom!r}.")
        return zoom

    @traitlets.validate("selected")  # type: ignore[untyped-decorator]
    def _check_selected(self, proposal: Mapping[str, Any]) -> int:
        return max(-1, int(proposal["value"]))

    @traitlets.validate("before_index", "after_index")  # type: ignore[untyped-decorator]
    def _check_index(self, proposal: Mapping[str, Any]) -> int:
        index = int(proposal["value"])
        if not 0 <= index < max(2, len(self._layers)):
            name = proposal["trait"].name
            raise traitlets.TraitError(f"{name} is 0 to {len(self._layers) - 1} here, not {index}.")
        return index


def _check_readings(readings: Sequence[Recognition], pictures: int, truth: str | None) -> None:
    if truth is not None and not readings:
        raise SettingsError(
            "A truth is nothing to look at by itself: give the readings, one for each picture."
        )
    if readings and len(readings) != pictures:
        raise SettingsError(f"There are {pictures} pictures and {len(readings)} readings: give one for each.")


def describe(pictures: Sequence[Picture], labels: Sequence[str] | None) -> tuple[Layer, ...]:
    """Name each picture and say its true size, of the first also its x-height.

    Raises:
        SettingsError: there are not as many labels as pictures.
    """
    names = list(labels) if labels is not None else _names(pictures)
    if len(names) != len(pictures):
        raise SettingsError(f"There are {len(pictures)} pictures and {len(names)} labels: give one for each.")
    return tuple(
        Layer(picture, name, _caption(picture, name, measured=place == 0), _action(name))
        for place, (picture, name) in enumerate(zip(pictures, names, strict=True))
    )


def _names(pictures: Sequence[Picture]) -> list[str]:
    original, after, *further = pictures
    factor = round(after.width / original.width, 1)
    second = f"enlarged ×{factor:g}" if factor > 1 else "processed"
    return ["original", second, *(f"variant {number}" for number, _ in enumerate(further, 2))]


def _caption(picture: Picture, name: str, *, measured: bool) -> str:
    said = f"{name} {picture.width}×{picture.height}"
    if measured and picture.width * picture.height <= MEASURED_PIXELS:
        x_height = measure_x_height(luma(picture))
        said += f" · x-height {x_height:.0f} px" if x_height is not None else ""
    return said


def _action(name: str) -> str:
    return "Upsample image" if name.startswith("upsampled") else f"Show {name}"


def _words_of(layer: Layer) -> dict[str, Any]:
    picture = layer.picture
    return {
        "label": layer.label, "caption": layer.caption, "action": layer.action,
        "width": picture.width, "height": picture.height, "byte_count": len(picture.png), "hash": layer.key,
    }  # fmt: skip
