"""Measures the committed detector as facecore runs it; needs no training package."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from facecore.analyzer import Analyzer
from facecore.geometry import visible

from ..common.packs import MODELS, Image
from .figures import Find, detector_figures
from .scenes import Array, load_scenes


def measure() -> dict[str, float]:
    """All figures of the committed file on the validation photos."""
    return detector_figures(finder(), tqdm(load_scenes("val"), desc="detector", disable=None))


def finder() -> Find:
    """The committed detector, its doubtful faces confirmed by the committed face net, as facecore reports them."""
    analyzer = Analyzer(MODELS)

    def find(image: Image) -> tuple[Array, Array]:
        faces = analyzer.locate(image)
        if not faces:
            return np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32)
        boxes = np.stack([visible(face.box, *image.shape[1::-1]) for face in faces])
        boxes[:, 2:] += boxes[:, :2]
        return boxes, np.stack([face.points for face in faces])

    return find
