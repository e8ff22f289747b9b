"""What all widgets share: errors that show, misspelled keywords refused, and a picture for saved notebooks.

Styles and scripts are given as text, never as paths: a widget whose `_esm` is a path is watched for changes
and is never freed.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from ..errors import suggestion

log = logging.getLogger(__name__)


class QuietWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """A widget that keeps large and private things out of its synced state."""

    problem = traitlets.Unicode("").tag(sync=True)
    """What went wrong in a callback, one sentence; shown in every view."""

    leaves_still = traitlets.Bool(False, read_only=True).tag(sync=True)
    """Whether it stands alone in an output, with its picture or table in the next, which its views hide."""
    _hides_still = False
    """Whether the views of this class do hide that: they need two lines, as in image_compare.css and -.js."""

    _leaves_later = False
    """Whether what is left changes while the widget is shown, so that there is room for it from the start."""
    _leaves_both = False
    """Whether a table and a picture are left, each in an output of its own: of one with both, hosts show the
    table alone. The views then hide the next two outputs."""

    def __init__(self, **state: Any) -> None:
        self._stills: list[tuple[Any, ...]] = []
        self._renewing = threading.Lock()
        super().__init__(**state)
        self.on_msg(type(self)._hear)

    def answer(self, message: Mapping[str, Any]) -> None:
        """React to a message from a view."""
        raise NotImplementedError

    def take(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        """React to a message that may bring bytes; here those are nobody's, and dropped."""
        self.answer(message)

    def still(self) -> bytes | None:
        """Return a PNG for those who see the saved notebook without a kernel; None for words only."""
        return None

    def call_all(self, callbacks: Iterable[Callable[..., object]], *arguments: Any) -> None:
        """Call what users registered; what one raises is seen in the views, and stops nobody."""
        for callback in list(callbacks):
            try:
                callback(*arguments)
            except Exception as error:
                log.exception("A callback of %s failed.", type(self).__name__)
                self.problem = f"{type(error).__name__}: {error}"

    def still_html(self) -> str | None:
        """Return a table or text for the same readers, as HTML; None for none."""
        return None

    def open(self) -> None:
        """Open the widget's connection to its views; what they say is heard also while a cell runs.

        ipykernel 7.4 sends a view's messages to the shell from which the widget spoke last. What our
        background thread says counts as the main shell's, where a click would wait for the running cell.
        They stay on the subshell on which the host sent them.
        """
        super().open()
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = _as_it_was_sent

    def _hear(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        try:
            self.take(message, buffers)
        except Exception as error:  # a host swallows what a callback raises: say it where it is seen
            # The kind alone: the rest may be a name, an address or a text that is nobody else's business.
            log.exception("%s could not answer %r", type(self).__name__, message.get("kind"))
            self.problem = f"{type(error).__name__}: {error}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, **self._still_bundle()}, metadata

    def _ipython_display_(self, **_: Any) -> None:
        """Show the widget, and behind it what is left of it without a kernel.

        One bundle for both would not do: JupyterLab chooses the widget also when its model is gone, and then
        shows an error. The view's styles hide the second output for as long as the widget lives.

        Raises:
            NotImplementedError: there is nothing to leave, or nobody hides it; it is then shown as any other.
        """
        if not (self._hides_still and (self._leaves_later or self._still_bundle())):
            raise NotImplementedError
        self.set_trait("leaves_still", True)
        data, metadata = super()._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        shown = [display(one, raw=True, display_id=True) for one in self._left()]  # type: ignore[no-untyped-call]
        self._stills += [] if None in shown else [tuple(shown)]

    def renew_still(self) -> None:
        """Let the outputs that show the widget keep what it leaves now; takes time for large pictures."""
        with self._renewing:
            left = self._left() if self._stills else []
            for handles in self._stills:
                for handle, one in zip(handles, left, strict=True):
                    handle.update(one, raw=True)

    def _left(self) -> list[dict[str, str]]:
        """Return what is left, a bundle for each output."""
        words, bundle = {"text/plain": f"{self!r}, as it was saved"}, self._still_bundle()
        if not self._leaves_both:
            return [words | bundle]
        table = {form: one for form, one in bundle.items() if form == "text/html"}
        picture = {form: one for form, one in bundle.items() if form == "image/png"}
        return [words | table, {"text/plain": ""} | picture]

    def _still_bundle(self) -> dict[str, str]:
        picture, table = self.still(), self.still_html()
        found = {} if picture is None else {"image/png": base64.b64encode(picture).decode("ascii")}
        return found if table is None else found | {"text/html": table}


def refuse_unknown(owner: str, unknown: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse keywords that nobody reads, where traitlets would accept them silently.

    Raises:
        TypeError: there are any; the message says which was meant.
    """
    for name in unknown:
        raise TypeError(f"{owner} has no {name!r}: {suggestion(name, known)}")


def _as_it_was_sent(data: object, subshell: str | None) -> str | None:
    """Return the subshell on which the host sent a message."""
    return subshell
