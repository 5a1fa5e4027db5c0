"""What a training batch is made of."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from training.common.shares import drawn, rooted


def test_names_come_as_often_as_their_shares_of_any_sum() -> None:
    names = drawn({"many": 6, "few": 2, "none": 0}, np.random.default_rng(1), 4000)
    assert len(names) == 4000
    assert Counter(names)["many"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert set(names) == {"many", "few"}


def test_the_seed_decides() -> None:
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    first, again, other = (drawn(shares, np.random.default_rng(seed), 50) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_group_is_drawn_as_the_root_of_its_number() -> None:
    group = np.array(["many"] * 9 + ["few"] * 4 + ["one"])
    weight = rooted(group)
    assert [weight[group == name].sum() for name in ("many", "few", "one")] == pytest.approx([3, 2, 1])
    assert len(rooted(group[:0])) == 0
