"""Bad input gets one plain sentence and exit code 2, and good input beside it is not lost."""

import json
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from command_line import run

NOT_READABLE = "/proc/self/mem"
"""Opens for everybody, root included, and cannot be read: a permission bit would not stop root."""


def chunk(kind, data):
    """Return one PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with everything a user might give by mistake, and one good image."""
    place = tmp_path_factory.mktemp("given")
    noise = np.random.default_rng(1).integers(0, 255, (120, 160), np.uint8)
    Image.fromarray(noise).save(place / "whole.jpg")
    (place / "truncated.jpg").write_bytes((place / "whole.jpg").read_bytes()[:3000])
    (place / "empty.png").touch()
    (place / "text.png").write_text("This is not a picture.\n", encoding="utf-8")
    Image.new("L", (1, 1), 255).save(place / "dot.png")
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    (place / "bomb.png").write_bytes(bomb + chunk(b"IEND", b""))
    (place / "scans").mkdir()
    Image.new("L", (90, 60), 255).save(place / "good.png")
    (place / "good.gt.txt").write_text("", encoding="utf-8")
    Image.new("L", (90, 60), 255).save(place / "old.png")
    (place / "old.gt.txt").write_bytes("Gebühr".encode("latin-1"))
    return place


BAD_IMAGES = {
    "nowhere.png": "There is no file nowhere.png: check the name and the folder.",
    "empty.png": "empty.png is empty (0 bytes): save or download it again.",
    "text.png": "text.png is not an image that can be read here: give BMP, GIF, JPEG, PNG, TIFF or WebP.",
    "truncated.jpg": "truncated.jpg is damaged or truncated",
    "dot.png": "dot.png is 1×1 pixels, too small to hold a letter: give an image of at least 3 pixels",
    "bomb.png": "bomb.png declares 2,500 megapixels, over the limit of 100: cut it into parts or shrink",
    "scans": "scans is a folder: give an image file, or the files in it.",
    NOT_READABLE: f"{NOT_READABLE} cannot be read (Input/output error): check its permissions.",
}


def assert_one_plain_sentence(outcome, sentence):
    """One line, no traceback, nothing on standard output, exit code 2."""
    assert sentence in outcome.err
    assert 1 == len(outcome.err.strip().splitlines()), outcome.err
    assert "Traceback" not in outcome.err
    assert "" == outcome.out
    assert 2 == outcome.code


@pytest.mark.parametrize(("image", "sentence"), BAD_IMAGES.items())
def test_an_image_that_cannot_be_read_is_named_in_one_sentence(folder, image, sentence):
    """What happened, with which value, and what to do."""
    assert_one_plain_sentence(run("recognize", image, cwd=folder), sentence)


@pytest.mark.parametrize(
    "command",
    [
        ("upsample", "-o", "out.png"),
        ("filter", "deskew", "-o", "out.png"),
        ("filter", "contrast", "-o", "out.png"),
    ],
    ids=["upsample", "deskew", "contrast"],
)
def test_every_command_says_the_same_of_the_same_file(folder, command):
    """Whether a service is asked or it is computed here; nothing is written."""
    assert_one_plain_sentence(run(*command, "text.png", cwd=folder), BAD_IMAGES["text.png"])
    assert not (folder / "out.png").exists()


def test_good_images_beside_bad_ones_are_done_and_every_bad_one_is_a_row(folder):
    """Exit code 1; rows on standard output, one sentence for each bad image on standard error."""
    outcome = run(
        "compare", *BAD_IMAGES, "good.png", "--conditions", "original,resized:x2", "--json", cwd=folder
    )
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert 2 * (len(BAD_IMAGES) + 1) == len(rows)
    failed = [row for row in rows if row["error"]]
    assert 2 * len(BAD_IMAGES) == len(failed)
    for row in failed:
        assert {None} == {
            row[name] for name in ("text", "cer", "wer", "seconds", "calls", "width", "image_hash")
        }
    assert [0.0, 0.0] == [row["cer"] for row in rows if row["image"] == "good.png"]
    assert len(BAD_IMAGES) == len(outcome.err.strip().splitlines()), outcome.err
    for sentence in BAD_IMAGES.values():
        assert sentence in outcome.err
    assert 1 == outcome.code


def test_where_every_image_is_bad_nothing_was_done(folder):
    """The rows are there, the exit code says that nothing was done, and no table pretends otherwise."""
    outcome = run("compare", "empty.png", "scans", "--json", cwd=folder)
    assert 8 == len(outcome.out.splitlines())
    assert 2 == outcome.code
    outcome = run("compare", "empty.png", cwd=folder)
    assert_one_plain_sentence(outcome, BAD_IMAGES["empty.png"])


def test_a_report_with_failed_images_is_written_all_the_same(folder, tmp_path):
    """It lists them; the rows beside it hold every trial."""
    outcome = run(
        "compare", "text.png", "good.png", "--conditions", "original", "--out", tmp_path, cwd=folder
    )
    assert 1 == outcome.code
    assert "text.png" in (tmp_path / "report.html").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in (tmp_path / "trials.jsonl").read_text(encoding="utf-8").splitlines()]
    assert ["text.png", "good.png"] == [row["image"] for row in rows]


def test_a_truth_in_latin_1_is_refused_not_guessed(folder):
    """Beside the image, or given."""
    sentence = "is not UTF-8 (its byte 3 is 0xfc): save it as UTF-8."
    assert_one_plain_sentence(run("compare", "old.png", cwd=folder), "old.gt.txt " + sentence)
    given = run("compare", "good.png", "--truth", "old.gt.txt", cwd=folder)
    assert_one_plain_sentence(given, "old.gt.txt " + sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("compare good.png --conditions original,upsmapled", "did you mean 'upsampled'?"),
        ("compare good.png --conditions upsampled:x7", "'x7' in 'upsampled:x7' is not a factor"),
        ("compare good.png --factor 3x", "--factor cannot be '3x': choose 2, 3, 4 or auto."),
        ("compare good.png --truth nowhere", "There is no ground truth at nowhere: check the name"),
        ("compare good.png --normalization standrad", "'standrad'"),
        ("recognize good.png --language Englsh", "did you mean 'English'?"),
        ("recognize good.png --engine rapidorc", "no engine 'rapidorc': did you mean 'rapidocr'?"),
        ("recognize good.png --service clod", "no service 'clod': did you mean 'cloud'?"),
        ("recognize good.png --service http://127.0.0.1:9 --engine tesseract", "leave one of them out"),
        ("upsample good.png -o out.xyz", "out.xyz has no suffix of a picture format"),
        ("upsample good.png -o nowhere/out.png", "There is no folder nowhere to write out.png into"),
        ("filter rotate good.png -o out.png", "rotate needs --degrees"),
        ("filter deskew good.png -o out.png --degrees 3", "--degrees belongs to rotate"),
        ("compare good.png --out good.png", "The folder good.png cannot be written (File exists)"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_with_advice(folder, arguments, sentence):
    """Nothing is read, sent or written before the settings are clear."""
    assert_one_plain_sentence(run(*arguments.split(), cwd=folder), sentence)
    assert not (folder / "out.png").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("comapre", "good.png"), "No such command 'comapre'. Did you mean 'compare'?"),
        (("compare", "good.png", "--langauge", "German"), "No such option: --langauge"),
        (("filter", "sharpen", "good.png", "-o", "out.png"), "'sharpen' is not one of 'deskew', 'binarize'"),
        (("upsample", "good.png"), "Missing option '--output'"),
    ],
    ids=["command", "option", "choice", "missing"],
)
def test_a_misspelled_command_line_says_how_it_is_spelled(folder, arguments, sentence):
    """With the usage above it, as every command line does."""
    outcome = run(*arguments, cwd=folder)
    assert sentence in outcome.err
    assert "Traceback" not in outcome.err
    assert (2, "") == (outcome.code, outcome.out)


def test_nothing_is_said_twice(folder):
    """One image under four conditions fails once."""
    outcome = run("compare", "empty.png", "good.png", cwd=folder)
    assert 1 == outcome.err.count("empty.png is empty")
    assert 1 == outcome.code


def test_a_closed_pipe_is_no_error(folder):
    """`| head` takes what it wants and goes; no traceback follows."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "ocr_nb", "compare", "good.png", "--json"],
            cwd=folder, stdout=closed, stderr=subprocess.PIPE, timeout=120, check=False,
        )  # fmt: skip
    assert b"" == done.stderr
    assert 1 == done.returncode
