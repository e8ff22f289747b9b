"""Summing up trials: pairing, pooling, and what is left out."""

from __future__ import annotations

import math

import pytest

from ocr_nb.summary import Reader, summarize
from ocr_nb.trial import Trial
from trials import trial


def test_a_condition_is_compared_with_the_same_images_only():
    """An image the baseline has not read is in the condition's rate and not in the difference."""
    rows = [
        trial("a", "original", "abcdefgXXX"),
        trial("a", "upsampled", "abcdefghij"),
        trial("b", "upsampled", "abcdefghiX"),
    ]
    upsampled = summarize(rows).find("upsampled")
    assert upsampled is not None
    assert (2, 1 / 20) == (upsampled.images, upsampled.cer.corpus)
    assert (1, 0.3, 0.0) == (
        upsampled.difference.images, upsampled.difference.cer_before, upsampled.difference.cer_after,
    )  # fmt: skip


def test_images_are_sorted_into_helped_hurt_and_same_with_the_largest_change_first():
    """Who gained and who lost is named, not only counted."""
    rows = []
    for name, before, after in (("a", 1, 0), ("b", 5, 2), ("c", 0, 1), ("d", 2, 2), ("e", 0, 4)):
        rows.append(trial(name, "original", "X" * before + "abcdefghij"[before:]))
        rows.append(trial(name, "upsampled", "X" * after + "abcdefghij"[after:]))
    difference = summarize(rows).find("upsampled").difference
    assert ("b", "a") == difference.helped
    assert ("e", "c") == difference.hurt
    assert ("d",) == difference.same
    assert math.isclose(1 / 50, difference.cer)
    assert difference.interval.groups == 5


def test_documents_are_resampled_not_images():
    """Six images of two documents have no interval; six of six have one."""
    rows = [
        trial(f"{page}", condition, text, group=f"document {page % 2}")
        for page in range(6)
        for condition, text in (("original", "abcdefgXXX"), ("upsampled", "abcdefghij"))
    ]
    assert summarize(rows).find("upsampled").difference.interval is None
    assert (
        summarize([trial(r.image, r.condition, r.text) for r in rows]).find("upsampled").difference.interval
    )


def test_readers_are_never_pooled():
    """Two engines give two rows a condition, each compared with its own baseline."""
    rows = [
        trial("a", "original", "abcdefghXX", engine="tesseract"),
        trial("a", "upsampled", "abcdefghij", engine="tesseract"),
        trial("a", "original", "abcdefghij"),
        trial("a", "upsampled", "abcdefghiX"),
    ]
    summary = summarize(rows)
    first, second = summary.readers
    assert (Reader("tesseract", "3.10", "local"), "rapidocr 3.10") == (first, str(second))
    assert -0.2 == summary.find("upsampled", first).difference.cer
    assert 0.1 == summary.find("upsampled", second).difference.cer


def test_failed_trials_are_counted_and_left_out():
    """An error row changes no rate."""
    rows = [
        trial("a", "original", "abcdefghij"),
        trial("a", "upsampled", "abcdefghij"),
        trial("b", "original", "abcdefghij"),
        Trial(image="b", condition="upsampled", engine="rapidocr", engine_version="3.10", service="local",
              error="b is damaged.", ground_truth="abcdefghij"),
    ]  # fmt: skip
    upsampled = summarize(rows).find("upsampled")
    assert (1, 1, 0.0) == (upsampled.images, upsampled.failed, upsampled.cer.corpus)
    assert 1 == upsampled.difference.images


def test_a_later_trial_replaces_an_earlier_one():
    """An image measured twice counts once, as it was measured last."""
    rows = [trial("a", "original", "XXXXXXXXXX"), trial("a", "original", "abcdefghij")]
    original = summarize(rows).find("original")
    assert (1, 0.0, 2) == (original.images, original.cer.corpus, original.calls)


def test_make_upsampling_pairs_with_the_original_despite_its_own_setting():
    """The setting that makes the condition does not keep it from its baseline; another language does."""
    rows = [
        trial("a", "original", "abcdefghXX", settings={}),
        trial("a", "make_upsampling", "abcdefghij", settings={"upsampling": True}),
        trial("a", "upsampled", "abcdefghij", settings={"language": "German"}),
    ]
    summary = summarize(rows)
    assert -0.2 == summary.find("make_upsampling").difference.cer
    assert summary.find("upsampled").difference is None


def test_upsampling_is_also_compared_with_resizing_to_the_same_size():
    """Only with the same factor and the same further steps."""
    rows = [
        trial("a", "original", "abcdeXXXXX"),
        trial("a", "resized:x3+binarize", "abcdefgXXX"),
        trial("a", "upsampled:x3+binarize", "abcdefghij"),
        trial("a", "upsampled:x2", "abcdefghij"),
    ]
    summary = summarize(rows)
    assert math.isclose(-0.3, summary.find("upsampled:x3+binarize").over_resizing.cer)
    assert summary.find("upsampled:x2").over_resizing is None
    assert summary.find("resized:x3+binarize").over_resizing is None


def test_without_ground_truth_there_are_proxies_and_no_rates():
    """Confidence and agreement with the baseline stand where accuracy cannot."""
    rows = [
        trial("a", "original", "abcd", None, confidence=0.5),
        trial("a", "upsampled", "abXd", None, confidence=0.75),
    ]
    upsampled = summarize(rows).find("upsampled")
    assert (None, None, None) == (upsampled.cer, upsampled.wer, upsampled.difference)
    assert (0.75, 0.75) == (upsampled.confidence, upsampled.agreement)


def test_different_normalizations_do_not_add_up():
    """The message names both profiles."""
    other = Trial(image="b", text="x", ground_truth="x", normalization="caseless")
    with pytest.raises(ValueError, match="do not add up: caseless, standard"):
        summarize([trial("a", "original", "x"), other])


def test_nothing_cannot_be_summed_up():
    """No trials, or none of the baseline asked for, is misuse and says so."""
    with pytest.raises(ValueError, match="no trials"):
        summarize([])
    with pytest.raises(ValueError, match="No trial has the condition 'plain': there are original"):
        summarize([trial("a", "original", "x")], baseline="plain")
