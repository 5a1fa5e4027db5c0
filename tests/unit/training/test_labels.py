"""The face net's labels: mirroring, crops, what is made."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from facecore import geometry
from facecore.align import Square, cut, restore
from facecore.face_net import softened
from tests.unit.facecore.kit import FRAME, Pixels, Points, drawn_points, moved
from training.face import labels
from training.face.labels import FLIP, SHARE, SHARED_68, SHARED_72, SIDE, centre_crop, crop_matrix


def mirrored(points: Points) -> Points:
    """The points of the mirrored face, about the frame's middle."""
    return np.asarray(points[FLIP] * (-1, 1) + (FRAME, 0), np.float32)


def smooth() -> Pixels:
    """Slow waves, so that a shift by half a pixel changes little and a shift by five changes much."""
    y, x = np.mgrid[:FRAME, :FRAME]
    waves = [np.sin(x / 9 + y / 23), np.cos(x / 17 - y / 11), np.sin(x / 31) * np.cos(y / 7)]
    return (np.stack(waves, -1) * 100 + 128).astype(np.uint8)


# ---- mirroring


def test_mirroring_twice_changes_nothing() -> None:
    assert (FLIP[FLIP] == np.arange(72)).all()
    points = moved(drawn_points(), 13, 0.8, (5, -3))
    assert mirrored(mirrored(points)) == pytest.approx(points, abs=1e-4)


def test_a_symmetric_face_is_its_own_mirror() -> None:
    assert mirrored(drawn_points()) == pytest.approx(drawn_points(), abs=1e-3)


def test_mirroring_keeps_facecores_points_in_their_places() -> None:
    assert FLIP[geometry.RIGHT_EYE] == geometry.LEFT_EYE
    assert FLIP[57] == 57  # the nose tip
    contour = np.arange(72)[geometry.CONTOUR]
    assert (FLIP[contour] == contour[::-1]).all()
    points = moved(drawn_points(), 12)
    points[geometry.CONTOUR] += np.linspace(0, 6, 13)[:, None].astype(np.float32)
    assert geometry.roll(mirrored(points)) == pytest.approx(-geometry.roll(points), abs=0.01)
    widths = geometry.shape_features(points)
    assert geometry.shape_features(mirrored(points)) == pytest.approx(widths, abs=1e-4)


def test_the_labelled_faces_agree_on_what_mirrors_what(labelled: Path) -> None:
    points = np.load(labelled / "landmarks.npz")["points72"].astype(np.float32)
    mean = np.nanmean(points, 0)
    other = mean[FLIP] * (-1, 1)
    other[:, 0] += (mean[:, 0] - other[:, 0]).mean()
    assert np.linalg.norm(mean - other, axis=1).max() < 1.5  # pixels of 128, over tens of thousands of faces


def test_the_shared_points_are_the_same_places(labelled: Path) -> None:
    archive = np.load(labelled / "landmarks.npz")
    meshes = dict(zip(archive["files72"], archive["points72"], strict=True))
    pairs = [(meshes[f], p) for f, p in zip(archive["files68"], archive["points68"], strict=True) if f in meshes]
    assert len(pairs) > 100
    apart = [
        np.linalg.norm(q[SHARED_72][:, None] - p[None], axis=2) / np.linalg.norm(p[45] - p[36])
        for q, p in pairs
        if not np.isnan(q).any()
    ]
    nearest = np.median(apart, 0).argmin(1)
    assert (np.abs(nearest - SHARED_68) <= 1).all()  # the jaw's points lie close together


# ---- crops


def test_the_crop_is_the_one_that_facecore_takes() -> None:
    frame = smooth()
    middle = (FRAME - 1) / 2
    ours, theirs = centre_crop(frame), softened(cut(frame, Square(middle, middle, SHARE * FRAME, 0), SIDE))
    assert np.abs(ours.astype(int) - theirs).max() <= 2


@pytest.mark.parametrize("angle", [-30.0, -7.0, 0.0, 7.0, 30.0])
@pytest.mark.parametrize("share", [0.77, 0.86, 0.96])
def test_a_turned_crop_is_the_one_that_facecore_takes(angle: float, share: float) -> None:
    shift = (0.03, -0.02)
    matrix = crop_matrix(angle, share, shift)
    x, y = ((FRAME - 1) / 2 + part * FRAME for part in shift)
    inside = np.array([(0, 0), (111, 0), (55.5, 55.5), (20, 90)], np.float32)
    there = restore(inside, Square(x, y, share * FRAME, angle), SIDE)
    assert there @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(inside, abs=0.45)


def test_frames_of_other_sizes_are_cropped_alike() -> None:
    small = np.asarray(cv2.resize(smooth(), (64, 64), interpolation=cv2.INTER_AREA), np.uint8)
    assert np.abs(centre_crop(small).astype(int) - centre_crop(smooth())).mean() < 3


# ---- what is made


def test_blur_goes_from_0_to_1_with_the_kernel() -> None:
    low, high = labels.BLUR_FROM, labels.BLUR_TO
    assert labels.blur_label(0) == labels.blur_label(low) == 0
    assert labels.blur_label(high) == labels.blur_label(3 * high) == 1
    assert labels.blur_label(float(np.sqrt(low * high))) == pytest.approx(0.5)


def test_a_mouth_opens_by_its_inner_lips() -> None:
    points = drawn_points()
    assert labels.mouth_opening(points[None])[0] == pytest.approx(2 / 30, abs=1e-4)
    wide = points.copy()
    wide[69:72, 1] += 6
    assert labels.mouth_opening(wide[None])[0] == pytest.approx(8 / 30, abs=1e-4)
    assert labels.mouth_opening(points[None])[0] < labels.OPEN_MOUTH < labels.mouth_opening(wide[None])[0]
    assert np.isnan(labels.mouth_opening(np.full((1, 72, 2), np.nan, np.float32))[0])
