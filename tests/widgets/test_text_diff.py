"""`TextDiff` without a browser: how texts line up, what is sent, what is left behind."""

import gc
import json
import weakref

import numpy as np
import pytest
import traitlets

from ocr_nb import TextDiff
from ocr_nb.alignment import align_readings, normalize
from ocr_nb.engine.layout import Box, Line, Recognition, Word
from ocr_nb.errors import SettingsError
from ocr_nb.images import encode_png, from_array, load_picture
from ocr_nb.widgets.text_columns import columns_of, describe_columns

TRUTH = "Best before end: see lid.\nNet weight 250 g"
BEFORE = "Bcst bcfore cnd see lid Net weight 250g"
AFTER = "Best bfore end: sce lid. Net weight 250 g"


def ask(widget, **message):
    """Deliver a message from a view; return what the widget sends."""
    sent = []
    widget.send = lambda content, buffers=(): sent.append((content, [bytes(one) for one in buffers]))
    widget._handle_custom_msg(message, [])
    return sent


def page(scale, *words, height=40, width=200):
    """Make a picture whose words are dark blocks 20 px wide, and the reading of it."""
    pixels = np.full((height * scale, width * scale), 255, np.uint8)
    placed, left = [], 10
    for number, word in enumerate(words):
        box = Box(*(scale * edge for edge in (left, 10, left + 20, 22)))
        pixels[10 * scale : 22 * scale, left * scale : (left + 20) * scale] = 10 + number
        placed.append(Word(word, box, 0.9))
        left += 30
    whole = Box(0, 0, width * scale, height * scale)
    line = Line(" ".join(words), whole, 0.9, tuple(placed))
    return from_array(pixels), Recognition((line,))


@pytest.mark.parametrize(
    ("truth", "before", "after"),
    [
        (TRUTH, BEFORE, AFTER),
        ("", "invented", ""),
        ("lost", "", ""),
        ("a b c", "abc", "a  b  x c d"),
        ("שָׁלוֹם עולם", "שלום עולס", "שָׁלוֹם עולם"),
        ("re\u0301sume\u0301 done", "resume done", "re\u0301sume done"),
    ],
)
def test_the_columns_of_all_words_are_the_three_texts(truth, before, after):
    """Nothing is lost and nothing is made up, in any script."""
    words = align_readings(truth, before, after)
    joined = [
        "".join(letters) for letters in zip(*(c for word in words for c in columns_of(word)), strict=True)
    ]
    wanted = [normalize(text).replace(" ", "") for text in (truth, before, after)]
    assert wanted == [text.replace(" ", "") for text in joined] or not words


def test_letters_stand_under_each_other():
    """What one has more stands in a column of its own, and marks stay with their letter."""
    (word,) = align_readings("end:", "cnd", "eend:")
    assert [("e", "c", "e"), ("", "", "e"), ("n", "n", "n"), ("d", "d", "d"), (":", "", ":")] == list(
        columns_of(word)
    )
    (word,) = align_readings("e\u0301", "e", "e\u0301")
    assert [("\u00e9", "e", "\u00e9")] == list(columns_of(word))


def test_a_lost_space_is_seen():
    """The word before it holds it."""
    first, _ = align_readings("250 g", "250g", "250 g")
    assert (" ", "", " ") == list(columns_of(first))[-1]


def test_words_have_a_fate_and_right_ones_no_columns():
    """What is right in both readings costs one word on the wire."""
    entries = describe_columns(align_readings(TRUTH, BEFORE, AFTER), known=True)
    assert [
        "fixed",
        "still wrong",
        "fixed",
        "broken",
        "fixed",
        "unchanged",
        "unchanged",
        "fixed",
        "unchanged",
    ] == [entry["kind"] for entry in entries]
    assert {"kind": "unchanged", "text": "weight"} == entries[6]
    assert [4] == [place for place, entry in enumerate(entries) if entry.get("ends")]


def test_the_verdict_is_in_words_with_both_rates():
    """And the filters count what they show."""
    diff = TextDiff(TRUTH, BEFORE, AFTER)
    assert "Fixed 4 of 5 misread words, broke 1. CER 14.3 % → 4.8 %." == diff.verdict
    assert {"all": 9, "errors": 6, "fixed": 4, "broken": 1, "still wrong": 1} == diff.counts
    assert f"TextDiff({diff.verdict})" == repr(diff)


def test_without_a_truth_nobody_is_said_to_be_right():
    """Two-way differences, said plainly."""
    diff = TextDiff(None, "a b", "a c")
    assert (
        "1 of 2 words differs, the readings agree to 66.7 %; "
        "without a ground truth, nobody can say which is right."
    ) == diff.verdict
    assert ["unchanged", "differs"] == [word["kind"] for word in ask(diff, kind="send texts")[0][0]["words"]]
    assert (
        "Both readings are the same; without a ground truth, no more is known."
        == TextDiff(None, "a", "a").verdict
    )
    assert ("", "TextDiff(no text)") == (TextDiff().verdict, repr(TextDiff()))


def test_the_next_error_is_chosen_round_the_end():
    """What the keys do, code does; a filter narrows it."""
    diff = TextDiff(TRUTH, BEFORE, AFTER)
    assert [0, 1, 2, 3, 4, 7, 0] == [diff.next() for _ in range(7)]
    assert (7, 7) == (diff.previous(), diff.selected)
    diff.filter = "broken"
    assert (3, 3) == (diff.next(), diff.next())
    diff.set("a", "a", "a")
    assert (-1, -1) == (diff.selected, diff.next())


def test_the_choice_is_one_with_the_comparison():
    """Both count words alike, so that one trait stands for both."""
    from ocr_nb import ImageCompare

    (small, first), (large, second) = page(1, "Bcst", "end"), page(3, "Best", "cnd")
    diff = TextDiff("Best end", first, second, pictures=[small, large])
    comparison = ImageCompare(small, large, truth="Best end", readings=[first, second])
    kinds = [word["kind"] for word in ask(diff, kind="send texts")[0][0]["words"]]
    assert [word["kind"] for word in comparison.words] == kinds == ["fixed", "broken"]
    traitlets.link((comparison, "selected"), (diff, "selected"))
    diff.next()
    assert 0 == comparison.selected
    comparison.selected = 1
    assert 1 == diff.selected


def test_crops_show_the_word_in_both_pictures():
    """Each at its own size, with a little around it, and only when a view asks."""
    (small, first), (large, second) = page(1, "Bcst", "end"), page(3, "Best", "cnd")
    diff = TextDiff("Best end", first, second, pictures=[small, large])
    ((about, (one, other)),) = ask(diff, kind="send crops", indexes=[1])
    assert ("crops", 1) == (about["kind"], about["index"])
    one, other = (load_picture(data) for data in (one, other))
    assert (11, 255) == (one.pixels[one.height // 2, one.width // 2, 0], one.pixels.max())
    assert 20 < one.width < 50
    assert other.width == pytest.approx(3 * one.width, abs=4)
    assert [] == ask(diff, kind="send crops", indexes=[99])


def test_what_one_reading_missed_is_cut_where_the_other_has_it():
    """And without readings there is nothing to cut."""
    (small, first), (large, second) = page(1, "Best"), page(3, "Best", "end")
    diff = TextDiff("Best end", first, second, pictures=[small, large])
    missed, found = (load_picture(data) for data in diff.crops(1))
    assert missed.width == pytest.approx(found.width / 3, abs=2)
    assert TextDiff("Best end", "Best", "Best end").crops(1) is None
    with pytest.raises(IndexError, match="There are 2 words, counted from 0: 2 is none of them"):
        diff.crops(2)


def test_texts_are_given_back_clean():
    """As they were given, with their line breaks, whatever was normalized for the comparison."""
    diff = TextDiff(TRUTH, BEFORE, AFTER)
    assert (TRUTH, BEFORE, AFTER) == tuple(diff.text(which) for which in ("truth", "before", "after"))
    assert AFTER == ask(diff, kind="send texts")[0][0]["texts"]["after"]
    with pytest.raises(SettingsError, match="TextDiff has no text 'befor': did you mean 'before'"):
        diff.text("befor")


def test_what_is_refused_changes_nothing():
    """The message says how many there must be."""
    diff = TextDiff("a", "b", "a")
    with pytest.raises(SettingsError, match="TextDiff takes two labels, not 1: one for each reading"):
        diff.set("c", "c", "c", labels=["one"])
    with pytest.raises(SettingsError, match="There is no normalization 'none'"):
        diff.set("c", "c", "c", normalization="none")
    with pytest.raises(traitlets.TraitError, match="TextDiff has no filter 'brokn': did you mean 'broken'"):
        diff.filter = "brokn"
    assert ("a", "b") == (diff.text("truth"), diff.text("before"))


def test_neither_texts_nor_pixels_are_in_the_state():
    """A long text adds nothing to what a notebook saves."""
    (small, first), (large, second) = page(1, "secretword"), page(3, "secretw0rd")
    diff = TextDiff("secretword " * 500, first, second, pictures=[small, large], keep_picture=False)
    own = {name: value for name, value in diff.get_state().items() if name not in {"_esm", "_css"}}
    assert "secret" not in json.dumps(own, default=str)
    assert not any(isinstance(value, bytes | memoryview) for value in own.values())


def test_the_saved_notebook_keeps_a_table_unless_told_not_to(capture_display):
    """Escaped, with what became of each word; the verdict alone where nothing shall stay."""
    widget, still = capture_display(TextDiff("<b> end", "<b> cnd", "<b> end"))
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert '<td dir="auto">cnd</td><td dir="auto">end</td><td dir="auto">✓ fixed</td>' in still["text/html"]
    assert "<b> end" not in still["text/html"]
    (only,) = capture_display(TextDiff("end", "cnd", "end", keep_picture=False))
    assert "text/html" not in only
    assert "TextDiff(Fixed 1 of 1 misread word, broke none. CER 33.3 % → 0.0 %.)" == only["text/plain"]


def test_a_long_text_travels_in_parts():
    """Ten thousand words are three messages."""
    diff = TextDiff("ab " * 10_000, "ab " * 10_000, "ab " * 10_000)
    sent = [content for content, _ in ask(diff, kind="send texts")]
    assert [0, 4000, 8000] == [content["start"] for content in sent]
    assert 10_000 == sum(len(content["words"]) for content in sent) == sent[0]["count"]


def test_closed_widgets_are_freed_with_their_pictures():
    """Twenty of ten megabytes: none is left."""
    body = encode_png(np.zeros((40, 200), np.uint8))
    _, reading = page(1, "Best")
    left = []
    for number in range(20):
        picture = load_picture(body + bytes([number]) * 10_000_000)
        diff = TextDiff("Best", reading, reading, pictures=[picture, picture])
        left += [weakref.ref(diff), weakref.ref(picture)]
        diff.close()
    del diff, picture
    gc.collect()
    assert [] == [one for one in left if one() is not None]
