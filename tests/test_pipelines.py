"""Pipelines: the caller's order, every intermediate kept, places led back to the original."""

import asyncio
from functools import partial

import numpy as np
import pytest

from doubles import NeverFinishes, wait_for
from ink_pages import PAGE, make
from ocr_nb import filters, operations
from ocr_nb.errors import SettingsError, TaskCancelled
from ocr_nb.images import Picture, from_array, load_picture
from ocr_nb.pipelines import pipeline
from ocr_nb.polling import Polling
from ocr_nb.service.protocol import TaskStatus


@pytest.fixture
def service():
    """A local service on the ink reader."""
    made = make()
    # Waiters are woken when a task ends; a busy machine shall not make them ask before.
    made.polling = Polling(first_wait=60.0, longest_wait=60.0, jitter=0.0)
    yield made
    asyncio.run(made.aclose())


def as_tuple(box):
    """Return a box's corners, rounded."""
    return (round(box.left), round(box.top), round(box.right), round(box.bottom))


def test_steps_come_in_the_callers_order_and_all_pictures_are_kept(service):
    """Each intermediate can be viewed; calls of all steps are counted."""
    result = pipeline("upsample:x3", "binarize", "recognize")(PAGE, service=service).result(20)

    assert result.steps == ("upsample:x3", "binarize", "recognize")
    assert [(picture.width, picture.height) for picture in result.pictures] == [(360, 240), (360, 240)]
    assert set(np.unique(result.picture.pixels)) == {0, 255}
    assert (result.original.width, result.calls) == (120, 6)
    assert result.recognition.text == "w36h27 w60h27\nw24h27 w90h27"
    assert any(warning.startswith("advice: ") for warning in result.warnings)


def test_places_are_led_back_to_the_original(service):
    """Through enlargements, tones and turns."""
    steps = ("upsample:x2", "contrast", "rotate:180", "binarize", "recognize")
    result = pipeline(*steps)(PAGE, service=service).result(20)
    words = {word.text: as_tuple(word.box) for line in result.recognition.lines for word in line.words}

    assert words["w24h18"] == (10, 10, 22, 19)
    assert words["w60h18"] == (40, 40, 70, 49)
    assert not any("Boxes are in pixels" in warning for warning in result.warnings)


def test_a_step_that_does_not_say_what_moved_is_named(service):
    """The service's levelling gives only a picture: boxes are then that picture's, and a warning says so."""
    result = pipeline("upsample:x2", "deskew", "recognize")(PAGE, service=service).result(20)

    assert as_tuple(result.recognition.lines[0].box) == (20, 20, 120, 38)
    assert "Boxes are in pixels of the last picture: deskew did not say what moved." in result.warnings


def test_verbs_partials_and_functions_are_steps(service):
    """A function of the caller's gives a picture, or one that knows its way back."""

    def shift(picture: Picture) -> Picture:
        return from_array(np.roll(picture.pixels, 3, axis=1))

    def halve(picture: Picture) -> filters.Filtered:
        return filters.resize(picture, 0.5)

    result = pipeline(partial(operations.upsample, factor=2), halve, operations.recognize)(
        PAGE, service=service
    ).result(20)
    shifted = pipeline(shift)(PAGE, service=service).result(20)

    assert result.steps == ("upsample", "halve", "recognize")
    assert as_tuple(result.recognition.lines[0].box) == (10, 10, 60, 19)
    assert (shifted.steps, shifted.recognition, shifted.calls) == (("shift",), None, 0)
    assert np.array_equal(shifted.picture.pixels, np.roll(load_picture(PAGE).pixels, 3, axis=1))


def test_a_step_may_use_another_verb_of_its_own(service):
    """A function that gives a job is waited for, and its calls count."""
    step = partial(operations.binarize, service=service)
    result = pipeline(lambda picture: step(picture))(PAGE).result(20)

    assert result.calls == 2
    assert set(np.unique(result.picture.pixels)) == {0, 255}


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((), "at least one step"),
        (("binarise",), "no step 'binarise': did you mean 'binarize'"),
        (("upsample:2",), r"'upsample:2' is not a step: write upsample:x2, :x3, :x4 or :auto"),
        (("upsample:x9",), r"'upsample:x9' is not a step"),
        (("rotate",), "'rotate' is not a step: write rotate:90"),
        ((operations.rotate,), "rotate needs its angle"),
        (("binarize:x2",), "binarize takes nothing after the colon"),
        (("recognize", "binarize"), "put it last"),
        ((3,), "a name or a function, not 3"),
    ],
)
def test_impossible_steps_are_refused_at_once(steps, reason):
    """With what is possible."""
    with pytest.raises(SettingsError, match=reason):
        pipeline(*steps)


def test_a_step_that_gives_no_picture_is_named(service):
    """What it gave is told."""
    with pytest.raises(SettingsError, match="The step <lambda> gave a int, not a Picture"):
        pipeline(lambda picture: len(picture.name))(PAGE, service=service).result(20)


def test_cancelling_a_pipeline_takes_its_task_back():
    """The step that waits is cancelled at the service; later steps never begin."""
    service = NeverFinishes()
    job = pipeline("binarize", "recognize")(PAGE, service=service)
    assert wait_for(lambda: service.submitted)
    job.cancel()

    with pytest.raises(TaskCancelled):
        job.result(10)
    assert wait_for(lambda: len(service.cancelled) == 1)
    assert len(service.submitted) == 1
    assert job.status is TaskStatus.CANCELLED


def test_a_result_shows_itself_escaped(service):
    """Sizes of all steps, the text, the notes; markup in a step's name stays text."""

    def same(picture: Picture) -> filters.Filtered:
        return filters.Filtered(picture, filters.identity_map)

    same.__name__ = "<b>"
    result = pipeline("upsample:x2", same, "recognize")(PAGE, service=service).result(20)
    shown = result._repr_html_()

    assert "120×80 → upsample:x2 240×160 → &lt;b&gt; 240×160" in shown
    assert "<pre>w24h18 w40h18\nw16h18 w60h18</pre>" in shown
    assert "<b>" not in shown


async def test_a_pipeline_can_be_awaited_in_a_running_loop(service):
    """As every job."""
    result = await pipeline("binarize")(PAGE, service=service)

    assert result.picture.width == 120
