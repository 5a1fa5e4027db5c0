"""What the face net learns to tell apart: what the detector finds and is not sure of, by the teacher's boxes."""

from __future__ import annotations

import numpy as np
import pytest

from facecore.detector import Detector
from facecore.exposure import WHITE_FACE
from facecore.face_net import FaceNet
from tests.unit.facecore.kit import Fakes, blue_patches, blue_photo, detector_model
from training.detector.scenes import Photo
from training.face.doubtful import collected

PATCHES = [(20, 30, 60, 80, 100), (160, 20, 90, 120, 50), (200, 170, 50, 60, 150)]


def photo(boxes: list[tuple[int, int, int, int]], sure: list[bool]) -> Photo:
    """Three blue patches, and where the teacher sees faces."""
    points = np.zeros((len(boxes), 5, 2), np.float32)
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    return Photo(blue_photo(*PATCHES), corners, points, np.array(sure, bool))


def nets(score: float) -> tuple[Detector, FaceNet]:
    """A detector to which every patch is a face with this score, and a face net."""
    detector = Detector(detector_model(lambda canvas: blue_patches(canvas, score=score)))
    return detector, FaceNet(Fakes().models["face"])


def test_what_the_teacher_sees_is_a_face_and_what_it_half_sees_is_left_out() -> None:
    shown = photo([(22, 30, 80, 108), (160, 20, 200, 140)], [True, True])  # the second box shares 0.44 with its patch
    found = collected([shown, photo([], [])], *nets(0.6))
    assert found.crops.shape == (5, 112, 112, 3)
    assert sorted(found.faces[:2]) == [False, True]
    assert not found.faces[2:].any(), "nobody is in the second photo"
    assert found.scores == pytest.approx(np.log(0.6 / 0.4), abs=1e-3)
    face = found.crops[:2][found.faces[:2]][0]
    assert abs(int(face[56, 56, 1]) - 100) < 3, "the crop is the face's"


def test_what_the_teacher_is_not_sure_of_is_left_out() -> None:
    shown = photo([(20, 30, 80, 110)], [False])
    assert len(collected([shown], *nets(0.6)).faces) == 2


def test_what_the_detector_is_sure_of_is_not_asked_about() -> None:
    with pytest.raises(ValueError, match="at least one"):
        collected([photo([], [])], *nets(0.9))


def test_dark_crops_are_as_bright_as_facecore_makes_them() -> None:
    dark = photo([], [])
    dark.image //= 10
    detector = Detector(detector_model(lambda canvas: [(*PATCHES[0][:4], 0.6)]))
    (crop,) = collected([dark], detector, nets(0.6)[1]).crops
    assert crop[56, 56].tolist() == pytest.approx([WHITE_FACE, WHITE_FACE * 100 / 255, 0], abs=3)
