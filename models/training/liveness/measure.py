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
from .simulate import HEIGHTS, SIDE
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
    height = SIDE / HEIGHTS
    found: list[float] = []
    for start in tqdm(range(0, len(index), BATCH), desc="liveness", disable=None):
        part = []
        for i in index[start : start + BATCH]:
            width = float(views.aspect[i]) * height
            middle = (SIDE - 1) / 2  # so that facecore's own view of the view is the view
            box = np.array([middle - width / 2, middle - height / 2, width, height], np.float32)
            part.append((np.array(views.images[i]), box))
        found += net.raw(part)
    return np.array(found, np.float32)
