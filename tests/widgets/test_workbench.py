"""`Workbench` without a browser: the same verbs as its buttons, and what of it may be saved."""

import gc
import json
import weakref

import numpy as np
import pytest

import ocr_nb
from doubles import ReadsInk, ReadsWhenTold, RepeatsPixels, wait_for
from ocr_nb.errors import SettingsError
from ocr_nb.images import from_array, load_picture
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import RecognitionSettings, Region
from ocr_nb.widgets import Workbench
from ocr_nb.widgets.workbench_detail import choose_part, cut
from ocr_nb.widgets.workbench_fields import FIELDS, default_of, parse_regions, show_value, to_value

CANARY = "KANARIENVOGEL 4711"


class Wire:
    """Stands for the browser: delivers clicks, and keeps what the widget sends as messages."""

    def __init__(self, widget):
        self.widget = widget
        self.sent = []
        widget.send = lambda content, buffers=(): self.sent.append((content, [bytes(one) for one in buffers]))

    def click(self, **message):
        """Deliver a message from a view as ipywidgets does; nothing may go wrong unseen."""
        self.widget._handle_custom_msg(message, [])
        assert "" == self.widget.problem

    def of(self, kind):
        """Return the messages of one kind."""
        return [(content, buffers) for content, buffers in self.sent if content["kind"] == kind]


@pytest.fixture
def page(draw_text):
    """A small page."""
    return from_array(draw_text("best before end\nsee lid", size=18))


@pytest.fixture
def desk(page):
    """A workbench on the page with an engine that spells the sizes of blobs."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    made = Workbench(page, conditions="original,upsampled:x2", reader=service)
    yield made
    made.close()


def told(desk, condition):
    """Wait until what views are told fulfils `condition`, and all that is told with it has been told."""

    def holds():
        with desk._guard:
            return condition(desk)

    assert wait_for(holds), (desk.status, desk.table, desk.problem)


def test_from_an_image_to_a_row_of_the_tracker(desk, page):
    """Run gives a job for the trials; rows, comparison, text, tracker and views agree."""
    trials = desk.run().result(30)
    assert ["original", "upsampled:x2"] == [trial.condition for trial in trials]
    assert trials == list(desk.tracker)
    (row,) = desk.rows
    assert ("done", page.width) == (row.state, row.width)
    told(desk, lambda one: one.table and one.table[0]["state"] == "done" and one.text and one.findings)
    assert row.key == desk.chosen
    assert [page.width, 2 * page.width] == [picture.width for picture in desk.comparison.pictures]
    assert f"IPY_MODEL_{desk.comparison.model_id}" == desk.slots["compare"]
    assert f"IPY_MODEL_{desk.text.model_id}" == desk.slots["text"]
    assert 2 == desk.status["rows"]
    told(desk, lambda one: one.findings[0].startswith("Without ground truth there is no error rate"))


def test_a_word_chosen_in_the_pictures_is_chosen_in_the_texts(desk):
    """Both ways; and the texts are those of the pictures in sight."""
    desk.conditions = "original,upsampled:x2,contrast"
    desk.set_truth(0, "w1 w2 w3")
    desk.run().result(30)
    told(desk, lambda one: one.text and len(one.comparison.pictures) == 3)
    desk.comparison.selected = 1
    assert 1 == desk.text.selected
    desk.text.selected = 0
    assert 0 == desk.comparison.selected
    assert ("original", "upsampled ×2") == desk.text.labels
    desk.comparison.after_index = 2
    assert ("original", "contrast") == desk.text.labels
    assert desk.readings(0)[2].trial.text == desk.text.text("after")


def test_what_is_clicked_is_what_code_can_call(desk):
    """The same verbs by messages from a view: settings, truth, run, selection."""
    wire = Wire(desk)
    wire.click(kind="set", name="conditions", value="original,upsampled:x3+binarize")
    wire.click(kind="set", name="language", value="German")
    wire.click(kind="set", name="rotate", value="0")
    wire.click(kind="set", name="teaching", value=True)
    assert ("original,upsampled:x3+binarize", {"language": "German"}) == (desk.conditions, desk.settings)
    desk.set_truth(0, "w1h1")
    wire.click(kind="run")
    desk._bench.run_job.result(30)
    told(desk, lambda one: one.findings and "CER" in one.findings[0])
    assert "upsampled:x3+binarize" == desk.rows[0].after.condition
    assert desk.teaching
    assert {"language": "German"} == {
        name: value for name, value in desk.rows[0].before.settings.items() if name == "language"
    }
    first = desk.comparison
    wire.click(kind="choose", key="")
    told(desk, lambda one: "compare" not in one.slots or one.chosen == "")
    wire.click(kind="choose", key=desk.rows[0].key)
    told(desk, lambda one: one.slots.get("compare"))
    assert first is desk.comparison


def test_what_cannot_be_is_said_beside_its_field_and_changes_nothing(desk):
    """And a run waits until the conditions can be used."""
    wire = Wire(desk)
    wire.click(kind="set", name="conditions", value="original,upsampeld")
    wire.click(kind="set", name="regions", value="1, 2, 3")
    wire.click(kind="set", name="rotate", value="a little")
    told(desk, lambda one: len(one.setup["faults"]) == 3)
    assert "did you mean 'upsampled'?" in desk.setup["faults"]["conditions"]
    assert desk.setup["faults"]["regions"] == (
        "The region '1, 2, 3' is not four whole numbers: left, top, right, bottom."
    )
    assert "Turn clockwise, degrees: a whole number, not 'a little'." == desk.setup["faults"]["rotate"]
    assert desk.status["obstacle"].startswith("The conditions cannot be used yet.")
    assert ("original,upsampled:x2", {}) == (desk.conditions, desk.settings)
    wire.click(kind="set", name="conditions", value="original")
    told(desk, lambda one: "conditions" not in one.setup["faults"])
    told(desk, lambda one: "" == one.status["obstacle"])


def test_an_empty_workbench_says_what_to_do_and_offers_a_sample():
    """One click and there is something to run."""
    desk = Workbench()
    wire = Wire(desk)
    assert desk.status["obstacle"].startswith("Add an image first")
    with pytest.raises(SettingsError, match="Add an image first"):
        desk.run()
    wire.click(kind="sample")
    told(desk, lambda one: one.table)
    assert "receipt.jpg" == desk.table[0]["name"]
    assert len(ocr_nb.samples("receipt")[0].ground_truth.split()) == desk.table[0]["truthWords"]
    assert "" == desk.status["obstacle"]
    desk.close()


def test_results_come_one_by_one_and_stop_keeps_them(page, draw_text):
    """Views see the first image done while the second is read; stopped, the rest says so."""
    engine = ReadsWhenTold()
    service = LocalService(recognizer=engine, upsampler=RepeatsPixels())
    other = from_array(draw_text("another", size=18))
    desk = Workbench([page, other], conditions="original", reader=service)
    desk.run()
    told(desk, lambda one: one.status["running"] and one.status["doing"])
    assert "waiting" == desk.table[1]["state"]
    assert "A run is under way: stop it, or wait." == desk.status["obstacle"]
    assert desk.stop()
    told(desk, lambda one: not one.status["running"])
    assert ["stopped", "stopped"] == [row["state"] for row in desk.table]
    assert "" == desk.status["error"]
    engine.go.set()
    assert 2 == len(desk.run().result(30))
    desk.close()


def test_an_error_of_the_whole_run_is_said(page):
    """An engine that is not there fails the job, and the views say why."""

    class Broken(LocalService):
        @property
        def identity(self):
            raise SettingsError("This engine is out of order: take another.")

    desk = Workbench(page, reader=Broken(recognizer=ReadsInk()))
    with pytest.raises(SettingsError, match="out of order"):
        desk.run().result(30)
    told(desk, lambda one: one.status["error"])
    assert "This engine is out of order: take another." == desk.status["error"]
    assert "new" == desk.table[0]["state"]
    desk.close()


def test_the_cloud_is_asked_only_when_connected(monkeypatch):
    """Until then the obstacle says what to do; on a public Binder it cannot be chosen at all."""
    desk = Workbench(ocr_nb.samples("receipt")[0])
    assert desk.credentials is None
    desk.reader = "cloud"
    assert f"IPY_MODEL_{desk.credentials.model_id}" == desk.slots["credentials"]
    with pytest.raises(SettingsError, match="Not connected yet"):
        desk.run()
    desk.reader = "rapidocr"
    assert "credentials" not in desk.slots
    desk.close()
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://mybinder.org/")
    public = Workbench()
    assert public.banner.startswith("This is a public Binder")
    with pytest.raises(SettingsError, match="Off on a public Binder"):
        public.reader = "cloud"
    (cloud,) = (one for one in public.setup["readers"] if one["name"] == "cloud")
    assert cloud["obstacle"]
    public.close()


def test_nothing_of_a_private_image_is_in_what_is_saved(draw_text):
    """No pixel anywhere, and here no text or name: state and bundle tell size, verdict and rates."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    desk = Workbench(conditions="original,upsampled:x2", reader=service)
    picture = from_array(draw_text("private matters", size=18))
    desk._input.add(picture, name=f"{CANARY}.png", ground_truth=CANARY, private=True)
    desk.run().result(30)
    told(desk, lambda one: one.table and one.table[0]["state"] == "done" and one.text)
    bundle, _ = desk._repr_mimebundle_()
    own = repr(desk.get_state()).replace(desk._esm, "") + json.dumps(bundle)
    for secret in (*CANARY.split(), *desk.rows[0].before.text.split()):
        assert secret not in own
    parts = (desk, desk._input, desk.monitor, desk.board, desk.comparison, desk.text)
    saved = own + "".join(repr(part.get_state()) for part in parts)
    for sign in ("PNG\\r\\n", "iVBORw0KGgo", "image/png;"):
        assert sign not in saved
    assert f"{picture.width}×{picture.height}" in bundle["text/html"]
    assert "image 1" in bundle["text/html"]
    assert not any(isinstance(value, bytes | memoryview) for value in desk.get_state().values())
    desk.close()


def test_of_pictures_loaded_by_code_a_small_one_stays(desk):
    """In the bundle beside the words, at most 100 kB."""
    assert {"image/png", "text/html"}.isdisjoint(desk._repr_mimebundle_()[0])
    desk.run().result(30)
    told(desk, lambda one: one.comparison and one.text)
    bundle, _ = desk._repr_mimebundle_()
    assert 0 < len(bundle["image/png"]) <= 100_000
    assert "<table>" in bundle["text/html"]


class Output:
    """An output of a notebook that can be changed after it was made."""

    def __init__(self):
        self.bundle = {}

    def update(self, bundle, raw):
        """Take what is to be kept instead."""
        self.bundle = bundle


def test_shown_before_its_run_it_leaves_what_the_run_found(desk, capture_display):
    """Words first, the picture in an output of its own; both are renewed when the run has ended."""
    _, words, picture = capture_display(desk)
    assert ["text/plain"] == list(words) == list(picture)
    words, picture = Output(), Output()
    desk._stills = [(words, picture)]
    desk.run().result(30)
    assert wait_for(lambda: "image/png" in picture.bundle)
    assert {"text/plain", "text/html"} == set(words.bundle)
    assert "<table>" in words.bundle["text/html"]
    assert {"text/plain", "image/png"} == set(picture.bundle)


def test_details_are_sent_as_messages_pixel_for_pixel(desk):
    """Before and after from the same place, the second twice as large; a view that opens gets them again."""
    wire = Wire(desk)
    desk.run().result(30)
    told(desk, lambda one: wire.of("detail") and len(wire.of("detail")[-1][1]) == 2)
    before, after = (load_picture(data) for data in wire.of("detail")[-1][1])
    assert abs(2 * before.width - after.width) <= 2
    count = len(wire.of("detail"))
    wire.click(kind="send details")
    assert count + 1 == len(wire.of("detail"))


def test_the_report_comes_as_a_message_and_as_a_file(desk, tmp_path):
    """Both are the same kind of page with the pictures inside."""
    wire = Wire(desk)
    with pytest.raises(SettingsError, match="There are no trials to report"):
        desk.report(tmp_path / "none.html")
    desk.run().result(30)
    wire.click(kind="report")
    assert wait_for(lambda: wire.of("report"))
    content, (data,) = wire.of("report")[0]
    assert content["total"] == len(data)
    assert data.startswith(b"<!doctype html>")
    written = desk.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert 2 <= written.count("data:image/png;base64,")


def test_every_recognition_setting_has_its_field():
    """With a plain label, and the value that it has when nobody sets it."""
    names = {field.name for field in FIELDS}
    assert {*RecognitionSettings.__dataclass_fields__, "normalization"} == names
    for field in FIELDS:
        assert field.label[0].isupper()
        assert field.help.endswith(".")
        if not field.obstacle:
            shown = show_value(field.name, default_of(field.name))
            assert default_of(field.name) == to_value(field.name, "" if shown is None else shown)
        values = [value for value, _ in field.options]
        if values:
            assert (default_of(field.name) or "") == values[0]


def test_regions_are_typed_as_four_numbers_each():
    """In the order in which they are to be read; what has no area is refused."""
    assert (Region(1, 2, 30, 40, 0), Region(5, 6, 7, 8, 1)) == parse_regions("1, 2, 30, 40; 5 6 7 8;")
    assert "1, 2, 30, 40" == show_value("regions", parse_regions("1,2,30,40"))
    with pytest.raises(SettingsError, match="has no area"):
        parse_regions("30, 2, 1, 40")


def test_a_detail_stays_inside_its_picture():
    """Whatever the shape: wide, high, a speck."""
    for width, height in ((400, 300), (900, 12), (12, 900), (3, 3)):
        picture = from_array(np.linspace(0, 1, width * height, dtype=np.float32).reshape(height, width))
        left, top, right, bottom = choose_part(picture)
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert load_picture(cut(picture, (left, top, right, bottom))).width >= 1


def test_a_store_keeps_the_rows(page, tmp_path):
    """The next session has them; a tracker of one's own is used as it is."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    desk = Workbench(page, conditions="original", reader=service, store=tmp_path / "rows.sqlite")
    desk.run().result(30)
    desk.close()
    with ocr_nb.AccuracyTracker(tmp_path / "rows.sqlite") as kept:
        again = Workbench(page, tracker=kept)
        assert (1, kept) == (len(again.tracker), again.tracker)
        again.close()
    with pytest.raises(SettingsError, match="a tracker or a store, not both"):
        Workbench(tracker=ocr_nb.AccuracyTracker(), store=tmp_path / "rows.sqlite")


def test_a_closed_workbench_is_freed(page):
    """With all that is in it."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())

    def use():
        desk = Workbench(page, conditions="original,upsampled:x2", reader=service)
        desk.run().result(30)
        told(desk, lambda one: one.comparison)
        desk.close()
        return weakref.ref(desk)

    gone = use()
    assert wait_for(lambda: gc.collect() is not None and gone() is None)
