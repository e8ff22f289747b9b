"""`Credentials`: who one is at the cloud service, and whether it is used.

In: a secret, once, as the buffer of a message, or by code. Out: a `CloudService` that was seen to accept it.
No trait, no message to the browser and no repr holds the secret, and nothing of this widget's state is
saved with the notebook. Connecting chooses nobody: images go to the cloud when the user says so.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import credentials as found_credentials
from .. import loop
from ..credentials import SOURCES, expiry_of, look_at, save_credentials
from ..errors import CredentialsRefused, OcrNbError, ServiceError, SettingsError, suggestion
from ..jobs import Job
from ..operations import service_of, use
from ..report.document import read_asset
from ..service.cloud import CloudService
from ..service.cloud.sign_in import sign_in
from ..service.protocol import OcrService
from ..settings import Secret, Settings
from ._base import QuietWidget

STATES = ("absent", "found", "checking", "connected", "refused", "expired", "unreachable")
TYPED = "typed"
LOOK_EVERY = 2.0
"""Seconds between two looks at what changes without us: calls used, the choice made in code, expiry."""
_A_MOMENT = 0.5
"""Seconds that the constructor waits for slow sources, such as a keyring, before it goes on without."""

Found = found_credentials.Credentials
Callback = Callable[["Credentials"], object]

log = logging.getLogger(__name__)


class Credentials(QuietWidget):
    """Client id and secret, or a ready token: found or typed, tested, and shown as one line once connected.

    access = Credentials()
    access                      # or: access.connect().result()
    access.use_cloud()
    """

    _esm = read_asset("credentials.js")
    _css = read_asset("credentials.css")

    def __init__(
        self,
        *,
        base_url: str | None = None,
        settings: Settings | None = None,
        chooses: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Look for credentials in the usual places; nothing is sent.

        Args:
            base_url: the service; None for the settings', by default the vendor's.
            settings: folders, addresses and the environment's credentials; None reads the environment.
            chooses: whether it offers to send every image to the cloud; not where a workbench asks that.
            now: seconds since 1970, for the age of tokens.
        """
        self._settings = settings or Settings.from_environment()
        self._base_url = base_url or self._settings.base_url
        self._chooses, self._now = chooses, now
        self._guard = threading.RLock()
        self._state = "checking"
        self._reason = ""
        self._looked: dict[str, Found | str] = {}
        self._used: Found | None = None
        """What is, or was last, tried."""
        self._service: CloudService | None = None
        self._machine: OcrService | str = "local"
        """Whom to go back to when the cloud is no longer wanted."""
        self._is_kept = False
        self._attempts = 0
        self._told: dict[str, Any] = {}
        self._connected: list[Callback] = []
        self._changed: list[Callback] = []
        super().__init__()
        self._look_around()
        loop.run(_watch(weakref.ref(self)))

    # ------------------------------------------------------------------ what code does

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return self._state

    @property
    def source(self) -> str | None:
        """Where the credentials in use come from: one of `SOURCES` or `typed`; None without any."""
        return self._used.source if self._used else None

    @property
    def reason(self) -> str:
        """Why the state is what it is, one sentence; empty where there is nothing to explain."""
        return self._reason

    @property
    def service(self) -> CloudService | None:
        """The service that accepted the credentials; None while none has."""
        return self._service

    @property
    def is_cloud_used(self) -> bool:
        """Whether images go to a cloud service unless a call says otherwise."""
        return isinstance(service_of(), CloudService)

    @property
    def is_barred(self) -> bool:
        """Whether secrets have no place here: on a public Binder others may see them."""
        return self._settings.on_binder

    def connect(
        self,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        token: str | Secret | None = None,
        *,
        source: str | None = None,
        remember: bool = False,
    ) -> Job[CloudService]:
        """Ask the service whether it accepts the credentials; return a job for the service that did.

        A client id with its secret costs no call of the plan, a ready token one.

        Args:
            client_id: of the application.
            client_secret: its secret.
            token: a ready access token.
            source: one of `SOURCES`, in place of the above; None with nothing given takes the first that
                holds any.
            remember: write what was given to a file that only its owner can read, once it was accepted.

        Raises:
            SettingsError: there is nothing to connect with, half of a pair, or this is a public Binder.
        """
        # Bound anew, so that no frame of a traceback holds a plain secret.
        client_secret, token = _sealed(client_secret), _sealed(token)
        if self.is_barred:
            raise SettingsError(
                "This is a public Binder: do not give secrets here, others may see them. The engine on this "
                "machine works without."
            )
        if client_id or client_secret or token:
            chosen = Found.of(client_id, client_secret, token, source=TYPED)
        else:
            chosen = self._pick(source)
        with self._guard:
            self._attempts += 1
            attempt = self._attempts
            self._used = chosen

        async def work(job: Job[CloudService]) -> CloudService:
            return await self._try(chosen, attempt, remember)

        self._turn("checking")
        return Job(work, label="connect")

    def disconnect(self) -> None:
        """Forget the credentials of this session; if the cloud was used, this machine is again."""
        if self.is_cloud_used:
            self.use_machine()
        with self._guard:
            self._attempts += 1
            self._service = self._used = None
        self._look_around()

    def use_cloud(self) -> CloudService:
        """Send images to the cloud from now on, as `ocr_nb.use` does; return the service.

        Raises:
            SettingsError: nothing is connected.
        """
        if self._service is None:
            raise SettingsError("Nothing is connected yet: connect first, then use the cloud.")
        chosen = service_of()
        if not isinstance(chosen, CloudService):
            self._machine = chosen
        use(self._service)
        self._turn(self._state, self._reason)
        return self._service

    def use_machine(self) -> OcrService:
        """Keep images on this machine from now on; return its service."""
        chosen = use(self._machine)
        self._turn(self._state, self._reason)
        return chosen

    def on_connect(self, callback: Callback) -> None:
        """Call `callback(self)` each time a service has accepted the credentials, on a worker thread."""
        self._connected.append(callback)

    def on_change(self, callback: Callback) -> None:
        """Call `callback(self)` after each change of state, on whatever thread it happened."""
        self._changed.append(callback)

    def close(self) -> None:
        """Take the widget out of every view and forget the secret; the service stays with who has it."""
        super().close()
        with self._guard:
            self._attempts += 1
            self._service = self._used = None
            self._looked = {}
        self._connected.clear()
        self._changed.clear()

    def __repr__(self) -> str:
        about = f" as {_client_in(self._used)} ({self.source})" if self._used else ""
        return f"Credentials({self._state}{about})"

    # ------------------------------------------------------------------ what views do

    def take(self, message: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take what was typed: id, secret and token, a line each in the message's only buffer."""
        if message.get("kind") != "connect":
            self.answer(message)
            return
        name, secret, token = map(_sealed, bytes(buffers[0]).decode("utf-8", "replace").split("\n"))
        assert name is not None
        self.send({"kind": "taken", "view": message.get("view")})
        self._dare(
            lambda: self.connect(name.reveal(), secret, token, remember=message.get("remember") is True)
        )

    def answer(self, message: Mapping[str, Any]) -> None:
        """Tell the views, or do what one asks for; anything else is not for us."""
        kind = message.get("kind")
        if kind == "send":
            self._tell(anew=True)
        elif kind == "connect found":
            self._dare(lambda: self.connect(source=message["source"]))
        elif kind == "disconnect":
            self.disconnect()
        elif kind == "use":
            self._dare(self.use_cloud if message["cloud"] else self.use_machine)

    def _dare(self, act: Callable[[], object]) -> None:
        """Do what may be refused; the refusal is the state's reason, so that nobody need ask the job."""
        try:
            done = act()
            if isinstance(done, Job):
                done.add_done_callback(lambda job: job.exception())
        except OcrNbError as error:
            self._turn(self._state, str(error))

    # ------------------------------------------------------------------ how it is done

    def _look_around(self) -> None:
        """Look at all sources on another thread; wait a moment, which is enough for most."""
        done = threading.Event()

        def look() -> None:
            looked = {} if self.is_barred else {name: look_at(name, self._settings) for name in SOURCES}
            first = next((one for one in looked.values() if isinstance(one, Found)), None)
            with self._guard:
                self._looked = looked
                if self._service is None and self._attempts == attempts:
                    self._used, self._state, self._reason = first, "found" if first else "absent", ""
            self._tell()  # the state is another's by now, if someone connects meanwhile
            self.call_all(self._changed, self)
            done.set()

        attempts = self._attempts
        threading.Thread(target=look, name="ocr_nb-sources", daemon=True).start()
        done.wait(_A_MOMENT)

    def _pick(self, source: str | None) -> Found:
        if source is not None and source not in SOURCES:
            raise SettingsError(f"There is no source {source!r}: {suggestion(source, SOURCES)}")
        for name in SOURCES if source is None else (source,):
            found = look_at(name, self._settings)
            if isinstance(found, Found):
                return found
        where = "anywhere" if source is None else f"in {source}: {found}"
        raise SettingsError(f"No credentials were found {where.rstrip('.')}.")

    async def _try(self, chosen: Found, attempt: int, remember: bool) -> CloudService:
        service = None
        try:
            ends = expiry_of(chosen.access_token) if chosen.client_id is None else None
            if ends is not None and ends <= self._now():
                raise CredentialsRefused("The access token has expired: get a new one.")
            service = await asyncio.to_thread(
                CloudService, self._base_url, settings=self._settings, credentials=chosen
            )
            await sign_in(service)
            if remember:
                await asyncio.to_thread(save_credentials, chosen, self._settings)
        except OcrNbError as error:
            if service is not None:
                await service.aclose()
            if attempt == self._attempts:
                self._service = None
                await asyncio.to_thread(self._turn, _state_after(error, chosen), str(error))
            raise
        if attempt == self._attempts:
            await asyncio.to_thread(self._succeed, service, remember)
        return service

    def _succeed(self, service: CloudService, is_kept: bool) -> None:
        with self._guard:
            was, self._service, self._is_kept = self._service, service, is_kept
        if was is not None and service_of() is was:
            use(service)  # the cloud was chosen before; only the account changes
        self._turn("connected")
        self.call_all(self._connected, self)

    def _turn(self, state: str, reason: str = "") -> None:
        with self._guard:
            self._state, self._reason = state, reason
        self._tell()
        self.call_all(self._changed, self)

    def _look(self) -> None:
        """Notice what changed without us."""
        ends = self._ends()
        if self._state == "connected" and ends is not None and ends <= self._now():
            self._turn("expired", "The access token has expired: get a new one.")
        else:
            self._tell()

    def _ends(self) -> float | None:
        """Return when the credentials in use end; None for those that renew themselves, or do not say."""
        used = self._used
        return None if used is None or used.client_id else expiry_of(used.access_token)

    def _tell(self, *, anew: bool = False) -> None:
        facts = self._facts()
        if anew or facts != self._told:
            self._told = facts
            self.send({"kind": "facts", **facts})

    def _facts(self) -> dict[str, Any]:
        with self._guard:
            service, used = self._service, self._used
            sources = [
                {"name": name, "client": _client_in(found), "note": found if isinstance(found, str) else ""}
                for name, found in self._looked.items()
            ]
            state, reason = self._state, self._reason
        usage = service.meter.usage() if service else None
        return {
            "state": state,
            "reason": reason,
            "source": used.source if used else "",
            "client": _client_in(used),
            "host": urllib.parse.urlsplit(self._base_url).netloc,
            "sources": sources,
            "barred": self.is_barred,
            "cloud": self.is_cloud_used,
            "chooses": self._chooses,
            "connected": service is not None,
            "used": usage.used if usage else None,
            "limit": usage.limit if usage else None,
            "ends": self._ends(),
            "kept": self._is_kept and used is not None and used.source == TYPED,
        }


async def _watch(widget: weakref.ref[Credentials]) -> None:
    """Look every now and then, as long as the widget lives."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        alive = widget()
        if alive is None or alive.comm is None:
            return
        await asyncio.to_thread(alive._look)
        del alive


def _sealed(value: str | Secret | None) -> Secret | None:
    return value if isinstance(value, Secret) or value is None else Secret(value)


def _client_in(found: Found | str | None) -> str:
    """Return `ab…9` for a client id, `a token` for a ready token, nothing for nothing."""
    if not isinstance(found, Found):
        return ""
    return Secret(found.client_id).masked() if found.client_id else "a token"


def _state_after(error: OcrNbError, tried: Found) -> str:
    """Return the state that an error leads to."""
    if isinstance(error, CredentialsRefused):
        is_over = tried.client_id is None and "expired" in str(error)
        return "expired" if is_over else "refused"
    return "unreachable" if isinstance(error, ServiceError) else "refused"
