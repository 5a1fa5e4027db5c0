"""How good two-class scores are, and the calibration that follows from them; numpy alone.

A higher score means the positive class (live). The terms are those of ISO/IEC 30107-3: BPCER is the share of live
faces that are refused (the vendors' FRR), APCER the share of attacks that pass (1 - TRR).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

LIVENESS_SCALE = {"frr_1e-4": 0.05, "frr_1e-3": 0.3, "frr_1e-2": 0.9}
"""The calibrated liveness at which 1e-4, 1e-3 and 1e-2 of live faces are refused."""
SHOWN = 0.006
"""Below this share of live faces a quantile is not read off the scores but continued from their tail."""
_Z = 1.96


def area_under_roc(positive: Scores, negative: Scores) -> float:
    """The chance that a positive scores higher than a negative (Mann-Whitney); nan when a class is empty."""
    if not len(positive) or not len(negative):
        return float("nan")
    order = np.argsort(np.concatenate([positive, negative]), kind="stable")
    values = np.concatenate([positive, negative])[order]
    ranks = np.empty(len(values))
    _, first, count = np.unique(values, return_index=True, return_counts=True)
    ranks[order] = np.repeat(first + (count - 1) / 2 + 1, count)
    n = len(positive)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(negative)))


def threshold_at(positive: Scores, refused: float) -> float:
    """The highest threshold that refuses at most the share ``refused`` of the positives (score < threshold)."""
    ordered = np.sort(positive)
    return float(ordered[int(np.floor(refused * len(ordered)))])


def rejected_at(positive: Scores, negative: Scores, refused: float) -> float:
    """Share of the negatives below the threshold that refuses the share ``refused`` of the positives (1 - APCER)."""
    if not len(positive) or not len(negative):
        return float("nan")
    return float((negative < threshold_at(positive, refused)).mean())


def equal_error_rate(positive: Scores, negative: Scores) -> float:
    """Where BPCER equals APCER (ISO/IEC 30107-3), interpolated."""
    if not len(positive) or not len(negative):
        return float("nan")
    cuts = np.sort(np.concatenate([positive, negative]))
    bpcer = np.searchsorted(np.sort(positive), cuts, "left") / len(positive)
    apcer = 1 - np.searchsorted(np.sort(negative), cuts, "left") / len(negative)
    best = int(np.argmin(np.abs(bpcer - apcer)))
    return float((bpcer[best] + apcer[best]) / 2)


def det_curve(positive: Scores, negative: Scores) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The detection error trade-off: BPCER and APCER, (n,) each, at every threshold that changes one of them.

    BPCER rises and APCER falls; the first point refuses nobody and the last lets no attack pass.

    Args:
        positive: (p,) scores of live faces, p >= 1.
        negative: (q,) scores of attacks, q >= 1.
    """
    cuts = np.append(np.unique(np.concatenate([positive, negative])), np.inf)
    bpcer = np.searchsorted(np.sort(positive), cuts, "left") / len(positive)
    apcer = 1 - np.searchsorted(np.sort(negative), cuts, "left") / len(negative)
    return bpcer, apcer


def interval(rate: float, count: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a rate over ``count`` trials."""
    if not count:
        return (float("nan"), float("nan"))
    middle = (rate + _Z * _Z / (2 * count)) / (1 + _Z * _Z / count)
    half = _Z * np.sqrt(rate * (1 - rate) / count + _Z * _Z / (4 * count * count)) / (1 + _Z * _Z / count)
    return (float(max(0, middle - half)), float(min(1, middle + half)))


def bootstrapped(
    figure: Callable[[Scores, Scores], float], positive: Scores, negative: Scores, draws: int = 500, seed: int = 1
) -> tuple[float, float]:
    """The 95 % percentile interval of a figure, both classes drawn again with replacement (Efron 1979).

    Args:
        figure: Of positives and negatives, for example `area_under_roc`.
        positive: (p,) scores.
        negative: (q,) scores.
        draws: How often.
        seed: Of the draws.
    """
    if not len(positive) or not len(negative):
        return (float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    found = [
        figure(positive[rng.integers(len(positive), size=len(positive))],
               negative[rng.integers(len(negative), size=len(negative))])
        for _ in range(draws)
    ]  # fmt: skip
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def live_quantile(score: Scores, weight: NDArray[np.float64], share: float) -> float:
    """The raw score under which the weighted ``share`` of live photos lies.

    Below what the photos can show (a few in a thousand) the scores' tail is continued in a straight line over the
    logarithm of the share.

    Args:
        score: (n,) raw scores of live photos.
        weight: (n,) how much each counts, > 0.
        share: Of live photos that may be refused, 0..1.
    """
    order = np.argsort(score)
    below = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    if share >= SHOWN:
        return float(np.interp(share, below, score[order]))
    near, far = (float(np.interp(p, below, score[order])) for p in (0.03, SHOWN))
    slope = max((near - far) / np.log(0.03 / SHOWN), 0.15)
    return float(far - slope * np.log(SHOWN / share))


def liveness_knots(score: Scores, weight: NDArray[np.float64]) -> list[list[float]]:
    """Knots (raw, calibrated) that put LIVENESS_SCALE's values where the live photos say; see `live_quantile`.

    Args:
        score: (n,) raw scores of live photos.
        weight: (n,) how much each counts, > 0.
    """
    at = {share: live_quantile(score, weight, share) for share in (1e-4, 1e-3, 1e-2, 5e-2, 0.5)}
    knots = [
        [at[1e-4] - 6, 0.0],
        [at[1e-4] - 2, 0.005],
        [at[1e-4], LIVENESS_SCALE["frr_1e-4"]],
        [at[1e-3], LIVENESS_SCALE["frr_1e-3"]],
        [at[1e-2], LIVENESS_SCALE["frr_1e-2"]],
        [at[5e-2], 0.97],
        [at[0.5], 0.995],
        [at[0.5] + 4, 1.0],
    ]
    for before, after in pairwise(knots):
        after[0] = max(after[0], before[0] + 0.02)
    return [[round(float(raw), 4), value] for raw, value in knots]


def thresholds_table(
    live: Scores, attack: Scores, refused: Sequence[float]
) -> list[tuple[float, float, float, tuple[float, float]]]:
    """Rows of the vendors' table: share of live faces refused (FRR), threshold, share of attacks rejected (TRR).

    Args:
        live: (p,) scores of live faces, p >= 1.
        attack: (q,) scores of attacks, q >= 1.
        refused: The FRRs, 0..1.

    Returns:
        A row for each FRR: FRR, the raw threshold, TRR and its 95 % interval.
    """
    weight = np.ones(len(live))
    rows = []
    for share in refused:
        threshold = live_quantile(live, weight, share)
        rejected = float((attack < threshold).mean())
        rows.append((share, threshold, rejected, interval(rejected, len(attack))))
    return rows
