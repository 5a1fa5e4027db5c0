"""Leave one generator out: ``make train MODEL=synthetic.strangers`` trains without each and measures it there.

models/cards/synthetic-left-out.json keeps the figures; the next publication puts them into the card.
"""

from __future__ import annotations

import numpy as np
import torch

from ..common.metrics import area_under_roc, rejected_at
from ..common.packs import Image, rows, stacked
from ..common.strangers import leave_each_out
from .frames import HIGH
from .net import SyntheticNet
from .recipe import RECIPE
from .task import SyntheticTask, crop, logits

SOURCES = {"hardfake+ffhq+leafac": "StyleGAN2 (three sets)", "faker": "Stable Diffusion 3", "ciplab": "composites"}


def measure(source: str, net: SyntheticNet) -> dict[str, float]:
    """Figures on all fakes of sets (joined by +) that ``net`` never saw, against the pack's real validation photos."""
    table, pixels = rows("synthetic"), stacked("synthetic", HIGH)

    def run(index: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        frames: list[Image] = [crop(np.array(pixels[i])) for i in index]
        with torch.inference_mode():
            return logits(net, frames)

    fake = run([i for i, row in enumerate(table) if row["label"] == "1" and row["set"] in source.split("+")])
    real = run([i for i, row in enumerate(table) if row["label"] == "0" and row["split"] == "val"])
    return {"attacks": len(fake), "auc": area_under_roc(fake, real), "rejected_at_1": rejected_at(-real, -fake, 0.01)}


if __name__ == "__main__":
    leave_each_out(RECIPE, SOURCES, SyntheticTask, SyntheticNet, measure)
