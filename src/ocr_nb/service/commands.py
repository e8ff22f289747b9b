"""The commands about what was spent and kept: `ocr-nb calls` and `ocr-nb forget`.

Plain functions that typer turns into commands; they send nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..credentials import find_credentials
from ..errors import SettingsError, StoreError
from ..settings import Settings
from .journal import Journal
from .meter import CallMeter, Usage
from .result_cache import ResultCache


def calls(
    limit: Annotated[
        str | None,
        typer.Option(help="Remember the plan: calls a month, or 'none' for no limit.", metavar="N|none"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one month a row.")] = False,
) -> None:
    """Say how many calls of the month are used and left, for the credentials at hand."""
    settings = Settings.from_environment()
    credentials = find_credentials(settings)
    account = credentials.account if credentials else "none"
    meter = CallMeter(settings.state_folder / "meter.sqlite", account)
    if limit is not None:
        meter.set_limit(_parse_limit(limit))
    current = meter.usage()
    earlier = [usage for usage in meter.history() if usage.month != current.month]
    meter.close()
    for usage in [*earlier, current]:
        typer.echo(_json_line(usage) if as_json else str(usage))
    if credentials is None and not as_json:
        typer.echo("No credentials were found: these are the calls made without any.", err=True)


def forget(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Delete everything kept: journal, meter, cached results. Credentials stay."""
    settings = Settings.from_environment()
    journal_path = settings.state_folder / "journal.sqlite"
    meter_path = settings.state_folder / "meter.sqlite"
    if not yes:
        typer.confirm(
            "Delete the journal (unfinished tasks can then not be resumed), the call meter and all cached "
            "results?",
            abort=True,
            err=True,
        )
    requests = _empty(Journal(journal_path), journal_path)
    _empty(CallMeter(meter_path, "none"), meter_path)
    results = ResultCache(settings.cache_folder / "results").clear()
    typer.echo(f"Forgot {requests} requests, {results} results and the call meter.")


def _empty(store: Journal | CallMeter, path: Path) -> int:
    """Delete every row, so that other processes go on with the same file; a broken file is deleted."""
    if not path.exists():
        return 0
    try:
        return store.forget()
    except StoreError:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        return 0
    finally:
        store.close()


def _parse_limit(text: str) -> int | None:
    if text == "none":
        return None
    if text.isdecimal():
        return int(text)
    raise SettingsError(f"--limit cannot be {text!r}: give a number of calls a month, or none.")


def _json_line(usage: Usage) -> str:
    return json.dumps({"month": usage.month, "used": usage.used, "limit": usage.limit, "left": usage.left})
