"""How the model is trained."""

from __future__ import annotations

from ..common.trainer import Recipe

RECIPE = Recipe(name="detector", epochs=60, batch=16, rate=1.5e-3, decay=0.02, every=4)
