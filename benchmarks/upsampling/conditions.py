"""The ways of enlarging that are compared, by name: `original`, `bicubic ×2`, `ours ×4`, `ours auto`, ….

`ours auto` is what `make_upsampling` does for the engine that reads: the factor of `advise`, 1 included.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ocr_nb.advice import EDITION, READERS, advise
from ocr_nb.engine.recognizer import ENGINES, make_recognizer
from ocr_nb.engine.upsampler import Upsampler, make_upsampler, upsample_picture
from ocr_nb.errors import EngineUnavailable
from ocr_nb.filters import remade
from ocr_nb.images import Picture, load_picture

from .cases import Case
from .programs import start

BASELINES = ("original", "bicubic ×2", "bicubic ×3", "bicubic ×4", "lanczos ×3", "lanczos ×4", "unsharp ×3")
"""What any program can do; ours is compared with the best of these for each engine and cell."""
PRODUCT = ("classical ×2", "classical ×3", "ours ×2", "ours ×3", "ours ×4", "ours auto")
PEERS = ("pyanime4k ×2", "pyanime4k ×3", "waifu2x ×2", "realesrgan ×2", "realcugan ×2")
BOUND = "full size"
CONDITIONS = (*BASELINES, *PRODUCT, *PEERS, BOUND)
FILTERS = {"bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4, "unsharp": cv2.INTER_LANCZOS4}
OURS = {"ours": "learned", "classical": "classical"}
UNSHARP_SIGMA_PX, UNSHARP_WEIGHT = 0.6, 1.0
"""Of the unsharp mask, in pixels of the given picture."""


def apply(condition: str, case: Case, engine: str, peers: Path | None) -> Picture | None:
    """Return the picture to read; None where this condition does not exist."""
    if condition == "original":
        return case.picture
    if condition == BOUND:
        return case.full
    method, factor = split(condition, case, engine)
    if factor == 1:
        return case.picture
    if method in FILTERS:
        return filtered(case.picture, method, factor)
    if method in OURS:
        return upsample_picture(case.picture, factor, upsampler_for(OURS[method])).picture
    program = start(peers, method) if peers else None
    if program is None:
        return None
    return load_picture(Path(program.ask(case.picture, factor=factor)["image"]))


def split(condition: str, case: Case, engine: str) -> tuple[str, int]:
    """Return a condition's method and factor for this case and engine."""
    method, _, factor = condition.partition(" ")
    if factor != "auto":
        return method, int(factor.removeprefix("×"))
    return method, advise(case.picture, engine if engine in READERS else None).factor


def same_as(condition: str, case: Case, engine: str) -> str:
    """Return the condition without `auto` that gives the same picture."""
    if not condition.endswith("auto"):
        return condition
    method, factor = split(condition, case, engine)
    return "original" if factor == 1 else f"{method} ×{factor}"


@cache
def upsampler_for(method: str) -> Upsampler:
    """Return the upsampler of that name, made once."""
    return make_upsampler(method)


def version_of(condition: str, engine: str) -> str:
    """Return what changes when an engine of ours does, the advice, or the pixels of a condition of ours."""
    method, _, factor = condition.partition(" ")
    pixels = upsampler_for(OURS[method]).version if method in OURS else ""
    if factor == "auto":
        pixels += f", advice {EDITION}"
    return " on ".join(part for part in (_engine_version(engine), pixels) if part)


@cache
def _engine_version(engine: str) -> str:
    """Return an engine's version; empty for one that is not ours or not installed."""
    try:
        return make_recognizer(engine).version if engine in ENGINES else ""
    except EngineUnavailable:
        return ""


def filtered(picture: Picture, method: str, factor: int) -> Picture:
    """Resize by a filter of OpenCV; `unsharp` sharpens what Lanczos gives."""
    size = picture.width * factor, picture.height * factor
    large = cv2.resize(picture.pixels.astype(np.float32), size, interpolation=FILTERS[method])
    if method == "unsharp":
        soft = cv2.GaussianBlur(large, (0, 0), UNSHARP_SIGMA_PX * factor)
        large = large + UNSHARP_WEIGHT * (large - soft)
    pixels = np.clip(large + 0.5, 0, 255).astype(np.uint8)
    return remade(picture, pixels.reshape(size[1], size[0], -1))
