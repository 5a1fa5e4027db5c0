"""Trains the model: ``make train MODEL=face``."""

from __future__ import annotations

from ..common.trainer import Recipe, train
from .task import FaceTask

RECIPE = Recipe(name="face", epochs=12, batch=64, rate=2.5e-3, decay=0.05)

if __name__ == "__main__":
    train(FaceTask, RECIPE)
