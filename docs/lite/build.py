"""Build the JupyterLite site: notebooks 01 to 03 in a browser, without a server.

    python docs/lite/build.py [FOLDER]           (default: build/lite; extra `lite`)
    python -m http.server --directory build/lite (then open it: needs a browser that reaches the runtime)

The address of the runtime (Pyodide) is one setting, `pyodideUrl` in `jupyter-lite.json`. What the engines
read is stored, since none of them runs in a browser; the notebooks say so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat

from notebooks import BUNDLED, NAMES, ROOT, STORED, convert, read

HERE = Path(__file__).resolve().parent
PURE = "py3-none-any"


def main(target: Path) -> None:
    """Record, collect the wheels, and build."""
    with tempfile.TemporaryDirectory(prefix="ocr_nb-lite-") as name:
        work = Path(name)
        contents, wheels = work / "contents", work / "wheels"
        contents.mkdir()
        wheels.mkdir()
        _run(sys.executable, str(HERE / "record.py"), str(contents / STORED))
        for notebook in NAMES:
            nbformat.write(convert(read(notebook)), contents / f"{notebook}.ipynb")
        _collect(wheels)
        shutil.copy(HERE / "jupyter-lite.json", work)
        if target.exists():
            shutil.rmtree(target)
        found = [part for wheel in sorted(wheels.glob("*.whl")) for part in ("--piplite-wheels", str(wheel))]
        _run(
            sys.executable, "-m", "jupyter", "lite", "build", "--lite-dir", str(work), "--contents",
            str(contents), "--output-dir", str(target), "--apps", "lab", *found,
        )  # fmt: skip
    print(
        f"{target}: {sum(path.stat().st_size for path in target.rglob('*') if path.is_file()) / 1e6:.0f} MB"
    )


def _collect(wheels: Path) -> None:
    """Put the package and what it needs of plain Python into `wheels`."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT))
    pure = [name for name in BUNDLED if name != "rapidfuzz"]
    _run(
        *pip, "download", "--no-deps", "--only-binary", ":all:", "--platform", "any",
        "--implementation", "py", "--abi", "none", "--python-version", "3.12", "--dest", str(wheels), *pure,
    )  # fmt: skip
    compiled = wheels / "compiled"
    _run(*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", str(compiled), "rapidfuzz")
    make_pure(next(compiled.glob("*.whl")), wheels)
    shutil.rmtree(compiled)


def make_pure(wheel: Path, folder: Path) -> Path:
    """Leave the compiled modules out of a wheel whose Python modules do without them; return the new one."""
    name, version = wheel.name.split("-")[:2]
    target = folder / f"{name}-{version}-{PURE}.whl"
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            data = old.read(entry)
            if entry.endswith((".so", ".pyd", "/RECORD")):
                continue
            if entry.endswith(".dist-info/WHEEL"):
                data = re.sub(rb"(?m)^Tag: .*\n", b"", data).rstrip() + f"\nTag: {PURE}\n".encode()
                data = data.replace(b"Root-Is-Purelib: false", b"Root-Is-Purelib: true")
            new.writestr(entry, data)
        new.writestr(f"{name}-{version}.dist-info/RECORD", b"")
    return target


def _run(*command: str) -> None:
    done = subprocess.run(
        command, check=False, env={**os.environ, "PYTHONPATH": str(HERE)}, stdout=sys.stderr
    )
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])} … ended with {done.returncode}.")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "lite").resolve())
