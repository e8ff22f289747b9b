"""Eight-bit weights for the network: a third of the time and a quarter of the size, for next to no error.

In: the exported graph in float32 and small pictures of training text. Out: the same graph with all
convolutions but the first in eight bits (ONNX's QuantizeLinear and DequantizeLinear pairs, which runtimes
fuse). The first layer sees the picture itself and costs little, so it stays as it is. Weights use seven
of the eight bits and a scale for each channel: processors without VNNI instructions add products of eight
bits in sixteen, which would overflow, and then answer otherwise than others.
"""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from training.batches import Batches

BATCHES, SIZE, PATCH = 16, 4, (96, 160)
"""What the ranges of the activations are measured on: as many pictures of training text, small pixels."""
SEED_STEP = 1
"""Added to the run's seed, lest the batches be the first ones it was trained on."""
UNTOUCHED = ("centered", "first", "first.active")
"""Nodes of the graph that stay in float32."""
# It advises a pass over the graph that this graph, whose shapes are all known, does not need.
logging.getLogger().addFilter(lambda record: "pre-process" not in record.getMessage())
METHOD = "99.999 % of the values of each activation lie in its range"


def calibration_pictures(folder: Path, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield batches of small pictures, degraded as in training; the same every time."""
    batches = Batches(folder, seed=seed + SEED_STEP, size=SIZE, patch=PATCH)
    for number in range(BATCHES):
        yield batches[number].small.numpy()


class Pictures(CalibrationDataReader):
    """Hands the pictures to the calibration, by the name of the graph's input."""

    def __init__(self, pictures: Iterator[npt.NDArray[np.float32]]) -> None:
        self._pictures = pictures

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        return next(({"luma": small} for small in islice(self._pictures, 1)), None)


def quantize(graph: onnx.ModelProto, pictures: Iterator[npt.NDArray[np.float32]]) -> onnx.ModelProto:
    """Return the graph in eight bits, its ranges measured on `pictures`."""
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, quiet:
        exact, rounded = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        onnx.save(graph, exact)
        quantize_static(
            exact,
            rounded,
            Pictures(pictures),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(UNTOUCHED),
            calibrate_method=CalibrationMethod.Percentile,
        )
        made = onnx.load(rounded)
    onnx.checker.check_model(made, full_check=True)
    return made
