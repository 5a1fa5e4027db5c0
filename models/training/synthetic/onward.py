"""Trains on from the committed model's narrow net and publishes the mean of the weights of before and after.

``make train MODEL=synthetic.onward``. The deeper net stays beside it. The mean is kept beside the checkpoint, so that
publishing again publishes the same, though the committed model is another by then.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from ..common.export import averaged
from ..common.trainer import train
from .net import SyntheticNet, committed, shaped, stored, towards_committed
from .publish import publish
from .recipe import COMMITTED, ONWARD
from .task import SyntheticTask

BEFORE = 0.5  # share of the weights of before


def mean(trained: Path, to: Path, which: int = 0, before: float = BEFORE) -> None:
    """Writes a checkpoint of the mean of a finished one and the committed net, 0 the narrow or 1 the deep one."""
    net = shaped(which)
    saved = averaged(trained, net)
    towards_committed(net, before, which)
    torch.save(saved | {"net": net.state_dict()}, to)


if __name__ == "__main__":
    mixed = ONWARD.folder / "mean.pt"
    if not mixed.exists():
        mean(train(partial(SyntheticTask, start=committed), ONWARD), mixed)
    net = SyntheticNet()
    saved = averaged(mixed, net)
    print(publish([net, stored(1)], COMMITTED, saved["history"]))
