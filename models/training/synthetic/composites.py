"""Composites made from real faces: parts of another face, or of the same one changed, put in and blended.

The labelled composites are a few hundred; what all of them have in common is the seam. Putting a face's own, slightly
changed part back into it shows nothing but the seam (Shiohara and Yamasaki, 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common import augment
from ..common.packs import Image
from ..face.figures import Predict
from ..face.labels import centre_crop, in_frame

Points = NDArray[np.float32]
Rng = np.random.Generator

EYE, OTHER_EYE = list(range(13, 30)), list(range(30, 47))
NOSE, MOUTH = list(range(47, 58)), list(range(58, 72))
# Of the 72 points: what is put in at once.
GROUPS = (EYE, OTHER_EYE, EYE + OTHER_EYE, NOSE, MOUTH, NOSE + MOUTH, EYE + OTHER_EYE + NOSE, EYE + OTHER_EYE + MOUTH)
OWN = 0.4  # share of composites whose part comes from the same face
DIFFERS = 3  # levels by which a pixel does where something was put in


def composite(base: Image, target: Points, other: Image, origin: Points, rng: Rng) -> Image:
    """``base`` with one or more parts of ``other``.

    Args:
        base: (side, side, 3).
        target: The base's 72 points, pixels.
        other: (side, side, 3); may be the base itself.
        origin: The other's 72 points, pixels.
        rng: Source of all choices.
    """
    side = base.shape[0]
    group = GROUPS[int(rng.integers(len(GROUPS)))]
    found, _ = cv2.estimateAffinePartial2D(origin[group], target[group], method=cv2.LMEDS)
    matrix = np.array(found, np.float64)
    if matrix.shape != (2, 3):  # nothing was found
        return base
    if other is base:
        other = _changed(other, rng)
        matrix = _jolted(matrix, target[group].mean(0), rng)
    moved = cv2.warpAffine(other, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    mask = _mask(side, target[group], rng)
    inside = mask > 127
    if inside.sum() < 30:
        return base
    patch = moved.astype(np.float32)
    patch += (base[inside].mean(0) - patch[inside].mean(0)) * rng.uniform(0.5, 1)
    patch8 = np.clip(patch, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        return _cloned(base, patch8, mask)
    soft = cv2.GaussianBlur(mask, (0, 0), float(np.exp(rng.uniform(np.log(0.6), np.log(0.03 * side)))))
    share = np.asarray(soft, np.float32)[..., None] / 255 * rng.choice([1.0, 1.0, 0.8])
    return np.clip(base * (1 - share) + patch8 * share, 0, 255).astype(np.uint8)


def with_points(frames: Sequence[Image], predict: Predict) -> tuple[Sequence[Image], Points]:
    """Frames, all (side, side, 3), and their 72 points, (n, 72, 2) pixels, as the committed face net sees them."""
    found = predict([centre_crop(frame) for frame in frames])["landmarks"]
    return frames, in_frame(found, frames[0].shape[0])


def put_together(frames: Sequence[Image], points: Points, rng: Rng, own: float = OWN) -> tuple[Image, Image]:
    """One of the frames, and the same with parts of another, or of its own, changed.

    Args:
        frames: All (side, side, 3).
        points: (n, 72, 2) theirs, pixels.
        rng: Source of all choices.
        own: Share of composites whose part comes from the same face.
    """
    a, b = (int(v) for v in rng.choice(len(frames), 2))
    if rng.random() < own:
        b = a
    return frames[a], composite(frames[a], points[a], frames[b], points[b], rng)


def put_in(real: Image, made: Image) -> Image:
    """Where two of ``put_together`` differ: (side, side), 255 where something was put in, 0 elsewhere."""
    differs = (cv2.absdiff(made, real).max(2) > DIFFERS).astype(np.uint8) * 255
    return np.asarray(cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), np.uint8)


def _mask(side: int, points: Points, rng: Rng) -> Image:
    """The points' hull, grown and bent."""
    middle = points.mean(0)
    hull = cv2.convexHull(points)[:, 0]
    grown = middle + (hull - middle) * rng.uniform(1.1, 1.6) + rng.normal(0, side * 0.008, hull.shape)
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(grown).astype(np.int32)], 255)
    size = int(side * rng.uniform(0.01, 0.05)) * 2 + 1
    return np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))), np.uint8)


def _cloned(base: Image, patch: Image, mask: Image) -> Image:
    """Gradients of the patch within the base (Perez et al., 2003)."""
    edge = 2
    mask = mask.copy()
    mask[:edge], mask[-edge:], mask[:, :edge], mask[:, -edge:] = 0, 0, 0, 0
    left, top, width, height = cv2.boundingRect(mask)
    if width < 4 or height < 4:
        return base
    middle = (left + width // 2, top + height // 2)
    return np.asarray(cv2.seamlessClone(patch, base, mask, middle, cv2.NORMAL_CLONE), np.uint8)


def _changed(image: Image, rng: Rng) -> Image:
    image = augment.light(image, rng, 0.4)
    if rng.random() < 0.5:
        return augment.soften(image, rng, 1.7)
    return augment.noise(image, rng, 6) if rng.random() < 0.5 else image


def _jolted(matrix: NDArray[np.float64], middle: Points, rng: Rng) -> NDArray[np.float64]:
    """The matrix, then a small turn, scaling and shift about the part's middle."""
    centre = (float(middle[0]), float(middle[1]))
    jolt = np.asarray(cv2.getRotationMatrix2D(centre, rng.normal(0, 4), rng.uniform(0.92, 1.1)), np.float64)
    jolt[:, 2] += rng.normal(0, 2.0, 2)
    whole = np.vstack([jolt, [0, 0, 1]]) @ np.vstack([matrix, [0, 0, 1]])
    return np.asarray(whole[:2])
