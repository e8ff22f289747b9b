"""Training's own tests: fast, and skipped in one sentence where its environment is missing."""

import importlib.util
import sys
from pathlib import Path

# Run from anywhere: `training` is a folder of the repository, not an installed package.
sys.path.insert(0, str(Path(__file__).parents[2]))

MISSING = [name for name in ("torch", "freetype", "onnx") if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_report_header() -> str:
    """Say why nothing is collected."""
    return f"Skipped: {', '.join(MISSING)} not installed; training/prepare.sh installs it." if MISSING else ""
