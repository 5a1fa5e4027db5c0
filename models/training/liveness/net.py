"""The liveness net: one branch for the face with its surroundings, one for the face close by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..common.nets import FromPixels, conv, stage
from ..common.packs import MODELS
from ..common.warm import Floats, begin, layers, put
from ..synthetic.recipe import WIDTHS
from .recipe import NARROW_WIDTHS

CONTEXT, CONTEXT_HEIGHTS = 128, 2.7
FACE, FACE_HEIGHTS = 160, 1.7  # as sharp as the views: 95 pixels to a box height
NEAR, ENLARGED = 118, 1.085  # of FACE pixels the narrow net sees the middle, 1.25 box heights, enlarged to 128


def branch(widths: tuple[int, ...]) -> nn.Sequential:
    """Crop to a map of widths[-1] features; each width halves its side."""
    return nn.Sequential(conv(3, widths[0], 2), *(stage(a, b, 1) for a, b in pairwise(widths)))


class LivenessNet(nn.Module):
    """Logits (n, 3): both branches together, context alone, face alone; positive is live. Inputs in [-1, 1].

    A branch alone judges cell by cell and answers with the mean, so that every part of a recapture has to look like
    one (pixel-wise supervision: George and Marcel, 2019); away from the edge alone, since a room behind a print is
    real.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, near: bool = False) -> None:
        """``near``: of the face's crop the net sees the middle, enlarged, where nothing but the face is."""
        super().__init__()
        self.near = near
        self.context, self.face = branch(widths), branch(widths[:-1])
        wide = widths[-1] + widths[-2]
        self.both = nn.Sequential(nn.Dropout(0.3), nn.Linear(wide, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))
        self.alone = nn.ModuleList([nn.Conv2d(widths[-1], 1, 1), nn.Conv2d(widths[-2], 1, 1)])

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        both, *alone = self.cells(context, face)
        return torch.cat([both, *(cells.mean(1, keepdim=True) for cells in alone)], 1)

    def cells(self, context: Tensor, face: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (n, 1) of both branches together, (n, cells) of the context's middle and of the face."""
        if self.near:
            face = functional.interpolate(_middle(face, (FACE - NEAR) // 2), scale_factor=ENLARGED, mode="bilinear")
        c, f = self.context(context), self.face(face)
        both = self.both(torch.cat([c.mean((2, 3)), f.mean((2, 3))], 1))
        inner = f if self.near else _middle(f, f.shape[2] // 8)
        return both, self.alone[0](_middle(c, c.shape[2] // 4)).flatten(1), self.alone[1](inner).flatten(1)


def _middle(x: Tensor, edge: int) -> Tensor:
    """A map or picture (n, channels, height, width) without so many cells or pixels at every edge."""
    return x[:, :, edge:-edge, edge:-edge]


def begun(context: Tensor, face: Tensor) -> LivenessNet:
    """A net whose branches start from the synthetic model's narrow trunk, which knows faces and their fine traces.

    Args:
        context: (n, 3, CONTEXT, CONTEXT) in [-1, 1], training crops that the normalisations are set on.
        face: (n, 3, FACE, FACE), the same of the other input.
    """
    net = LivenessNet()
    for branch, inputs, parts in ((net.context, context, (0, 1)), (net.face, face, (0,))):
        within = tuple(f"/nets.0/branch.{part}/" for part in parts)
        begin(branch, layers(MODELS / "synthetic.onnx", within), inputs)
    return net


def narrow(_: Tensor, __: Tensor) -> LivenessNet:
    """A narrow net to begin with where nothing is known, whatever the inputs."""
    return LivenessNet(NARROW_WIDTHS, near=True)


def committed() -> LivenessNet:
    """The committed model's narrow net, in evaluation."""
    net = LivenessNet(NARROW_WIDTHS, near=True)
    noise = torch.rand(8, 3, FACE, FACE) * 2 - 1  # a normalisation undoes itself on whatever it was set
    for branch, name in ((net.context, "context/"), (net.face, "face/")):
        begin(branch, _stored(name), noise)
    for layer, of in zip((net.both[1], net.both[4]), _stored("both/", "Gemm"), strict=True):
        put(layer, *of)
    for index, layer in enumerate(net.alone):
        put(layer, *_stored(f"alone.{index}/")[0])
    return net.eval()


def _stored(module: str, operator: str = "Conv") -> list[tuple[Floats, Floats]]:
    return layers(MODELS / "liveness.onnx", (f"/nets.1/{module}",), operator)


class LivenessModel(nn.Module):
    """What is exported: uint8 crops in; the mean of the nets' three logits out, positive is live."""

    outputs = ("live",)

    def __init__(self, nets: Sequence[LivenessNet]) -> None:
        super().__init__()
        self.pixels, self.nets = FromPixels(), nn.ModuleList(nets)

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        c, f = self.pixels(context), self.pixels(face)
        return torch.stack([combined(net(c, f)) for net in self.nets]).mean(0)


def combined(logits: Tensor) -> Tensor:
    """One logit per face from the three of the net."""
    return logits[:, 0] * 0.6 + logits[:, 1] * 0.2 + logits[:, 2] * 0.2
