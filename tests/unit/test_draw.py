from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from facecore.draw import axes, draw, verdict
from facecore.report import Box, Choice, Face, Pose, Report
from tests import photos

LEFT, TOP, WIDTH, HEIGHT = photos.FACE
POINTS = tuple((LEFT + WIDTH * (i % 9) / 8, TOP + HEIGHT * (i // 9) / 7) for i in range(72))
FACE = Face(Box(LEFT, TOP, WIDTH, HEIGHT, 0.0), 0.99, Pose(0.0, 0.0, 0.0), POINTS, liveness=0.97, synthetic=0.0001)


def changed(face: Face, **options: float) -> photos.Pixels:
    before = photos.portrait()
    after = draw(before, Report(512, 512, (face,)), **options)
    assert (before == photos.portrait()).all(), "the photo itself was drawn on"
    assert after.shape == before.shape
    result: photos.Pixels = (after != before).any(axis=2).astype(np.uint8)
    return result


def test_box_points_and_axes_land_where_the_report_says() -> None:
    mask = changed(FACE)
    for x, y in POINTS:
        assert mask[round(y), round(x)] == 1
    for x, y in ((LEFT, TOP + 40), (LEFT + WIDTH, TOP + 40), (LEFT + 30, TOP + HEIGHT)):
        assert mask[y, x] == 1
    assert mask[300:].sum() == 0


def test_only_what_the_report_holds_is_drawn() -> None:
    bare = changed(Face(FACE.box, 0.99))
    assert bare[TOP + 5 : TOP + HEIGHT - 5, LEFT + 5 : LEFT + WIDTH - 5].sum() == 0
    assert bare[TOP : TOP + HEIGHT, LEFT].all()


def test_a_reduced_photo_is_drawn_on_at_its_own_size() -> None:
    report = Report(512, 512, (FACE,))
    half = np.ascontiguousarray(photos.portrait()[::2, ::2])
    mask = (draw(half, report) != half).any(axis=2)
    assert mask[TOP // 2 + 10, LEFT // 2]
    assert not mask[160:].any()


@pytest.mark.parametrize(("pose", "seen"), [
    (Pose(30.0, 0.0, 0.0), (0.5, 0.0)),
    (Pose(-30.0, 0.0, 0.0), (-0.5, 0.0)),
    (Pose(0.0, 30.0, 0.0), (0.0, 0.5)),
    (Pose(0.0, -30.0, 0.0), (0.0, -0.5)),
    (Pose(30.0, 0.0, 90.0), (0.0, 0.5)),
])  # fmt: skip
def test_the_nose_points_where_the_signs_say(pose: Pose, seen: tuple[float, float]) -> None:
    assert axes(pose)[2] == pytest.approx(seen)


def test_roll_turns_the_face_clockwise() -> None:
    across, down, out = axes(Pose(0.0, 0.0, 90.0))
    assert across == pytest.approx((0, 1))
    assert down == pytest.approx((-1, 0))
    assert out == pytest.approx((0, 0))


@pytest.mark.parametrize("pose", [Pose(40.0, 25.0, -70.0), Pose(-80.0, 10.0, 170.0)])
def test_the_axes_are_a_turned_frame(pose: Pose) -> None:
    # of three perpendicular unit vectors, the squares of the x (and y) coordinates sum to one
    for axis in (0, 1):
        assert math.fsum(vector[axis] ** 2 for vector in axes(pose)) == pytest.approx(1)


def test_the_verdict_is_worded_by_the_thresholds() -> None:
    assert verdict(FACE)[0] == "live 0.97"
    assert verdict(replace(FACE, liveness=0.2))[0] == "attack 0.2"
    assert verdict(replace(FACE, liveness=0.2), liveness_threshold=0.1)[0] == "live 0.2"
    assert "synthetic 0.01" in verdict(replace(FACE, synthetic=0.01))
    assert verdict(replace(FACE, gender=Choice({"male": 0.1, "female": 0.9}), age=41.6))[1] == "female 42"
    assert verdict(Face(FACE.box, 0.987)) == ["face 0.987"]


@pytest.mark.parametrize("box", [Box(-400, -300, 2000, 2000, 0), Box(1e9, -1e9, 1e9, 1, 0), Box(510, 0, 1, 1, 5)])
def test_faces_that_run_out_of_the_photo_are_drawn(box: Box) -> None:
    assert changed(replace(FACE, box=box)).any()
