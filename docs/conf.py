"""Build the documentation, with the notebooks executed and their pictures inside.

    python -m sphinx -W --keep-going -c docs . build/docs

The source folder is the repository, so that links between README, docs and notebooks are the same here and
where the repository is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ocr_nb

project = "ocr_nb"
author = "The ocr_nb authors"
copyright = "The ocr_nb authors, MIT licence"
release = ocr_nb.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md", "notebooks/*.ipynb", "README.md", "CONTRIBUTING.md", "CHANGELOG.md",
    "src/ocr_nb/samples/SOURCES.md",
]  # fmt: skip
exclude_patterns = ["build/**", "**/.*"]

html_theme = "furo"
html_title = "ocr_nb"
html_show_sphinx = False
html_copy_source = False

default_role = "code"
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
napoleon_use_rtype = False

myst_enable_extensions = ["fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = "build/docs-cache"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
"""A page of ours fetches no script from anywhere: widgets stand there as their saved pictures."""
suppress_warnings = ["myst.xref_missing"]
"""Links to folders and to code, which are no pages; `tests/test_docs.py` follows every link."""
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]


def setup(app: Any) -> None:
    """Keep the tree of errors as it is drawn; let the site's own folder open on its start page."""
    app.connect("autodoc-process-docstring", _keep_the_tree)
    app.connect("build-finished", _open_on_the_start_page)


def _open_on_the_start_page(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        refresh = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">'
        page = f'<!doctype html><meta charset="utf-8">{refresh}<a href="{root_doc}.html">ocr_nb</a>\n'
        (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def _keep_the_tree(app: Any, what: str, name: str, owner: Any, options: Any, lines: list[str]) -> None:
    if name == "ocr_nb.errors":
        lines[1:] = ["", "::", "", *(f"   {line}" for line in lines[1:])]
