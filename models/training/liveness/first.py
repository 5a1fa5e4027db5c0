"""Trains the first net anew and publishes it beside the committed others: ``make train MODEL=liveness.first``."""

from __future__ import annotations

from ..common.export import averaged
from ..common.trainer import train
from .net import LivenessNet, committed
from .publish import publish
from .recipe import RECIPE
from .task import LivenessTask

if __name__ == "__main__":
    net = LivenessNet()
    history = averaged(train(LivenessTask, RECIPE), net)["history"]
    print(publish(net, *committed()[1:], history))
