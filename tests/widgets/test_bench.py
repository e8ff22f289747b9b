"""A workbench without its screen: what is read, what is missing, what is stale, what is tracked."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from doubles import ReadsInk, ReadsWhenTold, RepeatsPixels, wait_for
from ocr_nb.errors import BudgetExceeded, SettingsError, TaskCancelled
from ocr_nb.images import Picture, from_array
from ocr_nb.service.local import LocalService
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.trial import Trial
from ocr_nb.widgets.bench import Bench
from ocr_nb.widgets.bench_run import Reading, Shelf


@dataclass(frozen=True)
class Given:
    """An image as `ImageInput` hands it out."""

    name: str
    picture: Picture
    ground_truth: str | None = None
    x_height_px: float | None = 9.0
    private: bool = False


class Desk:
    """A bench with an engine that spells the sizes of blobs, and what it told."""

    def __init__(self, *images, engine=None):
        self.images = list(images)
        self.engine = engine or ReadsInk()
        self.service = LocalService(recognizer=self.engine, upsampler=RepeatsPixels())
        self.jobs, self.readings = [], []
        self.bench = Bench(
            lambda: self.images,
            lambda: self.service,
            AccuracyTracker(),
            on_job=lambda key, job: self.jobs.append(job.label),
            on_reading=lambda key, reading: self.readings.append(reading.trial.condition),
        )
        self.bench.set_conditions("original,upsampled:x2")

    def run(self, **options):
        """Run and wait."""
        return self.bench.run(**options).result(30)


@pytest.fixture
def label(draw_text):
    """A small label with a truth that the ink engine does not find."""
    return Given("label.png", from_array(draw_text("best before end", size=18)), "best before end")


@pytest.fixture
def slip(draw_text):
    """Another image, whose truth nobody knows."""
    return Given("slip.png", from_array(draw_text("net 250 g", size=18)))


def test_every_image_is_read_under_every_condition_and_tracked(label, slip):
    """Rows, readings with their pictures, and the tracker agree."""
    desk = Desk(label, slip)
    trials = desk.run()
    assert [("label.png", "original"), ("label.png", "upsampled:x2"), ("slip.png", "original"),
            ("slip.png", "upsampled:x2")] == [(one.image, one.condition) for one in trials]  # fmt: skip
    assert trials == list(desk.bench.tracker)
    first, second = desk.bench.rows()
    assert ("done", "done") == (first.state, second.state)
    assert ("original", "upsampled:x2") == (first.before.condition, first.after.condition)
    assert first.before.cer is not None
    assert second.before.cer is None
    key = first.key
    small, large = desk.bench.readings(key)
    assert [label.picture.width, 2 * label.picture.width] == [small.picture.width, large.picture.width]
    assert small.recognition.text == first.before.text
    assert ["recognize label.png", "upsample label.png", "recognize label.png"] == desk.jobs[:3]


def test_what_has_been_read_is_not_read_again(label, slip):
    """A further image or condition costs only itself; `again` reads all; nothing to do is refused."""
    desk = Desk(label)
    desk.run()
    desk.images.append(slip)
    assert 2 == desk.bench.foresee().readings
    desk.run()
    assert ["original", "upsampled:x2"] * 2 == desk.readings
    desk.bench.set_conditions("original,upsampled:x2,binarize")
    desk.run()
    assert ["binarize", "binarize"] == desk.readings[4:]
    with pytest.raises(SettingsError, match="All of this has been read"):
        desk.bench.run()
    assert "All of this has been read: add an image, or change what to do." == desk.bench.foresee().obstacle
    assert 6 == len(desk.run(again=True))


def test_changed_settings_leave_the_old_results_in_sight_and_mark_them(label):
    """Stale until read anew; going back makes them current again."""
    desk = Desk(label)
    desk.run()
    (row,) = desk.bench.rows()
    assert not row.stale
    desk.bench.set_settings({"contrast_correction": True})
    (changed,) = desk.bench.rows()
    assert (True, row.after, row.verdict) == (changed.stale, changed.after, changed.verdict)
    desk.bench.set_settings({})
    assert not desk.bench.rows()[0].stale
    desk.bench.set_conditions("original,upsampled:x3")
    assert desk.bench.rows()[0].stale
    assert "upsampled:x2" == desk.bench.rows()[0].after.condition
    desk.run()
    assert (False, "upsampled:x3") == (desk.bench.rows()[0].stale, desk.bench.rows()[0].after.condition)


def test_a_typed_truth_counts_what_was_read_without_reading_it_again(slip):
    """Rates appear at once, in the row and in the tracker; without the truth they go."""
    desk = Desk(slip)
    desk.run()
    (row,) = desk.bench.rows()
    read = row.before.text
    desk.images[0] = replace(slip, ground_truth=read)
    assert desk.bench.count_anew()
    (known,) = desk.bench.rows()
    assert (0.0, read) == (known.before.cer, known.ground_truth)
    assert 2 == len(desk.readings)
    assert [0.0, known.after.cer] == [trial.cer for trial in desk.bench.tracker]
    desk.images[0] = slip
    assert desk.bench.count_anew()
    assert not desk.bench.count_anew()
    assert (None, None) == (desk.bench.rows()[0].ground_truth, desk.bench.rows()[0].before.cer)


def test_a_factor_fills_in_where_a_step_names_none(label):
    """And is refused where it would make two conditions one."""
    desk = Desk(label)
    desk.bench.set_conditions("original,upsampled")
    desk.bench.set_factor(3)
    desk.run()
    assert "upsampled:x3" == desk.bench.rows()[0].after.condition
    with pytest.raises(SettingsError, match=r"factor is 2, 3, 4 or 'auto', not 5\."):
        desk.bench.set_factor(5)
    with pytest.raises(SettingsError, match="upsampled:x3 is given twice"):
        desk.bench.set_conditions("upsampled,upsampled:x3")
    assert ["original", "upsampled"] == [str(one) for one in desk.bench.conditions]


def test_stopping_keeps_what_is_done(label, slip):
    """The reading under way is taken back, its row says so, and a later run does the rest."""
    engine = ReadsWhenTold()
    desk = Desk(label, slip, engine=engine)
    job = desk.bench.run()
    assert wait_for(lambda: desk.bench.rows()[0].state == "running" and desk.jobs)
    assert "recognize label.png" == desk.bench.rows()[0].doing
    assert "waiting" == desk.bench.rows()[1].state
    with pytest.raises(SettingsError, match="A run is under way: stop it, or wait"):
        desk.bench.run()
    engine.go.set()
    assert wait_for(lambda: desk.readings)
    assert desk.bench.stop()
    with pytest.raises(TaskCancelled):
        job.result(30)
    done = len(desk.readings)
    assert done < 4
    assert "stopped" == desk.bench.rows()[1].state
    assert 4 - done <= len(desk.run()) <= 4
    assert ["done", "done"] == [row.state for row in desk.bench.rows()]
    assert 4 == len(desk.bench.tracker)


def test_a_failed_reading_is_a_row_that_says_why_and_can_be_tried_again(label, slip):
    """The others go on; a retry reads only what failed."""
    desk = Desk(label, slip)
    desk.bench.set_settings({"language": "Finnish"})
    desk.run()
    row = desk.bench.rows()[0]
    assert ("failed", True) == (row.state, "no model for Finnish" in row.error)
    assert "failed" == desk.bench.rows()[1].state
    desk.bench.set_settings({"language": "German"})
    assert 2 == len(desk.run(keys=[row.key]))
    assert ["done", "failed"] == [one.state for one in desk.bench.rows()]


def test_what_cannot_be_is_refused_with_the_reason(label):
    """At once, and nothing is changed."""
    desk = Desk()
    with pytest.raises(SettingsError, match="Add an image first"):
        desk.bench.run()
    assert desk.bench.foresee().obstacle.startswith("Add an image first")
    with pytest.raises(SettingsError, match="did you mean 'upsampled'"):
        desk.bench.set_conditions("original,upsampeld")
    with pytest.raises(SettingsError, match="name the condition make_upsampling"):
        desk.bench.set_settings({"upsampling": True})
    with pytest.raises(SettingsError, match="result_type 'pdf' holds no text to compare"):
        desk.bench.set_settings({"result_type": "pdf"})
    with pytest.raises(SettingsError, match="There is no normalization 'loose'"):
        desk.bench.set_normalization("loose")
    assert {} == desk.bench.settings


def test_a_plan_that_does_not_suffice_stops_the_run_before_it_begins(label):
    """The obstacle says how many calls are needed; nothing is asked."""
    desk = Desk(label)

    def check_budget(tasks, *, force=False):
        if tasks > 2:
            raise BudgetExceeded(f"{3 * tasks} calls are needed, 4 are left.")
        return f"About {3 * tasks} calls."

    desk.service.check_budget = check_budget
    assert "9 calls are needed, 4 are left." == desk.bench.foresee().obstacle
    with pytest.raises(BudgetExceeded):
        desk.bench.run()
    assert [] == desk.jobs
    desk.bench.set_conditions("original")
    assert "About 3 calls." == desk.bench.foresee().cost


def test_an_image_given_twice_has_two_rows(label):
    """Removing one leaves the other."""
    desk = Desk(label, label)
    keys = [row.key for row in desk.bench.rows()]
    assert 2 == len(set(keys))
    desk.images.pop()
    assert keys[:1] == [row.key for row in desk.bench.rows()]


def test_the_shelf_lets_the_oldest_pictures_go():
    """Readings stay, pictures beyond the limit do not; the original costs nothing."""
    picture = from_array(np.zeros((100, 100), np.float32))
    size = picture.pixels.nbytes + len(picture.source)
    shelf = Shelf(2 * size)
    for name in "abc":
        shelf.put(name, Reading(Trial(name, condition="binarize"), picture))
    shelf.put("d", Reading(Trial("d"), picture))
    assert [None, picture, picture, picture] == [shelf.get(name).picture for name in "abcd"]
