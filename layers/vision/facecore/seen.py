"""The faces of a photo on their way to the report, and which of them count."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .align import Square
from .detector import Found, shared
from .face_net import FIVE, FaceAnswers
from .intake import Photo

# A face that the detector is not sure of is one if its logit and a part of the face net's come to enough.
SECOND_OPINION = 0.4
CERTAIN = 2.6
KNOWN = 0.99  # at least, of faces that the face net sees upright; turned far, a detector's face is mostly under it
SAME_WAY_UP = 60.0  # degrees by which its roll may differ from that of a face that the detector is sure of
TOUCHING = 0.15  # share of their union that two boxes may have in common without being taken for one face
SAME_POINTS = 0.4  # shares of the square's side by which a face's points lie apart, in the mean, if it is another face


@dataclass(slots=True)
class Seen:
    """A face on its way to the report."""

    photo: Photo
    found: Found
    square: Square
    answers: FaceAnswers | None = None
    liveness: float | None = None
    synthetic: float | None = None


def worth_a_look(faces: list[Found], most: int | None, sure: float) -> list[Found]:
    """The faces (largest first) down to the ``most``-th that the detector is sure of."""
    certain = 0
    for i, face in enumerate(faces):
        certain += face.score >= sure
        if certain == most:
            return faces[: i + 1]
    return faces


def upright(group: list[Seen], sure: float) -> list[Seen]:
    """The faces without doubtful ones that stand another way up than the largest that the detector is sure of."""
    known = next((seen.square.angle for seen in group if seen.found.score >= sure), None)
    if known is None:
        return group
    return [s for s in group if s.found.score >= sure or abs((s.square.angle - known + 180) % 360 - 180) < SAME_WAY_UP]


def believed(group: list[Seen], sure: float) -> list[Seen]:
    """The faces that count: without those that the face net, where it was asked, calls none, each face once.

    A doubtful one that is a part, or more than the whole, of one that scores higher is that one.
    """
    faces = [seen for seen in group if _certain(seen)]
    return [s for s in faces if s.found.score >= sure or not any(_same(s, other) for other in faces)]


def _same(seen: Seen, better: Seen) -> bool:
    """Whether boxes touch and points lie so near to each other's that a face is one that scores higher."""
    if seen.found.score >= better.found.score or shared(seen.found.box, better.found.box) <= TOUCHING:
        return False
    points = seen.answers.points[FIVE] if seen.answers else seen.found.points
    apart = float(np.linalg.norm(points - better.found.points, axis=1).mean())
    return apart < SAME_POINTS * better.square.side


def _certain(seen: Seen) -> bool:
    if seen.answers is None:
        return True
    return _logit(seen.found.score) + SECOND_OPINION * _logit(seen.answers.face) >= CERTAIN


def _logit(probability: float) -> float:
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))
