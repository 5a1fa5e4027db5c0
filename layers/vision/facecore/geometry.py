"""Numbers that follow from the 72 points: roll, light, completeness, face shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from .align import Array, Image
from .report import FACE_SHAPES, Choice

CONTOUR = slice(0, 13)
RIGHT_EYE, LEFT_EYE, NOSE_TIP = 21, 38, 57
OVER = 0.03  # a box may stand this share of itself over the border before the face counts as incomplete


def roll(points: Array) -> float:
    """Degrees, clockwise positive, of the line from image-left to image-right eye centre, (-180, 180]."""
    x, y = points[LEFT_EYE] - points[RIGHT_EYE]
    return float(np.degrees(np.arctan2(y, x)))


def illumination(crop: Image, points: Array) -> float:
    """Mean BT.601 luma (ITU-R BT.601-7: 0.299 R + 0.587 G + 0.114 B) inside the hull of the points, 0..255."""
    mask = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 255)
    blue, green, red, _ = cv2.mean(crop, mask if mask.any() else None)
    return float(0.299 * red + 0.587 * green + 0.114 * blue)


def completeness(box: Array, points: Array, width: int, height: int) -> int:
    """1 when box and points lie inside the image, 0 when the face runs over the border."""
    over = OVER * float(max(box[2], box[3]))
    near = np.minimum(box[:2], points.min(0)) >= -over
    far = np.maximum(box[:2] + box[2:], points.max(0)) <= np.array([width, height]) + over
    return int(near.all() and far.all())


def visible(box: Array, width: int, height: int) -> Array:
    """The part (left, top, width, height) of a box that lies in the image; a pixel at the border where none does."""
    size = np.array([width, height], np.float32)
    near = np.clip(box[:2], 0, size - 1)
    far = np.clip(box[:2] + box[2:], near + 1, size)
    return np.asarray(np.concatenate([near, far - near]), np.float32)


def shape_features(points: Array) -> Array:
    """Proportions of the face's outline that do not change with size, place or roll.

    Returns:
        (6,) over the width at ear height: the widths at four heights down to beside the chin, the length from the eye
        line to the chin, and the sharpness of the chin (1 - cosine of its angle).
    """
    contour = points[CONTOUR]
    ears = max(float(np.linalg.norm(contour[12] - contour[0])), 1e-3)
    widths = [float(np.linalg.norm(contour[12 - i] - contour[i])) / ears for i in (2, 3, 4, 5)]
    eyes = (points[RIGHT_EYE] + points[LEFT_EYE]) / 2
    length = float(np.linalg.norm(contour[6] - eyes)) / ears
    a, b = contour[4] - contour[6], contour[8] - contour[6]
    chin = float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-3))
    return np.array([*widths, length, 1 - chin], np.float32)


def face_shape(points: Array, facts: Mapping[str, Any]) -> Choice:
    """Probabilities of the five shapes.

    A multinomial logistic model over ``shape_features`` (fitted on labelled portraits for square, oval, heart and
    round); triangle, for which nobody labelled a face, takes over as the jaw grows wider than the rest of the face.

    Args:
        points: (72, 2) in any similarity frame.
        facts: The registry's ``face_shape`` entry: mean, scale, classes, weights, bias, triangle.
    """
    features = shape_features(points)
    z = (features - np.asarray(facts["mean"], np.float32)) / np.asarray(facts["scale"], np.float32)
    logits = np.asarray(facts["weights"], np.float32) @ z + np.asarray(facts["bias"], np.float32)
    p = np.exp(logits - logits.max())
    p /= p.sum()
    threshold, slope = (float(v) for v in facts["triangle"])
    triangle = 1 / (1 + np.exp(-(float(features[1]) - threshold) * slope))
    rest = dict(zip(_names(facts["classes"]), p * (1 - triangle), strict=True))
    return Choice({name: float(triangle) if name == "triangle" else float(rest[name]) for name in FACE_SHAPES})


def _names(classes: Sequence[str]) -> list[str]:
    return [str(name) for name in classes]
