"""How the model is trained: from the face model's trunk, then on from what is committed."""

from __future__ import annotations

from dataclasses import replace

from ..common.trainer import Recipe

RECIPE = Recipe(name="synthetic", epochs=28, batch=64, rate=8e-4, decay=0.05, average=0.995, every=3)
ONWARD = replace(RECIPE, name="synthetic-onward", epochs=16, rate=5e-4, every=2)
