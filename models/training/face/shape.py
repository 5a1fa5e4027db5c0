"""Fits the face shape model on the labelled portraits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .figures import Predict
from .portraits import CLASSES, portraits

PENALTY = 0.02


def fit_shape(predict: Predict) -> dict[str, Any]:
    """The registry's ``face_shape`` entry: a multinomial logistic model fitted on the training portraits.

    Classes count alike, whatever their number of portraits.
    """
    features, truth, val = portraits(predict)
    train = ~val
    mean, scale = features[train].mean(0), features[train].std(0)
    z = (features - mean) / scale
    counts = np.bincount(truth[train], minlength=len(CLASSES))
    weight = (1 / counts)[truth[train]] * train.sum() / len(CLASSES)

    def cost(flat: NDArray[np.float64]) -> float:
        w, b = flat[: -len(CLASSES)].reshape(len(CLASSES), -1), flat[-len(CLASSES) :]
        logits = z[train] @ w.T + b
        logp = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return float(-(weight * logp[np.arange(train.sum()), truth[train]]).mean() + PENALTY * (w**2).sum())

    solved = minimize(cost, np.zeros(len(CLASSES) * (z.shape[1] + 1)), method="L-BFGS-B").x
    # a jaw wider at mouth height than all but one in two hundred of the portraits is a triangle's
    threshold = float(np.quantile(features[:, 1], 0.995)) + 0.01
    return {
        "classes": list(CLASSES),
        "mean": _rounded(mean),
        "scale": _rounded(scale),
        "weights": [_rounded(row) for row in solved[: -len(CLASSES)].reshape(len(CLASSES), -1)],
        "bias": _rounded(solved[-len(CLASSES) :]),
        "triangle": [round(threshold, 4), 120.0],
    }


def _rounded(values: NDArray[np.floating]) -> list[float]:
    return [round(float(v), 5) for v in values]
