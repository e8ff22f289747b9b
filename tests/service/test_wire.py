"""The vendor's JSON: exact out, tolerant in, the same after a round trip."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_nb.errors import SettingsError, UnreadableAnswer
from ocr_nb.service.protocol import (
    DSR_CONFIDENCES,
    DSR_MODES,
    RESULT_TYPES,
    TABLE_RESULT_TYPES,
    OcrRequest,
    Operation,
    RecognitionSettings,
    Region,
    ResultItem,
    ResultKind,
    TaskId,
    TaskReport,
    TaskStatus,
)
from ocr_nb.service.wire import (
    MalformedRequest,
    decode_report,
    decode_request,
    decode_settings,
    decode_task_id,
    encode_report,
    encode_request,
    encode_settings,
    find_endpoint,
    language_name,
)
from ocr_nb.service.wire_json import decode_base64, describe_problem, encode_problem, load_json
from ocr_nb.service.wire_names import LANGUAGES, RESOURCES, RESULT_TYPE_NAMES, SETTING_DEFAULTS

TASK = TaskId("5abe1234-0000-4000-8000-000000000000")
RECOGNITION = [operation for operation in Operation if not operation.is_filter]


def _decoded(body: object, operation: Operation = Operation.RECOGNIZE_IMAGE) -> OcrRequest:
    return decode_request(operation, json.dumps(body).encode())


# --- names


def test_there_are_154_languages_none_twice():
    """The list of release 24.11, spelling mistakes and its last five included."""
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 154
    assert {"Ukrainan", "Kazah", "Chattisgarhi", "Netherlands", "Dutch", "HWT_ENG"} <= set(LANGUAGES)
    assert LANGUAGES[-5:] == ("Uyghur", "Telugu", "Kannada", "Tamil", "Devanagari")


def test_people_may_spell_languages_right():
    """A right spelling is sent as the service misspells it; a wrong one is refused with a suggestion."""
    assert language_name("Ukrainian") == "Ukrainan"
    assert language_name("HWT_eng") == "HWT_ENG"
    with pytest.raises(SettingsError, match="language cannot be 'Germn': did you mean 'German'"):
        language_name("Germn")


def test_every_operation_has_its_resource_and_recognition_its_defaults():
    """Nothing can be asked for that has no address."""
    assert set(RESOURCES) == set(Operation)
    assert set(SETTING_DEFAULTS) == set(RECOGNITION)
    assert set(RESULT_TYPE_NAMES) == set(RESULT_TYPES)


def test_only_the_filters_differ_between_the_generations():
    """Recognition has one way; a filter's documented way is multipart and is cancelled the current way."""
    upsample = find_endpoint(Operation.UPSAMPLE, "documented")
    assert (upsample.submit, upsample.fetch, upsample.cancel, upsample.is_multipart) == (
        "ImageProcessing/PostUpsamplingImageFile",
        "ImageProcessing/GetResultTask",
        "UpscaleImage",
        True,
    )
    for operation in RECOGNITION:
        assert find_endpoint(operation, "documented") == find_endpoint(operation, "current")
    assert not find_endpoint(Operation.RECOGNIZE_TRIAL).needs_token


# --- requests


def test_a_filter_sends_the_image_alone():
    """The schema of the filters allows no other key."""
    assert encode_request(OcrRequest(Operation.UPSAMPLE, b"abc", factor=3)) == {"image": "YWJj"}


def test_recognition_sends_all_booleans_and_leaves_out_what_is_unset():
    """As the official SDK does, so that disagreeing defaults play no part."""
    assert encode_settings(Operation.RECOGNIZE_IMAGE, RecognitionSettings(upsampling=True)) == {
        "language": "English",
        "makeSkewCorrect": True,
        "makeBinarization": False,
        "makeSpellCheck": False,
        "makeContrastCorrection": False,
        "makeUpsampling": True,
        "resultType": "JSON",
    }


@pytest.mark.parametrize(
    ("operation", "skew", "binarization"),
    [
        (Operation.RECOGNIZE_IMAGE, True, False),
        (Operation.RECOGNIZE_LABEL, False, False),
        (Operation.RECOGNIZE_INVOICE, False, False),
        (Operation.RECOGNIZE_RECEIPT, True, True),
        (Operation.DETECT_REGIONS, True, True),
    ],
)
def test_each_resource_has_its_own_defaults(operation, skew, binarization):
    """The five booleans of an empty settings object, as the OpenAPI document of 24.11 has them."""
    settings = decode_settings(operation, {})

    assert (settings.skew_correction, settings.binarization) == (skew, binarization)
    assert (settings.contrast_correction, settings.upsampling, settings.spell_check) == (False, False, False)
    assert (settings.result_type, settings.language, settings.rotate) == ("text", "English", 0)


def test_tables_have_a_result_type_of_their_own():
    """Table recognition sends `resultTypeTable` and nothing else of the kind."""
    body = encode_settings(Operation.RECOGNIZE_TABLE, RecognitionSettings(table_result_type="csv+excel"))

    assert body["resultTypeTable"] == "CsvAndExcel"
    assert "resultType" not in body


SETTINGS = st.builds(
    RecognitionSettings,
    language=st.sampled_from(LANGUAGES),
    skew_correction=st.booleans(),
    binarization=st.booleans(),
    contrast_correction=st.booleans(),
    upsampling=st.booleans(),
    spell_check=st.booleans(),
    rotate=st.integers(-360, 360),
    dsr_mode=st.none() | st.sampled_from(DSR_MODES),
    dsr_confidence=st.none() | st.sampled_from(DSR_CONFIDENCES),
    result_type=st.sampled_from([*RESULT_TYPES]),
    regions=st.lists(st.builds(Region, *[st.integers(0, 9999)] * 4, order=st.integers(0, 9)), max_size=3).map(
        tuple
    ),
)


@given(SETTINGS, st.binary(min_size=1, max_size=60))
def test_a_request_survives_the_wire(settings, data):
    """What the client encodes the server decodes to the same request."""
    request = OcrRequest(Operation.RECOGNIZE_IMAGE, data, settings)

    assert _decoded(encode_request(request)) == request


@pytest.mark.parametrize("table_result_type", [*TABLE_RESULT_TYPES])
def test_a_table_request_survives_the_wire(table_result_type):
    """The same for the other result type."""
    settings = RecognitionSettings(table_result_type=table_result_type, result_type="text")
    decoded = _decoded(
        encode_request(OcrRequest(Operation.RECOGNIZE_TABLE, b"x", settings)), Operation.RECOGNIZE_TABLE
    )

    assert decoded.settings.table_result_type == table_result_type


def test_requests_are_read_as_the_service_reads_them():
    """Trailing commas, any case of keys, blanks in Base64, null settings, unknown keys, old names."""
    text = """{"Image": "aGVs\\nbG8=", "somethingElse": [1, 2,], "settings": {
        "rotate": 90, "MakeUpsampling": true, "dsrMode": "CraftPoly", "language": "HWT_eng",
        "resultType": "TextAndPdf", "regions": null, "dsrConfidence": null, },}"""

    request = decode_request(Operation.RECOGNIZE_IMAGE, text.encode())

    assert request.data == b"hello"
    assert request.settings.rotate == 90
    assert request.settings.upsampling is True
    assert request.settings.dsr_mode == "PolygonalTextDetector"
    assert request.settings.language == "HWT_ENG"
    assert request.settings.result_type == "text+pdf"
    assert _decoded({"image": "YQ==", "settings": None}).settings.language == "English"
    assert _decoded({"image": "YQ==", "settings": {"Rotate": -5}}).settings.rotate == -5


@pytest.mark.parametrize(
    ("body", "key", "said"),
    [
        (b"", None, "The body is not JSON"),
        (b"[1]", None, "The body is not a JSON object"),
        (b"\xff\xfe", None, "The body is not JSON"),
        (b'{"image": ' + b"[" * 100_000, None, "nested too deeply"),
        (b"{}", "image", "The image is missing"),
        (b'{"image": 7}', "image", "not a string"),
        (b'{"image": "data:image/png;base64,YQ=="}', "image", "starts with 'data:'"),
        (b'{"image": "*"}', "image", "is not Base64"),
    ],
)
def test_a_body_that_is_none_is_told(body, key, said):
    """The server's 400 names what is wrong."""
    with pytest.raises(MalformedRequest, match=said) as caught:
        decode_request(Operation.UPSAMPLE, body)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("settings", "key", "said"),
    [
        ([], "settings", "settings is not an object"),
        ({"resultType": "text"}, "resultType", "resultType cannot be 'text': did you mean 'Text'"),
        ({"resultTypeTable": "Json"}, "resultTypeTable", "resultTypeTable cannot be 'Json'"),
        ({"language": "Klingon"}, "language", "language cannot be 'Klingon'"),
        ({"language": 5}, "language", "language cannot be '5'"),
        ({"dsrMode": "Magic"}, "dsrMode", "dsrMode cannot be 'Magic'"),
        ({"dsrConfidence": "Medium"}, "dsrConfidence", "cannot be 'Medium'"),
        ({"makeUpsampling": "true"}, "makeUpsampling", "true or false, not 'true'"),
        ({"Rotate": 1.5}, "Rotate", "whole number of 32 bits, not 1.5"),
        ({"Rotate": 2**31}, "Rotate", "whole number of 32 bits"),
        ({"rotate": True}, "Rotate", "not True"),
        ({"regions": {}}, "regions", "regions is not a list"),
        ({"regions": [{}]}, "regions", "no 'rect' object"),
        ({"regions": [{"rect": {"topLeftX": "1"}}]}, "topLeftX", "whole number"),
    ],
)
def test_a_setting_that_is_not_allowed_is_told(settings, key, said):
    """Key, value and what is meant."""
    with pytest.raises(MalformedRequest, match=said) as caught:
        _decoded({"image": "YQ==", "settings": settings})
    assert caught.value.key == key


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_no_body_breaks_the_reader(value):
    """Whatever the value of a key is, the answer is a request or a sentence."""
    for body in (value, {"image": value}, {"image": "YQ==", "settings": {"regions": value, "rotate": value}}):
        try:
            said = _decoded(body).settings.language
        except MalformedRequest as error:
            said = str(error)
        assert said.strip()


# --- reports

REPORTS = st.builds(
    TaskReport,
    st.just(TASK),
    st.sampled_from([status for status in TaskStatus if status is not TaskStatus.CANCELLED]),
    st.lists(st.builds(ResultItem, st.sampled_from([*ResultKind]), st.binary(max_size=20)), max_size=3).map(
        tuple
    ),
    st.lists(st.text(min_size=1), max_size=2).map(tuple),
    st.lists(st.text(min_size=1), max_size=2).map(tuple),
)


@given(REPORTS)
def test_a_report_survives_the_wire(report):
    """What the server encodes the client decodes to the same report."""
    assert decode_report(json.dumps(encode_report(report)).encode(), TASK) == report


@pytest.mark.parametrize(
    ("report", "status", "code"),
    [
        (TaskReport(TASK, TaskStatus.PENDING), "Pending", "NotReady"),
        (TaskReport(TASK, TaskStatus.PROCESSING), "Processing", "NotReady"),
        (TaskReport(TASK, TaskStatus.COMPLETED), "Completed", "NoAnyResultData"),
        (TaskReport(TASK, TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, b""),)), "Completed", "Ok"),
        (TaskReport(TASK, TaskStatus.FAILED, messages=("No.",)), "Error", "Error"),
        (TaskReport(TASK, TaskStatus.UNKNOWN), "NotExist", "TaskNotFound"),
        (TaskReport(TASK, TaskStatus.CANCELLED), "NotExist", "TaskNotFound"),
    ],
)
def test_every_state_has_its_words(report, status, code):
    """The table of states, with lists where the SDK wants lists and null for no error."""
    encoded = encode_report(report)

    assert (encoded["id"], encoded["taskStatus"], encoded["responseStatusCode"]) == (TASK, status, code)
    assert encoded["error"] == ({"messages": ["No."], "warnings": []} if report.messages else None)


def test_the_state_alone_carries_no_results():
    """GetTaskStatus saves the traffic."""
    report = TaskReport(TASK, TaskStatus.COMPLETED, (ResultItem(ResultKind.TEXT, b"x"),))
    assert encode_report(report, with_results=False)["results"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"taskStatus": "Completed"},
        {"taskStatus": "Completed", "results": None, "error": None, "responseStatusCode": None},
        {"TaskStatus": "completed", "Results": [], "error": {"messages": None, "warnings": None}},
        {"taskStatus": "Completed", "results": [{"type": "Text", "data": None}, None], "new": {"a": 1}},
    ],
)
def test_missing_and_null_details_do_no_harm(body):
    """`taskStatus` decides, the rest is optional."""
    assert decode_report(json.dumps(body).encode(), TASK) == TaskReport(TASK, TaskStatus.COMPLETED)


def test_an_unknown_type_of_result_is_kept_as_other():
    """A type of a later release is no reason to lose the data."""
    data = base64.b64encode(b"RIFF").decode()
    body = {"taskStatus": "Completed", "results": [{"type": "WavFile", "data": data}, {"data": data}]}

    items = decode_report(json.dumps(body).encode(), TASK).results

    assert [item.kind for item in items] == [ResultKind.OTHER, ResultKind.OTHER]


def test_a_lost_result_is_a_failure():
    """Completed without data because the service lost it: the user must know, and may submit again."""
    report = decode_report(b'{"taskStatus": "Completed", "responseStatusCode": "ResultDataLost"}', TASK)

    assert report.status is TaskStatus.FAILED
    assert report.messages == ("The service has lost the result: submit the image again.",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "is not JSON"),
        (b"[]", "the status None, which is none of Pending"),
        (b'{"taskStatus": "Sleeping"}', "the status 'Sleeping'"),
        (b'{"taskStatus": "Completed", "results": [{"data": "*"}]}', "is not Base64"),
    ],
)
def test_an_answer_that_is_no_report_is_told(body, said):
    """Status words are never guessed."""
    with pytest.raises(UnreadableAnswer, match=said):
        decode_report(body, TASK)


# --- ids, problems, JSON, Base64


@pytest.mark.parametrize("text", [TASK, f'"{TASK}"', f"  {TASK}\r\n", f'"{TASK}"\n'])
def test_an_id_is_read_with_or_without_quotes(text):
    """Blanks and quotes around it are no part of it."""
    assert decode_task_id(text) == TASK


def test_an_id_is_opaque():
    """It need not be a GUID."""
    assert decode_task_id("TTS01232-9d40/ä") == "TTS01232-9d40/ä"


@pytest.mark.parametrize("text", ["", '""', "<html>", '{"id": 1}', "a\x00b", "x" * 300])
def test_what_cannot_be_an_id_is_told(text):
    """A page or an object in its place is not taken for one."""
    with pytest.raises(UnreadableAnswer, match="where a task id was expected"):
        decode_task_id(text)


def test_a_problem_is_read_whatever_its_type():
    """ProblemDetails, OAuth errors, plain text; a page says nothing."""
    problem = json.dumps(encode_problem(400, "Bad Request", "No image.", {"image": ["It is missing."]}))

    assert describe_problem(problem.encode()) == "Bad Request No image. image: It is missing."
    assert describe_problem(b'{"error": "invalid_client"}') == "invalid_client"
    assert describe_problem(b"too  many\nrequests") == "too many requests"
    assert describe_problem(b"<html><body>Bad gateway</body></html>") == ""
    assert describe_problem(b"") == ""


@given(st.text())
def test_strings_keep_their_commas(text):
    """Only commas before a closing bracket go, never those inside a string."""
    mended = load_json(f'{{"a": {json.dumps(text)}, "b": [1, ], }}')

    assert mended == {"a": text, "b": [1]}


@given(st.binary())
def test_base64_is_read_with_blanks_in_it(data):
    """Line breaks of MIME encoders are ignored."""
    assert decode_base64(base64.encodebytes(data).decode()) == data


@pytest.mark.parametrize("text", ["a", "YQ=", "YQ==YQ==x", "Y-_Q", "é"])
def test_base64_that_is_none_is_refused(text):
    """Wrong padding and foreign characters."""
    with pytest.raises(ValueError, match=r"padding|ascii|base64|characters"):
        decode_base64(text)
