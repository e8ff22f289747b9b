"""`ImageCompare` without a browser: what it takes, what it sends, what it leaves behind."""

import base64
import gc
import io
import json
import re
import weakref

import numpy as np
import pytest
import traitlets
from PIL import Image

from ocr_nb import ImageCompare
from ocr_nb.engine.layout import Box, Line, Recognition, Word
from ocr_nb.errors import ImageError, SettingsError
from ocr_nb.images import Picture, encode_png, from_array, load_picture
from ocr_nb.widgets.preview import BYTES

SMALL = from_array(np.linspace(0, 1, 100 * 80, dtype=np.float32).reshape(80, 100))
LARGE = from_array(np.linspace(0, 1, 300 * 240, dtype=np.float32).reshape(240, 300))


class Wire:
    """Stands for the browser: keeps what the widget sends as messages."""

    def __init__(self, widget):
        self.widget = widget
        self.sent = []
        widget.send = lambda content, buffers=(): self.sent.append((content, [bytes(one) for one in buffers]))

    def ask(self, **message):
        """Deliver a message from a view as ipywidgets does."""
        self.widget._handle_custom_msg(message, [])

    def pictures(self):
        """Put the pieces together, by layer."""
        pieces = {}
        for content, buffers in self.sent:
            assert content["hash"] == self.widget.layers[content["layer"]]["hash"]
            pieces.setdefault(content["layer"], {})[content["offset"]] = buffers[0]
        return {layer: b"".join(part for _, part in sorted(found.items())) for layer, found in pieces.items()}


def noise(width, height, seed=0):
    """A picture that no encoder can shrink."""
    return from_array(np.random.default_rng(seed).random((height, width, 3), dtype=np.float32))


def test_pictures_are_named_by_what_they_are():
    """Sizes are the true ones, and a factor is measured, not claimed."""
    comparison = ImageCompare(SMALL, LARGE, SMALL)
    assert ["original", "enlarged ×3", "variant 2"] == [layer["label"] for layer in comparison.layers]
    assert "enlarged ×3 300×240" == comparison.layers[1]["caption"]
    assert [(100, 80), (300, 240), (100, 80)] == [(one["width"], one["height"]) for one in comparison.layers]
    assert "Show enlarged ×3" == comparison.layers[1]["action"]


def test_the_x_height_of_the_original_is_in_its_caption(draw_text):
    """Whoever looks sees at once how small the text is."""
    comparison = ImageCompare(draw_text("some small words\nin two lines", size=16), LARGE)
    assert re.fullmatch(r"original \d+×\d+ · x-height (7|8|9) px", comparison.layers[0]["caption"])


def test_anything_that_is_a_picture_is_taken(tmp_path):
    """A path, bytes, an array, a PIL image."""
    path = SMALL.save(tmp_path / "small.png")
    comparison = ImageCompare(path, LARGE.png, np.zeros((20, 30), np.uint8), Image.new("RGB", (40, 50)))
    assert [100, 300, 30, 40] == [picture.width for picture in comparison.pictures]
    with pytest.raises(ImageError, match=r"There is no file .*missing\.png"):
        ImageCompare(tmp_path / "missing.png", SMALL)


def test_labels_can_be_given_one_for_each():
    """Too few are refused."""
    assert "sharp" == ImageCompare(SMALL, LARGE, labels=["blurred", "sharp"]).layers[1]["label"]
    with pytest.raises(SettingsError, match=r"There are 2 pictures and 1 labels: give one for each\."):
        ImageCompare(SMALL, LARGE, labels=["blurred"])


def test_a_misspelled_keyword_is_refused_with_the_one_meant():
    """Traitlets alone would take it and do nothing."""
    with pytest.raises(TypeError, match=r"ImageCompare has no 'smoth': did you mean 'smooth'\?"):
        ImageCompare(SMALL, LARGE, smoth=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("mode", "togle", "ImageCompare has no mode 'togle': did you mean 'toggle'?"),
        ("split", 1.5, "split is a fraction of the picture from 0 to 1, not 1.5."),
        ("zoom", "large", "zoom is 'fit', '1:1' or a number above 0, not 'large'."),
        ("zoom", 0.0, "zoom is 'fit', '1:1' or a number above 0, not 0.0."),
        ("threshold", 256, "threshold is a difference in gray from 0 to 255, not 256."),
        ("lens", (0.5, 1.2), "lens is two fractions of the picture from 0 to 1, not (0.5, 1.2)."),
        ("after_index", 2, "after_index is 0 to 1 here, not 2."),
    ],
)
def test_what_cannot_be_is_refused(name, value, message):
    """Set or given, with the reason, and what was stays."""
    comparison = ImageCompare(SMALL, LARGE)
    was = getattr(comparison, name)
    with pytest.raises(traitlets.TraitError) as refused:
        setattr(comparison, name, value)
    assert message == str(refused.value)
    assert was == getattr(comparison, name)
    with pytest.raises(traitlets.TraitError):
        ImageCompare(SMALL, LARGE, **{name: value})


def test_every_control_has_its_twin():
    """What a person can click, code can set."""
    comparison = ImageCompare(SMALL, LARGE, SMALL, mode="side", split=0.25, zoom="1:1", after_index=2)
    assert ("side", 0.25, 1.0, 2) == tuple(
        getattr(comparison, name) for name in ("mode", "split", "zoom", "after_index")
    )
    comparison.zoom_to_fit()
    comparison.toggle()
    assert ("fit", True) == (comparison.zoom, comparison.shows_after)


def test_the_bytes_of_a_png_pass_untouched():
    """Not one of them is written anew, and they come only when asked for."""
    source = encode_png(LARGE.pixels) + b"after the end"
    comparison = ImageCompare(SMALL, load_picture(source))
    wire = Wire(comparison)
    assert [] == wire.sent
    wire.ask(kind="send pictures")
    assert {0: SMALL.png, 1: source} == wire.pictures()


def test_a_question_that_is_heard_twice_is_answered_once():
    """A view asks again when the first question waits behind a cell; another view's question is another."""
    wire = Wire(ImageCompare(SMALL, LARGE))
    for ask in ("a", "a", "b"):
        wire.ask(kind="send pictures", ask=ask)
    assert [0, 1, 0, 1] == [content["layer"] for content, _ in wire.sent]


def test_large_pictures_travel_in_pieces_those_in_sight_first():
    """A megabyte a message."""
    comparison = ImageCompare(SMALL, SMALL, noise(900, 900), after_index=2)
    wire = Wire(comparison)
    wire.ask(kind="send pictures")
    assert [0, 2, 2, 2, 1] == [content["layer"] for content, _ in wire.sent]
    assert max(len(buffers[0]) for _, buffers in wire.sent) <= 1 << 20
    assert comparison.pictures[2].png == wire.pictures()[2]


def test_no_pixel_is_in_the_state_that_notebooks_save():
    """Two megabytes of pictures, a few kilobytes of words and the module itself."""
    picture = noise(600, 600)
    comparison = ImageCompare(picture, picture)
    state = comparison.get_state()
    own = {name: value for name, value in state.items() if name not in {"_esm", "_css"}}
    assert len(json.dumps(own, default=str)) < 5_000
    assert not any(isinstance(value, bytes | bytearray | memoryview) for value in state.values())
    assert len(picture.png) > 1_000_000
    assert len(state["_esm"]) < 60_000


@pytest.mark.parametrize(
    "picture", [LARGE, noise(1500, 1000), noise(2000, 30), from_array(np.ones((2000, 4)))]
)
def test_the_preview_is_a_small_picture(picture):
    """At most 100 kB as the notebook stores it, whatever the pictures are."""
    data, _ = ImageCompare(picture, picture)._repr_mimebundle_()
    assert len(data["image/png"]) <= 100_000
    shown = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert 2 * shown.height >= 1
    assert shown.width <= 1010
    assert BYTES * 4 // 3 == 100_000


def test_the_preview_shows_both_pictures_side_by_side():
    """Black on the left, white on the right."""
    black, white = (np.full((50, 60), value, np.uint8) for value in (0, 255))
    data, _ = ImageCompare(black, white)._repr_mimebundle_()
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))
    assert (50, 128) == shown.shape
    assert 0 == shown[:, :60].max()
    assert 255 == shown[:, 60:].min()


def test_a_picture_that_shall_not_stay_leaves_words_only():
    """`keep_picture=False`: sizes, no pixel."""
    data, _ = ImageCompare(np.ones((80, 100)), LARGE, keep_picture=False)._repr_mimebundle_()
    assert {"text/plain", "application/vnd.jupyter.widget-view+json"} == set(data)
    assert "ImageCompare(original 100×80 | enlarged ×3 300×240)" == data["text/plain"]


def test_the_page_holds_the_same_bytes_and_the_state(tmp_path):
    """It opens where the widget stood, from a file alone."""
    comparison = ImageCompare(SMALL, LARGE, mode="toggle", shows_after=True)
    page = comparison.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert [SMALL.png, LARGE.png] == [base64.b64decode(source) for source in sources]
    assert "&quot;mode&quot;: &quot;toggle&quot;" in page
    assert "This file contains the images themselves" in page
    assert [] == re.findall(r"https?:|@import", page)


def test_an_error_in_a_callback_is_seen(monkeypatch):
    """The host would swallow it: the views show it instead."""
    comparison = ImageCompare(SMALL, LARGE)

    def refuse(content, buffers=()):
        raise OSError("the line is down")

    monkeypatch.setattr(comparison, "send", refuse)
    comparison._handle_custom_msg({"kind": "send pictures"}, [])
    assert "OSError: the line is down" == comparison.problem


def test_closed_widgets_are_freed_with_their_pictures():
    """Twenty of ten megabytes: none is left."""
    body = encode_png(np.zeros((4, 4), np.uint8))
    left = []
    for number in range(20):
        picture = load_picture(body + bytes([number]) * 10_000_000)
        comparison = ImageCompare(picture, SMALL)
        assert len(comparison.pictures[0].png) > 10_000_000
        left += [weakref.ref(comparison), weakref.ref(picture)]
        comparison.close()
    del comparison, picture
    gc.collect()
    assert [] == [one for one in left if one() is not None]


def test_a_closed_widget_holds_no_picture():
    """A notebook's `Out` keeps the widget itself: the bytes go all the same."""
    picture = Picture(np.zeros((4, 4, 1), np.uint8), encode_png(np.zeros((4, 4), np.uint8)))
    gone = weakref.ref(picture)
    comparison = ImageCompare(picture, SMALL)
    del picture
    comparison.close()
    gc.collect()
    assert gone() is None
    assert () == comparison.pictures
    assert "ImageCompare(closed)" == repr(comparison)


def read(scale, *lines):
    """Make a reading: one line of words a string, each letter 5 px wide and 10 high, enlarged by `scale`."""
    made = []
    for row, text in enumerate(lines):
        words, left = [], 0
        for word in text.split():
            right = left + 5 * len(word)
            words.append(
                Word(word, Box(*(scale * edge for edge in (left, 20 * row, right, 20 * row + 10))), 0.9)
            )
            left = right + 5
        box = Box(0, scale * 20 * row, scale * left, scale * (20 * row + 10))
        made.append(Line(text, box, 0.9, tuple(words)))
    return Recognition(tuple(made))


def test_words_are_marked_against_the_truth_with_their_boxes():
    """Fixed, broken, still wrong, unchanged; a word that one reading tore apart has both boxes."""
    readings = [read(1, "Best bcfore", "see li d"), read(3, "Best before", "sce lib")]
    comparison = ImageCompare(SMALL, LARGE, truth="Best before see lid", readings=readings)
    assert ["unchanged", "fixed", "broken", "still wrong"] == [word["kind"] for word in comparison.words]
    best, before, _, lid = comparison.words
    assert [[[0.0, 0.0, 0.2, 0.125]], [[0.0, 0.0, 0.2, 0.125]]] == best["boxes"]
    assert ["bcfore", "before"] == before["texts"]
    assert [2, 1] == [len(boxes) for boxes in lid["boxes"]]
    assert re.fullmatch(
        r"Fixed 1 of 2 misread words, broke 1\. CER \d+\.\d % → \d+\.\d %\.", comparison.verdict
    )


def test_no_word_of_a_picture_is_in_the_state_that_notebooks_save():
    """What was read and what is written there travel as a message, on request and when they change."""
    readings = [read(1, "Prlvate"), read(3, "Private"), read(1, "Privatc")]
    comparison = ImageCompare(SMALL, LARGE, SMALL, truth="Private", readings=readings)
    saved = json.dumps(comparison.get_state(), default=str)
    assert "CER 14.3 % → 0.0 %" in json.loads(saved)["verdict"]
    assert [] == [text for text in ("Prlvate", "Private", "Privatc") if text in saved]
    wire = Wire(comparison)
    wire.ask(kind="send pictures")
    comparison.after_index = 2
    assert [["Prlvate", "Private"], ["Prlvate", "Privatc"]] == [
        content["words"][0]["texts"] for content, _ in wire.sent if content["kind"] == "words"
    ]


def test_without_a_truth_differences_are_marked():
    """Nobody is said to be right; a line without words lends its own box."""
    whole = Recognition((Line("Best bcfore", Box(10, 20, 50, 40), None),))
    comparison = ImageCompare(SMALL, LARGE, readings=[whole, read(3, "Best before")])
    assert [("unchanged", None), ("differs", None)] == [
        (word["kind"], word["truth"]) for word in comparison.words
    ]
    assert [[0.1, 0.25, 0.5, 0.5]] == comparison.words[1]["boxes"][0]
    assert "" == comparison.verdict
    assert [[None, 0.9], [None, 0.9]] == [word["confidences"] for word in comparison.words]


def test_marks_follow_the_choice_of_pictures():
    """The third reading is the one compared once its picture is chosen."""
    readings = [read(1, "cnd"), read(3, "end"), read(1, "enb")]
    comparison = ImageCompare(SMALL, LARGE, SMALL, truth="end", readings=readings)
    assert ["fixed"] == [word["kind"] for word in comparison.words]
    comparison.after_index = 2
    assert ["still wrong"] == [word["kind"] for word in comparison.words]


def test_other_pictures_take_the_same_place():
    """Words, verdict and choice are theirs; the mode stays; what is there already is not sent again."""
    comparison = ImageCompare(
        SMALL, LARGE, SMALL, truth="end", readings=[read(1, "cnd"), read(3, "end"), read(1, "end")],
        mode="side", after_index=2,
    )  # fmt: skip
    comparison.selected = 0
    other = noise(30, 20)
    comparison.show(SMALL, other, labels=["original", "noise"])
    assert ["original", "noise"] == [layer["label"] for layer in comparison.layers]
    assert ("side", 0, 1, -1) == tuple(
        getattr(comparison, name) for name in ("mode", "before_index", "after_index", "selected")
    )
    assert ([], "") == (comparison.words, comparison.verdict)
    wire = Wire(comparison)
    wire.ask(kind="send pictures", hashes=[comparison.layers[1]["hash"]])
    assert {1: other.png} == wire.pictures()


def test_pictures_that_cannot_be_shown_leave_what_was_there(tmp_path):
    """Nothing of the new ones is taken."""
    comparison = ImageCompare(SMALL, LARGE)
    was = comparison.layers
    with pytest.raises(ImageError):
        comparison.show(SMALL, tmp_path / "missing.png")
    with pytest.raises(SettingsError):
        comparison.show(LARGE, SMALL, labels=["one"])
    assert (was, 100) == (comparison.layers, comparison.pictures[0].width)


def test_shown_in_a_cell_it_leaves_its_picture_in_an_output_of_its_own(capture_display):
    """JupyterLab shows an error in place of a widget that is gone, even where its bundle has a picture."""
    widget, still = capture_display(ImageCompare(SMALL, LARGE))
    assert {"text/plain", "application/vnd.jupyter.widget-view+json"} == set(widget)
    assert {"text/plain", "image/png"} == set(still)
    (only,) = capture_display(ImageCompare(np.ones((80, 100)), LARGE, keep_picture=False))
    assert {"text/plain", "application/vnd.jupyter.widget-view+json"} == set(only)


def test_a_truth_needs_readings_and_each_picture_its_own():
    """Refused with what to give."""
    with pytest.raises(SettingsError, match="give the readings, one for each picture"):
        ImageCompare(SMALL, LARGE, truth="end")
    with pytest.raises(SettingsError, match="There are 2 pictures and 1 readings: give one for each"):
        ImageCompare(SMALL, LARGE, readings=[read(1, "end")])
