"""Trains both nets, exports and measures the model and writes its card: ``make train MODEL=face``."""

from __future__ import annotations

from functools import partial

from ..common.trainer import train
from .publish import publish
from .recipe import DEEP, DEEP_BLOCKS, DEEP_WIDTHS, RECIPE
from .task import PEOPLE, FaceTask

if __name__ == "__main__":
    train(FaceTask, RECIPE)
    train(partial(FaceTask, DEEP_WIDTHS, DEEP_BLOCKS, PEOPLE), DEEP)
    print(publish())
