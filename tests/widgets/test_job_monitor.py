"""`JobMonitor` without a browser: what it tells, in which words, and what it does when asked."""

import asyncio
import gc
import json
import threading
import weakref

import numpy as np
import pytest

from doubles import NeverFinishes, wait_for
from ocr_nb import JobMonitor, gather, pipeline, recognize, samples, upsample
from ocr_nb.credentials import Credentials
from ocr_nb.errors import SettingsError
from ocr_nb.images import from_array, load_picture
from ocr_nb.jobs import Job, compute
from ocr_nb.polling import Polling
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.protocol import TaskId, TaskReport, TaskStatus
from ocr_nb.service.scripted import ScriptedService
from ocr_nb.settings import Settings
from ocr_nb.widgets import job_monitor
from ocr_nb.widgets.job_rows import THUMBNAIL

SMALL = from_array(np.linspace(0, 1, 300 * 80, dtype=np.float32).reshape(80, 300), name="small.png")
SOON = Polling(first_wait=0.01, longest_wait=0.02, patience=30.0)
IMPATIENT = Polling(first_wait=0.01, longest_wait=0.02, patience=0.05)
FAILED = TaskReport(TaskId(""), TaskStatus.FAILED, messages=("No text was found.",))


class Wire:
    """Stands for the browser: keeps the rows as they were told, and how often."""

    def __init__(self, monitor):
        self.monitor = monitor
        self.rows, self.messages, self.pictures, self.other = {}, [], {}, []
        monitor.send = self.take

    def take(self, content, buffers=()):
        """Do what the view does with a message."""
        self.messages.append(content)
        if content["kind"] == "rows":
            self.rows.update({row["id"]: row for row in content["rows"]})
        elif content["kind"] == "gone":
            for number in content["ids"]:
                self.rows.pop(number)
        elif content["kind"] == "thumbnail":
            self.pictures[content["id"]] = bytes(buffers[0])
        else:
            self.other.append(content)

    def ask(self, **message):
        """Deliver a message from a view as ipywidgets does."""
        self.monitor._handle_custom_msg(message, [])

    def state(self, number=0):
        """Return what the view shows as the state of a row."""
        return self.rows.get(number, {}).get("state")


@pytest.fixture
def monitor():
    """A monitor that is closed afterwards."""
    made = JobMonitor()
    yield made
    made.close()


@pytest.fixture
def wire(monitor):
    """Its only view."""
    return Wire(monitor)


def waiting_job(label="waits"):
    """A job that ends when `go` is set."""
    go = threading.Event()
    return compute(lambda: go.wait(30), label=label), go


def ask_scripted(*answers, polling=SOON):
    """A recognition by a service that plays `answers`."""
    return recognize(SMALL, service=ScriptedService(answers), polling=polling)


def test_a_job_is_handed_back_and_kept_in_order(monitor):
    """`watch` can be put around a call; `jobs` has them as they came."""
    first, go = waiting_job("first")
    second = compute(lambda: 2, label="second")
    assert first is monitor.watch(first)
    monitor.watch(second)
    assert (first, second) == monitor.jobs
    go.set()


def test_only_jobs_are_watched(monitor):
    """A result in place of a job is refused with what to do."""
    with pytest.raises(TypeError, match=r"watches jobs, not a Picture: drop \.result\(\)"):
        monitor.watch(SMALL)


def test_what_a_job_does_is_told_while_the_cell_blocks(monitor, wire):
    """Nobody waits, nobody asks: the message comes from the background thread."""
    job, go = waiting_job()
    monitor.watch(job)
    assert wait_for(lambda: wire.state() == "running")
    go.set()
    assert wait_for(lambda: wire.state() == "done")
    row = wire.rows[0]
    assert ("waits", "", False, "") == (row["what"], row["error"], row["running"], row["again"])


@pytest.mark.parametrize(
    ("answers", "polling", "state", "said", "again"),
    [
        ((FAILED,), SOON, "failed", "recognize small.png failed: No text was found.", "Retry"),
        ((TaskStatus.PROCESSING,), IMPATIENT, "timed out", "was not finished after 0.05 s", "Ask again"),
        ((TaskStatus.PENDING, TaskStatus.CANCELLED), SOON, "cancelled", "cancelled at the service", "Retry"),
    ],
)
def test_every_end_has_its_word_and_its_sentence(monitor, wire, answers, polling, state, said, again):
    """Failed, timed out, cancelled elsewhere: each with what can be done."""
    monitor.watch(ask_scripted(*answers, polling=polling))
    assert wait_for(lambda: wire.state() == state), wire.rows
    assert said in wire.rows[0]["error"]
    assert again == wire.rows[0]["again"]


def test_a_result_that_is_gone_has_expired(monitor, wire, monkeypatch):
    """The service does not know the task any more."""
    monkeypatch.setattr("ocr_nb.watching.UNKNOWN_GRACE", 0.0)
    monitor.watch(ask_scripted(TaskStatus.UNKNOWN))
    assert wait_for(lambda: wire.state() == "expired")
    assert "submit it again" in wire.rows[0]["error"]


def test_a_task_goes_through_its_states_with_a_short_id(monitor, wire):
    """Queued, running, done; of the id the first eight digits."""
    seen = []
    take = wire.take

    def note(content, buffers=()):
        take(content, buffers)
        seen.append(wire.state())

    monitor.send = note
    slow = Polling(first_wait=0.3, longest_wait=0.3, patience=30.0)
    script = (TaskStatus.PENDING, TaskStatus.PROCESSING, TaskReport(TaskId(""), TaskStatus.FAILED))
    monitor.watch(ask_scripted(*script, polling=slow))
    assert wait_for(lambda: wire.state() == "failed")
    assert ["queued", "running", "failed"] == [
        state for state in dict.fromkeys(seen) if state not in {None, "waiting"}
    ]
    assert "00000000" == wire.rows[0]["task"]
    assert 4 == wire.rows[0]["calls"]


def test_cancel_is_seen_at_once_and_told_to_the_service(monitor, wire):
    """From code by place, from a view by the row's own number."""
    service = NeverFinishes()
    monitor.watch(recognize(SMALL, service=service))
    monitor.watch(recognize(SMALL, service=service))
    assert wait_for(lambda: len(service.submitted) == 2)
    assert monitor.cancel(0)
    wire.ask(kind="cancel", id=1)
    assert wait_for(lambda: (wire.state(0), wire.state(1)) == ("cancelled", "cancelled"))
    assert 2 == len(service.cancelled)
    assert not monitor.cancel(0)


def test_cancel_all_leaves_nothing_running(monitor, wire):
    """Those that had ended are not touched."""
    done = compute(lambda: 1, label="done")
    done.result()
    for job in (done, recognize(SMALL, service=NeverFinishes()), recognize(SMALL, service=NeverFinishes())):
        monitor.watch(job)
    assert 2 == monitor.cancel_all()
    assert wait_for(lambda: "1 done, 2 cancelled" == monitor.summary)


def test_a_retried_job_takes_the_place_of_the_first(monitor, wire):
    """The line stays, says that it is the second attempt, and the second succeeds."""
    outcomes = [ValueError("a bad day"), "good"]

    def work():
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monitor.watch(compute(work, label="work"), retry=lambda: compute(work, label="work"))
    assert wait_for(lambda: wire.state() == "failed")
    assert "ValueError: a bad day" == wire.rows[0]["error"]
    again = monitor.retry(0)
    assert (again,) == monitor.jobs
    assert "good" == again.result()
    assert wait_for(lambda: wire.state() == "done")
    assert (2, "") == (wire.rows[0]["attempt"], wire.rows[0]["error"])


def test_what_was_asked_of_a_service_can_be_retried_unprepared(monitor, wire):
    """The verbs know how they asked; a view's click does it."""
    service = ScriptedService([FAILED, TaskStatus.PENDING])
    service.polling = SOON
    monitor.watch(upsample(SMALL, service=service))
    assert wait_for(lambda: wire.state() == "failed")
    wire.ask(kind="retry", id=0)
    assert wait_for(lambda: len(service.requests) == 2)
    assert service.requests[0].data == service.requests[1].data
    assert "" == monitor.problem


def test_asking_again_after_a_time_out_costs_no_second_task(monitor, wire):
    """Patience ended, the task did not: the same one is asked for."""
    service = ScriptedService([TaskStatus.PROCESSING])
    monitor.watch(recognize(SMALL, service=service, polling=IMPATIENT))
    assert wait_for(lambda: wire.state() == "timed out")
    first = monitor.jobs[0].task_id
    again = monitor.retry(0)
    assert wait_for(lambda: again.task_id == first)
    assert 1 == len(service.requests)
    again.cancel()


def test_what_runs_or_succeeded_is_not_retried(monitor, wire):
    """Nothing is paid for twice by a stray click; the view says why."""
    job, go = waiting_job()
    monitor.watch(job, retry=lambda: job)
    with pytest.raises(SettingsError, match="waits is running: only what did not succeed"):
        monitor.retry(0)
    go.set()
    job.result()
    wire.ask(kind="retry", id=0)
    assert "SettingsError: waits is done: only what did not succeed is done once more." == monitor.problem


def test_a_job_of_unknown_making_says_so(monitor):
    """Without `retry` a computation cannot be made anew."""

    def fail():
        raise ValueError("no")

    job = monitor.watch(compute(fail, label="lost"))
    assert wait_for(job.done)
    with pytest.raises(SettingsError, match=r"Nobody knows how lost was made: give watch\(…, retry=…\)"):
        monitor.retry(0)


@pytest.fixture
def due(monkeypatch):
    """What the monitor means to do in a moment, kept for the test to do."""
    kept = []
    monkeypatch.setattr(job_monitor, "_later", lambda monitor, seconds, do: kept.append((seconds, do)))
    return kept


def test_many_changes_travel_in_one_message(monitor, wire, due):
    """500 jobs tell 20 000 times what they do; after the pause one message has their last word."""
    jobs = [Job(lambda job: asyncio.sleep(3600), label=f"job {number}") for number in range(500)]
    for job in jobs:
        monitor.watch(job)
    for done in range(40):
        for job in jobs:
            job.advance(done + 1, 40)
    assert [(job_monitor.PAUSE, JobMonitor._flush)] == due
    assert [] == wire.messages
    monitor._flush()
    (told,) = wire.messages
    assert list(range(500)) == sorted(row["id"] for row in told["rows"])
    assert all(row["progress"] == [40, 40] for row in told["rows"])
    monitor.cancel_all()


def test_what_has_not_changed_is_not_told_again(monitor, wire, due):
    """Time ticks in the browser: a job that waits causes no traffic, only a look now and then."""
    job, go = waiting_job()
    monitor.watch(job)
    monitor._flush()
    assert 1 == len(wire.messages)
    for _ in range(50):
        job.tell()
        monitor._flush()
        monitor._look_around()
    assert 1 == len(wire.messages)
    job.count_call()  # told to nobody
    monitor._look_around()
    assert 1 == wire.rows[0]["calls"]
    go.set()


def test_with_nothing_running_nobody_looks_around(monitor, wire, due):
    """A finished list costs nothing."""
    job = compute(lambda: 1, label="done")
    job.result()
    monitor.watch(job)
    monitor._flush()
    assert {job_monitor.PAUSE} == {seconds for seconds, _ in due}


def test_gathered_jobs_show_their_parts(monitor, wire):
    """How many have ended, and the one under way."""
    first = compute(lambda: 1, label="first part")
    second, go = waiting_job("second part")
    monitor.watch(gather([first, second]))
    assert wait_for(lambda: wire.rows.get(0, {}).get("progress") == [1, 2])
    assert ("2 jobs", "second part") == (wire.rows[0]["what"], wire.rows[0]["now"])
    go.set()
    assert wait_for(lambda: wire.state() == "done")
    assert "" == wire.rows[0]["now"]


def test_a_pipeline_shows_its_steps(monitor, wire):
    """Each step counts, and the image sent first is its thumbnail."""
    job = monitor.watch(pipeline("binarize", lambda picture: picture)(SMALL))
    job.result()
    assert wait_for(lambda: wire.state() == "done")
    assert [2, 2] == wire.rows[0]["progress"]
    assert wire.rows[0]["pictured"]


def test_a_new_view_is_told_everything(monitor, wire):
    """In few messages, however many rows."""
    for number in range(1200):
        monitor.watch(compute(lambda: None, label=f"job {number}"))
    assert wait_for(lambda: all(job.done() for job in monitor.jobs), 30)
    late = Wire(monitor)
    late.ask(kind="send rows")
    told = [one for one in late.messages if "count" in one]
    assert [500, 500, 200] == [len(one["rows"]) for one in told]
    assert {1200} == {one["count"] for one in told}


def test_an_empty_monitor_says_so_to_a_new_view(monitor, wire):
    """Otherwise the view would wait for ever."""
    wire.ask(kind="send rows")
    assert [{"kind": "rows", "rows": [], "count": 0}] == wire.messages
    assert "JobMonitor(no tasks)" == repr(monitor)


def test_finished_jobs_are_cleared_and_the_others_stay(monitor, wire):
    """The rows keep their numbers; `jobs` closes the gap."""
    done = compute(lambda: 1, label="done")
    running, go = waiting_job()
    monitor.watch(done)
    monitor.watch(running)
    done.result()
    assert wait_for(lambda: wire.state(0) == "done")
    assert wait_for(lambda: wire.state(1) == "running")
    wire.ask(kind="clear finished")
    assert [1] == list(wire.rows)
    assert (running,) == monitor.jobs
    assert 0 == monitor.clear_finished()
    go.set()


def test_thumbnails_are_small_and_come_when_asked_for(monitor, wire):
    """Of the picture given, or of what is sent; never unasked, never in state."""
    job = monitor.watch(upsample(samples("card")[0]))
    running, go = waiting_job()
    monitor.watch(running, thumbnail=SMALL)
    job.result()
    assert wait_for(lambda: wire.state(0) == "done")
    assert {} == wire.pictures
    wire.ask(kind="send thumbnails", ids=[0, 1, 7])
    assert wait_for(lambda: len(wire.pictures) == 2)
    for data in wire.pictures.values():
        picture = load_picture(data)
        assert picture.width <= THUMBNAIL[0]
        assert picture.height <= THUMBNAIL[1]
    go.set()


def test_no_row_and_no_pixel_is_in_synced_state(monitor, wire):
    """What a notebook saves of the widget names no file."""
    job = monitor.watch(upsample(samples("card")[0]), thumbnail=SMALL)
    job.result()
    wire.ask(kind="send thumbnails", ids=[0])
    assert wait_for(lambda: wire.pictures)
    state = monitor.get_state()
    state.pop("_esm"), state.pop("_css")
    saved = json.dumps(state, default=str)
    assert "card" not in saved
    assert len(saved) < 2000


def test_there_is_no_curl_command_for_what_was_computed_here(monitor, wire):
    """The button is not offered, and code is told why."""
    monitor.watch(upsample(SMALL)).result()
    assert wait_for(lambda: wire.state() == "done")
    assert wire.rows[0]["curl"] is False
    with pytest.raises(SettingsError, match="not sent to a service"):
        monitor.as_curl(0)


def test_what_was_sent_elsewhere_is_copied_as_curl(monitor, wire, tmp_path):
    """The command names the address and the image, and no token."""
    settings = Settings(home=tmp_path, base_url="http://127.0.0.1:9")
    service = CloudService(settings=settings, credentials=Credentials.of(access_token="canary-token"))
    monitor.watch(recognize(SMALL, service=service))
    assert wait_for(lambda: wire.rows.get(0, {}).get("curl")), wire.rows
    monitor.cancel_all()
    wire.ask(kind="copy", id=0)
    assert wait_for(lambda: wire.other)
    text = wire.other[0]["text"]
    assert "http://127.0.0.1:9" in text
    assert "canary" not in text
    assert "small.png" in text


def test_closed_monitors_are_freed_while_their_jobs_run():
    """A job that outlives its monitor does not keep it, nor its pictures."""
    job, go = waiting_job()
    gone = []
    for _ in range(20):
        monitor = JobMonitor()
        monitor.watch(job, thumbnail=from_array(np.zeros((300, 300, 3), np.float32)))
        gone.append(weakref.ref(monitor))
        monitor.close()
    del monitor
    assert wait_for(lambda: gc.collect() >= 0 and all(one() is None for one in gone))
    go.set()
    job.result()


def test_without_threads_a_change_is_told_at_once(monitor, wire, monkeypatch):
    """As in a browser's Python, where a job is done when it is returned."""
    job = compute(lambda: 1, label="done")
    job.result()
    monkeypatch.setattr(job_monitor, "can_start_threads", lambda: False)
    monitor.watch(job)
    assert "done" == wire.state()
