"""Posters and phones with what is around them, as a recent phone photographs them.

``simulate.recapture`` shows the medium close by, through a plain camera; here all of it is seen where the photo has the
room: the paper's margin and the wall, or the phone's frame with an app's bars, signs and thumbnails, and a hand. The
picture itself is sharp and true, so that often the surroundings alone tell; of ``bare`` media they always do.
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
SCREENS = 0.45  # of the bare media


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


def bare(view: View, room: Image, rng: Rng, screens: float = SCREENS) -> View:
    """A print or screen so true that nothing in the picture tells: its edges and surroundings alone do.

    Args:
        view: A live photo's view, whose pixels stay as they are.
        room: Any photo, which may hang or lie behind or beside.
        rng: Source of all choices.
        screens: How often it is a screen, 0 to 1.
    """
    screen = rng.random() < screens
    turn, blur = rng.normal(0, 0.4 if rng.random() < 0.5 else 2), rng.uniform(0.4, 1.4)
    slack = 3 + SIDE / 2 * abs(np.sin(np.deg2rad(turn)))  # what a turn would bring in from beyond the photo
    picture = moved(_ends(view.seen, rng, hidden=0.3), np.full(4, -slack))
    canvas, medium = _device(picture, room, rng) if screen else _sheet(picture, room, rng)
    matrix = np.asarray(cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turn, 1.0), np.float64)
    canvas = np.asarray(cv2.warpAffine(canvas, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    cover = _turned(picture, matrix, blur)
    out = np.rint(view.image * cover + cv2.GaussianBlur(canvas, (0, 0), blur) * (1 - cover)).astype(np.uint8)
    if screen:
        _app(out, view.image, picture, medium, rng)
        if rng.random() < 0.06:
            _start(out, picture, rng)
        if rng.random() < 0.5:
            out = hand(out, medium, -1 if rng.random() < 0.5 else 1, rng)
    if rng.random() < 0.3:
        return View(out, (0, 0, SIDE, SIDE), view.aspect)
    # on each side the photo ends within the picture, within the margin or beyond the medium, not everywhere the first
    ends = rng.choice(3, 4, p=(0.35, 0.4, 0.25))
    ends[rng.integers(4)] = 2 if medium == picture else rng.integers(1, 3)
    within, beyond = moved(picture, FACE * rng.uniform(-0.2, 0, 4)), moved(medium, FACE * rng.uniform(0.03, 0.3, 4))
    share = rng.uniform(0.15, 1, 4)
    margin = np.array(picture) * (1 - share) + np.array(medium) * share
    left, top, right, bottom = np.choose(ends, np.array((within, margin, beyond))).astype(int).tolist()
    return View(out, clipped((left, top, right, bottom)), view.aspect)


def _sheet(picture: Edges, room: Image, rng: Rng) -> tuple[Image, Edges]:
    """A wall with a sheet of paper for the picture, and where the sheet ends."""
    canvas = plain(rng, rng.random() < 0.6) if rng.random() < 0.5 else part_of(room, rng)
    wide = FACE * np.exp(rng.uniform(np.log(0.03), np.log(0.12 if rng.random() < 0.5 else 0.5))) * np.ones(4)
    paper = moved(picture, wide if rng.random() < 0.9 else np.zeros(4))
    if rng.random() < 0.3:
        _neighbour(canvas, part_of(room, rng), paper, rng)
    paste(canvas, plain(rng, rng.random() < 0.9), paper)
    return canvas, paper


def _turned(edges: Edges, matrix: NDArray[np.float64], blur: float) -> NDArray[np.float32]:
    """1 inside the edges after the turn, 0 outside, softly, (SIDE, SIDE, 1)."""
    left, top, right, bottom = np.clip(edges, -SIDE, 2 * SIDE)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    shape = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillConvexPoly(shape, np.round(corners @ matrix[:, :2].T + matrix[:, 2]).astype(np.int32), 1.0)
    return np.asarray(cv2.GaussianBlur(shape, (0, 0), blur), np.float32)[..., None]


def phone(view: View, room: Image, rng: Rng) -> View:
    """A phone that shows the view's face, held before something or lying on it.

    Args:
        view: A live photo's view.
        room: Any photo, for what is behind.
        rng: Source of all choices.
    """
    shown = screen_tone(view.image, rng) if rng.random() < 0.5 else augment.light(view.image, rng, 0.7)
    picture = _ends(view.seen, rng, hidden=0.25)
    canvas, body = _device(picture, room, rng)
    paste(canvas, shown, picture)
    _app(canvas, shown, picture, body, rng)
    if rng.random() < 0.5:
        canvas = hand(canvas, body, -1 if rng.random() < 0.5 else 1, rng)
    return photographed(canvas, view, rng, shine=0.4)


def _device(picture: Edges, room: Image, rng: Rng) -> tuple[Image, Edges]:
    """A phone with black bars above and below the picture, before something, and where its body ends."""
    canvas = plain(rng, False) if rng.random() < 0.3 else part_of(room, rng)
    if rng.random() < 0.5:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 4)), np.uint8)
    if rng.random() < 0.6:  # the camera exposes for the screen
        canvas = (canvas * rng.uniform(0.15, 0.8)).astype(np.uint8)
    bezel = int(FACE * rng.uniform(0.02, 0.12))
    above, below = (
        int(FACE * (rng.uniform(0.05, 0.25) if rng.random() < 0.5 else rng.uniform(0.25, 0.9))) for _ in range(2)
    )
    body = moved(picture, np.array([bezel, above, bezel, below]))
    _body(canvas, body, rng)
    inner = clipped((picture[0], body[1] + bezel, picture[2], body[3] - bezel))
    canvas[inner[1] : inner[3], inner[0] : inner[2]] = int(rng.uniform(0, 22))
    return canvas, body


def _app(canvas: Image, shown: Image, picture: Edges, body: Edges, rng: Rng) -> None:
    """What a player or gallery draws around and over the picture."""
    left, top, right, bottom = picture
    if rng.random() < 0.6:
        _signs(canvas, left, right, top - int((top - body[1]) * rng.uniform(0.2, 0.8)), rng)
    if rng.random() < 0.6:
        _signs(canvas, left, right, bottom + int((body[3] - bottom) * rng.uniform(0.3, 0.8)), rng)
    if rng.random() < 0.35:
        _thumbnails(canvas, shown, picture, rng)


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


def _start(canvas: Image, picture: Edges, rng: Rng) -> None:
    """The sign in the picture's middle that starts a video."""
    left, top, right, bottom = picture
    x, y = (left + right) // 2, (top + bottom) // 2
    radius = FACE * rng.uniform(0.08, 0.2)
    over, opaque = canvas.copy(), rng.uniform(0.3, 0.9)
    cv2.circle(over, (x, y), int(radius), [rng.uniform(0, 90)] * 3, -1, cv2.LINE_AA)
    canvas[:] = cv2.addWeighted(over, opaque, canvas, 1 - opaque, 0)
    angles = np.deg2rad((0, 120, 240))
    corners = np.stack((x + radius * 0.55 * np.cos(angles), y + radius * 0.55 * np.sin(angles)), -1)
    cv2.fillPoly(canvas, [np.round(corners).astype(np.int32)], (255, 255, 255), cv2.LINE_AA)


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
