"""What happens to faces before a net sees them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.facecore.kit import Pixels
from training.common.augment import mirrored
from training.synthetic.changes import CELLS, SIDE, alike, crop, streaked

FRAME = 224


def photo(seed: int = 1) -> Pixels:
    """Coarse grain: neighbouring pixels are alike, distant ones are not."""
    grain = np.random.default_rng(seed).integers(40, 216, (28, 28, 3), np.uint8)
    return np.repeat(np.repeat(grain, 8, 0), 8, 1)


@pytest.mark.parametrize("seed", range(10))
def test_frames_that_are_alike_stay_alike(seed: int) -> None:
    nowhere = np.zeros((FRAME, FRAME), np.uint8)
    (one, other), shares = alike((photo(), photo()), nowhere, np.random.default_rng(seed))
    assert one.shape == (SIDE, SIDE, 3)
    assert one.dtype == np.uint8
    assert (one == other).all()
    assert shares.shape == (CELLS, CELLS)
    assert not shares.any()


@pytest.mark.parametrize("seed", range(10))
def test_the_cells_say_where_something_was_put_in(seed: int) -> None:
    real, where = photo(), np.zeros((FRAME, FRAME), np.uint8)
    made = real.copy()
    where[60:120, 30:100] = 255  # off the middle, so that a mirror image would be noticed
    made[where > 0] = 255 - made[where > 0]
    (one, other), shares = alike((real, made), where, np.random.default_rng(seed))
    cell = SIDE // CELLS
    differs = np.abs(one.astype(int) - other).max(2).reshape(CELLS, cell, CELLS, cell).mean((1, 3))
    assert 0.05 < (shares == 1).mean() < 0.3
    assert ((shares >= 0) & (shares <= 1)).all()
    # light, noise and a codec may move a pixel wherever it is; what was put in moves it much further
    assert differs[shares == 1].min() > 3 * max(1.0, differs[shares == 0].max())


def test_pairs_differ_from_call_to_call() -> None:
    rng, where = np.random.default_rng(1), np.zeros((FRAME, FRAME), np.uint8)
    made = [alike((photo(),), where, rng)[0][0] for _ in range(6)]
    assert len({face.tobytes() for face in made}) == 6


def test_a_mirror_image_of_a_mirror_image_is_the_picture() -> None:
    assert (mirrored(mirrored(photo())) == photo()).all()
    assert (mirrored(photo())[:, 0] == photo()[:, -1]).all()


def test_the_crop_is_the_middle_of_the_framing() -> None:
    y, x = np.mgrid[:FRAME, :FRAME]
    seen = crop(np.dstack([x, y, x]).astype(np.uint8)).astype(float)
    assert seen.shape == (SIDE, SIDE, 3)
    assert seen[0, 0, :2] == pytest.approx([0.06 * FRAME] * 2, abs=1)
    assert seen[-1, -1, :2] == pytest.approx([0.94 * FRAME] * 2, abs=2)


def test_streaks_repeat_pixels_outside_and_leave_the_middle() -> None:
    changed = 0
    for seed in range(12):
        made = streaked(photo(), np.random.default_rng(seed))
        middle = slice(FRAME * 2 // 5, FRAME * 3 // 5)
        assert np.abs(made[middle, middle].astype(int) - photo()[middle, middle]).mean() < 40
        changed += bool((made != photo()).any())
    assert changed > 6
