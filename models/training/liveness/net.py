"""The liveness nets: two that look at the face and its surroundings, one that looks at the face close by alone."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..common.nets import FromPixels, conv, stage
from ..common.packs import MODELS
from ..common.stored import Floats
from ..common.warm import begin, layers, put
from ..synthetic.recipe import WIDTHS
from .recipe import NARROW_WIDTHS

CONTEXT, CONTEXT_HEIGHTS = 128, 2.7
FACE, FACE_HEIGHTS = 160, 1.7  # as sharp as the views: 95 pixels to a box height
# Of FACE pixels the nets for the face close by see the middle, 1.25 box heights, enlarged to 128.
NEAR, ENLARGED = 118, 1.085
DOUBT = 0.5  # how far the near net's logit has to be below 0 to count


def branch(widths: tuple[int, ...]) -> nn.Sequential:
    """Crop to a map of widths[-1] features; each width halves its side."""
    return nn.Sequential(conv(3, widths[0], 2), *(stage(a, b, 1) for a, b in pairwise(widths)))


class LivenessNet(nn.Module):
    """Logit (n,), positive is live, from both branches together, context alone and face alone; inputs in [-1, 1].

    A branch alone judges cell by cell and answers with the mean, so that every part of a recapture has to look like
    one (pixel-wise supervision: George and Marcel, 2019); away from the edge alone, since a room behind a print is
    real.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, near: bool = False) -> None:
        """``near``: of the face's crop the net sees what the near net sees."""
        super().__init__()
        self.near = near
        self.context, self.face = branch(widths), branch(widths[:-1])
        self.both = judge(widths[-1] + widths[-2])
        self.alone = nn.ModuleList([nn.Conv2d(widths[-1], 1, 1), nn.Conv2d(widths[-2], 1, 1)])

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        heads = self.heads(context, face)
        return (heads["both"] * 0.6 + heads["context"].mean(1, True) * 0.2 + heads["face"].mean(1, True) * 0.2)[:, 0]

    def heads(self, context: Tensor, face: Tensor) -> dict[str, Tensor]:
        """Logits (n, 1) of both branches together, (n, cells) of the context's middle and of the face."""
        c, f = self.context(context), self.face(enlarged(face) if self.near else face)
        cells = _middle(c, c.shape[2] // 4), f if self.near else _middle(f, f.shape[2] // 8)
        alone = [head(seen).flatten(1) for head, seen in zip(self.alone, cells, strict=True)]
        return {
            "both": self.both(torch.cat([c.mean((2, 3)), f.mean((2, 3))], 1)),
            "context": alone[0],
            "face": alone[1],
        }


class NearNet(nn.Module):
    """Logit (n,), positive is live, of the middle of the face's crop, enlarged, where nothing but the face is."""

    def __init__(self) -> None:
        super().__init__()
        self.face = branch(WIDTHS[:-1])
        self.head = judge(WIDTHS[-2])
        self.alone = nn.Conv2d(WIDTHS[-2], 1, 1)

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        heads = self.heads(context, face)
        return (heads["near"] * 0.6 + heads["face"].mean(1, True) * 0.4)[:, 0]

    def heads(self, _: Tensor, face: Tensor) -> dict[str, Tensor]:
        """Logits (n, 1) of the whole, (n, cells) of each cell; the context is not looked at."""
        f = self.face(enlarged(face))
        return {"near": self.head(f.mean((2, 3))), "face": self.alone(f).flatten(1)}


def judge(wide: int) -> nn.Sequential:
    """One logit from so many pooled features."""
    return nn.Sequential(nn.Dropout(0.3), nn.Linear(wide, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))


def enlarged(face: Tensor) -> Tensor:
    """The middle of the face's crop, NEAR pixels wide, ENLARGED times as large."""
    return functional.interpolate(_middle(face, (FACE - NEAR) // 2), scale_factor=ENLARGED, mode="bilinear")


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
    begin(net.context, _trunk(0, 1), context)
    begin(net.face, _trunk(0), face)
    return net


def begun_near(_: Tensor, face: Tensor) -> NearNet:
    """A near net that starts from the same trunk; see ``begun``."""
    net = NearNet()
    begin(net.face, _trunk(0), enlarged(face))
    return net


def narrow(_: Tensor, __: Tensor) -> LivenessNet:
    """A narrow net to begin with where nothing is known, whatever the inputs."""
    return LivenessNet(NARROW_WIDTHS, near=True)


def _trunk(*parts: int) -> list[tuple[Floats, Floats]]:
    return layers(MODELS / "synthetic.onnx", tuple(f"/nets.0/branch.{part}/" for part in parts))


def committed() -> tuple[LivenessNet, LivenessNet, NearNet]:
    """The committed model's first, second and near net, in evaluation."""
    first, second, near = LivenessNet(), LivenessNet(NARROW_WIDTHS, near=True), NearNet()
    noise = torch.rand(8, 3, FACE, FACE) * 2 - 1  # a normalisation undoes itself on whatever it was set
    for net, name in ((first, "first"), (second, "second")):
        begin(net.context, _stored(f"{name}/context/"), noise)
        begin(net.face, _stored(f"{name}/face/"), noise)
        _judging(net.both, f"{name}/both/")
        for index, layer in enumerate(net.alone):
            put(layer, *_stored(f"{name}/alone.{index}/")[0])
    begin(near.face, _stored("near/face/"), noise)
    _judging(near.head, "near/head/")
    put(near.alone, *_stored("near/alone/")[0])
    return first.eval(), second.eval(), near.eval()


def _judging(judge: nn.Sequential, module: str) -> None:
    """Gives a judge the committed model's weights."""
    for layer, weights in zip((judge[1], judge[4]), _stored(module, "Gemm"), strict=True):
        put(layer, *weights)


def _stored(module: str, operator: str = "Conv") -> list[tuple[Floats, Floats]]:
    return layers(MODELS / "liveness.onnx", (f"/{module}",), operator)


class LivenessModel(nn.Module):
    """What is exported: uint8 crops in; the nets' common logit out, positive is live."""

    outputs = ("live",)

    def __init__(self, first: LivenessNet, second: LivenessNet, near: NearNet) -> None:
        super().__init__()
        self.pixels = FromPixels()
        self.first, self.second, self.near = first, second, near

    def forward(self, context: Tensor, face: Tensor) -> Tensor:
        return self.answer(self.pixels(context), self.pixels(face))

    def answer(self, context: Tensor, face: Tensor) -> Tensor:
        """Logit (n,) from inputs in [-1, 1]: the mean of the first two, and what speaks against the face close by.

        What speaks for it there, or hardly against it, counts for nothing: on a good screen or print skin looks live.
        """
        against = (self.near(context, face) + DOUBT).clamp(max=0)
        return (self.first(context, face) + self.second(context, face)) / 2 + against
