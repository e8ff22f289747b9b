"""A finished trial is on disk, stays as it was measured, and is never measured twice."""

import dataclasses
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from ocr_nb.errors import StoreError
from ocr_nb.store import COUNT_COLUMNS, TrialStore, identify
from trials import trial

HASH = "a" * 64


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.sqlite"


@pytest.fixture
def store(path):
    with TrialStore(path) as opened:
        yield opened


def failed(image="a.png", **more):
    """Make a row of an image that could not be read."""
    return dataclasses.replace(
        trial(image, "original", None, truth=None), error="It failed.", seconds=None, calls=None, **more
    )


def test_a_trial_comes_back_as_it_was(path):
    """Every field, also infinite rates, settings, several warnings and characters of any plane."""
    rich = trial(
        "ä b.png", "upsampled:x2", "e\u0301 𝒳\nline\x00", truth="", image_hash=HASH, group="doc",
        variant="x-height 6 px", settings={"language": "German", "upsampling": True}, confidence=0.25,
        width=10, height=20, factor=2.0, x_height_px=6.5, task_id="t", time="2026-01-02T03:04:05+00:00",
        warnings=("one\ntwo", "three"),
        word_boxes=((3, 0.125, 0.25, 0.5, 0.75),),
    )  # fmt: skip
    assert float("inf") == rich.cer
    with TrialStore(path) as store:
        assert store.add(rich)
    with TrialStore(path) as store:
        assert [rich] == list(store)
        assert rich == store.find(dataclasses.replace(rich, text=None, seconds=99.0))


def test_counts_stand_beside_the_texts(store):
    """Characters and words of the trial's own normalization; unknown without truth or after an error."""
    store.add(trial("a.png", "original", "one twO", truth="one two"))
    store.add(trial("b.png", "original", "one two", truth=None))
    store.add(failed("c.png"))
    counted, *others = store.columns(COUNT_COLUMNS)
    assert (6, 1, 0, 0, 1, 1, 0, 0) == counted
    assert [(None,) * 8] * 2 == others


IDENTITY = ("image_hash", "variant", "condition", "engine", "engine_version", "service", "settings")


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(trial("a", "original", "b"))])
def test_identity_is_exactly_the_seven_fields(name):
    """A changed setting is another trial; another file name, second or task id is not."""
    one = trial("a.png", "original", "text", image_hash=HASH)
    changed = {"settings": {"language": "German"}, "warnings": ("new",)}.get(name, "other")
    other = dataclasses.replace(one, **{name: changed})
    assert (name in IDENTITY) == (identify(one) != identify(other))


def test_default_settings_are_the_same_known_or_not():
    """A row that says “no setting differs” and one that says nothing are one trial."""
    one = trial("a.png", "original", "text", image_hash=HASH)
    assert identify(one) == identify(dataclasses.replace(one, settings={}))


def test_a_success_is_replaced_by_nothing(store):
    """Neither another success nor an error changes what was measured."""
    first = trial("a.png", "original", "abcdefghij", image_hash=HASH)
    assert store.add(first)
    assert not store.add(dataclasses.replace(first, text="other", seconds=5.0))
    assert not store.add(failed(image_hash=HASH))
    assert [first] == list(store)


def test_an_error_is_replaced_by_what_comes_later(store):
    """First by a newer error, then by a success, in its place among the rows."""
    store.add(failed(image_hash=HASH))
    store.add(trial("b.png", "original", "b", image_hash="b" * 64))
    assert store.add(failed(image_hash=HASH, warnings=("again",)))
    assert ("again",) == next(iter(store)).warnings
    assert store.add(trial("a.png", "original", "abc", image_hash=HASH))
    assert [("a.png", None), ("b.png", None)] == [(row.image, row.error) for row in store]


def test_an_image_that_can_be_opened_at_last_leaves_no_error_behind(store):
    """Its error row had no hash; the row of another condition stays."""
    store.extend([failed("a.png"), failed("b.png"), failed("a.png", condition="resized")])
    store.add(trial("a.png", "original", "abc", image_hash=HASH))
    assert [("b.png", "original"), ("a.png", "resized"), ("a.png", "original")] == [
        (row.image, row.condition) for row in store
    ]


def test_a_corrected_truth_keeps_the_reading(store):
    """Only what follows from the truth is counted anew, and only for the same reading."""
    store.add(trial("a.png", "original", "abc", truth="abd", image_hash=HASH, seconds=7.0))
    corrected = trial("a.png", "original", "abc", truth="abc", image_hash=HASH)
    assert store.correct_truth(corrected)
    assert not store.correct_truth(trial("a.png", "original", "xyz", truth="xyz", image_hash=HASH))
    (row,) = store
    assert ("abc", "abc", 0.0, 7.0) == (row.ground_truth, row.text, row.cer, row.seconds)
    assert [(3, 0)] == store.columns(["character_hits", "character_substitutions"])


def test_many_rows_come_in_order_a_page_at_a_time(store):
    """Also while rows are added."""
    assert 2500 == store.extend(trial(f"{number}.png", "original", "a") for number in range(2500))
    seen = [row.image for row in store]
    assert [f"{number}.png" for number in range(2500)] == seen
    assert 2500 == len(store)


def test_rows_are_chosen_by_condition(store):
    """And an unknown column is a mistake, not SQL."""
    store.extend(trial("a.png", name, "a") for name in ("original", "resized", "upsampled"))
    assert [("original",), ("upsampled",)] == store.columns(["condition"], ["upsampled", "original"])
    with pytest.raises(ValueError, match=r"A store has no column '1; DROP TABLE trial'\."):
        store.columns(["1; DROP TABLE trial"])


def test_half_a_surrogate_pair_becomes_a_replacement_character(store):
    """No text that an engine may return stops a study."""
    store.add(trial("a.png", "original", "ab\ud800c", truth=None))
    assert "ab\ufffdc" == next(iter(store)).text


def test_a_new_store_in_memory_is_empty():
    """And forgets with its object."""
    assert [] == list(TrialStore())


def test_a_store_from_a_newer_version_is_refused(path):
    """It is left as it is."""
    TrialStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match=r"written by a newer ocr_nb \(store version 7, this one knows 2\): upgrade ocr_nb"
    ):
        TrialStore(path)
    assert before == path.read_bytes()


def test_a_store_of_the_first_version_is_brought_up_to_date(path):
    """It had no boxes; its trials stay, and new ones have them."""
    boxes = ((3, 0.1, 0.2, 0.3, 0.4),)
    with TrialStore(path) as store:
        store.add(trial("a", "original", "abc"))
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE trial DROP COLUMN word_boxes")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with TrialStore(path) as store:
        store.add(trial("b", "original", "abc", word_boxes=boxes))
        assert [("a", ()), ("b", boxes)] == [(one.image, one.word_boxes) for one in store]


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    """A text, a database of others, and a file cut off in its first page."""
    text = tmp_path / "notes.txt"
    text.write_text("These are notes and no database.")
    with pytest.raises(StoreError, match=r"notes\.txt is no store of trials: choose another file\.$"):
        TrialStore(text)
    assert "These are notes and no database." == text.read_text()
    theirs = tmp_path / "theirs.sqlite"
    with sqlite3.connect(theirs) as connection:
        connection.execute("CREATE TABLE friends (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match=r"theirs\.sqlite is another program's database"):
        TrialStore(theirs)
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(b"SQLite format 3\x00" + b"\xff" * 60)
    with pytest.raises(StoreError, match=r"cut\.sqlite (is no store|is damaged|cannot be used)"):
        TrialStore(cut)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    """In one sentence with the path."""
    with pytest.raises(StoreError, match=r"study\.sqlite cannot be used .*: check that its folder exists"):
        TrialStore(tmp_path / "nowhere" / "study.sqlite")


def test_an_empty_file_becomes_a_store(path):
    """As `tempfile` makes them."""
    path.touch()
    with TrialStore(path) as store:
        assert store.add(trial("a.png", "original", "a"))


def test_a_full_disk_is_said_and_loses_nothing(path):
    """The trials before it are there, also for the next session; later ones go in when there is room."""
    with TrialStore(path) as store:
        store.extend(trial(f"{number}.png", "original", "a") for number in range(20))
        store._connection.execute("PRAGMA max_page_count = 1")  # no less than the file has: full from here on
        with pytest.raises(StoreError, match=r"The disk that holds .*study\.sqlite is full: free some space"):
            store.extend(trial(f"more {number}.png", "original", "x" * 5000) for number in range(20))
        assert 20 == len(store)
        store._connection.execute("PRAGMA max_page_count = 1000000")
        assert store.add(trial("after.png", "original", "a"))
    with TrialStore(path) as store:
        assert 21 == len(store)


def test_a_damaged_store_is_said(path):
    """Pages overwritten in the middle are no trials."""
    with TrialStore(path) as store:
        store.extend(trial(f"{number}.png", "original", "x" * 900) for number in range(50))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(StoreError, match=r"study\.sqlite is damaged"), TrialStore(path) as store:
        list(store)


def test_threads_share_one_store(store):
    """Each row once, whoever wrote it first."""
    rows = [trial(f"{number}.png", "original", "a", image_hash=f"{number:064d}") for number in range(40)]
    threads = [threading.Thread(target=lambda: [store.add(row) for row in rows]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row.image for row in rows} == {row.image for row in store}
    assert 40 == len(store)


def write_rows(path, name, count):
    """Write `count` rows, half of them the same in every process."""
    with TrialStore(path) as store:
        for number in range(count):
            owner = name if number % 2 else "both"
            store.add(trial(f"{owner} {number}.png", "original", name, image_hash=f"{owner}{number}"))


def test_two_processes_write_one_store_from_its_making_on(path):
    """Nothing lost, nothing twice."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_rows, args=(path, name, 60)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [0, 0] == [writer.exitcode for writer in writers]
    with TrialStore(path) as store:
        images = [row.image for row in store]
    assert 90 == len(images) == len(set(images))


def test_a_killed_process_loses_no_trial_it_reported(path):
    """What it printed after `add` is in the store, and the store opens as ever."""
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from ocr_nb.store import TrialStore
        from trials import trial
        store = TrialStore({str(path)!r})
        for number in range(100000):
            store.add(trial(f"{{number}}.png", "original", "a"))
            print(number, flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    reported = -1
    for line in process.stdout:
        reported = int(line)
        if reported == 25:
            process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait(60)
    assert reported >= 25
    with TrialStore(path) as store:
        stored = [row.image for row in store]
    assert [f"{number}.png" for number in range(len(stored))] == stored
    assert len(stored) in {reported + 1, reported + 2}
