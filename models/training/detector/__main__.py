"""Trains the model: ``make train MODEL=detector``."""

from __future__ import annotations

from ..common.trainer import Recipe, train
from .task import DetectorTask

RECIPE = Recipe(name="detector", epochs=24, batch=16, rate=1.5e-3, decay=0.02, every=4)

if __name__ == "__main__":
    train(DetectorTask, RECIPE)
