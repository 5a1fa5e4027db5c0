"""Trains, exports and measures the model and writes its card: ``make train MODEL=synthetic``."""

from __future__ import annotations

from ..common.trainer import train
from .publish import publish
from .recipe import RECIPE
from .task import SyntheticTask

if __name__ == "__main__":
    train(SyntheticTask, RECIPE)
    print(publish())
