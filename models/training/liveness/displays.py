"""Posters and phones with what is around them, as a recent phone photographs them.

``simulate.recapture`` shows the medium close by, through a plain camera; here all of it is seen where the photo has the
room: the paper's margin and the wall, or the phone's frame with an app's bars, signs and thumbnails, and a hand. The
picture itself is sharp and true, so that often the surroundings alone tell.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common import augment
from .simulate import HEIGHTS, SIDE, Image, Rng, View, glare, grain, halftone, part_of, place, saturated, screen_tone

FACE = SIDE / HEIGHTS
Edges = tuple[int, int, int, int]  # left, top, right, bottom


def poster(view: View, room: Image, rng: Rng) -> View:
    """A print of the view's face on a wall, a table or among others, often clipped to little more than the paper.

    Args:
        view: A live photo's view.
        room: Any photo, which may hang behind or beside.
        rng: Source of all choices.
    """
    picture = _ends(view.seen, rng, hidden=0.3)
    canvas = plain(rng, rng.random() < 0.6) if rng.random() < 0.6 else part_of(room, rng)
    paper = picture
    if rng.random() < 0.85:
        same, most = rng.random() < 0.6, np.log(0.1 if rng.random() < 0.6 else 0.5)
        wide = FACE * np.exp(rng.uniform(np.log(0.015), most, 1 if same else 4)) * np.ones(4)
        paper = moved(picture, wide)
        paste(canvas, plain(rng, rng.random() < 0.9), paper)
    if rng.random() < 0.3:
        _neighbour(canvas, part_of(room, rng), paper, rng)
    paste(canvas, printed(view.image, rng), picture)
    made = photographed(canvas, view, rng, shine=0.25, tilt=1 if rng.random() < 0.3 else 0.25)
    if rng.random() < 0.5:
        return made
    return View(made.image, clipped(moved(paper, FACE * rng.uniform(-0.06, 0.2, 4))), made.aspect)


def phone(view: View, room: Image, rng: Rng) -> View:
    """A phone that shows the view's face, held before something or lying on it.

    Args:
        view: A live photo's view.
        room: Any photo, for what is behind.
        rng: Source of all choices.
    """
    shown = screen_tone(view.image, rng) if rng.random() < 0.5 else augment.light(view.image, rng, 0.7)
    picture = _ends(view.seen, rng, hidden=0.25)
    canvas = plain(rng, False) if rng.random() < 0.3 else part_of(room, rng)
    if rng.random() < 0.5:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 4)), np.uint8)
    if rng.random() < 0.6:  # the camera exposes for the screen
        canvas = (canvas * rng.uniform(0.15, 0.8)).astype(np.uint8)
    bezel = int(FACE * rng.uniform(0.02, 0.12))
    above, below = (
        int(FACE * (rng.uniform(0.05, 0.25) if rng.random() < 0.5 else rng.uniform(0.25, 0.9))) for _ in range(2)
    )
    left, top, right, bottom = picture
    body = moved(picture, np.array([bezel, above, bezel, below]))
    _body(canvas, body, rng)
    inner = clipped((left, body[1] + bezel, right, body[3] - bezel))
    canvas[inner[1] : inner[3], inner[0] : inner[2]] = int(rng.uniform(0, 22))
    paste(canvas, shown, picture)
    if rng.random() < 0.6:
        _signs(canvas, left, right, top - int(above * rng.uniform(0.2, 0.8)), rng)
    if rng.random() < 0.6:
        _signs(canvas, left, right, bottom + int(below * rng.uniform(0.3, 0.8)), rng)
    if rng.random() < 0.35:
        _thumbnails(canvas, shown, picture, rng)
    if rng.random() < 0.5:
        canvas = hand(canvas, body, -1 if rng.random() < 0.5 else 1, rng)
    return photographed(canvas, view, rng, shine=0.4)


def _ends(seen: Edges, rng: Rng, hidden: float) -> Edges:
    """Where the shown picture ends: where the live photo did, which may be beyond the view, or nearer the face.

    ``hidden`` is how often it does the former on each side; at the foot more often, as portraits have shoulders.
    """
    middle, found = SIDE / 2, []
    for side, limit in enumerate(seen):
        reach = abs(limit - middle)
        if rng.random() >= (hidden if side < 3 else (1 + hidden) / 2):
            reach = min(reach, FACE * rng.uniform(0.6, 1.2))
        found.append(int(middle - reach) if side < 2 else int(middle + reach))
    return found[0], found[1], found[2], found[3]


def moved(edges: Edges, outward: NDArray[Any]) -> Edges:
    """The edges, each that many pixels further out."""
    left, top, right, bottom = (np.array(edges) + outward * [-1, -1, 1, 1]).astype(int).tolist()
    return left, top, right, bottom


def _neighbour(canvas: Image, other: Image, paper: Edges, rng: Rng) -> None:
    """Another print beside, above or below, a gap away."""
    gap = int(FACE * rng.uniform(0.02, 0.2))
    left, top, right, bottom = clipped(moved(paper, np.full(4, float(gap))))
    side = int(rng.integers(4))
    x0, x1 = (0, left) if side == 0 else (right, SIDE) if side == 1 else (0, SIDE)
    y0, y1 = (0, top) if side == 2 else (bottom, SIDE) if side == 3 else (0, SIDE)
    paste(canvas, other, (x0, y0, x1, y1))


def clipped(edges: Edges) -> Edges:
    """The edges within the view."""
    left, top, right, bottom = (int(np.clip(value, 0, SIDE)) for value in edges)
    return left, top, right, bottom


def paste(canvas: Image, shown: Image, edges: Edges) -> None:
    """Puts what is shown between the edges into the canvas."""
    left, top, right, bottom = clipped(edges)
    canvas[top:bottom, left:right] = shown[top:bottom, left:right]


def plain(rng: Rng, light: bool) -> Image:
    """A wall, a table or paper: one colour, a slow gradient, grain."""
    colour = rng.uniform(185, 250) + rng.normal(0, 8, 3) if light else rng.uniform(20, 220) + rng.normal(0, 25, 3)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    ramp = 1 + rng.uniform(0, 0.25) * (np.cos(angle) * x + np.sin(angle) * y)
    flat = np.clip(colour, 0, 255) * ramp[..., None] + grain(SIDE, rng, 30) * rng.uniform(0.3, 4)
    return np.clip(flat, 0, 255).astype(np.uint8)


def printed(image: Image, rng: Rng) -> Image:
    """A good print: a little less contrast and colour, paper's tint and grain, sometimes dots."""
    low, high = rng.uniform(0, 0.12), rng.uniform(0.82, 1)
    x = low + (image.astype(np.float32) / 255) ** float(np.exp(rng.normal(0, 0.15))) * (high - low)
    x = saturated(x, 0.0 if rng.random() < 0.05 else rng.uniform(0.65, 1.15))
    x = x * np.array([rng.uniform(0.88, 1.03), rng.uniform(0.95, 1.02), 1])
    if rng.random() < 0.3:
        x = x + halftone(SIDE, rng) * rng.uniform(0.2, 0.8)
    x = x + grain(SIDE, rng, 60) * rng.uniform(0.003, 0.02)
    return np.clip(x * 255, 0, 255).astype(np.uint8)


def _body(canvas: Image, edges: Edges, rng: Rng) -> None:
    """The phone's rounded body, mostly black, sometimes with a bright rim."""
    left, top, right, bottom = edges
    radius = int(FACE * rng.uniform(0.02, 0.2))
    shape = np.zeros((SIDE, SIDE), np.uint8)
    cv2.rectangle(shape, (left + radius, top), (right - radius, bottom), 255, -1)
    cv2.rectangle(shape, (left, top + radius), (right, bottom - radius), 255, -1)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(shape, (x, y), radius, 255, -1)
    canvas[shape > 0] = rng.uniform(0, 30, 3) if rng.random() < 0.85 else rng.uniform(150, 240, 3)
    if rng.random() < 0.5:
        rim = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        canvas[rim > 0] = int(rng.uniform(40, 200))


def _signs(canvas: Image, left: int, right: int, y: int, rng: Rng) -> None:
    """An app's row of symbols."""
    if not 0 <= y < SIDE:
        return
    count = int(rng.integers(1, 6))
    for position in range(count):
        x = int(left + (right - left) * (position + 0.5) / count + rng.normal(0, 2))
        filled = -1 if rng.random() < 0.5 else 1
        cv2.circle(canvas, (x, y), int(rng.integers(1, 4)), [rng.uniform(150, 255)] * 3, filled, cv2.LINE_AA)


def _thumbnails(canvas: Image, shown: Image, edges: Edges, rng: Rng) -> None:
    """A strip of small pictures at the foot of the large one, as players and galleries have."""
    left, top, right, bottom = clipped(edges)
    size = max(4, int(FACE * rng.uniform(0.08, 0.18)))
    y = bottom + 2 if rng.random() < 0.5 else bottom - size - 2
    if y < 0 or y + size > SIDE:
        return
    small = cv2.resize(shown[top:bottom, left:right], (size, size), interpolation=cv2.INTER_AREA)
    for x in range(left + 2, right - size, size + 1):
        canvas[y : y + size, x : x + size] = small


def hand(image: Image, edges: Edges, outward: int, rng: Rng, size: float = 1) -> Image:
    """Fingers over the left (``outward`` -1) or right (1) side, rounded by shading, sometimes with the palm behind.

    ``size`` is the hand's beside a phone's face; it shrinks as the medium grows.
    """
    left, top, right, bottom = edges
    x = left if outward < 0 else right
    skin = np.clip(np.array([105, 135, 185]) * rng.uniform(0.4, 1.25) + rng.normal(0, 8, 3), 0, 255)
    width, y = FACE * size * rng.uniform(0.16, 0.3), rng.uniform(top, max(top + 1, bottom - 20))
    cover, bulge = np.zeros((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        tip = (int(x - outward * rng.uniform(2, FACE * size * 0.25)), int(y))
        root = (int(x + outward * FACE * rng.uniform(0.5, 1.2)), int(y + rng.normal(0, 15)))
        finger = np.zeros((SIDE, SIDE), np.float32)
        cv2.line(finger, tip, root, 1.0, max(3, int(width)), cv2.LINE_AA)
        cover = np.maximum(cover, finger)
        bulge = np.maximum(bulge, cv2.GaussianBlur(finger, (0, 0), width * 0.3) * finger)
        y += width * rng.uniform(0.95, 1.2)
    if rng.random() < 0.5:
        axes = (float(FACE * size * rng.uniform(0.6, 1.2)), float(FACE * size * rng.uniform(1, 2)))
        middle = (float(x + outward * FACE * size * 0.8), float(y))
        cv2.ellipse(cover, (middle, axes, float(rng.uniform(0, 180))), 1.0, -1)
        bulge = np.maximum(bulge, cover * 0.6)
    tone = skin * (0.45 + 0.65 * bulge[..., None]) + rng.normal(0, 3, (SIDE, SIDE, 1))
    soft = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.6, 2))[..., None]
    return np.clip(image * (1 - soft) + tone * soft, 0, 255).astype(np.uint8)


def photographed(canvas: Image, view: View, rng: Rng, shine: float, webcam: float = 0.3, tilt: float = 1) -> View:
    """Light, perspective, and a recent phone's camera, sharpened, with little noise; or, that often, a webcam."""
    if rng.random() < shine:
        canvas = glare(canvas, rng)
    out, _ = place(canvas, np.ones((SIDE, SIDE), np.float32), True, rng, tilt)
    if rng.random() < webcam:
        out = augment.webcam(out, rng)
    else:
        if rng.random() < 0.35:
            out = augment.blur(out, float(rng.uniform(0.3, 0.9)), rng)
        if rng.random() < 0.7:
            out = augment.sharpen(out, rng, sigmas=(0.6, 1.4))
    if rng.random() < 0.3:
        out = augment.light(out, rng, 0.5)
    return View(np.ascontiguousarray(out), (0, 0, SIDE, SIDE), view.aspect)
