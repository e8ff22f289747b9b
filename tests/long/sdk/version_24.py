"""The official Python SDK 24.x, unmodified, against the server. Run inside its own environment.

Arguments: version, open server's base address, strict server's base address, image, its ground truth.
"""

import base64
import os
import sys

import aspose_ocr_cloud as sdk
from aspose_ocr_cloud.exceptions import BadRequestException, UnauthorizedException
from claims import Claims, encode, png_size, poll, raises, read, shared_words

VERSION, OPEN, STRICT, IMAGE, TRUTH = sys.argv[1:6]
CREDENTIALS = {"client_id": os.environ["SDK_CLIENT_ID"], "client_secret": os.environ["SDK_CLIENT_SECRET"]}
claims = Claims()
image = read(IMAGE)
truth = read(TRUTH).decode("utf-8")


def client_for(base, token=None):
    configuration = sdk.Configuration(host=base)
    if token:
        configuration.access_token = token
    return sdk.ApiClient(configuration)


client = client_for(OPEN)
upscale, processing = sdk.UpscaleImageApi(client), sdk.ImageProcessingApi(client)
utilities = sdk.UtilitiesApi(client)
body = sdk.OCRUpscaleImageBody(image=encode(image))


def status(answer):
    return answer.task_status.value


def png_of(answer):
    assert status(answer) == "Completed", answer.to_dict()
    (result,) = answer.results
    assert result.type == "ImagePNG", result.type
    return base64.b64decode(result.data)


def submit_poll_fetch():
    task_id = upscale.post_upscale_image(body)
    assert isinstance(task_id, str), repr(task_id)
    assert len(task_id) == 36, task_id
    answer = poll(lambda: upscale.get_upscale_image(id=task_id), status)
    width, height = png_size(png_of(answer))
    assert width >= 2 * SIZE[0], (width, SIZE)
    assert height >= 2 * SIZE[1], (height, SIZE)
    assert answer.id == task_id
    state = utilities.get_task_status(id=task_id)
    assert (status(state), state.results) == ("Completed", []), state.to_dict()


def cancel():
    task_id = upscale.post_upscale_image(body)
    upscale.cancel_upscale_image(id=task_id)
    answer = upscale.get_upscale_image(id=task_id)
    assert (status(answer), answer.response_status_code.value) == ("NotExist", "TaskNotFound")


def unknown_id():
    answer = upscale.get_upscale_image(id="00000000-0000-4000-8000-000000000000")
    assert status(answer) == "NotExist"
    assert answer.error.messages


def legacy(file):
    task_id = processing.post_upsampling_file(file=file)
    assert len(task_id) == 36, task_id
    answer = poll(lambda: processing.get_result_task(id=task_id), status)
    raw = processing.get_result_file_without_preload_content(id=task_id)
    assert raw.status == 200
    assert raw.headers["Content-Type"] == "image/png"
    assert raw.data == png_of(answer)


def legacy_with_nothing():
    error = raises(BadRequestException, lambda: processing.post_upsampling_file())
    assert error.status == 400
    assert "no part named 'file'" in error.body


def legacy_filters():
    for post in (
        processing.post_binarization_file,
        processing.post_skew_correction_file,
        processing.post_dewarping_file,
    ):
        task_id = post(file=IMAGE)
        png_size(png_of(poll(lambda task_id=task_id: processing.get_result_task(id=task_id), status)))


def current_filters():
    for name in ("Binarize", "Deskew", "Dewarp"):
        api = getattr(sdk, f"{name}ImageApi")(client)
        made = getattr(sdk, f"OCR{name}ImageBody")(image=encode(image))
        task_id = getattr(api, f"post_{name.lower()}_image")(made)
        fetch = getattr(api, f"get_{name.lower()}_image")
        size = png_size(png_of(poll(lambda fetch=fetch, task_id=task_id: fetch(id=task_id), status)))
        assert size == SIZE, (name, size, SIZE)


def own_defect_of_get_result_file():
    """The SDK decodes the PNG as UTF-8; the server's answer is right (see `legacy`)."""
    task_id = processing.post_upsampling_file(file=IMAGE)
    poll(lambda: processing.get_result_task(id=task_id), status)
    raises(UnicodeDecodeError, lambda: processing.get_result_file(id=task_id))


def recognize():
    settings = sdk.OCRSettingsRecognizeImage(
        language=sdk.Language.ENGLISH, make_upsampling=True, result_type=sdk.ResultType.TEXT
    )
    api = sdk.RecognizeImageApi(client)
    task_id = api.post_recognize_image(sdk.OCRRecognizeImageBody(image=encode(image), settings=settings))
    answer = poll(lambda: api.get_recognize_image(id=task_id), status)
    assert status(answer) == "Completed", answer.to_dict()
    text = base64.b64decode(answer.results[0].data).decode("utf-8")
    assert answer.results[0].type == "Text"
    assert shared_words(text, truth) > 0.6, text


def recognize_with_empty_settings():
    api = sdk.RecognizeImageApi(client)
    made = sdk.OCRRecognizeImageBody(image=encode(image), settings=sdk.OCRSettingsRecognizeImage())
    task_id = api.post_recognize_image(made)
    assert status(poll(lambda: api.get_recognize_image(id=task_id), status)) == "Completed"


def recognize_other_resources():
    for resource, settings, module in (
        ("Receipt", sdk.OCRSettingsRecognizeReceipt(), "receipt"),
        ("Label", sdk.OCRSettingsRecognizeLabel(), "label"),
        ("Table", sdk.OCRSettingsRecognizeTable(), "table"),
    ):
        api = getattr(sdk, f"Recognize{resource}Api")(client)
        made = getattr(sdk, f"OCRRecognize{resource}Body")(image=encode(image), settings=settings)
        task_id = getattr(api, f"post_recognize_{module}")(made)
        fetch = getattr(api, f"get_recognize_{module}")
        answer = poll(lambda fetch=fetch, task_id=task_id: fetch(id=task_id), status)
        assert status(answer) == "Completed", (resource, answer.to_dict())
    region = sdk.OCRRegion(
        rect=sdk.OCRRect(top_left_x=0, top_left_y=0, bottom_right_x=SIZE[0], bottom_right_y=SIZE[1]), order=1
    )
    api = sdk.RecognizeRegionsApi(client)
    settings = sdk.OCRSettingsRecognizeRegions(regions=[region])
    task_id = api.post_recognize_regions(sdk.OCRRecognizeRegionsBody(image=encode(image), settings=settings))
    answer = poll(lambda: api.get_recognize_regions(id=task_id), status)
    assert (status(answer), len(answer.results)) == ("Completed", 1), answer.to_dict()


def trial():
    api = sdk.RecognizeImageTrialApi(client_for(STRICT))
    settings = sdk.OCRSettingsRecognizeImage(make_upsampling=True)
    made = sdk.OCRRecognizeImageBody(image=encode(image), settings=settings)
    task_id = api.post_recognize_image_trial(made)
    answer = poll(lambda: api.get_recognize_image_trial(id=task_id), status)
    assert status(answer) == "Completed", answer.to_dict()


def not_an_image():
    task_id = upscale.post_upscale_image(sdk.OCRUpscaleImageBody(image=encode(b"not an image")))
    answer = poll(lambda: upscale.get_upscale_image(id=task_id), status)
    assert (status(answer), answer.response_status_code.value) == ("Error", "Error"), answer.to_dict()
    assert answer.error.messages


def trailing_slash():
    api = sdk.UpscaleImageApi(client_for(OPEN + "/"))
    assert len(api.post_upscale_image(body)) == 36


def without_token():
    api = sdk.UpscaleImageApi(client_for(STRICT))
    error = raises(UnauthorizedException, lambda: api.post_upscale_image(body))
    assert error.status == 401
    assert error.data.title == "Unauthorized", error.data


def with_token():
    if VERSION.startswith("24.8"):
        configuration = sdk.Configuration(host=STRICT)
        configuration.auth_host = f"{STRICT}/connect/token"
        configuration.client_id = CREDENTIALS["client_id"]
        configuration.client_secret = CREDENTIALS["client_secret"]
        configuration.access_token = configuration.get_token()
        strict = sdk.ApiClient(configuration)
    else:
        # 24.11 has lost its token code: the caller brings a token.
        import json
        import urllib.parse
        import urllib.request

        form = urllib.parse.urlencode({"grant_type": "client_credentials", **CREDENTIALS}).encode()
        with urllib.request.urlopen(f"{STRICT}/connect/token", form, timeout=30) as answer:
            strict = client_for(STRICT, json.load(answer)["access_token"])
    api = sdk.UpscaleImageApi(strict)
    task_id = api.post_upscale_image(body)
    assert status(poll(lambda: api.get_upscale_image(id=task_id), status)) == "Completed"


def size_of_image():
    """Return the size of the PNG under test."""
    return png_size(image)


SIZE = size_of_image()
claims.check("submit, poll, fetch, ask for the state", submit_poll_fetch)
claims.check("cancel", cancel)
claims.check("an unknown id", unknown_id)
claims.check("legacy multipart by path", lambda: legacy(IMAGE))
claims.check("legacy multipart by bytes", lambda: legacy(image))
claims.check("legacy multipart with nothing", legacy_with_nothing)
claims.check("legacy binarization, skew correction, dewarping", legacy_filters)
claims.check("current binarization, deskewing, dewarping", current_filters)
claims.check("get_result_file fails by the SDK's own defect", own_defect_of_get_result_file)
claims.check("recognize with makeUpsampling", recognize)
claims.check("recognize with empty settings", recognize_with_empty_settings)
claims.check("recognize receipt, label, table, regions", recognize_other_resources)
claims.check("the trial needs no token", trial)
claims.check("a file that is no image ends in Error", not_an_image)
claims.check("a host with a trailing slash", trailing_slash)
claims.check("strict mode without a token", without_token)
claims.check("strict mode with a token", with_token)
claims.exit()
