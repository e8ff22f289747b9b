"""Every notebook on ipykernel 6, in an environment of its own: the older kernel has no subshells.

The kernel's environment sees this one's packages, but for ipykernel itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from environments import make_environment

HERE = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(path.stem for path in (HERE.parent / "notebooks").glob("*.ipynb"))


def run() -> bool:
    """Execute them; print time, memory and size of each."""
    python = make_environment("ipykernel6", "ipykernel>=6.29,<7")
    with tempfile.TemporaryDirectory() as name:
        _register(python, Path(name))
        environment = {**os.environ, "JUPYTER_DATA_DIR": name, "PYTHONPATH": str(HERE)}
        for notebook in NOTEBOOKS:
            done = subprocess.run(
                [sys.executable, "-c", _EXECUTE, notebook, name], env=environment, check=False, timeout=600
            )
            if done.returncode:
                return False
    return True


def _register(python: Path, folder: Path) -> None:
    """Make the kernel `six`; ours comes after its own packages on the path, so ipykernel is the older one."""
    ours = [sysconfig.get_paths()["purelib"], str(HERE.parent / "src")]
    kernel = folder / "kernels" / "six"
    kernel.mkdir(parents=True)
    boot = (
        "import os, sys, ipykernel; assert ipykernel.__version__.startswith('6.'), ipykernel.__version__; "
        f"sys.path += {ours!r}; os.environ['PYTHONPATH'] = os.pathsep.join({ours!r}); "  # for what it starts
        "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
    )
    spec = {
        "argv": [str(python), "-c", boot, "-f", "{connection_file}"],
        "display_name": "6",
        "language": "python",
    }
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


_EXECUTE = """
import sys
from pathlib import Path
from notebooks.running import execute
done = execute(sys.argv[1], Path(sys.argv[2]), kernel="six")
wrong = [one for one in done.outputs if one.output_type == "error" or one.get("name") == "stderr"]
print("   ipykernel 6:", done, flush=True)
sys.exit(f"{wrong}" if wrong else 0)
"""
