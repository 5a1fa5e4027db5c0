"""Dark pictures made as bright as most are, before a net looks at them: few training photos are dark."""

from __future__ import annotations

import cv2
import numpy as np

from .align import Image

WHITE = 190  # what the brightest fiftieth of a picture's pixels has at least, once it is brightened
WHITE_FACE = 150  # the same of an aligned face; the face net confirms what the detector doubts, in more light too much
WHITE_PHOTO = 120  # the same of a whole photo, of which the detector needs less
BRIGHTEST = 98  # percent of the pixels that are darker
BLACK = 8  # what is not brighter is outside the photo, or nothing is to be seen there
MOST = 16.0  # times as bright, at the most
SAMPLES = 80  # pixels across, at least, by which a picture is judged


def brightened(picture: Image, white: int = WHITE) -> Image:
    """A dark picture as bright as most are, by one factor for all; one that is bright enough as it is, uncopied.

    Args:
        picture: (height, width, 3).
        white: 0..255, what the brightest fiftieth of the pixels has at least.
    """
    step = max(1, min(picture.shape[:2]) // SAMPLES)
    blue, green, red = (picture[::step, ::step, channel] for channel in range(3))
    counts = np.bincount(np.maximum(np.maximum(blue, green), red).ravel(), minlength=256)
    counts[: BLACK + 1] = 0
    below = np.cumsum(counts)
    if not below[-1]:
        return picture
    level = int(np.searchsorted(below, below[-1] * BRIGHTEST // 100, "right"))
    if level >= white:
        return picture
    return np.asarray(cv2.convertScaleAbs(picture, alpha=min(white / level, MOST)), np.uint8)
