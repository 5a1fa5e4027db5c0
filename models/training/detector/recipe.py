"""How the model is trained, and trained on from what is committed."""

from __future__ import annotations

from dataclasses import replace

from ..common.trainer import Recipe

RECIPE = Recipe(name="detector", epochs=60, batch=16, rate=1.5e-3, decay=0.02, every=4)
ONWARD = replace(RECIPE, name="detector-onward", epochs=28, rate=6e-4)
