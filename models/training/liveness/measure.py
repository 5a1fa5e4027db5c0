"""Measures the committed liveness net as facecore runs it; needs no training package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facecore.registry import Registry
from facecore.sessions import Models
from facecore.spoofing import Liveness

from ..common.packs import MODELS
from .figures import Scores, liveness_figures
from .views import Views, load_simulated, load_views

BATCH = 64
REFUSES_1 = 0.9  # the calibrated score under which one live face in a hundred lies


def measure() -> dict[str, float]:
    """All figures of the committed file on the validation split."""
    views = load_views()
    index = np.flatnonzero(views.val)
    return figures_of(scores(views, index), views, index)


def figures_of(raw: Scores, views: Views, index: NDArray[np.int64]) -> dict[str, float]:
    """Figures of the logits of the rows ``index``, and the share of simulated recaptures that the file rejects."""
    made = load_simulated(views, "val")
    fake = scores(made, np.arange(len(made.live)))
    knots = Registry(MODELS)["liveness"].facts["calibration"]["knots"]
    threshold = next(logit for logit, calibrated in knots if calibrated == REFUSES_1)
    return liveness_figures(raw, views, index) | {"simulated_rejected_at_1": float((fake < threshold).mean())}


def scores(views: Views, index: NDArray[np.int64]) -> Scores:
    """The committed file's logits for the rows ``index``, cropped as facecore crops."""
    net = Liveness(Models(Registry(MODELS), 1)["liveness"])
    found: list[float] = []
    for start in tqdm(range(0, len(index), BATCH), desc="liveness", disable=None):
        part = [views.view(int(i)) for i in index[start : start + BATCH]]
        found += net.raw([(view.image, view.box) for view in part])
    return np.array(found, np.float32)
