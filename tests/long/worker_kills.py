"""Worker processes of `ocr-nb serve --workers 2` are killed (SIGKILL) at random moments under load.

What must hold: every task whose id a client received is completed with its result, the other process goes on
answering, and the killed one is replaced.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

from ocr_nb.images import encode_png
from server.running import Command, serving, workers_of

UPLOAD = "/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile"
FETCH = "/v5.0/ocr/ImageProcessing/GetResultTask"
TASKS = 6
"""Posted around each kill."""
FINAL_S = 60
WORKERS = 2


def run(kills: int, seed: int) -> bool:
    """Return whether every acknowledged task was completed, whoever died."""
    chance = random.Random(seed)
    killed = acknowledged = cut_off = retried = 0
    lost: list[str] = []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), "--workers", str(WORKERS)) as command:
        for _ in range(kills):
            workers = _await_workers(command)
            with ThreadPoolExecutor(TASKS) as pool:
                posts = [pool.submit(_post, command.base, _image(chance)) for _ in range(TASKS)]
                time.sleep(chance.uniform(0, 0.6))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(workers), signal.SIGKILL)
                    killed += 1
                ids = [task_id for post in posts if (task_id := post.result())]
                statuses = list(pool.map(lambda task_id: _fetch(command.base, task_id), ids))
            acknowledged += len(ids)
            cut_off += TASKS - len(ids)
            retried += sum(asked > 0 for _, asked in statuses)
            lost += [f"{status}" for status, _ in statuses if status != "Completed"]
        replaced = len(_await_workers(command)) == WORKERS
        log = command.log.read_text()
    print(
        f"   {killed} workers killed: {acknowledged} tasks acknowledged, {len(lost)} of them lost {lost}; "
        f"{cut_off} POSTs and {retried} tasks' fetches were cut off; replaced: {replaced}; "
        f"{log.count('Traceback')} tracebacks in the log"
    )
    return not lost and replaced and acknowledged > 0 and killed >= 0.8 * kills


def _image(chance: random.Random) -> bytes:
    pixels = np.random.default_rng(chance.randrange(2**32)).integers(0, 255, (150, 200), dtype=np.uint8)
    return encode_png(pixels)


def _post(base: str, image: bytes) -> str | None:
    """Return the id, or None when the connection was cut off: then nobody knows whether there is a task."""
    try:
        answer = httpx.post(base + UPLOAD, files={"file": image}, timeout=30)
    except httpx.TransportError:
        return None
    assert answer.status_code == 200, answer.text
    return answer.text


def _fetch(base: str, task_id: str) -> tuple[str, int]:
    """Return the final status, and how many questions were cut off on the way."""
    deadline, asked = time.monotonic() + FINAL_S, 0
    status = "unasked"
    while time.monotonic() < deadline:
        try:
            status = httpx.get(base + FETCH, params={"id": task_id}, timeout=30).json()["taskStatus"]
        except httpx.TransportError:
            asked += 1
        if status not in {"unasked", "Pending", "Processing"}:
            break
        time.sleep(0.1)
    return status, asked


def _await_workers(command: Command) -> list[int]:
    """Return the ids of the worker processes, as soon as there are `WORKERS` and the server answers."""
    deadline = time.monotonic() + FINAL_S
    workers: list[int] = []
    while time.monotonic() < deadline:
        started = command.log.read_text().count("Application startup complete")
        workers = workers_of(command.process.pid)
        if len(workers) == WORKERS and started >= WORKERS:
            return workers
        time.sleep(0.1)
    return workers
