"""The vendor's spellings: resources, JSON keys, enum values, languages and the defaults of version 5.0.

Tables only. Source: the service's documentation at release 24.11 and the OpenAPI document in its SDKs; where
the two disagree the OpenAPI document wins (contrast correction, binarization, `PolygonalTextDetector`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .protocol import Operation, ResultKind, TaskStatus

Generation: TypeAlias = Literal["documented", "current"]
"""`documented`: multipart upload to `ImageProcessing/Post…File`; `current`: one JSON resource a filter."""
GENERATIONS: tuple[Generation, ...] = ("documented", "current")

PUBLIC_PREFIX = "/v5.0/ocr"
PREFIXES = ("/v5.0/ocr", "/v5.1/ocr", "/v5.0", "/v5")
"""Prefixes under which one resource is known, longest first: public, 5.1, .NET SDK, inside the gateway."""
TOKEN_PATH = "/connect/token"

RESOURCES: dict[Operation, str] = {
    Operation.UPSAMPLE: "UpscaleImage",
    Operation.BINARIZE: "BinarizeImage",
    Operation.DESKEW: "DeskewImage",
    Operation.DEWARP: "DewarpImage",
    Operation.RECOGNIZE_IMAGE: "RecognizeImage",
    Operation.RECOGNIZE_TRIAL: "RecognizeImageTrial",
    Operation.RECOGNIZE_REGIONS: "RecognizeRegions",
    Operation.RECOGNIZE_RECEIPT: "RecognizeReceipt",
    Operation.RECOGNIZE_LABEL: "RecognizeLabel",
    Operation.RECOGNIZE_TABLE: "RecognizeTable",
    Operation.RECOGNIZE_PDF: "RecognizePdf",
    Operation.RECOGNIZE_INVOICE: "RecognizeAndParseInvoice",
    Operation.DETECT_REGIONS: "DetectRegions",
    Operation.IDENTIFY_FONT: "IdentifyFont",
    Operation.DJVU_TO_PDF: "DjVu2PDF",
}
"""POST, GET and DELETE of the current generation."""
DOCUMENTED_UPLOADS: dict[Operation, str] = {
    Operation.UPSAMPLE: "ImageProcessing/PostUpsamplingImageFile",
    Operation.BINARIZE: "ImageProcessing/PostBinarizationFile",
    Operation.DESKEW: "ImageProcessing/PostSkewCorrectionFile",
    Operation.DEWARP: "ImageProcessing/PostDewarpingFile",
}
"""POST of the documented generation: multipart, one part named `UPLOAD_PART`."""
UPLOAD_PART = "file"
RESULT_TASK = "ImageProcessing/GetResultTask"
RESULT_FILE = "ImageProcessing/GetResultFile"
TASK_STATUS = "Utilities/GetTaskStatus"

TEXT_TYPE = "text/plain; charset=utf-8"
JSON_TYPE = "application/json; charset=utf-8"
PNG_TYPE = "image/png"
"""Exactly these content types: SDKs up to 23.12 compare the strings literally."""

STATUSES: dict[TaskStatus, str] = {
    TaskStatus.PENDING: "Pending",
    TaskStatus.PROCESSING: "Processing",
    TaskStatus.COMPLETED: "Completed",
    TaskStatus.FAILED: "Error",
    TaskStatus.CANCELLED: "NotExist",
    TaskStatus.UNKNOWN: "NotExist",
}
"""`taskStatus`; the wire has no word for cancelled."""
STATUS_CODES = (
    "Ok", "PartiallyNotFound", "NoAnyResultData", "ResultDataLost", "TaskNotFound", "NotReady", "Error",
)  # fmt: skip
"""`responseStatusCode`; SDK 24 refuses any other value."""

KINDS: dict[ResultKind, str] = {
    ResultKind.TEXT: "Text",
    ResultKind.JSON: "JSON",
    ResultKind.HOCR: "Hocr",
    ResultKind.PDF: "Pdf",
    ResultKind.CSV: "Csv",
    ResultKind.EXCEL: "Excel",
    ResultKind.IMAGE_PNG: "ImagePNG",
    ResultKind.OTHER: "Other",
}
"""`results[].type`."""
RESULT_TYPE_NAMES: dict[str, str] = {
    "text": "Text",
    "pdf": "Pdf",
    "text+pdf": "TextAndPdf",
    "hocr": "Hocr",
    "text+hocr": "TextAndHocr",
    "pdf+hocr": "PdfAndHocr",
    "text+pdf+hocr": "TextAndPdfAndHocr",
    "image_png": "ImagePNG",
    "json": "JSON",
}
"""`resultType`."""
TABLE_RESULT_TYPE_NAMES: dict[str, str] = {
    "text": "Text",
    "excel": "Excel",
    "csv": "Csv",
    "csv+excel": "CsvAndExcel",
}
"""`resultTypeTable`."""


@dataclass(frozen=True, slots=True)
class SettingDefaults:
    """What a resource does when a boolean is left out."""

    skew_correction: bool
    binarization: bool
    contrast_correction: bool = False
    upsampling: bool = False
    spell_check: bool = False


_PLAIN = SettingDefaults(skew_correction=True, binarization=False)
_BINARIZED = SettingDefaults(skew_correction=True, binarization=True)
_BARE = SettingDefaults(skew_correction=False, binarization=False)
SETTING_DEFAULTS: dict[Operation, SettingDefaults] = {
    Operation.RECOGNIZE_IMAGE: _PLAIN,
    Operation.RECOGNIZE_TRIAL: _PLAIN,
    Operation.RECOGNIZE_LABEL: _BARE,
    Operation.RECOGNIZE_INVOICE: _BARE,
    Operation.RECOGNIZE_TABLE: _BINARIZED,
    Operation.RECOGNIZE_PDF: _BINARIZED,
    Operation.RECOGNIZE_RECEIPT: _BINARIZED,
    Operation.RECOGNIZE_REGIONS: _BINARIZED,
    Operation.IDENTIFY_FONT: _BINARIZED,
    Operation.DETECT_REGIONS: _BINARIZED,
    Operation.DJVU_TO_PDF: _BINARIZED,
}
"""OpenAPI 24.11."""

BOOLEAN_KEYS: dict[str, str] = {
    "skew_correction": "makeSkewCorrect",
    "binarization": "makeBinarization",
    "spell_check": "makeSpellCheck",
    "contrast_correction": "makeContrastCorrection",
    "upsampling": "makeUpsampling",
}

_LANGUAGE_WORDS = """
    English German French Italian Spanish Portuguese Polish Slovene Slovak Netherlands Lithuanian Latvian
    Danish Norwegian Finnish Serbian Croatian Czech Swedish Estonian Romanian Chinese Russian Arabic Hindi
    Ukrainan Bengali Tibetan Thai Urdu Turkish Korean Indonesian Hebrew Javanese Greek Japanese Persian
    Albanian Latin Vietnamese Uzbek Georgian Bulgarian Azerbaijani Kazah Macedonian Belorussian Malay Hausa
    Sundanese Swahili Tagalog Yoruba Oromo Cebuano Dutch Kurdish Serbo_Croatian Malagasy Zhuang Turkmen
    Somali Hungarian Chichewa Rwanda Min_Bei Zulu Ilocano Min_Dong Quechua Hiligaynon Hmong Shona Xhosa
    Betawi Catalan Afrikaans Minangkabau Sotho_Southern Bikol Makua Kanuri Tswana Kikongo Luo Sukuma Tsonga
    Bosnian Bemba Nandi Palembang Umbundu Sotho_Northern Waray_Waray Lamani Low_German Gilaki Musi HWT_ENG
    Pu_Xian Kapampangan Bouyei Galician Ndebele Yao Sasak Swati Gusii Meru Wolaytta Dong Pangasinan Dimli
    Makassar Tumbuka Serer_Sine Occitan Tonga Muong Kiche Luguru Wu Cantonese Min_Nan Xiang Hakka Gan
    Chechen Kabardian Marathi Bhojpuri Maithili Awadhi Nepali Marwari Magahi Haryanvi Chattisgarhi Dhundari
    Konkani Kanauji Mewati Rajbanshi Garhwali Kumauni Wagdi Malvi Mewari Uyghur Telugu Kannada Tamil
    Devanagari
"""
LANGUAGES: tuple[str, ...] = tuple(_LANGUAGE_WORDS.split())
"""`language`: 154 values, the service's spelling mistakes included."""
LANGUAGE_SPELLINGS: dict[str, str] = {
    "Ukrainian": "Ukrainan",
    "Kazakh": "Kazah",
    "Chhattisgarhi": "Chattisgarhi",
    "Belarusian": "Belorussian",
    "HWT_eng": "HWT_ENG",
}
"""Spellings that people (and SDK 23) use → the service's; both are understood."""
DSR_MODE_SPELLINGS: dict[str, str] = {"CraftPoly": "PolygonalTextDetector"}
"""The documentation's name for the mode → the name the service's OpenAPI document gives it."""
