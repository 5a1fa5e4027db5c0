"""Prints and tablets that somebody holds before the own face, close to the camera.

What tells here: bent paper with light running over it, its white edge, cut eyes, fingers at the sides, a tablet's dark
border, and behind it the room.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..common import augment
from .displays import FACE, Edges, clipped, hand, moved, paste, photographed, plain, printed
from .simulate import SIDE, Image, Rng, View, part_of, screen_tone


def held(view: View, room: Image, rng: Rng) -> View:
    """A print, whole or with holes for the eyes, or a tablet, held before the holder's face.

    Args:
        view: A live photo's view.
        room: Any photo, which stands behind.
        rng: Source of all choices.
    """
    near = (0.45, 0.75) if rng.random() < 0.6 else (0.6, 1.3)
    reach = FACE * rng.uniform(*near, 4) * np.array([1, 1.1, 1, 1.1])
    left, top, right, bottom = moved((SIDE // 2,) * 4, reach)
    x0, y0, x1, y1 = view.seen
    picture = max(left, x0), max(top, y0), min(right, x1), min(bottom, y1)
    canvas = part_of(room, rng) if rng.random() < 0.7 else plain(rng, rng.random() < 0.5)
    if rng.random() < 0.4:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 4)), np.uint8)
    body = _tablet(canvas, view.image, picture, rng) if rng.random() < 0.35 else _sheet(canvas, view, picture, rng)
    for outward in (-1, 1):
        if rng.random() < 0.45:
            canvas = hand(canvas, body, outward, rng, float(rng.uniform(0.4, 0.9)))
    return photographed(canvas, view, rng, shine=0.3, webcam=0.6)


def _sheet(canvas: Image, view: View, picture: Edges, rng: Rng) -> Edges:
    """Bent paper with a print, with or without a margin; gives its edges."""
    shown = printed(view.image, rng)
    if rng.random() < 0.25:
        shown = _cut_eyes(shown, view, rng)
    margin = (FACE * rng.uniform(0, 0.2, 4) * (rng.random(4) < 0.5)).astype(int)
    body = clipped(moved(picture, margin))
    paper = plain(rng, True)
    paste(paper, shown, picture)
    if rng.random() < 0.6:  # bent around an upright or lying axis
        ramp = np.linspace(-1, 1, SIDE, dtype=np.float32) * rng.uniform(0.8, 2.5) + rng.uniform(-0.8, 0.8)
        light = 1 + rng.uniform(0.05, 0.3) * (np.sin(ramp) if rng.random() < 0.5 else 1 - np.abs(ramp))
        light = light[None, :, None] if rng.random() < 0.7 else light[:, None, None]
        paper = np.clip(paper * light, 0, 255).astype(np.uint8)
    paste(canvas, paper, body)
    return body


def _cut_eyes(shown: Image, view: View, rng: Rng) -> Image:
    """Holes about where eyes are, through which the holder looks: in the room's light, moved a little, with an edge."""
    hole = np.zeros((SIDE, SIDE), np.float32)
    y = SIDE / 2 - FACE * rng.uniform(0.06, 0.14)
    apart, wide, high = FACE * rng.uniform(0.16, 0.2), FACE * rng.uniform(0.08, 0.13), FACE * rng.uniform(0.03, 0.07)
    for side in (-1, 1):
        middle = (float(SIDE / 2 + side * apart), float(y))
        cv2.ellipse(hole, (middle, (float(2 * wide), float(2 * high)), float(rng.normal(0, 4))), 1.0, -1)
    behind = np.roll(view.image, rng.integers(-4, 5, 2), (0, 1)) * rng.uniform(0.4, 0.9)
    rim = cv2.morphologyEx(hole, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8))[..., None] * rng.uniform(-60, 90)
    return np.clip(shown * (1 - hole[..., None]) + behind * hole[..., None] + rim, 0, 255).astype(np.uint8)


def _tablet(canvas: Image, image: Image, picture: Edges, rng: Rng) -> Edges:
    """A tablet whose picture may not fill it; gives its edges."""
    body = moved(picture, (FACE * rng.uniform(0.03, 0.3, 4)).astype(int))
    tone = rng.uniform(0, 45, 3) if rng.random() < 0.85 else rng.uniform(170, 250, 3)
    x0, y0, x1, y1 = clipped(body)
    canvas[y0:y1, x0:x1] = tone
    shown = screen_tone(image, rng)
    if rng.random() < 0.6:  # cold and dim beside the room
        shown = np.clip(shown * rng.uniform(0.6, 1.05) * [rng.uniform(1, 1.25), 1, rng.uniform(0.8, 1)], 0, 255)
    paste(canvas, augment.jpeg(shown.astype(np.uint8), rng, 40, 92), picture)
    return body
