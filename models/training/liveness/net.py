"""The liveness net: one branch for the face with its surroundings, one for the face close by."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ..common.nets import FromPixels, conv, stage
from ..common.packs import MODELS
from ..common.warm import begin, layers
from ..synthetic.recipe import WIDTHS
from .recipe import NARROW_WIDTHS

CONTEXT, CONTEXT_HEIGHTS = 128, 2.7
FACE, FACE_HEIGHTS = 128, 1.25


def branch(widths: tuple[int, ...]) -> nn.Sequential:
    """128-pixel crop to a map of widths[-1] features; each width halves its side."""
    return nn.Sequential(conv(3, widths[0], 2), *(stage(a, b, 1) for a, b in pairwise(widths)))


class LivenessNet(nn.Module):
    """Logits (n, 3): both branches together, context alone, face alone; positive is live. Inputs in [-1, 1].

    A branch alone judges cell by cell and answers with the mean, so that every part of a recapture has to look like
    one (pixel-wise supervision: George and Marcel, 2019); of the context the middle alone is judged so, since a room
    behind a print is real.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.context, self.face = branch(widths), branch(widths[:-1])
        wide = widths[-1] + widths[-2]
        self.both = nn.Sequential(nn.Dropout(0.3), nn.Linear(wide, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))
        self.alone = nn.ModuleList([nn.Conv2d(widths[-1], 1, 1), nn.Conv2d(widths[-2], 1, 1)])

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        both, *alone = self.cells(context, face)
        return torch.cat([both, *(cells.mean(1, keepdim=True) for cells in alone)], 1)

    def cells(self, context: Tensor, face: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (n, 1) of both branches together, (n, cells) of the context's middle and of the face."""
        c, f = self.context(context), self.face(face)
        both = self.both(torch.cat([c.mean((2, 3)), f.mean((2, 3))], 1))
        edge = c.shape[2] // 4
        middle = c[:, :, edge:-edge, edge:-edge]
        return both, self.alone[0](middle).flatten(1), self.alone[1](f).flatten(1)


def begun(context: Tensor, face: Tensor) -> LivenessNet:
    """A net whose branches start from the synthetic model's narrow trunk, which knows faces and their fine traces.

    Args:
        context: (n, 3, 128, 128) in [-1, 1], training crops that the normalisations are set on.
        face: The same of the other input.
    """
    net = LivenessNet()
    for branch, inputs, parts in ((net.context, context, (0, 1)), (net.face, face, (0,))):
        within = tuple(f"/nets.0/branch.{part}/" for part in parts)
        begin(branch, layers(MODELS / "synthetic.onnx", within), inputs)
    return net


def narrow(_: Tensor, __: Tensor) -> LivenessNet:
    """A narrow net to begin with where nothing is known, whatever the inputs."""
    return LivenessNet(NARROW_WIDTHS)


class LivenessModel(nn.Module):
    """What is exported: uint8 crops in; the mean of the nets' three logits out, positive is live."""

    outputs = ("live",)

    def __init__(self, nets: list[LivenessNet]) -> None:
        super().__init__()
        self.pixels, self.nets = FromPixels(), nn.ModuleList(nets)

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        c, f = self.pixels(context), self.pixels(face)
        return torch.stack([combined(net(c, f)) for net in self.nets]).mean(0)


def combined(logits: Tensor) -> Tensor:
    """One logit per face from the three of the net."""
    return logits[:, 0] * 0.6 + logits[:, 1] * 0.2 + logits[:, 2] * 0.2
