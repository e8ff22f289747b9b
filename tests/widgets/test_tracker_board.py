"""`TrackerBoard` without a browser: rows, filters, the answer, and following a tracker."""

import asyncio
import gc
import json
import math
import threading
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import traitlets

from ocr_nb import AccuracyTracker, TrackerBoard, loop
from ocr_nb.errors import SettingsError
from ocr_nb.images import encode_png, from_array, load_picture
from ocr_nb.tracker.pairs import filter_pairs, pair_trials, sort_pairs
from ocr_nb.widgets.board_rows import FIELDS
from trials import trial

UPSAMPLED = "upsampled:x2"
CASES = json.loads((Path(__file__).parents[1] / "data" / "board_cases.json").read_text(encoding="utf-8"))


def tracker():
    """Make a tracker of one image that was helped, one that was hurt, one that failed and one alone."""
    return AccuracyTracker(
        [
            trial("a.png", "original", "abcdefghix", x_height_px=6.0),
            trial("a.png", UPSAMPLED, "abcdefghij", x_height_px=6.0),
            trial("b.png", "original", "abcdefghij", x_height_px=9.0),
            trial("b.png", UPSAMPLED, "abcdefgh", x_height_px=9.0),
            trial("c.png", "original", "x"),
            trial("d.png", UPSAMPLED, None, error="The service was unreachable."),
        ]
    )


class Ear:
    """Stands for the browser: hears what is sent, from whichever thread."""

    def __init__(self, board):
        self.heard = []
        self.news = threading.Event()
        board.send = self.hear

    def hear(self, content, buffers=()):
        """Keep a message."""
        self.heard.append((content, [bytes(one) for one in buffers]))
        self.news.set()

    def wait_for(self, kind):
        """Wait for a message of that kind and return it."""
        while not (found := [message for message in self.heard if message[0]["kind"] == kind]):
            assert self.news.wait(20.0), f"no {kind} came"
            self.news.clear()
        return found[-1]


def test_regressions_come_first_and_everything_has_an_outcome():
    """A baseline without a partner and a failure are rows too."""
    board = TrackerBoard(tracker())
    assert [("b.png", "hurt"), ("d.png", "failed"), ("a.png", "helped"), ("c.png", "not compared")] == list(
        zip(board.frame["image"], board.frame["outcome"], strict=True)
    )
    assert board.frame["change"].iloc[0] == pytest.approx(0.2)
    assert board.verdict.startswith("Upsampling ×2 gives more errors here: CER rises from 5.0 % to 10.0 %")


def test_the_frame_is_what_the_filters_leave():
    """Set by code or by hand alike; cleared at once."""
    board = TrackerBoard(tracker())
    assert ["a.png"] == list(board.filter(outcome="helped").frame["image"])
    assert ["b.png"] == list(board.filter(outcome="", x_height=(8, None)).frame["image"])
    assert [] == list(board.filter(search="A.png").frame["image"])
    board.clear_filters().sort_by = "image"
    assert ["a.png", "b.png", "c.png", "d.png"] == list(board.frame["image"])
    assert isinstance(board.frame, pd.DataFrame)
    with pytest.raises(
        traitlets.TraitError, match="TrackerBoard knows no outcome 'hrt': did you mean 'hurt'"
    ):
        board.outcome = "hrt"
    with pytest.raises(traitlets.TraitError, match="cannot sort by 'imag': did you mean 'image'"):
        board.sort_by = "imag"
    with pytest.raises(TypeError, match="TrackerBoard has no 'sort': did you mean 'sort_by'"):
        TrackerBoard(tracker(), sort="image")
    with pytest.raises(SettingsError, match="TrackerBoard shows an AccuracyTracker, not a list"):
        TrackerBoard([])


@pytest.mark.parametrize("case", CASES["cases"], ids=str)
def test_rows_are_filtered_and_sorted_as_the_browser_does_it(case):
    """The same cases run in Node."""
    pairs = pd.DataFrame(CASES["rows"], columns=FIELDS)
    for name in ("cer_before", "cer_after", "change", "x_height_px"):
        pairs[name] = pairs[name].map(lambda value: math.inf if value == "∞" else value).astype("float64")
    for name in ("image", "variant", "group", "condition", "reader", "outcome", "error"):
        pairs[name] = pairs[name].astype("string")
    wanted = {
        name: tuple(value) if isinstance(value, list) else value for name, value in case["filter"].items()
    }
    found = sort_pairs(filter_pairs(pairs, **wanted), case["sort_by"], descending=case["descending"])
    assert case["images"] == list(found["image"])


def test_readers_are_not_mixed():
    """Each has its own baseline, and its own sentence."""
    other = tracker()
    other.extend(
        trial("a.png", condition, text, engine="tesseract", engine_version="5.5")
        for condition, text in (("original", "abcdefghij"), (UPSAMPLED, "abcdefghij"))
    )
    board = TrackerBoard(other)
    outcomes = {(row.image, row.reader): row.outcome for row in board.frame.itertuples()}
    assert ("helped", "same") == (outcomes["a.png", "rapidocr 3.10"], outcomes["a.png", "tesseract 5.5"])
    lines = board.verdict.splitlines()
    assert [True, True] == [
        line.startswith(f"With {name}:")
        for line, name in zip(lines, ("rapidocr 3.10", "tesseract 5.5"), strict=True)
    ]


def test_it_follows_the_tracker_from_any_thread():
    """Only what is new is sent; the sentence is made anew."""
    followed = tracker()
    board = TrackerBoard(followed)
    was = board.verdict
    ear = Ear(board)
    adding = threading.Thread(target=followed.add, args=(trial("c.png", UPSAMPLED, "abcdefghij"),))
    adding.start()
    adding.join()
    rows, _ = ear.wait_for("rows")
    assert [("c.png", "helped")] == [(row[1], row[6]) for row in rows["rows"]]
    gone, _ = ear.wait_for("gone")
    assert 1 == len(gone["ids"])
    settle()
    assert board.verdict != was
    assert "" == board.problem


@pytest.fixture(autouse=True)
def under_way():
    """What runs on the worker loop already, left there by other tests."""
    global _before
    _before = loop.run(tasks()).result(20.0)


async def tasks():
    """Return what runs on this loop, but for the caller."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def settle():
    """Let what was started by this test on worker threads end."""

    async def wait():
        await asyncio.gather(*(await tasks() - _before), return_exceptions=True)

    loop.run(wait()).result(20.0)


def test_an_empty_tracker_says_what_to_do_and_fills():
    """No row, no error; then the first."""
    empty = AccuracyTracker()
    board = TrackerBoard(empty)
    assert "No trials yet. tracker.add(trial) puts one here." == board.verdict
    assert 0 == len(board.frame)
    empty.add(trial("a.png", "original", "abcdefghix"))
    board.refresh()
    assert "There is only the baseline, original, so far: nothing to compare with." == board.verdict
    assert ["not compared"] == list(board.frame["outcome"])


def test_a_chosen_row_brings_both_trials_with_their_texts():
    """By a click or by code; what a callback raises is seen."""
    board = TrackerBoard(tracker())
    seen = []

    @board.on_select
    def note(chosen):
        seen.append(
            (chosen.row["image"], chosen.before and chosen.before.text, chosen.after and chosen.after.text)
        )
        if chosen.row["image"] == "d.png":
            raise RuntimeError("no picture")

    board.select("a.png")
    rows = Ear(board)
    board._handle_custom_msg({"kind": "send rows"}, [])
    number = next(row[0] for row in rows.heard[0][0]["rows"] if row[1] == "c.png")
    board._handle_custom_msg({"kind": "select", "id": number}, [])
    assert [("a.png", "abcdefghix", "abcdefghij"), ("c.png", "x", None)] == seen
    board.select("d.png", UPSAMPLED)
    assert "RuntimeError: no picture" == board.problem
    with pytest.raises(SettingsError, match=r"No row is about 'e.png': see the names in board\.frame"):
        board.select("e.png")


def test_thumbnails_go_to_the_browser_only():
    """Small, on request, and in no state and no saved table."""
    picture = from_array(np.random.default_rng(0).random((300, 400), dtype=np.float32))
    board = TrackerBoard(tracker(), pictures={("a.png", "original"): picture, ("a.png", UPSAMPLED): picture})
    ear = Ear(board)
    board._handle_custom_msg({"kind": "send rows"}, [])
    rows = {row[1]: row[0] for row in ear.heard[0][0]["rows"]}
    assert ear.heard[0][0]["pictured"]
    board._handle_custom_msg({"kind": "send thumbnails", "ids": [rows["a.png"]]}, [])
    about, buffers = ear.wait_for("thumbnails")
    assert (rows["a.png"], 2) == (about["id"], len(buffers))
    assert load_picture(buffers[0]).width <= 112
    assert not any(isinstance(value, bytes | memoryview) for value in board.get_state().values())
    assert "data:image" not in board.still_html()


def test_the_report_is_written_and_its_place_is_told(tmp_path, monkeypatch):
    """The view is told where; the file can come to the browser in pieces."""
    monkeypatch.chdir(tmp_path)
    board = TrackerBoard(tracker())
    ear = Ear(board)
    board._handle_custom_msg({"kind": "report"}, [])
    about, _ = ear.wait_for("reported")
    written = tmp_path / "ocr_report.html"
    assert (str(written), written.stat().st_size) == (about["path"], about["bytes"])
    board._handle_custom_msg({"kind": "send report"}, [])
    about, (data,) = ear.wait_for("piece")
    assert written.read_bytes() == data
    empty = TrackerBoard(AccuracyTracker())
    ear = Ear(empty)
    empty._handle_custom_msg({"kind": "report"}, [])
    settle()
    assert "SettingsError: There are no trials to report: add some first." == empty.problem


def test_the_saved_notebook_keeps_a_plain_table(capture_display):
    """Escaped; the first rows, and how many more there are."""
    many = AccuracyTracker(
        trial(f"<{number:02}>", condition, text)
        for number in range(30)
        for condition, text in (("original", "abcdefghix"), (UPSAMPLED, "abcdefghij"))
    )
    board = TrackerBoard(many)
    _, still = capture_display(board)
    table = still["text/html"]
    assert 21 == table.count("<tr>")
    assert "&lt;00&gt;" in table
    assert "and 10 more rows" in table
    assert "<td>10.0 %</td><td>0.0 %</td><td>−10.0</td><td>✓ helped</td>" in table
    (only,) = capture_display(TrackerBoard(many, keep_table=False))
    assert "text/html" not in only


def test_five_thousand_rows_travel_in_few_messages():
    """A thousand rows each, as short lists."""
    many = AccuracyTracker(
        trial(f"{number}.png", condition, text)
        for number in range(2500)
        for condition, text in (("original", "abcdefghix"), (UPSAMPLED, "abcdefghij"))
    )
    board = TrackerBoard(many)
    ear = Ear(board)
    board._handle_custom_msg({"kind": "send rows"}, [])
    assert [1000, 1000, 500] == [len(content["rows"]) for content, _ in ear.heard]
    assert 2500 == len(pair_trials(many.store, "original"))


def test_closed_boards_are_freed_and_follow_no_more():
    """Twenty with pictures of ten megabytes; the tracker lives on and tells nobody."""
    followed = tracker()
    body = encode_png(np.zeros((4, 4), np.uint8))
    left = []
    for number in range(20):
        picture = load_picture(body + bytes([number]) * 10_000_000)
        board = TrackerBoard(followed, pictures={("a.png", "original"): picture})
        left += [weakref.ref(board), weakref.ref(picture)]
        board.close()
    del board, picture
    gc.collect()
    assert [] == [one for one in left if one() is not None]
    assert followed.add(trial("z.png", "original", "x"))
    assert [] == followed.store._listeners
