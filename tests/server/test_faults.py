"""The fault script: what it says, and what a client sees of it without a network in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ocr_nb.errors import SettingsError
from ocr_nb.server.faults import FAULTS, Fault, FaultCounter, FaultScript
from stepwise import WorksStepwise

UPSCALE = "/v5.0/ocr/UpscaleImage"
FILE = "/v5.0/ocr/ImageProcessing/GetResultFile"
Serve = Callable[..., httpx.AsyncClient]


def script(*rules: Fault) -> FaultScript:
    """Return a script of these rules."""
    return FaultScript(rules)


async def test_the_second_post_is_too_many_and_says_when_to_come_back(serve: Serve, image64: str) -> None:
    """Only the request that is picked is spoilt."""
    client = serve(faults=script(Fault("too_many", on="POST upscale*", at=(2,), retry_after=7)))
    await client.get(UPSCALE, params={"id": "x"})

    answers = [await client.post(UPSCALE, json={"image": image64}) for _ in range(3)]

    assert [200, 429, 200] == [answer.status_code for answer in answers]
    assert "7" == answers[1].headers["retry-after"]


async def test_an_expired_token_is_401_with_the_reason_in_the_challenge(serve: Serve) -> None:
    """So that a client asks for a new token rather than for new credentials."""
    answer = await serve(faults=script(Fault("expired_token"))).get(UPSCALE, params={"id": "x"})

    assert 401 == answer.status_code
    assert (
        'error="invalid_token", error_description="The access token has expired."'
        in (answer.headers["www-authenticate"])
    )


async def test_a_server_error_does_nothing(serve: Serve, service: WorksStepwise, image64: str) -> None:
    """The task was not queued."""
    client = serve(faults=script(Fault("server_error", status=502)))

    answer = await client.post(UPSCALE, json={"image": image64})

    assert (502, []) == (answer.status_code, service.requests)


async def test_a_slow_answer_comes_late_but_right(serve: Serve, clock: Any, image64: str) -> None:
    """After exactly the seconds in the script."""
    client = serve(faults=script(Fault("slow", seconds=3.5)))

    answer = await client.post(UPSCALE, json={"image": image64})

    assert (200, [3.5]) == (answer.status_code, clock.slept)


async def test_a_wrong_type_is_the_right_answer_as_html(serve: Serve, image64: str) -> None:
    """The body is untouched."""
    client = serve(faults=script(Fault("wrong_type")))

    answer = await client.post(UPSCALE, json={"image": image64})

    assert ("text/html; charset=utf-8", 36) == (answer.headers["content-type"], len(answer.text))


async def test_a_lost_result_is_a_completed_task_without_data(serve: Serve, image64: str) -> None:
    """As JSON with the service's own code, as a file 204."""
    client = serve(faults=script(Fault("lost_result", on="GET *")))
    task_id = (await client.post(UPSCALE, json={"image": image64})).text

    task, file = [await client.get(path, params={"id": task_id}) for path in (UPSCALE, FILE)]

    assert ("Completed", "ResultDataLost", []) == (
        task.json()["taskStatus"], task.json()["responseStatusCode"], task.json()["results"],
    )  # fmt: skip
    assert 204 == file.status_code


@pytest.mark.parametrize(("done", "queued"), [(False, 0), (True, 1)])
async def test_a_reset_happens_before_or_after_the_work(
    serve: Serve, service: WorksStepwise, image64: str, done: bool, queued: int
) -> None:
    """With `done` the task exists although its id never arrived: the case a client must not repeat."""
    client = serve(faults=script(Fault("reset", done=done)))

    with pytest.raises(ConnectionResetError):
        await client.post(UPSCALE, json={"image": image64})

    assert queued == len(service.requests)


async def test_a_truncated_answer_announces_more_than_it_sends(serve: Serve, image64: str) -> None:
    """Half of the body comes."""
    client = serve(faults=script(Fault("truncated", on="GET *")))
    task_id = (await client.post(UPSCALE, json={"image": image64})).text

    with pytest.raises(ConnectionAbortedError):
        await client.get(UPSCALE, params={"id": task_id})


def test_a_script_is_toml() -> None:
    """All keys, one number or several, `every`."""
    rules = FaultScript.parse(
        """
        [[fault]]
        do = "too_many"
        on = "POST UpscaleImage"
        at = [1, 3]
        retry_after = 9

        [[fault]]
        do = "slow"
        at = 2
        seconds = 1

        [[fault]]
        do = "reset"
        every = 4
        done = true
        """
    ).rules

    assert (
        Fault("too_many", "POST UpscaleImage", (1, 3), retry_after=9),
        Fault("slow", at=(2,), seconds=1),
        Fault("reset", every=4, done=True),
    ) == rules


def test_a_list_of_names_spoils_one_request_each(tmp_path: Path) -> None:
    """The short form, for lessons; the same from a file is TOML."""
    path = tmp_path / "script.toml"
    path.write_text('[[fault]]\ndo = "slow"\nat = 1\n[[fault]]\ndo = "reset"\nat = 2\n')

    counter = FaultCounter(FaultScript.load("slow,reset"))

    assert FaultScript.load("slow, reset") == FaultScript.load(str(path))
    assert ["slow", "reset", None] == [
        fault.do if fault else None for fault in (counter.next("GET", "a") for _ in range(3))
    ]


def test_rules_count_the_requests_they_cover_only() -> None:
    """The first rule that applies wins; the others have still counted the request."""
    rules = script(Fault("slow", on="* GetResult*", every=2), Fault("reset", at=(3,)))
    counter = FaultCounter(rules)
    asked = ["GetResultTask", "UpscaleImage", "getresultfile", "UpscaleImage"]

    assert [None, None, "slow", None] == [
        fault.do if fault else None for fault in (counter.next("GET", name) for name in asked)
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[fault]]\ndo = 'slwo'", "There is no fault 'slwo': did you mean 'slow'"),
        ("[[fault]]\ndo = 'slow'\nsecond = 3", "A fault has no 'second': did you mean 'seconds'"),
        ("[[fault]]\non = 'GET *'", "A fault says no 'do'"),
        ("[[fault]]\ndo = 'slow'\nat = 'first'", "at of the fault 'slow' cannot be"),
        ("[[fault]]\ndo = 'slow'\nat = [0]", "counted from 1"),
        ("[[fault]]\ndo = 'slow'\nseconds = true", "seconds of the fault 'slow' cannot be True"),
        ("[[fault]]\ndo = 'slow'\non = 'UpscaleImage'", "give method and resource"),
        ("[[fault]]\ndo = 'server_error'\nstatus = 404", "a server error has 500 to 599"),
        ("fault = 3", "something else than"),
        ("other = 3", "something else than"),
        ("[[fault", "is not TOML"),
    ],
)
def test_a_malformed_script_is_refused_with_a_sentence(text: str, message: str) -> None:
    """What, which value, what is meant."""
    with pytest.raises(SettingsError, match=message):
        FaultScript.parse(text)


def test_what_is_neither_file_nor_fault_names_the_faults() -> None:
    """The names are listed."""
    with pytest.raises(SettingsError, match=", ".join(FAULTS)):
        FaultScript.load("/nowhere/script.toml")
