"""Figures and calibration of the liveness net from its scores; needs no training package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facecore.evaluation import liveness_knots

from ..common.metrics import area_under_roc, equal_error_rate, rejected_at
from .views import Views

Scores = NDArray[np.float32]
CAPTURED = ("casia", "nuaa", "phone")
# How much each source of live photos counts when thresholds are set: cameras in rooms before photos of the web.
LIVE_WEIGHTS = {"casia": 0.25, "nuaa": 0.25, "scene": 0.35, "web": 0.15}


def liveness_figures(score: Scores, views: Views, index: NDArray[np.int64]) -> dict[str, float]:
    """Figures over the rows ``index``; see `source_figures`."""
    return source_figures(score, views.source[index], views.live[index] == 1)


def source_figures(score: Scores, source: NDArray[np.str_], live: NDArray[np.bool_]) -> dict[str, float]:
    """Figures of photos: each source against its own live ones, phone captures against all live ones.

    Args:
        score: (n,) more is live.
        source: (n,) names, those of CAPTURED among them.
        live: (n,) whether it is.
    """
    captured = np.isin(source, CAPTURED)
    figures = {"auc": area_under_roc(score[captured & live], score[captured & ~live])}
    for name in CAPTURED:
        lives = score[live] if name == "phone" else score[live & (source == name)]
        attacks = score[~live & (source == name)]
        figures[f"{name}_auc"] = area_under_roc(lives, attacks)
        figures[f"{name}_eer"] = equal_error_rate(lives, attacks)
        figures[f"{name}_rejected_at_1"] = rejected_at(lives, attacks, 0.01)
    for kind in ("eer", "rejected_at_1"):
        figures[f"mean_{kind}"] = float(np.mean([figures[f"{name}_{kind}"] for name in CAPTURED]))
    figures["all_auc"] = area_under_roc(score[live], score[~live])
    figures["all_eer"] = equal_error_rate(score[live], score[~live])
    figures["all_rejected_at_1"] = rejected_at(score[live], score[~live], 0.01)
    return figures


def live_weights(source: NDArray[np.str_]) -> NDArray[np.float64]:
    """How much each live photo counts when thresholds are set: its source's weight, shared among its photos."""
    return np.array([LIVE_WEIGHTS[name] / max(1, int((source == name).sum())) for name in source])


def calibration_knots(live: Scores, source: NDArray[np.str_]) -> list[list[float]]:
    """Knots (raw, calibrated): 0.05, 0.3, 0.9 at 1e-4, 1e-3, 1e-2 of live refused."""
    return liveness_knots(live, live_weights(source))
