"""The cloud service: the vendor's protocol of version 5.0, both generations, over https.

Takes requests, gives task ids and reports, like every `OcrService`; beyond that it counts calls, keeps a
journal and a cache, so that nothing paid for is lost or paid twice. Waits for no task and knows no engine.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace
from typing import Any, Final

from ...credentials import Credentials
from ...errors import CredentialsRefused, OutcomeUnknown, ServiceError, SettingsError
from ...learned_polling import LearnedPolling
from ...settings import Settings
from ..auth import TokenAuth
from ..journal import Asked, Entry, Journal
from ..meter import CallMeter, Meter, NoMeter
from ..pace import Pace, pace_of
from ..protocol import OcrRequest, Operation, ServiceIdentity, TaskId, TaskReport, TaskStatus
from ..redaction import shared_redaction
from ..result_cache import ResultCache
from ..wire import decode_report, decode_task_id, find_endpoint
from ..wire_names import GENERATIONS, RESULT_FILE, TASK_STATUS, Generation
from .addresses import credentials_for, is_at_home, is_on_this_machine, normal_address, token_address
from .bodies import json_body, multipart_part
from .exchange import Answer, Exchange, Outgoing
from .keeper import Keeper, Permit
from .refusals import may_have_been_accepted, refusal

_GONE = {404, 405, 410}
"""Statuses by which a server says that it does not serve this generation."""
_LARGE = 2**20
"""Bytes of an answer from which it is decoded and kept on another thread, so that other tasks go on."""
_WATCHED_FOR = 20.0
"""Seconds after a question during which its asker is taken to be still there."""


class _FromSettings:
    """Marks an argument that was not given, where None means “none”."""


FROM_SETTINGS: Final = _FromSettings()


class CloudService:
    """The vendor's OCR service, or any server that speaks its protocol."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        settings: Settings | None = None,
        credentials: Credentials | None = None,
        generation: Generation = "documented",
        tasks: int = 16,
        use_cache: bool = True,
        refuse_overspending: bool = False,
        journal: Journal | _FromSettings | None = FROM_SETTINGS,
        meter: Meter | _FromSettings | None = FROM_SETTINGS,
        pace: Pace | None = None,
        transport: Any = None,
    ) -> None:
        """Make a client; nothing is sent before the first request.

        Args:
            base_url: `https://HOST[/v5.0/ocr]`; None for the settings' (by default the vendor's).
            settings: folders, addresses and the environment's credentials; None reads the environment.
            credentials: None looks for them in the usual sources, but only for the settings' own address.
            generation: which of the two ways the filters are asked for; the other is tried once when the
                server does not know this one, and kept to if it does.
            tasks: how many may be under way at a time for one account.
            use_cache: answer the same image with the same settings from what came within 24 hours, and
                watch a task that is under way instead of sending it again.
            refuse_overspending: refuse calls beyond the month's plan instead of warning.
            journal: where requests are written down; None keeps no journal, and no cache either.
            meter: who counts the calls; None for this process only.
            pace: limits of speed; None for the one that all clients of this account share.
            transport: for tests.

        Raises:
            SettingsError: the address or the credentials are not usable.
        """
        if generation not in GENERATIONS:
            raise SettingsError(f"generation is 'documented' or 'current', not {generation!r}.")
        self.settings = settings or Settings.from_environment()
        self.base_url = normal_address(base_url or self.settings.base_url)
        self.generation: Generation = generation
        self.credentials: Credentials | None = None  # so that the repr works if the next line raises
        self.credentials = credentials_for(self.base_url, self.settings, credentials)
        self.account = self.credentials.account if self.credentials else "none"
        self.meter = self._make_meter(meter, refuse_overspending)
        self.polling = LearnedPolling(on_learn=self._note_latency)
        self._keeper = self._make_keeper(journal, use_cache)
        self._redaction = shared_redaction()
        self._exchange = Exchange(
            self.base_url,
            self._make_auth(),
            meter=self.meter,
            pace=pace or pace_of(self.base_url, self.account, tasks),
            transport=transport,
        )
        self._switched = False
        self._places: dict[TaskId, tuple[Operation, Generation]] = {}
        self._asked: dict[TaskId, float] = {}

    @classmethod
    def from_settings(cls, settings: Settings, base_url: str | None = None) -> CloudService:
        """Make a client for `base_url`, or for the address of the settings."""
        return cls(base_url, settings=settings)

    def __repr__(self) -> str:
        return f"CloudService({self.base_url!r}, credentials={self.credentials!r})"

    @property
    def identity(self) -> ServiceIdentity:
        """`cloud` at the vendor's own address, else the address; what reads behind that is not known here."""
        if is_at_home(self.base_url):
            return ServiceIdentity("cloud", "aspose", "v5.0")
        return ServiceIdentity(self.base_url, "remote", "v5.0")

    @property
    def journal(self) -> Journal | None:
        """Where requests are written down; None when no journal is kept."""
        return self._keeper.journal

    # ------------------------------------------------------------------ asking

    async def submit(self, request: OcrRequest) -> TaskId:
        """Send the request once; return its task id, or that of the same request sent within 24 hours.

        Raises:
            OutcomeUnknown: it was cut off on its way, now or earlier; it is sent again only when asked for.
            ServiceError: it was not accepted; the message says why.
        """
        self._require_credentials(request.operation)
        if is_at_home(self.base_url):
            request = replace(request, factor=None)  # the vendor's service decides for itself
        asked = Asked.of(request, self.base_url, self.account)
        kept = self._keeper.find_kept(asked)
        if kept is not None:
            return kept
        pace = self._exchange.pace
        # First the slot, then the journal: a request that only waits for its turn was certainly not sent.
        await pace.take_slot()
        try:
            permit = await self._keeper.admit(asked)
            task_id = permit.task_id or await self._post(request, permit)
        except BaseException:
            pace.give_back()
            raise
        pace.started(task_id)
        self._asked[task_id] = time.monotonic()
        return task_id

    async def fetch(self, task_id: TaskId) -> TaskReport:
        """Ask how the task stands; a result that is here already costs no call.

        Raises:
            ServiceError: the service could not be asked, or its answer not be read.
        """
        kept = self._keeper.load(task_id)
        if kept is not None:
            return kept
        self._asked[task_id] = time.monotonic()
        self._exchange.pace.watched(task_id)
        answer = await self._ask(task_id)
        if len(answer.content) > _LARGE:
            report = await asyncio.to_thread(self._note_report, answer, task_id)
        else:
            report = self._note_report(answer, task_id)
        if report.status.is_final:
            self._exchange.pace.ended(task_id)
            self._asked.pop(task_id, None)
        return report

    async def fetch_status(self, task_id: TaskId) -> TaskReport:
        """Ask for the state alone, without results: worth a call only when the results are very large."""
        answer = await self._get(TASK_STATUS, task_id)
        return self._read_report(answer, task_id)

    async def fetch_file(self, task_id: TaskId) -> bytes | None:
        """Return a filter's result as the PNG file itself; None while it is not, or no longer, available."""
        answer = await self._get(RESULT_FILE, task_id)
        if answer.status in {204, 404}:
            return None
        if answer.status != 200:
            raise self._refusal(answer, "Fetching the result")
        return answer.content

    async def cancel(self, task_id: TaskId) -> None:
        """Take the task back; it is unknown afterwards, here and there. Never fails for an unknown id.

        Raises:
            ServiceError: the service could not be asked.
        """
        operation, _ = self._place(task_id)
        endpoint = find_endpoint(operation)
        answer = await self._exchange.send(
            Outgoing("DELETE", endpoint.cancel, {"id": task_id}, needs_token=self._signs(operation))
        )
        if answer.status >= 300 and answer.status not in _GONE:
            raise self._refusal(answer, "Taking the task back")
        self._exchange.pace.ended(task_id)
        self._asked.pop(task_id, None)
        self._keeper.cancelled(task_id)

    def is_kept(self, task_id: TaskId) -> bool:
        """Tell whether the result of a task is here, so that fetching it costs no call."""
        return self._keeper.has(task_id)

    async def wait_until_final(self, task_id: TaskId, seconds: float) -> None:
        """Wait `seconds` before the next question about a task; not at all when its result is here."""
        if not self._keeper.has(task_id):
            self._exchange.pace.watched(task_id, seconds)
            await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        """Close the connections and the files."""
        await self._exchange.aclose()
        if self.journal is not None:
            self.journal.close()
        if isinstance(self.meter, CallMeter):
            self.meter.close()

    # ------------------------------------------------------------------ what was sent and spent

    def unfinished(self) -> tuple[Entry, ...]:
        """Return tasks paid for whose result nobody fetched and nobody, here or elsewhere, is waiting for."""
        if self.journal is None:
            return ()
        recently = time.monotonic() - _WATCHED_FOR
        return tuple(
            entry
            for entry in self.journal.unfinished(self.base_url, self.account)
            if entry.task_id is None or self._asked.get(entry.task_id, -math.inf) < recently
        )

    def estimate_calls(self, tasks: int, operation: Operation = Operation.RECOGNIZE_IMAGE) -> int:
        """Return how many calls `tasks` tasks will need: a POST each, and the questions learned so far."""
        return math.ceil(tasks * (1 + self.polling.expected_questions(operation)))

    def check_budget(self, tasks: int, *, force: bool = False) -> str:
        """Say what a batch will cost, before anything is sent: one sentence with calls needed and left.

        Empty where calls are not counted against a plan, as on this machine.

        Raises:
            BudgetExceeded: more than what is left of the month's plan, and `force` is false.
        """
        needed = self.estimate_calls(tasks)
        if not isinstance(self.meter, CallMeter):
            return ""
        if not force:
            self.meter.check(needed)
        return f"About {needed} calls for {tasks} tasks; {self.meter.usage()}."

    # ------------------------------------------------------------------ the requests themselves

    async def _post(self, request: OcrRequest, permit: Permit) -> TaskId:
        async with self._keeper.sending(permit) as note:
            generation = self.generation
            answer = await self._upload(request, generation)
            if answer.status in _GONE and request.operation.is_filter and not self._switched:
                generation = "current" if generation == "documented" else "documented"
                self._switched = True
                answer = await self._upload(request, generation)
                if answer.status not in _GONE:
                    self.generation = generation
            endpoint = find_endpoint(request.operation, generation)
            if answer.status != 200:
                raise self._post_error(answer, endpoint.submit)
            task_id = decode_task_id(answer.content.decode("utf-8", "replace"))
            note(task_id, generation)
        self._places[task_id] = (request.operation, generation)
        return task_id

    async def _upload(self, request: OcrRequest, generation: Generation) -> Answer:
        endpoint = find_endpoint(request.operation, generation)
        part = multipart_part(request) if endpoint.is_multipart else None
        body = None if endpoint.is_multipart else json_body(request)
        # An addition of this package's own server; others ignore what they do not know.
        params = {"factor": str(request.factor)} if request.factor else {}
        return await self._exchange.send(
            Outgoing("POST", endpoint.submit, params, part, body, self._signs(request.operation))
        )

    def _post_error(self, answer: Answer, path: str) -> ServiceError:
        error = self._refusal(answer, f"The upload to {path}")
        if may_have_been_accepted(answer):
            unknown = OutcomeUnknown(
                f"{error} The service may have accepted the request all the same, so it is not sent again "
                "unless you ask for that."
            )
            unknown.__cause__ = error
            return unknown
        return error

    async def _ask(self, task_id: TaskId) -> Answer:
        operation, generation = self._place(task_id)
        endpoint = find_endpoint(operation, generation)
        answer = await self._get(endpoint.fetch, task_id, self._signs(operation))
        other = find_endpoint(operation).fetch
        if answer.status in _GONE and other != endpoint.fetch:
            # Either the id is unknown, or this server has only the current way to ask.
            answer = await self._get(other, task_id)
            if answer.status == 200:
                self._places[task_id] = (operation, "current")
        return answer

    def _note_report(self, answer: Answer, task_id: TaskId) -> TaskReport:
        return self._keeper.note(self._read_report(answer, task_id))

    async def _get(self, path: str, task_id: TaskId, needs_token: bool = True) -> Answer:
        return await self._exchange.send(
            Outgoing("GET", path, {"id": task_id}, needs_token=needs_token and self._signs())
        )

    def _read_report(self, answer: Answer, task_id: TaskId) -> TaskReport:
        if answer.status in {204, 404, 410}:
            return TaskReport(task_id, TaskStatus.UNKNOWN)
        if answer.status != 200:
            raise self._refusal(answer, "The question about the task")
        return decode_report(answer.content, task_id)

    def _refusal(self, answer: Answer, what: str) -> ServiceError:
        if answer.status in {401, 403} and self.credentials is None:
            return CredentialsRefused(
                f"{what} needs credentials, and none are used at {self.base_url}: pass credentials=…, or set "
                "OCR_NB_BASE_URL to that address, so that yours are meant for it."
            )
        return refusal(answer, what)

    def _place(self, task_id: TaskId) -> tuple[Operation, Generation]:
        """Return where to ask for a task: as it was submitted, from memory or from the journal."""
        if task_id not in self._places:
            entry = self._keeper.find(task_id)
            generation: Generation = self.generation
            if entry is not None and entry.generation in GENERATIONS:
                generation = "current" if entry.generation == "current" else "documented"
            self._places[task_id] = (entry.operation if entry else Operation.UPSAMPLE, generation)
        return self._places[task_id]

    # ------------------------------------------------------------------ assembling

    def _signs(self, operation: Operation | None = None) -> bool:
        return self.credentials is not None and operation is not Operation.RECOGNIZE_TRIAL

    def _require_credentials(self, operation: Operation) -> None:
        """Refuse to ask the vendor's own service without credentials; other servers may need none.

        Raises:
            CredentialsRefused: there are none, and this request needs them.
        """
        if self._signs(operation) or not is_at_home(self.base_url):
            return
        if operation is not Operation.RECOGNIZE_TRIAL:
            raise CredentialsRefused(
                "No credentials were found: set OCR_NB_CLIENT_ID and OCR_NB_CLIENT_SECRET, or see "
                "`ocr-nb doctor` for the other places."
            )

    def _make_auth(self) -> TokenAuth | None:
        if self.credentials is None:
            return None
        for secret in (self.credentials.client_secret, self.credentials.access_token):
            if secret is not None:
                self._redaction.add(secret)
        return TokenAuth(
            self.credentials, token_address(self.base_url, self.settings), on_token=self._redaction.add
        )

    def _make_meter(self, meter: Meter | _FromSettings | None, refuse: bool) -> Meter:
        if meter is None or (isinstance(meter, _FromSettings) and is_on_this_machine(self.base_url)):
            return NoMeter()
        if isinstance(meter, _FromSettings):
            return CallMeter(self.settings.state_folder / "meter.sqlite", self.account, refuse=refuse)
        return meter

    def _make_keeper(self, journal: Journal | _FromSettings | None, use_cache: bool) -> Keeper:
        if isinstance(journal, _FromSettings):
            journal = Journal(self.settings.state_folder / "journal.sqlite")
        if journal is None:
            return Keeper(None, None)
        for known in journal.latencies(self.base_url):
            self.polling.remember(*known)
        return Keeper(journal, ResultCache(self.settings.cache_folder / "results"), use_cache=use_cache)

    def _note_latency(self, operation: Any, megapixels: float, seconds: float, not_before: float) -> None:
        if self.journal is not None:
            self.journal.note_latency(self.base_url, operation, megapixels, seconds, not_before)
