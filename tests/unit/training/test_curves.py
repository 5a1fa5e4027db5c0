"""What the cards' curves count."""

from __future__ import annotations

import numpy as np
import pytest

from facecore.evaluation import LIVENESS_SCALE, interval
from training.common.curves import EDGES, promises, reliability


def test_the_share_of_attacks_in_each_bin() -> None:
    score = np.array([0.0, 0.001, 0.004, 0.31, 0.35, 0.5, 0.999, 1.0, 1.0], np.float32)
    live = np.array([False, False, True, True, False, True, True, True, True])
    bins = reliability(score, live)
    assert [(found.low, found.high, found.count) for found in bins] == [(0, 0.005, 3), (0.3, 0.6, 3), (0.995, 1, 3)]
    assert [found.attacks for found in bins] == pytest.approx([2 / 3, 1 / 3, 0])
    assert bins[0].span == interval(2 / 3, 3)
    assert bins[1].score == pytest.approx(score[3:6].mean())


def test_every_photo_is_in_one_bin() -> None:
    rng = np.random.default_rng(2)
    score = np.concatenate([rng.random(500), np.array(EDGES)]).astype(np.float32)
    live = rng.random(len(score)) < 0.5
    bins = reliability(score, live)
    assert sum(found.count for found in bins) == len(score)
    assert sum(found.count * found.attacks for found in bins) == pytest.approx((~live).sum())


def test_promises() -> None:
    score = np.concatenate([np.full(2, 0.01), np.full(3, 0.2), np.full(5, 0.5), np.full(90, 0.95)]).astype(np.float32)
    kept = promises(score)
    assert [promise.promised for promise in kept] == [1e-4, 1e-3, 1e-2]
    assert [promise.refused for promise in kept] == pytest.approx([0.02, 0.05, 0.1])
    assert kept[2].span == interval(0.1, 100)
    assert list(LIVENESS_SCALE.values()) == [0.05, 0.3, 0.9]
