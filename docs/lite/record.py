"""Run the notebooks on the engines of this machine and store what those read and enlarged.

python docs/lite/record.py FILE
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from notebooks import NAMES, read, sources_of

os.environ["MPLBACKEND"] = "agg"


def main(target: Path) -> None:
    """Execute every cell; write the file."""
    from ocr_nb.engine import recognizer, upsampler
    from ocr_nb.engine.stored import Memory, record

    memory = Memory()
    record(memory, recognizer._MAKERS, upsampler.UPSAMPLERS)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in NAMES:
            names = {"__name__": "__main__", "display": lambda *_: None}
            for source in sources_of(read(name)):
                exec(compile(source, name, "exec"), names)
    memory.save(target)
    said = f"{len(memory.readings)} readings, {len(memory.enlarged)} pictures by {', '.join(memory.methods)}"
    print(f"{target}: {said}, {target.stat().st_size / 1e6:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
