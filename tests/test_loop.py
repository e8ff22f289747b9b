"""The background thread: started once, work from any thread, gone cleanly at exit."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from ocr_nb import loop


async def thread_name() -> str:
    """Return the name of the thread this runs on."""
    return threading.current_thread().name


def test_coroutines_run_on_one_background_thread():
    """Whoever asks, the same thread serves, and it is not the caller's."""
    from_main = loop.run(thread_name()).result(5)
    names: list[str] = []
    other = threading.Thread(target=lambda: names.append(loop.run(thread_name()).result(5)))
    other.start()
    other.join()

    assert from_main == "ocr_nb-io"
    assert names == ["ocr_nb-io"]
    assert threading.current_thread().name != from_main


def test_the_loop_knows_its_own_thread():
    """Only there `is_io_thread` holds."""

    async def asked_there() -> bool:
        return loop.is_io_thread()

    assert loop.run(asked_there()).result(5) is True
    assert loop.is_io_thread() is False


def test_work_goes_on_while_the_caller_is_blocked():
    """Ticks are counted during a blocking wait of the main thread."""
    ticks: list[int] = []

    async def tick() -> None:
        for number in range(5):
            ticks.append(number)
            await asyncio.sleep(0.01)

    future = loop.run(tick())
    threading.Event().wait(0.5)

    assert ticks == [0, 1, 2, 3, 4]
    assert future.done()


def test_an_error_reaches_the_caller():
    """The future holds what the coroutine raised."""

    async def fail() -> None:
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        loop.run(fail()).result(5)


AT_EXIT = """
import asyncio
from ocr_nb import loop

async def wait():
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned up", flush=True)

loop.run(wait())
loop.run(asyncio.sleep(0.05)).result()
"""


def test_running_work_is_cancelled_when_the_interpreter_ends():
    """A script that ends early ends at once, its coroutines clean up, and nothing is written to stderr."""
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stdout, done.stderr) == (0, "cleaned up\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system does not fork.")
def test_a_forked_child_gets_a_thread_of_its_own():
    """Threads do not survive a fork, so the child must not wait for the parent's."""
    script = (
        "import asyncio, os\nfrom ocr_nb import loop\n"
        "loop.run(asyncio.sleep(0)).result(5)\n"
        "pid = os.fork()\n"
        "value = loop.run(asyncio.sleep(0, 'child' if pid == 0 else 'parent')).result(5)\n"
        "os.write(1, f'{value}\\n'.encode())  # one piece, as `print` need not be: two processes write here\n"
        "os._exit(0) if pid == 0 else os.waitpid(pid, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)

    assert sorted(done.stdout.split()) == ["child", "parent"]
