"""One known secret through every entrance; nothing that leaves, stays or is shown may hold it.

Entrances: argument, environment, Colab's secrets, keyring, file. Exits: the log at DEBUG (ours and the
transport's), reprs, tracebacks with local variables, pickles, and every file of state and cache.
"""

import asyncio
import contextlib
import copy
import io
import json
import logging
import pickle
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import httpx
import pytest
import stamina

from ocr_nb import loop, operations
from ocr_nb.credentials import Credentials, describe_sources, save_credentials
from ocr_nb.curl import as_curl
from ocr_nb.errors import OcrNbError
from ocr_nb.images import encode_png
from ocr_nb.polling import Polling
from ocr_nb.sdk import TokenSource
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.protocol import OcrRequest, Operation
from ocr_nb.settings import Settings
from service.vendor import Vendor

CANARY = "CANARY-7f3a9c-secret"
TOKEN = "CANARY-5d1e8b-token"
CLIENT = "canary-client-id-1234"


def is_clean(text: str) -> bool:
    """Tell whether neither secret is in the text, plain or as bytes would print it."""
    return CANARY not in text and TOKEN not in text


# --- entrances: each returns settings, and credentials where they are an argument


def by_argument(home: Path, patch: pytest.MonkeyPatch) -> tuple[Settings, Credentials | None]:
    """Given in code."""
    return Settings.from_environment({"OCR_NB_HOME": str(home)}), Credentials.of(CLIENT, CANARY)


def by_environment(home: Path, patch: pytest.MonkeyPatch) -> tuple[Settings, Credentials | None]:
    """Set in the environment."""
    return Settings.from_environment(
        {"OCR_NB_HOME": str(home), "OCR_NB_CLIENT_ID": CLIENT, "OCR_NB_CLIENT_SECRET": CANARY}
    ), None


def by_colab(home: Path, patch: pytest.MonkeyPatch) -> tuple[Settings, Credentials | None]:
    """Kept among Colab's secrets."""
    kept = {"OCR_NB_CLIENT_ID": CLIENT, "OCR_NB_CLIENT_SECRET": CANARY}
    missing = type("SecretNotFoundError", (Exception,), {})

    def get(name: str) -> str:
        if name not in kept:
            raise missing(name)
        return kept[name]

    module = types.ModuleType("google.colab.userdata")
    vars(module).update(get=get, SecretNotFoundError=missing, NotebookAccessError=missing)
    for name in ("google", "google.colab"):
        patch.setitem(sys.modules, name, types.ModuleType(name))
    patch.setitem(sys.modules, module.__name__, module)
    return Settings.from_environment({"OCR_NB_HOME": str(home), "COLAB_GPU": "0"}), None


def by_keyring(home: Path, patch: pytest.MonkeyPatch) -> tuple[Settings, Credentials | None]:
    """Kept in the system's keyring."""
    kept = {"client_id": CLIENT, "client_secret": CANARY}
    module, errors = types.ModuleType("keyring"), types.ModuleType("keyring.errors")
    vars(errors).update(KeyringError=type("KeyringError", (Exception,), {}))
    vars(module).update(
        errors=errors,
        get_keyring=lambda: types.SimpleNamespace(priority=1),
        get_password=lambda service, name: kept.get(name),
    )
    patch.setitem(sys.modules, "keyring", module)
    patch.setitem(sys.modules, "keyring.errors", errors)
    return Settings.from_environment({"OCR_NB_HOME": str(home)}), None


def by_file(home: Path, patch: pytest.MonkeyPatch) -> tuple[Settings, Credentials | None]:
    """Kept in the configuration folder."""
    settings = Settings.from_environment({"OCR_NB_HOME": str(home)})
    save_credentials(Credentials.of(CLIENT, CANARY), settings)
    return settings, None


def by_token(home: Path, patch: pytest.MonkeyPatch) -> tuple[Settings, Credentials | None]:
    """A ready access token in the environment."""
    return Settings.from_environment({"OCR_NB_HOME": str(home), "OCR_NB_ACCESS_TOKEN": TOKEN}), None


ENTRANCES = [by_argument, by_environment, by_colab, by_keyring, by_file, by_token]


@pytest.fixture(params=ENTRANCES, ids=lambda entrance: entrance.__name__)
def entered(request, tmp_path, monkeypatch) -> tuple[Settings, Credentials | None]:
    """The secret, come in by each entrance in turn."""
    return request.param(tmp_path, monkeypatch)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, at DEBUG."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield heard
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    """Retry without waiting."""
    with stamina.set_testing(True, attempts=2):
        yield


# --- a vendor on a real socket, so that the transport's own loggers speak


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendor: Vendor
    trouble: str = ""

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.trouble and self.trouble in self.path:
            self.connection.close()
            self.close_connection = True
            return
        request = httpx.Request(self.command, self.path, headers=[*self.headers.items()], content=content)
        request.url = httpx.URL(f"http://127.0.0.1{self.path}")
        answer = asyncio.run(self.vendor.answer(request))
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is heard must come from the client."""


@contextlib.contextmanager
def served(vendor: Vendor, trouble: str = "") -> Iterator[str]:
    """Serve `vendor` on loopback; requests whose path holds `trouble` are cut off."""
    handler = type("Handler", (_Handler,), {"vendor": vendor, "trouble": trouble})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class KnowsTheCanary(Vendor):
    """Issues the second canary as its access token."""

    def _token(self, request: httpx.Request) -> httpx.Response:
        answer = super()._token(request)
        if answer.status_code == 200:
            self.tokens.append(TOKEN)
            return httpx.Response(200, json={"access_token": TOKEN, "expires_in": 3600})
        return answer


def open_client(address: str, entered: tuple[Settings, Credentials | None]) -> CloudService:
    """Make a client for `address` that uses what came in."""
    settings, credentials = entered
    at = Settings.from_environment({"OCR_NB_HOME": str(settings.home), "OCR_NB_BASE_URL": address})
    found = CloudService(settings=settings, credentials=credentials).credentials
    assert found is not None
    return CloudService(settings=at, credentials=found)


def image() -> bytes:
    """A small picture."""
    import numpy as np

    return encode_png(np.full((12, 20), 200, np.uint8))


def shown(error: BaseException) -> str:
    """Everything a traceback can show: the local variables of every frame, causes and contexts included."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format()) + repr(error) + str(vars(error))


def kept(home: Path) -> str:
    """Everything on file but the file of credentials itself."""
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "credentials.json"]
    return "".join(path.read_bytes().decode("latin-1") for path in files)


def test_work_that_succeeds_leaves_no_trace_of_the_secret(entered, log):
    """A whole job: token, upload, questions, result; then log, reprs, pickles, state and cache."""
    vendor = KnowsTheCanary(1, client_id=CLIENT, client_secret=CANARY, tokens=[TOKEN])
    with served(vendor) as address:
        service = open_client(address, entered)
        job = operations.recognize(image(), service=service, polling=Polling(first_wait=0.01))
        job.result(30)
        curl = job.as_curl()
        loop.run(service.aclose()).result(10)
        exits = [repr(service), repr(vars(service)), repr(job), job._repr_html_(), curl, str(entered)]

    assert any("Authorization" in request.headers for request in vendor.requests)
    assert "httpcore" in log.getvalue()
    assert job.task_id[:8] in log.getvalue()
    assert job.task_id not in log.getvalue()
    assert "$OCR_NB_ACCESS_TOKEN" in curl
    assert is_clean(log.getvalue())
    assert is_clean("".join(exits))
    assert is_clean(kept(entered[0].home))
    assert CLIENT not in kept(entered[0].home)


def test_a_proxy_sees_nothing_of_what_stays_on_this_machine(tmp_path, monkeypatch):
    """Proxies of the environment are passed by for loopback, where a secret may travel in the clear."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    vendor = KnowsTheCanary(client_id=CLIENT, client_secret=CANARY, tokens=[TOKEN])
    with served(vendor) as address:
        service = open_client(address, by_argument(tmp_path, monkeypatch))
        operations.recognize(image(), service=service, polling=Polling(first_wait=0.01)).result(30)
        loop.run(service.aclose()).result(10)
        assert TokenSource(Credentials.of(CLIENT, CANARY), f"{address}/connect/token").current() == TOKEN


@pytest.mark.parametrize("trouble", ["connect/token", "RecognizeImage", ""])
def test_an_error_shows_no_secret_in_any_frame(entered, log, trouble):
    """Cut off at the token, cut off at the upload, refused: with the locals of all frames."""
    vendor = KnowsTheCanary(client_id=CLIENT, client_secret=CANARY if trouble else "another secret")
    if trouble == "RecognizeImage":
        vendor.tokens.append(TOKEN)
    with served(vendor, trouble or "nothing") as address:
        service = open_client(address, entered)
        job = operations.recognize(image(), service=service, polling=Polling(first_wait=0.01))
        with pytest.raises(OcrNbError) as caught:
            job.result(30)
        loop.run(service.aclose()).result(10)

    assert is_clean(shown(caught.value))
    assert is_clean(log.getvalue())
    assert is_clean(pickle.dumps(caught.value).decode("latin-1"))
    assert is_clean(kept(entered[0].home))


class BreaksWhileWriting(httpcore.AsyncMockStream):
    """A connection that breaks at the write after the first `good` ones."""

    def __init__(self, good: int) -> None:
        super().__init__([])
        self._good = good

    async def write(self, *args: object, **options: object) -> None:
        """Break when the good writes are used up."""
        self._good -= 1
        if self._good < 0:
            raise httpcore.WriteError("broken pipe")


class BreakableNetwork(httpcore.AsyncMockBackend):
    """A network whose every connection breaks while writing."""

    def __init__(self, good: int) -> None:
        super().__init__([])
        self._good = good

    async def connect_tcp(self, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect at once."""
        return BreaksWhileWriting(self._good)


@pytest.mark.parametrize("good", [0, 1])
@pytest.mark.parametrize("credentials", [Credentials.of(CLIENT, CANARY), Credentials.of(access_token=TOKEN)])
async def test_a_connection_that_breaks_while_the_secret_is_written_shows_none_of_it(
    tmp_path, log, good, credentials
):
    """The transport's frames hold headers and form at that moment; none of them may be shown."""
    transport = httpx.AsyncHTTPTransport()
    transport._pool = httpcore.AsyncConnectionPool(network_backend=BreakableNetwork(good))
    settings = Settings.from_environment({"OCR_NB_HOME": str(tmp_path)})
    service = CloudService(
        "http://127.0.0.1:9", settings=settings, credentials=credentials, transport=transport
    )

    with pytest.raises(OcrNbError, match=r"broke off|cannot be reached") as caught:
        await service.submit(OcrRequest(Operation.RECOGNIZE_IMAGE, image()))
    await service.aclose()

    assert is_clean(shown(caught.value))
    assert is_clean(log.getvalue())


class HoldsWhatItSends(httpx.AsyncBaseTransport):
    """A transport whose frame holds headers and body, as one of a later release may, when it fails."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail with everything at hand."""
        held = [*request.headers.items(), await request.aread()]
        raise httpx.ReadError(f"reset after {len(held)} parts")


@pytest.mark.parametrize("credentials", [Credentials.of(CLIENT, CANARY), Credentials.of(access_token=TOKEN)])
async def test_the_frames_of_the_transport_are_cleared(tmp_path, credentials):
    """Whatever the transport's local variables held, a traceback finds nothing there."""
    settings = Settings.from_environment({"OCR_NB_HOME": str(tmp_path)})
    service = CloudService(
        "http://127.0.0.1:9", settings=settings, credentials=credentials, transport=HoldsWhatItSends()
    )

    with pytest.raises(OcrNbError) as caught:
        await service.submit(OcrRequest(Operation.RECOGNIZE_IMAGE, image()))
    await service.aclose()

    assert "handle_async_request" in shown(caught.value)
    assert is_clean(shown(caught.value))


def test_nothing_that_holds_the_secret_can_be_pickled_or_copied(entered):
    """Refused with a sentence that says what to hand over instead."""
    service = open_client("http://127.0.0.1:9", entered)
    assert service.credentials is not None
    for hand_over in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled or copied") as caught:
            hand_over(service.credentials.client_secret or service.credentials.access_token)
        assert is_clean(shown(caught.value))
    for value in (service.credentials, service):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_the_description_of_sources_shows_no_secret(entered):
    """What `doctor` prints."""
    assert is_clean(repr(describe_sources(entered[0])))


def test_the_curl_command_shows_no_secret(entered):
    """Both kinds of request, with the token as a shell variable."""
    service = open_client("http://127.0.0.1:9", entered)
    for operation in (Operation.UPSAMPLE, Operation.RECOGNIZE_IMAGE):
        command = as_curl(service, OcrRequest(operation, b"x", name="x.png"))
        assert is_clean(command)
        assert "Authorization: Bearer $OCR_NB_ACCESS_TOKEN" in command


@pytest.mark.parametrize(
    "spoil",
    [
        lambda held: json.dumps({"client_secret": held["client_secret"]}),
        lambda held: json.dumps(held)[:-1],
        lambda held: json.dumps({**held, "access_token": 5}),
        lambda held: json.dumps([held]),
    ],
    ids=["half a pair", "truncated", "wrong type", "a list"],
)
def test_a_spoilt_file_does_not_give_its_secret_away(tmp_path, spoil: Callable[[dict], str]):
    """Neither the sentence nor any frame of the traceback holds what the file held."""
    settings, _ = by_file(tmp_path, pytest.MonkeyPatch())
    path = settings.config_folder / "credentials.json"
    path.write_text(spoil(json.loads(path.read_text())))

    with pytest.raises(OcrNbError) as caught:
        CloudService(settings=settings)

    assert is_clean(shown(caught.value))
    assert is_clean(repr(describe_sources(settings)))


def test_a_failed_login_for_the_sdk_shows_no_secret(log):
    """The blocking call: refused, and cut off."""
    vendor = Vendor(client_id=CLIENT, client_secret="another secret")
    with served(vendor) as address, pytest.raises(OcrNbError) as refused:
        TokenSource(Credentials.of(CLIENT, CANARY), f"{address}/connect/token").current()
    with pytest.raises(OcrNbError) as unreachable:
        TokenSource(Credentials.of(CLIENT, CANARY), f"{address}/connect/token").current()

    assert is_clean(shown(refused.value) + shown(unreachable.value) + log.getvalue())
