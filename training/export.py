"""Write a run's averaged weights as ONNX, with a JSON beside them that says where they come from.

`python -m training.export RUN_FOLDER src/ocr_nb/engine/weights/text_sr.onnx` writes them in eight bits
(`quantize`); with `--exact` in float32, as they were trained.
"""

import argparse
import copy
import hashlib
import json
import platform
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from training.configuration import Configuration
from training.network import GRID, MIDDLE, SLOPE, TextUpsampler, count_parameters
from training.quantize import (
    BATCHES,
    METHOD,
    PATCH,
    SIZE,
    UNTOUCHED,
    calibration_pictures,
    quantize,
)
from training.train import DEFAULT_CACHE, make_network
from training.typesetting import FACTOR

# Old enough for every runtime of recent years: nothing newer is used.
OPSET, IR_VERSION = 17, 8


def to_onnx(model: TextUpsampler) -> onnx.ModelProto:
    """Build the graph node by node: `luma` `(N, 1, H, W)` to `residual` `(N, 1, FACTOR·H, FACTOR·W)`."""
    nodes = [helper.make_node("Sub", ["luma", "middle"], ["centered"], name="centered")]
    constants = [numpy_helper.from_array(torch.tensor(MIDDLE).numpy(), "middle")]

    def convolve(name: str, layer: torch.nn.Module, source: str) -> str:
        assert isinstance(layer, torch.nn.Conv2d)
        assert layer.bias is not None
        for part, values in (("weight", layer.weight), ("bias", layer.bias)):
            constants.append(numpy_helper.from_array(values.detach().contiguous().numpy(), f"{name}.{part}"))
        pad = int(layer.padding[0])
        inputs = [source, f"{name}.weight", f"{name}.bias"]
        shape = {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": [pad] * 4}
        nodes.append(helper.make_node("Conv", inputs, [name], name=name, **shape))
        return name

    def active(source: str) -> str:
        name = f"{source}.active"
        nodes.append(helper.make_node("LeakyRelu", [source], [name], name=name, alpha=SLOPE))
        return name

    def shuffle(source: str, name: str, size: int) -> str:
        # CRD is PyTorch's pixel shuffle: channel, then row, then column.
        nodes.append(
            helper.make_node("DepthToSpace", [source], [name], name=name, blocksize=size, mode="CRD")
        )
        return name

    def spread(source: str, name: str) -> str:
        # A pixel shuffle back to the size of the picture that moves all channels of a pixel at once, since
        # runtimes keep those of eight bits together: row and column of what comes in precede its channel.
        def step(operation: str, *inputs: str, **attributes: Any) -> str:
            made = f"{name}.{operation}.{len(nodes)}"
            nodes.append(helper.make_node(operation, inputs, [made], name=made, **attributes))
            return made

        def numbers(*values: int) -> str:
            made = f"{name}.numbers.{len(constants)}"
            constants.append(numpy_helper.from_array(np.array(values, np.int64), made))
            return made

        pixels = step("Transpose", source, perm=[0, 2, 3, 1])
        parts = step("Reshape", pixels, numbers(0, 0, 0, GRID, GRID, -1))
        rows = step("Transpose", parts, perm=[0, 1, 3, 2, 4, 5])
        shape = step("Concat", step("Gather", step("Shape", "luma"), numbers(0, 2, 3)), numbers(-1), axis=0)
        nodes.append(
            helper.make_node(
                "Transpose", [step("Reshape", rows, shape)], [name], name=name, perm=[0, 3, 1, 2]
            )
        )
        return name

    def add(one: str, other: str, name: str) -> str:
        nodes.append(helper.make_node("Add", [one, other], [name], name=name))
        return name

    near = active(convolve("near", model.near, active(convolve("first", model.first, "centered"))))
    value = active(convolve("down", model.down, near))
    for number in range(0, len(model.deep), 2):
        inner = active(convolve(f"deep{number}", model.deep[number], value))
        inner = convolve(f"deep{number + 1}", model.deep[number + 1], inner)
        value = add(value, inner, f"corrected{number}")
    value = active(add(spread(convolve("up", pixels_first(model.up), value), "raised"), near, "both"))
    for number, layer in enumerate(model.joined):
        value = active(convolve(f"joined{number}", layer, value))
    shuffle(convolve("head", model.head, value), "residual", FACTOR)
    graph = helper.make_graph(
        nodes,
        "text_upsampler",
        [helper.make_tensor_value_info("luma", TensorProto.FLOAT, ["batch", 1, "height", "width"])],
        [
            helper.make_tensor_value_info(
                "residual", TensorProto.FLOAT, ["batch", 1, "large_height", "large_width"]
            )
        ],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(made, full_check=True)
    return made


def pixels_first(layer: torch.nn.Conv2d) -> torch.nn.Conv2d:
    """Return the layer before a pixel shuffle with its output in the order row, column, channel."""
    ordered = copy.deepcopy(layer)
    assert ordered.bias is not None
    with torch.no_grad():
        for values in (ordered.weight, ordered.bias):
            parts = values.reshape(-1, GRID * GRID, *values.shape[1:]).transpose(0, 1)
            values.copy_(parts.reshape(values.shape))
    return ordered


def last_measured(log: Path) -> dict[str, Any]:
    """Return the log's last line that has validation figures."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return next(row for row in reversed(rows) if "validation_error_ours" in row)


def describe(
    run: Path, c: Configuration, model: TextUpsampler, checkpoint: dict[str, Any], data: bytes
) -> dict[str, Any]:
    """Gather the provenance."""
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "license": "MIT, as the project",
        "architecture": (
            f"5x5 and 3x3 convolution of {c.channels} channels, {c.blocks} residual pairs of 3x3 ones of "
            f"{c.deep_channels} at half size, {c.joined} 3x3 ones of {c.channels} (leaky ReLU {SLOPE}), "
            f"3x3 head, pixel shuffle"
        ),
        "parameters": count_parameters(model),
        "factor": FACTOR,
        "receptive_radius": model.radius,
        "grid": GRID,
        "input": {"name": "luma", "axes": "N,1,H,W", "type": "float32", "range": "0 black to 1 white"},
        "output": {
            "name": "residual",
            "axes": "N,1,factor*H,factor*W",
            "type": "float32",
            "meaning": "add to OpenCV's INTER_CUBIC enlargement of the same luma, then clip to [0, 1]",
        },
        "tiling": (
            "convolutions pad with zeros: extend the image by receptive_radius replicated pixels and "
            "overlap tiles by as many on each side, then cut; height and width are multiples of grid, and "
            "tiles begin at multiples of it; the result does not depend on the tiles"
        ),
        "training": {
            "command": "python -m training.train --reader ch_PP-OCRv4_rec_infer.onnx",
            "legs": checkpoint["legs"],
            "one_configuration_throughout": is_one_configuration(checkpoint["legs"]),
            "configuration_hash": c.hash,
            "configuration": json.loads((run / "configuration.json").read_text("utf-8")),
            "seed": c.seed,
            "device": f"CPU ({platform.machine()}), bfloat16 convolutions: {c.bfloat16}",
            "torch": str(torch.__version__),
            "duration_s": round(checkpoint["seconds"]),
            "steps": checkpoint["step"],
            "steps_planned": c.steps,
            "readers_in_the_loop": [
                "PP-OCRv4 recognizer (rapidocr-onnxruntime 1.4.4)",
                f"own line reader, trained from scratch: {c.own_reader_steps} steps (training/own_reader.py)",
            ],
            "last_measured": last_measured(run / "log.jsonl"),
        },
    }


def describe_quantization(exact: bytes) -> dict[str, Any]:
    """Say how the eight-bit weights come from the float32 ones."""
    return {
        "float32_sha256": hashlib.sha256(exact).hexdigest(),
        "float32_bytes": len(exact),
        "weights": "int8, seven bits of it used, a scale for each channel",
        "activations": f"uint8; {METHOD}",
        "in_float32": list(UNTOUCHED),
        "calibration": f"{BATCHES * SIZE} pictures of training text, {PATCH[0]} x {PATCH[1]} pixels",
        "onnxruntime": onnxruntime.__version__,
    }


def is_one_configuration(legs: list[dict[str, Any]]) -> bool:
    """Tell whether the legs together are one run of the last one's configuration from scratch."""
    return all(
        leg.get(
            "steps_before_equal_this_configuration",
            leg["configuration_hash"] == before["configuration_hash"],
        )
        for before, leg in pairwise(legs)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "run", type=Path, help="folder of the run: configuration.json, checkpoint.pt, log.jsonl"
    )
    parser.add_argument("weights", type=Path, help="ONNX file to write; the JSON gets the same stem")
    parser.add_argument("--exact", action="store_true", help="leave them in float32")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where the run's strips lie")
    wanted = parser.parse_args()
    c = Configuration.load(wanted.run / "configuration.json")
    checkpoint = torch.load(wanted.run / "checkpoint.pt", weights_only=True)
    model = make_network(c)
    model.load_state_dict(checkpoint["averaged"])
    graph = to_onnx(model)
    exact = data = graph.SerializeToString()
    if not wanted.exact:
        strips = wanted.cache / "strips" / f"train-{c.seed}-{c.strips}"
        data = quantize(graph, calibration_pictures(strips, c.seed)).SerializeToString()
    wanted.weights.parent.mkdir(parents=True, exist_ok=True)
    wanted.weights.write_bytes(data)
    facts = describe(wanted.run, c, model, checkpoint, data)
    if not wanted.exact:
        facts["quantization"] = describe_quantization(exact)
    wanted.weights.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    print(f"{wanted.weights}: {len(data)} bytes, step {checkpoint['step']} of {c.steps}")


if __name__ == "__main__":
    main()
