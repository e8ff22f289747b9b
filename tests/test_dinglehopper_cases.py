"""The cases that dinglehopper 0.11 publishes in its own tests: the same rates and words here.

Its units are ours: grapheme clusters, and words of Unicode's annex 29 that are not all punctuation.
"""

import math
import unicodedata

import pytest

from ocr_nb.alignment import SpanKind, align, words
from ocr_nb.metrics import measure_accuracy
from ocr_nb.truth import find_truth


@pytest.mark.parametrize(
    ("truth", "read", "cer"),
    [
        ("a", "a", 0),
        ("a", "b", 1),
        ("Foo", "Bar", 1),
        ("Foo", "", 1),
        ("", "", 0),
        ("", "Foo", math.inf),
        ("Foo", "Food", 1 / 3),
        ("Fnord", "Food", 2 / 5),
        ("Müll", "Mull", 1 / 4),
        ("Abstand", "Sand", 4 / 7),
        (
            unicodedata.normalize("NFC", "Schlyñ lorem ipsum."),
            unicodedata.normalize("NFD", "Schlyñ lorem ipsum!"),
            1 / 19,
        ),
        ("Schly\u00f1", "Schlym\u0303", 1 / 6),
        ("Schlym\u0303", "Schly\u00f1", 1 / 6),
    ],
)
def test_character_error_rates(truth, read, cer):
    """A letter with its combining mark is one, composed or not, so that the rate is the same both ways."""
    assert math.isclose(cer, measure_accuracy(truth, read).cer)


@pytest.mark.parametrize(
    ("truth", "read", "wer"),
    [
        ("Dies ist ein Beispielsatz!", "Dies ist ein Beispielsatz!", 0),
        ("Dies. ist ein Beispielsatz!", "Dies ist ein Beispielsatz!", 0),
        ("Dies. ist ein Beispielsatz!", "Dies ist ein Beispielsatz.", 0),
        ("Dies ist ein Beispielsatz!", "Dies ist ein Beispielsarz:", 1 / 4),
        ("Dies ist ein Beispielsatz!", "Dies ein ist Beispielsatz!", 2 / 4),
        ("Dies ist ein Beispielsatz!", "", 1),
        ("", "Dies ist ein Beispielsatz!", math.inf),
        ("", "", 0),
        ("Schly\u00f1 lorem ipsum dolor sit amet,", "Schlym\u0303 lorem ipsum dolor sit amet.", 1 / 6),
    ],
)
def test_word_error_rates(truth, read, wer):
    """Punctuation is no part of a word; two words that change places are two errors."""
    assert math.isclose(wer, measure_accuracy(truth, read).wer)


def test_words_are_those_between_punctuation_and_numbers_stay_whole():
    """Brackets and quotes around a word are not of it; “3,14” is one."""
    text = "Der schnelle [„braune“] Fuchs kann keine 3,14 Meter springen, oder?"
    assert [
        "Der",
        "schnelle",
        "braune",
        "Fuchs",
        "kann",
        "keine",
        "3,14",
        "Meter",
        "springen",
        "oder",
    ] == words(text)


def test_private_characters_of_historical_fonts_are_letters():
    """Ligatures that Unicode does not have stand within their words; a hyphen at a line's end parts them."""
    text = (
        "\ue72bber die vielen Sorgen wegen de\ueba6elben vergaß Hartkopf, der Frau Amtm\ue42cnnin das ver⸗\n"
        "ſpro\uf502ene zu \ue72bberliefern."
    )
    assert [
        "\ue72bber",
        "die",
        "vielen",
        "Sorgen",
        "wegen",
        "de\ueba6elben",
        "vergaß",
        "Hartkopf",
        "der",
        "Frau",
        "Amtm\ue42cnnin",
        "das",
        "ver",
        "ſpro\uf502ene",
        "zu",
        "\ue72bberliefern",
    ] == words(text)


@pytest.mark.parametrize(("truth", "read"), [("Schlyñ", "Schlym̃"), ("oͤde", "öde")])
def test_a_letter_with_another_mark_is_one_substitution(truth, read):
    """At its place, and nothing else."""
    wrong = [span for span in align(truth, read) if span.kind is not SpanKind.EQUAL]
    assert [SpanKind.SUBSTITUTED] == [span.kind for span in wrong]


def test_what_is_canonically_equivalent_is_equal():
    """Whatever the order and the composition of its code points."""
    left, right = "Lorem ipsum dolor sit amet \u0075\u0364\u0303", "Lorem ipsum dolor sit amet \u0169\u0364"
    equal = unicodedata.normalize("NFC", left) == unicodedata.normalize("NFC", right)
    assert equal is (0.0 == measure_accuracy(left, right).cer)
    composed = "ñ ä Å"
    assert 0.0 == measure_accuracy(composed, unicodedata.normalize("NFD", composed)).cer


@pytest.mark.parametrize(
    ("truth", "read", "cer"),
    [
        ("", "Lorem ipsum", math.inf),
        ("Lorem ipsum", "", 1.0),
        ("\ufeff", "Lorem ipsum", math.inf),
        ("", "", 0.0),
        ("\ufeff", "", 0.0),
    ],
)
def test_empty_truth_files(tmp_path, truth, read, cer):
    """Also one that holds nothing but a byte order mark."""
    image = tmp_path / "page.png"
    image.with_suffix(".gt.txt").write_text(truth, encoding="utf-8")
    assert cer == measure_accuracy(find_truth(None, 0, name=image.name, path=image), read).cer
