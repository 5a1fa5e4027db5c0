"""Recaptures made from live photos: a face shown on a screen or printed, then photographed again.

Every step is one that a real recapture goes through: the shown picture (its own JPEG, its tone on the medium), the
medium (sub-pixel layout and screen grid, or halftone, ink and paper), its frame (bezel, paper edge, fingers, curl),
the light on it (glare, reflections), and the second camera (perspective, moire by sampling, blur, noise, white
balance, second JPEG).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common import augment

Image = NDArray[np.uint8]
Float = NDArray[np.float32]
Rng = np.random.Generator

SIDE = 256  # a view: 2.7 box heights at 256 pixels, as in the packs
HEIGHTS = 2.7


@dataclass(frozen=True, slots=True)
class View:
    """A face with its surroundings.

    Attributes:
        image: (SIDE, SIDE, 3) BGR, the box's middle in the middle, the box SIDE / HEIGHTS pixels high.
        seen: (left, top, right, bottom) of the part that the photo covered; the rest is filled.
        aspect: Box width over box height.
    """

    image: Image
    seen: tuple[int, int, int, int]
    aspect: float

    @property
    def box(self) -> Float:
        """The face's box (left, top, width, height); facecore's own view of it is this view, pixel by pixel."""
        height, middle = SIDE / HEIGHTS, (SIDE - 1) / 2
        width = self.aspect * height
        return np.array([middle - width / 2, middle - height / 2, width, height], np.float32)


def recapture(view: View, room: Image, rng: Rng) -> View:
    """A simulated attack with the view's face.

    Args:
        view: A live photo's view.
        room: Any photo, behind the medium.
        rng: Source of all choices.
    """
    shown = view.image
    screen = rng.random() < 0.55
    shown = screen_tone(shown, rng) if screen else _print_tone(shown, rng)
    if rng.random() < 0.5:
        shown = augment.jpeg(shown, rng, 40, 92)
    large = rng.random() < 0.45  # the medium runs beyond the view: no edge to be seen
    seen = view.seen if large else (0, 0, SIDE, SIDE)
    framed, mask = _framed(shown, view.seen, screen, large, rng)
    light = glare(framed, rng) if rng.random() < (0.6 if screen else 0.35) else framed
    out, cover = place(light, mask, large, rng)
    if large:
        seen = _inside(seen)
    else:
        behind = part_of(room, rng)
        if rng.random() < 0.4:
            behind = np.asarray(cv2.GaussianBlur(behind, (0, 0), rng.uniform(1, 5)), np.uint8)
        soft = cv2.GaussianBlur(cover, (0, 0), 0.7)[..., None]
        out = (out * soft + behind * (1 - soft)).astype(np.uint8)
        if rng.random() < 0.45:
            out = _fingers(out, cover, rng)
    return View(_second_camera(out, screen, rng), seen, view.aspect)


def _inside(seen: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """What is surely still covered after the medium was turned: the filling of the first photo is never shown."""
    edge = 14
    left, top, right, bottom = (v if v in (0, SIDE) else (v + edge if i < 2 else v - edge) for i, v in enumerate(seen))
    return left, top, right, bottom


def screen_tone(image: Image, rng: Rng) -> Image:
    """Screens: raised blacks, cold or warm white point, gamma, more saturation."""
    x = (image.astype(np.float32) / 255) ** rng.uniform(0.75, 1.35)
    black = rng.uniform(0.0, 0.12)
    white = np.array([rng.uniform(0.9, 1.2), 1.0, rng.uniform(0.8, 1.05)], np.float32)
    x = (black + x * (1 - black)) * white * rng.uniform(0.75, 1.15)
    x = saturated(x, rng.uniform(0.8, 1.35))
    if rng.random() < 0.6:
        x = x * _grid(x.shape[0], rng)
    if rng.random() < 0.6:
        x = x * _moire(x.shape[0], rng)
    if rng.random() < 0.2:  # refresh bands
        y = np.arange(x.shape[0], dtype=np.float32)
        x = x * (1 + rng.uniform(0.03, 0.15) * np.sin(y / rng.uniform(10, 60) + rng.uniform(0, 6)))[:, None, None]
    return np.clip(x * 255, 0, 255).astype(np.uint8)


def _grid(side: int, rng: Rng) -> Float:
    """Sub-pixels as the camera half resolves them: a fine colour grid in rows, columns or a diamond layout."""
    pitch = rng.uniform(1.6, 4.5)
    depth = float(np.exp(rng.uniform(np.log(0.012), np.log(0.2))))
    angle = rng.normal(0, 0.06) + (np.pi / 4 if rng.random() < 0.25 else 0)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    u = (x * np.cos(angle) + y * np.sin(angle)) / pitch * 2 * np.pi
    v = (-x * np.sin(angle) + y * np.cos(angle)) / pitch * 2 * np.pi
    phases = np.array([0, 2.1, 4.2], np.float32) * rng.uniform(0.2, 1)
    columns = np.cos(u[..., None] + phases)
    lines = np.cos(v)[..., None] * rng.uniform(0, 1)
    return np.asarray(1 + depth * (columns * 0.6 + lines * 0.4), np.float32)


def _moire(side: int, rng: Rng) -> Float:
    """Beats between the screen's grid and the sensor's: bent coloured waves of a few to tens of pixels."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    bend_x = x + rng.normal(0, 0.15) * y**2 + rng.normal(0, 0.1) * x * y
    bend_y = y + rng.normal(0, 0.15) * x**2
    total = np.ones((side, side, 3), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        angle, waves = rng.uniform(0, np.pi), float(np.exp(rng.uniform(np.log(6), np.log(70))))
        wave = (bend_x * np.cos(angle) + bend_y * np.sin(angle)) * waves * 2 * np.pi
        tint = np.array([0, 2.1, 4.2], np.float32) * rng.uniform(0, 1)
        total += float(np.exp(rng.uniform(np.log(0.008), np.log(0.11)))) * np.cos(
            wave[..., None] + tint + rng.uniform(0, 6)
        ).astype(np.float32)
    return total


def _print_tone(image: Image, rng: Rng) -> Image:
    """Prints: less contrast and gamut, ink loss in bands, halftone dots, paper grain."""
    x = image.astype(np.float32) / 255
    low, high = rng.uniform(0.02, 0.2), rng.uniform(0.75, 1.0)
    paper = np.array([rng.uniform(0.85, 1.05), rng.uniform(0.92, 1.02), 1.0], np.float32)
    x = (low + x ** rng.uniform(0.8, 1.3) * (high - low)) * paper
    x = saturated(x, 0.0 if rng.random() < 0.12 else rng.uniform(0.5, 1.1))
    side = x.shape[0]
    if rng.random() < 0.5:
        x = x + halftone(side, rng)
    if rng.random() < 0.3:
        bands = cv2.resize(rng.normal(1, 0.05, (int(rng.integers(10, 80)), 1)).astype(np.float32), (side, side))
        x = x * (bands if rng.random() < 0.5 else bands.T)[..., None]
    if rng.random() < 0.6:
        x = x + grain(side, rng, 40) * rng.uniform(0.005, 0.03)
    return np.clip(x * 255, 0, 255).astype(np.uint8)


def saturated(x: NDArray[Any], share: float) -> NDArray[Any]:
    """The picture with its colours ``share`` times as far from grey; 0 makes it grey."""
    grey = x.mean(2, keepdims=True)
    return np.asarray(grey + (x - grey) * share)


def grain(side: int, rng: Rng, least: int) -> Float:
    """(side, side, 1) noise of unit spread whose grains are up to side / least pixels wide."""
    cells = int(rng.integers(least, side))
    noise = cv2.resize(rng.normal(0, 1, (cells, cells)).astype(np.float32), (side, side))
    return np.asarray(noise[..., None], np.float32)


def halftone(side: int, rng: Rng) -> Float:
    """Rosettes of three inks, each at its own angle."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    pitch, depth = rng.uniform(1.8, 4.0), rng.uniform(0.01, 0.08)
    channels = []
    for angle in np.radians([15, 45, 75]) + rng.normal(0, 0.05):
        u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
        channels.append(np.cos(u / pitch * 2 * np.pi) * np.cos(v / pitch * 2 * np.pi))
    return np.asarray(np.stack(channels, -1) * depth, np.float32)


def _framed(shown: Image, seen: tuple[int, int, int, int], screen: bool, large: bool, rng: Rng) -> tuple[Image, Float]:
    """The medium with its frame on a larger canvas, and where the medium is."""
    side = shown.shape[0]
    if large:
        return shown, np.ones((side, side), np.float32)
    # what of the shown picture is on the medium: at least the face
    face = side / HEIGHTS
    x0, x1 = (int(side / 2 + s * face * rng.uniform(0.5, 1.25)) for s in (-1, 1))
    y0, y1 = (int(side / 2 + s * face * rng.uniform(0.6, 1.3)) for s in (-1, 1))
    x0, y0, x1, y1 = max(x0, seen[0]), max(y0, seen[1]), min(x1, seen[2]), min(y1, seen[3])
    canvas, mask = shown.copy(), np.zeros((side, side), np.float32)
    if screen:
        edge = int(face * rng.uniform(0.03, 0.16))
        top, foot = (int(edge * rng.uniform(0.6, 3.5)) for _ in range(2))
        colour = (rng.uniform(5, 45, 3) if rng.random() < 0.8 else rng.uniform(170, 250, 3)).tolist()
        outer = (x0 - edge, y0 - top, x1 + edge, y1 + foot)
        cv2.rectangle(canvas, outer[:2], outer[2:], colour, -1)
        canvas[max(y0, 0) : y1, max(x0, 0) : x1] = shown[max(y0, 0) : y1, max(x0, 0) : x1]
        if rng.random() < 0.35:  # an app's bars
            bar = int(face * rng.uniform(0.05, 0.2))
            tone = rng.uniform(0, 255, 3).tolist()
            cv2.rectangle(canvas, (x0, y0), (x1, y0 + bar), tone, -1)
            if rng.random() < 0.5:
                cv2.rectangle(canvas, (x0, y1 - bar), (x1, y1), tone, -1)
        cv2.rectangle(mask, outer[:2], outer[2:], 1.0, -1)
    else:
        edge = int(face * rng.uniform(0.0, 0.2)) if rng.random() < 0.6 else 0
        outer = (x0 - edge, y0 - edge, x1 + edge, y1 + edge)
        cv2.rectangle(canvas, outer[:2], outer[2:], [rng.uniform(190, 250)] * 3, -1)
        canvas[max(y0, 0) : y1, max(x0, 0) : x1] = shown[max(y0, 0) : y1, max(x0, 0) : x1]
        cv2.rectangle(mask, outer[:2], outer[2:], 1.0, -1)
    return canvas, mask


def glare(image: Image, rng: Rng) -> Image:
    """Light that the flat medium throws back: a soft lamp, a window's quadrilateral, or a veil."""
    side = image.shape[0]
    layer = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, side, 2)
        if rng.random() < 0.5:
            axes = (float(rng.uniform(5, 70)), float(rng.uniform(5, 70)))
            cv2.ellipse(layer, ((float(x), float(y)), axes, float(rng.uniform(0, 180))), 1.0, -1)
        else:
            corners = np.array([x, y]) + rng.normal(0, 45, (4, 2))
            cv2.fillConvexPoly(layer, cv2.convexHull(corners.astype(np.int32)), 1.0)
    layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), rng.uniform(1.5, 25)), np.float32) * rng.uniform(20, 150)
    veil = rng.uniform(0, 30) if rng.random() < 0.4 else 0
    return np.clip(image + layer[..., None] + veil, 0, 255).astype(np.uint8)


def place(image: Image, mask: Float, large: bool, rng: Rng, tilt: float = 1) -> tuple[Image, Float]:
    """Perspective and turn (``tilt`` times the usual), size and, for paper, curl; the face stays in the middle."""
    side = image.shape[0]
    matrix = _perspective(rng, tilt, (0.95, 1.15) if large else (0.9, 1.12))
    y, x = np.mgrid[:side, :side].astype(np.float32)
    back = np.linalg.inv(matrix)
    w = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    u = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / w
    v = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / w
    if rng.random() < 0.35:  # curl
        depth, way = rng.normal(0, 9), rng.uniform(0, np.pi)
        along = ((x - side / 2) * np.cos(way) + (y - side / 2) * np.sin(way)) / side
        u, v = u + depth * along**2 * np.cos(way + 1.57), v + depth * along**2 * np.sin(way + 1.57)
    u, v = u.astype(np.float32), v.astype(np.float32)
    border = cv2.BORDER_REFLECT_101 if large else cv2.BORDER_CONSTANT
    out = cv2.remap(image, u, v, cv2.INTER_LINEAR, borderMode=border)
    cover = np.ones((side, side), np.float32) if large else cv2.remap(mask, u, v, cv2.INTER_LINEAR)
    return np.asarray(out, np.uint8), np.asarray(cover, np.float32)


def askew(view: View, rng: Rng, tilt: float = 1) -> View:
    """The view as a camera sees it that is turned as much as one before a medium is (see ``place``)."""
    matrix = _perspective(rng, tilt, (0.95, 1.15))
    image = cv2.warpPerspective(
        view.image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return View(np.asarray(image, np.uint8), _inside(view.seen), view.aspect)


def _perspective(rng: Rng, tilt: float, scales: tuple[float, float]) -> NDArray[np.float64]:
    """(3, 3) from one view to another: a little perspective and turn, ``tilt`` times the usual, and a size."""
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32)
    moved = corners + rng.normal(0, SIDE * 0.035 * tilt, (4, 2)).astype(np.float32)
    angle, scale = rng.normal(0, 5 * tilt), rng.uniform(*scales)
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, scale)
    turned = (moved @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, turned), np.float64)


def _fingers(image: Image, cover: Float, rng: Rng) -> Image:
    """A thumb or fingers over an edge of the medium."""
    out = image.copy()
    ys, xs = np.nonzero(cover > 0.5)
    if not len(xs):
        return out
    skin = np.array([95, 125, 180]) * rng.uniform(0.45, 1.25)
    for _ in range(int(rng.integers(1, 5))):
        left = rng.random() < 0.5
        x = float(xs.min() if left else xs.max())
        y = float(rng.uniform(ys.min() + (ys.max() - ys.min()) * 0.4, ys.max()))
        if rng.random() < 0.3:
            x, y = float(rng.uniform(xs.min(), xs.max())), float(ys.max())
        inward = np.array([SIDE / 2 - x, SIDE / 2 - y]) / max(np.hypot(SIDE / 2 - x, SIDE / 2 - y), 1)
        tip = np.array([x, y]) + inward * rng.uniform(4, 20)
        root = np.array([x, y]) - inward * 60 + rng.normal(0, 15, 2)
        tone = np.clip(skin + rng.normal(0, 8, 3), 0, 255).tolist()
        width = int(rng.uniform(9, 20))
        cv2.line(out, tuple(map(int, tip)), tuple(map(int, root)), tone, width, cv2.LINE_AA)
        shade = np.clip(np.array(tone) * 0.8, 0, 255).tolist()
        beside = np.array([width / 2, 0])
        cv2.line(out, tuple(map(int, tip + beside)), tuple(map(int, root + beside)), shade, 2, cv2.LINE_AA)
    return out


def _second_camera(image: Image, screen: bool, rng: Rng) -> Image:
    """Sampling, focus, light and noise of the camera that takes the attack."""
    if screen and rng.random() < 0.35:  # resampling without a filter folds the grid into moire
        small = int(SIDE * rng.uniform(0.55, 0.95))
        image = np.asarray(cv2.resize(image, (small, small), interpolation=cv2.INTER_NEAREST), np.uint8)
        image = np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.6:
        image = augment.blur(image, float(rng.uniform(0.4, 1.6)), rng)
    if rng.random() < 0.4:
        image = augment.light(image, rng, 0.8)
    return image


def part_of(room: Image, rng: Rng) -> Image:
    """A square of the photo, half of its shorter side wide or more, at the view's size."""
    height, width = room.shape[:2]
    size = int(min(height, width) * rng.uniform(0.5, 1))
    top, left = int(rng.integers(0, height - size + 1)), int(rng.integers(0, width - size + 1))
    part = room[top : top + size, left : left + size]
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
