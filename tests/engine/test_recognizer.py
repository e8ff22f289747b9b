"""The engines: what they read, in whose coordinates, and what they say when they cannot."""

import difflib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from needs import needs
from ocr_nb.engine import detector, languages, recognizer, tesseract
from ocr_nb.engine.detector import TextBox, TextDetector, boxes_of, first_scale, second_scale
from ocr_nb.engine.line_reader import Letter, LineReader, collapse, cut_out
from ocr_nb.engine.rapid import RapidRecognizer, band_of, place_words
from ocr_nb.engine.reading_order import Fragment, PlacedWord
from ocr_nb.engine.recognizer import make_recognizer
from ocr_nb.engine.session import load_model
from ocr_nb.engine.tesseract import TesseractRecognizer, find_tessdata, resolutions_of
from ocr_nb.errors import EngineUnavailable, ModelMismatch, SettingsError, WeightsCorrupt, WeightsMissing
from ocr_nb.filters import rotate
from ocr_nb.images import from_array, on_white
from ocr_nb.settings import Settings

PROSE = "The committee met on Tuesday\nto look at seven proposals for\nthe bridge, and agreed on none."

COLUMNS = (
    "Letters from residents were\nread aloud. Several of them\n"
    "complained of the dust that\nthe many lorries of a quarry",
    "raise on dry summer days.\nOne asked for nothing more\n"
    "than a bench, and was given\na promise by the chairman.",
)


@pytest.fixture
def page(draw_text):
    """Three lines of prose, `(H, W, 3)` uint8, x-height about 9 px."""
    return rgb(draw_text(PROSE, size=18))


@pytest.fixture(params=["rapidocr", "tesseract"])
def engine(request):
    """Both engines in turn."""
    if request.param == "tesseract":
        needs("tesseract")
    return make_recognizer(request.param)


def rgb(gray):
    return np.repeat((gray * 255).round().astype(np.uint8)[:, :, None], 3, axis=2)


def inside(box, grow=0):
    """The slices of the rows and columns that `box` covers."""
    top, left = max(0, int(box.top) - grow), max(0, int(box.left) - grow)
    return slice(top, int(box.bottom) + 1 + grow), slice(left, int(box.right) + 1 + grow)


def text_of(lines):
    return "\n".join(line.text for line in lines)


class BrightModel:
    """A detector's model that computes: the probability of text is the blue channel, from -1…1 to 0…1."""

    metadata: ClassVar[dict[str, str]] = {}

    def __init__(self):
        self.shapes = []

    def __call__(self, batch):
        self.shapes.append(batch.shape)
        return (batch[:, :1] + 1) / 2


class ColumnModel:
    """A line reader's model: column t emits the letter whose index is the brightness of the t-th 8 pixels."""

    metadata: ClassVar[dict[str, str]] = {"character": "A\nB\n一"}

    def __call__(self, batch):
        columns = ((batch[0, 0, 24, ::8] + 1) / 2 * 255 / 50).round().astype(int)
        return np.eye(5, dtype=np.float32)[columns][None] * 0.6 + np.float32(0.1)


class TestBothEngines:
    def test_prose_is_read_line_by_line(self, engine, page):
        """Three clean lines come out as three lines with the right words, in order."""
        assert text_of(engine.recognize(page)) == PROSE

    def test_boxes_lie_on_the_ink_of_the_given_image(self, engine, page):
        """Every word's box holds dark pixels and all the ink lies in some line's box."""
        lines = engine.recognize(page)

        covered = np.zeros(page.shape[:2], bool)
        for line in lines:
            covered[inside(line.box, grow=3)] = True
            for word in line.words:
                assert page[inside(word.box)].min() < 100, word.text
        ink = page[:, :, 0] < 128
        assert (ink & covered).sum() >= 0.98 * ink.sum()

    def test_words_and_line_agree(self, engine, page):
        """A line is its words joined by single spaces, from left to right, with confidences of 0 to 1."""
        for line in engine.recognize(page):
            assert line.text == " ".join(word.text for word in line.words)
            lefts = [word.box.left for word in line.words]
            assert lefts == sorted(lefts)
            assert 0.5 < line.confidence <= 1.0

    def test_one_line_can_be_read_without_looking_for_it(self, engine, draw_text):
        """With `detect=False` the whole image is the line."""
        strip = rgb(draw_text("Invoice number 20418", size=22, margin=4))

        (line,) = engine.recognize(strip, detect=False)

        assert line.text == "Invoice number 20418"

    @pytest.mark.parametrize("margin", [4, 20])
    def test_paper_around_a_line_makes_its_letters_no_smaller(self, engine, draw_text, margin):
        """A line of 9 px letters reads the same however much paper lies above and below it."""
        strip = rgb(draw_text("Invoice 20418 due 14 March", size=14, margin=margin))

        (line,) = engine.recognize(strip, detect=False)

        assert line.text == "Invoice 20418 due 14 March"

    @pytest.mark.parametrize("degrees", [-12, 7])
    def test_a_skewed_page_reads_like_a_level_one(self, engine, page, degrees):
        """Lines may climb or fall; the boxes stay those of the skewed image."""
        skewed = rotate(from_array(page), degrees)

        lines = engine.recognize(on_white(skewed.picture))

        assert text_of(lines) == PROSE
        level = engine.recognize(page)
        for line, other in zip(lines, level, strict=True):
            there = [[(line.box.left + line.box.right) / 2, (line.box.top + line.box.bottom) / 2]]
            here = [(other.box.left + other.box.right) / 2, (other.box.top + other.box.bottom) / 2]
            assert skewed.back(np.array(there))[0] == pytest.approx(here, abs=6)

    def test_an_empty_page_has_no_lines(self, engine):
        """White paper is read as nothing, not as an error."""
        assert engine.recognize(np.full((120, 200, 3), 255, np.uint8)) == ()

    @pytest.mark.parametrize("shape", [(3, 3), (3, 400), (400, 3), (40, 1500)])
    def test_images_of_any_shape_are_taken(self, engine, shape):
        """The smallest images and thin strips are read as nothing."""
        assert engine.recognize(np.full((*shape, 3), 250, np.uint8)) == ()

    def test_detection_alone_finds_the_three_lines(self, engine, page):
        """`detect` gives boxes from top to bottom, one a line of this page."""
        tops = [box.top for box in engine.detect(page)]

        assert tops == sorted(tops)
        assert len(tops) == 3

    def test_several_threads_read_the_same(self, engine, page):
        """One shared recognizer serves threads at once without mixing their pages."""
        other = page[:, ::-1].copy()
        expected = [text_of(engine.recognize(image)) for image in (page, other)]

        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda k: text_of(engine.recognize((page, other)[k % 2])), range(6)))

        assert found == [expected[k % 2] for k in range(6)]

    def test_an_unknown_language_is_refused(self, engine, page):
        """A name that the service does not know is the caller's mistake."""
        with pytest.raises(SettingsError, match="no language 'Klingon'"):
            engine.recognize(page, language="Klingon")

    def test_a_language_without_a_model_is_unavailable(self, engine, page):
        """No engine guesses at letters it cannot write."""
        assert "English" in engine.languages()
        assert "Kabardian" not in engine.languages()
        with pytest.raises(EngineUnavailable, match="Kabardian"):
            engine.recognize(page, language="Kabardian")

    def test_it_says_who_it_is(self, engine):
        """Name and version are stated, so that numbers of different engines never mix."""
        assert engine.name in recognizer.ENGINES
        assert engine.version[0].isdigit()

    def test_two_columns_are_read_one_after_the_other(self, engine, draw_text):
        """Running text in two columns, with rows at the same heights."""
        left, right = (rgb(draw_text(text, size=24, margin=24)) for text in COLUMNS)
        page = np.full((max(len(left), len(right)), left.shape[1] + right.shape[1], 3), 255, np.uint8)
        page[: len(left), : left.shape[1]] = left
        page[: len(right), left.shape[1] :] = right

        text = text_of(engine.recognize(page))

        assert text == "\n".join(COLUMNS)


class TestRapid:
    def test_small_print_is_read(self, draw_text):
        """At an x-height of 5 px nothing is lost: small pages are enlarged before looking."""
        lines = make_recognizer("rapidocr").recognize(rgb(draw_text(PROSE, size=10)))

        assert difflib.SequenceMatcher(None, text_of(lines), PROSE).ratio() > 0.97

    @pytest.mark.parametrize("turns", [1, 2, 3], ids=["90", "180", "270"])
    def test_a_page_that_lies_on_its_side_or_head_is_read(self, page, turns):
        """Text that runs up, down or backwards is noticed by how badly it reads."""
        lines = make_recognizer("rapidocr").recognize(np.rot90(page, turns).copy())

        assert text_of(lines) == PROSE

    def test_inverse_text_is_read(self, draw_text):
        """White on black reads like black on white."""
        lines = make_recognizer("rapidocr").recognize(rgb(draw_text(PROSE, size=18, inverse=True)))

        assert text_of(lines) == PROSE

    def test_a_large_page_is_not_shrunk_out_of_sight(self, draw_text):
        """A page of 2,600 × 2,000 pixels is read in tiles, small print and all."""
        page = np.full((2000, 2600, 3), 255, np.uint8)
        words = rgb(draw_text("corner note", size=20, margin=0))
        places = [(40, 40), (990, 1290), (1940, 2460)]
        for top, left in places:
            page[top : top + words.shape[0], left : left + words.shape[1]] = words

        lines = make_recognizer("rapidocr").recognize(page)

        assert [line.text for line in lines] == ["corner note"] * 3
        for line, (top, left) in zip(lines, places, strict=True):
            assert (line.box.top, line.box.left) == pytest.approx((top, left), abs=12)

    def test_languages_are_offered_by_what_the_model_can_write(self):
        """German has its umlauts; Turkish without its ı, or a script without letters, is not offered."""
        offered = make_recognizer("rapidocr").languages()

        assert {"English", "German", "Polish", "Czech", "Chinese"} <= offered
        assert not {"Russian", "Arabic", "Hindi", "Korean", "Vietnamese", "Turkish"} & offered

    def test_only_the_first_call_loads_the_models(self):
        """The recognizer is shared by everybody in the process."""
        assert make_recognizer("rapidocr") is make_recognizer("rapidocr")

    def test_threads_that_ask_at_once_get_the_same_one(self, monkeypatch):
        """Models load once even when two jobs start together."""
        made = []
        monkeypatch.setattr(recognizer, "_made", {})
        monkeypatch.setitem(recognizer._MAKERS, "rapidocr", lambda: made.append(1) or object())
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(make_recognizer("rapidocr"))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(made) == 1
        assert len({id(one) for one in found}) == 1

    def test_an_engine_that_does_not_exist_is_refused_with_a_suggestion(self):
        """A misspelled engine is answered with the one that was meant."""
        with pytest.raises(SettingsError, match=r"no engine 'rapidorc': did you mean 'rapidocr'\?"):
            make_recognizer("rapidorc")


class TestBandOfALine:
    """Which rows of a picture of one line are read."""

    PIXELS = np.full((40, 200, 3), 255, np.uint8)

    def box(self, left, top, right, bottom):
        corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
        return TextBox(np.array(corners, np.float32), 0.9)

    def rows(self, *boxes):
        corners = band_of(self.PIXELS, boxes)
        assert corners[:, 0].tolist() == [0, 200, 200, 0]
        assert corners[0, 1] == corners[1, 1]
        assert corners[2, 1] == corners[3, 1]
        return float(corners[0, 1]), float(corners[2, 1])

    def test_without_boxes_all_is_read(self):
        """A line that the detector does not see is still a line."""
        assert self.rows() == (0, 40)

    def test_boxes_on_the_row_of_the_largest_belong_to_the_line(self):
        """Words apart, one of them with a descender; not the neighbor below, nor anything outside."""
        assert self.rows(self.box(5, 10, 90, 20), self.box(120, 11, 150, 24)) == (10, 24)
        assert self.rows(self.box(5, 10, 90, 20), self.box(5, 30, 40, 39)) == (10, 20)
        assert self.rows(self.box(5, -3, 90, 44)) == (0, 40)


class TestDetector:
    def test_a_run_of_text_is_boxed_where_it_is(self):
        """A core of 100 × 10 grows by area × 1.6 ÷ perimeter on every side."""
        probability = np.zeros((100, 200), np.float32)
        probability[40:50, 50:150] = 0.9

        (box,) = boxes_of(probability)

        grown = 100 * 10 * 1.6 / (2 * (100 + 10))
        assert box.corners[0] == pytest.approx([50 - grown, 40 - grown], abs=0.1)
        assert box.corners[2] == pytest.approx([150 + grown, 50 + grown], abs=0.1)
        assert box.score == pytest.approx(0.9, abs=0.1)

    def test_faint_cores_and_specks_are_dropped(self):
        """Cores of little probability, or two pixels thin, are no text."""
        probability = np.zeros((100, 200), np.float32)
        probability[20:30, 50:150] = 0.4
        probability[60:61, 50:150] = 0.9

        assert boxes_of(probability) == []

    @pytest.mark.parametrize("degrees", [-30, -10, 0, 10, 30])
    def test_a_slanted_run_keeps_its_reading_direction(self, degrees):
        """Corners start at the top left as the text is read."""
        import cv2

        probability = np.zeros((300, 300), np.float32)
        slanted = cv2.boxPoints(((150, 150), (120, 14), degrees))
        cv2.fillPoly(probability, [slanted.astype(np.int32)], 1.0)

        (box,) = boxes_of(probability)

        along, down = box.corners[1] - box.corners[0], box.corners[3] - box.corners[0]
        assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(degrees, abs=3)
        assert down[1] > 0

    def test_tiles_join_without_a_seam(self):
        """The map of a large page is the page itself, whatever the tiles, and no tile is large."""
        model = BrightModel()
        page = np.random.default_rng(1).integers(0, 256, (1000, 1700, 3), dtype=np.uint8)

        probability, _ = TextDetector(model).probability_map(page)

        assert np.abs(probability - page[:, :, 2] / 255).max() < 1e-5
        assert len(model.shapes) > 1
        assert all(h % 32 == 0 and w % 32 == 0 and max(h, w) <= 864 for _, _, h, w in model.shapes)

    @pytest.mark.parametrize(
        ("size", "scale"), [((736, 900), 1.0), ((368, 400), 2.0), ((40, 1200), 3.0), ((4000, 2000), 0.5)]
    )
    def test_the_first_look_suits_the_page(self, size, scale):
        """Small pages are enlarged, strips by no more than three, large ones reduced."""
        assert first_scale(*size) == pytest.approx(scale)

    def test_small_print_is_looked_at_twice(self):
        """Text seen at half its good height is looked at enlarged; large text is not."""
        small, large = (
            detector.TextBox(np.array([[0, 0], [90, 0], [90, h], [0, h]], np.float32), 0.9) for h in (13, 30)
        )

        assert second_scale([small] * 4, 1.0, 1e6) == pytest.approx(2.0)
        assert second_scale([large] * 4, 1.0, 1e6) is None
        assert second_scale([large] * 4, 0.3, 2e7) == pytest.approx(np.sqrt(6e6 / 2e7))
        assert second_scale([], 0.5, 8e6) == 1.0
        assert second_scale([], 2.0, 1e5) is None


class TestLineReader:
    def test_repeats_are_joined_and_blanks_dropped(self):
        """A A blank A B is read A A B; centers are those of the columns."""
        columns = np.eye(4, dtype=np.float32)[[1, 1, 0, 1, 2, 0]]

        letters = list(collapse(columns, ["", "A", "B", " "]))

        assert [(letter.text, letter.center) for letter in letters] == [("A", 1.0), ("A", 3.5), ("B", 4.5)]

    @pytest.mark.parametrize(("space", "text"), [(0.25, "A B"), (0.1, "AB")])
    def test_a_half_seen_space_is_restored(self, space, text):
        """A space counts from a probability of 0.2 between two letters, though the blank's be higher."""
        columns = np.array([[0, 1, 0, 0], [1 - space, 0, 0, space], [0, 0, 1, 0]], np.float32)

        assert "".join(letter.text for letter in collapse(columns, ["", "A", "B", " "])) == text

    def test_letters_the_language_cannot_hold_are_never_read(self):
        """What looks like an ideograph becomes the best letter of the language instead."""
        crop = np.full((48, 320, 3), 150, np.uint8)  # 150 / 50 = index 3, the ideograph
        reader = LineReader(ColumnModel())

        chinese = reader.read(crop, "Chinese", lambda letter: True)
        english = reader.read(crop, "English", lambda letter: letter.isascii())

        assert "".join(letter.text for letter in chinese) == "一"
        assert "一" not in "".join(letter.text for letter in english)

    def test_a_slanted_line_is_cut_out_upright(self):
        """The left half of a slanted rectangle is black, the right white, and so is its crop."""
        import cv2

        page = np.full((200, 200, 3), 128, np.uint8)
        corners = cv2.boxPoints(((100, 100), (120, 20), 25))[[1, 2, 3, 0]]
        middle = (corners[0] + corners[1]) / 2, (corners[3] + corners[2]) / 2
        cv2.fillPoly(page, [np.array([corners[0], middle[0], middle[1], corners[3]], np.int32)], (0, 0, 0))
        cv2.fillPoly(page, [np.array([middle[0], corners[1], corners[2], middle[1]], np.int32)], (255,) * 3)

        crop = cut_out(page, corners)

        assert crop.shape == (48, 288, 3)
        assert crop[8:40, 20:120].max() < 40
        assert crop[8:40, 168:268].min() > 215

    def test_words_get_their_part_of_the_box(self):
        """Letters are placed by their columns, words split at the spaces."""
        letters = [Letter(text, 0.05 + 0.1 * k, 0.9) for k, text in enumerate("ab cde fgh")]
        corners = np.array([[0, 0], [100, 0], [100, 10], [0, 10]], np.float32)

        words = place_words(letters, corners)

        assert [word.text for word in words] == ["ab", "cde", "fgh"]
        assert [word.corners[0, 0] for word in words] == pytest.approx([0, 30, 70], abs=1e-4)
        assert [word.corners[1, 0] for word in words] == pytest.approx([20, 60, 100], abs=1e-4)


class TestLanguages:
    def test_there_are_154_of_them(self):
        """As many as the service names."""
        assert len(languages.LANGUAGES) == 154

    @pytest.mark.parametrize(
        ("language", "letter", "answer"),
        [
            ("English", "e", True), ("English", "é", True), ("English", "€", True), ("English", "一", False),
            ("English", "：", False), ("German", "ß", True), ("Chinese", "一", True), ("Chinese", "a", True),
            ("Greek", "λ", True), ("Greek", "б", False), ("Azerbaijani", "ə", True), ("English", "ə", False),
        ],
    )  # fmt: skip
    def test_a_text_may_hold_the_letters_of_its_script(self, language, letter, answer):
        """Latin texts keep foreign accents but take no other script."""
        assert languages.may_hold(language, letter) is answer


class TestTesseract:
    def test_language_data_are_looked_for_where_the_variable_says(self, tmp_path: Path):
        """`TESSDATA_PREFIX` may name the folder or the one above it."""
        folder = tmp_path / "tessdata"
        folder.mkdir()
        (folder / "deu.traineddata").write_bytes(b"")

        assert find_tessdata(Settings(tessdata=folder)) == folder
        assert find_tessdata(Settings(tessdata=tmp_path)) == folder
        assert TesseractRecognizer(folder, "5").languages() == {"German"}

    def test_a_folder_without_language_data_is_named(self, tmp_path: Path):
        """The message says where it looked and what to install."""
        with pytest.raises(EngineUnavailable, match=f"{tmp_path}.*apt install tesseract-ocr-eng"):
            find_tessdata(Settings(tessdata=tmp_path))

    def test_a_missing_language_names_its_package(self, tmp_path: Path, page):
        """Data for a language are one Debian package away."""
        with pytest.raises(EngineUnavailable, match="apt install tesseract-ocr-chi-sim"):
            TesseractRecognizer(tmp_path, "5").recognize(page, language="Chinese")


class TestWeights:
    def test_missing_weights_are_named(self, tmp_path: Path):
        """Nothing is downloaded: the file is missing, and that is said."""
        with pytest.raises(WeightsMissing, match=r"reader\.onnx are not in"):
            load_model(tmp_path / "reader.onnx")

    def test_changed_weights_are_refused_before_they_are_loaded(self, tmp_path: Path):
        """Both hashes stand in the message."""
        (tmp_path / "reader.onnx").write_bytes(b"changed")

        with pytest.raises(WeightsCorrupt, match=r"SHA-256 [0-9a-f]{64}, not abc"):
            load_model(tmp_path / "reader.onnx", sha256="abc")

    def test_a_file_that_is_no_model_is_refused(self, tmp_path: Path):
        """onnxruntime's complaint becomes one sentence."""
        (tmp_path / "reader.onnx").write_bytes(b"not a model")

        with pytest.raises(WeightsCorrupt, match=r"reader\.onnx cannot be read"):
            load_model(tmp_path / "reader.onnx")

    def test_an_array_of_the_wrong_shape_is_named(self):
        """The shape stands in the message."""
        model = make_recognizer("rapidocr")._reader._model

        with pytest.raises(ModelMismatch, match=r"shape \(1, 1, 8, 8\)"):
            model(np.zeros((1, 1, 8, 8), np.float32))


def test_the_embedded_engine_needs_no_network(loopback_only, page):
    """Loaded afresh with every connection refused, it reads: its models travel with it."""
    assert text_of(RapidRecognizer.load().recognize(page)) == PROSE


FIELDS = {
    "Name:": "Harbor", "City:": "Lisbon", "Date:": "24/02/1999", "Total:": "1295.30",
    "Street:": "Market", "Phone:": "5550142", "Item:": "Kettle", "Price:": "438.70",
}  # fmt: skip


def draw_form(size):
    """Two columns of labels, and values in boxes; letters `size` pixels an em."""
    sheet = Image.new("L", (38 * size, 17 * size), 255)
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(size)
    for number, (label, value) in enumerate(FIELDS.items()):
        x, y = (1 + 19 * (number % 2)) * size, (1 + 4 * (number // 2)) * size
        drawing.text((x, y + 0.6 * size), label, font=font, fill=0)
        drawing.rectangle(
            [x + 6 * size, y, x + 17 * size, y + 2.4 * size], outline=60, width=max(1, size // 10)
        )
        drawing.text((x + 6.6 * size, y + 0.6 * size), value, font=font, fill=0)
    return np.repeat(np.asarray(sheet)[:, :, None], 3, axis=2)


def test_tesseract_is_told_the_resolution_that_the_size_of_the_text_says():
    """Ten points: twice as large a text is twice the resolution; nothing, or beyond belief, is neither."""
    small, large = resolutions_of(draw_form(20)), resolutions_of(draw_form(40))
    assert large[0] == pytest.approx(2 * small[0], rel=0.1)
    assert 140 < small[0] < 180
    assert small == (small[0], 300, pytest.approx(0.8 * small[0], abs=1))
    assert resolutions_of(np.full((200, 200, 3), 255, np.uint8)) == (300,)
    assert resolutions_of(draw_form(8)) == (70, 300)


def test_tesseract_finds_the_fields_of_a_small_form():
    """Told a larger resolution it reads three words of sixteen: boxes are then no fields to it."""
    needs("tesseract")
    lines = make_recognizer("tesseract").recognize(draw_form(12))
    words = " ".join(line.text for line in lines)
    assert sum(word in words for pair in FIELDS.items() for word in pair) >= 8


def test_a_page_of_which_tesseract_reads_little_is_shown_again(monkeypatch):
    """Told other resolutions, until most ink lies in words: it takes print for pictures and rules."""
    needs("tesseract")
    told, whole = [], [1]
    show, find = tesseract._show, tesseract._fragments

    def show_noting(interface, page, mode, resolution):
        told.append(resolution)
        show(interface, page, mode, resolution)

    def find_later(iterator):
        found = list(find(iterator))
        return iter(found if len(told) == whole[0] else found[:1])

    monkeypatch.setattr(tesseract, "_show", show_noting)
    monkeypatch.setattr(tesseract, "_fragments", find_later)
    form = draw_form(20)
    tries = resolutions_of(form)
    for whole[0] in (1, 2, 3):
        told.clear()
        lines = make_recognizer("tesseract").recognize(form)
        assert "Harbor" in " ".join(line.text for line in lines)
        assert told == list(tries[: whole[0]])
    told.clear()
    make_recognizer("tesseract").recognize(form, detect=False)
    assert told == [300]


def test_the_surest_of_several_readings_counts_when_none_is_whole(monkeypatch):
    """Letters by confidence: more of them, and surer ones."""
    needs("tesseract")
    boxed = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], np.float32)
    readings = [("few", 0.9), ("some words more", 0.9), ("many doubtful words more", 0.3)]
    left = iter(readings)

    def read(interface, page, mode, resolution):
        text, confidence = next(left)
        return [Fragment((PlacedWord(text, boxed, confidence),))]

    monkeypatch.setattr(tesseract, "_read", read)
    (line,) = make_recognizer("tesseract").recognize(draw_form(20))
    assert line.text == "some words more"


def test_a_page_without_ink_is_shown_once(monkeypatch):
    """There is nothing that could have been lost."""
    needs("tesseract")
    told = []
    monkeypatch.setattr(
        tesseract, "_read", lambda interface, page, mode, resolution: told.append(resolution) or []
    )
    assert make_recognizer("tesseract").recognize(np.full((60, 60, 3), 255, np.uint8)) == ()
    assert told == [300]


def test_a_column_of_figures_taken_for_a_line_of_tesseract_stays_where_it_is():
    """Its steep base line, prolonged to the side, once put a word across all lines of a receipt."""
    column = tesseract._baseline_of(((600, 400), (604, 100)))
    seen = [tesseract._Seen("1", (592, 100, 611, 130), 0.3), tesseract._Seen("2", (588, 300, 620, 330), 0.4)]
    fragments = list(tesseract._cells(seen, column))
    assert [fragment.words[0].text for fragment in fragments] == ["1", "2"]
    for fragment, word in zip(fragments, seen, strict=True):
        (placed,) = fragment.words
        assert (*placed.corners.min(axis=0), *placed.corners.max(axis=0)) == word.box
    assert tesseract._baseline_of(((0, 50), (200, 60))) is not None
    assert tesseract._baseline_of(((50, 0), (50, 90))) is None
    assert tesseract._baseline_of(None) is not None
