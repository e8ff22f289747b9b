"""`ocr-nb doctor`: which engines, services, credential sources and hosts are usable here, and why not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from ..errors import OcrNbError
from ..settings import Settings, available_cpus


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    kind: str
    """`machine`, `engine`, `service`, `credentials` or `host`."""
    name: str
    is_usable: bool
    note: str
    """What is there, or why it is not usable and what would change that; never a secret."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, one finding a row.")] = False,
) -> None:
    """Say what is usable on this machine, and why not. Asks no service and sends nothing."""
    for finding in examine(Settings.from_environment()):
        if as_json:
            typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            mark = "yes" if finding.is_usable else "no "
            typer.echo(f"{finding.kind:<12} {finding.name:<22} {mark}  {finding.note}")


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that a user may want to use, in a fixed order."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("machine", "python", True, f"{python}, {available_cpus()} processors for this process")
    yield from _engines()
    yield from _services(settings)
    yield from _credentials(settings)
    yield from _hosts(settings)


def _engines() -> Iterator[Finding]:
    from ..engine.recognizer import ENGINES, make_recognizer

    for name in ENGINES:
        try:
            recognizer = make_recognizer(name)
            languages = recognizer.languages()
        except OcrNbError as error:
            yield Finding("engine", name, False, str(error))
        else:
            yield Finding("engine", name, True, f"{recognizer.version}, {len(languages)} languages")


def _services(settings: Settings) -> Iterator[Finding]:
    from ..credentials import find_credentials

    yield Finding("service", "local", True, "this machine; the default, and the only one used unasked")
    try:
        found = find_credentials(settings)
    except OcrNbError as error:
        yield Finding("service", "cloud", False, str(error))
    else:
        note = f"{settings.base_url}; used only when you choose it" if found else "no credentials were found"
        yield Finding("service", "cloud", found is not None, note)
    yield _module("service", "ocr-nb serve", "starlette", "server", also="uvicorn")


def _credentials(settings: Settings) -> Iterator[Finding]:
    from ..credentials import describe_sources

    for source in describe_sources(settings):
        yield Finding("credentials", source.name, source.is_found, source.note)


def _hosts(settings: Settings) -> Iterator[Finding]:
    yield _module("host", "jupyterlab", "jupyterlab", "lab")
    yield _module("host", "notebook", "notebook", None)
    yield _module("host", "widgets", "anywidget", None, also="ipywidgets")
    for name, here in (("colab", settings.on_colab), ("binder", settings.on_binder)):
        yield Finding("host", name, here, "this is where we run" if here else "this is not where we run")


def _module(kind: str, name: str, module: str, extra: str | None, *, also: str | None = None) -> Finding:
    """Report a Python package; `extra` is the extra of this package that brings it."""
    missing = [one for one in (module, also) if one and importlib.util.find_spec(one) is None]
    if not missing:
        return Finding(kind, name, True, f"{module} {importlib.metadata.version(module)}")
    command = f"pip install 'ocr_nb[{extra}]'" if extra else f"pip install {' '.join(missing)}"
    return Finding(kind, name, False, f"{' and '.join(missing)} not installed: {command}")
