"""The ways of enlarging that are compared, by name. Needs OpenCV and ONNX Runtime, not PyTorch.

Images are luma `(H, W)` uint8, 0 black. Names: `original`, `bicubic xK`, `lanczos xK`, `ours xK` and
`ours xK @S`, where S is the strength: 1 the network's output, 0 bicubic. Factors below the network's are
made from its output by area averaging. `python -m training.enlargement WEIGHTS` prints its cost.
"""

import argparse
import json
import re
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

Gray = npt.NDArray[np.uint8]
NAME = re.compile(r"(original)|(bicubic|lanczos|ours) x([234])(?: @([01](?:\.\d+)?))?")
FILTERS = {"bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}


class Enlarger:
    """Enlarges by name; holds the network if one was given."""

    def __init__(self, weights: Path | None) -> None:
        self._session: onnxruntime.InferenceSession | None = None
        self._last: tuple[Gray, npt.NDArray[np.float32]] | None = None
        if weights is not None:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(
                str(weights), options, providers=["CPUExecutionProvider"]
            )
            facts = json.loads(weights.with_suffix(".json").read_text("utf-8"))
            self._factor, self._radius = int(facts["factor"]), int(facts["receptive_radius"])
            self._grid = int(facts.get("grid", 1))

    def __call__(self, name: str, image: Gray) -> Gray:
        """Return the enlarged image.

        Raises:
            ValueError: when the name is none of those above.
        """
        found = NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is no way of enlarging. Example: 'ours x4 @0.5'.")
        if found[1]:
            return image
        factor = int(found[3])
        size = (image.shape[1] * factor, image.shape[0] * factor)
        if found[2] in FILTERS:
            return cv2.resize(image, size, interpolation=FILTERS[found[2]])
        large = to_bytes(self._network(image, float(found[4] or 1)))
        return large if factor == self._factor else cv2.resize(large, size, interpolation=cv2.INTER_AREA)

    def _network(self, image: Gray, strength: float) -> npt.NDArray[np.float32]:
        """Return the cubic enlargement plus `strength` times the network's residual, luma in [0, 1]."""
        residual = self._residual(image)
        luma = image.astype(np.float32) / 255
        return cv2.resize(luma, residual.shape[::-1], interpolation=cv2.INTER_CUBIC) + strength * residual

    def _residual(self, image: Gray) -> npt.NDArray[np.float32]:
        """Return what the network adds; of the last image it is remembered."""
        if self._session is None:
            raise ValueError("The network's weights were not given: pass --weights.")
        if self._last is None or self._last[0] is not image:
            radius = self._radius
            luma = image.astype(np.float32) / 255
            # Sides that are no multiples of the grid get another pixel, beyond the reach of what is kept.
            more = [-(length + 2 * radius) % self._grid for length in image.shape]
            framed = cv2.copyMakeBorder(
                luma, radius, radius + more[0], radius, radius + more[1], cv2.BORDER_REPLICATE
            )
            (residual,) = self._session.run(None, {"luma": framed[None, None]})
            top, (height, width) = radius * self._factor, image.shape
            inner = residual[0, 0, top : top + height * self._factor, top : top + width * self._factor]
            self._last = image, inner
        return self._last[1]


def to_bytes(luma: npt.NDArray[np.float32]) -> Gray:
    """Clip to [0, 1] and round to uint8."""
    return (np.clip(luma, 0, 1) * 255 + 0.5).astype(np.uint8)


def measure_cost(weights: Path, side: int = 512, repeats: int = 5) -> float:
    """Return the processor seconds of one thread for an input megapixel."""
    enlarge = Enlarger(weights)
    image = np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8)
    enlarge("ours x4", image)
    began = time.process_time()
    for _ in range(repeats):
        enlarge("ours x4", image.copy())
    return (time.process_time() - began) / repeats / (side * side) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the network costs.")
    parser.add_argument("weights", type=Path)
    print(f"{measure_cost(parser.parse_args().weights):.2f} s of one core per input megapixel")


if __name__ == "__main__":
    main()
