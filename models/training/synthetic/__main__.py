"""Trains the model: ``make train MODEL=synthetic``."""

from __future__ import annotations

from ..common.trainer import Recipe, train
from .task import SyntheticTask

RECIPE = Recipe(name="synthetic", epochs=8, batch=64, rate=1.5e-3, decay=0.05, average=0.995, every=4)

if __name__ == "__main__":
    train(SyntheticTask, RECIPE)
