"""How the model is trained: two nets start from the synthetic model's trunk, and a narrow one from nothing."""

from __future__ import annotations

from dataclasses import replace

from ..common.trainer import Recipe

RECIPE = Recipe(name="liveness", epochs=16, batch=64, rate=1e-3, decay=0.05, average=0.995, every=4, seed=31)
NARROW_WIDTHS = (24, 40, 72, 112, 128)
# All bare media that it sees are prints.
NARROW = replace(RECIPE, name="liveness-narrow", epochs=18, rate=1.5e-3, every=6)
NEAR = replace(RECIPE, name="liveness-near", seed=37)
