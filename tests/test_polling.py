"""Waits between questions: they grow, are bounded, are spread, and come with an end."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.polling import Polling, PollingPolicy

NO_JITTER = Polling(first_wait=1.0, growth=1.5, longest_wait=4.0, jitter=0.0)


def test_waits_grow_up_to_the_longest():
    """Each wait is the one before times the growth, until the limit."""
    assert list(islice(NO_JITTER.waits(), 6)) == [1.0, 1.5, 2.25, 3.375, 4.0, 4.0]


@given(st.floats(0, 5), st.floats(1, 3), st.floats(0, 20), st.floats(0, 0.9))
def test_jitter_stays_within_its_share(first, growth, longest, jitter):
    """Every wait lies within ± the given share of the wait without jitter."""
    plain = Polling(first, growth, longest, jitter=0.0)
    spread = Polling(first, growth, longest, jitter=jitter)

    for wait, shaken in islice(zip(plain.waits(), spread.waits(), strict=False), 8):
        assert wait * (1 - jitter) - 1e-9 <= shaken <= wait * (1 + jitter) + 1e-9


def test_two_tasks_do_not_ask_in_step():
    """With jitter, two runs of waits differ."""
    policy = Polling(jitter=0.2)

    assert list(islice(policy.waits(), 5)) != list(islice(policy.waits(), 5))


def test_impossible_numbers_are_refused():
    """Negative waits, shrinking waits and a patience of nothing are misuse."""
    with pytest.raises(ValueError, match="patience is positive"):
        Polling(patience=0)
    with pytest.raises(ValueError, match="growth is at least 1"):
        Polling(growth=0.5)
    with pytest.raises(ValueError, match=r"jitter in \[0, 1\)"):
        Polling(jitter=1.0)


def test_fixed_waits_are_a_policy_that_learns_nothing():
    """`Polling` fits the seam for policies; learning leaves it as it was."""
    policy: PollingPolicy = NO_JITTER
    policy.learn(None, 1.0, 3.0, not_before=2.0)

    assert next(policy.waits(None, 20.0)) == 1.0
