"""The command line does the main job on real images, and says where the result is."""

import json
import re

import pytest
from PIL import Image

from command_line import run
from ocr_nb.images import load_picture
from ocr_nb.sample_set import samples
from ocr_nb.trial import Trial


@pytest.fixture(scope="module")
def card():
    """A clean sample that any recognizer reads."""
    return samples("card")[0]


def test_compare_prints_a_trial_a_row_and_nothing_else(card, tmp_path):
    """JSON Lines on standard output, one row a condition, every field of `Trial` in it."""
    outcome = run(
        "compare",
        card.path,
        "--conditions",
        "original,resized:x2,upsampled:x2+binarize",
        "--json",
        cwd=tmp_path,
    )
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert (0, "") == (outcome.code, outcome.err)
    assert {"original", "resized:x2", "upsampled:x2+binarize"} == {row["condition"] for row in rows}
    for row in rows:
        assert set(Trial.__dataclass_fields__) == set(row)
        assert ("card.png", "rapidocr", "local") == (row["image"], row["engine"], row["service"])
        assert card.ground_truth == row["ground_truth"]
        assert row["cer"] < 0.1
    assert {1.0, 2.0} == {row["factor"] for row in rows}


def test_compare_answers_in_a_sentence_and_a_table_and_writes_the_report(card, tmp_path):
    """The default conditions; the report holds the image itself."""
    outcome = run("compare", card.path, "--out", "report", cwd=tmp_path)
    assert 0 == outcome.code
    for words in (
        "original",
        "resized",
        "upsampled",
        "make_upsampling",
        "CER",
        "95 % interval",
        "normalization standard",
    ):
        assert words in outcome.out
    assert re.search(r"^Upsampling .* CER 0\.0 %", outcome.out, re.MULTILINE)
    assert "Report: report/report.html." in outcome.err
    assert "data:image/png;base64," in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert 4 == len((tmp_path / "report" / "trials.jsonl").read_text(encoding="utf-8").splitlines())


def test_compare_without_truth_shows_proxies_as_such(card, tmp_path):
    """Error rates are null; confidence and agreement say what they are."""
    bare = tmp_path / "bare.png"
    bare.write_bytes(card.path.read_bytes())
    outcome = run("compare", bare, "--conditions", "original,resized:x2", cwd=tmp_path)
    assert 0 == outcome.code
    assert "no ground truth (*proxies: they do not measure accuracy)" in outcome.out
    assert "agreement*" in outcome.out
    assert "WER" not in outcome.out
    (row,) = [
        json.loads(line)
        for line in run("compare", bare, "--conditions", "original", "--json", cwd=tmp_path).out.splitlines()
    ]
    assert (None, None, None) == (row["cer"], row["wer"], row["ground_truth"])


def test_a_factor_for_all_conditions_is_written_into_their_names(card, tmp_path):
    """Rows of different factors are different conditions."""
    outcome = run(
        "compare", card.path, "--conditions", "original,resized", "--factor", "2", "--json", cwd=tmp_path
    )
    assert ["original", "resized:x2"] == [json.loads(line)["condition"] for line in outcome.out.splitlines()]


def test_upsample_writes_a_larger_picture_and_passes_the_advice_on(card, tmp_path):
    """It was asked for, so it is done; the advice is a sentence."""
    outcome = run("upsample", card.path, "-o", "larger.png", "--factor", "2", cwd=tmp_path)
    assert 0 == outcome.code
    larger = load_picture(tmp_path / "larger.png")
    assert (2 * card.width, 2 * card.height) == (larger.width, larger.height)
    assert "larger.png: 640×272 pixels." in outcome.err
    assert "x-height 10 px: RapidOCR" in outcome.err
    assert "" == outcome.out


def test_recognize_writes_what_is_asked_for(card, tmp_path):
    """Text, JSON with boxes, hOCR, and a PDF that starts like one."""
    text = run("recognize", card.path, cwd=tmp_path)
    assert (0, card.ground_truth + "\n", "") == (text.code, text.out, text.err)
    parsed = json.loads(run("recognize", card.path, "--format", "json", cwd=tmp_path).out)
    assert card.ground_truth == parsed["text"]
    box = parsed["lines"][0]["box"]
    assert 0 <= box["left"] < box["right"] <= card.width
    assert "class='ocr_page'" in run("recognize", card.path, "--format", "hocr", cwd=tmp_path).out.replace(
        '"', "'"
    )
    assert run("recognize", card.path, "--format", "pdf", "-o", "card.pdf", cwd=tmp_path).code == 0
    assert (tmp_path / "card.pdf").read_bytes().startswith(b"%PDF-")


def test_recognize_reads_what_the_other_engine_reads(card, needs, tmp_path):
    """Where Tesseract is installed."""
    needs("tesseract")
    outcome = run("recognize", card.path, "--engine", "tesseract", "--upsample", cwd=tmp_path)
    assert 0 == outcome.code
    assert "Surveyor and cartographer" in outcome.out


def test_method_chooses_how_this_machine_enlarges(card, tmp_path):
    """Two methods, two pictures of one size; a wrong name is refused; elsewhere the choice is not ours."""
    pictures = {}
    for method in ("learned", "classical"):
        outcome = run("upsample", card.path, "-o", f"{method}.png", "--method", method, cwd=tmp_path)
        assert 0 == outcome.code
        with Image.open(tmp_path / f"{method}.png") as image:
            pictures[method] = (image.size, image.tobytes())
    assert pictures["learned"][0] == pictures["classical"][0]
    assert pictures["learned"][1] != pictures["classical"][1]

    wrong = run("upsample", card.path, "-o", "out.png", "--method", "learnt", cwd=tmp_path)
    assert "There is no upsampling method 'learnt': did you mean 'learned'?" in wrong.err
    elsewhere = run(
        "upsample", card.path, "-o", "out.png", "--method", "learned", "--service", "cloud", cwd=tmp_path
    )
    assert "--method learned chooses how to enlarge on this machine" in elsewhere.err
    assert 0 not in (wrong.code, elsewhere.code)


@pytest.mark.parametrize("name", ["deskew", "binarize", "dewarp", "contrast"])
def test_a_filter_keeps_the_size(name, tmp_path):
    """Whatever it does to the gray levels."""
    (slip,) = samples("slip")
    outcome = run("filter", name, slip.path, "-o", "out.png", cwd=tmp_path)
    assert (0, f"out.png: {slip.width}×{slip.height} pixels.") == (outcome.code, outcome.err.strip())
    with Image.open(tmp_path / "out.png") as image:
        assert (slip.width, slip.height) == image.size
        assert name != "binarize" or {0, 255} == {tone for _, tone in image.getcolors()}


def test_rotate_turns_by_the_degrees_given(card, tmp_path):
    """A quarter turn swaps the sides."""
    assert 0 == run("filter", "rotate", card.path, "-o", "out.png", "--degrees", "90", cwd=tmp_path).code
    with Image.open(tmp_path / "out.png") as image:
        assert (card.height, card.width) == image.size


def test_doctor_says_what_is_usable_and_why_not(tmp_path, monkeypatch):
    """One row a thing; a secret in the environment is found and not shown."""
    monkeypatch.setenv("OCR_NB_CLIENT_ID", "someone-known")
    monkeypatch.setenv("OCR_NB_CLIENT_SECRET", "canary-4711-do-not-show")
    outcome = run("doctor", "--json", cwd=tmp_path)
    rows = {(row["kind"], row["name"]): row for row in map(json.loads, outcome.out.splitlines())}
    assert 0 == outcome.code
    assert rows["engine", "rapidocr"]["is_usable"]
    assert rows["service", "local"]["is_usable"]
    assert rows["service", "cloud"]["is_usable"]
    assert not rows["credentials", "keyring"]["is_usable"]
    assert not rows["host", "colab"]["is_usable"]
    assert "canary" not in outcome.out + outcome.err
    assert "no  " in run("doctor", cwd=tmp_path).out


def test_lab_copies_the_notebooks_and_never_overwrites(tmp_path):
    """What the user wrote stays."""
    first = run("lab", "--copy-only", cwd=tmp_path)
    notebook = tmp_path / "ocr_nb-notebooks" / "01_first_look.ipynb"
    assert 0 == first.code
    assert "cells" in json.loads(notebook.read_text(encoding="utf-8"))
    notebook.write_text("mine", encoding="utf-8")
    second = run("lab", "--copy-only", cwd=tmp_path)
    assert "ocr_nb-notebooks: 0 notebooks copied" in second.err
    assert "already there and left alone" in second.err
    assert "mine" == notebook.read_text(encoding="utf-8")


def test_lab_opens_jupyterlab_on_the_copies(tmp_path, monkeypatch):
    """In the same Python, with what was asked for passed on, and with its exit code."""
    stand_in = tmp_path / "site" / "jupyterlab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "__main__.py").write_text("import sys; print(*sys.argv[1:]); sys.exit(5)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(stand_in.parent))
    outcome = run("lab", "copies", "--no-browser", "--allow-root", cwd=tmp_path)
    folder = tmp_path / "copies"
    assert f"--ServerApp.root_dir {folder} --no-browser --allow-root" == outcome.out.strip()
    assert 5 == outcome.code
    assert (folder / "01_first_look.ipynb").is_file()


def test_the_version_is_told(tmp_path):
    """By the command as by the package."""
    import ocr_nb

    assert f"ocr_nb {ocr_nb.__version__}\n" == run("--version", cwd=tmp_path).out
