"""How the model is trained."""

from __future__ import annotations

from ..common.trainer import Recipe

RECIPE = Recipe(name="face", epochs=34, batch=64, rate=2.5e-3, decay=0.05)
# Deeper, and sees people more often: ages, races and smiles are what the shallow net has not learnt even of the
# faces it trained on. It judges along with that one.
DEEP_WIDTHS = (24, 48, 104, 176, 256)
DEEP_BLOCKS = (1, 2, 2, 1)
DEEP = Recipe(name="face-deep", epochs=46, batch=64, rate=2.5e-3, decay=0.05, seed=19)
