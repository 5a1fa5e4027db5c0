"""From five points to the square that the nets look at.

The square is the packs' framing: upright eyes, centred between the eyes' middle and the mouth's middle, its side the
larger of 3.4 eye distances and 3.7 eye-mouth distances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

AROUND_BOX = 1.35  # side of the packs' framing over that of a face's box

Image = NDArray[np.uint8]
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square in an image.

    Attributes:
        x: Middle, pixels.
        y: Middle, pixels.
        side: Pixels.
        angle: Degrees by which the square is turned clockwise.
    """

    x: float
    y: float
    side: float
    angle: float

    def scaled(self, share: float) -> Square:
        """The same square with its side multiplied."""
        return Square(self.x, self.y, self.side * share, self.angle)


def face_square(points: Array) -> Square:
    """The framing of a face.

    Args:
        points: (5, 2) pixels: image-left eye, image-right eye, nose tip, image-left and image-right mouth corner.
    """
    (x0, y0), (x1, y1), _, (x3, y3), (x4, y4) = points.tolist()
    eyes, mouth = ((x0 + x1) / 2, (y0 + y1) / 2), ((x3 + x4) / 2, (y3 + y4) / 2)
    side = max(3.4 * math.hypot(x1 - x0, y1 - y0), 3.7 * math.dist(eyes, mouth), 8.0)
    angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
    return Square((eyes[0] + mouth[0]) / 2, (eyes[1] + mouth[1]) / 2, side, angle)


def quarter(angle: float) -> float:
    """The multiple of 90 degrees, 0 to 270, that is nearest to an angle."""
    return 90.0 * (round(angle / 90) % 4)


def every_way_up(box: Array) -> list[Square]:
    """Squares about a face's box, turned by each eighth of a circle.

    Args:
        box: (4,) left, top, width, height, pixels.
    """
    left, top, width, height = box.tolist()
    side = max(AROUND_BOX * max(width, height), 8.0)
    return [Square(left + width / 2, top + height / 2, side, turn) for turn in (45.0 * i for i in range(8))]


def cut(image: Image, square: Square, size: int, border: int = cv2.BORDER_REPLICATE) -> Image:
    """The square of an image, which may have a fourth channel, as an upright picture of ``size`` x ``size`` x 3.

    The surroundings are first shrunk by averaging where the square is more than twice as large as asked, so that a
    large face does not alias.
    """
    height, width = image.shape[:2]
    scale = size / square.side
    times = int(1 / scale) if scale < 0.5 else 1
    reach = square.side * 0.7072 + 1 + times
    x0, x1 = _span(square.x, reach, width, times)
    y0, y1 = _span(square.y, reach, height, times)
    region = image[y0:y1, x0:x1]
    middle = (square.x - x0, square.y - y0)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, square.angle, scale), np.float64)
    matrix[:, 2] = matrix[:, 2] + (size - 1) / 2 - middle
    if times > 1:
        small = (max(1, round(region.shape[1] / times)), max(1, round(region.shape[0] / times)))
        stretch = np.array([region.shape[1] / small[0], region.shape[0] / small[1]])  # near ``times``; pixels are whole
        region = np.asarray(cv2.resize(region, small, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, 2] += matrix[:, :2] @ (stretch / 2 - 0.5)
        matrix[:, :2] *= stretch
    return warped(region, matrix, size, border)


def warped(image: Image, matrix: NDArray[np.float64], size: int, border: int = cv2.BORDER_CONSTANT) -> Image:
    """``size`` x ``size`` x 3 pixels of an image, by the (2, 3) ``matrix`` from its pixels to theirs, bilinear.

    OpenCV interpolates four channels at once and three one by one: with one more the same pixels take two thirds of the
    time, copies included.
    """
    four = image if image.shape[2] == 4 else cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    four = cv2.warpAffine(four, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(cv2.cvtColor(four, cv2.COLOR_BGRA2BGR), np.uint8)


def _span(middle: float, reach: float, length: int, times: int) -> tuple[int, int]:
    """The pixels from ``middle - reach`` to ``middle + reach`` that there are; all where nearly none are.

    Their number is a multiple of ``times``, if so many are there: averaging whole pixels is many times faster.
    """
    first, last = max(0, int(middle - reach)), min(length, int(middle + reach) + 1)
    if last - first < 2:
        return 0, length
    over = (last - first) % times
    return (first, last - over) if last - first > times else (first, last)


def restore(points: Array, square: Square, size: int) -> Array:
    """Points (n, 2) of the picture that ``cut`` gave, back in the image's pixels."""
    angle, scale = math.radians(square.angle), square.side / size
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    turned = (points - (size - 1) / 2) @ np.array([[c, s], [-s, c]])
    return np.asarray(turned + np.array([square.x, square.y]), np.float32)
