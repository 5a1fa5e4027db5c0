"""Trains, exports and measures the model and writes its card: ``make train MODEL=liveness``."""

from __future__ import annotations

from ..common.trainer import train
from .publish import publish
from .recipe import RECIPE
from .task import LivenessTask

if __name__ == "__main__":
    train(LivenessTask, RECIPE)
    print(publish())
