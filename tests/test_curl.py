"""The cURL command of a request: what curl then sends is what the client would have sent."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import ocr_nb
from needs import needs
from ocr_nb.credentials import Credentials
from ocr_nb.curl import as_curl
from ocr_nb.errors import SettingsError
from ocr_nb.images import encode_png
from ocr_nb.service.cloud import CloudService
from ocr_nb.service.protocol import OcrRequest, Operation, RecognitionSettings
from ocr_nb.service.wire import decode_request
from ocr_nb.settings import Settings

NAMES = ["scan.png", "it's a scan, no; really.png", '"quoted".png', "-o.png", "$HOME `x`.png"]


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a user without credentials."""
    return Settings.from_environment({"OCR_NB_HOME": str(tmp_path / "home")})


@pytest.fixture
def ear():
    """A server that keeps what it hears: path, headers, body."""
    heard = []

    class Listens(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listens) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join()


def run(command: str, folder) -> None:
    """Run `command` as a shell of a user with a token would."""
    environment = {"PATH": "/usr/bin:/bin", "OCR_NB_ACCESS_TOKEN": "the-token", "no_proxy": "*"}
    subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, check=True, capture_output=True, timeout=30
    )


@pytest.mark.parametrize("name", NAMES)
def test_curl_uploads_the_file_as_the_documented_part(ear, settings, tmp_path, name):
    """Whatever the file is called, it arrives whole under the part name `file`."""
    needs("curl")
    address, heard = ear
    (tmp_path / name).write_bytes(b"\x89PNG some bytes")
    service = CloudService(address, settings=settings, credentials=Credentials.of(access_token="never-shown"))

    command = as_curl(service, OcrRequest(Operation.UPSAMPLE, b"", name=name))
    run(command, tmp_path)

    ((path, headers, body),) = heard
    assert path == "/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile"
    assert headers["Authorization"] == "Bearer the-token"
    assert b'name="file"' in body
    assert b"\x89PNG some bytes" in body
    assert "never-shown" not in command


@pytest.mark.parametrize("name", NAMES)
def test_curl_sends_the_json_the_client_would_send(ear, settings, tmp_path, name):
    """Image and settings come out of the server's own reader as they went in."""
    needs("curl")
    address, heard = ear
    data = bytes(range(256)) * 40
    (tmp_path / name).write_bytes(data)
    service = CloudService(address, settings=settings)
    request = OcrRequest(
        Operation.RECOGNIZE_IMAGE, data, RecognitionSettings(language="German", upsampling=True), name
    )

    run(as_curl(service, request), tmp_path)

    ((path, headers, body),) = heard
    decoded = decode_request(Operation.RECOGNIZE_IMAGE, body)
    assert path == "/v5.0/ocr/RecognizeImage"
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers
    assert decoded.data == data
    assert (decoded.settings.language, decoded.settings.upsampling) == ("German", True)


def test_the_command_of_the_documentation_is_met_word_for_word(settings):
    """POST, location, bearer, form: as the service's own page shows it."""
    service = CloudService(settings=settings, credentials=Credentials.of(access_token="t"))

    assert as_curl(service, OcrRequest(Operation.UPSAMPLE, b"", name="source.png")) == (
        "curl --location --request POST "
        "https://api.aspose.cloud/v5.0/ocr/ImageProcessing/PostUpsamplingImageFile \\\n"
        '  --header "Authorization: Bearer $OCR_NB_ACCESS_TOKEN" \\\n'
        "  --form 'file=@\"source.png\"'"
    )


def test_a_job_on_this_machine_has_no_command():
    """Nothing was sent, so nothing can be shown."""
    import numpy as np

    job = ocr_nb.contrast(encode_png(np.full((12, 20), 200, np.uint8)))
    job.result(30)

    with pytest.raises(SettingsError, match="was not sent to a service"):
        job.as_curl()
