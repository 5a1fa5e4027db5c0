"""Training pictures for the detector: scenes, face crops and attack photos laid over each other at random sizes.

A picture is a canvas of SIDE pixels: a background (plain, a photo without faces, or a scene with its faces) and up to
three foregrounds whose face is scaled to a size drawn log-uniformly, or a crowd of small ones, all turned by a random
angle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common import augment
from ..common.packs import Image, images, listed, number, points, rows, stacked

SIDE = 320
SURE, SEEN = 0.6, 0.35
SIZES = (11, 330)  # pixels of a foreground's face
CROWD = (4, 15)  # foregrounds of a crowd, from and below
CROWDED = (11, 64)  # pixels of their faces
# Where the five points of the mean training face lie, from the box's middle in shares of its width and height.
FRONTAL = np.array([[-0.22, -0.12], [0.22, -0.12], [0.01, 0.1], [-0.19, 0.25], [0.2, 0.24]], np.float32)

Array = NDArray[np.float32]
_NOBODY = np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, bool)


@dataclass(slots=True)
class Photo:
    """A picture with its faces.

    Attributes:
        image: BGR.
        boxes: (n, 4) left, top, right, bottom, pixels.
        points: (n, 5, 2) pixels.
        sure: (n,) False where training shall look away.
    """

    image: Image
    boxes: Array
    points: Array
    sure: NDArray[np.bool_]


def shows_nobody(row: dict[str, str]) -> bool:
    """Whether a scene is one without faces; one of a set of faces in which the teacher sees none is not."""
    return row["faces"] == "[]" and row["set"] == "imagenet"


def load_scenes(split: str) -> list[Photo]:
    """The scenes of a split with the teacher's faces; where it missed the only one, all of the photo is not sure."""
    table = rows("scenes")
    chosen = [i for i, row in enumerate(table) if row["split"] == split]
    found = []
    for i, image in zip(chosen, images("scenes", [table[i]["file"] for i in chosen]), strict=True):
        faces = np.array(json.loads(table[i]["faces"]), np.float32).reshape(-1, 15)
        if not len(faces) and not shows_nobody(table[i]):
            faces = np.array([[0, 0, *image.shape[1::-1], *[0] * 11]], np.float32)
        boxes = faces[:, :4].copy()
        boxes[:, 2:] += boxes[:, :2]
        found.append(Photo(image, boxes, faces[:, 4:14].reshape(-1, 5, 2), faces[:, 14] >= SURE))
    return found


def doubled(boxes: Array) -> NDArray[np.bool_]:
    """Which boxes (n, 4) hold the middle of another that holds theirs: the teacher boxed one face twice, (n,)."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    holds = np.asarray(((middle[None] > boxes[:, None, :2]) & (middle[None] < boxes[:, None, 2:])).all(2))
    return np.asarray((holds & holds.T).sum(1) > 1)  # every box holds its own middle


def without_doubles(photo: Photo) -> Photo:
    """The photo, its twice boxed faces to be looked away from: one of the two boxes is wrong, often the surer one."""
    return Photo(photo.image, photo.boxes, photo.points, photo.sure & ~doubled(photo.boxes))


def fit_box(scenes: list[Photo]) -> Array:
    """Least squares from five points to the teacher's box: (8, 4), see ``points_to_box``."""
    p = np.concatenate([s.points[s.sure] for s in scenes])
    b = np.concatenate([s.boxes[s.sure] for s in scenes])
    middle, unit, inputs = _frame(p)
    upright = np.abs(p[:, 1, 1] - p[:, 0, 1]) < 0.25 * unit
    target = (b.reshape(-1, 2, 2) - middle[:, None]).reshape(-1, 4) / unit[:, None]
    solution, *_ = np.linalg.lstsq(inputs[upright], target[upright], rcond=None)
    return np.asarray(solution, np.float32)


def points_to_box(p: Array, fit: Array) -> Array:
    """Boxes (n, 4) of upright faces from their five points (n, 5, 2)."""
    middle, unit, inputs = _frame(p)
    return np.asarray((inputs @ fit) * unit[:, None] + np.tile(middle, 2), np.float32)


def _frame(p: Array) -> tuple[Array, Array, Array]:
    middle = p.mean(1)
    eyes, mouth = p[:, :2].mean(1), p[:, 3:].mean(1)
    unit = np.maximum(np.linalg.norm(mouth - eyes, axis=1), np.linalg.norm(p[:, 1] - p[:, 0], axis=1))
    rest = (p - middle[:, None]) / unit[:, None, None]
    nose = rest[:, 2]
    wide, high = np.ptp(rest[:, :, 0], 1), np.ptp(rest[:, :, 1], 1)
    return (
        middle,
        unit,
        np.stack([np.ones(len(p)), nose[:, 0], nose[:, 1], wide, high, np.abs(nose[:, 0])], 1).astype(np.float32),
    )


def load_crops(fit: Array) -> list[Photo]:
    """Face crops of the training split (drawn ones too) and attack photos, each with its one face."""
    table = rows("faces")
    pixels = stacked("faces", 128)
    rng = np.random.default_rng(3)
    found = []
    most = {
        "utk": 2500,
        "scut": 500,
        "amls": 1500,
        "anime": 1668,
        "cartoon": 850,
        "hardfake": 424,
        "shape": 270,
        "ffhq": 223,
    }
    for name, count in most.items():
        index = [i for i, r in enumerate(table) if r["set"] == name and r["split"] == "train" and r["kps"]]
        index = [i for i in index if trusted(table[i])]
        for i in rng.permutation(index)[:count]:
            p = points(table[i]["kps"])[None]
            # the outer part of a crop may be repeated border pixels
            found.append(_cut(np.array(pixels[i]), p, points_to_box(p, fit), 0.10 if name == "utk" else 0.0))
    for row, image in zip(rows("spoof"), listed("spoof"), strict=True):
        if row["split"] == "train":
            box = points(row["box"]).reshape(1, 4)
            box[:, 2:] += box[:, :2]
            found.append(Photo(image, box, points(row["kps"])[None], np.ones(1, bool)))
    return found


def trusted(row: dict[str, str]) -> bool:
    """Whether a crop's points can be trusted; drawn faces have no presence score."""
    return row["cartoon"] == "1" or not (number(row["mesh_score"]) < 0.9)


def _cut(image: Image, p: Array, box: Array, share: float) -> Photo:
    edge = int(share * image.shape[0])
    inner = image[edge : image.shape[0] - edge, edge : image.shape[1] - edge]
    return Photo(inner, box - edge, p - edge, np.ones(1, bool))


class Canvas:
    """Draws training pictures; ``crowds`` is the share of those with many small faces."""

    def __init__(self, scenes: list[Photo], crops: list[Photo], lures: Image, crowds: float = 0.0) -> None:
        self.scenes = scenes
        self.crops = crops
        self.lures = lures
        self.faced = [s for s in scenes if s.sure.any()]
        hard = np.array([1 + 5 * min(1.0, float(oddness(s)[s.sure].max()) / 0.4) for s in self.faced])
        self.chances = np.cumsum(hard / hard.sum())
        self.empty = [s for s in scenes if not len(s.boxes)]
        self.crowds = crowds

    def draw(self, rng: np.random.Generator) -> Photo:
        """One picture of SIDE x SIDE with its faces."""
        photo = self._background(rng)
        crowd = rng.random() < self.crowds
        count = int(rng.integers(*CROWD) if crowd else rng.choice([0, 1, 2, 3], p=[0.28, 0.47, 0.15, 0.1]))
        sizes = CROWDED if crowd else SIZES
        for _ in range(count):
            if rng.random() < (0.1 if crowd else 0.4):
                photo = self._distract(photo, rng)
            if rng.random() < 0.62:
                which = min(int(np.searchsorted(self.chances, rng.random())), len(self.faced) - 1)
                photo = self._lay(photo, self.faced[which], sizes, rng)
            else:
                photo = self._lay(photo, self.crops[int(rng.integers(len(self.crops)))], sizes, rng)
        photo = _turn(photo, rng)
        return _photometric(photo, rng)

    def _background(self, rng: np.random.Generator) -> Photo:
        kind = rng.random()
        if kind < 0.08:
            plain = np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)
            return Photo(plain, *_NOBODY)
        source = self.empty if kind < 0.4 else self.scenes
        photo = source[int(rng.integers(len(source)))]
        if kind > 0.9:
            photo = without_faces(photo, rng, self.empty)
        short = min(photo.image.shape[:2])
        scale = SIDE / short * float(np.exp(rng.uniform(0, 0.7 if len(photo.boxes) else 1.4)))
        return _warp(photo, scale, rng, SIDE)

    def _distract(self, under: Photo, rng: np.random.Generator) -> Photo:
        """Lays a piece of a photo without faces over it, so that a pasted rectangle does not stand for a face.

        Half of the pieces are what an earlier detector took for faces (``mine``), if that was collected.
        """
        if len(self.lures) and rng.random() < 0.5:
            source = np.array(self.lures[int(rng.integers(len(self.lures)))])
        else:
            source = self.empty[int(rng.integers(len(self.empty)))].image
        w, h = (int(v) for v in np.exp(rng.uniform(np.log(16), np.log(200), 2)))
        scale = max(w / source.shape[1], h / source.shape[0], 0.5)
        piece = _warp(Photo(source, *_NOBODY), scale, rng, max(w, h)).image[:h, :w]
        left, top = int(rng.integers(0, SIDE - w)), int(rng.integers(0, SIDE - h))
        cover = np.array([left, top, left + w, top + h])
        canvas = under.image.copy()
        canvas[top : top + h, left : left + w] = piece
        hidden = _hidden(under.boxes, cover)
        keep = hidden < 0.8
        return Photo(canvas, under.boxes[keep], under.points[keep], (under.sure & (hidden < 0.3))[keep])

    def _lay(self, under: Photo, over: Photo, sizes: tuple[int, int], rng: np.random.Generator) -> Photo:
        which = int(rng.choice(np.flatnonzero(over.sure)))
        size = float(np.ptp(over.boxes[which].reshape(2, 2), 0).max())
        wanted = float(np.exp(rng.uniform(*np.log(sizes))))
        scale = min(wanted / size, 3.2)
        height, width = over.image.shape[:2]
        w, h = max(4, round(width * scale)), max(4, round(height * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        image = cv2.resize(over.image, (w, h), interpolation=way)
        middle = over.boxes[which].reshape(2, 2).mean(0) * scale
        spot = rng.uniform(0.08, 0.92, 2) * SIDE if wanted < 200 else rng.uniform(0.35, 0.65, 2) * SIDE
        left, top = (int(v) for v in spot - middle)
        canvas = under.image.copy()
        x0, y0, x1, y1 = max(0, left), max(0, top), min(SIDE, left + w), min(SIDE, top + h)
        if x1 - x0 < 4 or y1 - y0 < 4:
            return under
        canvas[y0:y1, x0:x1] = image[y0 - top : y1 - top, x0 - left : x1 - left]
        kept = _hidden(under.boxes, np.array([x0, y0, x1, y1])) < 0.3
        gone = ~kept & (_hidden(under.boxes, np.array([x0, y0, x1, y1])) < 0.8)
        sure = under.sure.copy()
        sure[gone] = False
        keep = kept | gone
        move = np.array([left, top], np.float32)
        return Photo(
            canvas,
            np.concatenate([under.boxes[keep], over.boxes * scale + np.tile(move, 2)]).astype(np.float32),
            np.concatenate([under.points[keep], over.points * scale + move]).astype(np.float32),
            np.concatenate([sure[keep], over.sure]),
        )


def oddness(photo: Photo) -> Array:
    """How far each face's points lie from a frontal face's, in shares of its box (n,): turned, tilted, half hidden."""
    sides = np.maximum(photo.boxes[:, 2:] - photo.boxes[:, :2], 1)
    place = (photo.points - (photo.boxes[:, None, :2] + photo.boxes[:, None, 2:]) / 2) / sides[:, None]
    return np.asarray(np.abs(place - FRONTAL).max(axis=(1, 2)), np.float32)


def _hidden(boxes: Array, cover: Array) -> Array:
    """Share of each box under ``cover``."""
    if not len(boxes):
        return np.zeros(0, np.float32)
    near = np.maximum(boxes[:, :2], cover[:2])
    far = np.minimum(boxes[:, 2:], cover[2:])
    area = np.clip(far - near, 0, None).prod(1)
    return np.asarray(area / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1), np.float32)


def without_faces(photo: Photo, rng: np.random.Generator, empty: list[Photo]) -> Photo:
    """The photo with every face painted over by texture: bodies and rooms without faces are negatives."""
    image = photo.image.copy()
    for box in photo.boxes:
        grow = 0.2 * (box[2:] - box[:2])
        x0, y0 = np.maximum(box[:2] - grow, 0).astype(int)
        x1, y1 = np.minimum(box[2:] + grow, image.shape[1::-1]).astype(int)
        if x1 > x0 and y1 > y0:
            texture = empty[int(rng.integers(len(empty)))].image
            image[y0:y1, x0:x1] = cv2.resize(texture, (int(x1 - x0), int(y1 - y0)))
    return Photo(image, photo.boxes[:0], photo.points[:0], photo.sure[:0])


def _warp(photo: Photo, scale: float, rng: np.random.Generator, side: int) -> Photo:
    height, width = photo.image.shape[:2]
    w, h = max(side, round(width * scale)), max(side, round(height * scale))
    scale_x, scale_y = w / width, h / height
    image = cv2.resize(photo.image, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = int(rng.integers(0, w - side + 1)), int(rng.integers(0, h - side + 1))
    s, m = np.array([scale_x, scale_y], np.float32), np.array([left, top], np.float32)
    boxes, p = photo.boxes * np.tile(s, 2) - np.tile(m, 2), photo.points * s - m
    return Photo(np.array(image[top : top + side, left : left + side]), boxes, p, photo.sure.copy())


def _turn(photo: Photo, rng: np.random.Generator) -> Photo:
    """Mirrors and turns; a turned face's box is that of the ellipse in its old box."""
    image, boxes, p = photo.image, photo.boxes, photo.points
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes = boxes[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (SIDE, 0, SIDE, 0)
        p = (p * (-1, 1) + (SIDE, 0))[:, [1, 0, 2, 4, 3]]
    chance = rng.random()
    if chance < 0.38:
        return Photo(np.ascontiguousarray(image), np.asarray(boxes, np.float32), np.asarray(p, np.float32), photo.sure)
    if chance < 0.82:
        angle = rng.normal(0, 15)
    else:
        angle = rng.uniform(-70, 70) if chance < 0.93 else rng.choice([90, 180, 270]) + rng.normal(0, 8)
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, 1.0)
    way = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    drawn = matrix.copy()  # labels count from pixels' edges, warpAffine from their centres
    drawn[:, 2] = drawn[:, 2] + matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    rotated = cv2.warpAffine(np.ascontiguousarray(image), drawn, (SIDE, SIDE), borderMode=way)
    middle = (boxes.reshape(-1, 2, 2).mean(1) @ matrix[:, :2].T) + matrix[:, 2]
    size = boxes[:, 2:] - boxes[:, :2]
    c, s = abs(np.cos(np.radians(angle))), abs(np.sin(np.radians(angle)))
    turned = np.stack([np.hypot(size[:, 0] * c, size[:, 1] * s), np.hypot(size[:, 0] * s, size[:, 1] * c)], 1)
    p = p @ matrix[:, :2].T + matrix[:, 2]
    boxes = np.concatenate([middle - turned / 2, middle + turned / 2], 1)
    return Photo(np.asarray(rotated, np.uint8), boxes.astype(np.float32), p.astype(np.float32), photo.sure)


def _photometric(photo: Photo, rng: np.random.Generator) -> Photo:
    image = photo.image
    if rng.random() < 0.6:
        image = augment.light(image, rng)
    if rng.random() < 0.15:
        image = augment.shade(image, rng)
    if rng.random() < 0.2:
        image = augment.soften(image, rng, 2.5)
    if rng.random() < 0.2:
        image = augment.noise(image, rng, 16)
    if rng.random() < 0.3:
        image = augment.jpeg(image, rng)
    return Photo(image, photo.boxes, photo.points, photo.sure)
