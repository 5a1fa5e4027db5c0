"""From hostile bytes to an upright photo.

Length, magic bytes, header, pixel cap, decode, orientation, in this order: nothing is decoded before the header has
been read and found within the cap. JPEGs go through libjpeg-turbo by way of simplejpeg, which reports the damage that
OpenCV only prints; OpenCV is left with the few that simplejpeg does not know (component samplings without a name, odd
Adobe markers), where libjpeg's complaints about damage do reach stderr. PNGs are checked and rewritten first (see
facecore.png); BMPs are measured.
"""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from . import png
from .errors import CorruptImage, ImageTooLarge
from .headers import Format, Header, has_end, read_header, tidied
from .room import Room

MAX_PIXELS = 25_000_000
MAX_SIDE = 65_535  # what a JPEG can state; no camera makes more, and OpenCV refuses sides of 2**20
NEEDED_SIDE = 1600

Pixels = npt.NDArray[np.uint8]

# The most that the three formats store for a pixel (RGBA of 16 bits), and room for headers and what phones append.
_BYTES_PER_PIXEL = 8
_BYTES_APART = 32 * 1024 * 1024
# A PNG within the cap takes no more unpacked than 8-bit RGBA does at the cap; of 16 bits, half as many pixels are read.
_PNG_BYTES_PER_PIXEL = 4
_PNG_ROOM = 2 * MAX_SIDE  # the rows' filter bytes, twice as many in an interlaced one
_BAND = 1 << 20  # pixels that are laid over white at once
# How often a progressive JPEG at the cap may go over its pixels; writers do ten times, and each pass takes time.
_PASSES = 24
# libjpeg's words for oddities of sound files; every other warning means lost picture data.
_HARMLESS = re.compile(
    r"\b\d{1,3} extraneous bytes|Unknown Adobe color transform|unknown JFIF revision|Inconsistent progression sequence"
    r"|Invalid SOS parameters for sequential|Could not determine subsampling|bad ICC marker"
)
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

# A refused photo is answered by an error of ours, not by lines on stderr.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo, upright.

    Attributes:
        bgr: uint8, (rows, columns, 3), blue first, contiguous; reduced where the original is far larger than needed.
            Where ``read_photo`` was told that it may be, (rows, columns, 4) with a fourth byte of no meaning.
        width: Columns of the upright original, pixels.
        height: Rows of the upright original, pixels.
        scale: Pixels of ``bgr`` per pixel of the original along the longer side, 1 or about 1/2, 1/4 or 1/8:
            a length measured in ``bgr`` divided by it is a length in the original.
    """

    bgr: Pixels
    width: int
    height: int
    scale: float


def read_photo(
    data: bytes,
    max_pixels: int = MAX_PIXELS,
    needed_side: int = NEEDED_SIDE,
    spare: bool = False,
    room: Room | None = None,
) -> Photo:
    """Decodes a photo.

    Transparent pixels are laid over white, as a page shows them; the unused fourth byte of a BMP is ignored. 16-bit
    samples keep their upper byte, CMYK and grey become BGR. Colour profiles and gamma are not applied.

    Args:
        data: The whole file: JPEG (baseline, progressive, arithmetic), PNG or BMP. Bytes appended to a complete
            photo are ignored.
        max_pixels: Cap on the header's width x height.
        needed_side: Pixels. Where the longer side is at least twice this, the photo is decoded at 1/2, 1/4 or 1/8,
            the smallest whose longer side is still at least this. The default keeps everything the models look at:
            the detector works below it, and a face that fills a tenth of the frame keeps the 160 pixels that the
            crops are cut at, while the native texture that liveness looks at is only given up in photos that have
            more than twice that to give. 0 never reduces.
        spare: Whether pixels may have a fourth byte. JPEGs are decoded in the same time to four, which OpenCV shrinks
            and cuts faster than three.
        room: Where the photo's pixels have to fit beside those that other threads unpack; None waits for nobody.

    Raises:
        UnsupportedFormat: Not a JPEG, PNG or BMP.
        CorruptImage: A broken header, data that is cut off, or data that does not decode.
        ImageTooLarge: More pixels than the cap, a side over MAX_SIDE, far more bytes than the cap's pixels take, or a
            PNG whose pixels take more unpacked than 4 bytes for each pixel of the cap.
    """
    if len(data) > max_bytes(max_pixels):
        raise ImageTooLarge(f"{len(data)} bytes are more than {max_pixels} pixels take")
    header = read_header(data)
    if header.width * header.height > max_pixels or max(header.width, header.height) > MAX_SIDE:
        raise ImageTooLarge(f"{header.width} x {header.height} pixels, at most {max_pixels} are read")
    if header.scans * header.width * header.height > _PASSES * max_pixels:
        raise CorruptImage(f"the JPEG goes over its pixels {header.scans} times")
    with room.taken(header.width * header.height) if room else nullcontext():
        return _unpacked(data, header, max_pixels, _step(header, needed_side), spare)


def _unpacked(data: bytes, header: Header, max_pixels: int, step: int, spare: bool) -> Photo:
    orientation = header.orientation
    try:
        if header.format is Format.JPEG:
            bgr = _decode_jpeg(data, header, step, "BGRA" if spare else "BGR")
        elif header.format is Format.PNG:
            clean = png.sanitise(data, max_pixels * _PNG_BYTES_PER_PIXEL + _PNG_ROOM)
            orientation = clean.orientation
            bgr = _reduce(_decode_png(clean), step)
        else:
            bgr = _reduce(_decode(data, cv2.IMREAD_COLOR), step)
    except cv2.error:
        raise CorruptImage(f"the {header.format} data does not decode") from None
    size = (-(-header.height // step), -(-header.width // step))
    if bgr.shape not in ((*size, 3), (*size, 4 if spare else 3)):
        raise CorruptImage(f"the {header.format} data does not have the size that its header states")
    width, height = (header.height, header.width) if orientation > 4 else (header.width, header.height)
    bgr = upright(bgr, orientation)
    return Photo(bgr, width, height, max(bgr.shape[:2]) / max(width, height))


def max_bytes(max_pixels: int = MAX_PIXELS) -> int:
    """The longest file that is looked at: what the cap's pixels can take unpacked, and 32 MiB."""
    return max_pixels * _BYTES_PER_PIXEL + _BYTES_APART


def upright(bgr: Pixels, orientation: int) -> Pixels:
    """Turns and mirrors stored pixels as their EXIF orientation (1 .. 8) asks, once.

    Returns:
        A contiguous array; the same one where the orientation is 1.
    """
    if orientation in (5, 6, 7, 8):
        bgr = cv2.transpose(bgr)  # type: ignore[assignment]
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return bgr if flip is None else cv2.flip(bgr, flip)  # type: ignore[return-value]


def _step(header: Header, needed_side: int) -> int:
    """The divisor to decode at: the largest of 8, 4, 2 that leaves the longer side at the needed length, else 1."""
    side = max(header.width, header.height)
    return next((step for step in (8, 4, 2) if needed_side > 0 and side >= step * needed_side), 1)


def _decode_jpeg(data: bytes, header: Header, step: int, layout: str) -> Pixels:
    """Decodes strictly; an oddity gets a second try tidied, and a third that lets oddities pass."""
    rows, columns = -(-header.height // step), -(-header.width // step)
    for strict in (True, True, False):
        if not strict and not has_end(data):
            raise CorruptImage("the JPEG data is cut off")
        try:
            pixels: Pixels = simplejpeg.decode_jpeg(data, layout, min_height=rows, min_width=columns, strict=strict)
        except KeyError:  # 4:4:1, which libjpeg-turbo knows and simplejpeg does not name
            break
        except ValueError as error:
            if not _HARMLESS.search(str(error)):
                raise CorruptImage("the JPEG data is cut off or damaged") from None
            data = tidied(data)
        else:
            return pixels
    return _decode(data, _REDUCED[step])


def _decode_png(clean: png.Clean) -> Pixels:
    if clean.hole is not None:
        grey = _decode(clean.data, cv2.IMREAD_UNCHANGED)
        hole = grey == clean.hole
        if grey.dtype == np.uint16:
            grey = (grey >> 8).astype(np.uint8)
        grey[hole] = 255
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]
    if not clean.transparent:
        return _decode(clean.data, cv2.IMREAD_COLOR)
    pixels = _decode(clean.data, cv2.IMREAD_UNCHANGED)
    shown = np.empty((*pixels.shape[:2], 3), np.uint8)
    rows = max(1, _BAND // pixels.shape[1])
    for top in range(0, len(pixels), rows):  # a band at a time: the whole at once would be held several times over
        band = pixels[top : top + rows]
        if band.dtype == np.uint16:
            band = (band >> 8).astype(np.uint8)
        alpha = cv2.cvtColor(band[:, :, 3], cv2.COLOR_GRAY2BGR)
        over = cv2.multiply(band[:, :, :3], alpha, scale=1 / 255)
        cv2.add(over, cv2.bitwise_not(alpha), dst=shown[top : top + rows])
    return shown


def _decode(data: bytes | bytearray, flags: int) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise CorruptImage("the data does not decode")
    return pixels  # type: ignore[return-value]


def _reduce(bgr: Pixels, step: int) -> Pixels:
    if step == 1:
        return bgr
    size = (-(-bgr.shape[1] // step), -(-bgr.shape[0] // step))
    return cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
