"""The recognizers that judge. Each takes luma `(H, W)` uint8 and returns text, lines by newlines.

Each is imported when asked for: they live in different environments (see `README.md`).
"""

import os
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from training.enlargement import Gray

Layout = Literal["line", "page"]
Judge = Callable[[Gray], str]
TESSDATA = "/usr/share/tesseract-ocr/5/tessdata"
# RapidOCR shrinks what is larger than 2000 pixels, which would undo the enlargement.
NO_LIMIT = 1_000_000


def tesseract(layout: Layout) -> Judge:
    """Tesseract 5, English: a single line (7) or one block of text (6)."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    import tesserocr
    from PIL import Image

    modes = {"line": tesserocr.PSM.SINGLE_LINE, "page": tesserocr.PSM.SINGLE_BLOCK}
    api = tesserocr.PyTessBaseAPI(path=TESSDATA, lang="eng", psm=modes[layout])
    api.SetVariable("user_defined_dpi", "150")

    def recognize(image: Gray) -> str:
        api.SetImage(Image.fromarray(image))
        return str(api.GetUTF8Text())

    return recognize


def pp_ocr_v6(layout: Layout) -> Judge:
    """PP-OCRv6 small as RapidOCR 3.10 ships it: its recognizer alone, or the whole pipeline."""
    from rapidocr import RapidOCR

    settings = {
        "Global.log_level": "error",
        "Global.max_side_len": NO_LIMIT,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    }
    engine = RapidOCR(params=settings)

    def recognize(image: Gray) -> str:
        color = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        if layout == "line":
            return " ".join(engine(color, use_det=False, use_cls=False, use_rec=True).txts or ())
        found = engine(color, use_cls=False)
        return in_reading_order(found.boxes, found.txts) if found.txts else ""

    return recognize


def in_reading_order(boxes: np.ndarray, texts: tuple[str, ...]) -> str:
    """Join pieces whose middles share a line, left to right, lines from top to bottom."""
    middles = [float(box[:, 1].mean()) for box in boxes]
    heights = float(np.median([np.ptp(box[:, 1]) for box in boxes]))
    rows: list[list[int]] = []
    for index in sorted(range(len(texts)), key=middles.__getitem__):
        if rows and abs(middles[index] - middles[rows[-1][0]]) < heights / 2:
            rows[-1].append(index)
        else:
            rows.append([index])
    return "\n".join(
        " ".join(texts[i] for i in sorted(row, key=lambda i: boxes[i][:, 0].min())) for row in rows
    )


JUDGES: dict[str, Callable[[Layout], Judge]] = {"tesseract": tesseract, "pp-ocrv6": pp_ocr_v6}
