"""A recognizer that gradients can pass through: PP-OCRv4's, read from its ONNX file into PyTorch.

In: line images `(N, 1, 48, W)` luma in [0, 1]. Out: log probabilities `(T, N, C)`, blank at 0. Its weights
are never changed. It is a teacher and a selector here; nothing that it judges is judged by it alone.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from training.batches import Line
from training.typesetting import FACTOR

# The recognizer's own preparation: three equal channels from -1 to 1.
CHANNELS = 3
# What lines are filled up with to a common width: after centering, the zeros that the recognizer expects.
PADDING = 0.5


def _pairs(pads: list[int]) -> tuple[int, int]:
    """Turn ONNX's top, left, bottom, right into PyTorch's rows, columns; both sides must agree."""
    if pads[:2] != pads[2:]:
        raise ValueError(f"Uneven padding {pads} is not supported.")
    return pads[0], pads[1]


def convolve(inputs: list[Tensor], a: dict[str, Any]) -> Tensor:
    bias = inputs[2] if len(inputs) > 2 else None
    padding = _pairs(a.get("pads", [0, 0, 0, 0]))
    return F.conv2d(
        inputs[0],
        inputs[1],
        bias,
        a.get("strides", [1, 1]),
        padding,
        a.get("dilations", [1, 1]),
        a.get("group", 1),
    )


def normalize_batch(inputs: list[Tensor], a: dict[str, Any]) -> Tensor:
    x, scale, bias, mean, variance = inputs
    return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, a["epsilon"])


def cut(inputs: list[Tensor], a: dict[str, Any]) -> Tensor:
    data, starts, ends = inputs[:3]
    axes = inputs[3].tolist() if len(inputs) > 3 else range(len(starts))
    for axis, first, last in zip(axes, starts.tolist(), ends.tolist(), strict=True):
        index = [slice(None)] * data.dim()
        index[axis] = slice(first, last)
        data = data[tuple(index)]
    return data


def reshape(inputs: list[Tensor], a: dict[str, Any]) -> Tensor:
    data, shape = inputs
    # ONNX: a zero keeps the old length.
    return data.reshape([data.shape[i] if n == 0 else n for i, n in enumerate(shape.tolist())])


def squeeze(inputs: list[Tensor], a: dict[str, Any]) -> Tensor:
    data = inputs[0]
    for axis in sorted(a["axes"], reverse=True):
        data = data.squeeze(axis)
    return data


def pool(inputs: list[Tensor], a: dict[str, Any]) -> Tensor:
    return F.avg_pool2d(inputs[0], a["kernel_shape"], a["strides"], _pairs(a["pads"]))


TYPES = {6: torch.int32, 7: torch.int64, 1: torch.float32}
Operator = Callable[[list[Tensor], dict[str, Any]], Tensor]
OPERATORS: dict[str, Operator] = {
    "Add": lambda i, a: i[0] + i[1],
    "Sub": lambda i, a: i[0] - i[1],
    "Mul": lambda i, a: i[0] * i[1],
    "Div": lambda i, a: i[0] / i[1],
    "Pow": lambda i, a: i[0] ** i[1],
    "Sqrt": lambda i, a: i[0].sqrt(),
    "MatMul": lambda i, a: i[0] @ i[1],
    "Clip": lambda i, a: i[0].clamp(float(i[1]), float(i[2])),
    "Relu": lambda i, a: F.relu(i[0]),
    "Sigmoid": lambda i, a: i[0].sigmoid(),
    "HardSigmoid": lambda i, a: (i[0] * a["alpha"] + a["beta"]).clamp(0, 1),
    "Softmax": lambda i, a: i[0].softmax(a["axis"]),
    "Transpose": lambda i, a: i[0].permute(a["perm"]),
    "ReduceMean": lambda i, a: i[0].mean(a["axes"], keepdim=bool(a.get("keepdims", 1))),
    "GlobalAveragePool": lambda i, a: i[0].mean((2, 3), keepdim=True),
    "AveragePool": pool,
    "Cast": lambda i, a: i[0].to(TYPES[a["to"]]),
    "Concat": lambda i, a: torch.cat([t if t.dim() else t[None] for t in i], a["axis"]),
    "Shape": lambda i, a: torch.tensor(i[0].shape),
    "Slice": cut,
    "Reshape": reshape,
    "Squeeze": squeeze,
    "Conv": convolve,
    "BatchNormalization": normalize_batch,
}


class LineReader(Protocol):
    """What a loss needs of a reader."""

    line_height: int
    """Of the images it takes, pixels."""
    longest_width: int
    """Longer lines are narrowed to this."""

    def encode(self, text: str) -> list[int] | None:
        """Return the text's class numbers, or None when a character is not in the alphabet."""
        ...

    def recognize(self, lines: Tensor) -> list[str]:
        """Return the most likely text of each line."""
        ...

    def __call__(self, lines: Tensor) -> Tensor:
        """Return log probabilities `(T, N, C)`."""
        ...


class Reader(nn.Module):
    """Runs the recognizer's graph node by node."""

    line_height = 48
    longest_width = 480  # it was trained on widths around 320

    def __init__(self, path: Path) -> None:
        """Read an ONNX file whose metadata hold the alphabet, a character a line.

        Raises:
            ValueError: when the graph has an operator that this room does not know.
        """
        super().__init__()
        model = onnx.load(str(path))
        alphabet = next(entry.value for entry in model.metadata_props if entry.key == "character")
        self.alphabet = ("", *alphabet.splitlines(), " ")
        self._index = {char: number for number, char in enumerate(self.alphabet)}
        self._input = model.graph.input[0].name
        self._values = {
            i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in model.graph.initializer
        }
        self._nodes: list[tuple[str, list[str], str, dict[str, Any]]] = []
        for node in model.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._values[node.output[0]] = torch.from_numpy(
                    np.array(numpy_helper.to_array(attributes["value"]))
                )
            elif node.op_type in OPERATORS:
                self._nodes.append((node.op_type, list(node.input), node.output[0], attributes))
            else:
                raise ValueError(f"{path.name} has an operator {node.op_type} that is not known here.")
        # The last node is the softmax; a CTC loss wants logits.
        self._logits = self._nodes.pop()[1][0]

    def encode(self, text: str) -> list[int] | None:
        """Return the text's class numbers, or None when a character is not in the alphabet."""
        numbers = [self._index.get(char) for char in text]
        return None if None in numbers else [n for n in numbers if n is not None]

    def forward(self, lines: Tensor) -> Tensor:
        """Return log probabilities `(T, N, C)` for lines `(N, 1, 48, W)` in [0, 1]."""
        values: dict[str, Tensor] = {self._input: (lines * 2 - 1).expand(-1, CHANNELS, -1, -1)}
        for kind, names, output, attributes in self._nodes:
            inputs = [values[name] if name in values else self._values[name] for name in names]
            values[output] = OPERATORS[kind](inputs, attributes)
        # (N, T, C) before, (T, N, C) after: PyTorch's CTC wants time first.
        return values[self._logits].float().log_softmax(-1).permute(1, 0, 2)

    def recognize(self, lines: Tensor) -> list[str]:
        """Return the most likely text of each line."""
        with torch.no_grad():
            return most_likely_texts(self(lines), self.alphabet)


def most_likely_texts(logs: Tensor, alphabet: Sequence[str]) -> list[str]:
    """Return the best class of each column as text: repeats merged, blanks (class 0) dropped."""
    return [
        "".join(alphabet[n] for n, before in zip(row, [0, *row], strict=False) if n != before and n)
        for row in logs.argmax(-1).T.tolist()
    ]


def cut_lines(images: Tensor, lines: Sequence[Line], height: int, longest: int) -> Tensor:
    """Cut lines out of enlarged images `(N, 1, H, W)` and resize them to `height`, at most `longest` wide."""
    cuts = []
    for line in lines:
        left, top, right, bottom = (round(v * FACTOR) for v in line.box)
        piece = images[line.sample : line.sample + 1, :, top:bottom, left:right]
        width = min(longest, max(16, round(height * piece.shape[3] / piece.shape[2])))
        cuts.append(
            F.interpolate(piece, (height, width), mode="bilinear", align_corners=False, antialias=False)
        )
    widest = max(cut.shape[3] for cut in cuts)
    return torch.cat([F.pad(cut, (0, widest - cut.shape[3]), value=PADDING) for cut in cuts])


class ReaderLoss:
    """How badly a reader reads the enlarged lines: CTC, per character."""

    def __init__(self, reader: LineReader, most: int) -> None:
        """Read at most `most` lines at once: of those that the reader knows all characters of."""
        self._reader = reader
        self._most = most

    def __call__(self, images: Tensor, lines: Sequence[Line], first: int) -> Tensor:
        """Return the mean loss a character; `first`, any number, says which lines are read."""
        known = [line for line in lines if self._reader.encode(line.text)]
        if not known:
            return images.sum() * 0
        # Lines of like width together: little is computed for what they are filled up with.
        known.sort(key=lambda line: (line.box[2] - line.box[0]) / (line.box[3] - line.box[1]))
        start = first % max(1, len(known) - self._most + 1)
        chosen = known[start : start + self._most]
        logs = self._reader(
            cut_lines(images.clamp(0, 1), chosen, self._reader.line_height, self._reader.longest_width)
        )
        codes = [self._reader.encode(line.text) or [] for line in chosen]
        lengths = torch.tensor([len(code) for code in codes])
        steps = torch.full((len(codes),), logs.shape[0])
        targets = torch.tensor([number for code in codes for number in code])
        losses = F.ctc_loss(logs, targets, steps, lengths, reduction="none", zero_infinity=True)
        return (losses / lengths).clamp(max=6).mean()
