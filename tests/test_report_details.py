"""What the report shows of single words, and in its further tables."""

import base64
import io
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from ocr_nb.images import from_array
from ocr_nb.report.aligned import MOST_CROPS, WIDEST, show_aligned, show_crops
from ocr_nb.report.charts import Point, draw_by_size, draw_changes
from ocr_nb.tracker import AccuracyTracker
from trials import trial

TRUTH = "net weight\n250 g"
BOXES = ((3, 0.0, 0.0, 0.2, 0.5), (6, 0.3, 0.0, 0.9, 0.5), (3, 0.0, 0.5, 0.3, 1.0), (1, 0.5, 0.5, 0.6, 1.0))


def pair(before, after, condition="upsampled:x3", truth=TRUTH):
    """Make the trials of one image; each word of a reading stands where its like stands in the truth."""
    return (
        trial("a.png", "original", before, truth, word_boxes=BOXES),
        trial("a.png", condition, after, truth, word_boxes=BOXES),
    )


def test_three_readings_stand_word_under_word():
    """Only the line in which something is wrong, with the truth above; signs say what became of each word."""
    shown = show_aligned(*pair("net weight\n2S0 g", "net weight\n250 9"))
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", shown)]
    texts = [[re.sub(r"<span.*?</span>", "", cell) for cell in row] for row in cells]
    assert [["truth", "250", "g"], ["original", "2S0", "g"], ["upsampled ×3", "250", "9"]] == texts
    assert ["fixed", "broken"] == re.findall(r'"spoken"> \((\w+)\)', shown)


def test_right_readings_and_unknown_truths_have_nothing_to_align():
    """Nor has an image that failed."""
    assert show_aligned(*pair(TRUTH, TRUTH)) is None
    assert show_aligned(*pair("a", "b", truth=None)) is None
    assert show_aligned(None, pair("a", "b")[1]) is None


def test_a_lost_space_and_nothing_read_can_be_seen():
    """They leave no letter to look at."""
    shown = show_aligned(*pair("netweight\n250 g", "net\n250 g"))
    assert ">net‿<" in shown
    assert ">∅<" in re.sub(r"<span.*?</span>", "", shown)


def test_a_long_line_is_broken_into_rows_that_fit():
    """And none of its words is lost."""
    truth = " ".join(f"word{number}" for number in range(40))
    shown = show_aligned(*pair("", truth, truth=truth))
    tables = shown.split("<table")[1:]
    assert len(tables) > 2
    assert truth.split() == re.findall(r"<td>(word\d+)</td>", shown)
    assert all(len(" ".join(re.findall(r"<td>(word\d+)</td>", one))) <= WIDEST for one in tables)


def picture(width, height):
    """Make a picture whose every quarter has its own gray."""
    pixels = np.zeros((height, width), np.float32)
    pixels[: height // 2, width // 2 :], pixels[height // 2 :, : width // 2] = 0.25, 0.5
    pixels[height // 2 :, width // 2 :] = 1.0
    return from_array(pixels)


def images_in(html):
    found = re.findall(r"base64,([^\"]+)\"", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L")) for data in found]


def test_misread_words_are_cut_out_of_both_pictures():
    """From the picture as given and the enlarged one, at the same place; what was broken comes first."""
    small, large = picture(40, 20), picture(120, 60)
    shown = show_crops(*pair("net weight\n2S0 g", "net weight\n250 9"), small, large)
    kinds = re.findall(r'class="crop is-([\w-]+)"', shown)
    assert ["broken", "fixed"] == kinds
    broken, broken_large, fixed, _ = images_in(shown)
    assert (255, 128) == (broken[-1, -1], fixed[-1, 0])
    assert broken_large.shape[0] == pytest.approx(3 * broken.shape[0], abs=3)
    assert ["truth g", "before g", "after 9"] == _captions(shown)[:3]


def _captions(html):
    return [
        re.sub(r"<[^>]+>", "", one)
        for one in re.findall(r'class="reads">(.*?)</span>(?=<span class="reads"|</figcaption)', html)
    ]


def test_of_a_turned_page_only_the_picture_as_given_is_cut():
    """Where a word stands on the turned one says nothing of the other."""
    small = picture(40, 20)
    shown = show_crops(*pair("net weight\n2S0 g", TRUTH, "deskew+upsampled:x2"), small, picture(60, 60))
    assert 1 == len(images_in(shown))


def test_without_boxes_or_pictures_there_is_nothing_to_cut():
    """Readings made elsewhere have neither."""
    before, after = pair("net weight\n2S0 g", TRUTH)
    assert show_crops(before, after, None, None) is None
    bare = [trial("a.png", one.condition, one.text, TRUTH) for one in (before, after)]
    assert show_crops(*bare, picture(40, 20), None) is None


def test_of_many_misread_words_some_are_shown_and_the_rest_counted():
    """So that a hopeless page stays short."""
    truth = " ".join("x" * 3 for _ in range(40))
    boxes = tuple((3, 0.02 * n, 0.0, 0.02 * n + 0.02, 1.0) for n in range(40))
    before = trial("a", "original", truth.replace("x", "y"), truth, word_boxes=boxes)
    shown = show_crops(
        before, trial("a", "upsampled", truth, truth, word_boxes=boxes), picture(400, 20), None
    )
    assert MOST_CROPS == len(images_in(shown))
    assert f"{40 - MOST_CROPS} more stand in the text only." in shown


def study(images=6):
    """Make a tracker of images of two sizes and kinds: errors that upsampling fixes, and one it makes."""
    rows = []
    for number in range(images):
        size = {"x_height_px": 6.0 if number % 2 else 14.0, "variant": "8 px" if number % 2 else "16 px"}
        name = f"page{number}.png"
        rows.append(trial(name, "original", "corn earn 1", "corn eam 1", group=name, **size))
        after = "corn eam 1" if number else "corn eam l"
        rows.append(trial(name, "upsampled", after, "corn eam 1", group=name, seconds=2.0, calls=4, **size))
    return AccuracyTracker(rows)


def test_the_report_has_the_tracker_s_tables(tmp_path):
    """By size, by kind, misreadings, costs, words wherever they stand, and what proxies would have said."""
    html = study().report(tmp_path / "r.html").read_text(encoding="utf-8")
    titles = re.findall(r"<h3>([^<]+)</h3>", html)
    assert [
        "By size of the text", "By kind of image", "Misreadings fixed and broken by upsampled",
        "What it costs", "Words found wherever they stand", "What one could know without ground truth",
    ] == titles[:6]  # fmt: skip
    text = re.sub(r"<[^>]+>", " ", html)
    assert "m→rn" in text
    assert "forgive reading order" in text
    assert re.search(r"upsampled\s+6\s+11\s+6\.0\s+12\s+0\.545\s+1\.091", text)
    assert text.index(" 8 px") < text.index("16 px")  # numbers count as such


def test_without_truth_there_are_no_such_tables(tmp_path):
    """There is nothing to break down."""
    tracker = AccuracyTracker([trial("a", "original", "x", truth=None)])
    assert "In detail" not in tracker.report(tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_large_study_shows_the_images_with_most_to_say(tmp_path):
    """Regressions, then the largest gains; how many are left out is said."""
    rows = []
    for number in range(9):
        name = f"page{number}.png"
        rows.append(trial(name, "original", "x" * (number % 4) + "abcdefghij"[number % 4 :]))
        rows.append(trial(name, "upsampled", "abcdefghij" if number else "ABCdefghij"))
    html = AccuracyTracker(rows).report(tmp_path / "r.html", most_images=3).read_text(encoding="utf-8")
    assert ["page0.png", "page3.png", "page7.png"] == re.findall(r'href="#image-\d">([^<]+)', html)
    assert "6 more images stand in the figures above only." in html.replace("\u00a0", " ")


def test_the_gallery_can_be_sorted_by_what_it_says(tmp_path):
    """Each cell that is a number or a name carries its value; infinite ones come after all others."""
    html = study().report(tmp_path / "r.html").read_text(encoding="utf-8")
    assert 1 == html.count("<table data-sortable>")
    row = re.search(r'<tr data-case="image-1">.*?</tr>', html).group()
    assert ["page1.png (8 px)", "6", "0.2", "0", "-0.2"] == re.findall(r'data-value="([^"]+)"', row)[:5]


def test_lines_over_size_are_named_at_their_ends_without_overlap():
    """Ten conditions that end at one rate keep ten lines of text apart; what is infinite is not drawn."""
    series = {
        f"resized:x{2 + n % 3}+{'binarize+' * n}deskew": [Point(6, 0.5), Point(12, 0.1)] for n in range(10)
    }
    drawn = draw_by_size({**series, "original": [Point(6, float("inf")), Point(12, 0.1, 0.05, 0.2)]})
    places = sorted(float(y) for y in re.findall(r'y="([\d.]+)" class="name', drawn))
    assert 11 == len(places)
    assert all(later - former >= 12.9 for former, later in pairwise(places))
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_changes_are_drawn_to_both_sides_of_their_name():
    """Broken to the left, fixed to the right, as long as they are many."""
    drawn = draw_changes([("rn→m", 4, 0), ("c→e", 1, 2)])
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', drawn)]
    assert [0.0, 91.0, 45.5, pytest.approx(22.8, abs=0.1)] == widths
