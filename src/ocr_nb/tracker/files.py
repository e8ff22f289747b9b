"""Trials in files that others read: CSV, Parquet, JSON Lines.

What is written comes back as it was. A CSV cell that a spreadsheet would take for a formula gets an
apostrophe in front (OWASP, “CSV Injection”), which reading takes away; the other formats need no such thing.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import SettingsError
from ..store import COUNT_COLUMNS, TrialStore
from ..trial import Trial
from .frames import FIELDS, FRAME_COLUMNS, make_trial, read_trials

PathName = str | PathLike[str]

# One more apostrophe than the cell had: so the same rule read backwards restores any text, also the empty
# one, which without it could not be told from an unknown.
_GUARDED = re.compile(r"'*(?:[=+\-@\t\r\n].*)?", re.DOTALL)
_NUMBERS = frozenset(
    {"cer", "wer", "confidence", "seconds", "calls", "width", "height", "factor", "x_height_px"}
    | set(COUNT_COLUMNS)
)


def guard_cell(text: str) -> str:
    """Return `text` as a cell that no spreadsheet computes."""
    return f"'{text}" if _GUARDED.fullmatch(text) else text


def unguard_cell(cell: str) -> str:
    """Undo `guard_cell`."""
    return cell[1:] if cell.startswith("'") and _GUARDED.fullmatch(cell) else cell


def write_csv(store: TrialStore, path: PathName) -> Path:
    """Write one row a trial, UTF-8; unknown is an empty cell."""
    target = Path(path)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FRAME_COLUMNS)
        for row in store.columns(FRAME_COLUMNS):
            writer.writerow(map(_to_cell, FRAME_COLUMNS, row))
    return target


def _to_cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return str(value) if name in _NUMBERS else guard_cell(str(value))


def read_csv(path: PathName) -> Iterator[Trial]:
    """Yield the trials of a CSV file with a line of headings; columns of other names are left out.

    Raises:
        SettingsError: it cannot be read, is not UTF-8, or lacks the column image.
    """
    with _opened(path) as file:
        csv.field_size_limit(2**31 - 1)  # a page's text may exceed the default of 128 KiB
        rows = csv.DictReader(file)
        try:
            if "image" not in (rows.fieldnames or ()):
                raise SettingsError(f"{path} has no column image: its first line must name the columns.")
            for row in rows:
                cells = {name: row.get(name) for name in FIELDS}
                yield make_trial({name: _from_cell(name, cell) for name, cell in cells.items() if cell})
        except (UnicodeDecodeError, csv.Error) as error:
            raise SettingsError(f"{path} is no CSV file in UTF-8 ({error}): save it as such.") from error


def _from_cell(name: str, cell: str) -> str:
    return cell if name in _NUMBERS else unguard_cell(cell)


def write_json_lines(trials: Iterable[Trial], path: PathName) -> Path:
    """Write one JSON object a line, as `ocr-nb compare --json` prints them; infinite rates become null."""
    target = Path(path)
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for trial in trials:
            file.write(json.dumps(trial.to_json(), ensure_ascii=False, allow_nan=False) + "\n")
    return target


def read_json_lines(path: PathName) -> Iterator[Trial]:
    """Yield the trials of a JSON Lines file; rates that JSON cannot hold are counted anew from the texts.

    Raises:
        SettingsError: it cannot be read, or a line is no object of JSON.
    """
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield make_trial(_object(line, f"{path}, line {number},"))
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise SettingsError(f"{where} is no JSON ({error}): correct it or leave it out.") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{where} is no JSON object but {type(found).__name__}: leave it out.")
    return found


def write_parquet(store: TrialStore, path: PathName) -> Path:
    """Write Apache Parquet, one row a trial.

    Raises:
        SettingsError: pyarrow is not installed.
    """
    target = Path(path)
    columns = {name: "Float64" if name in _NUMBERS else "string" for name in FRAME_COLUMNS}
    frame = pd.DataFrame(store.columns(FRAME_COLUMNS), columns=list(FRAME_COLUMNS)).astype(columns)
    with_parquet(lambda: frame.to_parquet(target, index=False, engine="pyarrow"))
    return target


def read_parquet(path: PathName) -> Iterator[Trial]:
    """Yield the trials of a Parquet file.

    Raises:
        SettingsError: pyarrow is not installed, or the file cannot be read.
    """
    try:
        frame = with_parquet(lambda: pd.read_parquet(path, engine="pyarrow"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as Parquet ({error}): check the file.") from error
    return read_trials(frame)


def with_parquet(work: Any) -> Any:
    """Do `work`, which needs pyarrow.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        return work()
    except ImportError as error:
        raise SettingsError("Parquet needs pyarrow: pip install 'ocr_nb[parquet]'.") from error


def _opened(path: PathName) -> Any:
    try:
        return Path(path).open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): check the name.") from error
