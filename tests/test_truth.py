"""Ground truth is found beside the image, in a folder, in a file or in what was given; never guessed."""

from pathlib import Path

import pytest

from ocr_nb.errors import SettingsError
from ocr_nb.truth import check_truth, find_truth, read_truth


@pytest.fixture
def image(tmp_path):
    """Where an image would be; ground truth never opens it."""
    return tmp_path / "small_print.png"


def find(truth, path, index=0):
    return find_truth(truth, index, name=path.name, path=path)


def test_the_truth_beside_the_image_is_found(image):
    """`NAME.txt` is taken, `NAME.gt.txt` goes before it, and nothing is none."""
    assert find(None, image) is None
    image.with_name("small_print.txt").write_text("from txt\n", encoding="utf-8")
    assert "from txt" == find(None, image)
    image.with_name("small_print.gt.txt").write_text("from gt\n\n", encoding="utf-8")
    assert "from gt" == find(None, image)


def test_a_folder_of_truths_is_searched_by_name(image, tmp_path):
    """The image's folder does not matter then."""
    folder = tmp_path / "truths"
    folder.mkdir()
    (folder / "small_print.gt.txt").write_text("in the folder", encoding="utf-8")
    assert "in the folder" == find(folder, image)
    assert find(folder, image.with_name("other.png")) is None


def test_one_file_is_the_truth_of_every_image(image, tmp_path):
    """Several spoilt copies of one page share it."""
    file = tmp_path / "page.txt"
    file.write_text("the page", encoding="utf-8")
    assert ["the page", "the page"] == [find(file, image), find(file, image.with_name("copy.jpg"), 1)]


def test_texts_can_be_given_directly(image):
    """As one text, by name, by stem, or one an image."""
    assert "words" == find("words", image)
    assert "by name" == find({"small_print.png": "by name", "small_print": "by stem"}, image)
    assert "by stem" == find({"small_print": "by stem"}, image)
    assert find({"other": "x"}, image) is None
    assert ["first", None] == [find(["first", None], image, index) for index in (0, 1)]


def test_a_byte_order_mark_is_no_text(tmp_path):
    """Editors put it there unasked."""
    file = tmp_path / "marked.txt"
    file.write_bytes(b"\xef\xbb\xbfwords\r\n")
    assert "words" == read_truth(file)


def test_latin_1_is_refused_not_guessed(tmp_path):
    """The sentence names the file, the byte and the way out."""
    file = tmp_path / "old.txt"
    file.write_bytes("Ärger".encode("latin-1"))
    with pytest.raises(
        SettingsError, match=r"old\.txt is not UTF-8 \(its byte 0 is 0xc4\): save it as UTF-8"
    ):
        read_truth(file)


def test_truth_that_can_fit_no_image_is_refused_at_once():
    """A path that is not there, or a list of another length."""
    with pytest.raises(SettingsError, match=r"no ground truth at nowhere\.txt"):
        check_truth(Path("nowhere.txt"), 1)
    with pytest.raises(SettingsError, match="1 ground truths were given for 2 images"):
        check_truth(["one"], 2)
