"""`ShrinkExplorer` without a browser: what it measures, what it tells, and that the newest wins."""

import gc
import json
import threading
import weakref

import numpy as np
import pytest
import traitlets

from doubles import ReadsInk, ReadsWhenTold, RepeatsPixels, wait_for
from ocr_nb import JobMonitor, ShrinkExplorer
from ocr_nb.errors import ImageError, SettingsError
from ocr_nb.images import from_array, load_picture
from ocr_nb.sample_set import sharp_samples
from ocr_nb.service.local import LocalService
from ocr_nb.shrinking import CURVE
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.widgets.newest_wins import NewestWins

CONDITIONS = {"original", "resized:x2", "upsampled:x2"}


class Wire:
    """Stands for the browser: keeps what the widget tells."""

    def __init__(self, explorer):
        self.explorer = explorer
        self.sent, self.pictures, self.parts = [], {}, {}
        explorer.send = self.take

    def take(self, content, buffers=()):
        """Put the pieces of a picture together, as the view does."""
        self.sent.append(content)
        if buffers:
            key = (content["kind"], content.get("condition"), str(content.get("spot")))
            self.parts.setdefault(key, {})[content["offset"]] = bytes(buffers[0])
            whole = b"".join(part for _, part in sorted(self.parts[key].items()))
            if len(whole) == content["total"]:
                self.pictures[key[:2]] = whole

    def of(self, kind):
        """Return the messages of a kind."""
        return [one for one in self.sent if one["kind"] == kind]

    def heights(self):
        """Return the text heights of the readings told, each once."""
        return list(dict.fromkeys(one["spot"][0] for one in self.of("reading")))

    def ask(self, **message):
        """Deliver a message from a view as ipywidgets does."""
        self.explorer._handle_custom_msg(message, [])


@pytest.fixture(scope="module")
def service():
    """Reads ink: fast, and the same every time."""
    return LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())


@pytest.fixture
def explorer(service):
    """An explorer that is closed afterwards."""
    made = ShrinkExplorer(service=service, x_height=12)
    yield made
    made.close()


@pytest.fixture
def wire(explorer):
    """Its only view."""
    return Wire(explorer)


def test_nothing_is_read_before_somebody_looks(explorer):
    """To make one costs no reading; the page is the first that travels with the package."""
    assert {} == explorer.readings
    assert "notice" == explorer.page
    assert "ShrinkExplorer(notice.png, text 12 px high, )" == repr(explorer)


def test_the_curve_is_measured_without_a_browser(explorer):
    """A row for each height and condition, in a frame and as trials."""
    curve = explorer.measure([12, 6, 4])
    assert {4.0, 6.0, 12.0} == set(curve["x_height_px"])
    assert CONDITIONS == set(curve["condition"])
    assert 9 == len(curve) == len(explorer.tracker)
    assert curve.equals(explorer.curve)


def test_the_whole_curve_has_fifteen_heights(service):
    """As many as the page allows; each once."""
    quick = ShrinkExplorer(service=service, conditions="original")
    assert sorted(CURVE) == sorted(set(quick.measure()["x_height_px"]))
    quick.close()


def test_measuring_goes_on_where_it_was(explorer):
    """What is known is not read again."""
    explorer.measure([12, 6])
    first = list(explorer.tracker)
    explorer.measure([12, 6])
    assert first == list(explorer.tracker)


def test_a_view_is_told_the_page_the_points_and_what_is_read_here(explorer, wire):
    """The page's own bytes, numbers for the curve, readings with pictures."""
    explorer.measure([6])
    wire.sent.clear()
    wire.ask(kind="send all")
    assert wait_for(lambda: CONDITIONS == {one["condition"] for one in wire.of("reading")})
    assert explorer._bench.source.png == wire.pictures["source", None]
    assert 3 == len(wire.of("points")[0]["points"])
    enlarged = load_picture(wire.pictures["reading", "upsampled:x2"])
    assert enlarged.width == 2 * load_picture(wire.pictures["reading", "original"]).width


def test_errors_are_marked_by_grapheme(explorer, wire):
    """The spans joined are the truth and the reading; edits and length make the rate."""
    wire.ask(kind="send all")
    assert wait_for(lambda: len(wire.of("reading")) == 3)
    reading = wire.of("reading")[0]
    truth = "".join(truth for _, truth, _ in reading["spans"])
    assert " ".join(sharp_samples("notice")[0].ground_truth.split()) == truth
    assert {"right", "wrong", "extra", "missing"} >= {kind for kind, _, _ in reading["spans"]}
    assert reading["cer"] == pytest.approx(reading["edits"] / reading["length"])


def test_moving_the_slider_reads_at_the_new_place(explorer, wire):
    """By a view or by code alike."""
    explorer.x_height = 8
    assert wait_for(lambda: len(explorer.readings) == 3)
    assert {8.0} == {trial.x_height_px for trial in explorer.readings.values()}


def test_the_newest_place_wins():
    """While the reader is busy the slider passes five heights: only the first and the last are read."""
    told = ReadsWhenTold()
    explorer = ShrinkExplorer(
        service=LocalService(recognizer=told, upsampler=RepeatsPixels()), x_height=12, conditions="original"
    )
    wire = Wire(explorer)
    wire.ask(kind="send all")
    assert told.started.acquire(timeout=30)
    for height in (11, 10, 9, 8, 7):
        explorer.x_height = height
    told.go.set()
    assert wait_for(lambda: wire.heights()[-1:] == [7.0])
    assert {12.0, 7.0} == set(wire.heights())
    explorer.close()


def test_what_was_overtaken_stops_after_its_condition():
    """Of the old place one condition is told, of the new one all."""
    told = ReadsWhenTold()
    explorer = ShrinkExplorer(service=LocalService(recognizer=told, upsampler=RepeatsPixels()), x_height=12)
    wire = Wire(explorer)
    wire.ask(kind="send all")
    assert told.started.acquire(timeout=30)
    explorer.x_height = 6
    told.go.set()
    assert wait_for(lambda: len(explorer.readings) == 3)
    assert ["original"] == [one["condition"] for one in wire.of("reading") if one["spot"][0] == 12]
    explorer.close()


def test_setting_the_slider_never_waits():
    """The reader hangs; a hundred moves return all the same, before it is told to go on."""
    told = ReadsWhenTold()
    explorer = ShrinkExplorer(service=LocalService(recognizer=told, upsampler=RepeatsPixels()), x_height=12)
    Wire(explorer).ask(kind="send all")
    assert told.started.acquire(timeout=30)
    for move in range(100):
        explorer.x_height = 5 + move % 7
    assert not told.go.is_set()
    told.go.set()
    explorer.close()


def test_the_curve_tells_its_progress_and_can_be_cancelled(explorer, wire):
    """What was measured stays; the job says that it was cancelled."""
    started = threading.Event()
    take = wire.take

    def note(content, buffers=()):
        take(content, buffers)
        if content["kind"] == "sweep" and content["done"] >= 2:
            started.set()

    explorer.send = note
    job = explorer.start_curve()
    assert started.wait(60)
    wire.ask(kind="cancel curve")
    assert wait_for(job.done)
    assert "cancelled" == job.status.value
    assert wait_for(lambda: not wire.of("sweep")[-1]["running"])
    assert 2 <= wire.of("sweep")[-1]["done"] < 15
    assert len(explorer.tracker) >= 6
    assert "" == explorer.problem


def test_the_curve_is_a_job_for_the_monitor(explorer):
    """With its parts."""
    job = explorer.start_curve([12, 6, 4])
    monitor = JobMonitor([job])
    job.result()
    assert (3, 3) == job.progress
    assert "1 done" == monitor.summary
    monitor.close()


def test_another_page_is_opened_and_read(explorer, wire):
    """The slider stays; a view is told the new page."""
    explorer.page = "receipt"
    assert wait_for(lambda: len(explorer.readings) == 3, 30), explorer.problem
    assert "receipt.png" == explorer.setup["source"]["name"]
    assert {"receipt.png"} == {trial.image for trial in explorer.readings.values()}
    assert "receipt" == wire.of("source")[-1]["page"]


def test_damage_shows_the_spoilt_page_before_it_is_read(explorer, wire):
    """And the trials say how it was spoilt."""
    explorer.damage = "strong"
    assert wait_for(lambda: len(explorer.readings) == 3)
    kinds = [one["kind"] for one in wire.sent]
    assert kinds.index("shrunk") < kinds.index("reading")
    assert {"x-height 12 px, blur 0.9, noise 10, JPEG 35"} == {
        trial.variant for trial in explorer.readings.values()
    }


def test_an_engine_that_is_not_there_is_named_in_the_widget(monkeypatch):
    """The sentence says what to install."""
    from ocr_nb import shrinking
    from ocr_nb.errors import EngineUnavailable

    def missing(_):
        raise EngineUnavailable("Tesseract is not installed: pip install 'ocr_nb[tesseract]'.")

    monkeypatch.setattr(shrinking, "make_service", missing)
    explorer = ShrinkExplorer(engine="tesseract")
    Wire(explorer).ask(kind="send all")
    assert wait_for(lambda: explorer.problem)
    assert "Tesseract is not installed: pip install 'ocr_nb[tesseract]'." == explorer.problem
    with pytest.raises(EngineUnavailable):
        explorer.measure([6])
    explorer.close()


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [
        ("x_height", 1.0, "x_height is 2 to 24 px for this page, not 1"),
        ("x_height", 29.0, "x_height is 2 to 24 px for this page, not 29"),
        ("damage", "strang", "did you mean 'strong'"),
        ("page", "recept", "did you mean 'receipt'"),
    ],
)
def test_what_cannot_be_chosen_is_refused(explorer, trait, value, said):
    """With what can."""
    with pytest.raises(traitlets.TraitError, match=said):
        setattr(explorer, trait, value)


def test_wrong_arguments_are_refused_at_once():
    """Before anything is opened or read."""
    with pytest.raises(SettingsError, match="did you mean 'tesseract'"):
        ShrinkExplorer(engine="teseract")
    with pytest.raises(SettingsError, match="There is no condition 'resised'"):
        ShrinkExplorer(conditions=("original", "resised"))
    with pytest.raises(SettingsError, match="There is no recognition setting 'langauge'"):
        ShrinkExplorer(langauge="German")
    with pytest.raises(ImageError, match="no text whose height"):
        ShrinkExplorer(from_array(np.ones((99, 99), np.float32)))


def test_a_picture_of_ones_own_heads_the_menu(service):
    """With the truth given, and the others to go on with."""
    picture = sharp_samples("notice")[0].picture
    explorer = ShrinkExplorer(picture, truth="Keep this notice", service=service)
    assert "yours" == explorer.page == explorer.setup["pages"][0]["name"]
    explorer.measure([12])
    assert {"Keep this notice"} == {trial.ground_truth for trial in explorer.tracker}
    explorer.close()


def test_points_go_into_the_tracker_given(service):
    """So that a lesson's points and a study's can lie in one."""
    tracker = AccuracyTracker()
    explorer = ShrinkExplorer(service=service, tracker=tracker, conditions="original")
    explorer.measure([8])
    assert tracker is explorer.tracker
    assert 1 == len(tracker)
    explorer.close()


def test_no_pixel_and_no_text_is_in_synced_state(explorer, wire):
    """What a notebook saves of the widget is what can be chosen, a few kilobytes."""
    explorer.measure([12])
    state = explorer.get_state()
    state.pop("_esm"), state.pop("_css")
    saved = json.dumps(state, default=str)
    assert "Keep this" not in saved
    assert len(saved) < 4000


def test_a_private_page_leaves_nothing_to_see(service):
    """`keep_picture=False` leaves words; otherwise a small preview is left."""
    shown = ShrinkExplorer(service=service)
    assert 0 < len(shown.still()) < 75_000
    hidden = ShrinkExplorer(service=service, keep_picture=False)
    assert hidden.still() is None
    shown.close()
    assert shown.still() is None
    hidden.close()


def test_closed_explorers_are_freed(service):
    """Twenty of them, while the last reading may be under way."""
    gone = []
    for _ in range(20):
        explorer = ShrinkExplorer(service=service, conditions="original")
        Wire(explorer).ask(kind="send all")
        explorer.send = None
        gone.append(weakref.ref(explorer))
        explorer.close()
    del explorer
    assert wait_for(lambda: gc.collect() >= 0 and all(one() is None for one in gone), 30)


def test_only_the_newest_of_what_was_asked_for_is_done():
    """What fails is logged and stops nothing."""
    done, first, begun = [], threading.Event(), threading.Event()
    worker = NewestWins(0.0)

    def block():
        begun.set()
        first.wait(30)
        done.append("first")

    worker.ask(block)
    assert begun.wait(10)
    for number in range(10):
        worker.ask(lambda number=number: done.append(number))
    first.set()
    assert wait_for(lambda: not worker.is_busy)
    assert ["first", 9] == done
    worker.ask(lambda: done.append("later"))
    worker.forget()
    assert wait_for(lambda: not worker.is_busy)
    assert done[2:] in ([], ["later"])
