"""Resuming: what was paid for is fetched, what is unknown is listed, nothing is sent twice."""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import stamina

import ocr_nb
from ocr_nb import loop
from ocr_nb.errors import OutcomeUnknown, SettingsError
from ocr_nb.images import encode_png
from ocr_nb.polling import Polling
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.journal import Journal
from ocr_nb.service.owners import Owners
from ocr_nb.service.protocol import OcrRequest, Operation
from ocr_nb.settings import Settings
from service.vendor import Vendor, once

PAGE = encode_png(np.full((12, 20), 200, np.uint8))
QUICK = Polling(first_wait=0.01)


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    """Retry without waiting."""
    with stamina.set_testing(True, attempts=2):
        yield


@contextlib.contextmanager
def client_of(vendor: Vendor, home: Path, *, will_die: bool = False) -> Iterator[CloudService]:
    """A client of this process, or one whose process dies at the end."""
    settings = Settings.from_environment({"OCR_NB_HOME": str(home)})
    owners = Owners(settings.state_folder / "owners")
    journal = Journal(settings.state_folder / "journal.sqlite", owners=owners)
    service = CloudService(
        "https://ocr.example.org", settings=settings, transport=vendor.transport, journal=journal
    )
    yield service
    loop.run(service.aclose()).result(10)
    if will_die:
        owners.close()


def submit(service: CloudService, operation: Operation = Operation.RECOGNIZE_IMAGE) -> str:
    """Send a request, and do not wait for its result."""
    return loop.run(service.submit(OcrRequest(operation, PAGE))).result(10)


def test_what_a_dead_process_paid_for_is_fetched(tmp_path):
    """One job for each task, with the result it would have had; afterwards nothing is left to resume."""
    vendor = Vendor()
    with client_of(vendor, tmp_path, will_die=True) as first:
        task_id = submit(first)

    with client_of(vendor, tmp_path) as second:
        resumed = ocr_nb.resume(second)
        (job,) = resumed
        text = job.result(30).text

        assert job.task_id == task_id
        assert hashlib.sha256(PAGE).hexdigest() in text
        assert str(resumed) == "1 unfinished task is being fetched."
        assert len(ocr_nb.resume(second)) == 0
    assert [line for line in vendor.lines if line.startswith("POST")] == ["POST RecognizeImage"]


def test_the_same_request_then_costs_nothing(tmp_path):
    """A resumed result answers the cell that is run again."""
    vendor = Vendor()
    with client_of(vendor, tmp_path, will_die=True) as first:
        submit(first)
    with client_of(vendor, tmp_path) as second:
        next(iter(ocr_nb.resume(second))).result(30)
        asked = len(vendor.requests)

        again = ocr_nb.recognize(PAGE, service=second, polling=QUICK, result_type="json")
        again.result(30)

        assert again.calls == 0
        assert len(vendor.requests) == asked


def test_running_the_cell_again_joins_the_task_under_way(tmp_path):
    """Even without resume: the same request watches the task that was paid for."""
    vendor = Vendor()
    with client_of(vendor, tmp_path, will_die=True) as first:
        task_id = submit(first)
    with client_of(vendor, tmp_path) as second:
        job = ocr_nb.recognize(PAGE, service=second, polling=QUICK)
        job.result(30)

        assert job.task_id == task_id
    assert len(vendor.tasks) == 1


def test_what_is_unknown_is_listed_and_sent_only_when_released(tmp_path):
    """Listed with operation, hash and time; refused; released; sent."""
    vendor = Vendor()
    vendor.faults.append(once("POST", "RecognizeImage", httpx.ReadError("reset")))
    with client_of(vendor, tmp_path) as service:
        with pytest.raises(OutcomeUnknown):
            submit(service)
        resumed = ocr_nb.resume(service)

        assert "Outcome unknown: recognize_image of image" in str(resumed)
        assert "not sent again unless you call resume(resend_unknown=True)" in str(resumed)
        assert "<br>" in resumed._repr_html_()
        with pytest.raises(OutcomeUnknown):
            submit(service)
        assert len(vendor.requests) == 1

        released = ocr_nb.resume(service, resend_unknown=True)
        assert len(vendor.requests) == 1
        assert str(released).endswith("They are sent when you make the same requests again.")
        submit(service)
        assert len(vendor.tasks) == 1


def test_a_task_that_a_job_of_this_process_watches_is_left_to_it(tmp_path):
    """Resuming beside a running job does not ask twice."""
    vendor = Vendor(pending_polls=3)
    with client_of(vendor, tmp_path) as service:
        job = ocr_nb.recognize(PAGE, service=service, polling=Polling(first_wait=0.1, growth=1.0))
        while job.report is None:
            time.sleep(0.01)
        assert len(ocr_nb.resume(service)) == 0
        job.result(30)


def test_there_is_nothing_to_resume_without_a_journal(tmp_path):
    """Told, for services that keep none."""
    settings = Settings.from_environment({"OCR_NB_HOME": str(tmp_path)})

    with pytest.raises(SettingsError, match="keeps no journal"):
        ocr_nb.resume(CloudService("https://ocr.example.org", settings=settings, journal=None))
    with pytest.raises(SettingsError, match="LocalService keeps no journal"):
        ocr_nb.resume("local")
