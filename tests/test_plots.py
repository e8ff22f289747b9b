"""Each plot draws the tracker's numbers on the axes it was given, in the report's colors."""

import json
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from ocr_nb import plots
from ocr_nb.errors import SettingsError
from ocr_nb.tracker import AccuracyTracker
from trials import trial

matplotlib.use("Agg")
TRUTH = "abcdefghij"


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure behind."""
    yield
    pyplot.close("all")


def spoilt(errors):
    return "X" * errors + TRUTH[errors:]


@pytest.fixture
def tracker():
    """Twelve images of two sizes: upsampling helps seven, hurts three, changes two by nothing."""
    rows = []
    for number in range(12):
        name = f"$page_{number}$ " + "long name " * 3
        common = {"group": f"d{number}", "x_height_px": 6.0 if number % 2 else 15.0}
        after = 1 if number < 7 else 5 if number < 10 else 3
        rows.append(trial(name, "original", spoilt(3), **common))
        rows.append(trial(name, "upsampled", spoilt(after), seconds=3.0, **common))
    return AccuracyTracker(rows)


def texts(axes):
    """Return everything written on the axes."""
    axes.figure.canvas.draw()
    return [text.get_text() for text in axes.findobj(matplotlib.text.Text) if text.get_text()]


def test_the_error_rate_is_drawn_against_the_size_of_the_text(tracker):
    """A line and a band a condition, at the bins' mean x-heights."""
    given = pyplot.subplots()[1]
    axes = plots.draw_by_x_height(tracker, ax=given)
    assert given is axes
    original, upsampled = axes.get_lines()
    assert [6.0, 15.0] == list(original.get_xdata())
    assert [0.3, 0.3] == pytest.approx(list(original.get_ydata()))
    table = tracker.by_x_height()
    assert list(table[table["condition"] == "upsampled"]["cer_micro"]) == list(upsampled.get_ydata())
    assert original.get_marker() != upsampled.get_marker()
    assert 2 == len(axes.collections)
    assert "30 %" in texts(axes)
    names = {text.get_text(): text for text in axes.texts}
    assert {"original", "upsampled"} == set(names)
    assert names["upsampled"].get_color() == upsampled.get_color()
    assert (15.0, 15.0) == tuple(text.xy[0] for text in names.values())  # each at its line's end
    only = plots.draw_by_x_height(tracker, conditions=["upsampled"])
    assert 1 == len(only.get_lines())


def test_the_error_rate_is_drawn_against_kinds_of_images_in_their_order():
    """Not in that of their names: 8 px comes before 16 px."""
    tracker = AccuracyTracker()
    for variant, errors in (("8 px", 4), ("16 px", 1)):
        tracker.add(trial("a", "original", spoilt(errors), variant=variant))
    axes = plots.draw_by_variant(tracker, ["8 px", "16 px"])
    assert ["8 px", "16 px"] == [tick.get_text() for tick in axes.get_xticklabels()]
    assert [0.4, 0.1] == list(axes.get_lines()[0].get_ydata())
    with pytest.raises(SettingsError, match="No trial is of the variants 24 px"):
        plots.draw_by_variant(tracker, ["24 px"])
    with pytest.raises(SettingsError, match="nothing to draw of the condition 'resized'"):
        plots.draw_by_variant(tracker, ["8 px"], conditions=["resized"])


def test_names_of_many_lines_do_not_overlap():
    """Eight conditions that end at one rate."""
    tracker = AccuracyTracker()
    for number in range(8):
        condition = "+".join(["contrast"] * number) or "original"
        for size in (6.0, 15.0):
            tracker.add(trial(f"{size}", condition, spoilt(2), x_height_px=size))
    axes = plots.draw_by_x_height(tracker)
    axes.figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
    assert 8 == len(boxes)
    assert all(upper.y0 >= lower.y1 - 1 for lower, upper in pairwise(boxes))


def test_conditions_have_the_colors_of_the_report():
    """Read from its style sheet, so that they cannot drift apart; others differ from all of these."""
    styles = (files("ocr_nb") / "static" / "report.css").read_text("utf-8")
    names = ["original", "resized:x2", "upsampled", "make_upsampling", "deskew", "binarize"]
    colors = plots.colors_of(names)
    for name in names[:4]:
        variable = name.partition(":")[0].replace("_", "-")
        assert f"--{variable}: {colors[name]};" in styles
    assert len(names) == len(set(colors.values()))


def test_a_plot_has_the_colors_of_its_conditions(tracker):
    """The same on the line as in the table."""
    lines = plots.draw_by_x_height(tracker).get_lines()
    expected = plots.colors_of(["original", "upsampled"])
    assert [*expected.values()] == [to_hex(line.get_color()) for line in lines]


def test_slopes_dash_and_name_what_got_worse(tracker):
    """One line an image; names are taken as they are, also with dollars, and cut when long."""
    axes = plots.draw_slopes(tracker.compare())
    lines = axes.get_lines()
    assert 12 == len(lines)
    assert 3 == sum(line.get_linestyle() != "-" for line in lines)
    assert {(0.3, 0.1), (0.3, 0.5), (0.3, 0.3)} == {tuple(line.get_ydata()) for line in lines}
    named = [text for text in texts(axes) if text.startswith("$page_")]
    assert ["$page_7$ long name long…"] == named  # the others end at the same place: no room
    assert "Each image: 7 better, 3 worse (dashed), 2 the same" in texts(axes)


def test_the_distribution_of_differences_has_a_bin_for_no_change(tracker):
    """Bars count images; what is worse is hatched; the micro change and its interval stand above."""
    found = tracker.compare()
    axes = plots.draw_differences(found)
    bars = [patch for patch in axes.patches if patch.get_height()]
    assert [7, 2, 3] == [bar.get_height() for bar in bars]
    assert [-0.2, 0.0, 0.2] == pytest.approx([bar.get_x() + bar.get_width() / 2 for bar in bars], abs=0.03)
    assert [None, None, "///"] == [bar.get_hatch() for bar in bars]
    interval, mark = axes.get_lines()[:2]
    assert [found.cer.interval.low, found.cer.interval.high] == list(interval.get_xdata())
    assert [found.cer.change] == list(mark.get_xdata())


def test_confusions_fixed_stand_right_and_broken_left():
    """The most changed ones, the best net on top."""
    tracker = AccuracyTracker()
    for number in range(5):
        tracker.add(trial(f"{number}", "original", "com", truth="corn"))
        tracker.add(trial(f"{number}", "upsampled", "corn" if number else "comm", truth="corn"))
        tracker.add(trial(f"x{number}", "original", "a l", truth="a l"))
        tracker.add(trial(f"x{number}", "upsampled", "a 1" if number < 2 else "al", truth="a l"))
    axes = plots.draw_confusions(tracker.confusions(), most=2)
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert ["␣→∅", "rn→m"] == names
    widths = [patch.get_width() for patch in axes.patches]
    assert [0, 4, -3, 0] == widths
    assert {"← broken", "fixed →"} <= set(texts(axes))
    empty = plots.draw_confusions(tracker.confusions("upsampled", "original").iloc[:0])
    assert [] == list(empty.patches)


def test_cost_is_drawn_against_gain(tracker):
    """Per image, beyond the baseline."""
    axes = plots.draw_costs(tracker)
    (point,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert (2.0, (7 * 2 - 3 * 2) / 12) == (point.get_xdata()[0], point.get_ydata()[0])
    assert "upsampled" in texts(axes)


def test_an_infinite_rate_is_not_drawn():
    """An empty page on which something was read has no place on the axis."""
    tracker = AccuracyTracker()
    for name, read in (("original", "abc"), ("upsampled", "")):
        tracker.add(trial("empty.png", name, read, truth="", x_height_px=6.0))
        tracker.add(trial("page.png", name, spoilt(2), x_height_px=6.0))
    found = tracker.compare()
    assert 1 == len(plots.draw_slopes(found).get_lines())
    assert 1 == sum(patch.get_height() for patch in plots.draw_differences(found).patches)
    assert np.isfinite(plots.draw_by_x_height(tracker).get_ylim()).all()


def test_what_cannot_be_drawn_is_said(tracker):
    """Rather than an empty plot."""
    with pytest.raises(SettingsError, match="No trial has both a ground truth and an x-height"):
        plots.draw_by_x_height(AccuracyTracker([trial("a", "original", "x")]))
    with pytest.raises(SettingsError, match="No condition was measured on the same images as resized"):
        plots.draw_costs(tracker, "resized")
    tracker.add(trial("a", "original", "x", engine="tesseract"))
    with pytest.raises(SettingsError, match=r"trials are by rapidocr 3\.10, tesseract 3\.10: choose one"):
        plots.draw_by_x_height(tracker)


def test_matplotlib_is_imported_when_something_is_drawn():
    """Whoever only reads tables does not wait for it."""
    code = "import ocr_nb.plots, sys, json; print(json.dumps('matplotlib' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    assert json.loads(done.stdout) is False
