"""Figures and calibration of the liveness net from its scores; needs no training package."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..common.metrics import area_under_roc, equal_error_rate, rejected_at
from .views import Views

Scores = NDArray[np.float32]
CAPTURED = ("casia", "nuaa", "phone")
# How much each source of live photos counts when thresholds are set: cameras in rooms before photos of the web.
LIVE_WEIGHTS = {"casia": 0.25, "nuaa": 0.25, "scene": 0.35, "web": 0.15}


def liveness_figures(score: Scores, views: Views, index: NDArray[np.int64]) -> dict[str, float]:
    """Figures over the rows ``index``: each source against its own live photos, phone captures against all."""
    source, live = views.source[index], views.live[index] == 1
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


def live_quantile(score: Scores, source: NDArray[np.str_], share: float) -> float:
    """The raw score under which the weighted ``share`` of live photos lies.

    Below what the photos can show (a few in a thousand) the logits' tail is continued in a straight line over the
    logarithm of the share.
    """
    weight = np.array([LIVE_WEIGHTS[name] / max(1, int((source == name).sum())) for name in source])
    order = np.argsort(score)
    below = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    if share >= 0.006:
        return float(np.interp(share, below, score[order]))
    near, far = (float(np.interp(p, below, score[order])) for p in (0.03, 0.006))
    slope = max((near - far) / np.log(0.03 / 0.006), 0.15)
    return far - slope * float(np.log(0.006 / share))


def calibration_knots(live: Scores, source: NDArray[np.str_]) -> list[list[float]]:
    """Knots (raw, calibrated): 0.05, 0.3, 0.9 at 1e-4, 1e-3, 1e-2 of live refused."""
    at = {share: live_quantile(live, source, share) for share in (1e-4, 1e-3, 1e-2, 5e-2, 0.5)}
    knots = [
        [at[1e-4] - 6, 0.0],
        [at[1e-4] - 2, 0.005],
        [at[1e-4], 0.05],
        [at[1e-3], 0.3],
        [at[1e-2], 0.9],
        [at[5e-2], 0.97],
        [at[0.5], 0.995],
        [at[0.5] + 4, 1.0],
    ]
    for before, after in pairwise(knots):
        after[0] = max(after[0], before[0] + 0.02)
    return [[round(raw, 4), value] for raw, value in knots]
