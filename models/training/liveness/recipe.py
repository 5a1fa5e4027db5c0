"""How the model is trained: two nets, whose answers are averaged."""

from __future__ import annotations

from dataclasses import replace

from ..common.trainer import Recipe

WIDTHS = (24, 40, 72, 112)
RECIPE = Recipe(name="liveness", epochs=18, batch=64, rate=1.5e-3, decay=0.05, average=0.995, every=6, seed=31)
PRINTS = replace(RECIPE, name="liveness-prints")  # all bare media that it sees are prints
