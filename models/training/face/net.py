"""The face net: one trunk over the aligned crop, one head per answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..common.nets import FromPixels, conv, stage
from .labels import FLIP

AGES = 101
PARTS_FLIP = [1, 0, 2, 3, 5, 4, 6]  # of the seven parts in a mirrored face


class FaceNet(nn.Module):
    """Raw answers of all heads; see FaceModel for the exported, worded form.

    Input (n, 3, 112, 112) in [-1, 1].
    """

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96, 160, 256)) -> None:
        super().__init__()
        self.low = nn.Sequential(
            conv(3, widths[0], 2),
            stage(widths[0], widths[1], 1),
            stage(widths[1], widths[2], 1),
            stage(widths[2], widths[3], 1),
        )
        self.high = stage(widths[3], widths[4], 1)
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
        high = self.pool(self.high(low))
        out = dict(zip(self.sizes, self.heads(high).float().split(list(self.sizes.values()), 1), strict=True))
        out["points"] = self.points(low).float().view(-1, 72, 2)  # (offset from the crop's middle) / side
        out["cover"] = self.cover(low).float()
        out["blur"] = self.blur(low.mean((2, 3))).float()[:, 0]
        out["real"] = self.real(high).float()[:, 0]
        return out


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

    def __init__(self, net: FaceNet, side: int = 112, mirrored: bool = False) -> None:
        """``mirrored``: the net also looks at the mirrored crop, and the mean of both answers is given."""
        super().__init__()
        self.pixels, self.net, self.side, self.mirrored = FromPixels(), net, side, mirrored
        self.register_buffer("ages", torch.arange(AGES, dtype=torch.float32))

    def forward(self, crop: Tensor) -> tuple[Tensor, ...]:
        x = self.pixels(crop)
        raw = self._both(x) if self.mirrored else self.net(x)
        return (
            (raw["points"] + 0.5) * self.side,
            raw["pose"] * 30,
            (raw["age"].softmax(1) * self.ages).sum(1),
            (raw["beauty"][:, 0] * 15 + 50).clamp(0, 100),
            raw["gender"].softmax(1),
            raw["race"].softmax(1),
            raw["expression"].softmax(1),
            raw["glasses"].softmax(1),
            raw["cartoon"].softmax(1),
            raw["cover"].sigmoid(),
            raw["blur"].sigmoid(),
            raw["real"].sigmoid(),
        )

    def _both(self, x: Tensor) -> dict[str, Tensor]:
        """Raw answers, the mean of those for the crop and those for its mirror image."""
        found = {}
        for name, value in self.net(torch.cat([x, x.flip(3)])).items():
            ahead, back = value.reshape(2, -1, *value.shape[1:])
            if name == "points":  # pixel i of the crop is pixel side - 1 - i of its mirror image
                back = back[:, torch.from_numpy(FLIP)] * torch.tensor([-1.0, 1.0]) - torch.tensor([1 / self.side, 0.0])
            elif name == "pose":
                back = back * torch.tensor([-1.0, 1.0])
            elif name == "cover":
                back = back[:, PARTS_FLIP]
            found[name] = (ahead + back) / 2
        return found
