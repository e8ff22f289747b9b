"""The house rules: imports go down, each heavy library has its rooms, nobody imports the front door."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import ocr_nb

ROOT = Path(ocr_nb.__file__).parent
PROJECT = Path(__file__).parents[1] / "pyproject.toml"

LAYERS = (
    ("words", "errors settings credentials"),
    (
        "arithmetic",
        "images ink xheight line_shape degrade filters advice alignment metrics statistics trial sample_set "
        "truth layout_truth label_places condition subjects polling learned_polling "
        "sample_readings",
    ),
    ("models", "engine"),
    ("services", "service"),
    (
        "waiting",
        "inline_loop loop watching resumption jobs asking sources operations direct pipelines curl sdk",
    ),
    (
        "experiments",
        "study measuring image_task collection executors remote_files summary digests store verdict "
        "word_places",
    ),
    ("pictures", "report"),
    ("records", "tracker plots studies shrinking"),
    ("doors", "binder cli lab demo server widgets __main__"),
)
"""Low to high: a room may import from its own layer and from those before it."""

ROOMS = {
    "IPython": "binder widgets",
    "PIL": "images filters sample_set subjects service.local service.documents service.download",
    "anyio": "server",
    "anywidget": "widgets",
    "cv2": "filters degrade ink xheight line_shape engine",
    "httpx": "service.auth service.cloud service.download",
    "ipywidgets": "widgets",
    "keyring": "credentials",
    "matplotlib": "plots",
    "onnxruntime": "engine.session",
    "pandas": "tracker",
    "pypdfium2": "service.documents",
    "rapidfuzz": "alignment",
    "rapidocr": "engine.rapid engine.detector engine.line_reader",
    "reportlab": "service.documents",
    "rich": "cli",
    "stamina": "service.cloud",
    "starlette": "server",
    "tesserocr": "engine.tesseract",
    "traitlets": "widgets",
    "typer": "cli server.command service.commands",
    "uniseg": "alignment",
    "uvicorn": "server",
}
"""Library → rooms that may import it; a room stands for everything below it."""

NOWHERE = {"jiwer", "pytest", "requests", "torch", "nest_asyncio"}


@cache
def rooms():
    """List each module's dotted name inside the package, its file and its syntax tree."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if path != ROOT / "__init__.py":
            found.append((name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


def imports(room, path, tree):
    """Yield every imported module: those of the package relative to it, with a leading dot."""
    package = room.split(".") if path.name == "__init__.py" else room.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield ("." + alias.name.partition(".")[2]) if _is_own(alias.name) else alias.name
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            yield from (["." + ".".join(base)] if base else ["." + alias.name for alias in node.names])
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            yield ("." + name.partition(".")[2]) if _is_own(name) else name


def _is_own(name):
    return name.partition(".")[0] == "ocr_nb"


def layer_of(room):
    """Return the number of the room's layer."""
    first = room.split(".")[0]
    return next(number for number, (_, names) in enumerate(LAYERS) if first in names.split())


def stands_in(room, allowed):
    """Tell whether `room` is one of the `allowed` rooms, or inside one."""
    return any(room == one or room.startswith(one + ".") for one in allowed.split())


def test_every_room_has_a_floor():
    """A new room states its layer here."""
    known = {name for _, names in LAYERS for name in names.split()}
    assert [] == sorted({room.split(".")[0] for room, _, _ in rooms()} - known)


def test_imports_never_go_up():
    """A room knows its own floor and those below."""
    upward = [
        f"{room} ({LAYERS[layer_of(room)][0]}) imports {name[1:]} ({LAYERS[layer_of(name[1:])][0]})"
        for room, path, tree in rooms()
        for name in imports(room, path, tree)
        if name.startswith(".") and name != "." and layer_of(name[1:]) > layer_of(room)
    ]
    assert [] == upward


def test_nobody_imports_the_front_door():
    """The package's own names are for users; rooms import rooms."""
    front = {f".{name}" for name in ocr_nb.__all__} - {f".{room.split('.')[0]}" for room, _, _ in rooms()}
    offenders = [
        f"{room} imports {name}"
        for room, path, tree in rooms()
        for name in imports(room, path, tree)
        if name == "." or name in front
    ]
    assert [] == offenders


def test_each_heavy_library_stays_in_its_rooms():
    """Who wants to replace a library finds it in one place."""
    strays = [
        f"{room} imports {name}"
        for room, path, tree in rooms()
        for name in imports(room, path, tree)
        if (library := name.partition(".")[0]) in ROOMS and not stands_in(room, ROOMS[library])
    ]
    assert [] == strays


def test_no_room_imports_a_library_that_users_do_not_have():
    """Development tools stay in the tests; asyncio is never patched."""
    offenders = [
        f"{room} imports {name}"
        for room, path, tree in rooms()
        for name in imports(room, path, tree)
        if name.partition(".")[0] in NOWHERE
    ]
    assert [] == offenders


def test_only_the_local_service_knows_the_models():
    """Of the engine the other service rooms know the values it returns, nothing that computes."""
    offenders = [
        f"{room} imports {name[1:]}"
        for room, path, tree in rooms()
        for name in imports(room, path, tree)
        if stands_in(room, "service")
        and name.startswith(".engine")
        and name not in {".engine.layout", ".engine.languages"}
        and room not in {"service.local", "service.local_work", "service.preparation"}
    ]
    assert [] == offenders


def test_rooms_stay_small():
    """Over 400 lines a room holds more than one idea."""
    large = {
        room: lines for room, path, _ in rooms() if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert {} == large


def test_no_room_is_named_after_nothing():
    """A shared function goes to the room of its noun."""
    assert set() == {room.split(".")[-1] for room, _, _ in rooms()} & {"utils", "helpers", "common", "misc"}


def test_every_room_says_what_it_is_for():
    """A module docstring of at most six lines of purpose, then whatever it needs."""
    assert [] == [room for room, _, tree in rooms() if not ast.get_docstring(tree)]


MODULES = {"opencv-python-headless": "cv2", "pillow": "PIL", "python-multipart": "python_multipart"}
"""Distribution → module, where they differ."""
HOST_PROGRAMS = {"jupyterlab", "ipykernel"}
"""Started, not imported."""
DATA = {"rapidocr"}
"""Its wheel carries the models, which are opened by path; its code is not run."""
BENEATH = {"ipywidgets"}
"""Named to bound what anywidget stands on; it is not imported by name."""
HOST_MODULES = {"IPython", "google"}
"""There when a notebook host brings them; asked for only where it has been seen."""


def declared(*groups):
    """Return the modules of the distributions that the package, or its extras `groups`, ask for."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for group in groups:
        wanted += project["optional-dependencies"][group]
    names = {re.split(r"[<>=!\[]", entry)[0] for entry in wanted}
    return {MODULES.get(name, name) for name in names}


def imported():
    """Return the foreign modules that the package imports anywhere."""
    names = {name.partition(".")[0] for room, path, tree in rooms() for name in imports(room, path, tree)}
    return names - {"", "ocr_nb"} - set(sys.stdlib_module_names)


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    """Nobody downloads a library for nothing, and none is missing on a fresh machine."""
    extras = declared("lab", "server", "keyring", "tesseract")
    rare = declared("dask", "remote", "parquet")
    assert set() == imported() - extras - rare - HOST_MODULES
    assert set() == declared() - imported() - DATA - BENEATH
    assert set() == extras - imported() - HOST_PROGRAMS - DATA - BENEATH


def test_every_dependency_has_its_reason():
    """The design notes say of each why it is there and why its range is what it is."""
    notes = (PROJECT.parent / "docs" / "design_notes.md").read_text(encoding="utf-8")
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [
        entry for group in project["optional-dependencies"].values() for entry in group
    ]
    ranges = [entry for entry in wanted if not entry.startswith("ocr_nb[")]
    assert [] == [entry for entry in ranges if f"`{entry}`" not in notes]
