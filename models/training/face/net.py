"""The face net: one trunk over the aligned crop, one head per answer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..common.nets import FromPixels, conv, stage
from ..common.packs import MODELS
from ..common.warm import begin, layers, put
from .labels import FLIP

AGES = 101
PARTS_FLIP = [1, 0, 2, 3, 5, 4, 6]  # of the seven parts in a mirrored face
WIDTHS = (24, 48, 104, 176, 256)  # channels after the first convolution and after each stage
BLOCKS = (1, 2, 2, 1)  # residual blocks of each stage
REFINED = {"age": AGES, "beauty": 1, "gender": 2, "race": 5, "real": 1}


class FaceNet(nn.Module):
    """Raw answers of all heads; see FaceModel for the exported, worded form.

    Input (n, 3, 112, 112) in [-1, 1].
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS) -> None:
        super().__init__()
        self.low = nn.Sequential(
            conv(3, widths[0], 2),
            stage(widths[0], widths[1], blocks[0]),
            stage(widths[1], widths[2], blocks[1]),
            stage(widths[2], widths[3], blocks[2]),
        )
        self.high = stage(widths[3], widths[4], blocks[3])
        self.points = nn.Sequential(
            conv(widths[3], 32, kernel=1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(32 * 49, 144)
        )
        self.cover = nn.Sequential(conv(widths[3], 24, kernel=1), nn.Flatten(), nn.Linear(24 * 49, 7))
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2))
        wide = widths[4]
        self.sizes = {
            "pose": 2,
            "age": AGES,
            "beauty": 1,
            "gender": 2,
            "race": 5,
            "expression": 3,
            "glasses": 3,
            "cartoon": 2,
        }
        self.heads = nn.Linear(wide, sum(self.sizes.values()))
        self.blur = nn.Linear(widths[3], 1)
        self.real = nn.Linear(wide, 1)  # whether there is a face at all

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        low = self.low(x)
        high, mean = self.pool(self.high(low)), low.mean((2, 3))
        out = dict(zip(self.sizes, self.heads(high).float().split(list(self.sizes.values()), 1), strict=True))
        out["points"] = self.points(low).float().view(-1, 72, 2)  # (offset from the crop's middle) / side
        out["cover"] = self.cover(low).float()
        out["blur"] = self.blur(mean).float()[:, 0]
        out["real"] = self.real(high).float()
        out["seen"] = torch.cat([high, mean], 1).float()
        return out


def committed(inputs: Tensor, which: int = 0) -> FaceNet:
    """One of the committed model's nets, for training to go on from.

    Args:
        inputs: (n, 3, 112, 112) in [-1, 1], training crops that the normalisations are set on.
        which: 0 is the newest.
    """
    net = FaceNet()
    parts = [f"/nets.{which}/{part}/" for part in ("low", "high", "points", "cover")]  # as the net names them in turn
    begin(net, [pair for part in parts for pair in layers(MODELS / "face.onnx", (part,))], inputs)
    for name, module in net.named_modules():
        if isinstance(module, nn.Linear):
            within = f"/nets.{which}/{name.split('.')[0]}/"
            (stored,) = layers(MODELS / "face.onnx", (within,), "Gemm")
            put(module, *stored)
    return net


class Refinement(nn.Module):
    """Answers REFINED anew: a hidden layer over what all nets saw adds to the mean of their raw answers, scaled.

    Args:
        mean: (k,) of the pooled features in training.
        spread: (k,) their standard deviations.
    """

    def __init__(self, mean: Tensor, spread: Tensor, hidden: int = 128, dropped: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.inner = nn.Sequential(nn.Dropout(dropped), nn.Linear(len(mean), hidden), nn.ReLU(), nn.Dropout(dropped))
        self.outer = nn.Linear(hidden, sum(REFINED.values()))
        self.scales = nn.Parameter(torch.zeros(len(REFINED)))  # their logarithms
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, seen: Tensor, raw: dict[str, Tensor]) -> dict[str, Tensor]:
        """Raw answers by name, (n, size) each; ``seen`` (n, k)."""
        more = self.outer(self.inner((seen - self.mean) / self.spread)).split(list(REFINED.values()), 1)
        scales = self.scales.exp()
        return {name: raw[name] * scales[i] + more[i] for i, name in enumerate(REFINED)}


class FaceModel(nn.Module):
    """What is exported: uint8 crops in, documented units out."""

    outputs = (
        "landmarks",
        "pose",
        "age",
        "beauty",
        "gender",
        "ancestry",
        "expression",
        "glasses",
        "face_type",
        "occlusion",
        "blur",
        "face",
    )

    def __init__(self, nets: Sequence[FaceNet], refinement: Refinement | None = None, side: int = 112) -> None:
        """``nets``: the mean of their raw answers is given; every second one looks at the crop's mirror image."""
        super().__init__()
        self.pixels, self.nets, self.refinement, self.side = FromPixels(), nn.ModuleList(nets), refinement, side

    def raw(self, crop: Tensor) -> dict[str, Tensor]:
        """The nets' mean raw answers, and under ``seen`` what each of them saw, one after the other."""
        x = self.pixels(crop)
        found = [self._mirrored(net(x.flip(3))) if i % 2 else net(x) for i, net in enumerate(self.nets)]
        raw = {name: torch.stack([answers[name] for answers in found]).mean(0) for name in found[0] if name != "seen"}
        return raw | {"seen": torch.cat([answers["seen"] for answers in found], 1)}

    def forward(self, crop: Tensor) -> tuple[Tensor, ...]:
        raw = self.raw(crop)
        if self.refinement is not None:
            raw |= self.refinement(raw["seen"], raw)
        return (
            (raw["points"] + 0.5) * self.side,
            raw["pose"] * 30,
            median(raw["age"].softmax(1)),
            (raw["beauty"][:, 0] * 15 + 50).clamp(0, 100),
            raw["gender"].softmax(1),
            raw["race"].softmax(1),
            raw["expression"].softmax(1),
            raw["glasses"].softmax(1),
            raw["cartoon"].softmax(1),
            raw["cover"].sigmoid(),
            raw["blur"].sigmoid(),
            raw["real"][:, 0].sigmoid(),
        )

    def _mirrored(self, raw: dict[str, Tensor]) -> dict[str, Tensor]:
        """Raw answers on the mirror image as answers on the image."""
        sides = torch.tensor([-1.0, 1.0])
        # pixel i of the crop is pixel side - 1 - i of its mirror image
        points = raw["points"][:, torch.from_numpy(FLIP)] * sides - torch.tensor([1 / self.side, 0.0])
        return raw | {"points": points, "pose": raw["pose"] * sides, "cover": raw["cover"][:, PARTS_FLIP]}


def median(chances: Tensor) -> Tensor:
    """The median of distributions (n, k) over 0 .. k - 1, each spread evenly over half a step to either side.

    Of all estimates it has the least mean absolute error, if the distribution is right.
    """
    before = chances.cumsum(1) - chances
    return ((0.5 - before) / chances.clamp_min(1e-9)).clamp(0, 1).sum(1) - 0.5
