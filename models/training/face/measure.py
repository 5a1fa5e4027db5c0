"""Measures the committed face net as facecore runs it; needs no training package."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facecore.registry import Registry
from facecore.sessions import Models

from ..common.packs import MODELS, Image, images, rows
from .figures import Predict, all_figures, smile_figures
from .labels import load_faces, load_smiles
from .portraits import shape_figures

BATCH = 64


def measure() -> dict[str, float]:
    """All figures of the committed file on the validation split."""
    pixels, labels = load_faces()
    empty = [row["file"] for row in rows("scenes") if row["split"] == "val" and row["faces"] == "[]"]
    textures = [np.asarray(cv2.resize(image, (200, 200)), np.uint8) for image in images("scenes", empty)]
    predict = runtime()
    figures = all_figures(predict, pixels, labels, textures)
    smiles, truth, val = load_smiles()
    grey = np.flatnonzero(val)
    figures |= smile_figures(predict, smiles[grey], truth[grey])
    return figures | shape_figures(predict, Registry(MODELS)["face"].facts["face_shape"])


def runtime() -> Predict:
    """The committed file, run by onnxruntime in batches of BATCH crops."""
    model = Models(Registry(MODELS), 1)["face"]

    def predict(crops: list[Image]) -> dict[str, NDArray[np.float32]]:
        starts = tqdm(range(0, len(crops), BATCH), desc="face", leave=False, disable=None)
        parts = [model(crop=np.stack(crops[start : start + BATCH])) for start in starts]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    return predict
