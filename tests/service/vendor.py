"""A vendor in memory: the protocol of version 5.0 behind `httpx.MockTransport`, with faults on demand.

Written from the documentation and apart from the server of this package, so that client and server are not
each other's only judge.
"""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx

Fault = Callable[[httpx.Request], httpx.Response | Exception | None]

PREFIX = "/v5.0/ocr/"
_UPLOADS = {
    "ImageProcessing/PostUpsamplingImageFile": "UpscaleImage",
    "ImageProcessing/PostBinarizationFile": "BinarizeImage",
    "ImageProcessing/PostSkewCorrectionFile": "DeskewImage",
    "ImageProcessing/PostDewarpingFile": "DewarpImage",
}
_FILTERS = set(_UPLOADS.values())


@dataclass
class Vendor:
    """Accepts, keeps and answers tasks; every task answers with the hash of its image."""

    pending_polls: int = 0
    """Questions about a task that are answered with “Pending” first."""
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    generations: tuple[str, ...] = ("documented", "current")
    expires_in: float = 3600.0
    requests: list[httpx.Request] = field(default_factory=list)
    """Everything that reached the vendor, bodies read."""
    tasks: dict[str, dict] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list, repr=False)
    """Tokens issued; the last one is valid."""
    faults: list[Fault] = field(default_factory=list)
    """Asked before every answer, in order; the first that gives something decides, and is used up."""

    @property
    def transport(self) -> httpx.MockTransport:
        """What to give a client."""
        return httpx.MockTransport(self.answer)

    @property
    def lines(self) -> list[str]:
        """`POST UpscaleImage` … in order, without ids."""
        return [
            f"{request.method} {request.url.path.removeprefix(PREFIX).lstrip('/')}"
            for request in self.requests
        ]

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the vendor would, or as the next fault says."""
        await request.aread()
        self.requests.append(request)
        for fault in self.faults:
            outcome = fault(request)
            if outcome is not None:
                self.faults.remove(fault)
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
        if request.url.path == "/connect/token":
            return self._token(request)
        if self.client_id and not self._is_authorized(request):
            return problem(401, "Unauthorized", "The token is missing or expired.")
        return self._route(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return httpx.Response(400, json={"error": "unsupported_grant_type"})
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return httpx.Response(400, json={"error": "invalid_client"})
        self.tokens.append(f"token-{len(self.tokens) + 1}-of-{self.client_secret}")
        return httpx.Response(
            200,
            json={"access_token": self.tokens[-1], "expires_in": self.expires_in, "token_type": "Bearer"},
        )

    def _is_authorized(self, request: httpx.Request) -> bool:
        if request.url.path.endswith("RecognizeImageTrial"):
            return True
        return bool(self.tokens) and request.headers.get("Authorization") == f"Bearer {self.tokens[-1]}"

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not path.startswith(PREFIX):
            return problem(404, "Not Found")
        resource = path.removeprefix(PREFIX)
        is_documented = resource.startswith("ImageProcessing/")
        wanted = "documented" if is_documented else "current"
        if (is_documented or resource in _FILTERS) and wanted not in self.generations:
            return problem(404, "Not Found")
        if request.method == "POST":
            return self._accept(_UPLOADS.get(resource, resource), request)
        task_id = request.url.params.get("id", "")
        if request.method == "DELETE":
            self.tasks.pop(task_id, None)
            return httpx.Response(200)
        return self._report(resource, task_id)

    def _accept(self, resource: str, request: httpx.Request) -> httpx.Response:
        image, settings = _parts(request)
        if not image:
            return problem(400, "Bad Request", "The image is missing.")
        task_id = str(uuid.uuid4())
        self.tasks[task_id] = {"resource": resource, "image": image, "settings": settings, "asked": 0}
        return httpx.Response(200, text=task_id, headers={"Content-Type": "text/plain; charset=utf-8"})

    def _report(self, resource: str, task_id: str) -> httpx.Response:
        task = self.tasks.get(task_id)
        if task is None:
            return envelope(task_id, "NotExist", "TaskNotFound")
        if resource == "ImageProcessing/GetResultFile":
            return httpx.Response(
                200, content=result_of(task["image"]), headers={"Content-Type": "image/png"}
            )
        if resource == "Utilities/GetTaskStatus":
            return envelope(task_id, "Completed", "Ok")
        if resource not in {task["resource"], "ImageProcessing/GetResultTask"}:
            return envelope(task_id, "NotExist", "TaskNotFound")
        task["asked"] += 1
        if task["asked"] <= self.pending_polls:
            return envelope(task_id, "Pending", "NotReady")
        kind = "ImagePNG" if task["resource"] in _FILTERS else "Text"
        data = base64.b64encode(result_of(task["image"])).decode()
        return envelope(task_id, "Completed", "Ok", [{"type": kind, "data": data}])


def result_of(image: bytes) -> bytes:
    """Return what the vendor makes of an image."""
    return b"\x89PNG of " + hashlib.sha256(image).hexdigest().encode()


def envelope(task_id: str, status: str, code: str, results: list | None = None) -> httpx.Response:
    """Return an `OCRResponse`."""
    body = {"id": task_id, "taskStatus": status, "responseStatusCode": code, "results": results or []}
    return httpx.Response(
        200,
        content=json.dumps({**body, "error": None}),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )


def problem(status: int, title: str, detail: str | None = None, **headers: str) -> httpx.Response:
    """Return an error with `ProblemDetails`."""
    content = json.dumps({"title": title, "status": status, "detail": detail})
    return httpx.Response(status, content=content, headers={"Content-Type": "application/json", **headers})


def once(method: str, path: str, outcome: httpx.Response | Exception) -> Fault:
    """Return a fault for the next request of that method whose path ends so."""

    def fault(request: httpx.Request) -> httpx.Response | Exception | None:
        return outcome if request.method == method and request.url.path.endswith(path) else None

    return fault


def _parts(request: httpx.Request) -> tuple[bytes, dict]:
    content_type = request.headers.get("Content-Type", "")
    if content_type.startswith("application/json"):
        body = json.loads(request.content)
        return base64.b64decode(body["image"], validate=True), body.get("settings", {})
    boundary = re.search(r"boundary=(\S+)", content_type)
    assert boundary is not None
    part = request.content.split(b"--" + boundary.group(1).encode())[1]
    head, _, data = part.partition(b"\r\n\r\n")
    assert b'name="file"' in head
    return data.removesuffix(b"\r\n"), {}
