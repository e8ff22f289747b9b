"""The journal, the cache and the locks of owners: written before, kept private, shared by processes."""

import json
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ocr_nb.errors import StoreError
from ocr_nb.service.journal import Asked, EntryState, Journal
from ocr_nb.service.owners import Owners, owners_in
from ocr_nb.service.protocol import (
    RESULT_LIFETIME,
    OcrRequest,
    Operation,
    RecognitionSettings,
    ResultItem,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.result_cache import ResultCache

SERVICE, ACCOUNT = "https://ocr.example.org/v5.0/ocr", "0123456789abcdef"
TASK = TaskId("5abe1234-0000-4000-8000-000000000000")
CANARY = b"CANARY-pixels-of-a-private-letter"
DONE = TaskReport(TASK, TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, b"text"),), warnings=("Hm.",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def journal(path: Path, clock):
    """A journal of this process."""
    journal = Journal(path, now=clock.now, owners=Owners(path.parent / "owners"))
    yield journal
    journal.close()


def of_dead_process(path: Path, clock) -> Journal:
    """Return the journal of a process that then dies: its lock is gone."""
    owners = Owners(path.parent / "owners")
    owners.me()
    owners.close()
    owners.me = lambda: owners._name  # type: ignore[method-assign]
    return Journal(path, now=clock.now, owners=owners)


def asked(data: bytes = CANARY, operation: Operation = Operation.RECOGNIZE_IMAGE, **settings) -> Asked:
    """Ask for the text of an image."""
    request = OcrRequest(operation, data, RecognitionSettings(**settings), name="love-letter.png")
    return Asked.of(request, SERVICE, ACCOUNT)


# --- what makes two requests the same


def test_the_key_depends_on_image_settings_service_and_account():
    """The name plays no part, everything else does."""
    key = asked().key

    assert key == Asked.of(OcrRequest(Operation.RECOGNIZE_IMAGE, CANARY, name="b"), SERVICE, ACCOUNT).key
    others = [
        asked(b"other"),
        asked(operation=Operation.RECOGNIZE_LABEL),
        asked(language="German"),
        Asked.of(OcrRequest(Operation.RECOGNIZE_IMAGE, CANARY), "https://b.example.org", ACCOUNT),
        Asked.of(OcrRequest(Operation.RECOGNIZE_IMAGE, CANARY), SERVICE, "another"),
    ]
    assert len({key, *(other.key for other in others)}) == 6


def test_settings_play_no_part_in_a_filter():
    """A filter takes no settings, so its result depends on the image (and the factor) alone."""
    plain = asked(operation=Operation.UPSAMPLE)
    assert plain.key == asked(operation=Operation.UPSAMPLE, language="German").key


# --- one request's way


def test_a_request_is_written_down_before_it_is_sent(journal, path):
    """The entry stands before the POST, with hash and time, and without name, pixels or text."""
    entry = journal.claim(asked(upsampling=True))

    assert entry.is_new
    assert entry.state is EntryState.SENDING
    assert entry.settings == {"upsampling": True}
    files = b"".join(file.read_bytes() for file in path.parent.glob("journal.sqlite*"))
    assert entry.image_hash.encode() in files
    assert CANARY not in files
    assert b"love-letter" not in files


def test_a_second_claim_finds_the_first_in_its_way(journal):
    """While one is being sent nobody else may send the same; afterwards its task answers for both."""
    entry = journal.claim(asked())

    assert journal.claim(asked()).state is EntryState.SENDING
    assert not journal.claim(asked()).is_new
    journal.sent(entry, TASK, "documented")
    standing = journal.claim(asked())
    assert (standing.state, standing.task_id, standing.generation) == (
        EntryState.WAITING,
        TASK,
        "documented",
    )
    assert journal.claim(asked(), anew=True).is_new


@pytest.mark.parametrize("end", ["not_sent", "answered", "cancelled"])
def test_a_request_that_came_to_an_end_may_be_made_again(journal, end):
    """Refused, answered or taken back: nothing stands in the way any longer."""
    entry = journal.claim(asked())
    if end == "not_sent":
        journal.not_sent(entry)
    else:
        journal.sent(entry, TASK, "current")
        getattr(journal, end)(TASK)

    assert journal.claim(asked()).is_new


def test_a_request_that_was_cut_off_stands_in_the_way_until_released(journal):
    """Outcome unknown: listed, and sent again only when asked for."""
    journal.cut_off(journal.claim(asked()))

    assert journal.claim(asked()).state is EntryState.UNKNOWN
    unknown = journal.unknown(SERVICE, ACCOUNT)
    assert [entry.image_hash for entry in unknown] == [asked().image_hash]
    journal.release(unknown)
    assert journal.unknown(SERVICE, ACCOUNT) == ()
    assert journal.claim(asked()).is_new


def test_everything_is_forgotten_after_a_day(journal, clock):
    """The service has forgotten it by then."""
    journal.sent(journal.claim(asked()), TASK, "current")
    journal.cut_off(journal.claim(asked(b"other")))
    clock.advance(RESULT_LIFETIME - 1)
    assert len(journal.unfinished(SERVICE, ACCOUNT)) == len(journal.unknown(SERVICE, ACCOUNT)) == 1

    clock.advance(2)

    assert journal.unfinished(SERVICE, ACCOUNT) == journal.unknown(SERVICE, ACCOUNT) == ()
    assert journal.claim(asked()).is_new
    assert journal.find(TASK) is None


# --- several processes


def test_what_a_dead_process_was_sending_is_unknown(journal, path, clock):
    """Its POST may or may not have arrived."""
    of_dead_process(path, clock).claim(asked())

    assert journal.claim(asked()).state is EntryState.UNKNOWN
    assert [entry.state for entry in journal.unknown(SERVICE, ACCOUNT)] == [EntryState.UNKNOWN]


def test_the_death_of_a_sender_is_noticed_without_the_same_request(journal, path, clock):
    """Listing what is unknown finds it too."""
    of_dead_process(path, clock).claim(asked())

    assert [entry.operation for entry in journal.unknown(SERVICE, ACCOUNT)] == [Operation.RECOGNIZE_IMAGE]


def test_tasks_of_a_dead_process_are_free_to_take_once(journal, path, clock):
    """Two who resume at once do not both get it."""
    dead = of_dead_process(path, clock)
    dead.sent(dead.claim(asked()), TASK, "current")

    (entry,) = journal.unfinished(SERVICE, ACCOUNT)

    other = Journal(path, now=clock.now, owners=Owners(path.parent / "owners"))
    assert journal.adopt(entry)
    assert not other.adopt(entry)
    assert other.unfinished(SERVICE, ACCOUNT) == ()
    other.close()


def test_what_a_living_process_watches_is_left_to_it(journal, path):
    """Its tasks are not listed while it lives, and are once it is killed."""
    program = f"""
        import sys, time
        from pathlib import Path
        from ocr_nb.service.journal import *
        from ocr_nb.service.protocol import *
        journal = Journal(Path({str(path)!r}))
        request = OcrRequest(Operation.UPSAMPLE, b"image")
        journal.sent(journal.claim(Asked.of(request, {SERVICE!r}, {ACCOUNT!r})), TaskId("theirs"), "current")
        journal.claim(Asked.of(OcrRequest(Operation.DESKEW, b"image"), {SERVICE!r}, {ACCOUNT!r}))
        print("ready", flush=True)
        time.sleep(60)
    """
    journal = Journal(path, owners=Owners(path.parent / "owners"))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            assert process.stdout.readline() == "ready\n"
            assert journal.unfinished(SERVICE, ACCOUNT) == journal.unknown(SERVICE, ACCOUNT) == ()
        finally:
            process.kill()
    assert [entry.task_id for entry in journal.unfinished(SERVICE, ACCOUNT)] == ["theirs"]
    assert [entry.operation for entry in journal.unknown(SERVICE, ACCOUNT)] == [Operation.DESKEW]


def test_several_processes_never_get_a_permit_twice(path):
    """Four processes claim the same forty requests at once: forty permits in all."""
    program = f"""
        from pathlib import Path
        from ocr_nb.service.journal import *
        from ocr_nb.service.protocol import *
        journal = Journal(Path({str(path)!r}))
        requests = [OcrRequest(Operation.UPSAMPLE, bytes([n])) for n in range(40)]
        print(sum(journal.claim(Asked.of(request, "s", "a")).is_new for request in requests))
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 40


def test_an_owner_lives_as_long_as_its_lock(tmp_path):
    """Given up, the name is dead and its file is gone; an invented name never lived."""
    mine, other = Owners(tmp_path), Owners(tmp_path)
    name = other.me()

    assert mine.is_alive(mine.me())
    assert mine.is_alive(name)
    other.close()
    assert not mine.is_alive(name)
    assert not mine.is_alive("../../etc/passwd")
    assert [file.stem for file in tmp_path.iterdir()] == [mine.me()]
    mine.close()


def test_all_journals_of_a_process_share_one_name(tmp_path):
    """A second client of this process is not a stranger to the first one's tasks."""
    assert owners_in(tmp_path).me() == owners_in(tmp_path).me()


# --- the files


def test_the_files_are_private(journal, path):
    """Database, its companions and the locks: 0600; the folders: 0700."""
    journal.claim(asked())

    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert {file.name.partition("-")[0] for file in files} >= {"journal.sqlite"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((path.parent / "owners").stat().st_mode) == 0o700


def test_a_broken_file_is_named(path):
    """The message says which file, why, and how to get rid of it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, " * 100)
    journal = Journal(path, owners=Owners(path.parent / "owners"))

    with pytest.raises(StoreError, match=r"journal\.sqlite cannot be used \(.*\).*ocr-nb forget"):
        journal.claim(asked())


def test_latencies_outlive_the_session(journal):
    """The polling of the next session starts from what this one saw; only the newest are kept."""
    for number in range(230):
        journal.note_latency(SERVICE, Operation.UPSAMPLE, 1.5, float(number), 0.5)

    kept = journal.latencies(SERVICE)

    assert len(kept) == 200
    assert kept[-1] == (Operation.UPSAMPLE, 1.5, 229.0, 0.5)
    assert journal.latencies("elsewhere") == ()


def test_forgetting_empties_the_journal(journal):
    """Nothing is left to resume."""
    journal.sent(journal.claim(asked()), TASK, "current")

    assert journal.forget() == 1
    assert journal.unfinished(SERVICE, ACCOUNT) == ()


# --- the cache


def test_a_result_is_kept_for_a_day_from_its_submission(tmp_path, clock):
    """Then it is deleted, as the service deletes it."""
    cache = ResultCache(tmp_path / "results", now=clock.now)
    key = asked().key
    cache.save(key, DONE, clock.now() - 3600)

    assert cache.load(key) == DONE
    clock.advance(RESULT_LIFETIME - 3601)
    assert cache.load(key) == DONE
    clock.advance(1)
    assert cache.load(key) is None
    assert [*(tmp_path / "results").iterdir()] == []


def test_old_results_are_swept_without_being_asked_for(tmp_path, clock):
    """Whoever uses the cache cleans it."""
    cache = ResultCache(tmp_path / "results", now=clock.now)
    cache.save(asked().key, DONE, clock.now())
    clock.advance(RESULT_LIFETIME)

    assert ResultCache(tmp_path / "results", now=clock.now).load(asked(b"other").key) is None
    assert [*(tmp_path / "results").iterdir()] == []


def test_results_are_private(tmp_path, clock):
    """0600 in a folder of 0700."""
    cache = ResultCache(tmp_path / "results", now=clock.now)
    cache.save(asked().key, DONE, clock.now())

    (file,) = (tmp_path / "results").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert cache.clear() == 1


@pytest.mark.parametrize("content", ["", "{", "{}", json.dumps({"submitted": 9e9, "report": {"id": "x"}})])
def test_a_broken_result_is_as_good_as_none(tmp_path, clock, content):
    """It is deleted, and the request is made again."""
    cache = ResultCache(tmp_path / "results", now=clock.now)
    cache.save(asked().key, DONE, clock.now())
    (file,) = (tmp_path / "results").iterdir()
    file.write_text(content)

    assert cache.load(asked().key) is None
    assert not file.exists()


def test_a_key_is_no_path(tmp_path):
    """Nothing outside the folder can be named."""
    with pytest.raises(ValueError, match="SHA-256"):
        ResultCache(tmp_path).load("../secret")
