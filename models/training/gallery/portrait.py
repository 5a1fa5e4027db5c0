"""NASA's portrait of Eileen Collins (public domain) and what can be done to it without moving a pixel's place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..common.packs import ROOT

Image = NDArray[np.uint8]
Points = NDArray[np.float64]

FILE = ROOT / "tests" / "data" / "eileen_collins.jpg"
NO_FACE = ROOT / "tests" / "data" / "coffee.jpg"
FACE = (182, 82, 85, 97)  # left, top, width, height: hairline to chin, read off the photo
# Right eye, left eye, nose tip, mouth's right and left corner, chin, read off by eye; MARKED: which of the 72 they are.
MARKS = np.array([(203, 101), (246, 104), (226, 127), (204, 141), (245, 140), (226, 178)], np.float64)
MARKED = (21, 38, 57, 58, 62, 6)
ROLL = float(np.degrees(np.arctan2(3, 43)))  # of the line through the eyes, clockwise


def read(path: str) -> Image:
    """A photo of tests/data, BGR.

    Raises:
        FileNotFoundError: It is not there, or no photo.
    """
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(path)
    return np.asarray(image, np.uint8)


def portrait() -> Image:
    """The portrait, (512, 512, 3) BGR."""
    return read(str(FILE))


# ---- light, focus, noise, codec


def lit(image: Image, gain: float) -> Image:
    """All values times ``gain``, clipped."""
    return _bytes(image.astype(np.float32) * gain)


def half_lit(image: Image, dark: float = 0.12) -> Image:
    """Light from the image left alone: from full at the face's left edge to ``dark`` at its right."""
    x = np.arange(image.shape[1], dtype=np.float32)
    ramp = 1 - (1 - dark) / (1 + np.exp(-(x - FACE[0] - 0.45 * FACE[2]) / 9))
    return _bytes(image * ramp[None, :, None])


def blurred(image: Image, sigma: float) -> Image:
    """A Gaussian of ``sigma`` pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def shaken(image: Image, length: int, degrees: float = 20) -> Image:
    """The camera moved in a straight line of ``length`` pixels."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), degrees, 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def noisy(image: Image, sigma: float, seed: int = 1) -> Image:
    """Gaussian noise of ``sigma`` grey levels in every channel."""
    return _bytes(image + np.random.default_rng(seed).normal(0, sigma, image.shape))


def grey(image: Image) -> Image:
    """BT.601 luma."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


def compressed(image: Image, quality: int) -> Image:
    """Through a JPEG of that quality."""
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR), np.uint8
    )


def smoothed(image: Image) -> Image:
    """Skin as a beauty filter leaves it."""
    for _ in range(3):
        image = np.asarray(cv2.bilateralFilter(image, 9, 40, 7), np.uint8)
    return image


# ---- what is in the way


def patched(image: Image, *patches: tuple[int, int, int, int], colour: tuple[int, int, int] = (96, 104, 112)) -> Image:
    """Rectangles (left, top, right, bottom) of one colour laid over."""
    out = image.copy()
    for left, top, right, bottom in patches:
        cv2.rectangle(out, (left, top), (right, bottom), colour, cv2.FILLED)
    return out


def sunglasses(image: Image) -> Image:
    """Two dark lenses, a bridge, and the arms."""
    out = image.copy()
    for (x, y), ear in zip(MARKS[:2], ((184, 99), (270, 106)), strict=True):
        cv2.ellipse(out, (int(x), int(y) + 2), (17, 13), 4, 0, 360, (28, 24, 22), cv2.FILLED, cv2.LINE_AA)
        cv2.ellipse(out, (int(x) - 5, int(y) - 3), (5, 3), 20, 0, 360, (70, 62, 58), cv2.FILLED, cv2.LINE_AA)
        cv2.line(out, (int(x), int(y) - 3), ear, (28, 24, 22), 3, cv2.LINE_AA)
    cv2.line(out, (216, 100), (233, 101), (28, 24, 22), 3, cv2.LINE_AA)
    return out


def masked(image: Image) -> Image:
    """A light blue mask from the nose to under the chin, with folds and ear loops."""
    out = image.copy()
    outline = np.array([(184, 122), (224, 116), (266, 124), (264, 150), (247, 176), (226, 186), (204, 176), (187, 150)])
    cv2.fillPoly(out, [outline.astype(np.int32)], (205, 178, 148), cv2.LINE_AA)
    for row in (136, 149, 162):
        cv2.line(out, (191, row), (261, row + 2), (186, 158, 128), 2, cv2.LINE_AA)
    for start, end in (((185, 124), (180, 108)), ((265, 126), (271, 112))):
        cv2.line(out, start, end, (225, 215, 205), 2, cv2.LINE_AA)
    return out


def hand(image: Image) -> Image:
    """Four fingers over the image's left half of the face."""
    out = image.copy()
    for finger, (x, y) in enumerate(((219, 92), (217, 108), (215, 124), (205, 139))):
        tone = (118 - 4 * finger, 146 - 4 * finger, 196 - 4 * finger)
        cv2.line(out, (x, y), (120, y + 26), tone, 15, cv2.LINE_AA)
        cv2.line(out, (x - 3, y + 8), (120, y + 34), (84, 108, 150), 2, cv2.LINE_AA)
    return out


def _bytes(values: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(np.round(values), 0, 255), np.uint8)
