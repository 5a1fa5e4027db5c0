"""The face net: one pass over aligned crops gives points, pose, attributes, occlusion and blur."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .align import Array, Image, Square, cut, face_square, restore
from .exposure import WHITE_FACE, brightened
from .report import ANCESTRIES, EXPRESSIONS, FACE_TYPES, GENDERS, GLASSES, OCCLUSION_PARTS, Choice
from .sessions import Model, batched

FIVE = [21, 38, 57, 58, 62]  # eye centres, nose tip and mouth corners among the 72 points
WORTH = 0.3  # the least probability of a face at which a second look is worth its time
SOFT = 0.5  # sigma in the crop's pixels; see `softened`
MISSED_TURN = 5.0  # degrees
LOOKS = 3  # at the most
MISSED_MIDDLE = 0.07  # shares of the square's side
MISSED_SIZE = 0.2  # natural logarithm of the sides' ratio


@dataclass(frozen=True, slots=True)
class FaceAnswers:
    """What the net says about one face.

    Attributes:
        points: (72, 2) pixels of the image.
        crop: The crop that was looked at, (size, size, 3) BGR.
        crop_points: (72, 2) pixels of the crop.
        yaw: Degrees, + image right.
        pitch: Degrees, + down.
        age: Years.
        beauty: 0..100.
        gender: Over GENDERS.
        ancestry: Over ANCESTRIES.
        race: Over RACES.
        expression: Over EXPRESSIONS.
        glasses: Over GLASSES.
        face_type: Over FACE_TYPES.
        occlusion: 0..1 for each of OCCLUSION_PARTS.
        blur: 0..1.
        face: 0..1 that there is a face at all.
    """

    points: Array
    crop: Image
    crop_points: Array
    yaw: float
    pitch: float
    age: float
    beauty: float
    gender: Choice
    ancestry: Choice
    race: Choice
    expression: Choice
    glasses: Choice
    face_type: Choice
    occlusion: Mapping[str, float]
    blur: float
    face: float


class FaceNet:
    """Wraps the face model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._size = int(model.facts["side"])
        self._share = float(model.facts["share"])
        self.shape_facts: Mapping[str, Any] = model.facts["face_shape"]  # see geometry.face_shape

    def look(self, views: Sequence[tuple[Image, Square]]) -> list[FaceAnswers]:
        """Answers for many faces in one batch; each view is an image and the face's square in it.

        A face whose points show that the square missed its turn, middle or size is looked at again, through the square
        that follows from the points.
        """
        answers: dict[int, FaceAnswers] = {}
        looking = dict(enumerate(views))
        for _ in range(LOOKS):
            seen = dict(zip(looking, self._look_once(list(looking.values())), strict=True))
            answers |= seen
            looking = {
                row: (looking[row][0], better)
                for row, face in seen.items()
                if face.face >= WORTH and (better := _better(looking[row][1], face_square(face.points[FIVE])))
            }
            if not looking:
                break
        return [answers[row] for row in range(len(views))]

    def _look_once(self, views: Sequence[tuple[Image, Square]]) -> list[FaceAnswers]:
        squares = [square.scaled(self._share) for _, square in views]
        crops = [softened(cut(image, square, self._size)) for (image, _), square in zip(views, squares, strict=True)]
        out = self._model(crop=batched([brightened(crop, WHITE_FACE) for crop in crops]))
        return [self._answers(out, row, crops[row], squares[row]) for row in range(len(crops))]

    def _answers(self, out: Mapping[str, Array], row: int, crop: Image, square: Square) -> FaceAnswers:
        points = out["landmarks"][row]
        ancestry = choice(ANCESTRIES, out["ancestry"][row])
        yaw, pitch = out["pose"][row].tolist()
        return FaceAnswers(
            points=restore(points, square, self._size),
            crop=crop,
            crop_points=points,
            yaw=min(max(yaw, -90.0), 90.0),
            pitch=min(max(pitch, -90.0), 90.0),
            age=float(out["age"][row]),
            beauty=float(out["beauty"][row]),
            gender=choice(GENDERS, out["gender"][row]),
            ancestry=ancestry,
            race=race_of(ancestry),
            expression=choice(EXPRESSIONS, out["expression"][row]),
            glasses=choice(GLASSES, out["glasses"][row]),
            face_type=choice(FACE_TYPES, out["face_type"][row]),
            occlusion=dict(zip(OCCLUSION_PARTS, out["occlusion"][row].tolist(), strict=True)),
            blur=float(out["blur"][row]),
            face=float(out["face"][row]),
        )


def softened(crop: Image) -> Image:
    """A crop of the face net as the net gets it, less sharp by a hair.

    Those of large photos are many times as sharp as training's photos of known ages, and that alone changes an age.
    """
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), SOFT, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _better(given: Square, seen: Square) -> Square | None:
    """The square ``seen`` where it differs from the given one by more than training's own variations."""
    turned = abs((seen.angle - given.angle + 180) % 360 - 180)
    moved = math.hypot(seen.x - given.x, seen.y - given.y) / given.side
    scaled = abs(math.log(seen.side / given.side))
    return seen if turned > MISSED_TURN or moved > MISSED_MIDDLE or scaled > MISSED_SIZE else None


def choice(names: Sequence[str], values: NDArray[np.float32]) -> Choice:
    """Probabilities by class name."""
    return Choice(dict(zip(names, values.tolist(), strict=True)))


def race_of(ancestry: Choice) -> Choice:
    """The contracts' four classes from UTKFace's five.

    UTKFace has no Arab class: Middle Eastern faces are labelled "other" (with Hispanic and Latino ones), and "indian"
    has no counterpart among the four; both go to arabs. The face net's card says what that costs.
    """
    p = ancestry.probabilities
    return Choice({"yellow": p["asian"], "white": p["white"], "black": p["black"], "arabs": p["indian"] + p["other"]})
