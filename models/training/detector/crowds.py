"""Photos of 1280 pixels, many of them with many faces: the scenes have 400 and show large faces."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ..common.packs import Image
from .scenes import Photo, without_doubles

SIZE = (1280, 960)
CELLS = (320, 160, 107)  # pixels of the squares that scenes are laid into
SHARE = 0.6  # of its square that a scene takes at least
LAID = 0.15, 0.8  # of its size that a scene is laid into another with


def every_crowd(scenes: list[Photo], seed: int = 1) -> Iterator[Photo]:
    """Crowds of each kind, twice boxed faces to be looked away from; scenes that fill no further one are left out."""
    known = [without_doubles(scene) for scene in scenes]
    for cell in CELLS:
        yield from crowds(known, cell, seed)


def crowds(scenes: list[Photo], cell: int, seed: int = 1) -> Iterator[Photo]:
    """Scenes in random order, shrunk, never enlarged, and laid side by side into squares of ``cell`` pixels."""
    rng = np.random.default_rng(seed)
    columns, lines = SIZE[0] // cell, SIZE[1] // cell
    order = rng.permutation(len(scenes))
    for first in range(0, len(order) - columns * lines + 1, columns * lines):
        image = np.full((SIZE[1], SIZE[0], 3), 127, np.uint8)
        put = []
        for place, which in enumerate(order[first : first + columns * lines]):
            share = float(rng.uniform(SHARE, 1))
            scene = shrunk(scenes[which], min(1.0, cell / max(scenes[which].image.shape)) * share)
            height, width = scene.image.shape[:2]
            left = place % columns * cell + (cell - width) // 2
            top = place // columns * cell + (cell - height) // 2
            put.append(_put(scene, image, left, top))
        boxes = np.concatenate([scene.boxes for scene in put])
        points = np.concatenate([scene.points for scene in put])
        yield Photo(image, boxes, points, np.concatenate([scene.sure for scene in put]))


def laid(scenes: list[Photo]) -> Iterator[Photo]:
    """Each scene with faces, shrunk and laid somewhere into an enlarged one without any."""
    rng = np.random.default_rng(1)
    empty = [enlarged(scene).image for scene in scenes if not len(scene.boxes)]
    for scene in (scene for scene in scenes if len(scene.boxes)):
        image = empty[int(rng.integers(len(empty)))].copy()
        part = shrunk(scene, float(rng.uniform(*LAID)))
        height, width = part.image.shape[:2]
        left, top = (int(rng.integers(n - m)) for n, m in ((image.shape[1], width), (image.shape[0], height)))
        yield _put(part, image, left, top)


def _put(photo: Photo, image: Image, left: int, top: int) -> Photo:
    """The image, into which the photo is laid with its corner there, and the photo's faces in it."""
    height, width = photo.image.shape[:2]
    image[top : top + height, left : left + width] = photo.image
    move = np.array([left, top], np.float32)
    return Photo(image, photo.boxes + np.tile(move, 2), photo.points + move, photo.sure)


def enlarged(photo: Photo) -> Photo:
    """The photo with a longer side of 1280 pixels, softer than one that was taken so."""
    scale = SIZE[0] / max(photo.image.shape[:2])
    image = np.asarray(cv2.resize(photo.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    return Photo(image, photo.boxes * scale, photo.points * scale, photo.sure)


def shrunk(photo: Photo, scale: float) -> Photo:
    """The photo at a share of its size, at most 1, rounded to pixels."""
    height, width = photo.image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    scales = np.array([size[0] / width, size[1] / height], np.float32)
    image = np.asarray(cv2.resize(photo.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Photo(image, photo.boxes * np.tile(scales, 2), photo.points * scales, photo.sure)
