"""What the documents show works: links lead somewhere, commands run, messages are those of the code."""

import ast
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import ocr_nb
from ocr_nb import errors

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("training/*.md"),
    )
)
NOT_RUN = re.compile(r"<!-- not run here: (.{10,}?) -->\s*\Z", re.DOTALL)
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = {"sh", ""}
DATA = {"toml", "{toctree}", "{eval-rst}", "bibtex", "text"}
"""Kinds of blocks that are no code: settings, directives of the page itself, output."""


def text_of(page):
    """Return the Markdown of a page; of a notebook, that of its text cells."""
    path = ROOT / page
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def anchors_of(text):
    """Return the anchors of the headings, as GitHub makes them."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#{1,6} +(.+?) *$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def anchors_at(target):
    """Return the anchors of another page."""
    return anchors_of(text_of(target.resolve().relative_to(ROOT).as_posix()))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_anchor_leads_somewhere(page):
    """Files that are pointed to are there, and so are the headings."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"(https?|mailto):", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        if not (target.exists() and (not anchor or anchor in anchors_at(target))):
            broken.append(link)
    assert [] == broken


def blocks():
    """Yield every fenced block: page, line, kind, code, and the reason why it is not run, if one is given."""
    for page in PAGES:
        text = text_of(page)
        if page.endswith(".ipynb"):
            continue  # their solutions are run with the notebooks
        for match in BLOCK.finditer(text):
            reason = NOT_RUN.search(text[: match.start()])
            line = text.count("\n", 0, match.start()) + 1
            yield pytest.param(page, match[1].strip(), match[2], reason and reason[1], id=f"{page}:{line}")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the files that the documents name."""
    folder = tmp_path_factory.mktemp("desk")
    named = {"page.png": "card", "label.png": "prose_clean", "letter.jpg": "label", "slip.jpg": "slip"}
    (folder / "scans").mkdir()
    for name, sample in [*named.items(), ("scans/one.png", "card"), ("scans/two.png", "caption")]:
        (chosen,) = ocr_nb.samples(sample)
        shutil.copy(chosen.path, folder / name)
        (folder / name).with_suffix(".gt.txt").write_text(chosen.ground_truth, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("page", "kind", "code", "reason"), list(blocks()))
def test_every_block_runs_or_says_why_not(page, kind, code, reason, desk, monkeypatch):
    """Python is executed, commands are given to a shell, servers are started and ended."""
    if reason or kind in DATA:
        return
    monkeypatch.chdir(desk)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    if kind == "python":
        exec(compile(code, page, "exec"), {"__name__": "example", "ocr_nb": ocr_nb})  # imported once a page
        return
    assert kind in SHELL, f"nobody runs {kind!r}"
    for line in code.replace("\\\n", " ").splitlines():
        command = line.partition(" #")[0].strip()
        if command.startswith("ocr-nb serve"):
            serve(command)
        elif command:
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert 0 == done.returncode, f"{command}\n{done.stdout}{done.stderr}"


def serve(command):
    """Start a server on a free port, see it listen, end it."""
    words = command.split() + ([] if "--port" in command else ["--port", "0"])
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert any("Serving at http://127.0.0.1:" in line for line in server.stderr)
        finally:
            server.terminate()
            server.stderr.read()


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".md")])
def test_every_indented_command_says_why_it_is_not_run(page):
    """Those that print the figures of a page take minutes; the page says so."""
    lines = text_of(page).splitlines()
    for number, line in enumerate(lines):
        if re.match(r" {4}(python|chrt|tests/|\.ci)", line):
            before = [one for one in lines[:number] if one.strip() and not one.startswith("    ")]
            assert re.fullmatch(r"<!-- not run here: .{10,} -->", before[-1]), f"{page}:{number + 1}"


# ------------------------------------------------------------------ troubleshooting


@cache
def messages():
    """Return every text in the code, `…` for what is filled in."""
    found = set()
    for path in (ROOT / "src" / "ocr_nb").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.add(
                    "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.sub(r"\{[^}]*\}", "…", node.value))
    return tuple(found)


def sections():
    """Return the sections of the page, by the error that heads each."""
    text = text_of("docs/troubleshooting.md")
    parts = re.split(r"^### `(\w+)`$", text, flags=re.MULTILINE)
    return dict(
        zip(
            parts[1::2], (re.split(r"^## ", part, flags=re.MULTILINE)[0] for part in parts[2::2]), strict=True
        )
    )


def test_every_error_has_its_section():
    """Those that are raised; the others only group them."""
    groups = {base for one in vars(errors).values() if isinstance(one, type) for base in one.__bases__}
    raised = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, errors.OcrNbError) and one not in groups
    }
    assert raised == set(sections())


@pytest.mark.parametrize("name", sorted(sections()))
def test_a_section_says_what_the_code_says(name):
    """The meaning is that of `errors.py`, and every message shown is one that the code can give."""
    section = sections()[name]
    assert " ".join(getattr(errors, name).__doc__.split()) in " ".join(section.split())
    shown = re.findall(r"^- `([^`]+)`", section, re.MULTILINE)
    plain = [message.replace("`", "") for message in messages()]
    assert [] == [one for one in shown if not any(one.strip() in message for message in plain)]
