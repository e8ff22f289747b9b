"""The tracker says whether a condition helps, by how much, on which images, and how surely."""

import dataclasses
import json
import math
import random

import numpy as np
import pandas as pd
import pytest

from ocr_nb.alignment import count_edits, graphemes
from ocr_nb.errors import SettingsError
from ocr_nb.metrics import measure_accuracy
from ocr_nb.report.markup import element
from ocr_nb.statistics import bootstrap_ratio, sign_test
from ocr_nb.store import COUNT_COLUMNS, TrialStore
from ocr_nb.summary import Reader, summarize
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.tracker.comparison import BUNDLES, MOST_GROUPS
from ocr_nb.trial import Trial
from trials import trial

TRUTH = "abcdefghij"


def spoilt(errors):
    """Return the truth with that many wrong letters."""
    return "X" * errors + TRUTH[errors:]


def study(before, after, **more):
    """Make a tracker of one image for each pair of error counts."""
    rows = []
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        name = f"{number}.png"
        rows.append(trial(name, "original", spoilt(was), group=name, **more))
        rows.append(trial(name, "upsampled", spoilt(now), group=name, seconds=3.0, calls=4, **more))
    return AccuracyTracker(rows)


def test_rates_of_a_comparison_are_sums_and_means():
    """Micro is edits over lengths, macro the mean of the images; they differ where lengths do."""
    tracker = AccuracyTracker()
    tracker.record("long.png", "x" * 10, truth="y" * 10)
    tracker.record("long.png", "y" * 10, truth="y" * 10, condition="upsampled")
    tracker.record("short.png", "ab", truth="ab")
    tracker.record("short.png", "xb", truth="ab", condition="upsampled")
    found = tracker.compare()
    assert (10 / 12, 1 / 12) == (found.cer.before_micro, found.cer.after_micro)
    assert (0.5, 0.25) == (found.cer.before_macro, found.cer.after_macro)
    assert (-9 / 12, -0.25) == pytest.approx((found.cer.change, found.cer.macro_change))
    assert (0.5, 0.5) == (found.wer.before_micro, found.wer.after_micro)
    assert (1, 1, 0) == (found.helped, found.hurt, found.same)
    assert (2, 2, "standard", Reader(None, None, None)) == (
        found.images,
        found.groups,
        found.normalization,
        found.reader,
    )


def test_the_interval_and_the_tests_are_those_of_the_statistics_room():
    """Over documents: two pages of one document count once."""
    before, after = [4, 3, 2, 5, 1, 6, 2], [1, 1, 2, 3, 2, 2, 0]
    rows = list(study(before, after))
    documents = ["a", "a", "b", "c", "d", "e", "f"]
    tracker = AccuracyTracker(
        dataclasses.replace(row, group=documents[int(row.image.split(".")[0])]) for row in rows
    )
    found = tracker.compare()
    change = [-5, 0, -2, 1, -4, -2]
    expected = bootstrap_ratio(change, [20, 10, 10, 10, 10, 10])
    assert expected == found.cer.interval
    assert 6 == found.groups == found.cer.interval.groups
    assert sign_test(4, 1) == found.cer.sign_p
    assert 0 < found.cer.permutation_p < 0.2
    assert (5, 1, 1) == (found.helped, found.hurt, found.same)


def test_regressions_come_first():
    """Largest first, then the others, the largest gain last."""
    pairs = study([1, 5, 2, 0], [3, 0, 2, 1]).compare().pairs
    assert ["0.png", "3.png", "2.png", "1.png"] == list(pairs["image"])
    assert [2, 1, 0, -5] == list(pairs["change"])
    assert [0.1, 0.0, 0.2, 0.5] == list(pairs["cer_before"])
    assert [0.3, 0.1, 0.2, 0.0] == list(pairs["cer_after"])


def test_the_sentence_is_the_report_s():
    """One vocabulary: the command line, the report and the tracker say the same of the same trials."""
    tracker = study([4, 3, 2, 5, 1, 6], [1, 1, 2, 3, 2, 2])
    expected = summarize(list(tracker)).sentence
    assert expected == tracker.compare().sentence
    assert expected.startswith(
        "No clear gain from upsampling: CER falls from 35.0 % to 18.3 % (−16.7 points, 95 %"
    )


def test_upsampling_is_not_praised_for_what_resizing_does():
    """Where plain resizing was tried, the second sentence compares with that."""
    tracker = study([4] * 6, [2] * 6)
    tracker.extend(trial(f"{n}.png", "resized", spoilt(2), group=f"{n}.png") for n in range(6))
    assert (
        tracker.compare()
        .sentences[1]
        .startswith("Against plain resizing to the same size there is no clear difference (0.0 points")
    )
    assert 1 == len(tracker.compare("original", "resized").sentences)


def test_a_comparison_agrees_with_the_summary_of_the_same_trials():
    """Vectorized or one by one, the numbers are the same; random trials, variants, settings and failures."""
    rnd = random.Random(5)
    rows = []
    for number in range(60):
        for condition in ("original", "upsampled"):
            read = "".join(letter if rnd.random() > 0.2 else rnd.choice("xyz ") for letter in TRUTH)
            row = trial(
                f"{number}.png", condition, read, group=f"doc{number % 17}", variant=rnd.choice([None, "v"])
            )
            if rnd.random() < 0.1:
                row = dataclasses.replace(row, text=None, cer=None, wer=None, error="It failed.")
            if condition == "upsampled":
                row = dataclasses.replace(row, settings={"upsampling": True})
            rows.append(row)
    found = AccuracyTracker(rows).compare()
    expected = summarize(rows).find("upsampled").difference
    assert (expected.images, expected.cer_before, expected.cer_after) == pytest.approx(
        (found.images, found.cer.before_micro, found.cer.after_micro)
    )
    assert (expected.interval, expected.p_value) == (found.cer.interval, found.cer.permutation_p)
    assert (len(expected.helped), len(expected.hurt)) == (found.helped, found.hurt)


def test_of_two_upsamplers_the_later_counts():
    """Another upsampler makes another trial; every table speaks of the last, paired with the one original."""
    tracker = AccuracyTracker()
    tracker.add(trial("a", "original", spoilt(4)))
    for errors, upsampler in ((9, "learned 1"), (1, "learned 2")):
        tracker.add(trial("a", "upsampled", spoilt(errors), settings={"upsampler": upsampler}))
    assert 3 == len(tracker)
    assert (0.4, 0.1, 1) == (*_micro(tracker.compare()), tracker.compare().images)
    assert [1, 1] == list(tracker.summary()["images"])
    assert [0.4, 0.1] == list(tracker.summary()["cer_micro"]) == list(tracker.by("image")["cer_micro"])
    assert [3] == list(tracker.costs()["corrected"])
    assert [1, 1] == list(tracker.bags_of_words()["images"])


def _micro(comparison):
    return comparison.cer.before_micro, comparison.cer.after_micro


def test_readers_are_never_pooled():
    """With several, one is chosen by name; an unknown name lists those there are."""
    tracker = study([4, 3], [1, 1])
    tracker.extend(study([4, 3], [5, 5], engine="tesseract", engine_version="5.3"))
    with pytest.raises(
        SettingsError, match=r"These trials are by rapidocr 3\.10, tesseract 5\.3: choose one"
    ):
        tracker.compare()
    assert 0.1 == tracker.compare(reader="rapidocr").cer.after_micro
    assert 0.5 == tracker.compare(reader="tesseract 5.3").cer.after_micro
    assert 2 == len(tracker.readers)
    with pytest.raises(SettingsError, match=r"reader='abbyy' is not one of these: rapidocr 3\.10, tesseract"):
        tracker.compare(reader="abbyy")


def test_what_cannot_be_compared_is_said():
    """A condition nobody measured, one with itself, no truth, and different ways of counting."""
    tracker = study([1], [0])
    with pytest.raises(
        SettingsError, match=r"No trial of rapidocr 3\.10 has the condition 'deskew': measure it"
    ):
        tracker.compare("original", "deskew")
    with pytest.raises(SettingsError, match="original cannot be compared with itself"):
        tracker.compare("original", "original")
    blind = AccuracyTracker([trial("a", name, "x", truth=None) for name in ("original", "upsampled")])
    with pytest.raises(SettingsError, match=r"No image has a ground truth .* see proxies\(\)"):
        blind.compare()
    mixed = AccuracyTracker(
        dataclasses.replace(row, normalization=name)
        for row, name in zip(tracker, ("nfc", "raw"), strict=True)
    )
    with pytest.raises(SettingsError, match="different normalizations do not add up: nfc, raw"):
        mixed.compare()
    assert 1.0 == mixed.compare(normalization="nfc").helped


def test_failed_images_are_counted_and_stand_in_no_rate():
    """Also when only one of the two readings failed."""
    tracker = study([1, 1], [0, 0])
    tracker.add(dataclasses.replace(trial("bad.png", "original", None, truth=None), error="No image."))
    tracker.add(trial("bad.png", "upsampled", spoilt(9)))
    found = tracker.compare()
    assert (2, 1, 0.0) == (found.images, found.failed, found.cer.after_micro)


def test_few_documents_give_no_interval():
    """And the sentence says why."""
    found = study([4, 3], [1, 1]).compare()
    assert (None, None) == (found.cer.interval, found.wer.interval)
    assert "too few documents for an interval" in found.sentence


def test_an_empty_truth_is_infinite_and_stays_out_of_the_mean():
    """As everywhere in the house: it cannot hide."""
    tracker = AccuracyTracker()
    for name, read in (("original", "abc"), ("upsampled", "")):
        tracker.record("empty.png", read, truth="", condition=name)
        tracker.record("page.png", TRUTH, truth=TRUTH, condition=name)
    found = tracker.compare()
    assert (0.3, 0.0) == (found.cer.before_micro, found.cer.after_micro)
    assert (0.0, 0.0) == (found.cer.before_macro, found.cer.after_macro)
    assert [math.inf, 0.0] == sorted(found.pairs["cer_before"], reverse=True)


def test_thousands_of_documents_are_bundled_and_say_the_same():
    """The interval of the bundles is close to that of the documents, and names how many there are."""
    rnd = np.random.default_rng(3)
    before = rnd.integers(0, 6, MOST_GROUPS + 200)
    after = np.maximum(0, before - rnd.integers(-1, 3, len(before)))
    found = study(before.tolist(), after.tolist()).compare()
    plain = bootstrap_ratio((after - before).astype(float), np.full(len(before), 10.0), repetitions=2000)
    assert BUNDLES < MOST_GROUPS < found.groups == found.cer.interval.groups
    assert plain.low == pytest.approx(found.cer.interval.low, abs=0.15 * (plain.high - plain.low))
    assert plain.high == pytest.approx(found.cer.interval.high, abs=0.15 * (plain.high - plain.low))


def test_the_frame_is_plain_and_typed():
    """Strings, categories, nullable integers, floats with NaN and infinity, UTC; settings are JSON."""
    row = trial(
        "a.png", "original", "x", truth="", settings={"language": "German"}, warnings=("One.",), width=3,
        time="2026-01-02T03:04:05+00:00",
    )  # fmt: skip
    frame = AccuracyTracker([row, trial("b.png", "original", "x", truth=None, seconds=None)]).frame
    assert [field.name for field in dataclasses.fields(Trial)] + [*COUNT_COLUMNS] == list(frame.columns)
    assert "string" == frame["text"].dtype
    assert isinstance(frame["condition"].dtype, pd.CategoricalDtype)
    assert ("Int64", "Int64", "float64") == (
        frame["width"].dtype, frame["character_hits"].dtype, frame["seconds"].dtype
    )  # fmt: skip
    assert pd.Timestamp("2026-01-02T03:04:05Z") == frame["time"][0]
    assert math.isinf(frame["cer"][0])
    assert [False, True] == list(frame["cer"].isna())
    assert {"language": "German"} == json.loads(frame["settings"][0])
    assert ["One."] == json.loads(frame["warnings"][0])
    assert 3 == frame["width"].sum()


def test_an_empty_tracker_has_an_empty_frame_and_says_so():
    """With the same columns and types."""
    tracker = AccuracyTracker()
    assert (0, "float64") == (len(tracker.frame), tracker.frame["cer"].dtype)
    assert "<p>No trials yet.</p>" == tracker._repr_html_()
    assert [] == list(tracker.summary()["condition"])


def test_metrics_can_be_counted_anew_under_any_profile():
    """From the stored texts; the stored trials stay as they are."""
    tracker = AccuracyTracker([trial("a.png", "original", "ONE two", truth="one  Two")])
    anew = tracker.renormalized("caseless")
    assert (0.0, "caseless") == (anew.frame["cer"][0], anew.frame["normalization"][0])
    assert 4 / 7 == tracker.frame["cer"][0]
    with pytest.raises(SettingsError, match="There is no normalization 'lax'"):
        tracker.renormalized("lax")


def test_a_store_on_disk_goes_on_where_it_was(tmp_path):
    """A tracker of a path keeps everything there."""
    with AccuracyTracker(tmp_path / "s.sqlite") as tracker:
        assert tracker.add(trial("a.png", "original", "x"))
        assert not tracker.add(trial("a.png", "original", "y"))
    with TrialStore(tmp_path / "s.sqlite") as store:
        assert ["x"] == [row.text for row in AccuracyTracker(store)]


def test_the_summary_has_a_row_a_reader_and_condition():
    """Failures counted apart, rates both ways, calls summed."""
    tracker = study([1, 3], [0, 0])
    tracker.add(dataclasses.replace(trial("c.png", "original", None, truth=None), error="Bad.", calls=None))
    rows = tracker.summary().set_index("condition")
    assert (2, 1, 2) == tuple(rows.loc["original", ["images", "failed", "with_truth"]])
    assert (0.2, 0.2, 1.0, 4) == tuple(rows.loc["original", ["cer_micro", "cer_macro", "seconds", "calls"]])
    assert (0.0, 8) == tuple(rows.loc["upsampled", ["cer_micro", "calls"]])


def test_small_text_stands_apart_from_large():
    """Bins are half open, named by their edges, in order; an unknown x-height stands in none."""
    tracker = AccuracyTracker()
    for number, height in enumerate((5.0, 6.9, 7.0, 30.0, None)):
        tracker.add(trial(f"{number}.png", "original", spoilt(number), x_height_px=height))
    table = tracker.by_x_height()
    assert ["5 to 7", "7 to 9", "26 and more"] == list(table["x_height_px"])
    assert [0.05, 0.2, 0.3] == pytest.approx(list(table["cer_micro"]))
    assert [5.95, 7.0, 30.0] == pytest.approx(list(table["middle"]))
    assert table["cer_low"].isna().all()


def test_groups_stand_apart_with_their_intervals():
    """An interval where a value has enough documents."""
    tracker = AccuracyTracker()
    for number in range(8):
        row = trial(
            f"{number}.png",
            "original",
            spoilt(number % 3),
            group=f"d{number}",
            variant="v" if number else "w",
        )
        tracker.add(row)
    table = tracker.by("variant").set_index("variant")
    assert [7, 1] == list(table["documents"])
    assert table.loc["v", "cer_low"] < table.loc["v", "cer_micro"] < table.loc["v", "cer_high"]
    assert math.isnan(table.loc["w", "cer_low"])


def test_costs_are_counted_per_corrected_character():
    """Beyond the baseline's, over shared images; nothing corrected has no price."""
    costs = study([4, 3], [1, 1]).costs()
    assert ["upsampled", 2, 5, 4.0, 4, 0.8, 0.8] == costs.iloc[0, 3:].tolist()
    assert math.isnan(study([1], [2]).costs()["seconds_per_corrected"][0])


def test_bags_of_words_forgive_the_order():
    """And only that."""
    tracker = AccuracyTracker([trial("a", "original", "three one four", truth="one two three four")])
    assert (1.0, 0.75, 6 / 7) == tuple(
        tracker.bags_of_words().loc[0, ["bag_precision", "bag_recall", "bag_f1"]]
    )


def test_without_truth_there_are_proxies_called_so():
    """Agreement with the baseline, confidence, and the share of words that exist."""
    tracker = AccuracyTracker()
    tracker.add(trial("a.png", "original", "the qxck fox 12", truth=None, confidence=0.5))
    tracker.add(trial("a.png", "upsampled", "the quck fox 12", truth=None, confidence=0.75))
    rows = tracker.proxies(dictionary=["The", "quick", "fox"]).set_index("condition")
    assert (0.5, 2 / 3) == tuple(rows.loc["original", ["confidence_proxy", "dictionary_proxy"]])
    assert math.isnan(rows.loc["original", "agreement_proxy"])
    assert 14 / 15 == rows.loc["upsampled", "agreement_proxy"]
    assert tracker.proxies()["dictionary_proxy"].isna().all()
    assert [0, 0, 0] == list(tracker.proxy_correlations()["trials"])


def test_proxies_are_judged_where_there_is_truth():
    """A confidence that falls as errors rise correlates −1 with the CER by rank."""
    tracker = AccuracyTracker(
        trial(f"{errors}.png", "original", spoilt(errors), confidence=1 / (1 + errors)) for errors in range(6)
    )
    table = tracker.proxy_correlations().set_index("proxy")
    assert (6, pytest.approx(-1.0)) == tuple(table.loc["confidence_proxy"])
    assert math.isnan(table.loc["agreement_proxy", "spearman"])


def test_what_a_notebook_shows_is_escaped():
    """Names and sentences come from files."""
    tracker = AccuracyTracker()
    for condition, read in (("original", TRUTH), ("upsampled", spoilt(3))):
        tracker.add(trial("<script>alert(1)</script>", condition, read, engine="<b>"))
    for shown in (tracker._repr_html_(), tracker.compare()._repr_html_()):
        assert "<script>" not in shown
        assert "<b>" not in shown
        assert str(element("i", "<b> 3.10"))[3:-4] in shown
        assert "Upsampling gives more errors here" in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;: 0.0 % → 30.0 %" in tracker.compare()._repr_html_()


def test_the_report_is_written_where_it_was_asked(tmp_path):
    """The same sentence, in one file; without trials there is nothing to report."""
    tracker = study([4, 3, 2, 5, 1, 6], [1, 1, 2, 3, 2, 2])
    page = tracker.report(tmp_path / "mine.html")
    assert tmp_path / "mine.html" == page
    assert "<strong>No clear gain from upsampling:</strong>" in page.read_text("utf-8").replace("\u00a0", " ")
    with pytest.raises(SettingsError, match="There are no trials to report"):
        AccuracyTracker().report(tmp_path / "none.html")


def test_stored_counts_are_those_of_the_texts():
    """Over random pairs of texts, also empty ones."""
    rnd = random.Random(9)
    rows = []
    for number in range(200):
        truth, read = ("".join(rnd.choices("abc é\n", k=rnd.randrange(12))) for _ in range(2))
        rows.append(trial(f"{number}.png", "original", read, truth=truth))
    frame = AccuracyTracker(rows).frame
    for row, (_, stored) in zip(rows, frame.iterrows(), strict=True):
        accuracy = measure_accuracy(row.ground_truth, row.text)
        counted = dataclasses.astuple(accuracy.character_counts) + dataclasses.astuple(accuracy.word_counts)
        assert counted == tuple(stored[list(COUNT_COLUMNS)])
        assert accuracy.cer == stored["cer"]
    assert 0 < count_edits(graphemes("ab"), graphemes("ac")).edits
