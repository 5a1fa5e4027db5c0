"""Composites made from two faces, or from one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.facecore.kit import FRAME, Pixels, drawn_points, moved
from training.synthetic.composites import GROUPS, composite, put_in, put_together

INSIDE = slice(FRAME // 4, -FRAME // 4)


def face(seed: int, tone: tuple[int, int, int]) -> Pixels:
    """Coarse grain in a tone."""
    rng = np.random.default_rng(seed)
    grain = cv2.resize(rng.normal(0, 25, (16, 16, 3)).astype(np.float32), (FRAME, FRAME))
    return np.clip(grain + np.array(tone, np.float32), 0, 255).astype(np.uint8)


def test_every_point_of_the_features_is_in_a_group() -> None:
    assert sorted({point for group in GROUPS for point in group}) == list(range(13, 72))


@pytest.mark.parametrize("seed", range(12))
def test_a_part_is_put_in_and_the_rest_is_left(seed: int) -> None:
    base, other = face(1, (90, 120, 180)), face(2, (60, 90, 140))
    points = drawn_points()
    made = composite(base, points, other, moved(points, 8, 0.9), np.random.default_rng(seed))
    assert made.shape == base.shape
    assert made.dtype == np.uint8
    changed = np.abs(made.astype(int) - base).max(2) > 3
    assert 0.005 < changed.mean() < 0.6
    assert not changed[[0, -1]].any()  # the frame's border is not of the face
    assert changed[INSIDE, INSIDE].mean() > changed.mean()


def test_a_faces_own_part_leaves_little_but_a_seam() -> None:
    base, points = face(3, (100, 130, 190)), drawn_points()
    own = composite(base, points, base, points, np.random.default_rng(4))
    strange = composite(base, points, face(5, (100, 130, 190)), points, np.random.default_rng(4))
    assert 0 < np.abs(own.astype(int) - base).mean() < np.abs(strange.astype(int) - base).mean()


@pytest.mark.parametrize("own", [0.0, 1.0])
def test_where_parts_were_put_in_is_told(own: float) -> None:
    frames, points = [face(1, (90, 120, 180)), face(2, (60, 90, 140))], np.stack([drawn_points()] * 2)
    for seed in range(12):
        real, made = put_together(frames, points, np.random.default_rng(seed), own)
        where = put_in(real, made)
        assert any(real is frame for frame in frames)
        assert where.shape == real.shape[:2]
        assert set(np.unique(where)) <= {0, 255}
        changed = np.abs(made.astype(int) - real).max(2)
        assert changed[where == 0].max() <= 3
        assert changed[where > 0].mean() > 3
