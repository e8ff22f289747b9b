"""The text upsampler's network: plain convolutions at two scales, one pixel shuffle at the end.

In: luma `(N, 1, h, w)` float32 in [0, 1], h and w even. Out: `(N, 1, FACTOR·h, FACTOR·w)`, to be added to
OpenCV's cubic enlargement of the same luma, which is computed outside since runtimes are slow at it.

Half of the work is done on a map of half the width and height: there a convolution sees twice as far and
costs as much with twice as many channels, so strokes are judged by the letters around them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.typesetting import FACTOR

# A middle gray is nothing: the network then sees dark and light text alike at the start of training.
MIDDLE = 0.5
SLOPE = 0.1
# The half-size map begins at the picture's first pixel: tiles must begin at multiples of this.
GRID = 2


class TextUpsampler(nn.Module):
    """5×5 and 3×3 convolutions, `blocks` pairs at half size, 3×3 ones and a head; all pad with zeros."""

    def __init__(self, channels: int, deep_channels: int, blocks: int, joined: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 5, padding=2)
        self.near = nn.Conv2d(channels, channels, 3, padding=1)
        self.down = nn.Conv2d(channels, deep_channels, GRID, stride=GRID)
        self.deep = nn.ModuleList(
            nn.Conv2d(deep_channels, deep_channels, 3, padding=1) for _ in range(2 * blocks)
        )
        self.up = nn.Conv2d(deep_channels, GRID * GRID * channels, 1)
        self.joined = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(joined))
        self.head = nn.Conv2d(channels, FACTOR * FACTOR, 3, padding=1)
        for layer in (self.first, self.near, self.down, *self.deep, self.up, *self.joined):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            # Each pair begins as a small correction of what comes in.
            for layer in self.deep[1::2]:
                layer.weight.mul_(0.3)
        # A quiet head: the first answers are the cubic enlargement itself.
        nn.init.normal_(self.head.weight, std=1e-3)
        nn.init.zeros_(self.head.bias)
        reach = 3 + (GRID - 1) + GRID * 2 * blocks + joined + 1
        self.radius = reach + reach % GRID
        """How many small pixels away an input pixel can change an output pixel at most; even."""

    def forward(self, small: Tensor) -> Tensor:
        near = activate(self.near(activate(self.first(small - MIDDLE))))
        features = activate(self.down(near))
        for one, other in zip(self.deep[::2], self.deep[1::2], strict=True):
            features = features + other(activate(one(features)))
        features = activate(F.pixel_shuffle(self.up(features), GRID) + near)
        for layer in self.joined:
            features = activate(layer(features))
        return F.pixel_shuffle(self.head(features), FACTOR)


def activate(features: Tensor) -> Tensor:
    """Apply the one nonlinearity of the network."""
    return F.leaky_relu(features, SLOPE)


def count_parameters(model: nn.Module) -> int:
    """Count the trained numbers."""
    return sum(parameter.numel() for parameter in model.parameters())


def average_into(averaged: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the averaged weights towards the model's: `keep` of the old, the rest of the new."""
    with torch.no_grad():
        for old, new in zip(averaged.parameters(), model.parameters(), strict=True):
            old.lerp_(new, 1 - keep)
