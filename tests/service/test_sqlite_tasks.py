"""A task store that several processes share: nothing twice, nothing lost, whoever dies."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import textwrap
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_nb.errors import StoreError
from ocr_nb.service.protocol import (
    OcrRequest,
    Operation,
    RecognitionSettings,
    Region,
    ResultItem,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.sqlite_tasks import SqliteTaskStore
from ocr_nb.service.tasks import MemoryTaskStore, TaskStore

REQUEST = OcrRequest(
    Operation.RECOGNIZE_REGIONS,
    b"\x00an image\xff",
    RecognitionSettings(language="German", upsampling=True, rotate=-90, regions=(Region(1, 2, 3, 4, 5),)),
    name="page.png",
    factor=3,
)
RESULTS = (ResultItem(ResultKind.TEXT, b"text"), ResultItem(ResultKind.PDF, b"%PDF\x00"))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TaskStore]:
    """Both stores keep the same promises."""
    made: TaskStore = MemoryTaskStore() if request.param == "memory" else SqliteTaskStore(tmp_path / "tasks")
    yield made
    made.close()


def new_id() -> TaskId:
    """Return a task id."""
    return TaskId(str(uuid.uuid4()))


def status_of(store: TaskStore, task_id: TaskId) -> TaskStatus | None:
    """Return how a task stands; None when it is not known."""
    record = store.find(task_id)
    return record.report.status if record else None


def test_a_request_comes_back_as_it_went(store: TaskStore) -> None:
    """Image, settings with regions, name and factor survive the shelf."""
    task_id = new_id()
    store.add(task_id, REQUEST, 5.0)

    assert (task_id, REQUEST) == store.claim(6.0)


def test_a_task_goes_from_pending_to_processing_to_its_report(store: TaskStore) -> None:
    """With results in order, messages and warnings."""
    task_id = new_id()
    store.add(task_id, REQUEST, 5.0)
    pending, waiting = store.find(task_id), store.waiting()
    store.claim(6.0)
    processing = status_of(store, task_id)
    final = TaskReport(task_id, TaskStatus.COMPLETED, RESULTS, ("a",), ("b", "ü"))

    assert store.finish(final)

    assert pending is not None
    assert (TaskStatus.PENDING, 5.0, Operation.RECOGNIZE_REGIONS, 1) == (
        pending.report.status, pending.submitted, pending.operation, waiting,
    )  # fmt: skip
    assert TaskStatus.PROCESSING is processing
    found = store.find(task_id)
    assert found is not None
    assert (final, 0) == (found.report, store.waiting())


def test_the_oldest_task_is_claimed_first_and_only_once(store: TaskStore) -> None:
    """Then there is none."""
    ids = [new_id() for _ in range(3)]
    for task_id in ids:
        store.add(task_id, REQUEST, 5.0)

    claimed = [claim[0] if (claim := store.claim(6.0)) else None for _ in range(4)]

    assert [*ids, None] == claimed


def test_a_removed_task_keeps_no_report(store: TaskStore) -> None:
    """Whatever its worker says later."""
    task_id = new_id()
    store.add(task_id, REQUEST, 5.0)
    store.claim(6.0)

    assert store.remove(task_id)

    assert not store.finish(TaskReport(task_id, TaskStatus.COMPLETED, RESULTS))
    assert not store.remove(task_id)
    assert store.find(task_id) is None


def test_purging_forgets_what_is_old(store: TaskStore) -> None:
    """At the limit and before it, in any state."""
    ids = [new_id() for _ in range(3)]
    for task_id, when in zip(ids, (1.0, 2.0, 3.0), strict=True):
        store.add(task_id, REQUEST, when)
    store.claim(4.0)

    assert 2 == store.purge(2.0)

    assert [None, None, TaskStatus.PENDING] == [status_of(store, task_id) for task_id in ids]
    assert 0 == store.purge(2.0)


def test_two_stores_on_one_folder_are_one(tmp_path: Path) -> None:
    """Posted to one, worked on by the other, fetched from the first."""
    first, second = SqliteTaskStore(tmp_path), SqliteTaskStore(tmp_path)
    task_id = new_id()
    first.add(task_id, REQUEST, 1.0)

    claimed = second.claim(2.0)
    second.finish(TaskReport(task_id, TaskStatus.COMPLETED, RESULTS))
    found = first.find(task_id)
    first.close()
    second.close()

    assert claimed == (task_id, REQUEST)
    assert found is not None
    assert RESULTS == found.report.results


def test_many_threads_of_several_stores_share_the_tasks_out(tmp_path: Path) -> None:
    """Each task goes to exactly one of them."""
    stores = [SqliteTaskStore(tmp_path) for _ in range(3)]
    ids = {new_id() for _ in range(60)}
    claimed: list[TaskId] = []

    def work(store: SqliteTaskStore) -> None:
        while claim := store.claim(2.0):
            claimed.append(claim[0])
            store.finish(TaskReport(claim[0], TaskStatus.COMPLETED))

    for task_id in ids:
        stores[0].add(task_id, REQUEST, 1.0)
    threads = [threading.Thread(target=work, args=(store,)) for store in stores for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()

    assert 60 == len(claimed)
    assert ids == set(claimed)


def test_closing_gives_claimed_tasks_back(tmp_path: Path) -> None:
    """An orderly end costs no task one of its tries."""
    task_id = new_id()
    for number in range(4):
        store = SqliteTaskStore(tmp_path)
        if number == 0:
            store.add(task_id, REQUEST, 1.0)
        assert store.claim(2.0) == (task_id, REQUEST)
        store.close()
    store = SqliteTaskStore(tmp_path)

    assert TaskStatus.PENDING is status_of(store, task_id)
    store.close()


CLAIMS_AND_WAITS = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from ocr_nb.service.sqlite_tasks import SqliteTaskStore
    store = SqliteTaskStore(Path(sys.argv[1]))
    print(store.claim(1.0)[0], flush=True)
    time.sleep(60)
    """
)


def kill_a_claimer(folder: Path) -> str:
    """Let another process claim the oldest task, then kill it; return the task's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIMS_AND_WAITS, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        return process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_the_task_of_a_killed_worker_is_given_to_another_but_not_for_ever(tmp_path: Path) -> None:
    """Tried once more after one death; after the second it fails with a sentence."""
    store = SqliteTaskStore(tmp_path)
    task_id = new_id()
    store.add(task_id, REQUEST, 0.0)

    assert task_id == kill_a_claimer(tmp_path)
    assert TaskStatus.PROCESSING is status_of(store, task_id)
    assert task_id == kill_a_claimer(tmp_path)
    assert store.claim(100.0) is None
    found = store.find(task_id)
    store.close()

    assert found is not None
    assert TaskStatus.FAILED is found.report.status
    assert "The worker process died" in found.report.messages[0]


def test_the_task_of_a_living_worker_is_left_to_it(tmp_path: Path) -> None:
    """However long it takes."""
    first, second = SqliteTaskStore(tmp_path), SqliteTaskStore(tmp_path)
    first.add(new_id(), REQUEST, 0.0)
    first.claim(1.0)

    assert second.claim(1e9) is None

    first.close()
    second.close()


def test_nobody_else_may_read_the_store(tmp_path: Path) -> None:
    """Folder 0700, file 0600."""
    SqliteTaskStore(tmp_path / "tasks").close()

    assert 0o700 == stat.S_IMODE((tmp_path / "tasks").stat().st_mode)
    assert 0o600 == stat.S_IMODE((tmp_path / "tasks" / "tasks.sqlite").stat().st_mode)


def test_the_image_of_a_finished_task_is_deleted(tmp_path: Path) -> None:
    """Only the result is kept."""
    store = SqliteTaskStore(tmp_path)
    task_id = new_id()
    store.add(task_id, REQUEST, 0.0)
    store.claim(1.0)
    store.finish(TaskReport(task_id, TaskStatus.COMPLETED, RESULTS))

    with store._database.transaction() as database:
        images = database.execute("SELECT COUNT(*) FROM images").fetchone()[0]
    store.remove(task_id)
    with store._database.transaction() as database:
        results = database.execute("SELECT COUNT(*) FROM results").fetchone()[0]
    store.close()

    assert (0, 0) == (images, results)


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    """A file in its place, a file that is no database."""
    (tmp_path / "file").write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tasks.sqlite").write_bytes(b"no database, but long enough to be looked at" * 40)

    with pytest.raises(StoreError, match=r"cannot be used .*: choose another"):
        SqliteTaskStore(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be used"):
        SqliteTaskStore(tmp_path / "broken")
    assert [] == [*(tmp_path / "broken" / "workers").iterdir()]
