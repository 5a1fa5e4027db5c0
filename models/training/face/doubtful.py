"""What the detector is not sure of in training scenes: faces, and what looks like one to it.

The face net is asked about these alone, and the crops that it learns from otherwise are not like them: they are small,
covered, turned away or no face at all, and it is the detector that chose them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facecore.align import face_square
from facecore.detector import Detector
from facecore.exposure import WHITE_FACE, brightened
from facecore.face_net import FaceNet
from facecore.registry import Registry
from facecore.sessions import Models

from ..common.packs import MODELS, Image
from ..detector.crowds import enlarged, every_crowd, laid
from ..detector.figures import corners, overlaps
from ..detector.scenes import Photo, load_scenes
from .labels import load_faces

LEAST = 0.3  # of the scores, under what facecore looks at: there are more to learn from
SEEDS = 1, 2  # of the crowds
PORTRAIT = np.array([[27, 5, 100, 107]], np.float32)  # where a face is in the face pack: the detector's median box
THREADS = 2


@dataclass(frozen=True, slots=True)
class Doubtful:
    """What the detector is not sure of.

    Attributes:
        crops: (n, side, side, 3), as the face net looks at them last, brightened if dark.
        scores: (n,) logits of the detector's scores.
        faces: (n,) whether the teacher sees a face there; what it half sees is left out.
    """

    crops: Image
    scores: NDArray[np.float32]
    faces: NDArray[np.bool_]


def look_for_doubtful() -> Doubtful:
    """What the committed detector is not sure of in training scenes, as they are and at 1280 pixels, and portraits."""
    models = Models(Registry(MODELS), THREADS)
    detector, net = Detector(models["detector"]), FaceNet(models["face"])
    detector.threshold = LEAST
    return collected(tqdm(_photos(), desc="look for doubtful faces", disable=None), detector, net)


def collected(photos: Iterable[Photo], detector: Detector, net: FaceNet) -> Doubtful:
    """What a detector finds over its threshold and is not sure of; there must be something."""
    crops: list[Image] = []
    scores: list[float] = []
    faces: list[bool] = []
    for photo in photos:
        found = [face for face in detector.find([photo.image])[0] if face.score < detector.sure]
        looked = net.look([(photo.image, face_square(face.points)) for face in found]) if found else []
        for face, answers in zip(found, looked, strict=True):
            overlap = overlaps(corners(face.box, photo.image), photo.boxes)
            best = int(overlap.argmax()) if len(overlap) else -1
            shared = float(overlap[best]) if len(overlap) else 0.0
            if (shared >= 0.5 and photo.sure[best]) or shared < 0.3:
                crops.append(brightened(answers.crop, WHITE_FACE))
                scores.append(math.log(face.score / (1 - face.score)))
                faces.append(shared >= 0.5)
    return Doubtful(np.stack(crops), np.array(scores, np.float32), np.array(faces))


def _photos() -> Iterator[Photo]:
    scenes = load_scenes("train")
    large = (enlarged(scene) for scene in scenes if not len(scene.boxes))  # one by one: all would take gigabytes
    crowds = (photo for seed in SEEDS for photo in every_crowd(scenes, seed))
    return chain(scenes, large, crowds, laid(scenes), _portraits())


def _portraits() -> Iterator[Photo]:
    """The face pack's training photos, which end close around one face that is in the same place in all."""
    pixels, labels = load_faces()
    points, sure = np.zeros((1, 5, 2), np.float32), np.ones(1, np.bool_)
    for row in np.flatnonzero(~labels.val):
        yield Photo(np.array(pixels[row]), PORTRAIT, points, sure)
