"""What is accepted as a body, and what is refused with which status."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ocr_nb.images import encode_png
from ocr_nb.server.bodies import Intake
from ocr_nb.server.multipart import MalformedForm, parse_multipart
from stepwise import WorksStepwise

UPSCALE = "/v5.0/ocr/UpscaleImage"
UPLOAD = "/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile"
JSON = {"Content-Type": "application/json"}
Serve = Callable[..., httpx.AsyncClient]


@pytest.mark.parametrize(
    "template",
    [
        '{"image": "%s",}',
        '{"image": "%s", "settings": {"language": "English",},}',
        '\ufeff{"image": "%s"}',
        '{"Image": "%s"}',
        '{"image": "%s", "unknown": [1, 2,]}',
    ],
)
async def test_the_forgiving_parser_of_the_service_is_matched(
    client: httpx.AsyncClient, image: bytes, service: WorksStepwise, template: str
) -> None:
    """Trailing commas of the documentation's samples, a byte order mark, letter case, unknown keys."""
    body = template % base64.b64encode(image).decode()

    answer = await client.post(UPSCALE, content=body.encode(), headers=JSON)

    assert 200 == answer.status_code
    assert image == service.requests[0].data


async def test_white_space_in_base64_is_ignored(
    client: httpx.AsyncClient, image: bytes, service: WorksStepwise
) -> None:
    """Command-line tools break Base64 into lines."""
    body = json.dumps({"image": base64.encodebytes(image).decode()})

    answer = await client.post(UPSCALE, content=body, headers=JSON)

    assert (200, image) == (answer.status_code, service.requests[0].data)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is empty"),
        (b"{", "The body is not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "The image is missing"),
        (b'{"image": null}', "The image is missing"),
        (b'{"image": ""}', "The image is missing"),
        (b'{"image": 5}', "The image is not a string"),
        (b'{"image": "AA"}', "The image is not Base64"),
        (b'{"image": "data:image/png;base64,AAAA"}', "send the Base64 after the comma"),
        (b"\xff\xfe\x00", "The body is not JSON"),
        (b"[" * 100_000, "The body is not JSON"),
        (b'{"a":' * 100_000 + b"1" + b",}" * 100_000, "deeply"),
        (b'{"image": "AAAA", "settings": 5}', "200"),
        (b'{"image": ' + b"1" * 5000 + b"}", "The body is not JSON"),
    ],
)
async def test_a_malformed_body_is_400_with_a_sentence(
    client: httpx.AsyncClient, body: bytes, message: str
) -> None:
    """Never a 500; a filter does not read settings at all."""
    answer = await client.post(UPSCALE, content=body, headers=JSON)

    assert (200 if message == "200" else 400) == answer.status_code
    assert message == "200" or message in answer.json()["detail"]


async def test_settings_that_are_no_object_are_400(client: httpx.AsyncClient) -> None:
    """Recognition reads them."""
    answer = await client.post("/v5.0/ocr/RecognizeImage", json={"image": "AAAA", "settings": 5})

    assert (400, ["settings"]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize("kind", ["text/plain", "image/png", "multipart/form-data; boundary=x", ""])
async def test_json_under_another_type_is_415(client: httpx.AsyncClient, kind: str) -> None:
    """The type is named in the answer."""
    headers = {"Content-Type": kind} if kind else {}

    answer = await client.post(UPSCALE, content=b'{"image": "AAAA"}', headers=headers)

    assert 415 == answer.status_code
    assert (kind.partition(";")[0] or "missing") in answer.json()["detail"]


@pytest.mark.parametrize("disposition", ['; filename="C:\\my files\\a.png"', '; filename="../../a"', ""])
@pytest.mark.parametrize("name", ["file", "File"])
async def test_the_part_counts_by_its_name_whatever_the_file_is_called(
    client: httpx.AsyncClient, image: bytes, service: WorksStepwise, disposition: str, name: str
) -> None:
    """A missing file name, a whole path, a path upwards: the bytes of the part are taken, nothing else."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nsomething\r\n--x\r\n'
        + f'Content-Disposition: form-data; name="{name}"{disposition}\r\n'.encode()
        + b"Content-Type: application/octet-stream\r\n\r\n" + image + b"\r\n--x--\r\n"
    )  # fmt: skip

    answer = await client.post(
        UPLOAD, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (200, image) == (answer.status_code, service.requests[0].data)
    assert "image" == service.requests[0].name


async def test_an_upload_with_nothing_at_all_is_a_clean_400(client: httpx.AsyncClient) -> None:
    """One official SDK sends no body and no content type when it is given no file."""
    answer = await client.post(UPLOAD)

    assert 400 == answer.status_code
    assert {"file": ["There is no part named 'file': send the image in one."]} == answer.json()["errors"]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=x", b"rubbish", 400),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nab',
            400,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n\r\n--x--\r\n',
            400,
        ),
        ("image/png", b"\x89PNG", 415),
        ("", b"\x89PNG", 415),
    ],
)
async def test_an_upload_that_is_no_form_is_refused(
    client: httpx.AsyncClient, kind: str, body: bytes, status: int
) -> None:
    """No part, no boundary, no end, an empty file, another type."""
    answer = await client.post(UPLOAD, content=body, headers={"Content-Type": kind} if kind else {})

    assert status == answer.status_code


async def test_a_body_over_the_limit_is_413_with_or_without_a_length(serve: Serve) -> None:
    """A declared length is refused at once, a body in chunks as soon as it is over."""
    client = serve(max_body=1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    declared = await client.post(UPSCALE, content=b"x" * 1001, headers=JSON)
    chunked = await client.post(UPSCALE, content=chunks(), headers=JSON)
    fits = await client.post(UPSCALE, content=b'{"image": "AAAA"}'.ljust(1000), headers=JSON)

    assert [413, 413, 200] == [declared.status_code, chunked.status_code, fits.status_code]
    assert "over the limit of 0.000953674 MiB" in declared.json()["detail"]


async def test_a_body_that_comes_for_ever_is_given_up(serve: Serve) -> None:
    """However steadily it comes."""
    client = serve(longest_s=0.2)

    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    answer = await client.post(UPSCALE, content=drops(), headers=JSON)

    assert (408, "The body was not here after 0.2 s: send it again.") == (
        answer.status_code,
        answer.json()["detail"],
    )


async def test_few_large_bodies_are_taken_in_at_a_time() -> None:
    """So that memory is bounded; small ones never wait."""
    intake, inside, most = Intake(2), 0, 0

    async def take(headers: dict[str, str]) -> None:
        nonlocal inside, most
        scope = {
            "type": "http",
            "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        }
        async with intake.place(Request(scope)):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    large = [{"content-length": str(10**7)}, {"transfer-encoding": "chunked"}] * 3
    await asyncio.gather(*map(take, large))
    of_large, most = most, 0
    await asyncio.gather(*(take({"content-length": "100"}) for _ in range(6)))

    assert (2, 6) == (of_large, most)


async def test_an_image_that_declares_too_many_pixels_is_413(serve: Serve, service: WorksStepwise) -> None:
    """Told from the header, before anything is decoded; at the limit it is taken."""
    client = serve(max_pixels=100)
    images = [encode_png(np.zeros((10, width), dtype=np.uint8)) for width in (10, 11)]

    answers = [
        await client.post(UPSCALE, json={"image": base64.b64encode(image).decode()}) for image in images
    ]
    uploaded = await client.post(UPLOAD, files={"file": images[1]})

    assert [200, 413, 413] == [answer.status_code for answer in (*answers, uploaded)]
    assert "more than 0.0001 megapixels" in uploaded.json()["detail"]
    assert 1 == len(service.requests)


async def test_a_full_queue_is_429_with_the_seconds_to_wait(
    serve: Serve, service: WorksStepwise, image64: str
) -> None:
    """Tasks that wait are bounded; when one has been taken up there is room again."""
    client, service.at_once = serve(queue=2), False
    first = [await client.post(UPSCALE, json={"image": image64}) for _ in range(3)]

    service.take()
    again = await client.post(UPSCALE, json={"image": image64})

    assert [200, 200, 429, 200] == [answer.status_code for answer in (*first, again)]
    assert "2" == first[2].headers["retry-after"]
    assert "2 tasks are waiting" in first[2].json()["detail"]


@given(
    parts=st.lists(
        st.tuples(st.text("abcdefgh", min_size=1, max_size=5), st.binary(max_size=200)), max_size=6
    ),
    boundary=st.text("ABCXYZ0123456789", min_size=10, max_size=40),
)
def test_any_parts_come_back_as_they_went(parts: list[tuple[str, bytes]], boundary: str) -> None:
    """What an ordinary sender packs is unpacked byte for byte, in order."""
    mark = f"--{boundary}".encode()
    if any(mark in data for _, data in parts):
        return
    body = b"".join(
        mark + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in parts
    )

    assert parts == parse_multipart(f"multipart/form-data; boundary={boundary}", body + mark + b"--\r\n")


@given(body=st.binary(max_size=300))
def test_rubbish_is_malformed_and_nothing_worse(body: bytes) -> None:
    """Whatever comes, the answer is parts or one kind of error."""
    with contextlib.suppress(MalformedForm):
        parts = parse_multipart("multipart/form-data; boundary=xx", b"--xx\r\n" + body)
        assert all(isinstance(data, bytes) for _, data in parts)


def test_endless_parts_are_refused() -> None:
    """A form of this protocol has at most four parts."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 101 + b"--x--\r\n"

    with pytest.raises(MalformedForm, match="over 100 parts"):
        parse_multipart("multipart/form-data; boundary=x", body)
