"""Real faces of the scenes and of cameras' live photos in the packs' framing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.packs import Image, images, points, rows
from ..detector.scenes import load_scenes

HIGH = 224  # pixels of the packs' framing in the synthetic pack
LOW = 128  # in the face packs; live photos have no more
CAMERAS = ("casia", "nuaa")  # sets with live photos


def scene_frames() -> tuple[list[Image], NDArray[np.str_], NDArray[np.str_]]:
    """Sharp real faces of the scenes in the packs' framing at HIGH pixels; their sets and splits."""
    frames, sources, splits = [], [], []
    table = rows("scenes")
    for split in ("train", "val"):
        names = [row["set"] for row in table if row["split"] == split]
        for name, photo in zip(names, load_scenes(split), strict=True):
            if name in ("nuaa", "imagenet"):
                continue
            for p in photo.points[photo.sure]:
                if framing(p)[0] < 120:
                    continue
                frames.append(framed(photo.image, p, HIGH))
                sources.append(name)
                splits.append(split)
    return frames, np.array(sources), np.array(splits)


def live_frames() -> tuple[list[Image], NDArray[np.str_], NDArray[np.str_]]:
    """Faces of the live photos that cameras took in the packs' framing at LOW pixels; their sets and splits."""
    table = [row for row in rows("spoof") if row["label"] == "1" and row["set"] in CAMERAS and row["kps"]]
    photos = images("spoof", [row["file"] for row in table])
    frames = [framed(photo, points(row["kps"]), LOW) for row, photo in zip(table, photos, strict=True)]
    return frames, np.array([row["set"] for row in table]), np.array([row["split"] for row in table])


def framing(p: NDArray[np.float32]) -> tuple[float, NDArray[np.float32], float]:
    """Side in pixels, middle and roll in degrees of the packs' framing of a face's five points (5, 2)."""
    eyes, mouth = p[:2].mean(0), p[3:].mean(0)
    side = max(3.4 * float(np.linalg.norm(p[1] - p[0])), 3.7 * float(np.linalg.norm(mouth - eyes)))
    return side, (eyes + mouth) / 2, float(np.degrees(np.arctan2(p[1, 1] - p[0, 1], p[1, 0] - p[0, 0])))


def framed(image: Image, p: NDArray[np.float32], size: int) -> Image:
    """The face with the five points ``p`` in the packs' framing, (size, size, 3)."""
    side, middle, angle = framing(p)
    centre = (float(middle[0]), float(middle[1]))
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, angle, size / side), np.float64)
    matrix[:, 2] += size / 2 - middle
    frame = cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(frame, np.uint8)
