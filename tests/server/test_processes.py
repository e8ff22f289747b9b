"""Several processes behind one address: one queue, one store, whoever dies."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn

from doubles import wait_for
from ocr_nb.errors import SettingsError
from ocr_nb.server.supervisor import serve_here, supervise
from server.running import Fails, fetch, serving, workers_of

UPSCALE = "/v5.0/ocr/UpscaleImage"


def test_two_processes_share_one_queue_one_store_and_their_tokens(tmp_path: Path, image64: str) -> None:
    """Whichever process answers: the token is good, the id is known, the result is there."""
    environment = {"OCR_NB_CLIENT_ID": "me", "OCR_NB_CLIENT_SECRET": "canary-secret"}
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "canary-secret"}
    with serving(tmp_path, "--workers", "2", "--strict", environment=environment) as command:
        with httpx.Client(base_url=command.base) as client:
            token = client.post("/connect/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        with httpx.Client(base_url=command.base, headers=headers) as client:
            ids = [client.post(UPSCALE, json={"image": image64}).text for _ in range(8)]
            states = [fetch(client, UPSCALE, task_id)["taskStatus"] for task_id in ids for _ in range(2)]

        assert 0 == command.stop(signal.SIGINT)

    assert ["Completed"] * 16 == states
    log = command.log.read_text()
    assert 2 == log.count("Application startup complete")
    assert "canary-secret" not in log
    assert token not in log


def test_a_killed_worker_is_replaced_and_none_outlives_the_server(tmp_path: Path, image64: str) -> None:
    """The other one goes on; when the server itself is killed, its workers end of their own accord."""
    with serving(tmp_path, "--workers", "2") as command:
        assert wait_for(lambda: command.log.read_text().count("startup complete") == 2, 30)
        before = workers_of(command.process.pid)
        os.kill(before[0], signal.SIGKILL)
        assert wait_for(lambda: command.log.read_text().count("startup complete") == 3, 30)
        after = workers_of(command.process.pid)
        answer = httpx.post(f"{command.base}{UPSCALE}", json={"image": image64})
        command.stop(signal.SIGKILL)

        assert wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in after), 30)

    assert 200 == answer.status_code
    assert (2, 1) == (len(after), len({*before} & {*after}))
    assert "replaced" in command.log.read_text()


def test_workers_that_cannot_start_end_the_server_with_a_sentence() -> None:
    """Rather than being started for ever."""
    config = uvicorn.Config(Fails(), factory=True, workers=1, log_config=None)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(SettingsError, match="The worker processes end with errors"),
    ):
        supervise(config, listener, 5.0, most_failures=2)


class ToldAtOnce(uvicorn.Config):
    """Is told to stop when the server has been made and does not listen to signals yet."""

    def get_loop_factory(self):
        os.kill(os.getpid(), signal.SIGTERM)
        return super().get_loop_factory()


def test_a_server_told_to_stop_while_it_starts_stops() -> None:
    """Or it would serve for ever, and whoever waits for its end would, too."""

    async def app(scope, receive, send) -> None:
        """Nobody asks."""

    too_late = threading.Event()

    def rescue() -> None:
        too_late.set()
        os.kill(os.getpid(), signal.SIGTERM)

    timer = threading.Timer(20, rescue)
    timer.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serve_here(ToldAtOnce(app, lifespan="off", log_config=None), listener)
    finally:
        timer.cancel()
    assert not too_late.is_set()


def test_a_kept_folder_answers_after_a_restart(tmp_path: Path, image64: str) -> None:
    """With --state, a task of the killed server is finished by the next one."""
    state = ("--state", str(tmp_path / "state"))
    with serving(tmp_path, *state, "--latency", "1") as command:
        task_id = httpx.post(f"{command.base}{UPSCALE}", json={"image": image64}).text
        command.stop(signal.SIGKILL)

    with serving(tmp_path, *state) as command, httpx.Client(base_url=command.base) as client:
        answer = fetch(client, UPSCALE, task_id, 20)

    assert "Completed" == answer["taskStatus"]
