"""Trains the model: ``make train MODEL=liveness``."""

from __future__ import annotations

from ..common.trainer import Recipe, train
from .task import LivenessTask

RECIPE = Recipe(name="liveness", epochs=20, batch=64, rate=1.5e-3, decay=0.05, average=0.995, every=4)

if __name__ == "__main__":
    train(LivenessTask, RECIPE)
