"""The text upsampler's network: plain convolutions on the small image, one pixel shuffle at the end.

In: luma `(N, 1, h, w)` float32 in [0, 1]. Out: `(N, 1, FACTOR·h, FACTOR·w)`, to be added to OpenCV's cubic
enlargement of the same luma, which is computed outside since runtimes are slow at it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.typesetting import FACTOR

# A middle gray is nothing: the network then sees dark and light text alike at the start of training.
MIDDLE = 0.5
SLOPE = 0.1


class TextUpsampler(nn.Module):
    """A 5×5 convolution, `hidden` 3×3 ones and a 3×3 head, all with zero padding."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 5, padding=2)
        self.trunk = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(hidden))
        self.head = nn.Conv2d(channels, FACTOR * FACTOR, 3, padding=1)
        for layer in (self.first, *self.trunk):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            nn.init.zeros_(layer.bias)
        # A quiet head: the first answers are the cubic enlargement itself.
        nn.init.normal_(self.head.weight, std=1e-3)
        nn.init.zeros_(self.head.bias)
        self.radius = 2 + hidden + 1
        """How many small pixels away an input pixel can change an output pixel."""

    def forward(self, small: Tensor) -> Tensor:
        start = F.leaky_relu(self.first(small - MIDDLE), SLOPE)
        features = start
        for layer in self.trunk[:-1]:
            features = F.leaky_relu(layer(features), SLOPE)
        features = F.leaky_relu(self.trunk[-1](features) + start, SLOPE)
        return F.pixel_shuffle(self.head(features), FACTOR)


def count_parameters(model: nn.Module) -> int:
    """Count the trained numbers."""
    return sum(parameter.numel() for parameter in model.parameters())


def average_into(averaged: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the averaged weights towards the model's: `keep` of the old, the rest of the new."""
    with torch.no_grad():
        for old, new in zip(averaged.parameters(), model.parameters(), strict=True):
            old.lerp_(new, 1 - keep)
