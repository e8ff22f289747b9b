"""Measure what `ocr_nb.sample_readings` hands out, with both engines, and write it into the package.

    python tools/store_readings.py

Needs Tesseract (extra `tesseract` and its English data). To be run when an engine or the upsampler changes;
`tests/test_sample_readings.py` says when it was not.
"""

from __future__ import annotations

import json

import ocr_nb
from ocr_nb.sample_readings import CONDITIONS, FILE, FORGOTTEN


def main() -> None:
    """Write one line a trial; unknown fields are left out."""
    lines = []
    for engine in ("rapidocr", "tesseract"):
        for trial in ocr_nb.compare(
            ocr_nb.samples(), conditions=CONDITIONS, service=ocr_nb.LocalService(engine)
        ):
            kept = {name: value for name, value in trial.to_json().items() if value is not None}
            row = {name: value for name, value in kept.items() if name not in FORGOTTEN}
            lines.append(json.dumps(row, ensure_ascii=False))
        print(f"{engine}: {len(lines)} rows so far")
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
