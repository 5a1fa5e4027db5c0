from __future__ import annotations

import numpy as np
import pytest

from training.common.ranges import STEPS, best_range, stepped


def faces(count: int = 40) -> np.ndarray:
    """What usual inputs give: after a Relu, mostly small."""
    return np.maximum(np.random.default_rng(0).normal(0, 1, (count, 2000)), 0).astype(np.float32)


def test_a_range_holds_what_all_inputs_give() -> None:
    low, high = best_range(faces())
    assert low == 0
    assert 3 < high <= faces().max()


def test_one_input_that_gives_far_more_does_not_widen_it_for_the_others() -> None:
    usual = best_range(faces())
    odd = np.concatenate([faces(200), 500 * faces(1)])
    assert best_range(odd)[1] < 2 * usual[1]


def test_inputs_that_give_more_and_are_not_rare_are_not_cut_off() -> None:
    covered = np.concatenate([faces(30), 6 * faces(10)])
    assert best_range(covered)[1] > 3 * best_range(faces())[1]


def test_both_signs_have_their_end() -> None:
    values = np.random.default_rng(0).normal(1, 2, (20, 2000)).astype(np.float32)
    low, high = best_range(values)
    assert -8 < low < -3
    assert 5 < high < 10


@pytest.mark.parametrize("values", [np.zeros((3, 5), np.float32), np.zeros((1, 1), np.float32)])
def test_nothing_but_zeros_has_a_range(values: np.ndarray) -> None:
    low, high = best_range(values)
    assert low < high


def test_steps_keep_zero_and_cut_off_the_ends() -> None:
    told = stepped(np.array([-9, -1, 0, 0.004, 2, 9], np.float32), (-1, 2))
    assert told[2] == 0
    assert told[[0, 5]] == pytest.approx([-1, 2], abs=3 / STEPS)
    assert abs(told[3] - 0.004) <= 3 / STEPS / 2
