"""Leave one generator out: ``make train MODEL=synthetic.strangers`` trains without each and measures it there.

The nets are like the committed deeper one in its first run, which is better at generators than the narrow one.
models/cards/synthetic-left-out.json keeps the figures; the next publication puts them into the card.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from ..common.metrics import area_under_roc, rejected_at
from ..common.packs import Image, rows, stacked
from ..common.strangers import leave_each_out, without
from .changes import crop
from .frames import HIGH
from .net import SyntheticNet, deep, shaped
from .recipe import DEEP
from .task import GENERATED, SyntheticTask, logits

SOURCES = {"hardfake+ffhq+leafac": "StyleGAN2 (three sets)", "faker": "Stable Diffusion 3", "ciplab": "composites"}


def measure(source: str, net: SyntheticNet) -> dict[str, float]:
    """Figures on all photos of sets (joined by +) that ``net`` never saw.

    Sets without real photos stand against the validation photos of the others.
    """
    table, pixels = rows("synthetic"), stacked("synthetic", HIGH)
    here = [row["set"] in source.split("+") for row in table]

    def run(index: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        frames: list[Image] = [crop(np.array(pixels[i])) for i in index]
        with torch.inference_mode():
            return logits(net, frames)

    fakes = [i for i, row in enumerate(table) if here[i] and row["label"] == "1"]
    reals = [i for i, row in enumerate(table) if here[i] and row["label"] == "0"]
    reals = reals or [i for i, row in enumerate(table) if row["label"] == "0" and row["split"] == "val"]
    fake, real = run(fakes), run(reals)
    return {
        "real": len(real),
        "attacks": len(fake),
        "auc": area_under_roc(fake, real),
        "rejected_at_1": rejected_at(-real, -fake, 0.01),
    }


def trained(source: str) -> SyntheticNet:
    """A net whose training did not see the sets."""
    recipe = replace(DEEP, name="synthetic", epochs=5)
    task = partial(SyntheticTask, start=deep, shares=GENERATED, harder=True)
    return without(source, recipe, task, shaped(1))


if __name__ == "__main__":
    leave_each_out("synthetic", SOURCES, trained, measure)
