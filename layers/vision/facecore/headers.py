"""What a photo's first bytes say of it, read without decoding anything.

Sources: ITU-T T.81 (JPEG), W3C PNG 3rd edition, the BITMAPINFOHEADER family and OS/2's BITMAPCOREHEADER, CIPA DC-008
(EXIF). Only lengths that the file states are followed, so the time is linear in the number of bytes.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import StrEnum

from .errors import CorruptImage, UnsupportedFormat

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_SCANS = 64  # scans of a progressive JPEG; writers use about ten, each scan costs a pass over all pixels

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ORIENTATION_TAG = 0x0112
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_BMP_INFO_SIZES = (16, 40, 52, 56, 64, 108, 124)
_BMP_DEPTHS = {0: (1, 4, 8, 16, 24, 32), 1: (8,), 2: (4,), 3: (16, 32), 6: (16, 32)}


class Format(StrEnum):
    """The photo formats that are read."""

    JPEG = "JPEG"
    PNG = "PNG"
    BMP = "BMP"


@dataclass(frozen=True, slots=True)
class Header:
    """A photo's header.

    Attributes:
        format: What the magic bytes say.
        width: Stored columns, >= 1, before any orientation is applied.
        height: Stored rows, >= 1.
        orientation: EXIF orientation, 1 .. 8; 1 where there is none or it makes no sense.
    """

    format: Format
    width: int
    height: int
    orientation: int = 1


def sniff(data: bytes) -> Format:
    """Tells the format by the magic bytes alone; names and content types lie.

    Raises:
        UnsupportedFormat: Neither JPEG, PNG nor BMP.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if data.startswith(PNG_SIGNATURE):
        return Format.PNG
    if data.startswith(b"BM"):
        return Format.BMP
    raise UnsupportedFormat("not a JPEG, PNG or BMP file")


def read_header(data: bytes) -> Header:
    """Reads size and orientation without decoding.

    Args:
        data: The whole file.

    Raises:
        UnsupportedFormat: Neither JPEG, PNG nor BMP, or a BMP that only wraps another format.
        CorruptImage: The header is cut off or contradicts its format.
    """
    kind = sniff(data)
    try:
        header = {Format.JPEG: _read_jpeg, Format.PNG: _read_png, Format.BMP: _read_bmp}[kind](data)
    except (struct.error, IndexError):
        raise CorruptImage(f"the {kind} header is cut off") from None
    if header.width < 1 or header.height < 1:
        raise CorruptImage(f"the {kind} header states a size of {header.width} x {header.height}")
    return header


def _read_jpeg(data: bytes) -> Header:
    size: tuple[int, int] | None = None
    orientation, at, scans, progressive = 1, 2, 0, False
    while True:
        found = (_MARKER_IN_SCAN if scans else _MARKER).search(data, at)
        if found is None or data[found.end() - 1] == _EOI:
            break
        marker, at = data[found.end() - 1], found.end()
        if marker in _STANDALONE or marker == _SOI:
            continue
        length = struct.unpack_from(">H", data, at)[0]
        if length < 2:
            raise CorruptImage("a JPEG segment is shorter than its own length")
        if marker in _SOF:
            if size is not None:
                raise CorruptImage("the JPEG has two frame headers")
            _, height, width, _ = struct.unpack_from(">BHHB", data, at + 2)
            size, progressive = (width, height), marker in _PROGRESSIVE
        elif marker == _APP1 and orientation == 1 and data.startswith(b"Exif\x00\x00", at + 2):
            orientation = exif_orientation(data[at + 8 : at + length])
        elif marker == _SOS:
            if size is None:
                raise CorruptImage("the JPEG has no frame header before its data")
            scans += 1
            if scans > MAX_SCANS:
                raise CorruptImage(f"the JPEG has more than {MAX_SCANS} scans")
            if not progressive:
                break
        at += length
    if size is None or not scans:
        raise CorruptImage("the JPEG ends before its data")
    return Header(Format.JPEG, *size, orientation)


def _read_png(data: bytes) -> Header:
    if data[12:16] != b"IHDR" or struct.unpack_from(">I", data, 8)[0] != 13:
        raise CorruptImage("the PNG does not begin with its header chunk")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    if depth not in _PNG_DEPTHS.get(colour, ()) or packing or filtering or interlace > 1:
        raise CorruptImage("the PNG header states a pixel layout that does not exist")
    return Header(Format.PNG, width, height)


def _read_bmp(data: bytes) -> Header:
    start, size = struct.unpack_from("<II", data, 10)
    compression = 0
    if size == 12:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
    elif size in _BMP_INFO_SIZES:
        width, height, _, depth = struct.unpack_from("<iiHH", data, 18)
        compression = struct.unpack_from("<I", data, 30)[0] if size >= 40 else 0
    else:
        raise CorruptImage(f"no BMP header is {size} bytes long")
    if compression in (4, 5):
        raise UnsupportedFormat("a BMP that wraps a JPEG or PNG")
    if depth not in _BMP_DEPTHS.get(compression, ()):
        raise CorruptImage("the BMP header states a pixel layout that does not exist")
    height = abs(height)  # negative: the rows are stored from the top down
    if width < 1:
        raise CorruptImage(f"the BMP header states a width of {width}")
    if compression not in (1, 2) and start + (width * depth + 31) // 32 * 4 * height > len(data):
        raise CorruptImage("the BMP data is cut off")
    return Header(Format.BMP, width, height)


def exif_orientation(tiff: bytes) -> int:
    """Reads the orientation tag of an EXIF block.

    Args:
        tiff: The block from its byte-order mark on.

    Returns:
        1 .. 8; 1 where the tag is missing, out of range or the block is damaged.
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, first)
        for entry in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == _ORIENTATION_TAG and kind == 3:
                value: int = struct.unpack_from(order + "H", tiff, entry + 8)[0]
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
