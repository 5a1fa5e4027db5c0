"""Trains on from the committed model and publishes the mean of the weights of before and after.

``make train MODEL=synthetic.onward``. The mean is kept beside the checkpoint, so that publishing again publishes the
same, though the committed model is another by then.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

import torch

from ..common.export import averaged
from ..common.trainer import train
from ..common.warm import mix
from .net import SyntheticNet, committed
from .publish import publish
from .recipe import ONWARD
from .task import SyntheticTask

BEFORE = 0.5  # share of the weights of before


def mean(trained: Path, to: Path) -> None:
    """Writes a checkpoint of the mean of a finished one and the committed model.

    The heads of the cells are those of the finished one: there were none at first.
    """
    net, before = SyntheticNet(), cast(SyntheticNet, SyntheticTask(start=committed).net)
    saved = averaged(trained, net)
    mix(net.branch, before.branch, BEFORE)
    with torch.no_grad():
        for ours, theirs in zip(net.head.parameters(), before.head.parameters(), strict=True):
            ours.lerp_(theirs, BEFORE)
    torch.save(saved | {"net": net.state_dict()}, to)


if __name__ == "__main__":
    mixed = ONWARD.folder / "mean.pt"
    if not mixed.exists():
        mean(train(partial(SyntheticTask, start=committed), ONWARD), mixed)
    print(publish(mixed, ONWARD))
