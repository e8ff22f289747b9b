"""Conditions are read from their short names, and written back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.condition import FACTORS, STEP_NAMES, Condition, Step, parse_conditions
from ocr_nb.errors import SettingsError

plain_steps = st.sampled_from(
    [Step(name) for name in STEP_NAMES if name not in {"original", "make_upsampling"}]
)
sized_steps = st.builds(Step, st.sampled_from(["resized", "upsampled"]), st.sampled_from(FACTORS))
conditions = st.builds(
    lambda steps, last: Condition((*steps, *last)),
    st.lists(plain_steps | sized_steps, max_size=4),
    st.sampled_from([(), (Step("make_upsampling"),)]),
)


@given(conditions)
def test_what_is_written_is_read_back(condition):
    """Every condition that can be made has a name, and the name has one meaning."""
    assert condition == Condition.parse(str(condition))


@pytest.mark.parametrize(
    ("text", "steps", "written"),
    [
        ("original", (), "original"),
        ("upsampled", (Step("upsampled"),), "upsampled"),
        ("upsampled:auto", (Step("upsampled"),), "upsampled"),
        ("resized:x3", (Step("resized", 3),), "resized:x3"),
        ("upsampled:x2+binarize", (Step("upsampled", 2), Step("binarize")), "upsampled:x2+binarize"),
        ("binarize+upsampled:x2", (Step("binarize"), Step("upsampled", 2)), "binarize+upsampled:x2"),
        ("deskew + make_upsampling", (Step("deskew"), Step("make_upsampling")), "deskew+make_upsampling"),
    ],
)
def test_names_are_read_in_order(text, steps, written):
    """The order of the steps is the order of the words; auto is what no factor means."""
    condition = Condition.parse(text)
    assert steps == condition.steps
    assert written == str(condition)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upsmapled", r"no condition 'upsmapled' .*did you mean 'upsampled'\?"),
        (
            "upsampled+binarise",
            r"no condition 'binarise' \(in 'upsampled\+binarise'\): did you mean 'binarize'",
        ),
        ("sharpen", r"no condition 'sharpen' .*choose from original, resized, upsampled"),
        ("", r"no condition ''"),
        ("upsampled:3", r"'3' in 'upsampled:3' is not a factor: write upsampled:x2"),
        ("upsampled:x1", r"'x1' in 'upsampled:x1' is not a factor"),
        ("resized:x9", r"write resized:x2, :x3, :x4 or :auto"),
        ("binarize:x2", r"binarize takes no factor: write binarize instead of 'binarize:x2'"),
        ("make_upsampling:auto", r"make_upsampling takes no factor"),
        ("original+binarize", r"joins original with other steps: leave original out"),
        ("make_upsampling+binarize", r"make_upsampling must come last"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_advice(text, message):
    """The sentence repeats what was written and says what to write."""
    with pytest.raises(SettingsError, match=message):
        Condition.parse(text)


def test_several_conditions_are_read_from_one_text_or_many():
    """Commas on the command line, a list in a notebook."""
    expected = (Condition(), Condition((Step("upsampled", 2),)))
    assert expected == parse_conditions("original, upsampled:x2")
    assert expected == parse_conditions(["original", Condition.parse("upsampled:x2")])


@pytest.mark.parametrize(
    ("given_conditions", "message"),
    [([], "No condition was given"), ("upsampled,upsampled:auto", "upsampled is given twice")],
)
def test_conditions_that_make_no_comparison_are_refused(given_conditions, message):
    """None at all, or the same one under two names."""
    with pytest.raises(SettingsError, match=message):
        parse_conditions(given_conditions)


def test_a_factor_for_all_leaves_those_that_have_one():
    """`--factor` fills in, it does not overrule."""
    condition = Condition.parse("upsampled+resized:x4+binarize")
    assert "upsampled:x2+resized:x4+binarize" == str(condition.with_factor(2))
    assert condition == condition.with_factor(None)
