"""The workbench's settings, one field each: what it is called, what it may be, what it does, in plain words.

Covers every field of `RecognitionSettings`; those that are not set here say where they are. Plain values for
the browser; knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..alignment import PROFILES
from ..engine.languages import LANGUAGES
from ..errors import SettingsError
from ..service.protocol import (
    DSR_CONFIDENCES,
    DSR_MODES,
    RESULT_TYPES,
    TABLE_RESULT_TYPES,
    RecognitionSettings,
    Region,
)

Kind = Literal["choice", "switch", "three-way", "number", "text"]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting as a form shows it."""

    name: str
    """As in `RecognitionSettings`; `normalization` is the workbench's own."""
    label: str
    kind: Kind
    help: str
    options: tuple[tuple[str, str], ...] = ()
    """Value and what it is called; the first is the default."""
    common: bool = False
    """Whether it stands with the few that everybody sees."""
    obstacle: str = ""
    """Why it cannot be set here."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name, "label": self.label, "kind": self.kind, "help": self.help,
            "common": self.common, "options": [list(one) for one in self.options], "obstacle": self.obstacle,
        }  # fmt: skip


def _named(*values: str) -> tuple[tuple[str, str], ...]:
    return tuple((value, value) for value in values)


_RESULT_WORDS = {
    "json": "text with positions (JSON)",
    "text": "plain text",
    "hocr": "hOCR",
    "text+pdf": "text, and a searchable PDF",
    "text+hocr": "text and hOCR",
    "pdf+hocr": "hOCR, and a searchable PDF",
    "text+pdf+hocr": "text, hOCR, and a searchable PDF",
}
_WITHOUT_TEXT = tuple(name for name in RESULT_TYPES if name not in _RESULT_WORDS)
_PLAIN = RecognitionSettings()

FIELDS: tuple[Field, ...] = (
    Field(
        "language",
        "Language of the text",
        "choice",
        "Which letters and words to expect.",
        (("English", "English"), *_named(*(one for one in LANGUAGES if one != "English"))),
        common=True,
    ),
    Field(
        "upsampling",
        "Upsampling inside recognition",
        "switch",
        "The recognizer enlarges by itself.",
        obstacle="A condition of its own, so that it can be compared: add the step “upsample while reading”.",
    ),
    Field("skew_correction", "Level slanting lines", "three-way", "Turn the page upright before reading."),
    Field("binarization", "Black and white", "three-way", "Turn the page to black and white before reading."),
    Field("contrast_correction", "Stretch the contrast", "three-way", "For pale or gray pages."),
    Field("spell_check", "Correct the spelling", "switch", "Replace misread words by dictionary words."),
    Field("rotate", "Turn clockwise, degrees", "number", "Before anything else; negative turns left."),
    Field(
        "dsr_mode",
        "How text is found",
        "choice",
        "Which detector the cloud service uses; this machine has one of its own.",
        (("", "as the service thinks best"), *_named(*DSR_MODES)),
    ),
    Field(
        "dsr_confidence",
        "How sure finding must be",
        "choice",
        "Higher finds less, and fewer stains; the cloud service only.",
        (("", "as the service thinks best"), *_named(*DSR_CONFIDENCES)),
    ),
    Field(
        "result_type",
        "Form of the answer",
        "choice",
        "Words are marked in the image where the answer holds positions.",
        (
            ("json", _RESULT_WORDS["json"]),
            *(pair for pair in _RESULT_WORDS.items() if pair[0] != "json"),
        ),
    ),
    Field(
        "table_result_type",
        "Form of tables",
        "choice",
        "Text, CSV or Excel.",
        _named(*TABLE_RESULT_TYPES),
        obstacle="Read by table recognition only: recognize(image, document=“table”).",
    ),
    Field(
        "regions",
        "Only these regions",
        "text",
        "left, top, right, bottom in pixels of the image as given; several divided by semicolons.",
    ),
    Field(
        "normalization",
        "How errors are counted",
        "choice",
        "What counts as the same when a reading is compared with the ground truth.",
        (
            ("standard", "standard: line breaks and spaces alike"),
            *(
                (name, f"{name.replace('_', ' ')}: {one.meaning}")
                for name, one in PROFILES.items()
                if name != "standard"
            ),
        ),
    ),
)  # fmt: skip


def check_settings(settings: Mapping[str, Any]) -> RecognitionSettings:
    """Return the recognition settings of that name, if readings under them can be compared.

    Raises:
        SettingsError: a name is unknown, a value is not allowed, or the answer would hold no text.
    """
    if "upsampling" in settings:
        raise SettingsError(
            "upsampling is no setting of a workbench: name the condition make_upsampling instead."
        )
    checked = RecognitionSettings.from_options(**settings)
    if checked.result_type in _WITHOUT_TEXT:
        raise SettingsError(
            f"result_type {checked.result_type!r} holds no text to compare: "
            "choose one with text, json or hocr."
        )
    return checked


def to_value(name: str, given: Any) -> Any:
    """Return what a form gave for the field `name` as `RecognitionSettings` takes it.

    Raises:
        SettingsError: it cannot be read.
    """
    field = next((one for one in FIELDS if one.name == name), None)
    if field is None or field.obstacle:
        raise SettingsError(f"{name} cannot be set here." if field is None else field.obstacle)
    if name == "regions":
        return parse_regions(str(given))
    if field.kind == "number":
        try:
            return int(str(given).strip() or "0")
        except ValueError:
            raise SettingsError(f"{field.label}: a whole number, not {given!r}.") from None
    return None if given == "" else given


def parse_regions(text: str) -> tuple[Region, ...]:
    """Read `left, top, right, bottom; …` in pixels, in the order in which they are to be read.

    Raises:
        SettingsError: one is not four numbers, or has no area.
    """
    regions = []
    for number, part in enumerate(filter(None, (one.strip() for one in text.split(";")))):
        try:
            left, top, right, bottom = (int(value) for value in part.replace(",", " ").split())
        except ValueError:
            raise SettingsError(
                f"The region {part!r} is not four whole numbers: left, top, right, bottom."
            ) from None
        if not (0 <= left < right and 0 <= top < bottom):
            raise SettingsError(f"The region {part!r} has no area: right and bottom are the larger ones.")
        regions.append(Region(left, top, right, bottom, number))
    return tuple(regions)


def show_value(name: str, value: Any) -> Any:
    """Return a setting's value as the form shows it."""
    if name == "regions":
        return "; ".join(f"{one.left}, {one.top}, {one.right}, {one.bottom}" for one in value)
    return value


def default_of(name: str) -> Any:
    """Return what a setting is when nobody sets it."""
    return "standard" if name == "normalization" else getattr(_PLAIN, name)
