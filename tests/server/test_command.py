"""The server as it is started: real sockets, real curl, real signals."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from needs import needs
from ocr_nb.errors import SettingsError
from ocr_nb.images import load_picture
from ocr_nb.server.app import make_app
from ocr_nb.server.command import serve
from ocr_nb.server.faults import Fault, FaultScript
from ocr_nb.server.options import ServerOptions
from server.running import fetch, listening, serving
from stepwise import WorksStepwise

UPSCALE = "/v5.0/ocr/UpscaleImage"
FILE = "/v5.0/ocr/ImageProcessing/GetResultFile"


def test_the_documented_curl_command_works_but_for_host_and_file(
    tmp_path: Path, service: WorksStepwise, image: bytes
) -> None:
    """Authorization header, a form part with the client's path in quotes, redirects allowed, nothing else."""
    curl = needs("curl")
    path = tmp_path / "my small image.png"
    path.write_bytes(image)
    with listening(make_app(service, store=service.store)) as base:
        posted = subprocess.run(
            [
                curl, "--silent", "--show-error", "--location", "--request", "POST",
                f"{base}/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile",
                "--header", "Authorization: Bearer <Access Token>",
                "--form", f'file=@"{path}"',
            ],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        fetched = subprocess.run(
            [
                curl, "--silent", "--show-error", "--location", "--request", "GET",
                f"{base}{FILE}?id={posted.stdout}", "--header", "Accept: text/plain",
                "--header", "Content-Type: application/json",
                "--header", "Authorization: Bearer <Access Token>",
            ],
            capture_output=True, timeout=30, check=True,
        )  # fmt: skip

    assert 36 == len(posted.stdout)
    assert image == service.requests[0].data
    assert (24, 16) == (load_picture(fetched.stdout).width, load_picture(fetched.stdout).height)


def test_curl_reads_the_refusal_of_a_body_it_need_not_send(tmp_path: Path, service: WorksStepwise) -> None:
    """A large body is announced with `Expect: 100-continue`; the answer is 413 before any of it is sent."""
    curl = needs("curl")
    path = tmp_path / "large.png"
    path.write_bytes(bytes(3_000_000))
    with listening(make_app(service, ServerOptions(max_body=2_000_000), store=service.store)) as base:
        done = subprocess.run(
            [
                curl, "--silent", "--show-error", "--write-out", "%{http_code} %{size_upload}",
                "--output", os.devnull, "--form", f"file=@{path}",
                f"{base}/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile",
            ],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip

    assert "413 0" == done.stdout


def test_a_client_that_sends_all_first_still_reads_413(service: WorksStepwise) -> None:
    """The rest of the body is read and thrown away, so the connection is not reset under the answer."""
    with (
        listening(make_app(service, ServerOptions(max_body=1_000_000), store=service.store)) as base,
        httpx.Client(base_url=base) as client,
    ):
        answer = client.post(UPSCALE, content=bytes(20_000_000), headers={"Content-Type": "application/json"})

    assert (413, "close") == (answer.status_code, answer.headers["connection"])


def test_a_reset_is_a_reset_on_the_wire(service: WorksStepwise) -> None:
    """The client's socket is reset, not closed in order."""
    faults = FaultScript((Fault("reset", at=(1,)),))
    with listening(make_app(service, ServerOptions(faults=faults), store=service.store)) as base:
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as raw:
            raw.sendall(b"GET /v5.0/ocr/UpscaleImage?id=x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                raw.recv(100)
        after = httpx.get(f"{base}{UPSCALE}?id=x")

    assert 200 == after.status_code


def test_a_truncated_answer_ends_early_on_the_wire(service: WorksStepwise) -> None:
    """Fewer bytes than announced, then an orderly end."""
    faults = FaultScript((Fault("truncated", at=(1,)),))
    with listening(make_app(service, ServerOptions(faults=faults), store=service.store)) as base:
        with pytest.raises(
            httpx.RemoteProtocolError, match="peer closed connection without sending complete"
        ):
            httpx.get(f"{base}{UPSCALE}?id=x")
        after = httpx.get(f"{base}{UPSCALE}?id=x")

    assert 200 == after.status_code


def test_a_body_that_stops_coming_is_given_up(service: WorksStepwise) -> None:
    """408 after the seconds of patience, not a connection held for ever."""
    with listening(make_app(service, ServerOptions(idle_s=0.2), store=service.store)) as base:
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as raw:
            raw.sendall(
                b"POST /v5.0/ocr/UpscaleImage HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
                b"Content-Type: application/json\r\n\r\n{"
            )
            answer = raw.recv(1000)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_answer_under_way_is_finished_before_the_server_stops(tmp_path: Path) -> None:
    """SIGTERM in the middle of a slow answer: the answer comes, then the server ends with exit 0."""
    script = tmp_path / "slow.toml"
    script.write_text('[[fault]]\ndo = "slow"\non = "GET UpscaleImage"\nseconds = 1.0\n')
    with serving(tmp_path, "--faults", str(script)) as command, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.get, f"{command.base}{UPSCALE}?id=x")
        time.sleep(0.4)

        code = command.stop()

    assert (200, 0) == (asked.result().status_code, code)


def test_the_command_serves_the_engines_and_leaves_nothing_behind(tmp_path: Path, image64: str) -> None:
    """A real upsampling through the real service, then SIGTERM: exit 0, the task folder is gone."""
    with serving(tmp_path) as command, httpx.Client(base_url=command.base) as client:
        folders = [*tmp_path.glob("ocr_nb-tasks-*")]
        task_id = client.post(UPSCALE, json={"image": image64}).text
        answer = fetch(client, UPSCALE, task_id)

        assert 0 == command.stop()

    assert 1 == len(folders)
    assert [] == [*tmp_path.glob("ocr_nb-tasks-*")]
    assert ("Completed", "ImagePNG") == (answer["taskStatus"], answer["results"][0]["type"])
    log = command.log.read_text()
    assert "POST UpscaleImage 200 36 bytes" in log
    assert task_id not in log


def test_a_taken_port_is_a_sentence() -> None:
    """It says which, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"127.0.0.1 port {port} .*choose another with --host or --port"
        ):
            serve(port=port)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "0.0.0.0"}, "add --strict"),
        ({"strict": True}, "set OCR_NB_CLIENT_ID"),
        ({"workers": 0}, "workers is 0"),
        ({"latency": -1.0}, "latency -1.0"),
        ({"engine": "rapidorc"}, "There is no engine 'rapidorc'"),
        ({"faults": "slow", "workers": 2}, "leave out --workers"),
        ({"faults": "slwo"}, "neither a readable fault script nor"),
        ({"queue": 0}, "queue is 0"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_listens(
    options: dict[str, Any], message: str
) -> None:
    """What, which value, what now."""
    with pytest.raises(SettingsError, match=message):
        serve(**options)
