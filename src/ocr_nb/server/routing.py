"""Which resource a path means: below any known prefix, in any letter case, slashes doubled or trailing.

In: the decoded path of a request. Out: a `Resource` with the action each HTTP method has there. Knows
nothing of bodies or answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..service.protocol import Operation
from ..service.wire_names import (
    DOCUMENTED_UPLOADS,
    PREFIXES,
    RESOURCES,
    RESULT_FILE,
    RESULT_TASK,
    TASK_STATUS,
    TOKEN_PATH,
)

OPENAPI = "openapi.json"


class Action(Enum):
    """What the server does for one method of one resource."""

    SUBMIT_JSON = "submit_json"
    SUBMIT_FILE = "submit_file"
    FETCH = "fetch"
    FETCH_ANY = "fetch_any"
    FETCH_FILE = "fetch_file"
    FETCH_STATUS = "fetch_status"
    CANCEL = "cancel"
    ISSUE_TOKEN = "issue_token"
    DESCRIBE = "describe"
    WELCOME = "welcome"


OPEN_ACTIONS = frozenset({Action.ISSUE_TOKEN, Action.DESCRIBE, Action.WELCOME})
"""Served without an access token even in strict mode."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that can be addressed."""

    name: str
    """In the vendor's spelling, without a prefix."""
    actions: dict[str, Action]
    operation: Operation | None = None

    @property
    def allow(self) -> str:
        """The value of an `Allow` header."""
        extra = {"HEAD", "OPTIONS"} if "GET" in self.actions else {"OPTIONS"}
        return ", ".join(sorted(set(self.actions) | extra))

    def needs_token(self, action: Action) -> bool:
        """Tell whether strict mode demands a token: the trial is open, as the service has it."""
        return action not in OPEN_ACTIONS and self.operation is not Operation.RECOGNIZE_TRIAL


def _resources() -> dict[str, Resource]:
    """Return every resource that has a prefix, by its name in lower case."""
    task = {"POST": Action.SUBMIT_JSON, "GET": Action.FETCH, "DELETE": Action.CANCEL}
    found = [Resource(name, task, operation) for operation, name in RESOURCES.items()]
    found += [
        Resource(name, {"POST": Action.SUBMIT_FILE}, operation)
        for operation, name in DOCUMENTED_UPLOADS.items()
    ]
    found += [
        Resource(RESULT_TASK, {"GET": Action.FETCH_ANY}),
        Resource(RESULT_FILE, {"GET": Action.FETCH_FILE}),
        Resource(TASK_STATUS, {"GET": Action.FETCH_STATUS}),
        Resource(OPENAPI, {"GET": Action.DESCRIBE}),
    ]
    return {resource.name.lower(): resource for resource in found}


BY_NAME = _resources()
AT_ROOT = {
    TOKEN_PATH: Resource(TOKEN_PATH.lstrip("/"), {"POST": Action.ISSUE_TOKEN}),
    f"/{OPENAPI}": BY_NAME[OPENAPI],
    "/": Resource("(welcome)", {"GET": Action.WELCOME}),
}
"""Resources at the root of the host, by lower-case path."""


def find_resource(path: str) -> Resource | None:
    """Return the resource that `path` means, or None."""
    folded = "/" + "/".join(part for part in path.lower().split("/") if part)
    if folded in AT_ROOT:
        return AT_ROOT[folded]
    for prefix in PREFIXES:
        if folded.startswith(f"{prefix}/"):
            return BY_NAME.get(folded[len(prefix) + 1 :])
    return None
