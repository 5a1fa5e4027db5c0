"""Sharp real faces of the scenes in the packs' framing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.packs import Image, rows
from ..detector.scenes import load_scenes

HIGH = 224  # pixels of the packs' framing in the synthetic pack


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
                eyes, mouth = p[:2].mean(0), p[3:].mean(0)
                side = max(3.4 * float(np.linalg.norm(p[1] - p[0])), 3.7 * float(np.linalg.norm(mouth - eyes)))
                if side < 120:
                    continue
                angle = float(np.degrees(np.arctan2(p[1, 1] - p[0, 1], p[1, 0] - p[0, 0])))
                middle = (eyes + mouth) / 2
                matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), angle, HIGH / side)
                matrix[:, 2] += HIGH / 2 - middle
                frame = cv2.warpAffine(photo.image, matrix, (HIGH, HIGH), borderMode=cv2.BORDER_REPLICATE)
                frames.append(np.asarray(frame, np.uint8))
                sources.append(name)
                splits.append(split)
    return frames, np.array(sources), np.array(splits)
