"""Trains the committed deeper net on, partly with pairs, and publishes the mean of the weights of before and after.

``make train MODEL=synthetic.paired``. A pair is a real face and the same one with parts put in; without pairs such
parts were hardly seen at all. The narrow net stays beside it. The mean is kept beside the checkpoint, so that
publishing again publishes the same. ``synthetic.exchanged`` goes on from it.
"""

from __future__ import annotations

from functools import partial

from ..common.trainer import Recipe
from .deep import of
from .net import SyntheticNet, committed, stored
from .onward import BEFORE, mean
from .publish import publish
from .recipe import DEEP, DEEP_ONWARD, ONWARD, PAIRED
from .task import BESIDE_PAIRS, SyntheticTask

PAIRS = 0.3  # of the faces


def gone_on(recipe: Recipe, before: float = BEFORE, exchanged: float = 0.0) -> SyntheticNet:
    """The committed deeper net trained on with pairs, in the mean with what it was.

    Args:
        recipe: How it is trained.
        before: Share of the weights of before in the mean.
        exchanged: See ``task.SyntheticTask``.
    """
    start = partial(committed, which=1)
    task = partial(SyntheticTask, start=start, shares=BESIDE_PAIRS, harder=True, paired=PAIRS, exchanged=exchanged)
    return of(mean(recipe, task, 1, before))


if __name__ == "__main__":
    print(publish([stored(0), gone_on(PAIRED)], [ONWARD, DEEP, DEEP_ONWARD, PAIRED]))
