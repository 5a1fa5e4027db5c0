"""Changes that keep a net from learning its few generated faces by heart: faces are bent, and parts of them hidden.

Both are done to real and generated faces alike, so that neither tells them apart.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..common.packs import Image

Rng = np.random.Generator
SIZES = (0.12, 0.5)  # of a cover's sides, in those of the picture


def bent(image: Image, rng: Rng) -> Image:
    """The picture (side, side, 3) slightly stretched, sheared and bent as by a lens of uneven glass."""
    side = image.shape[0]
    stretch, shear = np.exp(rng.normal(0, 0.05, 2)), rng.normal(0, 0.04, 2)
    coarse = rng.normal(0, 0.012 * side, (4, 4, 2)).astype(np.float32)
    waves = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32) - side / 2
    across = np.asarray(stretch[0] * x + shear[0] * y + side / 2 + waves[..., 0], np.float32)
    down = np.asarray(stretch[1] * y + shear[1] * x + side / 2 + waves[..., 1], np.float32)
    return np.asarray(cv2.remap(image, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def covered(image: Image, rng: Rng) -> Image:
    """The picture (side, side, 3) with one to three rectangles of a colour, of its own mean colour or of noise.

    Random erasing (Zhong et al., 2020).
    """
    image, side = image.copy(), image.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        height, width = (int(side * rng.uniform(*SIZES)) for _ in range(2))
        top = int(rng.integers(-height // 3, side - 2 * height // 3))
        left = int(rng.integers(-width // 3, side - 2 * width // 3))
        part = image[max(top, 0) : top + height, max(left, 0) : left + width]
        way = rng.random()
        if way < 0.5:
            part[:] = rng.integers(0, 256, 3)
        elif way < 0.75:
            part[:] = part.reshape(-1, 3).mean(0)
        else:
            part[:] = rng.integers(0, 256, part.shape)
    return image
