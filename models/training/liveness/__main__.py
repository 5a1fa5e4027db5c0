"""Trains all nets, exports and measures the model and writes its card: ``make train MODEL=liveness``."""

from __future__ import annotations

from functools import partial

from ..common.export import averaged
from ..common.trainer import train
from .net import LivenessNet, NearNet, narrow
from .publish import publish
from .recipe import NARROW, NARROW_WIDTHS, NEAR, RECIPE
from .task import LivenessTask, near_task

if __name__ == "__main__":
    first, second, near = LivenessNet(), LivenessNet(NARROW_WIDTHS, near=True), NearNet()
    history = averaged(train(LivenessTask, RECIPE), first)["history"]
    averaged(train(partial(LivenessTask, screens=0.0, start=narrow), NARROW), second)
    averaged(train(near_task, NEAR), near)
    print(publish(first, second, near, history))
