"""The two nets that say whether a face is real: liveness (recaptured?) and synthetic (generated?)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .align import Array, Image, Square, cut
from .calibration import Calibration
from .sessions import Model


class Liveness:
    """Looks at a face at two scales: with its surroundings and close by."""

    def __init__(self, model: Model) -> None:
        facts = model.facts
        self._model = model
        self._calibration = Calibration.of(facts)
        self._context = (int(facts["context"]["side"]), float(facts["context"]["heights"]))
        self._face = (int(facts["face"]["side"]), float(facts["face"]["heights"]))

    def score(self, views: Sequence[tuple[Image, Array]]) -> list[float]:
        """Calibrated liveness, 0..1, of many faces in one batch; a view is an image and a box (left, top, w, h)."""
        return [self._calibration(value) for value in self.raw(views)]

    def raw(self, views: Sequence[tuple[Image, Array]]) -> list[float]:
        """The uncalibrated logits behind ``score``, positive is live."""
        context = np.stack([around(image, box, *self._context) for image, box in views])
        face = np.stack([around(image, box, *self._face) for image, box in views])
        return [float(value) for value in self._model(context=context, face=face)["live"]]


class Synthetic:
    """Looks at the aligned face for traces of generation."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._calibration = Calibration.of(model.facts)
        self._size = int(model.facts["side"])
        self._share = float(model.facts["share"])

    def score(self, views: Sequence[tuple[Image, Square]]) -> list[float]:
        """Calibrated synthetic score, 0..1, of many faces in one batch; a view is an image and a face's square."""
        return [self._calibration(value) for value in self.raw(views)]

    def raw(self, views: Sequence[tuple[Image, Square]]) -> list[float]:
        """The uncalibrated logits behind ``score``, positive is synthetic."""
        crops = np.stack([cut(image, square.scaled(self._share), self._size) for image, square in views])
        return [float(value) for value in self._model(face=crops)["synthetic"]]


def around(image: Image, box: Array, size: int, heights: float) -> Image:
    """The upright square of ``heights`` box heights around a box; what lies outside the photo is black."""
    x, y = float(box[0] + box[2] / 2), float(box[1] + box[3] / 2)
    return cut(image, Square(x, y, heights * float(box[3]), 0.0), size, cv2.BORDER_CONSTANT)
