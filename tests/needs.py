"""Which system programs a test needs: without one it is skipped, or fails where all are required.

`tests/prepare` installs every program named here from Debian's packages. With `OCR_NB_REQUIRE_ALL=1`,
as on the build machine, a missing one is a failure, so that no test can be skipped there unnoticed.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

AXE = Path(__file__).parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
TESSDATA_FOLDERS = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")


def needs(*programs: str) -> str:
    """Return the path of the first of `programs`; skip the test, or fail it, when any is missing.

    A program is a command name (`node`, `curl`, `chromium`), `tesseract` (the Python binding and English
    language data; not the command), `axe` (the script of axe-core) or `module:NAME` for an optional Python
    package.
    """
    found = [(program, find(program)) for program in programs]
    missing = [program for program, path in found if path is None]
    if missing:
        reason = f"{' and '.join(missing)} not found: run tests/prepare."
        if os.environ.get("OCR_NB_REQUIRE_ALL") == "1":
            pytest.fail(f"OCR_NB_REQUIRE_ALL is 1, but {reason}", pytrace=False)
        pytest.skip(reason)
    return found[0][1] or ""


def find(program: str) -> str | None:
    """Return where `program` is, or None."""
    if program.startswith("module:"):
        spec = importlib.util.find_spec(program.removeprefix("module:"))
        return None if spec is None else spec.origin or "built-in"
    if program == "tesseract":
        return _tesseract()
    if program == "axe":
        return str(AXE) if AXE.is_file() else None
    return shutil.which(program)


def _tesseract() -> str | None:
    if importlib.util.find_spec("tesserocr") is None:
        return None
    folders = [Path(os.environ.get("TESSDATA_PREFIX", "/nowhere"))]
    for pattern in TESSDATA_FOLDERS:
        folders += sorted(Path("/").glob(pattern.lstrip("/")))
    files = [folder / "eng.traineddata" for folder in folders]
    return next((str(file) for file in files if file.is_file()), None)
