"""The face report: everything facecore says about one photo.

All types are frozen and slotted. Every number states its unit, its range and its sign. "Left" in a name is
the subject's left (which is image right); "image left" is said where the image is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

GENDERS = ("male", "female")
RACES = ("yellow", "white", "black", "arabs")
ANCESTRIES = ("white", "black", "asian", "indian", "other")
EXPRESSIONS = ("none", "smile", "laugh")
GLASSES = ("none", "common", "sun")
FACE_SHAPES = ("square", "triangle", "oval", "heart", "round")
FACE_TYPES = ("human", "cartoon")
OCCLUSION_PARTS = ("left_eye", "right_eye", "nose", "mouth", "left_cheek", "right_cheek", "chin")


class Field(StrEnum):
    """What a caller may ask of a report. Box and probability always come."""

    POSE = "pose"
    LANDMARKS = "landmarks"
    AGE = "age"
    BEAUTY = "beauty"
    GENDER = "gender"
    RACE = "race"
    EXPRESSION = "expression"
    GLASSES = "glasses"
    FACE_SHAPE = "face_shape"
    FACE_TYPE = "face_type"
    QUALITY = "quality"
    LIVENESS = "liveness"
    SYNTHETIC = "synthetic"


ALL: frozenset[Field] = frozenset(Field)


@dataclass(frozen=True, slots=True)
class Box:
    """A face's place in the upright image: the part of it that the photo shows.

    Attributes:
        left: Pixels from the image's left border, >= 0.
        top: Pixels from the image's top border, >= 0.
        width: Pixels, > 0.
        height: Pixels, > 0.
        rotation: Degrees, clockwise positive, [-180, 180].
    """

    left: float
    top: float
    width: float
    height: float
    rotation: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Head rotation in degrees.

    Attributes:
        yaw: [-90, 90], negative towards image left, positive towards image right.
        pitch: [-90, 90], negative up, positive down.
        roll: [-180, 180], negative anticlockwise, positive clockwise, as seen in the image.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A classification: a probability in [0, 1] for every class, summing to 1."""

    probabilities: Mapping[str, float]

    @property
    def type(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def probability(self) -> float:
        """The probability of the most probable class, (0, 1]."""
        return self.probabilities[self.type]


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable the face is.

    Attributes:
        blur: 0 sharp .. 1 blurred.
        illumination: 0 .. 255, mean BT.601 luma of the face region.
        completeness: 1 the whole face is inside the image, 0 it runs over the border.
        occlusion: For each of OCCLUSION_PARTS, 0 free .. 1 covered.
    """

    blur: float
    illumination: float
    completeness: int
    occlusion: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Face:
    """One face. A field that was not asked for is None.

    Attributes:
        box: Where the face is.
        probability: 0 .. 1 that this is a face.
        pose: Head rotation.
        landmarks: 72 (x, y) points in pixels of the upright image, in the order of docs/landmarks.md.
        age: Years, 0 .. 120.
        beauty: 0 .. 100, the mean of many raters' opinion as learned; higher is more.
        gender: Over GENDERS.
        race: Over RACES.
        ancestry: Over ANCESTRIES, the five groups that ``race`` is derived from.
        expression: Over EXPRESSIONS.
        glasses: Over GLASSES.
        face_shape: Over FACE_SHAPES.
        face_type: Over FACE_TYPES.
        quality: See Quality.
        liveness: 0 attack .. 1 live, calibrated: 0.05, 0.3 and 0.9 are the thresholds at which 1e-4, 1e-3
            and 1e-2 of live faces are refused.
        synthetic: 0 real .. 1 synthetic, calibrated so that 0.00048 is the recommended threshold.
    """

    box: Box
    probability: float
    pose: Pose | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None
    age: float | None = None
    beauty: float | None = None
    gender: Choice | None = None
    race: Choice | None = None
    ancestry: Choice | None = None
    expression: Choice | None = None
    glasses: Choice | None = None
    face_shape: Choice | None = None
    face_type: Choice | None = None
    quality: Quality | None = None
    liveness: float | None = None
    synthetic: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The face as plain JSON types; fields that were not asked for are left out."""
        body: dict[str, Any] = {
            "box": _plain(self.box, ("left", "top", "width", "height", "rotation")),
            "probability": self.probability,
        }
        if self.pose is not None:
            body["pose"] = _plain(self.pose, ("yaw", "pitch", "roll"))
        if self.landmarks is not None:
            body["landmarks"] = [[x, y] for x, y in self.landmarks]
        for name in ("age", "beauty", "liveness", "synthetic"):
            if (number := getattr(self, name)) is not None:
                body[name] = number
        for name in _CHOICES:
            if (choice := getattr(self, name)) is not None:
                body[name] = dict(choice.probabilities)
        if self.quality is not None:
            body["quality"] = _plain(self.quality, ("blur", "illumination", "completeness")) | {
                "occlusion": dict(self.quality.occlusion)
            }
        return body

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Face:
        """The inverse of as_dict.

        Raises:
            KeyError: A part of a present field is missing.
        """
        choices: dict[str, Any] = {name: Choice(dict(body[name])) for name in _CHOICES if name in body}
        numbers = {name: body[name] for name in ("age", "beauty", "liveness", "synthetic") if name in body}
        return cls(
            box=Box(**body["box"]),
            probability=body["probability"],
            pose=Pose(**body["pose"]) if "pose" in body else None,
            landmarks=tuple((x, y) for x, y in body["landmarks"]) if "landmarks" in body else None,
            quality=Quality(**body["quality"]) if "quality" in body else None,
            **choices,
            **numbers,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What is in one photo.

    Attributes:
        width: Pixels of the upright image (after EXIF orientation).
        height: Pixels of the upright image.
        faces: Largest first, at least one.
    """

    width: int
    height: int
    faces: tuple[Face, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return {"width": self.width, "height": self.height, "faces": [face.as_dict() for face in self.faces]}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Report:
        """The inverse of as_dict.

        Raises:
            KeyError: A part is missing.
        """
        return cls(body["width"], body["height"], tuple(Face.from_dict(face) for face in body["faces"]))


_CHOICES = ("gender", "race", "ancestry", "expression", "glasses", "face_shape", "face_type")


def _plain(part: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(part, name) for name in names}
