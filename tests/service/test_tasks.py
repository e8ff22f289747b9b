"""Queue and shelf: first come, first served; nobody gets the same task twice; what is gone is gone."""

import resource
import threading
from pathlib import Path

import pytest

from ocr_nb.service.protocol import (
    OcrRequest,
    Operation,
    ResultItem,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.tasks import MemoryTaskStore

REQUEST = OcrRequest(Operation.BINARIZE, b"data")


@pytest.fixture
def store():
    """An empty store."""
    return MemoryTaskStore()


def test_tasks_are_claimed_in_order_and_once(store):
    """The oldest first; a claimed one is processing; then there is none."""
    for name in "abc":
        store.add(TaskId(name), REQUEST, 10.0)
    assert store.waiting() == 3
    claimed = [store.claim(11.0) for _ in range(4)]

    assert [entry and entry[0] for entry in claimed] == ["a", "b", "c", None]
    assert claimed[0][1] is REQUEST
    assert store.find(TaskId("a")).report.status is TaskStatus.PROCESSING
    assert store.waiting() == 0


def test_a_final_report_is_kept_with_the_tasks_facts(store):
    """Operation and age stay beside the report."""
    store.add(TaskId("a"), REQUEST, 10.0)
    store.claim(11.0)
    done = TaskReport(TaskId("a"), TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, b"x"),))

    assert store.finish(done) is True
    record = store.find(TaskId("a"))
    assert (record.report, record.operation, record.submitted) == (done, Operation.BINARIZE, 10.0)


def test_a_removed_task_cannot_be_finished(store):
    """Work on a task that was taken back leaves nothing behind."""
    store.add(TaskId("a"), REQUEST, 10.0)
    store.claim(11.0)

    assert store.remove(TaskId("a")) is True
    assert store.remove(TaskId("a")) is False
    assert store.finish(TaskReport(TaskId("a"), TaskStatus.COMPLETED)) is False
    assert store.find(TaskId("a")) is None


def test_a_removed_task_is_not_claimed(store):
    """It leaves the queue as well."""
    store.add(TaskId("a"), REQUEST, 10.0)
    store.add(TaskId("b"), REQUEST, 10.0)
    store.remove(TaskId("a"))

    assert store.claim(11.0)[0] == "b"
    assert store.claim(11.0) is None


def test_nothing_is_left_of_a_removed_result(store):
    """The same id can be used again, and has then only its new result."""
    for text in (b"old", b"new"):
        store.add(TaskId("a"), REQUEST, 10.0)
        store.claim(11.0)
        store.finish(TaskReport(TaskId("a"), TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, text),)))
        assert [item.data for item in store.find(TaskId("a")).report.results] == [text]
        store.remove(TaskId("a"))


def test_purging_forgets_by_age(store):
    """Those submitted at that moment or before go, queued or finished; the rest stays."""
    for name, submitted in (("old", 10.0), ("edge", 20.0), ("young", 20.1)):
        store.add(TaskId(name), REQUEST, submitted)
    store.claim(21.0)

    assert store.purge(20.0) == 2
    assert [store.find(TaskId(name)) is None for name in ("old", "edge", "young")] == [True, True, False]
    assert store.claim(21.0)[0] == "young"


def test_many_threads_share_the_queue_without_doubles(store):
    """Eight threads claim five hundred tasks; each task is had once."""
    for number in range(500):
        store.add(TaskId(str(number)), REQUEST, 0.0)
    taken: list[str] = []

    def work():
        while (claimed := store.claim(0.0)) is not None:
            taken.append(claimed[0])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken, key=int) == [str(number) for number in range(500)]


def test_results_beyond_memory_are_kept_all_the_same(store, monkeypatch):
    """Two hundred megabytes of results stay, without taking two hundred megabytes of memory."""
    monkeypatch.setattr("ocr_nb.service.tasks.SHELF_MB", 4)
    store = MemoryTaskStore()
    megabyte = bytes(range(256)) * 4096

    def resident_mb():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    before = resident_mb()
    for number in range(200):
        task_id = TaskId(str(number))
        store.add(task_id, REQUEST, float(number))
        store.claim(0.0)
        data = number.to_bytes(2, "big") + megabyte
        store.finish(TaskReport(task_id, TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, data),)))

    assert resident_mb() - before < 60
    for number in (0, 57, 199):
        (item,) = store.find(TaskId(str(number))).report.results
        assert item.data == number.to_bytes(2, "big") + megabyte
    assert store.purge(99.0) == 100
    assert store.find(TaskId("57")) is None
    assert len(store.find(TaskId("150")).report.results) == 1
    store.close()
