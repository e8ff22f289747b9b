"""`ocr-nb calls`, `forget` and `resume`, as a user calls them."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ocr_nb.cli import make_app
from ocr_nb.credentials import Credentials
from ocr_nb.errors import SettingsError
from ocr_nb.service.journal import Asked, Journal
from ocr_nb.service.meter import CallMeter
from ocr_nb.service.protocol import OcrRequest, Operation, TaskId
from ocr_nb.settings import Settings

CREDENTIALS = Credentials.of("my-client-id", "my-client-secret")


@pytest.fixture
def settings(monkeypatch) -> Settings:
    """A user with credentials in the environment."""
    monkeypatch.setenv("OCR_NB_CLIENT_ID", "my-client-id")
    monkeypatch.setenv("OCR_NB_CLIENT_SECRET", "my-client-secret")
    return Settings.from_environment()


def run(*arguments: str, given: str = "") -> Result:
    """Call `ocr-nb` with these arguments."""
    return CliRunner().invoke(make_app(arguments[0]), [*arguments], input=given)


def spend(settings: Settings, calls: int) -> None:
    """Use calls of the account at hand."""
    meter = CallMeter(settings.state_folder / "meter.sqlite", CREDENTIALS.account)
    meter.spend(calls)
    meter.close()


def test_calls_says_what_is_used_and_left(settings):
    """In words, and as JSON."""
    spend(settings, 12)

    told = run("calls")
    assert told.exit_code == 0
    assert told.stdout.startswith("12 of 150 calls used in ")
    (row,) = [json.loads(line) for line in run("calls", "--json").stdout.splitlines()]
    assert (row["used"], row["limit"], row["left"]) == (12, 150, 138)


def test_the_plan_can_be_told(settings):
    """A number, or none; anything else is refused."""
    assert "0 of 2000 calls used" in run("calls", "--limit", "2000").stdout
    assert "no limit set" in run("calls", "--limit", "none").stdout
    refused = run("calls", "--limit", "many")
    assert isinstance(refused.exception, SettingsError)
    assert "--limit cannot be 'many'" in str(refused.exception)


def test_calls_without_credentials_says_so():
    """On standard error, so that scripts are not disturbed."""
    told = run("calls")
    assert told.stdout.startswith("0 of 150")
    assert "No credentials were found" in told.stderr


def _fill(settings: Settings) -> None:
    journal = Journal(settings.state_folder / "journal.sqlite")
    asked = Asked.of(OcrRequest(Operation.UPSAMPLE, b"x"), "https://a", CREDENTIALS.account)
    journal.sent(journal.claim(asked), TaskId("one"), "current")
    journal.close()
    spend(settings, 3)
    (settings.cache_folder / "results").mkdir(parents=True)
    (settings.cache_folder / "results" / f"{'0' * 64}.json").write_text("{}")


def test_forget_empties_journal_meter_and_cache(settings):
    """Everything goes but the credentials."""
    _fill(settings)

    told = run("forget", "--yes")

    assert told.stdout == "Forgot 1 requests, 1 results and the call meter.\n"
    assert [*(settings.cache_folder / "results").iterdir()] == []
    assert run("calls").stdout.startswith("0 of 150")
    assert run("forget", "--yes").stdout.startswith("Forgot 0 requests, 0 results")


def test_forget_asks_first(settings):
    """A no leaves everything as it is."""
    _fill(settings)

    assert run("forget", given="n\n").exit_code == 1
    assert run("calls").stdout.startswith("3 of 150")
    assert run("forget", given="y\n").exit_code == 0


def test_forget_gets_rid_of_a_broken_file(settings):
    """A file that is no database is deleted."""
    path = settings.state_folder / "journal.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, " * 100)

    assert run("forget", "--yes").exit_code == 0
    assert not path.exists()


def test_resume_with_nothing_to_do_says_so(settings):
    """Nothing on standard output, no folder made."""
    told = run("resume", "--out", "never-made")

    assert (told.exit_code, told.stdout) == (0, "")
    assert "There is no unfinished task." in told.stderr
    assert not Path("never-made").exists()


def test_everything_kept_lies_under_one_folder(settings):
    """`OCR_NB_HOME` moves configuration, state and cache together."""
    _fill(settings)
    home = Path(os.environ["OCR_NB_HOME"])

    assert {path.name for path in home.iterdir()} == {"state", "cache"}
