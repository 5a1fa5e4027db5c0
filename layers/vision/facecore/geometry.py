"""Numbers that follow from the 72 points: roll, light, completeness, face shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from .align import Array, Image
from .report import FACE_SHAPES, Choice

CONTOUR = slice(0, 13)
RIGHT_EYE, LEFT_EYE = 21, 38
OVER = 0.03  # a box may stand this share of itself over the border before the face counts as incomplete


def roll(points: Array) -> float:
    """Degrees, clockwise positive, of the line from image-left to image-right eye centre, (-180, 180]."""
    (left, top), (right, bottom) = points[RIGHT_EYE].tolist(), points[LEFT_EYE].tolist()
    return math.degrees(math.atan2(bottom - top, right - left))


def illumination(crop: Image, points: Array) -> float:
    """Mean BT.601 luma (ITU-R BT.601-7: 0.299 R + 0.587 G + 0.114 B) inside the hull of the points, 0..255."""
    mask = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 255)
    blue, green, red, _ = cv2.mean(crop, mask if mask.any() else None)
    return float(0.299 * red + 0.587 * green + 0.114 * blue)


def completeness(box: Array, points: Array, width: int, height: int) -> int:
    """1 when box and points lie inside the image, 0 when the face runs over the border."""
    left, top, across, down = box.tolist()
    (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
    over = OVER * max(across, down)
    inside = min(left, top, x0, y0) >= -over
    return int(inside and max(left + across, x1) <= width + over and max(top + down, y1) <= height + over)


def visible(box: Array, width: int, height: int) -> Array:
    """The part (left, top, width, height) of a box that lies in the image; a pixel at the border where none does."""
    left, top, across, down = box.tolist()
    x, y = min(max(left, 0.0), width - 1.0), min(max(top, 0.0), height - 1.0)
    right, bottom = min(max(left + across, x + 1), width), min(max(top + down, y + 1), height)
    return np.array([x, y, right - x, bottom - y], np.float32)


def shape_features(points: Array) -> Array:
    """Proportions of the face's outline that do not change with size, place or roll.

    Returns:
        (6,) over the width at ear height: the widths at four heights down to beside the chin, the length from the eye
        line to the chin, and the sharpness of the chin (1 - cosine of its angle).
    """
    contour = points[CONTOUR].tolist()
    ears = max(math.dist(contour[12], contour[0]), 1e-3)
    widths = [math.dist(contour[12 - i], contour[i]) / ears for i in (2, 3, 4, 5)]
    (x0, y0), (x1, y1) = points[RIGHT_EYE].tolist(), points[LEFT_EYE].tolist()
    (x, y), (left_x, left_y), (right_x, right_y) = contour[6], contour[4], contour[8]
    length = math.dist((x, y), ((x0 + x1) / 2, (y0 + y1) / 2)) / ears
    along = (left_x - x) * (right_x - x) + (left_y - y) * (right_y - y)
    chin = along / max(math.dist(contour[4], contour[6]) * math.dist(contour[8], contour[6]), 1e-3)
    return np.array([*widths, length, 1 - chin], np.float32)


def face_shape(points: Array, facts: Mapping[str, Any]) -> Choice:
    """Probabilities of the five shapes.

    A multinomial logistic model over ``shape_features`` (fitted on labelled portraits for square, oval, heart and
    round); triangle, for which nobody labelled a face, takes over as the jaw grows wider than the rest of the face.

    Args:
        points: (72, 2) in any similarity frame.
        facts: The registry's ``face_shape`` entry: mean, scale, classes, weights, bias, triangle.
    """
    features = shape_features(points).tolist()
    z = [(value - mean) / scale for value, mean, scale in zip(features, facts["mean"], facts["scale"], strict=True)]
    weighed = [sum(weight * value for weight, value in zip(row, z, strict=True)) for row in facts["weights"]]
    logits = [value + bias for value, bias in zip(weighed, facts["bias"], strict=True)]
    most = max(logits)
    odds = [math.exp(logit - most) for logit in logits]
    threshold, slope = facts["triangle"]
    triangle = 1 / (1 + math.exp(min((threshold - features[1]) * slope, 700.0)))
    share = (1 - triangle) / sum(odds)
    found = {"triangle": triangle} | {name: share * odd for name, odd in zip(facts["classes"], odds, strict=True)}
    return Choice({name: found[name] for name in FACE_SHAPES})
