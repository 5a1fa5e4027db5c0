"""Rectangles exchanged between training faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.synthetic.changes import CELLS, SIDE
from training.synthetic.samples import AREA, Sample, exchanged

CELL = SIDE // CELLS


def sample(level: int, fake: float, counted: float = 1.0) -> Sample:
    """A face of one colour, all of it real or all of it generated."""
    cells = np.full(CELLS**2, fake, np.float32)
    return Sample(np.full((SIDE, SIDE, 3), level, np.uint8), fake, fake, cells, counted)


def both() -> list[Sample]:
    return [sample(10, 0.0), sample(200, 1.0)]


def changed(before: list[Sample], after: list[Sample]) -> list[tuple[Sample, Sample]]:
    return [(a, b) for a, b in zip(before, after, strict=True) if (a.face != b.face).any()]


@pytest.mark.parametrize("seed", range(12))
def test_labels_say_what_the_pixels_are(seed: int) -> None:
    for _, made in changed(both(), exchanged(both(), 1.0, np.random.default_rng(seed))):
        generated = (made.face == 200).all(2)
        assert ((made.face == 10).all(2) ^ generated).all()
        assert made.fake == pytest.approx(generated.mean(), abs=1e-3)
        shares = generated.reshape(CELLS, CELL, CELLS, CELL).mean((1, 3))
        assert made.cells == pytest.approx(shares.ravel(), abs=0.01)
        assert made.some == 1.0
        assert made.counted == 1.0


@pytest.mark.parametrize("seed", range(12))
def test_what_is_put_in_is_one_rectangle_in_its_own_place(seed: int) -> None:
    ramp = np.mgrid[:SIDE, :SIDE].sum(0).astype(np.uint8)[..., None].repeat(3, 2)
    first, second = (replace(s, face=ramp // 2 + top) for s, top in zip(both(), (0, 128), strict=True))
    for before, made in changed([first, second], exchanged([first, second], 1.0, np.random.default_rng(seed))):
        differs = (made.face != before.face).any(2)
        rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
        box = differs[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert box.all()
        assert 0.9 * AREA[0] < differs.mean() < 1.02 * AREA[1]
        assert (made.face % 128 == ramp // 2).all()


def test_the_share_is_kept_and_what_was_given_is_not_changed() -> None:
    before = [sample(i % 2 * 200, float(i % 2)) for i in range(400)]
    after = exchanged(before, 0.5, np.random.default_rng(1))
    assert 0.17 < len(changed(before, after)) / 400 < 0.33  # half of them, and half of these with another level
    assert all((s.face == i % 2 * 200).all() for i, s in enumerate(before))
    assert not changed(before, exchanged(before, 0.0, np.random.default_rng(1)))


def test_faces_whose_cells_nobody_knows_take_no_part() -> None:
    before = [sample(10, 0.0), sample(200, 1.0), sample(90, 1.0, counted=0.0)]
    for seed in range(20):
        after = exchanged(before, 1.0, np.random.default_rng(seed))
        assert after[2] is before[2]
        assert all((s.face != 90).all() for s in after[:2])
    assert exchanged(before[2:], 1.0, np.random.default_rng(1)) == before[2:]


def test_faces_of_one_class_hold_rectangles_of_each_other_too() -> None:
    before = [sample(10, 0.02), sample(60, 0.02), sample(110, 0.98), sample(200, 0.98)]
    seen = set()
    for seed in range(40):
        for was, made in changed(before, exchanged(before, 1.0, np.random.default_rng(seed))):
            seen.add((was.some, made.some))
            assert made.some == max(s.some for s in before if (made.face == s.face[0, 0]).all(2).any())
    assert seen == {(0.02, 0.02), (0.02, 0.98), (0.98, 0.98)}
