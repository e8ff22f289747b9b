"""The protocol as its documentation and the official SDKs have it, call by call."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ocr_nb.images import load_picture
from ocr_nb.service.protocol import Operation
from ocr_nb.service.wire_names import DOCUMENTED_UPLOADS, RESOURCES
from stepwise import WorksStepwise

BASE = "/v5.0/ocr"
UPSCALE = f"{BASE}/UpscaleImage"
UPLOAD = f"{BASE}/ImageProcessing/PostUpsamplingImageFile"
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
Serve = Callable[..., httpx.AsyncClient]


async def post(client: httpx.AsyncClient, image64: str, path: str = UPSCALE, **more: Any) -> str:
    """Submit and return the id."""
    answer = await client.post(path, json={"image": image64, **more})
    assert 200 == answer.status_code, answer.text
    return answer.text


async def test_a_post_answers_a_bare_lower_case_guid_as_text(client: httpx.AsyncClient, image64: str) -> None:
    """The answer to a POST is the id of the task: 36 characters, no quotes, no line end."""
    answer = await client.post(UPSCALE, json={"image": image64})

    assert (200, TEXT) == (answer.status_code, answer.headers["content-type"])
    assert str(uuid.UUID(answer.text)) == answer.text
    assert 36 == len(answer.content)


async def test_a_task_goes_through_its_states_with_status_200(
    client: httpx.AsyncClient, service: WorksStepwise, image64: str
) -> None:
    """Pending, processing, completed: told by the body alone, in the exact shape of the service."""
    service.at_once = False
    task_id = await post(client, image64)

    pending = await client.get(UPSCALE, params={"id": task_id})
    service.take()
    processing = await client.get(UPSCALE, params={"id": task_id})
    service.work()
    completed = await client.get(UPSCALE, params={"id": task_id})

    assert {
        "id": task_id,
        "taskStatus": "Pending",
        "responseStatusCode": "NotReady",
        "results": [],
        "error": None,
    } == pending.json()
    assert ("Processing", "NotReady") == (
        processing.json()["taskStatus"],
        processing.json()["responseStatusCode"],
    )
    assert ("Completed", "Ok", None) == (
        completed.json()["taskStatus"],
        completed.json()["responseStatusCode"],
        completed.json()["error"],
    )
    assert {200} == {answer.status_code for answer in (pending, processing, completed)}
    assert {JSON} == {answer.headers["content-type"] for answer in (pending, processing, completed)}


async def test_an_upsampled_image_is_one_png_in_base64(client: httpx.AsyncClient, image64: str) -> None:
    """The result of upsampling is of type ImagePNG and larger than the image."""
    task_id = await post(client, image64)

    (result,) = (await client.get(UPSCALE, params={"id": task_id})).json()["results"]

    picture = load_picture(base64.b64decode(result["data"]))
    assert ("ImagePNG", 24, 16) == (result["type"], picture.width, picture.height)


async def test_both_generations_share_one_queue(
    client: httpx.AsyncClient, image: bytes, image64: str
) -> None:
    """An id of either generation is fetched as JSON, as a file and by the resource of the filter."""
    uploaded = (await client.post(UPLOAD, files={"file": ("a.png", image)})).text
    posted = await post(client, image64)

    for task_id in (uploaded, posted):
        old = await client.get(f"{BASE}/ImageProcessing/GetResultTask", params={"id": task_id})
        new = await client.get(UPSCALE, params={"id": task_id})
        file = await client.get(f"{BASE}/ImageProcessing/GetResultFile", params={"id": task_id})
        assert old.json() == new.json()
        assert (200, "image/png") == (file.status_code, file.headers["content-type"])
        assert base64.b64decode(new.json()["results"][0]["data"]) == file.content


async def test_a_result_can_be_fetched_again(client: httpx.AsyncClient, image64: str) -> None:
    """Fetching takes nothing away."""
    task_id = await post(client, image64)

    first, second = [await client.get(UPSCALE, params={"id": task_id}) for _ in range(2)]

    assert first.json() == second.json()
    assert "Completed" == second.json()["taskStatus"]


@pytest.mark.parametrize("operation", RESOURCES, ids=lambda operation: operation.value)
async def test_every_resource_reaches_its_operation(
    client: httpx.AsyncClient, service: WorksStepwise, image64: str, operation: Operation
) -> None:
    """Each resource of the current generation submits, fetches and cancels its own operation."""
    path = f"{BASE}/{RESOURCES[operation]}"
    task_id = await post(client, image64, path)

    fetched = (await client.get(path, params={"id": task_id})).json()
    cancelled = await client.delete(path, params={"id": task_id})

    assert operation is service.requests[0].operation
    assert "Completed" == fetched["taskStatus"]
    assert (200, "0", b"") == (
        cancelled.status_code,
        cancelled.headers["content-length"],
        cancelled.content,
    )
    assert "NotExist" == (await client.get(path, params={"id": task_id})).json()["taskStatus"]


@pytest.mark.parametrize("operation", DOCUMENTED_UPLOADS, ids=lambda operation: operation.value)
async def test_every_upload_reaches_its_operation(
    client: httpx.AsyncClient, service: WorksStepwise, image: bytes, operation: Operation
) -> None:
    """Each upload of the documented generation submits the filter it is named after."""
    path = f"{BASE}/{DOCUMENTED_UPLOADS[operation]}"

    answer = await client.post(path, files={"file": ("a.png", image)})

    assert (200, TEXT) == (answer.status_code, answer.headers["content-type"])
    assert (operation, image) == (service.requests[0].operation, service.requests[0].data)


@pytest.mark.parametrize(
    "path",
    [
        "/v5.0/ocr/UpscaleImage",
        "/v5.0/ocr/upscaleimage",
        "/V5.0/OCR/UPSCALEIMAGE",
        "//v5.0/ocr/UpscaleImage",
        "/v5.0//ocr/UpscaleImage/",
        "/v5.0/UpscaleImage",
        "/v5/UpscaleImage",
        "/v5.1/ocr/upscaleimage",
    ],
)
async def test_every_known_way_to_write_the_path_leads_to_the_resource(
    client: httpx.AsyncClient, image64: str, path: str
) -> None:
    """Prefixes of all SDKs, any letter case, doubled and trailing slashes."""
    # httpx would take a leading double slash for a host.
    answer = await client.post(f"http://127.0.0.1:8765{path}", json={"image": image64})

    assert (200, 36) == (answer.status_code, len(answer.text))


@pytest.mark.parametrize(
    "path", ["/UpscaleImage", "/v6.0/ocr/UpscaleImage", "/v5.0/ocr/Nothing", "/v5.0/ocr"]
)
async def test_an_unknown_path_is_404_with_problem_details(client: httpx.AsyncClient, path: str) -> None:
    """What is not served says so, in the form SDKs parse."""
    answer = await client.get(path)

    assert (404, JSON) == (answer.status_code, answer.headers["content-type"])
    assert (404, "Not Found") == (answer.json()["status"], answer.json()["title"])
    assert "/openapi.json" in answer.json()["detail"]


async def test_a_method_the_resource_does_not_take_is_405_with_allow(client: httpx.AsyncClient) -> None:
    """The answer lists what it takes."""
    answer = await client.put(UPSCALE)

    assert (405, "DELETE, GET, HEAD, OPTIONS, POST") == (answer.status_code, answer.headers["allow"])


async def test_head_and_options_are_answered(client: httpx.AsyncClient, image64: str) -> None:
    """HEAD has the headers of GET, OPTIONS lists the methods."""
    task_id = await post(client, image64)

    head = await client.head(UPSCALE, params={"id": task_id})
    options = await client.options(UPLOAD)

    assert (200, JSON) == (head.status_code, head.headers["content-type"])
    assert (204, "OPTIONS, POST") == (options.status_code, options.headers["allow"])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("query", ["", "?id=", "?other=1"])
async def test_a_missing_id_is_400(client: httpx.AsyncClient, method: str, query: str) -> None:
    """Without an id there is nothing to tell."""
    answer = await client.request(method, UPSCALE + query)

    assert 400 == answer.status_code
    assert ["id"] == list(answer.json()["errors"])


async def test_the_id_is_opaque_and_echoed(client: httpx.AsyncClient) -> None:
    """Any string may be asked for; it is not known, which is no error of HTTP."""
    answer = await client.get(UPSCALE, params={"ID": "TTS01232-9d40 ü"})

    assert 200 == answer.status_code
    assert ("TTS01232-9d40 ü", "NotExist", "TaskNotFound", []) == tuple(
        answer.json()[key] for key in ("id", "taskStatus", "responseStatusCode", "results")
    )
    assert [
        "There is no such task: it was never issued here, was cancelled, or was submitted over 24 hours ago."
    ] == (answer.json()["error"]["messages"])


async def test_a_filter_does_not_know_the_tasks_of_another(client: httpx.AsyncClient, image64: str) -> None:
    """Each resource has its own tasks; the documented generation's fetch knows those of all filters."""
    task_id = await post(client, image64, f"{BASE}/BinarizeImage")

    other = await client.get(UPSCALE, params={"id": task_id})
    await client.delete(UPSCALE, params={"id": task_id})
    shared = await client.get(f"{BASE}/ImageProcessing/GetResultTask", params={"id": task_id})

    assert "NotExist" == other.json()["taskStatus"]
    assert "Completed" == shared.json()["taskStatus"]


async def test_an_id_of_a_recognition_is_no_image(client: httpx.AsyncClient, image64: str) -> None:
    """GetResultTask and GetResultFile are about filters."""
    task_id = await post(client, image64, f"{BASE}/RecognizeImage")

    task = await client.get(f"{BASE}/ImageProcessing/GetResultTask", params={"id": task_id})
    file = await client.get(f"{BASE}/ImageProcessing/GetResultFile", params={"id": task_id})

    assert ("NotExist", 204) == (task.json()["taskStatus"], file.status_code)


async def test_the_status_resource_leaves_out_the_results(client: httpx.AsyncClient, image64: str) -> None:
    """GetTaskStatus tells the state of any task without its data."""
    task_id = await post(client, image64, f"{BASE}/RecognizeImage")

    answer = (await client.get(f"{BASE}/Utilities/GetTaskStatus", params={"id": task_id})).json()

    assert ("Completed", "Ok", []) == (answer["taskStatus"], answer["responseStatusCode"], answer["results"])


async def test_a_result_is_known_for_24_hours_from_submission(
    client: httpx.AsyncClient, clock: Any, image64: str
) -> None:
    """Just before, it is there; from then on it does not exist, and the file is 204."""
    file = f"{BASE}/ImageProcessing/GetResultFile"
    task_id = await post(client, image64)
    clock.advance(24 * 3600 - 1)
    before = await client.get(file, params={"id": task_id})

    clock.advance(1)
    after, task = [await client.get(path, params={"id": task_id}) for path in (file, UPSCALE)]

    assert (200, 204, b"") == (before.status_code, after.status_code, after.content)
    assert ("NotExist", "TaskNotFound") == (task.json()["taskStatus"], task.json()["responseStatusCode"])


async def test_the_file_of_an_unfinished_task_is_204(
    client: httpx.AsyncClient, service: WorksStepwise, image64: str
) -> None:
    """There is none yet."""
    service.at_once = False
    task_id = await post(client, image64)

    answer = await client.get(f"{BASE}/ImageProcessing/GetResultFile", params={"id": task_id})

    assert (204, b"", False) == (answer.status_code, answer.content, "content-type" in answer.headers)


async def test_a_file_that_is_no_image_is_accepted_and_fails(client: httpx.AsyncClient) -> None:
    """The service queues before it decodes, so the task ends in Error with a sentence."""
    task_id = await post(client, base64.b64encode(b"no image at all").decode())

    answer = (await client.get(UPSCALE, params={"id": task_id})).json()

    assert ("Error", "Error", []) == (answer["taskStatus"], answer["responseStatusCode"], answer["results"])
    assert re.search("not an image that can be read here", answer["error"]["messages"][0])


async def test_settings_reach_the_service(
    client: httpx.AsyncClient, service: WorksStepwise, image64: str
) -> None:
    """All settings in the vendor's spelling; unknown keys are ignored."""
    settings = {
        "language": "German",
        "makeUpsampling": True,
        "makeSkewCorrect": False,
        "resultType": "TextAndPdf",
        "Rotate": 90,
        "dsrMode": "CraftPoly",
        "unheardOf": 1,
    }

    await post(client, image64, f"{BASE}/RecognizeImage", settings=settings)

    got = service.requests[0].settings
    assert ("German", True, False, "text+pdf", 90, "PolygonalTextDetector") == (
        got.language, got.upsampling, got.skew_correction, got.result_type, got.rotate, got.dsr_mode,
    )  # fmt: skip


async def test_missing_settings_stand_for_the_defaults_of_the_resource(
    client: httpx.AsyncClient, service: WorksStepwise, image64: str
) -> None:
    """Receipts are binarized by default, images are not."""
    await post(client, image64, f"{BASE}/RecognizeReceipt")
    await post(client, image64, f"{BASE}/RecognizeImage")

    assert [True, False] == [request.settings.binarization for request in service.requests]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"language": "Klingon"}, "language cannot be 'Klingon'"),
        ({"resultType": "Txt"}, "did you mean 'Text'"),
        ({"makeUpsampling": "yes"}, "makeUpsampling is true or false, not 'yes'"),
        ({"Rotate": 2**31}, "whole number of 32 bits"),
        ({"regions": {}}, "regions is not a list"),
    ],
)
async def test_a_setting_that_is_not_allowed_is_400_and_named(
    client: httpx.AsyncClient, image64: str, setting: dict[str, Any], message: str
) -> None:
    """The answer says which key and which value."""
    answer = await client.post(f"{BASE}/RecognizeImage", json={"image": image64, "settings": setting})

    assert 400 == answer.status_code
    assert message in answer.json()["detail"]
    assert list(setting) == list(answer.json()["errors"])


@pytest.mark.parametrize(("query", "factor"), [("", None), ("?factor=auto", None), ("?factor=3", 3)])
async def test_a_factor_may_be_asked_for(
    client: httpx.AsyncClient, service: WorksStepwise, image64: str, query: str, factor: int | None
) -> None:
    """An addition of this server; the documented POST takes it as well."""
    await post(client, image64, UPSCALE + query)

    assert factor == service.requests[0].factor


async def test_a_factor_out_of_range_is_400(client: httpx.AsyncClient, image64: str) -> None:
    """Two to four."""
    answer = await client.post(f"{UPSCALE}?factor=9", json={"image": image64})

    assert (400, "factor cannot be '9': give auto, 2, 3, 4.") == (answer.status_code, answer.json()["detail"])


async def test_an_old_sdk_gets_the_bare_type_it_insists_on(client: httpx.AsyncClient, image64: str) -> None:
    """Version 22 of the Python SDK refuses the full content type."""
    headers = {"User-Agent": "OpenAPI-Generator/22.12.0.1/python", "Accept": "text/plain"}

    answer = await client.post(UPSCALE, json={"image": image64}, headers=headers)

    assert "text/plain" == answer.headers["content-type"]


async def test_a_service_without_a_store_is_served_as_well(serve: Serve, image64: str) -> None:
    """Ids are then remembered by the server."""
    client = serve(shared=False)
    task_id = await post(client, image64)

    own = await client.get(UPSCALE, params={"id": task_id})
    other = await client.get(f"{BASE}/BinarizeImage", params={"id": task_id})

    assert ("Completed", "NotExist") == (own.json()["taskStatus"], other.json()["taskStatus"])


async def test_the_welcome_names_engine_and_addresses(client: httpx.AsyncClient) -> None:
    """A person who opens the server's root in a browser learns what it is."""
    answer = await client.get("/")

    assert (200, TEXT) == (answer.status_code, answer.headers["content-type"])
    assert "stepwise 1.0" in answer.text
    assert "/v5.0/ocr" in answer.text
