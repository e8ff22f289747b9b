"""A study measures what is missing, on any executor, and loses and repeats nothing."""

import asyncio
import csv
import dataclasses
import math
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from doubles import ReadsInk, RepeatsPixels
from ink_service import ink_service, retrained_service
from ocr_nb.errors import SettingsError, StoreError
from ocr_nb.images import load_picture
from ocr_nb.sample_set import samples
from ocr_nb.service.local import LocalService
from ocr_nb.store import TrialStore
from ocr_nb.studies import Study

VOLATILE = ["seconds", "time", "task_id"]
CONDITIONS = "original,upsampled:x2"


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The file in which every reading, in whatever process, is a line."""
    path = tmp_path / "readings.log"
    path.touch()
    monkeypatch.setenv("INK_LOG", str(path))
    return path


@pytest.fixture
def folder(tmp_path):
    """Six images, each with one word of ink and its truth; every second one a little smaller than it says."""
    place = tmp_path / "pages"
    place.mkdir()
    for number in range(6):
        draw(place / f"page{number}.png", 10 + number)
        (place / f"page{number}.gt.txt").write_text(f"w{10 + number + number % 2}h9\n")
    return place


def draw(path, width):
    pixels = np.full((30, 60), 255, np.uint8)
    pixels[10:19, 10 : 10 + width] = 0
    Image.fromarray(pixels).save(path)


def comparable(tracker):
    """Return the frame without what differs from run to run."""
    return tracker.frame.drop(columns=VOLATILE)


def readings(log):
    return len(log.read_text().splitlines())


def test_every_image_is_measured_under_every_condition_in_order(folder, log):
    """Images first, then conditions; truth is found beside them."""
    study = Study(folder, conditions=CONDITIONS, services=ink_service)
    seen = []
    tracker = study.run(on_progress=lambda *told: seen.append(told))
    rows = list(tracker)
    assert [(f"page{n}.png", c) for n in range(6) for c in CONDITIONS.split(",")] == [
        (row.image, row.condition) for row in rows
    ]
    assert ("w10h9", "w10h9", 0.0, "page0", None) == (
        rows[0].text, rows[0].ground_truth, rows[0].cer, rows[0].group, rows[0].error
    )  # fmt: skip
    assert "w20h18" == rows[1].text
    assert 12 == len(study) == readings(log)
    assert [(n, 12) for n in range(1, 13)] == [told[:2] for told in seen]
    # Two are in work at once: they are told of as they end.
    by_name = attrgetter("image", "condition")
    assert sorted(rows, key=by_name) == sorted((told[2] for told in seen), key=by_name)


@pytest.mark.parametrize("executor", ["thread", "process", 2])
def test_any_executor_gives_the_same_frame(folder, executor):
    """In the same order, whatever finished first."""
    expected = Study(folder, conditions=CONDITIONS, services=ink_service).run()
    found = Study(folder, conditions=CONDITIONS, services=ink_service).run(executor)
    pd.testing.assert_frame_equal(comparable(expected), comparable(found))


class DaskLike:
    """A client as a cluster has it: an executor on request, workers that may come later."""

    def __init__(self, pool):
        self.pool, self.asked = pool, []

    def get_executor(self, **options):
        self.asked.append(options)
        return self.pool

    def nthreads(self):
        return {"tcp://one": 1} if self.asked[1:] else {}


@pytest.mark.parametrize("kind", ["threads", "processes", "client"])
def test_a_borrowed_executor_stays_open(folder, kind):
    """It was not opened here; a client without a worker yet is waited for."""
    pool = ProcessPoolExecutor(1, get_context("spawn")) if kind == "processes" else ThreadPoolExecutor(2)
    with pool:
        given = DaskLike(pool) if kind == "client" else pool
        tracker = Study(folder, conditions="original", services=ink_service).run(given)
        assert 6 == len(tracker)
        assert 4 == pool.submit(len, "open").result(60)
        if kind == "client":
            assert [{"pure": False}] == given.asked


class CountsItsTasks(Executor):
    """Keeps tasks until one is waited for; knows how many were out at once."""

    def __init__(self):
        self.pool, self.out, self.most = ThreadPoolExecutor(1), 0, 0

    def submit(self, function, *arguments):
        self.out += 1
        self.most = max(self.most, self.out)
        future = self.pool.submit(function, *arguments)
        future.add_done_callback(self._finished)
        return future

    def _finished(self, _: Future):
        self.out -= 1


def test_few_tasks_are_handed_out_at_a_time(folder, monkeypatch):
    """Two a worker, so that a hundred thousand images wait here and not in a queue."""
    monkeypatch.setattr("ocr_nb.executors.available_cpus", lambda: 1)
    executor = CountsItsTasks()
    Study(folder, conditions="original", services=ink_service).run(executor)
    executor.pool.shutdown()
    assert 2 == executor.most


def test_an_interrupted_study_goes_on_where_it_was(folder, log, tmp_path):
    """What is in the store is neither measured again nor lost; the frame is that of an unbroken run."""
    expected = comparable(Study(folder, conditions=CONDITIONS, services=ink_service).run())
    log.write_text("")
    path = tmp_path / "study.sqlite"

    def interrupt(done, total, trial):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Study(folder, conditions=CONDITIONS, services=ink_service).run(store=path, on_progress=interrupt)
    with TrialStore(path) as store:
        # Three images were stored whole before they were reported, and the one then under way as well.
        assert len(store) in {6, 8}
    with Study(folder, conditions=CONDITIONS, services=ink_service).run(store=path) as tracker:
        pd.testing.assert_frame_equal(expected, comparable(tracker))
    assert 12 == readings(log)
    told = []
    Study(folder, conditions=CONDITIONS, services=ink_service).run(
        store=path, on_progress=lambda *_: told.append(1)
    ).close()
    assert (12, []) == (readings(log), told)


def test_without_threads_a_study_is_the_same(folder, monkeypatch):
    """In a browser there are none: each image is measured when its turn comes, on the one thread there is."""
    expected = comparable(Study(folder, conditions=CONDITIONS, services=ink_service).run())
    monkeypatch.setattr("ocr_nb.executors.can_start_threads", lambda: False)
    monkeypatch.setattr("ocr_nb.executors.ThreadPoolExecutor", None)
    tracker = Study(folder, conditions=CONDITIONS, services=ink_service).run()
    pd.testing.assert_frame_equal(expected, comparable(tracker))


def test_another_upsampler_is_measured_and_the_rest_is_not(folder, log, tmp_path):
    """The store knows what enlarged: other weights are other trials; what was not enlarged is kept."""
    store = tmp_path / "study.sqlite"
    conditions = "original,resized:x2,upsampled:x2,make_upsampling"
    Study(folder, conditions=conditions, services=ink_service).run(store=store).close()
    before = readings(log)
    tracker = Study(folder, conditions=conditions, services=retrained_service).run(store=store)
    assert 2 * 6 == readings(log) - before
    enlarged = [row for row in tracker if row.condition in ("upsampled:x2", "make_upsampling")]
    assert {"repeats 1.0", "repeats 2.0"} == {row.settings["upsampler"] for row in enlarged}
    assert 6 * 6 == len(tracker)


def test_after_another_advice_only_what_it_decides_is_measured(folder, log, tmp_path, monkeypatch):
    """Rows of a fixed factor stay; those of an advised one are made anew."""
    store = tmp_path / "study.sqlite"
    conditions = "original,upsampled:x2,upsampled,resized,make_upsampling"
    Study(folder, conditions=conditions, services=ink_service).run(store=store).close()
    before = readings(log)
    monkeypatch.setattr("ocr_nb.measuring.ADVICE_EDITION", 99)
    tracker = Study(folder, conditions=conditions, services=ink_service).run(store=store)
    assert 3 * 6 == readings(log) - before
    assert 3 * 6 == sum(row.settings.get("advice") == 99 for row in tracker)


def test_new_conditions_are_added_to_a_store(folder, log, tmp_path):
    """Only they are measured; the order is that of the study."""
    path = tmp_path / "study.sqlite"
    Study(folder, conditions="upsampled:x2", services=ink_service).run(store=path).close()
    tracker = Study(folder, conditions=CONDITIONS, services=ink_service).run(store=path)
    assert 12 == readings(log) == len(tracker)
    assert ["original", "upsampled:x2"] * 6 == [row.condition for row in tracker]


def test_a_corrected_truth_is_counted_anew_without_reading_again(folder, log, tmp_path):
    """The reading was paid for; the truth is a file that people correct."""
    path = tmp_path / "study.sqlite"
    before = Study(folder, conditions="original", services=ink_service).run(store=path)
    assert 0.2 == before.frame["cer"][1]
    (folder / "page1.gt.txt").write_text("w11h9\n")
    after = Study(folder, conditions="original", services=ink_service).run(store=path)
    assert (0.0, "w11h9") == tuple(after.frame.loc[1, ["cer", "ground_truth"]])
    assert 6 == readings(log)


def test_errors_are_rows_and_are_tried_again(folder, log, tmp_path):
    """A truth in another encoding, an image that is none: a sentence each, until they are mended."""
    path = tmp_path / "study.sqlite"
    (folder / "page0.png").write_bytes(b"no image")
    (folder / "page1.gt.txt").write_bytes(b"\xe9t\xe9")
    (folder / "page2.gt.txt").unlink()
    tracker = Study(folder, conditions="original", services=ink_service).run(2, store=path)
    errors = tracker.frame["error"]
    assert "page0.png" in errors[0]
    assert "is not UTF-8" in errors[1]
    assert errors[2:].isna().all()
    assert tracker.frame["ground_truth"].isna()[2]
    draw(folder / "page0.png", 10)
    (folder / "page1.gt.txt").write_text("w11h9")
    tracker = Study(folder, conditions="original", services=ink_service).run(store=path)
    assert tracker.frame["error"].isna().all()
    assert (6, 6) == (len(tracker), readings(log))
    assert [f"page{n}.png" for n in range(6)] == list(tracker.frame["image"])


def test_a_worker_that_is_killed_loses_nothing(folder, log, tmp_path, monkeypatch):
    """A pool of our own is replaced and the tasks at work are done again."""
    trap = tmp_path / "trap"
    trap.touch()
    monkeypatch.setenv("INK_KILL", str(trap))
    tracker = Study(folder, conditions="original", services=ink_service).run(2)
    assert not trap.exists()
    assert tracker.frame["error"].isna().all()
    assert [f"page{n}.png" for n in range(6)] == list(tracker.frame["image"])


def test_a_borrowed_pool_that_breaks_is_said(folder, tmp_path, monkeypatch):
    """It is not ours to replace; what is finished is stored, what was at work has an error row."""
    trap = tmp_path / "trap"
    trap.touch()
    monkeypatch.setenv("INK_KILL", str(trap))
    path = tmp_path / "study.sqlite"
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(SettingsError, match="not ours to replace: run the study"),
    ):
        Study(folder, conditions="original", services=ink_service).run(pool, store=path)
    tracker = Study(folder, conditions="original", services=ink_service).run(store=path)
    assert tracker.frame["error"].isna().all()
    assert 6 == len(tracker)


def test_two_studies_write_one_store(folder, tmp_path):
    """At once, and every trial is there once."""
    path = tmp_path / "study.sqlite"
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(Study(folder, conditions=CONDITIONS, services=ink_service).run, 1, store=path)
            for _ in range(2)
        ]
        for run in runs:
            run.result(120).close()
    with TrialStore(path) as store:
        assert 12 == len({(row.image, row.condition) for row in store}) == len(store)


def test_a_store_that_is_none_stops_the_study_at_once(folder, log, tmp_path):
    """Nothing is read that could not be kept."""
    path = tmp_path / "notes.txt"
    path.write_text("These are notes and no database.")
    with pytest.raises(StoreError, match="is no store of trials"):
        Study(folder, services=ink_service).run(store=path)
    assert 0 == readings(log)


def test_services_and_settings_are_crossed(folder):
    """Each with its identity; a service as it is works in this process only."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    study = Study(
        folder / "page0.png", conditions="original", services=[service, ink_service],
        settings=[{"language": "English"}, {"language": "German"}],
    )  # fmt: skip
    tracker = study.run("thread")
    assert 4 == len(study)
    assert ["{}", '{"language": "German"}'] == list(tracker.frame["settings"])  # both read as one engine
    with pytest.raises(
        SettingsError, match="A LocalService cannot be sent to other processes: name an engine"
    ):
        study.run("process")
    asyncio.run(service.aclose())


def test_the_same_image_twice_is_measured_once(folder, log):
    """Also under two names; the study says when a path is given twice."""
    copy = folder / "copy.png"
    copy.write_bytes((folder / "page0.png").read_bytes())
    study = Study(
        [folder / "page0.png", copy, folder / "page0.png"], conditions="original", services=ink_service
    )
    tracker = study.run()
    assert (1, 1) == (len(tracker), readings(log))
    assert study.notes[0].startswith("1 images are given more than once and are measured once: ")


def test_images_come_from_many_places(folder, tmp_path):
    """A pattern, arrays, a table with its own groups and truths, a CSV file of truths."""
    pattern = Study(str(folder / "page[01].png"), conditions="original", services=ink_service)
    assert ["page0.png", "page1.png"] == [subject.name for subject in pattern.subjects]
    picture = load_picture(folder / "page0.png")
    (row,) = Study(picture.pixels, "w10h9", "original", services=ink_service).run("process")
    assert ("w10h9", 0.0) == (row.text, row.cer)
    table = pd.DataFrame(
        {
            "image": [folder / "page0.png", folder / "page1.png"],
            "ground_truth": ["other", None],
            "group": ["book", None],
            "variant": [None, "scan"],
        }
    )
    first, second = Study(table, conditions="original", services=ink_service).run()
    assert ("other", "book", None) == (first.ground_truth, first.group, first.variant)
    assert (None, "page1", "scan") == (second.ground_truth, second.group, second.variant)
    truths = tmp_path / "truths.csv"
    with truths.open("w", newline="") as file:
        csv.writer(file).writerows([["image", "ground_truth"], ["page0.png", "one,\ntwo"], ["gone.png", "x"]])
    study = Study(folder, truths, "original", services=ink_service)
    assert "one,\ntwo" == study.subjects[0].find_truth()
    assert ["1 ground truths have no image and are not used: gone.png."] == study.notes


def test_samples_are_opened_where_they_lie(folder):
    """A sample is a path that prints as something else."""
    (row,) = Study(samples("card"), conditions="original", services=ink_service).run()
    assert ("card.png", None, samples("card")[0].sha256) == (row.image, row.error, row.image_hash)


def test_images_without_a_truth_are_read_and_said(folder):
    """They are rows without rates; where no image has a truth, that is no oversight and not said."""
    (folder / "page3.gt.txt").unlink()
    study = Study(folder, conditions="original", services=ink_service)
    tracker = study.run()
    row = next(row for row in tracker if row.image == "page3.png")
    assert ("w13h9", None, None) == (row.text, row.cer, row.error)
    assert ["1 of 6 images have no ground truth and stand in no rate: page3.png."] == study.notes
    assert (6, 5) == tuple(tracker.summary().loc[0, ["images", "with_truth"]])
    for file in folder.glob("*.gt.txt"):
        file.unlink()
    silent = Study(folder, conditions="original", services=ink_service)
    assert silent.run().summary()["cer_micro"].isna().all()
    assert [] == silent.notes


def test_empty_truths_and_truths_longer_than_the_page_are_counted(folder):
    """What was read on an empty page is infinitely wrong; of a long truth nearly all is missing."""
    (folder / "page0.gt.txt").write_text("")
    (folder / "page1.gt.txt").write_text("w11h9 " + "and so on " * 500)
    first, second = list(Study(folder, conditions="original", services=ink_service).run())[:2]
    assert ("", "w10h9") == (first.ground_truth, first.text)
    assert math.isinf(first.cer)
    assert 0.99 < second.cer < 1.0


def test_truths_without_an_image_are_said(folder):
    """In a folder, each NAME.gt.txt without NAME."""
    (folder / "lost.gt.txt").write_text("x")
    assert ["1 ground truths have no image and are not used: lost."] == Study(folder).notes


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda place: Study(place / "none*.png"), "No image matches"),
        (lambda place: Study(place / "empty"), "has no image"),
        (lambda place: Study(pd.DataFrame({"file": []})), "has no column image"),
        (lambda place: Study(place, conditions="upsampeld"), "There is no condition 'upsampeld'"),
        (lambda place: Study(place, services=[]), "No service was given"),
        (lambda place: Study(place, services="rapidorc").run(), "There is no service 'rapidorc'"),
        (lambda place: Study(place, settings={"langauge": "German"}), "langauge"),
        (lambda place: Study(place, settings={"upsampling": True}), "name the condition make_upsampling"),
        (lambda place: Study(place, x_heights=[0]), "a positive number of pixels"),
        (lambda place: Study(place, normalization="lax"), "There is no normalization 'lax'"),
        (lambda place: Study(place, services=ink_service).run("cluster"), "executor cannot be 'cluster'"),
        (lambda place: Study(place, place / "twice.csv"), "has two ground truths for a.png"),
    ],
)
def test_what_cannot_be_studied_is_said_at_once(folder, make, message):
    """Before anything is read."""
    (folder / "empty").mkdir()
    (folder / "twice.csv").write_text("image,text\na.png,1\na.png,2\n")
    with pytest.raises(SettingsError, match=message):
        make(folder)


def test_a_sweep_shrinks_sharp_images_to_each_x_height(tmp_path, draw_text):
    """The variant names it, the hash stays that of the file, and what is too small already is left out."""
    path = tmp_path / "page.png"
    gray = draw_text("moan various sax zoom\nnervous runner", size=48)
    Image.fromarray((gray * 255).astype(np.uint8)).save(path)
    study = Study.sweep(path, "truth", (8, 12, 200), conditions="original", services=ink_service)
    first, second = study.run()
    assert ("x-height 8 px", 8.0, "x-height 12 px") == (first.variant, first.x_height_px, second.variant)
    assert load_picture(path).hash == first.image_hash == second.image_hash
    assert 1.0 == first.factor
    assert 1.5 == pytest.approx(second.width / first.width, abs=0.02)
    assert study.notes[0].endswith("too small to be shrunk to 200 px.")


def test_images_at_addresses_that_fsspec_knows(folder, log):
    """In its memory file system, with their truths; read again only when something is missing."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for file in folder.iterdir():
        system.pipe(f"/pages/{file.name}", file.read_bytes())
    tracker = Study("memory://pages", conditions="original", services=ink_service).run()
    local = Study(folder, conditions="original", services=ink_service).run()
    pd.testing.assert_frame_equal(comparable(local), comparable(tracker))
    some = Study("memory://pages/page[01].png", conditions="original", services=ink_service)
    assert 2 == len(some.subjects)
    assert "w10h9" == some.subjects[0].find_truth()
    also = Study(f"file://{folder}", conditions="original", services=ink_service).run()
    pd.testing.assert_frame_equal(comparable(local), comparable(also))
    with pytest.raises(SettingsError, match="memory://nowhere"):
        Study("memory://nowhere/x*", services=ink_service)
    with pytest.raises(SettingsError, match=r"needs fsspec .*pip install 'ocr_nb\[remote\]'"):
        Study("carrier-pigeon://pages", services=ink_service)


def test_a_row_of_a_study_is_that_of_a_comparison(folder):
    """The two doors measure alike."""
    from ocr_nb.study import compare

    service = ink_service()
    rows = compare(sorted(folder.glob("*.png")), conditions=CONDITIONS, service=service)
    tracker = Study(folder, conditions=CONDITIONS, services=service).run()
    blanked = dict.fromkeys(VOLATILE)
    assert [dataclasses.replace(row, **blanked) for row in rows] == [
        dataclasses.replace(row, **blanked) for row in tracker
    ]


def test_subjects_of_a_table_are_those_of_when_it_was_given(folder):
    """Made one by one when they are asked for, from a copy: the table is its owner's."""
    table = pd.DataFrame(
        {
            "image": [str(folder / "page0.png"), str(folder / "page1.png")],
            "ground_truth": ["w10h9", None],
            "group": [None, "book"],
            "variant": ["sharp", float("nan")],
        }
    )
    subjects = Study(table, conditions="original", services=ink_service).subjects
    table.loc[:, "image"] = "elsewhere.png"
    told = [(one.name, one.find_truth(), one.group, one.variant) for one in subjects]
    assert [("page0.png", "w10h9", "page0", "sharp"), ("page1.png", None, "book", None)] == told
    assert ["page1.png"] == [one.name for one in subjects[1:]]
    assert "page1.png" == subjects[-1].name


@pytest.mark.parametrize("conditions", ["original", "upsampled:x2,contrast,binarize+deskew,make_upsampling"])
def test_a_service_that_attends_gives_the_rows_of_its_queue(folder, conditions, monkeypatch):
    """The same calls, warnings and texts, by a shorter way; errors say the same."""
    (folder / "page3.png").write_bytes(b"no picture")
    direct = comparable(Study(folder, conditions=conditions, services=ink_service).run())
    monkeypatch.setattr(LocalService, "attends", False)
    queued = comparable(Study(folder, conditions=conditions, services=ink_service).run())
    pd.testing.assert_frame_equal(queued, direct)
    assert 0 < direct["calls"].max()
