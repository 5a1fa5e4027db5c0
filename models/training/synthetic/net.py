"""The synthetic nets: a narrow face net's trunk over a larger crop of the aligned face, and a deeper one's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..common.nets import FromPixels
from ..common.packs import MODELS
from ..common.stored import Floats
from ..common.warm import begin, layers, mix, put
from ..face import net as face
from .changes import SIDE
from .recipe import BLOCKS, WIDTHS

DEEP_SHAPE = face.WIDTHS, face.BLOCKS
SHARPNESS = 2.0  # between the mean of the cells (0) and the greatest (infinity)


class SyntheticNet(nn.Module):
    """Logits (n, 1), positive is synthetic: the mean of the whole face's and of what is found anywhere in its cells.

    Cells belong to a map that sees parts rather than the face (Chai et al., 2020, "What makes fake images
    detectable?"). Input (n, 3, 192, 192) in [-1, 1].
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS) -> None:
        super().__init__()
        trunk = face.FaceNet(widths, blocks)
        self.branch = nn.Sequential(trunk.low, trunk.high, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(widths[-1], 1))
        self.some = nn.Conv2d(widths[-2], 1, 1)
        self.every = nn.Conv2d(widths[-2], 1, 1)  # for training alone

    def forward(self, x: Tensor) -> Tensor:
        whole, some, _ = self.heads(x)
        return (whole + some) / 2

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (n, 1) of the whole face, (n, 1) of anything among its cells, (n, cells) of each cell by itself."""
        low, high = self.branch[0], self.branch[1:]
        seen = low(x)
        cells = self.some(seen).flatten(1).float() * SHARPNESS
        some = (cells.logsumexp(1, keepdim=True) - math.log(cells.shape[1])) / SHARPNESS
        return self.head(high(seen)), some, self.every(seen).flatten(1)


def shaped(which: int) -> SyntheticNet:
    """A net of the shape of one of the committed model's, 0 the narrow or 1 the deep one; nothing is known."""
    return SyntheticNet(*DEEP_SHAPE) if which else SyntheticNet()


def untrained(_: Tensor) -> SyntheticNet:
    """A net to begin with where nothing is known, whatever the inputs."""
    return SyntheticNet()


def deep(inputs: Tensor) -> SyntheticNet:
    """A net with the trunk of the committed face model's first net, which is deeper and knows faces better.

    Args:
        inputs: (n, 3, 192, 192) in [-1, 1], training crops that the normalisations are set on.
    """
    net = SyntheticNet(*DEEP_SHAPE)
    parts = ("/nets.0/low/", "/nets.0/high/")  # as the net names them in turn
    begin(net.branch, [pair for part in parts for pair in layers(MODELS / "face.onnx", (part,))], inputs)
    return net


def committed(inputs: Tensor, which: int = 0) -> SyntheticNet:
    """One of the committed model's nets, for training to go on from; what only training needs begins anew.

    Args:
        inputs: (n, 3, 192, 192) in [-1, 1], training crops that the normalisations are set on.
        which: 0 the narrow one, 1 the deep one.
    """
    net = shaped(which)
    begin(net.branch, _stored(which, "branch"), inputs)
    for layer, weights in _heads(net, which):
        put(layer, *weights)
    return net


def stored(which: int) -> SyntheticNet:
    """One of the committed model's nets, 0 the narrow or 1 the deep one, in evaluation."""
    noise = torch.rand(8, 3, SIDE, SIDE) * 2 - 1  # a normalisation undoes itself on whatever it was set
    return committed(noise, which).eval()


def towards_committed(net: SyntheticNet, share: float, which: int = 0) -> None:
    """Moves a net that began with one of the committed model's, in evaluation, back towards it.

    Args:
        net: Changed.
        share: Of the committed net in the mean, 0 to 1.
        which: 0 the narrow one, 1 the deep one.
    """
    mix(net.branch, _stored(which, "branch"), share)
    with torch.no_grad():
        for layer, weights in _heads(net, which):
            for ours, theirs in zip(layer.parameters(), weights, strict=True):
                ours.lerp_(torch.from_numpy(theirs), share)


def _heads(net: SyntheticNet, which: int) -> list[tuple[nn.Module, tuple[Floats, Floats]]]:
    """The net's layers that answer, each with the weight and the bias of the committed model's."""
    (whole,), (some,) = _stored(which, "head", "Gemm"), _stored(which, "some")
    return [(net.head[1], whole), (net.some, some)]


def _stored(which: int, module: str, operator: str = "Conv") -> list[tuple[Floats, Floats]]:
    return layers(MODELS / "synthetic.onnx", (f"/nets.{which}/{module}",), operator)


class SyntheticModel(nn.Module):
    """What is exported: uint8 crops in; out the mean of two nets' logits, one of the crop, one of its mirror image."""

    outputs = ("synthetic",)

    def __init__(self, nets: Sequence[SyntheticNet]) -> None:
        """``nets``: two; they may be one and the same."""
        super().__init__()
        self.pixels, self.nets = FromPixels(), nn.ModuleList(nets)

    def forward(self, face: Tensor) -> Tensor:
        x = self.pixels(face)
        return (self.nets[0](x) + self.nets[1](x.flip(3)))[:, 0] / 2
