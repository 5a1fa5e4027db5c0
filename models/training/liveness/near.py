"""Trains the near net anew and publishes it beside the committed others: ``make train MODEL=liveness.near``."""

from __future__ import annotations

from ..common.export import averaged
from ..common.trainer import train
from .net import NearNet, committed
from .publish import publish
from .recipe import NEAR
from .task import near_task

if __name__ == "__main__":
    net = NearNet()
    averaged(train(near_task, NEAR), net)
    print(publish(*committed()[:2], net))
