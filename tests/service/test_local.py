"""The service on this machine: queue, age, cancellation, latency, and an orderly end."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from doubles import ReadsInk, ReadsWhenTold, wait_for
from ink_pages import PAGE, finish, make, page_png, texts, wanted
from ocr_nb.errors import EngineUnavailable, ServiceUnreachable, SettingsError, StoreError
from ocr_nb.operations import recognize
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import Operation, TaskId, TaskStatus
from ocr_nb.service.sqlite_tasks import SqliteTaskStore
from ocr_nb.service.tasks import MemoryTaskStore

DAY = 24 * 3600


async def test_a_task_goes_from_pending_over_processing_to_completed():
    """With one worker the second task waits while the first is being read."""
    reader = ReadsWhenTold()
    service = make(reader, workers=1)
    first = await service.submit(wanted(Operation.RECOGNIZE_IMAGE))
    second = await service.submit(wanted(Operation.RECOGNIZE_IMAGE))
    await asyncio.to_thread(reader.started.acquire)

    assert (await service.fetch(first)).status is TaskStatus.PROCESSING
    assert (await service.fetch(second)).status is TaskStatus.PENDING
    reader.go.set()
    assert (await finish(service, first)).status is TaskStatus.COMPLETED
    assert (await finish(service, second)).status is TaskStatus.COMPLETED
    await service.aclose()


async def test_several_workers_read_at_once():
    """Two tasks are inside the recognizer at the same time."""
    reader = ReadsWhenTold()
    service = make(reader, workers=2)
    ids = [await service.submit(wanted(Operation.RECOGNIZE_IMAGE)) for _ in range(2)]
    for _ in ids:
        assert await asyncio.to_thread(reader.started.acquire, True, 10)

    assert [(await service.fetch(one)).status for one in ids] == [TaskStatus.PROCESSING] * 2
    reader.go.set()
    for one in ids:
        await finish(service, one)
    await service.aclose()


async def test_a_result_is_unknown_after_a_day(clock):
    """24 hours after submission, to the second, nothing is left; a second before, it is there."""
    service = make(clock=clock.now)
    task_id = await service.submit(wanted(Operation.BINARIZE))
    await finish(service, task_id)
    clock.advance(DAY - 1)
    assert (await service.fetch(task_id)).status is TaskStatus.COMPLETED
    clock.advance(1)

    report = await service.fetch(task_id)
    assert report.status is TaskStatus.UNKNOWN
    assert report.results == ()
    assert "older than 24 hours" in report.messages[0]
    await service.aclose()


async def test_a_task_cancelled_in_the_queue_is_never_worked_on():
    """It is unknown at once, and the recognizer never sees it."""
    reader = ReadsWhenTold()
    service = make(reader, workers=1)
    first = await service.submit(wanted(Operation.RECOGNIZE_IMAGE))
    second = await service.submit(wanted(Operation.RECOGNIZE_IMAGE, page_png((5, 5, 30, 30))))
    await asyncio.to_thread(reader.started.acquire)
    await service.cancel(second)
    assert (await service.fetch(second)).status is TaskStatus.UNKNOWN

    reader.go.set()
    await finish(service, first)
    await service.aclose()
    assert reader.seen == [(80, 120, 3)]


async def test_a_task_cancelled_while_worked_on_leaves_nothing():
    """What comes out of it is dropped, and the worker goes on with the next."""
    reader = ReadsWhenTold()
    service = make(reader, workers=1)
    first = await service.submit(wanted(Operation.RECOGNIZE_IMAGE))
    await asyncio.to_thread(reader.started.acquire)
    await service.cancel(first)
    reader.go.set()
    second = await service.submit(wanted(Operation.RECOGNIZE_IMAGE))

    assert (await finish(service, second)).status is TaskStatus.COMPLETED
    assert (await service.fetch(first)).status is TaskStatus.UNKNOWN
    await service.aclose()


async def test_latency_hides_results_until_its_time(clock):
    """A lesson's latency counts from submission and keeps no worker busy."""
    store = MemoryTaskStore()
    service = make(clock=clock.now, latency=5.0, workers=1, store=store)
    ids = [await service.submit(wanted(Operation.BINARIZE)) for _ in range(3)]
    assert await asyncio.to_thread(
        wait_for, lambda: all(store.find(one).report.status is TaskStatus.COMPLETED for one in ids)
    )
    assert [(await service.fetch(one)).status for one in ids] == [TaskStatus.PROCESSING] * 3
    clock.advance(5.0)

    assert [(await service.fetch(one)).status for one in ids] == [TaskStatus.COMPLETED] * 3
    await service.aclose()


async def test_waiting_ends_when_the_task_does():
    """A waiter is woken by the result, long before its time is up; for a stranger it sleeps its time."""
    service = make()
    task_id = await service.submit(wanted(Operation.BINARIZE))
    started = time.monotonic()
    await service.wait_until_final(task_id, 20)
    assert time.monotonic() - started < 5
    assert (await service.fetch(task_id)).status is TaskStatus.COMPLETED

    started = time.monotonic()
    await service.wait_until_final("00000000-0000-4000-8000-000000000000", 0.1)
    assert time.monotonic() - started >= 0.1
    await service.aclose()


def test_a_long_queue_does_not_wear_out_the_waiting():
    """Jobs of this service are as patient as its results live, and make two calls where one answer does."""
    service = make()
    jobs = [recognize(PAGE, service=service) for _ in range(5)]

    assert service.polling.patience == DAY
    assert {job.result(20).text for job in jobs} == {"w12h9 w20h9\nw8h9 w30h9"}
    assert [job.calls for job in jobs] == [2] * 5
    asyncio.run(service.aclose())


def test_one_service_may_be_used_from_several_event_loops():
    """Submitted on one loop, awaited on another: nothing is bound to a loop."""
    service = make()
    task_id = asyncio.run(service.submit(wanted(Operation.BINARIZE)))
    report = asyncio.run(finish(service, task_id))
    asyncio.run(service.aclose())

    assert report.status is TaskStatus.COMPLETED


async def test_an_unexpected_error_ends_one_task_not_the_service(caplog):
    """A defect is told in the report and the log; the next task is done."""

    class Breaks(ReadsInk):
        def recognize(self, pixels, *, language="English", detect=True):
            raise IndexError("list index out of range")

    service = make(Breaks(), workers=1)
    broken = await finish(service, await service.submit(wanted(Operation.RECOGNIZE_IMAGE)))
    next_one = await finish(service, await service.submit(wanted(Operation.BINARIZE)))
    await service.aclose()

    assert broken.status is TaskStatus.FAILED
    assert broken.messages == ("recognize_image failed unexpectedly (IndexError: list index out of range).",)
    assert "failed unexpectedly" in caplog.text
    assert next_one.status is TaskStatus.COMPLETED


async def test_a_result_that_cannot_be_kept_fails_its_task():
    """A full disk is told in the report, and the service goes on."""

    class Full(MemoryTaskStore):
        def finish(self, report):
            if report.results:
                raise StoreError("The disk is full.")
            return super().finish(report)

    service = make(store=Full())
    report = await finish(service, await service.submit(wanted(Operation.BINARIZE)))
    await service.aclose()

    assert (report.status, report.messages) == (TaskStatus.FAILED, ("The disk is full.",))


async def test_an_engine_that_is_not_there_fails_the_task_with_its_sentence(monkeypatch):
    """The service can be made and asked; the report says what to install."""

    def not_installed(engine):
        raise EngineUnavailable("The engine tesseract is not installed: pip install 'ocr_nb[tesseract]'.")

    monkeypatch.setattr("ocr_nb.service.local.make_recognizer", not_installed)
    service = LocalService("tesseract")
    report = await finish(service, await service.submit(wanted(Operation.RECOGNIZE_IMAGE)))
    await service.aclose()

    assert report.status is TaskStatus.FAILED
    assert "pip install" in report.messages[0]
    with pytest.raises(EngineUnavailable, match="not installed"):
        _ = service.identity


async def test_a_closed_service_takes_no_tasks():
    """It says so, in place of a task that nobody would work on."""
    service = make()
    await service.aclose()

    with pytest.raises(ServiceUnreachable, match="was closed: make a new LocalService"):
        await service.submit(wanted(Operation.BINARIZE))


def test_impossible_options_are_refused_at_once():
    """Unknown engines and methods are told with a suggestion; numbers with their value."""
    with pytest.raises(SettingsError, match="no engine 'tesserakt': did you mean 'tesseract'"):
        LocalService("tesserakt")
    with pytest.raises(SettingsError, match="clasical"):
        LocalService(method="clasical")
    with pytest.raises(SettingsError, match="workers is at least 1, not 0"):
        LocalService(workers=0)
    with pytest.raises(SettingsError, match=r"latency is not negative, not -1\.0"):
        LocalService(latency=-1.0)


async def test_an_idle_service_is_let_go(monkeypatch):
    """Without work its threads leave, and nothing keeps a forgotten service in memory."""
    monkeypatch.setattr("ocr_nb.service.local._IDLE", 0.05)
    service = make()
    await finish(service, await service.submit(wanted(Operation.BINARIZE)))
    alive = weakref.ref(service)
    del service

    def is_gone():
        gc.collect()
        return alive() is None

    assert await asyncio.to_thread(wait_for, is_gone)
    assert await asyncio.to_thread(
        wait_for, lambda: not [t for t in threading.enumerate() if t.name == "ocr_nb-worker"]
    )


async def test_work_after_an_idle_time_starts_again(monkeypatch):
    """Threads that left come back with the next task."""
    monkeypatch.setattr("ocr_nb.service.local._IDLE", 0.01)
    service = make(workers=1)
    for _ in range(5):
        assert (await finish(service, await service.submit(wanted(Operation.BINARIZE)))).results
        await asyncio.sleep(0.03)
    await service.aclose()


async def test_tasks_of_a_shared_queue_are_done_by_whoever_is_there(tmp_path):
    """A task that another process put into the queue is worked on without anything being submitted here."""
    elsewhere = SqliteTaskStore(tmp_path)
    elsewhere.add(TaskId("00000000-0000-4000-8000-000000000001"), wanted(Operation.BINARIZE), time.time())
    service = make(store=SqliteTaskStore(tmp_path))
    report = await finish(service, TaskId("00000000-0000-4000-8000-000000000001"))
    await service.aclose()
    elsewhere.close()

    assert report.status is TaskStatus.COMPLETED


async def test_threads_that_leave_make_room_for_the_next(monkeypatch):
    """A task submitted just as the last thread goes is still worked on."""
    monkeypatch.setattr("ocr_nb.service.local._IDLE", 0.002)
    service = make(workers=1)
    for number in range(150):
        task_id = await service.submit(wanted(Operation.RECOGNIZE_IMAGE, result_type="text"))
        assert (await finish(service, task_id)).status is TaskStatus.COMPLETED
        await asyncio.sleep(0.0005 * (number % 8))
    await service.aclose()


async def test_two_hundred_tasks_at_once_are_all_done_in_order_of_arrival():
    """None is lost, none mixed up, with two workers on a queue of two hundred."""
    service = make(workers=2)
    pages = [page_png((4, 4, 10 + number % 90, 5 + number // 90)) for number in range(200)]
    requests = [wanted(Operation.RECOGNIZE_IMAGE, page, result_type="text") for page in pages]
    ids = await asyncio.gather(*(service.submit(one) for one in requests))
    reports = await asyncio.gather(*(finish(service, one) for one in ids))
    await service.aclose()

    assert [texts(report)[0] for report in reports] == [
        f"w{10 + number % 90}h{5 + number // 90}" for number in range(200)
    ]


AT_EXIT = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from doubles import ReadsInk
from ocr_nb.images import from_array
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import OcrRequest, Operation
import numpy as np, time

class Slow(ReadsInk):
    def recognize(self, pixels, **options):
        time.sleep(0.5)
        print("read", flush=True)
        return super().recognize(pixels, **options)

page = from_array(np.full((40, 40), 255, np.uint8)).png
service = LocalService(recognizer=Slow(), workers=1)

async def submit():
    for _ in range(50):
        await service.submit(OcrRequest(Operation.RECOGNIZE_IMAGE, page))
    await asyncio.sleep(0.2)

asyncio.run(submit())
"""


def test_a_script_that_ends_early_does_not_work_off_the_queue(request):
    """What is being read is finished, what waits is dropped, and nothing is written to stderr."""
    tests = str(request.path.parent.parent)
    done = subprocess.run([sys.executable, "-c", AT_EXIT, tests], capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["read"]


class NotesItsCallers(ReadsInk):
    """Knows which threads read, and how many did at once."""

    def __init__(self):
        super().__init__()
        self.threads, self.at_once, self.most = [], 0, 0

    def recognize(self, pixels, **settings):
        """Read, letting other threads run meanwhile."""
        self.threads.append(threading.get_ident())
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        time.sleep(0.01)
        self.at_once -= 1
        return super().recognize(pixels, **settings)


def test_attending_does_the_work_on_the_callers_thread():
    """Past the queue: nothing is kept, and the report is that of a task."""
    reader = NotesItsCallers()
    service = make(reader, workers=1)
    report = service.attend(wanted(Operation.RECOGNIZE_IMAGE))
    assert report.status is TaskStatus.COMPLETED
    assert [threading.get_ident()] == reader.threads
    assert asyncio.run(service.fetch(report.task_id)).status is TaskStatus.UNKNOWN
    failed = service.attend(replace(wanted(Operation.RECOGNIZE_IMAGE), data=b"no picture", name="page.png"))
    assert failed.status is TaskStatus.FAILED
    assert "page.png" in failed.messages[0]


def test_only_as_many_are_attended_to_as_there_are_workers():
    """An engine that was promised one caller at a time has one."""
    reader = NotesItsCallers()
    service = make(reader, workers=1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: service.attend(wanted(Operation.RECOGNIZE_IMAGE)), range(8)))
    assert (8, 1) == (len(reader.threads), reader.most)


def test_a_slow_or_closed_service_does_not_attend():
    """Latency is for lessons about waiting; closed is closed."""
    assert not make(latency=1.0).attends
    service = make()
    assert service.attends
    asyncio.run(service.aclose())
    with pytest.raises(ServiceUnreachable, match="was closed"):
        service.attend(wanted(Operation.RECOGNIZE_IMAGE))
