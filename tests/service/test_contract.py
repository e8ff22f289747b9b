"""What every `OcrService` promises, whoever keeps it.

A keeper is added by one entry in `KEEPERS`: an async context manager that yields a service whose
recognizer is `ReadsInk` and whose tasks finish within seconds.
"""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from doubles import ReadsInk, RepeatsPixels
from needs import needs
from ocr_nb.images import encode_png, load_picture
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import (
    OcrRequest,
    OcrService,
    Operation,
    RecognitionSettings,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.results import parse_recognition
from ocr_nb.service.sqlite_tasks import SqliteTaskStore

FILTERS = [Operation.UPSAMPLE, Operation.BINARIZE, Operation.DESKEW, Operation.DEWARP]


@asynccontextmanager
async def local() -> AsyncIterator[OcrService]:
    """The service on this machine."""
    service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    yield service
    await service.aclose()


@asynccontextmanager
async def cloud(generation: str) -> AsyncIterator[OcrService]:
    """The cloud client, in one generation of the protocol, against the server of this package."""
    httpx, app = needs_server()
    behind = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    service = CloudService(
        "http://127.0.0.1:8765",
        generation=generation,
        use_cache=False,
        transport=httpx.ASGITransport(app(behind)),
    )
    yield service
    await service.aclose()
    await behind.aclose()


@asynccontextmanager
async def local_shared() -> AsyncIterator[OcrService]:
    """The service on this machine, its tasks in a file that other processes may share."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteTaskStore(Path(folder))
        service = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels(), store=store)
        yield service
        await service.aclose()


@asynccontextmanager
async def server() -> AsyncIterator[OcrService]:
    """The cloud client against a server that really listens, on loopback."""
    _, app = needs_server()
    from server.running import listening

    behind = LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    with listening(app(behind)) as address:
        service = CloudService(address, use_cache=False)
        yield service
        await service.aclose()
    await behind.aclose()


def needs_server():
    """Return httpx and what makes the server's application; skip where the extra `server` is missing."""
    needs("module:starlette")
    import httpx

    from ocr_nb.server.app import make_app

    return httpx, make_app


KEEPERS: dict[str, Callable[[], AbstractAsyncContextManager[OcrService]]] = {
    "local": local,
    "local-shared": local_shared,
    "server": server,
    "cloud-documented": partial(cloud, "documented"),
    "cloud-current": partial(cloud, "current"),
}


@pytest.fixture(params=sorted(KEEPERS))
async def service(request) -> AsyncIterator[OcrService]:
    """Each keeper in turn."""
    async with KEEPERS[request.param]() as kept:
        yield kept


def ink_page() -> bytes:
    """Draw two rows of blobs: `w12h9 w20h9` and `w8h9`, on an 80×60 page."""
    page = np.full((60, 80), 255, np.uint8)
    page[10:19, 8:20] = 0
    page[10:19, 30:50] = 0
    page[35:44, 8:16] = 0
    return encode_png(page)


def request_of(operation: Operation, data: bytes | None = None, **settings) -> OcrRequest:
    """Ask for `operation` on the page of ink, with no filter unless asked for."""
    plain = {"skew_correction": False, "binarization": False, **settings}
    return OcrRequest(
        operation, ink_page() if data is None else data, RecognitionSettings(**plain), "ink.png"
    )


async def finish(service: OcrService, task_id: TaskId) -> TaskReport:
    """Ask until the task is final."""
    for _ in range(400):
        report = await service.fetch(task_id)
        if report.status.is_final:
            return report
        await asyncio.sleep(0.05)
    pytest.fail(f"Task {task_id} did not end within 20 s.")


async def test_it_says_who_it_is(service):
    """Service, engine and version are stated, so that numbers of different engines never mix."""
    identity = service.identity

    assert all((identity.service, identity.engine, identity.engine_version))


async def test_every_submission_gets_an_id_of_its_own(service):
    """The same request twice is two tasks; ids are lower-case GUIDs."""
    ids = [await service.submit(request_of(Operation.BINARIZE)) for _ in range(3)]

    assert len(set(ids)) == 3
    assert [str(uuid.UUID(task_id)) for task_id in ids] == ids


@pytest.mark.parametrize("operation", FILTERS)
async def test_a_filter_answers_one_png(service, operation):
    """The result is a PNG; only upsampling changes the size, by at least 2 and alike in both directions."""
    task_id = await service.submit(request_of(operation))
    report = await finish(service, task_id)

    assert report.status is TaskStatus.COMPLETED
    assert report.task_id == task_id
    assert [item.kind for item in report.results] == [ResultKind.IMAGE_PNG]
    picture = load_picture(report.results[0].data)
    scale = picture.width // 80
    assert (picture.width, picture.height) == (80 * scale, 60 * scale)
    assert scale >= 2 if operation is Operation.UPSAMPLE else scale == 1


async def test_recognition_answers_lines_with_places(service):
    """Text, boxes in pixels of the image as given, and reading order come through."""
    task_id = await service.submit(request_of(Operation.RECOGNIZE_IMAGE, result_type="json"))
    recognition = parse_recognition(await finish(service, task_id))

    assert recognition.text == "w12h9 w20h9\nw8h9"
    box = recognition.lines[0].box
    assert (box.left, box.top, box.right, box.bottom) == (8, 10, 50, 19)
    assert recognition.lines[0].confidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("result_type", "kinds"),
    [
        ("text", [ResultKind.TEXT]),
        ("text+pdf+hocr", [ResultKind.TEXT, ResultKind.PDF, ResultKind.HOCR]),
        ("json", [ResultKind.JSON]),
    ],
)
async def test_results_are_of_the_kinds_asked_for(service, result_type, kinds):
    """One result of each kind, in the order of the name."""
    task_id = await service.submit(request_of(Operation.RECOGNIZE_IMAGE, result_type=result_type))
    report = await finish(service, task_id)

    assert [item.kind for item in report.results] == kinds
    assert all(item.data for item in report.results)


async def test_a_result_can_be_fetched_again(service):
    """Fetching takes nothing away."""
    task_id = await service.submit(request_of(Operation.RECOGNIZE_IMAGE, result_type="text"))
    first = await finish(service, task_id)

    assert await service.fetch(task_id) == first
    assert first.results[0].data == b"w12h9 w20h9\nw8h9"


async def test_statuses_only_move_forward(service):
    """Pending, then processing, then completed; none comes back."""
    order = [TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.COMPLETED]
    task_id = await service.submit(request_of(Operation.UPSAMPLE))
    seen = []
    while not seen or not seen[-1].is_final:
        seen.append((await service.fetch(task_id)).status)
        await asyncio.sleep(0.005)

    places = [order.index(status) for status in seen]
    assert places == sorted(places)
    assert seen[-1] is TaskStatus.COMPLETED


async def test_data_that_is_no_image_is_accepted_and_ends_failed(service):
    """The queue takes it; the report says why nothing came of it."""
    task_id = await service.submit(request_of(Operation.UPSAMPLE, b"this is no image"))
    report = await finish(service, task_id)

    assert report.status is TaskStatus.FAILED
    assert report.results == ()
    assert "not an image" in " ".join(report.messages)


async def test_a_task_that_never_was_is_unknown(service):
    """An id nobody issued is answered, not refused."""
    stranger = TaskId("00000000-0000-4000-8000-000000000000")
    report = await service.fetch(stranger)

    assert report.status is TaskStatus.UNKNOWN
    assert report.task_id == stranger
    assert report.results == ()


async def test_a_cancelled_task_is_unknown(service):
    """Finished or not, nothing is left of it; cancelling again, or a stranger's task, does no harm."""
    task_id = await service.submit(request_of(Operation.BINARIZE))
    await finish(service, task_id)
    await service.cancel(task_id)
    await service.cancel(task_id)
    await service.cancel(TaskId("00000000-0000-4000-8000-000000000000"))

    assert (await service.fetch(task_id)).status is TaskStatus.UNKNOWN


async def test_what_cannot_be_honoured_is_said(service):
    """A language without a model fails with a sentence that names it."""
    task_id = await service.submit(request_of(Operation.RECOGNIZE_IMAGE, language="Tibetan"))
    report = await finish(service, task_id)

    assert report.status is TaskStatus.FAILED
    assert "Tibetan" in " ".join(report.messages)


async def test_many_tasks_at_once_each_get_their_own_answer(service):
    """Forty pages of different ink are not mixed up."""
    requests = []
    for width in range(4, 44):
        page = np.full((40, 80), 255, np.uint8)
        page[10:20, 10 : 10 + width] = 0
        requests.append(request_of(Operation.RECOGNIZE_IMAGE, encode_png(page), result_type="text"))
    ids = await asyncio.gather(*(service.submit(one) for one in requests))
    reports = await asyncio.gather(*(finish(service, task_id) for task_id in ids))

    assert [report.results[0].data for report in reports] == [f"w{w}h10".encode() for w in range(4, 44)]


async def test_the_filter_of_one_is_input_for_the_next(service):
    """Any filter's picture can be filtered or recognized again."""
    data = ink_page()
    for operation in [Operation.UPSAMPLE, Operation.BINARIZE, Operation.DESKEW, Operation.DEWARP]:
        report = await finish(service, await service.submit(request_of(operation, data)))
        data = report.results[0].data
    wanted = request_of(Operation.RECOGNIZE_IMAGE, data, result_type="text")
    report = await finish(service, await service.submit(wanted))

    scale = load_picture(data).width // 80
    assert report.results[0].data == (
        f"w{12 * scale}h{9 * scale} w{20 * scale}h{9 * scale}\nw{8 * scale}h{9 * scale}".encode()
    )


async def test_closing_twice_does_no_harm(service):
    """The second `aclose` finds nothing to do."""
    await service.aclose()
    await service.aclose()
