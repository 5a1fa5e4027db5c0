"""How the model is trained."""

from __future__ import annotations

from ..common.trainer import Recipe

RECIPE = Recipe(name="face", epochs=34, batch=64, rate=2.5e-3, decay=0.05)
