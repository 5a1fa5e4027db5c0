"""The portraits that are labelled with a face shape: what the shape model is fitted on and checked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecore.geometry import shape_features

from .figures import Predict
from .labels import centre_crop, load_faces

CLASSES = ("square", "oval", "heart", "round")
FOLDERS = {"square": 0, "oval": 1, "oblong": 1, "heart": 2, "round": 3}


def portraits(predict: Predict) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """The portraits' shape features (n, 6) from the net's points, class indices (n,) and whether of the val split."""
    pixels, labels = load_faces()
    index = np.flatnonzero(labels.sets == "shape")
    points = predict([centre_crop(pixels[i]) for i in index])["landmarks"]
    features = np.stack([shape_features(p) for p in points])
    return features, np.array([FOLDERS[name] for name in labels.shape[index]]), labels.val[index]


def shape_figures(predict: Predict, facts: Mapping[str, Any]) -> dict[str, float]:
    """Accuracy over the four labelled classes on the validation portraits.

    Args:
        predict: The net.
        facts: The registry's ``face_shape`` entry, see facecore.geometry.face_shape.
    """
    features, truth, val = portraits(predict)
    z = (features[val] - np.asarray(facts["mean"])) / np.asarray(facts["scale"])
    hit = (z @ np.asarray(facts["weights"]).T + np.asarray(facts["bias"])).argmax(1) == truth[val]
    recalls = [hit[truth[val] == kind].mean() for kind in range(len(CLASSES))]
    return {
        "shape_accuracy": float(hit.mean()),
        "shape_mean_recall": float(np.mean(recalls)),
        "shape_chance": 1 / len(CLASSES),
    }
