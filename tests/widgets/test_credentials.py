"""`Credentials` without a browser: states, sources, the choice of the cloud, and what never leaves."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import json
import logging
import stat
import time
import traceback
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doubles import wait_for
from ocr_nb import CloudService, Credentials, operations
from ocr_nb.credentials import Credentials as Held
from ocr_nb.credentials import save_credentials
from ocr_nb.errors import CredentialsRefused, ServiceUnreachable, SettingsError
from ocr_nb.server.app import make_app
from ocr_nb.server.options import ServerOptions
from ocr_nb.server.tokens import TokenDesk
from ocr_nb.settings import Secret, Settings
from ocr_nb.widgets import credentials as room
from server.running import listening
from stepwise import WorksStepwise

CLIENT = "abcdefgh-9"
SECRET = "CANARY-7f3a9c-secret"
TOKEN = "CANARY-5d1e8b-token"


@pytest.fixture(autouse=True)
def nobody_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test with the service that is used without a choice."""
    monkeypatch.setattr(operations, "_chosen", None)


@pytest.fixture
def server() -> Iterator[str]:
    """A server in strict mode that knows one pair and one ready token; its base address."""
    desk = TokenDesk(CLIENT, Secret(SECRET), Secret(TOKEN), strict=True)
    service = WorksStepwise(time.time, at_once=True)
    app = make_app(
        service,
        ServerOptions(strict=True),
        store=service.store,
        tokens=desk,
        now=time.time,
        sleep=asyncio.sleep,
    )
    with listening(app) as address:
        yield address


def settings_at(folder: Path, address: str, **environment: str) -> Settings:
    """Return settings with a home of their own and the given service."""
    return Settings.from_environment({"OCR_NB_HOME": str(folder), "OCR_NB_BASE_URL": address, **environment})


class Wire:
    """Stands for the browser: keeps what it was told, and sends as ipywidgets does."""

    def __init__(self, access: Credentials) -> None:
        self.access = access
        self.told: list[dict[str, Any]] = []
        access.send = lambda content, buffers=None: self.told.append(content)

    def type(self, name: str = "", secret: str = "", token: str = "", **more: Any) -> None:
        """Send what was typed."""
        message = {"kind": "connect", "view": "v1", **more}
        self.access._handle_custom_msg(message, [memoryview(f"{name}\n{secret}\n{token}".encode())])

    def ask(self, kind: str, **more: Any) -> None:
        """Send anything else."""
        self.access._handle_custom_msg({"kind": kind, **more}, [])

    @property
    def facts(self) -> dict[str, Any]:
        """What was told last of the state."""
        return [message for message in self.told if message["kind"] == "facts"][-1]


def jwt(**claims: Any) -> str:
    """Return a token that says `claims` of itself."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)] + [b"CANARY-signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_what_was_typed_connects_and_chooses_nothing(tmp_path, server):
    """The service that accepted it is at hand; images stay here until somebody says otherwise."""
    access = Credentials(settings=settings_at(tmp_path, server))
    wire = Wire(access)
    assert ("absent", None, None) == (access.state, access.source, access.service)

    wire.type(CLIENT, SECRET)
    assert {"kind": "taken", "view": "v1"} in wire.told
    assert wait_for(lambda: access.state == "connected")
    assert ("typed", "ab…9") == (access.source, wire.facts["client"])
    assert isinstance(access.service, CloudService)
    assert not access.is_cloud_used

    wire.ask("use", cloud=True)
    assert operations.service_of() is access.service
    assert wire.facts["cloud"]
    wire.ask("use", cloud=False)
    assert not isinstance(operations.service_of(), CloudService)
    assert "Credentials(connected as ab…9 (typed))" == repr(access)


def test_code_can_do_what_a_person_can(tmp_path, server):
    """Connect, wait for the service, choose it, leave it."""
    access = Credentials(base_url=server, settings=settings_at(tmp_path, server))
    met, changed = [], []
    access.on_connect(met.append)
    access.on_change(lambda one: changed.append(one.state))
    service = access.connect(CLIENT, SECRET).result(30)
    assert service is access.service
    assert wait_for(lambda: met == [access])
    assert ["checking", "connected"] == changed[:2]
    assert service is access.use_cloud()
    access.disconnect()
    assert ("absent", None) == (access.state, access.service)
    assert not access.is_cloud_used


def test_a_machine_s_own_engine_comes_back_with_its_options(tmp_path, server):
    """Going to the cloud and back keeps what was chosen with `use`."""
    own = operations.use("local", engine="rapidocr", latency=0.5)
    access = Credentials(settings=settings_at(tmp_path, server))
    access.connect(CLIENT, SECRET).result(30)
    access.use_cloud()
    assert own is access.use_machine()
    assert operations.service_of() is own


def test_changing_the_account_keeps_the_choice_of_the_cloud(tmp_path, server):
    """Who uses the cloud goes on with the new account."""
    access = Credentials(settings=settings_at(tmp_path, server))
    access.connect(CLIENT, SECRET).result(30)
    first = access.use_cloud()
    second = access.connect(token=TOKEN).result(30)
    assert first is not second
    assert wait_for(lambda: operations.service_of() is second)


def test_a_wrong_secret_is_refused_with_the_reason(tmp_path, server):
    """The state says so in a word, the reason in a sentence, the job by its error."""
    access = Credentials(settings=settings_at(tmp_path, server))
    wire = Wire(access)
    wire.type(CLIENT, "wrong")
    assert wait_for(lambda: access.state == "refused")
    assert "refused the client id and secret" in wire.facts["reason"]
    assert access.service is None
    with pytest.raises(CredentialsRefused):
        access.connect(CLIENT, "wrong").result(30)


def test_a_ready_token_is_tried_by_one_question(tmp_path, server):
    """It costs a call; a token that nobody issued is refused."""
    access = Credentials(settings=settings_at(tmp_path, server))
    wire = Wire(access)
    wire.type(token=TOKEN)
    assert wait_for(lambda: access.state == "connected")
    assert ("a token", 1, None) == tuple(wire.facts[name] for name in ("client", "used", "limit"))
    wire.type(token="not issued here")
    assert wait_for(lambda: access.state == "refused")
    assert access.service is None


def test_an_expired_token_is_told_from_a_wrong_one(tmp_path, server):
    """By the server's word, or by the token's own when it is a JWT, which is then not even sent."""
    access = Credentials(settings=settings_at(tmp_path, server))
    old = TokenDesk(CLIENT, Secret(SECRET), strict=True, lifetime=1).issue(time.time() - 60)
    with pytest.raises(CredentialsRefused, match="expired"):
        access.connect(token=old).result(30)
    assert "expired" == access.state

    nowhere = Credentials(settings=settings_at(tmp_path, "http://127.0.0.1:9"))
    with pytest.raises(CredentialsRefused, match="get a new one"):
        nowhere.connect(token=jwt(exp=1_000)).result(30)
    assert "expired" == nowhere.state


def test_a_connection_ends_with_its_token(tmp_path, monkeypatch):
    """Its end is told to the views beforehand, and noticed when it comes."""
    monkeypatch.setattr(room, "sign_in", _accept)
    hours = [1_000.0]
    access = Credentials(settings=settings_at(tmp_path, "http://127.0.0.1:9"), now=lambda: hours[0])
    wire = Wire(access)
    access.connect(token=jwt(exp=1_720, client_id=CLIENT)).result(30)
    assert wait_for(lambda: access.state == "connected")
    assert 1_720 == wire.facts["ends"]
    hours[0] = 1_720.0
    access._look()
    assert ("expired", "The access token has expired: get a new one.") == (access.state, access.reason)


async def _accept(service: CloudService) -> None:
    """Let anybody in."""


def test_nobody_at_the_address_is_told_soon(tmp_path):
    """Unreachable, with the address; nothing is tried for minutes."""
    access = Credentials(settings=settings_at(tmp_path, "http://127.0.0.1:9"))
    with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:9"):
        access.connect(CLIENT, SECRET).result(30)
    assert wait_for(lambda: access.state == "unreachable")


def test_the_calls_of_the_month_are_told_as_they_are_made(tmp_path, monkeypatch):
    """Used and left, read from the meter that all processes share."""
    monkeypatch.setattr(room, "sign_in", _accept)
    access = Credentials(settings=Settings.from_environment({"OCR_NB_HOME": str(tmp_path)}))
    wire = Wire(access)
    service = access.connect(CLIENT, SECRET).result(30)
    assert wait_for(lambda: access.state == "connected")
    assert (0, 150) == (wire.facts["used"], wire.facts["limit"])
    service.meter.spend(19)
    access._look()
    assert (19, 150) == (wire.facts["used"], wire.facts["limit"])


def test_sources_are_told_by_name_and_can_be_chosen(tmp_path, server):
    """Environment before file; the other can be asked for."""
    save_credentials(Held.of("another-id-7", "another secret"), settings_at(tmp_path, server))
    access = Credentials(
        settings=settings_at(tmp_path, server, OCR_NB_CLIENT_ID=CLIENT, OCR_NB_CLIENT_SECRET=SECRET)
    )
    wire = Wire(access)
    wire.ask("send")
    assert ("found", "environment") == (access.state, access.source)
    held = {source["name"]: source["client"] for source in wire.facts["sources"]}
    assert {"environment": "ab…9", "Colab secrets": "", "keyring": "", "file": "an…7"} == held

    wire.ask("connect found", source="file")
    assert wait_for(lambda: access.state == "refused")
    assert "file" == access.source
    wire.ask("connect found", source="environment")
    assert wait_for(lambda: access.state == "connected")
    with pytest.raises(SettingsError, match=r"No credentials were found in keyring"):
        access.connect(source="keyring")
    with pytest.raises(SettingsError, match="'environment'"):
        access.connect(source="enviroment")


def test_the_secret_is_kept_on_file_only_when_asked_and_accepted(tmp_path, server):
    """A private file, as `credentials` reads it again."""
    settings = settings_at(tmp_path, server)
    path = settings.config_folder / "credentials.json"
    access = Credentials(settings=settings)
    access.connect(CLIENT, SECRET).result(30)
    assert not path.exists()
    with pytest.raises(CredentialsRefused):
        access.connect(CLIENT, "wrong", remember=True).result(30)
    assert not path.exists()
    access.connect(CLIENT, SECRET, remember=True).result(30)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert "found" == Credentials(settings=settings).state


def test_half_a_pair_is_refused_where_it_is_seen(tmp_path):
    """The state stays; the reason says what is missing."""
    access = Credentials(settings=settings_at(tmp_path, "http://127.0.0.1:9"))
    wire = Wire(access)
    wire.type(CLIENT)
    assert "absent" == access.state
    assert "but not the client secret" in wire.facts["reason"]
    assert "" == access.problem


def test_a_public_binder_takes_no_secret(tmp_path, server):
    """Neither from a person nor from code nor from the environment; the engine here goes on."""
    access = Credentials(
        settings=settings_at(
            tmp_path,
            server,
            BINDER_LAUNCH_HOST="https://mybinder.org/",
            OCR_NB_CLIENT_ID=CLIENT,
            OCR_NB_CLIENT_SECRET=SECRET,
        )
    )
    wire = Wire(access)
    wire.ask("send")
    assert (True, []) == (wire.facts["barred"], wire.facts["sources"])
    wire.type(CLIENT, SECRET)
    assert ("absent", None) == (access.state, access.service)
    with pytest.raises(SettingsError, match="public Binder"):
        access.connect(CLIENT, SECRET)
    assert not access.is_cloud_used


def is_clean(text: str) -> bool:
    """Tell whether none of the secrets is in the text."""
    return "CANARY" not in text and base64.b64encode(SECRET.encode()).decode()[:20] not in text


@pytest.mark.parametrize("typed", [(CLIENT, SECRET, ""), ("", "", TOKEN), (CLIENT, SECRET + "-wrong", "")])
@pytest.mark.parametrize("address", ["serving", "http://127.0.0.1:9"])
def test_the_secret_is_in_nothing_that_leaves(tmp_path, server, typed, address):
    """State, messages, mimebundle, reprs, variables, logs at DEBUG, errors with the locals of all frames."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    before, _ = logging.getLogger().level, logging.getLogger().setLevel(logging.DEBUG)
    try:
        access = Credentials(settings=settings_at(tmp_path, server if address == "serving" else address))
        wire = Wire(access)
        wire.type(*typed)
        assert wait_for(lambda: access.state not in {"absent", "checking"})
        job = access.connect(*typed)
        assert wait_for(job.done)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(before)
    error = job.exception()
    shown = (
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        if error
        else ""
    )
    assert "connect_tcp.started" in heard.getvalue()
    assert is_clean(heard.getvalue())
    assert is_clean(shown)
    assert is_clean(json.dumps(wire.told))
    assert is_clean(json.dumps(access._repr_mimebundle_(), default=str))
    assert is_clean(repr(access.get_state()))
    assert is_clean(repr(access) + repr(vars(access)) + repr(job))


def test_nothing_of_the_state_is_saved_with_the_notebook(tmp_path, server):
    """The view asks when it is shown: a saved one knows nothing that could be stale or anybody's business."""
    access = Credentials(settings=settings_at(tmp_path, server))
    before = {key: value for key, value in access.get_state().items() if key not in {"_esm", "_css"}}
    access.connect(CLIENT, SECRET).result(30)
    assert wait_for(lambda: access.state == "connected")
    after = {key: value for key, value in access.get_state().items() if key not in {"_esm", "_css"}}
    assert before == after
    assert "ab…9" not in repr(after)


def test_an_error_in_a_callback_is_seen(tmp_path, server):
    """And the connection stands all the same."""
    access = Credentials(settings=settings_at(tmp_path, server))
    access.on_connect(lambda one: 1 / 0)
    access.connect(CLIENT, SECRET).result(30)
    assert wait_for(lambda: access.problem == "ZeroDivisionError: division by zero")
    assert "connected" == access.state


def test_a_closed_widget_is_freed_and_forgets(tmp_path, server):
    """Its watch ends with it."""
    access = Credentials(settings=settings_at(tmp_path, server))
    access.connect(CLIENT, SECRET).result(30)
    gone = weakref.ref(access)
    assert wait_for(lambda: gone().state == "connected")
    access.close()
    assert access.service is None
    assert is_clean(repr(vars(access)))
    del access
    assert wait_for(lambda: gc.collect() >= 0 and gone() is None)
