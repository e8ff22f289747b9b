"""A server for a lesson starts on a free port, fails on purpose, shows what it saw, and ends."""

import pytest

import ocr_nb
from ocr_nb.errors import ServiceUnreachable
from ocr_nb.server.lesson import LessonServer


def test_a_lesson_is_served_and_ended():
    """The first request is refused on purpose, the second carried out; the log has both; nothing is left."""
    with LessonServer(faults="too_many") as server:
        job = ocr_nb.recognize(*ocr_nb.samples("card"), service=server.address)
        assert job.result().text.startswith("Ingrid Solberg")
        assert server.address.startswith("http://127.0.0.1:")
        assert "POST RecognizeImage 429" in server.log
        assert "POST RecognizeImage 200" in server.log
        assert f"LessonServer('{server.address}', running)" == repr(server)
    assert ("", f"LessonServer('{server.address}', ended)") == (server.log, repr(server))
    server.stop()


def test_what_keeps_it_from_starting_is_said():
    """The server's own last words, in one sentence."""
    with pytest.raises(ServiceUnreachable, match=r"did not start: 'nonsense' is neither a readable fault"):
        LessonServer(faults="nonsense")
