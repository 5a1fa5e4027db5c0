"""How the model is trained: one net, then what becomes of it when training goes on. The mean of both answers."""

from __future__ import annotations

from ..common.trainer import Recipe

RECIPE = Recipe(name="face", epochs=46, batch=64, rate=2.5e-3, decay=0.05, seed=19)
ONWARD = Recipe(name="face-onward", epochs=13, batch=64, rate=1e-3, decay=0.05, seed=25)
