"""Occluders pasted over a face whose 72 points are known, and how much of each part they cover.

Nobody labels occlusion in the packs, so it is made: masks, sunglasses, hands, patches of other photos, hair-like
strokes and scarves. The label of a part is the covered share of its area.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float32]
Rng = np.random.Generator

# Outlines over the 72 points, in the order of facecore.report.OCCLUSION_PARTS.
_EYES = (list(range(30, 38)), list(range(13, 21)))
_NOSE = list(range(47, 57))
_MOUTH = list(range(58, 66))
_LEFT_CHEEK = [12, 11, 10, 9, 8, 62, 54, 55, 37, 36, 35, 34]
_RIGHT_CHEEK = [0, 1, 2, 3, 4, 58, 49, 48, 18, 19, 20, 13]
_CHIN = [4, 5, 6, 7, 8, 62, 63, 64, 65, 58]


def part_masks(points: Points, side: int) -> NDArray[np.bool_]:
    """Areas of the seven parts, (7, side, side), in the order of facecore.report.OCCLUSION_PARTS."""
    shapes = [_grown(points[_EYES[0]], 1.7), _grown(points[_EYES[1]], 1.7), points[_NOSE], _grown(points[_MOUTH], 1.1)]
    shapes += [points[_LEFT_CHEEK], points[_RIGHT_CHEEK], points[_CHIN]]
    masks = np.zeros((7, side, side), np.uint8)
    for mask, shape in zip(masks, shapes, strict=True):
        cv2.fillPoly(mask, [np.round(shape).astype(np.int32)], 1)
    return masks.astype(bool)


def occlude(image: Image, points: Points, rng: Rng, textures: list[Image]) -> tuple[Image, NDArray[np.float32], bool]:
    """Pastes one to two random occluders.

    Args:
        image: Square BGR face crop.
        points: (72, 2) in pixels of the crop.
        rng: Source of all choices.
        textures: Photos without faces to cut patches from.

    Returns:
        The picture, the covered share of the seven parts, and whether sunglasses were put on.
    """
    side = image.shape[0]
    out = image.copy()
    covered = np.zeros((side, side), bool)
    sun = False
    for _ in range(1 if rng.random() < 0.8 else 2):
        kind = int(rng.integers(len(_KINDS)))
        mask, fill = _KINDS[kind](image, points, rng, textures)
        sun |= kind == 1
        alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), rng.uniform(0.4, 1.1))[..., None]
        out = (out * (1 - alpha) + fill * alpha).astype(np.uint8)
        covered |= mask
    masks = part_masks(points, side)
    area = masks.sum((1, 2))
    share = (masks & covered).sum((1, 2)) / np.maximum(area, 1)
    return out, share.astype(np.float32), sun


def _grown(shape: Points, factor: float) -> Points:
    middle = shape.mean(0)
    return np.asarray((shape - middle) * (factor, factor * 1.25) + middle, np.float32)


def _polygon(side: int, shape: Points) -> NDArray[np.bool_]:
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(shape).astype(np.int32)], 1)
    return mask.astype(bool)


def _cloth(side: int, rng: Rng, textures: list[Image], skin: NDArray[np.float32] | None = None) -> Image:
    """A filling: plain colour with folds and noise, stripes, or a piece of another photo."""
    if skin is None and textures and rng.random() < 0.35:
        photo = textures[int(rng.integers(len(textures)))]
        size = int(rng.integers(min(photo.shape[:2]) // 3, min(photo.shape[:2])))
        top, left = (int(rng.integers(0, n - size + 1)) for n in photo.shape[:2])
        return np.asarray(cv2.resize(photo[top : top + size, left : left + size], (side, side)), np.uint8)
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.5 else np.repeat(rng.uniform(0, 255), 3)
    base = np.asarray(colour if skin is None else skin, np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    wave = np.sin((x * rng.normal(0, 1) + y * rng.normal(0, 1)) * rng.uniform(5, 40) + rng.uniform(0, 6))
    slope = (x - 0.5) * rng.normal(0, 60) + (y - 0.5) * rng.normal(0, 60)
    fill = base + (wave * rng.uniform(0, 18) + slope)[..., None] + rng.normal(0, rng.uniform(0, 6), (side, side, 3))
    return np.clip(fill, 0, 255).astype(np.uint8)


def _mask(image: Image, p: Points, rng: Rng, textures: list[Image]) -> tuple[NDArray[np.bool_], Image]:
    """A face mask from nose bridge or below to under the chin."""
    height = rng.uniform(0.05, 0.95)
    top = p[57] * height + (p[17] + p[30]) / 2 * (1 - height)
    reach = float(rng.uniform(0.5, 2.6))
    low, part = int(reach), reach - int(reach)
    right = p[low] * (1 - part) + p[low + 1] * part
    left = p[12 - low] * (1 - part) + p[11 - low] * part
    below = (p[6] - p[57]) * rng.uniform(0.0, 0.25)
    jaw = p[low + 1 : 12 - low] + below
    shape = np.vstack([right, jaw, left, (left + top) / 2 + (top - p[57]) * 0.2, top, (right + top) / 2])
    if rng.random() < 0.15:  # worn under the nose
        shape[-3:] += (p[64] - p[57]) * 0.6
    return _polygon(image.shape[0], shape.astype(np.float32)), _cloth(image.shape[0], rng, textures)


def _sunglasses(image: Image, p: Points, rng: Rng, textures: list[Image]) -> tuple[NDArray[np.bool_], Image]:
    """Two dark lenses and a bridge."""
    side = image.shape[0]
    mask = np.zeros((side, side), np.uint8)
    reach = float(np.linalg.norm(p[38] - p[21]))
    angle = float(np.degrees(np.arctan2(*(p[38] - p[21])[::-1])))
    across, down = reach * rng.uniform(0.3, 0.44), reach * rng.uniform(0.2, 0.36)
    drop = (p[57] - (p[21] + p[38]) / 2) * rng.uniform(0.0, 0.15)
    for eye in (p[21], p[38]):
        centre = eye + drop + rng.normal(0, 0.5, 2)
        if rng.random() < 0.5:
            cv2.ellipse(mask, (tuple(map(float, centre)), (2 * across, 2 * down), angle), 1, -1)
        else:
            box = cv2.boxPoints((tuple(map(float, centre)), (2 * across, 2 * down), angle))
            cv2.fillPoly(mask, [np.round(box).astype(np.int32)], 1)
    if rng.random() < 0.9:
        start, end = p[21] + drop, p[38] + drop
        cv2.line(mask, tuple(map(int, start)), tuple(map(int, end)), 1, max(1, int(reach * rng.uniform(0.04, 0.1))))
    for eye, ear in ((p[21], p[0]), (p[38], p[12])):
        cv2.line(mask, tuple(map(int, eye + drop)), tuple(map(int, ear)), 1, max(1, int(reach * 0.05)))
    tint = np.array([rng.uniform(0, 60)] * 3, np.float32) + rng.uniform(0, 25, 3).astype(np.float32)
    fill = _cloth(side, rng, [], tint).astype(np.float32)
    see = rng.uniform(0, 0.25)
    return mask.astype(bool), np.clip(fill * (1 - see) + image * see * 0.6, 0, 255).astype(np.uint8)


def _hand(image: Image, p: Points, rng: Rng, textures: list[Image]) -> tuple[NDArray[np.bool_], Image]:
    """Two to five fingers in the face's own or another skin colour."""
    side = image.shape[0]
    mask = np.zeros((side, side), np.uint8)
    reach = float(np.linalg.norm(p[38] - p[21]))
    target = p[int(rng.choice([57, 64, 21, 38, 3, 9, 6, 60]))] + rng.normal(0, reach * 0.15, 2)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    width = reach * rng.uniform(0.16, 0.28)
    fingers = int(rng.integers(2, 6))
    for finger in range(fingers):
        tip = target + across * (finger - fingers / 2) * width * 1.05 + along * reach * rng.normal(0, 0.12)
        root = tip + along * reach * 1.1 + across * rng.normal(0, 2)
        cv2.line(mask, tuple(map(int, tip)), tuple(map(int, root)), 1, max(2, int(width)))
    palm = target + along * reach * 1.7
    cv2.circle(mask, tuple(map(int, palm)), int(width * fingers * 0.6), 1, -1)
    cheek = image[int(np.clip(p[57][1], 0, side - 1)), int(np.clip(p[57][0], 0, side - 1))].astype(np.float32)
    skin = cheek * rng.uniform(0.6, 1.15) if rng.random() < 0.7 else np.array([90, 130, 190]) * rng.uniform(0.4, 1.2)
    return mask.astype(bool), _cloth(side, rng, textures, np.asarray(skin, np.float32))


def _patch(image: Image, p: Points, rng: Rng, textures: list[Image]) -> tuple[NDArray[np.bool_], Image]:
    """A rectangle, ellipse or irregular piece: a phone, a cup, a microphone, a hair tuft."""
    side = image.shape[0]
    mask = np.zeros((side, side), np.uint8)
    reach = float(np.linalg.norm(p[38] - p[21]))
    centre = p[int(rng.integers(72))] + rng.normal(0, reach * 0.15, 2)
    size = reach * np.exp(rng.uniform(np.log(0.3), np.log(1.8), 2))
    spot = (tuple(map(float, centre)), tuple(map(float, size)), float(rng.uniform(0, 180)))
    kind = rng.integers(3)
    if kind == 0:
        cv2.fillPoly(mask, [np.round(cv2.boxPoints(spot)).astype(np.int32)], 1)
    elif kind == 1:
        cv2.ellipse(mask, spot, 1, -1)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 8))
        shape = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(0.25, 0.7, (8, 1)) * size.mean()
        cv2.fillPoly(mask, [np.round(shape).astype(np.int32)], 1)
    return mask.astype(bool), _cloth(side, rng, textures)


def _hair(image: Image, p: Points, rng: Rng, textures: list[Image]) -> tuple[NDArray[np.bool_], Image]:
    """Strands from the forehead over one or both eyes or along a cheek."""
    side = image.shape[0]
    mask = np.zeros((side, side), np.uint8)
    reach = float(np.linalg.norm(p[38] - p[21]))
    start = (p[22] if rng.random() < 0.5 else p[43]) + np.array([0, -0.9 * reach]) + rng.normal(0, 0.2 * reach, 2)
    end = p[int(rng.choice([0, 2, 10, 12, 21, 38, 3, 9]))]
    spread = reach * rng.uniform(0.1, 0.5)
    for _ in range(int(rng.integers(8, 60))):
        shift = np.array([rng.normal(0, spread), 0])
        bend = (start + end) / 2 + rng.normal(0, 0.12 * reach, 2) + shift
        t = np.linspace(0, 1, 12)[:, None]
        curve = (1 - t) ** 2 * (start + shift * 0.6) + 2 * t * (1 - t) * bend + t**2 * (end + shift)
        cv2.polylines(mask, [np.round(curve).astype(np.int32)], False, 1, int(rng.integers(1, 4)))
    tone = np.array([20, 30, 40]) * rng.uniform(0.2, 3.5) + rng.uniform(0, 15, 3)
    return mask.astype(bool), _cloth(side, rng, [], tone.astype(np.float32))


def _scarf(image: Image, p: Points, rng: Rng, textures: list[Image]) -> tuple[NDArray[np.bool_], Image]:
    """Everything below (now and then above or beside) a line through the face."""
    side = image.shape[0]
    down = p[6] - (p[21] + p[38]) / 2
    if rng.random() < 0.3:
        down = np.array([down[1], -down[0]]) * rng.choice([-1, 1])
    elif rng.random() < 0.2:
        down = -down
    origin = p[57] + down * rng.uniform(-0.15, 0.6)
    y, x = np.mgrid[:side, :side]
    wobble = np.sin(x / side * rng.uniform(3, 12)) * rng.uniform(0, 0.06) * side
    return (x - origin[0]) * down[0] + (y + wobble - origin[1]) * down[1] > 0, _cloth(side, rng, textures)


_Maker = Callable[[Image, Points, Rng, list[Image]], tuple[NDArray[np.bool_], Image]]
_KINDS: tuple[_Maker, ...] = (_mask, _sunglasses, _hand, _patch, _hair, _scarf)
