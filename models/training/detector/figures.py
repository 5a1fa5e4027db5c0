"""Figures of a detector, whatever runs it; needs no training package."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from facecore.geometry import visible

from ..common.packs import Image
from .scenes import Array, Photo, doubled

# A photo in; boxes (n, 4) left, top, right, bottom and points (n, 5, 2) of the faces out.
Find = Callable[[Image], tuple[Array, Array]]


def detector_figures(find: Find, photos: Iterable[Photo], least: float = 32) -> dict[str, float]:
    """Recall of the teacher's sure faces, photos without faces that fire, faces the teacher does not see, point error.

    A face counts as found when its box overlaps the teacher's by half of their union. ``recall_32_once`` leaves out
    faces that the teacher boxed twice, where one box is wrong. Small is what is under ``least`` pixels.
    """
    large, small, once = [0, 0], [0, 0], [0, 0]
    count = fired = empty = extra = 0
    errors: list[float] = []
    for photo in photos:
        boxes, p = find(photo.image)
        count += 1
        if not len(photo.boxes):
            empty += 1
            fired += len(boxes) > 0
        twice = doubled(photo.boxes)
        for i in np.flatnonzero(photo.sure):
            size = float((photo.boxes[i, 2:] - photo.boxes[i, :2]).max())
            overlap = overlaps(photo.boxes[i], boxes)
            hit = len(boxes) > 0 and bool(overlap.max() >= 0.5)
            group = large if size >= least else small
            group[0] += hit
            group[1] += 1
            if size >= least and not twice[i]:
                once[0] += hit
                once[1] += 1
            if hit and size >= least:
                errors.append(float(np.linalg.norm(p[overlap.argmax()] - photo.points[i], axis=1).mean()) / size)
        if len(photo.boxes):
            extra += sum(bool(overlaps(box, photo.boxes).max() < 0.3) for box in boxes)
    return {
        "recall_32": large[0] / max(1, large[1]),
        "recall_32_once": once[0] / max(1, once[1]),
        "recall_small": small[0] / max(1, small[1]),
        "empty_fire": fired / max(1, empty),
        "extra_per_photo": extra / count,
        "point_error": float(np.mean(errors)) if errors else float("nan"),
    }


def corners(box: Array, image: Image) -> Array:
    """What an image shows of a box (left, top, width, height), as left, top, right, bottom."""
    shown = visible(box, *image.shape[1::-1])
    shown[2:] += shown[:2]
    return shown


def overlaps(box: Array, boxes: Array) -> Array:
    """Intersection over union of one box with many."""
    near, far = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    both = np.clip(far - near, 0, None).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return np.asarray(both / np.maximum(areas - both, 1e-6), np.float32)
