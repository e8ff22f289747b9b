"""Jobs: awaitable and blocking, cancellable, watched; waiting that has an end and takes its clock."""

import asyncio
import gc
import logging
import subprocess
import sys
import threading
import time
import weakref

import pytest

from doubles import NeverFinishes, wait_for
from ocr_nb.asking import ask, attach
from ocr_nb.errors import (
    ImageError,
    RateLimited,
    ServiceUnreachable,
    TaskCancelled,
    TaskFailed,
    TaskTimedOut,
    TaskUnknown,
)
from ocr_nb.jobs import Job, compute, gather, watch
from ocr_nb.polling import Polling
from ocr_nb.service.protocol import OcrRequest, Operation, ResultItem, ResultKind, TaskReport, TaskStatus
from ocr_nb.service.scripted import ScriptedService

REQUEST = OcrRequest(Operation.UPSAMPLE, b"data", name="small.png")
COMPLETED = TaskReport(
    "", TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, b"hello"),), warnings=("a note",)
)
FAILED = TaskReport("", TaskStatus.FAILED, messages=("The image is upside down.",))
QUICK = Polling(first_wait=0.01, growth=1.0, longest_wait=0.01, jitter=0.0, patience=10)
STEADY = Polling(first_wait=1.0, growth=2.0, longest_wait=4.0, jitter=0.0, patience=60)


async def prepare():
    """Hand out the request, of a tenth of a megapixel."""
    return REQUEST, 0.1


def text_of(report):
    """Return the first result as text."""
    return report.results[0].data.decode()


def start(service, polling=QUICK, **options):
    """Ask `service` for the text."""
    return ask(service, prepare, text_of, label="read small.png", polling=polling, **options)


# ---------------------------------------------------------------------- watching


async def test_watching_slows_down_and_stops_at_the_final_report(clock):
    """Waits grow between questions; no question follows a final answer."""
    service = ScriptedService([TaskStatus.PENDING, TaskStatus.PROCESSING, COMPLETED])
    task_id = await service.submit(REQUEST)

    watching = watch(service, task_id, STEADY, now=clock.now, sleep=clock.sleep)
    seen = [report.status async for report in watching]

    assert seen == [TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.COMPLETED]
    assert clock.slept == [1.0, 2.0, 4.0]


async def test_a_task_that_never_ends_times_out(clock):
    """Patience ends with an error that says the task may still finish; the last wait is cut to fit."""
    service = NeverFinishes()
    task_id = await service.submit(REQUEST)

    with pytest.raises(TaskTimedOut, match="was not finished after 60 s: it may still finish") as caught:
        async for _ in watch(service, task_id, STEADY, now=clock.now, sleep=clock.sleep):
            pass

    assert caught.value.task_id == task_id
    assert sum(clock.slept) == 60


async def test_too_many_requests_are_waited_out(clock):
    """After "too many" the next question comes when the service said, and the watch goes on."""
    service = ScriptedService([RateLimited("slow down", retry_after=30.0), COMPLETED])
    task_id = await service.submit(REQUEST)

    watching = watch(service, task_id, STEADY, now=clock.now, sleep=clock.sleep)
    seen = [report.status async for report in watching]

    assert seen == [TaskStatus.COMPLETED]
    assert clock.slept == [1.0, 30.0]


async def test_unknown_is_not_believed_in_the_first_moments(clock):
    """A queue may need a moment to show a task; later "unknown" is final."""
    service = ScriptedService([TaskStatus.UNKNOWN, COMPLETED])
    task_id = await service.submit(REQUEST)
    early = [r.status async for r in watch(service, task_id, STEADY, now=clock.now, sleep=clock.sleep)]

    late = Polling(first_wait=5.0, jitter=0.0)
    second = await service.submit(REQUEST)
    seen = [r.status async for r in watch(service, second, late, now=clock.now, sleep=clock.sleep)]

    assert early == [TaskStatus.COMPLETED]
    assert seen == [TaskStatus.UNKNOWN]


async def test_the_policy_learns_from_finished_tasks(clock):
    """It hears when the task was seen finished, and when it was last seen unfinished."""
    heard = []

    class Learns(Polling):
        def learn(self, operation, megapixels, seconds, *, not_before=0.0):
            heard.append((operation, megapixels, seconds, not_before))

    service = ScriptedService([TaskStatus.PENDING, TaskStatus.PENDING, COMPLETED])
    task_id = await service.submit(REQUEST)
    policy = Learns(first_wait=1.0, growth=2.0, jitter=0.0)
    options = {"operation": Operation.UPSAMPLE, "megapixels": 0.5, "now": clock.now, "sleep": clock.sleep}
    async for _ in watch(service, task_id, policy, **options):
        pass

    assert heard == [(Operation.UPSAMPLE, 0.5, 7.0, 3.0)]


# ---------------------------------------------------------------------- results


def test_a_job_gives_its_result_to_a_blocking_caller():
    """`result()` waits; calls, task id, report and warnings are there afterwards."""
    job = start(ScriptedService([TaskStatus.PENDING, COMPLETED]))

    assert job.result(10) == "hello"
    assert job.status is TaskStatus.COMPLETED
    assert job.calls == 3
    assert job.task_id == "00000000-0000-4000-8000-000000000001"
    assert job.report is not None
    assert job.report.status is TaskStatus.COMPLETED
    assert job.warnings == ("a note",)
    assert job.exception() is None
    assert 0 < job.elapsed < 10


async def test_a_job_gives_its_result_to_an_awaiting_caller():
    """`await` works inside a running event loop that is not the job's."""
    job = start(ScriptedService([TaskStatus.PENDING, COMPLETED]))

    assert await job == "hello"
    assert await job == "hello"


def test_a_failed_task_tells_why():
    """The service's message is in the error, with the task id; the status is failed."""
    job = start(ScriptedService([FAILED]))

    with pytest.raises(TaskFailed, match=r"read small\.png failed: The image is upside down\.") as caught:
        job.result(10)

    assert caught.value.messages == ("The image is upside down.",)
    assert caught.value.task_id == job.task_id
    assert job.status is TaskStatus.FAILED
    assert job.exception() is caught.value


def test_a_forgotten_task_is_unknown():
    """A result that has expired is an error of its own kind."""
    late = Polling(first_wait=0.01, jitter=0.0)
    service = ScriptedService([TaskStatus.UNKNOWN])
    job = start(service, polling=late)

    with pytest.raises(TaskUnknown, match="does not know the task"):
        job.result(20)
    assert job.status is TaskStatus.UNKNOWN


def test_a_refused_submission_is_the_jobs_error():
    """What `submit` raises comes out of `result()` unchanged."""
    job = start(ScriptedService([COMPLETED], refusals=[ServiceUnreachable("nobody there")]))

    with pytest.raises(ServiceUnreachable, match="nobody there"):
        job.result(10)
    assert job.calls == 1


def test_an_image_that_cannot_be_had_is_never_submitted():
    """When preparing fails, the service is not asked."""
    service = ScriptedService([COMPLETED])

    async def fail():
        raise ImageError("no such file")

    job = ask(service, fail, text_of, label="x")
    with pytest.raises(ImageError, match="no such file"):
        job.result(10)
    assert service.requests == []
    assert job.calls == 0


def test_waiting_may_end_before_the_job_does():
    """`result(timeout)` gives up with an error that says so; the job goes on and may be asked again."""
    release = threading.Event()
    job = compute(lambda: release.wait(10), label="slow thing")

    with pytest.raises(TaskTimedOut, match=r"slow thing was not finished after 0\.05 s: it goes on"):
        job.result(0.05)
    assert not job.done()
    release.set()
    assert job.result(10) is True


def test_a_job_cannot_wait_for_itself():
    """`result()` on the background thread would never return, so it is refused."""
    caught = []

    async def work(job):
        try:
            job.result()
        except RuntimeError as error:
            caught.append(str(error))

    Job(work, label="narcissus").result(10)

    assert caught == [
        "result() of 'narcissus' would wait on the thread that does the work: "
        "await the job there, or use add_done_callback."
    ]


def test_an_earlier_task_can_be_attached_to():
    """A job may wait for a task that another process submitted."""
    service = ScriptedService([TaskStatus.PENDING, COMPLETED])
    task_id = asyncio.run(service.submit(REQUEST))

    job = attach(service, task_id, text_of, label="resumed", polling=QUICK)

    assert job.result(10) == "hello"
    assert job.calls == 2


# ---------------------------------------------------------------------- once more


def test_a_failed_job_is_asked_for_again_as_a_new_task():
    """`repeat` gives a new job; the old one keeps its error."""
    service = ScriptedService([FAILED])
    job = start(service)
    assert isinstance(wait_for(job.done) and job.exception(), TaskFailed)
    again = job.repeat()
    assert wait_for(again.done)
    assert 2 == len(service.requests)
    assert again.task_id != job.task_id


def test_a_timed_out_job_asks_on_about_the_same_task():
    """The task may still finish: a second one would be paid for twice."""
    service = ScriptedService([TaskStatus.PROCESSING, TaskStatus.PROCESSING, COMPLETED])
    polling = Polling(first_wait=0.01, growth=1.0, longest_wait=10.0, jitter=0.0, patience=0.02)
    job = start(service, polling)
    assert isinstance(wait_for(job.done) and job.exception(), TaskTimedOut)
    again = job.repeat()
    assert wait_for(lambda: again.task_id is not None)
    assert (1, job.task_id) == (len(service.requests), again.task_id)
    again.cancel()


def test_a_job_that_can_be_repeated_is_freed_at_once():
    """It does not hold itself, nor its image."""
    job = start(ScriptedService([COMPLETED]))
    job.result(10)
    gone = weakref.ref(job)
    gc.disable()
    try:
        del job
        assert wait_for(lambda: gone() is None)
    finally:
        gc.enable()


def test_gathering_counts_its_parts():
    """`progress` is how many have ended, told after each; `children` are the jobs given."""
    seen = []
    is_watched = threading.Event()
    jobs = [compute(lambda: 1, label="one"), compute(lambda: is_watched.wait(10), label="two")]
    both = gather(jobs)
    both.on_progress(lambda job: seen.append(job.progress))
    is_watched.set()
    both.result(10)
    assert tuple(jobs) == both.children
    assert (2, 2) == both.progress
    assert wait_for(lambda: (2, 2) in seen)
    assert start(ScriptedService([COMPLETED])).progress is None


# ---------------------------------------------------------------------- cancelling


def test_cancelling_takes_the_task_back():
    """The service is told, the caller gets `TaskCancelled`, and cancelling again does nothing."""
    service = NeverFinishes()
    job = start(service)
    assert wait_for(lambda: service.fetched > 0)

    assert job.cancel() is True
    with pytest.raises(TaskCancelled, match=r"read small\.png was cancelled\."):
        job.result(10)

    assert service.cancelled == [job.task_id]
    assert job.status is TaskStatus.CANCELLED
    assert job.cancel() is False


def test_a_cancel_during_submission_waits_for_the_task_id():
    """A request on its way may have been accepted: the task is taken back once its id is known."""
    arrived, go = threading.Event(), threading.Event()

    class SlowToAnswer(NeverFinishes):
        async def submit(self, request):
            arrived.set()
            await asyncio.to_thread(go.wait, 10)
            return await super().submit(request)

    service = SlowToAnswer()
    job = start(service)
    assert arrived.wait(10)
    job.cancel()
    go.set()

    with pytest.raises(TaskCancelled):
        job.result(10)
    assert len(service.cancelled) == 1


async def test_giving_up_awaiting_cancels_the_job():
    """As for asyncio's own tasks: a cancelled waiter cancels what it waits for."""
    service = NeverFinishes()
    job = start(service)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(job, 0.1)

    assert await asyncio.to_thread(wait_for, lambda: service.cancelled == [job.task_id])


INTERRUPTED = """
import asyncio, os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from doubles import NeverFinishes
from ocr_nb.asking import ask
from ocr_nb.service.protocol import OcrRequest, Operation

async def prepare():
    return OcrRequest(Operation.UPSAMPLE, b""), 0.0

service = NeverFinishes()
job = ask(service, prepare, lambda report: None, label="endless")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background may ignore it
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    job.result()
except KeyboardInterrupt:
    print("interrupted", flush=True)
while not job.done():
    time.sleep(0.01)
print(job.status.value, len(service.cancelled), flush=True)
"""


def test_ctrl_c_while_waiting_cancels_the_job(request):
    """The caller gets `KeyboardInterrupt` at once, and the task is taken back."""
    tests = str(request.path.parent)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, tests], capture_output=True, text=True, timeout=30
    )

    assert (done.stdout, done.stderr) == ("interrupted\ncancelled 1\n", "")


INTERRUPTED_SCRIPT = """
import asyncio, os, signal, sys, threading
sys.path.insert(0, sys.argv[1])
from doubles import NeverFinishes
from ocr_nb.asking import ask
from ocr_nb.service.protocol import OcrRequest, Operation

class TakesItsTime(NeverFinishes):
    async def cancel(self, task_id):
        await asyncio.sleep(0.3)
        print("taken back", flush=True)

async def prepare():
    return OcrRequest(Operation.UPSAMPLE, b""), 0.0

job = ask(TakesItsTime(), prepare, lambda report: None, label="endless")
if sys.argv[2] == "interrupt":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    job.result()
while job.task_id is None:
    pass
"""


@pytest.mark.parametrize(("way", "written"), [("interrupt", "taken back\n"), ("leave", "")])
def test_an_interrupted_script_takes_its_task_back_before_it_ends(request, way, written):
    """Ctrl-C means nobody wants the result; a script that merely ends leaves its task to be resumed."""
    tests = str(request.path.parent)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_SCRIPT, tests, way], capture_output=True, text=True, timeout=30
    )

    assert done.stdout == written
    assert ("KeyboardInterrupt" in done.stderr) == (way == "interrupt")


# ---------------------------------------------------------------------- being watched


def test_progress_flows_while_the_main_thread_is_blocked():
    """Callbacks come from another thread during a blocking wait of this one."""
    seen: list[tuple[str, str]] = []
    service = ScriptedService([TaskStatus.PENDING, TaskStatus.PROCESSING, COMPLETED])
    job = start(
        service, on_progress=lambda job: seen.append((job.status.value, threading.current_thread().name))
    )
    threading.Event().wait(0.5)

    assert job.done()
    # The last report and the end of the job are two changes; the result is being made in between.
    assert [status for status, _ in seen] == ["pending", "processing", "processing", "completed"]
    assert {name for _, name in seen} == {"ocr_nb-io"}


def test_a_failing_callback_is_told_and_does_no_harm(caplog):
    """The job ends well; the callback's error is in the log."""

    def fail(job):
        raise ZeroDivisionError("in the callback")

    job = start(ScriptedService([COMPLETED]), on_progress=fail)

    assert job.result(10) == "hello"
    assert wait_for(lambda: len(caplog.records) >= 2)
    assert "The progress callback of read small.png failed; the job goes on." in caplog.text
    assert "ZeroDivisionError: in the callback" in caplog.text


def test_done_callbacks_are_called_once_whenever_they_are_added():
    """Before the end, and after it, at once."""
    calls = []
    job = start(ScriptedService([COMPLETED]))
    job.add_done_callback(lambda ended: calls.append(("early", ended is job)))
    job.result(10)
    assert wait_for(lambda: len(calls) == 1)
    job.add_done_callback(lambda ended: calls.append(("late", ended.status)))

    assert calls == [("early", True), ("late", TaskStatus.COMPLETED)]


def test_an_error_that_nobody_reads_is_told_when_the_job_is_gone(caplog):
    """Failures do not vanish with a forgotten job; read ones are not told twice."""
    with caplog.at_level(logging.ERROR):
        job = start(ScriptedService([FAILED]))
        assert wait_for(job.done)
        del job
        # The background thread lets go of the finished work a moment after the job is done.
        assert wait_for(lambda: gc.collect() is not None and "nobody asked" in caplog.text)
        assert "read small.png failed and nobody asked for its result" in caplog.text

        caplog.clear()
        job = start(ScriptedService([FAILED]))
        assert wait_for(job.done)
        assert isinstance(job.exception(), TaskFailed)
        del job
        time.sleep(0.05)
        gc.collect()
        assert caplog.text == ""


def test_a_job_shows_itself_escaped():
    """The notebook's line names what, status, calls and error; markup in names stays text."""
    service = ScriptedService([TaskReport("", TaskStatus.FAILED, messages=("<script>alert(1)</script>",))])
    job = ask(service, prepare, text_of, label="read <b>x</b>.png", polling=QUICK)
    assert wait_for(job.done)
    shown = job._repr_html_()

    assert "read &lt;b&gt;x&lt;/b&gt;.png" in shown
    assert "failed" in shown
    assert "2 calls" in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>" not in shown
    assert "<b>x</b>" not in shown
    assert job.exception() is not None


# ---------------------------------------------------------------------- many


def test_gathered_results_keep_their_order():
    """Whatever ends first, results come in the order of the jobs; progress is counted."""
    counts: list[tuple[int, int]] = []
    jobs = [compute(lambda i=i: time.sleep(0.05 * (3 - i)) or i, label=f"job {i}") for i in range(4)]

    job = gather(jobs, on_progress=lambda done, total: counts.append((done, total)))

    assert job.result(10) == [0, 1, 2, 3]
    assert counts == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_gathering_nothing_gives_nothing():
    """No jobs, an empty list."""
    assert gather([]).result(10) == []


def test_gathering_something_else_is_told():
    """Results in place of jobs are an easy slip."""
    with pytest.raises(TypeError, match=r"gather takes jobs, not a str: drop \.result\(\) or await"):
        gather(["hello"])


def test_gathered_errors_come_in_their_places_when_asked_for():
    """Otherwise the first in order is raised after all have ended; what was done is kept."""
    services = [ScriptedService([COMPLETED]), ScriptedService([FAILED]), ScriptedService([COMPLETED])]
    jobs = [start(service) for service in services]

    first, second, third = gather(jobs, return_errors=True).result(10)
    assert (first, third) == ("hello", "hello")
    assert isinstance(second, TaskFailed)

    with pytest.raises(TaskFailed, match="upside down"):
        gather(jobs).result(10)
    assert jobs[2].result() == "hello"


def test_cancelling_a_gathering_cancels_its_jobs():
    """Those still running are taken back, each at its service; the calls of all are counted."""
    service = NeverFinishes()
    jobs = [start(service) for _ in range(3)]
    both = gather(jobs)
    assert wait_for(lambda: service.fetched >= 3)
    both.cancel()

    with pytest.raises(TaskCancelled):
        both.result(10)
    assert wait_for(lambda: len(service.cancelled) == 3)
    assert wait_for(lambda: all(job.status is TaskStatus.CANCELLED for job in jobs))
    assert both.calls == sum(job.calls for job in jobs)
    assert both.calls >= 9


def test_two_hundred_tasks_move_on_together():
    """They share one thread and end in the time of one, not of two hundred."""
    script = [TaskStatus.PENDING] * 3 + [COMPLETED]
    started = time.monotonic()
    jobs = [start(ScriptedService(script), polling=Polling(0.1, 1.0, 0.1, jitter=0.0)) for _ in range(200)]

    assert gather(jobs).result(30) == ["hello"] * 200
    assert time.monotonic() - started < 8
    assert {job.calls for job in jobs} == {5}


class TakesOneAtATime(ScriptedService):
    """A service whose `submit` waits until it is let go."""

    def __init__(self) -> None:
        super().__init__([COMPLETED])
        self.is_open = threading.Event()

    async def submit(self, request):
        """Wait, then take the request."""
        await asyncio.to_thread(self.is_open.wait)
        return await super().submit(request)


def test_a_batch_is_read_ahead_by_a_few_images_only():
    """Behind a service that takes no more for now, a thousand images are not read into memory."""
    service, read = TakesOneAtATime(), []

    async def read_image():
        read.append(1)
        return REQUEST, 0.1

    jobs = [ask(service, read_image, text_of, label="read", polling=QUICK) for _ in range(100)]
    assert wait_for(lambda: len(read) == 8)
    time.sleep(0.05)
    assert len(read) == 8
    service.is_open.set()

    assert gather(jobs).result(30) == ["hello"] * 100
    assert len(read) == 100
