"""What the liveness net is shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facecore.spoofing import crops, part
from tests import photos
from tests.unit.facecore.kit import Pixels

SCALES = (128, 2.7), (128, 1.25)
SHARE = 1.25 / 2.7


def dot(x: float, y: float, size: tuple[int, int] = (900, 700)) -> Pixels:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    cv2.circle(image, (round(x * 16), round(y * 16)), 12 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    return image


def middle(image: Pixels) -> np.ndarray:
    weight = image[:, :, 0].astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.asarray(np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum())


@pytest.mark.parametrize("height", [60, 150, 260])
def test_the_boxs_middle_is_the_crops_middle(height: int) -> None:
    box = np.array([400 - height * 0.4, 300 - height / 2, height * 0.8, height], np.float32)
    for crop in crops(dot(400, 300), box, *SCALES):
        assert crop.shape == (128, 128, 3)
        assert middle(crop) == pytest.approx([64, 64], abs=1.2)


def test_each_crop_reaches_as_far_as_it_is_told() -> None:
    box = np.array([380, 280, 160, 200], np.float32)  # its middle: 460, 380
    wide, close = (middle(crop) for crop in crops(dot(460 + 60, 380 - 30), box, *SCALES))
    assert wide - 64 == pytest.approx(np.array([60, -30]) * 128 / (2.7 * 200), abs=1)
    assert close - 64 == pytest.approx(np.array([60, -30]) * 128 / (1.25 * 200), abs=1)


def test_outside_the_photo_it_is_black() -> None:
    image = np.full((200, 200, 3), 200, np.uint8)
    wide, close = crops(image, np.array([0, 0, 100, 120], np.float32), *SCALES)  # reaches from -112 to 212
    assert not wide[:38].any()
    assert not wide[:, :40].any()
    assert (wide[50:115, 50:115] == 200).all()
    assert (close[70:, 70:] == 200).all()


def test_a_larger_copy_of_a_photo_gives_the_same_crops() -> None:
    """Detail beyond the view's, which no training picture has, does not reach the net."""
    small = photos.portrait()
    large = np.repeat(np.repeat(small, 3, 0), 3, 1)
    box = np.array([179, 57, 89, 115], np.float32)
    for one, other in zip(crops(small, box, *SCALES), crops(large, box * 3 + 1, *SCALES), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 2.5


def test_a_part_of_the_whole_at_its_own_size_is_the_whole() -> None:
    view = photos.portrait()[:256, :256]
    assert (part(view, 1, 256) == view).all()


def test_a_part_much_smaller_than_the_view_does_not_alias() -> None:
    view = np.zeros((256, 256, 3), np.uint8)
    view[:, ::2] = 255  # what every second pixel alone would miss
    small = part(view, 1, 128)[8:-8, 8:-8]
    assert small.max() < 200
    assert small.min() > 40
