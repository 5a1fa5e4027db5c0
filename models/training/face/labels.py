"""Labels of the face net: read from the packs, made where no set holds them.

Crops: a square of ``FRAME`` = 128 pixels in the packs' framing; the net sees the middle ``SHARE`` of it at SIDE pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facecore.face_net import softened

from ..common.packs import DATA, Image, number, points, rows, stacked

FRAME = 128
SIDE = 112
SHARE = 0.83
RACES = {"white": 0, "black": 1, "asian": 2, "indian": 3, "other": 4}

# Flip: point i of the mirrored face is point FLIP[i] of the face.
FLIP = np.array(
    [12 - i for i in range(13)]
    + [34, 33, 32, 31, 30, 37, 36, 35, 38]
    + [43, 42, 41, 40, 39, 46, 45, 44]
    + [17, 16, 15, 14, 13, 20, 19, 18, 21]
    + [26, 25, 24, 23, 22, 29, 28, 27]
    + [103 - i for i in range(47, 57)]
    + [57, 62, 61, 60, 59, 58, 65, 64, 63, 68, 67, 66, 71, 70, 69]
)
# The points that the 72-point order shares with the 68-point order of hand-labelled sets.
SHARED_72 = np.array([13, 17, 30, 34, 58, 62, 57, 6])
SHARED_68 = np.array([36, 39, 42, 45, 48, 54, 30, 8])

OTHER_FACE = 0.35  # mesh and hand labels further apart than this share of the eye distance are of two people
OPEN_MOUTH = 0.16  # gap of the inner lips over the mouth's width; above it a smile is a laugh


SHARP = 350.0  # Laplacian variance above which a crop counts as sharp, so that its made blur is its blur
BLUR_FROM, BLUR_TO = 0.6, 6.0  # kernel sigma in pixels of the 128-pixel frame that counts as 0 and 1


def blur_label(sigma: float) -> float:
    """0 at BLUR_FROM, 1 at BLUR_TO pixels (about 2 % and 16 % of the inter-ocular distance), logarithmic between."""
    if sigma <= BLUR_FROM:
        return 0.0
    return float(min(1.0, np.log(sigma / BLUR_FROM) / np.log(BLUR_TO / BLUR_FROM)))


def crop_matrix(angle: float, share: float, shift: tuple[float, float], frame: int = FRAME) -> NDArray[np.float32]:
    """Frame to crop: rotated by ``angle`` degrees, ``share`` of the frame wide, moved by shares of the frame."""
    scale = SIDE / (share * frame)
    middle = (frame / 2 + shift[0] * frame, frame / 2 + shift[1] * frame)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, angle, scale), np.float64)
    matrix[:, 2] += SIDE / 2 - np.array(middle)
    return matrix.astype(np.float32)


def centre_crop(frame: Image) -> Image:
    """The crop that inference would take of a pack's frame."""
    matrix = crop_matrix(0, SHARE, (0, 0), frame.shape[0])
    crop = cv2.warpAffine(np.array(frame), matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return softened(np.asarray(crop, np.uint8))


def in_frame(points: NDArray[np.float32], side: int = FRAME) -> NDArray[np.float32]:
    """Points in pixels of `centre_crop`'s picture, in pixels of the frame (``side`` wide) that it is of."""
    return np.asarray((points / SIDE - 0.5) * (SHARE * side) + side / 2, np.float32)


@dataclass(slots=True)
class Labels:
    """One row per sample; nan or -1 where a label is missing.

    Attributes:
        points: (n, 72, 2) pixels of the 128-pixel frame, nan when unknown.
        hand: Whether the eight shared points come from people.
        raw: As points, as the mesh gave them, before they were moved towards the hand labels.
    """

    files: list[str]
    sets: NDArray[np.str_]
    val: NDArray[np.bool_]
    points: NDArray[np.float32]
    raw: NDArray[np.float32]
    hand: NDArray[np.bool_]
    pose: NDArray[np.float32]
    age: NDArray[np.float32]
    gender: NDArray[np.int64]
    race: NDArray[np.int64]
    expression: NDArray[np.int64]  # 0 none, 1 smile, 2 laugh, 3 smile or laugh, -1 unknown
    glasses: NDArray[np.int64]
    cartoon: NDArray[np.int64]
    beauty: NDArray[np.float32]  # 0..100
    shape: NDArray[np.str_]
    sharpness: NDArray[np.float32]
    kps: NDArray[np.float32]


def mouth_opening(p: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gap between the inner lips over the mouth's width, (n,) from (n, 72, 2)."""
    gap = np.linalg.norm(p[:, 67] - p[:, 70], axis=1)
    return np.asarray(gap / np.maximum(np.linalg.norm(p[:, 58] - p[:, 62], axis=1), 1e-3), np.float32)


def load_faces() -> tuple[Image, Labels]:
    """The colour pack ``faces``."""
    table = rows("faces")
    pixels = stacked("faces", FRAME)
    archive = np.load(DATA / "landmarks.npz")
    where = {row["file"]: index for index, row in enumerate(table)}
    n = len(table)
    raw = np.full((n, 72, 2), np.nan, np.float32)
    raw[[where[f] for f in archive["files72"]]] = archive["points72"]
    score = np.array([number(row["mesh_score"]) for row in table])
    cartoon = np.array([int(number(row["cartoon"])) if row["cartoon"] else -1 for row in table])
    raw[~(score >= 0.9) | (cartoon == 1)] = np.nan
    pose = np.array([[number(row["yaw"]), number(row["pitch"])] for row in table], np.float32)
    pose[cartoon == 1] = np.nan
    val = np.array([row["split"] == "val" for row in table])
    hands = dict(zip(archive["files68"], archive["points68"], strict=True))
    fixed, hand = _towards_hand_labels(raw, pose, val, where, hands)
    smile = np.array([int(number(row["smile"])) if row["smile"] else -1 for row in table])
    opening = mouth_opening(raw)
    expression = np.where(smile == 1, np.where(np.isnan(opening), 3, np.where(opening > OPEN_MOUTH, 2, 1)), smile)
    labels = Labels(
        files=[row["file"] for row in table],
        sets=np.array([row["set"] for row in table]),
        val=val,
        points=fixed,
        raw=raw,
        hand=hand,
        pose=pose,
        age=np.array([number(row["age"]) for row in table], np.float32),
        gender=np.array([{"m": 0, "f": 1}.get(row["gender"], -1) for row in table]),
        race=np.array([RACES.get(row["race"], -1) for row in table]),
        expression=expression,
        glasses=np.array([int(number(row["glasses"])) if row["glasses"] else -1 for row in table]),
        cartoon=cartoon,
        beauty=np.array([(number(row["beauty"]) - 1) * 25 for row in table], np.float32),
        shape=np.array([row["shape"] for row in table]),
        sharpness=np.array([number(row["sharpness"]) for row in table], np.float32),
        kps=np.stack([points(row["kps"]) if row["kps"] else np.full((5, 2), np.nan, np.float32) for row in table]),
    )
    return pixels, labels


def load_smiles() -> tuple[Image, NDArray[np.int64], NDArray[np.bool_]]:
    """The grey pack ``smile``: (n, 64, 64) pictures, expression (0 or 3) and whether a row is of the val split."""
    table = rows("smile")
    pixels = stacked("smile", 64, cv2.IMREAD_GRAYSCALE)
    expression = np.array([3 if row["smile"] == "1" else 0 for row in table])
    return pixels, expression, np.array([row["split"] == "val" for row in table])


def _towards_hand_labels(
    raw: NDArray[np.float32],
    pose: NDArray[np.float32],
    val: NDArray[np.bool_],
    where: dict[str, int],
    hands: dict[str, NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Moves the mesh's eight shared points by what people saw differently.

    The mesh and the hand labels disagree systematically (by several percent of the inter-ocular distance). A ridge
    regression from pose and shape to that difference, fitted on the hand-labelled training photos, moves the points
    of all photos; the hand-labelled training photos take the hand labels themselves. The contour follows the chin.
    """
    rows_known = [
        i for f, i in where.items() if f in hands and not np.isnan(raw[i]).any() and not np.isnan(pose[i]).any()
    ]
    truth = {where[f]: p[SHARED_68] for f, p in hands.items()}
    fit = np.array([i for i in rows_known if not val[i]])
    error = np.stack([truth[i] for i in fit]) - raw[fit][:, SHARED_72]
    scale = np.linalg.norm(raw[fit, 34] - raw[fit, 13], axis=1)
    error = error / scale[:, None, None]
    keep = np.linalg.norm(error, axis=2).max(1) < OTHER_FACE
    inputs = _shape_inputs(raw, pose)
    a = inputs[fit][keep]
    weights = np.linalg.solve(a.T @ a + 2.0 * np.eye(a.shape[1]), a.T @ error[keep].reshape(keep.sum(), -1))
    known = ~np.isnan(inputs).any(1)
    shift = (inputs[known] @ weights).reshape(-1, 8, 2) * np.linalg.norm(raw[known, 34] - raw[known, 13], axis=1)[
        :, None, None
    ]
    fixed = raw.copy()
    moved = fixed[known]
    moved[:, SHARED_72] += shift
    for beside, part in ((5, 0.5), (7, 0.5)):
        moved[:, beside] += part * shift[:, 7]
    fixed[known] = moved
    hand = np.zeros(len(raw), bool)
    for index, p in truth.items():
        if np.isnan(raw[index]).any():
            continue
        apart = np.linalg.norm(raw[index][SHARED_72] - p, axis=1).max()
        if not val[index] and apart < OTHER_FACE * np.linalg.norm(raw[index, 34] - raw[index, 13]):
            fixed[index, SHARED_72] = p
            hand[index] = True
    return fixed, hand


def _shape_inputs(raw: NDArray[np.float32], pose: NDArray[np.float32]) -> NDArray[np.float64]:
    eyes = np.linalg.norm(raw[:, 34] - raw[:, 13], axis=1)
    height = np.linalg.norm(raw[:, 6] - raw[:, 57], axis=1) / eyes
    opening = mouth_opening(raw)
    yaw, pitch = pose[:, 0] / 30, pose[:, 1] / 30
    one = np.ones(len(raw))
    return np.stack([one, yaw, pitch, np.abs(yaw), yaw**2, height - 0.8, opening], 1).astype(np.float64)
