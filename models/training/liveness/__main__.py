"""Trains both nets, exports and measures the model and writes its card: ``make train MODEL=liveness``."""

from __future__ import annotations

from functools import partial

from ..common.trainer import train
from .net import narrow
from .publish import publish
from .recipe import NARROW, RECIPE
from .task import LivenessTask

if __name__ == "__main__":
    train(LivenessTask, RECIPE)
    train(partial(LivenessTask, screens=0.0, start=narrow), NARROW)
    print(publish())
