"""What the committed face model itself says of the training faces: targets where people labelled nothing.

Smiles are known of 1,800 of 30,000 colour photos, and races and genders are labelled with mistakes. A net that learns
the mean answer of its elders, on changed pictures, does better than they (Xie et al., 2020, "Self-training with Noisy
Student improves ImageNet classification").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facecore.registry import Registry

from ..common import augment
from ..common.packs import MODELS, Image, cached
from .labels import centre_crop
from .measure import runtime

TAUGHT = {"gender": 2, "ancestry": 5, "expression": 3}  # answers and their classes
BATCH = 512


def answers(pixels: Image) -> dict[str, NDArray[np.float32]]:
    """TAUGHT's probabilities for each frame (n, 128, 128, 3): the mean of those of its crop and of the mirror image."""

    def ask(path: Path) -> None:
        predict = runtime()
        found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in TAUGHT}
        for start in tqdm(range(0, len(pixels), BATCH), desc="teacher", disable=None):
            crops = [centre_crop(frame) for frame in pixels[start : start + BATCH]]
            both = [predict(crops), predict([augment.mirrored(crop) for crop in crops])]
            for name, each in found.items():
                each.append(np.asarray((both[0][name] + both[1][name]) / 2, np.float32))
        whole: dict[str, Any] = {name: np.concatenate(each) for name, each in found.items()}
        np.savez(path, **whole)

    file = cached(f"face-answers-{Registry(MODELS)['face'].facts['sha256'][:8]}.npz", ask)
    with np.load(file) as archive:
        return {name: archive[name] for name in TAUGHT}
