"""Bent and partly covered faces."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.synthetic.covers import bent, covered

SIDE = 96


def ramp() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Blue rises to the right, green downwards, so that a pixel tells where it came from."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.dstack([x * 2, y * 2, np.full_like(x, 90)]).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_bending_moves_pixels_a_little_and_keeps_their_order(seed: int) -> None:
    made = bent(ramp(), np.random.default_rng(seed)).astype(float)
    assert made.shape == (SIDE, SIDE, 3)
    inner = slice(SIDE // 5, -SIDE // 5)
    moved = (made - ramp())[inner, inner, :2] / 2
    assert 0.2 < np.abs(moved).mean() < 0.1 * SIDE
    assert (np.diff(cv2.GaussianBlur(made[..., 0], (0, 0), 2)[inner, inner], axis=1) > 0).all()
    assert (np.diff(cv2.GaussianBlur(made[..., 1], (0, 0), 2)[inner, inner], axis=0) > 0).all()


@pytest.mark.parametrize("seed", range(12))
def test_covers_hide_a_part_and_leave_the_rest(seed: int) -> None:
    before = ramp()
    made = covered(before, np.random.default_rng(seed))
    assert (before == ramp()).all()  # the pack's own pixels stay
    changed = (made != before).any(2)
    assert 0.003 < changed.mean() < 0.8
    assert (made[~changed] == before[~changed]).all()


def test_covers_are_of_three_kinds() -> None:
    rng = np.random.default_rng(1)
    kinds = set()
    for _ in range(60):
        made = covered(np.full((SIDE, SIDE, 3), 7, np.uint8), rng)
        values = np.unique(made.reshape(-1, 3), axis=0)
        kinds.add("own" if len(values) == 1 else "colours" if len(values) < 5 else "noise")
    assert kinds == {"own", "colours", "noise"}
