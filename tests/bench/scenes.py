"""The photos that are measured with, made from the two real ones."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from tests import photos

GRID = (5, 4)
"""Columns and rows of faces, at most."""


@cache
def frame(width: int = 1280, height: int = 720, quality: int = 90) -> bytes:
    """A JPEG of a camera's frame with one face, a seventh of its height."""
    pixels = photos.wide(width, height) if width > height else cv2.resize(photos.portrait(), (width, height))
    return photos.encoded(np.asarray(pixels, np.uint8), quality=quality)


@cache
def crowd(faces: int, width: int = 1280, height: int = 720) -> bytes:
    """A JPEG with this many faces, 1 to 20, each about 60 pixels wide: its size and what is around them is the same."""
    canvas = cv2.resize(photos.no_face(), (width, height), interpolation=cv2.INTER_CUBIC)
    left, top, across, down = photos.FACE
    tile = photos.portrait()[top - 50 : top + down + 45, left - 50 : left + across + 50]
    size = (width // GRID[0] - 40, height // GRID[1] - 10)
    scale = min(size[0] / tile.shape[1], size[1] / tile.shape[0])
    tile = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    for index in range(faces):
        x = index % GRID[0] * (width // GRID[0]) + 20
        y = index // GRID[0] * (height // GRID[1]) + 5
        canvas[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return photos.encoded(np.asarray(canvas, np.uint8), quality=90)


@cache
def broken() -> bytes:
    """A JPEG that is cut off."""
    data = frame(640, 480)
    return data[: len(data) // 2]
