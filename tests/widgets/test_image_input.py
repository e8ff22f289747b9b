"""`ImageInput` without a browser: what it takes, refuses, measures, tells and leaves."""

from __future__ import annotations

import base64
import gc
import io
import json
import threading
import weakref
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from doubles import wait_for
from ocr_nb import ImageInput, samples
from ocr_nb.errors import ImageError, SettingsError
from ocr_nb.images import encode_png, load_picture
from ocr_nb.settings import Settings
from ocr_nb.widgets import arrivals, image_input
from ocr_nb.widgets.uploads import FORGOTTEN_AFTER, MOST_BYTES, Uploads

PIECE = 1 << 20
LABEL = samples("label")[0]


def page(value: int = 200, width: int = 60, height: int = 40) -> bytes:
    """A PNG of one gray."""
    return encode_png(np.full((height, width), value, np.uint8))


class Wire:
    """Stands for the browser: keeps what it was told, sends files in pieces as the view does."""

    def __init__(self, inputs: ImageInput) -> None:
        self.inputs = inputs
        self.told: list[dict[str, Any]] = []
        self.thumbnails: dict[int, bytes] = {}
        self.count = 0
        inputs.send = self.hear

    def hear(self, content: dict[str, Any], buffers: Any = ()) -> None:
        """Keep a message."""
        self.told.append(content)
        if content["kind"] == "thumbnail":
            self.thumbnails[content["id"]] = bytes(buffers[0])

    def ask(self, kind: str, *buffers: bytes, **more: Any) -> None:
        """Deliver a message from a view as ipywidgets does."""
        self.inputs._handle_custom_msg({"kind": kind, **more}, [memoryview(one) for one in buffers])

    def drop(self, name: str, data: bytes, size: int | None = None) -> str:
        """Send a file; return its key."""
        self.count += 1
        key = f"k{self.count}"
        self.ask("begin", upload=key, name=name, size=len(data) if size is None else size, via="drop")
        for offset in range(0, len(data), PIECE):
            self.ask("piece", data[offset : offset + PIECE], upload=key, offset=offset)
        return key

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a kind."""
        return [message for message in self.told if message["kind"] == kind]


def names(inputs: ImageInput) -> list[str]:
    """Return what the images are called, in their order."""
    return [image.name for image in inputs.images]


# ---------------------------------------------------------------- by code


def test_images_come_in_measured_and_with_advice_for_the_reader():
    """Size, x-height and what to do follow the reader that is chosen."""
    inputs = ImageInput(LABEL, reader="tesseract")
    (image,) = inputs.images
    assert ("label.jpg", 328, 168, False) == (
        image.name,
        image.picture.width,
        image.picture.height,
        image.private,
    )
    assert LABEL.ground_truth == image.ground_truth
    assert abs(image.x_height_px - LABEL.x_height_px) < 0.5
    assert "upsampling ×2 should help" == image.verdict
    inputs.reader = "rapidocr"
    assert "upsampling will not help here" == inputs.images[0].verdict
    assert inputs.images[0].advice.reader == "rapidocr"
    with pytest.raises(SettingsError, match="'tesseract'"):
        inputs.reader = "teseract"


def test_what_cannot_be_read_is_told_by_name_and_the_rest_is_kept(tmp_path):
    """A list with a text, a truncated file and a missing one."""
    (tmp_path / "notes.png").write_text("no image")
    (tmp_path / "half.png").write_bytes(page()[:60])
    (tmp_path / "good.png").write_bytes(page())
    inputs = ImageInput(
        [tmp_path / "notes.png", tmp_path / "half.png", tmp_path / "good.png", tmp_path / "no.png"]
    )
    assert ["good.png"] == names(inputs)
    assert ["notes.png", "half.png", "no.png"] == [name for name, _ in inputs.refused]
    reasons = [reason for _, reason in inputs.refused]
    assert "notes.png is not an image that can be read here" in reasons[0]
    assert "half.png is damaged" in reasons[1]
    assert "There is no file" in reasons[2]


def test_one_image_that_cannot_be_read_is_an_error_where_it_is_added(tmp_path):
    """Code sees it at once; nothing is listed."""
    inputs = ImageInput()
    with pytest.raises(ImageError, match="There is no file"):
        inputs.add(tmp_path / "no.png")
    with pytest.raises(ImageError, match=r"contract\.pdf is a PDF: here only images are taken"):
        inputs.add(b"%PDF-1.7 ...", name="contract.pdf")
    assert ((), ()) == (inputs.images, inputs.refused)


def test_a_folder_gives_its_images_with_their_texts(tmp_path):
    """Sorted; other files are left out; an empty folder is refused."""
    (tmp_path / "b.png").write_bytes(page())
    (tmp_path / "a.tif").write_bytes(_tiff(1))
    (tmp_path / "a.gt.txt").write_text("What it says\n")
    (tmp_path / "readme.md").write_text("no image")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xffno")
    inputs = ImageInput(tmp_path)
    assert ["a.tif", "b.png"] == names(inputs)
    assert ["What it says", None] == [image.ground_truth for image in inputs.images]
    assert ["broken.jpg"] == [name for name, _ in inputs.refused]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match="holds no images"):
        inputs.add_folder(tmp_path / "empty")
    with pytest.raises(SettingsError, match="is no folder"):
        inputs.add_folder(tmp_path / "b.png")


def _tiff(pages: int) -> bytes:
    out = io.BytesIO()
    frames = [Image.fromarray(np.full((30, 40), 10 * number, np.uint8)) for number in range(pages)]
    frames[0].save(out, format="TIFF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def test_of_a_tiff_with_several_pages_the_first_is_taken_and_that_is_said():
    """In the row, not only in a log."""
    inputs = ImageInput()
    wire = Wire(inputs)
    inputs.add(_tiff(3), name="scan.tif")
    inputs._tell()
    assert ["scan.tif has 3 pages: only the first was read."] == wire.of("list")[-1]["rows"][0]["notes"]


def test_images_are_moved_removed_and_cleared():
    """In place; who asked is told each time, with the widget."""
    inputs = ImageInput()
    heard = []
    inputs.on_change(lambda one: heard.append(names(one)))
    for name in "abc":
        inputs.add(page(), name=name)
    inputs.move(0, 2)
    inputs.remove(0)
    inputs.set_truth(1, "text")
    assert [None, "text"] == [image.ground_truth for image in inputs.images]
    inputs.clear()
    assert [["a"], ["a", "b"], ["a", "b", "c"], ["b", "c", "a"], ["c", "a"], ["c", "a"], []] == heard


def test_an_error_in_a_callback_is_seen():
    """The next callback is called all the same."""
    inputs, heard = ImageInput(), []
    inputs.on_change(lambda one: 1 / 0)
    inputs.on_change(heard.append)
    inputs.add(page())
    assert "ZeroDivisionError: division by zero" == inputs.problem
    assert [inputs] == heard


# ---------------------------------------------------------------- from a view


def test_a_file_comes_in_pieces_and_is_private():
    """Each piece is acknowledged; the whole is decoded and measured elsewhere."""
    inputs = ImageInput()
    wire = Wire(inputs)
    noise = np.random.default_rng(1).integers(0, 255, (900, 1000, 3), dtype=np.uint8)
    data = encode_png(noise)
    assert len(data) > 2 * PIECE
    wire.drop("noise.png", data)
    assert [PIECE, 2 * PIECE, len(data)] == [message["received"] for message in wire.of("got")]
    assert wait_for(lambda: wire.of("taken"))
    (image,) = inputs.images
    assert ("noise.png", True) == (image.name, image.private)
    assert data == image.picture.source


def test_decoding_happens_on_another_thread(monkeypatch):
    """The message is answered before the image is measured."""
    gate, seen = threading.Event(), []
    take_in = arrivals.asyncio.to_thread

    async def to_thread(work, *arguments):
        def wait_first():
            gate.wait(10)
            seen.append(threading.current_thread())
            return work(*arguments)

        return await take_in(wait_first)

    monkeypatch.setattr(arrivals.asyncio, "to_thread", to_thread)
    inputs = ImageInput()
    wire = Wire(inputs)
    wire.drop("a.png", page())
    assert () == inputs.images
    gate.set()
    assert wait_for(lambda: len(inputs.images) == 1)
    assert seen[0] is not threading.current_thread()


def test_what_is_no_image_is_refused_after_its_first_piece():
    """Nobody waits for the rest of a video; a PDF is named as one."""
    inputs = ImageInput()
    wire = Wire(inputs)
    wire.drop("film.mp4", b"\x00\x00\x00\x18ftyp" + bytes(3 * PIECE))
    wire.drop("paper.pdf", b"%PDF-1.4" + bytes(100))
    assert [0, 0] == [len(inputs._arrivals._uploads), len(inputs.images)]
    assert 0 == len(wire.of("got"))
    assert [
        (
            "film.mp4",
            "film.mp4 is not an image that can be read here: give BMP, GIF, JPEG, PNG, TIFF or WebP.",
        ),
        (
            "paper.pdf",
            "paper.pdf is a PDF: here only images are taken. Save its pages as PNG, or give its path to "
            "ocr_nb.recognize.",
        ),
    ] == list(inputs.refused)


def test_a_file_over_the_limit_or_empty_or_torn_is_refused():
    """By name, with the limit; what was torn is let go."""
    inputs = ImageInput()
    wire = Wire(inputs)
    wire.drop("huge.tif", b"", size=MOST_BYTES + 1)
    wire.drop("nothing.png", b"")
    key = wire.drop("torn.png", page()[:50], size=500)
    wire.ask("piece", b"rest", upload=key, offset=99)
    wire.ask("piece", b"rest", upload=key, offset=50)
    reasons = [reason for _, reason in inputs.refused]
    assert "huge.tif has 200 MB, over the limit of 200 MB" in reasons[0]
    assert "nothing.png is empty (0 bytes)" in reasons[1]
    assert "torn.png did not arrive whole: send it again." == reasons[2]
    assert 3 == len(reasons)
    assert 0 == len(inputs._arrivals._uploads)


def test_a_file_whose_page_went_away_is_forgotten(clock):
    """When another begins, so that a closed tab keeps no memory for long."""
    uploads = Uploads(clock.now)
    uploads.begin("a", "a.png", 100, "drop")
    clock.advance(FORGOTTEN_AFTER + 1)
    uploads.begin("b", "b.png", 100, "drop")
    assert 1 == len(uploads)
    assert uploads.add("a", 0, memoryview(b"x")) is None


def test_a_text_finds_its_image_whichever_comes_first():
    """`name.gt.txt` belongs to `name.png`."""
    inputs = ImageInput()
    wire = Wire(inputs)
    wire.drop("one.gt.txt", "Grüße\n".encode())
    assert wait_for(lambda: wire.of("taken"))
    assert wait_for(lambda: inputs._arrivals.texts == ["one"])
    wire.drop("one.png", page())
    wire.drop("two.png", page())
    assert wait_for(lambda: len(inputs.images) == 2)
    wire.drop("two.gt.txt", b"second")
    assert wait_for(lambda: sorted(str(image.ground_truth) for image in inputs.images) == ["Grüße", "second"])
    wire.drop("three.gt.txt", b"\xff\xfe")
    assert wait_for(lambda: inputs.refused)
    assert ("three.gt.txt", "three.gt.txt is not UTF-8: save it as UTF-8.") == inputs.refused[0]


def test_a_text_that_comes_while_its_image_is_measured_is_not_lost(monkeypatch):
    """Several files of a folder are worked on at once; such an image is neither waited for nor listed."""
    inputs = ImageInput()
    wire = Wire(inputs)
    measure = image_input.take_in

    def measure_slowly(*image, **told):
        wire.drop("one.gt.txt", b"first")
        assert wait_for(lambda: wire.of("taken"))
        return measure(*image, **told)

    monkeypatch.setattr(image_input, "take_in", measure_slowly)
    wire.drop("one.png", page())
    assert wait_for(lambda: [image.ground_truth for image in inputs.images] == ["first"])
    assert [] == inputs._arrivals.texts


def test_a_view_can_do_what_code_can():
    """Sample, reader, truth, move, remove, clear; all by the number that a row keeps."""
    inputs = ImageInput()
    wire = Wire(inputs)
    for name in ("card", "label"):
        wire.ask("sample", upload=name, name=name)
    assert wait_for(lambda: len(inputs.images) == 2)
    wire.ask("send")
    rows = wire.of("list")[-1]["rows"]
    assert [False, False] == [row["private"] for row in rows]
    assert 15 <= len(wire.of("facts")[-1]["samples"])
    first, second = (row["id"] for row in rows)
    before = names(inputs)
    assert {"card.png", "label.jpg"} == set(before)
    wire.ask("move", id=first, to=1)
    assert before[::-1] == names(inputs)
    wire.ask("truth", id=second, text="new")
    assert "new" == inputs.images[0].ground_truth
    wire.ask("reader", reader="tesseract")
    assert "tesseract" == inputs.reader
    wire.ask("remove", id=second)
    wire.ask("remove", id=second)
    assert 1 == len(inputs.images)
    wire.ask("clear")
    assert () == inputs.images


def test_thumbnails_are_messages_of_a_small_size():
    """Within the box, also for a strip; asked for, never in state."""
    inputs = ImageInput()
    wire = Wire(inputs)
    inputs.add(page(width=3000, height=2000))
    inputs.add(page(width=3000, height=9))
    wire.ask("thumbnails", ids=[0, 1, 7])
    sizes = [load_picture(data) for data in wire.thumbnails.values()]
    assert [(192, 128), (192, 6)] == [(one.width, one.height) for one in sizes]
    assert all(len(data) < 60_000 for data in wire.thumbnails.values())


# ---------------------------------------------------------------- addresses


@pytest.fixture
def web() -> Iterator[str]:
    """Pictures on loopback; `/hop` leads to `/page.png`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path != "/gone.png"
            self.send_response(302 if self.path == "/hop" else 200 if found else 404)
            if self.path == "/hop":
                self.send_header("Location", "/page.png")
            body = page() if found and self.path != "/hop" else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_image_comes_from_an_address(web):
    """By code it may stay in the notebook, by a person it is private; what fails is told by name."""
    inputs = ImageInput([f"{web}/hop"])
    wire = Wire(inputs)
    assert [("page.png", False)] == [(image.name, image.private) for image in inputs.images]
    wire.ask("address", upload="a", url=f" {web}/page.png?token=CANARY ")
    assert wait_for(lambda: len(inputs.images) == 2)
    assert ("page.png", True) == (inputs.images[1].name, inputs.images[1].private)
    wire.ask("address", upload="b", url=f"{web}/gone.png")
    wire.ask("address", upload="c", url="file:///etc/hostname")
    assert wait_for(lambda: len(inputs.refused) == 2)
    assert "404" in dict(inputs.refused)["gone.png"]
    assert "CANARY" not in json.dumps(wire.told)


@pytest.mark.parametrize("host", [{"BINDER_LAUNCH_HOST": "https://x/"}, {"VOILA_KERNEL_ID": "1"}])
def test_private_addresses_are_refused_where_strangers_give_them(web, host):
    """Under Binder and Voilà, by a person and by code."""
    inputs = ImageInput(settings=Settings.from_environment(host))
    wire = Wire(inputs)
    wire.ask("address", upload="a", url=f"{web}/page.png")
    assert wait_for(lambda: inputs.refused)
    assert "lies inside this machine's network" in inputs.refused[0][1]
    with pytest.raises(ImageError, match="lies inside"):
        inputs.add(f"{web}/page.png")


# ---------------------------------------------------------------- what is saved, and what is freed


def test_nothing_of_an_image_is_in_the_state():
    """Neither pixels nor names nor texts: the state is the same before and after."""
    inputs = ImageInput()
    before = repr(inputs.get_state())
    wire = Wire(inputs)
    wire.drop("CANARY.png", page())
    assert wait_for(lambda: len(inputs.images) == 1)
    inputs.set_truth(0, "CANARY")
    assert before == repr(inputs.get_state())


def test_only_images_that_may_stay_leave_a_preview():
    """Of private ones size and advice in words, no name; with `keep_picture` a picture of at most 100 kB."""
    inputs = ImageInput(LABEL)
    assert 100_000 >= len(inputs._repr_mimebundle_()[0]["image/png"]) > 1000

    private = ImageInput()
    private.add(LABEL, private=True, name="diagnosis.png")
    data, _ = private._repr_mimebundle_()
    assert {"text/plain", "application/vnd.jupyter.widget-view+json"} == set(data)
    assert "ImageInput(328×168, x-height 7.2 px, upsampling will not help here)" == data["text/plain"]

    kept = ImageInput(keep_picture=True)
    noise = np.random.default_rng(2).integers(0, 255, (1500, 2000, 3), dtype=np.uint8)
    kept.add(noise, private=True)
    picture = kept._repr_mimebundle_()[0]["image/png"]
    assert 1000 < len(picture) <= 100_000
    assert load_picture(base64.b64decode(picture)).width > 100


def test_the_bytes_of_an_image_are_freed_with_its_row():
    """Removed, cleared, closed: the pixels go, also those that a person brought."""
    inputs = ImageInput()
    wire = Wire(inputs)
    for name in ("a.png", "b.png", "c.png"):
        wire.drop(name, page())
    assert wait_for(lambda: len(wire.of("taken")) == 3)
    gone = [weakref.ref(image.picture) for image in inputs.images]
    inputs.remove(0)
    assert wait_for(lambda: gc.collect() >= 0 and gone[0]() is None)
    inputs.close()
    assert wait_for(lambda: gc.collect() >= 0 and [one for one in gone if one()] == [])
    assert () == inputs.images
    assert "ImageInput(closed)" == repr(inputs)


def test_closed_widgets_are_freed():
    """Twenty with ten megabytes each: none is left."""
    body, left = page(), []
    for number in range(20):
        inputs = ImageInput()
        inputs.add(body + bytes([number]) * 10_000_000, name="large.png")
        left.append(weakref.ref(inputs))
        inputs.close()
    del inputs
    assert wait_for(lambda: gc.collect() >= 0 and [one for one in left if one()] == [])


def test_one_image_of_any_kind_or_many_may_be_given(tmp_path):
    """A path, bytes, an array, a PIL image, a picture; a generator of those."""
    path = tmp_path / "a.png"
    path.write_bytes(page())
    array = np.zeros((20, 20), np.uint8)
    for one in (path, str(path), page(), array, Image.fromarray(array), load_picture(path), path.open("rb")):
        assert 1 == len(ImageInput(one).images)
        if hasattr(one, "close"):
            one.close()
    assert 2 == len(ImageInput(Path(each) for each in (path, path)).images)


def test_what_was_given_first_stands_first_however_long_it_is_measured():
    """Several are measured at once; what code added before stays where it is."""
    chosen = ImageInput()
    for name, turn in [("code", None), ("second", 2), ("fourth", 4), ("first", 1), ("third", 3)]:
        (card,) = samples("card")
        chosen.admit(card, name, None, False, turn)
    assert ["code", "first", "second", "third", "fourth"] == [image.name for image in chosen.images]
