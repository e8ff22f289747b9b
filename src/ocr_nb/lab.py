"""The notebooks that travel with the package: copy them where the user works, and open JupyterLab there.

Never overwrites: a notebook that is already there belongs to the user.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from .errors import SettingsError

FOLDER_NAME = "ocr_nb-notebooks"


@dataclass(frozen=True, slots=True)
class CopiedNotebooks:
    """What `copy_notebooks` did."""

    folder: Path
    copied: tuple[str, ...]
    kept: tuple[str, ...]
    """Names that were there already, and were left as they are."""


def notebook_source() -> Path:
    """Return the folder that holds the notebooks: in the installed package, or in the working tree."""
    packaged = Path(__file__).parent / "notebooks"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "notebooks"


def copy_notebooks(folder: Path) -> CopiedNotebooks:
    """Copy every notebook into `folder`, which is made when missing.

    Raises:
        SettingsError: `folder` is a file, or cannot be written.
    """
    copied, kept = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(notebook_source().glob("*.ipynb")):
            try:
                with (folder / notebook.name).open("xb") as target:
                    target.write(notebook.read_bytes())
                copied.append(notebook.name)
            except FileExistsError:
                kept.append(notebook.name)
    except OSError as error:
        raise SettingsError(
            f"The notebooks cannot be copied to {folder} ({error.strerror}): choose another folder."
        ) from error
    return CopiedNotebooks(folder, tuple(copied), tuple(kept))


def has_lab() -> bool:
    """Tell whether JupyterLab is installed beside this package."""
    return importlib.util.find_spec("jupyterlab") is not None


def open_lab(folder: Path, *arguments: str) -> NoReturn:
    """Become JupyterLab in `folder`; Ctrl-C and the exit code are its own.

    Raises:
        SettingsError: it is not installed.
    """
    if not has_lab():
        raise SettingsError(
            f"JupyterLab is not installed: pip install 'ocr_nb[lab]', or open {folder} in any Jupyter."
        )
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.root_dir", str(folder.resolve()), *arguments]
    if os.name == "posix":
        # In place of this process: as its child it would be killed in the middle of asking “shut down?”.
        os.execv(sys.executable, command)
    sys.exit(subprocess.call(command))
