"""How the model is trained."""

from __future__ import annotations

from ..common.trainer import Recipe

RECIPE = Recipe(name="liveness", epochs=30, batch=64, rate=1.5e-3, decay=0.05, average=0.995, every=4)
