"""300 upsampling tasks at concurrency 32 against a local server with 2 s latency: our client and the SDK.

Starts `ocr-nb serve`, then lets each contender do the same tasks in a process of its own: this package; the
official SDK in a loop; the official SDK in a pool of threads. The SDK asks every second, as the vendor's own
.NET example does. Prints markdown. The SDK lives in an environment of its own:

    python3 -m venv sdk && sdk/bin/pip install aspose-ocr-cloud==24.11.0
    python benchmarks/orchestration.py --sdk-python sdk/bin/python
"""

from __future__ import annotations

import argparse
import base64
import concurrent.futures
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SDK_ASKS_EVERY = 1.0
"""Seconds."""


# --- contenders: each does all tasks and returns how many calls it made


def run_ours(address: str, images: list[Path], concurrency: int) -> int:
    """This package: one job an image, gathered."""
    import ocr_nb

    service = ocr_nb.CloudService(address, tasks=concurrency)
    jobs = [ocr_nb.upsample(image, service=service) for image in images]
    ocr_nb.gather(jobs).result()
    return sum(job.calls for job in jobs)


def run_sdk_loop(address: str, images: list[Path], concurrency: int) -> int:
    """The SDK as its examples use it: one image after the other."""
    api = _sdk_api(address)
    return sum(_sdk_task(api, image) for image in images)


def run_sdk_threads(address: str, images: list[Path], concurrency: int) -> int:
    """The SDK in a pool of threads."""
    api = _sdk_api(address)
    with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
        return sum(pool.map(lambda image: _sdk_task(api, image), images))


def _sdk_api(address: str) -> Any:
    import aspose_ocr_cloud

    configuration = aspose_ocr_cloud.Configuration(host=address)
    return aspose_ocr_cloud.UpscaleImageApi(aspose_ocr_cloud.ApiClient(configuration))


def _sdk_task(api: Any, image: Path) -> int:
    import aspose_ocr_cloud

    data = base64.b64encode(image.read_bytes()).decode()
    task_id = api.post_upscale_image(aspose_ocr_cloud.OCRUpscaleImageBody(image=data))
    calls = 1
    while True:
        time.sleep(SDK_ASKS_EVERY)
        response = api.get_upscale_image(id=task_id)
        calls += 1
        if response.task_status == "Completed":
            base64.b64decode(response.results[0].data)
            return calls
        if response.task_status not in {"Pending", "Processing"}:
            raise RuntimeError(f"{image.name}: {response.task_status}")


CONTENDERS: dict[str, tuple[str, Callable[[str, list[Path], int], int]]] = {
    "ours": ("ocr_nb", run_ours),
    "sdk-threads": ("SDK 24.11.0, thread pool", run_sdk_threads),
    "sdk-loop": ("SDK 24.11.0, loop", run_sdk_loop),
}


# --- measuring


def contend(name: str, address: str, folder: Path, concurrency: int) -> None:
    """Do the tasks in this process; print the figures as JSON."""
    images = sorted(folder.glob("*.png"))
    began = time.perf_counter()
    calls = CONTENDERS[name][1](address, images, concurrency)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall": wall,
                "calls": calls / len(images),
                "cpu": used.ru_utime + used.ru_stime,
                "peak": used.ru_maxrss / 1024,
            }
        )
    )


@contextmanager
def serving(latency: float, log: Path) -> Iterator[str]:
    """Run `ocr-nb serve` on a free port; yield its address, scheme to port."""
    command = [sys.executable, "-m", "ocr_nb", "serve", "--port", "0", "--queue", "4096"]
    with log.open("w") as output:
        process = subprocess.Popen([*command, "--latency", str(latency)], stdout=output, stderr=output)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(600):
        found = re.search(r"Serving at (http://[^/\s]+)", log.read_text())
        if found:
            return found.group(1)
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"The server did not start:\n{log.read_text()}")


def draw_images(folder: Path, count: int) -> None:
    """Write `count` different small pictures: 160 × 48 pixels with a line of text."""
    from PIL import Image, ImageDraw

    for number in range(count):
        page = Image.new("L", (160, 48), 255)
        ImageDraw.Draw(page).text((8, 16), f"Order No. {number:05d}", fill=0)
        page.save(folder / f"{number:05d}.png")


def measure(name: str, python: str, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Let one contender do the tasks against a fresh server; return its figures."""
    with serving(options.latency, folder / "server.log") as address, tempfile.TemporaryDirectory() as home:
        command = [python, __file__, "--contend", name, "--address", address, "--images", str(folder)]
        environment = {**os.environ, "OCR_NB_HOME": home}
        done = subprocess.run(
            [*command, "--concurrency", str(options.concurrency)],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Print one row a contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds a task takes at the server")
    parser.add_argument("--sdk-python", help="the interpreter of an environment with the SDK")
    parser.add_argument("--only", choices=[*CONTENDERS], action="append", help="may be repeated")
    parser.add_argument("--contend", choices=[*CONTENDERS], help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    parser.add_argument("--images", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        contend(options.contend, options.address, options.images, options.concurrency)
        return

    ideal = options.latency * math.ceil(options.tasks / options.concurrency)
    print(f"{options.tasks} tasks, {options.concurrency} at a time: ideal {ideal:g} s.\n")
    print("| client | wall | ÷ ideal | calls a task | CPU | peak memory |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        draw_images(Path(folder), options.tasks)
        for name in options.only or CONTENDERS:
            python = sys.executable if name == "ours" else options.sdk_python
            if python is None:
                print(f"{CONTENDERS[name][0]}: skipped, --sdk-python is not given.", file=sys.stderr)
                continue
            figures = measure(name, python, Path(folder), options)
            print(
                f"| {CONTENDERS[name][0]} | {figures['wall']:.1f} s | {figures['wall'] / ideal:.2f} | "
                f"{figures['calls']:.2f} | {figures['cpu']:.1f} s | {figures['peak']:.0f} MiB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
