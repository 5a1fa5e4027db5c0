"""How the model is trained: two nets, whose answers are averaged."""

from __future__ import annotations

from ..common.trainer import Recipe

WIDTHS = (32, 48, 80, 112)
RECIPE = Recipe(name="liveness", epochs=20, batch=64, rate=1.5e-3, decay=0.05, average=0.995, every=4, seed=17)
# Sees every photo in its own colours: surer about the rooms it knows, less so about others.
NARROW_WIDTHS = (24, 40, 72, 112)
NARROW = Recipe(name="liveness-narrow", epochs=18, batch=64, rate=1.5e-3, decay=0.05, average=0.995, every=4)
