"""What the README shows works as it stands there."""

import re
from pathlib import Path

import pytest

import ocr_nb
from command_line import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST = 'python3 -m venv .venv && . .venv/bin/activate && pip install ".[lab]" && ocr-nb demo'
SECOND = '. .venv/bin/activate && pip install -e ".[dev]" && pytest'


def blocks(language):
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_two_commands_do_all_the_set_up():
    """The first is the way in, the second the way to the tests; the build machine runs the latter."""
    assert [FIRST, SECOND] == [block.strip() for block in blocks("sh")[:2]]
    assert 'pip install -q -e ".[dev]" && pytest' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_example_runs_as_printed(tmp_path, monkeypatch, capsys):
    """Ten lines at most, on the engine of this machine; the file it writes is three times as large."""
    example, _ = blocks("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out
    assert "Tesseract reads blurred text of this size better enlarged ×2" in printed
    assert "TOTAL EUR 20.00" in printed
    assert re.search(r"^original: CER \d+\.\d%, 240×214 px, \d+\.\d s$", printed, re.MULTILINE)
    assert re.search(r"^upsampled:x3: CER \d+\.\d%, 720×642 px, \d+\.\d s$", printed, re.MULTILINE)
    assert (tmp_path / "receipt_x3.png").read_bytes().startswith(b"\x89PNG")


def test_the_workbench_runs_without_a_browser(capsys):
    """Its example prints a verdict, and a table with a rate for each condition."""
    _, example = blocks("python")
    exec(compile(example, "README.md", "exec"), {"__name__": "example", "ocr_nb": ocr_nb})
    printed = capsys.readouterr().out
    assert re.search(r"psampling ×3 and contrast correction", printed)
    assert re.search(r"^1 +label\.jpg +upsampled:x3\+contrast +\d\.\d+$", printed, re.MULTILINE)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"ocr-nb ([a-z]+)", README))))
def test_every_command_that_is_shown_exists(command, tmp_path):
    """`--help` of each answers and has no traceback."""
    outcome = run(command, "--help", cwd=tmp_path)
    assert (0, "") == (outcome.code, outcome.err)
    assert f"Usage: ocr-nb {command}" in outcome.out


@pytest.mark.parametrize("option", sorted(set(re.findall(r"(?<=\s)--[a-z]+", "".join(blocks("sh")[2:])))))
def test_every_option_that_is_shown_exists(option, tmp_path):
    """In the help of one of the commands shown."""
    shown = "".join(
        run(command, "--help", cwd=tmp_path).out for command in ("compare", "recognize", "study", "upsample")
    )
    assert option in shown


def test_every_link_leads_somewhere():
    """Files that the README, the contributing guide and the changelog point to are there."""
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        links = [link for link in re.findall(r"\]\(([^)#\s]+)\)", text) if not link.startswith("http")]
        assert [] == [link for link in links if not (ROOT / link).exists()], name


def test_the_badges_open_what_is_there():
    """Notebooks in JupyterLab, the workbench in Voilà; the repository is the one thing to fill in."""
    links = re.findall(r"\(https://mybinder\.org/v2/gh/(\w+)/v([\d.]+)\?urlpath=([^)]+)\)", README)
    assert [
        ("REPOSITORY", "lab/tree/notebooks/01_first_look.ipynb"),
        ("REPOSITORY", "voila/render/binder/workbench.ipynb"),
    ] == [(name, page) for name, _, page in links]
    assert {ocr_nb.__version__} == {version for _, version, _ in links}
    for _, _, page in links:
        assert (ROOT / page.removeprefix("lab/tree/").removeprefix("voila/render/")).is_file()


def test_the_contributing_guide_stays_short():
    """Under a hundred lines, so that it is read."""
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 100


def test_it_says_whose_it_is():
    """An independent project; and the licence that the package declares."""
    plain = " ".join(README.split())
    assert "not affiliated with or endorsed by Aspose; names belong to their owners" in plain
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
