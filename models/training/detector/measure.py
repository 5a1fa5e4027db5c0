"""Measures the committed detector as facecore runs it; needs no training package."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from facecore.analyzer import Analyzer

from ..common.packs import MODELS, Image
from .crowds import enlarged, every_crowd, laid
from .figures import Find, corners, detector_figures
from .scenes import Array, load_scenes


def measure() -> dict[str, float]:
    """All figures of the committed file on the validation photos."""
    find, scenes = finder(), load_scenes("val")
    figures = detector_figures(find, tqdm(scenes, desc="detector", disable=None))
    crowds = detector_figures(find, tqdm(every_crowd(scenes), desc="crowds", disable=None))
    alone = detector_figures(find, tqdm(laid(scenes), desc="laid", disable=None))
    empty = detector_figures(find, [enlarged(scene) for scene in scenes if not len(scene.boxes)])
    return figures | {
        "recall_32_at_1280": crowds["recall_32"],
        "extra_per_photo_at_1280": crowds["extra_per_photo"],
        "recall_32_laid": alone["recall_32"],
        "extra_per_photo_laid": alone["extra_per_photo"],
        "empty_fire_at_1280": empty["empty_fire"],
    }


def finder() -> Find:
    """The committed detector, its doubtful faces confirmed by the committed face net, as facecore reports them."""
    analyzer = Analyzer(MODELS)

    def find(image: Image) -> tuple[Array, Array]:
        faces = analyzer.locate(image)
        if not faces:
            return np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32)
        return np.stack([corners(face.box, image) for face in faces]), np.stack([face.points for face in faces])

    return find
