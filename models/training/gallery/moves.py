"""Changes of place: turned, small, cut, tilted, and what is made of several pieces; each knows where points go."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..common import augment
from . import portrait as source
from .portrait import Image, Points


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo made from the portrait.

    Attributes:
        image: BGR.
        marks: (6, 2) where `portrait.MARKS` are in it, pixels.
        roll: Degrees, clockwise, of the line through the eyes.
    """

    image: Image
    marks: Points
    roll: float


def upright() -> Shot:
    """The portrait as it is."""
    return Shot(source.portrait(), source.MARKS, source.ROLL)


def changed(image: Image) -> Shot:
    """The portrait with other pixels at the same places."""
    return Shot(image, source.MARKS, source.ROLL)


def turned(degrees: float) -> Shot:
    """Turned clockwise about its centre."""
    matrix = cv2.getRotationMatrix2D((255.5, 255.5), -degrees, 1.0)
    out = cv2.warpAffine(
        source.portrait(), matrix, (512, 512), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    roll = (source.ROLL + degrees + 180) % 360 - 180
    return Shot(np.asarray(out, np.uint8), source.MARKS @ matrix[:, :2].T + matrix[:, 2], roll)


def mirrored() -> Shot:
    """Left is right; the marks keep their names."""
    marks = source.MARKS[[1, 0, 2, 4, 3, 5]] * (-1, 1) + (511, 0)
    return Shot(augment.mirrored(source.portrait()), marks, -source.ROLL)


def small(height: float, side: int = 400) -> Shot:
    """A face ``height`` pixels high in a photo of ``side`` pixels, before a plain wall."""
    scale = height / source.FACE[3]
    inner = cv2.resize(source.portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows = np.linspace(205, 150, side, dtype=np.float32)[:, None, None]
    canvas = np.asarray(np.broadcast_to(rows + np.array([4, 0, -6]), (side, side, 3)), np.float32)
    out = np.clip(canvas + np.random.default_rng(3).normal(0, 2, canvas.shape), 0, 255).astype(np.uint8)
    at = (side - inner.shape[0]) // 2
    if at < 0:
        inner = inner[-at : -at + side, -at : -at + side]
    out[max(at, 0) : max(at, 0) + inner.shape[0], max(at, 0) : max(at, 0) + inner.shape[1]] = inner
    # a pixel's middle is half a pixel from its corner, in both scales
    return Shot(out, (source.MARKS + 0.5) * scale - 0.5 + at, source.ROLL)


def cut(left: int = 0, top: int = 0, right: int = 512, bottom: int = 512) -> Shot:
    """What is left of the portrait between four borders, pixels."""
    return Shot(source.portrait()[top:bottom, left:right].copy(), source.MARKS - (left, top), source.ROLL)


def tilted(corners: tuple[tuple[int, int], ...]) -> Shot:
    """Seen from the side: the portrait's corners, clockwise from the top left, lie where said."""
    image = source.portrait()
    before = np.array([[0, 0], [511, 0], [511, 511], [0, 511]], np.float32)
    matrix = cv2.getPerspectiveTransform(before, np.array(corners, np.float32))
    out = cv2.warpPerspective(image, matrix, (512, 512), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    marks = cv2.perspectiveTransform(source.MARKS[None], matrix)[0]
    across = marks[1] - marks[0]
    return Shot(np.asarray(out, np.uint8), marks, float(np.degrees(np.arctan2(across[1], across[0]))))


def crowd(count: int, columns: int) -> Image:
    """So many portraits' heads in rows, every one somewhat smaller than the one before."""
    left, top, width, height = source.FACE
    head = source.portrait()[top - 60 : top + height + 40, left - 50 : left + width + 50]
    rows = -(-count // columns)
    cell = 512 // columns
    out = np.full((max(rows * cell, 200), 512, 3), (186, 190, 192), np.uint8)
    for index in range(count):
        side = round(cell * (0.96 - 0.5 * index / count))
        tile = cv2.resize(head, (round(side * head.shape[1] / head.shape[0]), side), interpolation=cv2.INTER_AREA)
        y, x = index // columns * cell, index % columns * cell
        out[y : y + tile.shape[0], x : x + tile.shape[1]] = tile[:, : 512 - x]
    return out


# ---- composed faces


def symmetric() -> Image:
    """The image's left half of the face and its mirror image."""
    image = source.portrait()
    axis = 225
    out = image.copy()
    half = image[:, 2 * axis - 511 : axis]
    out[:, axis : axis + half.shape[1]] = half[:, ::-1]
    return out


def large_eyes(factor: float = 1.35) -> Image:
    """Both eyes magnified in place, as a filter does."""
    image = source.portrait()
    y, x = np.mgrid[:512, :512].astype(np.float32)
    for eye in source.MARKS[:2].astype(np.float32):
        dx, dy = x - eye[0], y - eye[1]
        near = np.exp(-(dx**2 + dy**2) / (2 * 11**2)) * (1 - 1 / factor)
        x, y = x - dx * near, y - dy * near
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_CUBIC), np.uint8)


def patchwork(seamless: bool) -> Image:
    """Eyes and mouth of another size and from the other side put in, hard-edged or blended (Perez et al. 2003)."""
    image = source.portrait()
    flipped = augment.mirrored(image)
    out = image.copy()
    parts = (((203, 101), (46, 26), (511 - 246, 104)), ((246, 104), (46, 26), (511 - 203, 101)),
             ((225, 143), (60, 34), (511 - 225, 143)))  # fmt: skip
    for (x, y), (width, height), (from_x, from_y) in parts:
        piece = cv2.getRectSubPix(flipped, (width, height), (float(from_x), float(from_y)))
        piece = cv2.resize(piece, (round(width * 1.12), round(height * 1.12)), interpolation=cv2.INTER_CUBIC)
        high, wide = piece.shape[:2]
        if seamless:
            mask = np.zeros((high, wide), np.uint8)
            cv2.ellipse(mask, (wide // 2, high // 2), (wide // 2 - 2, high // 2 - 2), 0, 0, 360, 255, cv2.FILLED)
            out = np.asarray(cv2.seamlessClone(piece, out, mask, (x, y), cv2.NORMAL_CLONE), np.uint8)
        else:
            out[y - high // 2 : y - high // 2 + high, x - wide // 2 : x - wide // 2 + wide] = piece
    return out


def averaged() -> Image:
    """The portrait and its mirror image laid over each other, eyes on eyes."""
    other = mirrored()
    matrix, _ = cv2.estimateAffinePartial2D(other.marks, source.MARKS)
    laid = cv2.warpAffine(other.image, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(cv2.addWeighted(source.portrait(), 0.5, laid, 0.5, 0), np.uint8)


def checkered(depth: float = 9.0) -> Image:
    """The even grid that up-convolutions leave (Odena et al. 2016): every second pixel a little lighter."""
    y, x = np.mgrid[:512, :512]
    grid = np.where((x + y) % 2 == 0, depth, -depth) + np.where(x % 4 == 0, depth / 2, 0)
    return np.clip(source.portrait() + grid[..., None], 0, 255).astype(np.uint8)
