"""Every image under every condition gives one row, and a row that failed says why."""

import io
import json
import threading

import numpy as np
import pytest
from PIL import Image

from doubles import ReadsInk, ReadsWhenTold, RepeatsPixels
from ocr_nb.advice import EDITION
from ocr_nb.condition import parse_conditions
from ocr_nb.errors import BudgetExceeded, SettingsError
from ocr_nb.images import load_picture
from ocr_nb.measuring import Measurer
from ocr_nb.sample_set import samples
from ocr_nb.service.local import LocalService
from ocr_nb.service.protocol import Region, ServiceIdentity
from ocr_nb.study import DEFAULT_CONDITIONS, compare, compare_with_pictures
from ocr_nb.subjects import list_subjects


class ReadsLikeTesseract(ReadsInk):
    """Reads ink under a name for which the advice is to enlarge small text."""

    name = "tesseract"


@pytest.fixture
def service():
    """This machine's service with an engine that spells the sizes of blobs."""
    return LocalService(recognizer=ReadsInk(), upsampler=RepeatsPixels())


@pytest.fixture
def page(tmp_path):
    """A file with two words of ink, 12×9 and 20×9 pixels, and its ground truth."""
    pixels = np.full((40, 80), 255, np.uint8)
    pixels[15:24, 10:22] = 0
    pixels[15:24, 40:60] = 0
    path = tmp_path / "page.png"
    Image.fromarray(pixels).save(path)
    path.with_name("page.gt.txt").write_text("w12h9 w20h9\n", encoding="utf-8")
    return path


def by_condition(trials):
    return {trial.condition: trial for trial in trials}


def test_a_row_says_everything_about_one_image_under_one_condition(page, service):
    """The original is read as it is, and the row holds what led to the number."""
    (trial,) = compare(page, conditions="original", service=service)
    assert ("page.png", "page", None, "original") == (
        trial.image,
        trial.group,
        trial.variant,
        trial.condition,
    )
    assert load_picture(page).hash == trial.image_hash
    assert ("local", "ink", "1.0") == (trial.service, trial.engine, trial.engine_version)
    assert ("w12h9 w20h9", "w12h9 w20h9") == (trial.ground_truth, trial.text)
    assert ("standard", 0.0, 0.0, 0.9) == (trial.normalization, trial.cer, trial.wer, trial.confidence)
    assert (80, 40, 1.0) == (trial.width, trial.height, trial.factor)
    assert {} == trial.settings
    assert trial.calls >= 2
    assert 0 < trial.seconds < 30
    assert trial.error is None
    assert 36 == len(trial.task_id)


def test_each_step_shows_in_the_size_and_the_reading(page, service):
    """What is recognized is what the condition says, in its order."""
    trials = by_condition(
        compare(page, conditions="upsampled:x2,resized:x2,upsampled:x3+binarize", service=service)
    )
    assert ["upsampled:x2", "resized:x2", "upsampled:x3+binarize"] == list(trials)
    assert "w24h18 w40h18" == trials["upsampled:x2"].text
    assert (160, 80, 2.0) == (
        trials["resized:x2"].width, trials["resized:x2"].height, trials["resized:x2"].factor
    )  # fmt: skip
    assert (240, 3.0) == (trials["upsampled:x3+binarize"].width, trials["upsampled:x3+binarize"].factor)


def test_resized_costs_no_calls_of_its_own(page, service):
    """It is computed here; only the recognition is asked for."""
    trials = by_condition(compare(page, conditions="resized:x2,upsampled:x2", service=service))
    assert trials["upsampled:x2"].calls >= trials["resized:x2"].calls + 2


def test_the_advice_is_followed_and_said(page, service):
    """For an unknown strong reader enlarging is not advised: the rows say so and the image stays."""
    trials = by_condition(compare(page, service=service))
    assert list(DEFAULT_CONDITIONS) == list(trials)
    for condition in ("upsampled", "make_upsampling"):
        assert 1.0 == trials[condition].factor
        assert any(warning.startswith("not upsampled: ") for warning in trials[condition].warnings)
    assert any(warning.startswith("not resized: ") for warning in trials["resized"].warnings)
    advice = {"advice": EDITION}
    upsampler = {"upsampler": "repeats 1.0", **advice}
    assert {"upsampling": True, **upsampler} == trials["make_upsampling"].settings
    assert (upsampler, advice) == (trials["upsampled"].settings, trials["resized"].settings)


def test_resized_has_the_size_of_the_upsampled_image(tmp_path, draw_text):
    """Whatever factor the advice gives: otherwise size and method would be compared at once."""
    service = LocalService(recognizer=ReadsLikeTesseract(), upsampler=RepeatsPixels())
    picture = load_picture((draw_text("the small print\nof a contract", size=13) * 255).astype(np.uint8))
    trials = by_condition(compare(picture, service=service))
    assert trials["upsampled"].factor >= 2
    sizes = {(trial.width, trial.height) for name, trial in trials.items() if name != "original"}
    assert 1 == len(sizes)
    assert (picture.width, picture.height) == (trials["original"].width, trials["original"].height)


def test_without_truth_the_rates_are_unknown(page, service):
    """Confidence is there; CER and WER are None, in JSON null."""
    page.with_name("page.gt.txt").unlink()
    (trial,) = compare([page], conditions=["original"], service=service)
    assert (None, None, None) == (trial.ground_truth, trial.cer, trial.wer)
    assert 0.9 == trial.confidence
    row = json.loads(json.dumps(trial.to_json(), allow_nan=False))
    assert row["cer"] is None


def test_something_read_where_nothing_stands_is_infinite_and_null_in_json(page, service):
    """An empty truth has no length to divide by; JSON has no infinity."""
    (trial,) = compare(page, "", "original", service=service)
    assert float("inf") == trial.cer
    assert trial.to_json()["cer"] is None


def test_an_image_that_fails_is_a_row_and_the_rest_goes_on(page, tmp_path, service):
    """One bad file among good ones costs nothing but its own rows."""
    broken = tmp_path / "broken.png"
    broken.write_text("not a picture", encoding="utf-8")
    trials = compare([broken, page], conditions="original,upsampled:x2", service=service)
    assert ["broken.png"] * 2 + ["page.png"] * 2 == [trial.image for trial in trials]
    assert "broken.png is not an image that can be read here: give BMP" in trials[0].error
    assert (None, None, None, None, None) == (
        trials[0].text, trials[0].cer, trials[0].seconds, trials[0].calls, trials[0].image_hash
    )  # fmt: skip
    assert [None, None] == [trial.error for trial in trials[2:]]


def test_a_truth_that_cannot_be_read_is_that_images_error(page, tmp_path, service):
    """Others keep theirs."""
    other = tmp_path / "other.png"
    other.write_bytes(page.read_bytes())
    other.with_name("other.gt.txt").write_bytes("Ä".encode("latin-1"))
    good, bad = compare([page, other], conditions="original", service=service)
    assert good.error is None
    assert "other.gt.txt is not UTF-8" in bad.error


def test_further_pages_are_left_out_with_a_warning_in_the_row(tmp_path, service):
    """The first frame is read."""
    pages = [Image.new("L", (60, 40), tone) for tone in (255, 0)]
    path = tmp_path / "fax.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    (trial,) = compare(path, conditions="original", service=service)
    assert trial.error is None
    assert trial.warnings == ("fax.tif has 2 pages: only the first was read.",)


def test_the_pictures_that_were_read_can_be_had(page, service):
    """By image and condition, for a report; `compare` itself keeps none."""
    comparison = compare_with_pictures(page, conditions="upsampled:x2", service=service)
    image = comparison.trials[0].image_hash
    assert {(image, "original"), (image, "upsampled:x2")} == set(comparison.pictures)
    assert (160, 80) == (
        comparison.pictures[image, "upsampled:x2"].width, comparison.pictures[image, "upsampled:x2"].height
    )  # fmt: skip


def test_progress_counts_every_row_once(page, service):
    """Done, in all, and the row itself."""
    seen = []
    compare(
        [page, page.with_name("nowhere.png")], conditions="original,resized:x2", service=service,
        on_progress=lambda done, total, trial: seen.append((done, total, trial.image)),
    )  # fmt: skip
    assert [(1, 4), (2, 4), (3, 4), (4, 4)] == [entry[:2] for entry in seen]
    assert {"page.png", "nowhere.png"} == {entry[2] for entry in seen}


def test_many_images_go_to_a_distant_service_at_once(page, service):
    """In the order given all the same, and progress is never told twice at a time."""
    told, threads = [], set()

    class Distant(LocalService):
        @property
        def identity(self):
            return type(super().identity)("somewhere", "ink", "1.0")

    def note(done, total, trial):
        threads.add(threading.current_thread())
        told.append(done)

    data = page.read_bytes()
    images = [load_picture(io.BytesIO(data), name=f"{number}.png") for number in range(6)]
    distant = Distant(recognizer=ReadsInk(), upsampler=RepeatsPixels())
    trials = compare(images, conditions="original", service=distant, on_progress=note)
    assert [f"{number}.png" for number in range(6)] == [trial.image for trial in trials]
    assert [1, 2, 3, 4, 5, 6] == told
    assert all(thread.name.startswith("ocr_nb-compare") for thread in threads)


def test_a_sample_brings_its_variant_and_truth(service):
    """It is a path like any other, and knows more."""
    (sample,) = samples("receipt")
    (trial,) = compare(sample, conditions="original", service=service)
    assert (sample.variant, "receipt") == (trial.variant, trial.group)
    assert sample.ground_truth == trial.ground_truth
    assert trial.cer > 0


def test_two_files_of_one_name_keep_their_folders(tmp_path):
    """Otherwise their rows could not be told apart."""
    paths = [tmp_path / folder / "scan.png" for folder in ("a", "b")]
    assert [str(path) for path in paths] == [subject.name for subject in list_subjects(paths)]
    assert ["scan.png"] == [subject.name for subject in list_subjects(paths[:1])]


def test_images_without_a_name_are_numbered():
    """Arrays and bytes have none."""
    array = np.zeros((9, 9), np.uint8)
    assert ["image 1", "image 2"] == [subject.name for subject in list_subjects([array, array])]
    assert ["scan.png"] == [subject.name for subject in list_subjects("https://example.org/a/scan.png?x=1")]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([],), {}, "No image was given"),
        (("page.png", None, "upsampeld"), {}, "did you mean 'upsampled'"),
        (("page.png",), {"langauge": "German"}, "no recognition setting 'langauge': did you mean 'language'"),
        (("page.png",), {"upsampling": True}, "name the condition make_upsampling instead"),
        (("page.png",), {"normalization": "standrad"}, "standrad"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(arguments, options, message, service):
    """A misspelled setting never costs a run."""
    with pytest.raises(SettingsError, match=message):
        compare(*arguments, service=service, **options)


class CountsCalls:
    """A service that counts calls, asked only what a batch will cost."""

    identity = ServiceIdentity("cloud", "aspose", "v5.0")

    def __init__(self, left: int) -> None:
        self.left = left

    def check_budget(self, tasks: int, *, force: bool = False) -> str:
        """Take one call a task."""
        if tasks > self.left and not force:
            raise BudgetExceeded(f"{tasks} calls are needed but only {self.left} are left.")
        return f"About {tasks} calls."

    async def submit(self, request):
        """Refuse: the plan is used up."""
        raise BudgetExceeded("Nothing is left.")

    fetch = cancel = submit


def test_a_batch_beyond_the_plan_is_refused_before_it_starts():
    """Two images, one recognition and one upsampling each, and one more: six tasks, five calls."""
    page = np.full((40, 80), 255, np.uint8)
    told = []

    with pytest.raises(BudgetExceeded, match="6 calls are needed but only 5 are left"):
        compare([page, page], conditions="original,upsampled:x2", service=CountsCalls(5))
    forced = compare_with_pictures(
        [page, page], conditions="original,resized:x2", service=CountsCalls(2), force=True,
        on_cost=told.append,
    )  # fmt: skip

    assert told == ["About 4 calls."]
    assert {trial.error for trial in forced.trials} == {"Nothing is left."}


def test_an_interrupted_comparison_starts_nothing_more(page):
    """What is under way in other threads ends with its condition; images still waiting are not read."""
    engine = ReadsInk()

    class Distant(LocalService):
        @property
        def identity(self):
            return type(super().identity)("somewhere", "ink", "1.0")

    def interrupt(done, total, trial):
        raise KeyboardInterrupt

    images = [load_picture(io.BytesIO(page.read_bytes()), name=f"{number}.png") for number in range(40)]
    with pytest.raises(KeyboardInterrupt):
        compare(
            images, service=Distant(recognizer=engine, upsampler=RepeatsPixels()), on_progress=interrupt,
            conditions="original,resized:x2,resized:x3,resized:x4",
        )  # fmt: skip
    assert len(engine.seen) <= 8 * 2


def test_a_measurement_can_be_taken_back_while_it_waits(draw_text):
    """What is under way is cancelled at once, no row tells of it, and what was read before is kept."""
    engine = ReadsWhenTold()
    told = []
    service = LocalService(recognizer=engine, upsampler=RepeatsPixels())
    conditions = parse_conditions("original,upsampled:x2")
    measurer = Measurer(service, conditions, "standard", {}, told.append, keep_pictures=True)
    measurer.watch = lambda job: measurer.cancel() if told else engine.go.set()
    with pytest.raises(KeyboardInterrupt):
        measurer.measure(list_subjects(draw_text("two words"))[0])
    assert ["original"] == [trial.condition for trial in told]
    kept = measurer.recognitions[told[0].image_hash, "original"]
    assert told[0].text == kept.text != ""


def test_regions_stay_where_they_are_when_the_image_is_enlarged(draw_text, service):
    """They are in pixels of the image as given, whatever is read; a row keeps them as they were given."""
    page = draw_text("one\ntwo", size=30)
    half = Region(0, 0, page.shape[1], page.shape[0] // 2)
    small, large = compare(page, conditions="original,upsampled:x2", service=service, regions=(half,))
    assert (1, 1) == (len(small.text.splitlines()), len(large.text.splitlines()))
    heights = [int(trial.text.split()[0].partition("h")[2]) for trial in (small, large)]
    assert 2 * heights[0] == heights[1]
    assert small.settings["regions"] == large.settings["regions"]
