"""The official Python SDK 23.x, unmodified, against the server. Run inside its own environment.

Arguments: version, open server's base address, strict server's base address, image, its ground truth.
"""

import base64
import os
import sys
from pathlib import Path

import aspose_ocr_cloud as sdk
from aspose_ocr_cloud.apis.tags import (
    binarize_image_api,
    deskew_image_api,
    dewarp_image_api,
    image_processing_api,
    recognize_image_api,
    upscale_image_api,
)
from aspose_ocr_cloud.model.language import Language
from aspose_ocr_cloud.model.ocr_binarize_image_body import OCRBinarizeImageBody
from aspose_ocr_cloud.model.ocr_deskew_image_body import OCRDeskewImageBody
from aspose_ocr_cloud.model.ocr_dewarp_image_body import OCRDewarpImageBody
from aspose_ocr_cloud.model.ocr_recognize_image_body import OCRRecognizeImageBody
from aspose_ocr_cloud.model.ocr_settings_recognize_image import OCRSettingsRecognizeImage
from aspose_ocr_cloud.model.ocr_upscale_image_body import OCRUpscaleImageBody
from aspose_ocr_cloud.model.result_type import ResultType
from claims import Claims, encode, png_size, poll, raises, read, shared_words

VERSION, OPEN, STRICT, IMAGE, TRUTH = sys.argv[1:6]
CREDENTIALS = {"client_id": os.environ["SDK_CLIENT_ID"], "client_secret": os.environ["SDK_CLIENT_SECRET"]}
# Version 23.6 has short paths and wants the prefix in the host.
PREFIX = "/v5.0/ocr" if VERSION.startswith("23.6") else ""
claims = Claims()
image = read(IMAGE)
truth = read(TRUTH).decode("utf-8")


class Redirected(sdk.Configuration):
    """Fetches its token where the API is: the SDK knows only the vendor's address for it."""

    token_host = ""

    def get_token(self):
        if not self.client_id:
            return "any token"
        self.auth_host = f"{self.token_host}/connect/token"
        return super().get_token()


def client_for(base, **credentials):
    kind = type("Configured", (Redirected,), {"token_host": base})
    return sdk.ApiClient(kind(host=base + PREFIX, **credentials))


client = client_for(OPEN)
upscale = upscale_image_api.UpscaleImageApi(client)
processing = image_processing_api.ImageProcessingApi(client)
body = OCRUpscaleImageBody(image=encode(image))


def status(answer):
    assert answer.response.status == 200
    return str(answer.body["taskStatus"])


def png_of(answer):
    assert status(answer) == "Completed", answer.body
    (result,) = answer.body["results"]
    assert str(result["type"]) == "ImagePNG"
    return base64.b64decode(str(result["data"]))


def submit_poll_fetch():
    task_id = str(upscale.post_upscale_image(body=body).body)
    assert len(task_id) == 36, task_id
    answer = poll(lambda: upscale.get_upscale_image(query_params={"id": task_id}), status)
    width, height = png_size(png_of(answer))
    assert width >= 2 * SIZE[0], (width, SIZE)
    assert height >= 2 * SIZE[1], (height, SIZE)


def cancel():
    task_id = str(upscale.post_upscale_image(body=body).body)
    answer = upscale.cancel_upscale_image(query_params={"id": task_id})
    assert answer.response.status == 200
    after = upscale.get_upscale_image(query_params={"id": task_id})
    assert (status(after), str(after.body["responseStatusCode"])) == ("NotExist", "TaskNotFound")


def unknown_id():
    answer = upscale.get_upscale_image(query_params={"id": "nothing-of-the-kind"})
    assert status(answer) == "NotExist"


def legacy(file):
    task_id = str(processing.post_upsampling_file(body={"file": file}).body)
    assert len(task_id) == 36, task_id
    answer = poll(lambda: processing.get_result_task(query_params={"id": task_id}), status)
    raw = processing.get_result_file(query_params={"id": task_id}, skip_deserialization=True).response
    assert raw.headers["Content-Type"] == "image/png"
    assert raw.data == png_of(answer)


def legacy_by_path():
    with Path(IMAGE).open("rb") as file:
        legacy(file)


def legacy_with_nothing():
    error = raises(sdk.ApiException, lambda: processing.post_upsampling_file())
    assert error.status == 400, error.status
    assert b"no part named 'file'" in error.api_response.response.data


def legacy_filters():
    for post in (
        processing.post_binarization_file,
        processing.post_skew_correction_file,
        processing.post_dewarping_file,
    ):
        task_id = str(post(body={"file": image}).body)
        answer = poll(
            lambda task_id=task_id: processing.get_result_task(query_params={"id": task_id}), status
        )
        assert png_size(png_of(answer)) == SIZE


def current_filters():
    for name, api, made in (
        ("binarize", binarize_image_api.BinarizeImageApi(client), OCRBinarizeImageBody),
        ("deskew", deskew_image_api.DeskewImageApi(client), OCRDeskewImageBody),
        ("dewarp", dewarp_image_api.DewarpImageApi(client), OCRDewarpImageBody),
    ):
        task_id = str(getattr(api, f"post_{name}_image")(body=made(image=encode(image))).body)
        fetch = getattr(api, f"get_{name}_image")
        answer = poll(lambda fetch=fetch, task_id=task_id: fetch(query_params={"id": task_id}), status)
        assert png_size(png_of(answer)) == SIZE, name


def own_defect_of_get_result_file():
    """The SDK has no way to read image/png; the server's answer is right (see `legacy`)."""
    task_id = str(processing.post_upsampling_file(body={"file": image}).body)
    poll(lambda: processing.get_result_task(query_params={"id": task_id}), status)
    raises(NotImplementedError, lambda: processing.get_result_file(query_params={"id": task_id}))


def recognize():
    api = recognize_image_api.RecognizeImageApi(client)
    settings = OCRSettingsRecognizeImage(
        language=Language("English"), makeUpsampling=True, resultType=ResultType("Text")
    )
    made = OCRRecognizeImageBody(image=encode(image), settings=settings)
    task_id = str(api.post_recognize_image(body=made).body)
    answer = poll(lambda: api.get_recognize_image(query_params={"id": task_id}), status)
    assert status(answer) == "Completed", answer.body
    text = base64.b64decode(str(answer.body["results"][0]["data"])).decode("utf-8")
    assert shared_words(text, truth) > 0.6, text


def not_an_image():
    made = OCRUpscaleImageBody(image=encode(b"not an image"))
    task_id = str(upscale.post_upscale_image(body=made).body)
    answer = poll(lambda: upscale.get_upscale_image(query_params={"id": task_id}), status)
    assert (status(answer), str(answer.body["responseStatusCode"])) == ("Error", "Error")


def state_only():
    from aspose_ocr_cloud.apis.tags import utilities_api

    task_id = str(upscale.post_upscale_image(body=body).body)
    api = utilities_api.UtilitiesApi(client)
    answer = poll(lambda: api.get_task_status(query_params={"id": task_id}), status)
    assert (status(answer), len(answer.body["results"])) == ("Completed", 0), answer.body


def without_token():
    """This SDK has no reading of 401; what it raises names the content type, so look at the bare answer."""
    api = upscale_image_api.UpscaleImageApi(client_for(STRICT))
    error = raises(sdk.ApiException, lambda: api.post_upscale_image(body=body, skip_deserialization=True))
    assert error.status == 401
    assert b'"title":"Unauthorized"' in error.api_response.response.data


def with_token():
    api = upscale_image_api.UpscaleImageApi(client_for(STRICT, **CREDENTIALS))
    task_id = str(api.post_upscale_image(body=body).body)
    assert status(poll(lambda: api.get_upscale_image(query_params={"id": task_id}), status)) == "Completed"


SIZE = png_size(image)
claims.check("submit, poll, fetch", submit_poll_fetch)
claims.check("cancel", cancel)
claims.check("an unknown id", unknown_id)
claims.check("legacy multipart by open file", legacy_by_path)
claims.check("legacy multipart by bytes, without a file name", lambda: legacy(image))
claims.check("legacy multipart with nothing", legacy_with_nothing)
claims.check("legacy binarization, skew correction, dewarping", legacy_filters)
claims.check("current binarization, deskewing, dewarping", current_filters)
claims.check("get_result_file fails by the SDK's own defect", own_defect_of_get_result_file)
claims.check("recognize with makeUpsampling", recognize)
claims.check("a file that is no image ends in Error", not_an_image)
if not VERSION.startswith("23.6"):
    claims.check("ask for the state only", state_only)
claims.check("strict mode without a token", without_token)
claims.check("strict mode with the SDK's own token request (multipart)", with_token)
claims.exit()
