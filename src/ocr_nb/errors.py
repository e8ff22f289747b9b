"""What can go wrong, as one tree. Messages say what happened, with which value, and what to do now.

OcrNbError
├── SettingsError              nothing was attempted: a setting is missing or malformed
├── ServiceError               the service could not be used
│   ├── ServiceUnreachable       no answer at all
│   ├── CredentialsRefused       it answered: not you
│   ├── RequestRefused           it answered: not like this (carries status and body)
│   ├── RateLimited              it answered: too many (carries when to come back)
│   ├── BudgetExceeded           we did not ask: the month's calls would not suffice
│   ├── OutcomeUnknown           cut off while sending: it may have been accepted
│   └── UnreadableAnswer         it answered, in a form we do not know
├── TaskError                  carries task_id
│   ├── TaskFailed               the service gave up (carries its messages)
│   ├── TaskUnknown              never issued, or its result has expired (24 h)
│   ├── TaskCancelled            we, or someone, took it back
│   └── TaskTimedOut             we stopped waiting; the task may still finish
├── StoreError                 trials or journal could not be read or written
├── ImageError                 not an image we can read (which, why, what we do read)
└── EngineError
    ├── WeightsMissing           not in the package (nothing is ever downloaded)
    ├── WeightsCorrupt           expected hash, actual hash
    ├── ModelMismatch            weights and code disagree on shape or alphabet
    └── EngineUnavailable        the engine, or the language asked for, is not installed here
"""

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or list them: “did you mean 'upsampling'?”."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(names)}."


class OcrNbError(Exception):
    """Base of everything this package raises on purpose."""


class SettingsError(OcrNbError):
    """A setting is missing, misspelled or malformed; nothing was attempted."""


class ServiceError(OcrNbError):
    """The service could not be used."""


class ServiceUnreachable(ServiceError):
    """No answer at all."""


class CredentialsRefused(ServiceError):
    """The service answered: not you."""


class RequestRefused(ServiceError):
    """The service answered: not like this."""

    def __init__(self, message: str, *, status: int | None = None, body: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class RateLimited(ServiceError):
    """The service answered: too many requests."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait before asking again; None when the service did not say."""


class BudgetExceeded(ServiceError):
    """We did not ask: the month's calls would not suffice."""


class OutcomeUnknown(ServiceError):
    """The request was cut off while it was sent: it may have been accepted; not sent again unasked."""


class UnreadableAnswer(ServiceError):
    """The service answered, in a form we do not know."""


class TaskError(OcrNbError):
    """Something about one task."""

    def __init__(self, message: str, *, task_id: str | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id


class TaskFailed(TaskError):
    """The service gave up on the task."""

    def __init__(self, message: str, *, task_id: str | None = None, messages: tuple[str, ...] = ()) -> None:
        super().__init__(message, task_id=task_id)
        self.messages = messages


class TaskUnknown(TaskError):
    """The task was never issued, or its result has expired (24 h after submission)."""


class TaskCancelled(TaskError):
    """We, or someone else, took the task back."""


class TaskTimedOut(TaskError):
    """We stopped waiting; the task may still finish."""


class StoreError(OcrNbError):
    """Trials or journal could not be read or written."""


class ImageError(OcrNbError):
    """Not an image we can read."""


class EngineError(OcrNbError):
    """A model on this machine could not do its work."""


class WeightsMissing(EngineError):
    """The weights are not in the package; nothing is ever downloaded."""


class WeightsCorrupt(EngineError):
    """The weights do not have the hash written beside them."""


class ModelMismatch(EngineError):
    """Weights and code disagree on shape or alphabet."""


class EngineUnavailable(EngineError):
    """The engine, or the language asked for, is not installed here."""
