"""The detector: anchor-free, four strides, one class, a box and five points per cell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..common.nets import FromPixels, conv, stage
from ..common.packs import MODELS
from ..common.stored import Floats
from ..common.warm import begin, layers, mix, put

STRIDES = (8, 16, 32, 64)
VALUES = 15  # score, 4 box distances, 5 points


class Detector(nn.Module):
    """Backbone, top-down pathway (Lin et al., 2017) and a head shared by the strides (Tian et al., FCOS, 2019).

    Input (n, 3, h, w) in [-1, 1], h and w multiples of 64; output (n, cells, 15) raw: a score logit, the distances
    from the cell's middle to the box's left, top, right, bottom (log of strides) and five points (strides).
    """

    def __init__(self, widths: tuple[int, ...] = (16, 24, 48, 80, 112, 112), neck: int = 48) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, widths[0], 2), conv(widths[0], widths[1], 2))
        self.stages = nn.ModuleList(stage(a, b, 1) for a, b in pairwise(widths[1:]))
        self.sides = nn.ModuleList(nn.Conv2d(width, neck, 1) for width in widths[2:])
        self.smooth = nn.ModuleList(conv(neck, neck) for _ in STRIDES)
        self.score = nn.Conv2d(neck, 1, 3, 1, 1)
        self.place = nn.Conv2d(neck, VALUES - 1, 3, 1, 1)
        self.scales = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.constant_(self.score.bias, -4.0)

    def forward(self, x: Tensor) -> Tensor:
        levels = []
        for i, y in enumerate(self.features(x)):
            level = torch.cat([self.score(y), self.place(y) * self.scales[i]], 1)
            levels.append(level.flatten(2).transpose(1, 2))
        return torch.cat(levels, 1)

    def features(self, x: Tensor) -> list[Tensor]:
        """What the head sees at every stride."""
        x = self.stem(x)
        features = []
        for block in self.stages:
            x = block(x)
            features.append(x)
        sides = [side(f) for side, f in zip(self.sides, features, strict=True)]
        for i in range(len(sides) - 2, -1, -1):
            sides[i] = sides[i] + F.interpolate(sides[i + 1], scale_factor=2.0, mode="nearest")
        return [smooth(side) for smooth, side in zip(self.smooth, sides, strict=True)]


def committed(inputs: Tensor) -> Detector:
    """The committed model as a net, for training to go on from.

    Args:
        inputs: (n, 3, h, w) in [-1, 1], training pictures that the normalisations are set on.
    """
    net = Detector()
    begin(net, _stored(*NORMALISED), inputs)
    for layer, stored in _plain(net):
        put(layer, *stored)
    net.scales.data = _scales()
    return net


def towards_committed(net: Detector, share: float) -> None:
    """Moves a net that began with the committed model, in evaluation, back towards it.

    Args:
        net: Changed.
        share: Of the committed model in the mean, 0 to 1.
    """
    mix(net, _stored(*NORMALISED), share)
    with torch.no_grad():
        for layer, stored in _plain(net):
            for ours, theirs in zip(layer.parameters(), stored, strict=True):
                ours.lerp_(torch.from_numpy(theirs), share)
        net.scales.lerp_(_scales(), share)


# The convolutions with a normalisation, as the net names them in turn.
NORMALISED = ("/stem/", "/stages.", *(f"/smooth.{i}/" for i in range(len(STRIDES))))


def _stored(*parts: str) -> list[tuple[Floats, Floats]]:
    return [pair for part in parts for pair in layers(MODELS / "detector.onnx", (part,))]


def _plain(net: Detector) -> Iterator[tuple[nn.Conv2d, tuple[Floats, Floats]]]:
    """The convolutions without a normalisation, each with the committed weight and bias."""
    for i, side in enumerate(net.sides):
        assert isinstance(side, nn.Conv2d)
        yield side, _stored(f"/sides.{i}/")[0]
    ((weight, bias),) = _stored("/heads.0/")
    yield net.score, (weight[:1], bias[:1])
    yield net.place, (weight[1:], bias[1:])


def _scales() -> Tensor:
    """By what the strides' places are multiplied, of the first stride's; the file holds them within the weights."""
    sizes = [float(np.linalg.norm(_stored(f"/heads.{i}/")[0][0][1:])) for i in range(len(STRIDES))]
    return torch.tensor(sizes) / sizes[0]


class DetectorModel(nn.Module):
    """What is exported: uint8 photos in; scores 0..1, box distances and points in strides out.

    The head is one convolution per stride, the stride's scale multiplied into its weights.
    """

    outputs = ("scores", "distances", "points")

    def __init__(self, net: Detector) -> None:
        super().__init__()
        self.pixels, self.net = FromPixels(), net
        self.heads = nn.ModuleList(_head(net, scale) for scale in net.scales.detach())

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.net.features(self.pixels(image))
        levels = [head(y).flatten(2).transpose(1, 2) for head, y in zip(self.heads, features, strict=True)]
        raw = torch.cat(levels, 1)
        return raw[..., 0].sigmoid(), raw[..., 1:5].clamp(max=5).exp(), raw[..., 5:]


def _head(net: Detector, scale: Tensor) -> nn.Conv2d:
    """Score and place in one convolution."""
    head = nn.Conv2d(net.score.in_channels, VALUES, 3, 1, 1)
    with torch.no_grad():
        for name, value in head.named_parameters():
            value.copy_(torch.cat([net.score.get_parameter(name), net.place.get_parameter(name) * scale]))
    return head


def cells(height: int, width: int) -> Tensor:
    """Middle x, middle y and stride of every cell, (cells, 3), in the order of the net's output."""
    parts = []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        middle = torch.stack(
            [(x + 0.5) * stride, (y + 0.5) * stride, torch.full_like(x, stride, dtype=torch.float32)], -1
        )
        parts.append(middle.reshape(-1, 3))
    return torch.cat(parts)
