"""The token endpoint in all the forms clients use, and strict mode."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ocr_nb.errors import SettingsError
from ocr_nb.server.options import ServerOptions
from ocr_nb.server.tokens import TokenDesk
from ocr_nb.settings import Secret, Settings

TOKEN = "/connect/token"
UPSCALE = "/v5.0/ocr/UpscaleImage"
FORM = {"grant_type": "client_credentials", "client_id": "my-id", "client_secret": "s3cr3t-word"}
DESK = TokenDesk("my-id", Secret("s3cr3t-word"), strict=True)
Serve = Callable[..., httpx.AsyncClient]


@pytest.fixture
def strict(serve: Serve) -> httpx.AsyncClient:
    """A client of a server that checks credentials."""
    return serve(strict=True, tokens=DESK)


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "basic"])
async def test_a_token_is_issued_for_every_form_of_the_request(
    strict: httpx.AsyncClient, image64: str, form: str
) -> None:
    """The documentation posts a form, the Python SDKs multipart, OAuth libraries a Basic header."""
    if form == "urlencoded":
        answer = await strict.post(TOKEN, data=FORM)
    elif form == "multipart":
        answer = await strict.post(TOKEN, files={name: (None, value) for name, value in FORM.items()})
    else:
        answer = await strict.post(
            TOKEN, data={"grant_type": FORM["grant_type"]}, auth=("my-id", "s3cr3t-word")
        )

    token = answer.json()
    used = await strict.post(
        UPSCALE, json={"image": image64}, headers={"Authorization": f"Bearer {token['access_token']}"}
    )

    assert (200, 3600, "Bearer") == (answer.status_code, token["expires_in"], token["token_type"])
    assert "no-store" == answer.headers["cache-control"]
    assert 200 == used.status_code


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"client_secret": ""}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "other"}, "invalid_client"),
    ],
)
async def test_a_wrong_request_is_400_with_the_error_of_oauth(
    strict: httpx.AsyncClient, changes: dict[str, str], error: str
) -> None:
    """The code is OAuth's; the secret is not repeated."""
    answer = await strict.post(TOKEN, data=FORM | changes)

    assert (400, error) == (answer.status_code, answer.json()["error"])
    assert "s3cr3t" not in answer.text


async def test_wrong_basic_credentials_are_401(strict: httpx.AsyncClient) -> None:
    """RFC 6749 wants that status and a challenge when the header was used."""
    answer = await strict.post(TOKEN, data={"grant_type": "client_credentials"}, auth=("my-id", "wrong"))

    assert (401, "Basic", "invalid_client") == (
        answer.status_code,
        answer.headers["www-authenticate"],
        answer.json()["error"],
    )


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data"}, b"x"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"\xff=1"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"&".join([b"a=1"] * 200)),
        ({"Authorization": "Basic !!!"}, b"grant_type=client_credentials"),
    ],
)
async def test_a_form_that_cannot_be_read_is_an_invalid_request(
    client: httpx.AsyncClient, headers: dict[str, str], content: bytes
) -> None:
    """Never a 500."""
    answer = await client.post(TOKEN, content=content, headers=headers)

    assert (400, "invalid_request") == (answer.status_code, answer.json()["error"])


async def test_anyone_gets_a_token_and_needs_none_unless_strict(
    client: httpx.AsyncClient, image64: str
) -> None:
    """The newest Python SDK sends no token at all and must work."""
    token = await client.post(TOKEN, data=FORM | {"client_id": "anyone", "client_secret": "anything"})
    without = await client.post(UPSCALE, json={"image": image64})
    rubbish = await client.post(UPSCALE, json={"image": image64}, headers={"Authorization": "Bearer x"})

    assert [200, 200, 200] == [answer.status_code for answer in (token, without, rubbish)]


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, "Bearer"),
        ("Basic bXk6aWQ=", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer rubbish", 'Bearer error="invalid_token"'),
        ("Bearer " + base64.urlsafe_b64encode(b"\xff" * 56).decode(), 'Bearer error="invalid_token"'),
    ],
)
async def test_strict_mode_refuses_with_401_and_a_challenge(
    strict: httpx.AsyncClient, image64: str, header: str | None, challenge: str
) -> None:
    """Missing, of another scheme, empty, unknown, forged; in the form SDKs parse."""
    headers = {"Authorization": header} if header else {}

    answer = await strict.post(UPSCALE, json={"image": image64}, headers=headers)

    assert (401, 401) == (answer.status_code, answer.json()["status"])
    assert "application/json; charset=utf-8" == answer.headers["content-type"]
    assert answer.headers["www-authenticate"].startswith(challenge)
    assert "/connect/token" in answer.json()["detail"]


async def test_a_token_expires(strict: httpx.AsyncClient, clock: Any) -> None:
    """To the second, after which the challenge says so."""
    token = (await strict.post(TOKEN, data=FORM)).json()["access_token"]
    headers = {"Authorization": f"bearer {token}"}
    clock.advance(3599)
    before = await strict.get(UPSCALE, params={"id": "x"}, headers=headers)
    clock.advance(1)

    after = await strict.get(UPSCALE, params={"id": "x"}, headers=headers)

    assert [200, 401] == [before.status_code, after.status_code]
    assert 'error_description="The access token has expired."' in after.headers["www-authenticate"]


async def test_the_trial_and_the_description_need_no_token(strict: httpx.AsyncClient, image64: str) -> None:
    """The trial resource is open in the service too."""
    trial = await strict.post("/v5.0/ocr/RecognizeImageTrial", json={"image": image64})
    document = await strict.get("/openapi.json")

    assert [200, 200] == [trial.status_code, document.status_code]


async def test_a_ready_token_is_accepted_and_a_forged_one_is_not(serve: Serve) -> None:
    """With a fixed token alone there is no secret to sign with, so nothing signed is believed."""
    desk = TokenDesk(fixed_token=Secret("a-ready-token"), strict=True)
    client = serve(strict=True, tokens=desk)
    forged = TokenDesk(strict=False).issue(time.time())

    answers = [
        await client.get(UPSCALE, params={"id": "x"}, headers={"Authorization": f"Bearer {token}"})
        for token in ("a-ready-token", forged)
    ]

    assert [200, 401] == [answer.status_code for answer in answers]


def test_another_process_with_the_same_secret_accepts_the_token(clock: Any) -> None:
    """Workers share no memory; a different secret refuses."""
    token = DESK.issue(clock.now())

    TokenDesk("my-id", Secret("s3cr3t-word"), strict=True).check(token, clock.now())
    with pytest.raises(Exception, match="not known here"):
        TokenDesk("my-id", Secret("other"), strict=True).check(token, clock.now())


def test_strict_without_credentials_is_refused_at_the_start() -> None:
    """The sentence names the variables to set."""
    with pytest.raises(SettingsError, match="set OCR_NB_CLIENT_ID and OCR_NB_CLIENT_SECRET"):
        TokenDesk.from_settings(Settings(), ServerOptions(strict=True))


def test_the_desk_shows_no_secret() -> None:
    """Not in its repr."""
    assert "s3cr3t" not in repr(DESK)
