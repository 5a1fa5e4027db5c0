"""Leave one source out: ``make train MODEL=liveness.strangers`` trains without each source and measures it there.

models/cards/liveness-left-out.json keeps the figures; the next publication puts them into the card.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from ..common.metrics import area_under_roc, equal_error_rate, rejected_at
from ..common.strangers import leave_each_out, without
from .figures import CAPTURED
from .net import LivenessModel, LivenessNet, NearNet
from .recipe import NEAR, RECIPE
from .task import LivenessTask, logits, near_task
from .views import load_views


def trained(source: str) -> LivenessModel:
    """The first and the near net of a model like the committed one, whose training did not see the source."""
    shorter = partial(replace, epochs=8, seed=7)  # not the committed nets' seeds
    first = without(source, shorter(RECIPE), LivenessTask, LivenessNet())
    return LivenessModel(first, first, without(source, shorter(NEAR), near_task, NearNet()))


def measure(source: str, model: LivenessModel) -> dict[str, float]:
    """Figures on every photo of a source that the model never saw; phone captures stand against all live val photos."""
    views = load_views()
    here = views.source == source
    lives = np.flatnonzero((views.live == 1) & (here if source != "phone" else views.val))
    attacks = np.flatnonzero((views.live == 0) & here)
    with torch.inference_mode():
        live, attack = (logits(model.answer, [views.view(int(i)) for i in index]) for index in (lives, attacks))
    return {
        "live": len(live),
        "attacks": len(attack),
        "auc": area_under_roc(live, attack),
        "eer": equal_error_rate(live, attack),
        "rejected_at_1": rejected_at(live, attack, 0.01),
    }


if __name__ == "__main__":
    leave_each_out("liveness", {name: name for name in CAPTURED}, trained, measure)
