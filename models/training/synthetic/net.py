"""The synthetic net: one branch over the aligned face."""

from __future__ import annotations

from torch import Tensor, nn

from ..common.nets import FromPixels
from ..liveness.net import branch

SIDE = 192
SHARE = 0.88  # of the packs' framing


class SyntheticNet(nn.Module):
    """Logits (n, 1), positive is synthetic. Input (n, 3, 192, 192) in [-1, 1]."""

    def __init__(self, widths: tuple[int, ...] = (32, 48, 80, 112, 128)) -> None:
        super().__init__()
        self.branch = branch(widths)
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(widths[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.branch(x))


class SyntheticModel(nn.Module):
    """What is exported: uint8 crops in, logits out."""

    outputs = ("synthetic",)

    def __init__(self, net: SyntheticNet) -> None:
        super().__init__()
        self.pixels, self.net = FromPixels(), net

    def forward(self, face: Tensor) -> Tensor:
        return self.net(self.pixels(face))[:, 0]
