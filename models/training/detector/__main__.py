"""Trains, exports and measures the model and writes its card: ``make train MODEL=detector``."""

from __future__ import annotations

from ..common.trainer import train
from .publish import publish
from .recipe import RECIPE
from .task import DetectorTask

if __name__ == "__main__":
    print(publish(train(DetectorTask, RECIPE), RECIPE))
