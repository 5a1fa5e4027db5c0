"""Trains on from the committed model's narrow net and publishes the mean of the weights of before and after.

``make train MODEL=synthetic.onward``. The deeper net stays beside it. The mean is kept beside the checkpoint, so that
publishing again publishes the same, though the committed model is another by then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from ..common.export import averaged
from ..common.trainer import Recipe, train
from .net import SyntheticNet, committed, shaped, stored, towards_committed
from .publish import publish
from .recipe import COMMITTED, ONWARD
from .task import SyntheticTask

BEFORE = 0.5  # share of the weights of before


def mean(recipe: Recipe, task: Callable[[], SyntheticTask], which: int = 0, before: float = BEFORE) -> Path:
    """A checkpoint of the mean of a net trained on from the committed one and of that; made once.

    Args:
        recipe: How it is trained on; the mean lies in its folder.
        task: What to train; it starts with the committed net.
        which: 0 the narrow one, 1 the deep one.
        before: Share of the committed weights in the mean, 0 to 1.
    """
    mixed = recipe.folder / "mean.pt"
    if not mixed.exists():
        net = shaped(which)
        saved = averaged(train(task, recipe), net)
        towards_committed(net, before, which)
        torch.save(saved | {"net": net.state_dict()}, mixed)
    return mixed


if __name__ == "__main__":
    net = SyntheticNet()
    saved = averaged(mean(ONWARD, partial(SyntheticTask, start=committed)), net)
    print(publish([net, stored(1)], COMMITTED, saved["history"]))
