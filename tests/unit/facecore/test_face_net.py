from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecore.align import Square, cut
from facecore.face_net import FaceAnswers, FaceNet, choice, race_of, softened
from facecore.report import ANCESTRIES, FACE_TYPES, OCCLUSION_PARTS, RACES
from tests.unit.facecore.kit import FACE_SHAPE, FakeModel, Pixels, drawn_points, face_run, moved

FACTS = {"side": 112, "share": 0.86, "face_shape": FACE_SHAPE}


def a_face(green: int, square: Square, size: int = 600) -> tuple[Pixels, Square]:
    return np.full((size, size, 3), (0, green, 0), np.uint8), square


def look(run: FakeModel, *views: tuple[Pixels, Square]) -> list[FaceAnswers]:
    return FaceNet(run).look(views)


@pytest.mark.parametrize("square", [Square(200, 220, 128, 0), Square(310.5, 250.25, 300, 33), Square(90, 80, 64, -120)])
def test_points_come_back_to_where_the_face_is(square: Square) -> None:
    """The stand-in puts the drawn face into the framing; so it must lie in the square."""
    (answers,) = look(FakeModel(FACTS, face_run), a_face(90, square))
    place = (square.x - 64, square.y - 64)
    # index 55.5 is the middle of a crop of 112 pixels, and the stand-in answers 56 for it
    half = 0.86 * square.side / 112 / 2
    assert answers.points == pytest.approx(
        moved(drawn_points(), square.angle, square.side / 128, place), abs=half * 1.5 + 0.02
    )


def test_the_crop_is_the_middle_of_the_square() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[150:250, 150:250] = 200
    # 116.28 x 0.86 is 100: exactly the bright part
    (answers,) = look(FakeModel(FACTS, face_run), (image, Square(199.5, 199.5, 100 / 0.86, 0)))
    assert answers.crop.shape == (112, 112, 3)
    assert (answers.crop[3:-3, 3:-3] == 200).all()
    assert answers.crop.min() > 100
    (wider,) = look(FakeModel(FACTS, face_run), (image, Square(199.5, 199.5, 120 / 0.86, 0)))
    assert not wider.crop[:, 0].any()


def test_the_crop_is_softened() -> None:
    image = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    square = Square(200, 200, 128, 5)
    (answers,) = look(FakeModel(FACTS, face_run), (image, square))
    plain = cut(image, square.scaled(0.86), 112)
    assert np.array_equal(answers.crop, softened(plain))
    assert answers.crop.mean() == pytest.approx(plain.mean(), abs=0.5)
    # what differs from pixel to pixel loses most
    assert np.diff(answers.crop.astype(float), axis=1).std() < 0.75 * np.diff(plain.astype(float), axis=1).std()


def test_many_faces_run_as_one_batch_and_keep_their_order() -> None:
    model = FakeModel(FACTS, face_run)
    views = [a_face(green, Square(300, 300, 128, 10)) for green in (210, 240, 225)]
    together = look(model, *views)
    assert model.shapes == [(3, 112, 112, 3)]
    assert [face.age for face in together] == pytest.approx([70, 80, 75])
    for view, answers in zip(views, together, strict=True):
        (alone,) = look(model, view)
        for field in fields(FaceAnswers):
            assert np.array_equal(getattr(alone, field.name), getattr(answers, field.name))


@pytest.mark.parametrize(("raw", "yaw"), [(30, 30), (-95, -90), (120, 90)])
def test_poses_stay_within_a_quarter_turn(raw: float, yaw: float) -> None:
    def run(crop: Pixels) -> Mapping[str, npt.NDArray[np.float32]]:
        return {**face_run(crop), "pose": np.array([[raw, -raw]], np.float32)}

    (answers,) = look(FakeModel(FACTS, run), a_face(9, Square(300, 300, 128, 0)))
    assert (answers.yaw, answers.pitch) == (yaw, -yaw)


def test_classes_and_parts_keep_their_order() -> None:
    def run(crop: Pixels) -> Mapping[str, npt.NDArray[np.float32]]:
        parts = np.linspace(0, 0.6, 7, dtype=np.float32)[None]
        return {**face_run(crop), "face_type": np.array([[0.25, 0.75]], np.float32), "occlusion": parts}

    (answers,) = look(FakeModel(FACTS, run), a_face(9, Square(300, 300, 128, 0)))
    assert answers.face_type.probabilities == {"human": 0.25, "cartoon": 0.75}
    assert answers.face_type.type == FACE_TYPES[1]
    assert list(answers.occlusion) == list(OCCLUSION_PARTS)
    assert list(answers.occlusion.values()) == pytest.approx([i / 10 for i in range(7)])


@given(st.lists(st.floats(0.001, 1), min_size=5, max_size=5))
def test_race_keeps_the_sum_of_ancestry(weights: list[float]) -> None:
    values = np.array(weights, np.float32) / sum(weights)
    ancestry = choice(ANCESTRIES, values)
    race = race_of(ancestry)
    assert tuple(race.probabilities) == RACES
    assert sum(race.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert race.probabilities["yellow"] == ancestry.probabilities["asian"]
    assert race.probabilities["white"] == ancestry.probabilities["white"]
    assert race.probabilities["black"] == ancestry.probabilities["black"]
    assert race.probabilities["arabs"] == ancestry.probabilities["indian"] + ancestry.probabilities["other"]


def test_a_choice_takes_one_value_for_each_class() -> None:
    with pytest.raises(ValueError, match="zip"):
        choice(FACE_TYPES, np.zeros(3, np.float32))
