"""What happens to faces before a net sees them, the same for real and generated ones, and the crop that it sees."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common import augment
from ..common.packs import Image
from .covers import covered

SIDE = 192  # of the nets' input
SHARE = 0.88  # of the packs' framing that they see
CELLS = SIDE // 16  # across and down, each of which they judge
PART = 1.5  # times the share of a cell that was put in: two thirds count as all of it


def varied(frame: Image, rng: np.random.Generator) -> Image:
    """The same history for real and generated photos: resampling, codecs, light, noise."""
    if frame.shape[0] > 128 and rng.random() < 0.35:
        side = int(rng.integers(112, 200)) if rng.random() < 0.6 else 128
        way = cv2.INTER_AREA if rng.random() < 0.6 else cv2.INTER_LINEAR
        frame = np.asarray(cv2.resize(frame, (side, side), interpolation=way), np.uint8)
        if rng.random() < 0.7:
            done, data = cv2.imencode(".webp", frame, [cv2.IMWRITE_WEBP_QUALITY, int(rng.integers(70, 98))])
            assert done
            frame = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    if rng.random() < 0.5:
        frame = augment.mirrored(frame)
    return _worn(frame, rng, light=(0.6, 0.6), soften=(0.2, 1.8), noise=(0.15, 7), quality=(45, 97))


def mildly(frame: Image, rng: np.random.Generator) -> Image:
    """Less of the same as ``varied``, so that seams stay."""
    if rng.random() < 0.15:
        side = int(rng.integers(140, 210))
        frame = np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return _worn(frame, rng, light=(0.5, 0.5), soften=(0.1, 1.5), noise=(0.08, 5), quality=(60, 98))


def _worn(
    frame: Image,
    rng: np.random.Generator,
    light: tuple[float, float],
    soften: tuple[float, float],
    noise: tuple[float, float],
    quality: tuple[int, int],
) -> Image:
    """Light, blur and noise, each with its chance and its strength, and JPEG of a quality now and then."""
    if rng.random() < light[0]:
        frame = augment.light(frame, rng, light[1])
    if rng.random() < soften[0]:
        frame = augment.soften(frame, rng, soften[1])
    if rng.random() < noise[0]:
        frame = augment.noise(frame, rng, noise[1])
    if rng.random() < 0.4:
        frame = augment.jpeg(frame, rng, *quality)
    return frame


def hardened(face: Image, rng: np.random.Generator) -> Image:
    """The net's input, grey now and then, often with parts of it covered."""
    if rng.random() < 0.2:
        face = np.asarray(cv2.cvtColor(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    return covered(face, rng) if rng.random() < 0.6 else face


def streaked(frame: Image, rng: np.random.Generator) -> Image:
    """Repeats the pixels of a turned rectangle's border outside it, as crops at a photo's edge come.

    Many real faces of the packs have such streaks and few generated ones: both get them, or a net would look for them.
    """
    side = frame.shape[0]
    angle, half = rng.normal(0, 0.2), side / 2
    left, top, right, bottom = (float(edge) for edge in rng.uniform(0, 0.3, 4) * (rng.random(4) < 0.6) * side)
    y, x = np.mgrid[:side, :side].astype(np.float32) - half
    c, s = float(np.cos(angle)), float(np.sin(angle))
    u = np.clip(c * x + s * y, left - half, half - right)
    v = np.clip(c * y - s * x, top - half, half - bottom)
    x, y = c * u - s * v + half, s * u + c * v + half
    return np.asarray(cv2.remap(frame, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def crop(frame: Image, rng: np.random.Generator | None = None) -> Image:
    """The net's input from a frame; with ``rng`` slightly turned, moved and scaled."""
    side = frame.shape[0]
    angle, share, shift = 0.0, SHARE, np.zeros(2)
    if rng is not None:
        angle, share = rng.normal(0, 5), float(np.clip(rng.normal(SHARE, 0.06), 0.68, 1.0))
        shift = rng.normal(0, 0.015, 2) * side
    scale = SIDE / (share * side)
    middle = (side / 2 + shift[0], side / 2 + shift[1])
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, angle, scale), np.float64)
    matrix[:, 2] += SIDE / 2 - np.array(middle)
    return np.asarray(cv2.warpAffine(frame, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def alike(frames: Sequence[Image], where: Image, rng: np.random.Generator) -> tuple[list[Image], NDArray[np.float32]]:
    """The nets' inputs from frames that nothing but what was put into some tells apart, all changed in the same way.

    Args:
        frames: All (side, side, 3).
        where: (side, side), 255 where something was put in, 0 elsewhere.
        rng: Source of all choices.

    Returns:
        As many (SIDE, SIDE, 3), and how much of each cell was put in, (CELLS, CELLS), 0 to 1.
    """
    if rng.random() < 0.5:
        frames, where = [augment.mirrored(frame) for frame in frames], augment.mirrored(where)
    changes, place = (int(seed) for seed in rng.integers(1 << 31, size=2))
    faces = [crop(mildly(frame, np.random.default_rng(changes)), np.random.default_rng(place)) for frame in frames]
    shares = in_cells(crop(where, np.random.default_rng(place)))
    return faces, np.asarray(np.clip(shares * PART, 0, 1), np.float32)


def in_cells(where: Image) -> NDArray[np.float32]:
    """How much of each cell, (CELLS, CELLS), 0 to 1, is where (SIDE, SIDE) is 255 and not 0."""
    shares = cv2.resize(where, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(shares, np.float32)
