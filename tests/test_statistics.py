"""Intervals and tests: known answers, known coverage, and honest silence on too few groups."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ocr_nb.statistics import (
    Interval,
    _beta_weights,
    _jackknife_error,
    _student_quantile,
    bootstrap_ratio,
    permutation_test,
    sign_test,
)


def test_the_interval_surrounds_the_ratio_of_sums():
    """Twelve documents that all got better: below zero, around the pooled difference, the same every time."""
    edits, lengths = [-9, -3, -1, -2, -12, -1, -4, -2, -4, -1, -8, -2], [100] * 12
    interval = bootstrap_ratio(edits, lengths)
    assert interval is not None
    assert interval == bootstrap_ratio(edits, lengths)
    assert interval.low < sum(edits) / sum(lengths) < interval.high < 0.0
    assert interval.excludes_zero
    assert (0.95, 12) == (interval.level, interval.groups)


def test_the_interval_narrows_with_more_documents():
    """Four times as many documents halve its width, about."""
    some = bootstrap_ratio([-3, 1, 0, -2, -1, 4, -5, 0, 1, -1], [50] * 10)
    more = bootstrap_ratio([-3, 1, 0, -2, -1, 4, -5, 0, 1, -1] * 4, [50] * 40)
    assert some is not None
    assert more is not None
    assert 0.35 < (more.high - more.low) / (some.high - some.low) < 0.55


def test_fewer_than_five_documents_have_no_interval():
    """A number that cannot be known is not made up."""
    assert bootstrap_ratio([-1, -2, -3, -4], [9, 9, 9, 9]) is None
    assert bootstrap_ratio([0] * 6, [0] * 6) is None


def test_documents_that_all_agree_have_a_point():
    """Without any spread the interval is the estimate itself."""
    assert Interval(-0.1, -0.1, 0.95, 6) == bootstrap_ratio([-1] * 6, [10] * 6)


def test_an_interval_that_touches_zero_does_not_exclude_it():
    """Zero at an end is still possible."""
    assert not Interval(-0.1, 0.0).excludes_zero
    assert Interval(0.01, 0.2).excludes_zero


def test_numerators_and_denominators_come_in_pairs():
    """The message gives both shapes."""
    with pytest.raises(ValueError, match=r"got \(3,\) and \(2,\)"):
        bootstrap_ratio([1, 2, 3], [1, 2])


@pytest.mark.parametrize("is_skewed", [False, True])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(is_skewed):
    """400 simulated studies of 30 documents whose true difference is known: 91.5 to 98 % are covered.

    The bounds are 3 standard errors of 400 draws around 95 %. Skewed: a few long documents, and each with
    error rates of its own.
    """
    random = np.random.default_rng(3)
    covered = 0
    for study in range(400):
        if is_skewed:
            lengths = np.maximum(20, random.lognormal(6, 1, 30)).astype(int)
            rates = random.beta(2, 30, 30)
            shares = random.uniform(0.0, 1.3, 30)
            truth = 2 / 32 * (0.65 - 1)
        else:
            lengths, rates, shares, truth = random.integers(50, 600, 30), 0.12, 2 / 3, -0.04
        change = random.binomial(lengths, rates * shares) - random.binomial(lengths, rates)
        interval = bootstrap_ratio(change, lengths, repetitions=1000, seed=study)
        assert interval is not None
        covered += interval.low <= truth <= interval.high
    assert 0.915 <= covered / 400 <= 0.98


def test_one_difference_among_many_documents_without_has_an_end():
    """Drawing whole documents would often miss it and find no spread; the interval is finite and holds 0."""
    interval = bootstrap_ratio([-5] + [0] * 29, [100] * 30)
    assert interval is not None
    assert -0.05 < interval.low < -5 / 3000 < 0.0 < interval.high < 0.05


def test_the_standard_error_is_the_jackknifes():
    """Leaving out each document in turn; the long one moves the ratio more than its residual says."""
    above, below = np.array([-20.0, 3.0, -1.0, 2.0, 5.0]), np.array([900.0, 50.0, 20.0, 10.0, 20.0])
    ratio = above.sum() / below.sum()
    left_out = [(above.sum() - a) / (below.sum() - b) for a, b in zip(above, below, strict=True)]
    expected = math.sqrt(4 / 5 * sum((one - ratio) ** 2 for one in left_out))
    assert math.isclose(expected, _jackknife_error(above - ratio * below, below))


@pytest.mark.parametrize("numerators", [[0] * 8, [-3, -3, -3, -3, -3, -3], [1e-9] * 5])
def test_equal_ratios_are_a_point_whatever_their_size(numerators):
    """Nothing differs, so nothing is unsure; rounding makes no spread."""
    interval = bootstrap_ratio(numerators, [7] * len(numerators))
    assert interval is not None
    assert interval.low == interval.high == pytest.approx(numerators[0] / 7)


def test_documents_without_text_count_where_something_was_read_on_them():
    """Their truth is empty: no length, but edits."""
    interval = bootstrap_ratio([-4, -2, -3, 2, 0, -1], [100, 90, 80, 0, 0, 70])
    assert interval is not None
    assert interval.low < -8 / 340 < interval.high


def test_weights_have_the_variance_and_third_moment_of_drawing():
    """Of the mean: variance 1, third central moment 1, as multinomial counts have."""
    weights = _beta_weights(np.random.default_rng(0), 1000, 1000).astype(float)
    relative = weights / weights.mean()
    assert 0.0 <= weights.min() < weights.max() <= 2.0
    assert pytest.approx(1.0, abs=0.01) == relative.var()
    assert pytest.approx(1.0, abs=0.02) == ((relative - 1) ** 3).mean()


@pytest.mark.parametrize(
    ("helped", "hurt", "p_value"),
    [(0, 0, 1.0), (5, 0, 0.0625), (9, 1, 2 * 11 / 1024), (1, 9, 2 * 11 / 1024), (4, 4, 1.0)],
)
def test_the_sign_test_is_the_exact_binomial(helped, hurt, p_value):
    """Known tails of the fair coin, alike in both directions."""
    assert math.isclose(p_value, sign_test(helped, hurt))


def test_the_sign_test_of_many_changes_continues_the_exact_one():
    """Just above the seam the approximation is within 1 % of the exact value."""
    exact = 2 * sum(math.comb(1001, count) for count in range(461)) / (1 << 1001)
    assert math.isclose(exact, sign_test(541, 460), rel_tol=0.01)


def test_the_permutation_test_is_exact_for_few_documents():
    """Of the 32 sign patterns of five equal gains only two are as extreme; ties say nothing."""
    assert 2 / 32 == permutation_test([-1, -1, -1, -1, -1, 0, 0])
    assert 1.0 == permutation_test([0, 0, 0])
    assert 1.0 == permutation_test([-2, 2])


def test_the_permutation_test_of_many_documents_is_never_zero():
    """Random patterns bound p from below by one in all that were tried, and a seed repeats it."""
    assert 1 / 1001 == permutation_test([-1.0] * 40, repetitions=1000)
    balanced = [-1.0, 1.0] * 20
    assert permutation_test(balanced, seed=4) == permutation_test(balanced, seed=4) > 0.9


@pytest.mark.parametrize(("freedom", "quantile"), [(4, 2.7764), (9, 2.2622), (29, 2.0452), (1000, 1.9623)])
def test_students_quantile_is_that_of_the_tables(freedom, quantile):
    """Within 0.5 % from 4 degrees of freedom on."""
    assert math.isclose(quantile, _student_quantile(0.975, freedom), rel_tol=5e-3)


def test_the_interval_reaches_farther_where_differences_are_skewed():
    """A few large gains among small ones: the truth may well be a larger gain, hardly a loss."""
    changes = [-3, -156, 0, -36, 0, -5, -2, -447, -4, -11, -6, -58, 0, -2, -23, -173]
    lengths = [180, 182, 82, 174, 111, 143, 241, 494, 312, 333, 323, 217, 177, 184, 148, 240]
    interval = bootstrap_ratio(changes, lengths)
    assert interval is not None
    assert interval.low < 2 * sum(changes) / sum(lengths) - interval.high
    assert interval.excludes_zero
