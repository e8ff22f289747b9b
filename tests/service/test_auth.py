"""The token flow: one refresh at a time, in time, and no secret where it does not belong."""

import asyncio
import logging

import httpx
import pytest

from ocr_nb.credentials import Credentials
from ocr_nb.errors import CredentialsRefused, RateLimited, ServiceUnreachable, SettingsError, UnreadableAnswer
from ocr_nb.service.auth import TokenAuth, fetch_token, read_token, token_request
from ocr_nb.service.redaction import Redaction
from ocr_nb.service.retry_after import retry_after
from ocr_nb.settings import Secret
from service.vendor import Vendor

TOKEN_URL = "https://ocr.example.org/connect/token"
CREDENTIALS = Credentials.of("my-client-id", "my-client-secret")


@pytest.fixture
def vendor() -> Vendor:
    """A vendor that knows one client."""
    return Vendor(client_id="my-client-id", client_secret="my-client-secret")


async def ask(vendor: Vendor, auth: httpx.Auth, times: int = 1) -> list[int]:
    """Ask `times` times at once; return the statuses."""
    async with httpx.AsyncClient(transport=vendor.transport, auth=auth) as client:
        url = "https://ocr.example.org/v5.0/ocr/UpscaleImage?id=1"
        return [answer.status_code for answer in await asyncio.gather(*[client.get(url)] * times)]


def answer(status: int, **body: object) -> httpx.Response:
    """An answer of the token endpoint."""
    return httpx.Response(status, json=body, request=httpx.Request("POST", TOKEN_URL))


def test_the_form_is_the_documented_one():
    """grant_type, client_id, client_secret; urlencoded."""
    request = token_request(CREDENTIALS, TOKEN_URL)

    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.content == (
        b"grant_type=client_credentials&client_id=my-client-id&client_secret=my-client-secret"
    )


async def test_a_token_is_replaced_a_minute_before_it_expires(vendor, clock):
    """A token of an hour serves 59 minutes."""
    auth = TokenAuth(CREDENTIALS, TOKEN_URL, now=clock.now)
    await ask(vendor, auth)
    clock.advance(3600 - 61)
    await ask(vendor, auth)
    assert len(vendor.tokens) == 1

    clock.advance(2)
    await ask(vendor, auth)

    assert len(vendor.tokens) == 2


async def test_a_short_token_is_used_for_half_its_life(vendor, clock):
    """A minute early would be never."""
    vendor.expires_in = 20
    auth = TokenAuth(CREDENTIALS, TOKEN_URL, now=clock.now)
    await ask(vendor, auth)
    clock.advance(9)
    await ask(vendor, auth)
    assert len(vendor.tokens) == 1
    clock.advance(2)
    await ask(vendor, auth)
    assert len(vendor.tokens) == 2


async def test_many_requests_wait_for_one_refresh(vendor, clock):
    """Twenty requests that all get a 401 ask for one new token between them."""
    auth = TokenAuth(CREDENTIALS, TOKEN_URL, now=clock.now)
    await ask(vendor, auth)
    vendor.tokens.append("issued elsewhere")

    assert await ask(vendor, auth, times=20) == [200] * 20
    assert len(vendor.tokens) == 3


async def test_an_old_ready_token_gives_way_to_the_client_id(vendor):
    """With both at hand the ready token is tried first."""
    auth = TokenAuth(Credentials.of("my-client-id", "my-client-secret", "stale-token"), TOKEN_URL)

    assert await ask(vendor, auth) == [200]
    assert vendor.lines == ["GET UpscaleImage", "POST connect/token", "GET UpscaleImage"]


@pytest.mark.parametrize(
    ("refused", "error", "said"),
    [
        (answer(400, error="invalid_client"), CredentialsRefused, r"status 400 \(invalid_client\)"),
        (answer(401), CredentialsRefused, "status 401"),
        (answer(429), RateLimited, "busy"),
        (answer(503), RateLimited, "busy"),
        (answer(500), ServiceUnreachable, "failed with status 500"),
        (answer(200), UnreadableAnswer, "without an access_token"),
        (answer(200, access_token=""), UnreadableAnswer, "without an access_token"),
        (
            httpx.Response(200, text="<html>", request=httpx.Request("POST", TOKEN_URL)),
            UnreadableAnswer,
            "without",
        ),
    ],
)
def test_each_refusal_of_the_token_endpoint_has_its_error(refused, error, said):
    """What happened, and what now."""
    with pytest.raises(error, match=said):
        read_token(refused, 0.0)


@pytest.mark.parametrize("life", [None, "soon", 0, -5])
def test_a_token_of_unknown_life_is_taken_to_live_an_hour(life):
    """As the documentation's example has it."""
    assert read_token(answer(200, access_token="t", expires_in=life), 0.0).refresh_at == 3540.0


def test_the_secret_is_not_sent_in_the_clear():
    """Neither by the flow nor by the blocking call."""
    with pytest.raises(SettingsError, match="in the clear"):
        TokenAuth(CREDENTIALS, "http://ocr.example.org/connect/token")
    with pytest.raises(SettingsError, match="in the clear"):
        fetch_token(CREDENTIALS, "http://ocr.example.org/connect/token")


def test_a_token_endpoint_that_does_not_answer_is_named():
    """Nothing listens on port 1 of this machine."""
    with pytest.raises(ServiceUnreachable, match=r"http://127\.0\.0\.1:1/token did not answer") as caught:
        fetch_token(CREDENTIALS, "http://127.0.0.1:1/token")
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """Nonsense is as good as nothing, and no wait is negative."""
    assert retry_after(value, now=lambda: 40.0) == seconds


# --- redaction


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer …"),
        ("(b'authorization', b'Bearer abc')", "(b'authorization', b'Bearer …')"),
        ("grant_type=x&client_secret=abc&a=b", "grant_type=x&client_secret=…&a=b"),
        ('{"access_token": "abc", "expires_in": 3600}', '{"access_token": "…", "expires_in": 3600}'),
        (
            "GET https://h/v5.0/ocr/UpscaleImage?id=5abe1234-0000-4000-8000-000000000000 200",
            "GET https://h/v5.0/ocr/UpscaleImage?id=5abe1234… 200",
        ),
        ("a known-secret-value in words", "a … in words"),
        ("nothing of the kind, id=5", "nothing of the kind, id=5"),
    ],
)
def test_a_log_line_loses_its_secrets(said, heard):
    """By pattern, and by value for secrets that are known."""
    redaction = Redaction()
    redaction.add(Secret("known-secret-value"))
    redaction.add(Secret("t"))  # masked wherever it stands, it would leave nothing to read
    record = logging.LogRecord("httpx", logging.INFO, "", 0, "%s", (said,), None)

    assert redaction.filter(record)
    assert record.getMessage() == heard
