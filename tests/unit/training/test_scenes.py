"""Training pictures of the detector: labels stay on what they label."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.detector import scenes
from training.detector.scenes import (
    CROWDED,
    SIDE,
    SIZES,
    Canvas,
    Photo,
    _turn,
    _warp,
    doubled,
    fit_box,
    load_scenes,
    points_to_box,
    shows_nobody,
    without_doubles,
)

NO_LURES = np.zeros((0, 128, 128, 3), np.uint8)
FIVE = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)], np.float32)


def photo(left: float, top: float, width: float, height: float, size: tuple[int, int] = (SIDE, SIDE)) -> Photo:
    """A black picture (width, height) with one face: a green patch, a disc on its image-left eye in red."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    near, far = (round(left), round(top)), (round(left + width), round(top + height))
    image[near[1] : far[1], near[0] : far[0], 1] = 255
    p = (FIVE * (width, height) + (left, top)).astype(np.float32)
    # cv2 draws at pixels' middles, points are counted from pixels' edges
    x, y = (p[0] - 0.5) * 16
    cv2.circle(image, (round(float(x)), round(float(y))), round(width * 16 / 10), (0, 255, 255), -1, cv2.LINE_AA, 4)
    box = np.array([[left, top, left + width, top + height]], np.float32)
    return Photo(image, box, p[None], np.ones(1, bool))


def empty() -> Photo:
    """A blue picture without a face."""
    image = np.full((SIDE, SIDE, 3), (40, 0, 0), np.uint8)
    return Photo(image, np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, bool))


def disc(made: Photo) -> tuple[float, float]:
    """Where the red disc is, counted from pixels' edges."""
    weight = made.image[:, :, 2].astype(float)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


def patch(made: Photo) -> tuple[float, float, float, float]:
    """The green patch's left, top, right, bottom."""
    rows, columns = (np.flatnonzero(made.image[:, :, 1].max(axis) > 127) for axis in (1, 0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


@pytest.mark.parametrize("seed", range(30))
def test_turned_and_mirrored_labels_stay_on_the_face(seed: int) -> None:
    made = _turn(photo(100, 90, 120, 140), np.random.default_rng(seed))
    assert made.image.shape == (SIDE, SIDE, 3)
    eye = disc(made)
    apart = np.linalg.norm(made.points[0] - eye, axis=1)
    assert apart.min() < 0.8
    assert apart.argmin() in (0, 1)  # the image-left eye, or after mirroring the image-right one
    x0, y0, x1, y1 = patch(made)
    middle = made.boxes[0].reshape(2, 2).mean(0)
    assert middle == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=1.5)


def test_upright_mirrors_are_exact() -> None:
    seen = set()
    for seed in range(60):
        made = _turn(photo(70, 90, 120, 140), np.random.default_rng(seed))
        box = made.boxes[0].tolist()
        if box in ([70, 90, 190, 230], [130, 90, 250, 230]):
            mirrored = box[0] == 130
            seen.add(mirrored)
            assert patch(made) == tuple(box)
            assert made.points[0, int(mirrored)] == pytest.approx(disc(made), abs=0.1)
            assert made.points[0, 0, 0] < made.points[0, 1, 0]
    assert seen == {True, False}


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.7])
@pytest.mark.parametrize("seed", range(4))
def test_backgrounds_keep_their_labels(scale: float, seed: int) -> None:
    made = _warp(photo(300, 240, 90, 100, (700, 640)), scale, np.random.default_rng(seed), SIDE)
    assert made.image.shape == (SIDE, SIDE, 3)
    x0, y0, x1, y1 = made.boxes[0]
    if min(x0, y0) > 0 and max(x1, y1) < SIDE:
        assert patch(made) == pytest.approx((x0, y0, x1, y1), abs=1.1)
        assert np.linalg.norm(made.points[0, 0] - disc(made)) < 0.6


@pytest.mark.parametrize("seed", range(12))
def test_a_face_laid_over_another_picture_keeps_its_labels(seed: int) -> None:
    under = empty()
    over = photo(60, 50, 80, 90, (200, 200))
    canvas = Canvas([over], [over], NO_LURES)
    made = canvas._lay(under, over, SIZES, np.random.default_rng(seed))
    assert len(made.boxes) == len(made.points) == len(made.sure) == 1
    x0, y0, x1, y1 = made.boxes[0]
    if x1 - x0 > 24 and min(x0, y0) > 1 and max(x1, y1) < SIDE - 1:
        assert patch(made) == pytest.approx((x0, y0, x1, y1), abs=2)
        assert np.linalg.norm(made.points[0, 0] - disc(made)) < 1


def test_a_covered_face_is_no_face_and_a_half_covered_one_none_to_be_sure_of() -> None:
    over = photo(0, 0, 200, 200, (200, 200))
    canvas = Canvas([over], [over], NO_LURES)
    outcomes = set()
    for seed in range(60):
        under = photo(130, 130, 60, 60)
        made = canvas._lay(under, over, SIZES, np.random.default_rng(seed))
        kept = len(made.boxes) == 2
        outcomes.add((kept, bool(made.sure[0]) if kept else None))
    assert outcomes == {(True, True), (True, False), (False, None)}


def test_a_seed_decides_the_picture() -> None:
    lures = np.random.default_rng(3).integers(0, 256, (2, 128, 128, 3), np.uint8)
    canvas = Canvas([photo(60, 50, 80, 90, (400, 300)), empty()], [photo(30, 20, 60, 80, (128, 128))], lures)
    first, again, other = (canvas.draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.image.shape == (SIDE, SIDE, 3)
    assert (first.image == again.image).all()
    assert (first.boxes == again.boxes).all()
    assert first.image.tobytes() != other.image.tobytes()


def test_crowds_show_more_faces_and_smaller_ones() -> None:
    over, under = photo(30, 20, 60, 80, (128, 128)), empty()
    drawn = {}
    for share in (0.0, 1.0):
        canvas = Canvas([over, under], [over], NO_LURES, share)
        canvas.scenes = [under]  # as background
        made = [canvas.draw(np.random.default_rng(seed)) for seed in range(40)]
        sizes = [(box[2:] - box[:2]).max() for each in made for box in each.boxes[each.sure]]
        drawn[share] = (len(sizes) / len(made), max(sizes))
    assert drawn[0.0][0] < 3 < 4 < drawn[1.0][0]
    assert drawn[1.0][1] < 1.45 * CROWDED[1] < drawn[0.0][1]


def test_boxes_follow_from_points_as_fitted() -> None:
    rng = np.random.default_rng(1)
    faces = []
    for _ in range(200):
        size = float(np.exp(rng.uniform(2.5, 5)))
        left, top = rng.uniform(0, 300, 2)
        faces.append(photo_of(left, top, size * rng.uniform(0.7, 0.9), size))
    fit = fit_box(faces[:150])
    for face in faces[150:]:
        sides = face.boxes[0, 2:] - face.boxes[0, :2]
        assert np.abs(points_to_box(face.points, fit)[0] - face.boxes[0]).max() < 0.05 * sides.max()


def photo_of(left: float, top: float, width: float, height: float) -> Photo:
    box = np.array([[left, top, left + width, top + height]], np.float32)
    p = (FIVE * (width, height) + (left, top)).astype(np.float32)
    return Photo(np.zeros((1, 1, 3), np.uint8), box, p[None], np.ones(1, bool))


def test_a_face_boxed_twice_is_looked_away_from_and_neighbours_are_not() -> None:
    boxes = np.array([[0, 0, 100, 120], [20, 10, 130, 140], [200, 0, 300, 120], [240, 60, 260, 80]], np.float32)
    assert doubled(boxes).tolist() == [True, True, False, False]
    photo = Photo(np.zeros((4, 4, 3), np.uint8), boxes, np.zeros((4, 5, 2), np.float32), np.ones(4, bool))
    assert without_doubles(photo).sure.tolist() == [False, False, True, True]
    assert doubled(boxes[:0]).shape == (0,)


def test_a_photo_of_a_face_that_the_teacher_missed_is_not_one_without_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    face = "[[10, 8, 20, 24, 14, 16, 26, 16, 20, 20, 15, 26, 25, 26, 0.9]]"
    told = [("mask", "[]"), ("imagenet", "[]"), ("mask", face), ("imagenet", face)]
    table = [{"file": f"{i}.webp", "set": name, "split": "val", "faces": faces} for i, (name, faces) in enumerate(told)]
    monkeypatch.setattr(scenes, "rows", lambda pack: table)
    monkeypatch.setattr(scenes, "images", lambda pack, names: (np.zeros((50, 40, 3), np.uint8) for _ in names))
    assert [shows_nobody(row) for row in table] == [False, True, False, False]
    missed, nobody, *others = load_scenes("val")
    assert missed.boxes.tolist() == [[0, 0, 40, 50]]
    assert missed.sure.tolist() == [False]
    assert len(nobody.boxes) == 0
    for photo in others:
        assert photo.boxes.tolist() == [[10, 8, 30, 32]]
        assert photo.sure.tolist() == [True]
