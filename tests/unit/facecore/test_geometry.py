from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecore import geometry
from facecore.report import FACE_SHAPES
from tests.unit.facecore.kit import FACE_SHAPE, drawn_points, moved

# ---- roll


@pytest.mark.parametrize("degrees", [0, 1, -1, 25, -25, 90, -90, 135, -179])
def test_roll_is_positive_clockwise(degrees: float) -> None:
    assert geometry.roll(moved(drawn_points(), degrees)) == pytest.approx(degrees, abs=0.01)


def test_a_head_that_leans_to_image_right_rolls_clockwise() -> None:
    points = drawn_points()
    points[geometry.LEFT_EYE] += (0, 10)  # the image-right eye is lower
    assert geometry.roll(points) > 0


# ---- illumination


def test_illumination_is_the_luma_of_bt_601() -> None:
    crop = np.full((128, 128, 3), (30, 100, 220), np.uint8)  # blue, green, red
    assert geometry.illumination(crop, drawn_points()) == pytest.approx(0.299 * 220 + 0.587 * 100 + 0.114 * 30)


def test_illumination_counts_the_face_only() -> None:
    crop = np.full((128, 128, 3), 255, np.uint8)
    crop[25:115, 10:120] = 40  # the drawn face lies in here
    assert geometry.illumination(crop, drawn_points()) == pytest.approx(40)


def test_illumination_is_the_mean_over_the_face() -> None:
    crop = np.full((128, 128, 3), 50, np.uint8)
    crop[:, 64:] = 150  # the left half of a symmetric face
    assert geometry.illumination(crop, drawn_points()) == pytest.approx(100, abs=1)


@pytest.mark.parametrize("value", [0, 255])
def test_illumination_reaches_both_ends(value: int) -> None:
    assert geometry.illumination(np.full((128, 128, 3), value, np.uint8), drawn_points()) == pytest.approx(value)


def test_points_outside_the_crop_leave_the_whole_crop() -> None:
    assert geometry.illumination(np.full((128, 128, 3), 80, np.uint8), drawn_points() + 500) == pytest.approx(80)


# ---- completeness: a box 100 wide and 100 high may stand 3 pixels over

BOX, INSIDE = np.array([0, 0, 100, 100], np.float32), np.array([(5, 5), (95, 95)], np.float32)


@pytest.mark.parametrize(("over", "complete"), [(0, 1), (2.9, 1), (3.1, 0), (50, 0)])
@pytest.mark.parametrize("border", ["left", "top", "right", "bottom"])
def test_a_box_over_a_border_is_incomplete(border: str, over: float, complete: int) -> None:
    shift = {"left": (-over, 20), "top": (20, -over), "right": (100 + over, 20), "bottom": (20, 100 + over)}[border]
    box, points = BOX + np.array([*shift, 0, 0], np.float32), INSIDE + 20
    assert geometry.completeness(box, points, 200, 200) == complete


@pytest.mark.parametrize(("width", "height"), [(100, 50), (50, 100)])
def test_the_longer_side_tells_how_far_a_box_may_stand_over(width: int, height: int) -> None:
    for over, complete in ((2.9, 1), (3.1, 0)):
        box = np.array([-over, -over, width, height], np.float32)
        assert geometry.completeness(box, INSIDE, 200, 200) == complete


@pytest.mark.parametrize(("point", "complete"), [((-2, 50), 1), ((-4, 50), 0), ((50, 204), 0), ((204, 50), 0)])
def test_points_over_a_border_are_incomplete(point: tuple[float, float], complete: int) -> None:
    points = np.concatenate([INSIDE, np.array([point], np.float32)])
    assert geometry.completeness(BOX + np.array([50, 50, 0, 0], np.float32), points, 200, 200) == complete


# ---- shape


@given(
    degrees=st.floats(-180, 180),
    scale=st.floats(0.3, 30),
    x=st.floats(-300, 300),
    y=st.floats(-300, 300),
)
def test_shape_features_do_not_change_with_size_place_or_roll(degrees: float, scale: float, x: float, y: float) -> None:
    points = drawn_points()
    features = geometry.shape_features(moved(points, degrees, scale, (x, y)))
    assert features == pytest.approx(geometry.shape_features(points), abs=2e-3)


def test_shape_features_by_hand() -> None:
    features = geometry.shape_features(drawn_points())
    # the drawn contour is half an ellipse, 88 wide and 58 deep: its widths are the cosines of its steps
    assert features[:4] == pytest.approx([np.cos(np.pi * i / 12) for i in (2, 3, 4, 5)], abs=1e-4)
    assert features[4] == pytest.approx((108 - 46.7) / 88, abs=1e-4)
    a, b = np.array([-22, 50 + 58 * np.sin(np.pi / 3) - 108]), np.array([22, 50 + 58 * np.sin(np.pi / 3) - 108])
    assert features[5] == pytest.approx(1 - a @ b / (a @ a), abs=1e-4)


def wide_jaw(by: float) -> np.ndarray:
    """The drawn face with the contour at mouth height drawn apart."""
    points = drawn_points()
    points[3, 0] -= by
    points[9, 0] += by
    return points


@given(st.floats(-20, 20), st.floats(-40, 40))
def test_face_shape_is_a_probability_for_every_shape(jaw: float, degrees: float) -> None:
    shape = geometry.face_shape(moved(wide_jaw(jaw), degrees), FACE_SHAPE)
    assert tuple(shape.probabilities) == FACE_SHAPES
    assert sum(shape.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert min(shape.probabilities.values()) >= 0


def test_face_shape_of_points_that_are_no_outline() -> None:
    points = np.zeros((72, 2), np.float32)
    for far in (0.0, 1e4, -1e4):
        points[9] = far, far
        probabilities = geometry.face_shape(points, FACE_SHAPE).probabilities
        assert sum(probabilities.values()) == pytest.approx(1)


def test_triangle_takes_over_as_the_jaw_grows_wider() -> None:
    chances = [geometry.face_shape(wide_jaw(by), FACE_SHAPE).probabilities["triangle"] for by in range(-5, 25, 2)]
    assert chances == sorted(chances)
    assert chances[0] < 0.01
    assert chances[-1] > 0.99


def test_at_its_threshold_triangle_is_even() -> None:
    at = float(geometry.shape_features(drawn_points())[1])
    shape = geometry.face_shape(drawn_points(), FACE_SHAPE | {"triangle": [at, 120.0]})
    assert shape.probabilities["triangle"] == pytest.approx(0.5, abs=1e-4)


def test_face_shape_is_the_registered_logistic_model() -> None:
    """Only square's weight on the chin counts here: its odds against the others follow by hand."""
    weights = np.zeros((4, 6))
    weights[0, 5] = 2
    facts = FACE_SHAPE | {"weights": weights.tolist(), "bias": [0.5, 0, 0, 0], "triangle": [3.0, 120.0]}
    chin = float(geometry.shape_features(drawn_points())[5])
    odds = np.exp(0.5 + 2 * (chin - 1.4) / 0.1)
    p = geometry.face_shape(drawn_points(), facts).probabilities
    assert p["square"] / p["oval"] == pytest.approx(odds, rel=1e-3)
    assert p["oval"] == pytest.approx(p["heart"]) == pytest.approx(p["round"])


@pytest.mark.parametrize(
    ("box", "seen"),
    [
        ((10, 20, 30, 40), (10, 20, 30, 40)),
        ((-10, -20, 30, 40), (0, 0, 20, 20)),
        ((80, 90, 30, 40), (80, 90, 20, 110 - 90)),
        ((-10, -10, 300, 300), (0, 0, 100, 110)),
        ((-50, 20, 30, 40), (0, 20, 1, 40)),
        ((150, 160, 30, 40), (99, 109, 1, 1)),
    ],
)
def test_the_visible_part_of_a_box(box: tuple[int, ...], seen: tuple[int, ...]) -> None:
    assert geometry.visible(np.array(box, np.float32), 100, 110).tolist() == list(seen)
