"""The report as a file: what it says, that it needs nothing else, and that nothing in it can run or leak."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from needs import needs
from ocr_nb.images import from_array
from ocr_nb.report import render_report, write_report
from ocr_nb.report.figures import palette
from ocr_nb.report.markup import Markup, element, join, prose
from ocr_nb.trial import Trial
from trials import trial

HOSTILE = "<img src=x onerror=alert(1)>\"'&</script><script>alert(2)</script>"
TRUTH = "Net weight 250 g"


class Page(HTMLParser):
    """Collects a page's elements and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def comparison():
    """Three images, one better, one worse, one failed, with pictures of the first two."""
    gray = np.full((30, 60), 1.0, np.float32)
    gray[10:20:3, 8:50:4] = 0.0
    small, large = from_array(gray, name="a.png"), from_array(np.kron(gray, np.ones((3, 3))), name="a.png")
    rows = [
        trial("a.png", "original", "Net we1ght 25O g", TRUTH, x_height_px=6.1, width=60, height=30),
        trial("a.png", "upsampled:x3", TRUTH, TRUTH, x_height_px=6.1, width=180, height=90, factor=3.0),
        trial("b.png", "original", TRUTH, TRUTH),
        trial("b.png", "upsampled:x3", "Nct weight g", TRUTH, warnings=("b.png has 2 frames.",)),
        trial("c.png", "original", TRUTH, TRUTH),
        Trial(image="c.png", condition="upsampled:x3", engine="rapidocr", engine_version="3.10",
              service="local", ground_truth=TRUTH, error="The engine ran out of memory."),
    ]  # fmt: skip
    pictures = {
        (name, condition): picture
        for name in ("a.png", "b.png")
        for condition, picture in (("original", small), ("upsampled:x3", large))
    }
    return rows, pictures


@pytest.fixture(scope="module")
def html(comparison):
    """The page as text."""
    return render_report(*comparison)


@pytest.fixture(scope="module")
def page(html):
    """The page, parsed."""
    return Page(html)


def test_the_report_is_one_file_in_the_folder_that_was_named(comparison, tmp_path):
    """The folder is made, and the path that comes back is the only file in it."""
    target = write_report(*comparison, tmp_path / "new" / "folder")
    assert tmp_path / "new" / "folder" / "report.html" == target
    assert [target] == list(target.parent.iterdir())
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_answer_comes_first(page):
    """The question is the title, the first sentence after it the verdict."""
    body = page.text[page.text.rindex("Recognition report") :]
    question = body.index("Does upsampling\u00a0×3 help to read these 3\u00a0images?")
    answer = body.index("Upsampling\u00a0×3 gives more errors here: CER rises from")
    assert (
        0 < question < answer < body.index("Table 1") < body.index("Figure 1") < body.index("Image by image")
    )


def test_regressions_come_before_gains_and_failures_before_both_of_the_quiet_ones(page):
    """Sections stand in the order worse, failed, better."""
    names = re.findall(r"\d(a|b|c)\.png(?:worse|failed|better)", page.text)
    assert ["b", "c", "a"] == names


def test_every_pair_states_size_x_height_and_contrast_of_both_pictures(page):
    """The captions are those that the comparison shows."""
    captions = [image["data-caption"] for image in page.all("img")]
    assert 4 == len(captions)
    assert re.fullmatch(
        r"original 60×30 · x-height (unknown|[\d.]+\u00a0px) · text contrast \d+\u00a0%", captions[0]
    )
    assert captions[1].startswith("upsampled\u00a0×3 180×90 · x-height ")
    assert ["Show original", "Upsample image"] == [image["data-action"] for image in page.all("img")][:2]


def test_pictures_are_in_it_bit_by_bit(page, comparison):
    """The PNG inside is the picture's own, lossless."""
    source = page.all("img")[1]["src"]
    assert source is not None
    head, _, data = source.partition(",")
    assert "data:image/png;base64" == head
    assert base64.b64decode(data) == comparison[1]["a.png", "upsampled:x3"].png


def test_errors_and_warnings_are_told(page):
    """What failed says why, and a warning of a trial stands at its image."""
    assert "Upsampling\u00a0×3 failed: The engine ran out of memory." in page.text
    assert "b.png has 2 frames." in page.text
    assert "1 recognition failed and stand" in page.text


def test_readings_are_marked_word_by_word_in_signs_and_in_speech(html):
    """Fixed, broken, wrong and unread words each have a class, a sign or line, and hidden words."""
    assert '<span class="word wrong" title="truth: weight">we<b>1</b>ght' in html
    assert '<span class="spoken"> (wrong; truth: weight)</span>' in html
    assert re.search(
        r'class="word fixed" title="before: we1ght"><span class="sign" aria-hidden="true">✓</span>', html
    )
    assert re.search(
        r'class="word broken" title="truth: Net"><span class="sign" aria-hidden="true">✗</span>N', html
    )
    assert re.search(r'class="word broken missing" title="truth: 250"', html)


def test_it_says_that_it_holds_the_images(page):
    """Whoever mails it is warned; without pictures it speaks of texts alone."""
    assert "This file contains the images and the texts themselves" in page.text
    assert "This file contains the texts themselves" in render_report([trial("a", "original", "x")], {})


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(page, html):
    """Each inline block has its hash in the policy; there is no handler, no style attribute, no address."""
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
    assert policy is not None
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (block,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    named = {name for _, attributes in page.elements for name in attributes}
    assert set() == {name for name in named if name.startswith("on") or name == "style"}


def test_there_is_no_address_of_anywhere_in_it(html):
    """Nothing is fetched: every source is data, every link stays on the page."""
    assert [] == re.findall(r"https?:|//[a-z]+\.[a-z]|url\(|@import", html)
    assert {"data:"} == {source[:5] for source in re.findall(r'src="([^"]*)"', html)}
    assert {"#", "d"} == {target[:1] for target in re.findall(r'href="([^"]*)"', html)}


def test_assets_hold_no_address_either():
    """The files it is made of are as self-contained as the report."""
    for asset in (files("ocr_nb") / "static").iterdir():
        if asset.name.endswith((".js", ".css")):
            # The name of SVG is an address by form only: nothing is asked there.
            text = asset.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert [] == re.findall(r"https?://[a-z0-9]|@import|url\(|</script|</style", text), asset.name


def test_hostile_names_and_texts_are_shown_not_obeyed():
    """Whatever an image is called and whatever was read on it, no element comes of it."""
    rows = [
        trial(HOSTILE, "original", HOSTILE, f"{HOSTILE} and more", engine=HOSTILE, warnings=(HOSTILE,)),
        trial(HOSTILE, HOSTILE, "else", f"{HOSTILE} and more", engine=HOSTILE, variant=None),
        Trial(image=HOSTILE, condition="binarize", engine=HOSTILE, engine_version="3.10", service="local",
              error=HOSTILE),
    ]  # fmt: skip
    picture = from_array(np.zeros((8, 8), np.float32), name=HOSTILE)
    page = Page(render_report(rows, {(HOSTILE, "original"): picture}))
    assert 1 == len(page.all("script"))
    assert ["data:"] == [str(image["src"])[:5] for image in page.all("img")]
    assert page.text.count("<img src=x onerror=alert(1)>") >= 5
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_without_ground_truth_the_table_holds_proxies_and_says_so():
    """No error rate is shown where none is known; differing words are marked without saying who is right."""
    rows = [
        trial("a", "original", "one two", None, confidence=0.5),
        trial("a", "upsampled", "one too", None, confidence=0.75),
    ]
    html = render_report(rows, {})
    text = Page(html).text
    assert "Confidence (proxy)" in text
    assert "accuracy with upsampling is unknown without ground truth" in text.lower()
    assert "Figure 1" not in text
    assert '<span class="word differs" title="originally read: two">too' in html


def test_equal_pictures_are_shown_once_and_not_compared():
    """An image left as given has no slider against itself."""
    picture = from_array(np.zeros((8, 8), np.float32), name="a")
    rows = [trial("a", "original", "x"), trial("a", "upsampled", "x", warnings=("not upsampled: large.",))]
    page = Page(render_report(rows, {("a", "original"): picture, ("a", "upsampled"): picture}))
    assert 1 == len(page.all("img"))
    assert [] == [figure for figure in page.all("figure") if "data-compare" in figure]


def test_infinite_rates_and_one_image_are_drawn_all_the_same():
    """An empty truth on which something was read gives ∞ in words and a dot at the edge."""
    rows = [trial("a", "original", "x", ""), trial("a", "upsampled", "", "")]
    text = Page(render_report(rows, {})).text
    assert "∞" in text
    assert "nan" not in text.lower()


def test_no_trials_make_no_report(tmp_path):
    """The message says so, and nothing is written."""
    with pytest.raises(ValueError, match="no trials"):
        write_report([], {}, tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_condition_keeps_its_color_everywhere():
    """The four named ones have their own; others take what is left, in order."""
    assert {
        "original": "c-original", "upsampled:x2": "c-upsampled", "upsampled:x3": "c-other-2",
        "make_upsampling": "c-make-upsampling",
    } == palette(["original", "upsampled:x2", "upsampled:x3", "make_upsampling"])  # fmt: skip


def test_markup_escapes_all_but_markup():
    """Text and attributes are escaped, elements are not escaped twice, None is nothing."""
    inner = element("b", "<&>")
    assert '<p class="x&quot;" hidden><b>&lt;&amp;&gt;</b>&#x27;</p>' == element(
        "p", [inner, None], "'", class_='x"', hidden=True, title=None
    )
    assert "&lt;b&gt;<br>" == join(["<b>", element("br")])
    assert isinstance(inner, Markup)


def test_numbers_stay_on_the_line_of_their_unit():
    """Only spaces between a number and its unit are bound."""
    assert "CER 3\u00a0% of 4\u00a0images, 5\u00a0px\u00a0×3 or a %" == prose(
        "CER 3 % of 4 images, 5 px ×3 or a %"
    )


def test_the_pure_functions_of_the_comparison_pass_in_node():
    """The front end's own tests, run by Node."""
    import subprocess
    from pathlib import Path

    tests = sorted(str(path) for path in (Path(__file__).parent / "js").glob("*.test.mjs"))
    done = subprocess.run([needs("node"), "--test", *tests], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    passed = re.search(r"^. pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= 17
