"""Rates, corpus figures and proxies; jiwer is the oracle where the definitions are the same."""

from __future__ import annotations

import math
import random

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.alignment import EditCounts, count_edits
from ocr_nb.metrics import (
    agreement,
    bag_of_words,
    corpus_rates,
    measure_accuracy,
    normalized_rate,
    psnr,
    rate,
)

lines = st.text(alphabet="abcdeé ,.1", min_size=1, max_size=30)


def _random_pairs(count: int) -> list[tuple[str, str]]:
    """Make lines of words and readings of them with a few letters changed, lost and added."""
    choose = random.Random(7)
    pairs = []
    while len(pairs) < count:
        letters = [choose.choice("aabcdeéfg 12") for _ in range(choose.randrange(3, 40))]
        truth = " ".join("".join(letters).split())
        spoilt = [choose.choice(["", letter * 2, "x", letter, letter, letter, letter]) for letter in truth]
        if truth:
            pairs.append((truth, " ".join("".join(spoilt).split())))
    return pairs


def test_ten_thousand_pairs_agree_with_jiwer():
    """CER and WER equal jiwer's on its own definitions: code points, and words between spaces."""
    for truth, read in _random_pairs(10_000):
        ours = measure_accuracy(truth, read)
        assert math.isclose(jiwer.cer(truth, read), ours.cer, abs_tol=1e-12)
        assert math.isclose(jiwer.wer(truth, read), ours.wer, abs_tol=1e-12)


@given(lines.filter(str.strip), lines)
def test_the_distance_is_jiwers_and_the_counts_account_for_it(truth, read):
    """Both take a shortest way; insertions less deletions is what the reading has more."""
    theirs = jiwer.process_characters(truth, read)
    ours = count_edits(list(truth.strip()), list(read.strip()))
    assert theirs.substitutions + theirs.insertions + theirs.deletions == ours.edits
    assert len(read.strip()) - len(truth.strip()) == ours.insertions - ours.deletions


@pytest.mark.parametrize(
    ("truth", "read", "cer", "wer"),
    [
        ("café", "cafe\u0301", 0.0, 0.0),
        ("ﬁne", "fine", 2 / 3, 1.0),
        ("a b", "a\nb", 0.0, 0.0),
        ("one, two", "one two", 1 / 8, 0.0),
        ("ab", "", 1.0, 1.0),
        ("ab", "abcdef", 2.0, 1.0),
        ("שלום", "שלוס", 0.25, 1.0),
        ("", "", 0.0, 0.0),
        (" \n ", "\t", 0.0, 0.0),
        ("", "x", math.inf, math.inf),
        ("Ho ho!", "Ho ho", 1 / 6, 0.0),
    ],
)
def test_hard_texts_have_the_documented_rates(truth, read, cer, wer):
    """Composed accents, ligatures, line breaks, emptiness and invention each have a defined rate."""
    accuracy = measure_accuracy(truth, read)
    assert (cer, wer, "standard") == (accuracy.cer, accuracy.wer, accuracy.normalization)


def test_the_profile_changes_the_number_and_is_named():
    """A rate without its profile would be two different numbers."""
    strict, forgiving = measure_accuracy("“Ab”", '"ab"'), measure_accuracy("“Ab”", '"ab"', "print")
    assert (0.75, "standard") == (strict.cer, strict.normalization)
    assert (0.25, "print") == (forgiving.cer, forgiving.normalization)


@given(lines, lines)
def test_no_error_means_equal_texts(truth, read):
    """CER is 0 if and only if the normalized texts are equal."""
    assert (measure_accuracy(truth, read).cer == 0.0) == (truth.split() == read.split())


def test_the_normalized_rate_stays_below_one():
    """Invented text may push CER over 1, its normalized form never."""
    counts = EditCounts(hits=2, insertions=6)
    assert (3.0, 0.75) == (rate(counts), normalized_rate(counts))
    assert 0.0 == normalized_rate(EditCounts())


def test_a_corpus_has_a_pooled_rate_and_a_mean_of_pages():
    """A long good page and a short bad one: 0.0909… pooled, 0.5 on the mean."""
    rates = corpus_rates([EditCounts(hits=100), EditCounts(substitutions=10)])
    assert (10 / 110, 0.5, 2) == (rates.corpus, rates.page_mean, rates.pages)


def test_what_was_invented_on_an_empty_page_counts_in_the_pooled_rate_only():
    """An empty truth has no rate of its own, but its insertions are not forgotten."""
    rates = corpus_rates([EditCounts(hits=10), EditCounts(insertions=5)])
    assert (0.5, 0.0, 2) == (rates.corpus, rates.page_mean, rates.pages)
    assert corpus_rates([]).page_mean is None


def test_a_bag_of_words_forgives_order_and_nothing_else():
    """The same words in another order agree; a doubled word lowers precision."""
    assert 1.0 == bag_of_words("one two three", "three, one two").f1
    bag = bag_of_words("one two", "one one two four")
    assert (0.5, 1.0, 2 / 3) == (bag.precision, bag.recall, bag.f1)
    assert (1.0, 0.0) == (bag_of_words("", "").f1, bag_of_words("", "a").f1)


@given(lines, lines)
def test_agreement_is_symmetric_and_within_its_range(first, second):
    """Two readings agree alike whichever is named first; with itself a text agrees fully."""
    assert 0.0 <= agreement(first, second) == agreement(second, first) <= 1.0
    assert 1.0 == agreement(first, first)


def test_agreement_is_the_share_of_the_longer_text():
    """One letter of four differs."""
    assert 0.75 == agreement("read", "reed")
    assert 1.0 == agreement("", " ")


def test_psnr_is_in_decibels_of_a_full_scale_of_one():
    """An error of 0.1 everywhere is 20 dB; equal pictures are infinitely alike."""
    flat = np.full((4, 5), 0.5, np.float32)
    assert math.isclose(20.0, psnr(flat, flat + np.float32(0.1)), rel_tol=1e-5)
    assert math.inf == psnr(flat, flat)
    with pytest.raises(ValueError, match=r"one shape, not \(4, 5\) and \(5, 4\)"):
        psnr(flat, flat.T)
