"""The verbs: anything that holds a picture goes in, a job comes out; the unreadable is never submitted."""

import asyncio
import base64
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from doubles import ReadsInk, RepeatsPixels
from ink_pages import PAGE, make
from ocr_nb import loop, operations
from ocr_nb.errors import ImageError, SettingsError, TaskFailed, UnreadableAnswer
from ocr_nb.images import Picture, from_array, load_picture
from ocr_nb.jobs import gather
from ocr_nb.operations import (
    attach_picture,
    attach_recognition,
    binarize,
    contrast,
    deskew,
    dewarp,
    recognize,
    rotate,
    service_of,
    upsample,
    use,
)
from ocr_nb.polling import Polling
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import (
    OcrRequest,
    Operation,
    RecognitionSettings,
    Region,
    ResultItem,
    ResultKind,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.scripted import ScriptedService
from ocr_nb.sources import submittable

TEXT = "w12h9 w20h9\nw8h9 w30h9"


@pytest.fixture
def service():
    """A local service on the ink reader."""
    made = make()
    # Waiters are woken when a task ends; a busy machine shall not make them ask before.
    made.polling = Polling(first_wait=60.0, longest_wait=60.0, jitter=0.0)
    yield made
    asyncio.run(made.aclose())


@pytest.fixture(autouse=True)
def nobody_chosen(monkeypatch):
    """Forget the choice of other tests."""
    monkeypatch.setattr(operations, "_chosen", None)
    monkeypatch.setattr(operations, "_named", {})


def completed(*items):
    """A scripted service whose tasks are completed with these results."""
    at_once = Polling(first_wait=0.0, longest_wait=0.01, jitter=0.0)
    return ScriptedService([TaskReport("", TaskStatus.COMPLETED, items)], polling=at_once)


# ---------------------------------------------------------------------- what goes in


def as_path(tmp_path):
    """Write the page to a file."""
    path = tmp_path / "page.png"
    path.write_bytes(PAGE)
    return path


SOURCES = {
    "path": as_path,
    "string": lambda tmp_path: str(as_path(tmp_path)),
    "bytes": lambda _: PAGE,
    "file": lambda _: io.BytesIO(PAGE),
    "pil": lambda _: load_picture(PAGE).to_pil(),
    "array": lambda _: load_picture(PAGE).pixels,
    "gray": lambda _: load_picture(PAGE).pixels[:, :, 0].astype(np.float32) / 255,
    "picture": lambda _: load_picture(PAGE),
    "data_url": lambda _: "data:image/png;base64," + base64.b64encode(PAGE).decode(),
}


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_anything_that_holds_a_picture_can_be_read(service, tmp_path, kind):
    """The text is the same, however the image is given."""
    job = recognize(SOURCES[kind](tmp_path), service=service, skew_correction=False)

    assert job.result(20).text == TEXT
    assert job.calls == 2


def test_an_image_is_fetched_from_a_web_address(service):
    """Downloading is part of the job; the name is the address's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *args):
            """Write nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{web.server_address[1]}/small.png?size=1"
    job = recognize(url, service=service)
    picture = binarize(url, service=service)

    assert job.result(20).text == TEXT
    assert job.label == "recognize small.png"
    assert picture.result(20).name == "small.png"
    web.shutdown()
    thread.join()
    web.server_close()


def test_the_original_bytes_are_submitted():
    """A file the service knows goes as it is, not decoded and encoded again."""
    service = completed(ResultItem(ResultKind.IMAGE_PNG, PAGE))
    out = io.BytesIO()
    load_picture(PAGE).to_pil().save(out, format="JPEG")
    upsample(out.getvalue(), service=service).result(10)

    assert service.requests[0].data == out.getvalue()


def test_what_the_service_does_not_know_is_submitted_as_png():
    """WebP, and files of several frames, of which the first was read."""
    image = load_picture(PAGE).to_pil()
    webp, gif = io.BytesIO(), io.BytesIO()
    image.save(webp, format="WEBP", lossless=True)
    image.save(gif, format="GIF", save_all=True, append_images=[image.rotate(180)])

    for data in (webp.getvalue(), gif.getvalue()):
        sent = submittable(load_picture(data))
        assert sent.startswith(b"\x89PNG")
        assert load_picture(sent).width == 120


@pytest.mark.parametrize("verb", [upsample, binarize, deskew, dewarp, contrast, recognize])
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("nowhere/small.png", r"There is no file nowhere/small\.png"),
        (b"", r"is empty \(0 bytes\)"),
        (b"plain text", "is not an image that can be read here"),
        (np.zeros((1, 1), np.uint8), "too small to hold a letter"),
        (3.5, "A float is not an image"),
    ],
)
def test_what_cannot_be_read_is_refused_before_asking(verb, image, reason):
    """The job ends with the reason; the service is never asked."""
    service = completed()
    job = verb(image, service=service)

    with pytest.raises(ImageError, match=reason):
        job.result(10)
    assert service.requests == []
    assert job.calls == 0


def test_one_bad_image_does_not_stop_the_others(service, tmp_path):
    """Errors come in their places."""
    images = [as_path(tmp_path), tmp_path / "missing.png", PAGE]
    jobs = [recognize(image, service=service) for image in images]
    first, second, third = gather(jobs, return_errors=True).result(20)

    assert (first.text, third.text) == (TEXT, TEXT)
    assert isinstance(second, ImageError)


def test_an_array_may_change_after_the_call(service):
    """What is in memory is taken at the call, whatever happens to it before the job gets to it."""
    array = load_picture(PAGE).pixels.copy()
    job = recognize(array, service=service)
    array[:] = 255

    assert job.result(20).text == TEXT


# ---------------------------------------------------------------------- the verbs


def test_upsampling_gives_a_larger_picture_of_the_same_name(service, tmp_path):
    """By the factor asked for, or at least 2; advice is a warning."""
    job = upsample(as_path(tmp_path), factor=3, service=service)
    picture = job.result(20)

    assert (picture.width, picture.height, picture.name) == (360, 240, "page.png")
    assert any(warning.startswith("advice: ") for warning in job.warnings)
    assert upsample(PAGE, service=service).result(20).width == 240


@pytest.mark.parametrize("factor", [1, 5, "x2", 2.5, None])
def test_impossible_factors_are_refused_at_once(factor):
    """Before anything is read."""
    with pytest.raises(SettingsError, match=r"factor is 2, 3, 4 or 'auto', not"):
        upsample("nowhere.png", factor=factor)


@pytest.mark.parametrize("verb", [binarize, deskew, dewarp])
def test_filters_ask_the_service(service, verb):
    """Two calls: one to submit, one to fetch."""
    job = verb(PAGE, service=service)

    assert isinstance(job.result(20), Picture)
    assert job.calls == 2
    assert job.request.operation.value == verb.__name__


def test_contrast_and_rotation_ask_nobody():
    """No such request exists, so they are computed here: no calls, whatever the service."""
    service = completed()
    pale = np.full((20, 40), 180, np.uint8)
    pale[5:15, 5:35] = 120
    stretched = contrast(pale, service=service)
    turned = rotate(PAGE, 90, service=service)

    assert np.ptp(stretched.result(10).pixels) > 150
    assert (turned.result(10).width, turned.result().height) == (80, 120)
    assert (stretched.calls, turned.calls, service.requests) == (0, 0, [])


def test_an_impossible_angle_is_refused_at_once():
    """Not a number, or none that means anything."""
    for degrees in ("90", float("nan"), True, 1e9):
        with pytest.raises(SettingsError, match="degrees is a number between"):
            rotate(PAGE, degrees)


def test_settings_reach_the_service():
    """By keyword, or all at once."""
    service = completed(ResultItem(ResultKind.TEXT, b"x"))
    recognize(PAGE, language="German", upsampling=True, rotate=90, service=service).result(10)
    whole = RecognitionSettings(language="French", result_type="text")
    recognize(PAGE, settings=whole, service=service).result(10)

    first, second = (request.settings for request in service.requests)
    assert (first.language, first.upsampling, first.rotate) == ("German", True, 90)
    assert second is whole


def test_a_misspelled_setting_is_refused_with_a_suggestion():
    """At once, as is mixing both ways."""
    with pytest.raises(SettingsError, match="no recognition setting 'binarisation': did you mean"):
        recognize(PAGE, binarisation=True)
    with pytest.raises(SettingsError, match="replaces all single settings"):
        recognize(PAGE, settings=RecognitionSettings(), rotate=90)
    with pytest.raises(SettingsError, match="document cannot be 'reciept': did you mean 'receipt'"):
        recognize(PAGE, document="reciept")


@pytest.mark.parametrize(
    ("options", "operation"),
    [
        ({}, Operation.RECOGNIZE_IMAGE),
        ({"document": "receipt"}, Operation.RECOGNIZE_RECEIPT),
        ({"document": "table"}, Operation.RECOGNIZE_TABLE),
        ({"document": "trial"}, Operation.RECOGNIZE_TRIAL),
        ({"regions": (Region(0, 0, 9, 9),)}, Operation.RECOGNIZE_REGIONS),
    ],
)
def test_the_kind_of_document_decides_the_request(options, operation):
    """Regions are read as regions without saying so twice."""
    service = completed(ResultItem(ResultKind.TEXT, b"x"))
    recognize(PAGE, service=service, **options).result(10)

    assert service.requests[0].operation is operation


def test_a_pdf_is_known_by_its_bytes_and_by_its_name(service, tmp_path):
    """And read as one, unless something else was asked for."""
    pdf = recognize(PAGE, service=service, result_type="pdf").result(20).files["pdf"]
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf)

    for given in (pdf, path, str(path)):
        job = recognize(given, service=service, result_type="text", binarization=False)
        assert job.result(20).text.count("w") == 4
        assert job.request.operation is Operation.RECOGNIZE_PDF
    with pytest.raises(ImageError, match="is not an image that can be read here"):
        recognize(pdf, document="image", service=service).result(10)


def test_a_failing_task_names_the_image(service, tmp_path):
    """Which, what, why."""
    job = recognize(as_path(tmp_path), language="Thai", service=service)

    with pytest.raises(TaskFailed, match=r"recognize page\.png failed: The ink engine has no model for Thai"):
        job.result(20)


def test_an_answer_without_a_picture_is_unreadable():
    """What came in its place is named."""
    with pytest.raises(UnreadableAnswer, match="answered text in place of a picture"):
        upsample(PAGE, service=completed(ResultItem(ResultKind.TEXT, b"x"))).result(10)
    with pytest.raises(UnreadableAnswer, match="picture cannot be read"):
        upsample(PAGE, service=completed(ResultItem(ResultKind.IMAGE_PNG, b"x"))).result(10)


def test_earlier_tasks_can_be_waited_for(service):
    """By their id, as a new kernel does."""
    plain = RecognitionSettings(skew_correction=False)
    reading = asyncio.run(service.submit(OcrRequest(Operation.RECOGNIZE_IMAGE, PAGE, plain)))
    filtering = asyncio.run(service.submit(OcrRequest(Operation.BINARIZE, PAGE)))

    assert attach_recognition(service, reading).result(20).text == TEXT
    assert attach_picture(service, filtering, name="old.png").result(20).name == "old.png"


# ---------------------------------------------------------------------- whom to ask


def test_the_service_is_local_until_chosen():
    """And the same one for everybody; a choice holds until the next."""
    first = service_of()
    assert isinstance(first, LocalService)
    assert service_of(None) is first

    other = make()
    assert use(other) is other
    assert service_of() is other
    assert isinstance(use("local", engine="tesseract"), LocalService)
    assert service_of() is not other


def test_a_service_named_in_a_call_is_the_same_in_the_next():
    """One queue, one set of connections; the choice for all stays."""
    chosen = use(make())

    assert isinstance(service_of("local"), LocalService)
    assert service_of("local") is service_of("local")
    assert service_of("local") is not chosen
    assert service_of() is chosen


def test_an_address_is_a_service(service, needs):
    """The same verbs, the same answers, over a server that really listens."""
    needs("module:starlette")
    from ocr_nb.server.app import make_app
    from server.running import listening

    with listening(make_app(service)) as address:
        remote = use(address)
        larger = upsample(PAGE)
        reading = recognize(PAGE, skew_correction=False)
        missing = recognize(PAGE, language="Thai")
        assert larger.result(20).width == 240
        assert reading.result(20).text == TEXT
        with pytest.raises(TaskFailed, match="The ink engine has no model for Thai"):
            missing.result(20)
        assert remote.identity.service.startswith(address)
        loop.run(remote.aclose()).result(10)


def test_unknown_services_are_refused_with_a_suggestion():
    """A name, or an object that is no service."""
    with pytest.raises(SettingsError, match="no service 'lokal': did you mean 'local'"):
        use("lokal")
    with pytest.raises(SettingsError, match="A int is not a service"):
        use(3)


def test_the_verbs_ask_whom_they_are_told(service):
    """`service=` of one call does not change the choice."""
    chosen = use(completed(ResultItem(ResultKind.TEXT, b"scripted")))

    assert recognize(PAGE, service=service).result(20).text == TEXT
    assert recognize(PAGE).result(10).text == "scripted"
    assert service_of() is chosen


def test_a_picture_of_one_verb_is_input_of_the_next(service):
    """Whatever came out can go in again."""
    picture = binarize(
        upsample(from_array(load_picture(PAGE).pixels), service=service).result(20), service=service
    )

    assert recognize(picture.result(20), service=service, skew_correction=False).result(20).text == (
        "w24h18 w40h18\nw16h18 w60h18"
    )


def test_doubles_keep_the_engines_promises():
    """The ink reader and the repeater are what their protocols say."""
    from ocr_nb.engine.recognizer import Recognizer
    from ocr_nb.engine.upsampler import Upsampler

    reader: Recognizer = ReadsInk()
    enlarger: Upsampler = RepeatsPixels()
    assert reader.recognize(np.full((9, 9, 3), 255, np.uint8)) == ()
    assert enlarger.enlarge(np.zeros((2, 3), np.float32), 2).shape == (4, 6)
