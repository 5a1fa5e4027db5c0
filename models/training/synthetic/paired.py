"""Trains both committed nets on, partly with pairs, and publishes the means of the weights of before and after.

``make train MODEL=synthetic.paired``. A pair is a real face and the same one with parts put in. Without pairs both nets
knew the pack's composites by what else their photos have in common, and made ones hardly at all. The means are kept
beside the checkpoints, so that publishing again publishes the same.
"""

from __future__ import annotations

from functools import partial

from ..common.trainer import train
from .deep import of
from .net import committed
from .onward import mean
from .publish import publish
from .recipe import DEEP, DEEP_ONWARD, DEEP_PAIRED, ONWARD, PAIRED
from .task import SyntheticTask

NARROW_FAKES = {"gan": 0.4, "diffusion": 0.15, "composite": 0.45}  # beside the pairs
DEEP_FAKES = {"gan": 0.58, "diffusion": 0.18, "composite": 0.24}


if __name__ == "__main__":
    tasks = (
        partial(SyntheticTask, start=committed, shares=NARROW_FAKES, paired=0.4),
        partial(SyntheticTask, start=partial(committed, which=1), shares=DEEP_FAKES, harder=True, paired=0.3),
    )
    nets = []
    for which, (task, recipe) in enumerate(zip(tasks, (PAIRED, DEEP_PAIRED), strict=True)):
        mixed = recipe.folder / "mean.pt"
        if not mixed.exists():
            mean(train(task, recipe), mixed, which)
        nets.append(of(mixed, which=which))
    print(publish(nets, [ONWARD, DEEP, DEEP_ONWARD, PAIRED, DEEP_PAIRED]))
