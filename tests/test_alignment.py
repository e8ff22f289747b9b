"""Normalizing, cutting and aligning texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uniseg.graphemecluster import grapheme_clusters
from uniseg.wordbreak import words as uniseg_words

from ocr_nb.alignment import (
    PROFILES,
    EditCounts,
    Fate,
    ReadWord,
    Span,
    SpanKind,
    align,
    align_readings,
    count_edits,
    count_fates,
    graphemes,
    normalize,
    words,
)
from ocr_nb.errors import SettingsError

TRICKY = (
    "aé e\u0301\u0308 ﬁ \r\n\t.,:;'_-’“”…ßİ0159 שלום مرحبا日本かが\u3099 한ᄒ\u1161"
    " \U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea\U0001f1eb \u200d\u00ad\u202f\u00a0\u0600क्षि"
)
texts = st.text(alphabet=TRICKY, max_size=40)


@given(texts)
def test_graphemes_are_those_of_the_unicode_annex(text):
    """The short cut for plain characters never changes a cluster."""
    assert list(grapheme_clusters(text)) == graphemes(text)


@given(st.text(max_size=30))
def test_graphemes_lose_nothing(text):
    """Clusters joined are the text, for any code points."""
    assert text == "".join(graphemes(text))
    assert list(grapheme_clusters(text)) == graphemes(text)


@given(texts)
def test_words_are_those_of_the_unicode_annex_that_hold_letters_or_digits(text):
    """The short cuts for Latin and for white space never change a word."""
    expected = [word for word in uniseg_words(text) if re.search(r"[^\W_]", word)]
    assert expected == words(text)


@given(st.text(alphabet="aZé\u024f×09_.,;:'’‘\"-+$“”„–—…€£§°«» \n\t\x0b", max_size=40))
def test_latin_words_are_those_of_the_unicode_annex(text):
    """The regular expression for Latin letters agrees with the full algorithm."""
    expected = [word for word in uniseg_words(text) if re.search(r"[^\W_]", word)]
    assert expected == words(text)


def test_every_latin_letter_of_the_short_cut_is_a_letter_of_the_unicode_annex():
    """Between two letters a full stop joins, whichever letters they are."""
    letters = [chr(code) for code in range(0xC0, 0x250) if code not in (0xD7, 0xF7)]
    for letter in letters:
        assert [f"a.{letter}.a"] == [*uniseg_words(f"a.{letter}.a")] == words(f"a.{letter}.a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The quick (“brown”) fox can’t jump 32.3 feet, right?",
            "The|quick|brown|fox|can’t|jump|32.3|feet|right",
        ),
        ("e-mail: $12.50 — 3,5 %", "e|mail|12.50|3,5"),
        ("snake_case __ 10:30", "snake_case|10|30"),
        ("日本語", "日|本|語"),
        (" …\t— ", ""),
    ],
)
def test_words_hold_a_letter_or_a_digit(text, expected):
    """Punctuation between words is no word, inside a word it belongs to it."""
    assert [word for word in expected.split("|") if word] == words(text)


@pytest.mark.parametrize(
    ("profile", "text", "expected"),
    [
        ("raw", " e\u0301 \n", " e\u0301 \n"),
        ("nfc", " e\u0301 \n", " é \n"),
        ("standard", "\ufb01 e\u0301\u00a0 \n\tx ", "\ufb01 é x"),
        ("print", "“ﬁne” — it’s…", '"fine" - it\'s...'),
        ("caseless", "STRAßE İ", "strasse i\u0307"),
        ("no_spaces", "a b\nc", "abc"),
    ],
)
def test_each_profile_makes_its_own_things_equal(profile, text, expected):
    """What a profile folds is written down here, character by character."""
    assert expected == normalize(text, profile)


@given(st.text(max_size=30), st.sampled_from(sorted(PROFILES)))
def test_normalizing_twice_changes_nothing_more(text, profile):
    """Normalization is idempotent, so a stored normalized text can be compared again."""
    once = normalize(text, profile)
    assert once == normalize(once, profile)


def test_an_unknown_profile_is_refused_with_the_known_ones():
    """The message names what was asked and what there is."""
    with pytest.raises(SettingsError, match=r"no normalization 'NFKC': choose from raw, nfc, standard"):
        normalize("a", "NFKC")


def test_edits_are_counted_by_kind():
    """kitten → sitting is two substitutions and one insertion."""
    assert EditCounts(hits=4, substitutions=2, insertions=1, deletions=0) == count_edits("kitten", "sitting")


@given(texts, texts)
def test_counts_add_up_to_both_lengths_and_are_symmetric_in_sum(truth, read):
    """Hits, substitutions and deletions make the truth; the distance is the same both ways."""
    one, other = graphemes(truth), graphemes(read)
    counts, back = count_edits(one, other), count_edits(other, one)
    assert (len(one), len(other)) == (counts.truth_length, counts.read_length)
    assert counts.edits == back.edits
    assert max(len(one), len(other)) >= counts.edits >= abs(len(one) - len(other))


def test_counts_add():
    """The sum of two pages is a page."""
    assert EditCounts(3, 3, 5, 7) == EditCounts(1, 2, 5, 0) + EditCounts(2, 1, 0, 7)


def test_spans_say_where_and_what():
    """A substitution, a deletion and an insertion, each with its positions."""
    assert (
        Span(SpanKind.EQUAL, "re", "re", 0, 0),
        Span(SpanKind.SUBSTITUTED, "a", "o", 2, 2),
        Span(SpanKind.EQUAL, "d ", "d ", 3, 3),
        Span(SpanKind.DELETED, "m", "", 5, 5),
        Span(SpanKind.EQUAL, "ine", "ine", 6, 5),
        Span(SpanKind.INSERTED, "", "!", 9, 8),
    ) == align("read  mine", "reod ine!")


@given(texts, texts)
def test_spans_joined_are_the_normalized_texts(truth, read):
    """Nothing is lost or doubled by aligning."""
    spans = align(truth, read)
    assert normalize(truth) == "".join(span.truth for span in spans)
    assert normalize(read) == "".join(span.read for span in spans)
    assert all((span.truth == span.read) == (span.kind is SpanKind.EQUAL) for span in spans)


def test_each_word_meets_its_fate():
    """Fixed, broken, still wrong and unchanged, in the order of the truth."""
    read_words = align_readings("Net weight\n250 g, best", "Net we1ght 25O g, best", "Nct weight 2S0 g, best")
    fates = [(word.truth, word.before, word.after, word.fate) for word in read_words]
    assert fates == [
        ("Net ", "Net ", "Nct ", Fate.BROKEN),
        ("weight ", "we1ght ", "weight ", Fate.FIXED),
        ("250 ", "25O ", "2S0 ", Fate.STILL_WRONG),
        ("g, ", "g, ", "g, ", Fate.UNCHANGED),
        ("best", "best", "best", Fate.UNCHANGED),
    ]
    assert [False, True, False, False, False] == [word.ends_line for word in read_words]
    assert {Fate.UNCHANGED: 2, Fate.FIXED: 1, Fate.BROKEN: 1, Fate.STILL_WRONG: 1} == count_fates(read_words)


def test_a_lost_space_is_an_error_of_the_word_before_it():
    """Two words run together are not two right words."""
    merged, right = align_readings("to day", "today", "to day")
    assert (ReadWord("to ", "to", "to "), Fate.FIXED) == (merged, merged.fate)
    assert right.fate is Fate.UNCHANGED


def test_what_was_read_where_nothing_stands_is_still_shown():
    """An empty truth has one word, which holds the invention; nothing at all has none."""
    assert (ReadWord("", "x", ""),) == align_readings("", "x", "")
    assert () == align_readings("", "", "")


@given(texts, texts, texts, st.sampled_from(sorted(PROFILES)))
def test_words_of_two_readings_joined_are_the_normalized_texts(truth, before, after, profile):
    """Every character of all three texts is in exactly one word."""
    read_words = align_readings(truth, before, after, normalization=profile)
    assert normalize(truth, profile) == "".join(word.truth for word in read_words)
    assert normalize(before, profile) == "".join(word.before for word in read_words)
    assert normalize(after, profile) == "".join(word.after for word in read_words)


@given(texts, texts)
def test_a_word_is_wrong_if_and_only_if_the_texts_differ(truth, read):
    """Equal texts have no wrong word; different texts have at least one."""
    read_words = align_readings(truth, read, truth)
    assert (normalize(truth) == normalize(read)) == all(word.fate is Fate.UNCHANGED for word in read_words)
