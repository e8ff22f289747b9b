"""Images from web addresses: each limit has its message, and every hop is looked at."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ocr_nb.errors import ImageError
from ocr_nb.service import download
from ocr_nb.service.download import download_image, is_url, refuse_private


@pytest.fixture
def server() -> Iterator[str]:
    """A web server on loopback; `/hops/N/name` redirects N times, `/slow` never ends."""
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = self.path.partition("?")[0].split("/")
            if parts[1] == "hops" and int(parts[2]) > 0:
                self.send_response(302)
                self.send_header("Location", f"/hops/{int(parts[2]) - 1}/{parts[3]}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif parts[1] == "missing":
                self.send_error(404)
            elif parts[1] == "slow":
                gone.wait(5)
                self.close_connection = True
            elif parts[1] == "endless":
                self.send_response(200)
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b"x" * 1000)
            else:
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"bytes")

        def log_message(self, *args):
            """Write nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{web.server_address[1]}"
    gone.set()
    web.shutdown()
    thread.join()
    web.server_close()


async def test_an_image_is_fetched_with_its_name(server):
    """The name is the last part of the path, without the query."""
    assert await download_image(f"{server}/small%20print.png?token=1") == (b"bytes", "small print.png")


async def test_three_redirects_are_followed_the_fourth_is_refused(server):
    """The message says how many are allowed and what to give."""
    assert await download_image(f"{server}/hops/3/page.png") == (b"bytes", "page.png")

    with pytest.raises(ImageError, match="was reached by more than 3 redirects: give the last address"):
        await download_image(f"{server}/hops/4/page.png")


async def test_an_error_page_is_not_an_image(server):
    """Status and address are told; the query, which may hold secrets, is not."""
    with pytest.raises(ImageError, match=r"/missing/page\.png answered 404 Not Found") as caught:
        await download_image(f"{server}/missing/page.png?token=canary")
    assert "canary" not in str(caught.value)


async def test_a_file_over_the_limit_is_refused(server, monkeypatch):
    """Whether the server says its size or not; what is too much is not read to the end."""
    monkeypatch.setattr(download, "MOST_BYTES", 4)
    with pytest.raises(ImageError, match="over the limit of 0 MB"):
        await download_image(f"{server}/page.png")

    monkeypatch.setattr(download, "MOST_BYTES", 20_000)
    with pytest.raises(ImageError, match="or more, over the limit"):
        await download_image(f"{server}/endless")


async def test_a_server_that_does_not_answer_is_given_up(server, monkeypatch):
    """The whole download has one time limit."""
    monkeypatch.setattr(download, "PATIENCE", 0.2)

    with pytest.raises(ImageError, match=r"was not downloaded within 0\.2 s"):
        await download_image(f"{server}/slow")


async def test_nobody_at_the_address_is_told():
    """A refused connection names the address and the reason."""
    with pytest.raises(ImageError, match=r"http://127\.0\.0\.1:9/x\.png cannot be downloaded"):
        await download_image("http://127.0.0.1:9/x.png")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/hostname", "is not a web address"),
        ("ftp://127.0.0.1/x.png", "is not a web address"),
        ("http://user:secret@127.0.0.1/x.png", "contains a user name"),
    ],
)
async def test_every_hop_must_be_a_web_address(target, reason):
    """A redirect to a file, another protocol or an address with a user is not followed."""
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": target})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(ImageError, match=reason) as caught:
            await download_image("https://images.invalid/a.png", client=client)

    assert asked == ["https://images.invalid/a.png"]
    assert "secret" not in str(caught.value)


def stand_for(monkeypatch, numbers):
    """Let names stand for the numbers given, in place of the network's."""

    async def look_up(host, port):
        return numbers[host]

    monkeypatch.setattr(download, "_numbers_of", look_up)


async def test_private_addresses_are_refused_where_strangers_notebooks_run(monkeypatch):
    """Also when a public address redirects to one."""
    stand_for(monkeypatch, {"images.invalid": ["93.184.216.34"]})
    asked = []

    def answer(request):
        asked.append(request.headers["host"])
        return httpx.Response(302, headers={"location": "http://169.254.169.254/latest/meta-data"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(ImageError, match=r"169\.254\.169\.254/latest/meta-data lies inside"):
            await download_image("https://images.invalid/a.png", client=client, check=refuse_private)

    assert asked == ["images.invalid"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://[::1]/x",
        "http://10.0.0.1/x",
        "http://localhost/x",
        "http://a.internal/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[64:ff9b::a00:1]/x",
        "http://[2002:c0a8:101::]/x",
        "http://224.0.0.1/x",
        "http://0.0.0.0/x",
    ],
)
def test_addresses_inside_the_network_are_known(url):
    """By number, version 4 and 6, and by the names that networks use inside."""
    with pytest.raises(ImageError, match="lies inside this machine's network"):
        refuse_private(httpx.URL(url))


async def test_a_public_name_that_stands_for_a_private_number_is_refused(monkeypatch):
    """One private number among public ones is enough; nothing is asked. Also behind a redirect."""
    stand_for(monkeypatch, {"good.invalid": ["93.184.216.34"], "bad.invalid": ["93.184.216.34", "10.0.0.7"]})
    asked = []

    def answer(request):
        asked.append(request.headers["host"])
        return httpx.Response(302, headers={"location": "https://bad.invalid/x.png"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        for start, hops in (("bad", []), ("good", ["good.invalid"])):
            with pytest.raises(ImageError, match="lies inside this machine's network"):
                await download_image(f"https://{start}.invalid/a.png", client=client, check=refuse_private)
            assert hops == asked


async def test_the_number_that_was_checked_is_the_one_that_is_asked(monkeypatch):
    """By number but in the name's own name, for the server and for its certificate: no second look-up."""
    stand_for(monkeypatch, {"images.invalid": ["93.184.216.34"]})
    asked = []

    def answer(request):
        asked.append((str(request.url), request.headers["host"], request.extensions.get("sni_hostname")))
        return httpx.Response(200, content=b"bytes")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        found = await download_image(
            "https://images.invalid:8443/a.png?b=c", client=client, check=refuse_private
        )

    assert (b"bytes", "a.png") == found
    assert [("https://93.184.216.34:8443/a.png?b=c", "images.invalid:8443", "images.invalid")] == asked


async def test_a_name_that_stands_for_nothing_is_told():
    """The sentence names the host."""
    with pytest.raises(ImageError, match=r"nowhere\.invalid cannot be looked up"):
        await download_image("https://nowhere.invalid/a.png", check=refuse_private)


def test_only_web_addresses_are_urls():
    """Paths and data URLs are not."""
    assert is_url("https://example.org/a.png")
    assert is_url("HTTP://example.org/a.png")
    assert not is_url("data:image/png;base64,AAAA")
    assert not is_url("http.png")
    assert not is_url(b"https://example.org")


async def test_a_cancelled_download_stops(server):
    """The caller's cancel reaches the connection."""
    task = asyncio.ensure_future(download_image(f"{server}/slow"))
    await asyncio.sleep(0.05)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
