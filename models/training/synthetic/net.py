"""The synthetic net: the face net's trunk over a larger crop of the aligned face."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..common.nets import FromPixels
from ..common.packs import MODELS
from ..common.warm import begin, convolutions
from ..face.net import FaceNet

SIDE = 192
SHARE = 0.88  # of the packs' framing


class SyntheticNet(nn.Module):
    """Logits (n, 1), positive is synthetic. Input (n, 3, 192, 192) in [-1, 1]."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 160, 256)) -> None:
        super().__init__()
        trunk = FaceNet(widths)
        self.branch = nn.Sequential(trunk.low, trunk.high, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(widths[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.branch(x))


def begun(inputs: Tensor) -> SyntheticNet:
    """A net whose trunk starts from the committed face net's: a thousand generated faces are few to learn faces from.

    Args:
        inputs: (n, 3, 192, 192) in [-1, 1], training crops that the trunk's normalisations are set on.
    """
    net = SyntheticNet()
    begin(net.branch, convolutions(MODELS / "face.onnx", ("/nets.0/low/", "/nets.0/high/")), inputs)
    return net


class SyntheticModel(nn.Module):
    """What is exported: uint8 crops in; out the mean of the logits of each crop and of its mirror image."""

    outputs = ("synthetic",)

    def __init__(self, net: SyntheticNet) -> None:
        super().__init__()
        self.pixels, self.net = FromPixels(), net

    def forward(self, face: Tensor) -> Tensor:
        x = self.pixels(face)
        return self.net(torch.cat([x, x.flip(3)]))[:, 0].reshape(2, -1).mean(0)
