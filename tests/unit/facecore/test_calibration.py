from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecore.calibration import Calibration
from facecore.errors import ModelError

KNOTS = [(-4.0, 0.0), (-1.0, 0.05), (0.5, 0.3), (2.0, 0.9), (6.0, 1.0)]


def test_knots_are_hit() -> None:
    calibration = Calibration(KNOTS)
    for raw, value in KNOTS:
        assert calibration(raw) == pytest.approx(value, abs=1e-12)


def test_between_knots_it_is_linear() -> None:
    assert Calibration(KNOTS)(1.25) == pytest.approx(0.6)


def test_beyond_the_outer_knots_the_outer_value_holds() -> None:
    calibration = Calibration(KNOTS)
    assert (calibration(-1e9), calibration(1e9)) == (0.0, 1.0)
    assert isinstance(calibration(0.0), float)


increasing = st.lists(st.floats(0.01, 10), min_size=2, max_size=8).map(
    lambda steps: [sum(steps[: i + 1]) for i in range(len(steps))]
)


@given(raw=increasing, value=increasing, at=st.floats(-5, 90), step=st.floats(0, 20))
def test_it_never_falls(raw: list[float], value: list[float], at: float, step: float) -> None:
    calibration = Calibration(list(zip(raw, value, strict=False)))
    assert calibration(at + step) >= calibration(at)


@pytest.mark.parametrize(
    "knots",
    [
        [],
        [(0.0, 0.0)],
        [(0.0, 0.0), (0.0, 1.0)],
        [(0.0, 0.0), (1.0, 0.0)],
        [(0.0, 1.0), (1.0, 0.0)],
        [(1.0, 0.0), (0.0, 1.0)],
        [(0.0, 0.0), (1.0,)],
        [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)],
        [("low", 0.0), ("high", 1.0)],
        [(0.0, 0.0), (float("nan"), 0.5), (1.0, 1.0)],
        [(0.0, 0.0), (float("inf"), 1.0)],
        [(None, 0.0), (1.0, 1.0)],
    ],
)
def test_knots_that_do_not_increase_are_refused(knots: Any) -> None:
    with pytest.raises(ModelError, match="knots"):
        Calibration(knots)
    with pytest.raises(ModelError, match="knots"):
        Calibration.of({"calibration": {"knots": knots}})


@pytest.mark.parametrize("facts", [{}, {"calibration": None}, {"calibration": {}}, {"calibration": []}])
def test_an_entry_without_knots_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="knots"):
        Calibration.of(facts)


def test_an_entry_with_knots_is_read() -> None:
    assert Calibration.of({"calibration": {"knots": KNOTS}})(0.5) == pytest.approx(0.3)
