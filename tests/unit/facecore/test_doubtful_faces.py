"""Faces that the detector is not sure of: the face net is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facecore import Analyzer
from facecore.align import Square
from facecore.detector import Found
from facecore.errors import NoFace
from facecore.intake import Photo
from facecore.report import Field
from facecore.seen import Seen, upright
from tests.unit.facecore.kit import NOT_A_FACE, Fakes, Pixels, blue_patches, blue_photo, detector_model, png


@pytest.fixture
def analyzer(faked: Analyzer) -> Analyzer:
    return faked


@pytest.fixture
def unsure(fakes: Fakes) -> None:
    fakes.models["detector"] = detector_model(lambda canvas: blue_patches(canvas, score=0.6))


TWO = blue_photo((20, 30, 60, 80, 100), (160, 20, 90, 120, NOT_A_FACE))


def test_the_face_net_confirms_what_the_detector_is_not_sure_of(analyzer: Analyzer, unsure: None) -> None:
    (face,) = analyzer.analyse(png(TWO), frozenset({Field.LIVENESS})).faces
    assert face.box.width == pytest.approx(60, abs=2)
    assert face.age is None
    assert analyzer.loaded == ("detector", "face", "liveness")


def test_the_largest_confirmed_face_is_the_one_reported(analyzer: Analyzer, unsure: None) -> None:
    (face,) = analyzer.analyse(png(TWO), faces=1).faces
    assert face.box.width == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    ("score", "face", "count"),
    [
        (0.79, 0.01, 0),
        (0.75, 0.7, 0),
        (0.75, 0.95, 0),
        (0.75, 0.98, 1),
        (0.51, 0.98, 0),
        (0.51, 0.997, 0),
        (0.51, 0.9985, 1),
        (0.79, 0.0, 0),
        (0.51, 1.0, 1),
    ],
)
def test_both_nets_together_decide_on_a_doubtful_face(
    analyzer: Analyzer, fakes: Fakes, score: float, face: float, count: int
) -> None:
    fakes.models["detector"] = detector_model(lambda canvas: blue_patches(canvas, score=score))
    run = fakes.models["face"].run
    fakes.models["face"].run = lambda **inputs: {**run(**inputs), "face": np.array([face], np.float32)}
    assert len(analyzer.locate(blue_photo((20, 30, 60, 80, 100)))) == count


@pytest.mark.parametrize(("angle", "count"), [(59, 2), (-59, 2), (62, 1), (-90, 1), (180, 1)])
@pytest.mark.parametrize("lean", [0, 170, -100])
def test_a_doubtful_face_stands_the_same_way_up_as_a_sure_one(angle: float, lean: float, count: int) -> None:
    def seen(turned: float, score: float) -> Seen:
        photo = Photo(TWO, TWO.shape[1], TWO.shape[0], 1.0)
        turn = (turned + 180) % 360 - 180
        found = Found(np.zeros(4, np.float32), np.zeros((5, 2), np.float32), score)
        return Seen(photo, found, Square(50, 50, 40, turn))

    doubtful, sure = seen(lean + angle, 0.7), seen(lean, 0.9)
    assert len(upright([doubtful, sure], 0.8)) == count
    assert len(upright([doubtful, seen(lean, 0.7)], 0.8)) == 2, "nobody knows which way is up"
    assert len(upright([seen(lean + angle, 0.9), sure], 0.8)) == 2


def test_a_photo_of_refused_faces_only_has_none(analyzer: Analyzer, unsure: None) -> None:
    with pytest.raises(NoFace):
        analyzer.analyse(png(blue_photo((160, 20, 90, 120, NOT_A_FACE))))


def test_a_sure_face_is_not_asked_about(analyzer: Analyzer) -> None:
    assert len(analyzer.analyse(png(TWO), frozenset()).faces) == 2
    assert analyzer.loaded == ("detector",)


def test_locating_gives_the_confirmed_faces(analyzer: Analyzer, unsure: None) -> None:
    (found,) = analyzer.locate(TWO)
    assert found.points.shape == (5, 2)


# ---- boxes that touch


def overlapping(fakes: Fakes, second: tuple[float, float, float, float, float]) -> None:
    """A detector that is sure of a face, and sees a second one."""
    first = (60.0, 60.0, 80.0, 100.0, 0.95)
    fakes.models["detector"] = detector_model(lambda canvas: [first, second])


def points_at(fakes: Fakes, where: tuple[float, float]) -> None:
    """Has the face net see every face's points about a place of its crop, in shares of the crop's side."""
    run = fakes.models["face"].run

    def look(crop: Pixels) -> dict[str, Any]:
        out = dict(run(crop=crop))
        middle = np.array(where) * crop.shape[1]
        points = (out["landmarks"] - out["landmarks"].mean(1, keepdims=True)) * 0.9 + middle
        return out | {"landmarks": points.astype(np.float32)}

    fakes.models["face"].run = look


CANVAS = np.full((256, 256, 3), (0, 150, 0), np.uint8)


@pytest.mark.parametrize(
    ("second", "count"),
    [
        ((45.0, 45.0, 70.0, 80.0, 0.7), 1),  # a part of the first
        ((45.0, 45.0, 70.0, 80.0, 0.85), 2),  # one that the detector is sure of
        ((125.0, 60.0, 80.0, 100.0, 0.7), 2),  # beside it
    ],
)
def test_a_doubtful_face_about_a_surer_ones_points_is_that_one(
    analyzer: Analyzer, fakes: Fakes, second: tuple[float, float, float, float, float], count: int
) -> None:
    overlapping(fakes, second)
    assert len(analyzer.locate(CANVAS)) == count
    assert len(analyzer.locate(CANVAS, 1)) == 1


def test_one_that_has_points_of_its_own_is_another(analyzer: Analyzer, fakes: Fakes) -> None:
    overlapping(fakes, (115.0, 60.0, 80.0, 100.0, 0.7))
    assert len(analyzer.locate(CANVAS)) == 2
    points_at(fakes, (0.3, 0.5))
    assert len(analyzer.locate(CANVAS)) == 1, "its points are about the first one's"


def test_the_largest_face_is_no_doubtful_copy_of_a_surer_one(analyzer: Analyzer, fakes: Fakes) -> None:
    overlapping(fakes, (40.0, 30.0, 115.0, 140.0, 0.7))
    (found,) = analyzer.locate(CANVAS, 1)
    assert found.score == pytest.approx(0.95)
