"""Collects what the committed detector takes for faces in training photos that show none, and the faces there are.

The face net learns from the former to say "no face": ``make train MODEL=detector.mine``, before MODEL=face.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facecore.align import cut, face_square
from facecore.detector import Detector
from facecore.registry import Registry
from facecore.sessions import Models

from ..common.packs import BUILD, MODELS, Image
from .scenes import load_scenes, oddness, without_doubles, without_faces

FRAME = 128
LEAST = 0.12  # far below the detector's threshold: near misses teach as much
VARIANTS = 5
LEAST_FACE = 20  # pixels
PATH = BUILD / "cache" / "false_faces.npy"


def load_false_faces() -> Image:
    """The collected frames, (n, 128, 128, 3); empty when none were collected."""
    if not PATH.exists():
        return np.zeros((0, FRAME, FRAME, 3), np.uint8)
    return np.asarray(np.load(PATH))


def load_true_faces() -> tuple[list[Image], NDArray[np.float64]]:
    """The teacher's faces in the training scenes as (128, 128, 3) frames, and how often each is to be shown.

    Turned and half hidden ones come more often: those are the ones that the detector is not sure of.
    """
    frames, weights = [], []
    for scene in load_scenes("train"):
        photo = without_doubles(scene)
        odd = oddness(photo)
        for which in np.flatnonzero(photo.sure):
            if (photo.boxes[which, 2:] - photo.boxes[which, :2]).max() >= LEAST_FACE:
                frames.append(cut(photo.image, face_square(photo.points[which]), FRAME))
                weights.append(1 + 4 * min(1.0, float(odd[which]) / 0.4))
    return frames, np.array(weights)


def mine() -> int:
    """Runs the detector over photos without faces and photos whose faces were painted over; returns the count."""
    finder = Detector(Models(Registry(MODELS), 1)["detector"])
    finder.threshold = LEAST
    scenes = load_scenes("train")
    empty = [scene for scene in scenes if not len(scene.boxes)]
    rng = np.random.default_rng(31)
    frames: list[Image] = []
    for scene in tqdm(empty * VARIANTS + scenes, desc="mine", disable=None):
        photo = scene if not len(scene.boxes) else without_faces(scene, rng, empty)
        image = _varied(photo.image, rng)
        for found in finder.find([image])[0][:4]:
            frames.append(cut(image, face_square(found.points), FRAME))
    PATH.parent.mkdir(parents=True, exist_ok=True)
    np.save(PATH, np.stack(frames) if frames else np.zeros((0, FRAME, FRAME, 3), np.uint8))
    return len(frames)


def _varied(image: Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = int(min(height, width) * rng.uniform(0.4, 1))
    top, left = int(rng.integers(0, height - size + 1)), int(rng.integers(0, width - size + 1))
    part = image[top : top + size, left : left + size] if rng.random() < 0.6 else image
    if rng.random() < 0.5:
        part = part[:, ::-1]
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(3.2))))  # large photos are looked at more closely
    return np.asarray(cv2.resize(np.ascontiguousarray(part), None, fx=scale, fy=scale), np.uint8)


if __name__ == "__main__":
    print(mine(), "false faces")
