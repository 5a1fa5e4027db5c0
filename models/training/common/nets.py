"""Building blocks. Plain 3x3 convolutions: per multiply they run several times faster than depthwise ones on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3, groups: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU; the spatial size is divided by ``stride``, rounded up."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions with a skip connection (He et al., 2016); shape is kept."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(channels, channels),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x + self.body(x))


def stage(inputs: int, outputs: int, blocks: int, stride: int = 2) -> nn.Sequential:
    """A strided convolution, then ``blocks`` residual blocks."""
    return nn.Sequential(conv(inputs, outputs, stride), *(Residual(outputs) for _ in range(blocks)))


class FromPixels(nn.Module):
    """First layer of every exported model: (n, h, w, 3) uint8 BGR to (n, 3, h, w) floats in about [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return (x.permute(0, 3, 1, 2).float() - 127.5) / 127.5


def floats(pixels: Tensor) -> Tensor:
    """What ``FromPixels`` gives, its channels last in memory: convolutions run faster so in training."""
    return FromPixels()(pixels).contiguous(memory_format=torch.channels_last)


def shortened() -> torch.autocast:
    """Arithmetic in bfloat16, on processors with AVX-512: on others it takes ten times as long as in float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.backends.cpu.get_cpu_capability() == "AVX512")
