"""`TextDiff`: the ground truth and two readings of it, letter under letter, the errors cut from the image.

In: texts, and for the crops readings with boxes and their pictures. Out: a widget, and its verbs for code.
Texts and crops travel as messages when a view asks; none is in synced state. Knows no service.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import traitlets

from ..alignment import Fate, ReadWord, align_readings, find_profile
from ..engine.layout import Recognition
from ..errors import SettingsError, suggestion
from ..images import ImageLike, Picture, load_picture
from ..report.document import read_asset
from ._base import QuietWidget
from .text_columns import columns_of, crop_word, describe_agreement, describe_columns, place_of
from .word_marks import Boxes, describe_words, find_boxes, kind_of

FILTERS = ("all", "errors", "fixed", "broken", "still wrong")
"""The whole text; what either reading has wrong (without a truth, what differs); and the kinds of that."""
WORDS_A_MESSAGE = 4000
KEPT_ROWS = 40
"""Misread words that the saved notebook's table lists."""

Which = Literal["truth", "before", "after"]


class TextDiff(QuietWidget):
    """What is written, what was read before and what after, with each error's fate.

        diff = TextDiff("Best before end", "Bcst bcfore end", "Best before cnd")
        diff.filter = "broken"
        diff.next()

    Without a truth it shows where the two readings differ, and says of neither that it is right.
    """

    _esm = read_asset("text_diff.js")
    _css = read_asset("text_diff.css")
    _hides_still = True

    filter = traitlets.Unicode("all").tag(sync=True)
    """One of `FILTERS`."""
    selected = traitlets.Int(-1).tag(sync=True)
    """Which word is chosen, counted from 0 as `ImageCompare.words` counts; -1 for none."""
    verdict = traitlets.Unicode("", read_only=True).tag(sync=True)
    """What the second reading made of the first's errors, in words, with both error rates."""
    labels = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Unicode(), default_value=("original", "upsampled"), read_only=True
    ).tag(sync=True)
    """What to call the two readings."""
    revision = traitlets.Int(0, read_only=True).tag(sync=True)
    """Counts how often the texts were replaced; views then ask for them anew."""

    def __init__(
        self,
        truth: str | None = None,
        before: str | Recognition = "",
        after: str | Recognition = "",
        *,
        labels: Sequence[str] = ("original", "upsampled"),
        readings: Sequence[Recognition] | None = None,
        pictures: Sequence[ImageLike] | None = None,
        normalization: str = "standard",
        keep_picture: bool = True,
    ) -> None:
        """Align the three texts.

        Args:
            truth: what is written there; None shows what differs between the readings.
            before: the first reading; one with boxes may stand for itself in `readings`.
            after: the second reading.
            labels: what to call the two readings.
            readings: both readings with their boxes, for crops of the image; needs `pictures`.
            pictures: what each of the two was read from.
            normalization: the profile that says what counts as a difference.
            keep_picture: whether the saved notebook keeps a table of the misread words. Turn it off for texts
                that are nobody else's business; the verdict stays.

        Raises:
            ImageError: a picture cannot be read.
            SettingsError: no such normalization, or not two labels, readings or pictures.
        """
        super().__init__()
        self._words: tuple[ReadWord, ...] = ()
        self.set(
            truth, before, after, labels=labels, readings=readings, pictures=pictures,
            normalization=normalization, keep_picture=keep_picture,
        )  # fmt: skip

    def set(
        self,
        truth: str | None = None,
        before: str | Recognition = "",
        after: str | Recognition = "",
        *,
        labels: Sequence[str] = ("original", "upsampled"),
        readings: Sequence[Recognition] | None = None,
        pictures: Sequence[ImageLike] | None = None,
        normalization: str = "standard",
        keep_picture: bool = True,
    ) -> None:
        """Show other texts in the same place; arguments as when it was made; a refusal changes nothing."""
        find_profile(normalization)
        if readings is None and isinstance(before, Recognition) and isinstance(after, Recognition):
            readings = (before, after)
        one, other = (text if isinstance(text, str) else text.text for text in (before, after))
        loaded = tuple(load_picture(picture) for picture in pictures or ())
        for name, given in (("labels", labels), ("readings", readings), ("pictures", loaded)):
            if given and len(given) != 2:
                raise SettingsError(f"TextDiff takes two {name}, not {len(given)}: one for each reading.")
        words = align_readings(one if truth is None else truth, one, other, normalization=normalization)
        boxes: tuple[Boxes, Boxes] | None = None
        if readings and loaded:
            boxes = (
                find_boxes((readings[0], loaded[0]), [word.before for word in words]),
                find_boxes((readings[1], loaded[1]), [word.after for word in words]),
            )
        self._truth, self._texts, self._words = truth, (one, other), words
        self._pictures: tuple[Picture, ...] = loaded
        self._boxes, self._kept = boxes, keep_picture
        with self.hold_sync():
            self.set_trait("labels", tuple(labels))
            self.set_trait("verdict", self._judge(normalization))
            self.selected = -1
            self.set_trait("revision", self.revision + 1)

    # ------------------------------------------------------------------ what code does

    def text(self, which: Which = "after") -> str:
        """Return one of the texts as it was given: `truth`, `before` or `after`; an unknown truth is empty.

        Raises:
            SettingsError: there is no such text.
        """
        texts = {"truth": self._truth or "", "before": self._texts[0], "after": self._texts[1]}
        if which not in texts:
            raise SettingsError(f"TextDiff has no text {which!r}: {suggestion(which, texts)}")
        return texts[which]

    @property
    def counts(self) -> dict[str, int]:
        """How many words each of `FILTERS` shows."""
        kinds = [kind_of(word, known=self._truth is not None) for word in self._words]
        return {name: sum(_shows(name, kind) for kind in kinds) for name in FILTERS}

    def next(self, step: int = 1) -> int:
        """Choose the next word that the filter shows and that is not right in both, round the end.

        Args:
            step: 1, or -1 for the one before.

        Returns:
            Its index; -1 when there is none.
        """
        wanted = "errors" if self.filter == "all" else self.filter
        known = self._truth is not None
        marked = [
            place for place, word in enumerate(self._words) if _shows(wanted, kind_of(word, known=known))
        ]
        if not marked:
            return -1
        ahead = [place for place in marked if (place - self.selected) * step > 0]
        chosen = (ahead or marked)[0 if step > 0 else -1] if self.selected >= 0 or step > 0 else marked[-1]
        self.selected = chosen
        return chosen

    def previous(self) -> int:
        """Choose the word before, as `next` does."""
        return self.next(-1)

    def crops(self, index: int) -> tuple[bytes, bytes] | None:
        """Return as PNG what a word looks like in both pictures; None where nobody knows its place.

        Raises:
            IndexError: there is no such word.
        """
        if not 0 <= index < len(self._words):
            raise IndexError(f"There are {len(self._words)} words, counted from 0: {index} is none of them.")
        if self._boxes is None:
            return None
        places = [place_of(self._boxes, index, side) for side in (0, 1)]
        if not all(places):
            return None
        first, second = (
            crop_word(picture, place) for picture, place in zip(self._pictures, places, strict=True)
        )
        return first, second

    def close(self) -> None:
        """Take the widget out of every view and let texts and pictures go."""
        super().close()
        self._words, self._pictures, self._boxes = (), (), None
        self._truth, self._texts = None, ("", "")

    def __repr__(self) -> str:
        return f"TextDiff({self.verdict or 'no text'})"

    # ------------------------------------------------------------------ what a view asks

    def answer(self, message: Mapping[str, Any]) -> None:
        """Send the texts, or the crops of some words; anything else is not for us."""
        match message.get("kind"):
            case "send texts":
                self._send_texts()
            case "send crops":
                for index in message.get("indexes", ()):
                    self._send_crops(int(index))

    def _send_texts(self) -> None:
        known = self._truth is not None
        words = describe_columns(self._words, known=known)
        about = {
            "kind": "texts", "revision": self.revision, "count": len(words), "known": known,
            "pictured": self._boxes is not None,
        }  # fmt: skip
        texts = {"truth": self._truth, "before": self._texts[0], "after": self._texts[1]}
        for start in range(0, max(1, len(words)), WORDS_A_MESSAGE):
            part = {"start": start, "words": words[start : start + WORDS_A_MESSAGE]}
            self.send(about | part | ({"texts": texts} if start == 0 else {}))

    def _send_crops(self, index: int) -> None:
        if not 0 <= index < len(self._words):
            return  # asked before other texts came
        found = self.crops(index)
        self.send({"kind": "crops", "revision": self.revision, "index": index}, list(found or ()))

    # ------------------------------------------------------------------ what is said and left

    def still_html(self) -> str | None:
        """Return the verdict and a table of the words that were not right in both readings."""
        if not self._kept or not self._words:
            return None
        known = self._truth is not None
        marked = [word for word in self._words if kind_of(word, known=known) != Fate.UNCHANGED.value]
        heads = [*(["ground truth"] if known else []), *self.labels, *([""] if known else [])]
        rows = [_row(word, known=known) for word in marked[:KEPT_ROWS]]
        table = (
            f"<table><thead><tr>{''.join(f'<th>{html.escape(name)}</th>' for name in heads)}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>"
        )
        more = len(marked) - len(rows)
        rest = f"<p>and {more} more</p>" if more else ""
        return f"<div><p><b>{html.escape(self.verdict)}</b></p>{table if rows else ''}{rest}</div>"

    def _judge(self, normalization: str) -> str:
        if not self._words:
            return ""
        if self._truth is None:
            return describe_agreement(self._words, *self._texts, normalization)
        return describe_words(self._truth, *self._texts, normalization)

    @traitlets.validate("filter")  # type: ignore[untyped-decorator]
    def _check_filter(self, proposal: Mapping[str, Any]) -> str:
        name = str(proposal["value"])
        if name not in FILTERS:
            raise traitlets.TraitError(f"TextDiff has no filter {name!r}: {suggestion(name, FILTERS)}")
        return name

    @traitlets.validate("selected")  # type: ignore[untyped-decorator]
    def _check_selected(self, proposal: Mapping[str, Any]) -> int:
        return max(-1, int(proposal["value"]))


def _shows(name: str, kind: str) -> bool:
    """Tell whether the filter of that name shows words of that kind."""
    return name == "all" or kind == name or (name == "errors" and kind != Fate.UNCHANGED.value)


_SIGNS = {Fate.FIXED: "✓ fixed", Fate.BROKEN: "✗ broken", Fate.STILL_WRONG: "still wrong"}


def _row(word: ReadWord, *, known: bool) -> str:
    rows = list(zip(*columns_of(word), strict=True))[0 if known else 1 :]
    texts = ["".join(row).replace(" ", "␣") for row in rows]
    cells = [html.escape(text) or "<i>nothing</i>" for text in texts]
    if known:
        cells.append(_SIGNS.get(word.fate, ""))
    return "<tr>" + "".join(f'<td dir="auto">{cell}</td>' for cell in cells) + "</tr>"
