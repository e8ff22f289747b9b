"""What was read, side by side: the ground truth and each condition's text, marked word by word.

In: the trials of one image. Out: `Markup`. A word is told apart by a line, a sign and hidden words, never by
color alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..alignment import Fate, ReadWord, SpanKind, align, align_readings, normalize
from ..trial import Trial
from ..verdict import label
from .markup import Content, Markup, element

LONG_TEXT = 1200
"""Characters of a reading above which it scrolls in its own box."""


def show_readings(trials: Sequence[Trial], before: Trial | None) -> Markup | None:
    """Show the ground truth and what each condition read side by side, marked word by word."""
    columns = []
    for names, content, length in _columns(trials, before):
        heading = element("h4", ", ".join(names))
        if length > LONG_TEXT:
            box = element(
                "div", content, class_="long", role="region", tabindex="0", aria_label=f"Text, {names[0]}"
            )
        else:
            box = element("div", content)
        columns.append(element("div", heading, box, class_="reading"))
    return element("div", columns, class_="readings") if columns else None


def _columns(trials: Sequence[Trial], before: Trial | None) -> Iterator[tuple[list[str], Content, int]]:
    """Give headings, marked text and its length; conditions that read the same share a column."""
    read = before.text or "" if before is not None and before.error is None else ""
    truth = trials[0].ground_truth
    if truth is not None:
        yield ["Ground truth"], _lines(truth), len(truth)
    columns: dict[str, tuple[list[str], Content, int]] = {}
    for trial in trials:
        if trial.error is not None or trial.text is None:
            continue
        profile = trial.normalization or "standard"
        text = normalize(trial.text, profile)
        if text in columns:
            columns[text][0].append(label(trial.condition))
            continue
        if truth is not None:
            words = align_readings(truth, read, trial.text, normalization=profile)
            content: Content = _mark_words(words) if text else element("span", "nothing", class_="aside")
        elif trial is before:
            content = _lines(trial.text)
        else:
            content = _mark_differences(align_readings(read, read, trial.text, normalization=profile))
        columns[text] = ([label(trial.condition)], content, len(text))
    yield from columns.values()


def _lines(text: str) -> Sequence[Content]:
    return [part for line in text.strip().splitlines() for part in (line, element("br"))][:-1]


_FATE_SIGNS = {Fate.FIXED: ("✓", "fixed"), Fate.BROKEN: ("✗", "broken"), Fate.STILL_WRONG: ("", "wrong")}


def _mark_words(words: Sequence[ReadWord]) -> Iterator[Content]:
    for word in words:
        yield _mark(word, word.fate)
        yield element("br") if word.ends_line else None


def _mark_differences(words: Sequence[ReadWord]) -> Iterator[Content]:
    """Mark what another reading has, without saying which is right."""
    for word in words:
        if word.after == word.truth:
            yield word.after
        else:
            yield _marked(
                "differs", "differs", word.after, f"originally read: {word.truth.strip() or 'nothing'}"
            )
        yield element("br") if word.ends_line else None


def _mark(word: ReadWord, fate: Fate) -> Content:
    if fate is Fate.UNCHANGED:
        return word.after
    sign, kind = _FATE_SIGNS[fate]
    body = word.after.rstrip()
    truth = word.truth.strip()
    if not body and truth:
        return [_marked(f"{kind} missing", "not read", truth, f"truth: {truth}", sign), " "]
    if fate is Fate.FIXED:
        letters: Content = body
        title = f"before: {word.before.strip() or 'nothing'}"
    else:
        letters = _wrong_letters(word.truth.rstrip(), body)
        title = f"truth: {truth or 'nothing'}"
    return [_marked(kind, kind, letters, title, sign), word.after[len(body) :]]


def _wrong_letters(truth: str, read: str) -> list[Content]:
    """Set the letters that are not in the truth apart."""
    return [
        span.read if span.kind is SpanKind.EQUAL else element("b", span.read)
        for span in align(truth, read, "raw")
        if span.read
    ]


def _marked(kind: str, spoken: str, body: Content, title: str, sign: str = "") -> Markup:
    hidden = element("span", f" ({spoken}; {title})", class_="spoken")
    marker = element("span", sign, class_="sign", aria_hidden="true") if sign else None
    return element("span", marker, body, hidden, class_=f"word {kind}", title=title)
