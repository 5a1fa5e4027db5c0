"""Curves for the cards: detection error trade-off of several sources, and how far a calibrated score keeps its word.

What is counted needs numpy alone; what is drawn needs the training environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facecore.evaluation import LIVENESS_SCALE, Scores, det_curve, interval

EDGES = (0.0, 0.005, 0.05, 0.3, 0.6, 0.9, 0.97, 0.99, 0.995, 1.0)
"""Of the bins of calibrated liveness: its thresholds and what lies around them."""
_LEAST = 5e-4  # a share of nothing is drawn here


@dataclass(frozen=True, slots=True)
class Bin:
    """The photos whose score lies in [low, high), the last bin's in [low, high].

    Attributes:
        low: Its lower edge.
        high: Its upper edge.
        score: Their mean score.
        count: How many they are.
        attacks: The share of attacks among them.
        span: The 95 % interval of that share.
    """

    low: float
    high: float
    score: float
    count: int
    attacks: float
    span: tuple[float, float]


def reliability(score: Scores, live: NDArray[np.bool_], edges: Sequence[float] = EDGES) -> list[Bin]:
    """Score against observed share of attacks (a reliability diagram, DeGroot and Fienberg 1983); empty bins left out.

    Args:
        score: (n,) calibrated, 0..1.
        live: (n,) whether the photo is of a live face.
        edges: Rising, the first at or below every score and the last at or above.
    """
    place = np.clip(np.searchsorted(edges, score, "right") - 1, 0, len(edges) - 2)
    bins = []
    for number in range(len(edges) - 1):
        inside = place == number
        if count := int(inside.sum()):
            share = float((~live[inside]).mean())
            mean = float(score[inside].mean())
            bins.append(Bin(edges[number], edges[number + 1], mean, count, share, interval(share, count)))
    return bins


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a promise.

    Attributes:
        promised: The share of live faces that a threshold should refuse.
        refused: The share that it refuses.
        span: The 95 % interval of that.
    """

    promised: float
    refused: float
    span: tuple[float, float]


def promises(score: Scores) -> list[Kept]:
    """At each threshold of `facecore.evaluation.LIVENESS_SCALE`: promised and observed share of live faces refused.

    Args:
        score: (n,) calibrated scores of live faces, n >= 1.
    """
    kept = []
    for name, threshold in LIVENESS_SCALE.items():
        refused = float((score < threshold).mean())
        kept.append(Kept(float(name.removeprefix("frr_")), refused, interval(refused, len(score))))
    return kept


def reliability_plot(name: str, score: Scores, live: NDArray[np.bool_], source: NDArray[np.str_]) -> str:
    """Draws cards/NAME-reliability.png: score against share of attacks, and promised against observed refusals.

    Args:
        name: The model's registry name.
        score: (n,) calibrated scores of the validation photos, 0..1.
        live: (n,) whether the photo is of a live face.
        source: (n,) where the photo is from; refusals are shown for each source that has live faces.

    Returns:
        The Markdown that shows it.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from .card import save

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
    bins = reliability(score, live)
    for number, found in enumerate(bins):
        left.errorbar(number, found.attacks, _bars(found.attacks, found.span), fmt="o", color="tab:blue", capsize=2)
        left.annotate(f"{found.count}", (number, found.attacks), (5, 3), textcoords="offset points", fontsize=7)
    left.set_xticks(range(len(bins)), [f"{b.low:g} to {b.high:g}" for b in bins], rotation=40, ha="right", fontsize=7)
    left.set_ylim(-0.03, 1.06)
    left.set_xlabel("calibrated liveness (how many photos at each point)", fontsize=8)
    left.set_ylabel("observed share of attacks", fontsize=8)
    left.grid(alpha=0.3)
    sources = sorted(set(source[live].tolist()))
    for number, origin in enumerate(sources):
        kept = promises(score[live & (source == origin)])
        x = [promise.promised * 1.09 ** (number - (len(sources) - 1) / 2) for promise in kept]
        y = [max(promise.refused, _LEAST) for promise in kept]
        spans = np.array([_bars(at, promise.span) for at, promise in zip(y, kept, strict=True)])[:, :, 0].T
        right.errorbar(
            x, y, spans, fmt="o", markersize=4, capsize=2, label=f"{origin} ({int((source[live] == origin).sum())})"
        )
    right.plot([_LEAST / 10, 0.03], [_LEAST / 10, 0.03], color="grey", linewidth=1)
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xlim(5e-5, 0.03)
    right.set_ylim(_LEAST * 0.7, 0.3)
    right.set_xlabel("live refused, as promised", fontsize=8)
    right.set_ylabel("live refused, observed (nothing: at the foot)", fontsize=8)
    right.grid(alpha=0.3, which="both")
    right.legend(fontsize=7)
    return save(figure, f"{name}-reliability.png", "Score against share of attacks; refusals promised and observed")


def _bars(at: float, span: tuple[float, float]) -> list[list[float]]:
    """An interval as matplotlib takes it: how far down and how far up."""
    return [[max(at - span[0], 0)], [max(span[1] - at, 0)]]


def det_plot(name: str, curves: Mapping[str, tuple[Scores, Scores]], refused: str, passed: str) -> str:
    """Draws cards/NAME-det.png: the detection error trade-off of every source (ISO/IEC 30107-3).

    Args:
        name: The model's registry name.
        curves: For each source the scores of bona fide photos and of attacks; higher scores are accepted.
        refused: What a refused bona fide photo is called: "live refused".
        passed: What an accepted attack is called: "attacks accepted".

    Returns:
        The Markdown that shows it.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from .card import save

    figure, axis = plt.subplots(figsize=(5, 4))
    for source, (bona_fide, attack) in curves.items():
        bpcer, apcer = det_curve(bona_fide, attack)
        axis.plot(np.maximum(bpcer, _LEAST), np.maximum(apcer, _LEAST), label=f"{source} ({len(attack)})")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel(f"BPCER ({refused})")
    axis.set_ylabel(f"APCER ({passed})")
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8)
    return save(figure, f"{name}-det.png", "DET curves by source")
