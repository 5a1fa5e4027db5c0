"""Trains both nets, exports and measures the model and writes its card: ``make train MODEL=liveness``."""

from __future__ import annotations

from functools import partial

from ..common.export import averaged
from ..common.trainer import train
from .net import LivenessNet, narrow
from .publish import publish
from .recipe import NARROW, NARROW_WIDTHS, RECIPE
from .task import LivenessTask

if __name__ == "__main__":
    nets = [LivenessNet(), LivenessNet(NARROW_WIDTHS, near=True)]
    history = averaged(train(LivenessTask, RECIPE), nets[0])["history"]
    averaged(train(partial(LivenessTask, screens=0.0, start=narrow), NARROW), nets[1])
    print(publish(nets, history))
