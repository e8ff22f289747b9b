"""Who may ask: hosts, origins, browsers; and what the access log keeps to itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

import httpx
import pytest

from ocr_nb.errors import SettingsError
from ocr_nb.server.options import ServerOptions, check_binding
from stepwise import WorksStepwise

UPSCALE = "/v5.0/ocr/UpscaleImage"
Serve = Callable[..., httpx.AsyncClient]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("localhost.:80", 200),
        ("[::1]:8765", 200),
        ("192.168.7.7", 200),
        ("ocr.example:8765", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.evil.example", 400),
        ("", 400),
        ("[::1", 400),
    ],
)
async def test_only_known_hosts_and_plain_addresses_are_served(serve: Serve, host: str, status: int) -> None:
    """A name that somebody points at this machine is refused, whatever page sent the browser here."""
    client = serve(allowed_hosts=("OCR.example",))

    answer = await client.get(UPSCALE, params={"id": "x"}, headers={"Host": host})

    assert status == answer.status_code


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8765", 200),
        ("https://notebooks.example", 200),
        ("http://notebooks.example", 403),
        ("http://127.0.0.1:9999", 403),
        ("null", 403),
    ],
)
async def test_a_page_of_another_origin_is_refused(
    serve: Serve, service: WorksStepwise, image: bytes, origin: str, status: int
) -> None:
    """A plain form needs no permission of the browser, so the server has to refuse it itself."""
    client = serve(cors_origins=("https://notebooks.example",))

    answer = await client.post(
        "/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile", files={"file": image}, headers={"Origin": origin}
    )

    assert status == answer.status_code
    assert (status == 200) == bool(service.requests)


async def test_cors_is_off_unless_an_origin_is_named(serve: Serve) -> None:
    """A preflight gets the permission for the named origin only."""
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    named, other = {"Origin": "https://notebooks.example"}, {"Origin": "https://other.example"}
    closed, opened = serve(), serve(cors_origins=("https://notebooks.example",))

    off = await closed.options(UPSCALE, headers=headers | named)
    allowed = await opened.options(UPSCALE, headers=headers | named)
    refused = await opened.options(UPSCALE, headers=headers | other)

    assert "access-control-allow-origin" not in off.headers
    assert "https://notebooks.example" == allowed.headers["access-control-allow-origin"]
    assert "access-control-allow-origin" not in refused.headers


async def test_the_access_log_has_no_id_no_token_and_no_foreign_text(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, image64: str
) -> None:
    """Method, resource, status, bytes, milliseconds; of an unknown path not even the path."""
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": "Bearer canary-token"}
    task_id = (await client.post(UPSCALE, json={"image": image64}, headers=headers)).text
    await client.get(UPSCALE, params={"id": task_id}, headers=headers)
    await client.get(f"/canary-path/{task_id}", headers=headers)
    await client.request("CANARY", UPSCALE)

    lines = [record.getMessage() for record in caplog.records if record.name == "ocr_nb.server.access"]

    assert ["POST UpscaleImage 200 36 bytes", "GET UpscaleImage 200"] == [
        lines[0].rsplit(" ", 2)[0],
        " ".join(lines[1].split()[:3]),
    ]
    assert lines[2].startswith("GET (unknown path) 404")
    assert lines[3].startswith("(other) UpscaleImage 405")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("ocr_nb"))
    assert task_id not in ours
    assert "canary" not in ours.lower()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_loopback_needs_no_permission(host: str) -> None:
    """Nobody else can reach it."""
    check_binding(host, strict=False, anyone=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "ocr.example"])
def test_listening_beyond_this_machine_needs_strict_or_open(host: str) -> None:
    """Either is enough; neither is refused with both named."""
    check_binding(host, strict=True, anyone=False)
    check_binding(host, strict=False, anyone=True)
    with pytest.raises(SettingsError, match=r"add --strict .*, or --open"):
        check_binding(host, strict=False, anyone=False)


@pytest.mark.parametrize("name", ["max_body", "max_pixels", "queue", "token_lifetime"])
def test_limits_are_at_least_one(name: str) -> None:
    """A limit of nothing would refuse everything."""
    with pytest.raises(SettingsError, match=f"{name} is 0: give at least 1"):
        ServerOptions(**{name: 0})
