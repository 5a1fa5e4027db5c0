"""Figures of the face net from its exported answers; needs no training package."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common import augment
from ..common.packs import DATA, Image
from .labels import OTHER_FACE, SHARED_68, SHARED_72, SHARP, Labels, blur_label, centre_crop, in_frame
from .occluders import occlude

Arrays = Mapping[str, NDArray[np.float32]]
Predict = Callable[[list[Image]], Arrays]  # crops (SIDE, SIDE, 3) -> the model's outputs

RACES = ("white", "black", "asian", "indian", "other")


def all_figures(predict: Predict, pixels: Image, labels: Labels, textures: list[Image]) -> dict[str, float]:
    """Everything on the validation split of the colour sets, but the grey smiles."""
    index = np.flatnonzero(labels.val)
    out = predict([centre_crop(pixels[i]) for i in index])
    figures = attribute_figures(out, labels, index) | point_figures(in_frame(out["landmarks"]), labels, index)
    figures |= occlusion_figures(predict, pixels, labels, textures)
    return figures | blur_figures(predict, pixels, labels)


def attribute_figures(out: Arrays, labels: Labels, index: NDArray[np.int64]) -> dict[str, float]:
    """Pose, age, gender, race, glasses, smile, cartoon, beauty for the rows ``index``."""
    truth = labels.pose[index]
    near = np.abs(truth[:, 0]) <= 60
    yaw, pitch = (float(v) for v in np.abs(out["pose"] - truth)[near].mean(0))
    utk = labels.sets[index] == "utk"
    figures = {"yaw_mae": yaw, "pitch_mae": pitch, "age_mae": float(np.abs(out["age"] - labels.age[index])[utk].mean())}
    figures["gender"] = _accuracy(out["gender"], labels.gender[index], utk)
    figures["race"] = _accuracy(out["ancestry"], labels.race[index], utk)
    glasses = labels.glasses[index]
    figures["glasses"] = _accuracy(out["glasses"], glasses, glasses >= 0)
    recalls = [_accuracy(out["glasses"], glasses, glasses == kind) for kind in range(3)]
    figures["glasses_mean_recall"] = float(np.mean(recalls))
    cartoon = labels.cartoon[index]
    figures["cartoon"] = _accuracy(out["face_type"], cartoon, cartoon >= 0)
    expression = labels.expression[index]
    figures["smile"] = float(((out["expression"][:, 0] < 0.5) == (expression > 0))[expression >= 0].mean())
    known = (expression >= 0) & (expression < 3)
    figures["expression"] = _accuracy(out["expression"], expression, known)
    scut = ~np.isnan(labels.beauty[index])
    figures["beauty_r"] = float(np.corrcoef(out["beauty"][scut], labels.beauty[index][scut])[0, 1])
    return figures


def point_figures(p: NDArray[np.float32], labels: Labels, index: NDArray[np.int64]) -> dict[str, float]:
    """Error of all 72 points ``p``, pixels of the frame, against the mesh and of the eight shared ones against people.

    Both over the distance of the outer eye corners.
    """
    eyes = np.linalg.norm(labels.raw[index, 34] - labels.raw[index, 13], axis=1)
    miss = np.linalg.norm(p - labels.raw[index], axis=2).mean(1) / eyes
    figures = {"points_median": float(np.nanmedian(miss)), "points_p90": float(np.nanquantile(miss, 0.9))}
    archive = np.load(DATA / "landmarks.npz")
    hands = dict(zip(archive["files68"], archive["points68"], strict=True))
    errors = []
    for row, i in enumerate(index):
        if (q := hands.get(labels.files[i])) is None:
            continue
        reach = np.linalg.norm(q[36] - q[45])
        if np.linalg.norm(labels.raw[i][SHARED_72] - q[SHARED_68], axis=1).max() < OTHER_FACE * reach:
            errors.append(np.linalg.norm(p[row, SHARED_72] - q[SHARED_68], axis=1).mean() / reach)
    return figures | {"hand_mean": float(np.mean(errors)), "hand_median": float(np.median(errors))}


def occlusion_figures(
    predict: Predict, pixels: Image, labels: Labels, textures: list[Image], count: int = 800
) -> dict[str, float]:
    """Mean absolute error of the covered share of each part, half of the faces with pasted occluders, half without."""
    rng = np.random.default_rng(21)
    index = np.flatnonzero(labels.val & ~np.isnan(labels.points).any((1, 2)))
    chosen = rng.permutation(index)[:count]
    crops, truth = [], []
    for row, i in enumerate(chosen):
        image, cover = np.array(pixels[i]), np.zeros(7, np.float32)
        if row % 2 == 0:
            image, cover, _ = occlude(image, labels.points[i], rng, textures)
        crops.append(centre_crop(image))
        truth.append(cover)
    error = np.abs(predict(crops)["occlusion"] - np.stack(truth))
    return {"occlusion_mae": float(error[::2].mean()), "occlusion_worst_part": float(error[::2].mean(0).max()),
            "occlusion_free": float(error[1::2].mean())}  # fmt: skip


def blur_figures(predict: Predict, pixels: Image, labels: Labels, count: int = 400) -> dict[str, float]:
    """Mean absolute error of blur on sharp faces blurred with known kernels."""
    rng = np.random.default_rng(22)
    index = np.flatnonzero(labels.val & (labels.sharpness > SHARP) & (labels.cartoon == 0))
    crops, truth = [], []
    for i in rng.permutation(index)[:count]:
        sigma = float(np.exp(rng.uniform(np.log(0.5), np.log(7)))) if rng.random() < 0.75 else 0.0
        image = np.array(pixels[i])
        crops.append(centre_crop(augment.blur(image, sigma, rng) if sigma else image))
        truth.append(blur_label(sigma))
    return {"blur_mae": float(np.abs(predict(crops)["blur"] - np.array(truth)).mean())}


def smile_figures(predict: Predict, pixels: Image, truth: NDArray[np.int64]) -> dict[str, float]:
    """Smile or not on grey frames (n, side, side) whose expression is 0 or more."""
    out = predict([centre_crop(np.asarray(cv2.cvtColor(np.array(p), cv2.COLOR_GRAY2BGR), np.uint8)) for p in pixels])
    return {"smile_grey": float(((out["expression"][:, 0] < 0.5) == (truth > 0)).mean())}


def _accuracy(probabilities: NDArray[np.float32], truth: NDArray[np.int64], where: NDArray[np.bool_]) -> float:
    return float((probabilities.argmax(1) == truth)[where].mean())
