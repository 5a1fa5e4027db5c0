"""The figures against textbook values, and the calibration against its promise."""

from __future__ import annotations

import numpy as np
import pytest

from facecore import evaluation
from facecore.calibration import Calibration
from facecore.evaluation import Scores


def scores(*values: float) -> Scores:
    return np.array(values, np.float32)


@pytest.fixture
def live() -> Scores:
    return np.random.default_rng(1).normal(3.0, 1.0, 4000).astype(np.float32)


@pytest.fixture
def attack() -> Scores:
    return np.random.default_rng(2).normal(0.0, 1.0, 3000).astype(np.float32)


def test_area(live: Scores, attack: Scores) -> None:
    assert evaluation.area_under_roc(scores(2, 3), scores(0, 1)) == 1
    assert evaluation.area_under_roc(scores(1, 1), scores(1, 1)) == 0.5
    assert evaluation.area_under_roc(scores(1, 3), scores(2)) == 0.5
    # Two normal curves of deviation 1, 3 apart: Phi(3 / sqrt 2)
    assert evaluation.area_under_roc(live, attack) == pytest.approx(0.98305, abs=0.003)


def test_equal_error_rate(live: Scores, attack: Scores) -> None:
    assert evaluation.equal_error_rate(live, attack) == pytest.approx(0.0668, abs=0.006)  # Phi(-1.5)
    assert evaluation.equal_error_rate(scores(1, 2), scores(-1, 0)) == 0


def test_no_scores_give_no_figure() -> None:
    for figure in (evaluation.area_under_roc, evaluation.equal_error_rate):
        assert np.isnan(figure(scores(), scores(1)))
    assert np.isnan(evaluation.rejected_at(scores(1), scores(), 0.01))
    assert np.isnan(evaluation.interval(0.5, 0)[0])
    assert np.isnan(evaluation.bootstrapped(evaluation.area_under_roc, scores(), scores(1))[0])


def test_wilson_interval() -> None:
    low, high = evaluation.interval(0.9, 100)
    assert low == pytest.approx(0.8256, abs=1e-3)
    assert high == pytest.approx(0.9448, abs=1e-3)
    assert evaluation.interval(1.0, 10)[1] == 1
    assert evaluation.interval(0.0, 10)[0] == 0


def test_bootstrap_holds_the_truth_and_repeats(live: Scores, attack: Scores) -> None:
    low, high = evaluation.bootstrapped(evaluation.area_under_roc, live, attack, draws=200)
    assert low < 0.98305 < high
    assert high - low < 0.01
    assert (low, high) == evaluation.bootstrapped(evaluation.area_under_roc, live, attack, draws=200)


def test_the_curve_trades_one_error_for_the_other(live: Scores, attack: Scores) -> None:
    bpcer, apcer = evaluation.det_curve(live, attack)
    assert (bpcer[0], apcer[0]) == (0, 1)
    assert (bpcer[-1], apcer[-1]) == (1, 0)
    assert (np.diff(bpcer) >= 0).all()
    assert (np.diff(apcer) <= 0).all()
    at = int(np.argmin(np.abs(bpcer - apcer)))
    assert bpcer[at] == pytest.approx(evaluation.equal_error_rate(live, attack), abs=0.002)


def test_the_knots_refuse_what_they_promise(live: Scores) -> None:
    calibration = Calibration(evaluation.liveness_knots(live, np.ones(len(live))))
    calibrated = np.array([calibration(float(value)) for value in live])
    assert (calibrated < 0.9).mean() == pytest.approx(0.01, abs=0.002)
    assert (calibrated < 0.3).mean() == pytest.approx(0.001, abs=0.001)
    assert (calibrated < 0.97).mean() == pytest.approx(0.05, abs=0.002)
    assert 0 < calibrated.min() < 0.3


def test_few_photos_still_give_increasing_knots() -> None:
    for values in (scores(1.0), scores(1, 1, 1), scores(0, 5)):
        Calibration(evaluation.liveness_knots(values, np.ones(len(values))))  # refuses what does not increase


def test_weights_count() -> None:
    values = scores(*range(100))
    even, late = np.ones(100), np.where(np.arange(100) < 50, 0.1, 1.0)
    assert evaluation.live_quantile(values, even, 0.5) == pytest.approx(49.5, abs=1)
    assert evaluation.live_quantile(values, late, 0.5) > 70


def test_the_table(live: Scores, attack: Scores) -> None:
    rows = evaluation.thresholds_table(live, attack, (0.001, 0.01, 0.05))
    assert [row[0] for row in rows] == [0.001, 0.01, 0.05]
    thresholds, rejected = [row[1] for row in rows], [row[2] for row in rows]
    assert thresholds == sorted(thresholds)
    assert rejected == sorted(rejected)
    assert rejected[1] == pytest.approx(0.7496, abs=0.04)  # Phi(3 - 2.326)
    for _, _, share, (low, high) in rows:
        assert low < share < high
