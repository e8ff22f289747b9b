"""Where no thread can be started, a job is done when it is returned; everything else is the same."""

import asyncio
import threading

import pytest

import ocr_nb
from doubles import ReadsInk, RepeatsPixels
from ocr_nb import jobs, loop
from ocr_nb.errors import ImageError
from ocr_nb.inline_loop import run_inline
from ocr_nb.service import local
from ocr_nb.widgets import newest_wins
from ocr_nb.widgets.newest_wins import NewestWins


@pytest.fixture
def without_threads(monkeypatch):
    """A Python like the one in a browser."""
    for room in (jobs, loop, local, newest_wins):
        monkeypatch.setattr(room, "can_start_threads", lambda: False)

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setenv("OCR_NB_CPUS", "1")


def test_a_job_is_done_when_it_is_returned(without_threads):
    """Submitted, worked on, asked about and converted, all before the call returns."""
    job = ocr_nb.upsample(*ocr_nb.samples("card"), factor=2)
    assert job.done()
    assert (640, 272) == (job.result().width, job.result().height)


def test_work_may_ask_for_work(without_threads):
    """A pipeline asks the service from within; gathered jobs are done already."""
    service = ocr_nb.LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    steps = ocr_nb.pipeline("upsample:x2", "recognize")
    first = steps(*ocr_nb.samples("card"), service=service)
    assert (640, 272) == (first.result().picture.width, first.result().picture.height)
    both = ocr_nb.gather([ocr_nb.upsample(one, factor=2) for one in ocr_nb.samples("card", "label")])
    assert [640, 656] == [picture.width for picture in both.result()]


def test_a_cell_may_await(without_threads):
    """Inside a loop that runs already, as a notebook's, the job's own loop comes and goes."""

    async def cell():
        before = asyncio.get_running_loop(), asyncio.current_task()
        picture = await ocr_nb.upsample(*ocr_nb.samples("card"), factor=2)
        assert before == (asyncio.get_running_loop(), asyncio.current_task())
        await asyncio.sleep(0)
        return picture.width

    assert 640 == asyncio.run(cell())


def test_an_error_is_the_jobs(without_threads):
    """It is raised where the result is taken, not where the job is made."""
    job = ocr_nb.recognize("/nowhere.png")
    with pytest.raises(ImageError, match=r"There is no file /nowhere\.png"):
        job.result()


def test_what_is_asked_for_last_is_done_at_once(without_threads):
    """A control that moves has nothing to overtake."""
    done = []
    latest = NewestWins(60.0)
    latest.ask(lambda: done.append(1))
    latest.ask(lambda: 1 / 0)
    latest.ask(lambda: done.append(2))
    assert ([1, 2], False) == (done, latest.is_busy)


def test_waiting_for_what_cannot_come_is_said():
    """In place of hanging for ever."""

    async def wait():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="cannot come without threads"):
        run_inline(lambda: asyncio.get_running_loop().create_task(wait()))
