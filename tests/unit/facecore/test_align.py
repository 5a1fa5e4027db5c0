from __future__ import annotations

from dataclasses import astuple

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecore.align import Square, cut, face_square, restore, warped
from tests.unit.facecore.kit import Pixels, moved

UPRIGHT = np.array([(80, 100), (120, 100), (100, 118), (86, 140), (114, 140)], np.float32)
Floats = npt.NDArray[np.float64]


def turned(offsets: Floats, square: Square) -> Floats:
    """Offsets along the square's own axes as points of the image."""
    a = np.radians(square.angle)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return np.asarray(offsets @ turn + (square.x, square.y))


# ---- the framing


def test_a_tall_face_is_framed_by_its_height() -> None:
    # eyes 40 apart, mouth 40 below: 3.7 x 40 is more than 3.4 x 40
    assert astuple(face_square(UPRIGHT)) == pytest.approx((100, 120, 148, 0))


def test_a_wide_face_is_framed_by_its_eyes() -> None:
    points = UPRIGHT * (1, 0.5)
    assert astuple(face_square(points.astype(np.float32))) == pytest.approx((100, 60, 136, 0))


def test_points_that_coincide_get_a_square_all_the_same() -> None:
    assert face_square(np.full((5, 2), 7, np.float32)) == Square(7, 7, 8, 0)


@given(
    st.floats(-179, 179), st.floats(0.3, 20), st.tuples(st.floats(-500, 500), st.floats(-500, 500)), st.integers(0, 1)
)
def test_the_square_follows_the_face(degrees: float, scale: float, shift: tuple[float, float], narrow: int) -> None:
    points = (UPRIGHT * (1 - 0.3 * narrow, 1)).astype(np.float32)
    still, square = face_square(points), face_square(moved(points, degrees, scale, shift))
    assert square.side == pytest.approx(still.side * scale, rel=1e-3)
    assert (square.angle - degrees + 180) % 360 - 180 == pytest.approx(0, abs=0.1)
    middle = moved(np.array([(still.x, still.y)], np.float32), degrees, scale, shift)[0]
    assert (square.x, square.y) == pytest.approx(tuple(middle), abs=0.01 * scale + 0.01)


def test_a_scaled_square_keeps_its_middle() -> None:
    assert Square(3, 4, 50, 20).scaled(0.5) == Square(3, 4, 25, 20)


# ---- cutting


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_a_square_as_large_as_the_image_is_the_image() -> None:
    image = noise(96, 96)
    assert (cut(image, Square(47.5, 47.5, 96, 0), 96) == image).all()


def test_a_square_inside_the_image_is_its_part() -> None:
    image = noise(96, 120)
    assert (cut(image, Square(60.5, 40.5, 32, 0), 32) == image[25:57, 45:77]).all()


@pytest.mark.parametrize(("angle", "quarters"), [(90, 1), (180, 2), (-90, 3)])
def test_a_square_turned_clockwise_is_turned_back(angle: float, quarters: int) -> None:
    image = noise(64, 64)
    back = cut(image, Square(31.5, 31.5, 64, angle), 64).astype(int)
    # within what the interpolation's fixed point gives, 1/32 of a pixel
    assert np.abs(back - np.rot90(image, quarters)).mean() < 3


def blobs(places: Floats, sigma: float, height: int, width: int) -> Pixels:
    """Soft round dots."""
    image = np.zeros((height, width), np.float32)
    reach = round(5 * sigma)
    for px, py in places:
        top, left = max(0, int(py) - reach), max(0, int(px) - reach)
        part = image[top : int(py) + reach, left : int(px) + reach]
        y, x = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
        np.maximum(part, np.exp(-((x + left - px) ** 2 + (y + top - py) ** 2) / (2 * sigma**2)), out=part)
    return np.repeat(np.round(image * 255).astype(np.uint8)[:, :, None], 3, 2)


def centroid(crop: Pixels, near: Floats, reach: int) -> Floats:
    """The middle of the dot around a place."""
    x0, y0 = (round(float(v)) - reach for v in near)
    part = crop[y0 : y0 + 2 * reach + 1, x0 : x0 + 2 * reach + 1, 0].astype(float)
    assert part.shape == (2 * reach + 1,) * 2
    part[part < 25] = 0
    y, x = np.mgrid[: part.shape[0], : part.shape[1]]
    return np.array([x0 + (x * part).sum() / part.sum(), y0 + (y * part).sum() / part.sum()])


SHARES = np.array([(-0.3, -0.28), (0.3, -0.3), (0.02, 0.03), (-0.28, 0.3), (0.31, 0.28)])


@pytest.mark.parametrize("angle", [0, 7, -33, 45, 90, 137, 180, -100])
@pytest.mark.parametrize("side", [60, 111.5, 150, 223, 225, 300, 401, 650.3, 900])
def test_what_is_cut_is_restored_within_a_fraction_of_a_pixel(side: float, angle: float) -> None:
    size = 112
    square = Square(640.3, 611.7, side, angle)
    places = turned(SHARES * side, square)
    sigma = 2.5 * max(1, side / size)
    crop = cut(blobs(places, sigma, 1240, 1280), square, size)
    expected = SHARES * size + (size - 1) / 2
    seen = np.stack([centroid(crop, e, int(3 * sigma * size / side) + 1) for e in expected])
    assert np.abs(seen - expected).max() < 0.08, "pixels of the crop"
    back = restore(seen.astype(np.float32), square, size)
    assert back.dtype == np.float32
    assert np.linalg.norm(back - places, axis=1).max() < 0.1 * max(1, side / size), "pixels of the image"


@given(st.floats(-180, 180), st.floats(10, 3000), st.sampled_from([112, 128]))
def test_the_crops_corners_are_the_squares(angle: float, side: float, size: int) -> None:
    square = Square(100.5, -20.25, side, angle)
    corners = np.array([(-0.5, -0.5), (size - 0.5, -0.5), (size - 0.5, size - 0.5), (-0.5, size - 0.5)], np.float32)
    ends = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * side
    assert restore(corners, square, size) == pytest.approx(turned(ends, square), abs=side * 1e-4)


@pytest.mark.parametrize("side", [60, 250, 448, 901])
@pytest.mark.parametrize("angle", [0, 30])
@pytest.mark.parametrize("border", [cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT])
def test_a_spare_channel_changes_no_crop(side: float, angle: float, border: int) -> None:
    image = noise(500, 600)
    four = np.dstack([image, noise(500, 600)[:, :, 1]])
    square = Square(120.3, 140.8, side, angle)
    assert (cut(four, square, 112, border) == cut(image, square, 112, border)).all()


@pytest.mark.parametrize("side", [250, 448, 900, 1700])
@pytest.mark.parametrize("angle", [0, 30])
def test_a_fine_pattern_is_averaged_not_aliased(side: float, angle: float) -> None:
    y, x = np.mgrid[:1800, :1800]
    board = np.where((x + y) % 2, 255, 0).astype(np.uint8)
    crop = cut(np.repeat(board[:, :, None], 3, 2), Square(900, 900, side, angle), 112).astype(int)
    assert np.abs(crop - 127.5).max() < 60
    assert crop.mean() == pytest.approx(127.5, abs=1.5)


# ---- borders


def test_what_lies_outside_repeats_the_border_or_is_blank() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    image[:, :3] = (10, 20, 30)
    square = Square(-0.5, 50, 60, 0)  # the left half lies outside
    repeated, blank = cut(image, square, 60), cut(image, square, 60, cv2.BORDER_CONSTANT)
    assert (repeated[:, :32] == (10, 20, 30)).all()
    assert (blank[:, :30] == 0).all()
    assert (blank[:, 30:33] == (10, 20, 30)).all()
    assert (blank[:, 34:] == 90).all()
    assert (repeated[:, 34:] == 90).all()


@pytest.mark.parametrize("side", [30, 400])
@pytest.mark.parametrize("middle", [(-300, 50), (500, 500), (50, 5000), (-1e6, -1e6)])
def test_a_square_that_misses_the_image_is_filled(middle: tuple[float, float], side: float) -> None:
    image = np.full((80, 80, 3), 90, np.uint8)
    square = Square(*middle, side, 12)
    assert (cut(image, square, 40) == 90).all()
    assert (cut(image, square, 40, cv2.BORDER_CONSTANT) == 0).all()


def test_a_large_square_over_a_border_keeps_its_scale() -> None:
    """Shrinking rounds the cut-off surroundings to whole pixels, which must not move what is inside."""
    places = np.array([(40.0, 60), (300, 40), (150, 333)])
    square = Square(101.3, 77.7, 700, 20)
    size = 128
    crop = cut(blobs(places, 14, 430, 403), square, size)
    a = np.radians(20)
    offsets = (places - (square.x, square.y)) @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    expected = offsets * size / 700 + (size - 1) / 2
    seen = np.stack([centroid(crop, e, 7) for e in expected])
    assert np.abs(seen - expected).max() < 0.15


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 900)])
def test_images_of_few_pixels_are_cut_too(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 7, np.uint8)
    crop = cut(image, Square(shape[1] / 2, 0, 600, 5), 112)
    assert crop.shape == (112, 112, 3)
    assert crop.dtype == np.uint8
    assert (crop == 7).all()


@pytest.mark.parametrize("border", [cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE])
@pytest.mark.parametrize("shape", [(300, 220), (40, 31), (1, 5)])
def test_a_fourth_channel_changes_no_pixel(border: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*shape, 3), np.uint8)[:, ::-1]
    for scale in (0.4, 1, 2.7):
        matrix = np.asarray(cv2.getRotationMatrix2D((shape[1] / 2, shape[0] / 2), 17, scale), np.float64)
        plain = cv2.warpAffine(image, matrix, (112, 112), flags=cv2.INTER_LINEAR, borderMode=border)
        assert (warped(image, matrix, 112, border) == plain).all()
