"""Faces and things that this code draws: a comic face, a socket; and recaptures of the portrait.

The recaptures are not those of `training.liveness.simulate`, which the liveness net has learned from.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import portrait as source
from .portrait import Image

Float = NDArray[np.float32]

_FINE = 4  # drawn so many times larger, then made smaller: soft edges


def comic(
    side: int = 320, skin: tuple[int, int, int] = (170, 200, 240), hair: tuple[int, int, int] = (40, 60, 120)
) -> Image:
    """A comic face that smiles, before one colour.

    Args:
        side: Pixels.
        skin: BGR.
        hair: BGR.
    """
    big = side * _FINE
    out = np.full((big, big, 3), (206, 214, 196), np.uint8)
    dark, cheek = (40, 34, 30), (skin[0] - 10, skin[1] - 26, min(skin[2] + 6, 255))
    neck = (skin[0] * 9 // 10, skin[1] * 9 // 10, skin[2] * 9 // 10)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * big), round(y * big)

    def oval(x: float, y: float, across: float, down: float, colour: tuple[int, int, int], angle: float = 0) -> None:
        cv2.ellipse(out, at(x, y), at(across, down), angle, 0, 360, colour, cv2.FILLED)

    oval(0.5, 1.02, 0.36, 0.22, (150, 96, 60))  # shoulders
    cv2.rectangle(out, at(0.43, 0.68), at(0.57, 0.86), neck, cv2.FILLED)
    oval(0.5, 0.40, 0.29, 0.30, hair)
    oval(0.5, 0.47, 0.235, 0.30, skin)
    oval(0.5, 0.235, 0.22, 0.085, hair)
    for x in (0.40, 0.60):
        oval(x, 0.43, 0.055, 0.036, (250, 250, 250))
        oval(x, 0.43, 0.026, 0.03, (130, 84, 40))
        oval(x, 0.43, 0.012, 0.014, dark)
        cv2.ellipse(out, at(x, 0.43), at(0.057, 0.04), 0, 180, 360, dark, big // 110)
        cv2.ellipse(out, at(x, 0.375), at(0.065, 0.03), 0, 200, 340, hair, big // 60)
        oval(x + (x - 0.5) * 0.5, 0.57, 0.045, 0.026, cheek)
    cv2.ellipse(out, at(0.5, 0.53), at(0.03, 0.025), 0, 20, 160, dark, big // 110)
    cv2.ellipse(out, at(0.5, 0.61), at(0.085, 0.055), 0, 0, 180, (90, 70, 190), cv2.FILLED)
    cv2.ellipse(out, at(0.5, 0.61), at(0.07, 0.018), 0, 0, 180, (250, 250, 250), cv2.FILLED)
    cv2.line(out, at(0.415, 0.61), at(0.585, 0.61), dark, big // 130)
    return np.asarray(cv2.resize(out, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def socket(side: int = 320) -> Image:
    """A wall socket: two holes and a slot, which people see a face in."""
    big = side * _FINE
    out = np.full((big, big, 3), (214, 218, 220), np.uint8)
    cv2.rectangle(out, (big // 5, big // 5), (big * 4 // 5, big * 4 // 5), (238, 240, 240), cv2.FILLED)
    cv2.rectangle(out, (big // 5, big // 5), (big * 4 // 5, big * 4 // 5), (150, 154, 156), big // 130)
    cv2.circle(out, (big // 2, big // 2), big // 4, (226, 229, 230), cv2.FILLED)
    cv2.circle(out, (big // 2, big // 2), big // 4, (160, 164, 166), big // 150)
    for x in (0.40, 0.60):
        cv2.circle(out, (round(big * x), round(big * 0.45)), big // 36, (50, 46, 44), cv2.FILLED)
    cv2.rectangle(
        out, (round(big * 0.46), round(big * 0.57)), (round(big * 0.54), round(big * 0.6)), (50, 46, 44), cv2.FILLED
    )
    return np.asarray(cv2.resize(out, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


# ---- recaptures


def print_shot(seed: int = 0, inks: float = 34, corners: tuple[tuple[int, int], ...] | None = None) -> Image:
    """A print of the portrait held before a camera: dots, paper white, tilt, a margin, soft focus, sensor noise.

    Args:
        seed: Of the noise.
        inks: How deep the dots are, grey levels.
        corners: Where the print's corners lie, clockwise from the top left.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:512, 0:512]
    dots = 0.5 + 0.25 * (np.cos(y * 2.1 + x * 0.7) + np.cos(x * 2.1 - y * 0.7))
    ink = source.portrait().astype(np.float32) * 0.62 + 58 + ((dots - 0.5) * inks)[..., None]
    desk = np.full((512, 512, 3), (52, 60, 70), np.float32)
    shot, paper = _laid(np.asarray(ink, np.float32), desk, corners or ((70, 52), (452, 38), (470, 468), (52, 452)))
    shot = np.where(paper[..., None] > 0, shot, desk)
    return np.clip(cv2.GaussianBlur(shot, (0, 0), 0.9) + rng.normal(0, 3.5, desk.shape), 0, 255).astype(np.uint8)


def screen_shot(
    seed: int = 0, pitch: int = 3, glare: bool = False, corners: tuple[tuple[int, int], ...] | None = None
) -> Image:
    """The portrait on a screen before a camera: stripes of red, green and blue, sampled again, so that moire comes.

    Args:
        seed: Of the noise.
        pitch: Stripes and lines are so many times finer than the portrait's pixels, 3 or more.
        glare: Whether a lamp is mirrored.
        corners: Where the screen's corners lie, clockwise from the top left; beyond the photo, no edge is seen.
    """
    rng = np.random.default_rng(seed)
    side = 512 * pitch
    shown = cv2.resize(source.portrait(), (side, side), interpolation=cv2.INTER_NEAREST).astype(np.float32) / 255
    stripes = np.zeros((side, 3), np.float32)
    third = np.arange(side) % pitch * 3 // pitch
    stripes[np.arange(side), 2 - third] = 1  # red, green, blue from the left
    shown = (0.05 + 0.95 * shown) * (0.35 + 0.65 * stripes / stripes.mean(0))[None] * 237
    shown[::pitch] *= 0.45  # the dark lines between rows
    room = np.full((512, 512, 3), (38, 34, 30), np.float32)
    seen = np.asarray(cv2.GaussianBlur(shown, (0, 0), 0.35 * pitch), np.float32)  # a camera's pixel is no point
    laid, cover = _laid(seen, room, corners or ((84, 60), (438, 72), (446, 446), (70, 458)))
    bezel = cv2.dilate(cover, np.ones((23, 23), np.uint8)) - cover
    shot = np.where(cover[..., None] > 0, laid, np.where(bezel[..., None] > 0, np.float32(14), room))
    if glare:
        lamp = np.zeros((512, 512), np.float32)
        cv2.ellipse(lamp, (196, 96), (62, 26), 24, 0, 360, 1.0, cv2.FILLED)
        shot = shot + cv2.GaussianBlur(lamp, (0, 0), 8)[..., None] * np.float32(110)
    shot = cv2.GaussianBlur(shot, (0, 0), 0.7) * np.array([1.1, 1.0, 0.93])  # the camera's own white
    return np.clip(shot + rng.normal(0, 3, shot.shape), 0, 255).astype(np.uint8)


def _laid(picture: Float, room: Float, corners: tuple[tuple[int, int], ...]) -> tuple[Float, Image]:
    """A picture laid into a room's photo by perspective, sampled point by point, and where it covers the room."""
    side = picture.shape[0]
    before = np.array([[0, 0], [side - 1, 0], [side - 1, side - 1], [0, side - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(before, np.array(corners, np.float32))
    size = (room.shape[1], room.shape[0])
    laid = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(np.ones((side, side), np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(laid, np.float32), np.asarray(cover, np.uint8)
