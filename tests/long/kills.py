"""The client is killed (SIGKILL) at random moments, then resumes.

The moments lie between before it submits and after it has fetched. What must hold each time: no image was
submitted twice unasked; every task whose id was in the journal is answered once; a request killed in flight
is listed as of unknown outcome, and sent again only when asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doubles import ReadsInk, RepeatsPixels
from ocr_nb.images import encode_png
from ocr_nb.server.app import make_app
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import OcrRequest, TaskId
from server.running import listening

LIVES = Path(__file__).with_name("lives.py")
ON_THE_WAY_S = 0.08
"""Seconds that a POST takes to the server, and its answer back: time in which to be killed."""
LATENCY_S = 0.25
IMAGES = 3
LIFE_S = 90
"""Seconds after which a client that hangs is ended, and the run with it."""


class Recorded(LocalService):
    """A local service that notes what was submitted, by the image's hash."""

    def __init__(self) -> None:
        super().__init__(recognizer=ReadsInk(), upsampler=RepeatsPixels(), latency=LATENCY_S)
        self.submitted: list[tuple[str, TaskId]] = []

    async def submit(self, request: OcrRequest) -> TaskId:
        """Note and submit."""
        task_id = await super().submit(request)
        self.submitted.append((hashlib.sha256(request.data).hexdigest(), task_id))
        return task_id


def slowed(app: ASGIApp) -> ASGIApp:
    """Return `app` behind a slow line: POSTs and their answers take `ON_THE_WAY_S` each."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(ON_THE_WAY_S)
            await send(message)

        if scope["type"] == "http" and scope["method"] == "POST":
            await asyncio.sleep(ON_THE_WAY_S)
            await app(scope, receive, send_late)
        else:
            await app(scope, receive, send)

    return slow


def run(kills: int, seed: int) -> bool:
    """Return whether the promises hold for every kill."""
    chance = random.Random(seed)
    service = Recorded()
    phases: Counter[str] = Counter()
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder, listening(slowed(make_app(service))) as base:
        whole = _Trial(service, base, Path(folder) / "whole", 0).measure()
        print(f"   an undisturbed run takes {whole:.2f} s from ready to done", flush=True)
        for number in range(1, kills + 1):
            trial = _Trial(service, base, Path(folder) / str(number), number)
            moment = chance.uniform(0, whole * 1.1)
            problems = trial.kill_and_resume(moment)
            phases.update(trial.phases)
            broken += [f"kill {number} at {moment:.3f} s: {problem}" for problem in problems]
    print(f"   {kills} kills, {kills * IMAGES} requests; when the kill came they were: " + _listed(phases))
    print(f"   {len(broken)} promises broken")
    for line in broken:
        print(f"      {line}")
    return not broken


def _listed(phases: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(phases.items()))


class _Trial:
    """One client state of its own, with images of its own."""

    def __init__(self, service: Recorded, base: str, home: Path, number: int) -> None:
        self._service = service
        self._base = base
        self._home = home
        self.phases: list[str] = []
        home.mkdir()
        self._images = [home / f"{index}.png" for index in range(IMAGES)]
        for index, path in enumerate(self._images):
            pixels = np.full((30, 60), 255, dtype=np.uint8)
            pixels[10:20, 10 : 20 + 10 * index] = number % 200
            pixels[2, 2] = number // 200 + index
            path.write_bytes(encode_png(pixels))
        self._hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in self._images]

    def measure(self) -> float:
        """Let a client live to its end; return the seconds from `ready` to `done`."""
        with self._life("first") as process:
            _read(process, "ready")
            started = time.monotonic()
            _read(process, "done")
            return time.monotonic() - started

    def kill_and_resume(self, moment: float) -> list[str]:
        """Kill a client `moment` seconds after it is ready; return the promises that did not hold."""
        with self._life("first") as process:
            _read(process, "ready")
            time.sleep(moment)
            process.kill()
        # What was on its way when the client died still arrives, as it would at the real service.
        time.sleep(3 * ON_THE_WAY_S)
        states = self._journal()
        self.phases = [states.get(image, ("not asked", None))[0] for image in self._hashes]
        with self._life("second") as process:
            resumed = _read(process, "resumed")
            problems = self._check_resumed(resumed, states)
            counts = self._counts()
            _next(process)
            problems += self._check_again(_read(process, "again"), states, counts)
            _next(process)
            problems += self._check_released(_read(process, "released"))
        return problems

    def _check_resumed(self, resumed: dict[str, Any], states: dict[str, tuple[str, str | None]]) -> list[str]:
        waiting = sorted(str(task_id) for state, task_id in states.values() if state == "waiting")
        sending = sorted(image for image, (state, _) in states.items() if state == "sending")
        problems = []
        if sorted(str(task_id) for task_id, _ in resumed["tasks"]) != waiting:
            problems.append(f"journalled {waiting}, answered {resumed['tasks']}")
        if any(isinstance(outcome, str) and outcome != "read" for _, outcome in resumed["tasks"]):
            problems.append(f"resumed with {resumed['tasks']}")
        if resumed["unknown"] != sending:
            problems.append(f"in flight were {sending}, listed {resumed['unknown']}")
        if any(count > 1 for count in self._counts().values()):
            problems.append(f"submitted twice before anything was asked again: {self._counts()}")
        return problems

    def _check_again(
        self, again: dict[str, Any], states: dict[str, tuple[str, str | None]], before: Counter[str]
    ) -> list[str]:
        problems, after = [], self._counts()
        for image, outcome in zip(self._hashes, again["outcomes"], strict=True):
            state = states.get(image, ("not asked", None))[0]
            sent = after[image] - before[image]
            if (outcome == "unknown") != (state == "sending"):
                problems.append(f"asked again, an image that was {state} gave {outcome}")
            if sent != (1 if state == "not asked" else 0):
                problems.append(f"asked again, an image that was {state} was submitted {sent} times more")
        if any(count > 1 for count in after.values()):
            problems.append(f"submitted twice when asked again: {after}")
        return problems

    def _check_released(self, released: dict[str, Any]) -> list[str]:
        wrong = [
            outcome for outcome in released["outcomes"] if isinstance(outcome, str) and outcome != "read"
        ]
        return [f"with permission to send again came {released['outcomes']}"] if wrong else []

    def _counts(self) -> Counter[str]:
        """Return how often each image of this trial was accepted by the server."""
        return Counter(image for image, _ in self._service.submitted if image in self._hashes)

    def _journal(self) -> dict[str, tuple[str, str | None]]:
        """Return what the dead client had written down: state and task id by image."""
        path = self._home / "state" / "journal.sqlite"
        if not path.exists():
            return {}
        with contextlib.closing(sqlite3.connect(path)) as database:
            try:
                rows = database.execute("SELECT image_hash, state, task_id FROM entries").fetchall()
            except sqlite3.OperationalError:  # killed before the table was made
                return {}
        return {image: (state, task_id) for image, state, task_id in rows}

    @contextlib.contextmanager
    def _life(self, which: str) -> Iterator[subprocess.Popen[str]]:
        environment = {**os.environ, "OCR_NB_HOME": str(self._home), "OCR_NB_ACCESS_TOKEN": "any-token"}
        command = [sys.executable, str(LIVES), which, self._base, *map(str, self._images)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            watchdog = threading.Timer(LIFE_S, process.kill)
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()


def _read(process: subprocess.Popen[str], step: str) -> dict[str, Any]:
    """Return the next line that a life prints, which must be about `step`."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"The client ended before {step!r} with exit code {process.wait()}.")
    told: dict[str, Any] = json.loads(line)
    assert told["step"] == step, told
    return told


def _next(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
