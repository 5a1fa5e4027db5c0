"""How the model is trained."""

from __future__ import annotations

from ..common.trainer import Recipe

RECIPE = Recipe(name="synthetic", epochs=28, batch=64, rate=8e-4, decay=0.05, average=0.995, every=3)
