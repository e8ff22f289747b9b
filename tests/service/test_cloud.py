"""The cloud client against a vendor in memory: both generations, every fault, nothing sent or paid twice."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
import stamina

from ocr_nb.credentials import Credentials
from ocr_nb.errors import (
    BudgetExceeded,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    ServiceUnreachable,
    SettingsError,
    UnreadableAnswer,
)
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.journal import EntryState
from ocr_nb.service.meter import CallMeter
from ocr_nb.service.pace import Pace
from ocr_nb.service.protocol import (
    OcrRequest,
    Operation,
    RecognitionSettings,
    ResultKind,
    TaskId,
    TaskStatus,
)
from ocr_nb.settings import Settings
from service.vendor import Vendor, once, problem, result_of

IMAGE = b"\x89PNG\r\n\x1a\n an image, as far as a client can tell"
CREDENTIALS = Credentials.of("my-client-id", "my-client-secret")


@pytest.fixture(autouse=True)
def quick_retries():
    """Retry without waiting."""
    with stamina.set_testing(True, attempts=4):
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a user without anything in the environment."""
    return Settings.from_environment({"OCR_NB_HOME": str(tmp_path)})


@pytest.fixture
async def opened(settings: Settings, clock):
    """Make clients that are closed after the test."""
    made = []

    def make(vendor: Vendor, **options) -> CloudService:
        options.setdefault("credentials", CREDENTIALS if vendor.client_id else None)
        options.setdefault("settings", settings)
        options.setdefault("pace", Pace(8, now=clock.now, sleep=clock.sleep))
        service = CloudService("https://ocr.example.org", transport=vendor.transport, **options)
        made.append(service)
        return service

    yield make
    for service in made:
        await service.aclose()


def strict_vendor(**options) -> Vendor:
    """A vendor that knows one client."""
    return Vendor(client_id="my-client-id", client_secret="my-client-secret", **options)


def upsample(data: bytes = IMAGE) -> OcrRequest:
    """Ask for an enlarged image."""
    return OcrRequest(Operation.UPSAMPLE, data)


def recognize(data: bytes = IMAGE, **settings) -> OcrRequest:
    """Ask for the text."""
    return OcrRequest(Operation.RECOGNIZE_IMAGE, data, RecognitionSettings(**settings))


# --- the two generations


async def test_the_documented_generation_uploads_a_part_and_fetches_the_shared_result(opened):
    """By default the filters go through the endpoints of the documentation."""
    vendor = Vendor()
    service = opened(vendor)

    report = await service.fetch(await service.submit(upsample()))

    assert vendor.lines == [
        "POST ImageProcessing/PostUpsamplingImageFile",
        "GET ImageProcessing/GetResultTask",
    ]
    upload = vendor.requests[0]
    assert upload.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="image.png"' in upload.content
    assert report.status is TaskStatus.COMPLETED
    assert [(item.kind, item.data) for item in report.results] == [(ResultKind.IMAGE_PNG, result_of(IMAGE))]


@pytest.mark.parametrize(
    ("operation", "upload", "resource"),
    [
        (Operation.UPSAMPLE, "PostUpsamplingImageFile", "UpscaleImage"),
        (Operation.BINARIZE, "PostBinarizationFile", "BinarizeImage"),
        (Operation.DESKEW, "PostSkewCorrectionFile", "DeskewImage"),
        (Operation.DEWARP, "PostDewarpingFile", "DewarpImage"),
    ],
)
async def test_every_filter_has_both_ways(opened, operation, upload, resource):
    """Each filter is asked for under its documented name and under its current one."""
    vendor = Vendor()
    for generation in ("documented", "current"):
        service = opened(vendor, generation=generation, use_cache=False)
        assert (await service.fetch(await service.submit(OcrRequest(operation, IMAGE)))).results

    assert vendor.lines == [
        f"POST ImageProcessing/{upload}",
        "GET ImageProcessing/GetResultTask",
        f"POST {resource}",
        f"GET {resource}",
    ]
    assert json.loads(vendor.requests[2].content).keys() == {"image"}


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_a_server_without_the_generation_is_asked_the_other_way_from_then_on(opened, status):
    """The switch costs one call, once, and is remembered."""
    vendor = Vendor(generations=("current",))
    vendor.faults.append(once("POST", "PostUpsamplingImageFile", problem(status, "Gone")))
    service = opened(vendor)

    for data in (IMAGE, IMAGE + b"2"):
        assert (await service.fetch(await service.submit(upsample(data)))).results

    assert vendor.lines == [
        "POST ImageProcessing/PostUpsamplingImageFile",
        "POST UpscaleImage",
        "GET UpscaleImage",
        "POST UpscaleImage",
        "GET UpscaleImage",
    ]
    assert service.generation == "current"


async def test_a_server_with_neither_generation_is_refused_after_one_switch(opened):
    """Two ways fail once; after that every request costs one call."""
    vendor = Vendor(generations=())
    service = opened(vendor)

    for _ in range(2):
        with pytest.raises(RequestRefused, match="status 404") as caught:
            await service.submit(upsample())

    assert caught.value.status == 404
    assert len(vendor.requests) == 3


RECOGNITION = [operation for operation in Operation if not operation.is_filter]


@pytest.mark.parametrize("operation", RECOGNITION)
async def test_every_recognition_endpoint_takes_make_upsampling(opened, operation):
    """All resources beside the filters are JSON, fetched where they were posted, with the setting in it."""
    vendor = Vendor()
    service = opened(vendor)

    request = OcrRequest(operation, IMAGE, RecognitionSettings(upsampling=True))
    report = await service.fetch(await service.submit(request))

    assert report.results[0].data == result_of(IMAGE)
    posted, fetched = vendor.requests
    assert posted.url.path == fetched.url.path
    assert json.loads(posted.content)["settings"]["makeUpsampling"] is True
    assert posted.headers["Content-Length"] == str(len(posted.content))


async def test_a_large_image_is_encoded_piece_by_piece_to_the_same_bytes(opened):
    """The pieces' Base64, put end to end, is the Base64 of the whole."""
    vendor = Vendor()
    service = opened(vendor, generation="current")
    image = IMAGE + bytes(range(256)) * 3000 + b"x"

    await service.fetch(await service.submit(upsample(image)))

    assert next(iter(vendor.tasks.values()))["image"] == image


async def test_a_task_is_taken_back_where_it_lives(opened):
    """DELETE goes to the current resource, which shares the queue; the task is unknown afterwards."""
    vendor = Vendor(pending_polls=9)
    service = opened(vendor)
    task_id = await service.submit(upsample())

    await service.cancel(task_id)

    assert vendor.lines[-1] == "DELETE UpscaleImage"
    assert (await service.fetch(task_id)).status is TaskStatus.UNKNOWN
    await service.cancel(TaskId("never-seen"))


async def test_state_and_file_can_be_asked_for_alone(opened):
    """GetTaskStatus gives the state without results, GetResultFile the PNG without the state."""
    vendor = Vendor()
    service = opened(vendor)
    task_id = await service.submit(upsample())

    assert (await service.fetch_status(task_id)).status is TaskStatus.COMPLETED
    assert await service.fetch_file(task_id) == result_of(IMAGE)
    vendor.faults.append(once("GET", "GetResultFile", httpx.Response(204)))
    assert await service.fetch_file(task_id) is None


@pytest.mark.parametrize("generation", ["documented", "current"])
async def test_a_factor_is_told_to_servers_that_may_know_it(opened, generation):
    """This package's server enlarges as asked; another factor is another request."""
    vendor = Vendor()
    service = opened(vendor, generation=generation)

    for factor in (2, 3, 3):
        await service.submit(OcrRequest(Operation.UPSAMPLE, IMAGE, factor=factor))

    assert [request.url.query for request in vendor.requests] == [b"factor=2", b"factor=3"]


async def test_the_vendor_is_not_told_a_factor(settings):
    """At its own address the service decides for itself, and any factor is the same request."""
    vendor = Vendor()
    vendor.tokens.append("t")
    service = CloudService(
        settings=settings, credentials=Credentials.of(access_token="t"), transport=vendor.transport
    )

    first = await service.submit(OcrRequest(Operation.UPSAMPLE, IMAGE, factor=2))
    second = await service.submit(OcrRequest(Operation.UPSAMPLE, IMAGE, factor=3))

    assert first == second
    assert [request.url.query for request in vendor.requests] == [b""]
    await service.aclose()


async def test_an_unknown_generation_is_refused(opened):
    """A misspelled generation is told, with both names."""
    with pytest.raises(SettingsError, match="'documented' or 'current', not 'legacy'"):
        opened(Vendor(), generation="legacy")


# --- tokens


async def test_one_token_serves_many_requests(opened):
    """Ten requests at once ask for one token between them."""
    vendor = strict_vendor()
    service = opened(vendor)

    await asyncio.gather(*(service.submit(upsample(IMAGE + bytes([n]))) for n in range(8)))

    assert len(vendor.tokens) == 1
    assert {request.headers["Authorization"] for request in vendor.requests if "ocr" in request.url.path} == {
        f"Bearer {vendor.tokens[0]}"
    }


async def test_an_expired_token_is_replaced_and_the_request_repeated_once(opened):
    """A 401 costs one new token and one replay, whole body included."""
    vendor = strict_vendor()
    service = opened(vendor)
    await service.submit(upsample())
    vendor.tokens.append("issued to somebody else")

    await service.submit(upsample(IMAGE + b"2"))

    assert vendor.lines[2:] == [
        "POST ImageProcessing/PostUpsamplingImageFile",
        "POST /connect/token".replace("/connect", "connect"),
        "POST ImageProcessing/PostUpsamplingImageFile",
    ]
    assert vendor.requests[2].content == vendor.requests[4].content
    assert len(vendor.tasks) == 2


async def test_a_second_401_is_final(opened):
    """A token that is refused when new is not asked for a third time."""
    vendor = strict_vendor()
    vendor.faults += [once("POST", "ImageFile", problem(401, "Unauthorized")) for _ in range(2)]
    service = opened(vendor)

    with pytest.raises(CredentialsRefused, match="refused with status 401: Unauthorized"):
        await service.submit(upsample())

    assert len(vendor.tokens) == 2
    assert service.journal.unknown(service.base_url, service.account) == ()


async def test_wrong_credentials_are_told_with_the_next_step(opened):
    """The token endpoint's refusal reaches the reader, without the secret."""
    vendor = strict_vendor()
    service = opened(vendor, credentials=Credentials.of("my-client-id", "wrong-secret"))

    with pytest.raises(CredentialsRefused, match=r"status 400 \(invalid_client\).*dashboard") as caught:
        await service.submit(upsample())

    assert "wrong-secret" not in str(caught.value)
    assert len(vendor.requests) == 1


async def test_a_ready_token_is_used_as_it_is(opened):
    """With an access token alone nothing is asked of the token endpoint, and a 401 is final."""
    vendor = strict_vendor()
    vendor.tokens.append("ready-token")
    service = opened(vendor, credentials=Credentials.of(access_token="ready-token"))
    await service.submit(upsample())
    vendor.tokens.append("another")

    with pytest.raises(CredentialsRefused, match="a ready access token lives an hour only"):
        await service.submit(upsample(IMAGE + b"2"))

    assert [line for line in vendor.lines if "token" in line] == []


async def test_the_trial_endpoint_gets_no_token(opened):
    """The trial needs no credentials, so none are shown to it."""
    vendor = strict_vendor()
    service = opened(vendor)

    await service.fetch(await service.submit(OcrRequest(Operation.RECOGNIZE_TRIAL, IMAGE)))

    assert all("Authorization" not in request.headers for request in vendor.requests)


async def test_the_vendor_is_not_asked_without_credentials(settings):
    """At the vendor's own address nothing is sent, not even to the trial in its place."""
    vendor = Vendor()
    service = CloudService(settings=settings, transport=vendor.transport)

    with pytest.raises(CredentialsRefused, match="No credentials were found: set OCR_NB_CLIENT_ID"):
        await service.submit(recognize())

    assert vendor.requests == []
    await service.aclose()


async def test_credentials_of_one_service_are_not_shown_to_another(tmp_path):
    """What the environment holds is for the address in the environment."""
    settings = Settings.from_environment(
        {"OCR_NB_HOME": str(tmp_path), "OCR_NB_CLIENT_ID": "id-env", "OCR_NB_CLIENT_SECRET": "secret-env"}
    )

    assert CloudService(settings=settings).credentials is not None
    assert CloudService("https://elsewhere.example.org", settings=settings).credentials is None


async def test_a_secret_is_not_sent_in_the_clear(settings):
    """Credentials for http beyond this machine are refused before anything is sent."""
    with pytest.raises(SettingsError, match="in the clear: use https"):
        CloudService("http://ocr.example.org", settings=settings, credentials=CREDENTIALS)


async def test_tokens_come_from_the_host_of_the_service(opened):
    """Where no token address is set, the service's own host is asked, not the vendor."""
    vendor = strict_vendor()
    await opened(vendor).submit(upsample())

    assert str(vendor.requests[0].url) == "https://ocr.example.org/connect/token"


# --- what is repeated, and what is not


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
async def test_a_request_that_never_left_is_sent_again(opened, error):
    """Without a connection nothing can have been accepted."""
    vendor = Vendor()
    vendor.faults += [once("POST", "ImageFile", error) for _ in range(2)]
    service = opened(vendor)

    await service.submit(upsample())

    assert len(vendor.tasks) == 1
    assert service.meter.usage().used == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_service_is_asked_again(opened, status):
    """429 and 503 say that nothing was accepted."""
    vendor = Vendor()
    vendor.faults.append(once("POST", "ImageFile", problem(status, "Busy", **{"Retry-After": "0"})))

    await opened(vendor).submit(upsample())

    assert len(vendor.requests) == 2
    assert len(vendor.tasks) == 1


async def test_a_service_that_stays_busy_is_left_alone(opened):
    """After the last attempt the error says when to come back; the request counts as not sent."""
    vendor = Vendor()
    vendor.faults += [
        once("POST", "ImageFile", problem(429, "Busy", **{"Retry-After": "7"})) for _ in range(9)
    ]
    service = opened(vendor)

    with pytest.raises(RateLimited, match="Try again in 7 s") as caught:
        await service.submit(upsample())

    assert caught.value.retry_after == 7.0
    assert len(vendor.requests) == 4
    vendor.faults.clear()
    await service.submit(upsample())


async def test_a_pause_of_hours_is_not_waited_out(opened):
    """A Retry-After beyond two minutes ends the request at once."""
    vendor = Vendor()
    vendor.faults.append(once("POST", "ImageFile", problem(429, "Busy", **{"Retry-After": "3600"})))

    with pytest.raises(RateLimited, match="in 3600 s"):
        await opened(vendor).submit(upsample())

    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("no answer"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("disconnected"),
        problem(502, "Bad Gateway"),
        problem(504, "Gateway Timeout"),
        httpx.Response(202, text=""),
        httpx.Response(200, text="<html>"),
    ],
    ids=lambda fault: getattr(fault, "status_code", None) or type(fault).__name__,
)
async def test_a_post_that_may_have_been_accepted_is_never_sent_twice(opened, fault):
    """Cut off on its way: told, written down, and refused until the user releases it."""
    vendor = Vendor()
    vendor.faults.append(once("POST", "ImageFile", fault))
    service = opened(vendor)

    with pytest.raises((OutcomeUnknown, UnreadableAnswer)):
        await service.submit(upsample())
    with pytest.raises(OutcomeUnknown, match=r"cut off on its way at .*resend_unknown=True"):
        await service.submit(upsample())

    assert len(vendor.requests) == 1
    (entry,) = service.journal.unknown(service.base_url, service.account)
    assert entry.operation is Operation.UPSAMPLE
    service.journal.release((entry,))
    await service.submit(upsample())
    assert len(vendor.requests) == 2


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (400, RequestRefused, "status 400: Bad image: too odd. Check the image"),
        (402, RequestRefused, "The plan is used up"),
        (403, CredentialsRefused, "needs credentials, and none are used at"),
        (413, RequestRefused, "Send a smaller image"),
        (415, RequestRefused, "Send PNG, JPEG"),
        (500, RequestRefused, "failed with status 500: Bad image: too odd. Try again later"),
    ],
)
async def test_a_refusal_says_what_and_what_now_and_is_not_repeated(opened, status, error, said):
    """The service's own words come first, then the next step; the request may be made again."""
    vendor = Vendor()
    vendor.faults.append(once("POST", "RecognizeImage", problem(status, "Bad image: too odd.")))
    service = opened(vendor)

    with pytest.raises(error, match=said):
        await service.submit(recognize())

    assert len(vendor.requests) == 1
    await service.submit(recognize())
    assert len(vendor.tasks) == 1


async def test_a_redirect_is_told_and_not_followed(opened):
    """A token must not travel where a redirect points."""
    vendor = Vendor()
    answer = httpx.Response(307, headers={"Location": "https://elsewhere.example.org/"})
    vendor.faults.append(once("POST", "ImageFile", answer))

    with pytest.raises(RequestRefused, match="redirected to https://elsewhere"):
        await opened(vendor).submit(upsample())


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), httpx.ReadTimeout("slow")])
async def test_a_question_is_asked_again_when_its_answer_breaks_off(opened, error):
    """Asking changes nothing, so it may be repeated."""
    vendor = Vendor()
    service = opened(vendor)
    task_id = await service.submit(upsample())
    vendor.faults.append(once("GET", "GetResultTask", error))

    assert (await service.fetch(task_id)).status is TaskStatus.COMPLETED


async def test_a_question_the_service_fails_at_is_not_repeated(opened):
    """A 500 is told at once; the task is kept and can be asked for again."""
    vendor = Vendor()
    service = opened(vendor)
    task_id = await service.submit(upsample())
    vendor.faults.append(once("GET", "GetResultTask", problem(500, "Oh")))

    with pytest.raises(RequestRefused, match="failed with status 500"):
        await service.fetch(task_id)

    assert len(vendor.requests) == 2
    assert (await service.fetch(task_id)).results


async def test_a_service_that_cannot_be_reached_is_named(opened):
    """No answer at all: the address and the reason."""
    vendor = Vendor()
    vendor.faults += [once("POST", "ImageFile", httpx.ConnectError("Name or service not known"))] * 9

    with pytest.raises(ServiceUnreachable, match=r"https://ocr\.example\.org/v5\.0/ocr cannot be reached"):
        await opened(vendor).submit(upsample())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, text="<html>maintenance</html>"), "is not JSON"),
        (httpx.Response(200, json={"taskStatus": "Sleeping"}), "none of Pending, Processing"),
        (
            httpx.Response(200, json={"taskStatus": "Completed", "results": [{"data": "*"}]}),
            "is not Base64",
        ),
    ],
)
async def test_an_unreadable_answer_is_told_and_loses_nothing(opened, answer, said):
    """The task stays open in the journal."""
    vendor = Vendor()
    service = opened(vendor)
    task_id = await service.submit(upsample())
    vendor.faults.append(once("GET", "GetResultTask", answer))

    with pytest.raises(UnreadableAnswer, match=said):
        await service.fetch(task_id)

    assert (await service.fetch(task_id)).results


async def test_too_many_slows_all_down(opened, clock):
    """After one 429 every request of the account waits for the pause to end."""
    vendor = Vendor()
    vendor.faults.append(once("POST", "ImageFile", problem(429, "Busy", **{"Retry-After": "30"})))
    service = opened(vendor)
    before = clock.now()

    await asyncio.gather(*(service.submit(upsample(IMAGE + bytes([n]))) for n in range(3)))

    assert clock.now() >= before + 30
    assert len(vendor.tasks) == 3


async def test_no_more_watched_tasks_are_under_way_than_allowed(opened, clock):
    """The third task is sent when one of the first two, which somebody watches, is finished."""
    vendor = Vendor()
    service = opened(vendor, pace=Pace(2, now=clock.now, sleep=clock.sleep))
    watched = [await service.submit(upsample(IMAGE + bytes([n]))) for n in range(2)]
    for task_id in watched:
        await service.wait_until_final(task_id, 0.0)

    third = asyncio.create_task(service.submit(upsample(IMAGE + b"3")))
    clock.advance(30)
    await asyncio.sleep(0.05)
    assert not third.done()
    await service.fetch(watched[0])
    await asyncio.wait_for(third, 5)

    assert len(vendor.tasks) == 3


async def test_who_submits_first_and_asks_later_does_not_wait_for_himself(opened):
    """A task that nobody watches holds its slot for a moment only."""
    vendor = Vendor()
    service = opened(vendor, pace=Pace(2))

    ids = [await asyncio.wait_for(service.submit(upsample(IMAGE + bytes([n]))), 5) for n in range(3)]

    assert [(await service.fetch(task_id)).status for task_id in ids] == [TaskStatus.COMPLETED] * 3


# --- nothing is lost, nothing is paid twice


async def test_the_same_request_is_answered_from_the_cache(opened):
    """Same image, same settings, within 24 hours: no call at all, also from another client."""
    vendor = Vendor()
    first, second = opened(vendor), opened(vendor)
    report = await first.fetch(await first.submit(recognize(language="German")))
    calls = len(vendor.requests)

    again = await second.fetch(await second.submit(recognize(language="German")))

    assert again == report
    assert len(vendor.requests) == calls
    await second.submit(recognize(language="French"))
    assert len(vendor.requests) == calls + 1


async def test_a_large_result_comes_back_whole_and_is_kept(opened, monkeypatch):
    """Decoded and kept on another thread, it is the same as any other."""
    large = b"\x89PNG" + bytes(range(256)) * 8192
    monkeypatch.setattr("service.vendor.result_of", lambda image: large)
    vendor = Vendor()
    service = opened(vendor)

    for _ in range(2):
        report = await service.fetch(await service.submit(upsample()))
        assert report.results[0].data == large

    assert len(vendor.requests) == 2


async def test_the_cache_can_be_left_aside(opened):
    """Told otherwise, the request is sent again."""
    vendor = Vendor()
    service = opened(vendor, use_cache=False)
    for _ in range(2):
        await service.fetch(await service.submit(recognize()))

    assert len(vendor.tasks) == 2


async def test_a_task_under_way_is_watched_instead_of_sent_again(opened):
    """A second request for the same waits for the first one's task."""
    vendor = Vendor(pending_polls=3)
    service = opened(vendor)

    first, second = await asyncio.gather(service.submit(upsample()), service.submit(upsample()))

    assert first == second
    assert len(vendor.tasks) == 1


async def test_a_failed_task_may_be_sent_again(opened):
    """Only completed tasks answer later requests."""
    vendor = Vendor()
    service = opened(vendor)
    task_id = await service.submit(upsample())
    failed = httpx.Response(200, json={"taskStatus": "Error", "error": {"messages": ["Not an image."]}})
    vendor.faults.append(once("GET", "GetResultTask", failed))
    report = await service.fetch(task_id)

    assert (report.status, report.messages) == (TaskStatus.FAILED, ("Not an image.",))
    assert await service.submit(upsample()) != task_id


async def test_an_unfinished_task_outlives_its_client(opened):
    """A new client finds in the journal what was sent, and asks in the way it was sent."""
    vendor = Vendor()
    first = opened(vendor, generation="current")
    task_id = await first.submit(upsample())
    await first.aclose()

    second = opened(vendor)
    (entry,) = second.unfinished()

    assert (entry.task_id, entry.state) == (task_id, EntryState.WAITING)
    assert (await second.fetch(task_id)).results
    assert vendor.lines[-1] == "GET UpscaleImage"
    assert second.unfinished() == ()


async def test_a_cancelled_post_is_written_down_as_unknown(opened):
    """Whoever cancels while the image is on its way learns that its outcome is unknown."""
    started = asyncio.Event()

    async def hang(request: httpx.Request) -> httpx.Response:
        started.set()
        await asyncio.sleep(60)
        raise AssertionError("cancelled before")

    vendor = Vendor()
    service = opened(vendor)
    service._exchange._transport = httpx.MockTransport(hang)
    task = asyncio.create_task(service.submit(upsample()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    with pytest.raises(OutcomeUnknown):
        await service.submit(upsample())


async def test_a_request_that_waits_for_its_turn_is_not_written_down_as_sent(opened, clock):
    """Killed now, only what was on its way would be unknown, not the queue behind it."""
    vendor = Vendor()
    service = opened(vendor, pace=Pace(1, now=clock.now, sleep=clock.sleep))
    await service.wait_until_final(await service.submit(upsample()), 0.0)
    waiting = asyncio.create_task(service.submit(upsample(IMAGE + b"2")))
    await asyncio.sleep(0.05)

    rows = service.journal._database.rows("SELECT state FROM entries")

    assert [row["state"] for row in rows] == ["waiting"]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(vendor.tasks) == 1


async def test_without_a_journal_nothing_is_kept(opened, tmp_path):
    """None keeps no journal and no cache."""
    vendor = Vendor()
    service = opened(vendor, journal=None, meter=None)
    for _ in range(2):
        await service.fetch(await service.submit(recognize()))

    assert len(vendor.tasks) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# --- the budget


async def test_every_call_is_counted(opened):
    """POST, GET and DELETE count; token requests and kept results do not."""
    vendor = strict_vendor(pending_polls=1)
    service = opened(vendor)
    task_id = await service.submit(upsample())
    await service.fetch(task_id)
    await service.fetch(task_id)
    await service.fetch(await service.submit(upsample()))
    await service.cancel(await service.submit(upsample(IMAGE + b"2")))

    assert service.meter.usage().used == 5
    assert len(vendor.requests) == 6


async def test_the_plan_can_be_kept_to(opened, settings):
    """A client told to refuse sends nothing beyond the month's plan."""
    vendor = strict_vendor()
    service = opened(vendor, refuse_overspending=True)
    assert isinstance(service.meter, CallMeter)
    service.meter.set_limit(2)
    await service.submit(upsample(IMAGE + b"1"))
    await service.submit(upsample(IMAGE + b"2"))

    with pytest.raises(BudgetExceeded, match="1 calls are needed but only 0 of 2 are left"):
        await service.submit(upsample(IMAGE + b"3"))

    assert len(vendor.tasks) == 2
    assert service.journal.unknown(service.base_url, service.account) == ()


async def test_a_batch_beyond_the_plan_is_refused_before_it_starts(opened):
    """The cost is said first; more than what is left needs force."""
    service = opened(strict_vendor())

    assert service.check_budget(10).startswith("About ")
    with pytest.raises(BudgetExceeded, match="calls are needed but only 150 of 150 are left"):
        service.check_budget(100)
    assert "calls for 100 tasks" in service.check_budget(100, force=True)


async def test_calls_to_this_machine_are_not_charged(settings):
    """A server on loopback has no plan."""
    service = CloudService("http://127.0.0.1:9", settings=settings)

    assert service.meter.usage().limit is None
    assert service.check_budget(10_000) == ""
    await service.aclose()


# --- the address


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://ocr.example.org", "https://ocr.example.org/v5.0/ocr"),
        ("https://ocr.example.org/", "https://ocr.example.org/v5.0/ocr"),
        ("http://127.0.0.1:8765/v5.0/ocr/", "http://127.0.0.1:8765/v5.0/ocr"),
        ("https://gateway.example.org/ocr", "https://gateway.example.org/ocr"),
    ],
)
async def test_an_address_is_brought_into_shape(settings, given, used):
    """A bare host gets the public prefix; a path stays as it is."""
    assert CloudService(given, settings=settings).base_url == used


@pytest.mark.parametrize("given", ["ocr.example.org", "file:///etc", "https://me:pw@example.org", ""])
async def test_an_address_that_is_none_is_refused(settings, given):
    """The message says what an address looks like."""
    if given == "":
        assert CloudService(given, settings=settings).base_url == "https://api.aspose.cloud/v5.0/ocr"
        return
    with pytest.raises(SettingsError, match="address"):
        CloudService(given, settings=settings)


async def test_it_says_who_answers(settings, opened):
    """At the vendor's own address it is the cloud; elsewhere the address itself."""
    assert CloudService(settings=settings).identity.service == "cloud"
    assert opened(Vendor()).identity.service == "https://ocr.example.org/v5.0/ocr"
