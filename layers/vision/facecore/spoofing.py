"""The two nets that say whether a face is real: liveness (recaptured?) and synthetic (generated?)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .align import Array, Image, Square, cut, quarter, warped
from .calibration import Calibration
from .exposure import WHITE_FACE, brightened
from .sessions import Model, batched

DETAIL = 256 / 2.7  # pixels of a box height in the views that the liveness nets learn from
SOFTENED = 0.6  # crops smaller than this share of the view are softened first, so that they do not alias


class Liveness:
    """Looks at a face at two scales: with its surroundings and close by."""

    def __init__(self, model: Model) -> None:
        facts = model.facts
        self._model = model
        self._calibration = Calibration.of(facts)
        self._scales = scales(facts)

    def score(self, views: Sequence[tuple[Image, Array]], turns: Sequence[float] | None = None) -> list[float]:
        """Calibrated liveness, 0..1, of many faces in one batch.

        Args:
            views: An image and a box (left, top, width, height) in it.
            turns: Degrees by which each face is turned clockwise; None means that all are upright. Of faces turned by
                more than 45 degrees, whose points are less sure, the nearest multiple of 90 counts.
        """
        return [self._calibration(value) for value in self.raw(views, turns)]

    def raw(self, views: Sequence[tuple[Image, Array]], turns: Sequence[float] | None = None) -> list[float]:
        """The uncalibrated logits behind ``score``, positive is live."""
        every = [
            crops(image, box, *self._scales.values(), turn=quarter(turn) or turn)
            for (image, box), turn in zip(views, turns or [0.0] * len(views), strict=True)
        ]
        inputs = dict(zip(self._scales, map(batched, zip(*every, strict=True)), strict=True))
        return [float(value) for value in self._model(**inputs)["live"]]


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
        cuts = [cut(image, square.scaled(self._share), self._size) for image, square in views]
        faces = batched([brightened(face, WHITE_FACE) for face in cuts])
        return [float(value) for value in self._model(face=faces)["synthetic"]]


def scales(facts: Mapping[str, Any]) -> dict[str, tuple[int, float]]:
    """Each input of a liveness model, by its registry entry: its side in pixels and in box heights."""
    return {name: (int(facts[name]["side"]), float(facts[name]["heights"])) for name in ("context", "face")}


def crops(image: Image, box: Array, *scales: tuple[int, float], turn: float = 0.0) -> list[Image]:
    """Squares around a box, all cut from one view in which a face's height is ``DETAIL`` pixels, brightened if dark.

    The nets have learnt from such views: crops from the photo itself would be sharper than any they saw.

    Args:
        image: (height, width, 3).
        box: (left, top, width, height) pixels; may reach beyond the photo, which is black there.
        scales: Each crop's side in pixels and in box heights.
        turn: Degrees by which the face is turned clockwise; in the crops it is upright, as it mostly was in training.
    """
    heights = max(reach for _, reach in scales)
    x, y = float(box[0] + box[2] / 2), float(box[1] + box[3] / 2)
    lies = quarter(turn) % 180 > 0
    square = Square(x, y, heights * float(box[2] if lies else box[3]), turn)
    view = brightened(cut(image, square, round(heights * DETAIL), cv2.BORDER_CONSTANT))
    return [part(view, reach / heights, size) for size, reach in scales]


def part(view: Image, share: float, size: int) -> Image:
    """The middle of a square picture, ``share`` of its side wide, at ``size`` pixels."""
    side = view.shape[0]
    scale = size / (side * share)
    offset = (size - scale * side) / 2
    return sampled(view, np.array([[scale, 0, offset], [0, scale, offset]]), scale, size)


def sampled(view: Image, matrix: NDArray[np.float64], scale: float, size: int) -> Image:
    """A picture of ``size`` pixels by the (2, 3) ``matrix`` from the view's pixels to its own, which scales so much."""
    if scale < SOFTENED:
        view = np.asarray(cv2.GaussianBlur(view, (0, 0), 0.55), np.uint8)
    return warped(view, matrix, size)
