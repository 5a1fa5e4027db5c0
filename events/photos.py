"""The photos of the events, all small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg

PORTRAIT = Path(__file__).parents[1] / "tests/data/eileen_collins.jpg"
GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""A GIF of one pixel; no contract takes it."""


def portrait() -> bytes:
    """The middle of the sample portrait, 320 x 320 pixels, as a JPEG."""
    pixels = simplejpeg.decode_jpeg(PORTRAIT.read_bytes(), "RGB")
    return _jpeg(pixels[0:320, 64:384])


def wall() -> bytes:
    """An even grey, 96 x 96 pixels, as a JPEG: no face."""
    return _jpeg(np.full((96, 96, 3), 128, np.uint8))


def _jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=85, colorspace="RGB"))
