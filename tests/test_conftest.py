"""The ground under the tests: the guard guards, the clock does not wait, missing programs are reported."""

import socket

import pytest


def test_a_connection_off_this_machine_is_refused():
    """Even an address literal does not get past the guard."""
    with (
        socket.socket() as leaving,
        pytest.raises(RuntimeError, match=r"connected to 192\.0\.2\.1; only loopback"),
    ):
        leaving.connect(("192.0.2.1", 9))


def test_a_name_look_up_off_this_machine_is_refused():
    """Names are stopped before a resolver is asked."""
    with pytest.raises(RuntimeError, match=r"looked up 'example\.org'"):
        socket.getaddrinfo("example.org", 443)


def test_loopback_connections_pass():
    """Servers of the tests' own stay reachable."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as peer,
    ):
        assert "127.0.0.1" == peer.getpeername()[0]


def test_a_missing_program_skips_with_one_sentence(needs, monkeypatch):
    """The reason names the program and what installs it."""
    monkeypatch.delenv("OCR_NB_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program not found: run tests/prepare"):
        needs("no-such-program")


def test_a_missing_program_fails_where_all_are_required(needs, monkeypatch):
    """On the build machine nothing can be skipped unnoticed."""
    monkeypatch.setenv("OCR_NB_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program not found"):
        needs("no-such-program")


async def test_the_fake_clock_notes_waits_and_never_waits(clock):
    """An hour passes in no time."""
    start = clock.now()
    await clock.sleep(3600.0)
    assert [3600.0] == clock.slept
    assert start + 3600.0 == clock.now()


def test_drawn_text_is_dark_on_light_paper(draw_text):
    """Gray float32 in [0, 1], or the other way round when asked."""
    gray, inverse = draw_text("small print"), draw_text("small print", inverse=True)
    assert "float32" == gray.dtype.name
    assert (0.0, 1.0) == (gray.min(), gray[0, 0])
    assert 0.0 == inverse[0, 0]
