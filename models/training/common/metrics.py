"""Figures of two-class scores; a higher score means the positive (live, or synthetic) class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


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


def interval(rate: float, count: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a rate over ``count`` trials."""
    if not count:
        return (float("nan"), float("nan"))
    z = 1.96
    middle = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(rate * (1 - rate) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return (float(max(0, middle - half)), float(min(1, middle + half)))
