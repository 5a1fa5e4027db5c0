"""Trains both nets, exports and measures the model and writes its card: ``make train MODEL=liveness``."""

from __future__ import annotations

from functools import partial

from ..common.trainer import train
from .publish import publish
from .recipe import NARROW, NARROW_WIDTHS, RECIPE
from .task import LivenessTask

if __name__ == "__main__":
    train(LivenessTask, RECIPE)
    train(partial(LivenessTask, widths=NARROW_WIDTHS, recoloured=0.0), NARROW)
    print(publish())
