"""Truth, first and second reading one below the other, word under word; and what the misread words look like.

In: the trials of one image under two conditions, and the pictures they were read on. Out: `Markup`. Lines
that both read right are left out and counted.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence

from ..alignment import Fate, ReadWord, align_readings
from ..condition import Condition
from ..errors import SettingsError
from ..images import Picture, from_array
from ..trial import Trial
from ..verdict import label
from ..word_places import Place, find_places
from .markup import Markup, element

WIDEST = 84
"""Characters of a row, so that it fits on a page; a longer line goes on in the next block."""
MOST_BLOCKS = 12
MOST_CROPS = 12
_MARGIN = 0.35
"""Of a word's height: what of its surroundings is shown with it."""
_TURNING = frozenset({"deskew", "dewarp"})
_SIGNS = {Fate.FIXED: "✓", Fate.BROKEN: "✗", Fate.STILL_WRONG: "✗", Fate.UNCHANGED: ""}
_SPOKEN = {Fate.FIXED: "fixed", Fate.BROKEN: "broken", Fate.STILL_WRONG: "still wrong"}


def show_aligned(before: Trial | None, after: Trial | None) -> Markup | None:
    """Show each line that a reading has wrong, in three rows; None where there is none, or no truth."""
    words = _words(before, after)
    if before is None or after is None or all(word.fate is Fate.UNCHANGED for word in words):
        return None
    blocks = [block for block in _blocks(words) if any(word.fate is not Fate.UNCHANGED for word in block)]
    names = ("truth", label(before.condition), label(after.condition))
    more = len(blocks) - MOST_BLOCKS
    return element(
        "div",
        element("h4", "Where anything was misread, word under word"),
        [_block(block, names) for block in blocks[:MOST_BLOCKS]],
        element("p", f"And {more} more rows with errors.", class_="aside") if more > 0 else None,
        class_="aligned-rows",
    )


def _words(before: Trial | None, after: Trial | None) -> Sequence[ReadWord]:
    if before is None or after is None or before.error is not None or after.error is not None:
        return ()
    if after.ground_truth is None or not after.ground_truth.strip():
        return ()
    profile = after.normalization or "standard"
    return align_readings(after.ground_truth, before.text or "", after.text or "", normalization=profile)


def _blocks(words: Sequence[ReadWord]) -> Iterator[list[ReadWord]]:
    """Give the words of each line, a long line in several parts."""
    block: list[ReadWord] = []
    width = 0
    for word in words:
        needed = 1 + max(len(side.strip()) for side in (word.truth, word.before, word.after))
        if block and width + needed > WIDEST:
            yield block
            block, width = [], 0
        block.append(word)
        width += needed
        if word.ends_line:
            yield block
            block, width = [], 0
    if block:
        yield block


def _block(words: Sequence[ReadWord], names: tuple[str, str, str]) -> Markup:
    truth = [element("td", word.truth.strip()) for word in words]
    first = [element("td", _read(word.before, word.truth), class_=_kind(word.before, word)) for word in words]
    second = [
        element(
            "td",
            element("span", _SIGNS[word.fate], class_="sign", aria_hidden="true")
            if _SIGNS[word.fate]
            else None,
            _read(word.after, word.truth),
            element("span", f" ({_SPOKEN[word.fate]})", class_="spoken") if word.fate in _SPOKEN else None,
            class_=f"{_kind(word.after, word)} is-{word.fate.name.lower().replace('_', '-')}",
        )
        for word in words
    ]
    rows = zip(names, (truth, first, second), strict=True)
    made = element(
        "table",
        element("tbody", [element("tr", element("th", name, scope="row"), cells) for name, cells in rows]),
        class_="aligned",
    )
    return element("div", made, class_="scroll", role="region", tabindex="0", aria_label="Readings, aligned")


def _read(text: str, truth: str) -> str:
    """Return a word as it was read; “∅” for nothing, “‿” where only the space after it is wrong."""
    shown = text.strip() or "∅"
    return f"{shown}‿" if text != truth and text.strip() == truth.strip() else shown


def _kind(read: str, word: ReadWord) -> str:
    return "right" if read == word.truth else "misread"


def show_crops(
    before: Trial | None, after: Trial | None, original: Picture | None, recognized: Picture | None
) -> Markup | None:
    """Cut the misread words out of the pictures, those first that were broken; None where none can be found.

    Args:
        before: the first reading.
        after: the second.
        original: what the first was read on.
        recognized: what the second was read on; may be missing.
    """
    words = _words(before, after)
    if before is None or after is None or original is None or not words:
        return None
    first = find_places(before.word_boxes, [word.before for word in words])
    second = find_places(after.word_boxes, [word.after for word in words])
    is_turned = _turns(after.condition)
    order = (Fate.BROKEN, Fate.STILL_WRONG, Fate.FIXED)
    wrong = sorted(
        (order.index(word.fate), number) for number, word in enumerate(words) if word.fate in order
    )
    shown: list[Markup] = []
    for _, number in wrong:
        places = [_join(places) for places in (first[number], second[number]) if places]
        if is_turned:  # what stands where on one picture says nothing of the other
            places = places[:1] if first[number] else []
        if places and len(shown) < MOST_CROPS:
            place = _best(places, words[number].fate)
            shown.append(_crop(words[number], original, None if is_turned else recognized, place))
    if not shown:
        return None
    more = len(wrong) - len(shown)
    return element(
        "div",
        element("h4", "The misread words, cut out"),
        element("div", shown, class_="crops"),
        element("p", f"{more} more stand in the text only.", class_="aside") if more else None,
        class_="cut",
    )


def _turns(condition: str) -> bool:
    """Tell whether the picture that was read has another geometry than the one as given."""
    try:
        return any(step.name in _TURNING for step in Condition.parse(condition).steps)
    except SettingsError:  # trials of other studies may carry any name
        return True


def _best(places: Sequence[Place], fate: Fate) -> Place:
    """Return the place that the reading gave which had the word right; of two wrong ones the smaller."""
    if fate is Fate.STILL_WRONG:
        return min(places, key=lambda place: (place[2] - place[0]) * (place[3] - place[1]))
    return places[-1] if fate is Fate.FIXED else places[0]


def _join(places: Sequence[Place]) -> Place:
    lefts, tops, rights, bottoms = zip(*places, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _crop(word: ReadWord, original: Picture, recognized: Picture | None, place: Place) -> Markup:
    pictures = [_cut(original, place, "as given")]
    if recognized is not None and recognized is not original:
        pictures.append(_cut(recognized, place, "as recognized"))
    rows = (("truth", word.truth), ("before", word.before), ("after", word.after))
    return element(
        "figure",
        element("div", pictures, class_="cuts"),
        element(
            "figcaption",
            [
                element(
                    "span",
                    element("span", f"{name} ", class_="aside"),
                    _read(text, word.truth),
                    class_="reads",
                )
                for name, text in rows
            ],
        ),
        class_=f"crop is-{word.fate.name.lower().replace('_', '-')}",
    )


def _cut(picture: Picture, place: Place, what: str) -> Markup:
    height, width = picture.pixels.shape[:2]
    left, top, right, bottom = place
    margin = _MARGIN * (bottom - top) * height
    rows = slice(max(0, math.floor(top * height - margin)), min(height, math.ceil(bottom * height + margin)))
    columns = slice(max(0, math.floor(left * width - margin)), min(width, math.ceil(right * width + margin)))
    part = from_array(picture.pixels[rows, columns])
    data = base64.b64encode(part.png).decode("ascii")
    return element(
        "img", src=f"data:image/png;base64,{data}", width=part.width, height=part.height,
        alt=f"The word, {what}", loading="lazy",
    )  # fmt: skip
