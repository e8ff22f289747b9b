"""The words: claims no larger than the numbers, and numbers as a reader reads them."""

from __future__ import annotations

import math

import pytest

from ocr_nb.statistics import Interval
from ocr_nb.summary import Difference, summarize
from ocr_nb.trial import Trial
from ocr_nb.verdict import (
    Outcome,
    capital,
    describe_difference,
    doing,
    judge,
    label,
    percent,
    points,
    seconds,
    size,
)
from trials import trial

TRUTH = "one two three four five"


@pytest.mark.parametrize(
    ("before", "after", "outcome", "words"),
    [
        (
            "0ne tw0 three four fiue", "one two three fcur fiue", Outcome.BETTER,
            "Upsampling fixed 2 of 3 misread words and broke 1. CER 13.0 % → 8.7 %.",
        ),
        ("0ne two three four five", TRUTH, Outcome.BETTER,
         "Upsampling fixed the one misread word and broke none. CER 4.3 % → 0.0 %."),
        (TRUTH, "one two thnee four five", Outcome.WORSE,
         "Worse: upsampling had nothing to fix and broke 1. CER 0.0 % → 4.3 %."),
        (TRUTH, TRUTH, Outcome.SAME,
         "No gain: every word was right already, and upsampling kept it so. CER 0.0 % → 0.0 %."),
        ("0ne tw0 three four five", "0ne tw0 three four five", Outcome.SAME,
         "No gain: upsampling fixed none of 2 misread words and broke none. CER 8.7 % → 8.7 %."),
        ("0ne two three four five", "one two three four f1ve", Outcome.SAME,
         "No gain: upsampling fixed the one misread word and broke 1. CER 4.3 % → 4.3 %."),
        ("0ne tw0 three four five", TRUTH, Outcome.BETTER,
         "Upsampling fixed both misread words and broke none. CER 8.7 % → 0.0 %."),
        ("one two thxxe four five", "one two thxee four five", Outcome.BETTER,
         "Upsampling left the one misread word wrong and broke none, but fewer characters are wrong. "
         "CER 8.7 % → 4.3 %."),
    ],
)  # fmt: skip
def test_a_pair_is_judged_in_words(before, after, outcome, words):
    """Fixed and broken words first, then the rates; no gain and worse are said as such."""
    verdict = judge(trial("a", "original", before, TRUTH), trial("a", "upsampled", after, TRUTH))
    assert (outcome, words) == (verdict.outcome, str(verdict))


def test_an_image_left_as_given_is_no_failure_of_upsampling():
    """The advice not to upsample is the verdict."""
    advised = trial("a", "upsampled", TRUTH, TRUTH, warnings=("not upsampled: x-height 20 px.",))
    verdict = judge(trial("a", "original", TRUTH, TRUTH), advised)
    assert (Outcome.LEFT_ALONE, "Not upsampled: x-height 20 px.") == (
        verdict.outcome, str(verdict),
    )  # fmt: skip


def test_a_failure_says_why():
    """The error's sentence is passed on."""
    verdict = judge(trial("a", "original", "x"), Trial(image="a", condition="binarize", error="It broke."))
    assert (Outcome.FAILED, "Binarizing failed: It broke.") == (verdict.outcome, str(verdict))


def test_without_ground_truth_nothing_is_claimed():
    """Agreement and confidence are given, and that no more is known."""
    before = trial("a", "original", "abcd", None, confidence=0.5)
    after = trial("a", "upsampled", "abXd", None, confidence=0.875)
    assert (
        "The readings agree to 75.0 %, mean confidence went from 0.50 to 0.88; without ground truth, no more "
        "is known."
    ) == str(judge(before, after))


def study(changes, condition="upsampled"):
    """Make one image a pair of error counts, of 20 characters each."""
    truth = "abcdefghijklmnopqrst"
    rows = []
    for index, (before, after) in enumerate(changes):
        for name, wrong in (("original", before), (condition, after)):
            rows.append(trial(f"i{index}", name, "0" * wrong + truth[wrong:], truth))
    return rows


def test_a_clear_gain_is_called_help_with_its_interval():
    """Ten images that all gained between one and four characters."""
    changes = [(5, 4), (4, 1), (3, 1), (6, 2), (5, 3), (4, 2), (5, 1), (3, 2), (4, 3), (6, 4)]
    sentence = summarize(study(changes)).sentence
    assert sentence.startswith(
        "Upsampling helps: CER falls from 22.5 % to 11.5 % (−11.0 points, 95 % interval −1"
    )
    assert sentence.endswith("); 10 of 10 images read better, 0 worse, 0 the same.")


def test_a_gain_within_its_interval_is_no_clear_gain():
    """One large gain among losses is not called help."""
    sentence = summarize(study([(9, 0), (1, 2), (1, 2), (0, 1), (2, 2), (1, 1)])).sentence
    assert sentence.startswith(
        "No clear gain from upsampling: CER falls from 11.7 % to 6.7 % (−5.0 points, 95 %"
    )


def test_harm_is_said_as_plainly_as_help():
    """Eight images that all lost."""
    sentence = summarize(study([(1, 3), (0, 2), (2, 3), (1, 4), (0, 1), (1, 2), (0, 2), (1, 3)])).sentence
    assert sentence.startswith("Upsampling makes reading worse: CER rises from 3.8 % to 12.5 % (+8.8 points")


def test_too_few_documents_are_said_to_be_too_few():
    """Two images give a difference and no interval."""
    assert (
        "Upsampling gives fewer errors here: CER falls from 22.5 % to 10.0 % (−12.5 points; too few "
        "documents for an interval); 2 of 2 images read better, 0 worse, 0 the same."
    ) == summarize(study([(5, 2), (4, 2)])).sentence


def test_no_change_is_no_difference():
    """Equal readings make one short sentence."""
    assert "Upsampling makes no difference: CER stays at 5.0 % over 2 images." == (
        summarize(study([(1, 1), (1, 1)])).sentence
    )


def test_the_headline_speaks_of_upsampling_and_the_rest_follows():
    """Whatever the order of the conditions, upsampled comes first, then how resizing alone did."""
    rows = [*study([(5, 4)] * 6, "resized"), *study([(5, 1)] * 6), *study([(5, 5)] * 6, "binarize")]
    starts = [sentence.partition(" (")[0].partition(":")[0] for sentence in summarize(rows).sentences]
    assert starts == [
        "Upsampling helps", "Plain resizing helps", "Binarizing makes no difference",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resized", "upsampled", "words"),
    [
        (
            [2] * 6,
            [2, 1, 3, 2, 1, 3],
            "Against plain resizing to the same size there is no clear difference (0.0",
        ),
        (
            [2] * 6,
            [3, 4, 3, 5, 3, 4],
            "Plain resizing to the same size does better than it (+8.3 points, 95 % ",
        ),
        (
            [2] * 3,
            [1] * 3,
            "Against plain resizing to the same size: −5.0 points; too few documents to be sure.",
        ),
    ],
)
def test_upsampling_that_is_no_better_than_resizing_is_told_so(resized, upsampled, words):
    """The headline goes on to compare with the enlargement anyone can have."""
    rows = study([(5, wrong) for wrong in resized], "resized:x2")
    rows += study([(5, wrong) for wrong in upsampled], "upsampled:x2")
    assert f" the same. {words}" in summarize(rows).sentence


def test_upsampling_that_is_better_than_resizing_is_told_so():
    """Six documents that all gained one more character by it."""
    rows = [*study([(5, 4), (6, 5), (4, 2), (5, 3), (6, 4), (4, 4)], "resized")]
    rows += study([(5, 1), (6, 3), (4, 1), (5, 2), (6, 2), (4, 2)])
    sentence = summarize(rows).sentence
    assert (
        " the same. It also does better than plain resizing to the same size (−9.2 points, 95 %" in sentence
    )


def test_what_failed_and_what_was_left_alone_is_told():
    """Neither disappears from the sentence."""
    rows = study([(5, 1), (5, 5)])
    rows[3] = trial(
        "i1", "upsampled", rows[3].text, rows[3].ground_truth, warnings=("not upsampled: sharp.",)
    )
    rows.append(
        Trial(image="x", condition="upsampled", engine="rapidocr", engine_version="3.10", service="local",
              error="No.")
    )  # fmt: skip
    assert summarize(rows).sentence.endswith(
        "1 of 2 images read better, 0 worse, 1 the same. On advice, 1 image was left as given. "
        "Not in these figures: 1 image that failed."
    )


def test_a_condition_that_was_advised_nowhere_claims_nothing():
    """All images were read as given: no difference is spoken of, and no rival."""
    advice = ("not upsampled: sharp enough.",)
    rows = [
        trial(name, condition, "abcdefghiX", warnings=advice if condition == "upsampled" else ())
        for name in "ab"
        for condition in ("original", "resized", "upsampled")
    ]
    assert (
        "Upsampling was advised for none of 2 images, so all were read as given: CER 10.0 %.",
        "Plain resizing makes no difference: CER stays at 10.0 % over 2 images.",
    ) == summarize(rows).sentences


def test_one_condition_alone_has_nothing_to_be_compared_with():
    """The rate is given, and no claim."""
    assert "CER 10.0 % over 1 image; there is nothing to compare with." == (
        summarize([trial("a", "original", "abcdefghiX")]).sentence
    )


@pytest.mark.parametrize(
    ("condition", "noun", "short"),
    [
        ("upsampled:x2+binarize", "upsampling ×2 and binarizing", "upsampled ×2 + binarize"),
        ("make_upsampling", "upsampling inside recognition", "make upsampling"),
        ("original", "original", "original"),
        ("somebody's own", "somebody's own", "somebody's own"),
    ],
)
def test_conditions_have_a_noun_and_a_label(condition, noun, short):
    """Names of other studies are shown as they are."""
    assert (noun, short) == (doing(condition), label(condition))


def test_numbers_are_written_as_they_are_read():
    """Per cent with a space, points with a sign, durations in their unit, a dash for the unknown."""
    assert ["3.2 %", "0.0 %", "∞", "—", "—"] == [percent(x) for x in (0.032, 0.0, math.inf, None, math.nan)]
    assert ["−2.1", "+0.3", "0.0", "0.0", "+∞", "—"] == [
        points(x) for x in (-0.021, 0.003, 0.0, -0.0001, math.inf, None)
    ]
    assert ["0.4 s", "4 s", "12 s", "1 min 5 s", "—"] == [seconds(x) for x in (0.42, 4.0, 12.3, 65.2, None)]
    assert ["813×681", "—"] == [size(813, 681), size(None, 4)]


@pytest.mark.parametrize(
    ("change", "interval", "said"),
    [
        (-0.1, Interval(-0.2, -0.05), "Upsampling and binarizing help: "),
        (0.1, Interval(0.05, 0.2), "Upsampling and binarizing make reading worse: "),
        (-0.1, None, "Upsampling and binarizing give fewer errors here: "),
        (0.0, None, "Upsampling and binarizing fix as much as they break here: "),
    ],
)
def test_two_steps_take_a_plural(change, interval, said):
    """What two things do is said of two."""
    difference = Difference(9, 0.2, 0.2 + change, interval, 0.5, ("a",), ("b",), ())
    assert capital(describe_difference("upsampling and binarizing", difference)).startswith(said)
