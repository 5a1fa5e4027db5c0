"""Real faces of the scenes and of cameras' live photos in the packs' framing."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facecore.align import Square, face_square

from ..common.packs import Image, images, points, rows
from ..detector.scenes import load_scenes
from ..face.labels import FRAME

HIGH = 224  # pixels of the packs' framing in the synthetic pack
CAMERAS = ("casia", "nuaa")  # sets with live photos; they have no more pixels than the face packs' FRAME


def scene_frames(without: Sequence[str] = ()) -> tuple[list[Image], NDArray[np.str_]]:
    """Sharp real faces of the scenes but those of some sets, in the packs' framing at HIGH pixels; their splits."""
    frames, splits = [], []
    table = rows("scenes")
    for split in ("train", "val"):
        names = [row["set"] for row in table if row["split"] == split]
        for name, photo in zip(names, load_scenes(split), strict=True):
            if name in ("nuaa", "imagenet", *without):
                continue
            for p in photo.points[photo.sure]:
                square = face_square(p)
                if square.side < 120:
                    continue
                frames.append(framed(photo.image, square, HIGH))
                splits.append(split)
    return frames, np.array(splits)


def live_frames(split: str) -> dict[str, list[Image]]:
    """Faces of a split's live photos that cameras took, by set, in the packs' framing at FRAME pixels."""
    frames: dict[str, list[Image]] = {name: [] for name in CAMERAS}
    lives = [row for row in rows("spoof") if row["label"] == "1" and row["set"] in CAMERAS and row["kps"]]
    table = [row for row in lives if row["split"] == split]
    for row, photo in zip(table, images("spoof", [row["file"] for row in table]), strict=True):
        frames[row["set"]].append(framed(photo, face_square(points(row["kps"])), FRAME))
    return frames


def framed(image: Image, square: Square, size: int) -> Image:
    """The square as an upright picture, (size, size, 3), placed as the packs' pictures are.

    Those put the square's middle at size / 2, `facecore.align.cut` at (size - 1) / 2.
    """
    matrix = np.asarray(cv2.getRotationMatrix2D((square.x, square.y), square.angle, size / square.side), np.float64)
    matrix[:, 2] += np.array([size / 2 - square.x, size / 2 - square.y])
    return np.asarray(cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE), np.uint8)
