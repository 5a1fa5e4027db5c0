"""Trains the committed deeper net on, partly with pairs, and publishes the mean of the weights of before and after.

``make train MODEL=synthetic.paired``. A pair is a real face and the same one with parts put in; without pairs such
parts were hardly seen at all. The narrow net stays beside it. The mean is kept beside the checkpoint, so that
publishing again publishes the same.
"""

from __future__ import annotations

from functools import partial

from ..common.trainer import train
from .deep import of
from .net import committed, stored
from .onward import mean
from .publish import publish
from .recipe import COMMITTED, PAIRED
from .task import BESIDE_PAIRS, SyntheticTask

if __name__ == "__main__":
    mixed = PAIRED.folder / "mean.pt"
    if not mixed.exists():
        start = partial(committed, which=1)
        task = partial(SyntheticTask, start=start, shares=BESIDE_PAIRS, harder=True, paired=0.3)
        mean(train(task, PAIRED), mixed, which=1)
    print(publish([stored(0), of(mixed)], COMMITTED))
