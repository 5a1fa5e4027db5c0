"""Photos of many faces, and large ones, for measuring the detector: labels stay on what they label."""

from __future__ import annotations

import numpy as np
import pytest

from training.detector.crowds import SIZE, crowds, enlarged, laid, shrunk
from training.detector.scenes import Photo


def scene(value: int, box: tuple[int, int, int, int] = (100, 60, 180, 160), sure: bool = True) -> Photo:
    """A grey picture of 400 x 300 pixels whose face is a green patch, its first point in the patch's corner."""
    image = np.full((300, 400, 3), value, np.uint8)
    left, top, right, bottom = box
    image[top:bottom, left:right, 1] = 255
    points = np.full((1, 5, 2), (left, top), np.float32)
    return Photo(image, np.array([box], np.float32), points, np.array([sure]))


def lie_on_green(photo: Photo) -> bool:
    for left, top, right, bottom in photo.boxes.round().astype(int):
        inside = photo.image[top + 2 : bottom - 2, left + 2 : right - 2, 1]
        around = photo.image[top - 3 : bottom + 3, left - 3 : right + 3, 1]
        if not (inside > 240).all() or not (np.delete(around, np.s_[2:-2], axis=0) < 200).any():
            return False
    return bool(len(photo.boxes))


@pytest.mark.parametrize(("cell", "count", "photos"), [(320, 12, 2), (160, 48, 1), (107, 88, 0)])
def test_scenes_are_laid_side_by_side_with_their_labels(cell: int, count: int, photos: int) -> None:
    made = list(crowds([scene(40 + i, sure=i % 2 == 0) for i in range(48 if cell < 320 else 30)], cell))
    assert len(made) == photos, "those that fill no photo are left out"
    for photo in made:
        assert photo.image.shape == (SIZE[1], SIZE[0], 3)
        assert photo.boxes.shape == (count, 4)
        assert photo.sure.shape == (count,)
        assert 0 < photo.sure.sum() < count
        assert lie_on_green(photo)
        assert photo.points[:, 0] == pytest.approx(photo.boxes[:, :2])
        sides = photo.boxes[:, 2:] - photo.boxes[:, :2]
        assert (sides[:, 1] <= 100 * cell / 400 + 1).all()
        assert sides[:, 1].min() < 0.8 * sides[:, 1].max(), "their sizes differ"


def test_the_same_crowds_come_again() -> None:
    scenes = [scene(40 + i) for i in range(12)]
    one, other = (next(crowds(scenes, 320)) for _ in range(2))
    assert np.array_equal(one.image, other.image)
    assert np.array_equal(one.boxes, other.boxes)


def empty(value: int) -> Photo:
    """A grey picture of 400 x 200 pixels without faces."""
    nobody = np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, bool)
    return Photo(np.full((200, 400, 3), value, np.uint8), *nobody)


def test_scenes_are_laid_into_photos_without_faces() -> None:
    made = list(laid([scene(40), empty(120), scene(60, sure=False), empty(130), scene(80)]))
    assert [bool(photo.sure[0]) for photo in made] == [True, False, True], "one for each scene with faces"
    for photo in made:
        assert photo.image.shape == (640, 1280, 3)
        assert (photo.image >= 120).all(2).mean() > 0.7, "mostly the photo without faces"
        assert lie_on_green(photo)
        assert photo.points[:, 0] == pytest.approx(photo.boxes[:, :2])
    assert len({tuple(photo.boxes[0]) for photo in made}) == 3, "each somewhere else"


@pytest.mark.parametrize("made", [enlarged(scene(90)), shrunk(scene(90), 0.5), shrunk(scene(90), 1.0)])
def test_labels_follow_a_photos_size(made: Photo) -> None:
    assert lie_on_green(made)
    assert made.points[0, 0] == pytest.approx(made.boxes[0, :2])


def test_sizes() -> None:
    assert enlarged(scene(90)).image.shape == (960, 1280, 3)
    assert shrunk(scene(90), 0.333).image.shape == (100, 133, 3)
