"""The bench behind the explorer: pictures at every text height, read once, stopped between conditions."""

import threading

import numpy as np
import pytest

from doubles import ReadsInk, RepeatsPixels
from ocr_nb.degrade import shrink
from ocr_nb.errors import ImageError, SettingsError
from ocr_nb.images import from_array, luma
from ocr_nb.sample_set import SHARP_FOLDER, sharp_samples
from ocr_nb.service.local import LocalService
from ocr_nb.shrinking import CURVE, DAMAGES, X_HEIGHTS, Bench, Spot, advice_border, coarse_to_fine
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.xheight import measure_x_height

NOTICE = sharp_samples("notice")[0]


@pytest.fixture(scope="module")
def reader():
    """An engine that reads ink, and counts."""
    return ReadsInk()


@pytest.fixture(scope="module")
def service(reader):
    """The local service with it."""
    return LocalService(recognizer=reader, upsampler=RepeatsPixels())


@pytest.fixture
def bench(service):
    """A bench with the notice."""
    return Bench(NOTICE, service=service)


def read(bench, spot, tell=lambda *_: None):
    """Read and return the trials by condition."""
    assert bench.read(spot, tell)
    return {str(condition): reading.trial for condition, reading in bench.known(spot).items()}


@pytest.mark.parametrize("sample", sharp_samples(), ids=lambda sample: sample.name)
def test_a_sharp_page_is_as_large_and_as_tall_as_it_says(sample):
    """Clean, small as a file, text of 28 px and more."""
    picture = sample.picture
    assert (sample.width, sample.height) == (picture.width, picture.height)
    assert len(picture.source) < 60_000
    assert sample.x_height_px >= 28
    assert measure_x_height(luma(picture)) == pytest.approx(sample.x_height_px, rel=0.06)
    assert sample.ground_truth


def test_every_sharp_file_belongs_to_a_page():
    """No image without a truth, nothing left over."""
    expected = {"SOURCES.md", "sharp.json"}
    for sample in sharp_samples():
        expected |= {sample.path.name, f"{sample.name}.gt.txt"}
    assert expected == {path.name for path in SHARP_FOLDER.iterdir()}


def test_an_unknown_page_is_refused():
    """With the known ones."""
    with pytest.raises(SettingsError, match="no sample 'notes': choose from code, label, notice"):
        sharp_samples("notes")


@pytest.mark.parametrize("height", [3.0, 6.0, 12.0, 24.0])
def test_the_text_is_as_high_as_wanted(bench, height):
    """By the scale, to the pixel that a side can be rounded by; the page keeps its shape."""
    picture = bench.shrunk(Spot(height))
    scale = height / bench.x_height_px
    assert abs(picture.width - scale * bench.source.width) <= 0.5
    assert abs(picture.height - scale * bench.source.height) <= 0.5


def test_shrinking_averages(bench):
    """The same pixels as `degrade.shrink` gives."""
    wanted = shrink(bench.source, 6 / bench.x_height_px)
    assert np.array_equal(wanted.pixels, bench.shrunk(Spot(6.0)).pixels)


def test_damage_spoils_more_and_more_and_the_same_every_time(bench, service):
    """Strong differs more from the clean picture than mild; another bench gives the same pixels."""
    clean, mild, strong = (bench.shrunk(Spot(8.0, damage)).pixels.astype(float) for damage in DAMAGES)
    assert 0 < np.abs(mild - clean).mean() < np.abs(strong - clean).mean()
    again = Bench(NOTICE, service=service).shrunk(Spot(8.0, "strong")).pixels
    assert np.array_equal(strong, again.astype(float))


def test_each_condition_is_told_as_it_is_read_with_its_picture(bench):
    """Enlarged pictures are twice as wide."""
    told = []
    assert bench.read(Spot(6.0), lambda spot, condition, reading: told.append((str(condition), reading)))
    widths = {name: reading.picture.width for name, reading in told}
    assert {"original", "resized:x2", "upsampled:x2"} == set(widths)
    assert widths["upsampled:x2"] == widths["resized:x2"] == 2 * widths["original"]


def test_points_are_trials_that_say_what_was_done(bench):
    """Truth, x-height, the sharp file's hash, and how it was spoilt."""
    read(bench, Spot(6.0))
    read(bench, Spot(6.0, "mild"))
    trials = list(bench.tracker)
    assert 6 == len(trials)
    assert {NOTICE.picture.hash} == {trial.image_hash for trial in trials}
    assert {6.0} == {trial.x_height_px for trial in trials}
    assert {NOTICE.ground_truth} == {trial.ground_truth for trial in trials}
    assert {"x-height 6 px", "x-height 6 px, blur 0.5, noise 5, JPEG 60"} == {t.variant for t in trials}


def test_nothing_is_read_twice(bench, reader):
    """The second time costs no reading, also with a tracker that was there before."""
    read(bench, Spot(7.0))
    seen = len(reader.seen)
    assert seen
    told = []
    assert bench.read(Spot(7.0), lambda *what: told.append(what))
    assert (seen, []) == (len(reader.seen), told)


def test_a_reading_ends_after_its_condition_when_stopped(service):
    """What was read stays; the rest is read the next time."""
    bench = Bench(NOTICE, service=service)
    told = []

    def tell(spot, condition, reading):
        told.append(str(condition))
        bench.stop()

    assert not bench.read(Spot(6.0), tell)
    assert 1 == len(told)
    assert bench.read(Spot(6.0), lambda spot, condition, reading: told.append(str(condition)))
    assert ["original", "resized:x2", "upsampled:x2"] == sorted(told)


def test_only_one_reading_is_under_way(bench):
    """Two threads take turns, and both get their points."""
    threads = [threading.Thread(target=read, args=(bench, Spot(height))) for height in (9.0, 10.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 3 == len(bench.known(Spot(9.0))) == len(bench.known(Spot(10.0)))


def test_without_a_truth_errors_count_against_the_full_size(service):
    """The rows say that the truth was read, not given."""
    bench = Bench(NOTICE.picture, service=service)
    assert bench.is_truth_read
    trials = read(bench, Spot(12.0))
    assert bench.truth
    assert all("The truth is what was read at full size." in one.warnings for one in trials.values())


def test_errors_are_told_and_tried_again(service):
    """A failure is no point of the curve."""
    bench = Bench(NOTICE, conditions="original", service=service, settings={"language": "Klingon"})
    told = []
    for _ in range(2):
        assert bench.read(Spot(6.0), lambda spot, condition, reading: told.append(reading.trial.error))
    assert 2 == len(told)
    assert all("Klingon" in error for error in told)
    assert 0 == len(bench.tracker)


def test_points_go_into_the_tracker_given(service):
    """An empty one too."""
    tracker = AccuracyTracker()
    bench = Bench(NOTICE, conditions="original", service=service, tracker=tracker)
    read(bench, Spot(6.0))
    assert 1 == len(tracker)


@pytest.mark.parametrize("height", [1.9, 28.0, 100.0])
def test_heights_that_cannot_be_had_are_refused(bench, height):
    """Larger than the page's own text, or too small for anybody."""
    with pytest.raises(
        SettingsError, match=r"notice\.png has text 30 px high: choose a text height from 2 px"
    ):
        bench.shrunk(Spot(height))


def test_unknown_damage_is_refused(bench):
    """With the one that was meant."""
    with pytest.raises(SettingsError, match="no damage 'strang': did you mean 'strong'"):
        bench.shrunk(Spot(6.0, "strang"))


def test_a_picture_without_text_or_with_tiny_text_is_refused():
    """Nothing can be shown with it."""
    with pytest.raises(ImageError, match="no text whose height could be measured"):
        Bench(from_array(np.ones((200, 200), np.float32)))
    with pytest.raises(ImageError, match=r"has text \d\.\d px high: give a page"):
        Bench(shrink(NOTICE.picture, 2.5 / 30))


def test_very_large_text_is_reduced_once(service):
    """So that every later step is quick; the row names the file that was given."""
    pixels = np.kron(luma(NOTICE.picture), np.ones((3, 3), np.float32))
    bench = Bench(from_array(pixels, name="large.png"), NOTICE.ground_truth, service=service)
    assert bench.x_height_px == pytest.approx(48, rel=0.05)
    assert bench.source.width < pixels.shape[1]
    assert measure_x_height(luma(bench.shrunk(Spot(12.0)))) == pytest.approx(12, abs=0.4)


def test_the_advice_changes_where_the_advice_says():
    """For Tesseract at 10 px; RapidOCR is never told to have pictures enlarged."""
    assert 10.0 == advice_border("tesseract")
    assert advice_border("rapidocr") is None
    assert advice_border("somebody") is None


def test_the_curve_has_its_shape_early():
    """Both ends, then the middle, then the middles of the halves; each height once."""
    ordered = coarse_to_fine(CURVE)
    assert (24.0, 2.0) == tuple(ordered[:2])
    assert sorted(CURVE) == sorted(ordered)
    assert 6.0 == ordered[2]
    assert [5.0] == coarse_to_fine([5.0, 5.0])
    assert [] == coarse_to_fine([])
    assert set(CURVE) <= set(X_HEIGHTS)
