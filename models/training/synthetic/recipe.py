"""How the model is trained: from a face net's trunk, on from what is committed, and a deeper net beside it."""

from __future__ import annotations

from dataclasses import replace

from ..common.trainer import Recipe

WIDTHS = (24, 48, 96, 160, 256)  # of the trunk, as of face.net
BLOCKS = (1, 1, 1, 1)
TRUNK = Recipe(name="synthetic-trunk", epochs=34, batch=64, rate=2.5e-3, decay=0.05)
RECIPE = Recipe(name="synthetic", epochs=28, batch=64, rate=8e-4, decay=0.05, average=0.995, every=3)
ONWARD = replace(RECIPE, name="synthetic-onward", epochs=16, rate=5e-4, every=2)
DEEP = replace(RECIPE, name="synthetic-deep", epochs=12, every=4)
DEEP_ONWARD = replace(DEEP, name="synthetic-deep-onward", epochs=16, rate=6e-4, every=8, seed=11)
PAIRED = replace(DEEP_ONWARD, name="synthetic-paired", epochs=14, every=7, seed=17)
EXCHANGED = replace(PAIRED, name="synthetic-exchanged")
COMMITTED = (ONWARD, DEEP, DEEP_ONWARD, PAIRED, EXCHANGED)  # the runs that the committed file came of
