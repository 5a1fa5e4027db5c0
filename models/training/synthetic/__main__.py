"""Trains, exports and measures the model and writes its card: ``make train MODEL=synthetic``."""

from __future__ import annotations

from functools import partial

from ..common.trainer import train
from .publish import publish
from .recipe import RECIPE
from .task import SyntheticTask
from .trunk import begun, trained

if __name__ == "__main__":
    trained()
    train(partial(SyntheticTask, start=begun), RECIPE)
    print(publish())
